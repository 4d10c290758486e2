"""The channel's promises, over the Callback API and over Long Poll, against the stand-in's real HTTP."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from estafeta.kernel.ports import Channel
from tests.contracts.channel_contract import ChannelContract, ChannelHarness
from tests.vk.stage import SECRET, Mode, Stage, staged


class VkHarness(ChannelHarness):
    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.inbox = stage.inbox
        self.work = contextlib.AsyncExitStack()

    async def start(self) -> None:
        self.channel: Channel = await self.work.enter_async_context(self.stage.listening())

    async def writes(self, who: str, text: str) -> None:
        self.stage.fake.private(who).says(text)

    async def presses(self, who: str, label: str) -> None:
        self.stage.fake.private(who).presses(label)

    async def saw(self, who: str, count: int) -> list[tuple[str, tuple[str, ...]]]:
        fake, customer = self.stage.fake, self.stage.fake.private(who)

        def shown() -> list[tuple[str, tuple[str, ...]]]:
            return [(m.text, m.buttons) for m in fake.messages(customer) if m.by_community]

        await fake.wait(lambda: len(shown()) >= count)
        return shown()[:count]

    async def blocked(self, who: str) -> None:
        self.stage.fake.private(who).blocks()

    async def delivers_again(self, who: str) -> None:
        stage = self.stage
        before = len(self.inbox.attempts)
        if stage.config.mode == "callback":
            deliveries = stage.fake.callback.deliveries
            await stage.fake.wait(lambda: deliveries[-1].event["type"] == "message_new")
            assert await stage.post({**deliveries[-1].event, "secret": SECRET}) == (200, "ok")
            return
        await self.work.aclose()  # a process that died before it kept how far it had come
        stage.kept.ts = str(int(stage.kept.ts) - 1)
        await self.start()
        await self.inbox.until(lambda: len(self.inbox.attempts) > before)


@contextlib.asynccontextmanager
async def working(folder: Path, mode: Mode) -> AsyncIterator[VkHarness]:
    async with staged(folder, mode) as stage:
        harness = VkHarness(stage)
        await harness.start()
        try:
            yield harness
        finally:
            await harness.work.aclose()


class TestLongPoll(ChannelContract):
    @pytest.fixture
    async def harness(self, tmp_path: Path) -> AsyncIterator[VkHarness]:
        async with working(tmp_path, "longpoll") as harness:
            yield harness


class TestCallback(ChannelContract):
    @pytest.fixture
    async def harness(self, tmp_path: Path) -> AsyncIterator[VkHarness]:
        async with working(tmp_path, "callback") as harness:
            yield harness
