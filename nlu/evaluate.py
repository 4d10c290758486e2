"""How good a model made from these data would be, judged on texts it has not seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu import fit
from nlu.data import TrainingData
from nlu.pipeline import softmax


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
class Evaluation:
    """Shares from 0 to 1. `intents`: the weakest first."""

    examples: int
    accuracy: float
    ece: float
    intents: tuple[IntentFigures, ...]


def evaluate(data: TrainingData, *, folds: int = 5, progress: Callable[[str, float], None]) -> Evaluation:
    """Cross-validated: every text is judged by a model trained without it."""
    texts = fit.count_examples(data.examples)
    held = fit.hold_out(texts, folds, lambda share: progress("cross-validating", share))
    probabilities = softmax(held.logits / np.float32(fit.temperature(held)))
    said = probabilities.argmax(axis=1)
    figures = [_figures(at, name, said, held.labels, texts.intents) for at, name in enumerate(texts.intents)]
    return Evaluation(
        examples=len(held.rows),
        accuracy=held.accuracy,
        ece=calibration_error(probabilities.max(axis=1), said == held.labels),
        intents=tuple(sorted(figures, key=lambda intent: (intent.f1, intent.name))),
    )


def calibration_error(confidences: NDArray[Any], right: NDArray[np.bool_], bins: int = 10) -> float:
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


def _figures(
    at: int, name: str, said: NDArray[np.intp], true: NDArray[np.intp], names: tuple[str, ...]
) -> IntentFigures:
    hits = int(((said == at) & (true == at)).sum())
    asked, answered = int((true == at).sum()), int((said == at).sum())
    wrong = Counter(said[(true == at) & (said != at)].tolist()).most_common(1)
    return IntentFigures(
        name=name,
        examples=asked,
        precision=hits / answered if answered else 0.0,
        recall=hits / asked if asked else 0.0,
        f1=2 * hits / (asked + answered) if asked + answered else 0.0,
        confused_with=names[wrong[0][0]] if wrong else "",
    )
