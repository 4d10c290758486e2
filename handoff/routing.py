"""Who is asked to take a ticket, and how long it may take. Pure: the floor and the ticket in, an offer out.

A ticket goes up a ladder while nobody takes it: the people of its skill, the same ones again, those of the skills
in `relax_to` too, the supervisors, whoever is on call; and then on call again, at growing intervals, for as long as
it waits. On every rung only those who are there are asked, if anybody is; of them those who speak the customer's
language, and of those the ones who have a hand free. Where nobody is there at all, the next rung is asked at once.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from statistics import quantiles

from estafeta.kernel.model import ConversationId, Offer, Past, Stage, Ticket, TicketId, Understanding
from flows.handoff_file import Routing
from flows.model import Workspace
from handoff import hours
from handoff.floor import Floor, Member, OpenTicket

AGAIN, WIDER, SUPERVISOR, ON_CALL = 1, 2, 3, 4
"""The rungs above the first offer."""

_SHORTEST = 15
"""Seconds that a rung lasts at least, however the times of bot.yml stand to each other."""
_LONGEST = 4 * 3600
"""Seconds between two calls at most, however long a ticket waits."""
_DEALT = 100
"""So many waiting tickets are thought of at most when one is given out."""
_LIKELIER = 0.5
"""A confidence that is enough to choose whom to call: people pass on what is not theirs, so it need not be as sure as
an answer."""
_MEASURED = 5
"""So few waits tell nothing yet."""
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


# --- the skill -----------------------------------------------------------------------------------


def skill_for(workspace: Workspace, wanted: str, understanding: Understanding | None) -> str:
    """The skill that was asked for, else the one that the intent belongs to, else the workspace's first."""
    if wanted in workspace.skills:
        return wanted
    return skill_of_intent(workspace, understanding) or next(iter(workspace.skills), "")


def skill_of_intent(workspace: Workspace, understanding: Understanding | None) -> str:
    """The skill whose `intents` the meaning is among; "" when it is none's, or not clear."""
    if understanding is None or understanding.confidence < min(_LIKELIER, workspace.bot.fallback.confidence):
        return ""
    found = (name for name, skill in workspace.skills.items() if understanding.intent in skill.intents)
    return next(found, "")


# --- presence ------------------------------------------------------------------------------------


def there(workspace: Workspace, member: Member, now: datetime) -> bool:
    """Whether somebody is at work: as they said by hand, until when they said; else as their shift has it, or the
    shifts of hours.yml that name them; without any, always."""
    if _by_hand(member, now):
        return member.presence == "on"
    shifts = (member.shift,) if member.shift else hours.shifts_of(workspace.hours, member.id, member.name)
    return not shifts or any(hours.on_shift(workspace.hours, shift, now) for shift in shifts)


def _by_hand(member: Member, now: datetime) -> bool:
    return member.presence is not None and (member.until is None or now < member.until)


# --- offers --------------------------------------------------------------------------------------


def first_offer(workspace: Workspace, ticket: Ticket, floor: Floor, now: datetime, *, but: str = "") -> Offer:
    """Where the ladder begins. `but` is who is not asked if anybody else is: whoever passes it on."""
    return _offer(workspace, ticket, floor, now, 0, but=but)


def next_offer(workspace: Workspace, ticket: Ticket, floor: Floor, now: datetime) -> Offer:
    """After silence: the rung above."""
    return _offer(workspace, ticket, floor, now, ticket.offer.rung + 1 if ticket.offer else 0)


def _offer(workspace: Workspace, ticket: Ticket, floor: Floor, now: datetime, rung: int, *, but: str = "") -> Offer:
    people = tuple(member.id for member in _asked(workspace, ticket, floor, now, rung, but))
    return Offer(to=people, at=now, until=now + _patience(workspace, ticket.skill, rung), rung=rung)


def _patience(workspace: Workspace, skill: str, rung: int) -> timedelta:
    """How long silence on a rung is borne."""
    settings = workspace.skills.get(skill)
    routing = settings.routing if settings else Routing()
    again = routing.again if "again" in routing.model_fields_set else workspace.bot.handoff.remind_after
    times = (0, again, max(routing.wider, again), routing.supervisor, routing.on_call)
    if rung < ON_CALL:
        return timedelta(seconds=max(times[rung + 1] - times[rung], _SHORTEST))
    first = max(times[ON_CALL] - times[SUPERVISOR], times[AGAIN], _SHORTEST)
    return timedelta(seconds=min(first * 2 ** min(rung - ON_CALL, 20), _LONGEST))


def _asked(workspace: Workspace, ticket: Ticket, floor: Floor, now: datetime, rung: int, but: str) -> Sequence[Member]:
    if not floor.members:
        return ()
    present = [member for member in floor.members if there(workspace, member, now)]
    named = next((member for member in present if member.id == ticket.wanted), None)
    if named is not None and rung <= AGAIN:
        return (named,)
    others = [member for member in present if member.id != but] or present
    if rung >= ON_CALL:
        called = _on_call(floor, now)
        return (*called, *(m for m in _best(_widened(workspace, ticket, others), ticket, floor) if m not in called))
    if rung <= AGAIN:
        skilled = _best(_skilled((ticket.skill,), others), ticket, floor)
        silent = [member for member in skilled if ticket.offer and rung and member.id in ticket.offer.to]
        if skilled:
            return silent or _chosen(workspace, skilled, ticket, floor)
    wider = _best(_widened(workspace, ticket, others), ticket, floor)
    leading = _best(_leading(others), ticket, floor)
    return (wider if rung <= WIDER else ()) or leading or _on_call(floor, now) or wider


def answers(member: Member, *skills: str) -> bool:
    """Whether one of these skills is theirs. Operators without skills of their own have all; who leads answers only
    where a skill is theirs by name."""
    return bool(set(skills) & set(member.skills)) or (not member.skills and member.role == "operator")


def _skilled(skills: Iterable[str], members: Iterable[Member]) -> list[Member]:
    wanted = tuple(skills)
    return [member for member in members if answers(member, *wanted)]


def _widened(workspace: Workspace, ticket: Ticket, members: Iterable[Member]) -> list[Member]:
    settings = workspace.skills.get(ticket.skill)
    return _skilled((ticket.skill, *(settings.relax_to if settings else ())), members)


def _leading(members: Iterable[Member]) -> list[Member]:
    leading = [member for member in members if member.role != "operator"]
    return [member for member in leading if member.role == "supervisor"] or leading


def _on_call(floor: Floor, now: datetime) -> list[Member]:
    """Whoever is on call, at whatever hour; those who said that they are away only if nobody else is. Without
    anybody on call it is those who lead, and without those it is everybody."""
    called = [member for member in floor.members if member.on_call] or _leading(floor.members)
    awake = [member for member in called if member.presence in (None, "on") or not _by_hand(member, now)]
    return awake or called


def _speaks(member: Member, language: str) -> bool:
    return not language or not member.languages or language in member.languages


def _best(members: Sequence[Member], ticket: Ticket, floor: Floor) -> list[Member]:
    """Those who speak the language, of those the ones with a hand free; where there are none, the others."""
    speaking = [member for member in members if _speaks(member, ticket.language)] or list(members)
    return [member for member in speaking if floor.busy(member.id, ticket.id) < member.capacity] or speaking


# --- one of many ---------------------------------------------------------------------------------


def _chosen(workspace: Workspace, members: list[Member], ticket: Ticket, floor: Floor) -> list[Member]:
    """By the mode of the skill: all of them, or one.

    Tickets that wait already and come first are thought of as given out: in the morning many are offered by one
    view of the floor, and must not all go to the same person.
    """
    settings = workspace.skills.get(ticket.skill)
    mode = settings.mode if settings else "everyone"
    if mode == "everyone":
        return members
    loads = {member.id: floor.busy(member.id, ticket.id) for member in members}
    turns: dict[str, tuple[int, datetime]] = {member.id: (0, floor.asked.get(member.id, _NEVER)) for member in members}

    def by_turn(member: Member) -> tuple[object, ...]:
        return (loads[member.id] >= member.capacity, turns[member.id])

    def by_load(member: Member) -> tuple[object, ...]:
        return (loads[member.id] >= member.capacity, loads[member.id] / max(member.capacity, 1), turns[member.id])

    order: Callable[[Member], tuple[object, ...]] = by_turn if mode == "round_robin" else by_load
    before = [held for held in _queue(ticket, floor) if not held.offered][:_DEALT]
    for number, one in enumerate((*(held.id for held in before), ticket.id), start=1):
        pick = min(members, key=lambda member: (*order(member), _lot(one, member)))
        loads[pick.id] += 1
        turns[pick.id] = (number, _NEVER)
    return [pick]


def _lot(ticket: TicketId, member: Member) -> int:
    """Decides between equals: always the same for the two, and nobody is always the first."""
    return zlib.crc32(f"{ticket}:{member.desk}:{member.id}".encode())


def same_as_before(workspace: Workspace, ticket: Ticket, past: Sequence[Past], floor: Floor, now: datetime) -> str:
    """The operator (by id) to be asked first because they know the customer: whoever had the latest ticket if it
    ended a moment ago, or, where the skill's mode says so, whoever answered last in it; if they are there and have
    a hand free. "" for nobody."""
    settings = workspace.skills.get(ticket.skill)
    loyal = settings is not None and settings.mode == "same_operator"
    window = timedelta(seconds=workspace.bot.handoff.reopen)
    for over in reversed(past):
        if over.assignee is None:
            continue
        if now - over.ended_at <= window or (loyal and over.skill == ticket.skill):
            member = floor.member(over.assignee.id)
            if member is not None and there(workspace, member, now):
                return member.id if floor.busy(member.id, ticket.id) < member.capacity else ""
            return ""
    return ""


# --- the queue -----------------------------------------------------------------------------------


def _queue(ticket: Ticket, floor: Floor) -> list[OpenTicket]:
    """Those of the same skill that are served before this one, the first first."""
    mine = (-ticket.priority, ticket.opened_at, ticket.id)
    ahead = [
        held
        for held in floor.tickets
        if held.stage is Stage.QUEUED and held.skill == ticket.skill and not held.held and held.id != ticket.id
    ]
    order = sorted(((-held.priority, held.opened_at, held.id), held) for held in ahead)
    return [held for key, held in order if key < mine]


def position(ticket: Ticket, conversation: ConversationId, floor: Floor) -> int:
    """The place in the queue of its skill, counted from 1: the higher priority first, then the older."""
    return 1 + sum(held.conversation != conversation for held in _queue(ticket, floor))


def expected_wait(workspace: Workspace, skill: str, place: int, floor: Floor) -> tuple[float, float] | None:
    """From and until how many seconds of business time a customer at this place waits: what the middle of those
    who waited lately needed for each place, without the luckiest and the unluckiest fifth. None while too few were
    measured."""
    paces = floor.paces.get(skill, ()) if skill in workspace.skills else ()
    if len(paces) < _MEASURED:
        return None
    fifths = quantiles(paces, n=5, method="inclusive")
    return fifths[0] * place, fifths[-1] * place
