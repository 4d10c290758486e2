"""Workers of one team on one store, with the rounds that a test makes them do."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from estafeta.actions import HttpActions
from estafeta.bus.memory import MemoryBus
from estafeta.clock import TestClock
from estafeta.kernel.model import (
    Conversation,
    CustomerSaid,
    OutboundMessage,
    Signal,
    SignalId,
    Text,
)
from estafeta.presence import Presence
from estafeta.tasks import ended
from estafeta.worker import Worker
from flows.model import Workspace
from tests.clocked_store import ClockedStore
from tests.engine.words import Words
from tests.world import HOME, RecordingChannel

C = HOME.conversation


class GatedChannel(RecordingChannel):
    """Sends while the gate is open; `begun` counts tries. `seen` is what the messenger got, of all workers."""

    def __init__(self, seen: list[str]) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()
        self.seen = seen
        self.begun = asyncio.Semaphore(0)

    async def send(self, message: OutboundMessage) -> str:
        self.begun.release()
        await self.gate.wait()
        self.seen += [part.text for part in message.parts if isinstance(part, Text)]
        return f"ext-{message.id}"


class One:
    """One worker, with the rounds that the test makes it do."""

    def __init__(self, team: Team, name: str) -> None:
        self.channel = GatedChannel(team.seen)
        self.presence = Presence(store=team.store, clock=team.clock, name=name)
        self.worker = Worker(
            store=team.store, bus=MemoryBus(), clock=team.clock, presence=self.presence, understander=Words(),
            workspace=team.workspace, channels={("recorder", "test"): self.channel}, desks={},
            actions=HttpActions(team.workspace, secrets={}, variables={}),
        )  # fmt: skip
        self.lanes = contextlib.AsyncExitStack()

    async def begin(self) -> None:
        await self.presence.begin()
        await self.lanes.enter_async_context(self.worker.engine.lanes)
        await self.lanes.enter_async_context(self.worker.outbox.lanes)

    async def work(self) -> None:
        """Takes the conversation's news, and makes the turn."""
        self.worker.engine.wake(C)
        await self.worker.engine.lanes.idle()

    async def renew(self) -> None:
        await self.presence._renew()

    async def kill(self) -> None:
        """Whatever it was doing is never finished or told."""
        tasks = [*self.worker.engine.lanes._tasks.values(), *self.worker.outbox.lanes._tasks.values()]
        await ended(tasks)

    async def quiet(self) -> None:
        async with asyncio.timeout(10):
            while self.worker.engine.lanes.busy or self.worker.outbox.lanes.busy:
                await self.worker.engine.lanes.idle()
                await self.worker.outbox.lanes.idle()


class Team:
    def __init__(self, path: Path, workspace: Workspace, clock: TestClock) -> None:
        self.clock = clock
        self.workspace = workspace
        self.store = ClockedStore(path, clock=clock)
        self.seen: list[str] = []
        self._number = 0

    async def says(self, text: str) -> None:
        self._number += 1
        event = CustomerSaid(message=str(self._number), parts=(Text(text=text),))
        await self.store.accept(
            [Signal(id=SignalId(f"s{self._number}"), at=self.clock.now(), event=event, address=HOME)]
        )

    async def conversation(self) -> Conversation:
        found = (await self.store.load(C)).conversation
        assert found is not None
        return found

    async def passes(self, seconds: float, *living: One) -> None:
        """Time, in which the living renew."""
        for _ in range(round(seconds * 2)):
            await self.clock.advance(0.5)
            for one in living:
                await one.renew()


async def begun(team: Team, one: One) -> None:
    """`one` is sending its answer to the first message, and the messenger is slow."""
    one.channel.gate.clear()
    await team.says("pay")
    await one.work()
    async with asyncio.timeout(10):
        await one.channel.begun.acquire()
