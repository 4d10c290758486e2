"""Which of a workspace's languages a customer writes in."""

from __future__ import annotations

import re
from collections.abc import Sequence

_ENOUGH_LETTERS = 5
_SHOUTED_WORDS = 3
_SMALL_WORD = re.compile(r"[^\w]*[a-zа-яё]{2,}(['’-][a-zа-яё]+)*[^\w]*")
"""A word without capitals and digits, with what stands around it."""


def _is_said(text: str) -> bool:
    """Whether these are words rather than a name: "iPhone 15 Pro", an address of a page or a parcel's
    number is no change of language, and neither is one word in another script."""
    words = text.split()
    small = any(_SMALL_WORD.fullmatch(word) for word in words)
    return len(words) > 1 and (small or (text.isupper() and len(words) >= _SHOUTED_WORDS))


def language_of(text: str, told: str, current: str, languages: Sequence[str]) -> str:
    """The language to answer in.

    A text in one script with enough letters decides; else what was spoken so far; else what the
    messenger tells of its user (`told`, a tag like "en-GB"); else the workspace's first.
    """
    default = languages[0] if languages else ""
    if text.startswith("/"):  # a command is the same in every language
        text = ""
    cyrillic = sum("\u0400" <= letter <= "\u04ff" for letter in text)
    latin = sum("a" <= letter <= "z" or "A" <= letter <= "Z" for letter in text)
    by_script = {"ru": cyrillic, "en": latin}
    for language, other in (("ru", latin), ("en", cyrillic)):
        enough = by_script[language] >= _ENOUGH_LETTERS and other == 0
        if language in languages and enough and (not current or _is_said(text)):
            return language
    if current:
        return current
    tag = told.lower().replace("_", "-").split("-")[0]
    if tag in languages:
        return tag
    if "ru" in languages and cyrillic > latin:
        return "ru"
    if "en" in languages and latin > cyrillic:
        return "en"
    return default
