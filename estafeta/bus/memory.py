"""Wake-ups and live news within one process: the embedded default."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from estafeta.bus.listeners import BACKLOG, Listeners
from estafeta.kernel.model import ConversationId
from estafeta.kernel.ports import Live


class MemoryBus:
    """A `Bus` for one process and one event loop.

    A conversation that already waits for a worker is not queued twice, so the queue is never longer
    than the number of conversations.
    """

    def __init__(self, *, backlog: int = BACKLOG) -> None:
        self._listeners = Listeners(backlog)
        self._queue: asyncio.Queue[ConversationId | None] = asyncio.Queue()
        self._waiting: set[ConversationId] = set()
        self._closed = False

    async def open(self) -> None:
        if self._closed:
            self._queue = asyncio.Queue()
            self._closed = False

    async def close(self) -> None:
        """Ends all iterators; wake-ups nobody took are dropped (the store still has the work)."""
        if self._closed:
            return
        self._closed = True
        self._waiting.clear()
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(None)
        self._listeners.end()

    async def wake(self, conversation: ConversationId) -> None:
        if not self._closed and conversation not in self._waiting:
            self._waiting.add(conversation)
            self._queue.put_nowait(conversation)

    def wakes(self) -> AsyncIterator[ConversationId]:
        return _Wakes(self._queue, self._waiting)

    def done(self, conversation: ConversationId) -> None:
        """Nothing to do: what this process took dies with it."""

    @property
    def up(self) -> bool:
        return True

    async def announce(self, live: Live) -> None:
        self._listeners.hear(live)

    def announcements(self) -> AsyncIterator[Live]:
        """Listens from this call on, not from the first item asked for."""
        listener = self._listeners.listen()
        if self._closed:
            listener.end()
        return listener


class _Wakes:
    """One consumer. None in the queue says that the bus is closed, and stays there for the others."""

    def __init__(self, queue: asyncio.Queue[ConversationId | None], waiting: set[ConversationId]) -> None:
        self._queue = queue
        self._waiting = waiting

    def __aiter__(self) -> _Wakes:
        return self

    async def __anext__(self) -> ConversationId:
        conversation = await self._queue.get()
        if conversation is None:
            self._queue.put_nowait(None)
            raise StopAsyncIteration
        self._waiting.discard(conversation)
        return conversation
