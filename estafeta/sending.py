"""Sending to customers' channels: which channel, what it can do, and the marks of having read."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping

from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import Address, Capabilities, Conversation, ConversationId, OutboxItem, ToCustomer
from estafeta.kernel.ports import Channel, Receipt

_REMEMBERED = 10_000


class Sending:
    """`no_channel` is the sentence for a channel that is not connected, given `where`."""

    def __init__(self, channels: Mapping[tuple[str, str], Channel], *, no_channel: Callable[..., str]) -> None:
        self._channels = channels
        self._no_channel = no_channel
        self._read: OrderedDict[ConversationId, str] = OrderedDict()

    def merges(self, item: OutboxItem) -> bool:
        can = self._can(item)
        return can is not None and can.merges

    def reconciles(self, item: OutboxItem) -> bool:
        can = self._can(item)
        return can is not None and can.reconciles

    def idempotent(self, item: OutboxItem) -> bool:
        """Whether sending it twice shows it once; what goes to no customer is no matter here."""
        can = self._can(item)
        return can is None or can.idempotent

    async def send(self, conversation: Conversation, body: ToCustomer) -> Receipt:
        """Raises `SendFailed`."""
        to = body.message.to
        channel = self._channels.get((to.channel, to.account))
        if channel is None:
            raise SendFailed("no_channel", self._no_channel(where=f"{to.channel} ({to.account})"), fault="settings")
        if channel.capabilities.reads:
            await self._mark_read(channel, conversation, to)
        return Receipt(external=await channel.send(body.message))

    async def _mark_read(self, channel: Channel, conversation: Conversation, to: Address) -> None:
        """Whoever gets an answer sees that the question was read; told once for each message."""
        message = latest(conversation, to)
        if message and self._read.get(conversation.id) != message:
            self._read[conversation.id] = message
            if len(self._read) > _REMEMBERED:
                self._read.popitem(last=False)
            await channel.read(to, message)

    def _can(self, item: OutboxItem) -> Capabilities | None:
        if not isinstance(item.body, ToCustomer):
            return None
        to = item.body.message.to
        channel = self._channels.get((to.channel, to.account))
        return channel.capabilities if channel is not None else None


def latest(conversation: Conversation, at: Address) -> str:
    """What the chat `at` calls the customer's latest message there, or ""."""
    for link in reversed(conversation.links):
        if link.by == "customer" and link.at == at:
            return link.here.rpartition(" ")[2]
    return ""
