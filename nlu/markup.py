"""Entities marked in an example: `[12345](order_number)`, `[мск]{"entity": "city", "value": "Москва"}`.

Rasa's notation, https://legacy-docs-oss.rasa.com/docs/rasa/training-data-format#entities; the older
`[мск](city:Москва)` is read too, as Rasa does. What Rasa leaves in the text unread without a word
(a bracket that is not closed, an entity inside of an entity) is a mistake here.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from difflib import get_close_matches

_KEYS = ("entity", "value", "role", "group")
_mark = re.compile(r"\[(?P<text>[^\[\]]*)\](?:\((?P<short>[^()]*)(?P<closed>\)?)|(?=\{))")
_left = re.compile(r"\](?=[({])")
_name = re.compile(r"[\w.-]+")
_ESCAPE_MEND = "leave it out, and put a space before ( or { if no entity is meant"


class MarkupError(ValueError):
    """The text is a sentence for the person who wrote the example; `at` is the offset in what was
    written, `mend` what to do about it."""

    def __init__(self, text: str, at: int = 0, mend: str = "") -> None:
        super().__init__(text)
        self.at = at
        self.mend = mend


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
        text += _unmarked_part(example, at, match.start())
        words = match["text"]
        if words.endswith("\\") or example[: match.start()].endswith("\\"):
            raise MarkupError("a \\ keeps no bracket from marking", match.start(), _ESCAPE_MEND)
        if not words.strip():
            raise MarkupError("an entity without words", match.start(), "write them between [ and ]")
        if match["short"] is None:
            fields, end = _long(example, match.end())
        else:
            if not match["closed"]:
                raise MarkupError(
                    f"the entity after [{words}] is not closed", match.start("short") - 1, "expected ) behind its name"
                )
            fields, end = _short(match["short"]), match.end()
        name = fields["entity"]
        if not name:
            raise MarkupError(f"the entity of [{words}] has no name", match.end("text") + 1, f"write [{words}](name)")
        if not _name.fullmatch(name):
            raise MarkupError(f"“{name}” is no name of an entity", match.end("text") + 1, _name_mend(name))
        start = len(text)
        text += words
        value = fields.get("value", words)
        marks.append(EntityMark(name, value, start, len(text), fields.get("role", ""), fields.get("group", "")))
        at = end
    return text + _unmarked_part(example, at, len(example)), tuple(marks)


def unmarked(text: str) -> str:
    """Plain words of a customer as an example in which nothing is marked: `see [this](link)` gets a
    space before its second bracket, for the notation has no escape."""
    return _left.sub("] ", text)


def _unmarked_part(example: str, start: int, end: int) -> str:
    part = example[start:end]
    left = _left.search(part + example[end : end + 1])
    if left:
        raise MarkupError(
            "these brackets mark nothing: an entity needs [words](name), and none stands inside of another",
            start + left.start(),
            "mark the words once; put a space before ( if no entity is meant",
        )
    return part


def _short(content: str) -> dict[str, str]:
    name, colon, value = content.partition(":")
    return {"entity": name.strip()} | ({"value": value.strip()} if colon and value.strip() else {})


def _long(example: str, at: int) -> tuple[dict[str, str], int]:
    try:
        fields, end = json.JSONDecoder().raw_decode(example, at)
    except (ValueError, RecursionError) as error:
        what = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
        raise MarkupError(f"the braces after ] hold no JSON: {what}", at, _json_mend(example[at:])) from None
    if unknown := sorted(set(fields) - set(_KEYS)):
        near = get_close_matches(unknown[0], _KEYS, n=1)
        mend = f"did you mean {near[0]}?" if near else f"expected {', '.join(_KEYS)}"
        raise MarkupError(f"unknown key {unknown[0]} in the braces", at, mend)
    if "entity" not in fields:
        raise MarkupError('the braces have no "entity"', at, 'write {"entity": "name", …}')
    if wrong := [key for key, value in fields.items() if not isinstance(value, str) or not value]:
        raise MarkupError(f'the value of "{wrong[0]}" is no text', at, f'put it in quotes: "{wrong[0]}": "…"')
    return fields, end


def _name_mend(name: str) -> str:
    bare = name.strip("\"'“”« »")
    if bare != name and _name.fullmatch(bare):
        return f"leave the quotes out: ({bare})"
    return f"letters, digits, _, - and . are allowed{f': ({joined})' if (joined := '_'.join(bare.split())) else ''}"


def _json_mend(braces: str) -> str:
    """What people write in place of JSON."""
    expected = 'expected {"entity": "…", "value": "…"}'
    inside = braces.partition("}")[0]
    if "}" not in braces:
        closed = " (not a parenthesis)" if ")" in braces else ""
        return f"a closing brace{closed} is missing; {expected}"
    if set(inside) & set("“”„«»"):
        return f'use straight quotes "; {expected}'
    if "'" in inside:
        return f"use double quotes; {expected}"
    if '"' not in inside:
        return f"names and values need quotes; {expected}"
    return expected
