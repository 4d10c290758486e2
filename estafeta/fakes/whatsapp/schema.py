"""Meta's schema as a referee of requests and answers. The data is `data/cloud-api.json` (see `data/ATTRIBUTION.md`)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from estafeta.fakes.whatsapp.errors import Json

DATA = Path(__file__).parent / "data"

Kind = Literal["missing", "unknown", "wrong", "long"]

TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and where: `interactive.action.buttons[3].reply.title`."""

    kind: Kind
    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path or 'the body'} {self.text}"


@cache
def document() -> Json:
    loaded: Json = json.loads((DATA / "cloud-api.json").read_text(encoding="utf-8"))
    return loaded


@cache
def examples() -> Json:
    """Meta's own requests and webhooks, by name."""
    loaded: Json = json.loads((DATA / "examples.json").read_text(encoding="utf-8"))
    return loaded


def problems(name: str, value: Any, *, closed: bool = True) -> list[Problem]:
    """What is wrong with `value` as the schema `name`. `closed`: fields that it does not name are wrong too."""
    return list(check(document()["schemas"][name], value, closed=closed))


def check(schema: Json, value: Any, path: str = "", *, closed: bool = True) -> Iterator[Problem]:
    if "$ref" in schema:
        yield from check(document()["schemas"][schema["$ref"]], value, path, closed=closed)
        return
    allowed = schema.get("type", [])
    kinds = [allowed] if isinstance(allowed, str) else allowed
    if kinds and not any(_is(kind, value) for kind in kinds):
        yield Problem("wrong", path, f"must be {' or '.join(kinds)}")
        return
    if "enum" in schema and value not in schema["enum"]:
        yield Problem("wrong", path, f"must be one of {', '.join(map(str, schema['enum']))}")
    if isinstance(value, str | list):
        yield from _check_length(schema, value, path)
    if isinstance(value, list) and "items" in schema:
        for number, item in enumerate(value):
            yield from check(schema["items"], item, f"{path}[{number}]", closed=closed)
    if isinstance(value, dict):
        yield from _check_object(schema, value, path, closed=closed)


def _is(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, TYPES[kind])


def _check_length(schema: Json, value: str | list[Any], path: str) -> Iterator[Problem]:
    word, unit = ("Length", "characters long") if isinstance(value, str) else ("Items", "items")
    most, least = schema.get(f"max{word}"), schema.get(f"min{word}")
    if most is not None and len(value) > most:
        yield Problem("long", path, f"must be at most {most} {unit}")
    if least is not None and len(value) < least:
        yield Problem("wrong", path, f"must be at least {least} {unit}")


def _check_object(schema: Json, value: Json, path: str, *, closed: bool) -> Iterator[Problem]:
    fields: Json = schema.get("properties", {})
    required = list(schema.get("required", []))
    if "oneOf" in schema:
        fitting = [variant for variant in schema["oneOf"] if _fits(variant, value)]
        if len(fitting) != 1:
            choices = " or ".join("+".join(variant["required"]) for variant in schema["oneOf"])
            if fitting:
                yield Problem("wrong", path, f"must have only one of {choices}")
            else:
                yield Problem("missing", _join(path, choices), "is required")
            return
        fields = fields | fitting[0].get("properties", {})
        required += fitting[0]["required"]
    for name in required:
        if name not in value:
            yield Problem("missing", _join(path, name), "is required")
    for name, item in value.items():
        if name in fields:
            yield from check(fields[name], item, _join(path, name), closed=closed)
        elif closed and fields:
            yield Problem("unknown", _join(path, name), "is not a field the API knows")


def _fits(variant: Json, value: Json) -> bool:
    fields = variant.get("properties", {})
    return all(name in value for name in variant["required"]) and all(
        value[name] in field["enum"] for name, field in fields.items() if name in value and "enum" in field
    )


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
