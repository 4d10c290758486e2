"""A YAML file with the place of everything in it.

The file is composed to nodes, which know where they stand, and turned into plain values from them.
On the way duplicate keys, merge keys, tags and endless references are told as findings.

Files are composed by PyYAML's parser in C, ten times as fast; one that it does not take is read again by ruamel.yaml,
whose sentences say more. What plain words mean ("on", 010) is YAML 1.2's with both.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.resolver import implicit_resolvers
from yaml.cyaml import CParser  # type: ignore[attr-defined]
from yaml.resolver import BaseResolver

from flows.broken_yaml import broken, stray_items
from flows.written import Place

_SIZE_LIMIT = 5_000_000
_NODE_LIMIT = 500_000
_DEPTH_LIMIT = 60
_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "str", "timestamp", "map", "seq")
)
_HALF = re.compile("[\ud800-\udfff]")
_INTEGER_LIMIT = 2**63
_TRUTHS = {"true": True, "false": False}
_DIGITS = re.compile(r"0|-?[1-9][0-9]{0,17}")
_CLOSE = 0.6
"""From here on (of 1, see difflib) a word is another one misspelt."""
_MERGE = "tag:yaml.org,2002:merge"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A mistake in a workspace. `file` is relative to it; `line` and `column` count from 1, and are 0
    for a mistake of the whole workspace; `mend` says what to do, "" when `what` says it already.
    `rule` is one of `flows.checks.rules`."""

    file: str
    line: int
    column: int
    severity: Literal["error", "warning"]
    what: str
    mend: str = ""
    rule: str = field(default="form", compare=False)

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

    def take(self, given: Any, key: Any, meant: str) -> None:
        """A misspelt key of a mapping stands for the one that was meant: what is told of that is told here."""
        place: Place = given.place if isinstance(given, Mapping) else ()
        for known in (self._values, self._keys):
            if (*place, key) in known:
                known[(*place, meant)] = known[(*place, key)]

    def tell(
        self, place: Place, what: str, mend: str = "", *, key: bool = False, warn: bool = False, rule: str = "form"
    ) -> None:
        line, column = self.at(place, key=key)
        self.findings.append(Finding(self.file, line, column, "warning" if warn else "error", what, mend, rule))


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
        node = _composed(text)
        source.data = None if node is None else _Reading(source, text).value(node, (), 0)
    except MarkedYAMLError as error:
        line, column, what, mend = broken(error, text)
        source.findings.append(Finding(file, line, column, "error", what, mend))
    except (YAMLError, ValueError) as error:
        what = str(error).splitlines()[0] if str(error) else type(error).__name__
        source.tell((), f"is not YAML: {what}")
    except RecursionError:
        source.tell((), "is nested too deeply")
    return source


class _Parser(CParser, BaseResolver):
    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        BaseResolver.__init__(self)


for _versions, _tag, _pattern, _first in implicit_resolvers:
    if (1, 2) in _versions:
        _Parser.add_implicit_resolver(_tag, _pattern, _first)


def _composed(text: str) -> Any:
    try:
        parser = _Parser(text)
        try:
            return parser.get_single_node()
        finally:
            parser.dispose()
    except (yaml.YAMLError, ValueError):
        return YAML(typ="safe", pure=True).compose(text)


class _Reading:
    def __init__(self, source: Source, text: str) -> None:
        self._source = source
        self._text = text
        self._slow: YAML | None = None
        self._nodes = 0
        self._inside: set[int] = set()

    def value(self, node: Any, place: Place, depth: int) -> Any:
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

    def _value(self, node: Any, place: Place, depth: int) -> Any:
        tag = str(node.tag)
        if tag not in _PLAIN_TAGS:
            self._source.tell(place, f"the tag {tag} is not known here", "leave it out")
            return None
        if node.id == "mapping":
            return self._mapping(node, place, depth)
        if node.id == "sequence":
            return [self.value(item, (*place, number), depth + 1) for number, item in enumerate(node.value)]
        if node.id == "scalar" and tag.endswith(":timestamp"):
            return node.value
        return self._scalar(node, place)

    def _scalar(self, node: Any, place: Place) -> Any:
        if not node.style and node.start_mark.line != node.end_mark.line:
            for line, column, what, mend in stray_items(node, self._text):
                self._source.findings.append(Finding(self._source.file, line, column, "warning", what, mend))
        if str(node.tag).endswith(":str"):
            found = node.value
        elif str(node.tag).endswith(":bool") and node.value in _TRUTHS:
            found = _TRUTHS[node.value]
        elif str(node.tag).endswith(":int") and _DIGITS.fullmatch(node.value):
            found = int(node.value)
        else:
            found = self._constructed(node)
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

    def _constructed(self, node: Any) -> Any:
        """What is written in one of the rarer ways (0x1F, 1e3, ~). A YAML of ruamel's takes a millisecond to make."""
        if self._slow is None:
            self._slow = YAML(typ="safe", pure=True)
        plain = ScalarNode(node.tag, node.value, node.start_mark, node.end_mark)
        return self._slow.constructor.construct_object(plain, deep=True)

    def _mapping(self, node: Any, place: Place, depth: int) -> Mapping:
        found = Mapping()
        found.place = place
        for key_node, value_node in node.value:
            key = key_node.value if key_node.id == "scalar" and not _HALF.search(key_node.value) else None
            line, column = _position(key_node)
            if key_node.id == "mapping" and key_node.flow_style:
                self._refuse(line, column, "a text that begins with {{ needs quotes", 'write "{{ … }}"')
                continue
            if key is None or str(key_node.tag) == _MERGE:
                self._refuse(line, column, "a key must be a plain word", "write the keys out")
                continue
            if key in found:
                first = self._source._keys[(*place, key)][0]
                self._refuse(line, column, f'"{key}" is here twice, first in line {first}', "keep one of them")
                continue
            self._source._keys[(*place, key)] = (line, column)
            if value_node.id == "scalar" and not value_node.value:
                self._source._values[(*place, key)] = (line, column)  # nothing is written, so it stands nowhere
            found[key] = self.value(value_node, (*place, key), depth + 1)
        return found

    def _refuse(self, line: int, column: int, what: str, mend: str) -> None:
        self._source.findings.append(Finding(self._source.file, line, column, "error", what, mend))


def _position(node: Any) -> tuple[int, int]:
    mark = node.start_mark
    return mark.line + 1, mark.column + 1


def close_to(word: str, known: Iterable[str]) -> str | None:
    """The one among the known words that was probably meant."""
    return next(iter(get_close_matches(word, sorted(known), n=1, cutoff=_CLOSE)), None)


def nearest(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """How to mend a word that is not among the known ones."""
    names = sorted(known)
    close = close_to(word, names)
    if close is not None:
        return f'did you mean "{close}"?'
    return otherwise or (f"known: {', '.join(names[:12])}{'…' * (len(names) > 12)}" if names else "there is none yet")
