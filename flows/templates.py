"""Texts, conditions and values with `{{ }}` in them, compiled once and rendered often.

What holds no `{{` and no `{%` stays a plain string and never meets Jinja2. Four ways of printing:
a text for people (what is missing prints as nothing and leaves no hole), a value for a slot or
an argument, a URL (every value percent-encoded), a header. In the last two nothing may be missing.

A text for people may be Markdown (`render_markdown`): then its values are words, whatever characters they hold,
so that a customer's name draws nothing. The filter `markdown` is for a value that an editor wrote.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, cast
from urllib.parse import quote

from jinja2 import ChainableUndefined, StrictUndefined, Template, TemplateError, TemplateSyntaxError, Undefined, nodes
from jinja2.runtime import Context

from estafeta.kernel.errors import EstafetaError
from estafeta.kernel.model import Json
from flows import markdown
from flows.sandbox import GLOBALS, HOLE, TEXT_LIMIT, NarrowEnvironment

Values = Mapping[str, Any]

_FAILURES = (
    TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RecursionError, MemoryError,
)  # fmt: skip
_JSON_NODES = 5000
_JSON_DEPTH = 32
_SAFE_INTEGER = 2**63


class TemplateWrong(EstafetaError):
    """A template that cannot be compiled. `line` counts from 1 within it."""

    def __init__(self, sentence: str, line: int) -> None:
        super().__init__(sentence)
        self.line = line


class TemplateFailed(EstafetaError):
    """A template that could not be rendered with the values there are."""


class Markdown(str):
    """A value that stands in Markdown as it is: its signs draw."""

    __slots__ = ()


class Verbatim(str):
    """A part of a URL that stands as it is: an address from the settings."""

    __slots__ = ()


def _scalar(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    if isinstance(value, list | tuple) and all(isinstance(item, str | int | float) for item in value):
        return ", ".join(str(item) for item in value[:100])
    if isinstance(value, dict | list | tuple) or callable(value):
        raise TypeError(f"{{{{ }}}} would print a whole {type(value).__name__}; name the part of it to show")
    return value


def _print_text(value: Any) -> Any:
    if value is None or isinstance(value, Undefined) or value == "":
        return HOLE
    if isinstance(value, Markdown):
        return value
    found = value if isinstance(value, str) else _scalar(value)
    return markdown.escape(found) if isinstance(found, str) else found


def _print_value(value: Any) -> Any:
    return "" if value is None or isinstance(value, Undefined) else _scalar(value)


def _print_url(value: Any) -> str:
    if isinstance(value, Verbatim):
        return value
    return quote(_print_strictly(value), safe="")


def _print_strictly(value: Any) -> str:
    return str(value if isinstance(value, Undefined) else _print_value(value))


def _is_markdown(value: Any) -> Markdown:
    return Markdown("" if value is None or isinstance(value, Undefined) else _scalar(value))


_TEXT = NarrowEnvironment(_print_text, ChainableUndefined, {"markdown": _is_markdown})
_VALUE = NarrowEnvironment(_print_value, ChainableUndefined)
_URL = NarrowEnvironment(_print_url, StrictUndefined)
_HEADER = NarrowEnvironment(_print_strictly, StrictUndefined)


class Compiled:
    """A template ready to run. `names` are the variables it reads, `parts` what it reads directly of
    them: ("slots", "city")."""

    __slots__ = ("_template", "names", "parts", "source")

    def __init__(self, environment: NarrowEnvironment, source: str, tree: nodes.Template) -> None:
        self.source = source
        self.names, self.parts = _reads(tree)
        try:
            code = environment.compile(tree)
        except TemplateSyntaxError as error:
            raise TemplateWrong(_in_words(error), error.lineno) from None
        except (SyntaxError, RecursionError, MemoryError, ValueError):
            raise TemplateWrong("too complicated", 1) from None
        self._template = Template.from_code(environment, code, {}, None)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.source!r})"

    def _pieces(self, values: Values) -> Iterable[str]:
        return self._template.root_render_func(self._context(values))

    def _context(self, values: Values) -> Context:
        """Shares the values rather than copying them: nothing in a narrow template writes."""
        seen = {**values, **GLOBALS} if "range" in self.names else values
        return self._template.new_context(cast(dict[str, Any], seen), shared=True)


class Text(Compiled):
    """Prints; no more is made than shows that it has more than `TEXT_LIMIT` characters."""

    __slots__ = ()

    def __call__(self, values: Values) -> str:
        try:
            pieces, length = [], 0
            for piece in self._pieces(values):
                pieces.append(piece)
                length += len(piece)
                if length > 2 * TEXT_LIMIT:  # escaped ones count twice
                    break
        except _FAILURES as error:
            raise TemplateFailed(f"{_shortened(self.source)} could not be rendered: {error}") from error
        return "".join(pieces)


class Expression(Compiled):
    """Gives a value: a condition's, or that of a lone `{{ }}`."""

    __slots__ = ()

    def __call__(self, values: Values) -> Any:
        try:
            context = self._context(values)
            for _ in self._template.root_render_func(context):
                pass
            found = context.vars["result"]
            return None if isinstance(found, Undefined) else found
        except _FAILURES as error:
            raise TemplateFailed(f"{_shortened(self.source)} could not be told: {error}") from error

    def holds(self, values: Values) -> bool:
        return bool(self(values))


Words = str | Text
"""A text for people: as it is, or to be rendered."""


def _shortened(source: str) -> str:
    line = " ".join(source.split())
    return f'"{line}"' if len(line) <= 60 else f'"{line[:59]}…"'


def _in_words(error: TemplateSyntaxError) -> str:
    return (error.message or "a mistake in a template").rstrip(".")


def _parse(environment: NarrowEnvironment, source: str) -> nodes.Template:
    try:
        return environment.parse_narrow(source)
    except TemplateSyntaxError as error:
        raise TemplateWrong(_in_words(error), error.lineno) from None
    except RecursionError:
        raise TemplateWrong("too complicated", 1) from None


def is_plain(source: str) -> bool:
    return "{{" not in source and "{%" not in source and "{#" not in source


def text(source: str) -> Words:
    """A text for the customer. Raises TemplateWrong."""
    return source if is_plain(source) else Text(_TEXT, source, _parse(_TEXT, source))


def render(words: Words, values: Values) -> str:
    """The words as they stand on a button or in a summary: signs are signs. Raises TemplateFailed."""
    return markdown.unescape(render_markdown(words, values))


def render_markdown(words: Words, values: Values) -> str:
    """Words for the customer in Markdown, the values in them escaped. Raises TemplateFailed."""
    if isinstance(words, str):
        return words
    found = words(values)
    if HOLE in found:
        found = tidy(found)
    return markdown.shortened(found, TEXT_LIMIT)


def unrendered(words: Words) -> str:
    """What is left of a text whose template failed: its words without the templates."""
    source = words if isinstance(words, str) else words.source
    return tidy(re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", HOLE, source, flags=re.DOTALL))


def url(source: str) -> Words:
    """Values are percent-encoded, all but `Verbatim` ones. Raises TemplateWrong."""
    return source if is_plain(source) else Text(_URL, source, _parse(_URL, source))


def header(source: str) -> Words:
    return source if is_plain(source) else Text(_HEADER, source, _parse(_HEADER, source))


def render_strictly(words: Words, values: Values) -> str:
    """A URL or a header. Raises TemplateFailed when a value is missing or it grew too long."""
    if isinstance(words, str):
        return words
    found = words(values)
    if len(found) > TEXT_LIMIT:
        raise TemplateFailed(f"{_shortened(words.source)} is longer than {TEXT_LIMIT} characters")
    return found


def condition(source: str) -> Expression:
    """What `when:` holds: one expression, without braces. Raises TemplateWrong."""
    tree = _parse(_VALUE, "{{ " + source + "\n}}")
    found = _lone_expression(tree)
    if found is None:
        raise TemplateWrong('expected one condition, like order.status == "lost", without braces', 1)
    return Expression(_VALUE, source, found)


def _lone_expression(tree: nodes.Template) -> nodes.Template | None:
    """`{{ expression }}` alone, as a tree that keeps the expression's value in `result`."""
    body = tree.body
    if len(body) != 1 or not isinstance(body[0], nodes.Output) or len(body[0].nodes) != 1:
        return None
    expression = body[0].nodes[0]
    if isinstance(expression, nodes.TemplateData):
        return None
    found = nodes.Template([nodes.Assign(nodes.Name("result", "store"), expression, lineno=1)], lineno=1)
    found.set_environment(_VALUE)
    return found


Value = Any
"""A JSON value in which strings may be `Text` and `Expression`."""


def value(given: Json) -> Value:
    """What `set:` and `with:` hold. A lone `{{ }}` keeps the kind of its value: a number stays one.

    Raises TemplateWrong.
    """
    if isinstance(given, dict):
        return {key: value(item) for key, item in given.items()}
    if isinstance(given, list | tuple):
        return [value(item) for item in given]
    if not isinstance(given, str) or is_plain(given):
        return given
    alone = _lone_expression(_parse(_VALUE, given))
    if alone is not None:
        return Expression(_VALUE, given, alone)
    return Text(_VALUE, given, _parse(_VALUE, given))


def evaluate(given: Value, values: Values) -> Json:
    """A fresh JSON value. Raises TemplateFailed."""
    found = _evaluate(given, values)
    _check_json(found)
    return found


def _evaluate(given: Value, values: Values) -> Any:
    if isinstance(given, Text):
        return given(values)
    if isinstance(given, Expression):
        found = given(values)
        return "" if found is None else found
    if isinstance(given, dict):
        return {key: _evaluate(item, values) for key, item in given.items()}
    if isinstance(given, list):
        return [_evaluate(item, values) for item in given]
    return given


def _check_json(found: Any) -> None:
    """Only what JSON can say, and not much of it: it is stored with the conversation."""
    pending = [(found, 0)]
    for seen, (item, depth) in enumerate(_growing(pending)):
        if seen > _JSON_NODES or depth > _JSON_DEPTH:
            raise TemplateFailed("a value grew too big to keep")
        if isinstance(item, str):
            if len(item) > TEXT_LIMIT:
                raise TemplateFailed(f"a value is longer than {TEXT_LIMIT} characters")
        elif isinstance(item, float):
            if not math.isfinite(item):
                raise TemplateFailed("a number is not finite")
        elif isinstance(item, int):
            if abs(item) >= _SAFE_INTEGER:
                raise TemplateFailed("a number grew too big")
        elif isinstance(item, dict):
            pending.extend((inner, depth + 1) for inner in item.values())
        elif isinstance(item, list):
            pending.extend((inner, depth + 1) for inner in item)
        elif item is not None:
            raise TemplateFailed(f"a {type(item).__name__} cannot be kept; make a text of it")


def _growing(items: list[tuple[Any, int]]) -> Iterable[tuple[Any, int]]:
    while items:
        yield items.pop()


def templates_in(given: Value) -> Iterable[Compiled]:
    """The templates within a compiled value."""
    if isinstance(given, Compiled):
        yield given
    elif isinstance(given, dict | list):
        for item in given.values() if isinstance(given, dict) else given:
            yield from templates_in(item)


def _reads(tree: nodes.Template) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    loaded: set[str] = set()
    stored = {"loop"}
    for name in tree.find_all(nodes.Name):
        (loaded if name.ctx == "load" else stored).add(name.name)
    parts = set()
    for dotted in tree.find_all(nodes.Getattr):
        if isinstance(dotted.node, nodes.Name):
            parts.add((dotted.node.name, dotted.attr))
    for item in tree.find_all(nodes.Getitem):
        if isinstance(item.node, nodes.Name) and isinstance(item.arg, nodes.Const):
            parts.add((item.node.name, str(item.arg.value)))
    return frozenset(loaded - stored), frozenset(parts)


_CLOSING = r"[.!?…:;)\]»”]"
_TIDYING = (
    (re.compile(rf"[(\[«“„\"]\s*{HOLE}\s*[)\]»”“\"]"), HOLE),
    (re.compile(rf"{HOLE}(?:\s*{HOLE})+"), HOLE),
    (re.compile(rf",\s*{HOLE}\s*(?={_CLOSING}|$)", re.MULTILINE), ""),
    (re.compile(rf"\s*,\s*{HOLE}\s*,"), ","),
    (re.compile(rf"[ \t]+{HOLE}(?=[.,!?…:;)\]»”\s]|$)", re.MULTILINE), ""),
)
_FIRST = re.compile(rf"(^|[.!?…][ \t]+){HOLE}[ \t]*[,:;!.?]*[ \t]*(\w?)", re.MULTILINE)


def tidy(found: str) -> str:
    """Closes the gaps that missing values left: no "Hello, !", no double spaces, no empty brackets."""
    for pattern, instead in _TIDYING[:2]:
        found = pattern.sub(instead, found)
    found = _FIRST.sub(lambda match: match[1] + match[2].upper(), found)
    for pattern, instead in _TIDYING[2:]:
        found = pattern.sub(instead, found)
    return re.sub(rf"[ \t]*{HOLE}[ \t]*$|{HOLE}", "", found, flags=re.MULTILINE).strip()
