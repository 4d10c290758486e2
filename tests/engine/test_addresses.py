"""One conversation, several chats: ids, windows and marks are each chat's own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from estafeta.clock import TestClock
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import (
    Address,
    CustomerEdited,
    CustomerSaid,
    Operator,
    SaidElsewhere,
    Text,
    UndeliveredMoved,
)
from tests.engine.able import ABLE, Opened
from tests.world import HOME, RecordingChannel

OTHER = Address(channel="recorder", account="second", chat="masha2")


async def test_ids_of_another_chat_are_no_ids_of_this_one(opened: Opened) -> None:
    """Telegram and VK both count from 1: message 5 here is not message 5 there."""
    async with opened(ABLE) as world:
        await world.tell(CustomerSaid(message="5", parts=(Text(text="hello"),)))
        await world.settled()
        await world.store.link(OTHER, HOME.conversation)
        await world.tell(CustomerEdited(message="5", parts=(Text(text="no"),)), address=OTHER)
        await world.settled()
        (edit,) = [entry for entry in await world.entries() if entry.kind == "edit"]
        assert "of" not in edit.data


async def test_what_was_said_elsewhere_stands_where_it_was_said(opened: Opened) -> None:
    async with opened(ABLE) as world:
        await world.says("hello")
        await world.store.link(OTHER, HOME.conversation)
        native = Operator(id="7", name="Vera", desk="recorder")
        await world.tell(SaidElsewhere(operator=native, message="x1", parts=(Text(text="Hi"),)), address=OTHER)
        conversation = await world.settled()
        assert [link.at for link in conversation.links if link.here == "x1"] == [OTHER]


async def test_a_chat_is_marked_read_by_its_own_channel(opened: Opened) -> None:
    """An old message is sent again after the customer has gone on in another account's chat."""
    read: list[Address] = []

    class Marking(RecordingChannel):
        async def read(self, to: Address, message: str) -> None:
            read.append(to)

    async with opened(ABLE, Marking()) as world:
        world.channel.failures.append(SendFailed("refused", "No", fault="content"))
        await world.says("pay")
        (item,) = (await world.conversation()).undelivered
        await world.store.link(OTHER, HOME.conversation)
        await world.tell(CustomerSaid(message="9", parts=(Text(text="hi"),)), address=OTHER)
        await world.settled()
        await world.tell(UndeliveredMoved(item=item.id, move="resend"), conversation=HOME.conversation)
        await world.settled()
        assert OTHER not in read  # `world.channel` is the channel of HOME


async def test_the_window_of_a_chat_is_its_own(opened: Opened, clock: TestClock) -> None:
    """A webhook that was a day late comes after the customer wrote in another chat."""
    async with opened(replace(ABLE, window=86400.0)) as world:
        await world.says("hello")
        await world.store.link(OTHER, HOME.conversation)
        sent = len(world.channel.sent)
        await clock.advance(100_000)
        await world.tell(CustomerSaid(message="o", parts=(Text(text="pay"),)), address=OTHER)
        late = clock.now() - timedelta(seconds=90_000)
        await world.tell(CustomerSaid(message="l", parts=(Text(text="pay"),)), at=late)
        await world.settled()
        assert world.channel.sent[sent:] == []
