"""Lengths as messengers count them, and texts cut to such lengths where a reader would cut them.

Pure. A text is never cut inside what a reader sees as one character (an emoji with its skin tone, a
flag, a letter with its accents), unless that one character alone is longer than the limit.
Follows the extended grapheme clusters of https://unicode.org/reports/tr29/ as far as people type
them in chats: combining marks, joiners, modifiers, flags, keycaps, tags, Hangul jamo, CR LF.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from estafeta.kernel.model import Text

Unit = Literal["utf16", "codepoints", "bytes"]

_JOINER = "\u200d"
_MARKS = frozenset(("Mn", "Me", "Mc"))
_SENTENCE_END = re.compile(r"[.!?…][\"'»”)]*(?=\s)")
_WORD_END = re.compile(r"(?<=\S)(?=\s)")


def length(text: str, unit: Unit) -> int:
    """How long a messenger that counts in `unit` finds the text."""
    if unit == "codepoints" or text.isascii():
        return len(text)
    if unit == "utf16":
        return len(text.encode("utf-16-le", "surrogatepass")) // 2
    return len(text.encode("utf-8", "surrogatepass"))


def split(text: str, limit: int, unit: Unit) -> list[str]:
    """The text in pieces of at most `limit`, none of them empty or bordered by white space.

    Cut between paragraphs if that leaves a piece of some size, else between lines, sentences, words,
    characters. Nothing but white space is lost at a cut.
    """
    return [piece.text for piece in split_text(Text(text=text), limit, unit)]


def split_text(text: Text, limit: int, unit: Unit, drawn: Callable[[Text], str] | None = None) -> list[Text]:
    """As `split`; each piece has its own part of the marks. A link is not cut, unless it is longer than a piece.

    With `drawn` the limit holds for what that makes of a piece. A piece of which not even one character fits
    when it is drawn goes without its marks.
    """
    pieces = []
    rest = stripped(text)
    while length(rest.text, unit) > limit or (drawn and length(drawn(rest), unit) > limit):
        piece, rest = _first(rest, limit, unit, drawn)
        if piece.text:
            pieces.append(piece)
    if rest.text:
        pieces.append(rest)
    return pieces


def cut(text: Text, start: int, end: int) -> Text:
    """The text from one offset to another, with its part of the marks."""
    marks = tuple(
        replace(mark, start=max(mark.start, start) - start, end=min(mark.end, end) - start)
        for mark in text.marks
        if mark.start < end and mark.end > start
    )
    return Text(text=text.text[start:end], marks=marks)


def stripped(text: Text) -> Text:
    """The text without white space around it."""
    start = len(text.text) - len(text.text.lstrip())
    end = len(text.text.rstrip())
    return text if (start, end) == (0, len(text.text)) else cut(text, start, max(start, end))


def shorten(text: str, limit: int, unit: Unit) -> str:
    """The text, or as much of its beginning as fits with an ellipsis."""
    if length(text, unit) <= limit:
        return text
    room = limit - length("…", unit)
    if room < 0:
        return ""
    return text[: _border(text, _fitting(text, room, unit))].rstrip() + "…"


def end_of_character(text: str, offset: int) -> int:
    """The offset, or where what a reader sees as one character ends, if the offset is inside of it."""
    while 0 < offset < len(text) and not _is_border(text, offset):
        offset += 1
    return offset


def _first(text: Text, limit: int, unit: Unit, drawn: Callable[[Text], str] | None) -> tuple[Text, Text]:
    """The first piece of a text that is too long, and the rest."""
    reach = _fitting(text.text, limit, unit)
    if drawn is None:
        at = _place(text, _border(text.text, reach) or max(reach, 1))
        return stripped(cut(text, 0, at)), stripped(cut(text, at, len(text.text)))

    def fits(piece: Text) -> bool:
        return length(drawn(piece), unit) <= limit

    at = _drawable(text, reach, fits)
    at = _place(text, _border(text.text, at)) if at else 0
    while at and not fits(stripped(cut(text, 0, at))):
        at = _border(text.text, at - 1)
    if at:
        return stripped(cut(text, 0, at)), stripped(cut(text, at, len(text.text)))
    at = _border(text.text, reach) or max(reach, 1)
    while at > 1 and not fits(Text(text=text.text[:at])):
        at = _border(text.text, at - 1) or at - 1
    return stripped(Text(text=text.text[:at])), stripped(cut(text, at, len(text.text)))


def _drawable(text: Text, most: int, fits: Callable[[Text], bool]) -> int:
    """An offset up to `most`, about the largest, whose beginning of the text fits when it is drawn; 0: none."""
    least, over = 0, most + 1
    while over - least > 1:
        middle = (least + over) // 2
        if fits(stripped(cut(text, 0, middle))):
            least = middle
        else:
            over = middle
    return least


def _place(text: Text, reach: int) -> int:
    """The offset up to `reach` where a reader would cut, and not in a link if that can be."""
    at = _cut(text.text, reach)
    for mark in reversed(text.marks):
        if mark.kind == "link" and mark.start < at < mark.end:
            before = _border(text.text, mark.start)
            if before:
                return _place(text, before)
            if mark.end <= reach and _border(text.text, mark.end) == mark.end:
                return mark.end
    return at


def _fitting(text: str, limit: int, unit: Unit) -> int:
    """The largest offset with `text[:offset]` within the limit."""
    size = 0
    for offset, character in enumerate(text):
        size += length(character, unit)
        if size > limit:
            return offset
    return len(text)


def _border(text: str, most: int) -> int:
    """The largest offset up to `most` where one character ends and another begins; 0: the first is longer."""
    return next((offset for offset in range(most, 0, -1) if offset == len(text) or _is_border(text, offset)), 0)


def _cut(text: str, reach: int) -> int:
    """The offset up to `reach` where a reader would cut; a break right behind `reach` counts."""
    some = reach // 3
    for break_ in ("\n\n", "\n"):
        at = text.rfind(break_, some, reach + len(break_))
        if at > 0:
            return at
    for pattern, start in ((_SENTENCE_END, some), (_WORD_END, 0)):
        ends = [match.end() for match in pattern.finditer(text, start, reach + 1) if match.end() <= reach]
        if ends:
            return ends[-1]
    return reach


def _is_border(text: str, offset: int) -> bool:
    """Whether a reader sees two characters, one on each side of `offset`."""
    after, before = text[offset], text[offset - 1]
    if _clings(after) or before == _JOINER or (before == "\r" and after == "\n"):
        return False
    if _is_flag_half(after) and _is_flag_half(before):
        halves = 0
        while halves < offset and _is_flag_half(text[offset - 1 - halves]):
            halves += 1
        return halves % 2 == 0
    return not _is_same_syllable(before, after)


def _clings(character: str) -> bool:
    """Joiners, variation selectors, skin tones, tags and marks belong to what comes before them."""
    if character < "\u0300":
        return False
    return (
        character == _JOINER
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
        or unicodedata.category(character) in _MARKS
    )


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_same_syllable(before: str, after: str) -> bool:
    """Conjoining Hangul: a leading consonant, a vowel, a trailing consonant."""
    if not "\u1100" <= after <= "\u11ff":
        return False
    if after < "\u1160":
        return "\u1100" <= before < "\u1160"
    return "\u1100" <= before <= "\u11ff" or "\uac00" <= before <= "\ud7a3"
