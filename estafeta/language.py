"""Which of a workspace's languages a customer writes in."""

from __future__ import annotations

from collections.abc import Sequence

_ENOUGH_LETTERS = 5


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
        # One word in another script is a brand or a name rather than a change of language.
        if language in languages and enough and (len(text.split()) > 1 or not current):
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
