"""Trained entities against what CRFsuite alone reaches: span F1, training, parsing, ready-made entities.

    python -m benchmarks.nlu_slots snips.jsonl [--split test] [--texts N]

A line of the file is {"text", "split", "entities": [{"entity", "start", "end"}]}. A span counts when its
name and both its ends are right (CoNLL-2003). The reference, in the same run: CRFsuite's averaged
perceptron on words, affixes and neighbours, decoded by CRFsuite.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pycrfsuite

from nlu import ready
from nlu.data import Example
from nlu.markup import EntityMark
from nlu.normalise import read
from nlu.slot_features import Token, tokens
from nlu.slot_training import train_slots

Spans = set[tuple[str, int, int]]
Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--split", default="test", help="the split that is judged")
    parser.add_argument("--texts", type=int, default=0, help="train on so many texts only")
    given = parser.parse_args()
    rows = [json.loads(line) for line in given.file.read_text(encoding="utf-8").splitlines()]
    taught = [row for row in rows if row["split"] == "train"][: given.texts or None]
    judged = [row for row in rows if row["split"] == given.split]
    print(f"{len(taught)} texts to learn from, {len(judged)} of the split {given.split} to judge by")
    reference, reference_time = _reference(taught)
    _told("CRFsuite, averaged perceptron", reference, reference_time, judged)
    began = time.process_time()
    slots = train_slots([_example(row) for row in taught], lambda _: ())
    seconds = time.process_time() - began
    if slots is None:
        print("nothing to learn: no entity has enough marks")
        return
    finder = slots

    def ours(text: str) -> Spans:
        return {(slot.kind.name, slot.start, slot.end) for slot in finder.find(text, ())}

    ratio = _told("embedded engine", ours, seconds, judged) / max(1e-9, _f1(reference, judged))
    print(f"{len(slots.kinds)} kinds, {sum(array.nbytes for array in slots.arrays().values()) / 1e6:.1f} MB of weights")
    _ready([row["text"] for row in judged])
    print(f"ratio: {ratio:.3f}")


def _told(name: str, find: Callable[[str], Spans], seconds: float, judged: Sequence[Row]) -> float:
    score = _f1(find, judged)
    times = []
    for row in judged:
        began = time.perf_counter()
        find(row["text"])
        times.append(time.perf_counter() - began)
    times.sort()
    p50, p99 = statistics.median(times), times[int(len(times) * 0.99)]
    print(f"{name}: F1 {score:.2%}, training {seconds:.1f} s of processor, parse p50 {p50:.2e} s, p99 {p99:.2e} s")
    return score


def _f1(find: Callable[[str], Spans], judged: Iterable[Row]) -> float:
    right = told = true = 0
    for row in judged:
        found, gold = find(row["text"]), {(e["entity"], e["start"], e["end"]) for e in row["entities"]}
        right, told, true = right + len(found & gold), told + len(found), true + len(gold)
    return 2 * right / max(1, told + true)


def _example(row: Row) -> Example:
    marks = tuple(EntityMark(e["entity"], e["value"], e["start"], e["end"]) for e in row["entities"])
    return Example(text=row["text"], intent=row["intent"], entities=marks, file="", line=0)


def _reference(taught: Iterable[Row]) -> tuple[Callable[[str], Spans], float]:
    trainer = pycrfsuite.Trainer(algorithm="ap", verbose=False)
    trainer.set_params({"max_iterations": 20})
    for row in taught:
        found = tokens(row["text"])
        trainer.append(_plain(found), _tags(found, row["entities"]))
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "reference")
        trainer.train(path)
        tagger = pycrfsuite.Tagger()
        tagger.open(path)

    def find(text: str) -> Spans:
        found = tokens(text)
        spans: list[tuple[str, int, int]] = []
        for token, tag in zip(found, tagger.tag(_plain(found)), strict=True):
            if tag.startswith("I-") and spans and spans[-1][0] == tag[2:]:
                spans[-1] = (*spans[-1][:2], token.end)
            elif tag != "O":
                spans.append((tag[2:], token.start, token.end))
        return set(spans)

    return find, time.process_time() - began


def _tags(found: Sequence[Token], entities: Iterable[Row]) -> list[str]:
    tags = ["O"] * len(found)
    for entity in entities:
        inside = [at for at, token in enumerate(found) if entity["start"] <= token.start < entity["end"]]
        for at in inside:
            tags[at] = f"{'B' if at == inside[0] else 'I'}-{entity['entity']}"
    return tags


def _plain(found: Sequence[Token]) -> list[list[str]]:
    words = ["", "", *(token.text.lower() for token in found), "", ""]
    return [
        [
            f"w={words[at]}",
            f"p={words[at][:3]}",
            f"s={words[at][-3:]}",
            *(f"{step}={words[at + step]}" for step in (-2, -1, 1, 2)),
            f"-={words[at - 1]} {words[at]}",
            f"+={words[at]} {words[at + 1]}",
        ]
        for at in range(2, len(words) - 2)
    ]


def _ready(texts: Sequence[str]) -> None:
    setting = ready.Setting(at=datetime.now(UTC))
    readings = [read(text).text for text in texts]
    ready.load(ready.NAMES)
    for name in ready.NAMES:
        began = time.perf_counter()
        found = sum(len(ready.find(text, [name], setting)) for text in readings)
        print(f"{name}: {found} found, {(time.perf_counter() - began) / len(readings):.2e} s a text")


if __name__ == "__main__":
    main()
