"""`estafeta channels`: what is connected, and connecting it: webhooks, callback servers, subscriptions."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import click

from estafeta.app import config, logs
from estafeta.app.config import Settings
from estafeta.app.doctor.finding import Finding
from estafeta.app.tables import table
from estafeta.clock import SystemClock
from estafeta.kernel.errors import ConfigurationError
from estafeta.kernel.ports import Clock

MESSENGERS = ("telegram", "vk", "whatsapp")

Examine = Callable[[Any, Clock], Awaitable[Sequence[Finding]]]
Connect = Callable[[Any, str, Clock], Awaitable[Sequence[str]]]


def accounts(settings: Settings, messenger: str) -> tuple[Any, ...]:
    """The accounts' settings, the first one first."""
    found: dict[str, tuple[Any, ...]] = {
        "telegram": settings.bots,
        "vk": settings.communities,
        "whatsapp": settings.numbers,
    }
    return found[messenger]


def _examine(messenger: str) -> Examine:
    # Each is loaded for those who use it alone: aiogram takes three seconds.
    if messenger == "telegram":
        from estafeta.app.doctor import telegram

        return telegram.examine
    if messenger == "vk":
        from estafeta.app.doctor import vk

        return vk.examine
    from estafeta.app.doctor import whatsapp

    return whatsapp.examine


def _connect(messenger: str) -> Connect:
    if messenger == "telegram":
        from estafeta.app.doctor import telegram

        return telegram.connect
    if messenger == "vk":
        from estafeta.app.doctor import vk

        return vk.connect
    from estafeta.app.doctor import whatsapp

    return whatsapp.connect


async def examined(settings: Settings, messenger: str, clock: Clock) -> list[Finding]:
    """What is found about all accounts of a messenger; nothing when none is set."""
    return [
        finding for account in accounts(settings, messenger) for finding in await _examine(messenger)(account, clock)
    ]


@click.group()
def channels() -> None:
    """The messengers: which are set, and connecting them."""


@channels.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_command(as_json: bool) -> None:
    """List the accounts that the settings name, and how what is written there comes in."""
    settings = config.read()
    found = [
        {
            "channel": messenger,
            "account": account.name,
            "comes by": getattr(account, "mode", "webhook"),
            "webhook": f"{settings.public_url.rstrip('/')}/webhooks/{messenger}/{account.name}",
        }
        for messenger in MESSENGERS
        for account in accounts(settings, messenger)
    ]
    found.append({"channel": "widget", "account": settings.widget.key, "comes by": "socket", "webhook": ""})
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for each in found:
        where = f"  {each['webhook']}" if each["comes by"] in ("webhook", "callback") else ""
        click.echo(f"{each['channel']:<10}{each['account']:<24}{each['comes by']}{where}")


@channels.command("connect")
@click.argument("messenger", type=click.Choice(MESSENGERS))
@click.option("--account", default="", help="The account's name (default: all of the messenger's).")
def connect_command(messenger: str, account: str) -> None:
    """Tell MESSENGER where to send what customers write: sets the webhook, callback server or subscription."""
    settings = config.read()
    logs.set_up("error", logs.secrets_of(settings))
    known = accounts(settings, messenger)
    wanted = [each for each in known if not account or each.name == account]
    if not wanted:
        names = ", ".join(each.name for each in known)
        variable = f"ESTAFETA_{messenger.upper()}__TOKEN"
        raise ConfigurationError(
            f"{account} is no account of {messenger}; there is {names}."
            if names
            else f"No account of {messenger} is set: {variable} turns it on."
        )

    async def work() -> None:
        for each in wanted:
            for sentence in await _connect(messenger)(each, settings.public_url, SystemClock()):
                click.echo(f"{messenger} ({each.name}): {sentence}")

    asyncio.run(work())
    sys.stdout.flush()


channels.add_command(table)
