"""Both clocks keep the contract; the test clock keeps what tests build on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest

from estafeta.clock import SystemClock, TestClock
from estafeta.kernel.ports import Clock
from tests.contracts.clock_contract import ClockContract

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class TestSystemClock(ClockContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return SystemClock()

    async def let_pass(self, clock: Clock, seconds: float) -> None:
        await asyncio.sleep(seconds)


class TestTestClock(ClockContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return TestClock(START)

    async def let_pass(self, clock: Clock, seconds: float) -> None:
        assert isinstance(clock, TestClock)
        await clock.advance(seconds)

    async def test_it_stands_still_until_advanced(self) -> None:
        clock = TestClock(START)
        await asyncio.sleep(0)
        assert clock.now() == START
        await clock.advance(90)
        assert clock.now() == START + timedelta(seconds=90)

    async def test_a_sleeper_wakes_at_its_own_time_however_far_the_clock_goes(self) -> None:
        clock = TestClock(START)
        woken: list[datetime] = []

        async def every_minute() -> None:
            while True:
                await clock.sleep(60)
                woken.append(clock.now())

        task = asyncio.create_task(every_minute())
        await clock.advance(200)
        task.cancel()
        assert woken == [START + timedelta(seconds=60 * n) for n in (1, 2, 3)]

    async def test_what_a_sleeper_set_going_has_settled_before_the_next_one_wakes(self) -> None:
        clock = TestClock(START)
        seen: list[str] = []
        queue: asyncio.Queue[str] = asyncio.Queue()

        async def consumer() -> None:
            while True:
                seen.append(await queue.get())

        async def producer() -> None:
            await clock.sleep(1)
            queue.put_nowait("first")

        async def other() -> None:
            await clock.sleep(2)
            seen.append("second")

        tasks = [asyncio.create_task(job()) for job in (consumer, producer, other)]
        await clock.advance(5)
        for task in tasks:
            task.cancel()
        assert seen == ["first", "second"]

    async def test_nobody_wakes_early(self) -> None:
        clock = TestClock(START)
        sleeper = asyncio.create_task(clock.sleep(10))
        await clock.advance(9.999)
        assert not sleeper.done()
        await clock.advance(0.001)
        assert sleeper.done()

    async def test_asleep_waits_until_so_many_sleep(self) -> None:
        clock = TestClock(START)
        waiting = asyncio.create_task(clock.asleep(2))
        sleepers = [asyncio.create_task(clock.sleep(1))]
        await clock.advance(0)
        assert not waiting.done()
        sleepers.append(asyncio.create_task(clock.sleep(1)))
        await waiting
        await clock.advance(1)
        assert all(sleeper.done() for sleeper in sleepers)

    def test_other_time_zones_are_told_in_utc(self) -> None:
        moscow = timezone(timedelta(hours=3))
        assert TestClock(datetime(2026, 11, 21, 15, 0, tzinfo=moscow)).now().isoformat() == START.isoformat()

    def test_a_naive_start_is_refused(self) -> None:
        with pytest.raises(ValueError, match="aware"):
            TestClock(datetime(2026, 11, 21, 12, 0))  # noqa: DTZ001 - that is what is tested

    async def test_time_does_not_go_back(self) -> None:
        with pytest.raises(ValueError, match="back"):
            await TestClock(START).advance(-1)
