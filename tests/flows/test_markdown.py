"""Markdown as editors write it, and what values may do in it: nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from estafeta.kernel.model import Mark, MarkKind, Text
from flows import loader, templates
from flows.interpreter import phrase
from flows.markdown import escape, parse, shortened, unescape
from tests.flows.world import BOT, PAYMENT, SCOPE, talk_about, write

URL = "https://example.com/a_b"
SIGNS = st.text(st.sampled_from("*_~`[]()<>&!\"'\\- \n\tabя1:/\ufdd0\ufdd1\ufdef\ue05f\ue100\r\0"), max_size=60)
NAMES = st.one_of(SIGNS, st.text(max_size=60), st.just(f"[злое]({URL})"), st.just("**жирный** `код`\n- пункт"))


def mark(kind: MarkKind, start: int, end: int, url: str = "") -> Mark:
    return Mark(kind=kind, start=start, end=end, url=url)


@pytest.mark.parametrize(
    ("written", "text", "marks"),
    [
        ("просто слова", "просто слова", ()),
        ("**жир** и _он_, *и*", "жир и он, и", (mark("bold", 0, 3), mark("italic", 6, 8), mark("italic", 10, 11))),
        ("~~нет~~ `a_b`", "нет a_b", (mark("strike", 0, 3), mark("code", 4, 7))),
        (f"[**наш** сайт]({URL})", "наш сайт", (mark("link", 0, 8, URL), mark("bold", 0, 3))),
        ("[звоните](tel:+7900)", "звоните", (mark("link", 0, 7, "tel:+7900"),)),
        ("[пишите](mailto:a@b.c)", "пишите", (mark("link", 0, 6, "mailto:a@b.c"),)),
        ("***оба***", "оба", (mark("italic", 0, 3), mark("bold", 0, 3))),
        ("- раз\n* два\n  - три\nчетыре - пять", "• раз\n• два\n  • три\nчетыре - пять", ()),
        ("первая\nвторая  \n\nтретья", "первая\nвторая  \n\nтретья", ()),
        (r"\*не\* \[то\]", "*не* [то]", ()),
        ("[]()", "", ()),
        (f"[]({URL})", URL, (mark("link", 0, 23, URL),)),
        (f'[сайт]({URL} "и тут слова")', "сайт (и тут слова)", (mark("link", 0, 4, URL),)),
        (f"см. {URL}_c_ или **{URL}**", f"см. {URL}_c_ или {URL}", (mark("bold", 35, 58),)),
    ],
)  # fmt: skip
def test_markup_becomes_marks(written: str, text: str, marks: tuple[Mark, ...]) -> None:
    assert parse(written) == Text(text=text, marks=marks)


@pytest.mark.parametrize(
    "written",
    [
        "2 * 3 * 4, snake_case_name, C:\\папка", "**не закрыто", "`тоже нет", "~одна~", "5 < 6 &amp; <b>7</b>",
        "[сюда](javascript:alert(1))", "[сюда](data:text/html,x)", "[сюда](/path)", "[сюда](https://)",
        "[сюда](https://a b)", "[сноска][1]\n[1]: https://a.b", "![", "# Заголовок\n> цитата\n1. раз", "-", "- ",
    ],
)  # fmt: skip
def test_what_is_no_markup_stays_as_it_was(written: str) -> None:
    assert parse(written) == Text(text=re.sub("^- ", "• ", written))


@given(NAMES)
@example("- a\n  - b")
@example("\ufdd1\ue05f" * 3)
def test_what_is_escaped_reads_as_it_was(text: str) -> None:
    assert parse(escape(text)) == Text(text=text)
    assert unescape(escape(text)) == text


@given(NAMES)
def test_what_is_escaped_reads_as_it_was_wherever_it_stands(text: str) -> None:
    inside = text.strip() or "слово"
    assert parse(f"Здравствуйте, **{escape(inside)}**!").text.replace("*", "") == f"Здравствуйте, {inside}!".replace(
        "*", ""
    )
    one_line = " ".join(inside.split())
    assert parse(f"Номер: `{escape(one_line)}`.") == Text(
        text=f"Номер: {one_line}.", marks=(mark("code", 7, 7 + len(one_line)),)
    )
    assert parse(f"[след]{escape(text)}") == Text(text=f"[след]{text}")


@given(SIGNS)
def test_no_word_is_lost(written: str) -> None:
    text, marks = parse(written).text, parse(written).marks
    assert re.findall(r"\w", text.replace("_", "")) == re.findall(r"\w", unescape(written).replace("_", ""))
    assert all(0 <= mark.start < mark.end <= len(text) for mark in marks)
    assert list(marks) == sorted(marks, key=lambda mark: (mark.start, -mark.end))
    assert not any(one.start < other.start < one.end < other.end for one in marks for other in marks)


def test_an_address_may_be_a_value() -> None:
    assert parse(f"[тут]({escape('https://a.b/c_(d)?e=*&f=1')})").marks == (
        mark("link", 0, 3, "https://a.b/c_(d)?e=*&f=1"),
    )
    assert parse(f"[тут]({escape('javascript:alert(1)')})").text == "[тут](javascript:alert(1))"


def test_shortening_counts_what_is_read() -> None:
    written = "я" + escape("*" * 9)
    assert shortened(written, 10) is written
    assert parse(shortened(written, 9)) == Text(text="я*******…")


# --- in templates --------------------------------------------------------------------------------


def said(source: str, **values: object) -> Text:
    return parse(templates.render_markdown(templates.text(source), values))


@given(NAMES)
def test_a_customers_name_draws_nothing(name: str) -> None:
    visible = "" if name == "" else name
    found = said("{{ name }}|**да** {{ name }}{{ 1 if name else 1 }}", name=visible)
    assert not any(mark.kind == "link" for mark in found.marks)
    if "\ufdd0" not in name and name:
        assert found.text == f"{name}|да {name}1"
        assert [mark.kind for mark in found.marks] == ["bold"]


def test_an_editors_own_value_may_draw() -> None:
    assert said("{{ text | markdown }}{{ missing | markdown }}", text="**да**") == Text(
        text="да", marks=(mark("bold", 0, 2),)
    )
    assert said("{% if on %}**да**{% endif %} {{ text | markdown | lower }}", on=True, text="*Нет*") == Text(
        text="да *нет*", marks=(mark("bold", 0, 2),)
    )


def test_lists_and_numbers_print_as_words() -> None:
    assert said("{{ items }} {{ number }}", items=["*a*", "*b*"], number=-5) == Text(text="*a*, *b* -5")


def test_a_missing_value_still_leaves_no_hole() -> None:
    assert said("Здравствуйте, {{ name }}! (**{{ other }}**)").text.startswith("Здравствуйте!")


def test_words_for_buttons_and_summaries_are_not_escaped() -> None:
    words = templates.text("Заказ {{ number }} *")
    assert templates.render(words, {"number": "A_1*[x](y)"}) == "Заказ A_1*[x](y) *"


def test_a_long_text_of_signs_keeps_its_length() -> None:
    words = templates.text("{{ text }}{{ text }}")
    assert parse(templates.render_markdown(words, {"text": "*" * 2000})) == Text(text="*" * 4000)
    long = templates.render(words, {"text": "*" * 2001})
    assert (len(long), long[-1]) == (4000, "…")


def test_only_texts_for_people_know_the_filter() -> None:
    with pytest.raises(templates.TemplateWrong):
        templates.value("{{ text | markdown }} ")


def test_in_a_flow_only_what_is_said_is_markdown(tmp_path: Path) -> None:
    steps = """\
  - say: "**{{ customer.name }}**, Вы здесь?"
    buttons: ["Я {{ customer.name }}", {text: Человек, handoff: {summary: "Просит {{ customer.name }}"}}]
"""
    talk = talk_about(tmp_path, steps)
    talk.scope = replace(SCOPE, customer_name="[A_1](https://evil.example)")
    [reply] = talk.say("/go").replies
    assert parse(reply.text) == Text(text="[A_1](https://evil.example), Вы здесь?", marks=(mark("bold", 0, 27),))
    assert [button.text for button in reply.buttons] == ["Я [A_1](https://evil.example)", "Человек"]
    handoff = talk.press(reply.buttons[1].id).handoff
    assert handoff is not None
    assert handoff.summary == "Просит [A_1](https://evil.example)"


def test_a_phrase_is_markdown_unless_it_stands_on_a_button(tmp_path: Path) -> None:
    bot = BOT.replace("{ru: Человек, en: Human}", '"К {{ customer.name }}"')
    loaded = loader.load(write(tmp_path, {"payment": PAYMENT}, bot=bot))
    customer = {"name": "*Ян*"}
    assert parse(phrase(loaded, "greeting", "ru", customer=customer)) == Text(text="Здравствуйте, *Ян*!")
    assert phrase(loaded, "human", "ru", customer=customer) == "К *Ян*"
