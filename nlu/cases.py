"""What a model is judged by: the files of nlu/tests/, or others of their kind. Nothing of it is ever learnt.

Three kinds, told apart by their first key:
- `nlu:` held-out texts in Rasa's own format, each with its intent and entities; those of the intents `out_of_scope`
  and `nlu_fallback` must not be understood,
- `pinned:` texts whose understanding must not change (`flows.pinned_file`),
- lists of texts by language, in a file whose name begins with out_of_scope: none of them must be understood.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from estafeta.kernel.model import Json
from flows import source as yaml_source
from flows.loader import validated
from flows.pinned_file import PinnedFile, moment
from flows.source import Source
from nlu.data import opened
from nlu.findings import Finding, TrainingDataError, nearest
from nlu.markup import EntityMark, MarkupError, read_markup
from nlu.reading import File

FOLDER = "nlu/tests"
NOBODYS = frozenset({"out_of_scope", "nlu_fallback"})
"""Intents that stand for texts that are none of the bot's business."""
MOST = 200_000
"""Texts of one run; more are refused."""
_OUT_OF_SCOPE = "out_of_scope"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A text, and what it means: `intent` is "" for one that must not be understood. `entities` are values by name,
    None where nobody says. `at` is when it was sent, in the customer's time zone; without it no times are found in it.
    `line` counts from 1, 0 where there is no file."""

    text: str
    intent: str
    entities: Mapping[str, tuple[str, ...]] | None = None
    at: datetime | None = None
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    pinned: tuple[Case, ...] = ()
    held_out: tuple[Case, ...] = ()
    findings: tuple[Finding, ...] = field(default=())


def of_workspace(workspace: Path) -> Cases:
    """What lies in nlu/tests/. Raises `TrainingDataError` for what cannot be read."""
    folder = workspace / FOLDER
    return read([folder], workspace) if folder.is_dir() else Cases()


def check(workspace: Path, intents: Collection[str]) -> list[Finding]:
    """What is wrong or doubtful in nlu/tests/, where `intents` are those of the training data."""
    try:
        found = of_workspace(workspace)
    except TrainingDataError as error:
        return list(error.findings)
    unknown: dict[str, Case] = {}
    for case in (*found.pinned, *found.held_out):
        if case.intent and case.intent not in intents:
            unknown.setdefault(case.intent, case)
    otherwise = "no model can pass: teach it, or mend the name"
    doubts = list(found.findings)
    for name, case in unknown.items():
        mend = nearest(name, intents, otherwise)
        doubts.append(Finding(case.file, case.line, 1, f"no example teaches {name}", mend, "warning", "untaught"))
    return doubts


def read(paths: Iterable[Path], beside: Path | None = None) -> Cases:
    """Of files, and of the *.yml and *.yaml in folders. Findings name them as they stand below `beside`. Raises
    `TrainingDataError` with every mistake found; what is only doubtful is in `findings`."""
    pinned: list[Case] = []
    held_out: list[Case] = []
    findings: list[Finding] = []
    for path in _files(paths):
        kept = beside is not None and path.is_relative_to(beside)
        name = path.relative_to(beside).as_posix() if kept and beside is not None else str(path)
        source = yaml_source.read(path, name)
        keys = set(source.data) if isinstance(source.data, dict) else set()
        if "pinned" in keys:
            pinned += _pinned(source)
            findings += _told(source)
        elif path.name.startswith(_OUT_OF_SCOPE) and "nlu" not in keys:
            held_out += _none(source)
            findings += _told(source)
        else:
            found, more = _rasa(path, name)
            held_out += found
            findings += more
    if len(pinned) + len(held_out) > MOST:
        findings.append(Finding(FOLDER, 1, 1, f"these are more than {MOST} texts", "judge by fewer"))
    wrong = [finding for finding in findings if finding.severity == "error"]
    if wrong:
        raise TrainingDataError(wrong)
    return Cases(pinned=tuple(pinned), held_out=tuple(held_out), findings=tuple(findings))


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(one for one in path.iterdir() if one.suffix in (".yml", ".yaml") and one.is_file())
        else:
            yield path


def _pinned(source: Source) -> Iterator[Case]:
    file = validated(source, PinnedFile)
    for number, one in enumerate(file.pinned if file is not None else ()):
        entities = None
        if one.entities is not None:
            entities = {
                name: tuple(sorted([values] if isinstance(values, str) else values))
                for name, values in one.entities.items()
            }
        line = source.at(("pinned", number))[0]
        yield Case(text=one.text, intent=one.intent, entities=entities, at=one.at, file=source.file, line=line)


def _none(source: Source) -> Iterator[Case]:
    if not isinstance(source.data, dict):
        if not source.findings:
            source.tell((), "expected lists of texts by language", "as in ru: [какая завтра погода]")
        return
    for language, texts in source.data.items():
        if not isinstance(texts, list):
            source.tell((language,), "expected a list of texts", "one a line, each after a dash")
            continue
        for number, text in enumerate(texts):
            if isinstance(text, str) and text.strip():
                yield Case(text=text, intent="", file=source.file, line=source.at((language, number))[0])
            else:
                source.tell((language, number), "expected a text", "put it in quotes")


def _told(source: Source) -> Iterator[Finding]:
    for one in source.findings:
        yield Finding(one.file, one.line, one.column, one.what, one.mend, one.severity)


def _rasa(path: Path, name: str) -> tuple[list[Case], list[Finding]]:
    file = opened(path, name)
    cases = []
    for block in file.blocks:
        for written in block.examples if block.kind == "intent" else ():
            try:
                plain, marks = read_markup(written.text)
            except MarkupError as error:
                file.tell((written.line, written.column + error.at), str(error), error.mend)
                continue
            intent = "" if block.name in NOBODYS else block.name
            at = _sent(file, (written.line, written.column), written.metadata, block.metadata)
            cases.append(Case(text=plain, intent=intent, entities=_values(marks), at=at, file=name, line=written.line))
    return cases, [one for one in file.findings if one.severity != "note"]


def _sent(file: File, place: tuple[int, int], *metadata: Json) -> datetime | None:
    """`at` of the example's metadata, else of its intent's: Rasa leaves those to whoever reads them."""
    given = next((one["at"] for one in metadata if isinstance(one, dict) and "at" in one), None)
    try:
        return None if given is None else moment(given)
    except ValueError as error:
        file.tell(place, f"at of the metadata: {error}")
        return None


def _values(marks: Iterable[EntityMark]) -> Mapping[str, tuple[str, ...]] | None:
    """None where nothing is marked: that need not mean that there is nothing."""
    found: dict[str, list[str]] = {}
    for mark in marks:
        found.setdefault(mark.name, []).append(mark.value)
    return {name: tuple(sorted(values)) for name, values in found.items()} or None
