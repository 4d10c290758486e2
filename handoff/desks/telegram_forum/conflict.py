"""Two operators at once: the second is told that nothing was sent, and chooses what becomes of the words.

A reaction tells it at once, for that waits for nobody: the question is a post, and the group's budget may be spent.
"""

from __future__ import annotations

from dataclasses import replace

import structlog
from aiogram.methods import DeleteMessage, SendMessage, SetMessageReaction
from aiogram.types import InlineKeyboardMarkup, ReactionTypeEmoji, ReplyParameters

from estafeta.kernel.errors import SendFailed, StoreUnavailable
from estafeta.kernel.model import Event, Notice, OperatorNoted, OperatorSaid, Text, TicketMoved
from handoff.desks.telegram_forum import standing
from handoff.desks.telegram_forum.client import CARD, WORDS
from handoff.desks.telegram_forum.keyboard import button
from handoff.desks.telegram_forum.own import Own, Words
from handoff.desks.telegram_forum.read import Pressed
from handoff.desks.telegram_forum.room import Room, Tell
from handoff.desks.telegram_forum.texts import in_words
from handoff.desks.telegram_forum.topic import tame

WAYS = ("sure", "over", "note")
HELD_BACK, NOTED = "🙊", "✍"
"""Reactions on words that were not sent, and on those that are a note now, out of those Telegram allows
(https://core.telegram.org/bots/api#reactiontypeemoji)."""
_log = structlog.get_logger(__name__)


async def foreseen(room: Room, thread: int, said: OperatorSaid) -> str:
    """The colleague because of whom the engine will not send these words, by name, as far as that can be told before
    it decides; the reaction is there then. "": none."""
    try:
        found = await room.store.resolve(room.address(thread))
        mailbox = await room.store.load(found) if found is not None else None
    except StoreUnavailable as error:
        _log.info("conflict_not_foreseen", error=str(error))
        return ""
    held = mailbox.conversation if mailbox is not None and len(mailbox.signals) < 2 else None
    if held is None or said.sure or standing.holder(held) in ("", said.operator.id):
        return ""
    if any(link.desk == room.desk and said.message in link.there.split() for link in held.links):
        return ""  # they went, and a colleague took over since
    await _react(room, said.message, HELD_BACK)
    return standing.holder_name(held) or room.say("colleague").lower()


async def _react(room: Room, message: str, emoji: str) -> None:
    if not message.isdecimal():
        return
    reaction = SetMessageReaction(
        chat_id=room.group, message_id=int(message), reaction=[ReactionTypeEmoji(emoji=emoji)]
    )
    try:
        await room.client.call(reaction, priority=CARD, patience=3.0)
    except SendFailed as failed:
        _log.info("not_shown_by_reaction", code=failed.code)


class Conflicts:
    def __init__(self, room: Room, own: Own) -> None:
        self._room = room
        self._own = own

    async def show(self, thread: int, notice: Notice) -> int:
        """One post, as urgent as a new card: the answer to the operator's message, with three buttons. Raises
        `SendFailed`."""
        room = self._room
        rows = [[button(room.say(way), f"{way} {notice.message}")] for way in WAYS]
        name = tame(notice.text) or room.say("colleague").lower()
        message = int(notice.message) if notice.message.isdecimal() and len(notice.message) < 20 else 0
        if message:
            await _react(room, notice.message, HELD_BACK)
        question = SendMessage(
            chat_id=room.group, message_thread_id=thread, text=room.say("conflict", name=room.short(name, 60)),
            reply_markup=InlineKeyboardMarkup(inline_keyboard=rows) if message else None,
            reply_parameters=ReplyParameters(message_id=message, allow_sending_without_reply=True) if message else None,
        )  # fmt: skip
        asked = await room.client.call(question, priority=CARD)
        number = asked.get("message_id") if isinstance(asked, dict) else None
        return number if isinstance(number, int) else 0

    async def pressed(self, pressed: Pressed, tell: Tell) -> str:
        """What the presser reads. Only whoever wrote the words decides, and once: whatever is pressed after that,
        also after a crash, is the same decision told again."""
        words = await self._own.of(pressed.rest) if pressed.rest.isdecimal() else None
        if words is None or words.thread != pressed.thread:
            return self._room.say("words_gone")
        if words.user != pressed.user:
            return self._room.say("not_yours")
        for event in self._events(pressed, words):
            taken = ".take" if isinstance(event, TicketMoved) else ""
            accepted = await tell(event, f"conflict.{pressed.rest}{taken}")
            if accepted is None or accepted.conversation is None:
                return self._room.say("not_stored" if accepted is None else "nobodys")
        if pressed.what == "note":
            await _react(self._room, words.said.message, NOTED)
        await self._decided(pressed.message)
        return ""

    def _events(self, pressed: Pressed, words: Words) -> tuple[Event, ...]:
        """The words keep their message's number, so that what becomes of them is shown there."""
        if pressed.what == "note":
            said = [
                part.text if isinstance(part, Text) else in_words(part, self._room.language)
                for part in words.said.parts
            ]
            return (OperatorNoted(operator=pressed.operator, text=" ".join(said), message=words.said.message),)
        sure = replace(words.said, operator=pressed.operator, sure=True)
        take = (TicketMoved(operator=pressed.operator, move="take", sure=True),) if pressed.what == "over" else ()
        return (*take, sure)

    async def _decided(self, message: int) -> None:
        try:
            await self._room.client.call(DeleteMessage(chat_id=self._room.group, message_id=message), priority=WORDS)
        except SendFailed as failed:
            _log.info("question_left_standing", code=failed.code)
