"""The short run: everything fails once, and nothing is lost, doubled, out of order or unnoticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from estafeta.app.faults.kit import Wanted, run
from estafeta.app.faults.report import lines

SEED = 20


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_a_short_run_breaks_no_promise(tmp_path: Path, fault_models: Path) -> None:
    outcome = await run(Wanted(messages=1000, faults=15, seed=SEED), tmp_path, fault_models, print)
    assert not outcome.broken, "\n".join(lines(outcome))
    assert outcome.done == outcome.messages >= 1000
    assert sum(outcome.faults.values()) == 15
