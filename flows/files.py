"""The files of a workspace as they are written: one pydantic model per kind of file.

These models are what the loader validates, what `flows.compile` turns into something fast, and what
the JSON Schemas for editors are made from. Names and meanings are those of docs/workspace.md.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Any, Literal, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    StrictStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_INTERVAL = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)*")


def wrong(sentence: str) -> PydanticCustomError:
    """A mistake in the words an editor reads, braces and all."""
    return PydanticCustomError("expected", "{sentence}", {"sentence": sentence})


class Strict(BaseModel):
    """A mapping with known keys. Unknown ones are told to the loader, which knows where they stand
    and what else it may find wrong; without a loader they are pydantic's error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _tell_unknown_keys(cls, given: Any, info: ValidationInfo) -> Any:
        if not isinstance(given, dict):
            raise wrong(f"expected a mapping with {cls._keys_in_words()}")
        if not isinstance(info.context, dict) or "unknown" not in info.context:
            return given
        known = cls.keys()
        for key in given:
            if key not in known:
                info.context["unknown"](given, key, known)
        return {key: value for key, value in given.items() if key in known}

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        return tuple(field.alias or name for name, field in cls.model_fields.items())

    @classmethod
    def _keys_in_words(cls) -> str:
        needed = any(field.is_required() for field in cls.model_fields.values())
        return ", ".join(cls.keys()) + ("" if needed else "; {} leaves all of them out")


class LocalText(RootModel[StrictStr | dict[str, StrictStr]]):
    """A text: one string for every language, or a string for each."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _in_plain_words(cls, given: Any) -> Any:
        if isinstance(given, LocalText | str):
            return given
        if isinstance(given, bool | int | float):
            raise wrong(f'expected a text; put it in quotes: "{given}"')
        if not isinstance(given, dict) or not given:
            raise wrong('expected a text, or texts by language like {ru: "Здравствуйте", en: "Hello"}')
        for language, words in given.items():
            if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
                raise wrong(f'expected texts by language like {{ru: "…", en: "…"}}; "{language}" is no language code')
            if not isinstance(words, str):
                raise wrong(f'expected a text for the language "{language}"; put it in quotes')
        return given

    def pick(self, language: str, default: str) -> str:
        """The words in `language`, else in `default`, else in whatever language there is."""
        if isinstance(self.root, str):
            return self.root
        found = self.root.get(language)
        if found is None:
            found = self.root.get(default)
        return next(iter(self.root.values())) if found is None else found

    @property
    def languages(self) -> tuple[str, ...] | None:
        """The languages it is written in; None: one text for all."""
        return None if isinstance(self.root, str) else tuple(self.root)


# --- bot.yml -------------------------------------------------------------------------------------


class Fallback(Strict):
    """Below `confidence` a message is not understood; after `attempts` in a row a person is called."""

    confidence: Annotated[float, Field(ge=0, le=1)] = 0.45
    attempts: Annotated[int, Field(ge=1, le=100)] = 3


class HandoffRules(Strict):
    """`remind_after`: seconds until an untaken ticket is called out again; `reminders`: how often."""

    remind_after: Annotated[int, Field(ge=1)] = 120
    reminders: Annotated[int, Field(ge=0, le=100)] = 3


class Action(Strict):
    """An HTTP call. `timeout` is seconds for one try; `retries` come on top of the first try."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    url: StrictStr
    headers: dict[StrictStr, StrictStr] = {}
    timeout: Annotated[float, Field(gt=0, le=60)] = 5.0
    retries: Annotated[int, Field(ge=0, le=10)] = 2


class Phrases(Strict):
    """What the bot says outside of the flows. Those without words of their own here are needed."""

    greeting: LocalText
    fallback: LocalText
    waiting: LocalText
    waiting_closed: LocalText
    still_waiting: LocalText
    taken: LocalText
    returned: LocalText
    closed: LocalText
    already_waiting: LocalText
    unsupported: LocalText
    stuck: LocalText
    human: LocalText
    in_private: LocalText = LocalText(
        {
            "ru": "Здесь нас читают и другие. Напишите нам, пожалуйста, лично: там и ответим.",
            "en": "Others can read this. Please write to us privately, and we will answer there.",
        }
    )
    write_in_private: LocalText = LocalText({"ru": "Написать лично", "en": "Write privately"})


class BotFile(Strict):
    name: LocalText
    languages: Annotated[tuple[StrictStr, ...], Field(min_length=1)]
    skills: Annotated[dict[StrictStr, LocalText], Field(min_length=1)]
    fallback: Fallback = Fallback()
    handoff: HandoffRules = HandoffRules()
    vars: dict[StrictStr, StrictStr] = {}
    actions: dict[StrictStr, Action] = {}
    phrases: Phrases

    @field_validator("languages")
    @classmethod
    def _codes(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for code in given:
            if not _LANGUAGE.fullmatch(code):
                raise wrong(f'"{code}" is no language code; expected one like ru, en, pt-BR')
        if len(set(given)) != len(given):
            raise wrong("a language is listed twice")
        return given


# --- hours.yml -----------------------------------------------------------------------------------


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
            raise wrong(f'"{key}" is no day; expected {", ".join(DAYS)}, a range like mon-fri, or daily')
        start, end = DAYS.index(first), DAYS.index(last or first)
        found += range(start, end + 1) if start <= end else [*range(start, 7), *range(end + 1)]
    return tuple(found)


class Schedule(RootModel[dict[str, tuple[str, ...]]]):
    """Working times by weekday; a day that is not named is closed."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            raise wrong("expected days with their times like mon-fri: [09:00-18:00]")
        seen: dict[int, str] = {}
        for key, times in given.items():
            intervals(times)
            for day in days(key):
                if day in seen:
                    raise wrong(f'{DAYS[day]} is in "{seen[day]}" and in "{key}"; name it once')
                seen[day] = str(key)
        return given

    def on(self, weekday: int) -> tuple[Interval, ...]:
        """The intervals that begin on a weekday (Monday is 0), in order."""
        return self._week[weekday]

    @cached_property
    def _week(self) -> tuple[tuple[Interval, ...], ...]:
        by_day = {day: intervals(times) for key, times in self.root.items() for day in days(key)}
        return tuple(by_day.get(day, ()) for day in range(7))


class HoursFile(Strict):
    """When people answer. `exceptions` replace the day of every schedule."""

    timezone: StrictStr
    schedules: Annotated[dict[StrictStr, Schedule], Field(min_length=1)]
    exceptions: dict[date, tuple[StrictStr, ...]] = {}

    @field_validator("timezone")
    @classmethod
    def _known(cls, given: str) -> str:
        try:
            ZoneInfo(given)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise wrong(f'"{given}" is no time zone; expected a name like Europe/Moscow') from None
        return given

    @field_validator("exceptions", mode="before")
    @classmethod
    def _dates(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            raise wrong('expected dates with their times like "2027-01-01": []')
        for day, times in given.items():
            intervals(times)
            try:
                date.fromisoformat(str(day))
            except ValueError:
                raise wrong(f'"{day}" is no date; expected one like 2027-01-01') from None
        return {str(day): times for day, times in given.items()}

    @model_validator(mode="after")
    def _has_default(self) -> HoursFile:
        if "default" not in self.schedules:
            raise wrong('schedules need one called "default"')
        return self

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @cached_property
    def _by_date(self) -> dict[date, tuple[Interval, ...]]:
        return {day: intervals(times) for day, times in self.exceptions.items()}

    def schedule(self, skill: str) -> Schedule:
        """The schedule of a skill, or the default one."""
        return self.schedules.get(skill) or self.schedules["default"]

    def on(self, skill: str, day: date) -> tuple[Interval, ...]:
        """The intervals that begin on a day for a skill, exceptions told in."""
        exception = self._by_date.get(day)
        return self.schedule(skill).on(day.weekday()) if exception is None else exception


# --- replies.yml ---------------------------------------------------------------------------------


class CannedReply(Strict):
    name: StrictStr
    text: LocalText


class RepliesFile(Strict):
    replies: tuple[CannedReply, ...] = ()
