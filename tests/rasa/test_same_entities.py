"""The shared sample of entities by rule, as a running Rasa finds them (tests/nlu/test_same_entities.py)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from estafeta.clock import SystemClock
from nlu.rasa import RasaUnderstander
from tests.nlu.test_same_entities import FOLDER, texts
from tests.rasa.conftest import RunningRasa


@pytest.fixture(scope="module")
def serving(rasa: RunningRasa) -> RunningRasa:
    rasa.serve(FOLDER, trained_by="server")
    return rasa


@pytest.fixture
async def understander(serving: RunningRasa) -> AsyncIterator[RasaUnderstander]:
    made = RasaUnderstander(serving.config(), clock=SystemClock())
    yield made
    await made.close()


@texts
async def test_rasa_finds_what_the_sample_says(understander: RasaUnderstander, row: dict[str, Any]) -> None:
    found = [
        [e.name, e.value, e.start, e.end] for e in (await understander.understand(row["text"], deadline=60)).entities
    ]
    assert found == (row["embedded"] if row.get("read") else row["entities"])
