"""What counts as an answer."""

from __future__ import annotations

import pytest

from flows.answers import _number, yes_no


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", 5),
        ("пять", 5),
        ("две штуки", 2),
        ("one of them is broken", None),
        ("около 15 000 ₽, не больше", 15000),
        ("2,5 кг", 2.5),
        ("-3", -3),
        ("2-3 дня", 2),
        ("заказ №123456", 123456),
        ("N12", 12),
        ("9" * 40, None),
        ("٣", None),
        ("", None),
    ],
)
def test_the_first_number(text: str, expected: float | None) -> None:
    assert _number(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("да", True),
        ("Да!", True),
        ("ДА, отменить", True),
        ("ну давайте", True),
        ("Yes, please", True),
        ("sure", True),
        ("+", True),
        ("👍", True),
        ("Да, отмените его, мне он больше не нужен", True),
        ("нет", False),
        ("Нет, оставить", False),
        ("не надо", False),
        ("не так", False),
        ("no", False),
        ("don’t", False),
        ("that's not right", False),
        ("-", False),
        ("не знаю", None),
        ("not sure", None),
        ("да нет", None),
        ("может быть, да", None),
        ("сколько стоит доставка в Тверь и когда она будет", None),
        ("да, а сколько это стоит?", None),
        ("123", None),
        ("", None),
        ("ага", True),
        ("нужно", True),
        ("не нужно", False),
        ("конечно", True),
        ("конечно нет", False),
        ("of course", True),
        ("of course not", False),
        ("нет проблем", True),
        ("не против", True),
        ("why not", True),
        ("nope", False),
        ("y", True),
        ("н", False),
        ("✅", True),
        ("❌", False),
        ("👍🏽", True),
    ],
)
def test_yes_and_no(text: str, expected: bool | None) -> None:
    assert yes_no(text) is expected
