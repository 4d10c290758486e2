"""What outcomes amount to: figures of each intent, what is confused with what, how far confidence can be trusted, and
how well texts are told from those that are none of the bot's business. Numbers only, for whoever draws or compares
them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu.judging import Outcome

BINS = 20
"""Bars of the histogram of confidences."""
CALIBRATION_BINS = 10
_POINTS = 200
"""Points of the out-of-scope curve at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentFigures:
    """`confused_with` is the intent most often said in its place, "" if none was."""

    name: str
    examples: int
    precision: float
    recall: float
    f1: float
    confused_with: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityFigures:
    """`marks`: how often it was there to be found. `name` is "" for all entities together."""

    name: str
    marks: int
    precision: float
    recall: float
    f1: float


class Tally:
    """Entities by name: how many were there, were found, and both."""

    def __init__(self) -> None:
        self.marked: Counter[str] = Counter()
        self.found: Counter[str] = Counter()
        self.right: Counter[str] = Counter()

    def add(self, marked: Iterable[tuple[str, ...]], found: Iterable[tuple[str, ...]]) -> None:
        """Of one text: each entity as its name and whatever else must be right about it."""
        there, told = Counter(marked), Counter(found)
        for counts, entities in ((self.marked, there), (self.found, told), (self.right, there & told)):
            for (name, *_), times in entities.items():
                counts[name] += times

    def figures(self) -> tuple[EntityFigures, ...]:
        """All together, then each, the weakest first; none where there are no marks. What is marked nowhere is not
        judged: what rules find needs no marks."""
        names = list(self.marked)
        each = sorted((self._row(name, [name]) for name in names), key=lambda row: (row.f1, row.name))
        return (self._row("", names), *each) if each else ()

    def _row(self, title: str, names: Sequence[str]) -> EntityFigures:
        marked, found, right = (sum(counts[name] for name in names) for counts in (self.marked, self.found, self.right))
        return EntityFigures(
            name=title,
            marks=marked,
            precision=right / found if found else 0.0,
            recall=right / marked,
            f1=2 * right / (marked + found),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Confidences from `low` to below `high`: how many texts were said rightly, wrongly, and were none of the bot's."""

    low: float
    high: float
    right: int
    wrong: int
    nobodys: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Texts with like confidence: its mean, and the share that was right."""

    confidence: float
    accuracy: float
    texts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopePoint:
    """Answering from this confidence on: the shares of the bot's own texts, and of others, that would be answered."""

    confidence: float
    own: float
    others: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """`auroc`: the chance that one of the bot's own texts has more confidence than another. `hidden`: the others are
    texts of intents that were hidden from the model, which are nearer to what it knows than most of what strangers
    ask."""

    texts: int
    auroc: float
    answered: float
    points: tuple[ScopePoint, ...]
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """Texts to which the bot would say "did you mean …?" with two intents to choose from; `share` is that of all
    texts, `right` how many mean one of the two."""

    texts: int
    share: float
    right: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A text that was decided wrongly. `near` are the training examples most like it: text, intent, likeness."""

    text: str
    intent: str
    said: str
    confidence: float
    believed: bool
    file: str = ""
    line: int = 0
    near: tuple[tuple[str, str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Shares from 0 to 1. `examples` are the texts of the bot's own intents; `accuracy` the share of them whose
    likeliest intent is right, `interval` where it lies in 95 of 100 cases; `decided` the share of all texts that the
    bot would decide rightly, believing from `enough` on. `intents`: the weakest first. `confusions`: intent, what was
    said, how often, the most often first. `scope` is None without texts that are none of the bot's. `entity_texts` are
    those that say which entities are in them; in `entities_exact` of them exactly these values were found. `entities`:
    how well each is found, by its value; in a cross-validation by its place (`slot_evaluation`)."""

    examples: int
    accuracy: float
    interval: tuple[float, float]
    macro_f1: float
    decided: float
    enough: float
    ece: float
    intents: tuple[IntentFigures, ...]
    confusions: tuple[tuple[str, str, int], ...]
    histogram: tuple[Bar, ...]
    calibration: tuple[Trust, ...]
    scope: Scope | None
    entity_texts: int
    entities_exact: int
    entities: tuple[EntityFigures, ...]
    mistakes: tuple[Mistake, ...]
    questions: Questions
    failed: int = 0


def figures(outcomes: Sequence[Outcome], enough: float) -> Evaluation:
    """`enough` is the confidence from which on the bot believes (`fallback.confidence` of bot.yml)."""
    own = [one for one in outcomes if one.case.intent]
    right = np.array([one.said == one.case.intent for one in own], dtype=np.bool_)
    confidences = np.array([one.confidence for one in own], dtype=np.float64)
    accuracy = float(right.mean()) if own else 0.0
    intents = _intents(own)
    decided = sum(one.right(enough) for one in outcomes) / len(outcomes) if outcomes else 0.0
    telling = [one for one in outcomes if one.case.entities is not None]
    return Evaluation(
        examples=len(own),
        accuracy=accuracy,
        interval=interval(int(right.sum()), len(own)),
        macro_f1=sum(one.f1 for one in intents) / len(intents) if intents else 0.0,
        decided=decided,
        enough=enough,
        ece=calibration_error(confidences, right),
        intents=intents,
        confusions=_confusions(own),
        histogram=_histogram(outcomes),
        calibration=_calibration(confidences, right),
        scope=_scope(outcomes, enough),
        entity_texts=len(telling),
        entities_exact=sum(one.entities_right for one in telling),
        entities=_entities(telling),
        mistakes=tuple(_mistakes(outcomes, enough)),
        questions=_questions(outcomes),
        failed=sum(bool(one.failed) for one in outcomes),
    )


def interval(hits: int, of: int, deviations: float = 1.96) -> tuple[float, float]:
    """Where a share lies in 95 of 100 cases (Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953)."""
    if not of:
        return 0.0, 1.0
    share, square = hits / of, deviations**2
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = deviations / (1 + square / of) * math.sqrt(share * (1 - share) / of + square / (4 * of * of))
    return max(0.0, middle - half), min(1.0, middle + half)


def calibration_error(confidences: NDArray[Any], right: NDArray[np.bool_], bins: int = CALIBRATION_BINS) -> float:
    """Expected calibration error: the mean distance between confidence and accuracy over equal bins
    of confidence, weighted by their texts (Guo et al. 2017, https://arxiv.org/abs/1706.04599)."""
    if not len(confidences):
        return 0.0
    places = np.minimum((confidences * bins).astype(int), bins - 1)
    gaps = [
        (places == at).mean() * abs(confidences[places == at].mean() - right[places == at].mean())
        for at in np.unique(places)
    ]
    return float(sum(gaps))


def macro_f1(true: Sequence[str], said: Sequence[str]) -> float:
    """The mean F1 of the intents in `true`."""
    hits = Counter(one for one, other in zip(true, said, strict=True) if one == other)
    asked, answered = Counter(true), Counter(said)
    scores = [2 * hits[name] / (asked[name] + answered[name]) for name in asked]
    return sum(scores) / len(scores) if scores else 0.0


def _intents(own: Sequence[Outcome]) -> tuple[IntentFigures, ...]:
    asked = Counter(one.case.intent for one in own)
    answered = Counter(one.said for one in own)
    hits = Counter(one.said for one in own if one.said == one.case.intent)
    wrong: dict[str, Counter[str]] = {name: Counter() for name in asked}
    for one in own:
        if one.said != one.case.intent and one.said:
            wrong[one.case.intent][one.said] += 1
    found = []
    for name, count in asked.items():
        most = sorted(wrong[name].items(), key=lambda pair: (-pair[1], pair[0]))
        found.append(
            IntentFigures(
                name=name,
                examples=count,
                precision=hits[name] / answered[name] if answered[name] else 0.0,
                recall=hits[name] / count,
                f1=2 * hits[name] / (count + answered[name]),
                confused_with=most[0][0] if most else "",
            )
        )
    return tuple(sorted(found, key=lambda intent: (intent.f1, intent.name)))


def _entities(telling: Iterable[Outcome]) -> tuple[EntityFigures, ...]:
    tally = Tally()
    for one in telling:
        tally.add(_values(one.case.entities or {}), _values(one.entities or {}))
    return tally.figures()


def _values(entities: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, values in entities.items() for value in values]


def _confusions(own: Sequence[Outcome]) -> tuple[tuple[str, str, int], ...]:
    counts = Counter((one.case.intent, one.said) for one in own)
    return tuple((true, said, count) for (true, said), count in sorted(counts.items(), key=lambda it: (-it[1], it[0])))


def _histogram(outcomes: Sequence[Outcome]) -> tuple[Bar, ...]:
    bars = [Counter[str]() for _ in range(BINS)]
    for one in outcomes:
        kind = "right" if one.said == one.case.intent else "wrong"
        bars[min(int(one.confidence * BINS), BINS - 1)][kind if one.case.intent else "nobodys"] += 1
    return tuple(
        Bar(low=at / BINS, high=(at + 1) / BINS, right=bar["right"], wrong=bar["wrong"], nobodys=bar["nobodys"])
        for at, bar in enumerate(bars)
    )


def _calibration(confidences: NDArray[Any], right: NDArray[np.bool_]) -> tuple[Trust, ...]:
    places = np.minimum((confidences * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    return tuple(
        Trust(
            confidence=float(confidences[places == at].mean()),
            accuracy=float(right[places == at].mean()),
            texts=int((places == at).sum()),
        )
        for at in np.unique(places)
    )


def _questions(outcomes: Sequence[Outcome]) -> Questions:
    asked = [one for one in outcomes if one.asks]
    right = sum(one.case.intent in one.asks for one in asked)
    return Questions(texts=len(asked), share=len(asked) / max(1, len(outcomes)), right=right)


def _scope(outcomes: Sequence[Outcome], enough: float) -> Scope | None:
    own = np.array([_believed(one) for one in outcomes if one.case.intent])
    others = np.array([_believed(one) for one in outcomes if not one.case.intent])
    return told_apart(own, others, enough)


def told_apart(own: NDArray[Any], others: NDArray[Any], enough: float, *, hidden: bool = False) -> Scope | None:
    """How well the bot's own texts are told from others by these confidences; None without either. `hidden` as in
    `Scope`."""
    if not len(own) or not len(others):
        return None
    own, others = np.sort(own), np.sort(others)
    below = np.searchsorted(own, others, side="left")
    upto = np.searchsorted(own, others, side="right")
    auroc = 1.0 - float(((below + upto) / 2).mean()) / len(own)
    levels = np.unique(np.concatenate([own, others, [0.0]]))
    if len(levels) > _POINTS:
        levels = levels[np.linspace(0, len(levels) - 1, _POINTS).astype(int)]
    points = tuple(
        ScopePoint(
            confidence=float(level),
            own=1 - float(np.searchsorted(own, level, side="left")) / len(own),
            others=1 - float(np.searchsorted(others, level, side="left")) / len(others),
        )
        for level in levels
    )
    answered = 1 - float(np.searchsorted(others, enough, side="left")) / len(others)
    return Scope(texts=len(others), auroc=auroc, answered=answered, points=points, hidden=hidden)


def _believed(one: Outcome) -> float:
    """The confidence that it is something; an intent of nobody's is none."""
    return 0.0 if one.decision(0.0) == "" else one.confidence


def _mistakes(outcomes: Sequence[Outcome], enough: float) -> list[Mistake]:
    """Those wrongly believed first, the surest of them first."""
    found = [
        Mistake(
            text=one.case.text,
            intent=one.case.intent,
            said=one.said,
            confidence=one.confidence,
            believed=one.decision(enough) != "",
            file=one.case.file,
            line=one.case.line,
        )
        for one in outcomes
        if not one.right(enough)
    ]
    return sorted(found, key=lambda one: (not one.believed, -one.confidence, one.text))
