"""Wake-ups and live news within one process: the embedded default."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from weakref import WeakSet

from estafeta.kernel.model import ConversationId
from estafeta.kernel.ports import Live

BACKLOG = 256
"""How many announcements a listener may fall behind before it loses the oldest."""


class MemoryBus:
    """A `Bus` for one process and one event loop.

    A conversation that already waits for a worker is not queued twice, so the queue is never longer
    than the number of conversations. A listener is forgotten when nobody holds it any more.
    """

    def __init__(self, *, backlog: int = BACKLOG) -> None:
        self._backlog = backlog
        self._queue: asyncio.Queue[ConversationId | None] = asyncio.Queue()
        self._waiting: set[ConversationId] = set()
        self._listeners: WeakSet[_Listener] = WeakSet()
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
        for listener in list(self._listeners):
            listener.end()
        self._listeners.clear()

    async def wake(self, conversation: ConversationId) -> None:
        if not self._closed and conversation not in self._waiting:
            self._waiting.add(conversation)
            self._queue.put_nowait(conversation)

    def wakes(self) -> AsyncIterator[ConversationId]:
        return _Wakes(self._queue, self._waiting)

    async def announce(self, live: Live) -> None:
        for listener in self._listeners:
            listener.hear(live)

    def announcements(self) -> AsyncIterator[Live]:
        """Listens from this call on, not from the first item asked for."""
        listener = _Listener(self._backlog)
        if self._closed:
            listener.end()
        else:
            self._listeners.add(listener)
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


class _Listener:
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

    def __aiter__(self) -> _Listener:
        return self

    async def __anext__(self) -> Live:
        while not self._ended:
            if self._heard:
                return self._heard.popleft()
            self._news.clear()
            await self._news.wait()
        raise StopAsyncIteration
