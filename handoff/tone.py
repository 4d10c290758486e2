"""Whether an operator's words sound as the house writes (tone.yml). Pure.

Remarks only: whatever they say, the words may be sent. What the bot says is held to the same rules when its workspace
is checked.
"""

from __future__ import annotations

import re

from flows import house_style
from flows.tone_file import ToneFile

TOLD = 3
"""Banned words that one remark names at most."""

_PILED = re.compile(r"!{3,}|\?{3,}|(?:!\?|\?!){2,}")
_REMARKS = {
    "capitals": ("всё прописными читается как крик", "capitals throughout read as shouting"),
    "piled": ("знаки !!! и ??? читаются как раздражение", "!!! and ??? read as irritation"),
    "thou": ("похоже на «ты», а мы пишем на «Вы»", "familiar words; the house writes «Вы»"),
    "you": ("похоже на «Вы», а мы пишем на «ты»", "formal words; the house writes «ты»"),
    "banned": ("у нас так не пишут: {words}", "the house does not write this: {words}"),
}


def tone(text: str, language: str, style: ToneFile) -> list[str]:
    """Remarks on a text to a customer, in the reader's `language` ("ru", or else English); [] when there is nothing
    to say. The text may be in any language: banned words of all of them are looked for. What is quoted is somebody
    else's."""
    found, text = [], house_style.own(text)
    if style.capitals and house_style.shouts(text):
        found.append("capitals")
    if style.piled and _PILED.search(text):
        found.append("piled")
    if style.address == "вы" and house_style.thou(text):
        found.append("thou")
    if style.address == "ты" and house_style.you(text):
        found.append("you")
    banned = house_style.banned(text, style)[:TOLD]
    if banned:
        found.append("banned")
    at = 0 if language == "ru" else 1
    words = ", ".join(("«{}»", "“{}”")[at].format(word) for word in banned)
    return [_REMARKS[code][at].format(words=words) for code in found]
