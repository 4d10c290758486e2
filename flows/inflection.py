"""Words as the number and the case beside them want: "1 товар, 2 товара, 5 товаров"; "для Анны".

Which form goes with which number is CLDR's business
(https://www.unicode.org/cldr/charts/latest/supplemental/language_plural_rules.html)
by Babel; Russian cases are those of OpenCorpora's dictionary by pymorphy3, which is read when the first word is put
into a case.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from babel import Locale, UnknownLocaleError

if TYPE_CHECKING:
    from pymorphy3 import MorphAnalyzer  # type: ignore[import-untyped]

CASES = {
    "genitive": "gent", "dative": "datv", "accusative": "accs", "instrumental": "ablt", "prepositional": "loct",
}  # fmt: skip
"""The cases that a word can be put into, and OpenCorpora's names for them."""
_ORDER = ("zero", "one", "two", "few", "many", "other")
_NAMES = frozenset(["Name", "Surn", "Patr"])
_LONGEST = 100
_WRITTEN = re.compile(r"-?\d{1,15}(?:[.,]\d{1,6})?", re.ASCII)


def forms(language: str) -> tuple[str, ...]:
    """The forms that a language has for whole numbers, in the order in which they are written: one, few, many in
    Russian; one, other in English."""
    found = _locale(language).plural_form.tags
    named = tuple(form for form in _ORDER if form in found)
    return named if "many" in named else (*named, "other")


def plural(number: object, language: str, *written: str) -> str:
    """The form for this number, also when it came as words ("3"). What is no number takes the last."""
    number = _number(number)
    if number is None:
        return written[-1]
    form = _locale(language).plural_form(abs(number))
    known = forms(language)
    if form not in known:  # fractions in Slavic languages: "1,5 товара"
        form = "few" if "few" in known else known[-1]
    return written[min(known.index(form), len(written) - 1)]


def _number(given: object) -> int | float | None:
    if isinstance(given, str) and _WRITTEN.fullmatch(given):
        given = float(given.replace(",", "."))
        given = int(given) if given.is_integer() else given
    return given if isinstance(given, int | float) and not isinstance(given, bool) else None


def case(words: object, language: str, wanted: str) -> object:
    """Names in the wanted case; what cannot be put into it stays as it is."""
    if language.partition("-")[0] != "ru" or not isinstance(words, str) or not 0 < len(words) <= _LONGEST:
        return words
    return re.sub(r"[^\s-]+", lambda word: _inflected(word[0], CASES[wanted]), words)


@lru_cache(maxsize=64)
def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en")


@lru_cache(maxsize=1)
def _morphology() -> MorphAnalyzer:
    from pymorphy3 import MorphAnalyzer

    return MorphAnalyzer(lang="ru")


@lru_cache(maxsize=10_000)
def _inflected(word: str, wanted: str) -> str:
    for parse in _morphology().parse(word):
        found = parse.inflect({wanted}) if _NAMES & set(parse.tag.grammemes) else None
        if found is not None:
            text: str = found.word
            return (
                text.upper() if word.isupper() and len(word) > 1 else text.capitalize() if word[:1].isupper() else text
            )
    return word
