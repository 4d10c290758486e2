"""How a text is drawn, in the ways that messengers want to be told: entities with offsets counted in a unit of
theirs, or signs around the words. And back: what a messenger tells of a customer's text, as marks.

Pure, and of no messenger in particular.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from bots.splitting import Unit, end_of_character, length
from estafeta.kernel.model import Mark, MarkKind, Text

_ADDRESS = re.compile(r"(?:https?://|mailto:|tel:)[^\s\x00-\x1f\x7f]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A mark as messengers count: `offset` and `length` in a unit, from the beginning of the text."""

    kind: MarkKind
    offset: int
    length: int
    url: str = ""


def spans(text: Text, unit: Unit) -> tuple[Span, ...]:
    """The marks of a text, in their order."""
    if not text.marks:
        return ()
    at = _offsets(text.text, unit)
    return tuple(
        Span(kind=mark.kind, offset=at[mark.start], length=at[mark.end] - at[mark.start], url=mark.url)
        for mark in text.marks
    )


def marked(text: str, found: Iterable[Span], unit: Unit) -> Text:
    """A text with what a messenger told of it, which is not to be trusted: spans past the end or the wrong way
    round, links to anywhere but http, https, mailto and tel. Where a span begins or ends inside a character it
    takes the whole of it; spans that cross become spans that nest."""
    at = _offsets(text, unit)
    end = at[-1]
    marks = []
    for span in found:
        first, last = max(span.offset, 0), min(span.offset + span.length, end)
        if first < last:
            start, stop = bisect_right(at, first) - 1, bisect_left(at, last)
            marks.append(Mark(kind=span.kind, start=start, end=stop, url=span.url))
    return Text(text=text, marks=sound(marks, len(text)))


def sound(marks: Iterable[Mark], size: int) -> tuple[Mark, ...]:
    """The marks as `Mark` promises them for a text of `size` characters: sorted, nested, inside the text, with
    addresses that one may follow. A mark that crosses the end of another is cut in two there; one inside another
    of its kind says nothing more and goes."""
    waiting = sorted(filter(None, (_inside(mark, size) for mark in marks)), key=_order)
    kept: list[Mark] = []
    around: list[Mark] = []
    while waiting:
        mark = waiting.pop(0)
        while around and around[-1].end <= mark.start:
            around.pop()
        if around and mark.end > around[-1].end:
            insort(waiting, replace(mark, start=around[-1].end), key=_order)
            mark = replace(mark, end=around[-1].end)
        if all(outer.kind != mark.kind for outer in around):
            kept.append(mark)
            around.append(mark)
    return tuple(kept)


def write(text: Text, around: Callable[[Mark], tuple[str, str]], plain: Callable[[str], str] = str) -> str:
    """The text with signs around what is marked, `around(mark)` before and after; `plain` makes the words
    between signs safe. Signs nest as the marks do."""
    written: list[str] = []
    closing: list[tuple[int, str]] = []
    at = 0

    def go_to(place: int) -> None:
        nonlocal at
        if place > at:
            written.append(plain(text.text[at:place]))
            at = place

    for mark in text.marks:
        while closing and closing[-1][0] <= mark.start:
            end, sign = closing.pop()
            go_to(end)
            written.append(sign)
        go_to(mark.start)
        before, after = around(mark)
        written.append(before)
        closing.append((mark.end, after))
    for end, sign in reversed(closing):
        go_to(end)
        written.append(sign)
    go_to(len(text.text))
    return "".join(written)


def joined(texts: Sequence[Text], between: str) -> Text:
    """One text of several."""
    words, marks, at = [], [], 0
    for text in texts:
        words.append(text.text)
        marks += [replace(mark, start=mark.start + at, end=mark.end + at) for mark in text.marks]
        at += len(text.text) + len(between)
    return Text(text=between.join(words), marks=tuple(marks))


def reduced(text: Text, known: frozenset[MarkKind]) -> Text:
    """The text with only the marks that are known. A link that goes keeps its address in words, in brackets
    behind it, unless it reads as its address already."""
    if all(mark.kind in known for mark in text.marks):
        return text
    words = text.text
    marks = [mark for mark in text.marks if mark.kind in known]
    gone = [mark for mark in text.marks if mark.kind == "link" and "link" not in known]
    for link in sorted(gone, key=lambda mark: mark.end, reverse=True):
        address = _shown(link.url)
        if not _reads_as(text.text[link.start : link.end], link.url):
            at, added = end_of_character(text.text, link.end), f" ({address})"
            words = words[:at] + added + words[at:]
            marks = [_pushed(mark, at, len(added)) for mark in marks]
    return Text(text=words, marks=tuple(marks))


def _pushed(mark: Mark, at: int, by: int) -> Mark:
    return replace(
        mark,
        start=mark.start + by if mark.start >= at else mark.start,
        end=mark.end + by if mark.end > at else mark.end,
    )


def _shown(url: str) -> str:
    """An address as people read it."""
    return url[url.index(":") + 1 :] if url.casefold().startswith(("mailto:", "tel:")) else url


def _reads_as(words: str, url: str) -> bool:
    bare = words.strip().rstrip("/").casefold()
    address = _shown(url).rstrip("/").casefold()
    return bare in (address, url.casefold(), address.removeprefix("https://").removeprefix("http://"))


def _inside(mark: Mark, size: int) -> Mark | None:
    if mark.kind == "link" and not _ADDRESS.fullmatch(mark.url):
        return None
    start, end = max(mark.start, 0), min(mark.end, size)
    return replace(mark, start=start, end=end) if start < end else None


def _order(mark: Mark) -> tuple[int, int]:
    return mark.start, -mark.end


def _offsets(text: str, unit: Unit) -> list[int]:
    """Where each character begins in the unit's count, and the end behind them all."""
    if unit == "codepoints" or text.isascii():
        return list(range(len(text) + 1))
    return list(accumulate((length(character, unit) for character in text), initial=0))
