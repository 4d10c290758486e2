"""A flow drafted by a program: one intent, one answer, to be read over by an editor before it is published."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from estafeta.kernel.errors import ConfigurationError
from flows import loader
from flows.source import Finding

_ADDRESS = re.compile(r"(https?://\S+)")
_MARKUP = re.compile(r"([\\`*_~\[\]<>])")
_TEMPLATE = re.compile(r"\{(?=[{%#])")
_NAME = re.compile(r"[^A-Za-z0-9-]+")
_WIDTH = 120


class DraftRefused(ConfigurationError):
    """The draft was not written. The text is a sentence for who wanted it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """`findings` are what `estafeta check` says of the draft: warnings."""

    path: Path
    text: str
    findings: tuple[Finding, ...] = ()


def place(workspace: Path, intent: str) -> Path:
    """Where the draft for the intent would be. Raises `DraftRefused` when there can be none."""
    name = _NAME.sub("-", intent).strip("-")[:60]
    path = workspace / "flows" / f"{name}.yml"
    if not name:
        raise DraftRefused(f"{intent} is no name for a flow: choose one of Latin letters, like gift_wrap.")
    if path.exists():
        raise DraftRefused(f"flows/{path.name} is there already: choose another name for the intent.")
    return path


def draft(workspace: Path, intent: str, answer: str, remark: Sequence[str]) -> Drafted:
    """Writes flows/NAME.yml, which answers the intent with these very words (no template, no Markdown), or calls people
    where there are none. `remark` stands above it. Raises `DraftRefused` when there is such a file, or when the check
    does not accept it; then nothing is written."""
    path = place(workspace, intent)
    said: list[Any] = [{"say": _text(answer)}] if answer.strip() else [{"handoff": {"reason": "flow_rule"}}]
    flow = {"flow": path.stem, "start": {"intent": intent}, "steps": said}
    head = "".join(f"# {' '.join(_clean(line).split())}\n" for line in remark)
    text = head + _dumped(flow)
    path.parent.mkdir(exist_ok=True)
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
    try:
        _, findings = loader.find(workspace)
    except BaseException:  # Ctrl-C too
        path.unlink()
        raise
    mine = tuple(finding for finding in findings if finding.file == f"flows/{path.name}")
    wrong = [finding for finding in mine if finding.severity == "error"]
    if wrong:
        path.unlink()
        raise DraftRefused(f"The draft would not pass the check: {wrong[0].what}.")
    return Drafted(path=path, text=text, findings=mine)


def _text(answer: str) -> str:
    """Words that read as themselves: what would be markup or a template is written so that it is none."""
    lines = [" ".join(line.split()) for line in _clean(answer).strip().split("\n")]
    pieces = _ADDRESS.split("\n".join(lines))
    plain = "".join(piece if number % 2 else _MARKUP.sub(r"\\\1", piece) for number, piece in enumerate(pieces))
    plain = _TEMPLATE.sub('{{ "{" }}', plain)
    return LiteralScalarString(plain) if "\n" in plain else plain


def _clean(text: str) -> str:
    """Without what nobody sees, but the ends of lines and what joins an emoji."""
    return "".join(sign for sign in text if sign.isprintable() or sign in "\n\u200d")


def _dumped(flow: dict[str, Any]) -> str:
    yaml = YAML()
    yaml.width = _WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    out = io.StringIO()
    yaml.dump(flow, out)
    return out.getvalue()
