"""Words go with the number and the case beside them, in the language that the text is written in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from flows import inflection, templates
from tests.flows.world import SCOPE, talk_about, texts


@pytest.mark.parametrize(
    ("number", "form"),
    [
        (0, "товаров"),
        (1, "товар"),
        (2, "товара"),
        (5, "товаров"),
        (11, "товаров"),
        (21, "товар"),
        (1.5, "товара"),
        (-3, "товара"),
        ("3", "товара"),
        ("1,5", "товара"),
        ("21", "товар"),
        ("много", "товаров"),
    ],
)
def test_russian_numbers(number: object, form: str) -> None:
    assert inflection.plural(number, "ru", "товар", "товара", "товаров") == form


@pytest.mark.parametrize(
    ("number", "form"), [(0, "items"), (1, "item"), (2, "items"), (1.5, "items"), ("many", "items")]
)
def test_english_numbers(number: object, form: str) -> None:
    assert inflection.plural(number, "en", "item", "items") == form


@pytest.mark.parametrize(
    ("name", "case", "found"),
    [
        ("Анна", "dative", "Анне"),
        ("Пётр", "genitive", "Петра"),
        ("Илья", "instrumental", "Ильёй"),
        ("John", "dative", "John"),
        ("анна", "dative", "анне"),
        ("Мария-Луиза", "genitive", "Марии-Луизы"),
        ("ИВАН", "genitive", "ИВАНА"),
    ],
)
def test_names_are_put_into_a_case_or_stay(name: str, case: str, found: str) -> None:
    assert str(inflection.case(name, "ru", case)).replace("ё", "е") == found.replace("ё", "е")
    assert inflection.case(name, "en", case) == name


def test_each_language_has_its_own_forms_and_a_text_without_one_has_the_first(tmp_path: Path) -> None:
    steps = """\
  - set: {count: 3}
  - say:
      ru: '{{ count }} {{ count|plural("товар", "товара", "товаров") }} для {{ customer.name|case("genitive") }}'
      en: '{{ count }} {{ count|plural("item", "items") }} for {{ customer.name }}'
  - say: '{{ count|plural("день", "дня", "дней") }}'
"""
    talk = talk_about(tmp_path, steps)
    assert texts(talk.say("/go")) == ["3 товара для Анны", "дня"]
    talk.scope = replace(SCOPE, language="en")
    assert texts(talk.say("/go")) == ["3 items for Анна", "дня"]


@pytest.mark.parametrize(
    ("template", "what"),
    [
        ('{{ 1|plural("товар", "товара") }}', "3 words here (one, few, many)"),
        ("{{ 1|plural(a, b, c) }}", "written out"),
        ('{{ 1|plural("a", "b", "c", x=1) }}', "written out"),
        ('{{ name|case("vocative") }}', "genitive, dative"),
    ],
)
def test_wrong_forms_are_told_when_the_text_is_compiled(template: str, what: str) -> None:
    with pytest.raises(templates.TemplateWrong, match=what.replace("(", r"\(").replace(")", r"\)")):
        templates.text(template, "ru")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('Заказ для {{ name|case("genitive") }} готов.', "Заказ готов."),
        ("Отправим в {{ city }}.", "Отправим."),
        ("Thanks for your order, {{ name }}!", "Thanks for your order!"),
        ("We deliver to {{ city }} on Monday.", "We deliver on Monday."),
        ("Для {{ name }}: заказ готов.", "Заказ готов."),
    ],
)
def test_what_is_unknown_leaves_no_hole_and_no_lonely_preposition(text: str, shown: str) -> None:
    assert templates.render(templates.text(text, "ru"), {}) == shown
