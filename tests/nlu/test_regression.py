"""The regression's shortcuts change what it costs, and nothing that it learns."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from nlu import regression
from nlu.kinship import kinship
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


def test_equal_columns_learn_what_they_would_learn_one_by_one() -> None:
    features, _ = problem()
    weights, bias = learnt(features)
    apart, offsets = learnt(np.asarray(features.todense(), dtype=np.float32))  # vectors are never merged
    np.testing.assert_allclose(weights, apart, atol=0.02)
    np.testing.assert_allclose(bias - bias.mean(), offsets - offsets.mean(), atol=0.02)
    np.testing.assert_array_equal(weights[60:80], weights[0:60:3])


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
    weights, _ = learnt(features)
    again, _ = learnt(features, start=7 * weights)  # of another size: that is found
    np.testing.assert_allclose(again, weights, atol=0.02)
    assert asked[1] < 0.8 * asked[0]


def test_a_start_that_says_nothing_is_as_good_as_none() -> None:
    features, _ = problem()
    weights, _ = learnt(features)
    again, _ = learnt(features, start=np.zeros_like(weights))
    np.testing.assert_allclose(again, weights, atol=0.02)
