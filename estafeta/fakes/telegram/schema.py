"""The Bot API's own schema as a referee: parameters read to their types, objects checked field by field.

The data is `data/bot-api.json` (see `data/ATTRIBUTION.md`): `name: type`, `?` after the type of what may be absent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from estafeta.fakes.telegram.errors import Json

Check = Callable[[Any], str]
"""Says what is wrong with a value; an empty string: nothing."""
Read = Callable[[Any], Any]
"""Turns a parameter as it came (text, or a value of a JSON body) into its type, or raises ValueError."""

TRUE = {"true", "True", "1", "yes"}
FALSE = {"false", "False", "0", "no"}


@cache
def document() -> Json:
    text = (Path(__file__).parent / "data" / "bot-api.json").read_text(encoding="utf-8")
    loaded: Json = json.loads(text)
    return loaded


@cache
def methods() -> dict[str, str]:
    """Every method of the Bot API: the name in lower case (as the server compares) to the real one."""
    return {name.lower(): name for name in document()["methods"]}


# Reading parameters


@cache
def readers(method: str) -> tuple[dict[str, Read], tuple[str, ...]]:
    """How to read each parameter of a method, and which must be there."""
    fields: dict[str, str] = document()["methods"][method]
    reads = {name: _reader(kind.rstrip("?")) for name, kind in fields.items()}
    return reads, tuple(name for name, kind in fields.items() if not kind.endswith("?"))


@dataclass(frozen=True, slots=True)
class Parameters:
    """Typed values (a wrong one is left out), names the method does not have, and what else is wrong."""

    values: Json
    unknown: list[str]
    wrong: list[str]


def read_parameters(method: str, raw: Mapping[str, Any]) -> Parameters:
    reads, required = readers(method)
    read = Parameters({}, [], [])
    for name, value in raw.items():
        reader = reads.get(name)
        if reader is None:
            read.unknown.append(name)
            continue
        try:
            read.values[name] = reader(value)
        except ValueError as problem:
            read.wrong.append(f"parameter {name!r} {problem}")
    read.wrong.extend(missing(name) for name in required if name not in raw)
    return read


def missing(name: str) -> str:
    return f"parameter {name!r} is required"


def _reader(kind: str) -> Read:
    match kind:
        case "Integer":
            return _integer
        case "Boolean" | "True":
            return _boolean
        case "String" | "InputFile or String" | "InputFile":
            return _string
        case "Integer or String":
            return _integer_or_string
        case "Float":
            return _float
        case _:
            return _structure(kind)


def _integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value, re.ASCII):
        return int(value)
    raise ValueError("must be an Integer")


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in TRUE:
        return True
    if value in FALSE:
        return False
    raise ValueError("must be a Boolean")


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise ValueError("must be a String")


def _integer_or_string(value: Any) -> int | str:
    if isinstance(value, str) and not re.fullmatch(r"-?\d{1,18}", value, re.ASCII):
        return value
    return _integer(value)


def _float(value: Any) -> float:
    if isinstance(value, float) or _whole(value):
        return float(value)
    if isinstance(value, str):
        return float(value)
    raise ValueError("must be a Float")


def _structure(kind: str) -> Read:
    check = checker(kind)

    def read(value: Any) -> Any:
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                raise ValueError(f"is not JSON of {kind}") from None
        if problem := check(value):
            raise ValueError(problem)
        return value

    return read


# Checking objects


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


PLAIN: dict[str, Check] = {
    "Integer": lambda value: "" if _whole(value) else "must be an Integer",
    "Float": lambda value: "" if _whole(value) or isinstance(value, float) else "must be a Float",
    "Boolean": lambda value: "" if isinstance(value, bool) else "must be a Boolean",
    "True": lambda value: "" if value is True else "must be True",
    "String": lambda value: "" if isinstance(value, str) else "must be a String",
    "InputFile": lambda value: "" if isinstance(value, str) else "must be a String",
    # a String, an Array of RichText or one of its objects; nothing here plays it
    "RichText": lambda _value: "",
}


def problems(kind: str, value: Any) -> str:
    """What is wrong with `value` as a `kind` of the Bot API; empty when it is right."""
    return checker(kind)(value)


@cache
def checker(kind: str) -> Check:
    if kind.startswith("Array of "):
        return _array(kind.removeprefix("Array of "))
    if " or " in kind or " and " in kind:
        return _one_of(kind, re.split(r", | or | and ", kind))
    if kind in PLAIN:
        return PLAIN[kind]
    unions: dict[str, list[str]] = document()["unions"]
    if kind in unions:
        return _one_of(kind, unions[kind])
    return _object(kind)


def _array(kind: str) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, list):
            return f"must be an Array of {kind}"
        inner = checker(kind)
        for place, item in enumerate(value):
            if problem := inner(item):
                return f"[{place}] {problem}"
        return ""

    return check


def _one_of(name: str, kinds: list[str]) -> Check:
    def check(value: Any) -> str:
        found = [checker(kind)(value) for kind in kinds]
        if "" in found:
            return ""
        return f"is not a {name} ({'; '.join(dict.fromkeys(found))})"

    return check


def _object(kind: str) -> Check:
    fields: dict[str, str] = document()["types"][kind]
    required = tuple(name for name, of in fields.items() if not of.endswith("?"))

    def check(value: Any) -> str:
        if not isinstance(value, dict):
            return f"must be a {kind}"
        for name in required:
            if name not in value:
                return f"{kind} lacks {name!r}"
        for name, item in value.items():
            of = fields.get(name)
            if of is None:
                return f"{kind} has no field {name!r}"
            if problem := checker(of.rstrip("?"))(item):
                return f"{kind}.{name} {problem}"
        return ""

    return check
