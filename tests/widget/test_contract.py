"""The site's chat keeps the promises of a channel. Its customers here are browsers by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import pytest

from bots.widget.channel import WidgetChannel
from estafeta.kernel.model import Author, EntryId, OutboundMessage
from tests.contracts.channel_contract import ChannelContract, ChannelHarness
from tests.contracts.inbox import Inbox
from tests.widget.platform import Platform
from tests.widget.visitor import Visitor


class _Told(WidgetChannel):
    """The words are in the timeline before the outbox calls `send`: the engine committed them."""

    platform: Platform

    async def send(self, message: OutboundMessage) -> str:
        self.platform.append(
            message.to.conversation,
            EntryId(message.id),
            author=Author(kind="bot"),
            parts=message.parts,
            buttons=message.buttons,
            address=message.to,
        )
        return await super().send(message)


class _Browser:
    """Shows what comes, sends again what was not stored."""

    def __init__(self, tab: Visitor) -> None:
        self.tab = tab
        self.seen: list[dict[str, Any]] = []
        self.sent: list[dict[str, Any]] = []
        self.acknowledged: list[str] = []
        self.news = asyncio.Event()

    async def run(self) -> None:
        while True:
            frame = await self.tab.ws.receive_json()
            if frame["type"] == "entries":
                self.seen += [entry for entry in frame["entries"] if entry["author"] != "customer"]
            elif frame["type"] == "ack":
                self.acknowledged.append(frame["id"])
            elif frame["type"] == "error":
                assert frame["code"] == "unavailable"
                await self.tab.ws.send_json(next(sent for sent in self.sent if sent["id"] == frame["id"]))
            self.news.set()

    async def send(self, frame: dict[str, Any]) -> None:
        self.sent.append(frame)
        await self.tab.ws.send_json(frame)

    async def until_acknowledged(self, times: int) -> None:
        async with asyncio.timeout(10):
            while len(self.acknowledged) < times:
                self.news.clear()
                await self.news.wait()


class WidgetHarness(ChannelHarness):
    blocks = False

    def __init__(self, platform: Platform, inbox: Inbox) -> None:
        self.platform = platform
        self.channel = platform.channel
        self.inbox = inbox
        self._browsers: dict[str, _Browser] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._ids = count()

    async def _browser(self, who: str) -> _Browser:
        if who not in self._browsers:
            tab = await Visitor(self.platform).__aenter__()
            self._browsers[who] = _Browser(tab)
            self._tasks.append(asyncio.create_task(self._browsers[who].run()))
        return self._browsers[who]

    async def writes(self, who: str, text: str) -> None:
        browser = await self._browser(who)
        await browser.send({"type": "message", "id": f"message-{next(self._ids)}", "text": text})

    async def delivers_again(self, who: str) -> None:
        browser = await self._browser(who)
        await browser.until_acknowledged(1)
        await browser.tab.ws.send_json(browser.sent[-1])
        await browser.until_acknowledged(2)

    async def presses(self, who: str, label: str) -> None:
        browser = await self._browser(who)
        buttons = [button for entry in browser.seen for button in entry["buttons"] if button["text"] == label]
        frame = {"type": "press", "id": f"press-{next(self._ids):04}", "button": buttons[-1]["id"], "label": label}
        await browser.send(frame)

    async def saw(self, who: str, count: int) -> list[tuple[str, tuple[str, ...]]]:
        browser = await self._browser(who)
        async with asyncio.timeout(10):
            while len(browser.seen) < count:
                browser.news.clear()
                await browser.news.wait()
        return [(entry["text"], tuple(button["text"] for button in entry["buttons"])) for entry in browser.seen[:count]]

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for browser in self._browsers.values():
            await browser.tab.__aexit__(None, None, None)


class TestWidgetChannel(ChannelContract):
    @pytest.fixture
    async def harness(self, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WidgetHarness]:
        monkeypatch.setattr("tests.widget.platform.WidgetChannel", _Told)
        platform = Platform()
        assert isinstance(platform.channel, _Told)
        platform.channel.platform = platform
        inbox = Inbox()
        platform.accept = inbox  # type: ignore[method-assign]
        await platform.start()
        listening = asyncio.create_task(platform.channel.listen(inbox))
        harness = WidgetHarness(platform, inbox)
        yield harness
        listening.cancel()
        await harness.leave()
        await platform.stop()
