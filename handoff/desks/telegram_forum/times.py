"""Times as operators type them, in Russian and English: "30m", "2 часа", "14:00", "завтра 9:00", "mon", "31.12 18:00".
Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

MORNING = time(9)
"""What a day without an hour means."""

LONGEST = timedelta(days=365)

_UNITS = (
    (re.compile(r"(?:m|min|mins|minutes?|м|мин|минут[аыу]?)\.?"), timedelta(minutes=1)),
    (re.compile(r"(?:h|hrs?|hours?|ч|час(?:а|ов)?)\.?"), timedelta(hours=1)),
    (re.compile(r"(?:d|days?|д|дн|день|дня|дней|сут(?:ки|ок))\.?"), timedelta(days=1)),
    (re.compile(r"(?:w|weeks?|нед|недел[яиюь])\.?"), timedelta(weeks=1)),
)
_AMOUNT = re.compile(r"(\d{1,4})\s*([a-zа-я]+\.?)")
_CLOCK = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)?")
_DATE = re.compile(r"(\d{1,2})\.(\d{1,2})(?:\.(\d{4}))?|(\d{4})-(\d{2})-(\d{2})")
_FILLING = frozenset(
    ("at", "in", "for", "till", "until", "by", "on", "after", "the", "в", "во", "на", "до", "к", "через")
)
_DAYS = {"today": 0, "tomorrow": 1, "сегодня": 0, "завтра": 1, "послезавтра": 2}
_WEEKDAYS = (
    ("mon", "monday", "пн", "понедельник", "понедельника"),
    ("tue", "tuesday", "вт", "вторник", "вторника"),
    ("wed", "wednesday", "ср", "среда", "среду", "среды"),
    ("thu", "thursday", "чт", "четверг", "четверга"),
    ("fri", "friday", "пт", "пятница", "пятницу", "пятницы"),
    ("sat", "saturday", "сб", "суббота", "субботу", "субботы"),
    ("sun", "sunday", "вс", "воскресенье", "воскресенья"),
)


def when(words: str, now: datetime, zone: tzinfo) -> datetime | None:
    """The moment that is meant, in UTC, always after `now` and within a year; None when it cannot be told. Clock
    times are those of `zone`; one that is over for today is tomorrow's."""
    given = [word for word in words.casefold().replace(",", " ").split() if word not in _FILLING]
    if not given or len(given) > 6:
        return None
    try:
        lasting = _lasting(" ".join(given))
        found = now + lasting if lasting is not None else _moment(given, now.astimezone(zone))
    except (ValueError, OverflowError):
        return None
    return found.astimezone(UTC) if found is not None and now < found <= now + LONGEST else None


def split(words: str, now: datetime, zone: tzinfo) -> tuple[datetime | None, str]:
    """The time that the words begin with, as much of them as tell one, and the words behind it."""
    given = words.split()
    for count in range(min(len(given), 6), 0, -1):
        found = when(" ".join(given[:count]), now, zone)
        if found is not None:
            return found, " ".join(given[count:])
    return None, words


def _lasting(words: str) -> timedelta | None:
    """A sum of amounts: "1h 30m"."""
    total, end = timedelta(), 0
    for amount in _AMOUNT.finditer(words):
        unit = next((length for pattern, length in _UNITS if pattern.fullmatch(amount[2])), None)
        if unit is None or words[end : amount.start()].strip():
            return None
        total, end = total + int(amount[1]) * unit, amount.end()
    return total if total and not words[end:].strip() else None


def _moment(given: list[str], now: datetime) -> datetime | None:
    day = _day(given[0], now.date())
    rest = given[1:] if day is not None else given
    clock = _clock(" ".join(rest)) if rest else MORNING
    if clock is None:
        return None
    found = datetime.combine(day or now.date(), clock, now.tzinfo)
    return found + timedelta(days=1) if day is None and found <= now else found


def _day(word: str, today: date) -> date | None:
    if word in _DAYS:
        return today + timedelta(days=_DAYS[word])
    for number, names in enumerate(_WEEKDAYS):
        if word in names:
            return today + timedelta(days=(number - today.weekday() - 1) % 7 + 1)
    named = _DATE.fullmatch(word)
    if named is None or (named[1] and not 1 <= int(named[2]) <= 12):
        return None
    if named[4]:
        return date(int(named[4]), int(named[5]), int(named[6]))
    found = date(int(named[3] or today.year), int(named[2]), int(named[1]))
    return found.replace(year=today.year + 1) if not named[3] and found < today else found


def _clock(words: str) -> time | None:
    found = _CLOCK.fullmatch(words)
    if found is None:
        return None
    hour = int(found[1])
    if found[3]:
        hour = hour % 12 + (12 if found[3] == "pm" else 0) if 1 <= hour <= 12 else 24
    return time(hour, int(found[2] or 0)) if hour < 24 and int(found[2] or 0) < 60 else None
