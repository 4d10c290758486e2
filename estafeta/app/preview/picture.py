"""A flow's graph with its sizes, ready to be drawn by the page: nodes with their corners, lines with their words.

Sizes are those of the longest language, so that the picture stays as it is when the language changes. The page draws
boxes of these sizes and shortens what does not fit.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence

from estafeta.app.preview.layout import Box, Layout, Line, laid_out
from estafeta.kernel.model import Json
from flows.graph import Beginning, Edge, Graph, Node
from flows.model import Copy

Say = Callable[[Copy], Mapping[str, str]]
"""A text by language."""

_WIDTH, _NARROW, _WIDEST = 236.0, 176.0, 300.0
_HEAD, _LINE, _PADDING = 22.0, 18.0, 18.0
_LETTERS = 29
"""So many letters of the page's type fit into a line of a node."""
_FLOW, _LETTER = 122.0, 8.0
"""How wide a node for a flow is without its name, and a letter of that."""
_LABEL_WIDTH, _LABEL_LINE, _LABEL_LETTER = 210.0, 18.0, 7.6
_MOST_LABELS = 6
_WORDS: Mapping[str, int] = {
    "answer": 8, "unanswered": 11, "otherwise": 9, "done": 8, "failed": 10, "happened": 11, "late": 12, "returned": 14,
}  # fmt: skip
"""Letters of the page's own words on a line, in its longest language."""


def picture(
    drawn: Graph, ways: Sequence[Beginning], say: Say, at: Callable[[Node], tuple[int, int]]
) -> dict[str, Json]:  # fmt: skip
    """`ways` lead into the flow, `at` tells where a node stands in the file."""
    boxes = [_box(node, ways, say) for node in drawn.nodes]
    numbers = {node.id: number for number, node in enumerate(drawn.nodes)}
    joined: dict[tuple[str, str], list[Edge]] = {}
    for edge in drawn.edges:
        joined.setdefault((edge.source, edge.target), []).append(edge)
    lines = [
        Line(numbers[source], numbers[target], *_room(edges, say)) for (source, target), edges in joined.items()
    ]  # fmt: skip
    layout = laid_out(boxes, lines)
    return {
        "size": None if layout is None else [layout.width, layout.height],
        "nodes": [
            {**_node(node, say, at), "box": _corner(layout, number, boxes[number])}
            for number, node in enumerate(drawn.nodes)
        ],
        "edges": [
            {
                "source": source,
                "target": target,
                "ways": [_way(edge, say) for edge in edges],
                "most": _MOST_LABELS,
                "points": [] if layout is None else [list(point) for point in layout.routes[number].points],
                "words": _room_of(layout, number, lines[number]),
            }
            for number, ((source, target), edges) in enumerate(joined.items())
        ],
    }


def _corner(layout: Layout | None, number: int, box: Box) -> Json:
    return None if layout is None else [*layout.boxes[number], box.width, box.height]


def _room_of(layout: Layout | None, number: int, line: Line) -> Json:
    words = None if layout is None else layout.routes[number].words
    return None if words is None else [*words, line.width, line.height]


def _node(node: Node, say: Say, at: Callable[[Node], tuple[int, int]]) -> dict[str, Json]:
    line, column = at(node)
    return {
        "id": node.id,
        "kind": node.kind,
        "name": node.name,
        "written": node.written,
        "flow": node.flow,
        "line": line,
        "column": column,
        "text": None if node.text is None else dict(say(node.text)),
        "buttons": [dict(say(button)) for button in node.buttons],
        "facts": dict(node.facts),
    }


def _way(edge: Edge, say: Say) -> Json:
    text = None if edge.text is None else dict(say(edge.text))
    return {"kind": edge.kind, "text": text, "condition": edge.condition}


# --- sizes ---------------------------------------------------------------------------------------


def _box(node: Node, ways: Sequence[Beginning], say: Say) -> Box:
    if node.kind == "over":
        return Box(18.0, 18.0)
    if node.kind in ("end", "end_all"):
        return Box(132.0, _HEAD + _PADDING)
    if node.kind == "flow":
        return Box(min(_WIDEST, _FLOW + _LETTER * len(node.flow)), _HEAD + _PADDING)
    narrow = node.kind == "handoff" and not node.written
    return Box(_NARROW if narrow else _WIDTH, _HEAD + _PADDING + _LINE * _lines(node, ways, say))


def _lines(node: Node, ways: Sequence[Beginning], say: Say) -> int:
    """Below the node's title."""
    match node.kind:
        case "start":
            return min(4, max(1, sum(way.kind not in ("run", "press") for way in ways)))
        case "menu":
            return _folded(node.text, say, 3)  # its options stand on the lines that leave it
        case "say" | "ask":
            return _folded(node.text, say, 3) + (1 if node.buttons else 0)
        case "handoff":
            return 1 + _folded(node.text, say, 2)
        case "call":
            return 1 if node.facts.get("save") or node.facts.get("with") else 0
        case "set" | "remember":
            values = node.facts["values"]
            return min(3, len(values)) if isinstance(values, Mapping) else 1
        case "wait" | "forget" | "tag" | "untag":
            return 1
        case _:
            return 0


def _folded(text: Copy | None, say: Say, most: int) -> int:
    """Lines that a text takes, at most so many."""
    if text is None:
        return 0
    return min(most, max((_count(words) for words in say(text).values()), default=0))


def _count(words: str) -> int:
    return sum(max(1, len(textwrap.wrap(line, _LETTERS))) for line in words.split("\n")) if words else 0


def _room(edges: Iterable[Edge], say: Say) -> tuple[float, float]:
    """The size of the words on a line: one below the other."""
    lengths = [length for edge in edges if (length := _length(edge, say))]
    if not lengths:
        return 0.0, 0.0
    width = min(_LABEL_WIDTH, _LABEL_LETTER * max(lengths) + 14.0)
    return width, _LABEL_LINE * min(len(lengths), _MOST_LABELS) + 4.0


def _length(edge: Edge, say: Say) -> int:
    said = 0 if edge.text is None else max((len(words) for words in say(edge.text).values()), default=0)
    condition = math.ceil(len(edge.condition) * 1.05)
    return max(_WORDS.get(edge.kind, 0), said + condition + (3 if said else 0))
