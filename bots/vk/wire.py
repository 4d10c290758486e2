"""Values of VK's JSON read with tolerance: whatever stands in a field, nothing here raises."""

from __future__ import annotations

from typing import Any

import orjson

LONGEST = 100_000
"""Characters of a text that are kept; VK's own limit is far below, so nobody loses words."""
LABEL = 256


def dumps(value: Any) -> str:
    return orjson.dumps(value).decode()


def integer(value: Any) -> int | None:
    """A number that may be an id: stores take 63 bits."""
    return value if type(value) is int and -(2**63) < value < 2**63 else None


def positive(value: Any) -> int | None:
    number = integer(value)
    return number if number is not None and number > 0 else None


def number(value: Any) -> float:
    """A finite number that is not negative, or 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**53:
        return 0.0
    return float(value)


def string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def short(value: Any) -> str:
    return string(value)[:LABEL]


def cut(value: Any) -> str:
    return string(value)[:LONGEST]


def obj(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def array(value: Any, most: int) -> list[Any]:
    return value[:most] if isinstance(value, list) else []
