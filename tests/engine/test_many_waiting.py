"""Thousands of messages that wait for one conversation are decided in order, so many at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from estafeta.clock import TestClock
from estafeta.kernel.model import CustomerSaid, Signal, SignalId, Text
from estafeta.kernel.ports import MAILBOX, Change
from flows.model import Workspace
from tests.clocked_store import ClockedStore
from tests.engine.team import C, One, Team
from tests.world import HOME

MANY = 1_050


class Counting(ClockedStore):
    """Remembers how much each commit brought."""

    def __init__(self, path: Path, *, clock: TestClock) -> None:
        super().__init__(path, clock=clock)
        self.applied: list[int] = []

    async def commit(self, change: Change) -> None:
        self.applied.append(len(change.applied))
        await super().commit(change)


@pytest.fixture
async def store(tmp_path: Path, clock: TestClock) -> AsyncIterator[Counting]:
    made = Counting(tmp_path / "team.db", clock=clock)
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def anna(tmp_path: Path, small: Workspace, clock: TestClock, store: Counting) -> AsyncIterator[One]:
    team = Team(tmp_path / "team.db", small, clock)
    team.store = store
    one = One(team, "anna")
    await one.begin()
    yield one
    await one.kill()
    await one.lanes.aclose()


async def test_one_wake_up_is_enough_for_all_and_no_commit_is_too_large(
    store: Counting, anna: One, clock: TestClock
) -> None:
    for number in range(MANY):
        event = CustomerSaid(message=str(number), parts=(Text(text=f"person {number}"),))
        await store.accept([Signal(id=SignalId(f"s{number}"), at=clock.now(), event=event, address=HOME)])
    await anna.work()
    await anna.quiet()
    assert max(store.applied) == MAILBOX
    entries = await store.entries(C, limit=10_000)
    heard = [entry.text for entry in entries if entry.author.kind == "customer"]
    assert heard == [f"person {number}" for number in range(MANY)]
    stored = await store.load(C)
    assert stored.signals == ()
    assert stored.conversation is not None
    assert stored.conversation.outbox == ()
