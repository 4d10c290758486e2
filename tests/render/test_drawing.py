"""Marks as messengers want to be told of them, and what messengers tell as marks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.drawing import Span, joined, marked, reduced, sound, spans, write
from bots.splitting import Unit
from estafeta.kernel.model import Mark, Text
from tests.render.texts import TEXTS, nested

BOLD = Mark(kind="bold", start=3, end=5)


@pytest.mark.parametrize(("unit", "at"), [("utf16", (4, 3)), ("codepoints", (3, 2)), ("bytes", (7, 6))])
def test_offsets_are_counted_in_the_messengers_unit(unit: Unit, at: tuple[int, int]) -> None:
    assert spans(Text(text="я👍 я👍", marks=(BOLD,)), unit) == (Span(kind="bold", offset=at[0], length=at[1]),)


@given(TEXTS, st.sampled_from(["utf16", "codepoints", "bytes"]))
def test_what_is_told_back_is_the_same(text: Text, unit: Unit) -> None:
    assert marked(text.text, spans(text, unit), unit) == text


@given(
    st.text(max_size=20),
    st.lists(
        st.builds(
            Span, kind=st.sampled_from(["bold", "italic", "link"]), offset=st.integers(-3, 40),
            length=st.integers(-3, 40),
            url=st.sampled_from(["https://a.b", "javascript:alert(1)", ""]),
        ),
        max_size=8,
    ),
    st.sampled_from(["utf16", "codepoints", "bytes"]),
)  # fmt: skip
def test_whatever_a_messenger_tells_becomes_marks_that_nest(text: str, told: list[Span], unit: Unit) -> None:
    found = marked(text, told, unit)
    assert found.text == text
    assert nested(found)
    assert all(mark.kind != "link" or mark.url == "https://a.b" for mark in found.marks)


def test_half_a_character_is_the_whole_one() -> None:
    assert marked("👍я", (Span(kind="bold", offset=1, length=1),), "utf16").marks == (
        Mark(kind="bold", start=0, end=1),
    )


def test_marks_that_cross_are_cut_where_they_cross() -> None:
    crossing = (Mark(kind="italic", start=2, end=6), Mark(kind="bold", start=0, end=4))
    assert sound(crossing, 5) == (
        Mark(kind="bold", start=0, end=4), Mark(kind="italic", start=2, end=4), Mark(kind="italic", start=4, end=5),
    )  # fmt: skip


def test_a_mark_inside_one_of_its_kind_goes() -> None:
    outer, inner = Mark(kind="bold", start=0, end=4), Mark(kind="bold", start=2, end=5)
    assert sound((outer, inner, outer), 9) == (outer, Mark(kind="bold", start=4, end=5))


def test_signs_nest_and_words_between_them_are_made_safe() -> None:
    text = Text(text="а < б", marks=(Mark(kind="bold", start=0, end=5), Mark(kind="italic", start=0, end=1)))
    signs = {"bold": ("<b>", "</b>"), "italic": ("<i>", "</i>")}
    assert write(text, lambda mark: signs[mark.kind], lambda words: words.replace("<", "&lt;")) == (
        "<b><i>а</i> &lt; б</b>"
    )


@given(TEXTS)
def test_without_signs_a_text_is_written_as_it_is(text: Text) -> None:
    assert write(text, lambda _: ("", "")) == text.text


def test_joined_texts_keep_their_marks() -> None:
    assert joined((Text(text="аб"), Text(text="xxxby", marks=(BOLD,))), ", ").marks == (
        Mark(kind="bold", start=7, end=9),
    )


@given(TEXTS)
def test_a_text_with_known_marks_only_stays(text: Text) -> None:
    assert reduced(text, frozenset(mark.kind for mark in text.marks)) is text
    assert not reduced(text, frozenset()).marks
