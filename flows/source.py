"""A YAML file with the place of everything in it.

The file is composed to nodes, which know where they stand, and turned into plain values from them.
On the way duplicate keys, merge keys, tags and endless references are told as findings.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from flows.steps import Place

_SIZE_LIMIT = 5_000_000
_NODE_LIMIT = 500_000
_DEPTH_LIMIT = 60
_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "str", "timestamp", "map", "seq")
)
_HALF = re.compile("[\ud800-\udfff]")
_INTEGER_LIMIT = 2**63
_MERGE = "tag:yaml.org,2002:merge"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A mistake in a workspace. `file` is relative to it; `line` and `column` count from 1, and are 0
    for a mistake of the whole workspace; `mend` says what to do, "" when `what` says it already."""

    file: str
    line: int
    column: int
    severity: Literal["error", "warning"]
    what: str
    mend: str = ""

    def __str__(self) -> str:
        mend = f"; {self.mend}" if self.mend else ""
        where = f"{self.file}:{self.line}:{self.column}: " if self.line else ""
        return f"{where}{self.severity}: {self.what}{mend}"


class Mapping(dict[Any, Any]):
    """A mapping that knows its place."""

    place: Place = ()


@dataclass(slots=True)
class Source:
    """`data` is None when the file could not be read as YAML."""

    file: str
    data: Any = None
    findings: list[Finding] = field(default_factory=list)
    _values: dict[Place, tuple[int, int]] = field(default_factory=dict)
    _keys: dict[Place, tuple[int, int]] = field(default_factory=dict)

    def at(self, place: Place, *, key: bool = False) -> tuple[int, int]:
        """Line and column of the nearest thing to `place` that is in the file. Parts that the file does
        not have (a short form, a kind's name) are passed over."""
        here: Place = ()
        for part in place:
            if (*here, part) in self._values:
                here = (*here, part)
        if key and here in self._keys:
            return self._keys[here]
        return self._values.get(here, (1, 1))

    def tell(self, place: Place, what: str, mend: str = "", *, key: bool = False, warn: bool = False) -> None:
        line, column = self.at(place, key=key)
        self.findings.append(Finding(self.file, line, column, "warning" if warn else "error", what, mend))


def read(path: Path, file: str) -> Source:
    """Reads one file; never raises for what is in it."""
    source = Source(file)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        source.tell((), f"cannot be read: {error.strerror or error}")
        return source
    except UnicodeDecodeError as error:
        source.tell((), f"is not UTF-8 (byte {error.start + 1})", "save it as UTF-8")
        return source
    if len(text) > _SIZE_LIMIT:
        source.tell((), f"is longer than {_SIZE_LIMIT // 1_000_000} million characters", "split it")
        return source
    try:
        yaml = YAML(typ="safe", pure=True)
        node = yaml.compose(text)
        source.data = None if node is None else _Reading(source, yaml.constructor.construct_object).value(node, (), 0)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        what = " ".join(part for part in (error.context, error.problem) if part)
        source.findings.append(Finding(file, line, column, "error", f"is not YAML: {what}", _yaml_mend(what)))
    except (YAMLError, ValueError) as error:
        what = str(error).splitlines()[0] if str(error) else type(error).__name__
        source.tell((), f"is not YAML: {what}")
    except RecursionError:
        source.tell((), "is nested too deeply")
    return source


def _yaml_mend(what: str) -> str:
    if "\\t" in what or "'\t'" in what:
        return "indent with spaces, not tabs"
    if "mapping values are not allowed" in what:
        return "a text with a colon in it needs quotes"
    if "found unexpected end of stream" in what or "quoted scalar" in what:
        return "a quote is not closed"
    if "start any token" in what:
        return "a text that begins with such a character needs quotes"
    if "expected ',' or" in what:
        return "a bracket is not closed, or a comma is missing"
    return "check the indentation and the quotes around here"


class _Reading:
    def __init__(self, source: Source, construct: Callable[..., Any]) -> None:
        self._source = source
        self._construct = construct
        self._nodes = 0
        self._inside: set[int] = set()

    def value(self, node: Node, place: Place, depth: int) -> Any:
        self._source._values.setdefault(place, _position(node))
        self._nodes += 1
        if self._nodes > _NODE_LIMIT or depth > _DEPTH_LIMIT:
            raise YAMLError("too much in one file, or nested too deeply")
        if id(node) in self._inside:
            self._source.tell(place, "refers to itself", "write it out")
            return None
        self._inside.add(id(node))
        try:
            return self._value(node, place, depth)
        finally:
            self._inside.discard(id(node))

    def _value(self, node: Node, place: Place, depth: int) -> Any:
        tag = str(node.tag)
        if tag not in _PLAIN_TAGS:
            self._source.tell(place, f"the tag {tag} is not known here", "leave it out")
            return None
        if isinstance(node, MappingNode):
            return self._mapping(node, place, depth)
        if isinstance(node, SequenceNode):
            return [self.value(item, (*place, number), depth + 1) for number, item in enumerate(node.value)]
        if isinstance(node, ScalarNode) and tag.endswith(":timestamp"):
            return node.value
        return self._scalar(node, place)

    def _scalar(self, node: Node, place: Place) -> Any:
        found = self._construct(node, deep=True)
        if isinstance(found, str) and _HALF.search(found):
            self._source.tell(
                place, "half of a character stands here", "write the character itself, not \\u and a code"
            )
            return _HALF.sub("?", found)
        if isinstance(found, float) and not math.isfinite(found):
            self._source.tell(
                place, f'"{node.value}" is no number one can count with', "put it in quotes, or leave it out"
            )
            return 0
        if isinstance(found, int) and abs(found) >= _INTEGER_LIMIT:
            self._source.tell(place, "this number is too big", "put it in quotes")
            return 0
        return found

    def _mapping(self, node: MappingNode, place: Place, depth: int) -> Mapping:
        found = Mapping()
        found.place = place
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, ScalarNode) and not _HALF.search(key_node.value) else None
            line, column = _position(key_node)
            if key is None or str(key_node.tag) == _MERGE:
                self._refuse(line, column, "a key must be a plain word", "write the keys out")
                continue
            if key in found:
                first = self._source._keys[(*place, key)][0]
                self._refuse(line, column, f'"{key}" is here twice, first in line {first}', "keep one of them")
                continue
            self._source._keys[(*place, key)] = (line, column)
            if isinstance(value_node, ScalarNode) and not value_node.value:
                self._source._values[(*place, key)] = (line, column)  # nothing is written, so it stands nowhere
            found[key] = self.value(value_node, (*place, key), depth + 1)
        return found

    def _refuse(self, line: int, column: int, what: str, mend: str) -> None:
        self._source.findings.append(Finding(self._source.file, line, column, "error", what, mend))


def _position(node: Node) -> tuple[int, int]:
    mark = node.start_mark
    return mark.line + 1, mark.column + 1
