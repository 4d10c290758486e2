"""Personal data taken out of what was said, so that it can be kept in a repository: phones, e-mail addresses, names,
long numbers.

What takes their place has the same shape and is the same everywhere, so that an order's number is still one, and the
same one in a message, in an action's arguments and in its reply. Streets, stories and whatever else tells of a person
stay: whoever keeps a conversation reads it over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from estafeta.kernel.model import Json

if TYPE_CHECKING:
    from pymorphy3 import MorphAnalyzer  # type: ignore[import-untyped]

_EMAIL = re.compile(
    r"""[\w.+'’"-]{1,64}(?:@|\s@\s(?=[\w-]+\.\w)|\s?[(\[]\s?(?:at|собака)\s?[)\]]\s?)"""
    r"""[\w-]{1,63}(?:(?:\.|\s?[(\[]\s?(?:dot|точка)\s?[)\]]\s?)[\w-]{1,63})*"""
    r"""|[\w.+-]{1,64}\s(?:собака|at)\s[\w-]{1,63}(?:\s(?:dot|точка)\s[\w-]{1,63})+"""
    r"""|[\w.+-]{1,64}\sсобака\s[a-z0-9-]{1,63}(?:\.[a-z]{2,})+""",
    re.IGNORECASE,
)
"""Also as people write it for other people: name (at) shop.example, name собака shop точка ру."""
_DATE = r"\d{4}-\d{2}-\d{2}(?:T[\d:.+Z-]+)?|\d{1,2}\.\d{1,2}\.\d{4}|\d{1,2}/\d{1,2}/\d{2,4}(?![\d/])"
_NUMBER = re.compile(
    rf"(?P<kept>{_DATE})|(?<!\d)\+?\d(?:[ \u00a0\u2009\u202f()./*_\u2010-\u2015\u2212-]{{0,4}}\d){{4,}}"
)
_FEWEST = 5
"""Digits that make a long number: prices and counts have fewer."""
_RUSSIAN = re.compile(r"[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?")
_ANY_CASE = re.compile(r"[А-ЯЁа-яё]{2,}(?:-[А-ЯЁа-яё]{2,})?")
_INITIALS = re.compile(r"\s+[А-ЯЁа-яё]\.\s?[А-ЯЁа-яё]\.")
_TOLD = re.compile(
    r"(?i:\b(?:my name is|my name['’]s|i am called|меня зовут|зовут меня)\s+)"
    r"([^\W\d_][\w'’-]*(?:\s+[A-ZА-ЯЁ][\w'’-]*)?)"
)
_I_AM = re.compile(r"\b(?:I(?:['’]m|\s+am)|[Tt]his is|[Cc]all me)\s+([A-Z][a-z][\w'’-]*(?:\s+[A-Z][\w'’-]*)?)")
"""Only with a capital: people are sorry or late, too."""
_NAMES = {
    "Name": ("Саша", "Женя", "Валя", "Юля", "Вася", "Коля"),
    "Surn": ("Петренко", "Шевченко", "Франко", "Марко", "Долгих", "Седых"),
    "Patr": ("Ивановна", "Петровна", "Олеговна", "Павловна", "Андреевна", "Сергеевна"),
    "": ("Alex", "Kim", "Robin", "Sam", "Jo", "Lee"),
}
"""What takes the place of a name, by OpenCorpora's grammemes; "" of one in other letters."""


class Masking:
    """`names` are known ones: the customer's, the operators'. `kept` are words that stay as they are: those of
    buttons, and values of entities, such as cities."""

    def __init__(self, names: Iterable[str] = (), kept: Iterable[str] = ()) -> None:
        self._kept = {word.casefold() for word in kept if word}
        self._numbers: dict[str, str] = {}
        self._emails: dict[str, str] = {}
        self._known: dict[str, str] = {}
        self._people: dict[str, dict[str, str]] = {kind: {} for kind in _NAMES}
        for name in names:
            self._name(name)

    def text(self, text: str) -> str:
        if text.casefold() in self._kept:
            return text
        masked = _EMAIL.sub(lambda found: self._email(found[0]), text)
        masked = _NUMBER.sub(lambda found: found[0] if found["kept"] else self._number(found[0]), masked)
        for told in (*_TOLD.findall(masked), *_I_AM.findall(masked)):
            self._name(told)
        for name, instead in self._known.items():
            masked = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", instead, masked, flags=re.IGNORECASE)
        masked = _RUSSIAN.sub(lambda found: self._russian(found[0]), masked)
        return self._in_any_case(masked)

    def value(self, value: Json) -> Json:
        """The same in everything that JSON holds. A bare number is changed where it stands as words elsewhere."""
        if isinstance(value, dict):
            return {key: self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, int) and not isinstance(value, bool) and str(value) in self._numbers:
            return int(self._numbers[str(value)])
        return value

    # --- kinds ---

    def _email(self, address: str) -> str:
        return self._emails.setdefault(address.lower(), f"name{len(self._emails) + 1}@example.org")

    def _number(self, written: str) -> str:
        """The first digit and the signs stay, so that patterns still fit."""
        digits = re.sub(r"\D", "", written)
        if len(digits) < _FEWEST or written.casefold() in self._kept:
            return written
        if digits not in self._numbers.values():
            instead = digits[0] + str(len(self._numbers) + 1).rjust(len(digits) - 1, "0")
            digits = self._numbers.setdefault(digits, instead)
        following = iter(digits)
        return re.sub(r"\d", lambda _: next(following), written)

    def _name(self, name: str) -> None:
        for word in name.split():
            if len(word) > 1 and word.casefold() not in self._kept and word not in self._known.values():
                kind = _kind(word) or ("Name" if _is_cyrillic(word) else "")
                self._known.setdefault(word, self._instead(_normal(word), kind))

    def _russian(self, word: str) -> str:
        """A word that the dictionary takes for a name, in whatever case it stands."""
        kind = "" if word.casefold() in self._kept or word in self._known.values() else _kind(word)
        if not kind:
            return word
        return self._known.setdefault(word, self._instead(_normal(word), kind))

    def _in_any_case(self, text: str) -> str:
        """Names without their capitals, or all in capitals: only a patronymic, a surname with initials, or a name and a
        surname side by side, for "вера", "роза" and "лев" alone are words."""
        words = list(_ANY_CASE.finditer(text))
        kinds = [_kind(found[0]) for found in words]
        named = {
            place for place, kind in enumerate(kinds)
            if kind == "Patr" or (kind == "Surn" and _INITIALS.match(text, words[place].end()))
        }  # fmt: skip
        for place, (left, right) in enumerate(pairwise(words)):
            pair = {kinds[place], kinds[place + 1]}
            if not text[left.end() : right.start()].strip(" ") and "" not in pair and len(pair) == 2:
                named |= {place, place + 1}
        end, pieces = 0, []
        for place in sorted(named):
            pieces += [text[end : words[place].start()], self._russian(words[place][0])]
            end = words[place].end()
        return "".join([*pieces, text[end:]])

    def _instead(self, name: str, kind: str) -> str:
        people, names = self._people[kind], _NAMES[kind]
        return people.setdefault(name.casefold(), names[len(people) % len(names)])


def _is_cyrillic(word: str) -> bool:
    return "а" <= word[0].lower() <= "ё"


@lru_cache(maxsize=1)
def _morphology() -> MorphAnalyzer:
    from pymorphy3 import MorphAnalyzer

    return MorphAnalyzer(lang="ru")


@lru_cache(maxsize=4096)
def _kind(word: str) -> str:
    """Whether the likeliest reading is a name, a surname or a patronymic: "" for none. Guesses at words that the
    dictionary does not have are no names."""
    if not _is_cyrillic(word) or not _morphology().word_is_known(word):
        return ""
    best = _morphology().parse(word)[0]
    return next((kind for kind in ("Name", "Surn", "Patr") if kind in best.tag.grammemes), "")


def _normal(word: str) -> str:
    return str(_morphology().parse(word)[0].normal_form) if _is_cyrillic(word) else word
