"""Starts that overlap: what starts two flows, words that mean one thing on a button and another when typed, and events
that are all but the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from flows.checks.files import Files, Flows
from flows.flow_file import FlowFile
from flows.source import Source
from flows.steps import AskStep, MenuStep, SayStep, WaitStep, walk
from flows.strict import LocalText
from flows.written import Place

_ALIKE = 0.9
"""From here on two names of events are one, mistyped: a letter in ten."""
_SEPARATORS = re.compile(r"[-_]+")


def check(files: Files) -> None:
    _check_same(files.flows)
    _check_hours(files.flows)
    _check_words(files.flows)
    _check_events(files.flows)


def _check_same(flows: Flows) -> None:
    taken: dict[tuple[str, str], str] = {}
    for name, (source, file) in flows.items():
        for kind, given, shown, place in _begins(file):
            other = taken.setdefault((kind, given), name)
            if other != name:
                mend = "an intent starts one flow" if kind == "intent" else f"choose another {kind}"
                source.tell(place, f'{shown} starts the flow "{other}" already', mend, rule="overlap")


def _begins(file: FlowFile) -> Iterator[tuple[str, str, str, Place]]:
    """Everything that starts a flow: its kind, what is compared, how it is shown, where it stands."""
    start = file.start
    for number, intent in enumerate(start.intent):
        yield "intent", intent, f'the intent "{intent}"', ("start", "intent", number)
    if start.command:
        yield "command", start.command.lower(), f'"/{start.command.lower()}"', ("start", "command")
    for place, words in _button_words(file):
        yield "button", _plain(words), f'the button "{words}"', place
    for number, link in enumerate(start.link or ()):
        yield "link", link, f'the link "{link}"', ("start", "link", number)
    for number, event in enumerate(start.event):
        yield "event", event, f'the event "{event}"', ("start", "event", number)


def _button_words(file: FlowFile) -> Iterator[tuple[Place, str]]:
    for number, text in enumerate(file.start.button or ()):
        for language, words in _by_language(text):
            yield ("start", "button", number, language), words


def _by_language(text: LocalText) -> Iterator[tuple[str, str]]:
    yield from {"": text.root}.items() if isinstance(text.root, str) else text.root.items()


def _plain(words: str) -> str:
    return " ".join(words.split()).casefold()


def _check_hours(flows: Flows) -> None:
    """Two flows at one time for the same customers: the second interrupts the first."""
    seen: list[tuple[str, str, set[int], str]] = []
    for name, (source, file) in flows.items():
        schedule = file.start.schedule
        if schedule is None:
            continue
        for other, at, days, tag in seen:
            if at == schedule.at and tag == schedule.tag and days & set(schedule.days):
                what = f'the flow "{other}" starts at {at} for the tag "{tag}" too, and one interrupts the other'
                mend = "choose another time, or another tag"
                source.tell(("start", "schedule", "at"), what, mend, warn=True, rule="overlap")
        seen.append((name, schedule.at, set(schedule.days), schedule.tag))


# --- words -----------------------------------------------------------------------------------------


def _check_words(flows: Flows) -> None:
    """Typed, the words of a start begin its flow; on a button or after a / they may mean something else."""
    commands = {file.start.command.lower(): name for name, (_, file) in flows.items() if file.start.command}
    choices = _choices(flows)
    for name, (source, file) in flows.items():
        for place, words in _button_words(file):
            said = _plain(words)
            command = commands.get(said.removeprefix("/"))
            if command is not None and command != name:
                what = f'"{words}" starts this flow, and "/{said.removeprefix("/")}" the flow "{command}"'
                source.tell(place, what, "choose other words", warn=True, rule="overlap")
            for other, where, meaning in choices.get(said, ()):
                if name not in (meaning, other):
                    what = f'"{words}" starts this flow, but is {where} that leads elsewhere'
                    mend = "choose other words, or lead the choice to this flow"
                    source.tell(place, what, mend, warn=True, rule="overlap")
                    break


def _choices(flows: Flows) -> dict[str, list[tuple[str, str, str]]]:
    """What buttons mean more than their words, by their words: the flow they are in, where, the flow they start."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for name, (_, file) in flows.items():
        for _, step in walk(file.steps):
            for text, where, meaning in _meanings(step, name):
                for _, words in _by_language(text):
                    found.setdefault(_plain(words), []).append((name, where, meaning))
    return found


def _meanings(step: object, name: str) -> Iterator[tuple[LocalText, str, str]]:
    if isinstance(step, MenuStep):
        where = f'a choice of a menu in the flow "{name}"'
        yield from ((option.text, where, option.flow or "") for option in step.menu)
    elif isinstance(step, SayStep | AskStep):
        chosen = isinstance(step, AskStep) and step.expect == "choice"
        where = f'a {"choice" if chosen else "button"} in the flow "{name}"'
        for button in step.buttons:
            if chosen or button.flow is not None or button.handoff is not None:
                yield button.text, where, button.flow or ""


# --- events ----------------------------------------------------------------------------------------


def _check_events(flows: Flows) -> None:
    """A flow may wait for an event that nothing here sends; one that is all but another one is mistyped."""
    starting = {event for _, file in flows.values() for event in file.start.event}
    for source, file in flows.values():
        for place, step in walk(file.steps):
            if isinstance(step, WaitStep) and step.wait.event is not None:
                _check_event(source, (*place, "wait", "event"), step.wait.event, starting)


def _check_event(source: Source, place: Place, event: str, starting: set[str]) -> None:
    known = {_SEPARATORS.sub("", other.casefold()): other for other in sorted(starting)}
    close = get_close_matches(_SEPARATORS.sub("", event.casefold()), known, n=1, cutoff=_ALIKE)
    if event not in starting and close:
        what = f'nothing else knows the event "{event}"'
        source.tell(place, what, f'did you mean "{known[close[0]]}"?', warn=True, rule="name")
