"""The sweeper finds what a killed process left, and leaves alone what others are at."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import structlog.testing

from estafeta.bus.memory import MemoryBus
from estafeta.clock import TestClock
from estafeta.kernel.model import (
    Address,
    Conversation,
    ConversationId,
    CustomerSaid,
    OutboundMessage,
    OutboxId,
    OutboxItem,
    Signal,
    SignalId,
    Text,
    Timer,
    ToCustomer,
)
from estafeta.kernel.ports import Change
from estafeta.presence import Presence
from estafeta.sweeper import Sweeper
from storage.sqlite import SqliteStore
from tests.conftest import ROOT

NOON = datetime.fromisoformat("2026-11-20T12:00:00+00:00")


def address(chat: str) -> Address:
    return Address(channel="recorder", account="test", chat=chat)


def said(chat: str) -> Signal:
    event = CustomerSaid(message="1", parts=(Text(text="hello"),))
    return Signal(id=SignalId(f"{chat}.1"), at=NOON, address=address(chat), event=event)


def unsent(chat: str, holder: str = "") -> Change:
    to = address(chat)
    message = OutboundMessage(id=OutboxId(f"{chat}.out"), to=to, parts=(Text(text="hello"),))
    item = OutboxItem(id=message.id, holder=holder, body=ToCustomer(message=message))
    held = Conversation(id=to.conversation, address=to, version=1, outbox=(item,), updated_at=NOON)
    return Change(conversation=held, expected_version=0, applied=(), entries=())


async def leave_behind(path: Path, clock: TestClock) -> None:
    """A heard customer, an answer not sent, nothing closed."""
    store = SqliteStore(path, clock=clock)
    await store.open()
    await store.accept([said("heard")])
    await store.lease("before", "before", 100)
    await store.commit(unsent("unsent", "before"))


@pytest.fixture
def clock() -> TestClock:
    return TestClock(NOON)


@pytest.fixture
def woken() -> Woken:
    return Woken()


@pytest.fixture
async def store(tmp_path: Path, clock: TestClock) -> AsyncIterator[SqliteStore]:
    made = SqliteStore(tmp_path / "store.db", clock=clock)
    await made.open()
    yield made
    await made.close()


class Woken:
    """Stands where the engine stands, and reads the bus."""

    def __init__(self) -> None:
        self.conversations: list[ConversationId] = []
        self.failed: list[ConversationId] = []

    def wake(self, conversation: ConversationId) -> None:
        self.conversations.append(conversation)

    def unfinished(self) -> list[ConversationId]:
        return self.failed


class DownBus(MemoryBus):
    """Nothing travels."""

    up = False

    async def wake(self, conversation: ConversationId) -> None:
        raise AssertionError("it is down")


async def sweeper(
    store: SqliteStore, clock: TestClock, woken: Woken, bus: MemoryBus | None = None, *, settles: float = 0.0
) -> Sweeper:
    presence = Presence(store=store, clock=clock, name="sweeping", settles=settles)
    await presence.begin()
    return Sweeper(store=store, bus=bus or DownBus(), clock=clock, engine=woken, presence=presence)


async def test_what_a_killed_process_left_is_found(tmp_path: Path, clock: TestClock) -> None:
    program = (
        "import asyncio, os, pathlib, signal; from tests.engine.test_sweeper import *\n"
        f"async def main(): await leave_behind(pathlib.Path({str(tmp_path / 'store.db')!r}), TestClock(NOON));"
        " os.kill(os.getpid(), signal.SIGKILL)\nasyncio.run(main())"
    )
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", program, cwd=ROOT)
    assert await child.wait() == -signal.SIGKILL
    store = SqliteStore(tmp_path / "store.db", clock=clock)
    await store.open()
    found = Woken()
    try:
        # Who worked on this file before is gone, whatever its lease said.
        assert await (await sweeper(store, clock, found)).sweep(grace=0.0) == 2
        assert set(found.conversations) == {address("heard").conversation, address("unsent").conversation}
    finally:
        await store.close()


async def test_a_signal_is_left_to_its_own_wake_up_at_first(store: SqliteStore, clock: TestClock, woken: Woken) -> None:
    await store.accept([said("a")])
    sweeping = await sweeper(store, clock, woken)
    await clock.advance(1.5)
    assert await sweeping.sweep(grace=2.0) == 0
    await clock.advance(1.0)
    assert await sweeping.sweep(grace=2.0) == 1
    assert woken.conversations == [address("a").conversation]


async def test_an_unsent_answer_is_left_to_its_worker_while_that_one_is_at_work(
    store: SqliteStore, clock: TestClock, woken: Woken
) -> None:
    await store.lease("other", "other", 100)
    await store.commit(unsent("a", "other"))
    sweeping = await sweeper(store, clock, woken)
    assert await sweeping.sweep(grace=0.0) == 0
    await store.release("other", "other")
    assert await sweeping.sweep(grace=0.0) == 1


async def test_who_may_not_call_others_dead_yet_leaves_their_things_to_those_who_may(
    store: SqliteStore, clock: TestClock, woken: Woken
) -> None:
    await store.commit(unsent("a", "other"))
    sweeping = await sweeper(store, clock, woken, MemoryBus(), settles=3.0)
    assert await sweeping.sweep(grace=0.0) == 0
    for _ in range(4):
        await clock.advance(0.75)
        await sweeping._presence._renew()
    assert await sweeping.sweep(grace=0.0) == 1
    assert woken.conversations == [address("a").conversation]  # not the bus: who hears it there may not


async def test_what_is_found_goes_to_the_bus_for_any_worker(store: SqliteStore, clock: TestClock, woken: Woken) -> None:
    bus = MemoryBus()
    await store.accept([said("a")])
    assert await (await sweeper(store, clock, woken, bus)).sweep(grace=0.0) == 1
    assert woken.conversations == []
    assert await anext(bus.wakes()) == address("a").conversation


async def test_what_failed_here_is_tried_again_here(store: SqliteStore, clock: TestClock, woken: Woken) -> None:
    woken.failed = [address("a").conversation]
    assert await (await sweeper(store, clock, woken, MemoryBus())).sweep(grace=1.0) == 1
    assert woken.conversations == [address("a").conversation]


async def test_without_a_bus_workers_divide_the_work_and_nothing_is_left(store: SqliteStore, clock: TestClock) -> None:
    chats = [str(number) for number in range(40)]
    await store.accept([said(chat) for chat in chats])
    sweepers = []
    for number in range(3):
        presence = Presence(store=store, clock=clock, name=f"w{number}")
        await presence.begin()
        woken = Woken()
        sweepers.append((Sweeper(store=store, bus=DownBus(), clock=clock, engine=woken, presence=presence), woken))
    for rounds in range(1, 4):
        for sweeping, _ in sweepers:
            await sweeping.sweep(grace=0.0)
        taken = [conversation for _, woken in sweepers for conversation in woken.conversations]
        assert len(taken) == 40 * rounds
        assert {address(chat).conversation for chat in chats} == set(taken)
    for _, woken in sweepers:  # in turn, so that one that hangs keeps nothing from the others
        assert len(set(woken.conversations)) == 40


async def test_a_due_timer_is_found_and_a_conversation_at_rest_is_not(
    store: SqliteStore, clock: TestClock, woken: Woken
) -> None:
    for chat, at in (("soon", 60), ("later", 3600)):
        change = unsent(chat)
        timer = Timer(name="remind", at=NOON + timedelta(seconds=at))
        await store.commit(replace(change, conversation=replace(change.conversation, outbox=(), timers=(timer,))))
    rest = unsent("rest")
    await store.commit(replace(rest, conversation=replace(rest.conversation, outbox=())))
    await clock.advance(70)
    assert await (await sweeper(store, clock, woken)).sweep(grace=1.0) == 1
    assert woken.conversations == [address("soon").conversation]


async def test_it_goes_on_when_the_store_is_away(store: SqliteStore, clock: TestClock, woken: Woken) -> None:
    await store.accept([said("a")])
    await clock.advance(5)
    await store.close()
    sweeping = await sweeper(store, clock, woken)
    with structlog.testing.capture_logs() as logged:
        assert await sweeping.sweep(grace=1.0) == 0
    assert [line["event"] for line in logged] == ["store_unavailable"]
    await store.open()
    assert await sweeping.sweep(grace=1.0) == 1


async def test_it_looks_again_and_again(store: SqliteStore, clock: TestClock, woken: Woken) -> None:
    running = asyncio.create_task((await sweeper(store, clock, woken)).run())
    try:
        await clock.asleep()
        await store.accept([said("a")])
        for _ in range(4):
            await clock.advance(1)
            await clock.asleep()
        assert woken.conversations
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
