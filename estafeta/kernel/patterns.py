"""Regular expressions from training data: which are safe to run on strangers' texts.

Python's `re` backtracks and cannot be interrupted, so a pattern is judged before it is used. The work
of one try is bounded by the ways its repeats can share out the text; between repeats that cannot take
each other's characters there is one way only. A pattern is tried on a window of `WINDOW` characters only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import comb, inf, log, prod
from re import _constants, _parser  # type: ignore[attr-defined]  # the only parser that agrees with `re`
from typing import Any

WINDOW = 64
"""Characters a match may have."""
LONGEST_PATTERN = 500
_MOST_STEPS = 20_000

_CATEGORIES = {
    _constants.CATEGORY_DIGIT: r"\d",
    _constants.CATEGORY_NOT_DIGIT: r"\D",
    _constants.CATEGORY_SPACE: r"\s",
    _constants.CATEGORY_NOT_SPACE: r"\S",
    _constants.CATEGORY_WORD: r"\w",
    _constants.CATEGORY_NOT_WORD: r"\W",
}
_COMMON = frozenset(map(chr, (*range(128), *range(0x400, 0x460)))) | set("№«»—…\u00a0\u2003é中٣²")
"""Characters by which sets are compared, besides those that they name."""
_FLAGS = re.compile(r"\(\?([aimsu]+)\)")
_REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT)


class UnsafePattern(ValueError):
    """The text is a sentence for the person who wrote the pattern."""


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Matches whole words only, in any case. Raises `UnsafePattern`."""
    if len(pattern) > LONGEST_PATTERN:
        raise UnsafePattern(f"the pattern has {len(pattern)} characters; at most {LONGEST_PATTERN} are allowed")
    if flags := _FLAGS.match(pattern):  # they may not stand inside of what is made of the pattern below
        pattern = f"(?{flags[1]}:{pattern[flags.end() :]})"
    try:
        tree = _parser.parse(pattern, re.IGNORECASE)
        compiled = re.compile(rf"(?:{pattern})(?!\w)", re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        raise UnsafePattern(f"this is no regular expression: {error}") from None
    if tree.getwidth()[0] == 0:
        raise UnsafePattern("the pattern matches nothing at all (an empty text); make a part of it obligatory")
    if _steps(list(tree)) > _MOST_STEPS:
        raise UnsafePattern(
            "the pattern may take very long on some texts: its repeats can share characters in too many ways; "
            "give them upper bounds, such as {1,10}, or put something between them that they cannot match"
        )
    return compiled


class _Stretch:
    """Neighbouring repeats between which a text can be shared out in several ways. It ends at what none
    of them can match: from there on the place is the same, however the text before was shared out."""

    def __init__(self) -> None:
        self.choices: list[float] = []
        self.bodies: list[Any] = []
        self.ways = 1.0
        """Of what is no repeat: alternatives, and choices inside the repeats."""

    def all(self) -> float:
        """An upper bound of the ways to go through it: lengths of the repeats, at most the window together."""
        many = len(self.choices)
        return min(prod(self.choices), comb(WINDOW + many, many)) * self.ways

    def arrivals(self) -> float:
        """An upper bound of the ways that end at one place: the last length follows from the others."""
        if not self.choices:
            return self.ways
        many = len(self.choices) - 1
        return min(prod(self.choices) / max(self.choices), comb(WINDOW + many, many)) * self.ways


def _steps(sequence: Sequence[Any]) -> float:
    """An upper bound of the ways to match the sequence inside the window."""
    worst = carried = 1.0
    stretch = _Stretch()
    for operator, argument in _flat(sequence):
        low, high, body = argument if operator in _REPEATS else (1, 1, [(operator, argument)])
        if low and stretch.bodies and not any(_overlap(body, other) for other in stretch.bodies):
            carried, stretch = carried * stretch.arrivals(), _Stretch()
        if operator in _REPEATS:
            rounds = min(int(high), WINDOW)
            choices = rounds - min(int(low), WINDOW) + 1
            inside = _steps(list(body))
            # A repeat of something that has choices itself multiplies them with every round.
            stretch.ways *= inside**rounds if rounds * log(inside) < log(_MOST_STEPS) + 1 else inf
            if choices > 1:
                stretch.choices.append(choices)
                stretch.bodies.append(list(body))
        else:
            stretch.ways *= _inside(operator, argument)
        worst = max(worst, carried * stretch.all())
        if worst > _MOST_STEPS:
            break
    return worst


def _flat(sequence: Sequence[Any]) -> Iterator[Any]:
    """Groups that are not repeated are only brackets."""
    for operator, argument in sequence:
        if operator is _constants.SUBPATTERN:
            yield from _flat(list(argument[3]))
        else:
            yield operator, argument


def _inside(operator: Any, argument: Any) -> float:
    if operator is _constants.BRANCH:
        return float(sum(_steps(list(branch)) for branch in argument[1]))
    if operator in (_constants.ASSERT, _constants.ASSERT_NOT):
        return _steps(list(argument[1]))
    if operator is _constants.ATOMIC_GROUP:
        return _steps(list(argument))
    if operator in (_constants.GROUPREF, _constants.GROUPREF_EXISTS, _constants.POSSESSIVE_REPEAT):
        raise UnsafePattern("references to groups and possessive repeats are not supported here")
    return 1.0


def _overlap(body: Sequence[Any], other: Sequence[Any]) -> bool:
    """Is there a character that both can begin with or contain? Judged for sets and single characters."""
    if not (_is_set(body) and _is_set(other)):
        return True
    letters = {*_COMMON, *_named(body[0]), *_named(other[0])}
    return any(_may_match(body[0], letter) and _may_match(other[0], letter) for letter in letters)


def _is_set(body: Sequence[Any]) -> bool:
    return len(body) == 1 and body[0][0] in (_constants.LITERAL, _constants.IN)


def _named(item: Any) -> Iterator[str]:
    """Characters in the set, among them the ends of its ranges."""
    operator, argument = item
    for kind, value in argument if operator is _constants.IN else [item]:
        if kind is _constants.LITERAL:
            yield chr(value)
        elif kind is _constants.RANGE:
            first, last = value
            yield from map(chr, {*range(first, last + 1, 1 + (last - first) // 200), last})


def _may_match(item: Any, letter: str) -> bool:
    operator, argument = item
    if operator is _constants.LITERAL:
        return chr(argument).lower() == letter.lower()
    negated = argument[0][0] is _constants.NEGATE
    return any(_member(part, letter) for part in argument[negated:]) != negated


def _member(part: Any, letter: str) -> bool:
    operator, argument = part
    if operator is _constants.LITERAL:
        return chr(argument).lower() == letter.lower()
    if operator is _constants.RANGE:
        return any(argument[0] <= ord(form) <= argument[1] for form in letter.lower() + letter.upper())
    if operator is _constants.CATEGORY:
        return bool(re.match(_CATEGORIES[argument], letter))
    return True
