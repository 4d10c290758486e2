"""Whom a ticket can be passed on to, as buttons."""

from __future__ import annotations

from collections.abc import Sequence

from aiogram.types import InlineKeyboardMarkup

from estafeta.kernel.model import Conversation, Stage
from handoff.desks.telegram_forum.keyboard import button, fits
from handoff.desks.telegram_forum.room import Room
from handoff.desks.telegram_forum.topic import tame
from handoff.floor import Member

_MOST = 8
_LABEL = 28


def whom_to(room: Room, conversation: Conversation, members: Sequence[Member], *, back: bool) -> InlineKeyboardMarkup:
    """Departments but its own, people who are on but the one who has it. `back`: to the card's own buttons."""
    ticket = conversation.ticket
    own = ticket.skill if ticket is not None else ""
    holder = ticket.assignee.id if ticket is not None and ticket.assignee is not None else ""
    choices = [("→ " + title, f"skill {name}") for name, title in room.skills() if name != own][:_MOST]
    there = [member for member in members if member.id != holder and room.is_on(member)]
    choices += [("👤 " + tame(member.name), f"person {member.id}") for member in there][:_MOST]
    shown = [button(room.short(label, _LABEL), what) for label, what in choices if fits(what)]
    rows = [shown[n : n + 2] for n in range(0, len(shown), 2)]
    last = [button(room.say("return"), "return")] if conversation.stage is Stage.QUEUED else []
    if back:
        last.append(button(room.say("back"), "back"))
    return InlineKeyboardMarkup(inline_keyboard=[*rows, last] if last else rows)
