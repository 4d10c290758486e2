"""The embedded store keeps the contracts of every store."""

from __future__ import annotations

from pathlib import Path

import pytest

from estafeta.kernel.ports import Clock, Store
from storage.sqlite import SqliteStore
from tests.contracts.store_contract import StoreContract
from tests.contracts.store_crash_contract import StoreCrashContract


def make(place: str, clock: Clock) -> Store:
    return SqliteStore(Path(place), clock=clock)


class InOneFile:
    opener = "tests.storage.test_sqlite:make"

    @pytest.fixture
    def place(self, tmp_path: Path) -> str:
        return str(tmp_path / "estafeta.db")


class TestSqliteStore(InOneFile, StoreContract):
    pass


class TestSqliteStoreKilled(InOneFile, StoreCrashContract):
    pass
