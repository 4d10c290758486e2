"""A year in seconds: every half hour of it (and every minute around a change of daylight saving) asked, and
compared with an answer found the slow and obvious way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from flows.hours_file import DAYS, HoursFile
from handoff import hours

MINUTE = timedelta(minutes=1)
HALF_HOUR = timedelta(minutes=30)
DAY = timedelta(days=1)

Times = Sequence[str]
TimesOf = Callable[[date], Times]

WEEK: Mapping[str, Times] = {
    "mon": ["09:00-13:00", "14:00-18:30"],
    "tue": ["22:00-06:00"],
    "wed": ["00:00-24:00"],
    "thu": ["02:00-03:00", "10:00-10:30"],
    "fri": ["18:00-02:30"],
    "sat": ["20:00-20:00"],
    "sun": ["01:00-02:30", "02:30-09:00", "23:30-00:30"],
}


def moments(zone: ZoneInfo, start: date, end: date, step: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """Instants, and the latest time that a clock on the wall has shown until then: while an hour comes a second
    time, that stays the end of its first coming. Exact as long as schedules are written in steps of `step`."""
    now = datetime.combine(start, time(), zone).astimezone(UTC)
    last = datetime.combine(end, time(), zone).astimezone(UTC)
    latest = now.astimezone(zone).replace(tzinfo=None)
    while now < last:
        latest = max(latest, now.astimezone(zone).replace(tzinfo=None))
        yield now, latest
        now += step


def obviously_open(times: TimesOf, wall: datetime) -> bool:
    for day in (wall.date(), wall.date() - DAY):
        for words in times(day):
            begin, end = (_on(day, clock) for clock in words.split("-"))
            if begin <= wall < (end if end > begin else end + DAY):
                return True
    return False


def _on(day: date, clock: str) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime.combine(day, time()) + timedelta(hours=hour, minutes=minute)


def by_weekday(day: date) -> Times:
    return WEEK[DAYS[day.weekday()]]


def weekly(zone: str) -> HoursFile:
    return HoursFile.model_validate({"timezone": zone, "schedules": {"default": WEEK}})


ZONES = [
    "Europe/Berlin", "America/New_York", "Europe/Moscow", "Asia/Kolkata", "Asia/Kathmandu", "UTC",
    "Australia/Lord_Howe", "America/Havana", "Africa/Casablanca",
]  # fmt: skip


@pytest.mark.parametrize("zone", ZONES)
def test_every_half_hour_of_a_year(zone: str) -> None:
    held = weekly(zone)
    table = hours.Timetable(held)
    for now, wall in moments(ZoneInfo(zone), date(2026, 1, 1), date(2027, 1, 2), HALF_HOUR):
        assert table.is_open("general", now) is obviously_open(by_weekday, wall), f"{now} ({wall})"


@pytest.mark.parametrize(
    ("zone", "changes"),
    [
        ("Europe/Berlin", "2026-03-29"),
        ("Europe/Berlin", "2026-10-25"),
        ("America/New_York", "2026-03-08"),
        ("America/New_York", "2026-11-01"),
        ("Pacific/Apia", "2011-12-30"),  # a day that was skipped
    ],
)
@pytest.mark.parametrize("times", ["22:00-06:00", "02:00-03:00", "02:17-02:44", "01:30-02:30", "02:59-09:00"])
def test_every_minute_around_a_change_of_the_clocks(zone: str, changes: str, times: str) -> None:
    day = date.fromisoformat(changes)
    held = HoursFile.model_validate({"timezone": zone, "schedules": {"default": {"daily": [times]}}})
    begins = datetime.combine(day - 2 * DAY, time(), ZoneInfo(zone)).astimezone(UTC)
    ends = datetime.combine(day + 3 * DAY, time(), ZoneInfo(zone)).astimezone(UTC)
    spans = list(hours.working(held, "general", begins, ends))
    opened = 0
    for now, wall in moments(ZoneInfo(zone), day - 2 * DAY, day + 3 * DAY, MINUTE):
        expected = obviously_open(lambda _: [times], wall)
        assert any(start <= now < end for start, end in spans) is expected, f"{now} ({wall})"
        opened += expected
    assert hours.business_seconds(held, "general", begins, ends) == 60 * opened


def test_single_answers_agree_with_the_year() -> None:
    held = weekly("Europe/Berlin")
    before: dict[datetime, bool] = {}
    for now, wall in moments(ZoneInfo("Europe/Berlin"), date(2026, 10, 19), date(2026, 11, 2), HALF_HOUR):
        before[now] = obviously_open(by_weekday, wall)
    for now, open_ in before.items():
        assert hours.is_open(held, "general", now) is open_
        changes = next((at for at, then in before.items() if at > now and then is not open_), None)
        if changes is not None:
            assert hours.opens_at(held, "general", now) == (now if open_ else changes)
            assert hours.closes_at(held, "general", now) == (changes if open_ else None)


@pytest.mark.parametrize(
    ("zone", "begins", "lasts"),
    [
        ("Europe/Berlin", "2026-03-28", 7),
        ("Europe/Berlin", "2026-10-24", 9),
        ("America/New_York", "2026-03-07", 7),
        ("America/New_York", "2026-10-31", 9),
        ("Europe/Moscow", "2026-03-28", 8),
        ("Asia/Kolkata", "2026-10-24", 8),
    ],
)
def test_a_night_lasts_as_long_as_the_night(zone: str, begins: str, lasts: int) -> None:
    held = HoursFile.model_validate({"timezone": zone, "schedules": {"default": {"daily": ["22:00-06:00"]}}})
    noon = datetime.fromisoformat(f"{begins}T12:00").replace(tzinfo=ZoneInfo(zone))
    (night,) = hours.working(held, "general", noon, noon + timedelta(hours=20))
    assert night.end - night.start == timedelta(hours=lasts)
    assert hours.business_seconds(held, "general", noon, noon + DAY) == lasts * 3600


def test_an_hour_that_is_skipped_has_no_shift_and_one_that_comes_twice_has_one() -> None:
    early = HoursFile.model_validate(
        {"timezone": "Europe/Berlin", "schedules": {"default": {"daily": ["02:10-02:40"]}}}
    )
    spring, autumn = datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert list(hours.working(early, "x", spring, spring + DAY)) == []
    (once,) = hours.working(early, "x", autumn, autumn + DAY)
    assert once == (datetime(2026, 10, 25, 0, 10, tzinfo=UTC), datetime(2026, 10, 25, 0, 40, tzinfo=UTC))


def test_a_shift_that_begins_in_a_skipped_hour_begins_with_the_change() -> None:
    held = HoursFile.model_validate({"timezone": "Europe/Berlin", "schedules": {"default": {"daily": ["02:30-04:00"]}}})
    spring = datetime(2026, 3, 28, 12, tzinfo=UTC)
    (span,) = hours.working(held, "x", spring, spring + DAY)
    assert span == (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 3, 29, 2, tzinfo=UTC))


def test_the_leap_day_is_a_day() -> None:
    held = HoursFile.model_validate(
        {
            "timezone": "Europe/Moscow",
            "schedules": {"default": {"mon-fri": ["09:00-18:00"]}},
            "exceptions": {"2028-02-29": ["10:00-12:00"]},
        }
    )
    zone = ZoneInfo("Europe/Moscow")
    evening = datetime(2028, 2, 28, 20, tzinfo=zone)
    assert hours.opens_at(held, "x", evening) == datetime(2028, 2, 29, 10, tzinfo=zone)
    assert hours.business_seconds(held, "x", evening, datetime(2028, 3, 1, tzinfo=zone)) == 2 * 3600
    assert hours.opens_at(held, "x", datetime(2028, 2, 29, 12, tzinfo=zone)) == datetime(2028, 3, 1, 9, tzinfo=zone)
    assert hours.in_words(held, datetime(2028, 2, 29, 10, tzinfo=zone), evening, "ru") == "завтра в 10:00"


# --- Russia --------------------------------------------------------------------------------------

# The production calendars of 2025 and 2026: days off on weekdays, and the Saturdays worked in exchange.
_OFF = [
    "2025-01-01", "2025-01-02", "2025-01-03", "2025-01-06", "2025-01-07", "2025-01-08", "2025-05-01", "2025-05-02",
    "2025-05-08", "2025-05-09", "2025-06-12", "2025-06-13", "2025-11-03", "2025-11-04", "2025-12-31",
    "2026-01-01", "2026-01-02", "2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08", "2026-01-09", "2026-02-23",
    "2026-03-09", "2026-05-01", "2026-05-11", "2026-06-12", "2026-11-04", "2026-12-31",
]  # fmt: skip
_WORKED = ["2025-11-01"]


def test_two_years_with_the_holidays_of_russia() -> None:
    held = HoursFile.model_validate(
        {
            "timezone": "Europe/Moscow",
            "holidays": {"country": "RU"},
            "schedules": {
                "default": {"mon-fri": ["09:00-18:00"]},
                "hotline": {"holidays": False, "mon-fri": ["09:00-18:00"]},
            },
        }
    )

    def kept(day: date) -> Times:
        if day.isoformat() in _OFF:
            return []
        return ["09:00-18:00"] if day.weekday() < 5 or day.isoformat() in _WORKED else []

    def usual(day: date) -> Times:
        return ["09:00-18:00"] if day.weekday() < 5 else []

    table = hours.Timetable(held)
    for now, wall in moments(ZoneInfo("Europe/Moscow"), date(2025, 1, 1), date(2027, 1, 1), HALF_HOUR):
        assert table.is_open("general", now) is obviously_open(kept, wall), wall
        assert table.is_open("hotline", now) is obviously_open(usual, wall), wall


def test_people_are_back_after_the_new_years_holidays_of_russia() -> None:
    zone = ZoneInfo("Europe/Moscow")
    held = HoursFile.model_validate(
        {
            "timezone": "Europe/Moscow",
            "holidays": {"country": "RU"},
            "schedules": {"default": {"mon-fri": ["09:00-18:00"]}, "delivery": {"daily": ["10:00-16:00"]}},
        }
    )
    eve = datetime(2026, 12, 30, 19, tzinfo=zone)
    assert hours.opens_at(held, "general", eve) == datetime(2027, 1, 11, 9, tzinfo=zone)
    assert hours.opens_at(held, "delivery", eve) == datetime(2027, 1, 9, 10, tzinfo=zone)
    assert hours.in_words(held, hours.opens_at(held, "general", eve), eve, "ru") == "11 января в 9:00"
    found = hours.explain(held, "general", datetime(2027, 1, 4, 12, tzinfo=zone))
    assert not found.open
    assert found.rule.pick("ru", "") == "праздник, Новогодние каникулы; расписание default: закрыто"
    assert found.rule.pick("en", "") == "holiday, New Year Holidays; schedule default: closed"
    assert found.opens_at == datetime(2027, 1, 11, 9, tzinfo=zone)
