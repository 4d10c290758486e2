"""A compiled flow as a picture is made of it: every step a node, every way on from it an edge.

Pure: what a node is about is told as data (`facts`), in words that the editor wrote; how it is called for people, and
where it stands on a page, is the page's matter. Besides the steps there are nodes for what starts the flow, for where
it is over, and for what a button under a message leads to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from estafeta.kernel.model import Json
from flows.flow_file import DAYS
from flows.model import (
    END,
    Ask,
    Call,
    CallPeople,
    Choose,
    Copy,
    EndAll,
    Flow,
    Forget,
    Goto,
    HandOff,
    Label,
    Library,
    Menu,
    PressTo,
    Remember,
    Run,
    Say,
    Set,
    Spoken,
    Step,
    Wait,
)
from flows.templates import Compiled
from flows.written import Place

NodeKind = Literal[
    "start", "say", "ask", "menu", "choose", "set", "call", "wait", "remember", "forget", "tag", "untag", "goto",
    "flow", "handoff", "end", "end_all", "over",
]  # fmt: skip
EdgeKind = Literal[
    "next", "answer", "option", "unanswered", "when", "otherwise", "done", "failed", "happened", "late", "press",
    "returned",
]  # fmt: skip
"""`answer`, `unanswered`: of a question; `option`: of a menu; `when`, `otherwise`: of a choice by conditions; `done`,
`failed`: of a call; `happened`, `late`: of a wait for an event; `press`: a button that leads elsewhere; `returned`: the
conversation came back from people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """`id` is the step's pointer, so that it stays the same while other steps change. `path` is the place in the file;
    `written` is False for what follows from other words there (the handoff when nobody wrote one). `flow` is the flow
    that it leads to, `text` what is said first, `buttons` what stands below it."""

    id: str
    kind: NodeKind
    name: str = ""
    path: Place = ()
    written: bool = True
    flow: str = ""
    text: Copy | None = None
    buttons: tuple[Copy, ...] = ()
    facts: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """`text` are the words of a button or an option, `condition` is what must hold."""

    source: str
    target: str
    kind: EdgeKind
    text: Copy | None = None
    condition: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class Beginning:
    """One way to come into a flow: by an intent, command, words (of a button), link, event, schedule; `always` is none,
    but that it may come in the middle of others; `run` and `press` are other flows that lead here."""

    kind: Literal["intent", "command", "words", "link", "event", "schedule", "always", "run", "press"]
    value: str


def graph(flow: Flow) -> Graph:
    """Every step in the order of the file, each with what belongs to it behind it. Steps that nothing leads to are
    there too."""
    return _Drawing(flow).drawn()


def beginnings(library: Library) -> dict[str, tuple[Beginning, ...]]:
    """What leads into each flow."""
    found: dict[str, list[Beginning]] = {name: [] for name in library.flows}
    for name, flow in library.flows.items():
        found[name] += [Beginning("intent", intent) for intent in flow.intents]
        found[name] += [Beginning("command", f"/{flow.command}")] if flow.command else []
    sources: tuple[tuple[Literal["words", "link", "event"], Mapping[str, str]], ...] = (
        ("words", library.by_words), ("link", library.by_link), ("event", library.by_event),
    )  # fmt: skip
    for kind, by in sources:
        for value, name in by.items():
            found[name].append(Beginning(kind, value))
    for name, schedule in library.scheduled.items():
        days = "" if len(schedule.days) == len(DAYS) else "".join(f" {DAYS[day]}" for day in schedule.days)
        found[name].append(Beginning("schedule", f"{schedule.at}{days}, tag {schedule.tag}"))
    for name, flow in library.flows.items():
        found[name] += [Beginning("always", "")] if flow.always else []
    for name, flow in library.flows.items():
        for kind_of_way, target in dict.fromkeys(_ways_out(flow)):
            if target in found:
                found[target].append(Beginning(kind_of_way, name))
    return {name: tuple(ways) for name, ways in found.items()}


def _ways_out(flow: Flow) -> Iterator[tuple[Literal["run", "press"], str]]:
    for step in flow.steps:
        if isinstance(step, Run):
            yield "run", step.flow
        elif isinstance(step, Say | Ask):
            yield from (("press", button.flow) for button in step.buttons if button.flow)


class _Drawing:
    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._edges: list[Edge] = []
        self._more: list[Node] = []
        self._here: Place = ()

    def drawn(self) -> Graph:
        nodes = [Node(id="start", kind="start")]
        self._lead("start", self._flow.start, "next")
        for step in self._flow.steps:
            self._more, self._here = [], step.path
            nodes.append(_node(step))
            self._ways_on(step)
            nodes += self._more
        return Graph(nodes=tuple(nodes), edges=tuple(self._edges))

    def _lead(self, source: str, index: int, kind: EdgeKind, *, text: Copy | None = None, condition: str = "") -> None:
        """An edge to a step. Where the flow is over, each step has an end of its own: one for all would draw lines
        across the whole picture."""
        if index != END:
            target = self._flow.steps[index].place
        else:
            target = f"{source}>over"
            if all(node.id != target for node in self._more):
                self._more.append(Node(id=target, kind="over", path=self._here, written=False))
        self._edges.append(Edge(source=source, target=target, kind=kind, text=text, condition=condition))

    def _ways_on(self, step: Step) -> None:
        here = step.place
        match step:
            case Say() | Ask() | Menu():
                self._ways_from_words(step)
            case Choose():
                for expression, index in step.cases:
                    self._lead(here, index, "when", condition=_source(expression))
                self._lead(here, step.next, "otherwise")
            case Call():
                self._lead(here, step.next, "done")
                self._lead(here, step.on_error, "failed")
            case Wait() if step.event and step.otherwise != step.next:
                self._lead(here, step.next, "happened")
                self._lead(here, step.otherwise, "late")
            case CallPeople():
                if step.next != END:
                    self._lead(here, step.next, "returned")
            case Goto():
                if step.next != END:
                    self._lead(here, step.next, "next")
            case EndAll():
                pass
            case _:
                self._lead(here, step.next, "next")

    def _ways_from_words(self, step: Say | Ask | Menu) -> None:
        here = step.place
        if isinstance(step, Menu):
            for option in step.options:
                condition = _source(option.when)
                self._lead(here, option.leads_to, "option", text=option.button.text, condition=condition)
        else:
            self._lead(here, step.next, "answer" if isinstance(step, Ask) else "next")
            self._pressed(step, step.buttons)
        if not isinstance(step, Say):
            self._lead(here, step.otherwise, "unanswered")

    def _pressed(self, step: Step, buttons: tuple[PressTo, ...]) -> None:
        """What buttons lead to besides going on: each flow once, however many lead there."""
        for number, button in enumerate(buttons):
            if not button.flow and button.handoff is None:
                continue
            target = f"{step.place}>{button.flow or 'people'}" + ("" if button.flow else f"{number}")
            if all(node.id != target for node in self._more):
                where = (*step.path, "buttons", number)
                self._more.append(
                    Node(id=target, kind="flow", path=where, written=False, flow=button.flow)
                    if button.handoff is None
                    else Node(id=target, kind="handoff", path=where, written=False, **_about_people(button.handoff))
                )
            self._edges.append(Edge(source=step.place, target=target, kind="press", text=button.text))


# --- what a node is about ------------------------------------------------------------------------


def _node(step: Step) -> Node:
    kind = _kind(step)
    name = step.place.split(":", 2)[2]
    made = step.place.split(":", 1)[0].endswith(".default")
    return Node(id=step.place, kind=kind, name=name, path=step.path, written=not made, **_about(step))


def _kind(step: Step) -> NodeKind:
    """As its pointer tells it, which is written by the same names."""
    return "end_all" if isinstance(step, EndAll) else cast(NodeKind, step.place.split(":", 2)[1])


def _about(step: Step) -> dict[str, Any]:
    """The fields of a node that its kind has."""
    match step:
        case Say():
            return _said(step.words, step.buttons)
        case Ask():
            facts: dict[str, Json] = {"expect": step.expect, "attempts": step.attempts}
            if step.valid is not None:
                facts["valid"] = step.valid.source
            if step.remember is not None:
                facts["remember"] = step.remember
            return _said(step.words, step.buttons, facts)
        case Menu():
            buttons = tuple(option.button for option in step.options)
            return _said(step.words, buttons, {"attempts": step.attempts, "habit": step.by_habit})
        case CallPeople():
            return _about_people(step.handoff)
        case Run():
            return {"flow": step.flow}
        case _:
            return {"facts": _done(step)}


def _done(step: Step) -> dict[str, Json]:
    """What a step does without a word."""
    match step:
        case Call():
            given = {name: _written(value) for name, value in step.arguments.items()}
            parts = {name: _written(value) for name, value in step.parts}
            return {"with": given, "save": step.save, "map": parts}
        case Set():
            return {"values": {name: _written(value) for name, value in step.values}}
        case Remember():
            values = {name: _written(value) for name, value in step.values}
            return {"values": values, "seconds": step.seconds}
        case Wait():
            until = None if step.until is None else _written(step.until)
            return {"seconds": step.seconds, "until": until, "event": step.event, "save": step.save}
        case Forget():
            return {"names": list(step.names)}
        case Label():
            return {"names": list(step.tags)}
        case _:
            return {}


def _said(words: Spoken, buttons: tuple[PressTo, ...], facts: Mapping[str, Json] | None = None) -> dict[str, Any]:
    more: dict[str, Json] = {"variants": len(words.variants), "delay": words.delay}
    more["channels"] = list(words.channels)
    more["media"] = [media.name for media in words.media]
    labels = tuple(button.text for button in buttons)
    return {"text": words.variants[0], "buttons": labels, "facts": {**more, **(facts or {})}}


def _about_people(handoff: HandOff) -> dict[str, Any]:
    return {"text": handoff.summary, "facts": {"reason": handoff.reason.value, "skill": handoff.skill}}


def _source(expression: Compiled | None) -> str:
    return "" if expression is None else expression.source


def _written(value: Any) -> Json:
    """A value as the editor wrote it."""
    if isinstance(value, Compiled):
        return value.source
    if isinstance(value, Mapping):
        return {str(key): _written(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_written(item) for item in value]
    return cast(Json, value)
