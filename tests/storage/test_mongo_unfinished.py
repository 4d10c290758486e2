"""Processes and servers that die in the middle of a commit: what happened is completed, once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from pymongo.errors import AutoReconnect

from estafeta.app.faults.servers import MongoServer
from estafeta.clock import SystemClock, TestClock
from estafeta.kernel.errors import Conflict, StoreUnavailable
from estafeta.kernel.model import Address
from estafeta.kernel.ports import Change, Mailbox
from storage.mongo import conversations
from storage.mongo.config import MongoConfig
from storage.mongo.store import MongoStore
from tests.contracts.store_examples import ANNA, NOW, decided, entry_of, event_of, holding, said
from tests.storage.conftest import Raw

C = ANNA.conversation
EMPTY = Mailbox(conversation=None, signals=())


async def dies(*_: object) -> None:
    raise AutoReconnect("the connection is gone")


async def entries_only(stored: Any, pending: dict[str, list[Any]]) -> None:
    await conversations._append(stored, pending["entries"])
    await dies()


async def some_entries_only(stored: Any, pending: dict[str, list[Any]]) -> None:
    await conversations._append(stored, pending["entries"][1:2])
    await dies()


async def marks_only(stored: Any, pending: dict[str, list[Any]]) -> None:
    await conversations._mark(stored, pending["applied"])
    await dies()


async def some_marks_only(stored: Any, pending: dict[str, list[Any]]) -> None:
    await conversations._append(stored, pending["entries"])
    await conversations._mark(stored, pending["applied"][:1])
    await dies()


Death = Callable[..., Awaitable[None]]
DEATHS: list[Death] = [dies, entries_only, some_entries_only, marks_only, some_marks_only]


@pytest.mark.parametrize("death", DEATHS, ids=lambda death: death.__name__)
@pytest.mark.parametrize("before", [0, 1])
async def test_a_commit_that_was_not_finished_is_completed_by_the_next_who_loads(
    mongo: MongoStore, other: Raw, monkeypatch: pytest.MonkeyPatch, death: Death, before: int
) -> None:
    if before:
        await mongo.accept([said("before")])
        await mongo.commit(decided(await mongo.load(C)))
    await mongo.accept([said(n) for n in range(3)])
    change = decided(await mongo.load(C))
    await mongo.accept([said("later")])
    with monkeypatch.context() as dying:
        dying.setattr(conversations, "_finish", death)
        with pytest.raises(StoreUnavailable):
            await mongo.commit(change)
        with pytest.raises(Conflict):
            await mongo.commit(change)
    assert [entry.seq for entry in await mongo.entries(C)] == list(range(1, before + 4)), "seen before it is completed"
    for _ in range(2):
        assert await mongo.load(C) == Mailbox(conversation=change.conversation, signals=(said("later"),))
    await mongo.commit(decided(await mongo.load(C)))
    assert [entry.seq for entry in await mongo.entries(C)] == list(range(1, before + 5))
    assert other.entries.count_documents({}) == before + 4
    assert other.signals.count_documents({"waiting": True}) == 0


async def test_an_outcome_that_was_not_finished_is_completed_too(
    mongo: MongoStore, other: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    await mongo.commit(decided(EMPTY))
    before = (await mongo.load(C)).conversation
    assert before is not None
    entry = entry_of(said(1), C, 1)
    change = Change(conversation=replace(before, version=2, seq=1), expected_version=1, applied=(), entries=(entry,))
    with monkeypatch.context() as dying:
        dying.setattr(conversations, "_finish", dies)
        with pytest.raises(StoreUnavailable):
            await mongo.commit(change)
    assert other.entries.count_documents({}) == 0
    assert await mongo.entries(C) == [entry]
    assert await mongo.entries(C, after=1) == []
    assert await mongo.entries(C, limit=1, newest=True) == [entry]
    await mongo.load(C)
    assert other.entries.count_documents({}) == 1
    await mongo.commit(decided(await mongo.load(C)))
    assert await mongo.entries(C) == [entry]


async def test_events_that_were_not_appended_are_found_once_their_conversation_is_loaded(
    mongo: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = event_of(ANNA, 1, "opened")
    with monkeypatch.context() as dying:
        dying.setattr(conversations, "_finish", dies)
        with pytest.raises(StoreUnavailable):
            await mongo.commit(holding(ANNA, opened))
    assert await mongo.events(["opened"], since=NOW, until=NOW + timedelta(hours=1)) == []
    for _ in range(2):
        await mongo.load(C)
        assert await mongo.events(["opened"], since=NOW, until=NOW + timedelta(hours=1)) == [opened]


async def test_many_who_complete_at_once_complete_once(
    mongo: MongoStore, other: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    await mongo.accept([said(n) for n in range(5)])
    change = decided(await mongo.load(C))
    with monkeypatch.context() as dying:
        dying.setattr(conversations, "_finish", dies)
        with pytest.raises(StoreUnavailable):
            await mongo.commit(change)
    loaded = await asyncio.gather(*(mongo.load(C) for _ in range(10)))
    assert loaded == [Mailbox(conversation=change.conversation, signals=())] * 10
    assert await mongo.entries(C) == list(change.entries)
    assert other.entries.count_documents({}) == 5


async def test_workers_in_a_race_apply_every_signal_once(replica_set: str, database: str) -> None:
    """Two processes' worth of stores, each loading and committing as fast as it can."""
    config = MongoConfig(url=SecretStr(replica_set), database=database)
    stores = [MongoStore(config, clock=TestClock(NOW)) for _ in range(3)]
    await asyncio.gather(*(store.open() for store in stores))
    told = 40

    async def tell() -> None:
        for n in range(told):
            await stores[0].accept([said(n)])

    async def work(store: MongoStore) -> None:
        while True:
            mailbox = await store.load(C)
            if mailbox.conversation is not None and mailbox.conversation.seq >= told:
                return
            if mailbox.signals:
                one = replace(mailbox, signals=mailbox.signals[:1])
                with contextlib.suppress(Conflict):
                    await store.commit(decided(one))

    async with asyncio.timeout(60):
        await asyncio.gather(tell(), *(work(store) for store in stores))
    entries = await stores[0].entries(C)
    assert [entry.id for entry in entries] == [f"{said(n).id}.e" for n in range(told)]
    assert (await stores[1].load(C)).signals == ()
    await asyncio.gather(*(store.close() for store in stores))


@pytest.mark.slow
@pytest.mark.parametrize("replicated", [True, False], ids=["replica set", "one server"])
async def test_what_was_acknowledged_before_the_server_was_killed_is_there_once(
    tmp_path: Path, replicated: bool
) -> None:
    server = MongoServer(tmp_path, replica_set=replicated)
    await server.start()
    store = MongoStore(MongoConfig(url=SecretStr(server.url)), clock=SystemClock())
    chats = [replace(ANNA, chat=f"k{n}") for n in range(6)]
    accepted: dict[str, list[str]] = {chat.chat: [] for chat in chats}
    versions: dict[str, int] = dict.fromkeys(accepted, 0)
    enough = asyncio.Event()
    try:
        await store.open()

        async def write(chat: Address) -> None:
            for n in range(10_000):
                await store.accept([said(n, chat)])
                accepted[chat.chat].append(said(n, chat).id)
                change = decided(await store.load(chat.conversation), chat)
                await store.commit(change)
                versions[chat.chat] = change.conversation.version
                if min(versions.values()) > 5:
                    enough.set()

        writers = [asyncio.create_task(write(chat)) for chat in chats]
        async with asyncio.timeout(60):
            await enough.wait()
            await server.kill()
            for ended in await asyncio.gather(*writers, return_exceptions=True):
                assert isinstance(ended, StoreUnavailable), ended
            await server.start()
            for chat in chats:
                await _whole(store, chat, accepted[chat.chat], versions[chat.chat])
    finally:
        await store.close()
        await server.kill()


async def _whole(store: MongoStore, chat: Address, accepted: list[str], version: int) -> None:
    mailbox = await store.load(chat.conversation)
    assert mailbox.conversation is not None
    assert mailbox.conversation.version >= version
    entries = await store.entries(chat.conversation, limit=100_000)
    assert [entry.seq for entry in entries] == list(range(1, mailbox.conversation.seq + 1))
    stored = [entry.id.removesuffix(".e") for entry in entries] + [waiting.id for waiting in mailbox.signals]
    assert stored[: len(accepted)] == accepted, "lost, doubled or out of order"
    assert len(stored) <= len(accepted) + 1, "more than the one that was under way"
