"""A mailbox shows so many signals at a time, in order, whatever waits behind them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from estafeta.clock import TestClock
from estafeta.kernel.ports import MAILBOX, Mailbox, Store
from storage.mongo.store import MongoStore
from storage.sqlite import SqliteStore
from tests.contracts.store_examples import ANNA, NOW, decided, said

C = ANNA.conversation
MANY = 3 * MAILBOX + 50


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path / "store.db", clock=TestClock(NOW))
    await store.open()
    yield store
    await store.close()


async def check(store: Store, committed_before: bool) -> None:
    if committed_before:
        await store.commit(decided(Mailbox(conversation=None, signals=())))
    await store.accept([said(n) for n in range(MANY)])
    for first in range(0, MANY, MAILBOX):
        assert await store.due(NOW, 10) == [C]
        mailbox = await store.load(C)
        assert mailbox.signals == tuple(said(n) for n in range(first, min(first + MAILBOX, MANY)))
        await store.commit(decided(mailbox))
    assert (await store.load(C)).signals == ()
    assert [entry.seq for entry in await store.entries(C, limit=1000)] == list(range(1, MANY + 1))


@pytest.mark.parametrize("committed_before", [True, False])
async def test_sqlite_shows_the_first_of_many(sqlite: SqliteStore, committed_before: bool) -> None:
    await check(sqlite, committed_before)


@pytest.mark.parametrize("committed_before", [True, False])
async def test_mongo_shows_the_first_of_many(mongo: MongoStore, committed_before: bool) -> None:
    await check(mongo, committed_before)
