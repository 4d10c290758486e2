"""A stage with the channel at work, over the callback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from estafeta.fakes.vk import Participant
from tests.vk.stage import Stage, staged


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path) as stage, stage.listening():
        yield stage


@pytest.fixture
def ivan(stage: Stage) -> Participant:
    return stage.fake.private("Иван Петров", stage.shop)
