"""Marks and VK's `format_data`, one into the other.

Positions are in UTF-16 units, and there are bold, italic, underline and url
(https://dev.vk.com/ru/reference/objects/message). Underlines have no mark of ours and are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import accumulate
from typing import Any

from bots.vk.wire import array, integer, obj, string
from estafeta.kernel.model import Mark, MarkKind, Text

_MOST = 500
_TO_VK: dict[MarkKind, str] = {"bold": "bold", "italic": "italic", "link": "url"}
_FROM_VK: dict[str, MarkKind] = {name: kind for kind, name in _TO_VK.items()}
_URL = re.compile(r"https?://[^\s]{1,2000}")
_MENTION = re.compile(r"\[(?:id|club|public|event)\d{1,12}\|([^\[\]|]{1,200})\]")


def drawn(text: str, marks: Iterable[Mark]) -> dict[str, Any] | None:
    """The `format_data` of a text, or None when there is nothing to draw. A link that is no page (mailto, tel) stays
    as the words it has."""
    at = _units(text)
    items = []
    for mark in marks:
        kind = _TO_VK.get(mark.kind)
        if kind is None or (mark.kind == "link" and not _URL.fullmatch(mark.url)):
            continue
        item: dict[str, Any] = {"type": kind, "offset": at[mark.start], "length": at[mark.end] - at[mark.start]}
        items.append(item | {"url": mark.url} if mark.kind == "link" else item)
    return {"version": 1, "items": items} if items else None


def read(text: str, data: Any) -> Text:
    """What a person wrote, with the marks it has. Mentions become the words in them."""
    marks = _marks(text, data)
    return Text(text=text, marks=marks) if marks else Text(text=_MENTION.sub(r"\1", text))


def _units(text: str) -> list[int]:
    """For each offset in characters, the one in UTF-16 units."""
    return [0, *accumulate(2 if character > "\uffff" else 1 for character in text)]


def _marks(text: str, data: Any) -> tuple[Mark, ...]:
    items = array(obj(data).get("items"), _MOST)
    if not items:
        return ()
    characters = {unit: offset for offset, unit in enumerate(_units(text))}
    found = {mark for item in items if (mark := _mark(obj(item), characters)) is not None}
    ordered = sorted(found, key=lambda mark: (mark.start, -mark.end, mark.kind, mark.url))
    kept: list[Mark] = []
    for mark in ordered:
        if not any(other.start < mark.start < other.end < mark.end for other in kept):
            kept.append(mark)
    return tuple(kept)


def _mark(item: dict[str, Any], characters: dict[int, int]) -> Mark | None:
    kind = _FROM_VK.get(string(item.get("type")))
    offset, length = integer(item.get("offset")), integer(item.get("length"))
    url = string(item.get("url"))
    if kind is None or offset is None or length is None or length < 1:
        return None
    start, end = characters.get(offset), characters.get(offset + length)
    if start is None or end is None or (kind == "link" and not _URL.fullmatch(url)):
        return None
    return Mark(kind=kind, start=start, end=end, url=url if kind == "link" else "")
