"""Templates print what they should, leave no holes, and can do no harm."""

from __future__ import annotations

import contextlib
import json
import sys
import tracemalloc
from datetime import UTC, datetime
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import templates
from flows.sandbox import DEPTH_LIMIT, HOLE, STEP_LIMIT, TEXT_LIMIT
from flows.templates import TemplateFailed, TemplateWrong
from tests.flows.hostile import BOUNDED, REFUSED, STOPPED

VALUES: dict[str, Any] = {
    "customer": {"name": ""},
    "order": {"number": "A-1", "items": ["tea", "cup"], "total": 1500.0, "parts": [{"name": "x"}, {"name": "y"}]},
    "now": datetime(2026, 11, 21, 9, 5, tzinfo=UTC),
    "slots": {},
}


HARMED: dict[str, Any] = {
    "order": {**VALUES["order"], "items": ["tea"]}, "said": "x " * 2000, "long": "я" * 4000, "many": ["x" * 100] * 5000,
}  # fmt: skip


def _shown(source: str) -> str:
    return source if len(source) < 80 else f"{source[:60]}…{len(source)}"


def rendered(source: str, **values: Any) -> str:
    return templates.render(templates.text(source), {**VALUES, **values})


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Здравствуйте, {{ customer.name }}!", "Здравствуйте!"),
        ("Здравствуйте, {{ customer.name }}", "Здравствуйте"),
        ("{{ customer.name }}, добрый день.", "Добрый день."),
        ("{{ customer.name }}! Чем помочь?", "Чем помочь?"),
        ("Готово. {{ customer.name }}, что-то ещё?", "Готово. Что-то ещё?"),
        ("Да, {{ customer.name }}, всё готово", "Да, всё готово"),
        ("Заказ {{ slots.number }} готов", "Заказ готов"),
        ("Заказ {{ slots.number }}: готов", "Заказ: готов"),
        ("Заказ ({{ slots.number }}) готов", "Заказ готов"),
        ("Заказ «{{ slots.number }}»", "Заказ"),
        ("Hello {{ customer.name }} {{ slots.surname }}!", "Hello!"),
        ("{{ customer.name }}", ""),
        ("{{ nothing.at.all }}Привет", "Привет"),
        ("Первая {{ customer.name }}\nВторая", "Первая\nВторая"),
        ("{% if customer.name %}{{ customer.name }}, {% endif %}привет", "привет"),
        ("Здравствуйте, {% if customer.name %}{{ customer.name }}{% endif %}!", "Здравствуйте!"),
        ("Здравствуйте, **{{ customer.name }}**!", "Здравствуйте!"),
        ("*{{ customer.name }}*, добрый день.", "Добрый день."),
        ("«{{ customer.name }}» — это Вы?", "Это Вы?"),
        ("{{ customer.name }} — это Вы?", "Это Вы?"),
        ("(для {{ customer.name }}) Заказ готов", "Заказ готов"),
        ("Спасибо, {{ customer.name }} 👋!", "Спасибо 👋!"),
        ("Здравствуйте,\n{{ customer.name }}!\nЧем помочь?", "Здравствуйте!\nЧем помочь?"),
        ("Письмо от {{ customer.name }} и {{ slots.friend }}.", "Письмо."),
        ("Is {{ customer.name }}'s order here?", "Is order here?"),
        ("[{{ customer.name }}](https://x.example/{{ customer.name }}), привет", "Привет"),
    ],
)
def test_what_is_missing_leaves_no_hole(source: str, expected: str) -> None:
    assert rendered(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ order.number|lower }}", "a-1"),
        ("{{ order.items }}", "tea, cup"),
        ("{{ order.total }} ₽", "1500 ₽"),
        ("{{ order.items|join(' + ') }}", "tea + cup"),
        ("{{ order.parts|map(attribute='name')|join(', ') }}", "x, y"),
        ("{% for item in order['items'] %}{{ loop.index }}) {{ item }} {% endfor %}", "1) tea 2) cup "),
        ("{% for n in range(3) %}{{ n }}{% endfor %}", "012"),
        ("{{ now.strftime('%H:%M') }}", "09:05"),
        ("{{ 'a' ~ order.number ~ 1 }}", "aA-11"),
        ("{{ order.number.startswith('A') and 'yes' or 'no' }}", "yes"),
        ("{{ order.number[0] }}", "A"),
        ("{{ 7 // 2 + 2 ** 3 * 2 % 7 }}", "5"),
        ("no braces: {{ '{{' }}", "no braces: {{"),
    ],
)
def test_ordinary_templates_work(source: str, expected: str) -> None:
    assert rendered(source) == expected


def test_a_plain_text_never_meets_jinja() -> None:
    plain = "100% of {braces} and # signs"
    assert templates.text(plain) is plain
    assert templates.render(plain, {}) is plain


def test_values_are_never_templates_themselves() -> None:
    assert rendered("Вы: {{ said }}", said="{{ 7 * 7 }}{% if %}") == "Вы: {{ 7 * 7 }}{% if %}"


def test_known_attacks_are_many() -> None:
    assert len({*REFUSED, *STOPPED, *BOUNDED}) == len(REFUSED) + len(STOPPED) + len(BOUNDED)
    assert len(REFUSED) + len(STOPPED) + len(BOUNDED) >= 100


@pytest.mark.parametrize("source", REFUSED, ids=_shown)
def test_what_no_text_needs_is_refused_at_once(source: str) -> None:
    with pytest.raises(TemplateWrong):
        templates.text(source)


@pytest.mark.parametrize("source", [*STOPPED, *BOUNDED], ids=_shown)
def test_what_does_harm_is_stopped_soon(source: str) -> None:
    """Whatever comes of it, it is short and was made in few steps, with little memory."""
    steps = _Steps()
    tracemalloc.start()
    with steps:
        found, failed = _rendered(source)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert failed or source in BOUNDED
    assert len(found) <= TEXT_LIMIT
    assert " at 0x" not in failed
    assert len(failed) < 500
    assert steps.count < 75 * STEP_LIMIT
    assert peak < 8_000_000


def _rendered(source: str) -> tuple[str, str]:
    """What a template says, or the sentence that it ends in."""
    try:
        return rendered(source, **HARMED), ""
    except (TemplateFailed, TemplateWrong) as wrong:
        return "", str(wrong)


@pytest.mark.parametrize("source", [*STOPPED, *BOUNDED], ids=_shown)
def test_what_does_harm_is_stopped_as_a_value_too(source: str) -> None:
    steps = _Steps()
    with contextlib.suppress(TemplateFailed, TemplateWrong), steps:
        found = templates.evaluate(templates.value(source), {**VALUES, **HARMED})
        assert len(json.dumps(found, default=str)) < 100_000
    assert steps.count < 75 * STEP_LIMIT


class _Steps:
    """Counts the calls that are made within."""

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> None:
        sys.setprofile(self._seen)

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _seen(self, frame: FrameType, event: str, argument: object) -> None:
        if event in ("call", "c_call"):
            self.count += 1


NESTED = (
    "({})", "not {}", "[{}]", "-{}", "{}|upper", "{} + 1", "{} ~ 'a'", "{} if a else b", "f({})", "{}.a", "{}['a']",
    "{} and a", "{} is string", "a[{}]", "{} < 1", "{}|default({})",
)  # fmt: skip


@pytest.mark.parametrize("nested", NESTED)
def test_what_is_read_can_be_made_code_however_deep(nested: str) -> None:
    """Nothing is refused when a customer waits for it that was not refused when it was read."""
    source, deepest = "a", templates.text("{{ a }}")
    for _ in range(DEPTH_LIMIT):
        source = nested.replace("{}", source)
        deeper = _read("{{ " + source + " }}")
        if deeper is None:
            break
        deepest = deeper
    assert "too complicated" not in _failure(deepest)


def _read(source: str) -> templates.Words | None:
    try:
        return templates.text(source)
    except TemplateWrong:
        return None


def _failure(words: templates.Words) -> str:
    try:
        templates.render(words, {})
    except TemplateFailed as failed:
        return str(failed)
    return ""


def test_conditions_can_be_nested_as_deep_as_they_are_read() -> None:
    source = "x"
    for _ in range(DEPTH_LIMIT // 2):
        source = "{% if a %}" + source + "{% else %}y{% endif %}"
    assert rendered(source, a=True) == "x"


def test_a_long_loop_is_cut() -> None:
    assert len(rendered("{% for x in xs %}{{ x }}{% endfor %}", xs=["x" * 100] * 100_000)) == TEXT_LIMIT


def test_a_long_value_is_cut_in_a_text_and_refused_in_a_value() -> None:
    assert rendered("{{ said }}", said="x" * 5000) == "x" * (TEXT_LIMIT - 1) + "…"
    with pytest.raises(TemplateFailed, match="longer than"):
        templates.evaluate(templates.value("a{{ said }}"), {"said": "x" * 5000})


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ order.total }}", 1500.0),
        ("{{ order.number }}", "A-1"),
        ("{{ order.parts }}", [{"name": "x"}, {"name": "y"}]),
        ("{{ 1 + 1 }}", 2),
        ("{{ order.number == 'A-1' }}", True),
        ("{{ nothing }}", ""),
        ("№ {{ order.number }}", "№ A-1"),
        ("plain", "plain"),
        (5, 5),
        (None, None),
        ({"a": ["{{ order.number }}", 1]}, {"a": ["A-1", 1]}),
    ],
)
def test_a_lone_template_keeps_the_kind_of_its_value(source: Any, expected: Any) -> None:
    assert templates.evaluate(templates.value(source), VALUES) == expected


@pytest.mark.parametrize("source", ["{{ 2 ** 100 }}", "{{ 1e308 * 10 }}", "{{ now }}", "{{ order.values() }}"])
def test_what_cannot_be_stored_is_no_value(source: str) -> None:
    with pytest.raises(TemplateFailed):
        templates.evaluate(templates.value(source), VALUES)


def test_a_value_that_grows_with_every_turn_is_stopped() -> None:
    grow = templates.value("{{ [x, x] }}")
    x: Any = "a"
    for _ in range(10):
        x = templates.evaluate(grow, {"x": x})
    with pytest.raises(TemplateFailed, match="too big"):
        templates.evaluate(templates.value("{{ [x, x, x, x] }}"), {"x": [x, x]})


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('order.number == "A-1"', True),
        ("order.total > 1000 and not customer.name", True),
        ("slots.missing", False),
        ("slots.missing.deeper == 1", False),
        ("order.number in ['A-1', 'B']", True),
        ("slots.missing is defined", False),
        ("order.total > 1000\n  and order.number", True),
    ],
)
def test_conditions(source: str, expected: bool) -> None:
    assert templates.condition(source).holds(VALUES) is expected


@pytest.mark.parametrize("source", ["", "a b", "{{ open }}", "open }}{{ 1", "open }} text", "1 ==", "{% if x %}"])
def test_what_is_no_condition_is_refused(source: str) -> None:
    with pytest.raises(TemplateWrong):
        templates.condition(source)


def test_a_phrase_whose_template_failed_keeps_its_words() -> None:
    assert templates.unrendered(templates.text("Ответим {{ 1 / 0 }}, ждите.")) == "Ответим, ждите."


@given(st.text(min_size=1))
def test_any_value_prints_as_it_is(said: str) -> None:
    assert HOLE in said or rendered("— {{ said }} —", said=said) == f"— {said} —"
