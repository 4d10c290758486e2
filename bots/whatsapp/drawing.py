"""Marks as WhatsApp's signs: *bold* _italic_ ~strike~ `code` (https://faq.whatsapp.com/539178204879377).

There is no way to escape a sign. WhatsApp formats what stands between two equal signs on one line, if the first has a
word's beginning behind it and no word before it, and the second the other way round; and it takes lines that begin
with "> ", "- " or "* " for quotes and lists. So signs that were meant as themselves get a word joiner (U+2060, nobody
sees it) on each side, unless they stand inside a word or between spaces, where they do nothing. Addresses stay as they
are: they are what people open. A mark that WhatsApp could not draw (it begins or ends inside a word) is left out.

Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from bots.drawing import reduced
from bots.whatsapp.capabilities import CAPABILITIES
from estafeta.kernel.model import Mark, MarkKind, Text

JOINER = "\u2060"
SIGNS: dict[MarkKind, str] = {"bold": "*", "italic": "_", "strike": "~", "code": "`"}

_SIGN = frozenset(SIGNS.values())
_ADDRESS = re.compile(r"https?://\S*[^\s*_~`]", re.IGNORECASE)
_RUN = re.compile(r"https?://\S+", re.IGNORECASE)
"""An address with whatever clings to it: signs in there might be taken for a part of it."""
_ANY_SIGN = re.compile(r"[*_~`]")
_BLOCK = re.compile(r"^([>*-])(?=[ \t])", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Span:
    kind: MarkKind
    start: int
    end: int


def drawn(text: Text) -> str:
    """The text as it is sent."""
    text = reduced(text, CAPABILITIES.marks)
    words = text.text
    addresses = [found.span() for found in _ADDRESS.finditer(words)]
    runs = [found.span() for found in _RUN.finditer(words)]
    spans = _drawable(words, [span for span in _pieces(words, text.marks) if not _cuts(span, runs)])
    kept_as_is = addresses + [(span.start, span.end) for span in spans if span.kind == "code"]
    edges = {edge for span in spans for edge in (span.start, span.end)}
    opening, closing = _signs(spans)
    blocks = {found.start() for found in _BLOCK.finditer(words)}
    signs = {found.start() for found in _ANY_SIGN.finditer(words)}
    out: list[str] = []
    done = 0
    for at in sorted(blocks | signs | edges):
        out += (words[done:at], closing.get(at, ""), opening.get(at, ""))
        done = at
        if at in signs and not _is_within(at, kept_as_is) and _might_format(words, at, edges):
            out.append(f"{JOINER}{words[at]}{JOINER}")
            done = at + 1
        elif at in blocks and not _is_within(at, kept_as_is):
            out.append(JOINER)
    out.append(words[done:])
    return "".join(out).replace(JOINER * 2, JOINER)


def undrawn(text: str) -> str:
    """Without what nobody sees: what a customer reads, but for the signs of marks."""
    return text.replace(JOINER, "")


def _pieces(words: str, marks: Sequence[Mark]) -> list[_Span]:
    """The marks line by line, with nothing but words at their ends; one inside another of its kind, or inside code,
    says nothing more."""
    found: list[_Span] = []
    for mark in marks:
        at = mark.start
        for line in words[mark.start : mark.end].split("\n"):
            bare = line.strip()
            start = at + len(line) - len(line.lstrip())
            at += len(line) + 1
            if bare:
                found.append(_Span(mark.kind, start, start + len(bare)))
    joined = _joined([span for span in found if span.kind != "code" or "`" not in words[span.start : span.end]])
    code = [span for span in joined if span.kind == "code"]
    return [span for span in joined if not any(_holds(one, span) for one in code)]


def _joined(spans: list[_Span]) -> list[_Span]:
    """Those of one kind that touch are one."""
    joined: dict[MarkKind, list[_Span]] = {}
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        same = joined.setdefault(span.kind, [])
        if same and span.start <= same[-1].end:
            same[-1] = _Span(span.kind, same[-1].start, max(same[-1].end, span.end))
        else:
            same.append(span)
    return [span for same in joined.values() for span in same]


def _drawable(words: str, spans: list[_Span]) -> list[_Span]:
    """Those whose signs would be taken as signs; each that goes may take its neighbours with it."""
    while True:
        kept = [span for span in spans if _is_open(words, span, spans) and not _crosses(span, spans)]
        if len(kept) == len(spans):
            return kept
        spans = kept


def _is_open(words: str, span: _Span, spans: list[_Span]) -> bool:
    """Nothing that belongs to a word stands right before the mark, or right behind it."""
    starts = {other.start for other in spans if other.kind != span.kind}
    ends = {other.end for other in spans if other.kind != span.kind}
    before = span.start == 0 or span.start in ends or _is_border(words, span.start - 1)
    behind = span.end == len(words) or span.end in starts or _is_border(words, span.end)
    return before and behind


def _cuts(span: _Span, runs: list[tuple[int, int]]) -> bool:
    return any(start < edge < end for start, end in runs for edge in (span.start, span.end))


def _crosses(span: _Span, spans: list[_Span]) -> bool:
    return any(span.start < other.start < span.end < other.end for other in spans)


def _is_border(words: str, at: int) -> bool:
    """White space, punctuation or a symbol; a letter, a digit and what clings to them are of a word."""
    sign = words[at]
    return sign.isspace() or (sign not in _SIGN and unicodedata.category(sign)[0] in "PSZ")


def _signs(spans: list[_Span]) -> tuple[dict[int, str], dict[int, str]]:
    """What stands before and behind which character. The longer is outside, code inside."""
    opening: dict[int, str] = {}
    closing: dict[int, str] = {}
    outside_in = sorted(spans, key=lambda span: (span.start - span.end, span.kind == "code", span.kind))
    for span in outside_in:
        opening[span.start] = opening.get(span.start, "") + SIGNS[span.kind]
        closing[span.end] = SIGNS[span.kind] + closing.get(span.end, "")
    return opening, closing


def _might_format(words: str, at: int, edges: set[int]) -> bool:
    if at in edges or at + 1 in edges or words[at] == "`":
        return True
    before, behind = words[at - 1 : at], words[at + 1 : at + 2]
    in_word = before.isalnum() and behind.isalnum()
    alone = (not before or before.isspace()) and (not behind or behind.isspace())
    return not in_word and not alone


def _holds(outer: _Span, inner: _Span) -> bool:
    """Something of the outer is outside of the inner."""
    same = (outer.start, outer.end) == (inner.start, inner.end)
    return outer.start <= inner.start and inner.end <= outer.end and not same


def _is_within(at: int, spans: list[tuple[int, int]]) -> bool:
    return any(start <= at < end for start, end in spans)
