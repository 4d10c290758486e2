"""A year in seconds: what customers are told of when people are there, and the stored timers that keep it, over
weekends, nights, both changes of daylight saving, leap days, holidays, closures and restarts."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from estafeta.clock import TestClock
from estafeta.kernel.model import Stage
from flows.handoff_file import Skill
from flows.hours_file import DAYS, HoursFile
from flows.model import Workspace
from handoff import hours
from handoff.floor import Closure
from tests.engine.able import ABLE
from tests.engine.endings import close
from tests.engine.test_calling import happened, held, later, on_floor, until
from tests.engine.words import Words
from tests.handoff.test_hours_year import HALF_HOUR, moments, obviously_open
from tests.world import RecordingChannel, World

MOSCOW, BERLIN = ZoneInfo("Europe/Moscow"), ZoneInfo("Europe/Berlin")
Begun = Callable[..., AbstractAsyncContextManager[World]]


def at(text: str, zone: ZoneInfo = MOSCOW) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def scheduled(small: Workspace, skill: dict[str, Any], **schedule: Any) -> Workspace:
    """With one skill, these hours, nothing taken back and no questions of how it was."""
    rules = small.bot.handoff
    rules = rules.model_copy(update={"undo": 0, "survey": rules.survey.model_copy(update={"on": False})})
    skills = {"general": Skill.model_validate({"title": "General", **skill})}
    bot = small.bot.model_copy(update={"skills": skills, "handoff": rules})
    return replace(small, bot=bot, hours=HoursFile.model_validate(schedule))


@pytest.fixture
def begun(tmp_path: Path, small: Workspace) -> Begun:
    """A world at a time, with a schedule. Leaving one and entering the next is a restart."""
    channel = RecordingChannel(capabilities=ABLE)
    number = 0

    @asynccontextmanager
    async def world(clock: TestClock, skill: dict[str, Any] | None = None, **schedule: Any) -> AsyncIterator[World]:
        nonlocal number
        workspace = scheduled(small, skill or {}, **schedule)
        made = World(tmp_path / "year.db", workspace, Words(), clock, channel=channel)
        made._number = number  # what people do after a restart is new
        async with made.running():
            yield made
        number = made._number

    return world


def said(world: World) -> str:
    return world.channel.texts[-1]


# --- a year --------------------------------------------------------------------------------------

WEEK = {
    "mon": ["09:00-13:00", "14:00-18:30"], "tue": ["22:00-06:00"], "thu": ["10:00-10:30"],
    "fri": ["18:00-02:30"], "sat": ["23:00-05:00"], "sun": ["23:30-00:30"],
}  # fmt: skip


def openings(start: date, end: date) -> list[datetime]:
    """When people come, found the slow and obvious way."""
    found, before = [], True
    for now, wall in moments(BERLIN, start, end, HALF_HOUR):
        open_ = obviously_open(lambda day: WEEK.get(DAYS[day.weekday()], []), wall)
        if open_ and not before:
            found.append(now)
        before = open_
    return found


async def test_every_promise_of_a_year_is_kept_through_restarts(begun: Begun) -> None:
    opens = openings(date(2028, 1, 1), date(2029, 1, 8))
    clock = TestClock(at("2028-01-01T12:00", BERLIN))
    schedule = {"timezone": "Europe/Berlin", "schedules": {"default": WEEK}}
    asked = promised = 0
    for month in (3, 5, 8, 10, 13):
        ends = datetime(2028 + month // 13, (month - 1) % 12 + 1, 1, tzinfo=BERLIN)
        async with begun(clock, **schedule) as world:
            while clock.now() < ends:
                asked += 1
                await world.says("a person please")
                promise = (await held(world)).promise
                if promise is not None:
                    promised += 1
                    assert promise == opens[bisect_right(opens, clock.now().astimezone(UTC))]
                    words = hours.in_words(world.engine.rules.workspace.hours, promise, clock.now(), "en")
                    assert said(world) == f"People are back {words}"
                    await until(world, clock, promise + timedelta(seconds=30))
                    assert (await held(world)).offer is not None, "people are asked when they come"
                await world.operator("Hello")
                await world.operator(close())
                await later(world, clock, 150 * 3600 + 2171)
    async with begun(clock, **schedule) as world:
        names = ("promised", "promise_moved", "promise_kept", "promise_broken")
        kept = await world.store.events(names, since=at("2028-01-01T00:00"), until=clock.now(), limit=1000)
        assert [entry.data["event"] for entry in kept] == ["promised", "promise_kept"] * promised
    assert asked > 50
    assert promised > 30


# --- daylight saving, leap days ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asks", "first", "due"),
    [
        # The night of 28 March lasts seven hours: half an hour of the six is left for the next one.
        ("2026-03-28T23:30", 6 * 3600, "2026-03-29T22:30"),
        # That of 24 October lasts nine.
        ("2026-10-24T23:30", 6 * 3600, "2026-10-25T04:30"),
        ("2026-10-24T23:30", 8 * 3600, "2026-10-25T22:30"),
        ("2026-10-25T05:00", 2 * 3600, "2026-10-25T23:00"),
    ],
)
async def test_aims_are_kept_by_overnight_shifts_over_a_change_of_the_clocks(
    begun: Begun, asks: str, first: int, due: str
) -> None:
    clock = TestClock(at(asks, BERLIN))
    schedule = {"timezone": "Europe/Berlin", "schedules": {"default": {"daily": ["22:00-06:00"]}}}
    async with begun(clock, {"first_answer": first}, **schedule) as world:
        await world.says("a person please")
        await world.operator("take")
        called = at(due, BERLIN).astimezone(UTC) - timedelta(seconds=first * 0.2)
        await until(world, clock, called - timedelta(seconds=1))
        assert "answer_due" not in {notice.text for _, notice, _ in world.desk.shown}
    async with begun(clock, {"first_answer": first}, **schedule) as world:  # what was set before is kept after
        await until(world, clock, called + timedelta(seconds=1))
        [notice] = [notice for _, notice, _ in world.desk.shown if notice.text == "answer_due"]
        assert notice.values == {"until": at(due, BERLIN).astimezone(UTC).isoformat()}


@pytest.mark.parametrize(
    ("asks", "told", "promise"),
    [
        ("2026-03-28T23:00", "tomorrow at 3:00", "2026-03-29T03:00"),  # 2:30 is skipped
        ("2026-10-24T23:00", "tomorrow at 2:30", "2026-10-25T02:30"),  # 2:30 comes twice: the first
    ],
)
async def test_a_time_that_the_clocks_skip_or_show_twice_is_told_and_kept(
    begun: Begun, asks: str, told: str, promise: str
) -> None:
    clock = TestClock(at(asks, BERLIN))
    schedule = {"timezone": "Europe/Berlin", "schedules": {"default": {"daily": ["02:30-07:00"]}}}
    async with begun(clock, **schedule) as world:
        await world.says("a person please")
        assert said(world) == f"People are back {told}"
        assert (await held(world)).promise == at(promise, BERLIN).astimezone(UTC)
        await until(world, clock, at(promise, BERLIN).astimezone(UTC) + timedelta(seconds=30))
        await world.operator("Good morning")
        assert [line["event"] for line in await happened(world, "promise_kept", "promise_broken")] == ["promise_kept"]


@pytest.mark.parametrize(
    ("asks", "told", "promise"),
    [
        ("2028-02-28T19:00", "tomorrow at 9:00", "2028-02-29T09:00"),
        ("2028-02-29T19:00", "tomorrow at 9:00", "2028-03-01T09:00"),
        ("2027-02-28T19:00", "tomorrow at 9:00", "2027-03-01T09:00"),
        ("2028-02-22T19:00", "on 29 February at 9:00", "2028-02-29T09:00"),
    ],
)
async def test_the_leap_day_is_promised_and_kept(begun: Begun, asks: str, told: str, promise: str) -> None:
    clock = TestClock(at(asks))
    away: dict[str, list[str]] = {"2028-02-23..2028-02-28": []} if asks.startswith("2028-02-22") else {}
    schedule = {
        "timezone": "Europe/Moscow", "schedules": {"default": {"daily": ["09:00-18:00"]}}, "exceptions": away,
    }  # fmt: skip
    async with begun(clock, **schedule) as world:
        await world.says("a person please")
        assert said(world) == f"People are back {told}"
        assert (await held(world)).promise == at(promise)
        await until(world, clock, at(promise) + timedelta(seconds=30))
        await world.operator("Hello")
        assert len(await happened(world, "promise_kept")) == 1


# --- Russia --------------------------------------------------------------------------------------

RUSSIA = {
    "timezone": "Europe/Moscow", "holidays": {"country": "RU"}, "schedules": {"default": {"mon-fri": ["09:00-18:00"]}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("asks", "told", "promise"),
    [
        ("2025-12-30T19:00", "on 12 January at 9:00", "2026-01-12T09:00"),
        ("2026-12-30T19:00", "on 11 January at 9:00", "2027-01-11T09:00"),
        ("2027-12-30T19:00", None, None),  # what is moved to or from January 2028 is not published yet
        ("2026-03-06T19:00", "on Tuesday at 9:00", "2026-03-10T09:00"),  # 8 March is a Sunday
        ("2027-02-19T19:00", "tomorrow at 9:00", "2027-02-20T09:00"),  # a Saturday worked in exchange
        ("2027-02-20T19:00", "on Wednesday at 9:00", "2027-02-24T09:00"),  # for the Monday before the holiday
        ("2027-11-03T19:00", "on Monday at 9:00", "2027-11-08T09:00"),  # a day off moved from January
    ],
)
async def test_the_holidays_of_russia_are_told_once_and_outlived(
    begun: Begun, asks: str, told: str | None, promise: str | None
) -> None:
    clock = TestClock(at(asks))
    async with begun(clock, **RUSSIA) as world:
        await world.says("a person please")
        back = (await held(world)).promise
        assert back is not None
        if told is None or promise is None:
            assert back >= at("2028-01-09T09:00")
            return
        assert (said(world), back) == (f"People are back {told}", at(promise))
    async with begun(clock, **RUSSIA) as world:
        before = len(world.channel.texts)
        await until(world, clock, back - timedelta(seconds=1))
        assert len(world.channel.texts) == before, "once for all of the holidays"
        found = await until(world, clock, back + timedelta(seconds=30))
        assert found.stage is Stage.QUEUED
        assert (await held(world)).offer is not None
        await world.operator("Happy New Year")
        assert len(await happened(world, "promise_kept")) == 1


# --- weekends and closures -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("closed", "due"),
    [
        ((), "2026-11-23T09:20"),
        (("2026-11-23T09:00", "2026-11-23T11:00"), "2026-11-23T11:20"),
        (("2026-11-20T17:55", "2026-11-23T09:30"), "2026-11-23T09:55"),
        (("2026-11-23T09:10", "2026-11-23T14:00"), "2026-11-23T14:10"),
    ],
)
async def test_aims_do_not_count_the_weekend_nor_a_closure_by_hand(
    begun: Begun, closed: tuple[str, ...], due: str
) -> None:
    clock = TestClock(at("2026-11-20T17:50"))
    schedule = {"timezone": "Europe/Moscow", "schedules": {"default": {"mon-fri": ["09:00-18:00"]}}}
    async with begun(clock, {"first_answer": 1800}, **schedule) as world:
        await world.says("a person please")
        await world.operator("take")
        if closed:  # said after the aim was reckoned
            on_floor(world, closures=(Closure(skill="general", since=at(closed[0]), until=at(closed[1])),))
        await until(world, clock, at(due) - timedelta(minutes=6, seconds=1))
        assert "answer_due" not in {notice.text for _, notice, _ in world.desk.shown}
        await until(world, clock, at(due) - timedelta(minutes=5, seconds=59))
        [notice] = [notice for _, notice, _ in world.desk.shown if notice.text == "answer_due"]
        assert notice.values == {"until": at(due).astimezone(UTC).isoformat()}
        await until(world, clock, at(due))
        await world.operator("Hello")
        [answered] = await happened(world, "answered")
        assert answered["waited"] == pytest.approx(1800, abs=5)
