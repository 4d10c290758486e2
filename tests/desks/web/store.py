"""The embedded store with a switch, and with an eye on what the desk leaves in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import Conversation, ConversationId, Entry, Json, Signal, Stage
from estafeta.kernel.ports import Accepted, Mailbox
from storage.sqlite import SqliteStore


class WatchedStore(SqliteStore):
    """`out`: it does not answer. `signals`: those it accepted, by id. `values`: what was put and is
    still there."""

    out = False

    def watch(self) -> WatchedStore:
        self.signals: dict[str, Signal] = {}
        self.values: dict[str, Json] = {}
        return self

    def _check(self) -> None:
        if self.out:
            raise StoreUnavailable("switched off by a test")

    async def accept(self, signals: Sequence[Signal]) -> list[Accepted]:
        self._check()
        results = await super().accept(signals)
        self.signals |= {signal.id: signal for signal, result in zip(signals, results, strict=True) if result.fresh}
        return results

    async def load(self, conversation: ConversationId) -> Mailbox:
        self._check()
        return await super().load(conversation)

    async def entries(
        self, conversation: ConversationId, *, after: int = 0, limit: int = 200, newest: bool = False
    ) -> list[Entry]:
        self._check()
        return await super().entries(conversation, after=after, limit=limit, newest=newest)

    async def conversations(self, *, stages: Sequence[Stage], limit: int = 100) -> list[Conversation]:
        self._check()
        return await super().conversations(stages=stages, limit=limit)

    async def undelivered(self, limit: int) -> list[Conversation]:
        self._check()
        return await super().undelivered(limit)

    async def events(
        self, names: Sequence[str], *, since: datetime, until: datetime, limit: int = 10_000
    ) -> list[Entry]:
        self._check()
        return await super().events(names, since=since, until=until, limit=limit)

    async def items(self, prefix: str, *, after: str = "", limit: int = 1000) -> list[tuple[str, Json]]:
        self._check()
        return await super().items(prefix, after=after, limit=limit)

    async def put(self, key: str, value: Json) -> None:
        self._check()
        await super().put(key, value)
        self.values = {**self.values, key: value}
        if value is None:
            del self.values[key]

    async def get(self, key: str) -> Json:
        self._check()
        return await super().get(key)

    async def take(self, key: str) -> Json:
        self._check()
        self.values.pop(key, None)
        return await super().take(key)

    @property
    def left(self) -> list[str]:
        """Keys of what the desk itself left."""
        return [key for key in self.values if key.startswith("desk.")]

    async def forget_values(self) -> None:
        """As another process would that ends every session."""
        for key in self.left:
            await self.put(key, None)
