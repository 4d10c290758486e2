"""Sentences for operators about one conversation (`Notice.kind` "info"), which stand nowhere in its timeline.

The latest lies in the store for a while: the process that is told to show it need not be the one that has the
sockets. Pages hear of it when the notice is recorded as shown, and read it with the conversation.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from estafeta.kernel.model import ConversationId, OutboxId
from estafeta.kernel.ports import Clock, Store
from handoff.desks.web import wire

FRESH = timedelta(minutes=5)


class Sentences:
    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def tell(self, conversation: ConversationId, item: OutboxId, text: str) -> None:
        told = {"id": item, "text": text, "at": self._clock.now().isoformat()}
        await self._store.put(_key(conversation), told)

    async def latest(self, conversation: ConversationId) -> wire.Told | None:
        """None when there is none, or it is old; an old one is forgotten."""
        kept = await self._store.get(_key(conversation))
        if not isinstance(kept, dict):
            return None
        if self._clock.now() - datetime.fromisoformat(kept["at"]) < FRESH:
            return wire.Told(id=kept["id"], text=kept["text"])
        await self._store.put(_key(conversation), None)
        return None


def _key(conversation: ConversationId) -> str:
    return f"desk.told.{conversation}"
