"""What outcomes amount to: held to scikit-learn where it has the same figure, and to counting by hand."""

from __future__ import annotations

import random

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_recall_fscore_support, roc_auc_score

from nlu.cases import Case
from nlu.figures import figures, interval, macro_f1
from nlu.judging import Outcome

INTENTS = ("greet", "order", "thanks", "return")


def outcome(intent: str, said: str, confidence: float = 0.9, text: str = "x", **more: object) -> Outcome:
    entities = more.get("entities")
    case = Case(text=text, intent=intent, entities=entities)  # type: ignore[arg-type]
    return Outcome(case=case, said=said, confidence=confidence, entities=more.get("found"))  # type: ignore[arg-type]


@pytest.fixture
def many() -> list[Outcome]:
    drawing = random.Random(7)
    found = []
    for number in range(400):
        true = drawing.choice((*INTENTS, ""))
        said = true if true and drawing.random() < 0.8 else drawing.choice(INTENTS)
        confidence = drawing.choice((0.1, 0.3, 0.5, 0.5, 0.7, 0.9)) if true else drawing.random() * 0.6
        found.append(outcome(true, said, confidence, str(number)))
    return found


def test_each_intents_figures_are_those_of_scikit_learn(many: list[Outcome]) -> None:
    own = [one for one in many if one.case.intent]
    true, said = [one.case.intent for one in own], [one.said for one in own]
    precision, recall, f1, count = precision_recall_fscore_support(true, said, labels=INTENTS)
    found = {one.name: one for one in figures(many, 0.45).intents}
    for at, name in enumerate(INTENTS):
        one = found[name]
        assert (one.precision, one.recall, one.f1) == pytest.approx((precision[at], recall[at], f1[at]))
        assert one.examples == count[at]
    assert macro_f1(true, said) == pytest.approx(f1_score(true, said, average="macro"))
    assert figures(many, 0.45).macro_f1 == pytest.approx(macro_f1(true, said))


def test_telling_others_texts_is_measured_as_scikit_learn_does(many: list[Outcome]) -> None:
    found = figures(many, 0.45).scope
    assert found is not None
    own, confidences = [bool(one.case.intent) for one in many], [one.confidence for one in many]
    assert found.auroc == pytest.approx(roc_auc_score(own, confidences))
    others = [one for one in many if not one.case.intent]
    assert found.texts == len(others)
    assert found.answered == pytest.approx(sum(one.confidence >= 0.45 for one in others) / len(others))
    shares = [(point.own, point.others) for point in found.points]
    assert shares[0] == (1.0, 1.0)
    assert shares == sorted(shares, reverse=True)


def test_every_text_is_in_the_pictures_once(many: list[Outcome]) -> None:
    found = figures(many, 0.45)
    own = sum(bool(one.case.intent) for one in many)
    assert sum(count for _, _, count in found.confusions) == own == found.examples
    assert sum(bar.right + bar.wrong for bar in found.histogram) == own
    assert sum(bar.nobodys for bar in found.histogram) == len(many) - own
    assert sum(point.texts for point in found.calibration) == own
    wrong = [one for one in many if not one.right(0.45)]
    assert len(found.mistakes) == len(wrong)
    assert found.decided == pytest.approx(1 - len(wrong) / len(many))


def test_what_is_believed_wrongly_comes_first() -> None:
    found = figures(
        [outcome("a", "b", 0.6, "sure"), outcome("a", "a", 0.2, "unsure"), outcome("", "a", 0.95, "other")], 0.45
    )
    assert [(one.text, one.believed) for one in found.mistakes] == [("other", True), ("sure", True), ("unsure", False)]


def test_the_intents_of_nobody_are_not_believed() -> None:
    found = figures([outcome("", "out_of_scope", 0.99), outcome("a", "a")], 0.45)
    assert found.scope is not None
    assert (found.decided, found.scope.answered, found.scope.auroc) == (1.0, 0.0, 1.0)


def test_entities_count_where_somebody_says_what_they_are() -> None:
    marked = {"city": ("Тверь",)}
    outcomes = [
        outcome("a", "a", entities=marked, found={"city": ("Тверь",)}), outcome("a", "a", entities=marked, found={}),
        outcome("a", "a", found={"city": ("Тверь",)}),
    ]  # fmt: skip
    found = figures(outcomes, 0.45)
    assert (found.entity_texts, found.entities_exact) == (2, 1)
    assert (figures(outcomes[2:], 0.45).entity_texts, figures(outcomes[2:], 0.45).entities) == (0, ())


def test_each_entity_is_judged_by_its_values() -> None:
    outcomes = [
        outcome("a", "a", entities={"city": ("Омск", "Уфа")}, found={"city": ("Омск",), "number": ("5",)}),
        outcome("a", "a", entities={"number": ("2", "2")}, found={"number": ("2",), "city": ("Омск",)}),
        outcome("a", "a", entities={}, found={"city": ("Омск",), "time": ("2026-11-24",)}),
        outcome("a", "a", entities={"city": ("Омск",)}, found=None),
    ]
    rows = [(one.name, one.marks, one.precision, one.recall, one.f1) for one in figures(outcomes, 0.45).entities]
    third = pytest.approx(1 / 3)
    assert rows == [
        ("", 5, pytest.approx(2 / 5), pytest.approx(2 / 5), pytest.approx(2 / 5)),
        ("city", 3, third, third, third),
        ("number", 2, 0.5, 0.5, 0.5),
    ]


def test_nothing_judged_is_no_division_by_zero() -> None:
    found = figures([], 0.45)
    assert (found.examples, found.accuracy, found.ece, found.scope, found.interval) == (0, 0.0, 0.0, None, (0.0, 1.0))


@pytest.mark.parametrize(("hits", "of"), [(0, 10), (5, 10), (10, 10), (950, 1000)])
def test_the_interval_holds_the_share_and_shrinks_with_more_texts(hits: int, of: int) -> None:
    low, high = interval(hits, of)
    assert 0 <= low <= hits / of <= high <= 1
    narrow = interval(100 * hits, 100 * of)
    assert narrow[1] - narrow[0] < (high - low) / 5


def test_the_interval_misses_the_truth_about_once_in_twenty() -> None:
    drawn = np.random.default_rng(3).binomial(200, 0.9, size=2000)
    missed = sum(not interval(int(hits), 200)[0] <= 0.9 <= interval(int(hits), 200)[1] for hits in drawn)
    assert 0.02 <= missed / 2000 <= 0.08
