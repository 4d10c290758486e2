"""Personal data in what is kept for review: taken out however people write it, and little else."""

from __future__ import annotations

import re
import time

import pytest

from estafeta.app.reviewing import masked


@pytest.mark.parametrize(
    "said",
    [
        "+7 (903) 123-45-67", "8 903 123–45–67", "8_903_123_45_67", "8/903/123/45/67", "8903*1234567",
        "8 (903) - 123 - 45 - 67", "8   903   123   45   67", "8\u200b903\u200b123\u200b45\u200b67",
        "8\u00a0903\u00a0123\u00a045\u00a067", "9\u00ad0\u00ad3\u00ad1234567", "+44 20 7946 1958",
        "4276 1234 5678 9123", "4276-1234-5678-9123", "СНИЛС 112-233-445 95", "DE89 3704 1244 1532 2130",
    ],
)  # fmt: skip
def test_a_long_number_is_found_however_it_is_written(said: str) -> None:
    digits = re.sub(r"\D", "", said)
    left = re.sub(r"\D", "", masked(f"перезвоните, {said}!"))
    assert len(left) == len(digits)
    assert not re.search(r"[2-9]\d*[2-9]", left[1:]), left


@pytest.mark.parametrize(
    "said",
    [
        "ivan.p@mail.ru", "IVAN@MAIL.RU", "ivan@почта.рф", "ivan (at) mail.ru", "ivan [at] gmail [dot] com",
        "ivan @ mail.ru", "ivan@mail", '"ivan p"@mail.ru', "ivan’s@gmail.com", "ivan собака mail точка ru",
        "ivan собака mail.ru", "i\u200bvan@mail.ru",
    ],
)  # fmt: skip
def test_an_address_of_mail_is_found_however_it_is_written(said: str) -> None:
    left = masked(f"пишите на {said} пожалуйста")
    assert "@example.org" in left
    assert "mail.ru" not in left
    assert "gmail" not in left


@pytest.mark.parametrize(
    ("said", "gone"),
    [
        ("меня зовут иван петров", "иван петров"),
        ("ИВАНОВ ИВАН ИВАНОВИЧ", "ИВАНОВ ИВАН ИВАНОВИЧ"),
        ("сидоров п.с. получает", "сидоров"),
        ("это ольга сергеевна", "сергеевна"),
        ("моя фамилия Кузнецов-Щербаков", "Кузнецов Щербаков"),
        ("зовут меня Артём", "Артём"),
        ("my name's John Smith", "John Smith"),
        ("This is Kate O'Neil speaking", "Kate Neil"),
        ("call me Bob Marley", "Bob Marley"),
        ("ул. Ленина, д. 57, кв. 12", "Ленина 57 12"),
        ("ленина 57 кв 12", "12"),
        ("живу на улице 8 Марта, дом 57", "Марта 57"),
        ("Невский проспект 10", "Невский 10"),
        ("Москва, Тверская 7, подъезд 3", "Тверская 7 3"),
        ("10 Downing Street, London SW1A 2AA", "10 Downing SW1A 2AA"),
        ("карта 4276, cvv 123", "123"),
        ("код из смс 4821", "4821"),
        ("паспорт серия 4508", "4508"),
        ("пароль qwerty123", "qwerty123"),
        ("родился 12.03.1985", "1985"),
        ("машина а123вс77", "а123вс77"),
        ("t.me/ivan_petrov и vk.com/id77", "ivan_petrov id77"),
        ("пишите @ivan_petrov", "ivan_petrov"),
    ],
)
def test_what_tells_of_one_person_is_replaced(said: str, gone: str) -> None:
    left = masked(said).split()
    assert left
    assert not {word.casefold() for word in gone.split()} & {word.casefold().strip(".,") for word in left}


@pytest.mark.parametrize(
    "said",
    [
        "ГДЕ МОЙ ЗАКАЗ", "вера в лучшее", "роза и лев", "иван ответил", "до какого дома довезёте", "подъезд к дому",
        "я люблю улицу", "улица по соседству", "какая площадь", "код не приходит", "промокод ПОЛКА10",
        "забыл пароль от кабинета", "фамилия указана неверно",
        "пароль не подходит", "с 10:00 до 18:00", "1–2 дня", "12/03/2026 и 31/12/26",
        "look at shop.ru", "this is wrong", "call me back", "i'm late", "can I call a person at home", "1500 рублей",
        "😀 котики где?", "моя собака, можно?",
    ],
)  # fmt: skip
def test_other_words_stay(said: str) -> None:
    assert masked(said) == said


def test_a_text_is_masked_alike_whoever_took_part() -> None:
    said = "меня зовут Иван, заказ 100234"
    assert masked(said) == masked(said, ["Анна", "Борис Смирнов"]) == masked(said, ["Иван"])
    assert "Гульназ" not in masked("гульназ это я, Гульназ", ["Гульназ"])


@pytest.mark.parametrize("piece", ["1 - ", "a.", "ул. ", "д. ", "I am ", "иван ", "собака ", "\u200d", "@a", "код из "])
def test_a_hostile_text_takes_no_time(piece: str) -> None:
    begun = time.process_time()
    masked((piece * 500)[:500])
    assert time.process_time() - begun < 1
