"""Dates and times of day as people write them, in Russian and English: "завтра", "в пятницу", "31.12", "7 вечера"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta

from flows.reading import Read, without

_MONTHS = (
    "январ|янв|january|jan", "феврал|фев|february|feb", "март|мар|march|mar", "апрел|апр|april|apr", "ма[йяе]|may",
    "июн|june|jun", "июл|july|jul", "август|авг|august|aug", "сентябр|сен|september|sept|sep",
    "октябр|окт|october|oct", "ноябр|ноя|november|nov", "декабр|дек|december|dec",
)  # fmt: skip
_DAYS = (
    "понедельник\\w*|пн|monday|mon", "вторник\\w*|вт|tuesday|tue", "сред[ауые]|ср|wednesday|wed",
    "четверг\\w*|чт|thursday|thu", "пятниц[ауые]|пт|friday|fri", "суббот[ауые]|сб|saturday|sat",
    "воскресень[еюя]|вс|sunday|sun",
)  # fmt: skip
_MONTH = "|".join(f"(?P<m{number}>(?:{words})[а-я]{{0,2}})" for number, words in enumerate(_MONTHS, start=1))
_DAY = "|".join(f"(?P<d{number}>{words})" for number, words in enumerate(_DAYS))
_NEAR = {
    "day after tomorrow": 2, "day before yesterday": -2, "послезавтра": 2, "позавчера": -2, "сегодня": 0, "today": 0,
    "завтра": 1, "tomorrow": 1, "вчера": -1, "yesterday": -1,
}  # fmt: skip
_UNITS = {"д": 1, "н": 7, "d": 1, "w": 7}
_CENTURY = 20
"""Years: two digits are at most so far ahead, else of the last century."""


def _pattern(source: str) -> re.Pattern[str]:
    return re.compile(source, re.IGNORECASE)


_ISO = _pattern(r"(?<!\d)(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})(?!\d)")
_DOTTED = _pattern(
    r"(?<![\d./-])(?P<day>\d{1,2})(?P<sign>[./-])(?P<month>\d{1,2})(?:(?P=sign)(?P<year>\d{4}|\d\d))?(?![\d/-]|\.\d)"
)
_YEAR = r"(?:,?\s+(?P<year>\d{4})(?!\d))?"
_DAY_MONTH = _pattern(
    rf"(?<!\d)(?P<day>\d{{1,2}})(?:-?(?:го|е|ое|st|nd|rd|th))?(?:\s+of)?\s*\b(?:{_MONTH})\b\.?{_YEAR}"
)
_MONTH_DAY = _pattern(rf"\b(?:{_MONTH})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?!\d){_YEAR}")
_WORD = _pattern(rf"\b(?:the\s+)?(?P<word>{'|'.join(_NEAR)})\b")
_IN = _pattern(
    r"\b(?:через|in)\s+(?:(?P<count>\d{1,3})\s+|an?\s+)?"
    r"(?P<unit>день|дня|дней|недел[юиь]|недель|days?|weeks?)\b"
)
_WEEKDAY = _pattern(rf"\b(?:(?P<next>следующ\w+|next)\s+)?(?:{_DAY})\b")


def read_date(text: str, today: date) -> Read | None:
    """As ISO 8601. A day of the week is the next one to come; a day without a year is the nearest such day."""
    for pattern, made in _WAYS:
        for found in pattern.finditer(text):
            try:
                day = made(found, today)
            except (ValueError, OverflowError):  # there is no 31 February
                continue
            return Read(day.isoformat(), without(text, found))
    return None


def _numbered(found: re.Match[str], today: date) -> date:
    day, month = int(found["day"]), int(found["month"])
    sign = found.groupdict().get("sign")
    if month > 12 and sign == "/":  # the American way
        day, month = month, day
    if sign == "-" and found["year"] is None:
        raise ValueError("two numbers, like those of a range")
    return _of_year(found["year"], month, day, today)


def _named(found: re.Match[str], today: date) -> date:
    month = next(number for number in range(1, 13) if found[f"m{number}"])
    return _of_year(found["year"], month, int(found["day"]), today)


def _of_year(written: str | None, month: int, day: int, today: date) -> date:
    if written is not None:
        year = int(written)
        if len(written) == 2:
            year += today.year // 100 * 100
            year -= 100 if year > today.year + _CENTURY else 0
        return date(year, month, day)
    return min(_near(month, day, today), key=lambda one: abs(one - today))


def _near(month: int, day: int, today: date) -> Iterator[date]:
    """That day of this year and those beside it, the later ones first; 29 February is not in each."""
    around = [year for year in (today.year + 1, today.year, today.year - 1) if (month, day) != (2, 29) or _leaps(year)]
    if not around:
        raise ValueError("no such day nearby")
    for year in around:
        yield date(year, month, day)


def _leaps(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _in_words(found: re.Match[str], today: date) -> date:
    return today + timedelta(days=_NEAR[" ".join(found["word"].lower().split())])


def _in(found: re.Match[str], today: date) -> date:
    return today + timedelta(days=int(found["count"] or 1) * _UNITS[found["unit"][0].lower()])


def _weekday(found: re.Match[str], today: date) -> date:
    wanted = next(number for number in range(7) if found[f"d{number}"])
    if found["next"]:  # of next week, as the words say
        return today + timedelta(days=7 - today.weekday() + wanted)
    return today + timedelta(days=(wanted - today.weekday() - 1) % 7 + 1)


_WAYS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], date]], ...] = (
    (_ISO, _numbered), (_DAY_MONTH, _named), (_MONTH_DAY, _named), (_DOTTED, _numbered), (_IN, _in), (_WORD, _in_words),
    (_WEEKDAY, _weekday),
)  # fmt: skip

_HALF = r"(?P<half>утра|вечера|дня|ночи|[ap]\.?m\b\.?)"
_CLOCK = _pattern(rf"(?<![\d:.])(?P<hour>[01]?\d|2[0-3])[:.\-](?P<minute>[0-5]\d)(?![\d:])(?:\s*{_HALF})?")
_HOUR = _pattern(rf"(?<![\d:.])(?P<hour>[01]?\d|2[0-3])\s*(?:час(?:а|ов)?\b|o'?clock\b)?\s*{_HALF}")
_BARE = _pattern(
    r"(?:^|\b(?:в|к|до|после|около|с|at|by|after|around)\s+)(?P<hour>[01]?\d|2[0-3])"
    r"(?:\s*(?:час(?:а|ов)?|ч|o'?clock))?\s*[.!]?(?=$|\s)(?!\s*\w*(?:шт|дн|мин|day|min))"
)
_NAMED_TIMES: Mapping[str, str] = {"полдень": "12:00", "noon": "12:00", "полночь": "00:00", "midnight": "00:00"}
_NAMED_TIME = _pattern(rf"\b(?:{'|'.join(_NAMED_TIMES)})\b")


def read_time(text: str) -> Read | None:
    """As HH:MM of 24 hours."""
    for pattern in (_CLOCK, _HOUR, _BARE):
        found = pattern.search(text)
        if found is not None:
            parts = found.groupdict()
            hour = _of_day(int(parts["hour"]), (parts.get("half") or "").lower())
            return Read(f"{hour:02}:{parts.get('minute') or '00'}", without(text, found))
    named = _NAMED_TIME.search(text)
    return Read(_NAMED_TIMES[named[0].lower()], without(text, named)) if named else None


def _of_day(hour: int, half: str) -> int:
    """12 in the night and 12 am are midnight; 7 in the evening and 7 pm are 19."""
    if hour > 12 or not half:
        return hour
    late = half[0] in "pвд" or (half == "ночи" and 9 <= hour < 12)
    return hour % 12 + 12 * late
