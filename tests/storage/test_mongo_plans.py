"""Every question the store asks is answered by an index, whatever the size of the collections."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pymongo import AsyncMongoClient, monitoring

from estafeta.clock import TestClock
from estafeta.kernel.model import Stage, Timer
from storage.mongo import conversations
from storage.mongo.store import MongoStore
from tests.contracts.store_examples import ANNA, BORIS, NOW, TOPIC, decided, said, told, unsent
from tests.storage.conftest import Raw
from tests.storage.test_mongo import make

C = ANNA.conversation

PLANNED = ("find", "aggregate", "update", "delete", "findAndModify", "distinct", "count")
PLANLESS = ("insert", "hello", "getMore")  # nothing is searched
OPTIONS = ("lsid", "txnNumber", "$db", "$clusterTime", "$readPreference", "writeConcern", "readConcern", "maxTimeMS")


class Spy(monitoring.CommandListener):
    """Remembers the commands that are sent."""

    def __init__(self) -> None:
        self.commands: list[dict[str, Any]] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.commands.append(dict(event.command))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch) -> Spy:
    spied = Spy()

    def client(*arguments: Any, **options: Any) -> AsyncMongoClient[dict[str, Any]]:
        return AsyncMongoClient(*arguments, event_listeners=[spied], **options)

    monkeypatch.setattr("storage.mongo.store.AsyncMongoClient", client)
    return spied


def plans(commands: list[dict[str, Any]], other: Raw) -> list[tuple[str, str]]:
    """Each command with the plan of it."""
    told: list[tuple[str, str]] = []
    for command in commands:
        name = next(iter(command))
        if name in PLANLESS:
            continue
        assert name in PLANNED, f"whether {name} needs an index is not known here"
        asked = {key: value for key, value in command.items() if key not in OPTIONS}
        parts = asked.pop({"update": "updates", "delete": "deletes"}.get(name, ""), [None])
        for part in parts:  # explain takes one at a time
            one = asked if part is None else asked | {f"{name}s": [part]}
            plan = other.command("explain", one, verbosity="executionStats")
            told.append((str(one), json.dumps(plan, default=str)))
    return told


async def exercise(store: MongoStore, dying: pytest.MonkeyPatch) -> None:
    """Every method, every branch that asks."""
    timer = Timer(name="t", at=NOW)
    for chat in (ANNA, BORIS):
        await store.accept([said(n, chat) for n in range(3)])
        await store.accept([said(1, chat)])
        await store.commit(
            decided(await store.load(chat.conversation), chat, timers=(timer,), outbox=(unsent(1, "w"),))
        )
        await store.accept([said(5, chat), told(chat.chat, chat.conversation), told("nobody", TOPIC.conversation)])
        await store.accept([replace(said(9, chat), address=TOPIC, event=told(1, C).event)])
    change = decided(await store.load(C))
    with pytest.raises(ValueError, match="another one"):
        await store.commit(replace(change, entries=tuple(replace(entry, seq=1) for entry in change.entries)))
    repeated = replace(change, entries=tuple(await store.entries(C)) + change.entries)
    await store.commit(repeated)
    with pytest.raises(Exception, match="any more"):
        await store.commit(change)
    await store.accept([said(7)])

    async def nothing(*_: object) -> None:
        pass

    with dying.context() as died:
        died.setattr(conversations, "_finish", nothing)
        await store.commit(decided(await store.load(C)))
    await store.load(C)
    await store.entries(C, after=1, limit=2)
    await store.entries(C, newest=True)
    await store.resolve(ANNA)
    await store.link(TOPIC, C)
    for holder in ("v", "w", "x"):
        for grace in (0.0, 1.0):
            await store.due(NOW, 10, grace=grace)
        await store.orphaned(10)
        await store.lease(holder, holder, 60)
        await store.lease("poll", holder, 60)
    await store.release("poll", "v")
    await store.leases()
    await store.conversations(stages=[Stage.BOT])
    await store.conversations(stages=list(Stage))
    await store.events(["opened", "closed"], since=NOW, until=NOW + timedelta(hours=1), limit=3)
    await store.tagged("vip")
    await store.tagged("vip", after=C, limit=2)
    for value in (1, 2, None):
        await store.put("key", value)
    await store.get("key")
    await store.items("k")
    await store.items("", after="k")
    await store.take("key")


async def test_no_question_reads_a_whole_collection(
    spy: Spy, replica_set: str, database: str, other: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make(f"{replica_set} {database}", TestClock(NOW))
    await store.open()
    spy.commands.clear()
    await exercise(store, monkeypatch)
    asked = plans(spy.commands, other)
    await store.close()
    assert len(asked) > 50
    for collection in {str(next(iter(command.values()))) for command in spy.commands if next(iter(command)) in PLANNED}:
        [(_, plan)] = plans([{"find": collection, "filter": {"no": "index"}}], other)
        assert "COLLSCAN" in plan, "this is how it would be seen"
    for command, plan in asked:
        assert "COLLSCAN" not in plan, command
        for scans in _numbers(plan, "collectionScans"):
            assert scans == 0, command


def _numbers(plan: str, name: str) -> list[int]:
    """What the stages say under that name; $lookup tells of its searches so."""
    found: list[int] = []

    def look(each: dict[str, Any]) -> dict[str, Any]:
        found.extend(int(each[name]) for _ in range(name in each))
        return each

    json.loads(plan, object_hook=look)
    return found


async def turn(store: MongoStore, name: int) -> None:
    await store.accept([said(name)])
    await store.commit(decided(await store.load(C)))


async def test_a_turn_costs_six_commands(spy: Spy, replica_set: str, database: str) -> None:
    store = make(f"{replica_set} {database}", TestClock(NOW))
    await store.open()
    await turn(store, 1)
    spy.commands.clear()
    await turn(store, 2)
    sent = [f"{next(iter(command))} {next(iter(command.values()))}" for command in spy.commands]
    await store.close()
    assert sent[:4] == ["find addresses", "insert signals", "aggregate conversations", "update conversations"]
    assert sorted(sent[4:]) == ["insert entries", "update signals"], "these two go at the same time"
