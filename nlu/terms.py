"""The features of a text: stemmed words and pairs of words, and pieces of two to four letters.

Pieces never cross a word's edge (scikit-learn's `char_wb`): they carry endings, typos and the parts
of words that were never seen whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from nlu.normalise import stem


def word_terms(words: Sequence[str]) -> list[str]:
    """Stems, then pairs of neighbouring stems joined by a space."""
    stems = [stem(word) for word in words]
    return stems + [f"{left} {right}" for left, right in pairwise(stems)]


def char_terms(words: Sequence[str]) -> list[str]:
    return [piece for word in words for piece in pieces(word)]


def pieces(word: str) -> list[str]:
    """Runs of two to four characters of the word between two spaces."""
    padded = f" {word} "
    return [padded[at : at + size] for size in (2, 3, 4) for at in range(len(padded) - size + 1)]
