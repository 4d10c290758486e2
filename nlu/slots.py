"""Entities learnt from marked examples: a conditional random field over words, decoded with numpy.

Lafferty, McCallum and Pereira 2001, Conditional Random Fields. CRFsuite fits the weights
(`nlu.slot_training`); they are served as plain arrays, because CRFsuite's own file is read by C code
that trusts it: a damaged one can take the process down, arrays of the wrong shape cannot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlu.slot_features import Hit, Memory, Token, features, tokens

MOST_LABELS = 400
"""A word's decoding takes the square of the labels."""
MOST_CELLS = 10_000_000
"""Features times labels: 40 MB of memory."""
OUTSIDE = "O"
ARRAYS = ("slot_starts", "slot_columns", "slot_weights", "slot_transitions")
"""The names of the arrays in a model's file."""
_NEVER = np.float32(-np.inf)
_HEAVIEST = 1e6
"""Of a weight; a trained one has one digit or two before the point."""


class Kind(NamedTuple):
    """What a span is: the entity's name, and its role and group, "" for none."""

    name: str
    role: str = ""
    group: str = ""


class Slot(NamedTuple):
    """A span that was recognised; offsets in the reading's text."""

    kind: Kind
    start: int
    end: int


class Slots:
    """Row `f` of the sparse matrix [features, labels] has its labels at `columns[starts[f] : starts[f + 1]]`
    and their `weights` at the same places; `vocabulary` are its features. `transitions` [labels, labels]:
    from the label of a word to that of the next. Label 0 is outside any span; kind `k` begins with label
    1 + 2k and goes on with label 2 + 2k."""

    def __init__(
        self,
        *,
        kinds: Sequence[Kind],
        memory: Memory,
        vocabulary: Sequence[str],
        starts: NDArray[np.int32],
        columns: NDArray[np.int32],
        weights: NDArray[np.float32],
        transitions: NDArray[np.float32],
    ) -> None:
        """Raises `ValueError` for what does not fit together."""
        self.kinds = tuple(kinds)
        self.memory = memory
        labels = 1 + 2 * len(self.kinds)
        if not 1 < labels <= MOST_LABELS or len(vocabulary) * labels > MOST_CELLS:
            raise ValueError("no kinds of entities to find, or too many kinds or features")
        _expect(starts, np.int32, (len(vocabulary) + 1,))
        _expect(columns, np.int32, (int(starts[-1]),))
        _expect(weights, np.float32, columns.shape)
        _expect(transitions, np.float32, (labels, labels))
        counts = np.diff(starts)
        if starts[0] != 0 or (counts < 0).any():
            raise ValueError("the rows of the entities' weights are out of order")
        if columns.size and not (columns.min() >= 0 and columns.max() < labels):
            raise ValueError("the entities' weights name a label that is not there")
        self._arrays = (starts, columns, weights, transitions)
        self._rows = {feature: at for at, feature in enumerate(vocabulary)}
        self._weights = np.zeros((len(vocabulary), labels), dtype=np.float32)
        self._weights[np.repeat(np.arange(len(counts)), counts), columns] = weights
        self._into = np.ascontiguousarray((transitions + _barred(len(self.kinds))).T)
        self._labels = np.arange(labels)

    def find(self, text: str, hits: Sequence[Hit]) -> list[Slot]:
        """The spans of a reading's text, in order. `hits`: what the rules found in it."""
        found = tokens(text)
        if not found:
            return []
        return self._spans(found, self.decode(self.scores(features(found, hits, self.memory))))

    def scores(self, rows: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        """How well each label fits each token by itself: [tokens, labels]."""
        known: list[int] = []
        firsts: list[int] = []
        scored: list[int] = []
        vocabulary = self._rows
        for at, row in enumerate(rows):
            ids = [vocabulary[feature] for feature in row if feature in vocabulary]
            if ids:
                firsts.append(len(known))
                scored.append(at)
                known += ids
        scores = np.zeros((len(rows), len(self._labels)), dtype=np.float32)
        if known:
            scores[scored] = np.add.reduceat(self._weights[known], firsts)
        return scores

    def decode(self, scores: NDArray[np.float32]) -> list[int]:
        """The best labels for the tokens together (Viterbi). A span never goes on that has not begun."""
        best = scores[0].copy()
        best[2::2] = _NEVER
        came = []
        for row in scores[1:]:
            ways = self._into + best
            choice = ways.argmax(axis=1)
            came.append(choice)
            best = ways[self._labels, choice] + row
        path = [int(best.argmax())]
        for choice in reversed(came):
            path.append(int(choice[path[-1]]))
        return path[::-1]

    def _spans(self, found: Sequence[Token], path: Sequence[int]) -> list[Slot]:
        spans: list[Slot] = []
        for token, label in zip(found, path, strict=True):
            if not label:
                continue
            kind = self.kinds[(label - 1) // 2]
            if label % 2:
                spans.append(Slot(kind, token.start, token.end))
            else:
                spans[-1] = spans[-1]._replace(end=token.end)
        return spans

    def to_plain(self) -> dict[str, Any]:
        """JSON values; with the arrays of `arrays` `from_plain` makes the same object of them."""
        return {
            "kinds": [list(kind) for kind in self.kinds],
            "phrases": {phrase: list(names) for phrase, names in self.memory.phrases.items()},
            "common": sorted(self.memory.common),
            "features": list(self._rows),
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        return dict(zip(ARRAYS, self._arrays, strict=True))

    @classmethod
    def from_plain(cls, plain: Any, arrays: Mapping[str, NDArray[Any]]) -> Slots:
        """Raises `ValueError`, `KeyError`, `TypeError` or `AttributeError` for what makes no model."""
        phrases = {str(phrase): tuple(map(str, names)) for phrase, names in plain["phrases"].items()}
        starts, columns, weights, transitions = (arrays[name] for name in ARRAYS)
        return cls(
            kinds=[Kind(*map(str, kind)) for kind in plain["kinds"]],
            memory=Memory(phrases, frozenset(map(str, plain["common"]))),
            vocabulary=[str(feature) for feature in plain["features"]],
            starts=starts,
            columns=columns,
            weights=weights,
            transitions=transitions,
        )


def _expect(array: NDArray[Any], kind: type[np.generic], shape: tuple[int, ...]) -> None:
    light = array.dtype != np.float32 or bool((np.abs(array) < _HEAVIEST).all())
    if array.dtype != kind or array.shape != shape or not light:
        raise ValueError("an array of the trained entities is not as expected")


def _barred(kinds: int) -> NDArray[np.float32]:
    """0 for the steps that can be, `_NEVER` for those from one kind into the middle of another."""
    labels = 1 + 2 * kinds
    barred = np.zeros((labels, labels), dtype=np.float32)
    barred[:, 2::2] = _NEVER
    for at in range(1, labels, 2):
        barred[at : at + 2, at + 1] = 0
    return barred
