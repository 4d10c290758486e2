"""Showing to desks: what they may show of a conversation now, and where they put it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from estafeta.kernel.errors import SendFailed, StoreUnavailable
from estafeta.kernel.model import Conversation, ConversationId, Entry, EntryId, OutboxId, ToDesk
from estafeta.kernel.ports import Channel, Clock, Desk, DeskView, Receipt, Store

_VIEW_ENTRIES = 30
_MOST_ENTRIES = 10_000


class Showing:
    """`no_desk` is the sentence for a desk that is not connected, given `where`."""

    def __init__(
        self,
        desks: Mapping[str, Desk],
        channels: Mapping[tuple[str, str], Channel],
        *,
        store: Store,
        clock: Clock,
        no_desk: Callable[..., str],
    ) -> None:
        self._desks = desks
        self._channels = channels
        self._store = store
        self._clock = clock
        self._no_desk = no_desk

    async def show(
        self, held: Conversation, item: OutboxId, body: ToDesk, still_ours: Callable[[], Awaitable[None]]
    ) -> Receipt:
        """`still_ours` is asked right before: reading may have taken long. Raises `SendFailed`, `StoreUnavailable`."""
        desk = self._desks.get(body.desk)
        if desk is None:
            raise SendFailed("no_desk", self._no_desk(where=body.desk), fault="settings")
        latest = (await self._store.load(held.id)).conversation or held
        entries = await self._entries(held.id, frozenset(body.notice.entries))
        channel = self._channels.get((latest.address.channel, latest.address.account))
        view = DeskView(
            conversation=latest, entries=entries, now=self._clock.now(),
            capabilities=channel.capabilities if channel else None,
        )  # fmt: skip
        await still_ours()
        receipt = await desk.show(item, body.notice, view)
        if receipt.thread is not None:
            await self._linked(held.id, receipt)
        return receipt

    async def _entries(self, conversation: ConversationId, wanted: frozenset[EntryId]) -> tuple[Entry, ...]:
        """The latest, and as many before them as it takes to have those wanted: a desk may be far behind."""
        limit = _VIEW_ENTRIES
        while True:
            entries = await self._store.entries(conversation, limit=limit, newest=True)
            if len(entries) < limit or limit >= _MOST_ENTRIES or wanted <= {entry.id for entry in entries}:
                return tuple(entries)
            limit *= 4

    async def _linked(self, conversation: ConversationId, receipt: Receipt) -> None:
        if receipt.thread is None:
            return None
        while True:
            try:
                return await self._store.link(receipt.thread, conversation)
            except StoreUnavailable:
                await self._clock.sleep(1.0)
