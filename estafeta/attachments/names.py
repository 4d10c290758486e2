"""What a file may be called: safe to show to people and to save under, on any system, whatever its sender wrote."""

from __future__ import annotations

import re
import unicodedata

from estafeta.attachments.kinds import ending_of
from estafeta.kernel.model import MediaKind

LONGEST = 120
"""Characters of a name, its ending included."""

_LONGEST_BYTES = 240  # file systems take 255, and whoever saves it may add " (1)"
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,12}\Z")
_SEPARATORS = re.compile(r"[/\\\u2044\u2215\u29f5\u29f8\uff0f\uff3c]")  # and what looks like them
_FORBIDDEN = re.compile(r'[<>:"|?*]')
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file#naming-conventions
_RESERVED = re.compile(
    r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9\u00b9\u00b2\u00b3])\s*(?:\.|\Z)", re.IGNORECASE
)
# Joiners are letters' business (Persian, emoji); all else that is not seen turns words round or hides them.
_JOINERS = "\u200c\u200d"
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_FOR_KIND = {"voice": "ogg", "photo": "jpg", "sticker": "webp"}


def safe_name(name: str, *, kind: MediaKind = "document", mime: str = "") -> str:
    """`name` without what could deceive or harm; where nothing of it is left, one made of the kind. An ending that
    is missing comes from `mime`, what the content looks like."""
    cleaned = _SEPARATORS.split(_seen(name).rstrip("/\\ "))[-1]
    cleaned = _FORBIDDEN.sub("_", cleaned)
    cleaned = _stripped(" ".join(cleaned.split()))
    if not cleaned.strip("._-~" + _JOINERS + " "):
        cleaned = kind
    if _RESERVED.match(cleaned):
        cleaned = f"_{cleaned}"
    found = _ENDING.search(cleaned)
    stem, ending = (cleaned[: found.start()], found[0]) if found is not None else (cleaned, "")
    if not ending:
        known = ending_of(mime) or ("" if mime else _FOR_KIND.get(kind, ""))
        ending = f".{known}" if known else ""
    return _shortened(stem, ending) + ending


def ending(name: str) -> str:
    """What stands after the last dot, in small letters; "" for nothing."""
    found = _ENDING.search(name)
    return found[0][1:].lower() if found is not None else ""


def _seen(name: str) -> str:
    """In one form, and without characters that are not seen; a line's end is a space."""
    kept = []
    for character in unicodedata.normalize("NFC", name):
        category = unicodedata.category(character)
        if character.isspace() or category in ("Zl", "Zp"):
            kept.append(" ")
        elif category not in _UNSEEN or character in _JOINERS:
            kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept))


def _stripped(name: str) -> str:
    """Names that begin with a dot are hidden, with a hyphen are taken for an option; Windows drops dots at the end."""
    return name.lstrip(".-~ " + _JOINERS).rstrip(". " + _JOINERS)


def _shortened(stem: str, ending: str) -> str:
    stem = stem[: LONGEST - len(ending)]
    while len((stem + ending).encode()) > _LONGEST_BYTES:
        stem = stem[:-1]
    return stem.rstrip(". " + _JOINERS) if ending else _stripped(stem)
