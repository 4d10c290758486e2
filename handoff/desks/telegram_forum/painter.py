"""Draws how things stand when it is worth a call: later than it happened, once for all that happened meanwhile, and
only as the group's budget has room.

What is to be drawn stands under a key of the store, so that it survives a restart, and of the processes that look
there one takes it. What is drawn is how things stand then.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from estafeta.kernel.errors import SendFailed, StoreUnavailable
from estafeta.kernel.model import Address, Capabilities, ConversationId, Json
from estafeta.kernel.ports import Clock, DeskView, Store

RESTS = 40.0
"""Seconds for which nobody waits for us before that is drawn: in a dialog the customer often writes again by then, and
nothing need be drawn."""

SOON = 5.0
"""Seconds after which all else is drawn: that somebody waits is seen soon."""

PATIENCE = 5.0
"""Seconds that a drawing waits for its turn; then it is put off for `AGAIN` more."""
AGAIN = 15.0
_TICK = 2.0
_ENTRIES = 30
_log = structlog.get_logger(__name__)

Can = Callable[[Address], Capabilities | None]
Draw = Callable[[DeskView, float], Awaitable[object]]
"""Draws a conversation; the seconds are how long it may wait for its turn. Raises `SendFailed`."""


class Painter:
    def __init__(self, store: Store, clock: Clock, *, group_id: int, can: Can, draw: Draw, rests: float) -> None:
        self._store = store
        self._clock = clock
        self._prefix = f"forum.{group_id}.paint."
        self._can = can
        self._draw = draw
        self._rests = rests

    async def want(self, conversation: ConversationId, *, within: float | None = None) -> None:
        """It is drawn after so many seconds (`rests`), or sooner if that was wanted before. Losing it costs a drawing
        that is out of date, so a store that is away is no failure."""
        at = self._clock.now() + timedelta(seconds=self._rests if within is None else within)
        try:
            before = await self._store.get(self._prefix + conversation)
            if not isinstance(before, int | float) or before > at.timestamp():
                await self._store.put(self._prefix + conversation, at.timestamp())
        except StoreUnavailable as error:
            _log.warning("drawing_not_kept", conversation=conversation, error=str(error))

    async def paint(self) -> None:
        """Until cancelled."""
        while True:
            try:
                for key, at in await self._store.items(self._prefix):
                    if not isinstance(at, int | float) or at <= self._clock.now().timestamp():
                        await self._one(ConversationId(key.removeprefix(self._prefix)))
            except StoreUnavailable as error:
                _log.info("nothing_drawn", error=str(error))
            await self._clock.sleep(_TICK)

    async def _one(self, conversation: ConversationId) -> None:
        wanted: Json = await self._store.take(self._prefix + conversation)
        view = await self._view(conversation) if wanted is not None else None
        if view is None:
            return
        try:
            await self._draw(view, PATIENCE)
        except SendFailed as failed:
            _log.info("drawing_put_off", conversation=conversation, code=failed.code)
            if failed.retry_after is not None:
                await self.want(conversation, within=max(AGAIN, failed.retry_after))
        except StoreUnavailable:
            await self.want(conversation, within=AGAIN)
            raise
        except Exception:
            _log.exception("drawing_broke", conversation=conversation)

    async def _view(self, conversation: ConversationId) -> DeskView | None:
        held = (await self._store.load(conversation)).conversation
        if held is None:
            return None
        entries = await self._store.entries(conversation, limit=_ENTRIES, newest=True)
        return DeskView(
            conversation=held, entries=tuple(entries), now=self._clock.now(), capabilities=self._can(held.address)
        )
