"""The database: how it is reached, opened, brought up to date, and what its administrator is told."""

from __future__ import annotations

import asyncio
import gc
import traceback
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from pymongo import MongoClient

from estafeta.app.faults.servers import MongoServer, free_port, served
from estafeta.clock import SystemClock, TestClock
from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import Customer
from storage.mongo import migrations
from storage.mongo.config import MongoConfig
from storage.mongo.documents import Document
from storage.mongo.findings import _of_the_server
from storage.mongo.migrations import INDEXES, MIGRATIONS
from storage.mongo.store import MongoStore
from tests.contracts.store_examples import ANNA, BORIS, NOW, decided, event_of, holding, said
from tests.storage.conftest import Raw

C = ANNA.conversation


def store_at(url: str, database: str = "estafeta") -> MongoStore:
    return MongoStore(MongoConfig(url=SecretStr(url), database=database), clock=SystemClock())


async def refusal(store: MongoStore) -> str:
    """The sentence with which opening fails."""
    with pytest.raises(StoreUnavailable) as refused:
        await store.open()
    told = "".join(traceback.format_exception(refused.value))
    assert "geheim" not in told, "no password, wherever it is printed"
    await store.close()
    gc.collect()
    return str(refused.value)


# The driver leaves a socket to the garbage collector when it is closed while it tries to connect.
unreachable = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


def indexes(other: Raw) -> set[str]:
    names = {name for collection in other.list_collection_names() for name in other[collection].index_information()}
    return names - {"_id_"}


# --- settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.b", "a b", "", "$x", "a/b", "x" * 64, "admin", "local", "config", "a\0", "a\n"])
def test_a_database_has_a_plain_name(name: str) -> None:
    with pytest.raises(ValidationError, match="database"):
        MongoConfig(url=SecretStr("mongodb://h"), database=name)


@pytest.mark.parametrize("url", ["", "localhost", "http://u:geheim@h", "mongodb://", "mongodb://h /x", "postgres://h"])
def test_an_address_is_mongodbs(url: str) -> None:
    with pytest.raises(ValidationError) as refused:
        MongoConfig(url=SecretStr(url))
    assert "mongodb://" in str(refused.value)
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("mongodb://a:1", "a:1/estafeta"),
        ("mongodb://u:geheim@a:1,b:2/?replicaSet=r", "a:1,b:2/estafeta"),
        ("mongodb+srv://u:geheim@cluster.example/db?x=y", "cluster.example/estafeta"),
        ("mongodb://u:geheim/geheim?geheim@a:1", "a:1/estafeta"),
        ("mongodb://u:geheim@geheim@a", "a/estafeta"),
    ],
)
def test_sentences_name_the_place_without_the_password(url: str, place: str) -> None:
    config = MongoConfig(url=SecretStr(url))
    assert config.place == place
    assert "geheim" not in repr(config)


# --- reaching it ---------------------------------------------------------------------------------


@unreachable
async def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    port = free_port()
    sentence = await refusal(store_at(f"mongodb://u:geheim@127.0.0.1:{port}/"))
    assert sentence.startswith(f"MongoDB at 127.0.0.1:{port}/estafeta does not answer")


@pytest.mark.parametrize(
    "url", ["mongodb://u:geheim@geheim@127.0.0.1", "mongodb://u:geheim@127.0.0.1:99999", "mongodb://,"]
)
async def test_an_address_nobody_can_use_is_said_to_be_one(url: str) -> None:
    assert "cannot be used" in await refusal(store_at(url))


async def test_a_wrong_password_is_said_to_be_one(replica_set: str, database: str) -> None:
    url = replica_set.replace("mongodb://", "mongodb://nobody:geheim@")
    assert "user or password" in await refusal(store_at(url, database))


@pytest.mark.slow
@unreachable
async def test_a_store_that_was_refused_can_be_opened_later(tmp_path: Path) -> None:
    server = MongoServer(tmp_path)
    store = store_at(server.url)
    assert "does not answer" in await refusal(store)
    with pytest.raises(StoreUnavailable, match="not open"):
        await store.accept([said(1)])
    async with served(server):
        await store.open()
        await store.open()
        await store.accept([said(1)])
        server.pause()
        with pytest.raises(StoreUnavailable, match="MongoDB at"):
            await store.load(C)
        server.resume()
        assert (await store.load(C)).signals == (said(1),)
        await store.close()
        await store.close()
    gc.collect()


# --- bringing it up to date ----------------------------------------------------------------------


async def test_many_may_open_a_new_database_at_once(replica_set: str, database: str, other: Raw) -> None:
    stores = [store_at(replica_set, database) for _ in range(8)]
    await asyncio.gather(*(store.open() for store in stores))
    assert other.meta.find_one() == {"_id": "schema", "version": len(MIGRATIONS)}
    assert indexes(other) == {index.name for index in INDEXES}
    await stores[0].accept([said(1)])
    assert (await stores[7].load(C)).signals == (said(1),)
    await asyncio.gather(*(store.close() for store in stores))


async def test_a_database_of_a_newer_version_is_refused(replica_set: str, database: str, other: Raw) -> None:
    other.meta.insert_one({"_id": "schema", "version": 99})
    sentence = await refusal(store_at(replica_set, database))
    assert "was written by a newer version of this program (its format is 99" in sentence
    assert indexes(other) == set()


async def test_an_older_database_is_brought_up_to_date_once(
    mongo: MongoStore, replica_set: str, database: str, other: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []

    async def later(database: Any) -> None:
        steps.append(database.name)

    await mongo.accept([said(1)])
    monkeypatch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, later))
    for _ in range(2):
        store = store_at(replica_set, database)
        await store.open()
        assert (await store.load(C)).signals == (said(1),)
        await store.close()
    assert steps == [database]
    assert other.meta.find_one() == {"_id": "schema", "version": len(MIGRATIONS) + 1}


async def test_tags_of_an_earlier_database_are_found(
    mongo: MongoStore, replica_set: str, database: str, other: Raw
) -> None:
    await mongo.commit(decided(await mongo.load(C), customer=Customer(tags=("vip", "news"))))
    await mongo.commit(decided(await mongo.load(BORIS.conversation), BORIS))
    other.conversations.update_many({}, {"$unset": {"tags": ""}})
    other.meta.update_one({}, {"$set": {"version": 1}})
    assert await mongo.tagged("vip") == []
    store = store_at(replica_set, database)
    await store.open()
    assert await store.tagged("vip") == [C]
    assert [each["_id"] for each in other.conversations.find({"tags": {"$exists": True}})] == [C]
    await store.close()


async def test_a_step_that_failed_is_done_again(
    replica_set: str, database: str, other: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(database: Any) -> None:
        raise StoreUnavailable("the step failed")

    with monkeypatch.context() as failing:
        failing.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, broken))
        assert await refusal(store_at(replica_set, database)) == "the step failed"
    assert other.meta.find_one() == {"_id": "schema", "version": len(MIGRATIONS)}
    store = store_at(replica_set, database)
    await store.open()
    await store.close()


async def test_opening_makes_indexes_that_are_missing(
    mongo: MongoStore, replica_set: str, database: str, other: Raw
) -> None:
    other.signals.drop_index("waiting_by_age")
    other.conversations.drop_indexes()
    store = store_at(replica_set, database)
    await store.open()
    await store.close()
    assert indexes(other) == {index.name for index in INDEXES}


async def test_events_of_an_earlier_database_are_found(
    mongo: MongoStore, replica_set: str, database: str, other: Raw
) -> None:
    await mongo.commit(holding(ANNA, event_of(ANNA, 1, "opened"), event_of(ANNA, 2, "closed")))
    other.entries.drop_index("events")
    other.conversations.update_many({}, {"$unset": {"pending": ""}})
    store = store_at(replica_set, database)
    await store.open()
    assert "events" in indexes(other)
    [found] = await store.events(["closed"], since=NOW, until=NOW + timedelta(hours=1))
    assert found == event_of(ANNA, 2, "closed")
    await store.close()


# --- what an administrator is told ---------------------------------------------------------------


@pytest.fixture
async def watched(replica_set: str, database: str) -> AsyncIterator[MongoStore]:
    store = store_at(replica_set, database)
    await store.open()
    yield store
    await store.close()


async def test_when_all_is_well_nothing_is_told(watched: MongoStore) -> None:
    await watched.accept([said(1)])
    await watched.commit(decided(await watched.load(C)))
    assert await watched.findings() == []


async def test_indexes_that_are_missing_or_others_are_told_by_name(watched: MongoStore, other: Raw) -> None:
    other.conversations.drop_index("due")
    other.signals.drop_index("applied_expire")
    other.signals.create_index("applied_at", name="applied_expire", expireAfterSeconds=5)
    other.conversations.drop_index("by_stage")
    other.conversations.create_index([("stage", 1)], name="by_stage")
    found = " ".join(await watched.findings())
    assert "The index due of conversations" in found
    assert "missing" in found
    assert "The index applied_expire of signals" in found
    assert "The index by_stage of conversations" in found
    assert len(await watched.findings()) == 3


async def test_a_single_server_is_told(standalone: str, database: str) -> None:
    store = store_at(standalone, database)
    await store.open()
    [found] = await store.findings()
    assert "replica set" in found
    client: MongoClient[Document] = MongoClient(standalone)
    client.drop_database(database)
    client.close()
    await store.close()


async def test_clocks_that_are_apart_are_told(replica_set: str, database: str) -> None:
    for seconds in (-60, 60):
        clock = TestClock(datetime.now(UTC) + timedelta(seconds=seconds))
        store = MongoStore(MongoConfig(url=SecretStr(replica_set), database=database), clock=clock)
        await store.open()
        [found] = await store.findings()
        assert "seconds apart" in found
        await store.close()


async def test_another_format_is_told(watched: MongoStore, other: Raw) -> None:
    other.meta.update_one({}, {"$set": {"version": 99}})
    [newer] = await watched.findings()
    assert "upgrade the program" in newer
    other.meta.delete_many({})
    [older] = await watched.findings()
    assert "start the program" in older


def test_an_old_server_is_told() -> None:
    hello = {"setName": "rs0"}
    assert _of_the_server("here", hello, [6, 0, 5, 0], "6.0.5") == []
    assert _of_the_server("here", {"msg": "isdbgrid"}, [7, 0], "7.0.0") == []
    [found] = _of_the_server("here", hello, [5, 0, 9, 0], "5.0.9")
    assert "5.0.9" in found


def test_a_store_can_be_made_before_there_is_a_loop() -> None:
    MongoStore(MongoConfig(url=SecretStr("mongodb://h")), clock=TestClock(NOW))
