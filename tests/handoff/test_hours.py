"""Schedules: lunch breaks, overnight shifts, exceptions, daylight saving, and how a time is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from flows.files import HoursFile
from handoff import hours

MOSCOW = ZoneInfo("Europe/Moscow")


def made(zone: str = "Europe/Moscow", **schedules: Any) -> HoursFile:
    exceptions = schedules.pop("exceptions", {})
    return HoursFile.model_validate({"timezone": zone, "schedules": schedules, "exceptions": exceptions})


SHOP = made(
    default={"mon-fri": ["09:00-13:00", "14:00-21:00"], "sat": ["10:00-18:00"]},
    delivery={"daily": ["08:00-02:00"]},
    exceptions={"2026-12-31": ["09:00-16:00"], "2027-01-01": []},
)


def at(text: str, zone: ZoneInfo = MOSCOW) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("when", "skill", "open_"),
    [
        ("2026-11-20T12:59", "general", True),
        ("2026-11-20T13:00", "general", False),
        ("2026-11-20T13:30", "general", False),
        ("2026-11-20T14:00", "general", True),
        ("2026-11-21T17:59", "general", True),
        ("2026-11-22T12:00", "general", False),
        ("2026-11-22T01:30", "delivery", True),
        ("2026-11-22T02:00", "delivery", False),
        ("2026-11-22T07:59", "delivery", False),
        ("2026-12-31T17:00", "general", False),
        ("2027-01-01T12:00", "general", False),
        ("2027-01-01T00:30", "delivery", False),
    ],
)
def test_open_or_not(when: str, skill: str, open_: bool) -> None:
    assert hours.is_open(SHOP, skill, at(when)) is open_


@pytest.mark.parametrize(
    ("when", "skill", "opens"),
    [
        ("2026-11-20T10:00", "general", "2026-11-20T10:00"),
        ("2026-11-20T13:30", "general", "2026-11-20T14:00"),
        ("2026-11-21T19:00", "general", "2026-11-23T09:00"),
        ("2026-12-31T20:00", "general", "2027-01-02T10:00"),
        ("2026-11-22T05:00", "delivery", "2026-11-22T08:00"),
    ],
)
def test_when_people_are_back(when: str, skill: str, opens: str) -> None:
    assert hours.opens_at(SHOP, skill, at(when)) == at(opens)


def test_the_timetable_remembers_and_still_tells_the_truth_around_every_change() -> None:
    table = hours.Timetable(SHOP)
    minutes = [at("2026-11-20T08:00") + timedelta(minutes=step) for step in range(0, 4 * 24 * 60, 7)]
    for skill in ("general", "delivery"):
        for now in [*minutes, *reversed(minutes)]:
            assert table.is_open(skill, now) is hours.is_open(SHOP, skill, now)


def test_a_schedule_without_hours_never_opens() -> None:
    closed = made(default={"mon": []})
    now = at("2026-11-20T10:00")
    assert not hours.is_open(closed, "general", now)
    assert hours.opens_at(closed, "general", now) is None
    assert hours.in_words(closed, None, now, "en") == "during our next working hours"


def test_a_shift_keeps_its_wall_clock_over_both_changes_of_daylight_saving() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    shop = made("Europe/Berlin", default={"daily": ["09:00-17:00"]})
    for day in ("2026-03-28", "2026-03-29", "2026-10-25", "2026-10-26"):
        assert not hours.is_open(shop, "x", at(f"{day}T08:59", berlin))
        assert hours.is_open(shop, "x", at(f"{day}T09:00", berlin))
        assert not hours.is_open(shop, "x", at(f"{day}T17:00", berlin))


@pytest.mark.parametrize(
    ("opens", "russian", "english"),
    [
        ("2026-11-20T14:00", "сегодня в 14:00", "today at 14:00"),
        ("2026-11-21T09:05", "завтра в 9:05", "tomorrow at 9:05"),
        ("2026-11-23T09:00", "в понедельник в 9:00", "on Monday at 9:00"),
        ("2027-01-02T10:00", "2 января в 10:00", "on 2 January at 10:00"),
    ],
)
def test_a_time_in_words(opens: str, russian: str, english: str) -> None:
    now = at("2026-11-20T13:30")
    assert hours.in_words(SHOP, at(opens), now, "ru") == russian
    assert hours.in_words(SHOP, at(opens), now, "en") == english
