"""What the desk needs of the Bot API's client: paced calls that raise `SendFailed` and nothing else, files on their
way into the group, and Telegram's way to count text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from aiogram.methods import TelegramMethod

from estafeta.kernel.model import Json

CARD, WORDS, STATUS, RECEIPT = 0, 1, 3, 4
"""Priorities within the group's budget: a new card, a customer's words, how things stand, what became of answers."""


class Telegram(Protocol):
    @property
    def bot_id(self) -> int: ...

    async def call(
        self,
        method: TelegramMethod[Any],
        *,
        priority: int = 0,
        patience: float = 20.0,
        timeout: float | None = None,
        unless: Callable[[], bool] | None = None,
    ) -> Json: ...

    async def send_file(
        self, kind: Any, chat_id: int, file: Any, *, values: Mapping[str, Any] | None = None, priority: int = 0
    ) -> Json:
        """`file`: Telegram's id of it, or an upload. Codes of `SendFailed` for a file that Telegram does not take as
        this kind: `file_refused`, `file_gone`, `file_too_large`."""
        ...

    async def send_album(
        self,
        chat_id: int,
        items: Sequence[tuple[Any, Any]],
        *,
        caption: Mapping[str, Any] | None = None,
        values: Mapping[str, Any] | None = None,
        priority: int = 0,
    ) -> Json: ...

    def pieces(self, text: str, *, room: int = 0) -> list[str]:
        """The text as so many messages; `room` is kept free in each."""
        ...

    def shorten(self, text: str, limit: int) -> str: ...
