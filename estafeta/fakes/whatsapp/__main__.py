"""The stand-in alone: `python -m estafeta.fakes.whatsapp`."""

from __future__ import annotations

import asyncio
import gc
import signal

import click
import uvloop

from estafeta.fakes.whatsapp.errors import Refused
from estafeta.fakes.whatsapp.fake import DEFAULT_SECRET, DEFAULT_TOKEN, FakeWhatsApp
from estafeta.fakes.whatsapp.limits import Limits

KEPT_FOR_BENCHMARKS = 1000


@click.command()
@click.option("--port", default=8084, show_default=True, help="0 takes any free port.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--token", default=DEFAULT_TOKEN, help="The access token. [default: one that opens nothing else]")
@click.option("--app-secret", default=DEFAULT_SECRET, help="What signs webhooks. [default: one for nothing else]")
@click.option("--webhook", default="", help="Where to tell what happens; verified at the start.")
@click.option("--verify-token", default="", help="What the webhook expects in the verification.")
@click.option("--no-limits", is_flag=True, help="Answer as fast as asked, and remember little: for benchmarks.")
@click.option("--lenient", is_flag=True, help="Ignore fields that the schema does not know.")
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
    try:
        uvloop.run(_serve(fake, webhook, verify_token))
    except (OSError, Refused) as error:
        raise click.ClickException(str(error)) from error


async def _serve(fake: FakeWhatsApp, webhook: str, verify_token: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with fake:
        fake.person("Мария")
        if webhook:
            await fake.set_webhook(webhook, verify_token)
        gc.freeze()  # what is here now stays: the collector need not walk it under load
        click.echo(f"Page:       {fake.url}/")
        click.echo(f"Cloud API:  {fake.url}/v23.0/{fake.number.id}/messages")
        click.echo(f"Account:    {fake.account.id}")
        await stop.wait()


if __name__ == "__main__":
    main()
