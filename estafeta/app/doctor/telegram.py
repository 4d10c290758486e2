"""What Telegram says about the bot, the one that works in the operators' groups, their webhooks and these groups; and
setting the webhooks.

`examine` asks and changes nothing; getUpdates is not tried: it would take away the updates of the platform that runs.
`connect` tells Telegram where updates go. https://core.telegram.org/bots/api#getting-updates
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

from bots.telegram.channel import webhook_of
from bots.telegram.client import Method, RawMethod, TelegramClient
from bots.telegram.config import TelegramConfig
from bots.telegram.convert import ALLOWED_UPDATES
from bots.telegram.webhook import path
from estafeta.app.doctor.finding import Finding, error, fine, warning
from estafeta.kernel.errors import ConfigurationError, SendFailed
from estafeta.kernel.ports import Clock

_PORTS = (None, 443, 80, 88, 8443)
"""https://core.telegram.org/bots/api#setwebhook"""
_COSTS = {
    "chat_member": "operators who leave a group can go on answering for some minutes",
    "message_reaction": "nobody learns of reactions",
}
_ASKED_FOR = frozenset(_COSTS)
"""What Telegram tells only whoever named it (`allowed_updates` of https://core.telegram.org/bots/api#setwebhook)."""
_LATELY = 3600
_MANY = 1000
_NO_MENU = "operators see no menu of commands yet: the platform sets it when it starts"
_AGAIN = "the platform sets it when it starts, and `estafeta channels connect telegram` does it now"


async def examine(config: TelegramConfig, clock: Clock) -> list[Finding]:
    """All that was found about one bot, and the one that works in the groups instead of it."""
    return [finding async for finding in telegram(config, clock)]


async def connect(config: TelegramConfig, public_url: str | None, clock: Clock) -> list[str]:
    """Sets the webhook, or removes the one that is in the way of polling; says what was done. So for the bot that
    works in the groups, if that is another. Raises `ConfigurationError` with what to do."""
    bots = (config,) if config.desk_token is None else (config, config.desk_bot)
    return [sentence for bot in bots for sentence in await _connect(bot, public_url, clock)]


async def _connect(config: TelegramConfig, public_url: str | None, clock: Clock) -> list[str]:
    client = TelegramClient(config.token, clock=clock, base_url=config.base_url, language="en")
    try:
        bot = await _asked(client, "getMe")
        done = [f"The token is that of @{_word(bot.get('username'))}."]
        if config.mode == "polling":
            return done + await _without_webhook(client)
        return done + await _with_webhook(client, config, public_url or config.public_url)
    except SendFailed as failed:
        raise ConfigurationError(f"Telegram account {config.name}: {failed.sentence}") from None
    finally:
        await client.close()


async def _without_webhook(client: TelegramClient) -> list[str]:
    url = str((await _asked(client, "getWebhookInfo")).get("url") or "")
    if not url:
        return ["No webhook is set, as mode polling needs it: there is nothing to connect."]
    await client.call(RawMethod("deleteWebhook", {}))
    return [f"The webhook that led to {_host(url)} is removed: updates are polled."]


async def _with_webhook(client: TelegramClient, config: TelegramConfig, public_url: str | None) -> list[str]:
    if not public_url:
        raise ConfigurationError(
            f"Telegram account {config.name}: mode is webhook, and the address under which Telegram reaches this "
            "platform is not known: set public_url, or use mode polling."
        )
    if problem := _unreachable(config, public_url):
        raise ConfigurationError(f"Telegram account {config.name}: {problem}")
    method: Method = webhook_of(config, public_url)
    await client.call(method)
    state = await _asked(client, "getWebhookInfo")
    if state.get("url") != public_url.rstrip("/") + path(config.name):
        raise ConfigurationError(
            f"Telegram account {config.name}: another program has just set another webhook for this bot. "
            "Stop it, or give each its own bot."
        )
    return [f"Telegram posts updates to {_host(public_url)}{path(config.name)} from now on, with the secret."]


async def telegram(config: TelegramConfig, clock: Clock) -> AsyncIterator[Finding]:
    """As `examine`, each as soon as it is known."""
    desk = config.desk_bot
    async for finding in _bot(config, clock, in_groups=desk is config):
        yield finding
    if desk is not config:
        async for finding in _bot(desk, clock, in_groups=True):
            yield finding


async def _bot(config: TelegramConfig, clock: Clock, *, in_groups: bool) -> AsyncIterator[Finding]:
    """One bot; `in_groups`: it works in the operators' groups, if there are any."""
    client = TelegramClient(config.token, clock=clock, base_url=config.base_url, language="en")
    about = _about(config)
    try:
        bot = await _asked(client, "getMe")
        yield fine(about, f"the bot is @{_word(bot.get('username'))}")
        async for finding in _webhook(client, config):
            yield finding
        if in_groups and not config.desk_groups:
            yield fine(
                _about(config, "group"),
                "ESTAFETA_TELEGRAM__GROUP_ID is not set: operators answer at the web desk alone",
            )
        for group in config.desk_groups if in_groups else ():
            async for finding in _group(client, config, group.id, bot):
                yield finding
    except SendFailed as failed:
        yield error(about, failed.sentence)
    finally:
        await client.close()


async def _asked(client: TelegramClient, method: str, **values: int) -> dict[str, Any]:
    answer = await client.call(RawMethod(method, values))
    return answer if isinstance(answer, dict) else {}


def _about(config: TelegramConfig, part: str = "") -> str:
    return " ".join(word for word in ("telegram", config.account, part) if word)


async def _webhook(client: TelegramClient, config: TelegramConfig) -> AsyncIterator[Finding]:
    about = _about(config, "webhook")
    state = await _asked(client, "getWebhookInfo")
    url = str(state.get("url") or "")
    if config.mode == "polling":
        if url:
            yield warning(
                about,
                f"one leads to {_host(url)}, and the platform removes it when it begins to ask for updates. If another "
                "program set it, that one loses its messages: give one of them a bot of its own.",
            )
        else:
            yield fine(about, "none is set, as mode polling needs it")
    else:
        yield _set(config, url)
    missing = set(ALLOWED_UPDATES) - set(state.get("allowed_updates") or set(ALLOWED_UPDATES) - _ASKED_FOR)
    if url and config.mode == "webhook" and missing:
        costs = "".join(f"; without {name} {lost}" for name, lost in _COSTS.items() if name in missing)
        yield warning(about, f"Telegram does not tell of {', '.join(sorted(missing))}{costs}: {_AGAIN}")
    if url and time.time() - _number(state.get("last_error_date")) < _LATELY:
        reason = _word(state.get("last_error_message"))
        yield warning(about, f"Telegram could not deliver within the last hour: {reason}")
    if (waiting := _number(state.get("pending_update_count"))) > _MANY:
        yield warning(about, f"{waiting} updates wait at Telegram: is the platform running?")


def _set(config: TelegramConfig, url: str) -> Finding:
    """Whether the webhook is what this platform sets at the start of its role web."""
    about = _about(config, "webhook")
    if config.public_url is None:
        if not url:
            return error(
                about, "none is set: set ESTAFETA_TELEGRAM__PUBLIC_URL, and the platform sets it at the start."
            )
        return fine(about, f"it leads to {_host(url)}; the platform leaves it as it is")
    if problem := _unreachable(config, config.public_url):
        return error(about, problem)
    if not url:
        return warning(about, f"none is set yet to {_host(config.public_url)}: {_AGAIN}")
    if url != config.public_url + path(config.name):
        return warning(
            about,
            f"it leads to {_host(url)}; the platform sets it to {_host(config.public_url)} when it starts. If another "
            "program set it, that one loses its messages: give one of them a bot of its own.",
        )
    return fine(about, f"it leads to this platform at {_host(url)}")


def _unreachable(config: TelegramConfig, public_url: str) -> str:
    """Why Telegram itself could not post there; "" if it could."""
    wanted = urlsplit(public_url)
    if config.base_url is None and (wanted.scheme != "https" or wanted.port not in _PORTS):
        return "Telegram posts to https alone, on port 443, 80, 88 or 8443: correct ESTAFETA_TELEGRAM__PUBLIC_URL."
    return ""


async def _group(
    client: TelegramClient, config: TelegramConfig, group: int, bot: dict[str, Any]
) -> AsyncIterator[Finding]:
    first = group == config.group_id
    about = _about(config, "group" if first else f"group {group}")
    setting = "ESTAFETA_TELEGRAM__GROUP_ID" if first else "ESTAFETA_TELEGRAM__GROUPS"
    try:
        chat = await _asked(client, "getChat", chat_id=group)
        own = await _asked(client, "getChatMember", chat_id=group, user_id=client.bot_id)
    except SendFailed as failed:
        yield error(
            about,
            f"{failed.sentence} Is {group} the group's id ({setting}), and {_name(bot)} in it? In the group: Add "
            f"members, {_name(bot)}.",
        )
        return
    if chat.get("id", group) != group:
        yield warning(
            about, f"the group has a new id, {_word(chat['id'])}: set {setting} to it. The old one "
            "works for as long as Telegram remembers it.",
        )  # fmt: skip
    found = _rights(about, group, chat, own, bot)
    here = int(chat.get("id", group))
    yield found if found.level != "ok" or await _has_menu(client, here) else fine(about, f"{found.text}; {_NO_MENU}")


async def _has_menu(client: TelegramClient, group: int) -> bool:
    """https://core.telegram.org/bots/api#getmycommands"""
    return bool(await client.call(RawMethod("getMyCommands", {"scope": {"type": "chat", "chat_id": group}})))


def _rights(about: str, group: int, chat: dict[str, Any], own: dict[str, Any], bot: dict[str, Any]) -> Finding:
    """What the bot may in a group. It pins nothing and deletes nothing but its own messages, for which it needs no
    right (https://core.telegram.org/bots/api#deletemessage). Operators' reactions, who comes and goes, and all that is
    written are told to administrators (https://core.telegram.org/bots/features#privacy-mode)."""
    if chat.get("is_forum") is not True:
        return error(
            about, f"Topics are not enabled in {group}: open the group's info, Edit, Topics, and switch them on."
        )
    if own.get("status") == "creator" or own.get("can_manage_topics") is True:
        return fine(about, f"{group} has topics, and {_name(bot)} may manage them")
    wrong = f"{_name(bot)} may not manage topics in {group}:"
    if own.get("status") == "administrator":
        return error(
            about, f"{wrong} open the group's info, Edit, Administrators, {_name(bot)}, and switch Manage topics on."
        )
    words = f"{wrong} open the group's info, Edit, Administrators, Add admin, {_name(bot)}, with Manage topics on."
    if bot.get("can_read_all_group_messages") is not True:
        words += (
            " Until then its privacy mode (@BotFather, /setprivacy) is in force: a plain member does not even read "
            "what is written."
        )
    return error(about, words)


def _name(bot: dict[str, Any]) -> str:
    return f"@{_word(bot.get('username'))}"


def _host(url: str) -> str:
    """Without the path, which may hold somebody's secret."""
    return urlsplit(url).netloc.rpartition("@")[2] or "an address that is none"


def _word(value: object) -> str:
    """A text of Telegram's, for a terminal."""
    return "".join(sign if sign.isprintable() else " " for sign in str(value))[:200]


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
