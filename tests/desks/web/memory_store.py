"""A store in memory, just enough for the desk's tests, with switches for what goes wrong."""

from __future__ import annotations

from collections.abc import Sequence

from estafeta.kernel.errors import Conflict, StoreUnavailable
from estafeta.kernel.model import Address, Conversation, ConversationId, Entry, Json, Signal, Stage
from estafeta.kernel.ports import Accepted, Change, Mailbox
from datetime import datetime


class MemoryStore:
    def __init__(self) -> None:
        self.signals: dict[str, Signal] = {}
        self.kept: dict[ConversationId, Conversation] = {}
        self.lines: dict[ConversationId, list[Entry]] = {}
        self.values: dict[str, Json] = {}
        self.out = False

    def _check(self) -> None:
        if self.out:
            raise StoreUnavailable("switched off by a test")

    async def open(self) -> None:
        self._check()

    async def close(self) -> None:
        return None

    async def accept(self, signals: Sequence[Signal]) -> list[Accepted]:
        self._check()
        results = []
        for signal in signals:
            known = signal.conversation if signal.conversation in self.kept else None
            fresh = known is not None and signal.id not in self.signals
            if fresh:
                self.signals[signal.id] = signal
            results.append(Accepted(conversation=known, fresh=fresh))
        return results

    async def load(self, conversation: ConversationId) -> Mailbox:
        self._check()
        return Mailbox(conversation=self.kept.get(conversation), signals=())

    async def commit(self, change: Change) -> None:
        self._check()
        stored = self.kept.get(change.conversation.id)
        if change.expected_version != (stored.version if stored else 0):
            raise Conflict("another version is stored")
        self.kept[change.conversation.id] = change.conversation
        self.lines.setdefault(change.conversation.id, []).extend(change.entries)

    async def entries(
        self, conversation: ConversationId, *, after: int = 0, limit: int = 200, newest: bool = False
    ) -> list[Entry]:
        self._check()
        found = [entry for entry in self.lines.get(conversation, []) if entry.seq > after]
        return found[-limit:] if newest else found[:limit]

    async def resolve(self, address: Address) -> ConversationId | None:
        return next((key for key, item in self.kept.items() if item.address == address), None)

    async def link(self, address: Address, conversation: ConversationId) -> None:
        raise NotImplementedError

    async def due(self, now: datetime, limit: int, *, everything: bool = False) -> list[ConversationId]:
        return []

    async def conversations(self, *, stages: Sequence[Stage], limit: int = 100) -> list[Conversation]:
        self._check()
        found = [item for item in self.kept.values() if item.stage in stages]
        found.sort(key=lambda item: item.updated_at.timestamp() if item.updated_at else 0.0, reverse=True)
        return found[:limit]

    async def put(self, key: str, value: Json) -> None:
        self._check()
        if value is None:
            self.values.pop(key, None)
        else:
            self.values[key] = value

    async def get(self, key: str) -> Json:
        self._check()
        return self.values.get(key)
