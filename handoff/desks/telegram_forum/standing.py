"""How things stand when somebody wants to move a ticket: whether the move would change anything. Pure.

Asked before the move is stored, so that whoever presses a button of another time, or types a command twice, reads
what is so: a press by a toast, which costs the group nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from estafeta.kernel.model import Conversation, TicketMoved
from handoff.desks.telegram_forum.topic import tame

Why = tuple[str, Mapping[str, str]]
"""A sentence by its name, with its values."""

_NEEDS_TICKET = ("return", "close", "hold", "resume", "priority")
_OWNERS = ("take", "return", "close", "transfer", "hold", "block", "ask_contact")
"""What is a colleague's to do while they have the conversation."""


def in_vain(held: Conversation, event: TicketMoved, *, lasting: Collection[str] = ()) -> Why | None:
    """Why nothing comes of it, None if something does. `lasting` are tags that stay with the customer."""
    ticket, assignee = held.ticket, holder(held)
    mine = bool(assignee) and assignee == event.operator.id
    name = {"name": holder_name(held)}
    match event.move:
        case "take" if mine:
            return "take_mine", {}
        case "take":
            return None
        case move if move in _NEEDS_TICKET and ticket is None:
            return "no_ticket", {}
        case "resume" if ticket is not None and ticket.held_until is None:
            return "not_held", {}
        case "transfer" if event.to and event.to == assignee:
            return ("take_mine", {}) if mine else ("passed_to_holder", name)
        case "priority" if ticket is not None and ticket.priority == event.priority:
            return "priority_same", {"priority": f"{event.priority}".replace("-", "−")}
        case "tag" | "untag":
            return _tags(held, event, lasting)
        case "block" if held.blocked:
            return "block_same", {}
        case "unblock" if not held.blocked:
            return "unblock_same", {}
        case "ask_contact" if held.blocked:
            return "blocked_first", {}
    return None


def colleagues(held: Conversation, event: TicketMoved, *, pressed: bool) -> Why | None:
    """That somebody else has the conversation. A button may be of another time; who types /take means it."""
    assignee = holder(held)
    if not assignee or assignee == event.operator.id or event.move not in _OWNERS:
        return None
    if event.move == "take":
        return ("taken_by", {"name": holder_name(held)}) if pressed else None
    return "owned", {"name": holder_name(held)}


def holder(held: Conversation) -> str:
    """The id of whoever has it, or ""."""
    return held.ticket.assignee.id if held.ticket is not None and held.ticket.assignee is not None else ""


def holder_name(held: Conversation) -> str:
    return tame(held.ticket.assignee.name)[:60] if held.ticket is not None and held.ticket.assignee is not None else ""


def _tags(held: Conversation, event: TicketMoved, lasting: Collection[str]) -> Why | None:
    """Tags stand on the ticket; those in `lasting` also stay with the customer, whoever has the conversation."""
    there = {*(held.ticket.tags if held.ticket is not None else ()), *held.customer.tags}
    if event.move == "tag":
        if held.ticket is None and not set(event.tags) & set(lasting):
            return "no_ticket", {}
        return ("tags_same", {"tags": ", ".join(event.tags)}) if there.issuperset(event.tags) else None
    if there.isdisjoint(event.tags):
        if held.ticket is None and not there:
            return "no_ticket", {}
        return ("tags_others", {"tags": ", ".join(sorted(there))}) if there else ("no_tags", {})
    return None
