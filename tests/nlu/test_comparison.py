"""Two models on the same texts: the difference, its interval, and whether it could be luck."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from nlu.cases import Case
from nlu.comparison import compare, difference, mcnemar
from nlu.judging import Outcome


def outcomes(*said: str, enough: float = 0.9) -> list[Outcome]:
    return [
        Outcome(case=Case(text=f"t{number}", intent="a" if number % 2 else "b"), said=name, confidence=enough)
        for number, name in enumerate(said)
    ]


@pytest.mark.parametrize(("one", "other"), [(0, 0), (0, 1), (3, 9), (10, 10), (40, 70), (900, 1100), (0, 3000)])
def test_luck_is_the_exact_binomial_test(one: int, other: int) -> None:
    expected = binomtest(one, one + other).pvalue if one + other else 1.0
    assert mcnemar(one, other) == mcnemar(other, one) == pytest.approx(expected, abs=1e-12)


def test_the_same_model_differs_in_nothing() -> None:
    same = outcomes(*"abba" * 20)
    found = compare(same, same, 0.45)
    assert (found.accuracy.more, found.accuracy.low, found.accuracy.high) == (0.0, 0.0, 0.0)
    assert (found.macro_f1.more, found.chance, found.changed) == (0.0, 1.0, ())


def test_a_better_model_is_better_by_more_than_luck() -> None:
    bad, good = outcomes(*"ba" * 10, *"aa" * 40), outcomes(*"ba" * 50)
    found = compare(bad, good, 0.45)
    assert (found.accuracy.before, found.accuracy.after) == (0.6, 1.0)
    assert found.accuracy.low > 0
    assert found.macro_f1.low > 0
    assert (found.only_before, found.only_after) == (0, 40)
    assert found.chance < 0.001
    assert {one.right for one in found.changed} == {"after"}
    back = compare(good, bad, 0.45)
    assert back.accuracy.more == -found.accuracy.more
    assert back.accuracy.high < 0


def test_figures_are_the_same_every_time() -> None:
    one, other = outcomes(*"abab" * 30), outcomes(*"abba" * 30)
    assert compare(one, other, 0.45) == compare(one, other, 0.45)


def test_what_is_no_longer_believed_is_a_changed_decision() -> None:
    sure, unsure = outcomes("b", "a"), outcomes("b", "a", enough=0.3)
    found = compare(sure, unsure, 0.45)
    assert found.accuracy.more == 0
    assert found.decided.more == -1
    assert [(one.before, one.after, one.right) for one in found.changed] == [("a", "", "before"), ("b", "", "before")]


def test_different_texts_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="different texts"):
        compare(outcomes("a"), outcomes("a", "b"), 0.45)


def test_the_interval_is_that_of_resampling() -> None:
    found = difference([(True, False)] * 10 + [(False, True)] * 30 + [(True, True)] * 160)
    assert found.more == pytest.approx(0.1)
    assert found.low == pytest.approx(0.1 - 1.96 * 0.0308, abs=0.02)
    assert found.high == pytest.approx(0.1 + 1.96 * 0.0308, abs=0.02)


def doubtful(said: str, *asks: str, meant: str = "a", confidence: float = 0.3) -> list[Outcome]:
    return [Outcome(case=Case(text="t", intent=meant), said=said, confidence=confidence, asks=asks)]


@pytest.mark.parametrize(
    ("before", "after", "right"),
    [
        (doubtful("a", confidence=0.9), doubtful("a", "a", "b"), "before"),
        (doubtful("a", "a", "b"), doubtful("a", confidence=0.9), "after"),
        (doubtful("a"), doubtful("a", "a", "b"), "after"),
        (doubtful("a"), doubtful("b", "b", "c"), ""),
        (doubtful("a", "a", "b"), doubtful("a", "a", "c"), ""),
        (doubtful("a", meant=""), doubtful("a", "a", "b", meant=""), "before"),
        (doubtful("a", "a", "b", meant=""), doubtful("a", meant=""), "after"),
    ],
)
def test_to_ask_what_is_meant_is_a_decision(before: list[Outcome], after: list[Outcome], right: str) -> None:
    (found,) = compare(before, after, 0.45).changed
    assert found.right == right
    assert (found.before_asks, found.after_asks) == (before[0].asks, after[0].asks)


def test_which_of_the_two_is_asked_about_first_changes_nothing() -> None:
    assert compare(doubtful("a", "a", "b"), doubtful("b", "b", "a"), 0.45).changed == ()
