"""Calls that come at once share commands, and each is told its own result."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from pymongo.errors import AutoReconnect, OperationFailure

from estafeta.app.faults.servers import MongoServer
from estafeta.clock import SystemClock, TestClock
from estafeta.kernel.errors import Conflict, StoreUnavailable
from estafeta.kernel.model import Address
from estafeta.kernel.ports import Accepted, Mailbox
from storage.mongo.config import MongoConfig
from storage.mongo.groups import Grouped
from storage.mongo.store import MongoStore
from tests.contracts.store_examples import ANNA, NOW, decided, said
from tests.storage.conftest import Raw
from tests.storage.test_mongo_plans import Spy, spy  # noqa: F401 - the fixture

CHATS = [replace(ANNA, chat=f"g{n}") for n in range(50)]
EMPTY = Mailbox(conversation=None, signals=())


def at(url: str, database: str) -> MongoStore:
    return MongoStore(MongoConfig(url=SecretStr(url), database=database), clock=TestClock(NOW))


@pytest.fixture
async def rival(replica_set: str, database: str) -> AsyncIterator[MongoStore]:
    """Another process at the same database."""
    store = at(replica_set, database)
    await store.open()
    yield store
    await store.close()


async def turn(store: MongoStore, names: tuple[int, ...]) -> None:
    told = await asyncio.gather(*(store.accept([said(name, chat) for name in names]) for chat in CHATS))
    assert told == [[Accepted(conversation=chat.conversation, fresh=True)] * len(names) for chat in CHATS]
    loaded = await asyncio.gather(*(store.load(chat.conversation) for chat in CHATS))
    assert [mailbox.signals for mailbox in loaded] == [tuple(said(name, chat) for name in names) for chat in CHATS]
    changes = [decided(mailbox, chat) for mailbox, chat in zip(loaded, CHATS, strict=True)]
    await asyncio.gather(*(store.commit(change) for change in changes))
    after = await asyncio.gather(*(store.load(chat.conversation) for chat in CHATS))
    assert after == [Mailbox(conversation=change.conversation, signals=()) for change in changes]


async def test_fifty_at_once_are_few_commands(spy: Spy, replica_set: str, database: str) -> None:  # noqa: F811
    store = at(replica_set, database)
    await store.open()
    for names in ((3, 1, 2), (6, 5)):  # new conversations, then known ones
        spy.commands.clear()
        await turn(store, names)
        assert len(spy.commands) < 15
    for chat in CHATS:
        assert [entry.seq for entry in await store.entries(chat.conversation)] == [1, 2, 3, 4, 5]
    await store.close()


async def test_conflicts_in_a_group_go_to_those_who_lost(mongo: MongoStore, rival: MongoStore) -> None:
    for round_ in range(2):  # first commits, then later ones
        await mongo.accept([said(round_, chat) for chat in CHATS])
        mailboxes = [await mongo.load(chat.conversation) for chat in CHATS]
        mine = [decided(mailbox, chat, tickets=1) for mailbox, chat in zip(mailboxes, CHATS, strict=True)]
        theirs = [decided(mailbox, chat, tickets=2) for mailbox, chat in zip(mailboxes, CHATS, strict=True)]
        for change in theirs[::3]:
            await rival.commit(change)
        told = await asyncio.gather(*(mongo.commit(change) for change in mine), return_exceptions=True)
        assert [type(each) for each in told] == [Conflict if n % 3 == 0 else type(None) for n in range(50)]
        for n, chat in enumerate(CHATS):
            winner = theirs[n] if n % 3 == 0 else mine[n]
            assert await mongo.load(chat.conversation) == Mailbox(conversation=winner.conversation, signals=())


async def test_of_the_same_conversation_one_is_in_a_group(mongo: MongoStore) -> None:
    await mongo.accept([said(1)])
    first = decided(await mongo.load(ANNA.conversation))
    second = decided(Mailbox(conversation=first.conversation, signals=()))
    await asyncio.gather(*(mongo.commit(change) for change in (first, second)))
    assert (await mongo.load(ANNA.conversation)).conversation == second.conversation


async def test_processes_in_a_race_win_each_once(mongo: MongoStore, rival: MongoStore) -> None:
    chats = CHATS[:20]
    await mongo.accept([said(1, chat) for chat in chats])

    async def commit(store: MongoStore, chat: Address, tickets: int) -> int:
        """How often it won."""
        won = 0
        for _ in range(5):
            mailbox = await store.load(chat.conversation)
            try:
                await store.commit(decided(mailbox, chat, tickets=tickets))
                won += 1
            except Conflict:
                continue
        return won

    wins = await asyncio.gather(*(commit(store, chat, 1) for chat in chats for store in (mongo, rival)))
    for n, chat in enumerate(chats):
        mailbox = await mongo.load(chat.conversation)
        assert mailbox.conversation is not None
        assert wins[2 * n] + wins[2 * n + 1] <= mailbox.conversation.version <= 10
        assert mailbox.signals == ()
        assert [entry.seq for entry in await rival.entries(chat.conversation)] == [1]


async def test_a_bad_document_fails_alone(mongo: MongoStore, other: Raw) -> None:
    large = said("large", CHATS[7], text="a" * 17_000_000)
    calls = [mongo.accept([large if n == 7 else said(1, chat)]) for n, chat in enumerate(CHATS)]
    told = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(told[7], StoreUnavailable)
    assert [each[0].fresh for n, each in enumerate(told) if n != 7 and not isinstance(each, BaseException)] == [
        True
    ] * 49
    changes = [decided(await mongo.load(chat.conversation), chat) for chat in CHATS]
    taken = {"_id": f"{CHATS[9].conversation}/0000000001", "conversation": CHATS[9].conversation, "seq": 1, "id": "x"}
    other.entries.insert_one(taken)
    changes[3] = replace(changes[3], expected_version=3)
    commits = await asyncio.gather(*(mongo.commit(change) for change in changes), return_exceptions=True)
    assert {n: type(each) for n, each in enumerate(commits) if each is not None} == {3: ValueError, 9: ValueError}
    for n, chat in enumerate(CHATS):
        if n not in (3, 7, 9):
            assert await mongo.entries(chat.conversation) == list(changes[n].entries)


async def test_one_that_cannot_be_read_fails_alone(mongo: MongoStore, other: Raw) -> None:
    for chat in CHATS[:10]:
        await mongo.commit(decided(EMPTY, chat))
    await mongo.accept([said(0, chat) for chat in CHATS[:20]])
    other.conversations.update_one({"_id": CHATS[4].conversation}, {"$set": {"body": 5}})
    for n in range(1, 7):
        await mongo.accept([said(n, CHATS[5], text="ё" * 1_500_000)])  # more than an answer may hold
    await mongo.accept([said(n, CHATS[15]) for n in range(1, 99)])
    told = await asyncio.gather(*(mongo.load(chat.conversation) for chat in CHATS[:20]), return_exceptions=True)
    assert isinstance(told[4], StoreUnavailable)
    waiting = [len(each.signals) for each in told if isinstance(each, Mailbox)]
    assert waiting == [1, 1, 1, 1, 7, 1, 1, 1, 1, 1, 1, 1, 1, 1, 99, 1, 1, 1, 1]


async def test_what_a_cancelled_caller_asked_for_is_done_and_so_is_all_before_a_close(
    replica_set: str, database: str
) -> None:
    store = at(replica_set, database)
    await store.open()
    callers = [asyncio.create_task(store.accept([said(1, chat)])) for chat in CHATS]
    await asyncio.sleep(0)
    for caller in callers[::2]:
        caller.cancel()
    await store.close()
    told = await asyncio.gather(*callers, return_exceptions=True)
    assert [isinstance(each, asyncio.CancelledError) for each in told] == [True, False] * 25
    with pytest.raises(StoreUnavailable, match="not open"):
        await store.accept([said(2)])
    await store.open()
    for chat in CHATS:
        assert (await store.load(chat.conversation)).signals == (said(1, chat),)
    await store.close()


# --- the grouping itself -------------------------------------------------------------------------


class Work:
    """Answers ten times what is asked; the first round trip lasts until `go`."""

    def __init__(self, errors: dict[int, Exception] | None = None) -> None:
        self.groups: list[list[int]] = []
        self.began = asyncio.Event()
        self.go = asyncio.Event()
        self._errors = errors or {}

    async def __call__(self, asked: list[int]) -> list[int]:
        self.groups.append(asked)
        self.began.set()
        await self.go.wait()
        for each in asked:
            if each in self._errors:
                raise self._errors[each]
        return [10 * each for each in asked]


async def answers(grouped: Grouped[int, int], work: Work, asked: list[int]) -> list[Any]:
    """The first goes at once, the rest gather behind it."""
    calls = [asyncio.create_task(grouped(asked[0]))]
    await work.began.wait()
    calls += [asyncio.create_task(grouped(each)) for each in asked[1:]]
    await asyncio.sleep(0)
    work.go.set()
    return await asyncio.gather(*calls, return_exceptions=True)


async def test_while_one_goes_the_next_gather() -> None:
    work = Work()
    asked = list(range(150))
    assert await answers(Grouped(work), work, asked) == [10 * each for each in asked]
    assert [len(group) for group in work.groups] == [1, 100, 49]


async def test_a_group_is_bounded_in_bytes_and_holds_no_key_twice() -> None:
    work = Work()
    await answers(Grouped(work, size=lambda each: 1_500_000 * each), work, [0, 1, 1, 1, 9, 1])
    assert work.groups == [[0], [1, 1], [1, 1], [9]]
    work = Work()
    await answers(Grouped(work, key=lambda each: each % 3), work, [0, 1, 4, 2, 7])
    assert work.groups == [[0], [1, 2], [4], [7]]


async def test_a_group_that_fails_is_tried_one_by_one() -> None:
    error = OperationFailure("no")
    work = Work({3: error})
    assert await answers(Grouped(work), work, [1, 2, 3, 4]) == [10, 20, error, 40]
    assert work.groups == [[1], [2, 3, 4], [2], [3], [4]]


async def test_when_nothing_answers_all_who_wait_are_told_at_once() -> None:
    error = AutoReconnect("gone")
    work = Work({1: error})
    assert await answers(Grouped(work), work, [1, 2, 3]) == [error] * 3
    assert work.groups == [[1]]


# --- a server that dies --------------------------------------------------------------------------


@pytest.mark.slow
async def test_what_groups_acknowledged_before_the_server_was_killed_is_there(tmp_path: Path) -> None:
    server = MongoServer(tmp_path)
    await server.start()
    store = MongoStore(MongoConfig(url=SecretStr(server.url)), clock=SystemClock())
    accepted: dict[str, list[str]] = {chat.chat: [] for chat in CHATS}
    versions: dict[str, int] = dict.fromkeys(accepted, 0)
    enough = asyncio.Event()

    async def write(chat: Address) -> None:
        for n in range(10_000):
            await store.accept([said(n, chat)])
            accepted[chat.chat].append(said(n, chat).id)
            change = decided(await store.load(chat.conversation), chat)
            await store.commit(change)
            versions[chat.chat] = change.conversation.version
            if min(versions.values()) > 3:
                enough.set()

    try:
        await store.open()
        writers = [asyncio.create_task(write(chat)) for chat in CHATS]
        async with asyncio.timeout(60):
            await enough.wait()
            await server.kill()
            for ended in await asyncio.gather(*writers, return_exceptions=True):
                assert isinstance(ended, StoreUnavailable), ended
            await server.start()
            for chat in CHATS:
                mailbox = await store.load(chat.conversation)
                assert mailbox.conversation is not None
                assert mailbox.conversation.version >= versions[chat.chat]
                entries = await store.entries(chat.conversation, limit=100_000)
                stored = [entry.id.removesuffix(".e") for entry in entries] + [each.id for each in mailbox.signals]
                told = accepted[chat.chat]
                assert stored[: len(told)] == told, "lost, doubled or out of order"
                assert len(stored) <= len(told) + 1, "more than the one that was under way"
    finally:
        await store.close()
        await server.kill()
