"""The regression's shortcuts change what it costs, and nothing that it learns."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from nlu import regression
from nlu.kinship import kinship
from nlu.pipeline import softmax
from nlu.regression import Floats, Objective, minimise, regress

TEXTS, LABELS = 300, 4


def problem() -> tuple[sparse.csr_matrix, np.ndarray[tuple[int], np.dtype[np.intp]]]:
    """Sparse features that hint at the label, every third of them there thrice."""
    random = np.random.default_rng(11)
    labels = random.integers(LABELS, size=TEXTS).astype(np.intp)
    hints = random.random((LABELS, 60)) ** 4
    features = (random.random((TEXTS, 60)) < hints[labels]) * random.random((TEXTS, 60))
    columns = np.concatenate((np.arange(60), np.arange(0, 60, 3), np.arange(0, 60, 3)))
    return sparse.csr_matrix(features[:, columns], dtype=np.float32), labels


def learnt(features: sparse.csr_matrix | Floats, start: Floats | None = None) -> tuple[Floats, Floats]:
    _, labels = problem()
    akin = kinship(("pay_card", "pay_cash", "where", "when"))
    return regress(features, labels, strength=20.0, tolerance=1e-5, kinship=akin, start=start)


def said(learnt: tuple[Floats, Floats]) -> Floats:
    """The probabilities of the texts' labels: of the weights, single precision leaves some two hundredths open."""
    features, _ = problem()
    return softmax(np.asarray(features @ learnt[0] + learnt[1]))


def test_equal_columns_learn_what_they_would_learn_one_by_one() -> None:
    features, _ = problem()
    merged = learnt(features)
    apart = learnt(np.asarray(features.todense(), dtype=np.float32))  # vectors are never merged
    np.testing.assert_allclose(said(merged), said(apart), atol=0.005)
    np.testing.assert_array_equal(merged[0][60:80], merged[0][0:60:3])


def test_a_start_saves_steps_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    features, _ = problem()
    asked: list[int] = []

    def counted(objective: Objective, point: Floats, tolerance: float, most_steps: int) -> Floats:
        asked.append(0)

        def once(at: Floats) -> tuple[float, Floats]:
            asked[-1] += 1
            return objective(at)

        return minimise(once, point, tolerance, most_steps)

    monkeypatch.setattr(regression, "minimise", counted)
    found = learnt(features)
    again = learnt(features, start=7 * found[0])  # of another size: that is found
    np.testing.assert_allclose(said(again), said(found), atol=0.005)
    assert asked[1] < 0.8 * asked[0]


def test_a_start_that_says_nothing_is_as_good_as_none() -> None:
    features, _ = problem()
    found = learnt(features)
    again = learnt(features, start=np.zeros_like(found[0]))
    np.testing.assert_allclose(said(again), said(found), atol=0.005)
