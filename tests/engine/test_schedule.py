"""Flows that begin by the calendar: when, for whom, and once whatever dies."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from estafeta import schedule
from estafeta.clock import TestClock
from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import Address, Conversation, ConversationId, Customer, Signal, Stage
from estafeta.kernel.ports import Accepted, Change
from estafeta.schedule import EVERY, KEY, PAGE, Progress, Run, ScheduleWatch, latest, looked_at
from estafeta.tasks import ended
from flows import loader
from flows.flow_file import Schedule
from flows.model import Workspace
from tests.clocked_store import ClockedStore
from tests.engine.conftest import NOON, SMALL
from tests.engine.words import Words
from tests.world import HOME, World

MOSCOW, BERLIN = ZoneInfo("Europe/Moscow"), ZoneInfo("Europe/Berlin")
MORNING = """\
flow: morning
start: {schedule: {at: "12:30", days: mon-fri, tag: early}}
steps: [{say: "Good morning"}]
"""
SUBSCRIBE = """\
flow: subscribe
start: {command: subscribe}
steps: [{tag: early}, {say: Subscribed}]
"""


def daily(at: str, days: Sequence[int] = range(7), tag: str = "early") -> Schedule:
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    return Schedule.model_validate({"at": at, "days": [names[day] for day in days], "tag": tag})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- when ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plan", "zone", "now", "moment"),
    [
        (daily("09:30"), MOSCOW, "2026-11-20T06:30", "2026-11-20T06:30"),
        (daily("09:30"), MOSCOW, "2026-11-20T06:29", "2026-11-19T06:30"),
        (daily("00:00"), MOSCOW, "2026-11-20T21:00", "2026-11-20T21:00"),
        (daily("09:30", [4]), MOSCOW, "2026-11-20T06:29", "2026-11-13T06:30"),
        (daily("09:30", [0]), MOSCOW, "2026-11-22T23:00", "2026-11-16T06:30"),
        (daily("09:30"), BERLIN, "2026-03-28T12:00", "2026-03-28T08:30"),
        (daily("09:30"), BERLIN, "2026-03-29T12:00", "2026-03-29T07:30"),
        (daily("02:30"), BERLIN, "2026-03-29T00:59", "2026-03-28T01:30"),
        (daily("02:30"), BERLIN, "2026-03-29T01:30", "2026-03-29T01:30"),
        (daily("02:30"), BERLIN, "2026-03-30T00:29", "2026-03-29T01:30"),
        (daily("02:30"), BERLIN, "2026-10-25T00:30", "2026-10-25T00:30"),
        (daily("02:30"), BERLIN, "2026-10-25T01:30", "2026-10-25T00:30"),
        (daily("02:30"), BERLIN, "2026-10-26T01:30", "2026-10-26T01:30"),
    ],
    ids=str,
)
def test_the_latest_moment_is_by_the_clock_on_the_wall(plan: Schedule, zone: ZoneInfo, now: str, moment: str) -> None:
    assert latest(plan, zone, utc(now)) == utc(moment)


@pytest.mark.parametrize("year", [2026, 2027])
def test_every_day_of_a_year_has_one_moment_however_the_clocks_change(year: int) -> None:
    plan, now = daily("02:30"), datetime(year, 1, 2, tzinfo=UTC)
    moments = {latest(plan, BERLIN, now + timedelta(minutes=15 * n)) for n in range(4 * 24 * 363)}
    days = [moment.astimezone(BERLIN).date() for moment in sorted(moments)]
    assert len(days) == len(set(days))
    assert days[-1] - days[0] == timedelta(days=len(days) - 1)


def test_a_new_schedule_begins_with_its_next_moment() -> None:
    plan, now = daily("09:30"), utc("2026-11-20T06:31")
    first = looked_at(plan, MOSCOW, None, now)
    assert (first.since, first.run) == (now, None)
    assert looked_at(plan, MOSCOW, first, now + timedelta(hours=23)) == first
    run = looked_at(plan, MOSCOW, first, now + timedelta(days=1)).run
    assert run == Run(moment=utc("2026-11-21T06:30"), tag="early", told_at=now + timedelta(days=1))


@pytest.mark.parametrize("changed", [daily("09:00"), daily("09:30", [4]), daily("09:30", tag="late")])
def test_a_changed_schedule_begins_with_its_next_moment_and_what_has_begun_is_finished(changed: Schedule) -> None:
    now = utc("2026-11-20T06:31")
    run = Run(moment=utc("2026-11-20T06:30"), tag="early", told_at=now, after="c3")
    before = replace(looked_at(daily("09:30"), MOSCOW, None, now), run=run)
    after = looked_at(changed, MOSCOW, before, now)
    assert (after.since, after.run) == (now, run)


@pytest.mark.parametrize(("late", "runs"), [(timedelta(minutes=59), True), (timedelta(minutes=61), False)])
def test_of_what_was_missed_only_the_latest_moment_happens_while_it_is_fresh(late: timedelta, runs: bool) -> None:
    plan, moment = daily("09:30"), utc("2026-11-20T06:30")
    before = looked_at(plan, MOSCOW, None, moment - timedelta(days=9))
    after = looked_at(plan, MOSCOW, before, moment + late)
    assert after.since == moment
    assert (after.run is not None and after.run.moment == moment) is runs


def test_a_run_that_stood_still_for_long_is_given_up_and_one_that_takes_long_is_not() -> None:
    plan, moment = daily("09:30"), utc("2026-11-20T06:30")
    begun = looked_at(plan, MOSCOW, looked_at(plan, MOSCOW, None, moment - timedelta(hours=1)), moment)
    assert begun.run is not None
    assert looked_at(plan, MOSCOW, begun, moment + timedelta(hours=2)).run is None
    going = replace(begun, run=replace(begun.run, told_at=moment + timedelta(hours=2)))
    assert looked_at(plan, MOSCOW, going, moment + timedelta(hours=3)) == going


# --- for whom, and once --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("schedule") / "workspace"
    shutil.copytree(SMALL, folder)
    (folder / "flows" / "morning.yml").write_text(MORNING, encoding="utf-8")
    (folder / "flows" / "subscribe.yml").write_text(SUBSCRIBE, encoding="utf-8")
    return loader.load(folder)


@pytest.fixture
async def world(tmp_path: Path, workspace: Workspace, words: Words, clock: TestClock) -> AsyncIterator[World]:
    store = ClockedStore(tmp_path / "w.db", clock=clock)
    async with World(tmp_path / "w.db", workspace, words, clock, store=store).running() as made:
        yield made


def watching(world: World, workspace: Workspace) -> ScheduleWatch:
    return ScheduleWatch(store=world.store, clock=world.clock, accept=world.intake.accept, content=lambda: workspace)


async def pass_to(world: World, moment: datetime) -> None:
    assert isinstance(world.clock, TestClock)
    await world.clock.advance((moment - world.clock.now()).total_seconds())


async def test_who_has_the_tag_hears_of_it_at_its_time_and_nobody_else(world: World, workspace: Workspace) -> None:
    other = Address(channel="recorder", account="test", chat="petya")
    await world.says("/subscribe")
    await world.says("/start", address=other)
    watch = watching(world, workspace)
    assert await watch.look() == 0
    await pass_to(world, NOON + timedelta(minutes=29))
    assert await watch.look() == 0
    await pass_to(world, NOON + timedelta(minutes=30))
    assert await watch.look() == 1
    await world.settled()
    assert [message.to for message in world.channel.sent][-1] == HOME
    assert world.channel.texts[-1] == "Good morning"
    assert world.channel.texts.count("Good morning") == 1


async def test_a_moment_is_told_once_and_the_next_one_again(world: World, workspace: Workspace) -> None:
    await world.says("/subscribe")
    watch = watching(world, workspace)
    await watch.look()
    told = []
    for hours in range(24 * 7):  # from a Friday on
        await pass_to(world, NOON + timedelta(minutes=31, hours=hours))
        told += [hours // 24] * await watching(world, workspace).look()
    assert told == [0, 3, 4, 5, 6]


class Stumbling:
    """Accepts so many calls, then fails as a store does that went away after it wrote."""

    def __init__(self, world: World, calls: int) -> None:
        self.world = world
        self.calls = calls

    async def accept(self, signals: Sequence[Signal]) -> list[Accepted]:
        accepted = await self.world.store.accept(signals)
        if self.calls == 0:
            raise StoreUnavailable("away")
        self.calls -= 1
        return accepted


async def with_tag(world: World, count: int) -> list[ConversationId]:
    for n in range(count):
        chat = Address(channel="recorder", account="test", chat=str(n))
        conversation = Conversation(
            id=chat.conversation, address=chat, customer=Customer(addresses=(chat,), tags=("early",)), version=1,
            stage=Stage.BOT, updated_at=NOON,
        )  # fmt: skip
        await world.store.commit(Change(conversation=conversation, expected_version=0, applied=(), entries=()))
    return await world.store.tagged("early", limit=count)


async def waiting(world: World, conversations: Sequence[ConversationId]) -> list[int]:
    """How many signals wait in each."""
    return [len((await world.store.load(conversation)).signals) for conversation in conversations]


@pytest.mark.parametrize("calls", [0, 1, 2])
async def test_a_crash_midway_leaves_out_nobody_and_repeats_nothing(
    world: World, workspace: Workspace, calls: int
) -> None:
    people = await with_tag(world, 2 * PAGE + 5)
    stumbling = Stumbling(world, calls)
    first = ScheduleWatch(store=world.store, clock=world.clock, accept=stumbling.accept, content=lambda: workspace)
    await first.look()
    await pass_to(world, NOON + timedelta(minutes=30))
    assert isinstance(world.clock, TestClock)
    looking = asyncio.create_task(first.look())
    while not looking.done():
        await world.clock.advance(1)
        await asyncio.sleep(0.01)
    assert isinstance(looking.exception(), StoreUnavailable)
    reached = min(calls + 1, 2) * PAGE + (5 if calls == 2 else 0)
    assert await waiting(world, people) == [1] * reached + [0] * (len(people) - reached)
    stumbling.calls = 9
    looking = asyncio.create_task(watching_with(world, workspace, stumbling).look())
    while not looking.done():
        await world.clock.advance(1)
        await asyncio.sleep(0.01)
    assert looking.result() == len(people) - reached
    assert await waiting(world, people) == [1] * len(people)


def watching_with(world: World, workspace: Workspace, stumbling: Stumbling) -> ScheduleWatch:
    return ScheduleWatch(store=world.store, clock=world.clock, accept=stumbling.accept, content=lambda: workspace)


async def test_two_processes_at_once_tell_it_once(world: World, workspace: Workspace) -> None:
    people = await with_tag(world, 7)
    accept = Stumbling(world, 99)
    await watching_with(world, workspace, accept).look()
    await pass_to(world, NOON + timedelta(minutes=30))
    told = await asyncio.gather(*(watching_with(world, workspace, accept).look() for _ in range(4)))
    assert sum(told) == len(people)
    assert await waiting(world, people) == [1] * len(people)


async def test_it_goes_on_when_the_store_comes_back(world: World, workspace: Workspace) -> None:
    await world.says("/subscribe")
    assert isinstance(world.clock, TestClock)
    assert isinstance(world.store, ClockedStore)
    working = asyncio.create_task(watching(world, workspace).run())
    await world.clock.asleep()
    world.store.away = True
    await pass_to(world, NOON + timedelta(minutes=30, seconds=EVERY))
    world.store.away = False
    await world.clock.advance(EVERY)
    async with asyncio.timeout(10):
        while "Good morning" not in world.channel.texts:  # noqa: ASYNC110  a turn of the engine takes threads
            await asyncio.sleep(0.01)
    await ended([working])


async def test_a_flow_that_is_scheduled_no_more_is_forgotten(
    world: World, workspace: Workspace, small: Workspace
) -> None:
    await watching(world, workspace).look()
    assert [key for key, _ in await world.store.items(KEY)] == [f"{KEY}morning"]
    await watching(world, small).look()
    assert await world.store.items(KEY) == []


@pytest.mark.parametrize("rubbish", [1, "x", {}, {"times": 1}, {"times": "", "since": "soon"}])
async def test_what_cannot_be_read_begins_anew(world: World, workspace: Workspace, rubbish: object) -> None:
    await world.store.put(f"{KEY}morning", rubbish)
    assert await watching(world, workspace).look() == 0
    assert isinstance(schedule._read("morning", await world.store.get(f"{KEY}morning")), Progress)
