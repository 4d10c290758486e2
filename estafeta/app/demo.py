"""`estafeta demo`: the whole product on one machine, with a shop to be a customer of."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import click
from aiohttp import web

from estafeta.app import config, logs, start, understanders
from estafeta.app.config import Settings
from estafeta.app.control import DEMO_DATA
from estafeta.app.standins import StandIns, standing_in
from estafeta.app.wiring import Platform, bound, build, login_link, running
from estafeta.fakes import shop

FOLDER = Path(__file__).resolve().parents[2] / "demo"
"""The demo workspace lies beside the code."""


def run_demo(given: Settings, *, with_telegram: bool, with_messengers: bool = False) -> None:
    """`with_messengers`: stand-ins for all messengers, beside each other on one page."""
    data = start.writable(given.data / DEMO_DATA if "data" not in given.model_fields_set else given.data)
    settings = given.model_copy(update={"workspace": FOLDER, "data": data})
    sockets = {
        "platform": bound(settings.host, settings.port),
        "shop": bound(settings.host, settings.port + 1),
    }
    shop_url = settings.model_copy(update={"port": settings.port + 1}).local_url
    settings = settings.model_copy(
        update={"widget": settings.widget.model_copy(update={"sites": (*settings.widget.sites, shop_url)})}
    )
    workspace = start.load_workspace(FOLDER)
    models = start.writable(given.data / "models")
    secrets, variables = config.workspace_values()
    variables = {"SHOP_URL": shop_url, **variables}
    understander = understanders.chosen(settings, workspace, models)

    async def main(stop: asyncio.Event) -> None:
        async with contextlib.AsyncExitStack() as stack:
            messengers = StandIns()
            if with_telegram or with_messengers:
                messengers = await stack.enter_async_context(standing_in(data, settings, every=with_messengers))
            served = messengers.named_in(settings)
            log = stack.enter_context((data / "estafeta.log").open("ab"))
            logs.set_up(settings.log_level, [*logs.secrets_of(served), *secrets.values()], log)
            await stack.enter_async_context(shop_service(settings.url, sockets["shop"]))
            platform = build(
                served, workspace, understander, secrets=secrets, variables=variables,
                control_token=start.new_control_token(data, settings.port),
            )  # fmt: skip
            await stack.enter_async_context(running(platform, sockets["platform"]))
            await messengers.connect(served)
            await _print_addresses(platform, shop_url, messengers, data)
            await stop.wait()
            click.echo("\nStopping…")

    start.run_until_stopped(main, stop_within=settings.stop_within)
    click.echo("Stopped. Everything said is kept; `make demo` goes on where it was.")


async def _print_addresses(platform: Platform, shop_url: str, messengers: StandIns, data: Path) -> None:
    rows = [
        ("Shop with the chat", f"{shop_url}/"),
        ("Operator's desk", await login_link(platform.settings, platform.web_desk)),
        *messengers.addresses,
        ("Log", str(data / "estafeta.log")),
    ]
    click.echo("\nEstafeta is running.\n")
    for name, where in rows:
        click.echo(f"  {name:<20} {where}")
    click.echo("\nThe desk's link works once; for another one: .venv/bin/estafeta login-link")
    if not messengers.addresses:
        click.echo("With stand-ins for Telegram, VK and WhatsApp, to try them without tokens: make demo MESSENGERS=1")
    click.echo("Ctrl-C stops.")


@contextlib.asynccontextmanager
async def shop_service(platform_url: str, listener: object) -> AsyncIterator[None]:
    runner = web.AppRunner(shop.make_app(platform_url, FOLDER / "shop"), access_log=None)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()  # type: ignore[arg-type]
        yield
    finally:
        await runner.cleanup()
