"""Both stores, a publisher and a folder, for the tests of releases."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from pydantic import SecretStr

from estafeta.app.faults.servers import MongoServer, served
from estafeta.clock import SystemClock
from estafeta.kernel.ports import Store
from estafeta.releases import Releases
from storage.mongo.config import MongoConfig
from storage.mongo.store import MongoStore
from storage.sqlite import SqliteStore
from tests.engine.releases.world import (
    OLD,
    Opened,
)
from tests.flows.world import write


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def replica_set(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    server = MongoServer(tmp_path_factory.mktemp("releases"))
    async with served(server):
        yield server.url


@pytest.fixture
async def mongo(replica_set: str) -> AsyncIterator[Opened]:
    config = MongoConfig(url=SecretStr(replica_set), database=f"test_{uuid4().hex}")
    async with contextlib.AsyncExitStack() as stack:

        async def another() -> Store:
            made = MongoStore(config, clock=SystemClock())
            await made.open()
            stack.push_async_callback(made.close)
            return made

        yield another


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Opened]:
    one = SqliteStore(tmp_path / "releases.db", clock=SystemClock())
    await one.open()

    async def the_same() -> Store:
        """One process has the file; its workers share the store."""
        return one

    yield the_same
    await one.close()


@pytest.fixture(params=["sqlite", "mongo"])
def opened(request: pytest.FixtureRequest) -> Opened:
    found: Opened = request.getfixturevalue(request.param)
    return found


@pytest.fixture
async def store(opened: Opened) -> Store:
    return await opened()


@pytest.fixture
def releases(store: Store) -> Releases:
    return Releases(store, SystemClock())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "folder", {"city": OLD})
