"""A small workspace and an understander that knows its words, so that these tests are about the engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from estafeta.clock import TestClock
from estafeta.kernel.model import Capabilities
from flows import loader
from flows.model import Workspace
from tests.engine.able import Opened
from tests.engine.team import One, Team
from tests.engine.words import Words
from tests.world import RecordingChannel, World

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=ZoneInfo("Europe/Moscow"))
SMALL = Path(__file__).parent / "workspace"


@pytest.fixture(scope="session")
def small() -> Workspace:
    return loader.load(SMALL)


@pytest.fixture
def clock() -> TestClock:
    return TestClock(NOON)


@pytest.fixture
def words() -> Words:
    return Words()


@pytest.fixture
async def world(
    tmp_path: Path, small: Workspace, words: Words, clock: TestClock, shop_url: str
) -> AsyncIterator[World]:
    made = World(tmp_path / "world.db", small, words, clock, variables={"SHOP_URL": shop_url})
    async with made.running():
        yield made


@pytest.fixture
async def team(tmp_path: Path, small: Workspace, clock: TestClock) -> AsyncIterator[Team]:
    made = Team(tmp_path / "team.db", small, clock)
    await made.store.open()
    yield made
    await made.store.close()


@pytest.fixture
async def anna(team: Team) -> AsyncIterator[One]:
    one = One(team, "anna")
    await one.begin()
    yield one
    await one.kill()
    await one.lanes.aclose()


@pytest.fixture
async def boris(team: Team) -> AsyncIterator[One]:
    one = One(team, "boris")
    await one.begin()
    yield one
    await one.kill()
    await one.lanes.aclose()


@pytest.fixture
def opened(tmp_path: Path, small: Workspace, words: Words, clock: TestClock) -> Opened:
    @asynccontextmanager
    async def world(capabilities: Capabilities, channel: RecordingChannel | None = None) -> AsyncIterator[World]:
        channel = channel or RecordingChannel()
        channel.capabilities = capabilities
        async with World(tmp_path / "able.db", small, words, clock, channel=channel).running() as running:
            yield running

    return world
