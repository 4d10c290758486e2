"""Training with scikit-learn. Nothing here is imported while serving.

The features are counted once; every fit takes the rows and columns it may see, so that a held-out
text meets a model that knows neither it nor its rare words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from nlu.data import Example, Finding, TrainingDataError
from nlu.normalise import read, words
from nlu.pipeline import SCORES, Floats, Pipeline, Scope, Scores, softmax
from nlu.terms import char_terms, word_terms

Rows = NDArray[np.intp]

STRENGTH = 20.0
"""C of the logistic regression: the inverse of its L2 penalty."""
FOLDS = 3
HIDINGS = 2
HIDDEN_SHARE = 0.2
OUT_OF_SCOPE_SHARE = 0.2
"""How much of the incoming texts is assumed to be about something else."""
_FEWEST_INTENTS_FOR_SCOPE = 6
_RARE_FROM = 1_500
"""From so many texts on, a feature seen in one of them only is left out: half the features, the same
accuracy (measured on CLINC150 and HWU64)."""


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
    weights, bias = _regress(features, labels)
    table = np.concatenate((weights, _means(features, labels, len(present))), axis=1)
    return Pipeline(
        intents=tuple(counted.intents[at] for at in present),
        words=vocabularies[0],
        chars=vocabularies[1],
        idf=np.concatenate(idfs),
        table=np.ascontiguousarray(table, dtype=np.float32),
        bias=bias,
    )


def _regress(features: sparse.csr_matrix, labels: Rows) -> tuple[Floats, Floats]:
    # One thread: at this size the others only spin (the same time, twice the work).
    with threadpool_limits(1):
        regression = LogisticRegression(C=STRENGTH, max_iter=200, tol=2e-4).fit(features, labels)
    weights = np.asarray(regression.coef_, dtype=np.float32).T
    bias = np.asarray(regression.intercept_, dtype=np.float32)
    if weights.shape[1] == 1:  # two intents: scikit-learn gives the second one's log odds
        weights = np.concatenate((np.zeros_like(weights), weights), axis=1)
        bias = np.concatenate((np.zeros_like(bias), bias))
    return weights, bias


def _means(features: sparse.csr_matrix, labels: Rows, intents: int) -> Floats:
    """Each intent's mean text at length one, [features, intents]."""
    ones = np.ones(len(labels), dtype=np.float32)
    membership = sparse.csr_matrix((ones, (labels, np.arange(len(labels)))), shape=(intents, len(labels)))
    sums = np.asarray((membership @ features).todense(), dtype=np.float32)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.asarray((sums / np.maximum(lengths, 1e-9)).T, dtype=np.float32)


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
    """Learns what texts about something else look like by hiding whole intents: their texts are
    out of scope for a model that never heard of them. None when there are too few intents."""
    if len(counted.intents) < _FEWEST_INTENTS_FOR_SCOPE:
        return None
    fold = folds(counted, FOLDS)
    hidden_each = max(1, round(HIDDEN_SHARE * len(counted.intents)))
    order = np.random.default_rng(31).permutation(len(counted.intents))
    evidence: list[Floats] = []
    inside: list[NDArray[np.bool_]] = []
    for at in range(HIDINGS):
        hidden = np.isin(counted.labels, order[at * hidden_each : (at + 1) * hidden_each])
        asked = hidden | (fold == at)
        pipeline = fit(counted, np.flatnonzero(~asked))
        rows = np.flatnonzero(asked)
        scores: Scores = pipeline.score(counted.pick(rows))
        evidence.append(scores.evidence)
        inside.append(~hidden[rows])
        done((at + 1) / HIDINGS)
    return _decision(np.concatenate(evidence), np.concatenate(inside))


def _decision(evidence: Floats, inside: NDArray[np.bool_]) -> Scope | None:
    if inside.all() or not inside.any():
        return None
    weight = np.where(inside, (1 - OUT_OF_SCOPE_SHARE) / inside.mean(), OUT_OF_SCOPE_SHARE / (~inside).mean())
    mean, spread = evidence.mean(axis=0), evidence.std(axis=0) + 1e-6
    regression = LogisticRegression(C=1.0, max_iter=500).fit((evidence - mean) / spread, inside, sample_weight=weight)
    weights = np.asarray(regression.coef_[0] / spread, dtype=np.float32)
    assert len(weights) == len(SCORES)  # noqa: S101
    return Scope(weights, float(regression.intercept_[0] - weights @ mean))
