"""Values that a question may expect besides the workspace's own entities: read from a text when the understanding
did not find them there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date

from flows.dates import read_date, read_time
from flows.reading import Read, without

_EMAIL = re.compile(r"[\w.+-]{1,64}@[^\W_](?:[\w.-]{0,250}[^\W_])?\.[^\W\d_]{2,24}(?![\w@])")
_SPACED_OUT = ((r"\s+\.\s+", "."), (r"\s*@\s*", "@"), (r"(@[\w.-]+)\s*\.\s*(?=\w)", r"\1."))
_IN_WORDS = ((r"\s*\b(?:собака|собачка)\b\s*", "@"), (r"\s*\bточка\b\s*", "."))
_PHONE = re.compile(r"(?<![\w+])\+?\(?\d[\d\s().\u2010-\u2015\u2212-]{5,24}\d(?!\w)")
_NOT_DIGITS = re.compile(r"[^\d+]")


def _email(text: str, today: date) -> Read | None:
    """The last ways are for an address that was written with spaces, or as it is spelled on the telephone."""
    for ways in ((), _SPACED_OUT, (*_IN_WORDS, *_SPACED_OUT)):
        for way, instead in ways:
            text = re.sub(way, instead, text)
        found = _EMAIL.search(text)
        if found is not None:
            return Read(found[0].lower(), without(text, found))
    return None


def _phone(text: str, today: date) -> Read | None:
    """7 to 15 digits, as numbers of the world are (ITU-T E.164); a leading + stays."""
    for found in _PHONE.finditer(text):
        number = _NOT_DIGITS.sub("", found[0])
        if 7 <= len(number.lstrip("+")) <= 15:
            return Read(number, without(text, found))
    return None


def _time(text: str, today: date) -> Read | None:
    return read_time(text)


TYPED: Mapping[str, Callable[[str, date], Read | None]] = {
    "email": _email, "phone": _phone, "date": read_date, "time": _time,
}  # fmt: skip
"""Each takes a text and the customer's today."""
