"""What is wrong with a file that is no YAML: the mistake that was made, in the words of who made it.

A YAML parser says where it could not go on and what it would have liked there. The mistakes that people make are few
(a line that begins in the wrong column, a quote, a colon, a sign that means something), and each is told as what it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml
from ruamel.yaml.error import MarkedYAMLError
from yaml.cyaml import CSafeLoader

_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
"""What the parser counts as the end of a line."""
_BEGINS = re.compile(r"\s*(?P<item>-\s+)?(?P<key>[\w-]+\s*:(?=\s|$))?")
_KEY_GLUED = re.compile(r"\s*(?:-\s+)?(?P<key>\w+):(?P<rest>[^\s:/].*)$")
_NO_COLON = re.compile(r"\s*(?:-\s+)?(?P<key>[a-z_]+)\s+(?P<rest>[^\s:#].*)$")
_ITEM_BEHIND = re.compile(r"-\s+[\w-]+:(\s|$)")
_SHOWN = 40


class Broken(NamedTuple):
    """Line and column count from 1; `mend` may be ""."""

    line: int
    column: int
    what: str
    mend: str


class _Open(NamedTuple):
    """A column in which keys, or items of a list, stand, and the last line in which one does."""

    column: int
    line: int
    item: bool


def broken(error: MarkedYAMLError, text: str) -> Broken:
    """The likeliest mistake in a text that is no YAML."""
    return next(_Text(error, text).mistakes())


def stray_items(node: Any, text: str) -> Iterator[Broken]:
    """Lines of a text without quotes that look like items of a list, and only go on with the text above."""
    first = node.start_mark.line
    lines = _LINE_BREAK.split(text)
    for number in range(first + 1, min(node.end_mark.line + 1, len(lines))):
        written = lines[number]
        column = len(written) - len(written.lstrip()) + 1
        if (number, column) < (node.end_mark.line, node.end_mark.column + 1) and written.lstrip().startswith("- "):
            what = f"this line looks like an item of a list, and only goes on with the text of line {first + 1}"
            begun = len(lines[first]) - len(lines[first].lstrip()) + 1
            mend = f"begin it where line {first + 1} begins (column {begun}), or put the text in quotes"
            yield Broken(number + 1, column, what, mend)


class _Text:
    def __init__(self, error: MarkedYAMLError, text: str) -> None:
        self._text = text
        self._lines = _LINE_BREAK.split(text)
        self._problem = error.problem or ""
        self._context = error.context or ""
        self._line, self._column = _place(error.problem_mark or error.context_mark)
        self._from = _place(error.context_mark or error.problem_mark)

    def mistakes(self) -> Iterator[Broken]:
        """What it may be, the likeliest first; at the end what the parser says."""
        yield from self._brackets()
        yield from self._quotes()
        yield from self._behind_brackets()
        yield from self._signs()
        yield from self._keys()
        yield from self._columns()
        what = " ".join(part for part in (self._context, self._problem) if part)
        mend = "check the quotes, and where the lines begin, here and above"
        if "another document" in self._problem:
            what, mend = "a second document begins here, and a file holds one", "leave out the line ---"
        elif "mapping values are not allowed" in what:
            what, mend = "a text with a colon in it needs quotes", self._in_quotes()
        else:
            what = f"is not YAML: {what}"
        yield Broken(self._line, self._column, what, mend)

    # --- quotes, brackets, signs

    def _quotes(self) -> Iterator[Broken]:
        if "quoted scalar" in self._context and "end of stream" in self._problem:
            yield self._unclosed(*self._from)
        if self._problem.endswith("'<scalar>'"):
            quoted = self._quoted_before()
            if quoted is not None and quoted.start_mark.line != quoted.end_mark.line:
                yield self._unclosed(quoted.start_mark.line + 1, quoted.start_mark.column + 1)
            elif quoted is not None:
                sign = quoted.style
                mend = f"quote the whole text with {chr(39) if sign == chr(34) else chr(34)}, or use «» inside it"
                yield Broken(self._line, self._column, f"the text goes on behind its closing {sign}", mend)

    def _unclosed(self, line: int, column: int) -> Broken:
        sign = self._rest(line, column)[:1]
        return Broken(line, column, f"the quote {sign} that opens here is not closed", f"put {sign} behind the text")

    def _quoted_before(self) -> Any:
        """The quoted text that ends where the parser gave up, if one does."""
        found = None
        for token in self._tokens():
            if token.start_mark.line + 1 > self._line or (
                token.start_mark.line + 1 == self._line and token.start_mark.column + 1 >= self._column
            ):
                break
            found = token
        return found if isinstance(found, yaml.ScalarToken) and found.style in ("'", '"') else None

    def _brackets(self) -> Iterator[Broken]:
        line, column = self._from
        rest = self._rest(line, column)
        if "a flow " in self._context and "expected ',' or" in self._problem:
            closing = "]" if rest[:1] == "[" else "}"
            if self._line != line:
                yield Broken(
                    line, column, f"the bracket {rest[:1]} that opens here is not closed", f"close it with {closing}"
                )
            elif self._problem.endswith("':'"):
                yield Broken(self._line, self._column, "a text with a colon in it needs quotes", "put it in quotes")
            else:
                mend = "write a comma before it, or put the whole text in quotes"
                yield Broken(self._line, self._column, "a comma is missing before this", mend)

    def _behind_brackets(self) -> Iterator[Broken]:
        """What stands behind a text that the parser took for brackets, and brackets that nothing opens."""
        if self._problem.endswith("'<scalar>'"):
            value = re.match(r"\s*(?:-\s+)?(?:[\w-]+:\s+)?(?=[\[{])", self._whole(self._line))
            if value is not None and value.end() + 1 < self._column:
                yield self._needs_quotes(self._line, value.end() + 1)
            if colon := self._without_colon(self._line):
                yield colon
        found = self._problem[-2:-1]
        if "expected <block end>" in self._problem and self._problem.endswith(("','", "'}'", "']'")):
            if colon := self._without_colon(self._line):
                yield colon
            what = f"no bracket that opens before this {found} is open here"
            yield Broken(self._line, self._column, what, "open it with { or [, or put the text in quotes")

    def _signs(self) -> Iterator[Broken]:
        if "'\\t'" in self._problem or "'\t'" in self._problem:
            yield Broken(self._line, self._column, "a tab stands here", "indent with spaces, not tabs")
        elif "cannot start any token" in self._problem or "undefined alias" in self._problem:
            yield self._needs_quotes(self._line, self._column)
        elif any(part in self._context for part in ("scanning an anchor", "scanning an alias", "block scalar")):
            yield self._needs_quotes(*self._from)
        elif "expected the node content" in self._problem or "keys are not allowed here" in self._problem:
            yield self._needs_quotes(self._line, self._column)
        elif "sequence entries are not allowed" in self._problem:
            rest = self._rest(self._line, self._column)
            if _ITEM_BEHIND.match(rest):
                mend = f"put {rest[:_SHOWN]} into the line below"
                yield Broken(self._line, self._column, "a list begins in a line of its own", mend)
            yield self._needs_quotes(self._line, self._column)

    def _needs_quotes(self, line: int, column: int) -> Broken:
        rest = self._rest(line, column)
        return Broken(line, column, f"a text that begins with {rest[:1]} needs quotes", f"write {_quoted(rest)}")

    # --- keys

    def _keys(self) -> Iterator[Broken]:
        if "expected ':'" in self._problem:
            line, column = self._from
            if found := self._without_colon(line):
                yield found
            mend = "write key: value; a line that goes on with the text above begins further in"
            yield Broken(line, column, "this line is no key: value", mend)
        if "mapping values are not allowed" in self._problem:
            quoted = re.match(r"\s*(?:-\s+)?\w+:?\s*[\"']", self._whole(self._line))
            if quoted is not None and (found := self._without_colon(self._line)):
                yield found
            if self._begins_with_key() and (found := self._without_colon(self._above(self._line))):
                yield found

    def _without_colon(self, line: int) -> Broken | None:
        """A key without a colon, or without a space behind it: the parser takes it for a text that goes on."""
        written = self._whole(line)
        if match := _KEY_GLUED.match(written):
            mend = f"write {match['key']}: {match['rest'][:_SHOWN]}"
            return Broken(line, match.start("rest") + 1, f"no space behind {match['key']}:", mend)
        if match := _NO_COLON.match(written):
            if _BEGINS.match(written)["key"]:  # type: ignore[index]
                return None
            mend = f"write {match['key']}: {match['rest'][:_SHOWN]}"
            return Broken(line, match.start("key") + 1, f"no colon behind {match['key']}", mend)
        return None

    def _begins_with_key(self) -> bool:
        """Whether the colon that the parser did not want is that of the line's own key."""
        found = _BEGINS.match(self._whole(self._line))
        return found is not None and found["key"] is not None and found.end() == self._column

    # --- columns

    def _columns(self) -> Iterator[Broken]:
        """A line that begins in a column in which nothing of its kind stands above."""
        written = self._whole(self._line)
        begins = _BEGINS.match(written)
        column = len(written) - len(written.lstrip()) + 1
        if begins is None or not (begins["key"] or begins["item"]):
            yield from self._text_columns(column)
            return
        if "mapping values" in self._problem and not self._begins_with_key():
            return
        if "mapping values" not in self._problem and column != self._column:
            return
        item = begins["item"] is not None
        opened = self._opened()
        same = [one for one in opened if one.item == item]
        if not same:
            return
        right = min(same, key=lambda one: (abs(one.column - column), -one.column))
        kind = "an item of a list" if item else "a key"
        columns = sorted({one.column for one in opened})
        if column in columns:
            what = f"{kind} begins at column {column}, where {'keys' if item else 'the items of a list'} stand"
        else:
            near = [*[one for one in columns if one < column][-1:], *[one for one in columns if one > column][:1]]
            may = " or ".join(map(str, near))
            what = f"this line begins at column {column}, and the lines it belongs to at column {may}"
        begun = self._whole(right.line)
        where = (
            "begins" if len(begun) - len(begun.lstrip()) + 1 == right.column else f"has {_word(begun, right.column)}"
        )
        mend = f"begin it where line {right.line} {where} (column {right.column})"
        yield Broken(self._line, column, what, mend)

    def _text_columns(self, column: int) -> Iterator[Broken]:
        """A line of a longer text that begins before the others."""
        above = self._above(self._line)
        before = self._whole(above)
        usual = len(before) - len(before.lstrip()) + 1
        if column == self._column and "expected <block end>" in self._problem and usual > column:
            what = f"this line begins at column {column}, and the text it goes on with at column {usual}"
            yield Broken(self._line, column, what, f"begin all of its lines in one column, like line {above}")

    def _opened(self) -> list[_Open]:
        """The columns in which keys and items of lists stand before the line in which the parser gave up."""
        found: dict[tuple[int, bool], int] = {}
        brackets = 0
        for token in self._tokens():
            line, column = token.start_mark.line + 1, token.start_mark.column + 1
            if line >= self._line:
                break
            if isinstance(token, yaml.FlowSequenceStartToken | yaml.FlowMappingStartToken):
                brackets += 1
            elif isinstance(token, yaml.FlowSequenceEndToken | yaml.FlowMappingEndToken):
                brackets -= 1
            elif brackets == 0 and isinstance(token, yaml.KeyToken | yaml.BlockEntryToken):
                found = {(at, item): last for (at, item), last in found.items() if at <= column}
                found[column, isinstance(token, yaml.BlockEntryToken)] = line
        return [_Open(column, line, item) for (column, item), line in found.items()]

    def _tokens(self) -> Iterator[Any]:
        """As far as there are any."""
        try:
            yield from yaml.scan(self._text, Loader=CSafeLoader)
        except (yaml.YAMLError, ValueError):
            return

    # --- the text

    def _whole(self, line: int) -> str:
        return self._lines[line - 1] if 0 < line <= len(self._lines) else ""

    def _rest(self, line: int, column: int) -> str:
        return self._whole(line)[column - 1 :].rstrip()

    def _above(self, line: int) -> int:
        """The last line with something in it above another."""
        return next((number for number in range(line - 1, 0, -1) if self._whole(number).strip()), 0)

    def _in_quotes(self) -> str:
        begins = _BEGINS.match(self._whole(self._line))
        rest = self._rest(self._line, begins.end() + 1 if begins else 1).lstrip()
        return f"write {_quoted(rest)}" if rest else "put it in quotes"


def _place(mark: Any) -> tuple[int, int]:
    """Line and column of a mark, which counts from 0."""
    return (1, 1) if mark is None else (mark.line + 1, mark.column + 1)


def _quoted(words: str) -> str:
    if len(words) > _SHOWN:
        words = f"{words[:_SHOWN]}…"
    return f"'{words}'" if '"' in words or "\\" in words else f'"{words}"'


def _word(line: str, column: int) -> str:
    return line[column - 1 :].partition(" ")[0]
