"""Training data: `nlu/*.yml` of a workspace in Rasa's format, every mistake with its place.

The format: https://legacy-docs-oss.rasa.com/docs/rasa/training-data-format (intents with examples,
entities marked in the text, synonyms, regular expressions, lookup tables).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.scalarstring import LiteralScalarString

from estafeta.kernel.errors import EstafetaError
from nlu.markup import EntityMark, MarkupError, read_markup
from nlu.normalise import read, words
from nlu.patterns import UnsafePattern, compile_pattern

LARGEST_FILE = 20_000_000
"""Bytes of one file; a larger one is refused unread."""
_KEYS = ("version", "nlu")
_KINDS = ("intent", "synonym", "regex", "lookup")
_ITEM_KEYS = (*_KINDS, "examples", "metadata")


class Finding(NamedTuple):
    """A mistake in a file. `line` and `column` count from 1; `file` is relative to the workspace."""

    file: str
    line: int
    column: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.text}"


class TrainingDataError(EstafetaError):
    """The training data cannot be used; `findings` says where and why."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = tuple(sorted(findings))
        super().__init__("\n".join(str(finding) for finding in self.findings))


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    text: str
    intent: str
    entities: tuple[EntityMark, ...]
    file: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingData:
    """`regexes` and `lookups` by entity name, `synonyms` from a phrase in lower case to its value.
    `doubts` do not stop the training, but somebody should look at them."""

    examples: tuple[Example, ...]
    regexes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lookups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    synonyms: Mapping[str, str] = field(default_factory=dict)
    doubts: tuple[Finding, ...] = ()

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
        ]
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def read_workspace(workspace: Path) -> TrainingData:
    """All `*.yml` and `*.yaml` in the workspace's folder `nlu`. Raises `TrainingDataError` with every
    mistake found, not just the first."""
    folder = workspace / "nlu"
    files = sorted(path for path in folder.glob("*") if path.suffix in (".yml", ".yaml")) if folder.is_dir() else []
    reader = _Reader()
    for path in files:
        reader.read(path, str(path.relative_to(workspace)))
    intents = {example.intent for example in reader.examples}
    if not reader.findings and len(intents) < 2:
        text = f"{len(intents)} intents found in nlu/*.yml; a model needs examples of two intents at least"
        reader.findings.append(Finding("nlu", 1, 1, text))
    if reader.findings:
        raise TrainingDataError(reader.findings)
    return TrainingData(
        examples=tuple(reader.examples),
        regexes={name: tuple(items) for name, items in sorted(reader.regexes.items())},
        lookups={name: tuple(items) for name, items in sorted(reader.lookups.items())},
        synonyms=dict(sorted(reader.synonyms.items())),
        doubts=tuple(_doubts(reader.examples)),
    )


def _doubts(examples: list[Example]) -> Iterator[Finding]:
    first: dict[str, Example] = {}
    for example in examples:
        if not words(read(example.text).text):
            text = f"“{example.text[:60]}” has no words; the model cannot learn it"
            yield Finding(example.file, example.line, 1, text)
            continue
        earlier = first.setdefault(" ".join(example.text.lower().split()), example)
        if earlier.intent != example.intent:
            text = (
                f"“{example.text[:60]}” is an example of {example.intent} here and of {earlier.intent} "
                f"in {earlier.file}:{earlier.line}; a text can have one intent only"
            )
            yield Finding(example.file, example.line, 1, text)


class _Reader:
    """Collects what the files say. Lines from ruamel.yaml count from 0, findings from 1."""

    def __init__(self) -> None:
        self.examples: list[Example] = []
        self.regexes: dict[str, list[str]] = {}
        self.lookups: dict[str, list[str]] = {}
        self.synonyms: dict[str, str] = {}
        self.findings: list[Finding] = []
        self._file = ""
        self._lines: list[str] = []

    def read(self, path: Path, name: str) -> None:
        self._file = name
        try:
            if path.stat().st_size > LARGEST_FILE:
                return self._wrong((0, 0), f"the file is larger than {LARGEST_FILE // 1_000_000} MB")
            text = path.read_bytes().decode("utf-8-sig")
        except OSError as error:
            return self._wrong((0, 0), f"the file cannot be read: {error.strerror}")
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n")
            return self._wrong((line, 0), "this is not UTF-8 text; save the file as UTF-8")
        self._lines = text.splitlines()
        try:
            document = YAML(typ="rt", pure=True).load(text)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            where = (mark.line, mark.column) if mark else (0, 0)
            return self._wrong(where, f"this is not YAML: {error.problem or error.context}")
        except (YAMLError, ValueError, RecursionError) as error:
            return self._wrong((0, 0), f"this is not YAML: {error}")
        self._document(document)
        return None

    def _wrong(self, place: tuple[int, int], text: str) -> None:
        self.findings.append(Finding(self._file, place[0] + 1, place[1] + 1, text))

    def _document(self, document: Any) -> None:
        if document is None:
            return None
        if not isinstance(document, CommentedMap):
            return self._wrong((0, 0), "expected a mapping with the keys version and nlu")
        for key in document:
            if key not in _KEYS:
                self._wrong(document.lc.key(key), f"unknown key {key}; expected version or nlu{_nearest(key, _KEYS)}")
        if "version" in document and not str(document["version"]).startswith("3."):
            self._wrong(
                document.lc.value("version"), f'version {document["version"]} is not supported; write version: "3.1"'
            )
        items = document.get("nlu")
        if items is None:
            return None
        if not isinstance(items, CommentedSeq):
            return self._wrong(
                document.lc.value("nlu"),
                "expected a list: each item begins with - intent:, - synonym:, - regex: or - lookup:",
            )
        for at, item in enumerate(items):
            self._item(item, items.lc.item(at))
        return None

    def _item(self, item: Any, place: tuple[int, int]) -> None:
        if not isinstance(item, CommentedMap):
            return self._wrong(place, f"expected a mapping with one of {', '.join(_KINDS)}, and examples")
        for key in item:
            if key not in _ITEM_KEYS:
                expected = f"expected one of {', '.join(_ITEM_KEYS)}{_nearest(key, _ITEM_KEYS)}"
                return self._wrong(item.lc.key(key), f"unknown key {key}; {expected}")
        kinds = [kind for kind in _KINDS if kind in item]
        if len(kinds) != 1:
            return self._wrong(
                place, f"expected exactly one of {', '.join(_KINDS)}; found {', '.join(kinds) or 'none'}"
            )
        kind = kinds[0]
        name = item[kind]
        if not isinstance(name, str) or not name.strip():
            return self._wrong(item.lc.value(kind), f"expected the name of the {kind}, a text")
        if "examples" not in item:
            return self._wrong(place, f"{kind} {name} has no examples")
        before = len(self.findings)
        texts = list(self._texts(item))
        for line, column, text in texts:
            getattr(self, f"_{kind}")(name.strip(), text, line, column)
        if not texts and len(self.findings) == before:
            self._wrong(item.lc.value("examples"), f"{kind} {name} has no examples")
        return None

    def _texts(self, item: CommentedMap) -> Iterator[tuple[int, int, str]]:
        """Line, column and text of every example."""
        examples = item["examples"]
        line, column = item.lc.value("examples")
        if isinstance(examples, CommentedSeq):
            for at, entry in enumerate(examples):
                text = entry.get("text") if isinstance(entry, CommentedMap) else entry
                if isinstance(text, str) and text.strip():
                    yield *examples.lc.item(at), text.strip().removeprefix("- ").strip()
                else:
                    self._wrong(examples.lc.item(at), "expected an example: a text, or a mapping with text")
        elif isinstance(examples, LiteralScalarString):
            for at, text in enumerate(examples.splitlines(), start=line + 1):
                if text.strip():
                    yield from self._dashed(at, text.strip())
        elif isinstance(examples, str) and "\n" not in examples:
            yield from self._dashed(line, examples.strip(), column)
        else:
            self._wrong((line, column), "expected examples: | and below it one example a line, each after a dash")

    def _dashed(self, line: int, text: str, column: int | None = None) -> Iterator[tuple[int, int, str]]:
        if column is None:
            column = max(0, self._lines[line].find(text)) if line < len(self._lines) else 0
        if not text.startswith("-"):
            self._wrong((line, column), f"expected a dash before the example: - {text[:60]}")
        elif text[1:].strip():
            yield line, column, text[1:].strip()
        else:
            self._wrong((line, column), "an example without a text")

    def _intent(self, name: str, text: str, line: int, column: int) -> None:
        try:
            plain, marks = read_markup(text)
        except MarkupError as error:
            return self._wrong((line, column), str(error))
        self.examples.append(Example(text=plain, intent=name, entities=marks, file=self._file, line=line + 1))
        for mark in marks:
            if mark.value != plain[mark.start : mark.end]:
                self._synonym(mark.value, plain[mark.start : mark.end], line, column)
        return None

    def _synonym(self, value: str, phrase: str, line: int, column: int) -> None:
        earlier = self.synonyms.setdefault(phrase.lower(), value)
        if earlier != value:
            self._wrong((line, column), f"“{phrase}” stands for “{value}” here and for “{earlier}” elsewhere; keep one")

    def _regex(self, name: str, pattern: str, line: int, column: int) -> None:
        try:
            compile_pattern(pattern)
        except UnsafePattern as error:
            return self._wrong((line, column), str(error))
        self.regexes.setdefault(name, []).append(pattern)
        return None

    def _lookup(self, name: str, phrase: str, line: int, column: int) -> None:
        if len(phrase) > 200:
            return self._wrong((line, column), "a phrase of a lookup table has at most 200 characters")
        self.lookups.setdefault(name, []).append(phrase)
        return None


def _nearest(key: object, known: tuple[str, ...]) -> str:
    near = get_close_matches(str(key), known, n=1)
    return f" (did you mean {near[0]}?)" if near else ""
