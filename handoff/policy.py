"""When people are called and what is promised then. Pure: facts in, a ticket and a promise out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from estafeta.kernel.model import ConversationId, Reason, Ticket, TicketId, Timer, Understanding
from flows.model import Workspace
from handoff import hours

REMIND = "remind"
"""The timer that calls an untaken ticket out again."""

_REQUEST_LENGTH = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What the customer is told when people are called. `phrase` is "" when it was said before."""

    phrase: str
    opens_at: datetime | None


def ticket(
    conversation: ConversationId,
    number: int,
    *,
    reason: Reason,
    skill: str,
    request: str,
    understandings: tuple[Understanding, ...],
    now: datetime,
) -> Ticket:
    """A conversation's ticket, its `number`-th."""
    line = " ".join(request.split())
    if len(line) > _REQUEST_LENGTH:
        line = line[: _REQUEST_LENGTH - 1].rsplit(" ", 1)[0] + "…"
    return Ticket(
        id=TicketId(f"{conversation}.{number}"),
        reason=reason,
        skill=skill,
        opened_at=now,
        request=line,
        understandings=understandings,
    )


def skill_or_default(workspace: Workspace, skill: str) -> str:
    """The skill if the workspace has it, else its first one."""
    return skill if skill in workspace.skills else next(iter(workspace.skills), "")


def promise(workspace: Workspace, told_closed_until: datetime | None, skill: str, now: datetime) -> Promise:
    """Outside the hours the customer hears once per closed period when people are back;
    `told_closed_until` is the end of the period that was told of last."""
    if hours.is_open(workspace.hours, skill, now):
        return Promise(phrase="waiting", opens_at=None)
    opens_at = hours.opens_at(workspace.hours, skill, now)
    if told_closed_until is not None and told_closed_until > now:
        return Promise(phrase="already_waiting", opens_at=opens_at)
    return Promise(phrase="waiting_closed", opens_at=opens_at)


def reminder(workspace: Workspace, skill: str, now: datetime) -> Timer:
    """When to call an untaken ticket out again: never outside the hours."""
    start = now if hours.is_open(workspace.hours, skill, now) else hours.opens_at(workspace.hours, skill, now) or now
    return Timer(name=REMIND, at=start + timedelta(seconds=workspace.bot.handoff.remind_after))


def with_timer(timers: tuple[Timer, ...], timer: Timer | None, name: str) -> tuple[Timer, ...]:
    """`timers` with the one called `name` set to `timer`, or without it."""
    others = tuple(item for item in timers if item.name != name)
    return (*others, timer) if timer is not None else others


def reminded(held: Ticket) -> Ticket:
    return replace(held, reminders=held.reminders + 1)
