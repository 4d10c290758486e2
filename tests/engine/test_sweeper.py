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
from estafeta.sweeper import Sweeper
from storage.sqlite import SqliteStore
from tests.conftest import ROOT

NOON = datetime.fromisoformat("2026-11-20T12:00:00+00:00")


def address(chat: str) -> Address:
    return Address(channel="recorder", account="test", chat=chat)


def said(chat: str) -> Signal:
    event = CustomerSaid(message="1", parts=(Text(text="hello"),))
    return Signal(id=SignalId(f"{chat}.1"), at=NOON, address=address(chat), event=event)


def unsent(chat: str, due_at: datetime) -> Change:
    to = address(chat)
    message = OutboundMessage(id=OutboxId(f"{chat}.out"), to=to, parts=(Text(text="hello"),))
    item = OutboxItem(id=message.id, due_at=due_at, body=ToCustomer(message=message))
    held = Conversation(id=to.conversation, address=to, version=1, outbox=(item,), updated_at=NOON)
    return Change(conversation=held, expected_version=0, applied=(), entries=())


async def leave_behind(path: Path, clock: TestClock) -> None:
    """A heard customer, an answer not sent, nothing closed."""
    store = SqliteStore(path, clock=clock)
    await store.open()
    await store.accept([said("heard")])
    await store.commit(unsent("unsent", NOON + timedelta(seconds=15)))


@pytest.fixture
def clock() -> TestClock:
    return TestClock(NOON)


@pytest.fixture
def woken() -> list[ConversationId]:
    return []


@pytest.fixture
async def store(tmp_path: Path, clock: TestClock) -> AsyncIterator[SqliteStore]:
    made = SqliteStore(tmp_path / "store.db", clock=clock)
    await made.open()
    yield made
    await made.close()


def sweeper(store: SqliteStore, clock: TestClock, woken: list[ConversationId], *, alone: bool = False) -> Sweeper:
    return Sweeper(store=store, clock=clock, wake=woken.append, alone=alone)


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
    found: list[ConversationId] = []
    try:
        # Alone, whatever is there is ours, however fresh.
        assert await sweeper(store, clock, found, alone=True).sweep(everything=True) == 2
        assert set(found) == {address("heard").conversation, address("unsent").conversation}
    finally:
        await store.close()


async def test_a_signal_is_left_to_its_own_wake_up_at_first(
    store: SqliteStore, clock: TestClock, woken: list[ConversationId]
) -> None:
    await store.accept([said("a")])
    sweeping = sweeper(store, clock, woken)
    await clock.advance(1.5)
    assert await sweeping.sweep() == 0
    await clock.advance(1.0)
    assert await sweeping.sweep() == 1
    assert woken == [address("a").conversation]


async def test_an_unsent_answer_is_left_to_its_worker_until_the_lease_ends(
    store: SqliteStore, clock: TestClock, woken: list[ConversationId]
) -> None:
    await store.commit(unsent("a", NOON + timedelta(seconds=15)))
    sweeping = sweeper(store, clock, woken)
    await clock.advance(15)
    assert await sweeping.sweep() == 0
    await clock.advance(3)
    assert await sweeping.sweep() == 1


async def test_a_due_timer_is_found_and_a_conversation_at_rest_is_not(
    store: SqliteStore, clock: TestClock, woken: list[ConversationId]
) -> None:
    for chat, at in (("soon", 60), ("later", 3600)):
        change = unsent(chat, NOON)
        timer = Timer(name="remind", at=NOON + timedelta(seconds=at))
        await store.commit(replace(change, conversation=replace(change.conversation, outbox=(), timers=(timer,))))
    rest = unsent("rest", NOON)
    await store.commit(replace(rest, conversation=replace(rest.conversation, outbox=())))
    await clock.advance(70)
    assert await sweeper(store, clock, woken).sweep() == 1
    assert woken == [address("soon").conversation]


async def test_it_goes_on_when_the_store_is_away(
    store: SqliteStore, clock: TestClock, woken: list[ConversationId]
) -> None:
    await store.accept([said("a")])
    await clock.advance(5)
    await store.close()
    sweeping = sweeper(store, clock, woken)
    with structlog.testing.capture_logs() as logged:
        assert await sweeping.sweep() == 0
    assert [line["event"] for line in logged] == ["store_unavailable"]
    await store.open()
    assert await sweeping.sweep() == 1


async def test_it_looks_again_and_again(store: SqliteStore, clock: TestClock, woken: list[ConversationId]) -> None:
    running = asyncio.create_task(sweeper(store, clock, woken, alone=True).run())
    try:
        await clock.asleep()
        await store.accept([said("a")])
        for _ in range(4):
            await clock.advance(1)
            await clock.asleep()
        assert woken
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
