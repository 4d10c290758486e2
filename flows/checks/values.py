"""What templates read: slots that some flow fills, and the other names that have a value there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flows import templates
from flows.checks.files import Files
from flows.flow_file import FlowFile
from flows.model import (
    Ask,
    Call,
    CallPeople,
    Choose,
    Copy,
    Flow,
    HandOff,
    Menu,
    PressTo,
    Remember,
    Say,
    Set,
    Spoken,
    Step,
    Wait,
    Workspace,
)
from flows.source import Source, nearest
from flows.steps import AskStep, CallStep, SetStep, WaitStep, walk
from flows.written import Place

_SCOPE = frozenset(["slots", "customer", "bot", "now", "open", "range", "memory", "event"])
_PARTS = {"customer": ("name", "language", "tags"), "bot": ("name",)}


def check(workspace: Workspace, files: Files) -> None:
    given = slots(file for _, file in files.flows.values())
    for name, (source, _) in files.flows.items():
        _check_flow(source, workspace.library.flows[name], given, sure=not files.lost)


def _check_flow(source: Source, flow: Flow, slots: set[str], *, sure: bool) -> None:
    """`sure`: all flows could be read, so a name that none of them gives a value to is a mistake."""
    for step in flow.steps:
        for place, template, more in _templates(step):
            known = slots | _SCOPE | more
            for read in sorted(template.names - known) if sure else ():
                mend = nearest(read, known, "no ask, call or set gives it a value")
                source.tell(place, f'"{read}" is not known here', mend, rule="value")
            for whose, part in sorted(template.parts):
                if whose == "slots" and part not in slots and sure:
                    mend = nearest(part, slots, "no ask, call or set gives it a value")
                    source.tell(place, f'there is no slot "{part}"', mend, rule="value")
            check_parts(source, place, template)


def all_templates(flow: Flow) -> Iterator[tuple[Place, templates.Compiled]]:
    """Every template of a flow, with its place in the file."""
    for step in flow.steps:
        for place, template, _ in _templates(step):
            yield place, template


def check_parts(source: Source, place: Place, template: templates.Compiled) -> None:
    for whose, part in sorted(template.parts):
        if whose in _PARTS and part not in _PARTS[whose]:
            source.tell(place, f'{whose} has no "{part}"', nearest(part, _PARTS[whose]), rule="value")


def compiled(copy: Copy) -> Iterator[tuple[str, templates.Compiled]]:
    """The templates of a text, each with its language ("" for a text without)."""
    for language, words in (copy.by_language or {"": copy.default}).items():
        if isinstance(words, templates.Compiled):
            yield language, words


def slots(files: Iterable[FlowFile]) -> set[str]:
    """Every name that some flow gives a value to: slots are the conversation's, not the flow's."""
    found: set[str] = {"handoff"}  # what people did, told to the bot when a ticket ends
    for file in files:
        for _, step in walk(file.steps):
            if isinstance(step, AskStep):
                found.add(step.ask)
            elif isinstance(step, CallStep):
                found.update(step.map, [step.save] if step.save else ())
            elif isinstance(step, WaitStep) and step.save:
                found.add(step.save)
            elif isinstance(step, SetStep):
                found.update(step.set)
    return found


# --- the templates of a step ---------------------------------------------------------------------

_Found = tuple[Place, templates.Compiled, frozenset[str]]
"""Where a template stands, and the names that have a value there only."""
_NOTHING: frozenset[str] = frozenset()
_VALUE = frozenset(["value"])


def _templates(step: Step) -> Iterator[_Found]:
    for place, copy, more in _copies(step):
        for language, template in compiled(copy):
            yield (*step.path, *place, language), template, more
    for place, given, more in _values(step):
        for template in templates.templates_in(given):
            yield (*step.path, *place), template, more


def _copies(step: Step) -> Iterator[tuple[Place, Copy, frozenset[str]]]:
    match step:
        case Say():
            yield from _spoken("say", step.words)
            yield from _buttons(step.buttons)
        case Ask():
            yield from _spoken("say", step.words)
            if step.again is not step.words:
                yield from _spoken("again", step.again)
            if step.invalid is not None:
                yield from _spoken("invalid", step.invalid, _VALUE)
            for name, copy in (("confirm", step.confirm), ("still", step.still)):
                if copy is not None:
                    yield (name,), copy, _VALUE
            yield from _buttons(step.buttons)
        case Menu():
            yield from _spoken("say", step.words)
            if step.again is not step.words:
                yield from _spoken("again", step.again)
            for number, option in enumerate(step.options):
                yield ("menu", number, "text"), option.button.text, _NOTHING
        case CallPeople():
            yield ("handoff", "summary"), step.handoff.summary, _NOTHING


def _spoken(key: str, spoken: Spoken, more: frozenset[str] = _NOTHING) -> Iterator[tuple[Place, Copy, frozenset[str]]]:
    for number, copy in enumerate(spoken.variants):
        yield (key, number), copy, more
    for channel, copies in spoken.channels.items():
        for number, copy in enumerate(copies):
            yield ("channels", channel, number), copy, more


def _buttons(buttons: Iterable[PressTo]) -> Iterator[tuple[Place, Copy, frozenset[str]]]:
    for number, button in enumerate(buttons):
        yield ("buttons", number, "text"), button.text, _NOTHING
        if isinstance(button.handoff, HandOff):
            yield ("buttons", number, "handoff", "summary"), button.handoff.summary, _NOTHING


def _values(step: Step) -> Iterator[tuple[Place, templates.Value, frozenset[str]]]:
    match step:
        case Choose():
            cases = enumerate(step.cases)
            yield from ((("choose", number, "when"), condition, _NOTHING) for number, (condition, _) in cases)
        case Ask(valid=templates.Expression() as condition):
            yield ("valid",), condition, _VALUE | {step.slot}
        case Menu():
            options = enumerate(step.options)
            yield from ((("menu", number, "when"), option.when, _NOTHING) for number, option in options)
        case Set() | Remember():
            key = "set" if isinstance(step, Set) else "remember"
            yield from (((key, name), value, _NOTHING) for name, value in step.values)
        case Wait():
            yield ("wait", "until"), step.until, _NOTHING
        case Call():
            yield from ((("with", name), value, _NOTHING) for name, value in step.arguments.items())
            yield from ((("map", name), value, frozenset(["reply"])) for name, value in step.parts)
