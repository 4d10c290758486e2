"""Closes the gaps that missing values leave in a text."""

from __future__ import annotations

import re

from flows.sandbox import HOLE

_CLOSING = r"[.!?…:;)\]»”]"
_PREPOSITIONS = (
    "без|в|во|для|до|за|из|из-за|к|ко|между|на|над|о|об|обо|от|перед|по|под|при|про|с|со|у|через|"
    "about|at|by|for|from|in|into|of|on|to|with|without"
)
_MARKED = re.compile(rf"(\*\*\*|\*\*|\*|___|__|_|~~|`)[ \t]*{HOLE}[ \t]*\1")
"""A missing value that was to be bold, or the like."""
_EMPTIED = (
    (re.compile(rf"\[\s*{HOLE}\s*\]\([^)\s]*\)"), HOLE),
    (re.compile(rf"[(\[«“„\"]\s*{HOLE}\s*[)\]»”“\"]"), HOLE),
    (re.compile(rf"{HOLE}(?:\s*{HOLE})+"), HOLE),
    (re.compile(rf"{HOLE}[ \t]+(?:и|или|and|or)[ \t]+{HOLE}"), HOLE),
    (re.compile(rf"(?<!\w)(?:{_PREPOSITIONS})[ \t]+{HOLE}", re.IGNORECASE), HOLE),
    (re.compile(rf"[(\[«“„\"]\s*{HOLE}\s*[)\]»”“\"]"), HOLE),
    (re.compile(rf"{HOLE}['’]s\b"), HOLE),
    (re.compile(rf"([—–-])[ \t]*{HOLE}[ \t]*\1"), r"\1"),
    (re.compile(rf",\s*{HOLE}\s*(?=[!?…]|\.(?!\w))"), ""),
)
_FIRST = re.compile(rf"(^|[.!?…][ \t]+){HOLE}[ \t]*(?:[,:;!.?]+|[—–])?[ \t]*(\w?)", re.MULTILINE)
_REST = (
    (re.compile(rf",\s*{HOLE}\s*(?={_CLOSING}|$)", re.MULTILINE), ""),
    (re.compile(rf"\s*,\s*{HOLE}\s*,"), ","),
    (re.compile(rf",[ \t]*{HOLE}[ \t]*(?=[^\w\s,])"), " "),
    (re.compile(rf"[ \t]+{HOLE}(?=[.,!?…:;)\]»”\s]|$)", re.MULTILINE), ""),
)
_HANGING = re.compile(r",[ \t]*(?=[!?…]|\.(?:\s|$))")
"""A comma that nothing follows, as where an `{% if %}` printed nothing."""


def tidy(found: str) -> str:
    """Closes the gaps that missing values left: no "Hello, !", no double spaces, no empty brackets."""
    found = _HANGING.sub("", found)
    if HOLE not in found:
        return found
    found = _MARKED.sub(HOLE, found)
    for pattern, instead in _EMPTIED:
        found = pattern.sub(instead, found)
    found = _FIRST.sub(lambda match: match[1] + match[2].upper(), found)
    for pattern, instead in _REST:
        found = pattern.sub(instead, found)
    return re.sub(rf"[ \t]*{HOLE}[ \t]*$|{HOLE}", "", found, flags=re.MULTILINE).strip()
