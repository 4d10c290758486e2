"""How well entities are found: precision, recall and F1 by entity, on examples the model has not seen.

A span counts when its name, both its ends, its role and its group are right (CoNLL-2003, with roles).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence

from nlu.data import Example
from nlu.entities import EntityFinder
from nlu.figures import EntityFigures, Tally
from nlu.normalise import read
from nlu.slot_training import train_slots

ENOUGH = 1000
"""Marks from which on no further part is trained and judged: that many tell a share to about two points in a hundred,
and training takes the longest where marks abound."""


def cross_validate(
    finder: EntityFinder, examples: Sequence[Example], progress: Callable[[float], None], folds: int = 5
) -> tuple[EntityFigures, ...]:
    """As `Tally.figures`, each example by a model that was trained without its text. `finder` knows the rules;
    `progress` is told the share that is done. Trains `folds` times, less often where marks abound; not at all where
    nothing is marked."""
    tally = Tally()
    if any(example.entities for example in examples):
        texts = sorted({example.text.lower() for example in examples})
        random.Random(5).shuffle(texts)  # noqa: S311  # the same every time, and nobody's secret
        part = {text: at % folds for at, text in enumerate(texts)}
        for fold in range(folds):
            progress(fold / folds)
            taught = [example for example in examples if part[example.text.lower()] != fold]
            judged = [example for example in examples if part[example.text.lower()] == fold]
            count(tally, finder.learnt(train_slots(taught, finder.hits)), judged)
            if tally.marked.total() >= ENOUGH:
                break
        progress(1.0)
    return tally.figures()


def count(tally: Tally, finder: EntityFinder, examples: Iterable[Example]) -> None:
    """Adds what `finder` finds in the examples to what is marked in them."""
    for example in examples:
        marked = {(mark.name, f"{mark.start}-{mark.end}", mark.role, mark.group) for mark in example.entities}
        spans = finder.spans(read(example.text))
        tally.add(marked, {(span.name, f"{span.start}-{span.end}", span.role, span.group) for span in spans})
