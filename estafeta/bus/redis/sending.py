"""What goes to Redis, gathered: what comes while one round trip is under way makes up the next.

So a message costs a round trip when there is little to do, and a small part of one when there is much.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable

from estafeta.bus.redis.config import RedisConfig
from estafeta.bus.redis.link import Away, Link
from estafeta.bus.redis.names import GROUP, LIVE, LOCK_KEY, STREAM, WOKEN_KEY
from estafeta.bus.redis.scripts import SEND

WOKEN_MS = 2_000
"""How long a queued conversation is not queued again. Were its entry lost, a later wake-up is not."""
MOST_ENTRIES = 100_000
"""About as many wake-ups wait at most; the store still has the work of those that are trimmed away."""
_AT_ONCE = 500
_MOST_NEWS = 4_096


class Sending:
    """Wake-ups, entries that are done, locks to free, news. `run` it in a task.

    `missed` is the piece of news that stands for lost ones.
    """

    def __init__(self, link: Link, config: RedisConfig, *, worker: str, missed: bytes) -> None:
        self._link = link
        self._config = config
        self._worker = worker
        self._missed = missed
        self._wakes: dict[bytes, None] = {}
        self._done: dict[bytes, None] = {}
        self._free: dict[bytes, None] = {}
        self._news: deque[bytes] = deque()
        self._something = asyncio.Event()
        self._sent = asyncio.Event()  # of what is being gathered now: it went, or it cannot go

    async def wake(self, conversation: bytes) -> None:
        """Returns when it was sent or cannot be."""
        self._wakes[conversation] = None
        self._something.set()
        await self._sent.wait()

    def done(self, ids: Iterable[bytes], conversation: bytes | None) -> None:
        """Entries that need not come again; frees the conversation's lock. Kept until it can be sent."""
        self._done.update(dict.fromkeys(ids))
        if conversation is not None:
            self._free[conversation] = None
        self._something.set()

    def put_back(self, ids: Iterable[bytes], conversation: bytes, *, is_free: bool) -> None:
        """Queues the conversation again in place of these entries."""
        self._wakes[conversation] = None
        self.done(ids, conversation if is_free else None)

    def publish(self, news: bytes) -> None:
        """When there is more of it than can be sent, those elsewhere hear that they missed something."""
        if len(self._news) >= _MOST_NEWS:
            self._lose_news()
        self._news.append(news)
        self._something.set()

    def again(self) -> None:
        """Redis is back: what was kept can go now."""
        self._something.set()

    async def run(self) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            await self.flush()

    async def flush(self) -> None:
        """Sends all that waits. When Redis is away, wake-ups are dropped: the store is polled then."""
        while self._wakes or self._done or self._free or self._news:
            sent, self._sent = self._sent, asyncio.Event()
            wakes, self._wakes = list(self._wakes), {}
            try:
                for start in range(0, max(len(wakes), 1), _AT_ONCE):
                    await self._send(wakes[start : start + _AT_ONCE])
            except Away:
                return
            except asyncio.CancelledError:
                self._wakes = {**dict.fromkeys(wakes), **self._wakes}  # sent twice is woken once
                raise
            finally:
                sent.set()

    async def _send(self, wakes: list[bytes]) -> None:
        done, free = _taken(self._done), _taken(self._free)
        news = [self._news.popleft() for _ in range(min(len(self._news), _AT_ONCE))]
        key = self._config.key
        keys = [key(STREAM), *(key(WOKEN_KEY, wake) for wake in wakes), *(key(LOCK_KEY, locked) for locked in free)]
        about = (GROUP, self._worker, WOKEN_MS, MOST_ENTRIES, key(LIVE), len(wakes), len(done))
        try:
            await self._link.run(SEND, keys, (*about, *done, *wakes, *news))
        except BaseException:  # being cancelled is one: closing flushes once more
            self._done.update(dict.fromkeys(done))
            self._free.update(dict.fromkeys(free))
            if news:
                self._lose_news()
            raise

    def _lose_news(self) -> None:
        self._news.clear()
        self._news.append(self._missed)


def _taken(waiting: dict[bytes, None]) -> list[bytes]:
    """The first of them, and no longer in there."""
    some = list(waiting)[:_AT_ONCE]
    for one in some:
        del waiting[one]
    return some
