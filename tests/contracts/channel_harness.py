"""What the contract of channels is told with: the messenger with its customers, and our channel at its other end."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from itertools import count
from typing import Any, Literal, cast

import pytest

from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import (
    Address,
    CustomerSaid,
    Event,
    Media,
    MediaKind,
    OutboundMessage,
    OutboxId,
    Part,
    StatusChanged,
    Text,
)
from estafeta.kernel.ports import Channel, Source
from tests.contracts.customers import Act, Customers, Seen
from tests.contracts.inbox import Inbox


class ChannelHarness(Customers):
    """It is listening (the channel's `listen` runs with `inbox` as accept) when the fixture hands it out. `blocks`:
    whether a customer of this messenger can shut us out. `whole`: nothing is cut up, nor counted. `refuses`: codes of
    failures that are the channel's own."""

    channel: Channel
    inbox: Inbox
    blocks: bool = True
    whole: bool = False
    refuses: Sequence[str] = ("not_possible", "empty")

    @abstractmethod
    async def delivers_again(self, who: str) -> None:
        """The messenger delivers the latest thing `who` wrote once more; returns when we answered."""

    @abstractmethod
    async def stored(self, kind: MediaKind, content: bytes, name: str, mime: str) -> Media:
        """A file of our own store, as a part of a message."""

    @abstractmethod
    def failure(self, code: str, language: Literal["ru", "en"]) -> SendFailed:
        """The failure called so, as the channel tells it in this language."""

    async def held(self, media: Media) -> bytes:
        """What a file holds that came in a signal."""
        source = cast(Source, self.channel)
        assert media.origin == source.origin
        return await fetched(source, media)

    async def statuses(self, count: int) -> list[StatusChanged]:
        """What was told of messages of ours, once there is so much of it."""

        def told() -> list[StatusChanged]:
            return [signal.event for signal in self.inbox.signals if isinstance(signal.event, StatusChanged)]

        await self.inbox.until(lambda: len(told()) >= count)
        return told()


async def fetched(source: Source, media: Media) -> bytes:
    async with source.fetch(media) as incoming:
        return b"".join([chunk async for chunk in incoming.chunks])


class Meeting:
    """What the tests of the contract have in common."""

    _numbers = count()

    def message(self, to: Address, *parts: Part | str, **more: Any) -> OutboundMessage:
        meant = tuple(Text(text=part) if isinstance(part, str) else part for part in parts)
        return OutboundMessage(id=OutboxId(f"contract.{next(self._numbers)}"), to=to, parts=meant, **more)

    async def meet(self, harness: ChannelHarness, who: str = "Анна") -> Address:
        """The address of a customer who has just written."""
        before = len(harness.inbox.signals)
        await harness.writes(who, "здравствуйте")
        address = (await harness.inbox.have(before + 1))[-1].address
        assert address is not None
        return address

    async def heard(self, harness: ChannelHarness, count: int = 1) -> Event:
        """What the last of so many signals tells."""
        return (await harness.inbox.have(count))[-1].event

    async def said(self, harness: ChannelHarness, count: int = 1) -> CustomerSaid:
        event = await self.heard(harness, count)
        assert isinstance(event, CustomerSaid)
        return event

    async def got(self, harness: ChannelHarness, to: Address, *parts: Part | str, count: int = 1, **more: Any) -> Seen:
        """What Анна has of a message to her that is one thing to see."""
        await harness.channel.send(self.message(to, *parts, **more))
        [*_, seen] = await harness.seen("Анна", count)
        return seen

    async def failed(self, harness: ChannelHarness, message: OutboundMessage) -> SendFailed:
        with pytest.raises(SendFailed) as failed:
            await harness.channel.send(message)
        assert failed.value.sentence
        return failed.value

    def only_where(self, harness: ChannelHarness, act: Act) -> None:
        if act not in harness.told:
            pytest.skip(f"nobody tells of this here: {act}")
