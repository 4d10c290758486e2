"""When people are at work: schedules per skill in a time zone, overnight shifts, exceptions. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from flows.files import HoursFile

_HORIZON = 400
"""Days to look ahead: past a year of exceptions there is nothing left to find."""

_WEEKDAYS = {
    "ru": ("в понедельник", "во вторник", "в среду", "в четверг", "в пятницу", "в субботу", "в воскресенье"),
    "en": ("on Monday", "on Tuesday", "on Wednesday", "on Thursday", "on Friday", "on Saturday", "on Sunday"),
}
_MONTHS_RU = (
    "января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября",
    "декабря",
)  # fmt: skip
_MONTHS_EN = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def shifts(hours: HoursFile, skill: str, first: date) -> Iterator[tuple[datetime, datetime]]:
    """Working times as UTC instants, in order, beginning with those of the day `first`.

    A wall-clock time that a change of daylight saving skips or repeats is read as `zoneinfo` does:
    with the offset before the change.
    """
    zone = hours.zone
    for number in range(_HORIZON):
        day = first + timedelta(days=number)
        midnight = datetime.combine(day, time())
        for interval in hours.on(skill, day):
            start = (midnight + timedelta(minutes=interval.start)).replace(tzinfo=zone)
            end = (midnight + timedelta(minutes=interval.end)).replace(tzinfo=zone)
            yield start.astimezone(UTC), end.astimezone(UTC)


def is_open(hours: HoursFile, skill: str, now: datetime) -> bool:
    """Whether people of `skill` are at work at `now` (its start belongs to a shift, its end does not)."""
    return _stretch(hours, skill, now)[2]


def _stretch(hours: HoursFile, skill: str, now: datetime) -> tuple[datetime, datetime, bool]:
    """The time around `now`, from and until, in which people are all the while there, or not."""
    today = now.astimezone(hours.zone).date()
    closed_from = now
    for start, end in shifts(hours, skill, today - timedelta(days=1)):
        if start <= now < end:
            return start, end, True
        if start > now:
            return closed_from, start, False
        closed_from = end
    return closed_from, now + timedelta(days=1), False


class Timetable:
    """`is_open` for one file, remembering the stretch it is in: every message asks, and the answer
    changes a few times a day."""

    def __init__(self, hours: HoursFile) -> None:
        self._hours = hours
        self._known: dict[str, tuple[datetime, datetime, bool]] = {}

    def is_open(self, skill: str, now: datetime) -> bool:
        known = self._known.get(skill)
        if known is None or not known[0] <= now < known[1]:
            known = self._known[skill] = _stretch(self._hours, skill, now)
        return known[2]


def opens_at(hours: HoursFile, skill: str, now: datetime) -> datetime | None:
    """When people are there next, in UTC: `now` if they are; None if not within a year."""
    today = now.astimezone(hours.zone).date()
    for start, end in shifts(hours, skill, today - timedelta(days=1)):
        if now < end:
            return max(start, now)
    return None


def in_words(hours: HoursFile, when: datetime | None, now: datetime, language: str) -> str:
    """A time to tell a customer, in the schedule's zone: "завтра в 9:00", "on Monday at 9:00"."""
    russian = language == "ru"
    if when is None:
        return "в ближайшее рабочее время" if russian else "during our next working hours"
    local, today = when.astimezone(hours.zone), now.astimezone(hours.zone).date()
    clock = f"{local.hour}:{local.minute:02}"
    days = (local.date() - today).days
    if days == 0:
        day = "сегодня" if russian else "today"
    elif days == 1:
        day = "завтра" if russian else "tomorrow"
    elif days < 7:
        day = _WEEKDAYS["ru" if russian else "en"][local.weekday()]
    elif russian:
        day = f"{local.day} {_MONTHS_RU[local.month - 1]}"
    else:
        day = f"on {local.day} {_MONTHS_EN[local.month - 1]}"
    return f"{day} в {clock}" if russian else f"{day} at {clock}"
