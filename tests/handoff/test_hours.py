"""Schedules: lunch breaks, overnight shifts, exceptions, daylight saving, and how a time is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from flows.hours_file import HoursFile
from handoff import hours
from handoff.floor import Closure, Member

MOSCOW = ZoneInfo("Europe/Moscow")


def made(zone: str = "Europe/Moscow", **schedules: Any) -> HoursFile:
    rest = {name: schedules.pop(name) for name in ("exceptions", "holidays", "shifts") if name in schedules}
    return HoursFile.model_validate({"timezone": zone, "schedules": schedules, **rest})


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


# --- channels and skills -------------------------------------------------------------------------

MANY = HoursFile.model_validate(
    {
        "timezone": "Europe/Moscow",
        "schedules": {
            "default": {"daily": ["09:00-10:00"]},
            "delivery": {"daily": ["11:00-12:00"]},
            "vk/*": {"daily": ["13:00-14:00"]},
            "vk/delivery": {"daily": ["15:00-16:00"]},
            "abroad": {"timezone": "Asia/Yekaterinburg", "daily": ["09:00-10:00"]},
        },
        "exceptions": {
            "2026-12-25..2027-01-05": {"vk/*": ["20:00-21:00"]},
            "2026-12-31": {"delivery": ["18:00-19:00"]},
            "2027-01-01..2027-01-03": [],
            "2027-01-02": {"vk/delivery": ["06:00-07:00"], "default": ["07:00-08:00"]},
        },
    }
)


@pytest.mark.parametrize(
    ("channel", "skill", "day", "opens"),
    [
        ("", "general", "2026-11-20", "09:00"),
        ("telegram", "general", "2026-11-20", "09:00"),
        ("telegram", "delivery", "2026-11-20", "11:00"),
        ("vk", "general", "2026-11-20", "13:00"),
        ("vk", "delivery", "2026-11-20", "15:00"),
        ("", "abroad", "2026-11-20", "07:00"),
        ("vk", "abroad", "2026-11-20", "07:00"),  # a skill goes before a channel
        ("vk", "general", "2026-12-26", "20:00"),
        ("vk", "delivery", "2026-12-26", "20:00"),
        ("", "general", "2026-12-26", "09:00"),
        ("telegram", "delivery", "2026-12-31", "18:00"),
        ("vk", "general", "2026-12-31", "20:00"),
        ("", "general", "2026-12-31", "09:00"),
        ("vk", "delivery", "2027-01-02", "06:00"),  # the shorter range holds
        ("vk", "general", "2027-01-02", "07:00"),
        ("", "general", "2027-01-02", "07:00"),
    ],
)
def test_the_most_particular_schedule_holds(channel: str, skill: str, day: str, opens: str) -> None:
    table = hours.Timetable(MANY)
    found = hours.opens_at(MANY, skill, at(f"{day}T00:00"), channel=channel)
    assert found == at(f"{day}T{opens}")
    assert table.is_open(skill, found, channel)
    assert not table.is_open(skill, found - timedelta(minutes=1), channel)


@pytest.mark.parametrize("channel", ["", "telegram", "vk"])
def test_a_range_of_closed_days_is_closed(channel: str) -> None:
    for skill in ("general", "delivery"):
        assert not any(hours.working(MANY, skill, at("2027-01-01T00:00"), at("2027-01-02T00:00"), channel=channel))


# --- closures by hand ----------------------------------------------------------------------------

FLOOD = Closure(skill="delivery", since=at("2026-11-20T12:00"), until=at("2026-11-20T16:30"), by="Анна")
EVERYBODY = Closure(skill="", since=at("2026-11-20T16:00"), until=at("2026-11-23T12:00"))


def test_a_closure_is_for_its_skill_alone() -> None:
    noon = at("2026-11-20T12:30")
    assert not hours.is_open(SHOP, "delivery", noon, closures=[FLOOD])
    assert hours.is_open(SHOP, "general", noon, closures=[FLOOD])
    assert hours.opens_at(SHOP, "delivery", noon, closures=[FLOOD]) == at("2026-11-20T16:30")
    assert hours.closes_at(SHOP, "delivery", at("2026-11-20T11:00"), closures=[FLOOD]) == at("2026-11-20T12:00")


def test_closures_that_overlap_are_one_long_one() -> None:
    closures = (FLOOD, EVERYBODY)
    assert hours.opens_at(SHOP, "delivery", at("2026-11-20T13:00"), closures=closures) == at("2026-11-23T12:00")
    assert hours.opens_at(SHOP, "general", at("2026-11-20T17:00"), closures=closures) == at("2026-11-23T12:00")
    assert hours.business_seconds(
        SHOP, "delivery", at("2026-11-20T08:00"), at("2026-11-23T13:00"), closures=closures
    ) == 5 * 3600  # fmt: skip


def test_a_closure_that_ends_before_it_begins_is_none() -> None:
    wrong = Closure(skill="", since=at("2026-11-20T12:00"), until=at("2026-11-20T11:00"))
    assert hours.is_open(SHOP, "general", at("2026-11-20T11:30"), closures=[wrong])
    assert hours.business_seconds(
        SHOP, "general", at("2026-11-20T09:00"), at("2026-11-20T13:00"), closures=[wrong]
    ) == 4 * 3600  # fmt: skip


# --- business time -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "seconds", "due"),
    [
        ("2026-11-20T10:00", 0, "2026-11-20T10:00"),
        ("2026-11-20T23:00", 0, "2026-11-20T23:00"),
        ("2026-11-20T10:00", 3600, "2026-11-20T11:00"),
        ("2026-11-20T12:30", 3600, "2026-11-20T14:30"),
        ("2026-11-20T12:30", 1800, "2026-11-20T13:00"),
        ("2026-11-21T17:00", 2 * 3600, "2026-11-23T10:00"),
        ("2026-12-31T20:00", 60, "2027-01-02T10:01"),
    ],
)
def test_so_much_business_time_later(start: str, seconds: int, due: str) -> None:
    assert hours.after(SHOP, "general", at(start), seconds) == at(due)


def test_business_time_never_passes_where_nobody_works() -> None:
    closed = made(default={"mon": []})
    assert hours.after(closed, "general", at("2026-11-20T10:00"), 1) is None
    assert hours.business_seconds(closed, "general", at("2026-11-20T10:00"), at("2027-11-20T10:00")) == 0


def test_day_and_night_it_never_closes() -> None:
    always = made(default={"daily": ["00:00-24:00"]})
    now = at("2026-11-20T10:00")
    assert hours.closes_at(always, "x", now) is None
    assert hours.opens_at(always, "x", now) == now
    assert hours.business_seconds(always, "x", now, now + timedelta(days=30)) == 30 * 86400
    assert hours.after(always, "x", now, 86400 * 1000) == now + timedelta(days=1000)
    found = hours.explain(always, "x", now)
    assert (found.open, found.closes_at, found.opens_at) == (True, None, None)


def test_shifts_that_overlap_count_once() -> None:
    shop = made(default={"fri": ["20:00-08:00"], "sat": ["06:00-12:00"]})
    assert hours.business_seconds(shop, "x", at("2026-11-20T00:00"), at("2026-11-22T00:00")) == 16 * 3600
    assert hours.closes_at(shop, "x", at("2026-11-20T21:00")) == at("2026-11-21T12:00")


# --- shifts of the roster ------------------------------------------------------------------------

ROSTER = made(
    default={"mon-fri": ["09:00-18:00"]},
    delivery={"daily": ["10:00-20:00"]},
    shifts={
        "night": {"people": ["Анна", 77], "times": {"daily": ["21:00-09:00"]}},
        "holidays": {"people": ["77"], "times": {"holidays": True, "daily": ["09:00-21:00"]}},
    },
    holidays={"country": "RU"},
)


def test_a_shift_is_on_at_its_times() -> None:
    assert hours.on_shift(ROSTER, "night", at("2026-11-20T03:00"))
    assert not hours.on_shift(ROSTER, "night", at("2026-11-20T12:00"))
    assert hours.on_shift(ROSTER, "night", at("2027-01-01T03:00"))
    assert not hours.on_shift(ROSTER, "holidays", at("2027-01-01T12:00"))
    assert hours.on_shift(ROSTER, "delivery", at("2026-11-22T19:00"))
    assert not hours.on_shift(ROSTER, "delivery", at("2026-11-22T09:00"))


@pytest.mark.parametrize("shift", ["", "evning"])
def test_no_shift_is_always_on(shift: str) -> None:
    assert hours.on_shift(ROSTER, shift, at("2027-01-01T04:00"))


def test_people_are_found_in_shifts_by_id_and_by_name() -> None:
    assert hours.shifts_of(ROSTER, "77", "Борис") == ("night", "holidays")
    assert hours.shifts_of(ROSTER, "5", "Анна") == ("night",)
    assert hours.shifts_of(ROSTER, "5", "") == ()


@pytest.mark.parametrize(
    ("member", "when", "there"),
    [
        (Member(id="5", desk="web", name="Анна"), "2026-11-20T03:00", True),
        (Member(id="5", desk="web", name="Анна"), "2026-11-20T12:00", False),
        (Member(id="77", desk="web", name="Борис"), "2026-11-20T12:00", True),  # in two shifts
        (Member(id="5", desk="web", name="Анна", shift="delivery"), "2026-11-20T12:00", True),
        (Member(id="9", desk="web", name="Вера"), "2027-01-01T04:00", True),
    ],
)
def test_the_roster_has_people_in_their_shifts(member: Member, when: str, *, there: bool) -> None:
    assert hours.on_roster(ROSTER, member, at(when)) is there


# --- why -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "skill", "open_", "russian", "english"),
    [
        ("2026-11-20T10:00", "general", True, "расписание default, в пятницу: 09:00–13:00, 14:00–21:00",
         "schedule default, on Friday: 09:00–13:00, 14:00–21:00"),
        ("2026-11-22T10:00", "general", False, "расписание default, в воскресенье: закрыто",
         "schedule default, on Sunday: closed"),
        ("2026-11-21T01:00", "delivery", True, "расписание delivery, в пятницу: 08:00–02:00",
         "schedule delivery, on Friday: 08:00–02:00"),
        ("2026-12-31T19:00", "general", False, "исключение 2026-12-31: 09:00–16:00",
         "exception 2026-12-31: 09:00–16:00"),
    ],
)  # fmt: skip
def test_the_rule_is_told_in_words(when: str, skill: str, open_: bool, russian: str, english: str) -> None:
    found = hours.explain(SHOP, skill, at(when))
    assert (found.open, found.rule.pick("ru", ""), found.rule.pick("en", "")) == (open_, russian, english)


def test_an_explanation_says_until_when_and_when_people_are_back() -> None:
    found = hours.explain(SHOP, "general", at("2026-11-20T10:00"))
    assert (found.closes_at, found.opens_at) == (at("2026-11-20T13:00"), at("2026-11-20T14:00"))
    found = hours.explain(SHOP, "general", at("2026-11-20T22:00"))
    assert (found.closes_at, found.opens_at) == (None, at("2026-11-21T10:00"))


def test_a_closure_by_hand_is_the_rule_while_it_lasts() -> None:
    found = hours.explain(SHOP, "delivery", at("2026-11-20T13:00"), closures=[FLOOD])
    assert (found.open, found.opens_at) == (False, at("2026-11-20T16:30"))
    assert found.rule.pick("ru", "") == "закрыто вручную до 2026-11-20 16:30 (Анна)"
    assert found.rule.pick("en", "") == "closed by hand until 2026-11-20 16:30 (Анна)"
    assert hours.explain(SHOP, "general", at("2026-11-20T12:30"), closures=[FLOOD]).open


def test_a_weekend_day_worked_in_exchange_is_worked_like_a_monday() -> None:
    weekdays = {"mon": ["09:00-18:00"], "tue-fri": ["09:00-17:00"], "sat": ["12:00-13:00"]}
    shop = made(default=weekdays, holidays={"country": "RU"})
    found = hours.explain(shop, "x", at("2027-02-20T10:00"))
    assert (found.open, found.closes_at) == (True, at("2027-02-20T18:00"))
    assert found.rule.pick("en", "") == "weekend day worked in exchange; schedule default: 09:00–18:00"
    usual = made(default=weekdays, holidays={"country": "RU", "working_weekends": "as_usual"})
    assert hours.opens_at(usual, "x", at("2027-02-20T00:00")) == at("2027-02-20T12:00")


# --- waits in words ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "russian", "english"),
    [
        (0.0, "минуту", "a minute"),
        (45.0, "минуту", "a minute"),
        ((30.0, 100.0), "1–2 минуты", "1–2 minutes"),
        ((280.0, 590.0), "4–10 минут", "4–10 minutes"),
        ((700.0, 1250.0), "10–25 минут", "10–25 minutes"),
        ((130.0, 61.0), "2–3 минуты", "2–3 minutes"),
        ((3600.0, 7200.0), "1–2 часа", "1–2 hours"),
        ((600.0, 7000.0), "до 2 часов", "up to 2 hours"),
        (21 * 3600.0, "21 час", "21 hours"),
    ],
)
def test_a_wait_in_words(seconds: float | tuple[float, float], russian: str, english: str) -> None:
    assert hours.in_minutes(seconds, "ru") == russian
    assert hours.in_minutes(seconds, "en") == english
