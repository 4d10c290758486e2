"""Out of scope in a cross-validation: what intents that a model never heard of would be taken for."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nlu import fit, hiding
from nlu.data import read_workspace
from nlu.evaluate import evaluate

SHOP = Path(__file__).parent / "data" / "shop"


def quiet(*_: object) -> None:
    """Progress that nobody looks at."""


def test_texts_of_hidden_intents_are_told_from_the_others_as_the_served_model_would() -> None:
    counted = fit.count_examples(read_workspace(SHOP).examples, ())
    with fit.workers() as pool:
        calibration = fit.calibrate(fit.hold_out(counted, counted.folds, quiet, pool), 0)
        shares: list[float] = []
        known, hidden = hiding.confidences(counted, calibration, shares.append, pool)
        scope, own = hiding.scopes(counted, calibration, quiet, pool)
    assert shares[-1] == 1.0
    assert min(len(known), len(hidden)) > 0
    for each in (known, hidden):
        assert ((each >= 0) & (each <= 1)).all()
    assert np.median(known) > np.median(hidden)

    rows = np.arange(len(counted.texts))
    pipeline = fit.fit(counted, rows).calibrated(calibration).scoped(scope, own)
    seen = hiding._look(counted, pipeline, rows, rows[:0], frozenset())
    served = pipeline.predict(counted.pick(rows)).confidences.max(axis=1)
    assert np.allclose(hiding._confidences(seen, scope, own), served, atol=1e-5)


def test_a_cross_validation_has_a_curve_for_texts_of_hidden_intents() -> None:
    found = evaluate(read_workspace(SHOP), progress=quiet, encoders=(), enough=0.45)
    assert found.scope is not None
    assert found.scope.hidden
    assert found.scope.auroc > 0.5
    assert 0 < found.scope.answered < 1
