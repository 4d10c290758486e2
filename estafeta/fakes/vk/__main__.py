"""The stand-in alone: `python -m estafeta.fakes.vk`."""

from __future__ import annotations

from pathlib import Path

import click

from estafeta.fakes.common.alone import KEPT_FOR_BENCHMARKS, run
from estafeta.fakes.vk.callback import CallbackSettings
from estafeta.fakes.vk.errors import Refused
from estafeta.fakes.vk.limits import Limits
from estafeta.fakes.vk.served import ServedVk


@click.command()
@click.option("--port", default=8083, show_default=True, help="0 takes any free port.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--token", default="", help="The community's token. [default: one that opens nothing else]")
@click.option("--callback", default="", help="Where to tell what happens: a callback server for all events.")
@click.option("--secret", default="", help="What the callback server knows VK by.")
@click.option("--no-limits", is_flag=True, help="Answer as fast as asked, and remember few calls: for benchmarks.")
@click.option("--lenient", is_flag=True, help="Ignore parameters that the schema does not know.")
@click.option("--state", type=click.Path(dir_okay=False, path_type=Path), help="A file that keeps the chats.")
@click.option("--callback-host", multiple=True, help="A host besides loopback that callback servers may have.")
def main(
    *,
    port: int,
    host: str,
    token: str,
    callback: str,
    secret: str,
    no_limits: bool,
    lenient: bool,
    state: Path | None,
    callback_host: tuple[str, ...],
) -> None:
    """Runs a stand-in for VK's API with a page that shows its messages and walls."""
    fake = ServedVk(
        port,
        host=host,
        limits=None if no_limits else Limits(),
        strict=not lenient,
        journal=KEPT_FOR_BENCHMARKS if no_limits else 10_000,
        callback=CallbackSettings(hosts=frozenset(callback_host)),
        state=state,
    )

    async def begun() -> list[tuple[str, object]]:
        community = fake.furnish()
        if token:
            community.group.token = token
        if callback:
            fake.connect(community, callback, secret=secret)
        return [
            ("Page", f"{fake.url}/"),
            ("API", f"{fake.url}/method/<method>"),
            ("Community", community.id),
            *(() if token else (("Token", community.token),)),
        ]

    run(fake, begun, Refused)


if __name__ == "__main__":
    main()
