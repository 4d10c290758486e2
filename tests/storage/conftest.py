"""One mongod for all tests of a run, started when the first asks for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from pydantic import SecretStr
from pymongo import MongoClient
from pymongo.database import Database

from estafeta.app.faults.servers import MongoServer, served
from estafeta.clock import TestClock
from storage.mongo.config import MongoConfig
from storage.mongo.store import MongoStore
from tests.contracts.store_examples import NOW

Raw = Database[dict[str, Any]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def replica_set(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of a replica set of one."""
    server = MongoServer(tmp_path_factory.mktemp("replica_set"))
    async with served(server):
        yield server.url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def standalone(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of a single server that is no replica set."""
    server = MongoServer(tmp_path_factory.mktemp("standalone"), replica_set=False)
    async with served(server):
        yield server.url


@pytest.fixture
def database() -> str:
    """The name of a database no other test has."""
    return f"test_{uuid4().hex}"


@pytest.fixture
def other(replica_set: str, database: str) -> Iterator[Raw]:
    """The database of the test's store, as another program sees it."""
    client: MongoClient[dict[str, Any]] = MongoClient(replica_set, tz_aware=True)
    yield client[database]
    client.close()


@pytest.fixture
async def mongo(replica_set: str, database: str) -> AsyncIterator[MongoStore]:
    """An open store on the replica set."""
    store = MongoStore(MongoConfig(url=SecretStr(replica_set), database=database), clock=TestClock(NOW))
    await store.open()
    yield store
    await store.close()
