"""A store whose leases run by the test's clock, and that can be away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from estafeta.clock import TestClock
from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import ConversationId, Entry, Json
from estafeta.kernel.ports import Change, Mailbox
from storage.sqlite import SqliteStore


class ClockedStore(SqliteStore):
    """`away`: it does not answer. `lost`: so many commits go through without an answer."""

    away = False
    lost = 0

    def __init__(self, path: Path, *, clock: TestClock) -> None:
        super().__init__(path, clock=clock)
        self._time = clock.monotonic
        self.held: dict[str, tuple[str, float]] = {}

    def _here(self) -> None:
        if self.away:
            raise StoreUnavailable("away")

    async def lease(self, name: str, holder: str, seconds: float) -> bool:
        if (await self.leases()).get(name, holder) != holder:
            return False
        self.held[name] = (holder, self._time() + seconds)
        return True

    async def release(self, name: str, holder: str) -> None:
        if (await self.leases()).get(name) == holder:
            del self.held[name]

    async def leases(self) -> dict[str, str]:
        self._here()
        return {name: holder for name, (holder, until) in self.held.items() if until > self._time()}

    async def events(
        self, names: Sequence[str], *, since: datetime, until: datetime, limit: int = 10_000
    ) -> list[Entry]:
        self._here()
        return await super().events(names, since=since, until=until, limit=limit)

    async def items(self, prefix: str, *, after: str = "", limit: int = 1000) -> list[tuple[str, Json]]:
        self._here()
        return await super().items(prefix, after=after, limit=limit)

    async def tagged(self, tag: str, *, after: str = "", limit: int = 500) -> list[ConversationId]:
        self._here()
        return await super().tagged(tag, after=after, limit=limit)

    async def load(self, conversation: ConversationId) -> Mailbox:
        self._here()
        return await super().load(conversation)

    async def commit(self, change: Change) -> None:
        self._here()
        await super().commit(change)
        if self.lost:
            self.lost -= 1
            raise StoreUnavailable("the answer was lost")
