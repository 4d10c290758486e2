"""Texts that are nearly the same: which pairs of many texts have a cosine likeness above a limit.

A text is the pieces of its stemmed words (runs of three letters within a word) weighed by how rare they are
(TF-IDF). Not every pair is compared: two texts can only be as alike as that if they share one of their
rarest pieces, so those alone are looked up (prefix filtering: Bayardo, Ma, Srikant, Scaling Up All Pairs Similarity
Search, WWW 2007, https://doi.org/10.1145/1242572.1242591). What is left is multiplied by SciPy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from nlu.normalise import stem

MOST_PAIRS = 3_000_000
"""Pairs that are compared; beyond, the texts are all alike, and the pieces that most of them share are passed over."""
MOST_FOUND = 20_000
"""Pairs that are returned, the most alike of all."""
_BLOCK = 2_000
_AT_ONCE = 100_000
_MOST_CELLS = 4_000_000
"""Likenesses that are worked out together, at some ten bytes each: it bounds the memory."""


Numbers = NDArray[np.integer[Any]]


class Pair(NamedTuple):
    """Numbers of two texts, the first being the smaller, and their likeness (0 to 1)."""

    first: int
    second: int
    likeness: float


def alike(
    texts: Sequence[Sequence[str]], groups: Sequence[int], limit: float, done: Callable[[float], None]
) -> tuple[list[Pair], bool]:
    """The pairs of texts (lists of words) of different groups that are at least so alike, the most alike first, and
    whether these are all. With more than `MOST_PAIRS` candidates those are not compared that share only common pieces;
    of more than `MOST_FOUND` the most alike are returned. `done` is told the share that is done."""
    counts = _counted(texts)
    if counts.shape[0] < 2 or counts.nnz == 0:
        return [], True
    group = np.asarray(groups)
    weights = _weighed(counts)
    rare, whole = _candidates(_rarest(weights, limit))
    found = np.empty((0, 3))
    for start in range(0, weights.shape[0], _BLOCK):
        block = sparse.coo_matrix(sparse.triu(rare[start : start + _BLOCK] @ rare.T, k=start + 1))
        apart = group[block.row + start] != group[block.col]
        found = np.vstack([found, _compared(weights, block.row[apart] + start, block.col[apart], limit)])
        if len(found) > MOST_FOUND:
            whole = False
            found = found[np.argpartition(-found[:, 2], MOST_FOUND)[:MOST_FOUND]]
        done(min(1.0, (start + _BLOCK) / weights.shape[0]))
    order = np.lexsort((found[:, 1], found[:, 0], -found[:, 2]))
    return [Pair(int(first), int(second), min(1.0, float(value))) for first, second, value in found[order]], whole


def _compared(weights: sparse.csr_matrix, left: Numbers, right: Numbers, limit: float) -> NDArray[np.float64]:
    """Of the pairs of rows those that are alike: rows of first, second, likeness."""
    found = [np.empty((0, 3))]
    for at in range(0, len(left), _AT_ONCE):
        first, second = left[at : at + _AT_ONCE], right[at : at + _AT_ONCE]
        likeness = np.asarray(weights[first].multiply(weights[second]).sum(axis=1)).ravel()
        kept = likeness >= limit
        found.append(np.column_stack([first[kept], second[kept], likeness[kept]]))
    return np.vstack(found)


def _counted(texts: Sequence[Sequence[str]]) -> sparse.csr_matrix:
    """How often each text has each piece, [texts, pieces]; a word's pieces are worked out once."""
    numbers: dict[str, int] = {}
    of_word: dict[str, NDArray[np.int32]] = {}
    rows: list[NDArray[np.int32]] = []
    for text in texts:
        for word in text:
            if word not in of_word:
                found = [numbers.setdefault(piece, len(numbers)) for piece in _pieces(word)]
                of_word[word] = np.array(found, dtype=np.int32)
        rows.append(np.concatenate([of_word[word] for word in text]) if text else np.empty(0, dtype=np.int32))
    ends = np.cumsum([0, *map(len, rows)])
    indices = np.concatenate(rows) if rows else np.empty(0, dtype=np.int32)
    counts = sparse.csr_matrix(
        (np.ones(len(indices), dtype=np.float32), indices, ends), shape=(len(texts), max(1, len(numbers)))
    )
    counts.sum_duplicates()
    return counts


def _pieces(word: str) -> list[str]:
    padded = f" {stem(word)} "
    return [padded[at : at + 3] for at in range(len(padded) - 2)]


def _weighed(counts: sparse.csr_matrix) -> sparse.csr_matrix:
    """TF-IDF with sublinear counts; every row has the length 1."""
    shared = np.bincount(counts.indices, minlength=counts.shape[1])
    rarity = (np.log((1 + counts.shape[0]) / (1 + shared)) + 1).astype(np.float32)
    weights = counts.copy()
    weights.data = (1 + np.log(weights.data)) * rarity[weights.indices]
    rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    length = np.sqrt(np.bincount(rows, weights=weights.data**2, minlength=counts.shape[0]))
    weights.data = (weights.data / length[rows]).astype(np.float32)
    return weights


def _rarest(weights: sparse.csr_matrix, limit: float) -> sparse.csr_matrix:
    """Of each row the rarest pieces, as ones, until what is left is shorter than the limit: two rows that share none of
    them have a product below it, whatever else they share."""
    shared = np.bincount(weights.indices, minlength=weights.shape[1])
    rows = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
    # The rarest last: the sum up to a piece is the length of what is left when that piece is kept and those behind it.
    order = np.lexsort((weights.indices, -shared[weights.indices], rows))
    squares = weights.data[order].astype(np.float64) ** 2
    running = np.cumsum(squares)
    begins = np.concatenate([[0.0], running])[weights.indptr[rows]]
    kept = order[running - begins >= limit**2 - 1e-6]
    ones = np.ones(len(kept), dtype=np.float32)
    return sparse.csr_matrix((ones, (rows[kept], weights.indices[kept])), shape=weights.shape)


def _candidates(rare: sparse.csr_matrix) -> tuple[sparse.csr_matrix, bool]:
    """Without the pieces that would make too many pairs, the most common first; and whether none had to go."""
    shared = np.bincount(rare.indices, minlength=rare.shape[1]).astype(np.int64)
    order = np.argsort(shared, kind="stable")
    pairs = np.cumsum(shared[order] * (shared[order] - 1) // 2)
    kept = np.zeros(rare.shape[1], dtype=bool)
    kept[order[pairs <= MOST_PAIRS]] = True
    if kept[rare.indices].all():
        return rare, True
    return sparse.csr_matrix(rare @ sparse.diags(kept.astype(np.float32))), False


def nearest(texts: Sequence[Sequence[str]], among: Sequence[Sequence[str]], most: int) -> list[list[tuple[int, float]]]:
    """For each text (a list of words) the numbers of the texts `among` that are most like it, with their likeness, the
    most alike first; those that share nothing with it are left out."""
    if not texts or not among:
        return [[] for _ in texts]
    weights = _weighed(_counted([*texts, *among]))
    others = weights[len(texts) :].T.tocsr()
    found: list[list[tuple[int, float]]] = []
    size = max(1, _MOST_CELLS // len(among))
    for start in range(0, len(texts), size):
        block = sparse.csr_matrix(weights[start : min(start + size, len(texts))] @ others)
        for at in range(block.shape[0]):
            part = slice(block.indptr[at], block.indptr[at + 1])
            likeness, numbers = block.data[part], block.indices[part]
            order = np.lexsort((numbers, -likeness))[:most]
            found.append([(int(numbers[one]), min(1.0, float(likeness[one]))) for one in order])
    return found
