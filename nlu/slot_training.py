"""Fitting the trained entities (`nlu.slots`) with CRFsuite.

An entity is learnt when enough examples are marked with it and the trainer's own patterns and tables
do not explain them already: what they explain whole, they are left to decide.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pycrfsuite

from nlu.data import Example
from nlu.normalise import Reading, read
from nlu.slot_features import LONGEST_PHRASE, Hit, Memory, Token, features, stems, tokens
from nlu.slots import MOST_CELLS, MOST_LABELS, OUTSIDE, Kind, Slots

ENOUGH = 2
"""Marks that no rule explains, from which on an entity is learnt; in cross-validation on small sets the best
among 2, 3, 5 and 10."""
STEPS = 50
"""Steps of L-BFGS at most."""
COMMON, MOST_COMMON = 0.004, 300
"""A stem in at least this share of the texts tells what a sentence is about; at most so many do."""
SPARSITY, STRENGTH = 0.05, 0.01
"""CRFsuite's c1 and c2: the penalties on the weights and on their squares."""
Rules = Callable[[Reading], Sequence[Hit]]


@dataclass(frozen=True, slots=True)
class _Marked:
    """An example in words. `spans`: what is marked, from its first word to the one behind its last."""

    words: list[Token]
    hits: Sequence[Hit]
    spans: list[tuple[Kind, int, int]]


def train_slots(examples: Sequence[Example], rules: Rules) -> Slots | None:
    """None when there is nothing to learn. `rules` tells what patterns and tables find in a text."""
    marked = [_marked(example, rules) for example in examples]
    wanted = _wanted(marked)
    if not wanted:
        return None
    marks = Counter(kind for text in marked for kind, _, _ in text.spans if kind.name in wanted)
    kinds = tuple(sorted(kind for kind, _ in marks.most_common((MOST_LABELS - 1) // 2)))
    names = _names(kinds)
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    known = _phrases(marked, wanted)
    common = _common(marked)
    # A phrase that was marked once only is not told in training, or its own example would teach to trust it.
    memory = Memory({phrase: told for phrase, counts in known.items() if (told := _often(counts, 2))}, common)
    for text in marked:
        if text.words:
            labels = [names[label] for label in _labels(text, kinds)]
            trainer.append(features(text.words, text.hits, memory), labels)
    trainer.set_params({"c1": SPARSITY, "c2": STRENGTH, "max_iterations": STEPS})
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "slots")
        trainer.train(path)
        tagger = pycrfsuite.Tagger()
        tagger.open(path)
        try:
            info = tagger.info()
        finally:
            tagger.close()
    memory = Memory({phrase: _often(counts, 1) for phrase, counts in known.items()}, common)
    return _assembled(kinds, memory, info.state_features, info.transitions)


def _phrases(marked: Iterable[_Marked], wanted: set[str]) -> dict[str, Counter[str]]:
    """By the stems of a marked phrase, how often it was marked with which entity."""
    known: dict[str, Counter[str]] = {}
    for text in marked:
        for kind, first, last in text.spans:
            if kind.name in wanted and last - first <= LONGEST_PHRASE:
                known.setdefault(" ".join(stems(text.words[first:last])), Counter())[kind.name] += 1
    return dict(sorted(known.items()))


def _often(counts: Counter[str], least: int) -> tuple[str, ...]:
    return tuple(sorted(name for name, count in counts.items() if count >= least))


def _common(marked: Sequence[_Marked]) -> frozenset[str]:
    counts: Counter[str] = Counter()
    for text in marked:
        counts.update(dict.fromkeys(stems(text.words), 1))
    least = max(3.0, COMMON * len(marked))
    return frozenset(stem for stem, count in counts.most_common(MOST_COMMON) if count >= least)


def _marked(example: Example, rules: Rules) -> _Marked:
    reading = read(example.text)
    found = tokens(reading.text)
    places = [reading.span(token.start, token.end) for token in found]
    spans = []
    for mark in example.entities:
        inside = [at for at, (start, _) in enumerate(places) if mark.start <= start < mark.end]
        if inside:
            spans.append((Kind(mark.name, mark.role, mark.group), inside[0], inside[-1] + 1))
    return _Marked(found, rules(reading), spans)


def _wanted(marked: Iterable[_Marked]) -> set[str]:
    """The entities with enough marks that the rules do not find, or that have roles or groups."""
    unexplained: Counter[str] = Counter()
    for text in marked:
        for kind, first, last in text.spans:
            place = Hit(kind.name, text.words[first].start, text.words[last - 1].end)
            unexplained[kind.name] += bool(kind.role or kind.group) or place not in text.hits
    return {name for name, marks in unexplained.items() if marks >= ENOUGH}


def _labels(text: _Marked, kinds: Sequence[Kind]) -> list[int]:
    labels = [0] * len(text.words)
    for kind, first, last in text.spans:
        if kind in kinds and not any(labels[first:last]):
            base = 2 * kinds.index(kind)
            labels[first] = base + 1
            labels[first + 1 : last] = [base + 2] * (last - first - 1)
    return labels


def _names(kinds: Sequence[Kind]) -> list[str]:
    """What CRFsuite calls the labels."""
    return [OUTSIDE, *(f"{sign}{at}" for at in range(len(kinds)) for sign in "BI")]


def _assembled(
    kinds: tuple[Kind, ...],
    memory: Memory,
    states: dict[tuple[str, str], float],
    transitions: dict[tuple[str, str], float],
) -> Slots:
    names = _names(kinds)
    label = {name: at for at, name in enumerate(names)}
    rows: dict[str, list[tuple[int, float]]] = {}
    for (feature, name), weight in states.items():
        rows.setdefault(feature, []).append((label[name], weight))
    heaviest = sorted(rows, key=lambda feature: (-max(abs(weight) for _, weight in rows[feature]), feature))
    vocabulary = sorted(heaviest[: MOST_CELLS // len(names)])
    cells = [cell for feature in vocabulary for cell in sorted(rows[feature])]
    steps = np.zeros((len(names), len(names)), dtype=np.float32)
    for (left, right), weight in transitions.items():
        steps[label[left], label[right]] = weight
    return Slots(
        kinds=kinds,
        memory=memory,
        vocabulary=vocabulary,
        starts=np.cumsum([0, *(len(rows[feature]) for feature in vocabulary)]).astype(np.int32),
        columns=np.array([column for column, _ in cells], dtype=np.int32),
        weights=np.array([weight for _, weight in cells], dtype=np.float32),
        transitions=steps,
    )
