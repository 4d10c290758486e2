"""Which day is meant: "послезавтра", "next friday", "25 ноября", "через две недели".

Every rule looks at a handful of words from its place on, so the work grows with the text and no faster.
"""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime, timedelta

from nlu.ready import time_words as told
from nlu.ready.count_grammar import Counts
from nlu.ready.time_grammar import Day, Line, Span

_RECENT = 30
"""Days back within which a day without a year is one that was, not one in eleven months."""
_UNKNOWN = Span(0, 0)
"""The part of a day that is only the beginning of several."""


class Days:
    """Reads days, told from `now`. `month_first`: 3/4 is the fourth of March. The methods raise
    `OverflowError` or `ValueError` for what lies outside the calendar."""

    def __init__(self, line: Line, now: datetime, *, month_first: bool) -> None:
        self._line = line
        self._text = line.text
        self._number = line.number
        self._now = now
        self._counts = Counts(line, now)
        self._month_first = month_first

    def day(self, at: int) -> tuple[Day, int] | None:
        """A day, or the first and the last of several: "пн-пт", "с 25.12 по 28.12", "25-28 декабря"."""
        opening = self._text(at) in {"с", "со", "from", "between", "между"}
        first = self._number_of_month(at + opening) or self._one(at + opening, opened=bool(opening))
        if first is None:
            return None
        joint = self._text(first[1])
        joined = joint in {"-", "–", "—", "по", "to", "till", "until", "through"} or (
            opening and joint in {"до", "and", "и"}
        )
        told_by_date = self._text(at + opening) not in told.RELATIVE | told.WEEKDAYS
        second = self._last(first[0], first[1] + 1, number=told_by_date) if joined else None
        if second is not None:
            return Day(first[0].first, second[0] + timedelta(days=1)), second[1]
        return None if opening or first[0].part == _UNKNOWN else first

    def _number_of_month(self, at: int) -> tuple[Day, int] | None:
        """A number before a dash, whose month the day behind it tells: "25-28 декабря", "с 25 по 28.12"."""
        ordinal = self._ordinal(at + (self._text(at) == "the"))
        if ordinal is None or self._text(ordinal[1]) not in {"-", "–", "—", "по", "до", "to"}:
            return None
        end = ordinal[1] + 1
        last = self._numeric(end, sure=True) or self._named(end)
        if last is None or last[0].first.day <= ordinal[0]:
            return None
        return Day(last[0].first.replace(day=ordinal[0]), part=_UNKNOWN), ordinal[1]

    def _last(self, first: Day, at: int, *, number: bool) -> tuple[date, int] | None:
        """The last of several days, from its place on; `number`: a number may tell it, as in "december 25-28"."""
        if first.last is not None:
            return None
        ordinal = self._ordinal(at + (self._text(at) == "the"))
        if ordinal and not self._named(at):
            last_day, end, formed = ordinal
            alone = formed or self._line.clause_ends(end) or self._text(end) in told.CUES
            fits = number and alone and last_day > first.first.day
            return (first.first.replace(day=last_day), end) if fits else None
        second = self._one(at, opened=True)
        if second is None or second[0].last is not None or second[0].part:
            return None
        last = second[0].first
        if last <= first.first and self._text(at) in told.WEEKDAYS:
            last += timedelta(weeks=1)
        elif last < first.first:
            last = last.replace(year=last.year + 1)
        return (last, second[1]) if timedelta(0) < last - first.first < timedelta(days=366) else None

    def _one(self, at: int, *, opened: bool = False) -> tuple[Day, int] | None:
        """A day, or what has a name of its own, like a week; `opened`: a span of days may begin or end here."""
        return (
            self._relative(at) or self._counts.day(at) or self._weekday(at, opened=opened) or self._stretch(at)
            or self._until_end(at) or self._date(at, opened=opened) or self._month(at)
        )  # fmt: skip

    def _relative(self, at: int) -> tuple[Day, int] | None:
        text, today = self._text(at), self._now.date()
        if text in told.RELATIVE:
            part = Span(*told.PARTS[text]) if text in told.PARTS else None
            end = at + 1 + (text.endswith(("шний", "шнего")) and self._text(at + 1) in {"день", "дня"})
            return Day(today + timedelta(days=told.RELATIVE[text]), part=part), end
        if text == "после" and self._text(at + 1) in {"завтра", "завтро", "зафтра"}:
            return Day(today + timedelta(days=2)), at + 2
        if text == "last" and self._text(at + 1) == "night":
            return Day(today - timedelta(days=1), part=Span(*told.PARTS["evening"])), at + 2
        if text == "the":
            at += 1
        if self._text(at) == "day" and self._text(at + 1) in {"after", "before"}:
            shift = {("after", "tomorrow"): 2, ("before", "yesterday"): -2}
            days = shift.get((self._text(at + 1), self._text(at + 2)))
            return (Day(today + timedelta(days=days)), at + 3) if days is not None else None
        return None

    def _weekday(self, at: int, *, opened: bool) -> tuple[Day, int] | None:
        """A day of the week, with the date or the week it has beside it: "пятница, 27 ноября", "monday next week"."""
        read = self._day_of_week(at, opened=opened)
        if read is None:
            return None
        day, end = read
        beside = end + (self._text(end) in {",", "("})
        beside += self._text(beside) in {"на", "of"}
        dated = self._date(beside, opened=True)
        if dated and dated[0].first.weekday() == day.first.weekday():
            return dated[0], dated[1] + (self._text(dated[1]) == ")")
        week = self._stretch(beside)
        if week and week[0].last and (week[0].last - week[0].first).days == 7:
            return Day(week[0].first + timedelta(days=day.first.weekday())), week[1]
        return day, end

    def _day_of_week(self, at: int, *, opened: bool) -> tuple[Day, int] | None:
        which = self._text(at)
        named = which in told.NEXT or which in told.LAST or which in told.THIS
        name = self._text(at + named)
        if name not in told.WEEKDAYS or self._text(at - 1) in told.SALES:
            return None
        if name in {"среда", "пятница", "суббота"} and not self._line.clause_ends(at + 1):
            return None
        if name in told.SHORT and not (opened or named or self._short_is_day(at)):
            return None
        today = self._now.date()
        ahead = told.WEEKDAYS[name] - today.weekday()
        if which in told.NEXT:  # in the week that begins on the next Monday
            ahead += 7
        elif which in told.LAST or self._text(at - 1) == "since":
            ahead = ahead % 7 - 7
        else:
            ahead = ahead % 7 or 7
        return Day(today + timedelta(days=ahead)), at + 1 + named

    def _short_is_day(self, at: int) -> bool:
        """By the word before it, by the hour or the part of the day behind it, or by standing alone."""
        before, behind = self._text(at - 1), self._text(at + 1)
        if before in told.DAY_CUES or behind in {"at", "-", "–"} | told.ENGLISH_PARTS:
            return True
        return self._line.clause_ends(at + 1) and (not before or self._line.clause_ends(at - 1))

    def _stretch(self, at: int) -> tuple[Day, int] | None:
        """As in "на следующей неделе", "this weekend", "next month"."""
        which, name = self._text(at), self._text(at + 1)
        today = self._now.date()
        monday = today - timedelta(days=today.weekday())
        move = 1 if which in told.NEXT else -1 if which in told.LAST else 0
        if which in {"выходные", "выходных"}:
            move, name, at = 0, which, at - 1
        elif not move and which not in told.THIS and not (which == "the" and name == "weekend"):
            return None
        if name in told.WEEK:
            first = monday + timedelta(weeks=move)
            inside = at + 2 + (self._text(at + 2) == ",")
            inside += self._text(inside) in {"on", "в", "во"}
            if self._text(inside) in told.WEEKDAYS:
                return Day(first + timedelta(days=told.WEEKDAYS[self._text(inside)])), inside + 1
            return Day(first, first + timedelta(weeks=1)), at + 2
        if name in told.WEEKEND:
            first = monday + timedelta(weeks=move, days=5)
            return Day(first, first + timedelta(days=2)), at + 2
        if name in told.MONTH:
            year, month = divmod(today.year * 12 + today.month - 1 + move, 12)
            after = divmod(year * 12 + month + 1, 12)
            return Day(date(year, month + 1, 1), date(after[0], after[1] + 1, 1)), at + 2
        return None

    def _until_end(self, at: int) -> tuple[Day, int] | None:
        """From today on: "до конца недели", "by the end of the month"."""
        at += self._text(at) == "the"
        if self._text(at) not in {"конца", "концу", "end"}:
            return None
        english = self._text(at) == "end"
        if english and self._text(at + 1) != "of":
            return None
        end = at + 1 + english
        end += self._text(end) in {"the", "этой", "этого", "this"}
        unit, today = told.END_OF.get(self._text(end)), self._now.date()
        if unit == "day":
            return Day(today), end + 1
        if unit == "week":
            return Day(today, today + timedelta(days=7 - today.weekday())), end + 1
        if unit == "month":
            return Day(
                today, today + timedelta(days=calendar.monthrange(*_month_of(today))[1] + 1 - today.day)
            ), end + 1
        return (Day(today, date(today.year + 1, 1, 1)), end + 1) if unit else None

    def _month(self, at: int) -> tuple[Day, int] | None:
        """A whole month: "в декабре", "until may 2027"."""
        month = told.MONTHS.get(self._text(at))
        if month is None or self._text(at - 1) not in told.MONTH_CUES or self._text(at + 1) in {"to", "the"}:
            return None
        today, end = self._now.date(), at + 1
        year = today.year + (month < today.month)
        text = self._text(end)
        if text.isdecimal() and len(text) == 4:
            year, end = int(text), end + 1
            end += self._text(end) in {"года", "году", "г"}
        return Day(date(year, month, 1), date(year + month // 12, month % 12 + 1, 1)), end

    def _date(self, at: int, *, opened: bool = False) -> tuple[Day, int] | None:
        """With the day of the week behind it, where it is the right one: "27 ноября, в пятницу"."""
        read = self._numeric(at, sure=opened) or self._named(at) or self._of_month(at)
        if read is None:
            return None
        beside = read[1] + (self._text(read[1]) in {",", "("})
        beside += self._text(beside) in {"в", "во", "on"}
        if told.WEEKDAYS.get(self._text(beside)) == read[0].first.weekday():
            return read[0], beside + 1 + (self._text(beside + 1) == ")")
        return read

    def _numeric(self, at: int, *, sure: bool) -> tuple[Day, int] | None:
        """2026-11-25, 25.11.2026, and 25.11 where it is no number: see `_short`."""
        pieces = re.split(r"[-./]", self._text(at))
        if not all(piece.isdecimal() and len(piece) in {1, 2, 4} for piece in pieces):
            return None
        if len(pieces) != 3 and not (
            len(pieces) == 2 and len(pieces[0]) < 3 and ("/" in self._text(at) or len(pieces[1]) == 2)
        ):
            return None
        numbers = [int(piece) for piece in pieces]
        if len(pieces[0]) == 4:
            return self._calendar(numbers[2], numbers[1], numbers[0], at, at + 1)
        if len(numbers) == 2 and not (sure or self._short(at, pieces)):
            return None
        day, month = numbers[0], numbers[1]
        if "/" in self._text(at) and ((self._month_first and day <= 12) or month > 12):
            day, month = month, day
        year = numbers[2] if len(numbers) == 3 else None
        end = at + 1 + (len(numbers) == 3 and self._text(at + 1) in {"г", "года"})
        return self._calendar(day, month, year + 2000 if year is not None and year < 100 else year, at, end)

    def _short(self, at: int, pieces: list[str]) -> bool:
        """Whether 25.11 is a day: behind a word like "на" or "by", before an hour ("25.11 в три"), or in four digits
        with nothing beside it that has a price, a size or a weight."""
        before, behind = self._text(at - 1), self._text(at + 1)
        if before in told.NOT_DAYS or behind in told.MEASURES:
            return False
        if before in told.DAY_CUES:
            return True
        if "/" in self._text(at) and not (
            self._line.clause_ends(at + 1) and (not before or self._line.clause_ends(at - 1))
        ):
            return False  # "дом 10/12"
        two = len(pieces[1]) == 2
        return two and (len(pieces[0]) == 2 or behind in {"в", "с", "at", "from"})

    def _named(self, at: int) -> tuple[Day, int] | None:
        """As in "25 ноября 2026 года", "twenty-fifth of november", "november 25, 2026"."""
        if self._text(at) == "the":
            at += 1
        ordinal = self._ordinal(at)
        if ordinal is not None:
            number, end, _ = ordinal
            end += self._text(end) == "of"
            if self._text(end) in told.MONTHS:
                return self._with_year(number, told.MONTHS[self._text(end)], at, self._abbreviated(end))
            return None
        if self._text(at) not in told.MONTHS:
            return None
        end = self._abbreviated(at)
        end += self._text(end) == "the"
        ordinal = self._ordinal(end)
        if ordinal is None or (self._text(at) == "may" and self._text(ordinal[1]) in told.UNITS):
            return None
        return self._with_year(ordinal[0], told.MONTHS[self._text(at)], at, ordinal[1])

    def _abbreviated(self, at: int) -> int:
        """The place behind a month: a full stop that goes on, as in "nov. 27", is the month's."""
        dotted = self._text(at + 1) == "." and len(self._text(at)) <= 4 and self._text(at) not in {"мая", "мае", "may"}
        return at + 1 + (dotted and bool(self._text(at + 2)))

    def _of_month(self, at: int) -> tuple[Day, int] | None:
        """The next such day: "25 числа", "25-го", "the 25th"."""
        article = self._text(at) == "the"
        ordinal = self._ordinal(at + article)
        if ordinal is None:
            return None
        number, end, formed = ordinal
        if self._text(end) in {"числа", "числу", "число"}:
            end += 1
        elif not formed:
            return None
        today = self._now.date()
        months = today.year * 12 + today.month - 1
        for later in range(24):
            year, month = divmod(months + later, 12)
            if number <= calendar.monthrange(year, month + 1)[1] and date(year, month + 1, number) >= today:
                return Day(date(year, month + 1, number)), end
        return None

    def _ordinal(self, at: int) -> tuple[int, int, bool] | None:
        """A day of a month, 1 to 31, and whether it has a digit with an ending ("25-го", "25th")."""
        text = self._text(at)
        if text.isdecimal() and len(text) <= 2:
            end, formed = at + 1, False
            if self._text(end) == "-" and self._text(end + 1) in {"го", "е", "ого", "ое", "му"}:
                end, formed = end + 2, True
            elif self._text(end) in {"st", "nd", "rd", "th", "го"}:
                end, formed = end + 1, True
            return (int(text), end, formed) if 1 <= int(text) <= 31 else None
        if text in told.TENS:
            unit = at + 1 + (self._text(at + 1) == "-")
            number = told.TENS[text] + told.ORDINALS.get(self._text(unit), 99)
            return (number, unit + 1, False) if number <= 31 else None
        return (told.ORDINALS[text], at + 1, False) if text in told.ORDINALS else None

    def _with_year(self, day: int, month: int, start: int, at: int) -> tuple[Day, int] | None:
        place = at + (self._text(at) == ",")
        text = self._text(place)
        if text.isdecimal() and len(text) == 4 and 1900 <= int(text) <= 2199:
            end = place + 1
            return self._calendar(day, month, int(text), start, end + (self._text(end) in {"года", "год", "г"}))
        return self._calendar(day, month, None, start, at)

    def _calendar(self, day: int, month: int, year: int | None, start: int, end: int) -> tuple[Day, int] | None:
        """Without a year the next such day; one that was in the last month, and behind "от" the one before:
        "заказ от 20 ноября"."""
        today = self._now.date()
        past = self._text(start - 1) == "от"
        earliest = today - timedelta(days=_RECENT)
        years = reversed(range(today.year - 8, today.year + 1)) if past else range(today.year - 1, today.year + 9)
        for each in years if year is None else (year,):
            if 1 <= month <= 12 and 1 <= day <= calendar.monthrange(each, month)[1]:
                found = date(each, month, day)
                if year is not None or (found <= today if past else found >= earliest):
                    return Day(found), end
        return None


def _month_of(day: date) -> tuple[int, int]:
    return day.year, day.month
