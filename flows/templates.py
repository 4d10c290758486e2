"""Texts, conditions and values with `{{ }}` in them, compiled once and rendered often.

What holds no `{{` and no `{%` stays a plain string and never meets Jinja2. Others are parsed and looked over when they
are read, and become code when they are first rendered; texts of the same words are one template. Four ways of printing:
a text for people (what is missing prints as nothing and leaves no hole), a value for a slot or
an argument, a URL (every value percent-encoded), a header. In the last two nothing may be missing.

A text for people may be Markdown (`render_markdown`): then its values are words, whatever characters they hold,
so that a customer's name draws nothing. The filter `markdown` is for a value that an editor wrote.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, cast

from jinja2 import ChainableUndefined, StrictUndefined, Template, TemplateError, TemplateSyntaxError, Undefined, nodes
from jinja2.runtime import Context

from estafeta.kernel.errors import EstafetaError
from estafeta.kernel.model import Json
from flows import markdown
from flows.gaps import tidy
from flows.printing import is_markdown, print_strictly, print_text, print_url, print_value
from flows.sandbox import GLOBALS, HOLE, TEXT_LIMIT, NarrowEnvironment

Values = Mapping[str, Any]

_FAILURES = (
    TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RecursionError, MemoryError,
    AssertionError,  # Jinja2's own filters check what they are given so
)  # fmt: skip
_KEPT = 4096
"""Templates that are kept for the next text of the same words: a new release of a workspace has few new ones."""
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


_TEXT = NarrowEnvironment(print_text, ChainableUndefined, {"markdown": is_markdown})
_VALUE = NarrowEnvironment(print_value, ChainableUndefined)
_URL = NarrowEnvironment(print_url, StrictUndefined)
_HEADER = NarrowEnvironment(print_strictly, StrictUndefined)


class Compiled:
    """A template ready to run. `names` are the variables it reads, `parts` what it reads directly of
    them: ("slots", "city"). `parse` gives the tree, afresh each time: making code takes it apart."""

    __slots__ = ("_environment", "_parse", "_template", "names", "parts", "source")

    def __init__(self, environment: NarrowEnvironment, source: str, parse: Callable[[], nodes.Template]) -> None:
        self.source = source
        self.names, self.parts = _reads(parse())
        self._environment = environment
        self._parse = parse
        self._template: Template | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.source!r})"

    def tree(self) -> nodes.Template:
        return self._parse()

    def _ready(self) -> Template:
        """The code, made at the first call: most of what a workspace says is not said today."""
        if self._template is None:
            try:
                code = self._environment.compile(self._parse())
            except (SyntaxError, RecursionError, MemoryError, ValueError) as error:
                raise TemplateFailed(f"{_shortened(self.source)} is too complicated") from error
            self._template = Template.from_code(self._environment, code, {}, None)
        return self._template

    def _begun(self, values: Values) -> tuple[Context, Iterable[str]]:
        """The template under way. Shares the values rather than copying them: nothing in a narrow template writes."""
        template = self._ready()
        seen = {**values, **GLOBALS} if "range" in self.names else values
        context = template.new_context(cast(dict[str, Any], seen), shared=True)
        return context, template.root_render_func(context)


class Text(Compiled):
    """Prints; no more is made than shows that it has more than `TEXT_LIMIT` characters."""

    __slots__ = ()

    def __call__(self, values: Values) -> str:
        try:
            pieces, length = [], 0
            for piece in self._begun(values)[1]:
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
            context, pieces = self._begun(values)
            for _ in pieces:
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


def _parse(environment: NarrowEnvironment, source: str, language: str = "") -> nodes.Template:
    try:
        return environment.parse_narrow(source, language)
    except TemplateSyntaxError as error:
        raise TemplateWrong(_in_words(error), error.lineno) from None
    except RecursionError:
        raise TemplateWrong("too complicated", 1) from None


def is_plain(source: str) -> bool:
    return "{{" not in source and "{%" not in source and "{#" not in source


def text(source: str, language: str = "") -> Words:
    """A text for the customer, in a language ("" is English as far as words are inflected). Raises TemplateWrong."""
    return source if is_plain(source) else _text(_TEXT, source, language)


@lru_cache(maxsize=_KEPT)
def _text(environment: NarrowEnvironment, source: str, language: str = "") -> Text:
    return Text(environment, source, lambda: _parse(environment, source, language))


def render(words: Words, values: Values) -> str:
    """The words as they stand on a button or in a summary: signs are signs. Raises TemplateFailed."""
    return markdown.unescape(render_markdown(words, values))


def render_markdown(words: Words, values: Values) -> str:
    """Words for the customer in Markdown, the values in them escaped. Raises TemplateFailed."""
    if isinstance(words, str):
        return words
    found = words(values)
    if HOLE in found or "{%" in words.source:
        found = tidy(found)
    return markdown.shortened(found, TEXT_LIMIT)


def unrendered(words: Words) -> str:
    """What is left of a text whose template failed: its words without the templates."""
    source = words if isinstance(words, str) else words.source
    return tidy(re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", HOLE, source, flags=re.DOTALL))


def longest(words: Words) -> str:
    """What stands in a text whatever its values are; of a choice the longest side."""
    return words if isinstance(words, str) else _literal(words.tree().body)


def _literal(body: Iterable[nodes.Node]) -> str:
    found = []
    for node in body:
        match node:
            case nodes.Output():
                found += [part.data for part in node.nodes if isinstance(part, nodes.TemplateData)]
            case nodes.If():
                sides = (node.body, *(other.body for other in node.elif_), node.else_)
                found.append(max((_literal(side) for side in sides), key=len))
            case nodes.For():
                found.append(_literal(node.body))
    return "".join(found)


def url(source: str) -> Words:
    """Values are percent-encoded, all but `Verbatim` ones. Raises TemplateWrong."""
    return source if is_plain(source) else _text(_URL, source)


def header(source: str) -> Words:
    return source if is_plain(source) else _text(_HEADER, source)


def render_strictly(words: Words, values: Values) -> str:
    """A URL or a header. Raises TemplateFailed when a value is missing or it grew too long."""
    if isinstance(words, str):
        return words
    found = words(values)
    if len(found) > TEXT_LIMIT:
        raise TemplateFailed(f"{_shortened(words.source)} is longer than {TEXT_LIMIT} characters")
    return found


@lru_cache(maxsize=_KEPT)
def condition(source: str) -> Expression:
    """What `when:` holds: one expression, without braces. Raises TemplateWrong."""
    return Expression(_VALUE, source, lambda: _condition(source))


def _condition(source: str) -> nodes.Template:
    found = _lone_expression(_parse(_VALUE, "{{ " + source + "\n}}"))
    if found is None:
        raise TemplateWrong('expected one condition, like order.status == "lost", without braces', 1)
    return found


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
    return _value(given) if isinstance(given, str) and not is_plain(given) else given


@lru_cache(maxsize=_KEPT)
def _value(source: str) -> Compiled:
    if _lone_expression(_parse(_VALUE, source)) is None:
        return _text(_VALUE, source)
    return Expression(_VALUE, source, lambda: _lone_expression(_parse(_VALUE, source)) or nodes.Template([]))


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


def reads_whole(template: Compiled, name: str) -> bool:
    """Whether it reads a variable otherwise than by parts that are written out: goes over it, or takes `name[x]`."""
    tree = template.tree()
    by_parts = {
        id(node.node)
        for node in tree.find_all((nodes.Getattr, nodes.Getitem))
        if isinstance(node, nodes.Getattr) or (isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const))
    }
    return any(node.name == name and id(node) not in by_parts for node in tree.find_all(nodes.Name))


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
