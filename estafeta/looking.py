"""Following the store: looking again and again at what somebody may have published."""

from __future__ import annotations

from abc import ABC, abstractmethod

import structlog

from estafeta.kernel.errors import EstafetaError
from estafeta.kernel.ports import Clock

AGAIN = 30.0
"""Seconds until what could not be had is tried again, and told again."""


class Looking(ABC):
    """`what` is its name in the log; `every`: seconds between two looks."""

    def __init__(self, what: str, clock: Clock, every: float) -> None:
        self._what = what
        self._clock = clock
        self._every = every
        self._told = float("-inf")

    @abstractmethod
    async def renew(self) -> None:
        """Looks once. Raises `EstafetaError`."""

    async def run(self) -> None:
        """Until cancelled. Survives that the store is away, or holds what cannot be read."""
        while True:
            await self.look()
            await self._clock.sleep(self._every)

    async def look(self) -> None:
        """Looks once, and says so in the log when it could not: once, and again after a while."""
        log, event = structlog.get_logger(self._what), f"{self._what}_not_renewed"
        try:
            await self.renew()
            self._told = float("-inf")
        except EstafetaError as error:
            if self._clock.monotonic() - self._told >= AGAIN:
                self._told = self._clock.monotonic()
                log.warning(event, error=str(error))
        except Exception:  # what serves stays; a worker is not to die of what somebody published
            log.exception(event)
