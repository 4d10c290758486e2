"""Messages that could not be delivered: what, to whom, why, and what somebody decides about each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiohttp import web

from estafeta.kernel.model import Conversation, Entry, OutboxId, UndeliveredMoved
from estafeta.kernel.ports import Store
from handoff.desks.web import checks, wire
from handoff.desks.web.mapping import undelivered_view, waiting
from handoff.desks.web.reception import Reception
from handoff.desks.web.refusals import Refused

CONVERSATIONS = 100
"""So many are looked at; the rest show when these are dealt with."""

LATEST = 200
"""Entries of each in which the reason is looked for."""

AT_ONCE = 8


class UndeliveredRequests:
    def __init__(self, *, reception: Reception, store: Store) -> None:
        self._reception = reception
        self._store = store
        self._reading = asyncio.Semaphore(AT_ONCE)

    async def undelivered(self, request: web.Request) -> web.Response:
        await self._reception.session(request)
        found = await self._store.undelivered(CONVERSATIONS)
        views = await asyncio.gather(*(self._views(conversation) for conversation in found))
        return checks.answer(wire.Undelivered(undelivered=[view for some in views for view in some]))

    async def move_undelivered(self, request: web.Request) -> web.Response:
        session = await self._reception.session(request)
        asked = await checks.body(request, wire.MoveUndelivered)
        item = OutboxId(request.match_info["item"])
        conversation = await self._reception.conversation_by(asked.conversation)
        if item not in [other.item for other in waiting(conversation)]:
            raise Refused(404, "unknown_undelivered")
        moved = UndeliveredMoved(item=item, move=asked.move, name=session.operator.name)
        return await self._reception.signal(session, conversation, asked.id, moved)

    async def _views(self, conversation: Conversation) -> list[wire.UndeliveredView]:
        async with self._reading:
            entries: Sequence[Entry] = await self._store.entries(conversation.id, limit=LATEST, newest=True)
        views = [undelivered_view(conversation, item, entries) for item in conversation.undelivered]
        return [view for view in views if view is not None]
