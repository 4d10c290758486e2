"""What a dead worker had in hand is found in the real servers, and it is timed until others have it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from redis.asyncio import Redis

from estafeta.app.faults.product import Process
from estafeta.app.faults.servers import MongoServer, RedisServer, served
from estafeta.app.faults.stored import Held, Stored
from estafeta.app.faults.takeover import Outages, Takeovers, names_of

Database = AsyncDatabase[dict[str, Any]]


@pytest.fixture
async def servers(tmp_path: Path) -> AsyncIterator[tuple[MongoServer, RedisServer]]:
    mongo, redis = MongoServer(tmp_path, replica_set=False), RedisServer(tmp_path)
    async with served(mongo, redis):
        yield mongo, redis


@pytest.fixture
async def stored(servers: tuple[MongoServer, RedisServer]) -> AsyncIterator[Stored]:
    async with Stored(servers[0].url, "faults", servers[1].url) as looked_at:
        yield looked_at


@pytest.fixture
async def database(servers: tuple[MongoServer, RedisServer]) -> AsyncIterator[Database]:
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(servers[0].url)
    database = client["faults"]
    await database["conversations"].insert_many(
        [{"_id": "held", "holders": ["worker-a"]}, {"_id": "another's", "holders": ["worker-b"]}, {"_id": "taken"}]
    )
    await database["signals"].insert_many(
        [
            {"_id": "s1", "conversation": "taken", "waiting": True},
            {"_id": "s0", "conversation": "taken", "applied_at": 1},
            {"_id": "s2", "conversation": "another's", "waiting": True},
        ]
    )
    redis = Redis.from_url(servers[1].url)
    await redis.xgroup_create("{faults}:wakes", "workers", mkstream=True)
    await redis.xadd("{faults}:wakes", {"c": "taken"})
    await redis.xadd("{faults}:wakes", {"c": "another's"})
    await redis.xreadgroup("workers", "worker-a", {"{faults}:wakes": ">"}, count=1)
    await redis.xreadgroup("workers", "worker-b", {"{faults}:wakes": ">"}, count=1)
    await redis.aclose()
    yield database
    await client.close()


HELD = Held(conversation="held", what="outbox")
TAKEN = Held(conversation="taken", what="wake-up", signal="s1")


async def test_what_a_worker_holds_and_what_it_took_is_found(stored: Stored, database: Database) -> None:
    assert await stored.held_by(["worker-a"]) == {HELD, TAKEN}
    await database["conversations"].update_one({"_id": "held"}, {"$set": {"holders": ["worker-b"]}})
    assert await stored.still(["worker-a"], [HELD, TAKEN]) == {TAKEN}
    await database["signals"].update_one({"_id": "s1"}, {"$unset": {"waiting": 1}})
    assert await stored.still(["worker-a"], [HELD, TAKEN]) == frozenset()


async def test_a_takeover_is_timed_from_the_kill(stored: Stored, database: Database) -> None:
    takeovers = Takeovers(stored, Outages(), lease=3.0)
    await takeovers.watch(["worker-a"], "kill_worker")
    await asyncio.sleep(0.5)  # the time that is to be measured
    await database["conversations"].update_one({"_id": "held"}, {"$unset": {"holders": 1}})
    await database["signals"].update_one({"_id": "s1"}, {"$unset": {"waiting": 1}})
    await takeovers.end()
    assert {(one.conversation, one.what) for one in takeovers.done} == {("held", "outbox"), ("taken", "wake-up")}
    assert all(one.seconds is not None and one.seconds >= 0.5 and not one.disturbed for one in takeovers.done)


async def test_what_nobody_did_is_found_in_the_store(stored: Stored, database: Database) -> None:
    broken = {invariant.name: invariant.broken for invariant in await stored.left(customers=4)}
    assert broken == {
        "the store: every signal was applied": 2,
        "the store: every outbox is empty": 2,
        "the store: no signal was set aside": 0,
        "the store: one conversation for each customer": 1,
    }


def test_a_worker_is_known_by_the_names_it_had_since_it_was_started(tmp_path: Path) -> None:
    process = Process(name="worker-1", role="worker", port=1, folder=tmp_path)
    assert names_of(process) == ()
    process.log.write_bytes(
        b'{"event":"started","worker":"old"}\nTraceback "started"\n{"event":"started","worker":"first"}\n'
        b'{"event":"turn","worker":"no"}\n{"event":"taken_for_dead","worker":"first","now":"second"}\n{"event":"star'
    )
    assert names_of(process) == ("first", "second")


def test_an_outage_touches_what_it_overlaps() -> None:
    outages = Outages()
    before = time.monotonic()
    with outages.one():
        during = time.monotonic()
        assert outages.touch(before, during + 1)
    after = time.monotonic()
    assert outages.touch(before, after)
    assert not outages.touch(before - 2, before - 1)
    assert not outages.touch(after + 1, after + 2)
