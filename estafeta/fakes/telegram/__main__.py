"""The stand-in alone: `python -m estafeta.fakes.telegram`."""

from __future__ import annotations

from pathlib import Path

import click

from estafeta.fakes.common.alone import KEPT_FOR_BENCHMARKS, run
from estafeta.fakes.telegram.fake import DEFAULT_TOKEN, FakeTelegram
from estafeta.fakes.telegram.limits import Limits


@click.command()
@click.option("--port", default=8082, show_default=True, help="0 takes any free port.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--token", default=DEFAULT_TOKEN, help="The token the bot uses. [default: one that opens nothing else]")
@click.option("--no-limits", is_flag=True, help="Answer as fast as asked, and remember little: for benchmarks.")
@click.option("--lenient", is_flag=True, help="Ignore unknown parameters, as the real server does.")
@click.option("--state", type=click.Path(dir_okay=False, path_type=Path), help="A file that keeps the chats.")
@click.option("--webhook-host", multiple=True, help="A host besides loopback that webhooks may have.")
def main(
    *,
    port: int,
    host: str,
    token: str,
    no_limits: bool,
    lenient: bool,
    state: Path | None,
    webhook_host: tuple[str, ...],
) -> None:
    """Runs a stand-in for Telegram's Bot API with a page that shows its chats."""
    if not token.partition(":")[0].isdecimal():
        raise click.UsageError("A token is a number, a colon and a secret, like 7000000001:secret.")
    fake = FakeTelegram(
        port,
        host=host,
        token=token,
        limits=None if no_limits else Limits(),
        strict=not lenient,
        journal=KEPT_FOR_BENCHMARKS if no_limits else 10_000,
        kept=KEPT_FOR_BENCHMARKS if no_limits else None,
        state=state,
        webhook_hosts=frozenset(webhook_host),
    )

    async def begun() -> list[tuple[str, object]]:
        group = fake.furnish()
        return [("Page", f"{fake.url}/"), ("Bot API", f"{fake.url}/bot<TOKEN>/<method>"), ("Group", group.id)]

    run(fake, begun)


if __name__ == "__main__":
    main()
