"""How values become text: in words for people, in slots and arguments, in URLs, in headers."""

from __future__ import annotations

from datetime import date, time
from typing import Any
from urllib.parse import quote

from jinja2 import Undefined

from flows import markdown
from flows.sandbox import HOLE


class Markdown(str):
    """A value that stands in Markdown as it is: its signs draw."""

    __slots__ = ()


class Verbatim(str):
    """A part of a URL that stands as it is: an address from the settings."""

    __slots__ = ()


def _scalar(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    if isinstance(value, list | tuple) and all(isinstance(item, str | int | float) for item in value):
        return ", ".join(str(item) for item in value[:100])
    if not isinstance(value, str | int | float | date | time):
        raise TypeError(f"{{{{ }}}} would print a whole {type(value).__name__}; name the part of it to show")
    return value


def print_text(value: Any) -> Any:
    if value is None or isinstance(value, Undefined) or value == "":
        return HOLE
    if isinstance(value, Markdown):
        return value
    found = value if isinstance(value, str) else _scalar(value)
    return markdown.escape(found) if isinstance(found, str) else found


def print_value(value: Any) -> Any:
    return "" if value is None or isinstance(value, Undefined) else _scalar(value)


def print_url(value: Any) -> str:
    if isinstance(value, Verbatim):
        return value
    return quote(print_strictly(value), safe="")


def print_strictly(value: Any) -> str:
    return str(value if isinstance(value, Undefined) else print_value(value))


def is_markdown(value: Any) -> Markdown:
    return Markdown("" if value is None or isinstance(value, Undefined) else _scalar(value))
