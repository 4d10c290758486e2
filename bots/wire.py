"""JSON as it comes from outside, read so that nothing in it can break what follows.

orjson reads what is well-formed. What it refuses and a messenger or a mischief-maker still sends (broken UTF-8, lone
surrogates) is read the slow way and mended: every string that leaves here can be encoded as UTF-8.
"""

from __future__ import annotations

import json
from typing import Any

import orjson


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
