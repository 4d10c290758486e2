"""The two clocks: the system's, and one that a test moves by hand."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from datetime import UTC, datetime, timedelta

_TURNS = 40


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0.0))


class TestClock:
    """Stands still until `advance` moves it; whoever sleeps on it wakes at the right time, in order."""

    __test__ = False  # pytest would take it for a test class

    def __init__(self, start: datetime = datetime(2026, 1, 12, 9, 0, tzinfo=UTC)) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock starts at an aware datetime, for example datetime(2026, 1, 12, tzinfo=UTC)")
        self._now = start.astimezone(UTC)
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._fell_asleep = asyncio.Event()

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._now.timestamp()

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        wakes: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + timedelta(seconds=seconds), next(self._order), wakes))
        self._fell_asleep.set()
        await wakes

    async def asleep(self, count: int = 1) -> None:
        """Returns when at least `count` sleep on this clock: what works through threads or sockets
        between two sleeps has come back to sleep then."""
        while self._sleeping() < count:
            self._fell_asleep.clear()
            await self._fell_asleep.wait()

    async def advance(self, seconds: float) -> None:
        """Moves the time forward. Sleepers wake in the order of their times, each at its own time,
        and the loop runs until they have settled (that is, 40 turns) before the next wakes. Who
        waits for a thread or a socket has not settled by then: wait for what it brings, or `asleep`.
        """
        if seconds < 0:
            raise ValueError("time does not go back")
        end = self._now + timedelta(seconds=seconds)
        await _settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            at, _, wakes = heapq.heappop(self._sleepers)
            if wakes.done():  # cancelled meanwhile
                continue
            self._now = at
            wakes.set_result(None)
            await _settle()
        self._now = end

    def _sleeping(self) -> int:
        return sum(not wakes.done() for _, _, wakes in self._sleepers)


async def _settle() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)
