"""Conversations that must hold: reads flows/tests/*.yml, goes through each, tells where it goes another way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from flows import model
from flows.loader import validated
from flows.model import Workspace
from flows.source import Finding, Source, nearest, read
from flows.talk_around import Around
from flows.talk_match import Got, Matching, Row
from flows.talk_running import Running
from flows.talks_file import (
    NOTHING,
    AnyLine,
    AskedLine,
    BotLine,
    CalledLine,
    CustomerLine,
    EventLine,
    Expectation,
    HandoffLine,
    PressLine,
    ScheduledLine,
    StoredLine,
    StuckLine,
    Talk,
    TalksFile,
)
from flows.written import Place

FOLDER = "flows/tests"

# --- what comes out ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Went:
    """What came of one act: `words` say what happened, `got` what the bot did."""

    line: int
    words: str
    got: tuple[Got, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where a conversation goes another way. `line` is the number in the talk of what is wrong, or of the act that
    something came of that is expected nowhere; `hint` says what may be the matter, "" when the rows say it all."""

    line: int
    rows: tuple[Row, ...]
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A conversation in one language, until its end or its first difference."""

    talk: Talk
    language: str
    went: tuple[Went, ...]
    difference: Difference | None = None


def run(workspace: Workspace, talk: Talk, around: Around) -> list[Ran]:
    """The conversation in each of its languages."""
    speaks = talk.customer.language if talk.customer is not None else None
    languages = talk.languages or (speaks or workspace.default_language,)
    return [_run(workspace, talk, language, around) for language in languages]


def _run(workspace: Workspace, talk: Talk, language: str, around: Around) -> Ran:
    running = Running(workspace, talk, language, around)
    matching = Matching(language, workspace.default_language)
    went = []
    for number, act, expected in talk.acts():
        words, got = running.do(act, number)
        went.append(Went(number, words, got))
        difference = _difference(matching, running, number, expected, got)
        if difference is not None:
            return Ran(talk=talk, language=language, went=tuple(went), difference=difference)
    return Ran(talk=talk, language=language, went=tuple(went))


def _difference(
    matching: Matching, running: Running, act: int, expected: list[tuple[int, Expectation]], got: tuple[Got, ...]
) -> Difference | None:
    lines = [line for _, line in expected if isinstance(line, BotLine | CalledLine | HandoffLine | StuckLine)]
    rows = matching.rows(lines, got)
    rows += [row for _, line in expected for row in running.state(line)]
    if all(row.holds for row in rows):
        return None
    wrong = {id(line) for line in lines if not any(matching.holds(line, one) for one in got)}
    wrong |= {id(line) for _, line in expected if not all(row.holds for row in running.state(line))}
    at = next((number for number, line in expected if id(line) in wrong), act)
    return Difference(line=at, rows=tuple(rows), hint=running.hint)


# --- reading them --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Told:
    """A conversation and where it is written. `file` is relative to the workspace."""

    talk: Talk
    file: str
    source: Source
    place: Place

    def line(self, number: int | None = None) -> int:
        """The line of the file in which a line of the conversation stands, or its name."""
        place = (*self.place, "test") if number is None else (*self.place, "talk", number)
        return self.source.at(place)[0]


def find(workspace: Workspace) -> tuple[list[Told], list[Finding]]:
    """All conversations of a workspace, and what is wrong in their files; in order of place."""
    told: list[Told] = []
    findings: list[Finding] = []
    for path in sorted((workspace.path / FOLDER).glob("*.yml")):
        source = read(path, f"{FOLDER}/{path.name}")
        file = validated(source, TalksFile)
        if file is not None:
            for number, talk in enumerate(file.tests):
                place = ("tests", number)
                whole = file.of(talk)
                told.append(Told(whole, source.file, source, place))
            _check(workspace, source, file)
        findings += source.findings
    return told, sorted(set(findings))


def _check(workspace: Workspace, source: Source, file: TalksFile) -> None:
    """Names that are nowhere in the workspace."""
    known = _Names(workspace)
    given: list[tuple[Place, Talk | TalksFile]] = [((), file)]
    given += [(("tests", number), talk) for number, talk in enumerate(file.tests)]
    for place, begins in given:
        for number, stub in enumerate(begins.actions):
            where = (*place, "actions", number)
            known.check(source, (*where, "call"), stub.call, "action", workspace.library.actions)
            known.arguments(source, (*where, "with"), stub.call, stub.with_)
        for number, language in enumerate(begins.languages or ()):
            known.check(source, (*place, "languages", number), language, "language", workspace.languages)
        spoken = begins.customer.language if begins.customer is not None else None
        if spoken is not None:
            known.check(source, (*place, "customer", "language"), spoken, "language", workspace.languages)
    seen: dict[str, int] = {}
    for number, talk in enumerate(file.tests):
        if talk.test in seen:
            source.tell(("tests", number, "test"), f'two conversations are called "{talk.test}"', "rename one of them")
        seen[talk.test] = number
        for at, line in enumerate(talk.talk):
            known.line(source, ("tests", number, "talk", at), line)


class _Names:
    """What tests may name."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        flows = workspace.library.flows
        steps = [step for flow in flows.values() for step in flow.steps]
        self._slots = {"handoff", "event", *(name for step in steps for name in _kept(step))}
        self._menus = {step.place.rpartition(":")[2] or "menu" for step in steps if isinstance(step, model.Menu)}
        self._arguments: dict[str, set[str]] = {}
        for step in steps:
            if isinstance(step, model.Call):
                self._arguments.setdefault(step.action, set()).update(step.arguments)
        self._events = {*workspace.library.by_event, *(step.event for step in steps if isinstance(step, model.Wait))}

    def check(self, source: Source, place: Place, name: str, what: str, known: Iterable[str]) -> None:
        if name not in known:
            source.tell(place, f'there is no {what} "{name}"', nearest(name, known))

    def arguments(self, source: Source, place: Place, action: str, given: Iterable[str]) -> None:
        """What no flow hands to the action cannot be asked of a call: the test fits nothing."""
        known = self._arguments.get(action, set())
        for name in given if action in self._workspace.library.actions else ():
            if name not in known:
                what = f'no flow calls "{action}" with "{name}"'
                source.tell(
                    (*place, name), what, nearest(name, known, "leave it out"), key=True, warn=True, rule="name"
                )

    def line(self, source: Source, place: Place, line: AnyLine) -> None:
        library, intents = self._workspace.library, self._workspace.training.intents
        match line:
            case CustomerLine(means=str(intent)) | PressLine(means=str(intent)) if intents and intent != NOTHING:
                self.check(source, (*place, "means"), intent, "intent", {*intents, *library.by_intent})
            case EventLine():
                self.check(source, (*place, "event"), line.event, "event that a flow knows", self._events - {""})
            case ScheduledLine():
                scheduled = library.scheduled
                self.check(source, (*place, "scheduled"), line.scheduled, "flow with a schedule", scheduled)
            case CalledLine():
                self.check(source, (*place, "called"), line.called, "action", library.actions)
                self.arguments(source, (*place, "with"), line.called, line.with_ or {})
            case HandoffLine() if line.handoff.skill:
                where = (*place, "handoff", "skill")
                self.check(source, where, line.handoff.skill, "skill", self._workspace.skills)
            case AskedLine():
                asks = {*self._slots, *self._menus, NOTHING}
                self.check(source, (*place, "asked"), line.asked, "question", asks)
            case StoredLine():
                for name in line.stored.slots:
                    self.check(source, (*place, "stored", "slots", name), name, "slot", self._slots)


def _kept(step: model.Step) -> Iterator[str]:
    match step:
        case model.Ask():
            yield step.slot
        case model.Set():
            yield from (name for name, _ in step.values)
        case model.Call():
            yield from (name for name, _ in step.parts)
            yield step.save or "handoff"
        case model.Wait():
            yield step.save or "handoff"
