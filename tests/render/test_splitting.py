"""Texts cut to a messenger's length where a reader would cut them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bots.drawing import write
from bots.splitting import Unit, cut, end_of_character, length, shorten, split, split_text, stripped
from estafeta.kernel.model import Mark, Text
from tests.render.texts import LINK, TEXTS, WHOLE, drawn, nested

UNITS: list[Unit] = ["utf16", "codepoints", "bytes"]


@pytest.mark.parametrize(("unit", "expected"), [("utf16", 3), ("codepoints", 2), ("bytes", 6)])
def test_lengths_are_the_messengers_own(unit: Unit, expected: int) -> None:
    assert length("я👍", unit) == expected


@pytest.mark.parametrize(
    ("text", "limit", "pieces"),
    [
        ("короткий", 100, ["короткий"]),
        ("первый абзац\n\nвторой. И ещё", 20, ["первый абзац", "второй. И ещё"]),
        ("строка раз\nстрока два", 15, ["строка раз", "строка два"]),
        ("Раз два. Три четыре", 14, ["Раз два.", "Три четыре"]),
        ("один два три", 8, ["один два", "три"]),
        ("оченьдлинноеслово", 5, ["очень", "длинн", "оесло", "во"]),
        ("", 5, []),
        (" \n ", 5, []),
    ],
)
def test_a_text_is_cut_where_a_reader_would(text: str, limit: int, pieces: list[str]) -> None:
    assert split(text, limit, "utf16") == pieces


@pytest.mark.parametrize("sign", WHOLE)
@pytest.mark.parametrize("unit", UNITS)
def test_no_sign_is_ever_torn(sign: str, unit: Unit) -> None:
    size = length(sign, unit)
    for limit in range(size, size * 4):
        pieces = split(sign * 20, limit, unit)
        assert all(piece == sign * (len(piece) // len(sign)) for piece in pieces)
        assert "".join(pieces) == sign * 20
        short = shorten(sign * 20, limit, unit)
        assert short.removesuffix("…") == sign * (len(short.removesuffix("…")) // len(sign))


@given(st.text(max_size=300), st.integers(4, 40), st.sampled_from(UNITS))
@example("🇷🇺" * 30 + "x", 5, "utf16")
@example("e" + "\u0301" * 200, 10, "bytes")
@example("\r\n" * 50 + "👍" * 50, 4, "bytes")
def test_any_text_is_cut_to_fit_and_loses_nothing(text: str, limit: int, unit: Unit) -> None:
    pieces = split(text, limit, unit)
    assert all(0 < length(piece, unit) <= limit for piece in pieces)
    assert all(piece == piece.strip() for piece in pieces)
    assert re.sub(r"\s", "", "".join(pieces)) == re.sub(r"\s", "", text)
    assert length(shorten(text, limit, unit), unit) <= limit


def test_a_mark_that_is_cut_goes_on_in_the_next_piece() -> None:
    text = Text(text="Раз два. Три четыре", marks=(Mark(kind="bold", start=4, end=12),))
    assert split_text(text, 10, "utf16") == [
        Text(text="Раз два.", marks=(Mark(kind="bold", start=4, end=8),)),
        Text(text="Три четыре", marks=(Mark(kind="bold", start=0, end=3),)),
    ]


@pytest.mark.parametrize("limit", range(15, 32))
def test_a_link_is_not_cut(limit: int) -> None:
    text = Text(text="Вот здесь. Это наш. сайт в сети, и ещё", marks=(replace(LINK, start=11, end=31),))
    pieces = split_text(text, limit, "utf16")
    whole = [piece.text[mark.start : mark.end] for piece in pieces for mark in piece.marks]
    assert whole == ["Это наш. сайт в сети"] if limit >= 20 else len(whole) == 2


def test_a_link_at_the_beginning_is_left_whole_if_there_is_room_behind_it() -> None:
    text = Text(text="Первый пункт. Второй пункт, третий", marks=(replace(LINK, start=0, end=26),))
    assert [piece.text for piece in split_text(text, 28, "utf16")] == ["Первый пункт. Второй пункт", ", третий"]


@given(TEXTS, st.integers(8, 60), st.sampled_from(UNITS))
def test_marks_cover_the_same_characters_in_pieces(text: Text, limit: int, unit: Unit) -> None:
    pieces = split_text(text, limit, unit)
    assert [piece.text for piece in pieces] == [piece.text.strip() for piece in pieces if piece.text]
    assert all(length(piece.text, unit) <= limit for piece in pieces)
    assert all(nested(piece) for piece in pieces)
    marked = [
        (character, {(mark.kind, mark.url) for mark in piece.marks if mark.start <= at < mark.end})
        for piece in pieces
        for at, character in enumerate(piece.text)
        if not character.isspace()
    ]
    assert marked == [
        (character, {(mark.kind, mark.url) for mark in text.marks if mark.start <= at < mark.end})
        for at, character in enumerate(text.text)
        if not character.isspace()
    ]


@given(TEXTS, st.integers(30, 60), st.sampled_from(UNITS))
def test_neither_signs_nor_links_are_torn(text: Text, limit: int, unit: Unit) -> None:
    marks = (replace(mark, url=f"https://{number}") for number, mark in enumerate(text.marks) if mark.kind == "link")
    links = Text(text=text.text, marks=tuple(marks))
    pieces = split_text(links, limit, unit)
    for sign in WHOLE:
        assert sum(piece.text.count(sign) for piece in pieces) == text.text.count(sign)
    for link in links.marks:
        whole = text.text[link.start : link.end].strip()
        aligned = all(end_of_character(text.text, end) == end for end in (link.start, link.end))
        if whole and aligned and length(whole, unit) <= limit:
            cuts = [
                piece.text[mark.start : mark.end] for piece in pieces for mark in piece.marks if mark.url == link.url
            ]
            assert [cut.strip() for cut in cuts] == [whole]


@given(TEXTS, st.integers(40, 80), st.sampled_from(UNITS))
def test_the_limit_holds_for_what_is_drawn(text: Text, limit: int, unit: Unit) -> None:
    pieces = split_text(text, limit, unit, drawn)
    assert all(length(drawn(piece), unit) <= limit for piece in pieces)
    assert re.sub(r"\s", "", "".join(piece.text for piece in pieces)) == re.sub(r"\s", "", text.text)


def test_a_character_that_is_too_long_drawn_goes_without_its_marks() -> None:
    text = Text(text="абв", marks=(Mark(kind="bold", start=0, end=3),))
    pieces = split_text(text, 2, "utf16", lambda piece: write(piece, lambda _: ("<b>", "</b>")))
    assert pieces == [Text(text="аб"), Text(text="в")]


def test_cutting_and_stripping_keep_marks_in_place() -> None:
    text = Text(text="  аб вг  ", marks=(Mark(kind="bold", start=0, end=4), Mark(kind="code", start=5, end=9)))
    assert stripped(text) == Text(
        text="аб вг", marks=(Mark(kind="bold", start=0, end=2), Mark(kind="code", start=3, end=5))
    )
    assert cut(text, 4, 5) == Text(text=" ")
    assert stripped(Text(text=" \n ", marks=(Mark(kind="bold", start=0, end=3),))) == Text(text="")
