"""What a file of training data says, as blocks of lines with their places; `nlu.reading` makes them of its text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ruamel.yaml.nodes import Node

from estafeta.kernel.model import Json
from nlu.findings import Finding, Severity

Form = Literal["lines", "list", "text", "braces"]


@dataclass(frozen=True, slots=True)
class Written:
    """One example as it is written. Line and column count from 1 and are those of its text; `first` and
    `last` are the lines of all that belongs to it."""

    text: str
    line: int
    column: int
    metadata: Json = None
    first: int = 0
    last: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """One item of the list `nlu`, lines and columns counted from 1. `form`: one example a line below
    `examples: |`; a list; one text; or something that only a person can change (braces, references).
    The value of `examples` is from `begins` to before `ends`; `last` is the last line of the item."""

    kind: str
    name: str
    line: int
    column: int
    examples: tuple[Written, ...]
    form: Form
    begins: tuple[int, int]
    ends: tuple[int, int]
    last: int
    metadata: Json = None


@dataclass(slots=True)
class File:
    """What one file says, and what is wrong in it. `declared`: the names below `entities`, as a Rasa domain has
    them, each with its place."""

    name: str
    blocks: list[Block] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    declared: dict[str, tuple[int, int]] = field(default_factory=dict)

    def tell(self, place: Node | tuple[int, int], text: str, mend: str = "", severity: Severity = "error") -> None:
        line, column = place_of(place) if isinstance(place, Node) else place
        self.findings.append(Finding(self.name, line, column, text, mend, severity))


def place_of(node: Node) -> tuple[int, int]:
    """Line and column, counted from 1."""
    return node.start_mark.line + 1, node.start_mark.column + 1
