from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.widget.platform import Platform


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    platform = Platform()
    await platform.start()
    yield platform
    await platform.stop()
