"""The features of a text: stemmed words, pairs of words, and pieces of two to four letters.

A text's edges count as words of the pairs: how somebody begins tells much of what they want.

Pieces never cross a word's edge (scikit-learn's `char_wb`): they carry endings, typos and the parts
of words that were never seen whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise

from nlu.normalise import stem

BEGIN, END = "<", ">"
"""The edges of a text. No word has these characters."""


def word_terms(words: Sequence[str]) -> list[str]:
    """Stems, then their `pairs`."""
    stems = [stem(word) for word in words]
    return stems + pairs(stems)


def pairs(stems: Sequence[str]) -> list[str]:
    """Neighbouring stems, the text's edges among them, joined by a space."""
    return [f"{left} {right}" for left, right in pairwise(chain((BEGIN,), stems, (END,)))]


def char_terms(words: Sequence[str]) -> list[str]:
    return [piece for word in words for piece in pieces(word)]


def pieces(word: str) -> list[str]:
    """Runs of two to four characters of the word between two spaces."""
    padded = f" {word} "
    return [padded[at : at + size] for size in (2, 3, 4) for at in range(len(padded) - size + 1)]
