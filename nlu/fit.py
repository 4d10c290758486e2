"""Training with scikit-learn. Nothing here is imported while serving.

The features are counted, and texts encoded, once; every fit takes the rows and columns it may see, so
that a held-out text meets a model that knows neither it nor its rare words.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from nlu import encoder
from nlu.data import Example, Finding, TrainingDataError
from nlu.kinship import kinship
from nlu.normalise import read, scripts, words
from nlu.pipeline import Calibration, Dense, Encoded, Pipeline, softmax
from nlu.regression import regress
from nlu.scope import Floats, neighbours
from nlu.terms import char_terms, word_terms

Rows = NDArray[np.intp]
Told = Callable[[float], None]
"""Told the share of the work that is done (0 to 1)."""

STRENGTH = 20.0
"""C of the logistic regression over the words: the inverse of its L2 penalty."""
SMOOTHING = 0.03
"""What naive Bayes takes every term to have been seen in every intent before it was."""
DENSE_STRENGTH = 16.0
"""C of the regressions over encoders' vectors, each part of which is brought to length one on average."""
TOLERANCE = 0.004
"""The largest part of the gradient at which a fit is done, times the number of intents: the more there are, the less
each weighs in the mean. Closer gains less than 0.05 percent of held-out accuracy, for a third more time."""
FOLDS = 3
FEW, FOLDS_OF_FEW = 3_000, 5
"""With fewer texts than `FEW`, so many folds: what is held out must not impoverish the rest."""
DIRECTIONS = 128
MOST_NEIGHBOURS = 12_000
_RARE_FROM = 6_000
"""From so many texts on, a feature seen in one of them only is left out: half the features, the same
accuracy. Below, such features are worth 2 to 3 percent of accuracy."""
OUT_OF_SCOPE = "out_of_scope"
"""The intent of what the bot should not answer."""
OUT_OF_SCOPE_TIMES, OUT_OF_SCOPE_SHARE = 3.0, 0.2
"""Its texts are at most so many times those of the usual intent, or such a share of all others', whichever is more.
It is not asked for as often as it has examples: left alone, 5,000 beside 300 others take every third text that is
meant for the bot, and 60 of them cost 2 percent."""
_UNMEASURED = (1.0, 0.25)
"""How an encoder's logits and those of the words are mixed where there are too few texts to measure it:
what proved right for five and ten examples an intent."""
_THREADS = 2


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """Every text as words, as counts of its terms, as encoders see it, and as the number of its intent.
    `encoders` are the names of those that `encoded` counts by."""

    intents: tuple[str, ...]
    texts: Sequence[Sequence[str]]
    labels: NDArray[np.intp]
    terms: tuple[NDArray[np.str_], NDArray[np.str_]]
    counts: tuple[sparse.csr_matrix, sparse.csr_matrix]
    encoders: tuple[str, ...]
    encoded: Encoded

    def pick(self, rows: Rows) -> list[Sequence[str]]:
        return [self.texts[int(row)] for row in rows]

    @property
    def folds(self) -> int:
        return FOLDS_OF_FEW if len(self.texts) < FEW else FOLDS


def count(
    texts: Sequence[Sequence[str]],
    intents: Sequence[str],
    encoders: Sequence[str] = (),
    kept: Path | None = None,
    told: Told = lambda _: None,
) -> Counted:
    """`encoders` by name; `kept` is a folder for the vectors they make (`encoder.encode_kept`)."""
    names = tuple(sorted(set(intents)))
    number = {name: at for at, name in enumerate(names)}
    terms = []
    counts = []
    for analyse in (word_terms, char_terms):
        vectoriser = CountVectorizer(analyzer=analyse, dtype=np.float32)
        counts.append(sparse.csr_matrix(vectoriser.fit_transform(texts)))
        terms.append(vectoriser.get_feature_names_out())
    labels = np.array([number[name] for name in intents], dtype=np.intp)
    opened = [encoder.opened(name) for name in encoders]
    encoded = Encoded.of(texts, [one.script for one in opened])
    vectors = []
    for at, one in enumerate(opened):
        mine = [texts[int(row)] for row in encoded.read_by(at)]
        part = partial(_part, told, at, len(opened))
        vectors.append(encoder.encode_kept(one, mine, kept, part))
    encoded = Encoded(encoded.block, encoded.place, tuple(vectors))
    return Counted(names, texts, labels, (terms[0], terms[1]), (counts[0], counts[1]), tuple(encoders), encoded)


def _part(told: Told, at: int, parts: int, share: float) -> None:
    told((at + share) / parts)


def count_examples(
    examples: Sequence[Example],
    encoders: Sequence[str] | None = None,
    kept: Path | None = None,
    told: Told = lambda _: None,
) -> Counted:
    """Each text only once however often an intent repeats it: it may not stand on both sides of a
    fold. Examples without a word are left out, and those of `out_of_scope` beyond `most_out_of_scope`.
    `encoders` as in `encoders_for`. Raises `TrainingDataError`."""
    unique = {(tuple(words(read(example.text).text)), example.intent): None for example in examples}
    pairs = _weighed([(text, intent) for text, intent in unique if text])
    if len({intent for _, intent in pairs}) < 2:
        raise TrainingDataError([Finding("nlu", 1, 1, "a model needs examples with words of two intents at least")])
    texts = [text for text, _ in pairs]
    return count(texts, [intent for _, intent in pairs], encoders_for(examples, encoders), kept, told)


def most_out_of_scope(counts: Collection[int]) -> int:
    """How many texts of `out_of_scope` are learnt beside intents with so many each."""
    return max(round(OUT_OF_SCOPE_TIMES * median(counts)), round(OUT_OF_SCOPE_SHARE * sum(counts)))


def _weighed(pairs: list[tuple[tuple[str, ...], str]]) -> list[tuple[tuple[str, ...], str]]:
    """A fair sample where there are too many texts of `out_of_scope`: the same ones next week, but for those that
    came in between."""
    counts = Counter(intent for _, intent in pairs if intent != OUT_OF_SCOPE)
    strange = sorted((text for text, intent in pairs if intent == OUT_OF_SCOPE), key=_lot)
    if not counts or len(strange) <= (most := most_out_of_scope(counts.values())):
        return pairs
    left_out = set(strange[most:])
    return [(text, intent) for text, intent in pairs if intent != OUT_OF_SCOPE or text not in left_out]


def _lot(text: Sequence[str]) -> bytes:
    return hashlib.sha256(" ".join(text).encode()).digest()


def encoders_for(examples: Sequence[Example], wanted: Sequence[str] | None = None) -> tuple[str, ...]:
    """The names of those installed for the scripts of the examples; of the `wanted` ones, if told."""
    there = encoder.installed(scripts(example.text for example in examples))
    return tuple(name for name in there if wanted is None or name in wanted)


@dataclass(frozen=True, slots=True, eq=False)
class _Weighed:
    """The terms that some texts have, words and pieces: their places in `Counted.terms`, and how they count."""

    counted: Counted
    kept: tuple[Rows, ...]
    weighing: tuple[TfidfTransformer, ...]

    @classmethod
    def of(cls, counted: Counted, rows: Rows) -> _Weighed:
        rare = 2 if len(counted.texts) >= _RARE_FROM else 1
        seen = [counts[rows] for counts in counted.counts]
        kept = [np.flatnonzero(np.bincount(one.indices, minlength=one.shape[1]) >= rare) for one in seen]
        weighing = [TfidfTransformer(sublinear_tf=True).fit(one[:, mine]) for one, mine in zip(seen, kept, strict=True)]
        return cls(counted, tuple(kept), tuple(weighing))

    @property
    def vocabularies(self) -> list[dict[str, int]]:
        """Each term's column in `features`."""
        found, offset = [], 0
        for terms, kept in zip(self.counted.terms, self.kept, strict=True):
            found.append({str(term): offset + at for at, term in enumerate(terms[kept])})
            offset += len(kept)
        return found

    @property
    def idf(self) -> Floats:
        return np.concatenate([np.asarray(one.idf_, dtype=np.float32) for one in self.weighing])

    def features(self, rows: Rows) -> sparse.csr_matrix:
        """As `Pipeline` makes them of the texts' words."""
        blocks = [
            weighing.transform(counts[rows][:, kept])
            for counts, kept, weighing in zip(self.counted.counts, self.kept, self.weighing, strict=True)
        ]
        return sparse.csr_matrix(sparse.hstack(blocks), dtype=np.float32)


def fit(counted: Counted, rows: Rows) -> Pipeline:
    """A pipeline that has seen these texts only; not calibrated. Needs two intents among them."""
    return _fit(counted, rows, _Weighed.of(counted, rows))


def _fit(counted: Counted, rows: Rows, weighed: _Weighed) -> Pipeline:
    features = weighed.features(rows)
    words, chars = weighed.vocabularies
    present, labels = np.unique(counted.labels[rows], return_inverse=True)
    names = tuple(counted.intents[at] for at in present)
    akin = kinship(names)
    by_count = _naive_bayes(features, labels)
    weights, bias = regress(
        features, labels, strength=STRENGTH, tolerance=TOLERANCE / len(names), kinship=akin, start=by_count
    )
    encoded = counted.encoded.pick(rows)
    return Pipeline(
        intents=names,
        words=words,
        chars=chars,
        idf=weighed.idf,
        weights=weights,
        bias=bias,
        dense=tuple(
            _fit_dense(name, encoded.vectors[at], labels[encoded.read_by(at)], akin)
            for at, name in enumerate(counted.encoders)
        ),
        by_count=by_count,
    )


def _naive_bayes(features: sparse.csr_matrix, labels: Rows) -> Floats:
    """Weights [features, labels] with a mean of zero for each feature, of a model that takes the intents to
    be equally common. Alone it is worse than the regression. But it errs elsewhere: the two together make
    fewer mistakes, and their confidences are truer."""
    each = np.arange(len(labels))
    membership = sparse.csr_matrix((np.ones(len(labels), dtype=np.float32), (labels, each)))
    weights = np.ascontiguousarray((membership @ features).toarray().T)
    weights += np.float32(SMOOTHING)
    weights /= weights.sum(axis=0)
    np.log(weights, out=weights)
    weights -= weights.mean(axis=1, keepdims=True)
    return weights


def _fit_dense(name: str, vectors: Floats, labels: Rows, akin: Floats) -> Dense:
    """An intent without a text of this script gets logits of zero, neither for nor against it. Centres and scales
    `vectors` where they lie: they are the largest thing that a fit holds."""
    intents = len(akin)
    opened = encoder.opened(name)
    weights = np.zeros((vectors.shape[1], intents), dtype=np.float32)
    bias = np.zeros(intents, dtype=np.float32)
    present, own = np.unique(labels, return_inverse=True)
    if len(present) < 2:
        return Dense(name, opened.script, weights, bias)
    near = neighbours(vectors[:, : opened.parts[0]], labels, DIRECTIONS, MOST_NEIGHBOURS)
    mean = vectors.mean(axis=0)
    vectors -= mean
    scales = []
    for end, size in zip(np.cumsum(opened.parts), opened.parts, strict=True):
        length = float(np.sqrt((vectors[:, end - size : end] ** 2).sum(axis=1).mean()))
        scales.append(np.full(size, 1 / (length + 1e-6), dtype=np.float32))
    scale = np.concatenate(scales)
    vectors *= scale
    learnt, offsets = regress(
        vectors,
        own,
        strength=DENSE_STRENGTH,
        tolerance=TOLERANCE / len(present),
        most_steps=100,
        kinship=akin[np.ix_(present, present)],
    )
    # Centring and scaling are linear too: what serves takes the vector as it comes.
    weights[:, present] = learnt * scale[:, None]
    bias[present] = offsets - mean @ weights[:, present]
    return Dense(name, opened.script, weights, bias, neighbours=near)


@contextmanager
def workers() -> Iterator[ThreadPoolExecutor]:
    """Fits run beside each other, each on one thread: at this size, more for one fit would only spin."""
    with threadpool_limits(1), ThreadPoolExecutor(_THREADS) as pool:
        yield pool


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """What models said about texts they had not seen. `by_words`, `by_count` (naive Bayes) and `by_vector`
    [rows, intents] are logits in the order of `Counted.intents`; `block` tells which encoder's the last
    are, -1 for none's; `rows` are the texts' numbers."""

    rows: Rows
    by_words: Floats
    by_count: Floats
    by_vector: Floats
    block: NDArray[np.intp]
    labels: Rows

    def probabilities(self, calibration: Calibration) -> Floats:
        words: Floats = self.by_words + np.float32(calibration.by_count) * self.by_count
        logits: Floats = words / np.float32(calibration.temperature)
        for at, (own, by_words) in enumerate(calibration.mixes):
            mine = self.block == at
            logits[mine] = np.float32(own) * self.by_vector[mine] + np.float32(by_words) * words[mine]
        return softmax(logits)


def folds(counted: Counted, number: int) -> NDArray[np.intp]:
    """For every text its fold; -1 (never held out) where an intent has one text only."""
    order = np.random.default_rng(13).permutation(len(counted.labels))
    fold = np.full(len(counted.labels), -1, dtype=np.intp)
    for intent in range(len(counted.intents)):
        rows = order[counted.labels[order] == intent]
        if len(rows) > 1:
            fold[rows] = (np.arange(len(rows)) + intent) % number
    return fold


def hold_out(counted: Counted, number: int, done: Told, pool: ThreadPoolExecutor) -> HeldOut:
    """Logits for every text from a model trained without its fold. `pool`: see `workers`."""
    fold = folds(counted, number)
    # An intent that a fold's model does not know has no chance there.
    by_words = np.full((len(counted.texts), len(counted.intents)), -1e3, dtype=np.float32)
    by_count = np.zeros_like(by_words)
    by_vector = np.zeros_like(by_words)

    def one(at: int) -> None:
        out = np.flatnonzero(fold == at)
        if len(out):
            rows = np.flatnonzero(fold != at)
            weighed = _Weighed.of(counted, rows)
            pipeline = _fit(counted, rows, weighed)
            features = weighed.features(out)
            columns = np.array([counted.intents.index(name) for name in pipeline.intents])
            places = np.ix_(out, columns)
            by_words[places] = features @ pipeline.weights + pipeline.bias
            by_count[places] = features @ pipeline.by_count
            encoded = counted.encoded.pick(out)
            for block, dense in enumerate(pipeline.dense):
                logits = encoded.vectors[block] @ dense.weights + dense.bias
                by_vector[np.ix_(out[encoded.read_by(block)], columns)] = logits

    for at, _ in enumerate(pool.map(one, range(number))):
        done((at + 1) / number)
    rows = np.flatnonzero(fold >= 0)
    return HeldOut(
        rows, by_words[rows], by_count[rows], by_vector[rows], counted.encoded.block[rows], counted.labels[rows]
    )


def calibrate(held: HeldOut, encoders: int) -> Calibration:
    """What makes the held-out texts likeliest: how much the regression over the words counts beside naive
    Bayes, a temperature for the two, and for each encoder how much its logits and theirs count together."""
    everything = np.arange(len(held.rows))
    alone = _likeliest([held.by_words, held.by_count], held.labels, everything) or [1.0, 0.0]
    by_count = alone[1] / alone[0]
    words: Floats = held.by_words + np.float32(by_count) * held.by_count
    mixes = []
    for at in range(encoders):
        mine = np.flatnonzero(held.block == at)
        found = _likeliest([held.by_vector, words], held.labels, mine)
        mixes.append((found[0], found[1]) if found else _UNMEASURED)
    return Calibration(1 / alone[0], tuple(mixes), by_count)


def _likeliest(parts: Sequence[Floats], labels: Rows, rows: Rows) -> list[float]:
    """A factor for each of the parts, above zero; none when there are too few texts to tell."""
    if len(rows) < 2 * parts[0].shape[1]:
        return []
    own = [part[rows].astype(np.float64) for part in parts]
    each, true = np.arange(len(rows)), labels[rows]

    def loss(factors: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logits = sum(factor * part for factor, part in zip(factors, own, strict=True))
        logits -= logits.max(axis=1, keepdims=True)
        powers = np.exp(logits)
        total = powers.sum(axis=1)
        mean = float((np.log(total) - logits[each, true]).mean())
        shares = powers / total[:, None]
        gradient = [float(((shares * part).sum(axis=1) - part[each, true]).mean()) for part in own]
        return mean, np.array(gradient)

    best = minimize(loss, np.ones(len(parts)), jac=True, method="L-BFGS-B", bounds=[(0.02, 50.0)] * len(parts))
    return [float(factor) for factor in best.x]
