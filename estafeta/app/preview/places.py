"""Where the steps of flows stand in their files, and which step a finding of the check belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows import source
from flows.model import Flow, Step
from flows.source import Finding, Source
from flows.written import Place


@dataclass(frozen=True, slots=True)
class Written:
    """A flow's file as it stands on the disk."""

    source: Source

    @property
    def file(self) -> str:
        return self.source.file

    def at(self, path: Place) -> tuple[int, int]:
        """Line and column, from 1 on."""
        return self.source.at(path)

    def by_step(self, flow: Flow, findings: Iterable[Finding]) -> dict[str, list[Finding]]:
        """The findings of this file by the pointers of their steps; "start" are those before the steps."""
        places = {}
        for place in _places(self.source.data, ()):
            places[self.source.at(place, key=True)] = place
            places[self.source.at(place)] = place
        steps: dict[Place, Step] = {}
        for step in flow.steps:
            steps.setdefault(step.path, step)
        found: dict[str, list[Finding]] = {}
        for finding in findings:
            if finding.file == self.file:
                place = places.get((finding.line, finding.column), ())
                found.setdefault(_step(place, steps), []).append(finding)
        return found


def _step(place: Place, steps: dict[Place, Step]) -> str:
    while place:
        if place in steps:
            return steps[place].place
        place = place[:-1]
    return "start"


def _places(data: Any, place: Place) -> Iterator[Place]:
    """Everything in a file, outer before inner."""
    yield place
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(data, dict):
        items = data.items()
    elif isinstance(data, list):
        items = enumerate(data)
    for key, value in items:
        yield from _places(value, (*place, key))


def written(folder: Path) -> dict[str, Written]:
    """The flows' files by the names of the flows."""
    found = {}
    for path in sorted((folder / "flows").glob("*.yml")):
        read = source.read(path, f"flows/{path.name}")
        if isinstance(read.data, dict) and isinstance(read.data.get("flow"), str):
            found[read.data["flow"]] = Written(read)
    return found
