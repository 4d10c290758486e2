"""What is meant, as what fits: lengths, cuts, buttons."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bots.render import render
from bots.splitting import Unit, length, shorten, split
from estafeta.kernel.model import (
    Address,
    Button,
    Capabilities,
    Contact,
    Location,
    Media,
    OutboundMessage,
    OutboxId,
    Part,
    Text,
    Unsupported,
)

UNITS: list[Unit] = ["utf16", "codepoints", "bytes"]
WHOLE = ["👨‍👩‍👧‍👦", "👍🏽", "🇷🇺", "1️⃣", "é", "각", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "❤️"]


def message(*parts: Part, buttons: int = 0) -> OutboundMessage:
    made = tuple(Button(id=f"b{n}", text=f"Вариант {n}") for n in range(1, buttons + 1))
    to = Address(channel="c", account="a", chat="1")
    return OutboundMessage(id=OutboxId("1"), to=to, parts=parts, buttons=made)


def capable(text: int = 4096, buttons: int = 10, label: int = 20, unit: Unit = "utf16") -> Capabilities:
    return Capabilities(
        text=text, unit=unit, buttons=buttons, label=label, typing=True, edits=True, media=False, idempotent=False
    )


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


def test_long_texts_keep_their_order_and_the_buttons_come_last() -> None:
    chunks = render(message(Text(text="слово " * 100), buttons=2), capable(text=100))
    assert len(chunks) > 5
    assert all(length(chunk.text, "utf16") <= 100 for chunk in chunks)
    assert [len(chunk.buttons) for chunk in chunks] == [0] * (len(chunks) - 1) + [2]


def test_more_buttons_than_there_may_be_become_numbered_lines() -> None:
    [chunk] = render(message(Text(text="Выберите"), buttons=3), capable(buttons=2))
    assert chunk.text == "Выберите\n\n1. Вариант 1\n2. Вариант 2\n3. Вариант 3"
    assert chunk.buttons == ()


def test_labels_are_cut_with_an_ellipsis() -> None:
    [chunk] = render(message(Text(text="x"), buttons=1), capable(label=6))
    assert [button.text for button in chunk.buttons] == ["Вариа…"]
    assert [button.id for button in chunk.buttons] == ["b1"]


def test_buttons_alone_need_something_to_stand_under() -> None:
    [chunk] = render(message(buttons=1), capable())
    assert (chunk.text, len(chunk.buttons)) == ("…", 1)


def test_nothing_meant_is_nothing_shown() -> None:
    assert render(message(Text(text=" ")), capable()) == ()


def test_what_cannot_be_drawn_is_told() -> None:
    parts: tuple[Part, ...] = (
        Media(kind="document", ref="r", name="счёт.pdf"),
        Location(latitude=55.75, longitude=37.6),
        Contact(phone="+7900", name="Ян"),
        Unsupported(kind="poll"),
    )
    [chunk] = render(message(*parts), capable())
    assert chunk.text == "📎 счёт.pdf\n\n📍 55.750000, 37.600000\n\n👤 Ян +7900\n\n[poll]"
