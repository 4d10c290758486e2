"""Callers that go away while MongoDB is asked: those who stay are answered."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from estafeta.clock import TestClock
from storage.mongo.config import MongoConfig
from storage.mongo.store import MongoStore
from tests.contracts.store_examples import NOW

CALLERS, ROUNDS = 20, 40


@pytest.fixture
async def crowded(replica_set: str, database: str) -> AsyncIterator[MongoStore]:
    """A store with one connection, so that of many callers all but one wait for it."""
    url = f"{replica_set}{'&' if '?' in replica_set else '/?'}maxPoolSize=1"
    store = MongoStore(MongoConfig(url=SecretStr(url), database=database), clock=TestClock(NOW))
    await store.open()
    yield store
    async with asyncio.timeout(20):
        await store.close()


async def turns_of_the_loop(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_callers_that_are_cancelled_twice_take_no_lock_with_them(crowded: MongoStore) -> None:
    """`estafeta.tasks.ended` cancels again who has not ended soon: to the driver that was the end, before Python 3.12,
    within the first rounds of these."""
    rounds = random.Random(7)
    for _ in range(ROUNDS):
        callers = [asyncio.create_task(crowded.get("anything")) for _ in range(CALLERS)]
        await turns_of_the_loop(rounds.randrange(1, 30))
        for _ in range(2):
            for caller in rounds.sample(callers, CALLERS // 2):
                caller.cancel()
            await turns_of_the_loop(rounds.randrange(1, 5))
        _, waiting = await asyncio.wait(callers, timeout=10)
        assert not waiting
    assert await crowded.lease("name", "holder", 1.0)


async def test_closing_does_first_what_was_asked_for_by_who_is_gone(crowded: MongoStore) -> None:
    asking = asyncio.create_task(crowded.put("asked", "done"))
    await turns_of_the_loop(3)
    asking.cancel()
    await asyncio.wait([asking])
    assert asking.cancelled()
    await crowded.close()
    await crowded.open()
    assert await crowded.get("asked") == "done"
