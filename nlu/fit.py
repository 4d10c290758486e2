"""Training with scikit-learn. Nothing here is imported while serving.

The features are counted once; every fit takes the rows and columns it may see, so that a held-out
text meets a model that knows neither it nor its rare words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from nlu.data import Example, Finding, TrainingDataError
from nlu.normalise import read, words
from nlu.pipeline import SCORES, Floats, Pipeline, Scope, softmax
from nlu.regression import regress
from nlu.terms import char_terms, word_terms

Rows = NDArray[np.intp]

STRENGTH = 20.0
"""C of the logistic regression: the inverse of its L2 penalty."""
TOLERANCE = 2e-4
"""The largest part of the gradient at which a fit is done: closer changes no accuracy."""
FOLDS = 3
HIDINGS = 2
HIDDEN_SHARE = 0.33
OUT_OF_SCOPE_SHARE = 0.35
"""How much of the incoming texts is assumed to be about something else."""
_FEWEST_INTENTS_FOR_SCOPE = 6
_RARE_FROM = 6_000
"""From so many texts on, a feature seen in one of them only is left out: half the features, the same
accuracy. Below, such features are worth 2 to 3 percent of accuracy."""


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """Every text as words, as counts of its terms, and as the number of its intent."""

    intents: tuple[str, ...]
    texts: Sequence[Sequence[str]]
    labels: NDArray[np.intp]
    terms: tuple[NDArray[np.str_], NDArray[np.str_]]
    counts: tuple[sparse.csr_matrix, sparse.csr_matrix]

    def pick(self, rows: Rows) -> list[Sequence[str]]:
        return [self.texts[int(row)] for row in rows]


def count(texts: Sequence[Sequence[str]], intents: Sequence[str]) -> Counted:
    names = tuple(sorted(set(intents)))
    number = {name: at for at, name in enumerate(names)}
    terms = []
    counts = []
    for analyse in (word_terms, char_terms):
        vectoriser = CountVectorizer(analyzer=analyse, dtype=np.float32)
        counts.append(sparse.csr_matrix(vectoriser.fit_transform(texts)))
        terms.append(vectoriser.get_feature_names_out())
    labels = np.array([number[name] for name in intents], dtype=np.intp)
    return Counted(names, texts, labels, (terms[0], terms[1]), (counts[0], counts[1]))


def count_examples(examples: Sequence[Example]) -> Counted:
    """Each text only once however often an intent repeats it: it may not stand on both sides of a
    fold. Examples without a word are left out. Raises `TrainingDataError`."""
    unique = {(tuple(words(read(example.text).text)), example.intent): None for example in examples}
    kept = [(text, intent) for text, intent in unique if text]
    if len({intent for _, intent in kept}) < 2:
        raise TrainingDataError([Finding("nlu", 1, 1, "a model needs examples with words of two intents at least")])
    return count([text for text, _ in kept], [intent for _, intent in kept])


def fit(counted: Counted, rows: Rows) -> Pipeline:
    """A pipeline that has seen these texts only; not calibrated. Needs two intents among them."""
    rare = 2 if len(counted.texts) >= _RARE_FROM else 1
    blocks: list[sparse.csr_matrix] = []
    idfs: list[Floats] = []
    vocabularies: list[dict[str, int]] = []
    offset = 0
    for terms, all_counts in zip(counted.terms, counted.counts, strict=True):
        counts = all_counts[rows]
        kept = np.flatnonzero(np.bincount(counts.indices, minlength=counts.shape[1]) >= rare)
        weighing = TfidfTransformer(sublinear_tf=True)
        blocks.append(sparse.csr_matrix(weighing.fit_transform(counts[:, kept])))
        idfs.append(np.asarray(weighing.idf_, dtype=np.float32))
        vocabularies.append({str(term): offset + at for at, term in enumerate(terms[kept])})
        offset += len(kept)
    features = sparse.csr_matrix(sparse.hstack(blocks), dtype=np.float32)
    present, labels = np.unique(counted.labels[rows], return_inverse=True)
    # One thread: at this size the others only spin (the same time, twice the work).
    with threadpool_limits(1):
        weights, bias = regress(features, labels, strength=STRENGTH, tolerance=TOLERANCE)
    return Pipeline(
        intents=tuple(counted.intents[at] for at in present),
        words=vocabularies[0],
        chars=vocabularies[1],
        idf=np.concatenate(idfs),
        weights=weights,
        bias=bias,
    )


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """What models said about texts they had not seen. `logits` [rows, intents] in the order of
    `Counted.intents`; `rows` are the texts' numbers."""

    rows: Rows
    logits: Floats
    labels: Rows

    @property
    def accuracy(self) -> float:
        return float((self.logits.argmax(axis=1) == self.labels).mean()) if len(self.rows) else 0.0


def folds(counted: Counted, number: int) -> NDArray[np.intp]:
    """For every text its fold; -1 (never held out) where an intent has one text only."""
    order = np.random.default_rng(13).permutation(len(counted.labels))
    fold = np.full(len(counted.labels), -1, dtype=np.intp)
    for intent in range(len(counted.intents)):
        rows = order[counted.labels[order] == intent]
        if len(rows) > 1:
            fold[rows] = (np.arange(len(rows)) + intent) % number
    return fold


def hold_out(counted: Counted, number: int, done: Callable[[float], None]) -> HeldOut:
    """Logits for every text from a model trained without its fold."""
    fold = folds(counted, number)
    everything = np.full((len(counted.texts), len(counted.intents)), -1e9, dtype=np.float32)
    for at in range(number):
        out = np.flatnonzero(fold == at)
        if len(out):
            pipeline = fit(counted, np.flatnonzero(fold != at))
            columns = np.array([counted.intents.index(name) for name in pipeline.intents])
            everything[np.ix_(out, columns)] = pipeline.score(counted.pick(out)).logits
        done((at + 1) / number)
    rows = np.flatnonzero(fold >= 0)
    return HeldOut(rows, everything[rows], counted.labels[rows])


def temperature(held: HeldOut) -> float:
    """The divisor of the logits that makes the held-out texts likeliest: golden section over its log."""
    if len(held.rows) < 2 * held.logits.shape[1]:
        return 1.0

    def loss(log_temperature: float) -> float:
        probabilities = softmax(held.logits / np.float32(np.exp(log_temperature)))
        return float(-np.log(probabilities[np.arange(len(held.labels)), held.labels] + 1e-12).mean())

    low, high, ratio = -3.0, 3.0, (5**0.5 - 1) / 2
    while high - low > 1e-3:
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if loss(left) < loss(right):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def scope(counted: Counted, done: Callable[[float], None]) -> Scope | None:
    """Learns what texts about something else look like. Near ones come from hiding whole intents:
    their texts are out of scope for a model that never heard of them. Far ones are the same texts
    with invented words for all but the common ones, as if about a world the model knows nothing of.
    None when there are too few intents."""
    if len(counted.intents) < _FEWEST_INTENTS_FOR_SCOPE:
        return None
    fold = folds(counted, FOLDS)
    hidden_each = max(1, round(HIDDEN_SHARE * len(counted.intents)))
    order = np.random.default_rng(31).permutation(len(counted.intents))
    common = _common_words(counted)
    evidence: list[Floats] = []
    inside: list[NDArray[np.bool_]] = []
    for at in range(HIDINGS):
        hidden = np.isin(counted.labels, order[at * hidden_each : (at + 1) * hidden_each])
        pipeline = fit(counted, np.flatnonzero(~hidden & (fold != at)))
        near = counted.pick(np.flatnonzero(hidden))
        texts = counted.pick(np.flatnonzero(~hidden & (fold == at)))
        inside.append(np.repeat([True, False], [len(texts), 2 * len(near)]))
        evidence.append(pipeline.score([*texts, *near, *_far(near, common)]).evidence)
        done((at + 1) / HIDINGS)
    return _decision(np.concatenate(evidence), np.concatenate(inside))


def _common_words(counted: Counted) -> frozenset[str]:
    """The words in one text of a hundred or more: they hold any sentence together."""
    texts_with = Counter(word for text in counted.texts for word in set(text))
    return frozenset(word for word, texts in texts_with.items() if texts >= len(counted.texts) / 100)


def _far(texts: Sequence[Sequence[str]], common: frozenset[str]) -> list[list[str]]:
    """The texts with words that nobody ever said: halves of two of their own words of one script."""
    random = np.random.default_rng(47)
    known = sorted({word for text in texts for word in text})
    pools = [[word for word in known if word.isascii() == latin] for latin in (False, True)]

    def invented(word: str) -> str:
        first, second = random.choice(pools[word.isascii()], 2)
        return str(first[: (len(first) + 1) // 2] + second[len(second) // 2 :])

    return [[word if word in common else invented(word) for word in text] for text in texts]


# Which way each of SCORES may speak: only more entropy may speak against a text. Left free, scores that
# move together get opposite signs, and a text unlike anything seen in training is judged by accident.
_FOR, _AGAINST = (0, None), (None, 0)
_DIRECTIONS = [_AGAINST if score == "entropy" else _FOR for score in SCORES]


def _decision(evidence: Floats, inside: NDArray[np.bool_]) -> Scope | None:
    """A logistic regression whose weights keep to their directions."""
    if inside.all() or not inside.any():
        return None
    weight = np.where(inside, (1 - OUT_OF_SCOPE_SHARE) / inside.sum(), OUT_OF_SCOPE_SHARE / (~inside).sum())
    mean, spread = evidence.mean(axis=0), evidence.std(axis=0) + 1e-6
    scaled = ((evidence - mean) / spread).astype(np.float64)
    sign = np.where(inside, 1.0, -1.0)

    def loss(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margins = sign * (scaled @ point[:-1] + point[-1])
        pull = -sign * weight / (1 + np.exp(margins))
        penalty = point[:-1] / len(inside)
        gradient = np.append(scaled.T @ pull + penalty, pull.sum())
        return float(weight @ np.logaddexp(0, -margins) + 0.5 * penalty @ point[:-1]), gradient

    best = minimize(loss, np.zeros(len(SCORES) + 1), jac=True, method="L-BFGS-B", bounds=[*_DIRECTIONS, (None, None)])
    weights = np.asarray(best.x[:-1] / spread, dtype=np.float32)
    return Scope(weights, float(best.x[-1] - weights @ mean))
