"""What every `Clock` promises."""

from __future__ import annotations

import asyncio
from datetime import UTC, timedelta

import pytest

from estafeta.kernel.ports import Clock


class ClockContract:
    @pytest.fixture
    def clock(self) -> Clock:
        raise NotImplementedError

    async def let_pass(self, clock: Clock, seconds: float) -> None:
        """Lets this much time pass on the clock."""
        raise NotImplementedError

    def test_now_is_aware_utc(self, clock: Clock) -> None:
        assert clock.now().tzinfo is UTC

    async def test_time_passes(self, clock: Clock) -> None:
        before = clock.now()
        await self.let_pass(clock, 0.01)
        assert clock.now() >= before + timedelta(seconds=0.01)

    async def test_a_sleeper_wakes_when_its_time_has_come(self, clock: Clock) -> None:
        before = clock.now()
        sleeper = asyncio.create_task(clock.sleep(0.02))
        await self.let_pass(clock, 0.03)
        await sleeper
        assert clock.now() >= before + timedelta(seconds=0.02)

    async def test_sleepers_wake_in_the_order_of_their_times(self, clock: Clock) -> None:
        woken: list[str] = []

        async def sleep(name: str, seconds: float) -> None:
            await clock.sleep(seconds)
            woken.append(name)

        async with asyncio.TaskGroup() as group:
            group.create_task(sleep("late", 0.06))
            group.create_task(sleep("early", 0.01))
            group.create_task(sleep("middle", 0.03))
            await self.let_pass(clock, 0.1)
        assert woken == ["early", "middle", "late"]

    @pytest.mark.parametrize("seconds", [0, -1])
    async def test_no_time_to_sleep_is_no_sleep_but_lets_others_run(self, clock: Clock, seconds: float) -> None:
        ran: list[bool] = []
        asyncio.get_running_loop().call_soon(ran.append, True)
        await clock.sleep(seconds)
        assert ran == [True]

    async def test_a_cancelled_sleeper_leaves_the_others_asleep(self, clock: Clock) -> None:
        cancelled = asyncio.create_task(clock.sleep(0.01))
        other = asyncio.create_task(clock.sleep(0.02))
        await asyncio.sleep(0)
        cancelled.cancel()
        await self.let_pass(clock, 0.03)
        await other
        assert cancelled.cancelled()
