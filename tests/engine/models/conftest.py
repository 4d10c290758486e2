"""Both stores, for the tests of language models in them."""

from __future__ import annotations

import pytest

from estafeta.clock import SystemClock
from estafeta.kernel.ports import Store
from estafeta.models import Models
from tests.engine.releases.conftest import mongo, opened, replica_set, sqlite, store

__all__ = ["mongo", "opened", "replica_set", "sqlite", "store"]


@pytest.fixture
def models(store: Store) -> Models:
    return Models(store, SystemClock())
