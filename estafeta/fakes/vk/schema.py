"""VK's own schema as a referee: parameters read to their types, objects checked field by field.

The data is `data/vk-api.json` (see `data/ATTRIBUTION.md`) with what `additions.py` adds. In it `required` stands at
the property, and an object that lists its properties has no others: what VK never documented is a finding here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from estafeta.fakes.common.errors import Json
from estafeta.fakes.vk.additions import COMMON_PARAMETERS, ENUMS, PARAMETERS, PROPERTIES


@cache
def document() -> Json:
    text = (Path(__file__).parent / "data" / "vk-api.json").read_text(encoding="utf-8")
    loaded: Json = json.loads(text)
    definitions = loaded["definitions"]
    for name, properties in PROPERTIES.items():
        definitions[name]["properties"].update(deepcopy(properties))
    for name, values in ENUMS.items():
        definition, _, field = name.partition(".")
        target = definitions[definition]["properties"][field] if field else definitions[definition]
        target["enum"] = [*target["enum"], *values]
    for name, parameters in PARAMETERS.items():
        loaded["methods"][name]["parameters"].update(parameters)
    return loaded


# Reading parameters


@dataclass(frozen=True, slots=True)
class Parameters:
    """Typed values (a wrong one is left out), names the method does not have, and what else is wrong."""

    values: Json
    unknown: list[str]
    wrong: list[str]


def read_parameters(method: str, raw: Mapping[str, Any]) -> Parameters:
    fields: dict[str, Json] = document()["methods"][method]["parameters"]
    read = Parameters({}, [], [])
    for name, value in raw.items():
        if name in COMMON_PARAMETERS:
            continue
        if name not in fields:
            read.unknown.append(name)
            continue
        try:
            read.values[name] = _read(fields[name], value)
        except ValueError as problem:
            read.wrong.append(f"{name} {problem}")
    read.wrong.extend(
        f"{name} is undefined" for name, field in fields.items() if field.get("required") and name not in raw
    )
    return read


def _read(field: Json, value: Any) -> Any:
    """Everything comes as text, or as a value from inside `execute`."""
    kind = field.get("type")
    if kind == "array":
        items = value if isinstance(value, list) else [item for item in str(value).split(",") if item.strip()]
        if len(items) > field.get("maxItems", len(items)):
            raise ValueError(f"has too many items, at most {field['maxItems']}")
        return [_read(resolved(field["items"]), item) for item in items]
    read = _scalar(kind, value)
    if "$ref" in field and "enum" not in resolved(field):
        return _structure(field["$ref"], read)
    if problem := problems({key: item for key, item in resolved(field).items() if key != "type"}, read):
        raise ValueError(problem)
    return read


def _scalar(kind: Any, value: Any) -> Any:
    match kind:
        case "integer":
            return _integer(value)
        case "number":
            try:
                return float(value)
            except (TypeError, ValueError):
                raise ValueError("is not a number") from None
        case "boolean":
            if value in {"1", "true", True}:
                return True
            if value in {"0", "false", "", False}:
                return False
            raise ValueError("is not a boolean")
        case list():
            text = str(value)
            return int(text) if re.fullmatch(r"-?\d{1,18}", text, re.ASCII) else text
        case _:
            if isinstance(value, str | int | float):
                return str(value)
            raise ValueError("is not a string")


def _integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value.strip(), re.ASCII):
        return int(value)
    raise ValueError("is not integer")


def _structure(name: str, value: str) -> Any:
    try:
        read = json.loads(value)
    except (ValueError, RecursionError):
        raise ValueError("is not JSON") from None
    if problem := problems({"$ref": name}, read):
        raise ValueError(problem)
    return read


# Checking objects


def resolved(field: Json) -> Json:
    """The field with what it refers to laid under it."""
    while "$ref" in field:
        target: Json = document()["definitions"][field["$ref"]]
        field = target | {key: item for key, item in field.items() if key not in {"$ref", "required", "type"}}
    return field


def problems(field: Json, value: Any) -> str:
    """What is wrong with `value`; empty when it is right."""
    name = field.get("$ref", "")
    field = resolved(field)
    if "oneOf" in field:
        found = [problems(option, value) for option in field["oneOf"]]
        return "" if "" in found else f"is no {name} ({'; '.join(dict.fromkeys(found))})"
    if "enum" in field and value not in field["enum"]:
        return f"{value!r} is none of {', '.join(map(str, field['enum']))}"
    match field.get("type"):
        case "object":
            return _object(name, _properties(field), value)
        case "array":
            return _array(field.get("items", {}), value)
        case "string":
            return "" if isinstance(value, str) else "must be a string"
        case "boolean":
            return "" if isinstance(value, bool) else "must be a boolean"
        case "number":
            return "" if isinstance(value, int | float) and not isinstance(value, bool) else "must be a number"
        case "integer" if not isinstance(value, int) or isinstance(value, bool):
            return "must be an integer"
    return _bounds(field, value)


def _bounds(field: Json, value: Any) -> str:
    if isinstance(value, int | float):
        if value < field.get("minimum", value):
            return f"should be at least {field['minimum']}"
        if value > field.get("maximum", value):
            return f"should be at most {field['maximum']}"
    elif isinstance(value, str) and len(value) > field.get("maxLength", len(value)):
        return f"should be at most {field['maxLength']} characters"
    return ""


def _properties(field: Json) -> dict[str, Json]:
    properties: dict[str, Json] = {}
    for part in field.get("allOf", []):
        properties.update(_properties(resolved(part)))
    properties.update(field.get("properties", {}))
    return properties


def _object(name: str, properties: dict[str, Json], value: Any) -> str:
    if not isinstance(value, dict):
        return f"must be an object {name}".rstrip()
    if not properties:
        return ""
    for key, field in properties.items():
        if field.get("required") and key not in value:
            return f"{name} lacks {key!r}"
    for key, item in value.items():
        if key not in properties:
            return f"{name} has no field {key!r}"
        if problem := problems(properties[key], item):
            return f"{name}.{key} {problem}"
    return ""


def _array(items: Json, value: Any) -> str:
    if not isinstance(value, list):
        return "must be an array"
    for place, item in enumerate(value):
        if problem := problems(items, item):
            return f"[{place}] {problem}"
    return ""


def wrong_reply(method: str, body: Json) -> str:
    """What the schema forbids in an answer with `response`; empty: nothing."""
    found = [problems({"$ref": name}, body) for name in document()["methods"][method]["responses"]]
    return "" if "" in found else "; ".join(dict.fromkeys(found))
