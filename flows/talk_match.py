"""What was expected beside what happened: which lines of a test hold, and how they are shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from estafeta.kernel.model import Json
from flows.strict import LocalText
from flows.talks_file import BotLine, CalledLine, Expectation, HandoffLine, StuckLine

_STAR = re.compile(r"(?<!\\)\*")
_QUOTED = re.compile(r"[\d\W]|.*[:{}\[\],#]|(?:true|false|null)$|$")
_WORDS = {None: "null", True: "true", False: "false"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """One thing that happened. `text` are the plain words that the customer reads, the summary for people, or why a
    flow broke off; `name` is an action, or the reason that people are called for; `flow` is where it comes from."""

    kind: Literal["bot", "called", "handoff", "stuck"]
    text: str = ""
    name: str = ""
    skill: str = ""
    buttons: tuple[str, ...] = ()
    media: tuple[str, ...] = ()
    arguments: Mapping[str, Json] | None = None
    flow: str = ""

    def __str__(self) -> str:
        match self.kind:
            case "bot":
                return bot_in_words(self.text, self.buttons, self.media)
            case "called":
                return f"called: {self.name} with {in_words(self.arguments)}"
            case "handoff":
                more = {"reason": self.name, "skill": self.skill, "summary": self.text}
                return f"handoff: {in_words({key: value for key, value in more.items() if value})}"
            case _:
                return f"stuck: {self.text}"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of what was expected and what came instead ("" for nothing); the same when it holds."""

    expected: str
    got: str
    holds: bool


# --- words ---------------------------------------------------------------------------------------


def fits(pattern: str, got: str) -> bool:
    """Whether this is the text, * in the pattern being anything and \\* a star. Line breaks and spaces do not count,
    for YAML folds them."""
    first, *others = (part.replace("\\*", "*") for part in _STAR.split(_even(pattern)))
    text = _even(got)
    if not others:
        return text == first
    *between, last = others
    if not text.startswith(first) or len(text) < len(first) + len(last) or not text.endswith(last):
        return False
    here, end = len(first), len(text) - len(last)
    for part in between:
        at = text.find(part, here, end)
        if at < 0:
            return False
        here = at + len(part)
    return True


def _even(text: str) -> str:
    return " ".join(text.split())


def same(expected: Json, got: Json) -> bool:
    """Whether a value is the expected one: texts may hold *; a number may be written as one or in quotes."""
    if isinstance(expected, dict) and isinstance(got, dict):
        return expected.keys() == got.keys() and all(same(expected[key], got[key]) for key in expected)
    if isinstance(expected, list) and isinstance(got, list | tuple):
        return len(expected) == len(got) and all(same(one, other) for one, other in zip(expected, got, strict=True))
    if isinstance(expected, bool) or isinstance(got, bool) or got is None or expected is None:
        return expected is got
    if isinstance(expected, str) and isinstance(got, str | int | float):
        return fits(expected, str(got))
    return str(expected) == got if isinstance(got, str) else bool(expected == got)


def in_words(value: Json) -> str:
    """A value as one writes it in a test."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {in_words(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(in_words(item) for item in value) + "]"
    if isinstance(value, str):
        return f'"{value}"' if _QUOTED.match(value) else value
    return _WORDS[value] if value is None or isinstance(value, bool) else str(value)


def bot_in_words(text: str, buttons: Sequence[str] = (), media: Sequence[str] = ()) -> str:
    shown = "".join(f" [{button}]" for button in buttons) + "".join(f" ({name})" for name in media)
    return f"bot: {text}{shown}"


# --- lines ---------------------------------------------------------------------------------------


class Matching:
    """In one language; `default` is the language of texts that are not written in it."""

    def __init__(self, language: str, default: str) -> None:
        self._language = language
        self._default = default

    def pick(self, text: LocalText) -> str:
        return text.pick(self._language, self._default)

    def holds(self, line: Expectation, got: Got) -> bool:
        match line:
            case BotLine():
                said = got.kind == "bot" and any(fits(self.pick(text), got.text) for text in line.bot)
                return said and self._buttons(line, got) and (line.media is None or line.media == got.media)
            case CalledLine():
                called = got.kind == "called" and line.called == got.name
                return called and (line.with_ is None or same(line.with_, dict(got.arguments or {})))
            case HandoffLine():
                wanted = line.handoff
                return (
                    got.kind == "handoff"
                    and (wanted.reason is None or wanted.reason.value == got.name)
                    and (wanted.skill is None or wanted.skill == got.skill)
                    and (wanted.summary is None or fits(self.pick(wanted.summary), got.text))
                )
            case StuckLine():
                return got.kind == "stuck" and fits(self.pick(line.stuck), got.text)
            case _:
                return False

    def _buttons(self, line: BotLine, got: Got) -> bool:
        if line.buttons is None:
            return True
        wanted = [self.pick(button) for button in line.buttons]
        return len(wanted) == len(got.buttons) and all(
            fits(one, other) for one, other in zip(wanted, got.buttons, strict=True)
        )

    def written(self, line: Expectation) -> str:
        """The line as it is shown beside what came."""
        match line:
            case BotLine():
                text = " | ".join(self.pick(text) for text in line.bot)
                return bot_in_words(text, [self.pick(button) for button in line.buttons or ()], line.media or ())
            case CalledLine():
                return f"called: {line.called}" + ("" if line.with_ is None else f" with {in_words(line.with_)}")
            case HandoffLine():
                rule = line.handoff
                named = {
                    "reason": rule.reason and rule.reason.value,
                    "skill": rule.skill,
                    "summary": None if rule.summary is None else self.pick(rule.summary),
                }
                return f"handoff: {in_words({key: value for key, value in named.items() if value is not None})}"
            case StuckLine():
                return f"stuck: {self.pick(line.stuck)}"
            case _:
                return ""

    def rows(self, expected: Sequence[Expectation], happened: Sequence[Got]) -> list[Row]:
        """Beside each other, so that what holds stands in one row. Calls count only where one is expected."""
        if not any(isinstance(line, CalledLine) for line in expected):
            happened = [got for got in happened if got.kind != "called"]
        return [
            Row("" if line is None else self.written(line), "" if got is None else str(got), self._both(line, got))
            for line, got in _beside(expected, happened, self._both)
        ]

    def _both(self, line: Expectation | None, got: Got | None) -> bool:
        return line is not None and got is not None and self.holds(line, got)


_KINDS: dict[type[Expectation], str] = {
    BotLine: "bot", CalledLine: "called", HandoffLine: "handoff", StuckLine: "stuck",
}  # fmt: skip
_ALIKE, _ALONE = 1.5, 1.0
"""What it costs to stand beside another one of the same kind, and beside nothing."""


def _beside(
    expected: Sequence[Expectation], happened: Sequence[Got], holds: Callable[[Expectation, Got], bool]
) -> list[tuple[Expectation | None, Got | None]]:
    """Both in their order, as alike as can be: the alignment of the least cost."""
    rows, columns = len(expected), len(happened)

    def pair(row: int, column: int) -> float:
        if holds(expected[row], happened[column]):
            return 0.0
        return _ALIKE if _KINDS.get(type(expected[row])) == happened[column].kind else 2 * _ALONE

    cost = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for row in reversed(range(rows + 1)):
        for column in reversed(range(columns + 1)):
            ways = [cost[row + 1][column] + _ALONE] if row < rows else []
            ways += [cost[row][column + 1] + _ALONE] if column < columns else []
            if row < rows and column < columns:
                ways.append(cost[row + 1][column + 1] + pair(row, column))
            cost[row][column] = min(ways, default=0.0)
    found: list[tuple[Expectation | None, Got | None]] = []
    row = column = 0
    while row < rows or column < columns:
        both = row < rows and column < columns
        if both and cost[row][column] == cost[row + 1][column + 1] + pair(row, column):
            found.append((expected[row], happened[column]))
            row, column = row + 1, column + 1
        elif row < rows and cost[row][column] == cost[row + 1][column] + _ALONE:
            found.append((expected[row], None))
            row += 1
        else:
            found.append((None, happened[column]))
            column += 1
    return found
