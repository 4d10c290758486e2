"""`time`: dates, times and spans of time in words: "послезавтра в три", "next friday at 5", "25.11 с 10 до 12".

The value is ISO 8601 in the sender's time zone, told from when the message was sent: a day
(2026-11-24), a moment (2026-11-24T15:00+03:00), or a span (start/end, the end being no part of it).
Without that time nothing is found. dateparser was tried in its place: it loses "в три", reads "may be"
as May, and takes a second for a page of digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from nlu.ready.count_grammar import Counts
from nlu.ready.day_grammar import Days
from nlu.ready.found import Found, Setting
from nlu.ready.hour_grammar import Clock
from nlu.ready.time_grammar import Day, Hour, Hours, Line, Span, words

_AFTERNOON = range(1, 8)
"""Hours that are taken for those after noon when nobody says which: "в три" is 15:00."""


def find(text: str, setting: Setting) -> Iterator[Found]:
    if setting.at is None:
        return
    found = words(text)
    line = Line(found)
    days, clock = Days(line, setting.at, month_first=setting.region == "US"), Clock(line)
    counts = Counts(line, setting.at)
    at = 0
    while at < len(found):
        try:
            moment = _moment(days, clock, counts, at, setting.at)
        except (OverflowError, ValueError):
            moment = None  # no such moment in the calendar
        if moment is None:
            at += 1
            continue
        value, behind = moment
        yield Found("time", value, found[at].start, found[behind - 1].end)
        at = behind


def _moment(days: Days, clock: Clock, counts: Counts, at: int, now: datetime) -> tuple[str, int] | None:
    """What begins at a word, and the word behind it: a day, an hour and a part of the day, in any order,
    each once at most."""
    soon = counts.delta(at)
    if soon is not None:
        return "/".join(_iso(moment) for moment in soon[0]), soon[1]
    day: Day | None = None
    hours: Hours | None = None
    part: Span | None = None
    behind = at
    while True:
        begin = clock.skip_joint(behind) if behind > at else behind
        if day is None and (read_day := days.day(begin)):
            day, end = read_day
        elif hours is None and (read_hours := clock.hours(begin, day_known=day is not None)):
            hours, end = read_hours
        elif part is None and (read_part := clock.part(begin, alone=day is None and hours is None)):
            part, end = read_part
        else:
            break
        behind = end
    if behind == at:
        return None
    if day is None and part is None and hours and not clock.stands_alone(at, behind, hours):
        return None
    return _value(day, hours, part, now), behind


def _value(day: Day | None, hours: Hours | None, part: Span | None, now: datetime) -> str:
    if day is not None and day.last is not None:
        return f"{day.first.isoformat()}/{day.last.isoformat()}"
    base = day.first if day else now.date()
    part = part or (day.part if day else None)
    if hours is not None:
        start = _at(base, hours.start, part, now)
        if day is None and start <= now:
            base += timedelta(days=1)
            start = _at(base, hours.start, part, now)
        if hours.end is None:
            return _iso(start)
        end = _at(base, hours.end, part, now)
        if end <= start and hours.start.hour < 12 and hours.end.hour <= 12:
            start = _at(base, hours.start._replace(exact=True), None, now)  # "с 10 до 2", "from 6 to 7"
        return f"{_iso(start)}/{_iso(end if end > start else end + timedelta(days=1))}"
    if part is None:
        return base.isoformat()
    start, end = _hour(base, part.start, now), _hour(base, part.end, now)
    if day is None and end <= now:
        start, end = start + timedelta(days=1), end + timedelta(days=1)
    return f"{_iso(start)}/{_iso(end)}"


def _at(day: date, hour: Hour, part: Span | None, now: datetime) -> datetime:
    """The moment an hour means on a day."""
    number = hour.hour
    part = hour.part or part
    if part is not None and number <= 12:
        if part.start >= 22:  # "2 часа ночи" belongs to the night before the day, "11 ночи" to its end
            number = number % 12 + (12 if 9 <= number < 12 else 0)
        elif part.start >= 12:
            number = number % 12 + 12
        else:
            number %= 12
    elif part is None and not hour.exact and number in _AFTERNOON:
        number += 12
    return datetime.combine(day, time(number % 24, hour.minute), now.tzinfo) + timedelta(days=number // 24)


def _hour(day: date, hour: int, now: datetime) -> datetime:
    return datetime.combine(day + timedelta(days=hour // 24), time(hour % 24), now.tzinfo)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")
