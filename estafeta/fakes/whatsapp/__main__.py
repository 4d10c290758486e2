"""The stand-in alone: `python -m estafeta.fakes.whatsapp`."""

from __future__ import annotations

from pathlib import Path

import click

from estafeta.fakes.common.alone import KEPT_FOR_BENCHMARKS, run
from estafeta.fakes.whatsapp.errors import Refused
from estafeta.fakes.whatsapp.fake import DEFAULT_SECRET, DEFAULT_TOKEN, FakeWhatsApp
from estafeta.fakes.whatsapp.limits import Limits
from estafeta.fakes.whatsapp.saved import lasting


@click.command()
@click.option("--port", default=8084, show_default=True, help="0 takes any free port.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--token", default=DEFAULT_TOKEN, help="The access token. [default: one that opens nothing else]")
@click.option("--app-secret", default=DEFAULT_SECRET, help="What signs webhooks. [default: one for nothing else]")
@click.option("--webhook", default="", help="Where to tell what happens; verified at the start.")
@click.option("--verify-token", default="", help="What the webhook expects in the verification.")
@click.option("--no-limits", is_flag=True, help="Answer as fast as asked, and remember little: for benchmarks.")
@click.option("--lenient", is_flag=True, help="Ignore fields that the schema does not know.")
@click.option("--state", type=click.Path(dir_okay=False, path_type=Path), help="A file that keeps the chats.")
def main(
    *,
    port: int,
    host: str,
    token: str,
    app_secret: str,
    webhook: str,
    verify_token: str,
    no_limits: bool,
    lenient: bool,
    state: Path | None,
) -> None:
    """Runs a stand-in for WhatsApp's Cloud API with a page that shows its chats."""
    fake = FakeWhatsApp(
        port,
        host=host,
        token=token,
        app_secret=app_secret,
        limits=None if no_limits else Limits(),
        strict=not lenient,
        journal=KEPT_FOR_BENCHMARKS if no_limits else 10_000,
        kept=KEPT_FOR_BENCHMARKS if no_limits else None,
    )

    async def begun() -> list[tuple[str, object]]:
        if not fake.people():
            fake.person("Мария")
        if webhook:
            await fake.set_webhook(webhook, verify_token)
        return [
            ("Page", f"{fake.url}/"),
            ("Cloud API", f"{fake.url}/v23.0/{fake.number.id}/messages"),
            ("Account", fake.account.id),
        ]

    run(lasting(fake, state) if state else fake, begun, Refused)


if __name__ == "__main__":
    main()
