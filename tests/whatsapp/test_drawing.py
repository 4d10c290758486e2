"""Marks as WhatsApp's signs: what is meant as itself is read as itself, and what is marked looks marked."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bots.drawing import sound
from bots.whatsapp.drawing import drawn, undrawn
from estafeta.kernel.model import Mark, MarkKind, Text
from tests.whatsapp.rules import KINDS, blocks, read

WORDS = st.text(alphabet=" \n.,!?()-->a1bд*_~`*_~`", max_size=40)
ANYTHING = st.one_of(WORDS, st.text(max_size=30), st.sampled_from(("https://shop.example/a_b_c?x=*1*", "5*3*2=30")))


@st.composite
def texts(draw: st.DrawFn) -> Text:
    text = draw(st.lists(ANYTHING, max_size=3).map("".join))
    kinds: list[MarkKind] = ["bold", "italic", "strike", "code"]
    marks = [
        Mark(kind=draw(st.sampled_from(kinds)), start=start, end=start + draw(st.integers(1, 12)))
        for start in draw(st.lists(st.integers(0, max(len(text), 1)), max_size=4))
    ]
    return Text(text=text, marks=sound(marks, len(text)))


@settings(max_examples=400)
@given(ANYTHING)
def test_plain_words_are_read_as_they_are(words: str) -> None:
    shown = drawn(Text(text=words))
    assert read(shown) == (undrawn(words), [])
    assert not blocks(shown)


@settings(max_examples=600)
@given(texts())
@example(Text(text="* 1", marks=(Mark(kind="bold", start=0, end=3),)))
def test_marks_take_no_word_away(text: Text) -> None:
    shown = drawn(text)
    words, spans = read(shown)
    assert words == undrawn(text.text)
    for kind, stretch in spans:
        covered = [mark for mark in text.marks if mark.kind == kind]
        assert any(stretch in undrawn(text.text) for _ in covered)
        assert covered


@given(st.lists(st.sampled_from(("да", "нет!", "(15)", "a*b", "*", "snake_case")), min_size=1, max_size=6), st.data())
def test_whole_words_that_are_marked_look_marked(words: list[str], data: st.DataObject) -> None:
    plain = [at for at, word in enumerate(words) if word != "*"]
    if not plain:
        return
    at = data.draw(st.sampled_from(plain))
    start = len(" ".join([*words[:at], ""]))
    mark = Mark(kind=data.draw(st.sampled_from(("bold", "italic", "strike"))), start=start, end=start + len(words[at]))
    text = Text(text=" ".join(words), marks=(mark,))
    assert read(drawn(text)) == (text.text, [(mark.kind, words[at])])


@pytest.mark.parametrize(("kind", "sign"), [(kind, sign) for sign, kind in KINDS.items()])
def test_a_marked_word_is_marked(kind: MarkKind, sign: str) -> None:
    text = Text(text="Ваш заказ 15 готов!", marks=(Mark(kind=kind, start=10, end=12),))
    assert drawn(text) == f"Ваш заказ {sign}15{sign} готов!"
    assert read(drawn(text)) == (text.text, [(kind, "15")])


def test_marks_nest_and_lines_are_marked_one_by_one() -> None:
    text = Text(text="раз\n два ", marks=(Mark(kind="bold", start=0, end=9), Mark(kind="italic", start=5, end=8)))
    assert drawn(text) == "*раз*\n *_два_* "
    assert read(drawn(text))[1] == [("bold", "раз"), ("bold", "два"), ("italic", "два")]


def test_a_mark_inside_a_word_cannot_be_drawn_and_is_left_out() -> None:
    assert drawn(Text(text="пере*дача", marks=(Mark(kind="bold", start=0, end=4),))) == "пере*дача"
    assert drawn(Text(text="слово", marks=(Mark(kind="bold", start=0, end=3),))) == "слово"


def test_signs_that_do_nothing_and_addresses_stay_as_they_are() -> None:
    words = "snake_case_name 5*3=15 a * b https://shop.example/_a_/*b*/x ~"
    assert drawn(Text(text=words)) == words


def test_a_mark_around_an_address_is_drawn_and_one_in_it_is_not() -> None:
    words = "см. https://shop.example/a_b и всё"
    whole = Mark(kind="bold", start=4, end=28)
    assert drawn(Text(text=words, marks=(whole,))) == "см. *https://shop.example/a_b* и всё"
    assert drawn(Text(text=words, marks=(Mark(kind="bold", start=12, end=28),))) == words


def test_signs_that_would_do_something_are_made_harmless() -> None:
    assert drawn(Text(text="*код* > x")) == "\u2060*\u2060код\u2060*\u2060 > x"
    assert drawn(Text(text="> цитата\n- раз")) == "\u2060> цитата\n\u2060- раз"


def test_code_is_copied_to_the_letter() -> None:
    text = Text(text="введите a*b*_c_ тут", marks=(Mark(kind="code", start=8, end=15),))
    assert drawn(text) == "введите `a*b*_c_` тут"
    assert drawn(Text(text="a`b", marks=(Mark(kind="code", start=0, end=3),))) == "a\u2060`\u2060b"


def test_a_link_is_its_words_and_its_address() -> None:
    link = Mark(kind="link", start=0, end=4, url="https://shop.example/track")
    assert drawn(Text(text="сюда", marks=(link,))) == "сюда (https://shop.example/track)"
