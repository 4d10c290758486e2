"""What operators do in the group, as signals: what they send, change, delete, press, react with, and ask for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

import structlog
from aiogram.methods import AnswerCallbackQuery, GetChatMember, SetMessageReaction
from aiogram.types import ReactionTypeEmoji

from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import (
    Address,
    Event,
    Json,
    Media,
    OperatorDeleted,
    OperatorEdited,
    OperatorNoted,
    OperatorReacted,
    OperatorSaid,
    Part,
    Signal,
    SignalId,
    Text,
    TicketMoved,
)
from estafeta.kernel.ports import Accept, Accepted, Clock, Store
from handoff.desks.telegram_forum.client import STATUS, Telegram
from handoff.desks.telegram_forum.commands import Commands, TemplatesOf
from handoff.desks.telegram_forum.read import (
    Asked,
    Deleted,
    Edited,
    Moved,
    PartsOf,
    Reacted,
    Refused,
    Typed,
    read,
    update_id,
)
from handoff.desks.telegram_forum.records import Remembered, Ring, mark
from handoff.desks.telegram_forum.texts import Language, in_words, text
from handoff.desks.telegram_forum.topics import Topics

After = Callable[[Accepted | None], Awaitable[None]]

NOTED = "✍"
"""The reaction on what was taken and does not go to the customer."""

_MEMBER_SECONDS = 600.0
_MEMBERS = ("creator", "administrator", "member")
_ALBUMS = 500
_log = structlog.get_logger(__name__)

_Done = Typed | Edited | Deleted | Moved | Asked


class Hearing:
    """Of one group; `desk` is the desk's name. `relayed` tells the topic in which a customer's message stands. What
    this object remembers only spares repetition in its own process: who is a member, who was told no, how the latest
    words read. `accept` is set once the desk listens."""

    def __init__(
        self,
        client: Telegram,
        topics: Topics,
        *,
        desk: str,
        group_id: int,
        clock: Clock,
        store: Store,
        language: Language,
        parts_of: PartsOf,
        relayed: Ring,
        templates: TemplatesOf | None,
    ) -> None:
        self.accept: Accept | None = None
        self._client = client
        self._topics = topics
        self._desk = desk
        self._group = group_id
        self._clock = clock
        self._language: Language = language
        self._parts_of = parts_of
        self._relayed = relayed
        self._albums = Ring(store, f"forum.{group_id}.album", _ALBUMS)
        self._commands = Commands(client, topics, store=store, language=language, templates=templates)
        self._members: Remembered[int, float] = Remembered()
        self._told: Remembered[int, bool] = Remembered()
        self._said: Remembered[int, str] = Remembered()

    async def handle(self, raw: Any) -> tuple[Signal | None, After | None]:
        """One raw update of the group: what to accept, and what to do towards Telegram afterwards. Raises
        `StoreUnavailable`: the update must come again."""
        reading, number = read(raw, self._desk, self._client.bot_id, self._parts_of), update_id(raw)
        if reading is None or number is None:
            return None, None
        if isinstance(reading, Refused):
            return None, self._refusal(reading)
        if isinstance(reading, Reacted):
            return await self._reacted(reading, number), None
        why = await self._stranger(reading.user)
        if why:
            return None, self._refusal(_refused(reading, why))
        heard = await self._heard(reading)
        if heard is None:
            return None, None
        if isinstance(heard, Refused):
            return None, self._refusal(heard)
        if isinstance(heard, Asked):
            return None, self._answer(heard, number)
        return self._signal(number, heard.thread, self._event(heard), _at(heard)), self._aftermath(heard)

    async def react(self, message: int, emoji: str, *, priority: int = STATUS) -> None:
        await self._client.call(
            SetMessageReaction(chat_id=self._group, message_id=message, reaction=[ReactionTypeEmoji(emoji=emoji)]),
            priority=priority,
        )

    # --- what it means -----------------------------------------------------------------------------

    async def _heard(self, reading: _Done) -> _Done | Refused | None:
        if isinstance(reading, Typed) and reading.group:
            return await self._of_album(reading)
        if not isinstance(reading, Edited):
            return reading
        said = self._said.get(reading.message)
        if reading.note:
            return _refused(reading, "edited_note") if said else None
        return None if said == _digest(reading.parts) else reading

    async def _of_album(self, typed: Typed) -> Typed | Refused:
        """A note is the whole album, though its words stand under one file: the first. Telegram tells of the files
        one after the other (`webhook_queue_id` in telegram-bot-api/Client.cpp), perhaps to different workers."""
        before = await self._albums.get(typed.group)
        if before == "said":
            return _refused(typed, "album_note") if typed.note else typed
        if before is None:
            await self._albums.put(typed.group, "note" if typed.note else "said")
        return replace(typed, note=typed.note or before == "note")

    async def _reacted(self, reading: Reacted, number: int) -> Signal | None:
        """Members' reactions on what customers said; all others are between colleagues."""
        thread = await self._relayed.get(str(reading.message))
        if not isinstance(thread, int) or await self._stranger(reading.user):
            return None
        event = OperatorReacted(operator=reading.operator, message=str(reading.message), emoji=reading.emoji)
        return self._signal(number, thread, event, None)

    def _event(self, heard: Typed | Edited | Deleted | Moved) -> Event:
        match heard:
            case Moved():
                return TicketMoved(operator=heard.operator, move=heard.move)
            case Deleted():
                return OperatorDeleted(operator=heard.operator, message=str(heard.of))
            case Edited():
                return OperatorEdited(operator=heard.operator, message=str(heard.message), parts=heard.parts)
        if heard.note:
            files = [in_words(part, self._language) for part in heard.parts if not isinstance(part, Text)]
            words = " ".join((heard.said, *files)).strip()
            return OperatorNoted(operator=heard.operator, text=words, message=str(heard.message))
        return OperatorSaid(
            operator=heard.operator,
            parts=heard.parts,
            message=str(heard.message),
            reply_to=str(heard.reply_to) if heard.reply_to else "",
            group=heard.group,
        )

    def _signal(self, number: int, thread: int, event: Event, at: datetime | None) -> Signal:
        return Signal(
            id=SignalId(f"forum.{self._group}.{number}"),
            at=at or self._clock.now(),
            event=event,
            address=self._address(thread),
        )

    def _address(self, thread: int) -> Address:
        return Address(channel=self._desk, account=str(self._group), chat=str(thread))

    # --- what is done about it ---------------------------------------------------------------------

    def _aftermath(self, reading: Typed | Edited | Deleted | Moved) -> After:
        async def after(accepted: Accepted | None) -> None:
            why = "not_stored" if accepted is None else "nobodys" if accepted.conversation is None else ""
            if why:
                await self._refuse(_refused(reading, why))
            elif isinstance(reading, Moved) and reading.query:
                await self._client.call(AnswerCallbackQuery(callback_query_id=reading.query))
            elif isinstance(reading, Typed | Edited) and not reading.note:
                self._said.put(reading.message, _digest(reading.parts))
            elif isinstance(reading, Typed | Deleted) and accepted and accepted.fresh:
                await self.react(reading.message, NOTED)

        return after

    def _answer(self, asked: Asked, number: int) -> After:
        async def tell(event: Event) -> Accepted | None:
            if self.accept is None:
                return None
            [accepted] = await self.accept([self._signal(number, asked.thread, event, asked.at)])
            return accepted

        async def after(_: Accepted | None) -> None:
            await self._commands.answer(asked, self._address(asked.thread), tell)

        return after

    def _refusal(self, refused: Refused) -> After:
        async def after(_: Accepted | None) -> None:
            await self._refuse(refused)

        return after

    async def _refuse(self, refused: Refused) -> None:
        """In words, once for each message."""
        words = text(refused.why, self._language)
        if refused.query:
            await self._client.call(AnswerCallbackQuery(callback_query_id=refused.query, text=words, show_alert=True))
        elif self._told.get(refused.message) is None:
            self._told.put(refused.message, True)
            await self._topics.reply(refused.thread, refused.message, words)

    async def _stranger(self, user: int) -> Literal["", "stranger", "unsure"]:
        """Why this person may not answer customers, or "". Asked of Telegram once in ten minutes."""
        now = self._clock.monotonic()
        seen = self._members.get(user)
        if seen is not None and now - seen < _MEMBER_SECONDS:
            return ""
        try:
            member = await self._client.call(
                GetChatMember(chat_id=self._group, user_id=user), priority=-1, patience=3.0, timeout=5.0
            )
        except SendFailed as failed:
            _log.warning("operator_not_checked", code=failed.code)
            return "stranger" if failed.fault in ("content", "customer") else "unsure"
        if _is_member(member):
            self._members.put(user, now)
            return ""
        return "stranger"


def _is_member(member: Json) -> bool:
    status = member.get("status") if isinstance(member, dict) else None
    return status in _MEMBERS or (status == "restricted" and member.get("is_member") is True)


def _at(reading: Typed | Edited | Deleted | Moved) -> datetime | None:
    return reading.at if isinstance(reading, Typed | Edited) else None


def _refused(reading: _Done, why: str) -> Refused:
    query = reading.query if isinstance(reading, Moved) else ""
    return Refused(why=why, thread=reading.thread, message=reading.message, query=query)


def _digest(parts: tuple[Part, ...]) -> str:
    """How a message reads: Telegram tells of edits that change nothing a reader sees, and calls a file differently
    each time."""
    return mark(*(repr(replace(part, ref="") if isinstance(part, Media) else part) for part in parts))
