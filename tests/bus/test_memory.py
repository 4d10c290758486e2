"""The bus within one process."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator

import pytest

from estafeta.bus.memory import MemoryBus
from estafeta.kernel.ports import Bus
from tests.contracts.bus_contract import BusContract, changed, conversation, take


class TestMemoryBus(BusContract):
    @pytest.fixture
    async def bus(self) -> AsyncIterator[Bus]:
        bus = MemoryBus()
        await bus.open()
        yield bus
        await bus.close()

    async def test_a_conversation_that_waits_already_is_not_queued_again(self, bus: Bus) -> None:
        for number in (1, 2, 1, 1, 3, 2):
            await bus.wake(conversation(number))
        wakes = bus.wakes()
        assert await take(3, wakes) == ["c1", "c2", "c3"]
        await bus.wake(conversation(4))
        assert await take(1, wakes) == ["c4"]

    async def test_the_backlog_of_a_listener_is_bounded(self) -> None:
        bus = MemoryBus(backlog=2)
        slow = bus.announcements()
        for number in range(5):
            await bus.announce(changed(number))
        assert await take(2, slow) == [changed(3), changed(4)]

    async def test_a_listener_nobody_holds_is_forgotten(self, bus: Bus) -> None:
        listener = bus.announcements()
        gone = weakref.ref(listener)
        del listener
        gc.collect()
        assert gone() is None
        await bus.announce(changed(1))

    async def test_what_waits_when_it_closes_is_dropped(self, bus: Bus) -> None:
        await bus.wake(conversation(1))
        await bus.close()
        assert [woken async for woken in bus.wakes()] == []
        assert [live async for live in bus.announcements()] == []

    async def test_it_opens_again(self, bus: Bus) -> None:
        await bus.wake(conversation(1))
        await bus.close()
        await bus.wake(conversation(2))
        await bus.open()
        worker = asyncio.create_task(take(1, bus.wakes()))
        await bus.wake(conversation(1))
        assert await worker == ["c1"]
