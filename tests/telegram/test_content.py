"""Entities and marks: what is drawn stands where it stood, in either direction, whatever the text is made of."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.telegram.content import entities_of, parts_of, text_of
from estafeta.kernel.model import Mark, MarkKind, Text, Unsupported

LETTERS = st.text(st.sampled_from("aя \n👍🏽👨‍👩‍👧🇷🇺e\u0301"), min_size=1, max_size=30)


def marks(text: str, *entities: dict[str, Any]) -> tuple[Mark, ...]:
    words = text_of(text, list(entities))
    assert words is not None
    return words.marks


def entity(kind: str, offset: Any, length: Any, **more: Any) -> dict[str, Any]:
    return {"type": kind, "offset": offset, "length": length, **more}


@st.composite
def texts(draw: st.DrawFn) -> Text:
    """Words with marks that nest."""
    text = draw(LETTERS)
    borders = sorted(draw(st.lists(st.integers(0, len(text)), min_size=2, max_size=6)))
    known: list[MarkKind] = ["bold", "italic", "strike", "link"]
    kinds = draw(st.lists(st.sampled_from(known), min_size=3, max_size=3))
    pairs = [(borders[n], borders[-1 - n]) for n in range(len(borders) // 2)]
    found = tuple(
        Mark(kind=kind, start=start, end=end, url="https://example.org/" if kind == "link" else "")
        for kind, (start, end) in zip(kinds, pairs, strict=False)
        if start < end
    )
    return Text(text=text, marks=tuple(dict.fromkeys(found)))


@given(texts())
def test_marks_come_back_as_they_went(text: Text) -> None:
    entities = entities_of(text.text, text.marks)
    back = text_of(text.text, entities)
    assert back is not None
    assert sorted(back.marks, key=repr) == sorted(text.marks, key=repr)
    units = text.text.encode("utf-16-le")
    for mark, one in zip(text.marks, entities, strict=True):
        start, end = one["offset"] * 2, (one["offset"] + one["length"]) * 2
        assert units[start:end].decode("utf-16-le") == text.text[mark.start : mark.end]


@given(
    LETTERS, st.lists(st.tuples(st.sampled_from(["bold", "italic", "code"]), st.integers(-3, 60), st.integers(-3, 60)))
)
def test_whatever_entities_say_the_marks_keep_their_promise(text: str, given_: list[tuple[str, int, int]]) -> None:
    found = marks(text, *(entity(*one) for one in given_))
    assert list(found) == sorted(found, key=lambda mark: (mark.start, -mark.end))
    for n, mark in enumerate(found):
        assert 0 <= mark.start < mark.end <= len(text)
        for other in found[:n]:
            assert other.end <= mark.start or mark.end <= other.end


def test_an_entity_that_begins_inside_an_emoji_covers_it() -> None:
    assert marks("👍!", entity("bold", 1, 1)) == (Mark(kind="bold", start=0, end=1),)


def test_of_two_that_cross_the_first_counts() -> None:
    assert marks("abcdef", entity("bold", 0, 4), entity("italic", 2, 4)) == (Mark(kind="bold", start=0, end=4),)


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "http://", "https://a b", "tg://x", "data:x", "x" * 3000])
def test_a_link_that_leads_nowhere_good_is_none(url: str) -> None:
    assert marks("ссылка", entity("text_link", 0, 6, url=url)) == ()


@pytest.mark.parametrize(
    "url", ["https://example.org/a?b=c#d", "http://пример.рф/", "mailto:a@example.org", "tel:+7000"]
)
def test_links_that_lead_somewhere_stay(url: str) -> None:
    assert marks("ссылка", entity("text_link", 0, 6, url=url)) == (Mark(kind="link", start=0, end=6, url=url),)


@pytest.mark.parametrize("entities", [None, 5, "x", [None], [[]], [{"type": 1}], [{"type": "bold", "offset": 10**30}]])
def test_entities_that_are_none_are_none(entities: Any) -> None:
    assert text_of("слово", entities) == Text(text="слово")


def test_a_thousand_entities_cost_no_time() -> None:
    many = [entity("bold", n, 1) for n in range(100_000)]
    assert len(marks("a" * 4096, *many)) <= 400


def test_code_of_several_lines_is_a_block() -> None:
    text = "a\nb"
    assert entities_of(text, (Mark(kind="code", start=0, end=3),)) == [{"offset": 0, "length": 3, "type": "pre"}]
    assert entities_of(text, (Mark(kind="code", start=0, end=1),)) == [{"offset": 0, "length": 1, "type": "code"}]


@pytest.mark.parametrize("message", [None, 5, [], {}, {"text": 5}, {"photo": {}}, {"sticker": None}])
def test_a_message_of_nothing_says_so(message: Any) -> None:
    [part] = parts_of(message, account="shop")
    assert isinstance(part, Unsupported)
