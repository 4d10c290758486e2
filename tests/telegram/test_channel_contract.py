"""The channel's promises, over long polling and over the webhook, against the stand-in's real HTTP."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Literal

import orjson
import pytest

from estafeta.kernel.ports import Channel
from tests.contracts.channel_contract import ChannelContract, ChannelHarness
from tests.telegram.stage import Stage, staged


class TelegramHarness(ChannelHarness):
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
        customer = self.stage.fake.private(who)

        def shown() -> list[tuple[str, tuple[str, ...]]]:
            return [(m.text, m.buttons) for m in self.stage.fake.messages(customer) if m.by_bot]

        await self.stage.fake.wait(lambda: len(shown()) >= count)
        return shown()[:count]

    async def blocked(self, who: str) -> None:
        self.stage.fake.private(who).blocks()

    async def delivers_again(self, who: str) -> None:
        fake = self.stage.fake
        message = fake.messages(fake.private(who))[-1].raw
        update = {"update_id": fake.updates.next_id - 1, "message": message}
        if self.stage.config.mode == "webhook":
            assert await self.stage.post(orjson.dumps(update)) == 200
            return
        before = len(self.inbox.attempts)
        await self.work.aclose()  # a process that died before its next poll confirmed the update
        fake.updates.pending.append(update)
        await self.start()
        await self.inbox.until(lambda: len(self.inbox.attempts) > before)


@contextlib.asynccontextmanager
async def working(mode: Literal["polling", "webhook"]) -> AsyncIterator[TelegramHarness]:
    async with staged(mode) as stage:
        harness = TelegramHarness(stage)
        await harness.start()
        try:
            yield harness
        finally:
            await harness.work.aclose()


class TestPolling(ChannelContract):
    @pytest.fixture
    async def harness(self) -> AsyncIterator[TelegramHarness]:
        async with working("polling") as harness:
            yield harness


class TestWebhook(ChannelContract):
    @pytest.fixture
    async def harness(self) -> AsyncIterator[TelegramHarness]:
        async with working("webhook") as harness:
            yield harness
