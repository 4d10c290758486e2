"""Words with a slip of the finger in them, read as the words that were meant. Pure.

Only the words of given phrases are looked for, so nothing is guessed at large. How far a word may be from one of them
is measured in edits (a letter more, less, another, or two swapped), and the longer the word, the more it bears. What
is written by ear (а for о, и for е, ee for ea), a letter written twice, and the key beside the right one count half.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

_WORD = re.compile(r"[^\W\d_]+")
_DRAWN_OUT = re.compile(r"(.)\1{2,}")
_SHORTEST = 5
_LONGEST = 24
_MOST_WORDS = 200
"""So many words of a message are looked at."""
_BOUNDS = ((9, 1.5), (6, 1.0), (5, 0.5))
"""From so many letters of the word that is meant, so many edits."""

_BY_EAR = ("оа", "еиэ", "ыи", "яеи", "юу", "ъь", "шщ", "тд", "зс", "жш", "гк", "вф", "бп", "ea")
_KEYS = ("йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю", "qwertyuiop", "asdfghjkl", "zxcvbnm")


def _pairs() -> frozenset[tuple[str, str]]:
    heard = [(one, other) for group in _BY_EAR for one in group for other in group if one != other]
    beside = [pair for row in _KEYS for pair in pairwise(row)]
    return frozenset((*heard, *beside, *((b, a) for a, b in beside)))


_CLOSE = _pairs()


def mended(text: str, words: frozenset[str]) -> str:
    """The text with every word that is all but one of `words` (small letters, "е" for "ё") written as that one."""
    left = _MOST_WORDS

    def put_right(found: re.Match[str]) -> str:
        nonlocal left
        left -= 1
        return _meant(found[0].casefold().replace("ё", "е"), words) or found[0] if left >= 0 else found[0]

    return _WORD.sub(put_right, text)


def long_enough(words: Iterable[str]) -> frozenset[str]:
    """Those in which a slip can be told from another word."""
    return frozenset(word for word in words if len(word) >= _SHORTEST and word.isalpha())


@lru_cache(maxsize=8192)
def _meant(word: str, words: frozenset[str]) -> str:
    """The nearest of the words if it is near enough; "" for none."""
    word = _DRAWN_OUT.sub(r"\1", word)
    if word in words:
        return word
    if not _SHORTEST - 1 <= len(word) <= _LONGEST:
        return ""
    near = ((distance(word, other), other) for other in words if _may_be(word, other))
    best = min(near, default=(99.0, ""))
    return best[1] if best[0] <= _bound(best[1]) else ""


def _may_be(word: str, other: str) -> bool:
    """Who misses a key does so seldom with the first one; and a word with an ending more is another ("persona")."""
    if word.startswith(other) and word[-1] != other[-1]:
        return False
    first = word[0] == other[0] or (word[0], other[0]) in _CLOSE or word[:2] == other[1::-1]
    return first and abs(len(word) - len(other)) <= _bound(other)


def _bound(word: str) -> float:
    return next((edits for letters, edits in _BOUNDS if len(word) >= letters), 0.0)


def distance(one: str, other: str) -> float:
    """How many edits lead from one word to the other; the halves are told above. (Damerau and Levenshtein's, by
    optimal string alignment: https://en.wikipedia.org/wiki/Damerau%E2%80%93Levenshtein_distance)"""
    before: list[float] = []
    row = [float(number) for number in range(len(other) + 1)]
    for i, letter in enumerate(one, start=1):
        before, above, row = row, before, [float(i)]
        for j, wanted in enumerate(other, start=1):
            swap = 0.0 if letter == wanted else 0.5 if (letter, wanted) in _CLOSE else 1.0
            more = 0.5 if i > 1 and one[i - 2] == letter else 1.0
            less = 0.5 if j > 1 and other[j - 2] == wanted else 1.0
            best = min(before[j - 1] + swap, before[j] + more, row[j - 1] + less)
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                best = min(best, above[j - 2] + 1.0)
            row.append(best)
    return row[-1]
