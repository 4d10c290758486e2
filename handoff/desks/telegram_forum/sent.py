"""What is said of an operator's words once they are with the customer, and never before: what a canned reply said, and
how words sound. Words that a colleague's conversation held back, that were refused or taken back, get none of it.

The engine decides, maybe in another process, and tells by a receipt; what is to be said then waits in the store.
"""

from __future__ import annotations

from typing import Any

import structlog
from aiogram.methods import EditMessageText

from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import Part, Text
from flows.model import ToneFile
from handoff.desks.telegram_forum.client import WORDS
from handoff.desks.telegram_forum.records import Remembered, Ring
from handoff.desks.telegram_forum.room import Room
from handoff.tone import tone

_KEPT = 500
"""Messages of the group: the older ones make room."""
_TONE_SECONDS = 60.0
_REMARKS = 500
_log = structlog.get_logger(__name__)


class Sent:
    """`what` is kept by the number of the operator's message, or of our list that they chose from. Methods raise
    `StoreUnavailable`."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._kept = Ring(room.store, f"forum.{room.group}.sent", _KEPT)
        self._warned: Remembered[int, float] = Remembered()

    async def will_show(self, thread: int, message: int, words: str, *, in_place: bool = False) -> None:
        """These words, which nobody typed, as an answer to the command; or in the place of the list."""
        what = "shown_here" if in_place else "shown"
        await self._kept.put(str(message), {"thread": thread, "what": what, "words": words})

    async def will_sound(self, thread: int, message: int, user: int, parts: tuple[Part, ...]) -> None:
        remarks = self._remarks(parts)
        if remarks:
            kept = {"thread": thread, "what": "tone", "words": remarks, "user": user}
            await self._kept.put(str(message), kept)

    async def tell(self, message: int) -> None:
        """The words are sent. Raises `SendFailed` for what is worth trying again."""
        kept: Any = await self._kept.get(str(message))
        if not isinstance(kept, dict):
            return
        try:
            await self._tell(message, kept)
        except SendFailed as failed:
            if failed.retry_after is not None and kept.get("what") != "tone":
                raise
            _log.info("not_told_what_was_sent", code=failed.code)
        await self._kept.take(str(message))

    async def changed(self, thread: int, message: int, user: int, parts: tuple[Part, ...]) -> None:
        """An edit: whether it arrives is told by nobody."""
        remarks = self._remarks(parts)
        if remarks and self._may_warn(user):
            await self._room.reply(thread, message, self._room.say("tone_edit", remarks=remarks))

    async def _tell(self, message: int, kept: dict[str, Any]) -> None:
        room, words = self._room, str(kept.get("words", ""))
        if kept.get("what") == "shown_here":
            text = room.short(room.say("sent_this", words=words), 4096)
            await room.client.call(EditMessageText(chat_id=room.group, message_id=message, text=text), priority=WORDS)
        elif kept.get("what") == "shown":
            await room.reply(int(kept["thread"]), message, room.say("sent_this", words=words))
        elif self._may_warn(int(kept["user"])):
            await room.reply(int(kept["thread"]), message, room.say("tone", remarks=words))

    def _remarks(self, parts: tuple[Part, ...]) -> str:
        space = self._room.workspace()
        style = space.tone if space is not None else ToneFile()
        words = "\n".join(part.text for part in parts if isinstance(part, Text))
        return self._room.short("; ".join(tone(words, self._room.language, style)), _REMARKS)

    def _may_warn(self, user: int) -> bool:
        """Once a minute at most."""
        now, before = self._room.clock.monotonic(), self._warned.get(user)
        if before is not None and now - before < _TONE_SECONDS:
            return False
        self._warned.put(user, now)
        return True
