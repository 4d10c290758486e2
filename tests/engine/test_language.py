"""Which language the bot answers in: the customer's, and not that of a name the customer mentions."""

from __future__ import annotations

import pytest

from estafeta.language import language_of

BOTH = ("ru", "en")


@pytest.mark.parametrize(
    ("text", "current", "language"),
    [
        ("Where is my order?", "ru", "en"),
        ("thank you", "ru", "en"),
        ("I need help!", "ru", "en"),
        ("PLEASE HELP ME", "ru", "en"),
        ("где мой заказ?", "en", "ru"),
        ("Где заказ", "en", "ru"),
        ("ГДЕ МОЙ ЗАКАЗ", "en", "ru"),
        ("Ещё вопрос", "en", "ru"),
    ],
)
def test_a_sentence_in_the_other_language_changes_it(text: str, current: str, language: str) -> None:
    assert language_of(text, "", current, BOTH) == language


@pytest.mark.parametrize(
    "text",
    [
        "iPhone", "Samsung Galaxy", "iPhone 15 Pro", "Nike Air", "DHL Express", "Visa MasterCard", "samsung",
        "RB123456789CN", "SKU-4417 XL", "https://shop.example/books/17", "ivan@example.com", "ok", "👍", "12345", "",
    ],
)  # fmt: skip
def test_a_brand_a_number_or_an_address_does_not(text: str) -> None:
    assert language_of(text, "en", "ru", BOTH) == "ru"


@pytest.mark.parametrize("text", ["Не работает iPhone 15 Pro Max", "оплата Visa или MasterCard?", "хочу LEGO Technic"])
def test_a_brand_in_a_russian_sentence_does_not(text: str) -> None:
    assert language_of(text, "en", "ru", BOTH) == "ru"


@pytest.mark.parametrize("text", ["/start", "/human", "/order 100234", "/start from the newsletter"])
def test_a_command_is_the_same_in_every_language(text: str) -> None:
    assert language_of(text, "en", "ru", BOTH) == "ru"
    assert language_of(text, "en-GB", "", BOTH) == "en"


@pytest.mark.parametrize(
    ("text", "told", "language"),
    [
        ("Привет", "en", "ru"),
        ("hello", "ru", "en"),
        ("да", "en", "en"),
        ("12345", "en_US", "en"),
        ("12345", "de", "ru"),
        ("да", "", "ru"),
        ("ok", "", "en"),
        ("", "", "ru"),
    ],
)
def test_the_first_message_decides_and_after_it_the_messenger(text: str, told: str, language: str) -> None:
    assert language_of(text, told, "", BOTH) == language


def test_a_workspace_with_one_language_keeps_to_it() -> None:
    assert language_of("Где мой заказ?", "ru", "", ("en",)) == "en"
    assert language_of("Where is my order?", "en", "ru", ("ru",)) == "ru"
    assert language_of("hello there", "en", "", ()) == ""
