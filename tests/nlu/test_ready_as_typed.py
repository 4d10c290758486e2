"""Ready-made entities, all switched on, as customers type them: what each text has in it, and nothing else."""

from __future__ import annotations

import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from nlu import ready
from nlu.normalise import read
from nlu.ready import Setting

NOW = datetime(2026, 11, 25, 14, 30, tzinfo=ZoneInfo("Europe/Moscow"))
"""A Wednesday."""
HERE = Setting(at=NOW)


def found(text: str, setting: Setting = HERE) -> list[str]:
    """As `time: 2026-11-26`, in the order of the text."""
    return [f"{each.name}: {each.value.replace('+03:00', '')}" for each in ready.find(text, ready.NAMES, setting)]


DAYS = {
    "25.12": "2026-12-25",
    "доставка 25.12": "2026-12-25",
    "25.12 можно?": "2026-12-25",
    "на 1.12": "2026-12-01",
    "25/12": "2026-12-25",
    "номер заказа забыл, был 24.11": "2026-11-24",
    "1.12.2026г.": "2026-12-01",
    "5 нояб.": "2026-11-05",
    "nov. 27": "2026-11-27",
    "на 17 число": "2026-12-17",
    "после завтра": "2026-11-27",
    "с завтрашнего дня": "2026-11-26",
    "зафтра": "2026-11-26",
    "tmr": "2026-11-26",
    "в пн": "2026-11-30",
    "on fri": "2026-11-27",
    "since monday": "2026-11-23",
    "в след пятницу": "2026-12-04",
    "на следующей неделе в четверг": "2026-12-03",
    "в четверг на следующей неделе": "2026-12-03",
    "monday next week": "2026-11-30",
    "в пятницу, 27 ноября": "2026-11-27",
    "27 ноября (пятница)": "2026-11-27",
    "friday the 27th": "2026-11-27",
    "заказ от 20 ноября": "2026-11-20",
    "заказ от 3 марта": "2026-03-03",
    "20 ноября заказывал": "2026-11-20",
    "полгода назад": "2026-05-25",
    "через недельку": "2026-12-02",
    "дня через три": "2026-11-28",
    "in a couple of days": "2026-11-27",
    "до конца дня": "2026-11-25",
    "31-12-2026": "2026-12-31",
    "2026.12.31": "2026-12-31",
    "two days from now": "2026-11-27",
    "a week from today": "2026-12-02",
}
SPANS = {
    "с 25.12 по 28.12": "2026-12-25/2026-12-29",
    "25.12-28.12": "2026-12-25/2026-12-29",
    "25-28 декабря": "2026-12-25/2026-12-29",
    "с 25-го по 28-е декабря": "2026-12-25/2026-12-29",
    "from the 25th to the 28th of december": "2026-12-25/2026-12-29",
    "dec 25th - 28th": "2026-12-25/2026-12-29",
    "from dec 25 to dec 28": "2026-12-25/2026-12-29",
    "с 28.12 по 5.01": "2026-12-28/2027-01-06",
    "01.12.2026-05.12.2026": "2026-12-01/2026-12-06",
    "с пн по пт": "2026-11-30/2026-12-05",
    "mon-fri": "2026-11-30/2026-12-05",
    "monday to friday": "2026-11-30/2026-12-05",
    "через 2-3 дня": "2026-11-27/2026-11-29",
    "до конца недели": "2026-11-25/2026-11-30",
    "by the end of the month": "2026-11-25/2026-12-01",
    "в декабре": "2026-12-01/2027-01-01",
    "until may 2028": "2028-05-01/2028-06-01",
    "завтра после обеда": "2026-11-26T13:00/2026-11-26T18:00",
    "завтра во второй половине дня": "2026-11-26T12:00/2026-11-26T18:00",
    "в субботу с утра": "2026-11-28T06:00/2026-11-28T12:00",
    "к вечеру": "2026-11-25T18:00/2026-11-26T00:00",
    "last night": "2026-11-24T18:00/2026-11-25T00:00",
    "sat morning": "2026-11-28T06:00/2026-11-28T12:00",
    "с 9 утра до 6 вечера": "2026-11-26T09:00/2026-11-26T18:00",
    "завтра 18-20": "2026-11-26T18:00/2026-11-26T20:00",
    "завтра с 3х до 5ти": "2026-11-26T15:00/2026-11-26T17:00",
    "9am to 5pm tomorrow": "2026-11-26T09:00/2026-11-26T17:00",
    "с 14.00 до 16.00": "2026-11-26T14:00/2026-11-26T16:00",
    "завтра 14.00-16.00": "2026-11-26T14:00/2026-11-26T16:00",
    "с 10.12 до 15.12": "2026-12-10/2026-12-16",
    "monday 9-5": "2026-11-30T09:00/2026-11-30T17:00",
    "через 2-3 часа": "2026-11-25T16:30/2026-11-25T17:30",
}
MOMENTS = {
    "завтра часов в 5": "2026-11-26T17:00",
    "завтра где-то в 3": "2026-11-26T15:00",
    "завтра примерно в три": "2026-11-26T15:00",
    "завтра около трёх": "2026-11-26T15:00",
    "завтра не раньше 15": "2026-11-26T15:00",
    "завтра в 18-30": "2026-11-26T18:30",
    "завтра в 20 00": "2026-11-26T20:00",
    "в двадцать один ноль ноль": "2026-11-25T21:00",
    "к 3м часам": "2026-11-25T15:00",
    "после 18": "2026-11-25T18:00",
    "без четверти три": "2026-11-25T14:45",
    "четверть третьего": "2026-11-26T14:15",
    "пол второго": "2026-11-26T13:30",
    "минут через 20": "2026-11-25T14:50",
    "in an hour and a half": "2026-11-25T16:00",
    "через 2 с половиной часа": "2026-11-25T17:00",
    "nov. 27 at 4:30pm": "2026-11-27T16:30",
    "fri at 3": "2026-11-27T15:00",
    "at 5:30": "2026-11-25T17:30",
    "в 7:05": "2026-11-26T07:05",
    "ten past five": "2026-11-25T17:10",
    "five o'clock": "2026-11-25T17:00",
    "27 ноября (пятница) в 15:00": "2026-11-27T15:00",
    "25.11 10:30": "2026-11-25T10:30",
    "25.12 14.00": "2026-12-25T14:00",
    "10.30am": "2026-11-26T10:30",
    "in about an hour": "2026-11-25T15:30",
    "завтра в пол 6": "2026-11-26T17:30",
    "завтра в половину шестого": "2026-11-26T17:30",
    "завтра к часу": "2026-11-26T13:00",
    "2026-12-01T15:00": "2026-12-01T15:00",
}
MONEY = {
    "1,5 тыс руб": "1500 RUB",
    "2к руб": "2000 RUB",
    "$2k": "2000 USD",
    "$1.5m": "1500000 USD",
    "$ 20": "20 USD",
    "US$20": "20 USD",
    "usd 5": "5 USD",
    "рублей 500": "500 RUB",
    "€1.500,50": "1500.50 EUR",
    "$1,500.50": "1500.50 USD",
    "$1,500": "1500 USD",
    "1.500 руб": "1500 RUB",
    "1\u00a0500 ₽": "1500 RUB",
    "1234.56 GBP": "1234.56 GBP",
    "5 т.р.": "5000 RUB",
    "10 тыр": "10000 RUB",
    "тыща рублей": "1000 RUB",
    "полтораста рублей": "150 RUB",
    "два с половиной миллиона рублей": "2500000 RUB",
}
NUMBERS = {
    "2к": "2000",
    "5 косарей": "5000",
    "1,500 books": "1500",
    "вес 1,500": "1.5",
    "1,500,000": "1500000",
    "1.500.000": "1500000",
    "сто сорок две тысячи": "142000",
    "двести пятдесят": "250",
    "одинадцать": "11",
    "twelve hundred": "1200",
    "one and a half": "1.5",
    "two and a half million": "2500000",
    "нас трое": "3",
    "две дюжины": "24",
    "два десятка": "20",
    "5шт": "5",
    "жду уже 3 дня": "3",
    "цена 25.12": "25.12",
    "25.12 кг": "25.12",
    "в 5.30 кг": "5.3",
    "в 2.5 раза": "2.5",
}
PHONES = {
    "89031234567": "+79031234567",
    "мой номер 9031234567.": "+79031234567",
    "79031234567": "+79031234567",
    "0049 30 123456": "+4930123456",
    "810 49 30 123456": "+4930123456",
    "тел.8(903)1234567": "+79031234567",
    "8.903.123.45.67": "+79031234567",
    "8 (495) 123-45-67 доб. 123": "+74951234567",
    "+375 29 123-45-67": "+375291234567",
}
EMAILS = {
    "почта-anna@example.org": "anna@example.org",
    "почта:anna@example.org,": "anna@example.org",
    "e-mail=anna@example.org": "anna@example.org",
    "«anna@example.org»...": "anna@example.org",
    "anna@example.orgпривет": "anna@example.org",
    "anna@example.org.Жду": "anna@example.org",
    "anna@example.org.Please": "anna@example.org",
    "anna@example.org—это я": "anna@example.org",
    "Anna.K@Shop.Example.Org": "Anna.K@shop.example.org",
    "müller@example.org": "müller@example.org",
    "иванов@почта.рф": "иванов@почта.рф",
}
ONE = [
    (text, f"{name}: {value}")
    for name, table in (
        ("time", DAYS | SPANS | MOMENTS), ("amount-of-money", MONEY), ("number", NUMBERS), ("phone-number", PHONES),
        ("email", EMAILS),
    )
    for text, value in table.items()
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), ONE, ids=[text for text, _ in ONE])
def test_one_thing_is_found_and_nothing_beside_it(text: str, expected: str) -> None:
    assert found(text) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("anna@example.org/bob@example.org", ["email: anna@example.org", "email: bob@example.org"]),
        ("1000-2000 руб", ["amount-of-money: 1000 RUB", "amount-of-money: 2000 RUB"]),
        ("от 5 до 10 тысяч рублей", ["amount-of-money: 5000 RUB", "amount-of-money: 10000 RUB"]),
        ("$10-20", ["amount-of-money: 10 USD", "amount-of-money: 20 USD"]),
        ("5 рублей 500 штук", ["amount-of-money: 5 RUB", "number: 500"]),
        ("2-3 тысячи", ["number: 2000", "number: 3000"]),
        ("2-3 дня", ["number: 2", "number: 3"]),
        ("дом 25/12", ["number: 25", "number: 12"]),
        ("завтра - 30", ["time: 2026-11-26", "number: 30"]),
        ("пн или вт", ["time: 2026-11-30", "time: 2026-12-01"]),
        (
            "заказ №100272, сумма 1500 руб., тел 89031234567",
            ["number: 100272", "amount-of-money: 1500 RUB", "phone-number: +79031234567"],
        ),
        (
            "позвоните 25.12 в 15:00 на 8 903 123-45-67",
            ["time: 2026-12-25T15:00", "phone-number: +79031234567"],
        ),
        ("25 декабря 1500 рублей", ["time: 2026-12-25", "amount-of-money: 1500 RUB"]),
        ("с 10 до 12 25 декабря", ["time: 2026-12-25T10:00/2026-12-25T12:00"]),
        ("карта 4276 1234 5678 9012", ["number: 4276", "number: 1234", "number: 5678", "number: 9012"]),
    ],
)
def test_what_stands_together_is_told_apart(text: str, expected: list[str]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "I sat down",
        "the sun is up",
        "may I ask",
        "march to the store",
        "несколько дней назад",
        "жду неделю",
        "доброго дня",
        "с утра жду",
        "через раз",
        "with and a half",
        "с половиной",
        "x2",
        "anna@mail",
        "в любой день",
    ],
)
def test_nothing_is_made_up(text: str) -> None:
    assert found(text) == []


def test_an_hour_is_an_hour_when_clocks_are_changed() -> None:
    night = Setting(at=datetime(2027, 3, 28, 1, 30, tzinfo=ZoneInfo("Europe/Berlin")))
    assert found("in 2 hours", night) == ["time: 2027-03-28T04:30+02:00"]


HOSTILE = {
    "digits": "1" * 1_000_000,
    "brackets": "[[[" * 333_333,
    "dates": "25.12.2026 " * 90_000,
    "dates in words": "с 25 по 28 декабря в 15:00 " * 40_000,
    "numerals": "сто сорок две тысячи пятьсот тридцать " * 27_000,
    "halves": "с половиной " * 90_000,
    "dashes": "1-2-3-" * 160_000,
    "weekdays": "пн-" * 300_000,
    "weeks": "в пятницу на следующей неделе " * 30_000,
    "signs": "$ " * 400_000,
    "thousands": "1,500," * 160_000,
    "from abroad": "00" * 500_000,
    "ranges of money": "10-20 руб " * 100_000,
    "two alphabets": ("п-" * 31 + "a@b.ru ") * 15_000,
    "around": "где-то около " * 80_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_megabyte_is_bounded_work_for_all_of_them_together(text: str) -> None:
    """At best of three: the machine may stop us at any time, the code may not."""
    ready.load(ready.NAMES)
    spent = []
    for _ in range(3):
        began = time.thread_time()
        ready.find(read(text).text, ready.NAMES, HERE)
        spent.append(time.thread_time() - began)
    assert min(spent) < 0.1
