"""What intents' names tell of each other, and what a regression makes of it."""

from __future__ import annotations

import numpy as np
import pytest

from nlu.kinship import SHARED, kinship
from nlu.normalise import LONGEST_WORD
from nlu.regression import regress


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        ("order_status", "order_cancel", 1),
        ("order_status", "orders-statuses", 2),
        ("faq/order", "order_cancel", 1),
        ("HassTurnOn", "HassTurnOff", 2),
        ("заказ_статус", "отмена_заказа", 1),
        ("статусЗаказа", "отменаЗаказа", 1),
        ("order1", "order2", 1),
        ("greet", "goodbye", 0),
        ("a_1", "b_1", 0),
        ("1", "2", 0),
    ],
)
def test_names_are_akin_by_the_words_they_share(one: str, other: str, words: int) -> None:
    covariance = kinship([one, other, "something_else"])
    assert covariance[0, 1] == covariance[1, 0] == pytest.approx(SHARED * words)
    assert covariance[0, 2] == covariance[1, 2] == 0
    assert covariance.diagonal().tolist() == pytest.approx([1 + SHARED * words, 1 + SHARED * words, 1])


def test_names_without_common_words_change_nothing() -> None:
    np.testing.assert_array_equal(kinship(["greet", "thanks", "refund"]), np.eye(3))


def test_any_names_make_a_covariance() -> None:
    names = ["", "_", "x" * 10_000, "x" * LONGEST_WORD, "ǅ_ﬁ", "İ", "a_a_a", "A", "order", "order "]
    covariance = kinship(names)
    np.testing.assert_array_equal(covariance, covariance.T)
    assert np.linalg.eigvalsh(covariance).min() > 0.99


def some_texts() -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float32]], np.ndarray[tuple[int], np.dtype[np.intp]]]:
    random = np.random.default_rng(3)
    labels = np.repeat(np.arange(4), 30)
    return (random.normal(size=(120, 12)) + 0.5 * labels[:, None]).astype(np.float32), labels


def test_the_regression_is_at_the_lowest_point_of_what_it_says() -> None:
    features, labels = some_texts()
    covariance = kinship(["order_status", "order_cancel", "refund_status", "greet"])
    weights, bias = regress(features, labels, strength=2.0, tolerance=1e-6, kinship=covariance)
    logits = features @ weights + bias
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    shares[np.arange(120), labels] -= 1
    loss = features.T @ shares / 120
    penalty = weights @ np.linalg.inv(covariance) / (2.0 * 120)
    np.testing.assert_allclose(loss, -penalty, atol=1e-4)
    assert np.abs(penalty).max() > 1e-3


def test_labels_that_are_not_akin_are_learnt_as_if_nothing_were_told() -> None:
    features, labels = some_texts()
    told = regress(features, labels, strength=2.0, tolerance=1e-6, kinship=kinship(["a", "b", "c", "d"]))
    untold = regress(features, labels, strength=2.0, tolerance=1e-6)
    for one, other in zip(told, untold, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)


def test_what_is_learnt_of_one_intent_is_thought_of_its_kin() -> None:
    """The first feature was seen with `order_status` only."""
    features = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]] * 5, dtype=np.float32)
    names = ["order_status", "order_cancel", "greet"]
    weights, _ = regress(features, np.array([0, 1, 2] * 5), strength=20.0, tolerance=1e-6, kinship=kinship(names))
    own, kin, stranger = weights[0]
    assert own > kin > stranger
