"""What holds for every schedule: opening is never in a closed time, business time adds up, and `after` is its
inverse."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flows.hours_file import DAYS, HoursFile
from handoff import hours
from handoff.floor import Closure

ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Europe/Moscow",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Havana",
]
MICROSECOND = timedelta(microseconds=1)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def _clock(minutes: int) -> str:
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


@st.composite
def day_times(draw: st.DrawFn) -> list[str]:
    marks = sorted(draw(st.lists(st.integers(0, 1439), max_size=6, unique=True)))
    found = [f"{_clock(start)}-{_clock(end)}" for start, end in zip(marks[::2], marks[1::2], strict=False)]
    if len(marks) % 2:  # the last one goes over midnight
        found.append(f"{_clock(marks[-1])}-{_clock(draw(st.integers(0, marks[-1])))}")
    return found


@st.composite
def files(draw: st.DrawFn) -> HoursFile:
    week: dict[str, Any] = {day: draw(day_times()) for day in draw(st.sets(st.sampled_from(DAYS), min_size=1))}
    offsets = st.integers(0, 1400).map(lambda number: (BEGIN + timedelta(days=number)).date().isoformat())
    return HoursFile.model_validate(
        {
            "timezone": draw(st.sampled_from(ZONES)),
            "schedules": {"default": week},
            "exceptions": draw(st.dictionaries(offsets, day_times(), max_size=3)),
        }
    )


instants = st.integers(0, 4 * 365 * 86400).map(lambda seconds: BEGIN + timedelta(seconds=seconds))
lengths = st.integers(0, 40 * 86400).map(lambda seconds: timedelta(seconds=seconds))


@st.composite
def closures(draw: st.DrawFn, around: datetime) -> tuple[Closure, ...]:
    def one() -> Closure:
        since = around + timedelta(minutes=draw(st.integers(-3000, 30000)))
        until = since + timedelta(minutes=draw(st.integers(-10, 5000)))
        return Closure(skill=draw(st.sampled_from(["", "general", "delivery"])), since=since, until=until)

    return tuple(one() for _ in range(draw(st.integers(0, 3))))


@given(files(), instants, st.data())
@settings(max_examples=150)
def test_people_who_open_are_there_and_were_not_before(held: HoursFile, now: datetime, data: st.DataObject) -> None:
    closed = data.draw(closures(now))
    opens = hours.opens_at(held, "general", now, closures=closed)
    if opens is None:
        assert not hours.is_open(held, "general", now, closures=closed)
        return
    assert opens >= now
    assert hours.is_open(held, "general", opens, closures=closed)
    assert hours.business_seconds(held, "general", now, opens, closures=closed) == 0
    assert not any(one.since <= opens < one.until for one in closed if one.skill in ("", "general"))
    leaves = hours.closes_at(held, "general", opens, closures=closed)
    if leaves is not None:
        assert hours.is_open(held, "general", leaves - MICROSECOND, closures=closed)
        assert not hours.is_open(held, "general", leaves, closures=closed)


@given(files(), instants, lengths, lengths, st.data())
@settings(max_examples=150)
def test_business_time_adds_up(
    held: HoursFile, start: datetime, first: timedelta, second: timedelta, data: st.DataObject
) -> None:
    closed = data.draw(closures(start))
    middle, end = start + first, start + first + second

    def between(since: datetime, until: datetime) -> float:
        return hours.business_seconds(held, "general", since, until, closures=closed)

    assert 0 <= between(start, middle) <= first.total_seconds()
    assert between(start, middle) + between(middle, end) == between(start, end)
    assert between(end, start) == 0


@given(files(), instants, st.integers(0, 20 * 86400), st.data())
@settings(max_examples=150)
def test_after_is_the_inverse_of_business_time(
    held: HoursFile, start: datetime, seconds: int, data: st.DataObject
) -> None:
    closed = data.draw(closures(start))
    found = hours.after(held, "general", start, seconds, closures=closed)
    if found is None:
        assert hours.opens_at(held, "general", start + timedelta(days=4 * 365), closures=closed) is None
        return
    assert found >= start
    assert hours.business_seconds(held, "general", start, found, closures=closed) == seconds
    if seconds:
        assert hours.business_seconds(held, "general", start, found - MICROSECOND, closures=closed) < seconds


@given(files(), instants, st.data())
@settings(max_examples=100)
def test_working_times_are_in_order_and_apart(held: HoursFile, start: datetime, data: st.DataObject) -> None:
    closed = data.draw(closures(start))
    end = start + timedelta(days=30)
    spans = list(hours.working(held, "general", start, end, closures=closed))
    assert all(start <= opens < leaves <= end for opens, leaves in spans)
    assert all(before.end < then.start for before, then in pairwise(spans))
    for one in closed:
        if one.skill != "delivery":
            assert not any(max(one.since, opens) < min(one.until, leaves) for opens, leaves in spans)


def _scattered(now: datetime) -> Iterator[datetime]:
    for number in range(60):
        yield now + timedelta(minutes=(number * 7919) % 20160)


@given(files(), instants, st.data())
@settings(max_examples=60)
def test_the_timetable_remembers_nothing_wrong(held: HoursFile, start: datetime, data: st.DataObject) -> None:
    table = hours.Timetable(held)
    closed = data.draw(closures(start))
    for now in _scattered(start):
        for given_ in ((), closed):
            expected = hours.is_open(held, "general", now, closures=given_)
            assert table.is_open("general", now, closures=given_) is expected
