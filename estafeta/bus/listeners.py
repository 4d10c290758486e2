"""Who listens to live news within one process, and how far each may fall behind."""

from __future__ import annotations

import asyncio
from collections import deque
from weakref import WeakSet

from estafeta.kernel.ports import Live

BACKLOG = 256
"""How many announcements a listener may fall behind before it loses the oldest."""


class Listeners:
    """All of a bus's. A listener is forgotten when nobody holds it any more."""

    def __init__(self, backlog: int = BACKLOG) -> None:
        self._backlog = backlog
        self._listening: WeakSet[Listener] = WeakSet()

    def listen(self) -> Listener:
        """One more, from this call on."""
        listener = Listener(self._backlog)
        self._listening.add(listener)
        return listener

    def hear(self, live: Live) -> None:
        for listener in self._listening:
            listener.hear(live)

    def end(self) -> None:
        """Ends the iterators of all who listen now."""
        for listener in list(self._listening):
            listener.end()
        self._listening.clear()


class Listener:
    """What one hears, as an iterator."""

    def __init__(self, backlog: int) -> None:
        self._heard: deque[Live] = deque(maxlen=backlog)
        self._news = asyncio.Event()
        self._ended = False

    def hear(self, live: Live) -> None:
        self._heard.append(live)
        self._news.set()

    def end(self) -> None:
        self._ended = True
        self._news.set()

    def __aiter__(self) -> Listener:
        return self

    async def __anext__(self) -> Live:
        while not self._ended:
            if self._heard:
                return self._heard.popleft()
            self._news.clear()
            await self._news.wait()
        raise StopAsyncIteration
