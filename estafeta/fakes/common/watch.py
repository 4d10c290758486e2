"""Who waits for a change and who is told of every one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


class Watch:
    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()
        self._listeners: set[Callable[[], None]] = set()

    def changed(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self.tell()

    def tell(self) -> None:
        """Calls the listeners although nothing has changed."""
        for listener in list(self._listeners):
            listener()

    async def wait(self, condition: Callable[[], Any], timeout: float) -> Any:
        """Until `condition()` is true (looked at after every change); returns its value, or raises TimeoutError."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(timeout):
            while not (value := condition()):
                waiter = loop.create_future()
                self._waiters.add(waiter)
                try:
                    await waiter
                finally:
                    self._waiters.discard(waiter)
        return value

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Calls `listener` after every change; returns how to stop that."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)
