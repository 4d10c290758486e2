"""Flows that begin by the calendar: `start: {schedule: {at, days, tag}}`. For one process at a time.

When a flow's moment comes, every customer with its tag is told so by a signal, whose id says for which flow, moment and
conversation it is: telling again, after a crash or from two processes at once, tells nothing new. How far it has come
lies in the store, under "scheduled:" and the flow's name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog

from estafeta.kernel.codec import DecodingError, decode, encode
from estafeta.kernel.errors import EstafetaError
from estafeta.kernel.model import ConversationId, EventHappened, Json, Signal, SignalId
from estafeta.kernel.ports import Accept, Clock, Store
from flows.flow_file import Schedule
from flows.model import Workspace

_log = structlog.get_logger("schedule")

EVERY = 20.0
"""Seconds between two looks at the calendar."""
MISSED = timedelta(hours=1)
"""What should have happened longer ago, while no process was there to do it, is left out: good morning in the evening
helps nobody."""
PAGE = 100
PAUSE = 1.0
"""So many customers are told in a page, and so many seconds lie between two pages: what a hundred thousand of them are
told must not stand in the way of those who write meanwhile."""
KEY = "scheduled:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A moment that came: customers with the `tag` up to `after` were told, the last of them at `told_at`."""

    moment: datetime
    tag: str
    told_at: datetime
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Of one flow. `times` is the schedule it was made for; moments up to `since` are done with. `run` is under way."""

    times: str
    since: datetime
    run: Run | None = None


def latest(schedule: Schedule, zone: ZoneInfo, now: datetime) -> datetime:
    """The last moment of the schedule that is not behind `now`, in UTC. A time that comes twice when the clocks go
    back counts once, the first time; one that they skip going forward comes as much later as they skip
    (https://docs.python.org/3/library/datetime.html#datetime.datetime.fold)."""
    hour, minute = map(int, schedule.at.split(":"))
    today = now.astimezone(zone).date()
    for back in range(9):  # today's may be still to come; then the same day of last week is the last
        day = today - timedelta(days=back)
        moment = datetime.combine(day, time(hour, minute), tzinfo=zone).astimezone(UTC)
        if day.weekday() in schedule.days and moment <= now:
            return moment
    raise ValueError("a schedule has at least one day a week")


def looked_at(schedule: Schedule, zone: ZoneInfo, before: Progress | None, now: datetime) -> Progress:
    """What is to be done at `now`. A schedule that is new, or was changed, begins with its next moment."""
    times = f"{schedule.at} {','.join(map(str, schedule.days))} {zone.key} {schedule.tag}"
    run = before.run if before is not None else None
    if run is not None and now - run.told_at > MISSED:
        run = None
    if before is None or before.times != times:
        return Progress(times=times, since=now, run=run)
    moment = latest(schedule, zone, now)
    if moment <= before.since:
        return replace(before, run=run)
    if now - moment > MISSED:
        return replace(before, since=moment, run=run)
    return replace(before, since=moment, run=Run(moment=moment, tag=schedule.tag, told_at=now))


def signal(flow: str, moment: datetime, conversation: ConversationId, now: datetime) -> Signal:
    """The same for the same flow, moment and conversation."""
    digest = hashlib.sha256(f"{flow}\0{moment.isoformat()}\0{conversation}".encode("utf-8", "replace")).hexdigest()
    happened = EventHappened(name="schedule", flow=flow)
    return Signal(id=SignalId(f"schedule.{digest[:32]}"), at=now, event=happened, conversation=conversation)


class ScheduleWatch:
    """`content` tells what is in service."""

    def __init__(self, *, store: Store, clock: Clock, accept: Accept, content: Callable[[], Workspace]) -> None:
        self._store = store
        self._clock = clock
        self._accept = accept
        self._content = content

    async def run(self) -> None:
        """Until cancelled. Survives that the store is away."""
        while True:
            try:
                await self.look()
            except EstafetaError as error:
                _log.warning("schedules_not_looked_at", error=str(error))
            await self._clock.sleep(EVERY)

    async def look(self) -> int:
        """How many customers were told. Returns when all were that are to be told by now."""
        content = self._content()
        stored = {key.removeprefix(KEY): value for key, value in await self._store.items(KEY)}
        for flow in stored.keys() - content.library.scheduled.keys():
            await self._store.put(KEY + flow, None)
        told = 0
        for flow, schedule in content.library.scheduled.items():
            before = _read(flow, stored.get(flow))
            progress = looked_at(schedule, content.hours.zone, before, self._clock.now())
            if progress != before:
                await self._store.put(KEY + flow, encode(progress))
            if progress.run is not None:
                told += await self._tell(flow, progress, progress.run)
        return told

    async def _tell(self, flow: str, progress: Progress, run: Run) -> int:
        told = 0
        while page := await self._store.tagged(run.tag, after=run.after, limit=PAGE):
            now = self._clock.now()
            accepted = await self._accept([signal(flow, run.moment, conversation, now) for conversation in page])
            told += sum(one.fresh for one in accepted)
            run = replace(run, after=page[-1], told_at=now)
            await self._store.put(KEY + flow, encode(replace(progress, run=run)))
            if len(page) < PAGE:
                break
            await self._clock.sleep(PAUSE)
        await self._store.put(KEY + flow, encode(replace(progress, run=None)))
        _log.info("scheduled_flow_began", flow=flow, customers=told)
        return told


def _read(flow: str, stored: Json) -> Progress | None:
    if stored is None:
        return None
    try:
        return decode(Progress, stored)
    except DecodingError as error:
        _log.warning("schedule_not_read", flow=flow, error=type(error).__name__)
        return None
