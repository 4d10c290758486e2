"""The team: who is there, what waits for them, who may come in, when people are away, and who changed what. Who may do
what is decided by the roster."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from estafeta.kernel.model import Entry, EntryId, Operator, Stage
from estafeta.kernel.ports import Clock, Store
from estafeta.roster import Roster
from handoff import reports
from handoff.desks.web import checks, wire_team
from handoff.desks.web.floorview import Seen, team
from handoff.desks.web.reception import Reception, WorkspaceOf
from handoff.desks.web.refusals import Refused
from handoff.desks.web.sessions import DESK, Sessions
from handoff.desks.web.sockets import Sockets
from handoff.floor import Member

TICKETS = 500
WAITS_OF = timedelta(hours=24)
WAITS = 2_000
SEEN_FOR = 2.0
"""Seconds for which what was counted is told again: every open page asks."""

LINES = 200

REPORT_DAYS = 92
BACKGROUND = timedelta(days=30)
"""Events from so long before a report tell of those in it."""

EVENTS = 5_000
"""Read at once."""

REPORTS: Mapping[str, tuple[str, ...]] = {
    "promises": ("promises", "promises_by_skill"),
    "handoffs": ("handoffs", "handoffs_by_reason", "handoffs_by_skill"),
    "endings": ("endings",),
    "sla": ("sla",),
    "csat": ("csat",),
    "operators": ("operators",),
}
"""What of a report each kind tells."""


class TeamRequests:
    def __init__(
        self,
        *,
        reception: Reception,
        store: Store,
        clock: Clock,
        roster: Roster,
        sessions: Sessions,
        sockets: Sockets,
        workspace: WorkspaceOf | None,
        skills: Iterable[str],
    ) -> None:
        self._reception = reception
        self._store = store
        self._clock = clock
        self._roster = roster
        self._sessions = sessions
        self._sockets = sockets
        self._workspace = workspace
        self._skills = tuple(skills)
        self._seen: tuple[float, Seen] | None = None
        self._looking = asyncio.Lock()

    # --- what is there ---------------------------------------------------------------------------

    async def team(self, request: web.Request) -> web.Response:
        session = await self._reception.session(request)
        return checks.answer(team(await self._look(), self._skills, session.operator))

    async def _look(self) -> Seen:
        async with self._looking:
            if self._seen is None or self._clock.monotonic() - self._seen[0] >= SEEN_FOR:
                self._seen = (self._clock.monotonic(), await self.look())
            return self._seen[1]

    async def look(self) -> Seen:
        now = self._clock.now()
        stages = [Stage.QUEUED, Stage.HUMAN]
        until = now + timedelta(seconds=1)
        taken = await self._store.events(["taken"], since=now - WAITS_OF, until=until, limit=WAITS)
        conversations = await self._store.conversations(stages=stages, limit=TICKETS)
        opened = await self._store.events(["opened"], since=now - 2 * WAITS_OF, until=until, limit=2 * WAITS)
        return Seen(
            now=now,
            conversations=conversations,
            members=await self._roster.members(),
            closures=await self._roster.closures(),
            waits=_waits(opened, taken),
            workspace=self._workspace() if self._workspace is not None else None,
        )

    def _changed(self) -> None:
        """Whoever changed something sees it at once; other processes in `SEEN_FOR`."""
        self._seen = None

    # --- oneself and others ----------------------------------------------------------------------

    async def set_presence(self, request: web.Request) -> web.Response:
        session = await self._reception.session(request)
        asked = await checks.body(request, wire_team.SetPresence)
        until = self._clock.now() + timedelta(minutes=asked.minutes) if asked.minutes else None
        await self._roster.set_presence(session.operator, asked.presence, until, by=session.operator)
        self._changed()
        return checks.nothing()

    async def change_member(self, request: web.Request) -> web.Response:
        session = await self._reception.session(request)
        asked = await checks.body(request, wire_team.ChangeMember)
        member = await self._member(request)
        fields = asked.model_dump(exclude_none=True)
        presence = fields.pop("presence", None)
        if fields:
            await self._roster.change(member.desk, member.id, by=session.operator, **fields)
        if presence is not None:
            who = Operator(id=member.id, name=member.name, desk=member.desk)
            await self._roster.set_presence(who, presence, None, by=session.operator)
        self._changed()
        return checks.nothing()

    async def remove_member(self, request: web.Request) -> web.Response:
        """Their sessions end at once: nobody is let in by one who is not on the roster."""
        session = await self._reception.session(request)
        asked = await checks.body(request, wire_team.RemoveMember)
        member = await self._member(request)
        await self._roster.remove(member.desk, member.id, by=session.operator, why=asked.why or "by_hand")
        if member.desk == DESK:
            await self._sockets.close_operator(member.id)
        self._changed()
        return checks.nothing()

    async def link(self, request: web.Request) -> web.Response:
        """A log-in of a member of this desk, for their next session or their other device."""
        session = await self._reception.session(request)
        await checks.body(request, wire_team.Nothing)
        member = await self._member(request)
        if member.desk != DESK:
            raise Refused(404, "unknown_member")
        return checks.answer(wire_team.Code(code=await self._sessions.code_for(member, by=session.operator)))

    async def invite(self, request: web.Request) -> web.Response:
        session = await self._reception.session(request)
        asked = await checks.body(request, wire_team.Invite)
        token = await self._roster.invite(
            by=session.operator,
            role=asked.role,
            skills=asked.skills,
            languages=asked.languages,
            capacity=asked.capacity,
            desk=DESK,
            hours=asked.hours,
        )
        return checks.answer(wire_team.Code(code=token), status=201)

    async def _member(self, request: web.Request) -> Member:
        found = await self._roster.member(request.match_info["desk"], request.match_info["member"])
        if found is None:
            raise Refused(404, "unknown_member")
        return found

    # --- when people are away, and who changed what ----------------------------------------------

    async def close(self, request: web.Request) -> web.Response:
        session = await self._reception.session(request)
        asked = await checks.body(request, wire_team.CloseUntil)
        if asked.skill and self._skills and asked.skill not in self._skills:
            raise Refused(400, "unknown_skill")
        await self._roster.close(asked.skill, asked.until, by=session.operator)
        self._changed()
        return checks.nothing()

    async def reopen(self, request: web.Request) -> web.Response:
        session = await self._reception.session(request)
        asked = await checks.body(request, wire_team.Reopen)
        await self._roster.reopen(asked.skill, by=session.operator)
        self._changed()
        return checks.nothing()

    async def audit(self, request: web.Request) -> web.Response:
        await self._reception.member(request, "supervisor")
        limit = checks.number(request, "limit", default=LINES, low=1, high=1_000)
        lines = await self._roster.audited(limit)
        return checks.answer(wire_team.Audit(lines=[_line(line) for line in lines]))

    async def report(self, request: web.Request) -> web.Response:
        await self._reception.member(request, "supervisor")
        kind = request.match_info["kind"]
        if kind not in REPORTS or self._workspace is None:
            raise Refused(404, "unknown_report")
        now = self._clock.now()
        until = _asked_time(request, "until", now)
        since = _asked_time(request, "since", until - timedelta(days=7))
        if not timedelta(0) < until - since <= timedelta(days=REPORT_DAYS):
            raise Refused(400, "report_time", days=REPORT_DAYS)
        closures = await self._roster.closures(over=now - since + BACKGROUND)
        until = min(until, now)  # nobody is late yet for what is still to come
        reading = reports.Reading(self._workspace(), since=since, until=until, closures=closures)
        async for entry in self._events(reports.BACKGROUND, since - BACKGROUND, since):
            reading.add(entry)
        async for entry in self._events(reports.EVENTS, since, until):
            reading.add(entry)
        found = asdict(reading.report())
        data = {name: found[name] for name in REPORTS[kind]}
        return checks.answer(wire_team.Report(kind=kind, since=since, until=until, data=data))

    async def _events(self, names: Sequence[str], since: datetime, until: datetime) -> AsyncIterator[Entry]:
        """All of them, each once, however many there are."""
        limit, told = EVENTS, set[EntryId]()
        while True:
            page = await self._store.events(names, since=since, until=until, limit=limit)
            fresh = [entry for entry in page if entry.id not in told]
            for entry in fresh:
                yield entry
            if len(page) < limit:
                return
            limit = limit if fresh else limit * 2  # more of one moment than a page holds
            since = page[-1].at
            told = {entry.id for entry in page if entry.at == since}


def _asked_time(request: web.Request, name: str, otherwise: datetime) -> datetime:
    """A time of the query, with its zone. Raises `Refused`."""
    given = request.query.get(name)
    if given is None:
        return otherwise
    found = _time(given)
    if found is None:
        raise Refused(400, "field_wrong", field=name)
    if found.tzinfo is None:
        raise Refused(400, "field_zone", field=name)
    return found


def _waits(opened: Iterable[Entry], taken: Iterable[Entry]) -> dict[str, list[float]]:
    """Seconds that people were waited for, by the skill that the ticket was opened for."""
    skills = {(entry.conversation, entry.data.get("ticket")): str(entry.data.get("skill", "")) for entry in opened}
    found: dict[str, list[float]] = {}
    for entry in taken:
        waited = entry.data.get("waited")
        skill = str(entry.data.get("skill") or skills.get((entry.conversation, entry.data.get("ticket")), ""))
        if isinstance(waited, int | float) and skill:
            found.setdefault(skill, []).append(float(waited))
    return found


def _line(line: Mapping[str, Any]) -> wire_team.AuditLine:
    """A line of an older version may lack something; it is shown all the same."""
    by = line.get("by")
    name = by.get("name") or by.get("id", "") if isinstance(by, Mapping) else by or ""
    data = line.get("data")
    return wire_team.AuditLine(
        at=_time(line.get("at")),
        what=str(line.get("what", "")),
        by=str(name),
        data=dict(data) if isinstance(data, Mapping) else {},
    )


def _time(told: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(told))
    except ValueError:
        return None
