"""Two models on the same texts: who is right more often, and whether that could be luck.

The difference has an interval from resampling the texts (paired bootstrap: Efron, Tibshirani, An Introduction to the
Bootstrap, 1993), and the texts that only one of them has right are put to McNemar's exact test
(https://doi.org/10.1007/BF02295996). Both are the same for the same outcomes: the seed is fixed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nlu.figures import macro_f1
from nlu.judging import Outcome

SEED = 13
RESAMPLES = 2000
_F1_RESAMPLES = 300
_MOST_F1 = 2_000_000
"""Texts times resamples for the interval of the macro F1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Of a share (0 to 1): of the model `before`, of the other, how much more the latter has, and where that lies in 95
    of 100 cases."""

    before: float
    after: float
    more: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A text that the two decide differently. `right` is "before", "after", or "" for neither or where nobody knows.
    `before_asks`, `after_asks`: the two intents that the bot would ask about instead of deciding. `times` is how often
    it was said."""

    text: str
    intent: str
    before: str
    before_confidence: float
    after: str
    after_confidence: float
    right: str = ""
    before_asks: tuple[str, ...] = ()
    after_asks: tuple[str, ...] = ()
    file: str = ""
    line: int = 0
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`texts` that both were asked. `accuracy` is about the likeliest intents of the bot's own texts, `decided` about
    what the bot would do with all. `only_before` and `only_after`: texts that only one of them decides rightly,
    `chance` the probability of a difference so large by luck alone."""

    texts: int
    accuracy: Difference
    decided: Difference
    macro_f1: Difference
    only_before: int
    only_after: int
    chance: float
    changed: tuple[Changed, ...]


def compare(before: Sequence[Outcome], after: Sequence[Outcome], enough: float) -> Comparison:
    """Of two models' outcomes of the same cases, in the same order."""
    if [one.case for one in before] != [one.case for one in after]:
        raise ValueError("these are outcomes of different texts")
    own = [(one, other) for one, other in zip(before, after, strict=True) if one.case.intent]
    decided = [(one.right(enough), other.right(enough)) for one, other in zip(before, after, strict=True)]
    only_before = sum(one and not other for one, other in decided)
    only_after = sum(other and not one for one, other in decided)
    return Comparison(
        texts=len(decided),
        accuracy=difference([(one.said == one.case.intent, other.said == other.case.intent) for one, other in own]),
        decided=difference(decided),
        macro_f1=_macro_f1(own),
        only_before=only_before,
        only_after=only_after,
        chance=mcnemar(only_before, only_after),
        changed=changed(before, after, enough),
    )


def changed(before: Sequence[Outcome], after: Sequence[Outcome], enough: float) -> tuple[Changed, ...]:
    """The texts that are decided differently, those first that the model before had right, or rather. To ask what is
    meant is a decision of its own, whichever of the two intents is the likelier."""
    found = []
    for one, other in zip(before, after, strict=True):
        was, now = one.decision(enough), other.decision(enough)
        if was != now or set(one.asks) != set(other.asks):
            worth, later = one.worth(enough), other.worth(enough)
            right = "before" if worth > later else "after" if later > worth else ""
            found.append(
                Changed(
                    text=one.case.text, intent=one.case.intent, before=was, before_confidence=one.confidence, after=now,
                    after_confidence=other.confidence, right=right, before_asks=one.asks, after_asks=other.asks,
                    file=one.case.file, line=one.case.line,
                )
            )  # fmt: skip
    order = {"before": 0, "": 1, "after": 2}
    return tuple(sorted(found, key=lambda one: (order[one.right], one.intent, one.text)))


def difference(pairs: Sequence[tuple[bool, bool]]) -> Difference:
    """Between two shares of the same texts. Resampling texts is drawing how many of them only one has right."""
    if not pairs:
        return Difference(before=0.0, after=0.0, more=0.0, low=0.0, high=0.0)
    of = len(pairs)
    worse, better = sum(one and not other for one, other in pairs), sum(other and not one for one, other in pairs)
    drawn = np.random.default_rng(SEED).multinomial(
        of, [worse / of, better / of, max(0.0, 1 - (worse + better) / of)], size=RESAMPLES
    )
    low, high = np.quantile((drawn[:, 1] - drawn[:, 0]) / of, [0.025, 0.975])
    return Difference(
        before=sum(one for one, _ in pairs) / of,
        after=sum(other for _, other in pairs) / of,
        more=(better - worse) / of,
        low=float(low),
        high=float(high),
    )


def _macro_f1(own: Sequence[tuple[Outcome, Outcome]]) -> Difference:
    true = [one.case.intent for one, _ in own]
    said = [one.said for one, _ in own], [other.said for _, other in own]
    before, after = (macro_f1(true, one) for one in said)
    resamples = min(_F1_RESAMPLES, _MOST_F1 // max(1, len(own)))
    drawing = np.random.default_rng(SEED)
    gaps = []
    for _ in range(resamples if own else 0):
        rows = drawing.integers(0, len(own), len(own)).tolist()
        drawn = [true[row] for row in rows]
        scores = [macro_f1(drawn, [one[row] for row in rows]) for one in said]
        gaps.append(scores[1] - scores[0])
    low, high = np.quantile(gaps, [0.025, 0.975]) if gaps else (0.0, 0.0)
    return Difference(before=before, after=after, more=after - before, low=float(low), high=float(high))


def mcnemar(one: int, other: int) -> float:
    """The exact two-sided probability that of `one` + `other` flips of a coin so few or fewer fall on one side."""
    of, fewer = one + other, min(one, other)
    if not of:
        return 1.0
    # log C(of, k) / 2^of, summed by what each term is of the largest
    logs = [
        math.lgamma(of + 1) - math.lgamma(k + 1) - math.lgamma(of - k + 1) - of * math.log(2) for k in range(fewer + 1)
    ]
    return min(1.0, 2 * math.fsum(math.exp(log) for log in logs))
