"""The menu of commands that customers see beside the field they type in, in each of their languages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import structlog

from bots.splitting import shorten
from bots.telegram.client import RawMethod, TelegramClient
from bots.telegram.polling import Pause
from estafeta.kernel.errors import SendFailed

Commands = Mapping[str, Sequence[tuple[str, str]]]
"""By language (the default one first): the commands, without their slash, each with what it is for."""

_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_DESCRIPTION = 256
_MOST = 100
_LANGUAGE = re.compile(r"[a-z]{2}")
_log = structlog.get_logger(__name__)


async def set_menus(client: TelegramClient, commands: Commands, pause: Pause, account: str) -> None:
    """Sets them all; waits while Telegram cannot be asked, and leaves alone what it refuses."""
    for method in menus(commands):
        while True:
            try:
                await client.call(method)
            except SendFailed as failed:
                if failed.retry_after is not None:
                    await pause.after(failed)
                    continue
                _log.warning("telegram_menu_refused", account=account, code=failed.code, reason=failed.sentence)
            break


def menus(commands: Commands) -> Iterator[RawMethod]:
    """The calls. The first language's menu is also that of people with a language we do not speak; all are for
    private chats alone: operators have no use for them. Limits: https://core.telegram.org/bots/api#botcommand"""
    for n, (language, entries) in enumerate(commands.items()):
        menu = [
            {"command": name, "description": shorten(text, _DESCRIPTION, "utf16")}
            for name, text in entries
            if _COMMAND.fullmatch(name) and text.strip()
        ]
        values: dict[str, Any] = {"commands": menu[:_MOST], "scope": {"type": "all_private_chats"}}
        if n == 0:
            yield RawMethod("setMyCommands", values)
        if _LANGUAGE.fullmatch(language):
            yield RawMethod("setMyCommands", {**values, "language_code": language})
