"""`phone-number`: what a number plan knows as a number that could be dialled, as +79031234567 (E.164)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from phonenumbers import PhoneNumberFormat, PhoneNumberMatcher, format_number

from nlu.ready.found import Found, Setting

_TRIES = 100
"""Runs of digits in one text that are held against the number plans."""
_abroad = re.compile(r"(?<![\d+])00(?=[1-9][\d ()-]{6})")
"""What most of the world dials where others write a plus; as long as what is put in its place."""


def find(text: str, setting: Setting) -> Iterator[Found]:
    for match in PhoneNumberMatcher(_abroad.sub(" +", text), setting.region, max_tries=_TRIES):
        value = format_number(match.number, PhoneNumberFormat.E164)
        start = match.start - text.startswith("00", match.start - 1) if match.start else 0
        yield Found("phone-number", value, start, match.end)
