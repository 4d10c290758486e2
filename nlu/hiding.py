"""Learning what is out of scope from examples that are all in it.

Near texts come from hiding whole intents: their texts are out of scope for a model that never heard of
them. Far ones are the same texts with invented words for all but the common ones, as if about a world
the model knows nothing of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from nlu import fit
from nlu.fit import Counted, Rows, Told
from nlu.pipeline import Calibration, Encoded, Pipeline
from nlu.scope import NEARNESS, SCORES, Floats, Scope

HIDINGS = 2
HIDDEN_SHARE = 0.33
OUT_OF_SCOPE_SHARE = 0.09
"""How much of the incoming texts is assumed to be about something else."""
MOST_FAR = 150
"""Invented texts for one hiding: an encoder has to read each of them."""
_FEWEST_INTENTS = 6
_FEWEST_TEXTS = 30

# Which way each score may speak: only more entropy may speak against a text. Left free, scores that
# move together get opposite signs, and a text unlike anything seen in training is judged by accident.
_FOR, _AGAINST = (0, None), (None, 0)
_DIRECTIONS = [_AGAINST if score == "entropy" else _FOR for score in (*SCORES, *NEARNESS)]


class _Seen(NamedTuple):
    """The evidence of one hiding; of a text, which encoder read it, and whether it was in scope."""

    by_words: Floats
    evidence: Floats
    block: NDArray[np.intp]
    kind: NDArray[np.intp]


_INSIDE, _NEAR, _FAR = 0, 1, 2


def scopes(
    counted: Counted, calibration: Calibration, done: Told, pool: ThreadPoolExecutor
) -> tuple[Scope | None, list[Scope | None]]:
    """The decision for texts that no encoder reads, and for those of each encoder. None where there are
    too few intents or texts to learn one."""
    looks = _looks(counted, calibration, done, pool)
    return _decisions(counted, looks)


def confidences(
    counted: Counted, calibration: Calibration, done: Told, pool: ThreadPoolExecutor
) -> tuple[Floats, Floats]:
    """Of texts whose intents a model knew, and of those whose intents it never heard of; it had seen neither. What
    decides whether they are in scope was learnt from other hidden intents. Empty where there are too few intents."""
    looks = _looks(counted, calibration, done, pool)
    known, hidden = [np.zeros(0, dtype=np.float32)], [np.zeros(0, dtype=np.float32)]
    for at, seen in enumerate(looks):
        sure = _confidences(seen, *_decisions(counted, [*looks[:at], *looks[at + 1 :]]))
        known.append(sure[seen.kind == _INSIDE])
        hidden.append(sure[seen.kind == _NEAR])
    return np.concatenate(known), np.concatenate(hidden)


def _confidences(seen: _Seen, by_words: Scope | None, own: Sequence[Scope | None]) -> Floats:
    """As `Pipeline.predict` has them, of the likeliest intents."""
    inside = seen.evidence[:, SCORES.index("known words")].copy()
    for block, scope in ((-1, by_words), *enumerate(own)):
        rows = seen.block == block
        if scope is not None and rows.any():
            inside[rows] = scope.probability(seen.evidence[rows])
    highest, energy = (seen.evidence[:, SCORES.index(name)] for name in ("highest logit", "energy"))
    return np.asarray(np.exp(highest - energy) * inside, dtype=np.float32)


def _looks(counted: Counted, calibration: Calibration, done: Told, pool: ThreadPoolExecutor) -> list[_Seen]:
    if len(counted.intents) < _FEWEST_INTENTS:
        return []
    fold = fit.folds(counted, fit.FOLDS)
    hidden_each = max(1, round(HIDDEN_SHARE * len(counted.intents)))
    order = np.random.default_rng(31).permutation(len(counted.intents))
    common = _common_words(counted)

    def one(at: int) -> _Seen:
        hidden = np.isin(counted.labels, order[at * hidden_each : (at + 1) * hidden_each])
        pipeline = fit.fit(counted, np.flatnonzero(~hidden & (fold != at))).calibrated(calibration)
        return _look(counted, pipeline, np.flatnonzero(~hidden & (fold == at)), np.flatnonzero(hidden), common)

    looks = []
    for at, seen_once in enumerate(pool.map(one, range(HIDINGS))):
        looks.append(seen_once)
        done((at + 1) / HIDINGS)
    return looks


def _decisions(counted: Counted, looks: Sequence[_Seen]) -> tuple[Scope | None, list[Scope | None]]:
    own: list[Scope | None] = [None] * len(counted.encoders)
    if not looks:
        return None, own
    seen = _Seen(*(np.concatenate(column) for column in zip(*looks, strict=True)))
    for block in range(len(counted.encoders)):
        mine = seen.block == block
        own[block] = _decision(seen.evidence[mine], seen.kind[mine])
    return _decision(seen.by_words, seen.kind), own


def _look(counted: Counted, pipeline: Pipeline, inside: Rows, near: Rows, common: frozenset[str]) -> _Seen:
    """Every text with its vector, and by its words alone."""
    far = _far(counted.pick(near), common)
    known = np.concatenate((inside, near))
    parts: list[tuple[Sequence[Sequence[str]], Encoded]] = [
        (counted.pick(known), counted.encoded.pick(known)),
        (far, pipeline.encode(far)),
    ]
    by_words, evidence, blocks = [], [], []
    for texts, encoded in parts:
        unread = Encoded(np.full(len(texts), -1), encoded.place, encoded.vectors)
        said = pipeline.score_words(texts)
        by_words.append(pipeline.score_with(unread, *said).evidence[:, : len(SCORES)])
        evidence.append(pipeline.score_with(encoded, *said).evidence)
        blocks.append(encoded.block)
    kind = np.repeat([_INSIDE, _NEAR, _FAR], [len(inside), len(near), len(far)])
    return _Seen(np.concatenate(by_words), np.concatenate(evidence), np.concatenate(blocks), kind)


def _common_words(counted: Counted) -> frozenset[str]:
    """The words in one text of a hundred or more: they hold any sentence together."""
    texts_with = Counter(word for text in counted.texts for word in set(text))
    return frozenset(word for word, texts in texts_with.items() if texts >= len(counted.texts) / 100)


def _far(texts: Sequence[Sequence[str]], common: frozenset[str]) -> list[list[str]]:
    """Texts with words that nobody ever said: halves of two of their own words of one script."""
    random = np.random.default_rng(47)
    known = sorted({word for text in texts for word in text})
    pools = [[word for word in known if word.isascii() == latin] for latin in (False, True)]
    chosen = random.permutation(len(texts))[:MOST_FAR]

    def invented(word: str) -> str:
        first, second = random.choice(pools[word.isascii()], 2)
        return str(first[: (len(first) + 1) // 2] + second[len(second) // 2 :])

    return [[word if word in common else invented(word) for word in texts[int(at)]] for at in chosen]


def _decision(evidence: Floats, kind: NDArray[np.intp]) -> Scope | None:
    """A logistic regression whose weights keep to their directions. Near and far texts weigh the same,
    and both together as much as those in scope; the share of either comes in afterwards."""
    if min(int((kind == one).sum()) for one in (_INSIDE, _NEAR)) < _FEWEST_TEXTS:
        return None
    inside = kind == _INSIDE
    weight = np.full(len(kind), 0.5 / inside.sum())
    outside = [one for one in (_NEAR, _FAR) if (kind == one).any()]
    for one in outside:
        weight[kind == one] = 0.5 / len(outside) / (kind == one).sum()
    mean, spread = evidence.mean(axis=0), evidence.std(axis=0) + 1e-6
    scaled = ((evidence - mean) / spread).astype(np.float64)
    sign = np.where(inside, 1.0, -1.0)
    scores = evidence.shape[1]

    def loss(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margins = sign * (scaled @ point[:-1] + point[-1])
        pull = -sign * weight / (1 + np.exp(margins))
        penalty = point[:-1] / len(inside)
        gradient = np.append(scaled.T @ pull + penalty, pull.sum())
        return float(weight @ np.logaddexp(0, -margins) + 0.5 * penalty @ point[:-1]), gradient

    bounds = [*_DIRECTIONS[:scores], (None, None)]
    best = minimize(loss, np.zeros(scores + 1), jac=True, method="L-BFGS-B", bounds=bounds)
    weights = np.asarray(best.x[:-1] / spread, dtype=np.float32)
    odds = (1 - OUT_OF_SCOPE_SHARE) / OUT_OF_SCOPE_SHARE
    return Scope(weights, float(best.x[-1] + np.log(odds) - weights @ mean))
