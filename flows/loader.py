"""Reads a workspace from its folder, with every mistake found in one pass.

`load` is for running: a workspace, or one error that holds all findings. `find` is for
`estafeta check`. Templates are compiled here, so a running bot never meets one that does not parse.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from estafeta.kernel.errors import EstafetaError
from flows import checks
from flows.checks.files import Files
from flows.checks.languages import usual_languages
from flows.checks.limits import Showing
from flows.compile import library
from flows.files import BotFile, Phrases, RepliesFile
from flows.flow_file import FlowFile
from flows.hours_file import HoursFile
from flows.media_files import media_files
from flows.model import Workspace
from flows.sentiment_file import SentimentFile
from flows.source import Finding, Mapping, Source, close_to, nearest, read
from flows.steps import KINDS
from flows.strict import LocalText
from flows.tone_file import ToneFile
from flows.training import training
from flows.written import Place

M = TypeVar("M", bound=BaseModel)
_FLOW_NAME = re.compile(r"""^flow:[ \t]*["']?([\w-]+)""", re.MULTILINE)

__all__ = ["Finding", "WorkspaceError", "find", "load"]


class WorkspaceError(EstafetaError):
    """A workspace has mistakes; `findings` are all of them, warnings too."""

    def __init__(self, path: Path, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        wrong = [finding for finding in findings if finding.severity == "error"]
        lines = "\n".join(f"  {finding}" for finding in wrong)
        super().__init__(f"the workspace {path} has {len(wrong)} mistake{'s' * (len(wrong) != 1)}:\n{lines}")


def load(path: Path) -> Workspace:
    """The workspace, or WorkspaceError."""
    workspace, findings = find(path)
    if workspace is None:
        raise WorkspaceError(path, findings)
    return workspace


def find(path: Path, showing: Showing | None = None) -> tuple[Workspace | None, list[Finding]]:
    """The workspace (None when anything in it is an error) and everything found, in order of place. `showing` are the
    channels that texts must fit."""
    if not path.is_dir():
        return None, [Finding(".", 0, 0, "error", f"there is no folder {path}", "name the folder that holds bot.yml")]
    bot_source, bot = _file(path, "bot.yml", BotFile)
    hours_source, hours = _file(path, "hours.yml", HoursFile)
    replies_source, replies = _file(path, "replies.yml", RepliesFile, needed=False)
    sentiment_source, sentiment = _file(path, "sentiment.yml", SentimentFile, needed=False)
    tone_source, tone = _file(path, "tone.yml", ToneFile, needed=False)
    flow_sources = [read(file, f"flows/{file.name}") for file in sorted((path / "flows").glob("*.yml"))]
    nlu_sources = [read(file, f"nlu/{file.name}") for file in sorted((path / "nlu").glob("*.yml"))]
    sources = [bot_source, hours_source, replies_source, sentiment_source, tone_source, *flow_sources, *nlu_sources]
    flows = _flows(flow_sources)
    files = {name: file for name, (_, file) in flows.items()}
    known, intents = training(nlu_sources)
    by_flow = {name: source for name, (source, _) in flows.items()}
    media = media_files(path)
    usable = bot or _bot_meanwhile(bot_source, files.values())
    workspace = Workspace(
        path=path,
        bot=usable,
        hours=hours or HoursFile.model_construct(timezone="UTC", schedules={}),
        replies=() if replies is None else replies.replies,
        library=library(usable, files, media, bot_source.tell, lambda name: by_flow[name].tell),
        media=media,
        training=known,
        sentiment=sentiment or SentimentFile(),
        tone=tone or ToneFile(),
    )
    read_whole = {source.file for source in by_flow.values()}
    files_read = Files(
        bot=None if bot is None else bot_source,
        hours=None if hours is None else hours_source,
        replies=replies_source,
        flows=flows,
        intents=intents,
        lost=frozenset(
            name for source in flow_sources if source.file not in read_whole for name in _names(path, source)
        ),
        taught=not any(finding.severity == "error" for source in nlu_sources for finding in source.findings),
    )
    checks.check(workspace, files_read, sentiment_source, tone_source, showing or Showing())
    findings = sorted({*(finding for source in sources for finding in source.findings), *_unread(path)})
    if any(finding.severity == "error" for finding in findings):
        return None, findings
    return workspace, findings


def _unread(path: Path) -> Iterator[Finding]:
    """Files that look like a workspace's and are none: nobody would miss them before a customer does."""
    for folder in ("", "flows", "flows/tests", "nlu", "nlu/tests"):
        for file in sorted((path / folder).glob("*.yaml")):
            name = file.relative_to(path).as_posix()
            mend = f"rename it to {file.stem}.yml"
            yield Finding(name, 1, 1, "warning", "this file is not read: its name ends in .yaml", mend, rule="idle")
    for file in sorted(path.glob("flows/*/*.yml")):
        name = file.relative_to(path).as_posix()
        if file.parent.name != "tests":
            mend = "move it into flows/ itself"
            yield Finding(name, 1, 1, "warning", "this file is not read: flows/ has no folders", mend, rule="idle")


def _file(path: Path, name: str, kind: type[M], *, needed: bool = True) -> tuple[Source, M | None]:
    file = path / name
    if not file.exists():
        source = Source(name)
        if needed:
            source.tell(
                (), "the file is missing", f"every workspace has a {name}; estafeta init begins a workspace with it"
            )
            return source, None
        return source, kind.model_validate({})
    source = read(file, name)
    return source, validated(source, kind)


def _bot_meanwhile(source: Source, flows: Iterable[FlowFile]) -> BotFile:
    """Stands in for a bot.yml that has mistakes, so that the other files can be checked."""
    given = source.data.get("languages") if isinstance(source.data, dict) else None
    written = isinstance(given, list) and given and all(isinstance(code, str) for code in given)
    return BotFile.model_construct(
        name=LocalText(""),
        languages=tuple(given) if given and written else usual_languages(flows),
        skills={},
        phrases=Phrases.model_validate(dict.fromkeys(Phrases.model_fields, "")),
    )


def _names(path: Path, source: Source) -> set[str]:
    """What the flow of a file that has mistakes may be called: as the file, or as a line in it says."""
    file = path / source.file
    try:
        said = _FLOW_NAME.search(file.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        said = None
    return {file.stem} if said is None else {file.stem, said[1]}


def _flows(sources: list[Source]) -> dict[str, tuple[Source, FlowFile]]:
    """The flows by name. Two of one name are a mistake."""
    found: dict[str, tuple[Source, FlowFile]] = {}
    for source in sources:
        file = validated(source, FlowFile)
        if file is None:
            continue
        if file.flow in found:
            other = found[file.flow][0].file
            source.tell(("flow",), f'the flow "{file.flow}" is in {other} too', "give one of them another name")
        else:
            found[file.flow] = (source, file)
    return found


def validated(source: Source, kind: type[M]) -> M | None:
    """The file as a model, or None with everything wrong in it told to the source."""
    if source.data is None:
        if not source.findings:
            source.tell((), "is empty", f"it needs {_needed(kind)}")
        return None

    def unknown(given: Any, key: Any, known: tuple[str, ...]) -> str | None:
        """Tells it; gives the key that was meant, for the place it takes."""
        place = given.place if isinstance(given, Mapping) else ()
        source.tell((*place, key), f'unknown key "{key}"', nearest(str(key), known), key=True)
        meant = close_to(str(key), known)
        if (
            meant is None
            or meant in given
            or any(close_to(str(other), known) == meant for other in _before(given, key))
        ):
            return None
        source.take(given, key, meant)
        return meant

    def misspelt(given: Any, key: str, meant: str) -> None:
        place = given.place if isinstance(given, Mapping) else ()
        source.tell((*place, key), f'"{key}" makes no step', f'did you mean "{meant}"?', key=True)
        source.take(given, key, meant)

    try:
        return kind.model_validate(source.data, context={"unknown": unknown, "misspelt": misspelt})
    except ValidationError as error:
        for details in error.errors(include_url=False):
            _tell(source, details)
        return None


def _before(given: Any, key: Any) -> Iterator[Any]:
    """The keys of a mapping that stand before another."""
    return takewhile(lambda other: other != key, given)


def _needed(kind: type[BaseModel]) -> str:
    return ", ".join(f"{name}:" for name, field in kind.model_fields.items() if field.is_required())


def _tell(source: Source, details: ErrorDetails) -> None:
    place: Place = tuple(details["loc"])
    kind = details["type"]
    if kind == "missing":
        source.tell(place[:-1], f'"{place[-1]}" is missing', f"add {place[-1]}: here")
    elif kind == "too_short" and details["input"]:
        return  # its items are wrong, and each is told
    elif kind == "union_tag_not_found":
        what, mend = _no_kind(details["input"])
        source.tell(place, what, mend)
    else:
        what, mend = _in_words(details)
        named = bool(place) and what.startswith(f'"{place[-1]}"')
        source.tell(place, what, mend, key=named or "[key]" in place)


def _no_kind(given: Any) -> tuple[str, str]:
    """A step that has none of the keys that make one."""
    kinds = ", ".join(KINDS)
    if not isinstance(given, dict):
        return "expected a step", f"a step is one of {kinds}, like - say: …"
    return "this step does nothing", f"a step has one of {kinds}"


_TYPES = {
    "string_type": "expected a text; put it in quotes",
    "int_type": "expected a whole number",
    "int_parsing": "expected a whole number",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number",
    "float_parsing": "expected a number",
    "bool_type": "expected true or false",
    "dict_type": 'expected a mapping, a "key: value" on each line',
    "tuple_type": 'expected a list, each item on a line that begins with "- "',
    "list_type": 'expected a list, each item on a line that begins with "- "',
}
_RANGES: dict[str, Callable[[dict[str, Any]], str]] = {
    "greater_than": lambda limits: f"expected more than {limits['gt']:g}",
    "greater_than_equal": lambda limits: f"expected {limits['ge']:g} or more",
    "less_than_equal": lambda limits: f"expected {limits['le']:g} or less",
    "literal_error": lambda limits: f"expected {str(limits['expected']).replace(chr(39), '')}",
    "too_short": lambda limits: f"is empty; write at least {limits['min_length']} here",
}


def _in_words(details: ErrorDetails) -> tuple[str, str]:
    kind, limits = details["type"], details.get("ctx", {})
    if kind == "expected":
        what, _, mend = str(limits["sentence"]).partition("; ")
        return what, mend
    what = _TYPES.get(kind) or (_RANGES[kind](limits) if kind in _RANGES else details["msg"])
    given = details["input"]
    if isinstance(given, str | int | float) and not isinstance(given, bool) and "quotes" not in what:
        return f'{what}, found "{str(given)[:40]}"', ""
    expected, _, mend = what.partition("; ")
    return expected, mend
