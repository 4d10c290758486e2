"""Regular expressions from training data: which are safe to run on strangers' texts.

Python's `re` backtracks and cannot be interrupted, so a pattern is judged before it is used. The work
of one try is bounded by the product of the choices its repeats leave open; repeats that cannot take
each other's characters leave none. A pattern is tried on a window of `WINDOW` characters only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import inf, log
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
_REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT)


class UnsafePattern(ValueError):
    """The text is a sentence for the person who wrote the pattern."""


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Matches whole words only, in any case. Raises `UnsafePattern`."""
    if len(pattern) > LONGEST_PATTERN:
        raise UnsafePattern(f"the pattern has {len(pattern)} characters; at most {LONGEST_PATTERN} are allowed")
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


def _steps(sequence: Sequence[Any]) -> float:
    """An upper bound of the ways to match the sequence inside the window."""
    worst = 1.0
    running = 1.0
    open_repeat: Any = None
    for operator, argument in _flat(sequence):
        if operator in _REPEATS:
            low, high, body = argument
            choices = min(int(high), WINDOW) - min(int(low), WINDOW) + 1
            inside = _steps(list(body))
            # A repeat of something that has choices itself multiplies them with every round.
            rounds = min(int(high), WINDOW)
            running *= choices * (inside**rounds if rounds * log(inside) < log(_MOST_STEPS) + 1 else inf)
            open_repeat = body if choices > 1 else open_repeat
        elif operator is _constants.LITERAL and open_repeat is not None:
            if not _may_match(open_repeat, chr(argument)):
                worst, running, open_repeat = max(worst, running), 1.0, None
        else:
            running *= _inside(operator, argument)
        worst = max(worst, running)
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


def _may_match(body: Any, letter: str) -> bool:
    """Can one character of the repeated thing be this letter? Judged for sets and single characters."""
    items = list(body)
    if len(items) != 1:
        return True
    operator, argument = items[0]
    if operator is _constants.LITERAL:
        return chr(argument).lower() == letter.lower()
    if operator is not _constants.IN:
        return True
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
