"""The trained model as it serves: texts in, intents with confidences out, with numpy alone.

The features are those of scikit-learn's `TfidfVectorizer` (sublinear term frequency, smoothed idf,
each of the two blocks at length one) and the answer that of its multinomial `LogisticRegression`;
the tests hold this file to `predict_proba`. Written out because for one short text scikit-learn
takes most of a millisecond and fifty megabytes, and this takes a small part of either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nlu.normalise import stem
from nlu.terms import pieces

Floats = NDArray[np.float32]

SCORES = (
    "highest logit",
    "lead over the second",
    "energy",
    "entropy",
    "known words",
    "known pieces",
)
"""What the in-scope decision looks at, in the order of `Scores.evidence`."""

_MOST_REMEMBERED_WORDS = 20_000


@dataclass(frozen=True, slots=True)
class Scope:
    """Is a text about anything the model was trained on? A logistic regression over `SCORES`."""

    weights: Floats
    bias: float

    def probability(self, evidence: Floats) -> Floats:
        return _sigmoid(evidence @ self.weights + np.float32(self.bias))


@dataclass(frozen=True, slots=True)
class Scores:
    """For a batch of texts: `logits` [texts, intents], `evidence` [texts, len(SCORES)], and which
    texts have any feature the model knows."""

    logits: Floats
    evidence: Floats
    known: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Prediction:
    """`confidences` [texts, intents]: P(intent) x P(in scope)."""

    confidences: Floats
    known: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Pipeline:
    """`words` and `chars` map a term to its row; the rows of `chars` follow those of `words`.

    `weights` [rows, intents] and `bias` are the regression's.
    """

    intents: tuple[str, ...]
    words: Mapping[str, int]
    chars: Mapping[str, int]
    idf: Floats
    weights: Floats
    bias: Floats
    temperature: float = 1.0
    scope: Scope | None = None
    _seen: dict[str, tuple[str, int | None, tuple[int | None, ...]]] = field(default_factory=dict, init=False)

    def calibrated(self, temperature: float, scope: Scope | None) -> Pipeline:
        return replace(self, temperature=temperature, scope=scope)

    def predict(self, texts: Sequence[Sequence[str]]) -> Prediction:
        """`texts` are lists of words as `normalise.words` makes them."""
        scores = self.score(texts)
        probabilities = softmax(scores.logits / np.float32(self.temperature))
        # Without a trained decision the share of known words stands in: it keeps rubbish low.
        inside = (
            self.scope.probability(scores.evidence) if self.scope else scores.evidence[:, SCORES.index("known words")]
        )
        return Prediction(probabilities * inside[:, None], scores.known)

    def score(self, texts: Sequence[Sequence[str]]) -> Scores:
        logits = np.tile(self.bias, (len(texts), 1))
        shares = np.zeros((len(texts), 2), dtype=np.float32)
        known = np.zeros(len(texts), dtype=np.bool_)
        for at, text in enumerate(texts):
            rows, values, shares[at] = self._vector(text)
            if rows.size:
                known[at] = True
                logits[at] += values @ self.weights[rows]
        return Scores(logits, _evidence(logits, shares), known)

    def _vector(self, text: Sequence[str]) -> tuple[NDArray[np.intp], Floats, tuple[float, float]]:
        """Rows and values of a text's features, and the shares of its words and pieces that are known."""
        parts = [self._seen.get(word) or self._look_up(word) for word in text]
        stems = [part[0] for part in parts]
        counted: Counter[int | None] = Counter(part[1] for part in parts)
        unknown_words = counted.pop(None, 0)
        get = self.words.get
        counted.update([get(f"{left} {right}") for left, right in pairwise(stems)])
        counted.pop(None, None)
        boundary = len(counted)
        total = 0
        for part in parts:
            counted.update(part[2])
            total += len(part[2])
        unknown = counted.pop(None, 0)
        shares = (1 - unknown_words / max(1, len(parts)), 1 - unknown / max(1, total))
        rows = np.fromiter(counted.keys(), dtype=np.intp, count=len(counted))
        values = np.fromiter(counted.values(), dtype=np.float32, count=len(counted))
        values = (np.log(values) + np.float32(1)) * self.idf[rows]
        for start, end in ((0, boundary), (boundary, len(values))):
            if start < end:
                values[start:end] /= np.linalg.norm(values[start:end])
        return rows, values, shares

    def _look_up(self, word: str) -> tuple[str, int | None, tuple[int | None, ...]]:
        get = self.chars.get
        stemmed = stem(word)
        part = (stemmed, self.words.get(stemmed), tuple([get(piece) for piece in pieces(word)]))
        if len(self._seen) >= _MOST_REMEMBERED_WORDS:
            self._seen.clear()
        self._seen[word] = part
        return part


def softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -30, 30))), dtype=np.float32)


def _evidence(logits: Floats, shares: Floats) -> Floats:
    top = np.partition(logits, -2, axis=1)[:, -2:]
    highest = top[:, 1]
    powers = np.exp(logits - highest[:, None])
    total = powers.sum(axis=1)
    probabilities = powers / total[:, None]
    return np.stack(
        (
            highest,
            highest - top[:, 0],
            highest + np.log(total),
            -(probabilities * np.log(probabilities + np.float32(1e-12))).sum(axis=1),
            shares[:, 0],
            shares[:, 1],
        ),
        axis=1,
    )
