"""WhatsApp's formatting as its apps do it, small: what a text looks like when it is read.

A sign opens if nothing of a word stands before it and no white space behind it; the next equal sign on the line that
has no white space before it and nothing of a word behind it closes. Code is not formatted inside, addresses are links.
Lines that begin with "> ", "- " or "* " are quotes and lists. The word joiner is invisible, and of a word.
"""

from __future__ import annotations

import re
import unicodedata

KINDS = {"*": "bold", "_": "italic", "~": "strike", "`": "code"}
_ADDRESS = re.compile(r"https?://\S*[^\s*_~`]", re.IGNORECASE)
_BLOCK = re.compile(r"^[>*-][ \t]", re.MULTILINE)
_FENCE = re.compile(r"```[^`]+```")
JOINER = "\u2060"


def read(text: str) -> tuple[str, list[tuple[str, str]]]:
    """What is read, and the formatted stretches in the order of their beginnings, each as (kind, words)."""
    opaque = [found.span() for found in _ADDRESS.finditer(text)]
    gone: set[int] = set()
    spans: list[tuple[int, int, str]] = []
    for sign in "`*_~":
        at = 0
        while at < len(text):
            end = _closing(text, at, opaque) if text[at] == sign and _opens(text, at, opaque) else None
            if end is not None:
                spans.append((at, end, sign))
                gone |= {at, end}
                if sign == "`":
                    opaque.append((at, end + 1))
                at = end
            at += 1
    shown = [sign if at not in gone and sign != JOINER else "" for at, sign in enumerate(text)]
    spans.sort(key=lambda span: (span[0], -span[1]))
    return "".join(shown), [(KINDS[sign], "".join(shown[start : end + 1])) for start, end, sign in spans]


def blocks(text: str) -> list[str]:
    return _BLOCK.findall(text) + _FENCE.findall(text)


def _opens(text: str, at: int, opaque: list[tuple[int, int]]) -> bool:
    return (
        not _inside(at, opaque)
        and (at == 0 or not _of_a_word(text[at - 1]))
        and at + 1 < len(text)
        and not text[at + 1].isspace()
    )


def _closing(text: str, at: int, opaque: list[tuple[int, int]]) -> int | None:
    for end in range(at + 2, len(text)):
        if text[end] == "\n":
            return None
        if text[end] != text[at] or _inside(end, opaque) or text[end - 1].isspace():
            continue
        if end + 1 == len(text) or not _of_a_word(text[end + 1]):
            return end
    return None


def _of_a_word(sign: str) -> bool:
    return not sign.isspace() and unicodedata.category(sign)[0] not in "PSZ"


def _inside(at: int, opaque: list[tuple[int, int]]) -> bool:
    return any(start <= at < end for start, end in opaque)
