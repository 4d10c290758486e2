"""What does the look for forgotten work cost, `Store.due`, among many conversations?

One in ten waits for a timer of some later hour, a thousand are being worked on by workers that are at
work: a busy hour in which nothing was forgotten. Then the same with a part of it forgotten: signals that
wait, timers that are due, items of a worker that is gone.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from benchmarks.scaling.site import Site
from benchmarks.scaling.stored import address_of, chats_from, conversation_of, fill, lived, raw, read
from estafeta.clock import SystemClock
from estafeta.kernel.model import (
    Conversation,
    ConversationId,
    OutboundMessage,
    OutboxId,
    OutboxItem,
    Text,
    Timer,
    ToCustomer,
)
from estafeta.kernel.ports import Change, Store
from storage.sqlite import SqliteStore

CONVERSATIONS = 1_000_000
IN_HAND = 1_000
FORGOTTEN = 100
BATCH, GRACE = 500, 1.0
"""What the sweeper asks for."""
TARGET = 5.0
_FIRST = 5_000_000_000
_WORKERS = ("worker-1", "worker-2")
_PATTERNS = {"quiet": str(_FIRST - 1), "timer": str(_FIRST - 2), "held": str(_FIRST - 3)}


async def look(site: Site, *, count: int = CONVERSATIONS, calls: int = 300) -> bool:
    """Whether the look at MongoDB, with nothing forgotten, takes less than the target at p95."""
    async with site.workers(1, "sweeper"):
        await lived(site, "sweeper", str(_FIRST - 9), 3)
    mongo, sqlite = site.store("sweeper"), SqliteStore(site.folder / "sweeper.db", clock=SystemClock())
    await mongo.open()
    await sqlite.open()
    try:
        seen = (await mongo.load(ConversationId(conversation_of(str(_FIRST - 9))))).conversation
        if seen is None:
            raise RuntimeError("there is no conversation to copy")
        groups = _groups(count)
        for store in (mongo, sqlite):
            for kind, chat in _PATTERNS.items():
                await _store(store, _like(seen, chat, kind))
        await _fill_mongo(site, groups)
        await sqlite.close()  # the file is this process's own while it is open
        _fill_sqlite(site, groups)
        await sqlite.open()
        stores: tuple[tuple[str, Store], ...] = (("MongoDB", mongo), ("SQLite", sqlite))
        rows = [await _measure(site, name, store, calls, seen) for name, store in stores]
    finally:
        await sqlite.close()
        await mongo.close()
    holds = rows[0] < TARGET
    print(f"MongoDB, nothing forgotten, p95 under {TARGET:g} ms: {'ok' if holds else 'FAILED'}")
    return holds


def _groups(count: int) -> dict[str, list[str]]:
    """Chats by what their conversation is like."""
    chats = chats_from(_FIRST, count)
    later = count // 10
    return {"held": chats[:IN_HAND], "timer": chats[IN_HAND:later], "quiet": chats[later:]}


def _like(
    seen: Conversation, chat: str, kind: str, holder: str = _WORKERS[0], due: timedelta = timedelta(days=1)
) -> Conversation:
    timers = (Timer(name="reminder", at=datetime.now(UTC) + due),) if kind == "timer" else ()
    message = OutboundMessage(id=OutboxId(f"{chat}.1"), to=address_of(chat), parts=(Text(text="Минутку."),))
    item = OutboxItem(id=OutboxId(f"{chat}.1"), body=ToCustomer(message=message), holder=holder)
    outbox = (item,) if kind == "held" else ()
    return replace(
        seen,
        id=ConversationId(conversation_of(chat)),
        address=address_of(chat),
        version=1,
        timers=timers,
        outbox=outbox,
    )


async def _store(store: Store, conversation: Conversation) -> None:
    await store.commit(Change(conversation=conversation, expected_version=0, applied=(), entries=()))


async def _fill_mongo(site: Site, groups: dict[str, list[str]]) -> None:
    for kind, chats in groups.items():
        async with raw(site, "sweeper") as database:
            pattern = await read(database, _PATTERNS[kind])
        await fill(site, "sweeper", pattern, chats, ["conversations"])


def _fill_sqlite(site: Site, groups: dict[str, list[str]]) -> None:
    with closing(sqlite3.connect(site.folder / "sweeper.db")) as file:
        for kind, chats in groups.items():
            old = _PATTERNS[kind]
            row = file.execute("SELECT * FROM conversations WHERE id = ?", (conversation_of(old),)).fetchone()
            marks = ", ".join("?" * len(row))
            with file:
                file.executemany(
                    f"INSERT INTO conversations VALUES ({marks})",  # noqa: S608 - question marks alone
                    (_copied(row, old, chat) for chat in chats),
                )


def _copied(row: Sequence[object], old: str, new: str) -> list[object]:
    def copied(value: object) -> object:
        if isinstance(value, bytes):
            return copied(value.decode()).encode()  # type: ignore[attr-defined]
        if isinstance(value, str):
            return value.replace(old, new).replace(conversation_of(old), conversation_of(new))
        return value

    return [copied(value) for value in row]


async def _measure(site: Site, name: str, store: Store, calls: int, seen: Conversation) -> float:
    """Prints both cases; p95 of the first, in ms."""
    for worker in _WORKERS:
        await store.lease(worker, worker, 3600)
    nothing = await _times(store, calls, 0)
    print(f"{name:<8} nothing forgotten: {_shown(nothing)}", flush=True)
    await _forget(site, store, seen)
    some = await _times(store, calls, 3 * FORGOTTEN)
    print(f"{name:<8} {3 * FORGOTTEN} forgotten:     {_shown(some)}", flush=True)
    return _percentile(nothing, 0.95)


async def _forget(site: Site, store: Store, seen: Conversation) -> None:
    """As many of each kind: a due timer, items of a worker that is gone, a signal that waits."""
    for number, chat in enumerate(chats_from(_FIRST - 100_000, 3 * FORGOTTEN)):
        match number % 3:
            case 0:
                await _store(store, _like(seen, chat, "timer", due=timedelta(hours=-1)))
            case 1:
                await _store(store, _like(seen, chat, "held", holder="worker-0"))
            case _:
                await store.accept([site.customers.signal(chat)])
    await asyncio.sleep(2 * GRACE + 1)  # the store's clock counts whole seconds


async def _times(store: Store, calls: int, forgotten: int) -> list[float]:
    """Milliseconds, in order of size, after a few calls that warm up."""
    times: list[float] = []
    for number in range(calls + 20):
        began = time.perf_counter()
        due, orphaned = await asyncio.gather(store.due(datetime.now(UTC), BATCH, grace=GRACE), store.orphaned(BATCH))
        found = due + orphaned
        if len(found) != forgotten:
            raise RuntimeError(f"{len(found)} conversations were found, not {forgotten}")
        if number >= 20:
            times.append((time.perf_counter() - began) * 1000)
    return sorted(times)


def _percentile(times: list[float], share: float) -> float:
    return times[int(len(times) * share)]


def _shown(times: list[float]) -> str:
    return f"p50 {_percentile(times, 0.5):.2f} ms, p95 {_percentile(times, 0.95):.2f} ms"
