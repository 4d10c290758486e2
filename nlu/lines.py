"""Items of training data changed in the lines of their text: pure, and every line that need not change stays.

`Block` knows where an item stands (`nlu.reading`); what cannot be changed by lines is refused. Whether the text says
what was wanted afterwards is looked at by who calls (`nlu.writing`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from estafeta.kernel.errors import EstafetaError
from nlu.findings import shown
from nlu.reading import Block, File, Written

_PLAIN_NAME = re.compile(r"(?!(?:true|false|null)$)[^\W\d][\w/-]*", re.IGNORECASE)


class EditRefused(EstafetaError):
    """A change that cannot be made; nothing was changed. The text is a sentence for who wanted it."""


def appended(text: str, block: Block, examples: Sequence[str]) -> str:
    """The text with further examples behind the last one of the item."""
    lines = text.split("\n")
    if block.form == "text":
        return _as_lines(lines, block, [*(each.text for each in block.examples), *examples])
    last = block.examples[-1]
    indent = _indent(lines[last.first - 1])
    if block.form == "lines":
        new = [f"{indent}- {example}" for example in examples]
    else:
        inside = lines[last.first - 1][len(indent) + 1 :].lstrip()
        key = "text: " if inside.startswith(("text:", "metadata:")) else ""
        new = [f"{indent}- {key}{json.dumps(example, ensure_ascii=False)}" for example in examples]
    return _inserted(lines, last.last, new)


def removed(text: str, block: Block, written: Written) -> str:
    """The text without the example; without the whole item if it was the only one."""
    lines = text.split("\n")
    if len(block.examples) == 1:
        if not lines[block.line - 1][: block.column - 1].strip(" \ufeff") == "-":
            raise EditRefused(f"The last example of {block.name} cannot be taken out here: do it by hand.")
        return _cut(lines, block.line, block.last)
    if block.form == "text":
        kept = [each.text for each in block.examples if each is not written]
        return _as_lines(lines, block, kept)
    if block.form == "braces" or not _indented(lines[written.first - 1]).startswith("-"):
        raise EditRefused(f"{shown(written.text)} is written in a way that cannot be changed here: do it by hand.")
    return _cut(lines, written.first, written.last)


def with_item(text: str, file: File, kind: str, name: str, examples: Sequence[str]) -> str:
    """A new item behind the last one of the list; a blank line between them where the others have one."""
    lines = text.split("\n")
    if not file.blocks:
        at = next((number for number, line in enumerate(lines, start=1) if re.fullmatch(r"nlu:\s*(#.*)?", line)), 0)
        if not at:
            raise EditRefused(f"{file.name} has no list nlu to add to: write nlu: in a line of its own.")
        column, apart = 2, False
    else:
        last = max(file.blocks, key=lambda block: block.last)
        if last.form == "braces" or lines[last.line - 1][: last.column - 1].strip(" \ufeff") != "-":
            raise EditRefused(f"{file.name} is written in a way that cannot be changed here: do it by hand.")
        at, column = last.last, len(_indent(lines[last.line - 1]))
        apart = last.line > 1 and not lines[last.line - 2].strip()
    named = name if _PLAIN_NAME.fullmatch(name) else json.dumps(name, ensure_ascii=False)
    new = [f"- {kind}: {named}", "  examples: |", *(f"    - {example}" for example in examples)]
    return _inserted(lines, at, [*([""] * apart), *(" " * column + line for line in new)])


def _as_lines(lines: list[str], block: Block, examples: Sequence[str]) -> str:
    """One text in quotes becomes a line for each example."""
    (first, begin), (last, end) = block.begins, block.ends
    ending = "\r" * lines[first - 1].endswith("\r")
    head = f"{lines[first - 1][: begin - 1]}|{lines[last - 1][end - 1 :].rstrip()}"
    indent = " " * (len(_indent(lines[first - 1])) + 4)
    lines[first - 1 : last] = [f"{head}{ending}"]
    return _inserted(lines, first, [f"{indent}- {example}" for example in examples])


def _inserted(lines: list[str], behind: int, new: Sequence[str]) -> str:
    """Lines end as the one they stand behind does."""
    ending = "\r" * lines[behind - 1].endswith("\r") or "\r" * (behind == len(lines) and lines[0].endswith("\r"))
    if behind == len(lines) and ending and not lines[-1].endswith("\r"):
        # The last line of the file has no ending yet, and gets the one of the others.
        lines[-1] += ending
        new = [*(f"{line}{ending}" for line in new[:-1]), new[-1]]
    else:
        new = [f"{line}{ending}" for line in new]
    return "\n".join([*lines[:behind], *new, *lines[behind:]])


def _cut(lines: list[str], first: int, last: int) -> str:
    """The line before the gap keeps its ending, also where the file ended without one."""
    return "\n".join([*lines[: first - 1], *(lines[last:] or [""])])


def _indent(line: str) -> str:
    return line[: len(line) - len(_indented(line))]


def _indented(line: str) -> str:
    return line.lstrip(" ")
