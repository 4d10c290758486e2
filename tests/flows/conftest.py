"""What tests of flows share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flows.world import DELIVERY, HUMAN, ORDER, PAYMENT, Talk, workspace


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(workspace(tmp_path, ORDER, DELIVERY, PAYMENT, HUMAN))
