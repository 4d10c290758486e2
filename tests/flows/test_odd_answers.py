"""Answers as people really give them: dates in words, addresses with spaces, slips, corrections, presses that come
twice or late."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from estafeta.kernel.model import Entity, Understanding
from flows.choices import choose
from flows.interpreter import Said, acts, advance
from flows.typed import TYPED
from tests.flows.world import NOW, SCOPE, Talk, meant, talk_about, texts

SATURDAY = date(2026, 11, 21)


# --- typed values ---


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("сегодня", "2026-11-21"),
        ("завтра", "2026-11-22"),
        ("послезавтра утром", "2026-11-23"),
        ("the day after tomorrow", "2026-11-23"),
        ("yesterday", "2026-11-20"),
        ("в пятницу", "2026-11-27"),
        ("в субботу", "2026-11-28"),
        ("в следующую среду", "2026-11-25"),
        ("on Friday", "2026-11-27"),
        ("31.12", "2026-12-31"),
        ("31.12.26", "2026-12-31"),
        ("31.12.85", "1985-12-31"),
        ("12/31/2026", "2026-12-31"),
        ("15.11", "2026-11-15"),
        ("5 января", "2027-01-05"),
        ("December 31st, 2027", "2027-12-31"),
        ("1 мая", "2027-05-01"),
        ("через 3 дня", "2026-11-24"),
        ("через неделю", "2026-11-28"),
        ("in a week", "2026-11-28"),
        ("завтра, то есть 23.11.2026", "2026-11-23"),
        ("2026-02-30", None),
        ("29.02", None),
        ("5-6", None),
        ("192.168.1.1", None),
        ("не знаю", None),
        ("через 999 недель", "2046-01-13"),
    ],
)
def test_dates(text: str, day: str | None) -> None:
    found = TYPED["date"](text, SATURDAY)
    assert (found and found.value) == day


def test_29_february_is_a_day_of_leap_years() -> None:
    found = TYPED["date"]("29 февраля", date(2027, 11, 1))
    assert found is not None
    assert found.value == "2028-02-29"


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("19:30", "19:30"),
        ("в 7", "07:00"),
        ("в 7 вечера", "19:00"),
        ("7pm", "19:00"),
        ("7:30 p.m.", "19:30"),
        ("12 am", "00:00"),
        ("в 2 ночи", "02:00"),
        ("в 11 ночи", "23:00"),
        ("после 18", "18:00"),
        ("19 часов", "19:00"),
        ("полдень", "12:00"),
        ("31.12.2026", None),
        ("25:00", None),
        ("через 5 шт", None),
    ],
)
def test_times_of_day(text: str, time: str | None) -> None:
    found = TYPED["time"](text, SATURDAY)
    assert (found and found.value) == time


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("olga@mail.ru", "olga@mail.ru"),
        ("Olga . S @ mail . ru", "olga.s@mail.ru"),
        ("olga собака mail точка ru", "olga@mail.ru"),
        ("пишите: olga@почта.рф.", "olga@почта.рф"),
        ("Спасибо. olga@mail.ru", "olga@mail.ru"),
        ("olga@mail", None),
        ("я at home. Ok", None),
    ],
)
def test_email_addresses(text: str, address: str | None) -> None:
    found = TYPED["email"](text, SATURDAY)
    assert (found and found.value) == address


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+7 (912) 345-67-89", "+79123456789"),
        ("+7\u00a0912\u00a0345\u201467\u201489", "+79123456789"),
        ("звоните 8 912 345 67 89 после 18", "89123456789"),
        ("(495)123-45-67", "4951234567"),
        ("123", None),
    ],
)
def test_phone_numbers(text: str, number: str | None) -> None:
    found = TYPED["phone"](text, SATURDAY)
    assert (found and found.value) == number


def test_tomorrow_is_that_of_the_shop(tmp_path: Path) -> None:
    talk = _asked(tmp_path, "date", "Когда?")
    talk.scope = replace(SCOPE, now=NOW.replace(hour=22))  # in Moscow it is the next day
    assert texts(talk.say("завтра")) == ["[2026-11-23]"]


# --- an answer, or a wish for something else ---


def _asked(path: Path, expect: str, words: str) -> Talk:
    talk = talk_about(path, f"  - {{ask: x, say: '{words}', expect: {expect}}}\n  - say: '[{{{{ x }}}}]'\n")
    talk.say("/go")
    return talk


@pytest.mark.parametrize(
    ("expect", "text", "value"),
    [
        ("email", "olga@mail.ru", "olga@mail.ru"),
        ("email", "моя почта olga@mail.ru", "olga@mail.ru"),
        ("date", "завтра", "2026-11-22"),
        ("city", "Казань", "Казань"),
    ],
)
def test_a_bare_answer_is_one_whatever_it_is_taken_for(tmp_path: Path, expect: str, text: str, value: str) -> None:
    talk = _asked(tmp_path, expect, "Что?")
    assert texts(talk.say(text, meant("payment"))) == [f"[{value}]"]


def test_an_answer_with_a_wish_of_its_own_starts_what_is_wished(tmp_path: Path) -> None:
    talk = _asked(tmp_path, "email", "Почта?")
    assert texts(talk.say("olga@mail.ru, а оплатить как", meant("payment"))) == ["Картой", "Почта?"]


CONFIRMED = """\
  - {ask: number, say: Номер?, expect: order_number, confirm: "Номер {{ number }}?"}
  - say: "[{{ number }}]"
"""


def test_a_yes_in_more_words_is_still_a_yes(tmp_path: Path) -> None:
    yes = "flow: yes\nstart: {intent: delivery}\nsteps: [{say: Что да?}]\n"
    talk = talk_about(tmp_path, CONFIRMED, yes)
    talk.say("/go")
    talk.say("123456")
    assert texts(talk.say("да, всё верно", meant("delivery"))) == ["[123456]"]


@pytest.mark.parametrize("text", ["нет, 654321", "не то, нужен 654321", "654321"])
def test_a_no_may_bring_the_right_answer_with_it(tmp_path: Path, text: str) -> None:
    talk = talk_about(tmp_path, CONFIRMED)
    talk.say("/go")
    talk.say("123456")
    assert texts(talk.say(text)) == ["Номер 654321?"]
    assert texts(talk.say("да")) == ["[654321]"]


# --- choices ---

CHOICES = [{"Оплата картой", "By card"}, {"Доставка", "Delivery"}, {"Самовывоз", "Pickup"}]


@pytest.mark.parametrize(
    ("text", "number", "sure"),
    [
        ("доставка", 1, True),
        ("Доставка 🚚", 1, True),
        ("доставку!", 1, True),
        ("delivery", 1, True),
        ("2", 1, True),
        ("2)", 1, True),
        ("номер 3", 2, True),
        ("третье", 2, True),
        ("first", 0, True),
        ("оплата", 0, False),
        ("хочу доставку", 1, False),
        ("даставка", 1, False),
    ],
)
def test_a_choice_is_known_by_words_number_and_with_a_slip(text: str, number: int, sure: bool) -> None:
    found = choose(CHOICES, text)
    assert found is not None
    assert (found.number, found.sure) == (number, sure)


@pytest.mark.parametrize(
    "text", ["", "4", "0", "не доставка", "доставка или самовывоз", "сколько стоит доставка?", "картой", "привет", "😀"]
)
def test_what_is_no_choice(text: str) -> None:
    assert choose(CHOICES, text) is None


def test_numbers_are_words_where_choices_have_numbers() -> None:
    sizes = [{"42"}, {"44"}, {"46"}]
    assert choose(sizes, "2") is None
    assert choose(sizes, "44") == choose(sizes, "44 ")


def test_a_synonym_of_the_training_data_chooses(tmp_path: Path) -> None:
    steps = "  - {ask: x, say: Куда?, expect: choice, buttons: [Москва, Казань]}\n  - say: '[{{ x }}]'\n"
    talk = talk_about(tmp_path, steps)
    talk.say("/go")
    heard = Understanding(intent="", confidence=0, entities=(Entity(name="city", value="Москва", start=0, end=3),))
    assert texts(talk.say("мск", heard)) == ["[Москва]"]


TEMPLATED = """\
  - set: {n: 42}
  - menu:
      - {text: "Заказ {{ n }}", do: [{say: Ваш заказ}]}
      - {text: Доставка, do: [{say: Везём}]}
    say: Что?
"""


def test_a_choice_with_a_value_in_its_words_is_chosen_by_them(tmp_path: Path) -> None:
    talk = talk_about(tmp_path, TEMPLATED)
    talk.say("/go")
    assert texts(talk.say("заказ 42")) == ["Ваш заказ"]


def test_a_wish_for_something_else_goes_before_a_guess(tmp_path: Path) -> None:
    talk = talk_about(tmp_path, TEMPLATED)
    talk.say("/go")
    assert texts(talk.say("оплатить доставку", meant("payment"))) == ["Картой", "Что?"]
    assert texts(talk.say("оплатить доставку")) == ["Везём"]


def test_a_menu_with_nothing_to_choose_is_not_shown(tmp_path: Path) -> None:
    steps = """\
  - menu: [{text: Тайна, when: "'vip' in customer.tags", do: [{say: Тсс}]}]
    say: Что?
    otherwise: [{say: Пусто}]
"""
    assert texts(talk_about(tmp_path, steps).say("/go")) == ["Пусто"]


# --- pressed twice, pressed late ---

TWICE = """\
  - {ask: a, say: A?, expect: number, confirm: "A {{ a }}?"}
  - {ask: b, say: B?, expect: yes_no, confirm: "Точно?"}
  - {ask: words, say: Слова?}
  - say: "{{ words }}"
"""


def test_a_second_press_on_yes_answers_no_other_question(tmp_path: Path) -> None:
    talk = talk_about(tmp_path, TWICE)
    talk.say("/go")
    button = talk.say("5").replies[0].buttons[0].id
    assert acts(talk.workspace, talk.dialog, button)
    assert texts(talk.press(button, "Да")) == ["B?"]
    assert not acts(talk.workspace, talk.dialog, button)
    before = talk.dialog
    for _ in range(5):
        again = advance(talk.workspace, talk.dialog, Said(text="Да", button=button), talk.scope)
        assert (texts(again), again.dialog) == (["B?"], before)


def test_a_late_press_is_no_text_but_may_start_a_flow(tmp_path: Path) -> None:
    steps = "  - {ask: x, say: Куда?, expect: choice, buttons: [Москва, Казань]}\n  - {ask: words, say: Слова?}\n"
    talk = talk_about(tmp_path, steps)
    button = talk.say("/go").replies[0].buttons[0].id
    talk.press(button, "Москва")
    late = Said(text="Москва", button=button)
    assert texts(advance(talk.workspace, talk.dialog, late, talk.scope)) == ["Слова?"]
    wished = replace(late, understanding=meant("payment"))
    assert texts(advance(talk.workspace, talk.dialog, wished, talk.scope)) == ["Картой", "Слова?"]
