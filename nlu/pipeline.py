"""The trained model as it serves: texts in, intents with confidences out, with numpy alone.

A text's logits are the sum of two linear models: one over its words and pieces, one over the vector that
a pretrained encoder makes of it (`nlu.encoder`), where there is one for the text's script. How much either
counts was learnt for each script.

The words' features are those of scikit-learn's `TfidfVectorizer` (sublinear term frequency, smoothed idf,
each of the two blocks at length one) and their logits those of its multinomial `LogisticRegression` and
`MultinomialNB`, added up; the tests hold this file to them. Written out because for one short text
scikit-learn takes most of a millisecond and fifty megabytes, and this takes a small part of either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from nlu import encoder
from nlu.normalise import script, stem
from nlu.scope import NEARNESS, SCORES, Floats, Neighbours, Scope, evidence
from nlu.terms import pairs, pieces

_MOST_REMEMBERED_WORDS = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """What encoders made of some texts. `block` [texts] is the number of the `Dense` that reads a text,
    -1 for none, and `place` the row of its vector in `vectors[block]`."""

    block: NDArray[np.intp]
    place: NDArray[np.intp]
    vectors: tuple[Floats, ...]

    @classmethod
    def of(cls, texts: Sequence[Sequence[str]], scripts: Sequence[str]) -> Encoded:
        """Which text is read by what; the vectors are still to be made."""
        number = {name: at for at, name in enumerate(scripts)}
        block = np.array([number.get(script(text), -1) if number else -1 for text in texts], dtype=np.intp)
        place = np.zeros(len(texts), dtype=np.intp)
        for at in range(len(scripts)):
            place[block == at] = np.arange(int((block == at).sum()))
        return cls(block, place, ())

    def read_by(self, block: int) -> NDArray[np.intp]:
        """The numbers of the texts, in the order of their vectors."""
        return np.flatnonzero(self.block == block)

    def pick(self, rows: NDArray[np.intp]) -> Encoded:
        vectors = []
        place = np.zeros(len(rows), dtype=np.intp)
        for at, all_vectors in enumerate(self.vectors):
            mine = self.block[rows] == at
            vectors.append(all_vectors[self.place[rows][mine]])
            place[mine] = np.arange(int(mine.sum()))
        return Encoded(self.block[rows], place, tuple(vectors))


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """The linear model over an encoder's vectors, `weights` [width, intents]. `words_count` multiplies the
    logits of the words in texts that this encoder reads."""

    encoder: str
    script: str
    weights: Floats
    bias: Floats
    words_count: float = 1.0
    neighbours: Neighbours | None = None
    scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class Scores:
    """For a batch of texts: `logits` [texts, intents], what the in-scope decision looks at (`evidence`
    [texts, len(SCORES) + len(NEARNESS)], zeros where no encoder reads a text), and which texts have any
    feature the model knows."""

    logits: Floats
    evidence: Floats
    known: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Prediction:
    """`probabilities` [texts, intents] of the intents, should the text be about any; `confidences`: those
    times P(in scope)."""

    probabilities: Floats
    confidences: Floats
    known: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Calibration:
    """`temperature` divides the logits of texts that no encoder reads. `mixes`: for each `Dense` what its
    logits, and those of the words beside it, are multiplied by. `by_count`: what `Pipeline.by_count` is
    multiplied by before it is added to the regression's weights, which makes the words' logits."""

    temperature: float = 1.0
    mixes: tuple[tuple[float, float], ...] = ()
    by_count: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Pipeline:
    """`words` and `chars` map a term to its row; the rows of `chars` follow those of `words`.

    `weights` [rows, intents] and `bias` are the regression's. `by_count`, of the same shape, are the weights
    of naive Bayes, until `calibrated` adds the two up.
    """

    intents: tuple[str, ...]
    words: Mapping[str, int]
    chars: Mapping[str, int]
    idf: Floats
    weights: Floats
    bias: Floats
    dense: tuple[Dense, ...] = ()
    temperature: float = 1.0
    scope: Scope | None = None
    by_count: Floats | None = None
    _seen: dict[str, tuple[str, int | None, tuple[int | None, ...]]] = field(default_factory=dict, init=False)

    def calibrated(self, calibration: Calibration) -> Pipeline:
        mixed = [
            replace(
                dense, weights=dense.weights * np.float32(own), bias=dense.bias * np.float32(own), words_count=words
            )
            for dense, (own, words) in zip(self.dense, calibration.mixes, strict=True)
        ]
        weights = self.weights
        if self.by_count is not None and calibration.by_count:
            weights = weights + np.float32(calibration.by_count) * self.by_count
        return replace(self, temperature=calibration.temperature, dense=tuple(mixed), weights=weights, by_count=None)

    def scoped(self, scope: Scope | None, scopes: Sequence[Scope | None]) -> Pipeline:
        """`scope` for texts that no encoder reads, `scopes` for those of each `Dense`."""
        dense = [replace(dense, scope=own) for dense, own in zip(self.dense, scopes, strict=True)]
        return replace(self, scope=scope, dense=tuple(dense))

    def predict(self, texts: Sequence[Sequence[str]], encoded: Encoded | None = None) -> Prediction:
        """`texts` are lists of words as `normalise.words` makes them."""
        encoded = encoded or self.encode(texts)
        scores = self.score(texts, encoded)
        probabilities = softmax(scores.logits)
        # Without a trained decision the share of known words stands in: it keeps rubbish low.
        inside = scores.evidence[:, SCORES.index("known words")].copy()
        for at, scope in enumerate([*(dense.scope for dense in self.dense), self.scope]):
            rows = np.flatnonzero(encoded.block == (at if at < len(self.dense) else -1))
            if scope and len(rows):
                inside[rows] = scope.probability(scores.evidence[rows])
        return Prediction(probabilities, probabilities * inside[:, None], scores.known)

    def encode(self, texts: Sequence[Sequence[str]]) -> Encoded:
        """By the encoders the model was trained with. Raises `EncoderMissing`."""
        encoded = Encoded.of(texts, [dense.script for dense in self.dense])
        vectors = []
        for at, dense in enumerate(self.dense):
            mine = [texts[int(row)] for row in encoded.read_by(at)]
            vectors.append(encoder.opened(dense.encoder).encode(mine) if mine else np.zeros((0, len(dense.weights))))
        return replace(encoded, vectors=tuple(np.asarray(block, dtype=np.float32) for block in vectors))

    def score(self, texts: Sequence[Sequence[str]], encoded: Encoded | None = None) -> Scores:
        return self.score_with(encoded or self.encode(texts), *self.score_words(texts))

    def score_with(self, encoded: Encoded, logits: Floats, shares: Floats, known: NDArray[np.bool_]) -> Scores:
        """What the words say (`score_words`) together with what encoders say."""
        logits, known = logits / np.float32(self.temperature), known.copy()
        nearness = np.zeros((len(logits), len(NEARNESS)), dtype=np.float32)
        for at, dense in enumerate(self.dense):
            rows = encoded.read_by(at)
            if not len(rows):
                continue
            vectors = encoded.vectors[at]
            logits[rows] *= np.float32(self.temperature * dense.words_count)
            logits[rows] += vectors @ dense.weights + dense.bias
            if dense.neighbours:
                nearness[rows] = dense.neighbours.nearness(vectors, logits[rows].argmax(axis=1))
            # An encoder knows what it reads, even where no word was in the training data.
            known[rows] |= (vectors != 0).any(axis=1)
        return Scores(logits, np.concatenate((evidence(logits, shares), nearness), axis=1), known)

    def score_words(self, texts: Sequence[Sequence[str]]) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Logits by the words alone, the shares of known words and pieces, and whether any is known."""
        logits = np.tile(self.bias, (len(texts), 1))
        shares = np.zeros((len(texts), 2), dtype=np.float32)
        known = np.zeros(len(texts), dtype=np.bool_)
        for at, text in enumerate(texts):
            rows, values, shares[at] = self._vector(text)
            if rows.size:
                known[at] = True
                logits[at] += values @ self.weights[rows]
        return logits, shares, known

    def _vector(self, text: Sequence[str]) -> tuple[NDArray[np.intp], Floats, tuple[float, float]]:
        """Rows and values of a text's features, and the shares of its words and pieces that are known."""
        parts = [self._seen.get(word) or self._look_up(word) for word in text]
        stems = [part[0] for part in parts]
        counted: Counter[int | None] = Counter(part[1] for part in parts)
        unknown_words = counted.pop(None, 0)
        counted.update(map(self.words.get, pairs(stems)))
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
