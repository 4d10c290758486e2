"""hours.yml: when people answer."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Any, Literal, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    StrictBool,
    StrictStr,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from flows import national_holidays
from flows.strict import Strict, wrong

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DEFAULT = "default"
EVERY = "*"
_DAYS_IN_WORDS = f"{', '.join(DAYS)}, a range like mon-fri, or daily; timezone and holidays may stand here too"
_INTERVAL = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_NAME = re.compile(r"[^/*]+(/(\*|[^/*]+))?")
_LONGEST_RANGE = 3660


# --- what is written ------------------------------------------------------------------------------


class Interval(NamedTuple):
    """Minutes since midnight of the day it belongs to. `end` is after `start`; over 1440 it is in
    the next day."""

    start: int
    end: int


def interval(words: Any) -> Interval:
    """Reads "09:00-18:00"; an end at or before the start is the next day ("22:00-06:00")."""
    match = _INTERVAL.fullmatch(words) if isinstance(words, str) else None
    if match is None or (match[3] == "24" and match[4] != "00"):
        raise wrong("expected a list of times like 09:00-18:00")
    start = int(match[1]) * 60 + int(match[2])
    end = int(match[3]) * 60 + int(match[4])
    return Interval(start, end if end > start else end + 24 * 60)


def intervals(given: Any) -> tuple[Interval, ...]:
    if not isinstance(given, list | tuple):
        raise wrong("expected a list of times like 09:00-18:00")
    found = sorted(item if isinstance(item, Interval) else interval(item) for item in given)
    for before, after in pairwise(found):
        if after.start < before.end:
            raise wrong("these times overlap; join them into one")
    return tuple(found)


def days(key: Any) -> tuple[int, ...]:
    """Reads "mon", "mon-fri", "sat,sun" or "daily" into numbers, Monday being 0."""
    if key == "daily":
        return tuple(range(7))
    found: list[int] = []
    for part in str(key).split(","):
        first, _, last = part.strip().partition("-")
        if first not in DAYS or (last and last not in DAYS):
            raise wrong(f'"{key}" is no day; expected {_DAYS_IN_WORDS}')
        start, end = DAYS.index(first), DAYS.index(last or first)
        found += range(start, end + 1) if start <= end else [*range(start, 7), *range(end + 1)]
    return tuple(found)


class Dates(NamedTuple):
    """Both belong to it."""

    first: date
    last: date


def dates(key: Any) -> Dates:
    """Reads "2027-01-01" or "2027-01-01..2027-01-08"."""
    first, _, last = str(key).partition("..")
    try:
        found = Dates(date.fromisoformat(first.strip()), date.fromisoformat((last or first).strip()))
    except ValueError:
        raise wrong(
            f'"{key}" is no date; expected one like 2027-01-01, or a range like 2027-01-01..2027-01-08'
        ) from None
    if found.last < found.first:
        raise wrong(f'"{key}" ends before it begins; write the earlier date first')
    if (found.last - found.first).days > _LONGEST_RANGE:
        raise wrong(f'"{key}" is longer than ten years; change the schedule instead')
    return found


def _whose(key: Any) -> str:
    if not isinstance(key, str) or not _NAME.fullmatch(key):
        raise wrong(
            f'"{key}" names no schedule; expected default, a skill, a channel and a skill like vk/delivery, or a '
            "channel like vk/*"
        )
    return key


def _times(given: Any) -> Any:
    intervals(given)
    return given


def _day_key(key: Any) -> Any:
    days(key)
    return str(key)


def _date_key(key: Any) -> Any:
    dates(key)
    return str(key)


def _zone(given: Any) -> Any:
    if not isinstance(given, str):
        raise wrong("expected a time zone like Europe/Moscow")
    try:
        ZoneInfo(given)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise wrong(f'"{given}" is no time zone; expected a name like Europe/Moscow') from None
    return given


def _person(given: Any) -> Any:
    return str(given) if isinstance(given, int) and not isinstance(given, bool) else given


Times = Annotated[tuple[StrictStr, ...], BeforeValidator(_times)]
Zone = Annotated[StrictStr, BeforeValidator(_zone)]
Whose = Annotated[str, BeforeValidator(_whose)]
DayKey = Annotated[str, BeforeValidator(_day_key)]
DateKey = Annotated[str, BeforeValidator(_date_key)]
Person = Annotated[str, BeforeValidator(_person), WithJsonSchema({"type": ["string", "integer"]})]


class Schedule(BaseModel):
    """Working times by weekday; a day that is not named is closed. `timezone` is the file's unless it has its
    own; `holidays`: whether national holidays are kept."""

    model_config = ConfigDict(frozen=True, extra="allow")

    timezone: Zone | None = None
    holidays: StrictBool | None = None
    __pydantic_extra__: dict[DayKey, Times]

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            raise wrong("expected days with their times like mon-fri: [09:00-18:00]")
        return given

    @model_validator(mode="after")
    def _once(self) -> Schedule:
        seen: dict[int, str] = {}
        for key in self.__pydantic_extra__:
            for day in days(key):
                if day in seen:
                    raise wrong(f'{DAYS[day]} is in "{seen[day]}" and in "{key}"; name it once')
                seen[day] = key
        return self

    @cached_property
    def week(self) -> tuple[tuple[Interval, ...], ...]:
        """The intervals that begin on each weekday (Monday is 0), in order."""
        by_day = {day: intervals(times) for key, times in self.__pydantic_extra__.items() for day in days(key)}
        return tuple(by_day.get(day, ()) for day in range(7))


class Holidays(Strict):
    """The national holidays of `country` (and of `subdivision`, a part of it, by ISO 3166), on which people are
    there in `hours`. A weekend day that is worked in exchange for a day off is worked like a `working_weekends`
    day; `as_usual`: like the day that it is."""

    country: StrictStr
    subdivision: StrictStr = ""
    hours: Times = ()
    working_weekends: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "as_usual"] = "mon"

    @field_validator("country")
    @classmethod
    def _country(cls, given: str) -> str:
        known = national_holidays.countries()
        if given not in known:
            usual = given.upper()
            mend = f'did you mean "{usual}"?' if usual in known else "expected a code of two letters like RU, DE or US"
            raise wrong(f'the holidays of "{given}" are not known; {mend}')
        return given

    @field_validator("subdivision")
    @classmethod
    def _subdivision(cls, given: str, info: ValidationInfo) -> str:
        country = info.data.get("country")
        if not given or country is None:
            return given
        known = sorted(national_holidays.subdivisions(country))
        if given not in known:
            mend = f"known: {', '.join(known)}" if known else "leave it out"
            raise wrong(f'no holidays of its own are known for "{given}" in {country}; {mend}')
        return given

    def year(self, number: int) -> national_holidays.Year:
        return national_holidays.year(self.country, self.subdivision, number)

    def name(self, day: date, language: str) -> str:
        return national_holidays.name(self.country, self.subdivision, day, language)


class Exceptional(RootModel[tuple[StrictStr, ...] | dict[StrictStr, tuple[StrictStr, ...]]]):
    """The times of an exceptional day: for everybody, or for those who are named as in `schedules`."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        if isinstance(given, list | tuple):
            return _times(given)
        if not isinstance(given, dict) or not given:
            raise wrong("expected a list of times like 09:00-18:00, or such lists by skill, like delivery: []")
        for whose, times in given.items():
            _whose(whose)
            if not isinstance(times, list | tuple):
                raise wrong(f'expected a list of times like 09:00-18:00 for "{whose}"')
            intervals(times)
        return given

    @property
    def by_name(self) -> dict[str, tuple[str, ...]]:
        return self.root if isinstance(self.root, dict) else {DEFAULT: self.root}


class Shift(Strict):
    """Who is on the roster when. `people` by operators' ids or names. Exceptions are not for shifts, national
    holidays only if `times` says so."""

    people: tuple[Person, ...] = ()
    times: Schedule


# --- what holds on a day --------------------------------------------------------------------------


class Rule(NamedTuple):
    """Why a day has its times. `name` is the schedule's, or the exception's dates."""

    kind: Literal["schedule", "exception", "holiday", "working_weekend"]
    name: str


class Day(NamedTuple):
    """The intervals that begin on a day, in order."""

    times: tuple[Interval, ...]
    rule: Rule


class Plan:
    """What holds for one channel and skill, or for one shift, all rules told in."""

    def __init__(
        self, name: str, schedule: Schedule, zone: ZoneInfo, holidays: Holidays | None, exceptions: dict[date, Day]
    ) -> None:
        self.name = name
        self.zone = zone
        self.holidays = holidays
        self._week = tuple(Day(times, Rule("schedule", name)) for times in schedule.week)
        self._exceptions = exceptions
        self._off: Day | None = None
        self._worked: Day | None = None
        if holidays is not None:
            self._off = Day(intervals(holidays.hours), Rule("holiday", name))
            if holidays.working_weekends != "as_usual":
                like = schedule.week[DAYS.index(holidays.working_weekends)]
                self._worked = Day(like, Rule("working_weekend", name)) if like else None

    def on(self, day: date) -> Day:
        exception = self._exceptions.get(day)
        if exception is not None:
            return exception
        if self.holidays is not None and self._off is not None:
            off, worked = self.holidays.year(day.year)
            if day in off:
                return self._off
            if day in worked and self._worked is not None:
                return self._worked
        return self._week[day.weekday()]


class HoursFile(Strict):
    """When people answer. `schedules` are for a channel and a skill ("vk/delivery"), a skill ("delivery"), a
    channel ("vk/*") or all the others ("default"): the first of these that is there holds. `exceptions` replace
    what a schedule or a holiday says of a day."""

    timezone: Zone
    schedules: Annotated[dict[Whose, Schedule], Field(min_length=1)]
    holidays: Holidays | None = None
    exceptions: dict[DateKey, Exceptional] = {}
    shifts: dict[StrictStr, Shift] = {}

    @model_validator(mode="after")
    def _has_default(self) -> HoursFile:
        if DEFAULT not in self.schedules:
            raise wrong('schedules need one called "default"')
        return self

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def plan(self, skill: str, channel: str = "") -> Plan:
        """What holds for a skill in a channel; "" is none in particular."""
        skill, channel = (skill if skill in self._named else ""), (channel if channel in self._named else "")
        found = self._plans.get((skill, channel))
        if found is None:
            names = _names(skill, channel)
            name = next(name for name in names if name in self.schedules)
            schedule = self.schedules[name]
            holidays = None if schedule.holidays is False else self.holidays
            exceptions = self._exceptions_for(names)
            found = Plan(name, schedule, self._zone_of(schedule), holidays, exceptions)
            self._plans[skill, channel] = found
        return found

    def shift(self, name: str) -> Plan | None:
        """When people of a shift are at work; None: there is no such shift."""
        found, shift = self._shifts.get(name), self.shifts.get(name)
        if found is None and shift is not None:
            holidays = self.holidays if shift.times.holidays else None
            found = Plan(name, shift.times, self._zone_of(shift.times), holidays, {})
            self._shifts[name] = found
        return found

    def on(self, skill: str, day: date, channel: str = "") -> tuple[Interval, ...]:
        """The intervals that begin on a day for a skill in a channel, all rules told in."""
        return self.plan(skill, channel).on(day).times

    @cached_property
    def _plans(self) -> dict[tuple[str, str], Plan]:
        return {}

    @cached_property
    def _shifts(self) -> dict[str, Plan]:
        return {}

    @cached_property
    def _named(self) -> frozenset[str]:
        """The skills and channels for which anything is said."""
        return frozenset(part for name in self._whose for part in name.split("/")) - {EVERY, DEFAULT}

    @property
    def channels(self) -> frozenset[str]:
        """The channels for which anything is said."""
        return frozenset(name.partition("/")[0] for name in self._whose if "/" in name)

    @property
    def _whose(self) -> frozenset[str]:
        return frozenset([*self.schedules, *(name for times in self.exceptions.values() for name in times.by_name)])

    def _zone_of(self, schedule: Schedule) -> ZoneInfo:
        return self.zone if schedule.timezone is None else ZoneInfo(schedule.timezone)

    def _exceptions_for(self, names: tuple[str, ...]) -> dict[date, Day]:
        """By day. Where several hold, the shortest range does; of equal ones the one that begins later."""
        found: dict[date, Day] = {}
        for (first, last), key in sorted(((dates(key), key) for key in self.exceptions), key=_shorter_later):
            times = self.exceptions[key].by_name
            whose = next((name for name in names if name in times), None)
            if whose is not None:
                day = Day(intervals(times[whose]), Rule("exception", key))
                found.update((first + timedelta(days=number), day) for number in range((last - first).days + 1))
        return found


def _names(skill: str, channel: str) -> tuple[str, ...]:
    """What may be said for a skill in a channel, the most particular first."""
    return (f"{channel}/{skill}", skill, f"{channel}/{EVERY}", DEFAULT)


def _shorter_later(given: tuple[Dates, str]) -> tuple[timedelta, date]:
    (first, last), _ = given
    return first - last, first
