"""Entities marked in an example: `[12345](order_number)`, `[мск]{"entity": "city", "value": "Москва"}`.

The older `[мск](city:Москва)` is read too, as Rasa does.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

_KEYS = {"entity", "value", "role", "group"}
_mark = re.compile(r"\[(?P<text>[^\[\]]*)\](?:\((?P<short>[^()]*)(?P<closed>\)?)|(?=\{))")
_name = re.compile(r"[\w.-]+")


class MarkupError(ValueError):
    """The text is a sentence for the person who wrote the example."""


@dataclass(frozen=True, slots=True)
class EntityMark:
    """`start` and `end` are offsets in the example's text without its markup."""

    name: str
    value: str
    start: int
    end: int
    role: str = ""
    group: str = ""

    @property
    def plain(self) -> list[str | int]:
        return [self.name, self.value, self.start, self.end, self.role, self.group]


def read_markup(example: str) -> tuple[str, tuple[EntityMark, ...]]:
    """The text as a customer would type it, and the entities in it. Raises `MarkupError`."""
    text = ""
    marks: list[EntityMark] = []
    at = 0
    for match in _mark.finditer(example):
        if match.start() < at:
            continue
        words = match["text"]
        if not words.strip():
            raise MarkupError("an entity without words: write them between [ and ]")
        if match["short"] is None:
            fields, end = _long(example, match.end())
        else:
            if not match["closed"]:
                raise MarkupError(f"the entity after [{words}] is not closed: expected )")
            fields, end = _short(match["short"]), match.end()
        name = fields["entity"]
        if not _name.fullmatch(name):
            raise MarkupError(f"“{name}” is no name of an entity: letters, digits, _, - and . are allowed")
        text += example[at : match.start()]
        start = len(text)
        text += words
        value = fields.get("value", words)
        marks.append(EntityMark(name, value, start, len(text), fields.get("role", ""), fields.get("group", "")))
        at = end
    return text + example[at:], tuple(marks)


def _short(content: str) -> dict[str, str]:
    name, colon, value = content.partition(":")
    return {"entity": name.strip()} | ({"value": value.strip()} if colon else {})


def _long(example: str, at: int) -> tuple[dict[str, str], int]:
    try:
        fields, end = json.JSONDecoder().raw_decode(example, at)
    except (ValueError, RecursionError) as error:
        raise MarkupError(
            f'the braces after ] hold no JSON: {error}; expected {{"entity": "…", "value": "…"}}'
        ) from None
    if unknown := set(fields) - _KEYS:
        raise MarkupError(f"unknown key {min(unknown)} in the braces; expected {', '.join(sorted(_KEYS))}")
    if "entity" not in fields:
        raise MarkupError('the braces need the key "entity"')
    if wrong := [key for key, value in fields.items() if not isinstance(value, str) or not value]:
        raise MarkupError(f'the value of "{wrong[0]}" must be a text, in quotes')
    return fields, end
