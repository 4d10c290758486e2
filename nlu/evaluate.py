"""How good a model made from these data would be, judged on texts it has not seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from estafeta.kernel.model import Intent, Understanding
from nlu import fit, hiding
from nlu.cases import NOBODYS, Case
from nlu.data import Example, TrainingData
from nlu.entities import EntityFinder
from nlu.figures import Evaluation, Mistake, calibration_error, figures, told_apart
from nlu.fit import Counted, HeldOut
from nlu.judging import Asks, Outcome, outcome
from nlu.likeness import nearest
from nlu.normalise import read, words
from nlu.pipeline import Calibration
from nlu.slot_evaluation import cross_validate

__all__ = ["Evaluation", "calibration_error", "evaluate", "with_nearest"]

NEAREST = 3
"""Training examples shown beside a mistake."""
MOST_SHOWN = 500
"""Mistakes beside which they are."""
_ENOUGH = 0.45


def evaluate(
    data: TrainingData,
    *,
    folds: int = 5,
    progress: Callable[[str, float], None],
    encoders: Sequence[str] | None = None,
    kept: Path | None = None,
    enough: float = _ENOUGH,
    asks: Asks = lambda understanding: (),
) -> Evaluation:
    """Cross-validated: every text is judged by a model trained without it. How well texts are told that are not for
    the bot comes from the examples of `out_of_scope`; where there are none, from hiding intents. Entities are
    cross-validated where some are marked. `encoders`, and the
    folder `kept` for what they make of the texts: as in `fit.count_examples`. `enough` and `asks`: as in `figures`
    and `judging`. Raises `TrainingDataError`."""
    progress("counting words and encoding", 0.0)
    texts = fit.count_examples(
        data.examples, encoders, kept, lambda share: progress("counting words and encoding", 0.3 * share)
    )
    with fit.workers() as pool:
        held = fit.hold_out(texts, folds, lambda share: progress("cross-validating", 0.3 + 0.5 * share), pool)
        calibration = fit.calibrate(held, len(texts.encoders))
        found = figures(_outcomes(data, texts, held, calibration, asks), enough)
        if found.scope is None:
            own, others = hiding.confidences(
                texts, calibration, lambda share: progress("hiding intents", 0.8 + 0.1 * share), pool
            )
            found = replace(found, scope=told_apart(own, others, enough, hidden=True))
    entities = cross_validate(
        EntityFinder.of(data), data.examples, lambda share: progress("judging entities", 0.9 + 0.1 * share), folds
    )
    return replace(found, entities=entities)


def _outcomes(data: TrainingData, texts: Counted, held: HeldOut, calibration: Calibration, asks: Asks) -> list[Outcome]:
    """What a model trained without a text says to it, for every text but those that are an intent's only one. Each is
    about one of the intents, so confidences are those of the intents alone, without the decision whether it is any."""
    probabilities = held.probabilities(calibration)
    written = {(_words(example), example.intent): example for example in reversed(data.examples)}
    order = (-probabilities).argsort(axis=1, kind="stable")[:, :2]
    found = []
    for at, row in enumerate(held.rows.tolist()):
        example = written[tuple(texts.texts[row]), texts.intents[int(held.labels[at])]]
        intent = "" if example.intent in NOBODYS else example.intent
        ranking = tuple(
            Intent(name=texts.intents[place], confidence=min(1.0, float(probabilities[at, place])))
            for place in order[at].tolist()
        )
        said = Understanding(intent=ranking[0].name, confidence=ranking[0].confidence, ranking=ranking)
        case = Case(text=example.text, intent=intent, file=example.file, line=example.line)
        found.append(replace(outcome(case, said, asks), entities=None))
    return found


def with_nearest(found: Evaluation, examples: Sequence[Example]) -> Evaluation:
    """The same, each mistake with the training examples that are most like it (itself left out)."""
    shown = found.mistakes[:MOST_SHOWN]
    likely = nearest([_words_of(one.text) for one in shown], [_words(one) for one in examples], NEAREST + 1)
    beside = [replace(one, near=_near(one, examples, near)) for one, near in zip(shown, likely, strict=True)]
    return replace(found, mistakes=(*beside, *found.mistakes[MOST_SHOWN:]))


def _near(
    mistake: Mistake, examples: Sequence[Example], near: Sequence[tuple[int, float]]
) -> tuple[tuple[str, str, float], ...]:
    others = [
        (examples[at].text, examples[at].intent, likeness)
        for at, likeness in near
        if (examples[at].file, examples[at].line) != (mistake.file, mistake.line)
    ]
    return tuple(others[:NEAREST])


def _words(example: Example) -> tuple[str, ...]:
    return _words_of(example.text)


def _words_of(text: str) -> tuple[str, ...]:
    return tuple(words(read(text).text))
