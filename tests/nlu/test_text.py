"""Normalising, patterns and entities by rule."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from estafeta.kernel.patterns import UnsafePattern, compile_pattern
from nlu.data import TrainingData
from nlu.entities import EntityFinder
from nlu.normalise import LONGEST_TEXT, LONGEST_WORD, MOST_WORDS, read, stem, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Где МОЙ заказ?!", ["где", "мой", "заказ"]),
        ("ещё Ёлка", ["еще", "елка"]),
        ("приве-е-ет", ["приве", "е", "ет"]),
        ("приветттт coool", ["приветт", "cool"]),
        ("заказ 10452 от 5", ["заказ", "0000", "от", "0"]),
        ("мо\u0438\u0306 за\u0301каз", ["мой", "заказ"]),
        ("за\u200bк\u00adаз", ["заказ"]),
        ("\ufeff\u202eпривет", ["привет"]),
        ("🙈🙈", ["🙈"]),
        ("мой 🙈", ["мой"]),
        ("ＡＢ １２", ["ab", "00"]),
    ],
)
def test_words_are_normalised(text: str, expected: list[str]) -> None:
    assert words(read(text).text) == expected


def test_stems_follow_the_script() -> None:
    assert stem("доставку") == stem("доставка")
    assert stem("deliveries") == stem("delivery")
    assert stem("订单") == "订单"


@settings(deadline=None)
@given(st.text(alphabet=st.characters(), max_size=4_000))
def test_reading_is_bounded_and_keeps_places(text: str) -> None:
    reading = read(text)
    assert len(reading.text) <= LONGEST_TEXT
    found = words(reading.text)
    assert len(found) <= MOST_WORDS
    assert all(0 < len(word) <= LONGEST_WORD for word in found)
    for at in range(len(reading.text)):
        start, end = reading.span(at, at + 1)
        assert 0 <= start < end <= len(text)


@pytest.mark.parametrize(
    "pattern",
    [
        r"(\d+)+",
        r"(a|aa)+",
        r"(\w*\s*)*x",
        r"\d+\d+\d+",
        r".*.*.*=.*",
        r"(x+x+)+y",
        r"([a-z]+)*",
        r"(\d{1,50}){1,50}",
        r"(\d)\1",
        r"(?i)(\d+)+",
        r"(?i)",
        r"x*",
        r"(?:)",
        r"(",
        r"a" * 501,
        r"a{99999999999999}",
    ],
)
def test_dangerous_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(UnsafePattern):
        compile_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        (r"\d{5,6}", "123456", True),
        (r"\d{5}|\d{6}", "123456", True),
        (r"№?\d{5}", "№12345", True),
        (r"[A-Z]{2}-\d+", "ab-12", True),
        (r"[\w.+-]+@[\w-]+\.[a-z]{2,}", "anna@example.org", True),
        (r"(?:заказ|order) ?\d+", "order 7", True),
        (r"(\d{3})-(\d{2})-(\d{2})", "123-45-67", True),
        (r"[^@\s]+@[^@\s]+", "a@b", True),
        (r"(?i)order-\d+", "Order-7", True),
        (r"(?s)a.b", "a\nb", True),
        (r"\d{5}", "123456", False),
    ],
)
def test_everyday_patterns_are_taken(pattern: str, text: str, matches: bool) -> None:
    assert (compile_pattern(pattern).fullmatch(text) is not None) == matches


@settings(deadline=None)
@given(
    st.recursive(
        st.sampled_from([r"\d", r"\w", "a", "[ab]", "1", "."]),
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["+", "*", "{2,5}", "?"])).map(lambda p: f"(?:{p[0]}){p[1]}"),
            st.tuples(inner, inner).map("".join),
            st.tuples(inner, inner).map(lambda p: f"(?:{p[0]}|{p[1]})"),
        ),
        max_leaves=6,
    ),
    st.sampled_from(["1" * 2_000, "a" * 2_000, "a1" * 1_000, "ab " * 700, "1" * 40 + "!" + "a" * 1_900]),
)
def test_what_is_taken_is_quick_on_any_text(pattern: str, text: str) -> None:
    try:
        finder = EntityFinder(regexes={"e": [pattern + "@"]}, phrases={}, synonyms={})
    except UnsafePattern:
        return
    began = time.process_time()
    finder.find(read(text))
    assert time.process_time() - began < 0.5


@pytest.fixture(scope="module")
def finder(shop: TrainingData) -> EntityFinder:
    return EntityFinder.of(shop)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("заказ 10452, пожалуйста", [("order_number", "10452", "10452")]),
        ("заказ №10452.", [("order_number", "№10452", "№10452")]),
        ("10452 и 20817", [("order_number", "10452", "10452"), ("order_number", "20817", "20817")]),
        ("телефон 79991234567", []),
        ("код abc12345", []),
        ("12345abc", []),
        ("доставка в МОСКВЕ", [("city", "Москва", "МОСКВЕ")]),
        ("еду в нижний новгород", [("city", "Нижний Новгород", "нижний новгород")]),
        ("в санкт-петербурге", [("city", "Санкт-Петербург", "санкт-петербурге")]),
        ("живу в спб", [("city", "Санкт-Петербург", "спб")]),
        ("за\u200bказ 10\u200b452", [("order_number", "10452", "10\u200b452")]),
        ("🙈🙉 10452", [("order_number", "10452", "10452")]),
    ],
)
def test_entities_by_rule(finder: EntityFinder, text: str, found: list[tuple[str, str, str]]) -> None:
    entities = finder.find(read(text))
    assert [(e.name, e.value, text[e.start : e.end]) for e in entities] == found


def test_a_finder_comes_back_from_its_plain_form(finder: EntityFinder) -> None:
    again = EntityFinder.from_plain(finder.to_plain())
    text = read("заказ 10452 в спб")
    assert again.find(text) == finder.find(text)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_entities_lie_inside_any_text(text: str) -> None:
    finder = EntityFinder(
        regexes={"n": [r"\d{1,9}"], "w": [r"[a-zа-я]{3,9}"]}, phrases={"c": {"a b": "A"}}, synonyms={}
    )
    for entity in finder.find(read(text)):
        assert 0 <= entity.start < entity.end <= len(text)
