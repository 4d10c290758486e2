"""What a ticket is opened with, and what the customer is promised then. Pure: facts in, a ticket and a promise out.

A promise is a time that was told. "People answer at 9:00", told at night, means that they come at nine and answer
soon after: within what the skill aims at for a first answer, and within `TOLERANCE`. A time that was told while
people are at work is meant as it stands, and a wait of "5–10 minutes" promises an answer within ten.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from estafeta.kernel.model import ConversationId, Reason, Ticket, TicketId, Timer, Understanding
from flows.model import Workspace
from handoff import hours
from handoff.floor import Closure

REMIND = "remind"
"""The timer of the ladder: who is asked next while nobody takes a ticket."""
AWAY = "away"
"""Fires once people went away, by the clock or by hand, while somebody waits for them."""
PROMISE = "promise"
"""The timer that fires shortly before what was promised would break, and once more when it does."""
SLA = "sla"
"""The timer that fires shortly before an answer is overdue."""
OWNER = "owner"
"""The timer that calls whoever has the conversation, and then others, while the customer waits for an answer."""

TOLERANCE = timedelta(minutes=15)
"""After people are back: so long a promise to answer then is still kept."""
WARNING = timedelta(seconds=60)
"""So long before a promise would break the customer is told."""
_ROUND = timedelta(minutes=5)
_SOONEST = timedelta(minutes=15)
"""What is promised anew is at least so far away: once told, it should hold."""
_SHORTEST_WAIT = 180.0
"""Seconds: a wait that was told leaves time for a warning before it is over."""
_FARTHEST = timedelta(hours=4)
_LEFT = 0.2
"""An answer is overdue soon when so much of the time that is aimed at is left, and half a minute at least."""
_STAGGER = 120
"""Seconds over which what waits for the morning is spread at most."""
_REQUEST_LENGTH = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What the customer is told when people are called: a `phrase`, and when people are there (None: now, or nobody
    knows). `at_once`: people are asked now, whatever the hour."""

    phrase: str
    opens_at: datetime | None
    at_once: bool = True


def ticket(
    conversation: ConversationId,
    number: int,
    *,
    reason: Reason,
    skill: str,
    request: str,
    understandings: tuple[Understanding, ...],
    now: datetime,
    language: str = "",
    priority: int = 0,
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
        language=language,
        priority=priority,
    )


def skill_or_default(workspace: Workspace, skill: str) -> str:
    """The skill if the workspace has it, else its first one."""
    return skill if skill in workspace.skills else next(iter(workspace.skills), "")


def priority(workspace: Workspace, skill: str, asked: int) -> int:
    """The ticket's: the higher of the skill's and the one that was `asked` for; 0 asks for none."""
    settings = workspace.skills.get(skill)
    usual = settings.priority if settings else 0
    return max(asked, usual) if asked and usual else asked or usual


# --- promises ------------------------------------------------------------------------------------


def promise(
    workspace: Workspace, told_closed_until: datetime | None, skill: str, now: datetime, *, channel: str = "",
    closures: Iterable[Closure] = (),
) -> Promise:  # fmt: skip
    """Outside the hours the customer hears once per closed period when people are back, and again when that
    changes; `told_closed_until` is the end of the period that was told of last."""
    closures = tuple(closures)
    if hours.is_open(workspace.hours, skill, now, channel=channel, closures=closures):
        return Promise(phrase="waiting", opens_at=None)
    opens_at = hours.opens_at(workspace.hours, skill, now, channel=channel, closures=closures)
    settings = workspace.skills.get(skill)
    policy = settings.off_hours if settings else "queue_at_opening"
    at_once = policy == "queue" or opens_at is None
    if told_closed_until is not None and told_closed_until > now and opens_at in (None, told_closed_until):
        return Promise(phrase="already_waiting", opens_at=opens_at, at_once=at_once)
    phrase = "message_taken" if policy == "message" else "waiting_closed"
    return Promise(phrase=phrase, opens_at=opens_at, at_once=at_once)


def breaks_at(
    workspace: Workspace, skill: str, promised: datetime, *, channel: str = "", closures: Iterable[Closure] = ()
) -> datetime:
    """Until when an answer keeps what was promised."""
    closures = tuple(closures)
    just_before = promised - timedelta(seconds=1)
    if hours.is_open(workspace.hours, skill, just_before, channel=channel, closures=closures):
        return promised
    settings = workspace.skills.get(skill)
    aim = settings.first_answer if settings else None
    return promised + (TOLERANCE if aim is None else min(TOLERANCE, timedelta(seconds=aim)))


def new_promise(
    workspace: Workspace, skill: str, now: datetime, *, wait: float, waited: float, channel: str = "",
    closures: Iterable[Closure] = (),
) -> datetime | None:  # fmt: skip
    """What can be promised instead, when the one before will not hold: when `wait` more seconds of business time are
    over, but no sooner than the customer has `waited` already, so that they are not put off every few minutes, unless
    that were for more than half a day of work. None: people are away for good."""
    closures = tuple(closures)
    seconds = max(wait, min(waited, _FARTHEST.total_seconds()), _SOONEST.total_seconds())
    found = hours.after(workspace.hours, skill, now, seconds, channel=channel, closures=closures)
    if found is None:
        return None
    rounded = _rounded_up(found)
    return rounded if hours.is_open(workspace.hours, skill, rounded, channel=channel, closures=closures) else found


def stated_wait(
    workspace: Workspace, skill: str, now: datetime, wait: tuple[float, float], *, channel: str = "",
    closures: Iterable[Closure] = (),
) -> tuple[tuple[float, float], datetime] | None:  # fmt: skip
    """A range of waits in seconds as it may be told, rounded outwards, and until when that promises an answer; None
    if people leave before."""
    low, high = wait
    step = 60 if high <= 600 else 300 if high <= 5400 else 3600
    longest = max(-(-high // step) * step, _SHORTEST_WAIT)
    until = now + timedelta(seconds=longest)
    if hours.after(workspace.hours, skill, now, longest, channel=channel, closures=tuple(closures)) != until:
        return None
    return (min(low, longest), longest), until


def _rounded_up(moment: datetime) -> datetime:
    hour = moment.replace(minute=0, second=0, microsecond=0)
    return hour + _ROUND * -(-(moment - hour) // _ROUND)


# --- timers --------------------------------------------------------------------------------------


def update(rung: int, most: int) -> int:
    """Which of `most` updates a customer hears who was promised nothing, when a ticket reaches this rung of the
    ladder; 0 for none. It is every other rung, so the times between them grow as those of the ladder do: after 2, 10
    and 30 minutes where bot.yml says nothing else."""
    number, between = divmod(rung + 1, 2)
    return 0 if between or number > most else number


def at_opening(opens_at: datetime, ahead: int) -> Timer:
    """When a ticket that waits for people to be back is offered: a second behind each of those `ahead` of it, so
    that the oldest comes first."""
    return Timer(name=REMIND, at=opens_at + timedelta(seconds=min(ahead, _STAGGER)))


def warning(breaks: datetime, now: datetime) -> Timer:
    """Before a promise breaks; when it does, if it is too late for that."""
    early = breaks - WARNING
    return Timer(name=PROMISE, at=early if early > now else max(breaks, now))


def overdue_soon(deadline: datetime, aim: float, now: datetime) -> Timer | None:
    """When people are called because an answer is overdue soon, `aim` being the seconds that it may take; None when
    that time is over."""
    at = deadline - timedelta(seconds=max(aim * _LEFT, 30.0))
    return Timer(name=SLA, at=at) if at > now else None


def with_timer(timers: tuple[Timer, ...], timer: Timer | None, name: str) -> tuple[Timer, ...]:
    """`timers` with the one called `name` set to `timer`, or without it."""
    others = tuple(item for item in timers if item.name != name)
    return (*others, timer) if timer is not None else others
