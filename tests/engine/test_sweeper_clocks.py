"""Whatever a clock says about the age of what waits, it is found before long."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

from estafeta.bus.memory import MemoryBus
from estafeta.clock import TestClock
from estafeta.kernel.model import ConversationId
from estafeta.presence import Presence
from estafeta.sweeper import Sweeper
from estafeta.tasks import ended
from storage.sqlite import SqliteStore
from tests.engine.test_sweeper import Woken, address, said


class SetBack(SqliteStore):
    """By its clock, which was ahead when they came, signals are fresh for ever."""

    async def due(self, now: datetime, limit: int, *, grace: float = 0.0) -> list[ConversationId]:
        return await super().due(now, limit) if grace == 0 else []


async def test_what_seems_fresh_for_ever_is_found(tmp_path: Path) -> None:
    clock = TestClock()
    store = SetBack(tmp_path / "store.db", clock=clock)
    await store.open()
    presence = Presence(store=store, clock=clock, settles=0.0)
    await presence.begin()
    bus = MemoryBus()
    sweeper = Sweeper(store=store, bus=bus, clock=clock, engine=Woken(), presence=presence)
    running = asyncio.create_task(sweeper.run())
    try:
        await clock.asleep()
        await store.accept([said("a")])
        for _ in range(35):
            await clock.advance(1)
            await clock.asleep()
        async with asyncio.timeout(1):
            assert await anext(bus.wakes()) == address("a").conversation
    finally:
        await ended([running])
        await store.close()
