"""Bots Long Poll: `act=a_check` with `ts`, and the three ways it fails.

What is played is described at https://dev.vk.com/ru/api/bots-long-poll/getting-started.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

from estafeta.fakes.common.errors import Json

MOST_SECONDS = 90


@dataclass(slots=True, kw_only=True)
class LongPoll:
    """One community's. `kept`: how many events it remembers; older ones are `failed: 1`."""

    community: int
    kept: int = 1000
    enabled: bool = False
    version: str = "5.199"
    events: set[str] = field(default_factory=set)
    key: str = ""
    ts: int = 1
    history: deque[Json] = field(default_factory=deque)
    """The events up to `ts`, the last one last."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0
    """How many polls wait now."""
    closed: bool = False

    @property
    def path(self) -> str:
        return f"/longpoll/{self.community}"

    def put(self, event: Json) -> None:
        if not self.enabled or event["type"] not in self.events:
            return
        self.history.append(event)
        self.ts += 1
        if len(self.history) > self.kept:
            self.history.popleft()
        self._wake()

    def _wake(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()

    def renew(self, number: int) -> None:
        """A new key, as after some time: polls with the old one answer `failed: 2`."""
        self.key = f"{number:040x}"
        self._wake()

    def forget(self) -> None:
        """Nothing of the past is left: polls answer `failed: 1`, as after an outage."""
        self.history.clear()
        self.ts += 1

    def close(self) -> None:
        self.closed = True
        self._wake()

    async def check(self, query: dict[str, str]) -> Json:
        """One poll. An unreadable `ts` or `key` is answered as VK answers what it lost: `failed: 3`."""
        if not self.enabled or not query.get("ts", "").isdecimal():
            return {"failed": 3}
        since = int(query["ts"])
        wait = query.get("wait", "25")
        seconds = min(int(wait) if wait.isdecimal() else 25, MOST_SECONDS)
        self.waiting += 1
        try:
            async with asyncio.timeout(seconds):
                while query.get("key") == self.key and since == self.ts and not self.closed:
                    await self.changed.wait()
        except TimeoutError:
            pass  # nothing has happened: an empty answer
        finally:
            self.waiting -= 1
        if query.get("key") != self.key:
            return {"failed": 2}
        missed = self.ts - since
        if missed < 0 or missed > len(self.history):
            return {"failed": 1, "ts": self.ts}
        updates = list(self.history)[len(self.history) - missed :] if missed else []
        return {"ts": str(self.ts), "updates": updates}
