"""By when people are to answer, in business time. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from estafeta.kernel.model import Ticket
from flows.model import Workspace
from handoff import hours
from handoff.floor import Closure


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """What is waited for now: people's `first` words on a ticket, or their `next` ones. None: nothing is, or
    nothing is aimed at, or people are away for good."""

    first: datetime | None = None
    next: datetime | None = None

    @property
    def soonest(self) -> datetime | None:
        return min((at for at in (self.first, self.next) if at is not None), default=None)


def deadlines(
    workspace: Workspace, ticket: Ticket, *, channel: str = "", closures: Iterable[Closure] = ()
) -> Deadlines:
    """From when the ticket was opened until the first answer; from then on from the oldest of the customer's
    words that wait for one. What was put off waits from the time that it was put off to."""
    skill = workspace.skills.get(ticket.skill)
    if skill is None:
        return Deadlines()

    def by(since: datetime, seconds: int | None) -> datetime | None:
        if seconds is None:
            return None
        start = since if ticket.held_until is None else max(since, ticket.held_until)
        return hours.after(workspace.hours, ticket.skill, start, seconds, channel=channel, closures=closures)

    if ticket.first_reply_at is None:
        return Deadlines(first=by(ticket.opened_at, skill.first_answer))
    if ticket.asked_at is None:
        return Deadlines()
    return Deadlines(next=by(ticket.asked_at, skill.next_answer))
