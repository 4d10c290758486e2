"""Training data: `nlu/*.yml` of a workspace in Rasa's format, every mistake with its place.

The format: https://legacy-docs-oss.rasa.com/docs/rasa/training-data-format (intents with examples,
entities marked in the text, synonyms, regular expressions, lookup tables).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from estafeta.kernel.model import Json
from estafeta.kernel.patterns import UnsafePattern, compile_pattern
from nlu.findings import Finding, Severity, TrainingDataError, shown
from nlu.markup import EntityMark, MarkupError, read_markup
from nlu.normalise import read, words
from nlu.reading import Block, File, Written, read_file

__all__ = [
    "Example", "Finding", "Severity", "TrainingData", "TrainingDataError", "files_of", "opened", "read_workspace",
]  # fmt: skip

RASA_CONFIG = "rasa-config.yml"
"""Where a workspace keeps the pipeline of a Rasa that it is trained with."""
LARGEST_FILE = 20_000_000
"""Bytes of one file; a larger one is refused unread."""
LONGEST_PHRASE = 200
"""Characters of a phrase of a lookup table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """`line` and `column` count from 1. `metadata` is Rasa's: under "intent" that of the intent, under
    "example" that of the example; nothing is learnt from it."""

    text: str
    intent: str
    entities: tuple[EntityMark, ...]
    file: str
    line: int
    column: int = 1
    metadata: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingData:
    """`regexes` and `lookups` by entity name, `synonyms` from a phrase in lower case to its value.
    The intent of an example of a retrieval intent is its whole name, as in faq/ask_price.

    `doubts` do not stop the training, but somebody should look at them. `places` tells where each intent,
    synonym (by its value), regex, lookup and declared entity is first written, as file, line and column, by kind and
    name. `declared` are the names below `entities`; those among `nlu.ready.NAMES` are found without any example."""

    examples: tuple[Example, ...]
    regexes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lookups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    synonyms: Mapping[str, str] = field(default_factory=dict)
    doubts: tuple[Finding, ...] = ()
    places: Mapping[tuple[str, str], tuple[str, int, int]] = field(default_factory=dict)
    declared: tuple[str, ...] = ()

    @property
    def intents(self) -> tuple[str, ...]:
        return tuple(sorted({example.intent for example in self.examples}))

    @property
    def digest(self) -> str:
        """Changes when anything changes that a model could learn from; not when a line moves."""
        plain = [
            [[e.text, e.intent, [m.plain for m in e.entities]] for e in self.examples],
            {name: list(items) for name, items in self.regexes.items()},
            {name: list(items) for name, items in self.lookups.items()},
            dict(self.synonyms),
            list(self.declared),
        ]
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def files_of(workspace: Path) -> list[Path]:
    """The files that are trained on: `*.yml` and `*.yaml` in the workspace's folder `nlu`, not below it, but for Rasa's
    pipeline."""
    folder = workspace / "nlu"
    if not folder.is_dir():
        return []
    found = (path for path in folder.glob("*") if path.suffix in (".yml", ".yaml") and path.is_file())
    return sorted(path for path in found if path.name != RASA_CONFIG)


def read_workspace(workspace: Path) -> TrainingData:
    """Raises `TrainingDataError` with every mistake found, not just the first."""
    collected = _Collected()
    for path in files_of(workspace):
        collected.add(opened(path, path.relative_to(workspace).as_posix()))
    intents = {example.intent for example in collected.examples}
    wrong = [finding for finding in collected.findings if finding.severity == "error"]
    if not wrong and len(intents) < 2:
        found = "1 intent" if intents else "no intents"
        text = f"{found} found in nlu/*.yml; a model needs examples of two intents at least"
        if not workspace.is_dir():
            text = f"there is no folder {workspace}; name the one that has nlu/ in it"
        wrong += [Finding("nlu", 1, 1, text, _lying_elsewhere(workspace)), *_unread(workspace)]
    if wrong:
        raise TrainingDataError(wrong)
    return TrainingData(
        examples=tuple(collected.examples),
        regexes={name: tuple(items) for name, items in sorted(collected.regexes.items())},
        lookups={name: tuple(items) for name, items in sorted(collected.lookups.items())},
        synonyms={phrase: value for phrase, (value, _) in sorted(collected.synonyms.items())},
        doubts=tuple(sorted([*collected.findings, *_doubts(collected.examples), *_unread(workspace)])),
        places=collected.places,
        declared=tuple(sorted(collected.declared)),
    )


def opened(path: Path, name: str) -> File:
    """What stands in the file, which findings call so. Never raises for what is in it, nor for what cannot be read."""
    file = File(name)
    try:
        if path.stat().st_size > LARGEST_FILE:
            file.tell((1, 1), f"the file is larger than {LARGEST_FILE // 1_000_000} MB", "split it")
            return file
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        file.tell((1, 1), f"the file cannot be read: {error.strerror}")
        return file
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        file.tell((line, 1), "this is not UTF-8 text", "save the file as UTF-8")
        return file
    return read_file(text, name)


def _lying_elsewhere(workspace: Path) -> str:
    """Where somebody who comes from Rasa has the training data."""
    for place in ("data/nlu.yml", "data/nlu", "data", "nlu.yml"):
        if (workspace / place).exists():
            return f"if they are in {place}, as Rasa has them, copy them to the folder nlu"
    return ""


def _unread(workspace: Path) -> Iterator[Finding]:
    """Training data that are where nobody reads them."""
    folder = workspace / "nlu"
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        name = path.relative_to(workspace).as_posix()
        if path.is_file() and path.suffix in (".md", ".json") and path.name.lower() != "readme.md":
            mend = "Rasa 3 reads YAML only: convert it with Rasa 2 (rasa data convert nlu -f yaml)"
            yield Finding(name, 1, 1, "this file is not read", mend, "warning", "unread")
        elif path.is_dir() and path.name != "tests" and any(path.rglob("*.y*ml")):
            mend = "move its files to nlu/ itself"
            yield Finding(name, 1, 1, "the files in this folder are not read", mend, "warning", "unread")


def _doubts(examples: list[Example]) -> Iterator[Finding]:
    first: dict[str, Example] = {}
    for example in examples:
        key = " ".join(words(read(example.text).text))
        if not key:
            text = f"{shown(example.text)} has no words; the model cannot learn it"
            yield Finding(example.file, example.line, example.column, text, "leave it out", "warning", "wordless")
            continue
        earlier = first.setdefault(key, example)
        if earlier.intent != example.intent:
            same = "" if earlier.text == example.text else f", as {shown(earlier.text)},"
            text = (
                f"{shown(example.text)} is an example of {example.intent} here and{same} of {earlier.intent} "
                f"in {earlier.file}:{earlier.line}"
            )
            mend = "a text can have one intent only: leave it out in one of the two"
            yield Finding(example.file, example.line, example.column, text, mend, "error", "contradiction")


class _Collected:
    """What all files say together."""

    def __init__(self) -> None:
        self.examples: list[Example] = []
        self.regexes: dict[str, list[str]] = {}
        self.lookups: dict[str, list[str]] = {}
        self.synonyms: dict[str, tuple[str, str]] = {}
        self.places: dict[tuple[str, str], tuple[str, int, int]] = {}
        self.findings: list[Finding] = []
        self.declared: set[str] = set()

    def add(self, file: File) -> None:
        self.declared |= file.declared.keys()
        for name, place in file.declared.items():
            self.places.setdefault(("entity", name), (file.name, *place))
        for block in file.blocks:
            self.places.setdefault((block.kind, block.name), (file.name, block.line, block.column))
            take = getattr(self, f"_{block.kind}")
            for written in block.examples:
                take(file, block, written)
        self.findings += file.findings

    def _intent(self, file: File, block: Block, written: Written) -> None:
        try:
            plain, marks = read_markup(written.text)
        except MarkupError as error:
            return file.tell((written.line, written.column + error.at), str(error), error.mend)
        metadata = {"intent": block.metadata, "example": written.metadata}
        self.examples.append(
            Example(
                text=plain,
                intent=block.name,
                entities=marks,
                file=file.name,
                line=written.line,
                column=written.column,
                metadata={key: value for key, value in metadata.items() if value is not None},
            )
        )
        for mark in marks:
            phrase = plain[mark.start : mark.end]
            if mark.value != phrase:
                self._maps(file, written, phrase, mark.value)
        return None

    def _synonym(self, file: File, block: Block, written: Written) -> None:
        if written.text == block.name:
            place = (written.line, written.column)
            file.tell(place, f"{shown(written.text)} stands for itself", "leave it out", "note")
        self._maps(file, written, written.text, block.name)

    def _maps(self, file: File, written: Written, phrase: str, value: str) -> None:
        here = f"{file.name}:{written.line}"
        earlier, there = self.synonyms.setdefault(phrase.lower(), (value, here))
        if earlier != value:
            text = f"{shown(phrase)} stands for {shown(value)} here and for {shown(earlier)} in {there}"
            file.tell((written.line, written.column), text, "keep one; Rasa would take whichever it reads last")

    def _regex(self, file: File, block: Block, written: Written) -> None:
        try:
            compile_pattern(written.text)
        except UnsafePattern as error:
            return file.tell((written.line, written.column), str(error))
        self.regexes.setdefault(block.name, []).append(written.text)
        return None

    def _lookup(self, file: File, block: Block, written: Written) -> None:
        place = (written.line, written.column)
        if len(written.text) > LONGEST_PHRASE:
            return file.tell(place, f"a phrase of a lookup table has at most {LONGEST_PHRASE} characters")
        self.lookups.setdefault(block.name, []).append(written.text)
        return None
