"""Words typed in other letters, on other keys, or wrong."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlu.normalise import LONGEST_WORD, MOST_WORDS, read, words
from nlu.spelling import Spelling
from tests.contracts.understander_contract import HOSTILE

TEXTS = [
    "где мой заказ",
    "привет",
    "хочу вернуть товар",
    "позовите оператора",
    "сколько стоит доставка",
    "оплата картой щётка",
    "hello where is my order",
    "delivery to the city",
    "заказ 12345",
    "👍",
]


@pytest.fixture(scope="module")
def spelling() -> Spelling:
    return Spelling.of([words(text) for text in TEXTS])


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ghbdtn", "привет"),
        ("Ghbdtn!", "привет"),
        ("руддщ", "hello"),
        ("ult vjq pfrfp&", "где мой заказ"),
        ("jgkfnf rfhnjq", "оплата картой"),
        ("gde moy zakaz", "где мой заказ"),
        ("gde moj zakaz?", "где мой заказ"),
        ("pozovite operatora", "позовите оператора"),
        ("shchetka", "щетка"),
        ("приветтттт", "привет"),
        ("достпвка", "доставка"),
        ("дотсавка", "доставка"),
        ("доставкка", "доставка"),
        ("достака", "доставка"),
        ("delivrey", "delivery"),
        ("где мой order", "где мой order"),
        ("where is my заказ", "where is my заказ"),
        ("заказ 777", "заказ 000"),
        ("where is the moon", "where is the moon"),
        ("где мoй зaкaз", "где мой заказ"),
        ("hеllo", "hello"),
        ("𝐰𝐡𝐞𝐫𝐞 is my ｏｒｄｅｒ", "where is my order"),
        ("👍🏽👍🏽❤️", "👍"),
        ("🐍", ""),
        ("где мой заказ 😡🐍", "где мой заказ"),
        ("йцукен", "йцукен"),
        ("qwkjh zxmnv", "qwkjh zxmnv"),
    ],
)
def test_words_are_those_that_were_meant(spelling: Spelling, typed: str, meant: str) -> None:
    assert spelling.words(read(typed).text) == meant.split()


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_known_stays(spelling: Spelling, text: str) -> None:
    assert spelling.words(text) == words(text)


def test_a_real_word_is_no_mistake(spelling: Spelling) -> None:
    assert spelling.words("заказц") == ["заказ"]
    assert spelling.words("заказц", lambda word: word == "заказц") == ["заказц"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("зказ", "заказ"), ("ordr", "order"), ("oder", "order"), ("odrer", "order"), ("рказ", "рказ"), ("orde", "order")],
)
def test_words_of_four_letters_are_corrected_where_others_can_be_told_from_mistakes(typed: str, meant: str) -> None:
    spelling = Spelling.of([["где", "мой", "заказ", "where", "is", "my", "order"]])
    assert spelling.words(typed, lambda _: False) == [meant]
    assert spelling.words(typed, lambda _: True) == [typed]
    assert len(typed) == 5 or spelling.words(typed) == [typed]


def test_on_the_other_keys_real_words_are_found_beside_known_ones(spelling: Spelling) -> None:
    def real(word: str) -> bool:
        return word in ("не", "пришел")

    assert spelling.words("ult vjq pfrfp yt ghbitk iphone", real) == ["где", "мой", "заказ", "не", "пришел", "iphone"]
    assert spelling.words("hello yt ghbitk", real) == ["hello", "yt", "ghbitk"]


def test_a_language_that_the_data_lack_is_left_alone() -> None:
    english = Spelling.of([["hello", "order"]])
    assert english.words("ghbdtn zakaz") == ["ghbdtn", "zakaz"]
    russian = Spelling.of([["привет", "заказ"]])
    assert russian.words("руддщ") == ["руддщ"]


def test_spelling_comes_back_from_its_plain_form(spelling: Spelling) -> None:
    again = Spelling.from_plain(spelling.to_plain())
    assert again.words("ghbdtn достпвка") == spelling.words("ghbdtn достпвка")


@settings(deadline=None)
@given(st.text(max_size=400))
def test_any_text_has_its_words(spelling: Spelling, text: str) -> None:
    found = spelling.words(read(text).text)
    assert len(found) <= MOST_WORDS
    assert all(0 < len(word) <= 2 * LONGEST_WORD for word in found)


@pytest.mark.parametrize("name", HOSTILE)
def test_repair_is_bounded(spelling: Spelling, name: str) -> None:
    text = read(HOSTILE[name]).text
    times = []
    for _ in range(3):
        began = time.process_time()
        spelling.words(text)
        times.append(time.process_time() - began)
    assert min(times) < 0.02
