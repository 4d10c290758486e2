"""Slips of the finger: how far a word may be from the one that was meant."""

from __future__ import annotations

import pytest

from handoff import spelling

WORDS = frozenset({"позовите", "оператор", "человека", "представитель", "human", "person"})


@pytest.mark.parametrize(
    ("one", "other", "edits"),
    [
        ("оператор", "оператор", 0.0),
        ("оператр", "оператор", 1.0),
        ("оперратор", "оператор", 0.5),
        ("опреатор", "оператор", 1.0),
        ("аператор", "оператор", 0.5),
        ("пазавите", "позовите", 1.0),
        ("humam", "human", 0.5),
        ("preson", "person", 1.0),
        ("опера", "оператор", 3.0),
        ("", "ау", 2.0),
    ],
)
def test_edits_are_counted(one: str, other: str, edits: float) -> None:
    assert spelling.distance(one, other) == edits


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("пазавите чиловека!", "позовите человека!"),
        ("Опиратор", "оператор"),
        ("оператооооор", "оператор"),
        ("предстовиттель", "представитель"),  # the longer the word, the more it bears
        ("humam", "human"),
        ("hunam", "hunam"),  # and a short one bears little
        ("операция и опера", "операция и опера"),
        ("persona humans", "persona humans"),
        ("xoператор", "xoператор"),
        ("", ""),
        ("100234 👍", "100234 👍"),
    ],
)
def test_only_what_is_near_is_put_right(said: str, read: str) -> None:
    assert spelling.mended(said, WORDS) == read


def test_short_words_are_not_looked_for() -> None:
    assert spelling.long_enough(["зови", "human", "бот", "позови", "a-b-c-d"]) == {"human", "позови"}


def test_a_very_long_message_costs_little() -> None:
    said = "пазавите " * 5000
    assert spelling.mended(said, WORDS).count("позовите") == 200
    assert spelling.mended("о" * 100_000, WORDS) == "о" * 100_000
