"""What operators do in the group, as signals: what they send, change, delete, press, react with, and ask for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog
from aiogram.methods import AnswerCallbackQuery, SetMessageReaction
from aiogram.types import ReactionTypeEmoji

from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import (
    Event,
    Media,
    OperatorDeleted,
    OperatorEdited,
    OperatorNoted,
    OperatorReacted,
    OperatorSaid,
    OperatorUndid,
    Part,
    Signal,
    SignalId,
    Text,
    TicketMoved,
)
from estafeta.kernel.ports import Accept, Accepted
from handoff.desks.telegram_forum import moves, spelling
from handoff.desks.telegram_forum.client import STATUS
from handoff.desks.telegram_forum.commands import UNDO, Commands
from handoff.desks.telegram_forum.conflict import HELD_BACK, NOTED, foreseen
from handoff.desks.telegram_forum.membership import Membership
from handoff.desks.telegram_forum.moves import Moves, NotSo
from handoff.desks.telegram_forum.names import Names
from handoff.desks.telegram_forum.own import Own, Words
from handoff.desks.telegram_forum.presses import Presses
from handoff.desks.telegram_forum.read import (
    IN_TOPIC,
    Asked,
    Done,
    Edited,
    Joining,
    Member,
    PartsOf,
    Pressed,
    Reacted,
    Refused,
    Typed,
    read,
    update_id,
)
from handoff.desks.telegram_forum.receipts import READ, SENT
from handoff.desks.telegram_forum.records import Remembered, Ring, mark
from handoff.desks.telegram_forum.room import Room, Tell
from handoff.desks.telegram_forum.sent import Sent
from handoff.desks.telegram_forum.texts import in_words

__all__ = ["NOTED", "After", "Hearing"]

After = Callable[[Accepted | None], Awaitable[None]]

_ALBUMS = 500
_SAID_SECONDS = 600.0
_log = structlog.get_logger(__name__)
_SEEN_BY_CARD = ("take", "return", "close")
"""Moves that the card and the topic tell of."""


class Hearing:
    """Of one group. `relayed` tells the topic in which a customer's message stands. What this object remembers only
    spares repetition in its own process: who was told no, how the latest words read. `accept` is set
    once the desk listens."""

    def __init__(
        self, room: Room, own: Own, commands: Commands, presses: Presses, *, parts_of: PartsOf, relayed: Ring,
        siblings: Sequence[int] = (),
    ) -> None:  # fmt: skip
        self.accept: Accept | None = None
        self._room = room
        self._own = own
        self._commands = commands
        self._presses = presses
        self._parts_of = parts_of
        self._relayed = relayed
        self._names = Names(room.store, group_id=room.group)
        self._membership = Membership(room, self._names, siblings)
        self._moves = Moves(room, self._names)
        self._sent = Sent(room)
        self._albums = Ring(room.store, f"forum.{room.group}.album", _ALBUMS)
        self._told: Remembered[int, bool] = Remembered()
        self._strangers: Remembered[int, float] = Remembered()
        self._said: Remembered[int, str] = Remembered()

    async def handle(self, raw: Any) -> tuple[Signal | None, After | None]:
        """One raw update of the group: what to accept, and what to do towards Telegram afterwards. Raises
        `StoreUnavailable`: the update must come again."""
        name = self._room.bot_name[0] if self._room.bot_name else ""
        raw = spelling.tidied(raw)
        reading = read(raw, self._room.desk, self._room.client.bot_id, self._parts_of, name)
        number = update_id(raw)
        if reading is None or number is None:
            return None, None
        if isinstance(reading, Refused):
            return None, self._refusal(reading, self._misspelt(raw) if reading.why == "command" else "")
        if isinstance(reading, Member):
            await self._membership.came_or_went(reading)
            return None, None
        if isinstance(reading, Joining):
            return None, self._welcome(reading)
        if isinstance(reading, Reacted):
            return await self._reacted(reading, number), None
        joins = isinstance(reading, Asked) and reading.what == "join"
        why = await self._membership.stranger(reading.user, reading.operator, joins=joins)
        if why:
            return None, self._refusal(_refused(reading, why), known=self._has_been_told(reading.user))
        await self._names.saw(reading.operator, reading.username)
        return await self._done(reading, number)

    async def react(self, message: int, emoji: str, *, priority: int = STATUS) -> None:
        """Shows on a message what became of it. Raises `SendFailed`."""
        try:
            await self._room.client.call(
                SetMessageReaction(
                    chat_id=self._room.group, message_id=message, reaction=[ReactionTypeEmoji(emoji=emoji)]
                ),
                priority=priority,
            )
        finally:
            if emoji in (SENT, READ):
                await self._tell_sent(message)

    # --- what it means -----------------------------------------------------------------------------

    async def _done(self, reading: Done, number: int) -> tuple[Signal | None, After | None]:
        match reading:
            case Asked():
                meant = await self._asked(reading)
            case Pressed():
                meant = await self._moves.pressed(reading) if reading.what in moves.PRESSED else None
            case Typed():
                meant = await self._typed(reading)
            case Edited():
                meant = self._edited(reading)
            case _:
                return None, None
        if isinstance(meant, TicketMoved) and isinstance(reading, Asked | Pressed):
            meant = await self._moves.in_vain(reading, meant) or meant
        if isinstance(meant, Refused):
            return None, self._refusal(meant)
        if isinstance(meant, NotSo):
            return None, self._saying(reading, meant)
        if meant is not None:
            at = getattr(reading, "at", None)
            return self._signal(number, reading.thread, meant, at), self._aftermath(reading, meant)
        if isinstance(reading, Asked | Pressed):
            return None, self._answer(reading, number)
        return None, None

    async def _typed(self, typed: Typed) -> Event | Refused:
        if typed.group:
            heard = await self._of_album(typed)
            if isinstance(heard, Refused):
                return heard
            typed = heard
        if typed.note:
            files = [in_words(part, self._room.language) for part in typed.parts if not isinstance(part, Text)]
            words = " ".join((typed.said, *files)).strip()
            return OperatorNoted(operator=typed.operator, text=words, message=str(typed.message))
        said = OperatorSaid(
            operator=typed.operator,
            parts=typed.parts,
            message=str(typed.message),
            reply_to=str(typed.reply_to) if typed.reply_to else "",
            group=typed.group,
        )
        await self._own.keep(Words(user=typed.user, thread=typed.thread, said=said))
        await self._sent.will_sound(typed.thread, typed.message, typed.user, typed.parts)
        return said

    def _edited(self, edited: Edited) -> Event | Refused | None:
        said = self._said.get(edited.message)
        if edited.note:
            return _refused(edited, "edited_note") if said else None
        if said == _digest(edited.parts):
            return None
        return OperatorEdited(operator=edited.operator, message=str(edited.message), parts=edited.parts)

    async def _of_album(self, typed: Typed) -> Typed | Refused:
        """A note is the whole album, though its words stand under one file: the first. Telegram tells of the files
        one after the other (`webhook_queue_id` in telegram-bot-api/Client.cpp), perhaps to different workers."""
        before = await self._albums.get(typed.group)
        if before == "said":
            return _refused(typed, "album_note") if typed.note else typed
        if before is None:
            await self._albums.put(typed.group, "note" if typed.note else "said")
        return replace(typed, note=typed.note or before == "note")

    async def _asked(self, asked: Asked) -> Event | Refused | NotSo | None:
        """None: a command that is answered."""
        if asked.what in IN_TOPIC and not asked.thread:
            return _refused(asked, "only_in_topic")
        if asked.what in moves.TYPED:
            return await self._moves.typed(asked)
        if asked.what == "delete":
            if not asked.of or not await self._is_own(asked):
                return _refused(asked, "delete_how")
            return OperatorDeleted(operator=asked.operator, message=str(asked.of))
        if asked.what == "undo":
            if not self._undo_seconds:
                return _refused(asked, "undo_off")
            if asked.of and not await self._is_own(asked):
                return _refused(asked, "undo_how")
            return OperatorUndid(operator=asked.operator, message=str(asked.of) if asked.of else "")
        return None

    async def _is_own(self, asked: Asked) -> bool:
        """Also a list of ours out of which the operator chose."""
        if asked.own:
            return True
        words = await self._own.of(str(asked.of))
        return words is not None and words.user == asked.user

    @property
    def _undo_seconds(self) -> int:
        space = self._room.workspace()
        return space.bot.handoff.undo if space is not None else 1

    async def _reacted(self, reading: Reacted, number: int) -> Signal | None:
        """Members' reactions on what customers said, and the one that takes back one's own words; all others are
        between colleagues."""
        thread = await self._relayed.get(str(reading.message))
        event: Event = OperatorReacted(operator=reading.operator, message=str(reading.message), emoji=reading.emoji)
        if not isinstance(thread, int):
            own = await self._own.of(str(reading.message)) if reading.emoji == UNDO and self._undo_seconds else None
            if own is None or own.user != reading.user:
                return None
            thread, event = own.thread, OperatorUndid(operator=reading.operator, message=str(reading.message))
        if await self._membership.stranger(reading.user, reading.operator):
            return None
        return self._signal(number, thread, event, None)

    def _signal(self, number: int, thread: int, event: Event, at: datetime | None, more: str = "") -> Signal:
        return Signal(
            id=SignalId(f"forum.{self._room.group}.{number}{more}"),
            at=at or self._room.now(),
            event=event,
            address=self._room.address(thread),
        )

    # --- what is done about it ---------------------------------------------------------------------

    def _aftermath(self, reading: Done, event: Event) -> After:
        async def after(accepted: Accepted | None) -> None:
            why = "not_stored" if accepted is None else "nobodys" if accepted.conversation is None else ""
            if why:
                await self._refuse(_refused(reading, why))
            elif isinstance(reading, Pressed):
                await self._presses.done(reading)
                await self._call(reading, event)
            elif isinstance(event, OperatorSaid):
                self._said.put(reading.message, _digest(event.parts))
                await foreseen(self._room, reading.thread, event)
            elif isinstance(event, OperatorEdited):
                self._said.put(reading.message, _digest(event.parts))
                await self._sent.changed(reading.thread, reading.message, reading.user, event.parts)
            elif accepted and accepted.fresh:
                if not _seen_by_card(event):
                    await self.react(reading.message, NOTED)
                await self._call(reading, event)

        return after

    async def _call(self, reading: Done, event: Event) -> None:
        if isinstance(event, TicketMoved) and event.to:
            await self._moves.call(reading.thread, event)

    async def _tell_sent(self, message: int) -> None:
        try:
            await self._sent.tell(message)
        except StoreUnavailable as error:
            _log.warning("not_told_what_was_sent", error=str(error))

    def _answer(self, reading: Asked | Pressed, number: int) -> After:
        told = 0

        async def tell(event: Event, name: str = "") -> Accepted | None:
            nonlocal told
            if self.accept is None:
                return None
            told += 1
            more = f".{told}" if told > 1 else ""
            at = reading.at if isinstance(reading, Asked) else None
            signal = self._signal(number, reading.thread, event, at, more)
            if name:
                signal = replace(signal, id=SignalId(f"forum.{self._room.group}.{name}"))
            [accepted] = await self.accept([signal])
            return accepted

        async def after(_: Accepted | None) -> None:
            await self._answered(reading, tell)

        return after

    async def _answered(self, reading: Asked | Pressed, tell: Tell) -> None:
        if isinstance(reading, Pressed):
            await self._presses.answer(reading, tell)
        elif await self._commands.answer(reading, tell):
            await self.react(reading.message, NOTED)

    def _saying(self, reading: Done, why: NotSo) -> After:
        async def after(_: Accepted | None) -> None:
            if isinstance(reading, Pressed):
                await self._presses.toast(reading, why.words)
            elif isinstance(reading, Asked) and why.people:
                await self._moves.choose(reading, why)
            else:
                await self._room.reply(reading.thread, reading.message, why.words)

        return after

    def _welcome(self, joining: Joining) -> After:
        async def after(_: Accepted | None) -> None:
            await self._membership.welcome(joining)

        return after

    def _misspelt(self, raw: Any) -> str:
        typed, meant = spelling.meant(raw)
        typed = self._room.short(typed, 32)
        if meant == spelling.NOTE:
            return self._room.say("note_how")
        return self._room.say("command_meant", typed=typed, meant=meant) if meant else ""

    def _has_been_told(self, user: int) -> bool:
        """Whether a stranger read lately that they may not; words for each of their messages would eat the budget."""
        now, before = self._room.clock.monotonic(), self._strangers.get(user)
        if before is not None and now - before < _SAID_SECONDS:
            return True
        self._strangers.put(user, now)
        return False

    def _refusal(self, refused: Refused, words: str = "", *, known: bool = False) -> After:
        """In words; a stranger who has read them lately (`known`) sees by a reaction that nothing was sent."""

        async def after(_: Accepted | None) -> None:
            if known and not refused.query:
                await self.react(refused.message, HELD_BACK)
            else:
                await self._refuse(refused, words)

        return after

    async def _refuse(self, refused: Refused, words: str = "") -> None:
        """In words, once for each message."""
        words = words or self._room.say(refused.why)
        if refused.query:
            short = self._room.short(words, 200)
            await self._room.client.call(
                AnswerCallbackQuery(callback_query_id=refused.query, text=short, show_alert=True)
            )
        elif self._told.get(refused.message) is None:
            self._told.put(refused.message, True)
            await self._room.topics.reply(refused.thread, refused.message, words)


def _seen_by_card(event: Event) -> bool:
    return isinstance(event, OperatorUndid) or (isinstance(event, TicketMoved) and event.move in _SEEN_BY_CARD)


def _refused(reading: Done, why: str) -> Refused:
    query = reading.query if isinstance(reading, Pressed) else ""
    return Refused(why=why, thread=reading.thread, message=reading.message, query=query)


def _digest(parts: tuple[Part, ...]) -> str:
    """How a message reads: Telegram tells of edits that change nothing a reader sees, and calls a file differently
    each time."""
    return mark(*(repr(replace(part, ref="") if isinstance(part, Media) else part) for part in parts))
