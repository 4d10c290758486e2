"""Keeps what routing goes by fresh: who is at work, what waits, how long people lately took (`handoff.floor`).

One look at the store every few seconds at most, soon after something changed and otherwise seldom; however long
looking takes, it stays a small part of the time. While the store is away the view of before remains: it may be out
of date anyhow, for nothing but who is asked first depends on it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import structlog

from estafeta.kernel.errors import EstafetaError
from estafeta.kernel.model import Conversation, Entry, Event, Signal, SignalId, Stage, Ticket, TicketMoved, TimerFired
from estafeta.kernel.ports import Bus, Clock, Store
from estafeta.roster import PLATFORM, Roster
from estafeta.rules import Rules
from estafeta.tasks import ended
from handoff import hours, policy
from handoff.floor import Floor, OpenTicket

_log = structlog.get_logger("floor")

_TICKETS = 1000
"""So many open tickets are looked at, the latest changed ones."""
_MEASURED_DAYS = timedelta(days=7)
_SHORTEST = timedelta(minutes=10)
_EVENTS = 5000
_KEPT = 100
"""So many of the latest waits of a skill are kept."""
_CLOSURES_KEPT = timedelta(days=7)
_SHARE = 20
"""After a look that took a second nobody looks for so many seconds."""


_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Decides(Protocol):
    """Whoever decides by the rules."""

    rules: Rules


class FloorWatch:
    """`soonest`: seconds between two looks when something changed. `latest`: when nothing was heard of. `team` and
    `waits`: seconds between two looks at the roster, and at how long people took."""

    def __init__(
        self, *, store: Store, bus: Bus, clock: Clock, roster: Roster, engine: Decides, soonest: float = 2.0,
        latest: float = 10.0, team: float = 5.0, waits: float = 60.0,
    ) -> None:  # fmt: skip
        self._store = store
        self._bus = bus
        self._clock = clock
        self._roster = roster
        self._engine = engine
        self._soonest, self._latest, self._team, self._waits = soonest, latest, team, waits
        self._measured_days = _MEASURED_DAYS
        self._changed = asyncio.Event()
        self._gone: frozenset[str] = frozenset()
        self._told: set[str] = set()
        self._looked = {"tickets": float("-inf"), "team": float("-inf"), "waits": float("-inf")}

    async def run(self) -> None:
        """Until cancelled."""
        listening = asyncio.create_task(self._listen())
        try:
            while True:
                began = self._clock.monotonic()
                await self.renew()
                took = self._clock.monotonic() - began
                await self._clock.sleep(max(self._soonest, took * _SHARE))
        finally:
            await ended([listening])

    async def _listen(self) -> None:
        """A worker's own announcements come back to it too. When the bus loses some, `latest` makes up for it."""
        async for live in self._bus.announcements():
            if live.kind != "typing":
                self._changed.set()

    async def renew(self) -> None:
        """Looks at what is due to be looked at. Survives that the store is away, or holds what it cannot read."""
        try:
            await self._renew()
        except EstafetaError as error:
            _log.warning("floor_not_renewed", error=str(error))
        except Exception:  # a view that is a little older is not worth a worker's life
            _log.exception("floor_not_renewed")

    async def refresh(self) -> None:
        """Looks at everything now. Raises `StoreUnavailable`."""
        self._looked = dict.fromkeys(self._looked, float("-inf"))
        await self._renew()

    async def renew_team(self) -> None:
        """Looks at the roster now. Raises `StoreUnavailable`."""
        members = await self._roster.members()
        self._gone = await self._roster.gone()
        self._show(members=members, closures=await self._roster.closures(over=_CLOSURES_KEPT))
        self._looked["team"] = self._clock.monotonic()

    async def _renew(self) -> None:
        if self._due("team", self._team):
            await self.renew_team()
        if self._changed.is_set() or self._due("tickets", self._latest):
            self._changed.clear()  # before looking: what changes meanwhile is looked at next time
            self._looked["tickets"] = float("-inf")
            held = await self._store.conversations(stages=(Stage.QUEUED, Stage.HUMAN), limit=_TICKETS)
            tickets = (_open_ticket(conversation) for conversation in held)
            self._show(tickets=tuple(ticket for ticket in tickets if ticket is not None))
            self._looked["tickets"] = self._clock.monotonic()
            await self._bring_forward(held)
            await self._tell_who_waits(held)
            await self._pass_on(held)
        if self._due("waits", self._waits):
            self._show(**self._measured(await self._events()))
            self._looked["waits"] = self._clock.monotonic()

    async def _bring_forward(self, held: Sequence[Conversation]) -> None:
        """People are back earlier than was promised: what was put off until then is offered now, of each skill one
        at a look, so that the next is decided knowing who has this one. Every worker sees it; the signal's name
        makes it happen once."""
        now = self._clock.now()
        early = (conversation for conversation in held if _put_off(conversation) > now)
        begun: set[str] = set()
        for conversation in sorted(early, key=lambda one: (-_priority(one), _put_off(one), one.id)):
            ticket, channel = conversation.ticket, conversation.address.channel
            rules = self._engine.rules
            if ticket is None or ticket.skill in begun:
                continue
            if not rules.timetable.is_open(ticket.skill, now, channel, rules.floor.closures):
                continue
            begun.add(ticket.skill)
            name = f"{ticket.id}.back.{_put_off(conversation).isoformat()}"
            await self._tell(conversation, name, TimerFired(timer=policy.REMIND, due=now))

    async def _tell_who_waits(self, held: Sequence[Conversation]) -> None:
        """People went away while customers wait for them: these are to hear until when. Every worker sees it; the
        signal's name makes it happen once for each time that people are away."""
        now, rules = self._clock.now(), self._engine.rules
        opening: dict[tuple[str, str], datetime | None] = {}
        names: set[str] = set()
        for conversation in held:
            ticket, channel = conversation.ticket, conversation.address.channel
            if ticket is None or conversation.stage is not Stage.QUEUED:
                continue
            asked = (ticket.skill, channel)
            if asked not in opening:
                opening[asked] = _opens_at(rules, ticket.skill, channel, now)
            opens_at = opening[asked]
            if opens_at is None or _known(ticket, opens_at):
                continue
            name = f"{ticket.id}.away.{opens_at.isoformat()}"
            names.add(name)
            if name not in self._told:
                await self._tell(conversation, name, TimerFired(timer=policy.AWAY, due=now))
        self._told = names

    async def _pass_on(self, held: Sequence[Conversation]) -> None:
        """Whoever left has no conversations any more: others are called for them."""
        for conversation in held:
            ticket = conversation.ticket
            owner = ticket.assignee if ticket is not None else None
            if ticket is not None and owner is not None and owner.id in self._gone:
                taken = ticket.taken_at.isoformat() if ticket.taken_at else ""
                event = TicketMoved(operator=PLATFORM, move="transfer", sure=True)
                await self._tell(conversation, f"{ticket.id}.left.{owner.id}.{taken}", event)

    async def _tell(self, conversation: Conversation, name: str, event: Event) -> None:
        signal = Signal(id=SignalId(name), at=self._clock.now(), event=event, conversation=conversation.id)
        [accepted] = await self._store.accept([signal])
        if accepted.fresh:
            await self._bus.wake(conversation.id)

    def _show(self, **seen: Any) -> None:
        """Rules that stay as they are remember more than new ones."""
        rules = self._engine.rules
        floor: Floor = replace(rules.floor, **seen)
        if floor != rules.floor:
            self._engine.rules = replace(rules, floor=floor)

    async def _events(self) -> list[Entry]:
        """Of so many days that it is not too much: the oldest come first, and the latest are wanted."""
        names, now = ("opened", "offered", "taken", "answered", "undone"), self._clock.now()
        while True:
            found = await self._store.events(
                names, since=now - self._measured_days, until=now + timedelta(seconds=1), limit=_EVENTS
            )
            if len(found) < _EVENTS or self._measured_days < _SHORTEST:
                return found
            self._measured_days /= 2

    def _due(self, what: str, every: float) -> bool:
        return self._clock.monotonic() - self._looked[what] >= every

    def _measured(self, events: Sequence[Entry]) -> dict[str, Any]:
        """How long customers waited for a person's first words, and when each operator was last asked alone, or took
        a ticket."""
        waits: dict[str, list[float]] = defaultdict(list)
        paces: dict[str, list[float]] = defaultdict(list)
        asked: dict[str, datetime] = {}
        opened: dict[str, Entry] = {}
        undone = {_cause(str(entry.data.get("of", ""))) for entry in events if entry.data.get("event") == "undone"}
        for entry in events:
            ticket = str(entry.data.get("ticket", ""))
            match entry.data.get("event"):
                case "opened":
                    opened[ticket] = entry
                case "offered":
                    to = entry.data.get("to")
                    if isinstance(to, list) and len(to) == 1:
                        asked[str(to[0])] = entry.at
                case "taken":
                    asked[str(entry.data.get("operator", ""))] = entry.at
                case "answered" if entry.data.get("first") and ticket in opened and _cause(entry.id) not in undone:
                    begun = opened.pop(ticket)
                    skill = str(begun.data.get("skill", ""))
                    if waited := self._waited(skill, begun, entry):  # at night nobody waits, nor is anybody quick
                        waits[skill].append(waited)
                        paces[skill].append(waited / _place(begun))
        return {
            "asked": asked,
            "waits": {skill: tuple(found[-_KEPT:]) for skill, found in waits.items()},
            "paces": {skill: tuple(found[-_KEPT:]) for skill, found in paces.items()},
        }

    def _waited(self, skill: str, opened: Entry, answered: Entry) -> float:
        rules = self._engine.rules
        return hours.business_seconds(
            rules.workspace.hours, skill, opened.at, answered.at, channel=opened.channel, closures=rules.floor.closures
        )


def _place(opened: Entry) -> int:
    place = opened.data.get("place")
    return place if isinstance(place, int) and place > 0 else 1


def _cause(entry: str) -> str:
    """The signal by which an entry came about, by the entry's name."""
    return entry.rpartition(".")[0]


def _put_off(conversation: Conversation) -> datetime:
    """Until when nobody is asked to take what waits; in the past for all else."""
    ticket = conversation.ticket
    waits = ticket is not None and conversation.stage is Stage.QUEUED and ticket.offer is None
    return ticket.promise if ticket is not None and waits and ticket.promise is not None else _LONG_AGO


def _opens_at(rules: Rules, skill: str, channel: str, now: datetime) -> datetime | None:
    """When people who are away now are back; None while they are there, and where they never come."""
    closures = rules.floor.closures
    if rules.timetable.is_open(skill, now, channel, closures):
        return None
    return hours.opens_at(rules.workspace.hours, skill, now, channel=channel, closures=closures)


def _known(ticket: Ticket, opens_at: datetime) -> bool:
    """Whether the customer was told of that opening or a later one, or could not be, and people know."""
    if ticket.promise is not None:
        return ticket.promise >= opens_at
    return ticket.offer is not None and ticket.offer.until == opens_at


def _priority(conversation: Conversation) -> int:
    return conversation.ticket.priority if conversation.ticket else 0


def _open_ticket(conversation: Conversation) -> OpenTicket | None:
    held = conversation.ticket
    if held is None:
        return None
    return OpenTicket(
        conversation=conversation.id,
        id=held.id,
        skill=held.skill,
        stage=conversation.stage,
        opened_at=held.opened_at,
        language=held.language,
        priority=held.priority,
        assignee=held.assignee.id if held.assignee else "",
        offered=held.offer.to if held.offer else (),
        held=held.held_until is not None,
        asked_at=held.asked_at,
    )
