"""Work by key: one at a time for a key, many keys at once. A slow conversation holds up only itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

import structlog

from estafeta.tasks import ended

K = TypeVar("K", bound=str)
_log = structlog.get_logger("lanes")


class Lanes(Generic[K]):
    """`wake(key)` makes `work(key)` run soon; a wake-up that comes while it runs makes it run once
    more afterwards. An exception in `work` is logged and ends that run only: the sweeper comes back.

    An async context: leaving it takes no more wake-ups, gives those taken `patience` seconds, and cancels
    what runs then.
    """

    def __init__(self, name: str, work: Callable[[K], Awaitable[None]], *, patience: float = 5.0) -> None:
        self._name = name
        self._work = work
        self._patience = patience
        self._tasks: dict[K, asyncio.Task[None]] = {}
        self._again: set[K] = set()
        self._ended = asyncio.Event()
        self._closing = False

    async def __aenter__(self) -> Self:
        self._closing = False
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        running = list(self._tasks.values())
        if not running:
            return
        _, late = await asyncio.wait(running, timeout=self._patience)
        await ended(late)

    def wake(self, key: K) -> None:
        if self._closing:
            return
        if key in self._tasks:
            self._again.add(key)
            return
        self._tasks[key] = asyncio.get_running_loop().create_task(self._run(key), name=f"{self._name}:{key}")

    async def _run(self, key: K) -> None:
        try:
            while True:
                self._again.discard(key)
                try:
                    await self._work(key)
                except Exception:  # a run's failure is its own; what it did not finish is still in the store
                    _log.exception("lane_failed", lane=self._name, key=key)
                if key not in self._again:
                    return
        finally:
            del self._tasks[key]
            self._ended.set()

    @property
    def busy(self) -> int:
        """How many keys are being worked on now."""
        return len(self._tasks)

    async def room(self, most: int) -> None:
        """Returns when fewer than `most` keys are being worked on."""
        while len(self._tasks) >= most:
            self._ended.clear()
            await self._ended.wait()

    async def idle(self) -> None:
        """Returns when nothing is being worked on."""
        while self._tasks:
            await asyncio.wait(list(self._tasks.values()))
