"""Which of several choices a text names: by its words or a part of them, by its number, by a synonym of the training
data, or with a slip of the finger."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from flows.answers import stems

_WORDS = re.compile(r"\w+")
_NUMBER = re.compile(r"(?:(?:номер|number|вариант|option) )?(\d{1,2}) ?(?:й|я|е|ый|ая|ое|st|nd|rd|th)?", re.ASCII)
_ORDINALS = (
    "перв first", "втор second", "трет third", "четв[её]рт fourth", "пят fifth", "шест sixth", "седьм seventh",
    "восьм eighth", "девят ninth", "десят tenth",
)  # fmt: skip
_ENDING = r"(?:ый|ой|ий|ая|ья|ое|ье|ую|ью)?"
_ORDINAL = tuple(re.compile("|".join(f"{word}{_ENDING}" for word in words.split())) for words in _ORDINALS)
_SHORT = 5
"""Characters: a slip in what is shorter makes another word of it."""
_ALIKE = 0.8
_CLEARLY = 0.1
_LONGEST = 100
_FEW = 8
"""Words: a longer text tells something rather than chooses."""
_UNDECIDED = frozenset(["не", "нет", "ни", "никакой", "или", "not", "no", "don", "none", "or"])


@dataclass(frozen=True, slots=True)
class Chosen:
    """`sure` when the text says nothing but the choice; else it may as well be a wish for something else."""

    number: int
    sure: bool = True


def choose(choices: Sequence[Collection[str]], text: str, heard: Collection[str] = ()) -> Chosen | None:
    """`choices` are the words of each, in every language; `heard` the values of the entities in the text."""
    said = plain(text)
    known = [{plain(words) for words in choice if words} for choice in choices]
    for words in (said, *map(plain, heard)):
        found = [number for number, choice in enumerate(known) if words in choice]
        if found:
            return Chosen(found[0], sure=words == said or len(said.split()) == 1)
    number = None if any(sign.isdigit() for choice in known for words in choice for sign in words) else _numbered(said)
    if number is not None:
        return Chosen(number) if number < len(known) else None
    if len(text) > _LONGEST or "?" in text or not _UNDECIDED.isdisjoint(said.split()):
        return None
    return _in_part(known, said) or _with_slips(known, said)


def plain(text: str) -> str:
    """Words without signs and capitals; signs when there is nothing else."""
    return " ".join(_WORDS.findall(text.casefold().replace("ё", "е"))) or text.strip()


def _numbered(said: str) -> int | None:
    """Counted from 0."""
    found = _NUMBER.fullmatch(said)
    if found is not None:
        return int(found[1]) - 1 if int(found[1]) else None
    return next((number for number, words in enumerate(_ORDINAL) if words.fullmatch(said)), None)


def _in_part(known: Sequence[Collection[str]], said: str) -> Chosen | None:
    """The one choice whose words are all in the text, or that begins with all words of the text, whatever their
    endings."""
    own = stems(said)
    if not own or len(said.split()) > _FEW:
        return None
    whole = _only(known, lambda words: bool(stems(words)) and stems(words) <= own)
    if whole is not None:
        return Chosen(whole, sure=any(own == stems(words) for words in known[whole]))
    begins = _only(known, lambda words: own <= stems(words) and stems(words.split()[0]) <= own)
    return None if begins is None else Chosen(begins, sure=False)


def _only(known: Sequence[Collection[str]], fits: Callable[[str], bool]) -> int | None:
    found = [number for number, choice in enumerate(known) if any(fits(words) for words in choice)]
    return found[0] if len(found) == 1 else None


def _with_slips(known: Sequence[Collection[str]], said: str) -> Chosen | None:
    if len(said) < _SHORT:
        return None
    alike = sorted(
        (
            (max((_likeness(words, said) for words in choice), default=0.0), number)
            for number, choice in enumerate(known)
        ),
        reverse=True,
    )
    second = alike[1][0] if len(alike) > 1 else 0.0
    best, number = alike[0] if alike else (0.0, 0)
    return Chosen(number, sure=False) if best >= _ALIKE and best - second >= _CLEARLY else None


def _likeness(words: str, said: str) -> float:
    return SequenceMatcher(None, words, said).ratio() if len(words) >= _SHORT else 0.0
