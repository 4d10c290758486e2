"""National holidays, as the library `holidays` knows them: https://holidays.readthedocs.io/

It takes about 16 MB of memory, so it is loaded when a workspace uses it and not before; what is remembered of
it are dates.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from holidays import HolidayBase

_LANGUAGES = {"ru": "ru", "en": "en_US"}


class Year(NamedTuple):
    """`off` are the holidays, with the days off that others were moved to; `worked` the weekend days that are
    worked in exchange."""

    off: frozenset[date]
    worked: frozenset[date]


@lru_cache(maxsize=64)
def year(country: str, subdivision: str, number: int) -> Year:
    # The neighbours are read too: a day off can be given for a holiday of the next year.
    known = _holidays(country, subdivision, range(number - 1, number + 2))
    off = frozenset(day for day in known if day.year == number)
    return Year(off, frozenset(day for day in known.weekend_workdays if day.year == number) - off)


def name(country: str, subdivision: str, day: date, language: str) -> str:
    """What the holiday is called: in `language` where the library has it, else in English or the country's own;
    "" if that day is none."""
    told: str = _holidays(country, subdivision, (day.year,), _LANGUAGES.get(language, language)).get(day, "")
    return told


def countries() -> Iterable[str]:
    """The codes that can be named, of two letters (ISO 3166-1)."""
    from holidays.registry import COUNTRIES  # a list of names; the calendars themselves stay unread

    return [code for _, *codes in COUNTRIES.values() for code in codes if len(code) == 2]


def subdivisions(country: str) -> Iterable[str]:
    """The codes of a country's parts; none where holidays are the same everywhere."""
    from holidays import list_supported_countries

    return list_supported_countries()[country]


def _holidays(country: str, subdivision: str, years: Iterable[int], language: str | None = None) -> HolidayBase:
    from holidays import country_holidays

    return country_holidays(country, subdiv=subdivision or None, years=years, expand=False, language=language)
