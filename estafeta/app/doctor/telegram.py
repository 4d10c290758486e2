"""What Telegram says about the bot, its webhook and the operators' group. Asks only; changes nothing.

getUpdates is not tried: it would take away the updates of the platform that runs.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

from bots.telegram.client import RawMethod, TelegramClient
from bots.telegram.config import TelegramConfig
from bots.telegram.webhook import path
from estafeta.app.doctor.finding import Finding, error, fine, warning
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.ports import Clock

_PORTS = (None, 443, 80, 88, 8443)
"""https://core.telegram.org/bots/api#setwebhook"""
_LATELY = 3600
_MANY = 1000


async def telegram(config: TelegramConfig, clock: Clock) -> AsyncIterator[Finding]:
    client = TelegramClient(config.token, clock=clock, base_url=config.base_url, language="en")
    try:
        bot = await _asked(client, "getMe")
        yield fine("telegram", f"the bot is @{_word(bot.get('username'))}")
        async for finding in _webhook(client, config):
            yield finding
        yield await _group(client, config)
    except SendFailed as failed:
        yield error("telegram", failed.sentence)
    finally:
        await client.close()


async def _asked(client: TelegramClient, method: str, **values: int) -> dict[str, Any]:
    answer = await client.call(RawMethod(method, values))
    return answer if isinstance(answer, dict) else {}


async def _webhook(client: TelegramClient, config: TelegramConfig) -> AsyncIterator[Finding]:
    state = await _asked(client, "getWebhookInfo")
    url = str(state.get("url") or "")
    if config.mode == "polling":
        if url:
            yield warning(
                "telegram webhook",
                f"one leads to {_host(url)}, and the platform removes it when it begins to ask for updates. If another "
                "program set it, that one loses its messages: give one of them a bot of its own.",
            )
        else:
            yield fine("telegram webhook", "none is set, as mode polling needs it")
        return
    yield _set(config, url)
    if url and time.time() - _number(state.get("last_error_date")) < _LATELY:
        yield warning(
            "telegram webhook", f"Telegram could not deliver within the last hour: {_word(state['last_error_message'])}"
        )
    if (waiting := _number(state.get("pending_update_count"))) > _MANY:
        yield warning("telegram webhook", f"{waiting} updates wait at Telegram: is the platform running?")


def _set(config: TelegramConfig, url: str) -> Finding:
    """Whether the webhook is what this platform sets at the start of its role web."""
    about = "telegram webhook"
    if config.public_url is None:
        if not url:
            return error(
                about, "none is set: set ESTAFETA_TELEGRAM__PUBLIC_URL, and the platform sets it at the start."
            )
        return fine(about, f"it leads to {_host(url)}; the platform leaves it as it is")
    wanted = urlsplit(config.public_url)
    if config.base_url is None and (wanted.scheme != "https" or wanted.port not in _PORTS):
        return error(
            about,
            "Telegram posts to https alone, on port 443, 80, 88 or 8443: correct ESTAFETA_TELEGRAM__PUBLIC_URL.",
        )
    if not url:
        return warning(about, f"none is set yet; the platform sets it to {_host(config.public_url)} when it starts")
    if url != config.public_url + path(config.name):
        return warning(
            about,
            f"it leads to {_host(url)}; the platform sets it to {_host(config.public_url)} when it starts. If another "
            "program set it, that one loses its messages: give one of them a bot of its own.",
        )
    return fine(about, f"it leads to this platform at {_host(url)}")


async def _group(client: TelegramClient, config: TelegramConfig) -> Finding:
    about, group = "telegram group", config.group_id
    if group is None:
        return fine(about, "ESTAFETA_TELEGRAM__GROUP_ID is not set: operators answer at the web desk alone")
    try:
        chat = await _asked(client, "getChat", chat_id=group)
        own = await _asked(client, "getChatMember", chat_id=group, user_id=client.bot_id)
    except SendFailed as failed:
        return error(
            about, f"{failed.sentence} Is {group} the group's id (ESTAFETA_TELEGRAM__GROUP_ID), and the bot in it?"
        )
    if chat.get("is_forum") is not True:
        return error(about, f"Topics are not enabled in {group}: enable them in the group's settings.")
    if own.get("can_manage_topics") is not True and own.get("status") != "creator":
        return error(about, f"The bot may not manage topics in {group}: make it an administrator with that right.")
    return fine(about, f"{group} has topics, and the bot may manage them")


def _host(url: str) -> str:
    """Without the path, which may hold somebody's secret."""
    return urlsplit(url).netloc.rpartition("@")[2] or "an address that is none"


def _word(value: object) -> str:
    """A text of Telegram's, for a terminal."""
    return "".join(sign if sign.isprintable() else " " for sign in str(value))[:200]


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
