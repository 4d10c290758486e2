"""Texts to choose from, under buttons that send one or copy it to be finished by hand. Showing them is one post;
when one was sent, they become what was sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from aiogram.types import CopyTextButton, InlineKeyboardButton, InlineKeyboardMarkup

from estafeta.kernel.model import OperatorSaid, Text
from handoff.desks.telegram_forum.conflict import foreseen
from handoff.desks.telegram_forum.keyboard import button
from handoff.desks.telegram_forum.own import Own, Words
from handoff.desks.telegram_forum.read import Asked, Pressed
from handoff.desks.telegram_forum.records import Ring
from handoff.desks.telegram_forum.room import Room, Tell
from handoff.desks.telegram_forum.sent import Sent

KEPT = 300
"""Lists of the group whose buttons still work."""

COPIED = 256
"""What a button can copy (https://core.telegram.org/bots/api#copytextbutton); longer texts are copied by a tap on
them, for they are shown as code."""

_SHOWN = 600
_LABEL = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """`name` is what it is called by, `text` what the customer would read."""

    name: str
    text: str


class Choices:
    def __init__(self, room: Room, own: Own) -> None:
        self._room = room
        self._own = own
        self._sent = Sent(room)
        self._lists = Ring(room.store, f"forum.{room.group}.choices", KEPT)

    async def show(self, asked: Asked, heading: str, choices: Sequence[Choice]) -> None:
        lines = [escape(heading)]
        rows = []
        for number, choice in enumerate(choices, 1):
            shown = escape(self._room.short(choice.text, _SHOWN))
            lines.append(f"{number}. <b>{escape(self._room.short(choice.name, _LABEL))}</b>\n<code>{shown}</code>")
            rows.append(self._row(number, choice))
        message = await self._room.topics.reply(
            asked.thread, asked.message, "\n\n".join(lines), html=True,
            markup=InlineKeyboardMarkup(inline_keyboard=rows),
        )  # fmt: skip
        await self._lists.put(str(message), [choice.text for choice in choices])

    def _row(self, number: int, choice: Choice) -> list[InlineKeyboardButton]:
        label = f"➤ {number}. {self._room.short(choice.name, _LABEL)}"
        row = [button(label, f"send {number}")]
        if self._room.short(choice.text, COPIED) == choice.text:
            row.append(InlineKeyboardButton(text="📋", copy_text=CopyTextButton(text=choice.text)))
        return row

    async def pressed(self, pressed: Pressed, tell: Tell) -> str:
        """Sends the chosen text, once however often it is pressed; what the presser reads."""
        texts = await self._lists.take(str(pressed.message))
        number = int(pressed.rest) if pressed.rest.isdecimal() and len(pressed.rest) < 3 else 0
        if not isinstance(texts, list) or not 1 <= number <= len(texts):
            return self._room.say("choice_gone")
        text = str(texts[number - 1])
        said = OperatorSaid(operator=pressed.operator, parts=(Text(text=text),), message=str(pressed.message))
        await self._sent.will_show(pressed.thread, pressed.message, text, in_place=True)
        await self._own.keep(Words(user=pressed.user, thread=pressed.thread, said=said))
        accepted = await tell(said)
        if accepted is None or accepted.conversation is None:
            await self._lists.put(str(pressed.message), texts)
            return self._room.say("not_stored" if accepted is None else "nobodys")
        name = await foreseen(self._room, pressed.thread, said)
        return self._room.say("not_sent_toast", name=name) if name else self._room.say("sending")
