"""Is a text about anything the model was trained on? What that decision looks at, and the decision.

A sure answer is not enough: a text about something else is often surely one intent rather than another.
So the decision sees how strong the evidence is, how much of the text was ever seen, and, where an
encoder reads it, how near the text lies to those of the training.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

SCORES = (
    "highest logit",
    "lead over the second",
    "energy",
    "entropy",
    "known words",
    "known pieces",
)
"""What is known of every text, in the order of `evidence`."""
NEARNESS = ("nearest", "nearest of the intent", "mean of the nearest ten", "the ten's agreement")
"""What `Neighbours.nearness` adds to them."""
_TEN = 10
_TOGETHER = 256
"""Texts compared with those of the training at once: it bounds the memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """A logistic regression over `SCORES`, or over those and `NEARNESS`."""

    weights: Floats
    bias: float

    def probability(self, evidence: Floats) -> Floats:
        logits = evidence[:, : len(self.weights)] @ self.weights + np.float32(self.bias)
        return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))), dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Texts of the training as their encoder sees them, in its most telling directions.

    `turn` [width, directions] and `shift` bring a vector there; `texts` [texts, directions] have length
    one; `labels` are their intents' numbers.
    """

    turn: Floats
    shift: Floats
    texts: Floats
    labels: NDArray[np.int32]

    def turned(self, vectors: Floats) -> Floats:
        return _at_length_one(vectors[:, : len(self.turn)] @ self.turn - self.shift)

    def nearness(self, vectors: Floats, said: NDArray[np.intp]) -> Floats:
        """[texts, len(NEARNESS)]; `said` are the intents the texts are taken for."""
        parts = [
            self._nearness(vectors[at : at + _TOGETHER], said[at : at + _TOGETHER])
            for at in range(0, len(said), _TOGETHER)
        ]
        return np.concatenate(parts)

    def _nearness(self, vectors: Floats, said: NDArray[np.intp]) -> Floats:
        likeness = self.turned(vectors) @ self.texts.T
        ten = min(_TEN, likeness.shape[1])
        nearest = np.argpartition(likeness, -ten, axis=1)[:, -ten:]
        among = np.take_along_axis(likeness, nearest, axis=1)
        same = self.labels[None, :] == said[:, None]
        own = np.where(same, likeness, np.float32(-1)).max(axis=1)
        agreement = np.take_along_axis(same, nearest, axis=1).mean(axis=1)
        return np.stack((among.max(axis=1), own, among.mean(axis=1), agreement), axis=1).astype(np.float32)


def neighbours(vectors: Floats, labels: NDArray[np.intp], directions: int, most: int) -> Neighbours:
    """Of the texts with these vectors; of more than `most` a fair sample."""
    middle = vectors.mean(axis=0)
    centred = vectors - middle
    _, axes = np.linalg.eigh(centred.T @ centred)
    turn = np.ascontiguousarray(axes[:, -directions:], dtype=np.float32)
    kept = np.arange(len(vectors))
    if len(kept) > most:
        kept = np.sort(np.random.default_rng(71).permutation(kept)[:most])
    shift = np.asarray(middle @ turn, dtype=np.float32)
    return Neighbours(turn, shift, _at_length_one(centred[kept] @ turn), labels[kept].astype(np.int32))


def _at_length_one(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / (lengths + np.float32(1e-9)), dtype=np.float32)


def evidence(logits: Floats, shares: Floats) -> Floats:
    """[texts, len(SCORES)]; `shares` are those of the known words and pieces."""
    top = np.partition(logits, -2, axis=1)[:, -2:]
    highest = top[:, 1]
    powers = np.exp(logits - highest[:, None])
    total = powers.sum(axis=1)
    probabilities = powers / total[:, None]
    entropy = -(probabilities * np.log(probabilities + np.float32(1e-12))).sum(axis=1)
    scores = (highest, highest - top[:, 0], highest + np.log(total), entropy, shares[:, 0], shares[:, 1])
    return np.stack(scores, axis=1)
