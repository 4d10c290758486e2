"""The store for several processes keeps the contracts of every store."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from estafeta.kernel.ports import Clock
from storage.mongo.config import MongoConfig
from storage.mongo.store import MongoStore
from tests.contracts.store_contract import StoreContract
from tests.contracts.store_crash_contract import StoreCrashContract


def make(place: str, clock: Clock) -> MongoStore:
    url, _, database = place.partition(" ")
    return MongoStore(MongoConfig(url=SecretStr(url), database=database), clock=clock)


class OnAReplicaSet:
    opener = "tests.storage.test_mongo:make"

    @pytest.fixture
    def place(self, replica_set: str, database: str) -> str:
        return f"{replica_set} {database}"


class OnOneServer:
    opener = "tests.storage.test_mongo:make"

    @pytest.fixture
    def place(self, standalone: str, database: str) -> str:
        return f"{standalone} {database}"


class TestMongoStore(OnAReplicaSet, StoreContract):
    pass


class TestMongoStoreOnOneServer(OnOneServer, StoreContract):
    pass


class TestMongoStoreKilled(OnAReplicaSet, StoreCrashContract):
    pass
