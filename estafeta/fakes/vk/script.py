"""`execute`: the part of VKScript that a bot needs to put 25 calls into one request.

Played are `var name = …;`, `return …;`, bare calls, `API.section.method({…})`, literals, arrays, objects,
`value.field`, `value[0]`, `items@.field` and comments. Operators, conditions, loops and functions are not: they are
error 12 here, though the real service runs them (https://dev.vk.com/ru/reference/execute).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from estafeta.fakes.common.errors import Json
from estafeta.fakes.vk.errors import Refused

MOST_CALLS = 25
TOKEN = re.compile(
    r"""\s+|//[^\n]*|/\*.*?\*/|(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"""|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<sign>@\.|[=;,.:(){}\[\]])""",
    re.DOTALL | re.ASCII,
)
WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}

CallMethod = Callable[[str, Json], Any]
"""Plays a method; raises `Refused`."""


def run(code: str, call: CallMethod) -> Json:
    """The body of the answer. A call that fails is `false` in its place and an entry of `execute_errors`."""
    script = _Script(_tokens(code), call)
    try:
        response = script.run()
    except RecursionError:
        raise Refused(12, "the code is nested too deep") from None
    body: Json = {"response": response}
    if script.errors:
        body["execute_errors"] = script.errors
    return body


def _tokens(code: str) -> list[tuple[str, str]]:
    tokens, place = [], 0
    while place < len(code):
        found = TOKEN.match(code, place)
        if found is None:
            raise Refused(12, f"unexpected token at line {code.count(chr(10), 0, place) + 1}")
        if found.lastgroup:
            tokens.append((found.lastgroup, found[0]))
        place = found.end()
    return [*tokens, ("end", "")]


@dataclass(slots=True)
class _Script:
    tokens: list[tuple[str, str]]
    call: CallMethod
    place: int = 0
    calls: int = 0
    variables: Json = field(default_factory=dict)
    errors: list[Json] = field(default_factory=list)

    def run(self) -> Any:
        while self._kind() != "end":
            if self._takes("return"):
                return None if self._takes(";") else self._value()
            if self._takes("var"):
                name = self._take("name")
                self._expect("=")
                self.variables[name] = self._value()
            else:
                self._value()
            self._expect(";")
        return None

    # Reading tokens

    def _kind(self) -> str:
        return self.tokens[self.place][0]

    def _takes(self, text: str) -> bool:
        kind, found = self.tokens[self.place]
        if kind in {"sign", "name"} and found == text:
            self.place += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._takes(text):
            raise Refused(12, f"expected {text!r} but found {self.tokens[self.place][1]!r}")

    def _take(self, kind: str) -> str:
        found, text = self.tokens[self.place]
        if found != kind:
            raise Refused(12, f"unexpected {text!r}")
        self.place += 1
        return text

    # Values

    def _value(self) -> Any:
        value = self._first()
        while True:
            if self._takes("."):
                value = _field(value, self._take("name"))
            elif self._takes("@."):
                name = self._take("name")
                value = [_field(item, name) for item in value] if isinstance(value, list) else None
            elif self._takes("["):
                value = _item(value, self._value())
                self._expect("]")
            else:
                return value

    def _first(self) -> Any:
        kind, text = self.tokens[self.place]
        if self._takes("["):
            return self._items("]", self._value)
        if self._takes("{"):
            return dict(self._items("}", self._pair))
        self.place += 1
        match kind:
            case "string":
                return _string(text)
            case "number":
                return float(text) if "." in text else int(text)
            case "name" if text in WORDS:
                return WORDS[text]
            case "name" if text == "API":
                return self._method()
            case "name" if text in self.variables:
                return self.variables[text]
            case _:
                raise Refused(12, f"unexpected {text!r}")

    def _items(self, end: str, item: Callable[[], Any]) -> list[Any]:
        items: list[Any] = []
        while not self._takes(end):
            items.append(item())
            if not self._takes(","):
                self._expect(end)
                break
        return items

    def _pair(self) -> tuple[str, Any]:
        name = _string(self._take("string")) if self._kind() == "string" else self._take("name")
        self._expect(":")
        return name, self._value()

    def _method(self) -> Any:
        self._expect(".")
        section = self._take("name")
        self._expect(".")
        method = f"{section}.{self._take('name')}"
        self._expect("(")
        params: Any = {}
        if not self._takes(")"):
            params = self._value()
            self._expect(")")
        self.calls += 1
        if self.calls > MOST_CALLS:
            raise Refused(13, "too many api calls")
        try:
            return self.call(method, params if isinstance(params, dict) else {})
        except Refused as refused:
            self.errors.append({"method": method} | refused.brief())
            return False


def _string(text: str) -> str:
    inner = text[1:-1]
    if text[0] == "'":
        inner = inner.replace("\\'", "'").replace('"', '\\"')
    try:
        value: str = json.loads(f'"{inner}"', strict=False)
    except ValueError:
        raise Refused(12, "a string is not closed or has an unknown escape") from None
    return value


def _field(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _item(value: Any, place: Any) -> Any:
    if isinstance(value, list) and isinstance(place, int) and 0 <= place < len(value):
        return value[place]
    return value.get(place) if isinstance(value, dict) and isinstance(place, str) else None
