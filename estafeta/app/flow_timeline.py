"""A conversation's timeline as the lines of a test: what the customer did while the bot had the conversation, and what
the bot said to it then."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from estafeta.app.masking import Masking
from estafeta.kernel.model import Entity, Entry, Json, Understanding
from flows.model import Wait, Workspace
from flows.talks_file import NOTHING

_GIVEN_BACK = {"returned": "return", "closed": "close", "solved": "close", "idle": "close"}


def masked(value: Json, masking: Masking | None) -> Json:
    return value if masking is None else masking.value(value)


Find = Callable[[str], tuple[Entity, ...]]
_SOME = 0.2
"""A confidence below which the best guess at an intent says nothing, and would only puzzle whoever reads the test."""


@dataclass(frozen=True, slots=True)
class Happened:
    """A line of the test, when it was, and what the bot said to it then; None where that is people's side."""

    line: dict[str, Any]
    at: datetime
    said: tuple[str, ...] | None


def acts_in(workspace: Workspace, entries: Sequence[Entry], masking: Masking | None, find: Find) -> Iterator[Happened]:
    """Messages that were answered together are one. While people have the conversation nothing is the bot's. `find`
    tells the entities that are found in a text anyway, and need not be written."""
    with_people = False
    waiting: list[Entry] = []
    for number, entry in enumerate(entries):
        event = str(entry.data.get("event", "")) if entry.kind == "event" else ""
        if event in ("opened", "stuck"):
            with_people = True
        elif event in _GIVEN_BACK:
            if with_people:
                yield Happened({"people": _GIVEN_BACK[event]}, entry.at, None)
            with_people = False
        elif event == "event" and not with_people:
            flow, name = str(entry.data.get("flow", "")), str(entry.data.get("name", ""))
            data = masked(entry.data.get("data"), masking)
            line = {"scheduled": flow} if flow else {"event": name, **({} if data is None else {"with": data})}
            if flow in workspace.library.scheduled or name in _known_events(workspace):
                yield Happened(line, entry.at, _said(entries[number + 1 :], masking))
        elif not with_people and entry.kind == "said" and entry.author.kind == "customer":
            waiting.append(entry)
            following = entries[number + 1] if number + 1 < len(entries) else None
            together = following is not None and following.author.kind == "customer" and entry.understanding is None
            if not together or entry.text.startswith("/") or "button" in entry.data:
                yield Happened(
                    _line(workspace, waiting, masking, find), entry.at, _said(entries[number + 1 :], masking)
                )
                waiting = []


def _known_events(workspace: Workspace) -> set[str]:
    steps = [step for flow in workspace.library.flows.values() for step in flow.steps]
    return {*workspace.library.by_event, *(step.event for step in steps if isinstance(step, Wait) and step.event)}


def _said(entries: Sequence[Entry], masking: Masking | None) -> tuple[str, ...]:
    """The bot's words until the next thing happens, or until people were called."""
    found = []
    for entry in entries:
        if entry.author.kind in ("customer", "operator") or entry.data.get("event") in ("opened", "stuck", "event"):
            break
        if entry.kind == "said" and entry.author.kind == "bot":
            found.append(str(masked(entry.text, masking)))
    return tuple(found)


def _line(workspace: Workspace, entries: Sequence[Entry], masking: Masking | None, find: Find) -> dict[str, Any]:
    last = entries[-1]
    text = str(masked("\n".join(entry.text for entry in entries if entry.text), masking))
    payload = str(last.data.get("payload", ""))
    if payload:
        return {"link": payload if payload in workspace.library.by_link else masked(payload, masking)}
    line = {"press" if "button" in last.data else "customer": text}
    if last.understanding is None:
        return line
    heard = {(one.name, str(masked(one.value, masking))): None for one in last.understanding.entities}
    others = {} if heard.keys() == {(one.name, one.value) for one in find(text)} else heard
    return {**line, **_means(workspace, last.understanding), **_entities(others)}


def _means(workspace: Workspace, understanding: Understanding) -> dict[str, Any]:
    known = understanding.intent if understanding.confidence >= _SOME else ""
    told: dict[str, Any] = {"means": known or NOTHING}
    if known and understanding.confidence < workspace.bot.fallback.confidence:
        told["confidence"] = round(understanding.confidence, 3)
    return told


def _entities(heard: Iterable[tuple[str, str]]) -> dict[str, Any]:
    found: dict[str, list[str]] = {}
    for name, value in heard:
        found.setdefault(name, []).append(value)
    return (
        {"entities": {name: values[0] if len(values) == 1 else values for name, values in found.items()}}
        if found
        else {}
    )
