"""Several processes serve one chat: one store and one bus, sockets and memory of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import aiohttp
import pytest

from estafeta.kernel.model import Address, ConversationId
from estafeta.kernel.ports import Live, Mailbox
from tests.widget.platform import MemoryStore, Platform
from tests.widget.visitor import Visitor

MISSED = Live(kind="missed", conversation=ConversationId(""))


@pytest.fixture
async def other(platform: Platform) -> AsyncIterator[Platform]:
    """A second process of the same platform."""
    other = Platform(platform)
    await other.start()
    yield other
    await other.stop()


def deaf(platform: Platform) -> None:
    """From now on nothing that changes is announced."""
    platform.changed = lambda conversation: None  # type: ignore[method-assign]


async def test_tabs_at_several_processes_are_one_conversation(platform: Platform, other: Platform) -> None:
    async with Visitor(platform) as one, Visitor(other, token=one.token) as two:
        for tab, number, text in ((one, 1, "Раз"), (two, 2, "Два")):
            await tab.send(type="message", id=f"message-{number}", text=text)
            for seen_by in (one, two):
                assert [entry["text"] for entry in await seen_by.entries(1)] == [text]


async def test_a_message_repeated_at_another_process_is_one_message(platform: Platform, other: Platform) -> None:
    async with Visitor(platform) as tab:
        assert (await tab.say("Раз"))["type"] == "ack"
    async with Visitor(other, token=tab.token) as again:
        assert (await again.say("Раз"))["type"] == "ack"
    assert platform.texts() == ["Раз"]


async def test_the_bots_typing_reaches_sockets_that_another_process_holds(platform: Platform) -> None:
    worker = Platform(platform)  # holds no socket and follows nothing
    async with Visitor(platform) as tab:
        await tab.say("Раз")
        await worker.channel.typing(platform.outbound("").to)
        assert await tab.until("typing") == {"type": "typing", "who": "bot", "name": ""}


async def test_typing_finds_the_conversation_that_the_address_was_linked_to(platform: Platform) -> None:
    heard = platform.bus.announcements()
    to = Address(channel="widget", account="demo", chat="1")
    await platform.store.link(to, ConversationId("elsewhere"))
    await platform.channel.typing(to)
    assert await anext(heard) == Live(kind="typing", conversation=ConversationId("elsewhere"), who="bot")
    platform.store.broken = True
    await platform.channel.typing(to)


async def test_an_operators_typing_is_told_once_with_the_name(platform: Platform) -> None:
    heard = platform.bus.announcements()
    await platform.channel.typing(Address(channel="widget", account="demo", chat="1"), "operator")
    platform.missed()
    assert await anext(heard) == MISSED


async def test_after_missed_announcements_everybody_looks(platform: Platform, other: Platform) -> None:
    async with Visitor(platform) as one, Visitor(other, token=one.token) as two:
        await one.say("Раз")
        for tab in (one, two):
            await tab.entries(1)
        deaf(platform)
        platform.say("Два")
        platform.missed()
        for tab in (one, two):
            assert [entry["text"] for entry in await tab.entries(1)] == ["Два"]


class _Slow(MemoryStore):
    """Counts who reads at once."""

    def __init__(self) -> None:
        super().__init__()
        self.at_once = 0
        self.most = 0
        self.loads = 0

    async def load(self, conversation: ConversationId) -> Mailbox:
        self.at_once += 1
        self.loads += 1
        self.most = max(self.most, self.at_once)
        await asyncio.sleep(0.002)
        self.at_once -= 1
        return await super().load(conversation)


async def test_many_sockets_do_not_look_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.widget.platform.MemoryStore", _Slow)
    platform = Platform()
    store = platform.store
    assert isinstance(store, _Slow)
    await platform.start()
    async with AsyncExitStack() as stack:
        tabs = [await stack.enter_async_context(Visitor(platform)) for _ in range(60)]
        await tabs[0].say("Раз")
        await tabs[0].entries(1)
        while store.at_once:  # noqa: ASYNC110  the looks that follow a welcome
            await asyncio.sleep(0.01)
        deaf(platform)
        platform.say("Два")
        store.loads = store.most = 0
        for _ in range(5):
            platform.missed()
        assert [entry["text"] for entry in await tabs[0].entries(1)] == ["Два"]
        async with asyncio.timeout(5):
            while store.loads < len(tabs):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert store.loads == len(tabs), "five announcements are one look"
        assert store.most <= 16
    await platform.stop()


async def test_tabs_at_another_process_learn_at_a_ping_where_their_address_leads(
    platform: Platform, other: Platform
) -> None:
    async with Visitor(platform) as somebody:
        await somebody.say("Из другого места", "message-1")
        target = platform.conversation
    async with Visitor(other) as tab:
        (signal,) = platform.store.signals.values()
        assert signal.address is not None
        own = next(iter(other.channel._sockets)).address
        await platform.store.link(own, target)
        await tab.send(type="ping")
        assert [entry["text"] for entry in await tab.entries(1)] == ["Из другого места"]


async def test_a_hello_that_is_awaited_does_not_hold_up_the_stop(platform: Platform, other: Platform) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{other.origin}/widget/ws", headers={"Origin": other.origin}) as ws,
    ):
        stopping = asyncio.ensure_future(other.stop())
        closing = await ws.receive(timeout=5)
        assert (closing.type, closing.data) == (aiohttp.WSMsgType.CLOSE, 1012)
        await asyncio.wait_for(stopping, 3)
    await other.start()
