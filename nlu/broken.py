"""What is wrong with a file that is no YAML: the mistake that was made, where it was made.

A YAML parser tells where it could not go on, which is often a line or two behind the mistake. The few
mistakes that people make in training data are looked for before that place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ruamel.yaml.error import MarkedYAMLError

_KEYS = "version|nlu|intent|synonym|regex|lookup|examples|metadata|text"
_HEADING = re.compile(r"^##\s*(intent|synonym|regex|lookup)\s*:", re.MULTILINE)
_CONVERT = "convert it with Rasa 2 (rasa data convert nlu -f yaml), or write - intent: … with examples: |"
_NEAR = 50
"""Lines before the place where the parser gave up that are looked through."""

_no_colon = re.compile(rf"\s*(?:-\s+)?(?P<key>{_KEYS})(?P<at>\s+)[^\s:#][^:]*$")
_no_space = re.compile(rf"\s*(?:-\s+)?(?P<key>{_KEYS}):(?P<at>[^\s:])")
_no_pipe = re.compile(r"\s*examples:\s+(?P<at>-)\s")
_no_quotes = re.compile(rf"\s*(?:-\s+)?(?P<key>{_KEYS}):\s+(?P<at>[^\s\"'|>\[{{#&*!].*: .*)$")
_item = re.compile(r"(?P<indent>\s*)-(?P<gap>\s+)(?:intent|synonym|regex|lookup):")
_examples = re.compile(r"(?P<indent>\s*)examples:(?P<block>\s*\|)?")


class Broken(NamedTuple):
    """Line and column count from 1."""

    line: int
    column: int
    text: str
    mend: str


def broken(error: MarkedYAMLError, text: str) -> Broken:
    """The likeliest mistake in a text that is no YAML."""
    if found := markdown(text):
        return found
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    lines = text.split("\n")
    first = max(0, line - _NEAR)
    for number, each in reversed(list(enumerate(lines[first:line], start=first + 1))):
        if found := next(_in_line(number, each), None):
            return found
    if found := _out_of_line(lines, first, line) or _item_out_of_line(lines, line):
        return found
    what = " ".join(part for part in (error.context, error.problem) if part)
    return Broken(line, column, f"this is not YAML: {what}", _mend(what))


def markdown(text: str) -> Broken | None:
    """Whether it is the format of Rasa 1 and 2, and where."""
    heading = _HEADING.search(text)
    if heading is None:
        return None
    line = text.count("\n", 0, heading.start()) + 1
    return Broken(line, 1, "this is Rasa's Markdown format, which ended with Rasa 2", _CONVERT)


def _in_line(number: int, line: str) -> Iterator[Broken]:
    line = line.rstrip("\r")
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent:
        yield Broken(number, indent.index("\t") + 1, "this is not YAML: a tab", "indent with spaces, not with tabs")
    if match := _no_pipe.match(line):
        mend = "write examples: | and each example in a line below it"
        yield Broken(number, match.start("at") + 1, "this is not YAML: an example in the line of examples:", mend)
    if match := _no_space.match(line):
        mend = f"write {match['key']}: with a space behind it"
        yield Broken(number, match.start("at") + 1, f"this is not YAML: no space behind {match['key']}:", mend)
    if match := _no_colon.match(line):
        mend = f"write {match['key']}: {line[match.end('at') :].strip()[:40]}"
        yield Broken(number, match.start("at") + 1, f"this is not YAML: no colon behind {match['key']}", mend)
    if match := _no_quotes.match(line):
        mend = f'write {match["key"]}: "{match["at"].strip()[:40]}"'
        yield Broken(number, match.start("at") + 1, "this is not YAML: a text with a colon in it needs quotes", mend)


def _out_of_line(lines: list[str], first: int, last: int) -> Broken | None:
    """The last `examples:` before the place that does not stand below its `intent:`, or an example that
    does not stand further in than its `examples:` or does not stand below the one before it."""
    below: int | None = None
    block: tuple[int, int | None] | None = None
    for number, line in enumerate(lines[first:last], start=first + 1):
        column = len(line) - len(line.lstrip()) + 1
        if line.rstrip() == "---":
            block = None
        elif match := _item.match(line):
            below, block = match.end("gap") + 1, None
        elif match := _examples.match(line):
            if below is not None and column != below:
                mend = f"begin it in column {below}, below the name"
                return Broken(number, column, "this is not YAML: examples: does not stand below the name", mend)
            block = (column, None) if match["block"] else None
        elif block and line.lstrip().startswith("-"):
            outer, inner = block
            if column <= outer or (inner is not None and column < inner):
                mend = f"begin it in column {inner or outer + 2}"
                return Broken(number, column, "this is not YAML: the example is not far enough in", mend)
            block = (outer, inner or column)
    return None


def _item_out_of_line(lines: list[str], last: int) -> Broken | None:
    """The line where the parser gave up, if an item begins there that does not stand below the one before it."""
    here = _item.match(lines[last - 1]) if last <= len(lines) else None
    before = next((match for line in reversed(lines[: last - 1]) if (match := _item.match(line))), None)
    if here is None or before is None or here["indent"] == before["indent"]:
        return None
    text = "this is not YAML: the item does not stand below the one before it"
    return Broken(last, len(here["indent"]) + 1, text, f"begin it in column {len(before['indent']) + 1}")


def _mend(what: str) -> str:
    if "expected a single document" in what:
        return "a file holds one document; leave out the line ---"
    if "quoted scalar" in what or "unexpected end of stream" in what:
        return "a quote is not closed"
    if "start any token" in what:
        return "a text that begins with such a character needs quotes"
    if "special characters are not allowed" in what:
        return "remove the character that cannot be seen"
    return "check the indentation and the quotes around here"
