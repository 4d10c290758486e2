"""What a trained entity is recognised by: the features of every word of a text.

Words are cut the same way for training and serving; all of it is bounded by the limits of
`nlu.normalise` and `MOST_TOKENS`. A feature is a short text: the word, its stem, its edges and its shape,
the same of its neighbours, what the sentence is about, and what the trainer's patterns, tables and
examples say of the place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from nlu.normalise import LONGEST_WORD, stem

MOST_TOKENS = 120
"""Words and signs looked at; what follows has no trained entities."""
LONGEST_TOKEN = 200
"""Characters of a word that is looked at whole; a longer one is cut into pieces of so many."""
LONGEST_PHRASE = 5
"""Words of a remembered phrase."""
_MOST_ABOUT = 12
_token = re.compile(rf"\w{{1,{LONGEST_TOKEN}}}|[^\w\s]")
_digit = re.compile(r"\d")
_stretched = re.compile(r"(\D)\1{2,}")


class Token(NamedTuple):
    """A word or a sign, and its place in the reading's text."""

    text: str
    start: int
    end: int


class Hit(NamedTuple):
    """A place where a rule found something: the rule's entity, and offsets in the reading's text."""

    name: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """The first words and signs of a reading's text."""
    found = zip(_token.finditer(text), range(MOST_TOKENS), strict=False)
    return [Token(match[0], match.start(), match.end()) for match, _ in found]


class _Form(NamedTuple):
    """What is known of a word by itself."""

    word: str
    stem: str
    shape: str
    own: tuple[str, ...]


@lru_cache(maxsize=4_096)
def _form(text: str) -> _Form:
    word = _stretched.sub(r"\1\1", text[:LONGEST_WORD].lower().replace("ё", "е"))
    digits = bool(_digit.search(word))
    word = _digit.sub("0", word)
    stemmed = word if digits else stem(word)
    shape = _shape(text)
    own = [f"w={word}", f"s={stemmed}", f"h={shape}"]
    if not digits and len(word) > 3:
        own += [f"a={word[:2]}", f"b={word[:3]}", f"x={word[-2:]}", f"y={word[-3:]}"]
        if len(word) > 5:
            own += [f"c={word[:4]}", f"z={word[-4:]}"]
    if digits:
        own.append(f"n={text[:8]}")
    return _Form(word, stemmed, shape, tuple(own))


def _shape(text: str) -> str:
    """The script, the capitals and the digits: "лX" is a Cyrillic word that begins with a capital."""
    first = text[0]
    if not (first.isalnum() or first == "_"):
        return "." + first
    if _digit.search(text):
        return f"{'d' if text.isdecimal() else 'm'}{min(len(text), 8)}"
    script = "l" if first.lower() <= "z" else "c" if "а" <= first.lower() <= "ё" else "o"
    case = "x" if text.islower() else "A" if text.isupper() and len(text) > 1 else "X" if first.isupper() else "y"
    return script + case


_EDGE = _Form("", "", "", ())


@dataclass(frozen=True, slots=True)
class Memory:
    """What the examples leave behind besides weights. `phrases`: from the stems of a marked phrase, joined
    by spaces, to the entities it was marked with. `common`: the stems that tell what a sentence is about."""

    phrases: Mapping[str, Sequence[str]] = field(default_factory=dict)
    common: frozenset[str] = frozenset()


def stems(found: Sequence[Token]) -> list[str]:
    return [_form(token.text).stem for token in found]


def features(found: Sequence[Token], hits: Iterable[Hit], memory: Memory) -> list[list[str]]:
    """The features of each token; `hits` come in any order."""
    forms = [_EDGE, _EDGE, _EDGE, *(_form(token.text) for token in found), _EDGE, _EDGE, _EDGE]
    stemmed = [form.stem for form in forms]
    told = _told(found, hits)
    for at, each in _remembered(stemmed[3:-3], memory.phrases):
        told[at].append(each)
    about = [f"@{stem_}" for stem_ in dict.fromkeys(stemmed) if stem_ in memory.common][:_MOST_ABOUT]
    about.append(f"o={stemmed[3]}")
    rows = []
    for at in range(len(found)):
        before, form, after = forms[at + 2 : at + 5]
        s3, s2, s1, s0, t1, t2, t3 = stemmed[at : at + 7]
        row = [
            "1",
            *form.own,
            f"-w={before.word}",
            f"-s={s1}",
            f"-h={before.shape}",
            f"+w={after.word}",
            f"+s={t1}",
            f"+h={after.shape}",
            f"--s={s2}",
            f"++s={t2}",
            f"---s={s3}",
            f"+++s={t3}",
            f"-p={s1} {s0}",
            f"+p={s0} {t1}",
            f"--p={s2} {s1}",
            f"++p={t1} {t2}",
            f"-t={s2} {s1} {s0}",
            f"+t={s0} {t1} {t2}",
            *about,
            *told[at],
        ]
        if at:
            row += [f"-{each}" for each in told[at - 1]]
        if at + 1 < len(found):
            row += [f"+{each}" for each in told[at + 1]]
        rows.append(row)
    return rows


def _told(found: Sequence[Token], hits: Iterable[Hit]) -> list[list[str]]:
    """By token, what the rules say of it."""
    told: list[list[str]] = [[] for _ in found]
    for hit in hits:
        for at, token in enumerate(found):
            if hit.start <= token.start < hit.end:
                told[at].append(f"r{'[' if token.start == hit.start else ']'}{hit.name}")
    return [list(dict.fromkeys(each)) for each in told]


def _remembered(stemmed: Sequence[str], phrases: Mapping[str, Sequence[str]]) -> Iterator[tuple[int, str]]:
    """The places that remembered phrases cover, and by which entity's; each place and entity once."""
    seen: set[tuple[int, str]] = set()
    for first in range(len(stemmed) if phrases else 0):
        for behind in range(first + 1, min(len(stemmed), first + LONGEST_PHRASE) + 1):
            for name in phrases.get(" ".join(stemmed[first:behind]), ()):
                for at in range(first, behind):
                    place = (at, f"{'[' if at == first else ']'}{name}")
                    if place not in seen:
                        seen.add(place)
                        yield place[0], f"m{place[1]}"
