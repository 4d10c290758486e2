"""Words with their marks: put together, cut into messages, and as Telegram's entities. Pure.

Entities and not a parse mode: what somebody wrote is never read as markup
(https://core.telegram.org/bots/api#messageentity).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from estafeta.kernel.model import Mark, MarkKind, Text

NOTHING = Text(text="")

_TYPES: dict[MarkKind, str] = {"bold": "bold", "italic": "italic", "strike": "strikethrough", "code": "code"}


def joined(first: Text, second: Text, between: str = "\n") -> Text:
    if not first.text or not second.text:
        return second if second.text else first
    shift = len(first.text) + len(between)
    moved = tuple(
        Mark(kind=mark.kind, start=mark.start + shift, end=mark.end + shift, url=mark.url) for mark in second.marks
    )
    return Text(text=first.text + between + second.text, marks=(*first.marks, *moved))


def cut(words: Text, pieces: Sequence[str]) -> Iterator[Text]:
    """`pieces` are those of the text, in order, with nothing but white space left out between them."""
    end = 0
    for piece in pieces:
        start = words.text.find(piece, end)
        end = start + len(piece)
        yield Text(text=piece, marks=tuple(_within(words.marks, start, end)))


def entities(words: Text) -> list[dict[str, Any]]:
    """Telegram counts in UTF-16 code units."""
    return [_entity(words.text, mark) for mark in words.marks if 0 <= mark.start < mark.end <= len(words.text)]


def _entity(text: str, mark: Mark) -> dict[str, Any]:
    marked = text[mark.start : mark.end]
    entity: dict[str, Any] = {"offset": _units(text[: mark.start]), "length": _units(marked)}
    if mark.kind == "link":
        return {"type": "text_link", **entity, "url": mark.url}
    return {"type": "pre" if mark.kind == "code" and "\n" in marked else _TYPES[mark.kind], **entity}


def _within(marks: Sequence[Mark], start: int, end: int) -> Iterator[Mark]:
    for mark in marks:
        first, last = max(mark.start, start), min(mark.end, end)
        if first < last:
            yield Mark(kind=mark.kind, start=first - start, end=last - start, url=mark.url)


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
