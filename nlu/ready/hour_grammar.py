"""Which hour is meant: "в три", "half past five", "с 10 до 12", "утром".

Every rule looks at a handful of words from its place on, so the work grows with the text and no faster.
"""

from __future__ import annotations

import re

from nlu.ready import time_words as told
from nlu.ready.time_grammar import Hour, Hours, Line, Span


class Clock:
    """Reads hours and parts of the day."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._text = line.text
        self._number = line.number

    def skip_joint(self, at: int) -> int:
        """Over what may stand between a day and its hour, but for a word that the hour needs."""
        for _ in range(3):
            at += self._text(at) in {",", "on", "the", "на", "t", *told.ABOUT}
            if (self._text(at), self._text(at + 1), self._text(at + 2)) == ("где", "-", "то"):
                at += 3
            elif self._text(at) in {"не", "часа", "часов", "часиков"} and self._text(at + 1) in told.CUES:
                at += 1
        at -= self._text(at - 1) == "около" and self._number(at) is not None
        if self._text(at) == "в" and self._text(at + 1) in told.WEEKDAYS:
            at += 1
        return at

    def stands_alone(self, at: int, behind: int, hours: Hours) -> bool:
        """Whether what has no day beside it is a time: by what is said, or by the end of the clause behind it."""
        cued = hours.end is not None or self._text(at) in told.LONE_CUES
        return hours.sure or (cued and self._line.clause_ends(behind))

    def part(self, at: int, *, alone: bool) -> tuple[Span, int] | None:
        """A part of the day; `alone`: no day and no hour stands beside it."""
        text = self._text(at)
        if text in told.ADVERBS or (text in told.PARTS and not alone and text not in told.ENGLISH_PARTS):
            return Span(*told.PARTS[text]), at + 1
        if phrase := told.PHRASES.get((text, self._text(at + 1))):
            return Span(*phrase), at + 2
        if text == "с" and self._text(at + 1) == "утра" and not alone:
            return Span(*told.PARTS["утра"]), at + 2
        half = at + (text in {"в", "во"})
        if self._text(half) in {"первой", "второй"} and (self._text(half + 1), self._text(half + 2)) == (
            "половине",
            "дня",
        ):
            return Span(*told.PARTS["утра" if self._text(half) == "первой" else "дня"]), half + 3
        opening = text in {"in", "this", "at"}
        at += opening
        at += self._text(at) == "the"
        at += self._text(at) in {"early", "late"}
        if self._text(at) in told.ENGLISH_PARTS and (opening or not alone):
            return Span(*told.PARTS[self._text(at)]), at + 1
        return None

    def hours(self, at: int, *, day_known: bool = False) -> tuple[Hours, int] | None:
        """`day_known`: a day stands before it, so that "18-20" are hours."""
        return self._range(at, day_known=day_known) or self._one(at, day_known=day_known)

    def _one(self, at: int, *, day_known: bool) -> tuple[Hours, int] | None:
        cue = self._text(at) in told.CUES
        at += self._text(at) == "в" and self._text(at + 1) == "районе"
        read = self._hour(at + cue, cue=cue, dotted=day_known)
        if read is None:
            return None
        hour, end, sure = read
        sure = sure or (day_known and self._text(at)[-3:-2] == ".")
        return (Hours(hour, None, sure), end) if sure or cue else None

    def _range(self, at: int, *, day_known: bool) -> tuple[Hours, int] | None:
        """As in "с 10 до 12", "from 9 to 5", "between 3 and 5", "14:00-18:00"."""
        opening = self._text(at) in {"с", "from", "between", "между"}
        first = self._ended(at + opening, cue=opening, dotted=day_known)
        if first is None:
            return None
        joint = self._text(first[1])
        if joint in {"and", "и"}:
            opened = self._text(at) in {"between", "между", "from", "с"}
        else:
            opened = joint in {"-", "–", "—"} or (
                joint in {"до", "to", "till", "until", "по"} and (opening or first[2])
            )
        second = self._ended(first[1] + 1, cue=opening, dotted=day_known) if opened else None
        if second is None or not (opening or second[2] or (day_known and joint in {"-", "–", "—"})):
            return None
        start, end = first[0], second[0]
        if end.exact and not start.exact and end.hour >= 12 and start.hour <= end.hour - 12:
            start = start._replace(hour=start.hour + 12, exact=True)  # "3-5pm"
        return Hours(start, end, first[2] or second[2]), second[1]

    def _ended(self, at: int, *, cue: bool, dotted: bool) -> tuple[Hour, int, bool] | None:
        """An end of a range, with the part of the day said of it: "с 9 утра до 6 вечера"."""
        read = self._hour(at, cue=cue, dotted=dotted)
        if read is None or read[0].exact:
            return read
        word = self._text(read[1])
        if word in {"утра", "вечера", "ночи"} or (word == "дня" and cue):
            return read[0]._replace(part=Span(*told.PARTS[word])), read[1] + 1, True
        part = self.part(read[1], alone=True) if word in {"in", "at"} else None
        return (read[0]._replace(part=part[0]), part[1], True) if part else read

    def _hour(self, at: int, *, cue: bool, dotted: bool) -> tuple[Hour, int, bool] | None:
        """An hour, the word behind it, and whether it is surely one. `dotted`: 18.30 is one too."""
        text = self._text(at)
        if text in told.NOON:
            return Hour(told.NOON[text], exact=True), at + 1, True
        if half := self._half(at):
            return half
        if match := re.fullmatch(r"([0-9]{1,2})([:.])([0-9]{2})", text):
            oclock, minute = int(match[1]), int(match[3])
            if oclock > 24 or minute > 59 or (match[2] == "." and not self._dotted(at, cue=cue or dotted)):
                return None
            # In English "at 5:30" is told by a clock of twelve hours.
            exact = not (1 <= oclock <= 12 and match[1][0] != "0" and self._text(at - 1) in told.ENGLISH_CUES)
            return self._halved(Hour(oclock % 24, minute, exact=exact), at + 1, sure=match[2] == ":", cue=cue)
        number = (1, at + 1) if text in {"час", "часу"} and cue else self._number(at)
        if number is None or not 0 <= number[0] <= 24 or (len(text) > 2 and text.isdecimal()):
            return None
        hour = Hour(number[0] % 24, exact=number[0] > 12 or number[0] == 0 or text.startswith("0"))
        named = self._text(number[1]) in told.HOURS
        minutes = self._minutes(number[1] + named, named=named, digits=text.isdecimal()) if cue or not named else None
        if minutes is not None:
            return self._halved(hour._replace(minute=minutes[0]), minutes[1], sure=cue, cue=cue)
        oclock = self._text(number[1]) == "oclock"
        return self._halved(hour, number[1] + named, sure=oclock or (named and cue), cue=cue or named)

    def _dotted(self, at: int, *, cue: bool) -> bool:
        """Whether 18.30 is an hour: behind a word of time, or before "pm"; and no price, no weight."""
        behind = self._text(at + 1)
        return behind in {"am", "pm"} or (cue and behind not in told.MEASURES)

    def _minutes(self, at: int, *, named: bool, digits: bool) -> tuple[int, int] | None:
        """Behind an hour: "в 6 часов 30 минут", "at seven thirty", "в 18 30", "в 18-30", "двадцать ноль ноль"."""
        if self._text(at) == "ноль" and not named:
            zero = self._number(at + 1)
            return zero if zero is not None and zero[0] < 10 else None
        if digits and self._text(at) == "-" and re.fullmatch("00|25|[345][05]", self._text(at + 1)):
            return int(self._text(at + 1)), at + 2
        number = self._number(at)
        if number is None or number[0] > 59:
            return None
        if named:
            minutes = told.UNITS.get(self._text(number[1])) == "minute" or self._text(number[1]) == "м"
            return (number[0], number[1] + 1) if minutes else None
        as_digits = len(self._text(at)) == 2 and self._text(at).isdecimal() and len(self._text(at - 1)) == 2
        if digits:
            return number if as_digits and self._text(number[1]) not in told.MONTHS else None
        return number if number[0] >= 10 and not self._text(at).isdecimal() else None

    def _halved(self, hour: Hour, at: int, *, sure: bool, cue: bool = True) -> tuple[Hour, int, bool]:
        """With what is said of the half of the day. Without a word before it "2 дня" are two days."""
        text = self._text(at).replace(".", "")
        if text in {"am", "pm"} and hour.hour <= 12:
            return hour._replace(hour=hour.hour % 12 + (12 if text == "pm" else 0), exact=True), at + 1, True
        half = (
            text in {"утра", "вечера", "ночи"}
            or (text == "дня" and cue)
            or (text in {"in", "at"} and bool(self.part(at, alone=True)))
        )
        return hour, at, sure or (half and hour.hour <= 12)

    def _half(self, at: int) -> tuple[Hour, int, bool] | None:
        """Of an hour: "half past five", "quarter to six", "в половине шестого", "полшестого"."""
        text = self._text(at)
        if text in {"half", "quarter"} and self._text(at + 1) in {"past", "to"}:
            number = self._number(at + 2)
            if number is None or not 1 <= number[0] <= 12:
                return None
            minutes = 30 if text == "half" else 15
            total = number[0] * 60 + (minutes if self._text(at + 1) == "past" else -minutes)
            return self._halved(Hour(total // 60, total % 60), number[1], sure=True)
        if (past := self._number(at)) and past[0] in {5, 10, 20, 25} and self._text(past[1]) in {"past", "to"}:
            number = self._number(past[1] + 1)
            if number is None or not 1 <= number[0] <= 12 or (self._text(past[1]) == "to" and text.isdecimal()):
                return None
            total = (number[0] * 60 + (past[0] if self._text(past[1]) == "past" else -past[0])) % 720
            return self._halved(Hour((total // 60) or 12, total % 60), number[1], sure=True)
        if text == "без":
            before = (15, at + 2) if self._text(at + 1) == "четверти" else self._number(at + 1)
            number = self._number(before[1]) if before else None
            if before is None or number is None or not (1 <= number[0] <= 12 and 1 <= before[0] <= 30):
                return None
            total = (number[0] * 60 - before[0]) % 720
            return self._halved(Hour(total // 60, total % 60), number[1], sure=True)
        minute = 15 if text == "четверть" else 30
        if text in {"половине", "половину", "половина", "четверть", "пол"}:
            end = at + 1 + (self._text(at + 1) == "-")
            name, end = self._text(end), end + 1
        elif text.startswith("пол"):
            name, end = text.removeprefix("пол"), at + 1
        else:
            return None
        hour = told.ORDINALS.get(name, 13) if name.endswith("го") else 13
        if text == "пол" and name.isdecimal() and len(name) <= 2:
            hour = int(name) or 13
        return self._halved(Hour((hour - 1) or 12, minute), end, sure=True) if hour <= 12 else None
