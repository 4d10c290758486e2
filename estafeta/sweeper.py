"""Finds what nobody is working on: unapplied signals, orphaned outbox items, due timers.

Whoever died and whatever wake-up got lost, the work is in the store, and this is what finds it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import structlog

from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import ConversationId
from estafeta.kernel.ports import Clock, Store

_log = structlog.get_logger("sweeper")


class Sweeper:
    """Every `interval` seconds wakes up to `batch` conversations. Signals younger than `grace`
    seconds are left to the wake-up that came with them."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        wake: Callable[[ConversationId], None],
        alone: bool,
        interval: float = 1.0,
        grace: float = 2.0,
        batch: int = 500,
    ) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake
        self._alone = alone
        self._interval = interval
        self._grace = timedelta(seconds=grace)
        self._batch = batch

    async def run(self) -> None:
        """Until cancelled. A lone process begins with all that its predecessor left."""
        if self._alone:
            await self.sweep(everything=True)
        while True:
            await self._clock.sleep(self._interval)
            await self.sweep()

    async def sweep(self, *, everything: bool = False) -> int:
        """One look; how many conversations were woken."""
        try:
            limit = 1_000_000 if everything else self._batch
            found = await self._store.due(self._clock.now() - self._grace, limit, everything=everything)
        except StoreUnavailable as error:
            _log.warning("store_unavailable", error=str(error))
            return 0
        for conversation in found:
            self._wake(conversation)
        return len(found)
