"""What is wrong, or doubtful, in the training data: where, what, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Literal, NamedTuple

from estafeta.kernel.errors import EstafetaError

Severity = Literal["error", "warning", "note"]
"""error: nothing can be trained, or the model is taught something wrong. warning: somebody should look
at it. note: it does no harm."""


class Finding(NamedTuple):
    """`line` and `column` count from 1; `file` is relative to the workspace. `rule` is the short name
    of what was looked for, for programs."""

    file: str
    line: int
    column: int
    text: str
    mend: str = ""
    severity: Severity = "error"
    rule: str = "format"

    def __str__(self) -> str:
        mend = f"; {self.mend}" if self.mend else ""
        return f"{self.file}:{self.line}:{self.column}: {self.severity}: {self.text}{mend}"


class TrainingDataError(EstafetaError):
    """The training data cannot be used; `findings` says where and why."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(sorted(findings))
        super().__init__("\n".join(str(finding) for finding in self.findings))


def nearest(word: object, known: Iterable[str], otherwise: str = "") -> str:
    """How to mend a word that is not among the known ones."""
    near = get_close_matches(str(word), sorted(known), n=1)
    return f"did you mean {near[0]}?" if near else otherwise


def shown(text: str, most: int = 60) -> str:
    """Somebody's words in a sentence: in quotes, on one line, not too long."""
    line = " ".join(text.split())
    return f"“{line if len(line) <= most else line[: most - 1] + '…'}”"
