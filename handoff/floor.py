"""Who is at work and what waits for them: what routing, queues and promises are decided by.

Values only. Whoever decides is handed one, made of the store a moment ago: it may be a little out of date,
so nothing relies on it but who is asked first and what is guessed about waiting. Who owns a conversation
is the conversation's own business (`handoff.machine`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from estafeta.kernel.model import ConversationId, Stage, TicketId

Role = Literal["operator", "supervisor", "admin"]
Presence = Literal["on", "off", "away"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody who answers. `id` and `desk` as in `Operator`. `skills` () is all of them, `languages` () any;
    `capacity` is how many tickets at once. `until` ends the presence that was said by hand: after it, the
    schedule `shift` of hours.yml tells ("": always there)."""

    id: str
    desk: str
    name: str
    role: Role = "operator"
    skills: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    capacity: int = 5
    presence: Presence | None = None
    until: datetime | None = None
    shift: str = ""
    on_call: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTicket:
    """A ticket of some conversation, as far as others must know of it."""

    conversation: ConversationId
    id: TicketId
    skill: str
    stage: Stage
    opened_at: datetime
    language: str = ""
    priority: int = 0
    assignee: str = ""
    offered: tuple[str, ...] = ()
    held: bool = False
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """A time in which people of `skill` ("": all) are away, said by hand."""

    skill: str
    since: datetime
    until: datetime
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """`waits` are the latest waits for people, in seconds of business time, by skill; `paces` the same waits, each
    divided by the place in the queue that it began at: seconds for one to be served. `asked` is when somebody was
    last offered a ticket alone, or took one."""

    members: tuple[Member, ...] = ()
    tickets: tuple[OpenTicket, ...] = ()
    closures: tuple[Closure, ...] = ()
    waits: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    paces: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    asked: Mapping[str, datetime] = field(default_factory=dict)

    def member(self, who: str) -> Member | None:
        return next((member for member in self.members if member.id == who), None)

    def load(self, member: str) -> int:
        """How many tickets somebody has in hand, those put off not counted."""
        return sum(ticket.assignee == member and not ticket.held for ticket in self.tickets)

    def busy(self, member: str, but: TicketId) -> int:
        """As `load`, with those that only this member was asked to take, the ticket `but` aside."""
        return sum(
            (ticket.assignee == member and not ticket.held) or (not ticket.assignee and ticket.offered == (member,))
            for ticket in self.tickets
            if ticket.id != but
        )
