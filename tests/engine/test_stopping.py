"""A worker that stops applies what became of all that it sent, and leaves nothing to be sent again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from estafeta.clock import TestClock
from estafeta.kernel.model import OutboundMessage
from estafeta.kernel.ports import Change
from flows.model import Workspace
from tests.clocked_store import ClockedStore
from tests.engine.team import GatedChannel, One, Team, begun


class SlowCommits(ClockedStore):
    """Commits wait while the gate is closed."""

    def __init__(self, path: Path, *, clock: TestClock) -> None:
        super().__init__(path, clock=clock)
        self.gate = asyncio.Event()
        self.gate.set()
        self.waits = asyncio.Event()

    async def commit(self, change: Change) -> None:
        if not self.gate.is_set():
            self.waits.set()
        await self.gate.wait()
        await super().commit(change)


@pytest.fixture
async def store(tmp_path: Path, clock: TestClock) -> SlowCommits:
    return SlowCommits(tmp_path / "team.db", clock=clock)


@pytest.fixture
async def team(tmp_path: Path, small: Workspace, clock: TestClock, store: SlowCommits) -> AsyncIterator[Team]:
    made = Team(tmp_path / "team.db", small, clock)
    made.store = store
    await store.open()
    yield made
    await store.close()


async def test_what_became_of_the_last_send_is_applied_though_a_turn_was_under_way(
    team: Team, store: SlowCommits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first answer's outcome is being committed when the second's comes in, and nothing else is in hand."""
    leaving = One(team, "leaving")
    outbox = leaving.worker.outbox.lanes

    async def send(channel: GatedChannel, message: OutboundMessage) -> str:
        await store.waits.wait()
        team.seen.append(message.id)
        asyncio.get_running_loop().call_later(0.1, store.gate.set)  # the outbox has closed by then
        return "second"

    async def finish() -> None:
        while not outbox._closing:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)
        store.gate.clear()
        leaving.channel.gate.set()
        monkeypatch.setattr(GatedChannel, "send", send)

    async with leaving.worker.running():
        await begun(team, leaving)
        await team.says("person")
        await leaving.work()
        assert len((await team.conversation()).outbox) == 2
        finishing = asyncio.create_task(finish())
    await finishing
    assert len(team.seen) == 2
    assert (await team.conversation()).outbox == ()  # nobody sends it again
