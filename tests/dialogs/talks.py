"""Conversations as files: read, run against the engine, compared line by line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from estafeta.kernel.model import Entry
from tests.world import World, line

FOLDER = Path(__file__).parent
_ACTS = ("customer", "press", "operator", "sweep")


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation: acts and what must follow them, in order."""

    name: str
    steps: tuple[tuple[str, Any], ...]

    def acts(self) -> Iterator[tuple[str, Any, list[tuple[str, Any]]]]:
        """Each act with the expectations up to the next one."""
        current: tuple[str, Any] | None = None
        expected: list[tuple[str, Any]] = []
        for kind, value in self.steps:
            if kind in _ACTS:
                if current is not None:
                    yield (*current, expected)
                current, expected = (kind, value), []
            else:
                expected.append((kind, value))
        if current is not None:
            yield (*current, expected)


def talks() -> list[Talk]:
    found = []
    for path in sorted(FOLDER.glob("*.yaml")):
        for item in YAML(typ="safe").load(path):
            steps = tuple(next(iter(step.items())) for step in item["talk"])
            found.append(Talk(name=f"{path.stem}: {item['about']}", steps=steps))
    return found


async def act(world: World, kind: str, value: Any) -> None:
    if kind == "customer":
        await world.says(value)
    elif kind == "press":
        await world.presses(value)
    else:
        await world.operator(value)


_AUTHORS = {"bot": "bot", "person": "operator", "system": "system"}
"""Who says what is expected; the system is the platform itself, while a person has the conversation."""


def check(entries: list[Entry], expected: list[tuple[str, Any]], where: str) -> None:
    """Compares what happened after an act with what was expected: nothing less, nothing more."""
    happened = [entry for entry in entries if _counts(entry)]
    lines = "\n  ".join(line(entry) for entry in happened)
    assert len(happened) == len(expected), f"{where}: expected {expected}, and this happened:\n  {lines}"
    for entry, (kind, value) in zip(happened, expected, strict=True):
        assert _fits(entry, kind, value), f"{where}: expected {kind}: {value!r}, got {line(entry)!r}"


def _counts(entry: Entry) -> bool:
    """Words of the customer are the act itself; which flow ran, who was asked to take a ticket, how long an answer
    took and what was delivered is detail."""
    if entry.kind == "event":
        return entry.data.get("event") not in ("flow", "called", "fallback", "offered", "answered")
    return entry.kind != "delivery" and entry.author.kind != "customer"


def _fits(entry: Entry, kind: str, value: Any) -> bool:
    if kind == "event":
        return entry.kind == "event" and fnmatchcase(line(entry), f"[*] {value}*")
    if kind == "note":
        return entry.kind == "note" and entry.text == value
    if kind in _AUTHORS:
        return entry.kind == "said" and entry.author.kind == _AUTHORS[kind] and fnmatchcase(entry.text, value)
    raise ValueError(f"{kind} is no expectation")
