"""The fault kit's own language model, trained once for as long as its data stay the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from estafeta.app import start
from estafeta.app.faults.people import WORKSPACE


@pytest.fixture(scope="session")
def fault_models(pytestconfig: pytest.Config) -> Path:
    assert pytestconfig.cache is not None
    models = pytestconfig.cache.mkdir("fault-models")
    start.ensure_model(WORKSPACE, models)
    return models
