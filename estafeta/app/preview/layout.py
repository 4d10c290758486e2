"""Where boxes stand and how lines run between them: the one place that knows the layout library.

graphlay (https://github.com/aarkue/graphlay, MIT or Apache-2.0) lays graphs out in layers, as Sugiyama's method does;
it keeps to the boxes' sizes, routes lines around them, and gives the same picture for the same graph. The words on a
line are a box of their own on the way, so that nobody has to guess which line they belong to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import graphlay

MOST = 1200
"""Boxes and lines of a picture, words included. No eye follows more, and to lay them out takes seconds."""
_CAREFUL = 250
"""Up to so many there is time to look for the picture with the fewest crossings."""
_MARGIN = 24.0
_OPTIONS: dict[str, Any] = {
    "direction": "topbottom",
    "spacing": {"layer_gap": 26.0, "node_gap": 24.0, "dummy_gap": 20.0, "stub": 10.0, "isolated_gap": 24.0},
}

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Line:
    """From a box to another, by their numbers, with words of this size on it (0: none)."""

    source: int
    target: int
    width: float = 0.0
    height: float = 0.0


@dataclass(frozen=True, slots=True)
class Route:
    """`points` go from border to border; `words` is the middle of the words, which the line runs below."""

    points: tuple[Point, ...]
    words: Point | None


@dataclass(frozen=True, slots=True)
class Layout:
    """In pixels, from the upper left corner; `boxes` are their upper left corners."""

    width: float
    height: float
    boxes: tuple[Point, ...]
    routes: tuple[Route, ...]


def laid_out(boxes: Sequence[Box], lines: Sequence[Line]) -> Layout | None:
    """None when there is nothing to draw, or too much for a picture."""
    count = len(boxes) + sum(3 if line.width else 1 for line in lines)
    if not boxes or count > MOST:
        return None
    given = graphlay.Graph()
    for box in boxes:
        given.node(width=box.width, height=box.height)
    words = {
        number: given.node(width=line.width, height=line.height) for number, line in enumerate(lines) if line.width
    }  # fmt: skip
    parts = [_edges(given, line, words.get(number)) for number, line in enumerate(lines)]
    found = graphlay.layout(given, options={**_OPTIONS, "effort": "balanced" if count <= _CAREFUL else "fast"})
    left, top, right, bottom = _bounds(found)

    def moved(point: dict[str, float]) -> Point:
        return round(point["x"] - left + _MARGIN, 1), round(point["y"] - top + _MARGIN, 1)

    centres = [moved(node["center"]) for node in found.nodes]
    return Layout(
        width=round(right - left + 2 * _MARGIN, 1),
        height=round(bottom - top + 2 * _MARGIN, 1),
        boxes=tuple(
            (x - box.width / 2, y - box.height / 2) for (x, y), box in zip(centres[: len(boxes)], boxes, strict=True)
        ),
        routes=tuple(
            Route(
                points=tuple(moved(point) for part in edges for point in found.edges[part]["points"]),
                words=centres[words[number]] if number in words else None,
            )
            for number, edges in enumerate(parts)
        ),
    )


def _edges(given: graphlay.Graph, line: Line, words: int | None) -> tuple[int, ...]:
    """The library's edges that a line is made of."""
    if words is None:
        return (given.edge(line.source, line.target),)
    return given.edge(line.source, words), given.edge(words, line.target)


def _bounds(found: graphlay.Layout) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of all boxes and lines; the library's own leave out how far some lines reach."""
    across: list[float] = []
    down: list[float] = []
    for node in found.nodes:
        centre, size = node["center"], node["size"]
        across += (centre["x"] - size["width"] / 2, centre["x"] + size["width"] / 2)
        down += (centre["y"] - size["height"] / 2, centre["y"] + size["height"] / 2)
    points: Iterable[dict[str, float]] = (point for edge in found.edges for point in edge["points"])
    for point in points:
        across.append(point["x"])
        down.append(point["y"])
    return min(across), min(down), max(across), max(down)
