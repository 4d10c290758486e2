"""Jinja2's sandbox, narrowed to what a text needs.

Texts come from editors and the values in them from customers and other people's services. Jinja2's
own sandbox keeps them from Python's insides (https://jinja.palletsprojects.com/en/stable/sandbox/)
but says itself that it does not limit memory or time. So here: only `if` and `for`, no assignments
that could grow a value, loops of a bounded length, only the filters and methods below, and every
operator that can make something big is checked first. What one rendering goes over is counted, whether by a loop, a
filter or a method, and it ends when that is too much.
"""

from __future__ import annotations

import operator
import re
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, time
from itertools import islice
from types import MappingProxyType
from typing import Any

from jinja2 import ChainableUndefined, TemplateSyntaxError, Undefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import pass_context
from jinja2.visitor import NodeTransformer

from flows import inflection

TEXT_LIMIT = 4000
"""Characters of one rendered text, of a template's source, and of a string made by an operator."""
_GROWN = 4 * TEXT_LIMIT
LOOP_LIMIT = 500
STEP_LIMIT = 10_000
"""Items that one rendering goes over, however it does."""
DEPTH_LIMIT = 50
"""Levels of a template's tree; Python's own compiler takes some three times as many."""
_INTEGER_BITS = 128
HOLE = "\ufdd0"
"""Stands where a value printed as nothing, until `tidy` closes the gap: a Unicode noncharacter, which
no text has a use for (https://www.unicode.org/faq/private_use.html#nonchar4)."""

_METHODS: dict[type, str] = {
    str: "upper lower title capitalize strip lstrip rstrip startswith endswith split find count isdigit "
    "removeprefix removesuffix",
    dict: "get items keys values",
    list: "index count",
    datetime: "strftime isoformat date time weekday isoweekday",
    date: "strftime isoformat weekday isoweekday",
    time: "strftime isoformat",
    LoopContext: "index index0 revindex first last length",
}
_OPEN = {kind: frozenset(names.split()) for kind, names in _METHODS.items()}
_KEPT_FILTERS = (
    "abs capitalize count d default first float int last length list lower map max min reject rejectattr "
    "select selectattr sort sum title trim truncate unique upper urlencode"
)
_STATEMENTS = (nodes.Template, nodes.Output, nodes.If, nodes.For)
_STRFTIME = re.compile(r"(?:[^%]|%[A-Za-z%]|%-[A-Za-z])*")
_PLAIN = (str, int, float, date, time)


class Counted(Context):
    """What a rendering sees, and how much it has done."""

    spent = 0

    def spend(self, steps: int) -> None:
        self.spent += steps
        if self.spent > STEP_LIMIT:
            raise SecurityError(f"it takes more than {STEP_LIMIT} steps")

    def over(self, items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            self.spend(1)
            yield item


def _weight(value: Any) -> int:
    """What it costs to go over a value: a letter is nothing beside an item."""
    if isinstance(value, str):
        return 1 + len(value) // 100
    return 1 + len(value) if isinstance(value, list | tuple | dict | range) else 1


def _check_growth(found: str, given: Any) -> None:
    """A filter may make a text somewhat longer; what is long comes from outside and is not made here."""
    if len(found) > _GROWN and not (isinstance(given, str) and len(found) <= len(given)):
        raise SecurityError(f"a text grew longer than {_GROWN} characters")


def _counted(kept: Callable[..., Any]) -> Callable[..., Any]:
    """The filter, with what it goes over counted."""
    wanted = getattr(getattr(kept, "jinja_pass_arg", None), "name", "")

    @pass_context
    def counted(context: Counted, value: Any, *arguments: Any, **named: Any) -> Any:
        context.spend(_weight(value))
        seen = context.over(value) if isinstance(value, Iterator) else value
        passed = {"context": context, "eval_context": context.eval_ctx, "environment": context.environment}
        first = (passed[wanted],) if wanted else ()
        found = kept(*first, seen, *arguments, **named)
        if isinstance(found, str):
            _check_growth(found, value)
        return found

    return counted


def _scalar(value: Any) -> Any:
    if value is None or isinstance(value, Undefined):
        return ""
    if not isinstance(value, _PLAIN):
        raise SecurityError(f"a {type(value).__name__} is no text; name the part of it to show")
    return value


def _bounded(text: str) -> str:
    if len(text) > TEXT_LIMIT:
        raise SecurityError(f"a text grew longer than {TEXT_LIMIT} characters")
    return text


def _join(value: Iterable[Any], d: str = "", attribute: str | None = None) -> str:
    pick = (lambda item: item) if attribute is None else operator.itemgetter(attribute)
    return _bounded(str(d).join(str(_scalar(pick(item))) for item in islice(value, LOOP_LIMIT)))


def _replace(value: Any, old: Any, new: Any) -> str:
    text, old, new = str(_scalar(value)), str(_scalar(old)), str(_scalar(new))
    if (text.count(old) if old else len(text) + 1) * len(new) > TEXT_LIMIT:
        raise SecurityError(f"a text grew longer than {TEXT_LIMIT} characters")
    return _bounded(text.replace(old, new))


def _string(value: Any) -> str:
    return str(_scalar(value))


def _round(value: Any, precision: int = 0) -> float:
    return round(float(value), max(-10, min(10, precision)))


def _range(*arguments: int) -> range:
    found = range(*arguments)
    if len(found) > LOOP_LIMIT:
        raise SecurityError(f"a range of {len(found)} is too long; at most {LOOP_LIMIT}")
    return found


@pass_context
def _few(context: Counted, value: Any) -> Iterator[Any]:
    """What a loop goes over: the first of it."""
    if value is None or isinstance(value, Undefined):
        return iter(())
    return context.over(islice(value, LOOP_LIMIT))


GLOBALS: dict[str, Any] = {"range": _range}
"""What every template may call, besides what it is given."""

_FILTERS: dict[str, Callable[..., Any]] = {
    **{name: FILTERS[name] for name in _KEPT_FILTERS.split() if name in FILTERS},
    "join": _join,
    "replace": _replace,
    "string": _string,
    "round": _round,
    "plural": inflection.plural,
    "case": inflection.case,
}


class NarrowEnvironment(ImmutableSandboxedEnvironment):
    """One for each way of printing: see `flows.templates`."""

    intercepted_binops = frozenset(["+", "*", "**", "%"])
    context_class = Counted

    def __init__(
        self,
        finalize: Callable[[Any], Any],
        undefined: type[Undefined],
        filters: Mapping[str, Callable[..., Any]] = MappingProxyType({}),
    ) -> None:
        super().__init__(autoescape=False, finalize=finalize, undefined=undefined, keep_trailing_newline=True)
        self.filters = {name: _counted(kept) for name, kept in {**_FILTERS, **filters}.items()} | {"_few": _few}
        self.globals = dict(GLOBALS)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Only values have attributes here, and only the methods that are named."""
        return any(attr in names for kind, names in _OPEN.items() if isinstance(obj, kind)) or (
            isinstance(obj, date | time) and isinstance(value, int)
        )

    def is_safe_callable(self, obj: Any) -> bool:
        if obj is _range:
            return True
        return isinstance(obj, types.BuiltinMethodType) and self.is_safe_attribute(obj.__self__, obj.__name__, obj)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        if getattr(obj, "__name__", "") == "strftime" and not _STRFTIME.fullmatch(str(args[0] if args else "")):
            raise SecurityError("a time format has letters only, like %H:%M")
        if not self.is_safe_callable(obj):
            raise SecurityError(f"{getattr(obj, '__name__', 'this')}() is not known in templates")
        if isinstance(context, Counted):
            context.spend(_weight(getattr(obj, "__self__", None)))
        return super().call(context, obj, *args, **kwargs)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A mapping's own keys come first: `order.items` is what the reply holds."""
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        return obj if isinstance(obj, ChainableUndefined) else super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        return obj if isinstance(obj, ChainableUndefined) else super().getitem(obj, argument)

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        raise SecurityError(f'"{attribute}" of a {type(obj).__name__} is closed to templates')

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "%" and isinstance(left, str):
            raise SecurityError("% does not format texts here; use {{ }}")
        if operator == "+" and isinstance(left, str | list | tuple):
            if len(left) + len(right) > TEXT_LIMIT:
                raise SecurityError(f"a text grew longer than {TEXT_LIMIT} characters")
        elif operator == "*":
            _check_product(left, right)
        elif operator == "**" and _bits(left) * abs(right) > _INTEGER_BITS:
            raise SecurityError("a number grew too big")
        found = super().call_binop(context, operator, left, right)
        if isinstance(found, str | list | tuple) and isinstance(context, Counted):
            context.spend(_weight(found))
        return found

    def parse_narrow(self, source: str, language: str = "") -> nodes.Template:
        """The tree of a template with only what is allowed, loops bounded, `~` made a checked `+`, words inflected as
        the `language` of the template does.

        Raises TemplateSyntaxError.
        """
        if len(source) > TEXT_LIMIT:
            raise TemplateSyntaxError(f"longer than {TEXT_LIMIT} characters", 1)
        tree = self.parse(source)
        self._inspect(tree, loops=0)
        _Bounding(language).visit(tree)
        _check_depth(tree, 0)
        return tree

    def _inspect(self, node: nodes.Node, *, loops: int) -> None:
        if isinstance(node, nodes.Stmt | nodes.Template) and not isinstance(node, _STATEMENTS):
            name = type(node).__name__.lower()
            raise TemplateSyntaxError(f"only if and for are known between {{% %}}, not {name}", node.lineno)
        if isinstance(node, nodes.For):
            loops += 1
            _check_loop(node, loops)
        elif isinstance(node, nodes.Filter | nodes.Test):
            self._check_known(node)
        _check_names(node)
        for child in node.iter_child_nodes():
            self._inspect(child, loops=loops)

    def _check_known(self, node: nodes.Filter | nodes.Test) -> None:
        kind, known = ("filter", self.filters) if isinstance(node, nodes.Filter) else ("test", self.tests)
        if node.name not in known or node.name.startswith("_"):
            raise TemplateSyntaxError(f"No {kind} named {node.name!r}", node.lineno)


def _check_product(left: Any, right: Any) -> None:
    for thing, times in ((left, right), (right, left)):
        if isinstance(thing, str | list | tuple) and isinstance(times, int) and len(thing) * times > TEXT_LIMIT:
            raise SecurityError(f"a text grew longer than {TEXT_LIMIT} characters")
    if isinstance(left, int) and isinstance(right, int) and _bits(left) + _bits(right) > _INTEGER_BITS:
        raise SecurityError("a number grew too big")


def _bits(value: Any) -> int:
    return value.bit_length() if isinstance(value, int) else 1


def _check_depth(node: nodes.Node, depth: int) -> None:
    if depth > DEPTH_LIMIT:
        raise TemplateSyntaxError(f"more than {DEPTH_LIMIT} levels deep: too complicated", node.lineno)
    for child in node.iter_child_nodes():
        _check_depth(child, depth + 1)


def _check_loop(node: nodes.For, loops: int) -> None:
    if loops > 1 or node.recursive:
        raise TemplateSyntaxError("a loop inside a loop is not allowed", node.lineno)
    if any(name.name == "loop" for name in (node.target, *node.target.find_all(nodes.Name)) if hasattr(name, "name")):
        raise TemplateSyntaxError('what a loop goes over cannot be called "loop"', node.lineno)


def _check_names(node: nodes.Node) -> None:
    """Nothing that begins with _ is open; no argument is named twice."""
    name = node.attr if isinstance(node, nodes.Getattr) else ""
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        name = str(node.arg.value)
    if name.startswith("_"):
        raise TemplateSyntaxError(f'"{name}" is closed to templates', node.lineno)
    given = [keyword.key for keyword in node.iter_child_nodes() if isinstance(keyword, nodes.Keyword)]
    if len(set(given)) != len(given):
        raise TemplateSyntaxError("an argument is named twice", node.lineno)


def _check_inflection(node: nodes.Filter, language: str) -> None:
    """The forms that the language has, or one of the known cases; both written out."""
    given = [argument.value for argument in node.args if isinstance(argument, nodes.Const)]
    if len(given) != len(node.args) or node.kwargs or node.dyn_args or not all(isinstance(one, str) for one in given):
        raise TemplateSyntaxError(f"{node.name} wants its words written out, in quotes", node.lineno)
    if node.name == "case":
        if len(given) != 1 or given[0] not in inflection.CASES:
            raise TemplateSyntaxError(f"case wants one of {', '.join(inflection.CASES)}", node.lineno)
        return
    wanted = inflection.forms(language)
    if len(given) != len(wanted):
        example = {"ru": 'plural("товар", "товара", "товаров")'}.get(language, 'plural("item", "items")')
        raise TemplateSyntaxError(
            f"plural wants {len(wanted)} words here ({', '.join(wanted)}), like {example}", node.lineno
        )


class _Bounding(NodeTransformer):
    """Loops go over the first `LOOP_LIMIT` of anything; `~` becomes `+` between strings, which the
    environment checks; `plural` and `case` are told the language."""

    def __init__(self, language: str) -> None:
        self._language = language

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:  # noqa: N802 - Jinja2's name
        self.generic_visit(node)
        if node.name in ("plural", "case"):
            _check_inflection(node, self._language)
            node.args = [nodes.Const(self._language), *node.args]
        return node

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - Jinja2's name
        self.generic_visit(node)
        node.iter = nodes.Filter(node.iter, "_few", [], [], None, None, lineno=node.lineno)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - Jinja2's name
        self.generic_visit(node)
        parts = [nodes.Filter(part, "string", [], [], None, None, lineno=node.lineno) for part in node.nodes]
        joined: nodes.Expr = parts[0]
        for part in parts[1:]:
            joined = nodes.Add(joined, part, lineno=node.lineno)
        return joined
