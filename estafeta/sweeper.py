"""Finds what nobody is working on: unapplied signals, items whose holder is gone, due timers.

Whoever died and whatever wake-up got lost, the work is in the store, and this is what finds it.
"""

from __future__ import annotations

import asyncio
import random
import zlib
from typing import Protocol

import structlog

from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import ConversationId
from estafeta.kernel.ports import Bus, Clock, Store
from estafeta.presence import Presence

_log = structlog.get_logger("sweeper")

_HOWEVER_FRESH = 30
"""Rounds after which one asks for nothing's age. After a clock was set back, what came before may seem too
fresh for as long as it was ahead."""


class Works(Protocol):
    """Whoever makes the turns."""

    def wake(self, conversation: ConversationId) -> None: ...

    def unfinished(self) -> list[ConversationId]:
        """Conversations whose last turn failed."""
        ...


class Sweeper:
    """Every `interval` seconds wakes up to `batch` conversations. Signals younger than `grace`
    seconds are left to the wake-up that came with them.

    What is found goes to the bus, for any worker. While the bus is away this is what replaces it:
    it looks every `polling` seconds, and the workers divide what they find among themselves. What dead
    workers held is taken over by whoever sees it, for not every worker may call another dead yet.
    """

    def __init__(
        self,
        *,
        store: Store,
        bus: Bus,
        clock: Clock,
        engine: Works,
        presence: Presence,
        interval: float = 1.0,
        polling: float = 0.25,
        grace: float = 1.0,
        batch: int = 500,
    ) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._engine = engine
        self._presence = presence
        self._interval = interval
        self._polling = polling
        self._grace = grace
        self._batch = batch
        self._round = 0

    async def run(self) -> None:
        """Until cancelled. It begins with all that waits, however fresh."""
        await self.sweep(grace=0.0)
        while True:
            up = self._bus.up
            await self._clock.sleep(self._interval if up else self._polling)
            await self.sweep(grace=self._grace if up and self._round % _HOWEVER_FRESH else 0.0)

    async def sweep(self, *, grace: float) -> int:
        """One look; how many conversations were found."""
        self._round += 1
        found = set(self._engine.unfinished())
        for conversation in found:
            self._engine.wake(conversation)
        try:
            orphaned, waiting = await asyncio.gather(
                self._take_over(), self._store.due(self._clock.now(), self._batch, grace=grace)
            )
            due = [c for c in waiting if c not in found]
            if self._bus.up:
                for conversation in due:
                    await self._bus.wake(conversation)
            else:
                await self._work_on_our_share(due)
        except StoreUnavailable as error:
            _log.warning("store_unavailable", error=str(error))
            return len(found)
        return len(found) + len(due) + orphaned

    async def _take_over(self) -> int:
        if not self._presence.settled:
            return 0
        orphaned = await self._store.orphaned(self._batch)
        random.shuffle(orphaned)  # others are at it too, and should not meet us at each
        for conversation in orphaned:
            self._engine.wake(conversation)
        return len(orphaned)

    async def _work_on_our_share(self, due: list[ConversationId]) -> None:
        """The rest is another worker's in this round, and ours in one of the next."""
        at_work = {name for name, holder in (await self._store.leases()).items() if name == holder}
        workers = sorted(at_work | {self._presence.name})
        ours = workers.index(self._presence.name)
        for conversation in due:
            if (zlib.crc32(conversation.encode()) + self._round) % len(workers) == ours:
                self._engine.wake(conversation)
