"""What operators are told about one conversation and stands nowhere in its timeline: sentences (`Notice.kind` "info")
and own words that were not sent, for a colleague has the conversation ("conflict").

The latest lie in the store for a while: the process that is told to show it need not be the one that has the
sockets. Pages hear of it when the notice is recorded as shown, and read it with the conversation. Of a conflict only
the message's id is kept: the words are at the page that sent them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from estafeta.kernel.model import ConversationId, Notice, OutboxId
from estafeta.kernel.ports import Clock, Store
from handoff.desks.web import wire

FRESH = timedelta(minutes=5)
CONFLICTS_LAST = timedelta(hours=1)
CONFLICTS = 20


class Sentences:
    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def tell(self, conversation: ConversationId, item: OutboxId, notice: Notice) -> None:
        told = {
            "id": item,
            "text": notice.text,
            "values": dict(notice.values),
            "people": list(notice.people),
            "message": notice.message,
            "at": self._clock.now().isoformat(),
        }
        await self._store.put(_key(conversation), told)

    async def latest(self, conversation: ConversationId) -> wire.Told | None:
        """None when there is none, or it is old; an old one is forgotten."""
        kept = await self._store.get(_key(conversation))
        if not isinstance(kept, dict):
            return None
        if self._clock.now() - datetime.fromisoformat(kept["at"]) < FRESH:
            values, people = kept.get("values", {}), kept.get("people", [])
            return wire.Told(
                id=kept["id"], text=kept["text"], values=values, people=people, message=kept.get("message", "")
            )
        await self._store.put(_key(conversation), None)
        return None

    async def conflict(self, conversation: ConversationId, notice: Notice) -> None:
        kept = [held for held in await self._conflicts(conversation) if held["message"] != notice.message]
        fresh = {"message": notice.message, "name": notice.text, "at": self._clock.now().isoformat()}
        await self._store.put(_conflicts_key(conversation), [*kept, fresh][-CONFLICTS:])

    async def conflicts(self, conversation: ConversationId) -> list[wire.ConflictView]:
        kept = await self._conflicts(conversation)
        return [wire.ConflictView(message=held["message"], name=held["name"]) for held in kept]

    async def _conflicts(self, conversation: ConversationId) -> list[dict[str, Any]]:
        kept, now = await self._store.get(_conflicts_key(conversation)), self._clock.now()
        if not isinstance(kept, list):
            return []
        fresh = [held for held in kept if now - datetime.fromisoformat(held["at"]) < CONFLICTS_LAST]
        if not fresh:
            await self._store.put(_conflicts_key(conversation), None)
        return fresh


def _key(conversation: ConversationId) -> str:
    return f"desk.told.{conversation}"


def _conflicts_key(conversation: ConversationId) -> str:
    return f"desk.conflict.{conversation}"
