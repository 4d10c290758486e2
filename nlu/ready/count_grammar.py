"""How far from now: "через полчаса", "in 2-3 days", "две недели назад", "минут через 20".

Every rule looks at a handful of words from its place on, so the work grows with the text and no faster.
"""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta

from nlu.ready import time_words as told
from nlu.ready.time_grammar import Day, Line

_LARGEST = 1_000
"""The most days, weeks and so on that are counted: "через 1000 дней"."""


class Counts:
    """Reads what is counted from `now` on, or back. The methods raise `OverflowError` or `ValueError` for what
    lies outside the calendar."""

    def __init__(self, line: Line, now: datetime) -> None:
        self._text = line.text
        self._number = line.number
        self._now = now

    def delta(self, at: int) -> tuple[list[datetime], int] | None:
        """Hours and minutes from now: "через полчаса", "in two hours", "20 minutes ago"; two moments for
        "через 2-3 часа"."""
        counted = self._counted(at)
        if counted is None or counted[1] not in {"hour", "minute"}:
            return None
        amounts, unit, end = counted
        seconds = 3_600 if unit == "hour" else 60
        now = self._now.astimezone(UTC).replace(second=0, microsecond=0)  # an hour is one, also when clocks change
        return [(now + timedelta(seconds=amount * seconds)).astimezone(self._now.tzinfo) for amount in amounts], end

    def day(self, at: int) -> tuple[Day, int] | None:
        """Days, weeks, months, years from today."""
        counted = self._counted(at)
        if counted is None or counted[1] in {"hour", "minute"}:
            return None
        days = [self._away(amount, counted[1]) for amount in counted[0]]
        return Day(days[0], days[1] + timedelta(days=1) if len(days) > 1 else None), counted[2]

    def _away(self, amount: float, unit: str) -> date:
        today = self._now.date()
        if unit in {"day", "week"}:
            return today + timedelta(days=int(amount * (7 if unit == "week" else 1)))
        months = today.year * 12 + today.month - 1 + int(amount * (12 if unit == "year" else 1))
        year, month = divmod(months, 12)
        return date(year, month + 1, min(today.day, calendar.monthrange(year, month + 1)[1]))

    def _counted(self, at: int) -> tuple[list[float], str, int] | None:
        """An amount of a unit from now (below zero: before) or two, the unit, and the word behind."""
        unit = told.UNITS.get(self._text(at))
        if unit and self._text(at + 1) == "через":  # "минут через 20"
            number = self._number(at + 2)
            return ([float(number[0])], unit, number[1]) if number and number[0] <= _LARGEST else None
        forward = self._text(at) in {"через", "in", "спустя"}
        at += forward
        at += forward and self._text(at) in told.ABOUT
        low = self._number(at)
        several = low is not None and self._text(low[1]) in {"-", "–", "—"}
        measure = self._measure(low[1] + 1 if low and several else at)
        if measure is None:
            return None
        amounts = [measure[0]]
        if several and low:
            if not low[0] < measure[0]:
                return None
            amounts.insert(0, float(low[0]))
        if forward:
            return amounts, measure[1], measure[2]
        if self._text(measure[2]) == "from" and self._text(measure[2] + 1) in {"now", "today"}:
            return amounts, measure[1], measure[2] + 2
        if self._text(measure[2]) in {"назад", "ago"}:
            return [-amount for amount in reversed(amounts)], measure[1], measure[2] + 1
        return None

    def _measure(self, at: int) -> tuple[float, str, int] | None:
        text = self._text(at)
        if text == "полчаса":
            return 0.5, "hour", at + 1
        if text == "полгода":
            return 6, "month", at + 1
        if text == "half" and self._text(at + 1) in {"an", "a"} and self._text(at + 2) == "hour":
            return 0.5, "hour", at + 3
        if text in {"полтора", "полторы"} and self._text(at + 1) in told.UNITS:
            unit = told.UNITS[self._text(at + 1)]
            return (1.5, unit, at + 2) if unit in {"hour", "minute"} else None
        amount: float = 1
        end = at
        if text in {"пару", "парочку"}:
            amount, end = 2, at + 1
        elif text == "a" and self._text(at + 1) == "couple":
            amount, end = 2, at + 2 + (self._text(at + 2) == "of")
        elif text in {"a", "an"}:
            end = at + 1
        elif text not in told.SINGLE:
            number = self._number(at)
            if number is None or number[0] > _LARGEST:
                return None
            amount, end = number
            half = self._halves(end)
            amount, end = amount + half / 2, end + half * 2
        if self._text(end) not in told.UNITS:
            return None
        unit = told.UNITS[self._text(end)]
        half = (self._text(end + 1), self._text(end + 2), self._text(end + 3)) == ("and", "a", "half")
        return (amount + 0.5, unit, end + 4) if half else (amount, unit, end + 1)

    def _halves(self, at: int) -> bool:
        return (self._text(at), self._text(at + 1)) == ("с", "половиной")
