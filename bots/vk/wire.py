"""JSON as it comes from outside, read so that nothing in it can break what follows.

What orjson refuses and a mischief-maker still sends (broken UTF-8, lone surrogates) is read the slow way and
mended: every string that leaves here can be encoded as UTF-8.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

LONGEST = 100_000
"""Characters of a text that are kept; VK's own limit is far below, so nobody loses words."""
LABEL = 256


def loads(body: bytes | str) -> Any:
    """The JSON value in `body`. Raises ValueError when there is none."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    try:
        return mended(json.loads(text))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def mended(value: Any) -> Any:
    """The same JSON value with lone surrogates replaced in all its strings."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return value
    if isinstance(value, dict):
        return {mended(key): mended(content) for key, content in value.items()}
    if isinstance(value, list):
        return [mended(item) for item in value]
    return value


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
