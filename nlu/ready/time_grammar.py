"""A text as words with their places, and what dates and times are made of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from itertools import islice, pairwise
from typing import NamedTuple

from nlu.ready.numbers import small_number

MOST_WORDS = 250
"""Words and signs of a text that are looked at."""
_word = re.compile(
    r"[0-9]{4}(?P<sign>[-./])[0-9]{2}(?P=sign)[0-9]{2}(?![0-9-]|[./][0-9])"
    r"|(?<![0-9.,:/-])[0-9]{1,2}-[0-9]{1,2}-[0-9]{4}(?![0-9-]|[./][0-9])"
    r"|(?<![0-9.,:/])[0-9]{1,2}(?:\.[0-9]{1,2}\.|/[0-9]{1,2}/)(?:[0-9]{4}|[0-9]{2})(?![0-9]|[./][0-9])"
    r"|(?<![0-9.,:/])[0-9]{1,2}[:.][0-9]{2}(?![0-9]|[.:,][0-9])"
    r"|(?<![0-9.,:/])[0-9]{1,2}/[0-9]{1,2}(?![0-9/]|[.,][0-9])"
    r"|[0-9]+[.,][0-9]+|[0-9]+|o['’]clock|[ap]\.m\b\.?|[^\W\d_]+|[^\w\s]",
    re.IGNORECASE,
)
_ENDINGS = frozenset({"х", "ти", "ми", "м", "мя", "и"})
_ENDS = frozenset(".,!?;:)…\n—–")


class Word(NamedTuple):
    """In lower case, with е for ё; its place in the text."""

    text: str
    start: int
    end: int


class Span(NamedTuple):
    """Hours of a day, from its midnight."""

    start: int
    end: int


class Day(NamedTuple):
    """A day, or the days from `first` to the one before `last`."""

    first: date
    last: date | None = None
    part: Span | None = None


class Hour(NamedTuple):
    """`exact`: which half of the day is meant is known. `part`: what is said of it behind the hour."""

    hour: int
    minute: int = 0
    exact: bool = False
    part: Span | None = None


class Hours(NamedTuple):
    """A time, or a span of time. `sure`: nothing else can be meant."""

    start: Hour
    end: Hour | None
    sure: bool


def words(text: str) -> list[Word]:
    return [
        Word(match[0].lower().replace("ё", "е").replace("'", "").replace("’", ""), match.start(), match.end())
        for match in islice(_word.finditer(text), MOST_WORDS)
    ]


class Line:
    """The words of a text. Whoever reads it tells what begins at a word, and the word behind it."""

    def __init__(self, found: Sequence[Word]) -> None:
        self._texts = [word.text for word in found]
        self._glued = [False, *(one.end == other.start for one, other in pairwise(found))]

    def text(self, at: int) -> str:
        """The word there, "" outside the text."""
        return self._texts[at] if 0 <= at < len(self._texts) else ""

    def clause_ends(self, at: int) -> bool:
        return at >= len(self._texts) or self._texts[at] in _ENDS

    def number(self, at: int) -> tuple[int, int] | None:
        """A whole number up to four digits, in digits ("3", "3х", "5-ти") or in words."""
        text = self.text(at)
        if text.isdecimal() and text.isascii():
            dash = at + 1 + (self.text(at + 1) == "-")
            ending = self.text(dash) in _ENDINGS and all(self._glued[at + 1 : dash + 1])
            return (int(text), dash + 1 if ending else at + 1) if len(text) <= 4 else None
        return small_number(self._texts, at)
