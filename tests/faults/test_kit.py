"""The short run: everything fails once, and nothing is lost, doubled, out of order or unnoticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from estafeta.app.faults.kit import Wanted, run
from estafeta.app.faults.report import lines

SEED = 20


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_short_run_breaks_no_promise(tmp_path: Path, fault_models: Path) -> None:
    """How fast it is, is told and not asserted: others may be at work on this machine."""
    wanted = Wanted(messages=1000, faults=15, seed=SEED, timed=False)
    outcome = await run(wanted, tmp_path, fault_models, print)
    told = "\n".join(lines(outcome))
    print(told)
    assert not outcome.broken, told
    assert outcome.done == outcome.messages == 1000
    assert sum(outcome.faults.values()) == 15
