"""Buttons pressed: the press is answered, which takes nothing from the group's budget, and what it asks for is shown.

Passing a ticket on shows whom to by other buttons under the same card: one edit there, one back.
"""

from __future__ import annotations

import structlog
from aiogram.methods import AnswerCallbackQuery

from estafeta.kernel.errors import SendFailed, StoreUnavailable
from handoff.desks.telegram_forum import standing
from handoff.desks.telegram_forum.choices import Choices
from handoff.desks.telegram_forum.conflict import WAYS, Conflicts
from handoff.desks.telegram_forum.keyboard import buttons
from handoff.desks.telegram_forum.passing import whom_to
from handoff.desks.telegram_forum.read import Pressed
from handoff.desks.telegram_forum.room import Room, Tell
from handoff.desks.telegram_forum.topic import moves_of

_TOAST = 200
"""Characters (https://core.telegram.org/bots/api#answercallbackquery)."""

_GENTLE = ("sending", "no_ticket", "choice_gone", "not_yours")
"""What need not be confirmed by another press."""

_log = structlog.get_logger(__name__)


class Quiet(str):
    """Words that need not be confirmed either."""

    __slots__ = ()


class Presses:
    def __init__(self, room: Room, choices: Choices, conflicts: Conflicts) -> None:
        self._room = room
        self._choices = choices
        self._conflicts = conflicts

    async def done(self, pressed: Pressed) -> None:
        """The press moved the ticket; the card is drawn when the ticket has moved."""
        await self._room.client.call(AnswerCallbackQuery(callback_query_id=pressed.query))

    async def toast(self, pressed: Pressed, words: str) -> None:
        """Nothing came of the press."""
        await self._room.client.call(
            AnswerCallbackQuery(callback_query_id=pressed.query, text=self._room.short(words, _TOAST))
        )

    async def answer(self, pressed: Pressed, tell: Tell) -> None:
        try:
            words = await self._words(pressed, tell)
        except StoreUnavailable as error:
            _log.warning("press_not_answered", what=pressed.what, error=str(error))
            words = self._room.say("not_stored")
        except SendFailed as failed:
            words = failed.sentence
        short = self._room.short(words, _TOAST) if words else None
        alert = bool(words) and not isinstance(words, Quiet) and words not in map(self._room.say, _GENTLE)
        await self._room.client.call(
            AnswerCallbackQuery(callback_query_id=pressed.query, text=short, show_alert=alert or None)
        )

    async def _words(self, pressed: Pressed, tell: Tell) -> str:
        if pressed.what == "send":
            return await self._choices.pressed(pressed, tell)
        if pressed.what in WAYS:
            return await self._conflicts.pressed(pressed, tell)
        if pressed.what not in ("pass", "back"):
            return self._room.say("choice_gone")
        return await self._to_whom(pressed)

    async def _to_whom(self, pressed: Pressed) -> str:
        """Other buttons under the card, or its own again."""
        room = self._room
        conversation = await room.conversation(pressed.thread)
        if conversation is None:
            return room.say("nobodys")
        shows = pressed.what == "pass" and conversation.ticket is not None
        if shows and standing.holder(conversation) not in ("", pressed.operator.id):
            return Quiet(room.say("owned", name=standing.holder_name(conversation)))
        if shows:
            markup = whom_to(room, conversation, await room.members(), back=True)
            await room.topics.forget_card(conversation)
        else:
            markup = buttons(moves_of(conversation), room.language)
        await room.topics.keyboard(pressed.message, markup)
        return room.say("no_ticket") if pressed.what == "pass" and not shows else ""
