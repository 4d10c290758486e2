"""The channel's promises, over long polling and over the webhook, against the stand-in's real HTTP."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Literal

import pytest

from tests.contracts.channel_contract import ChannelContract
from tests.telegram.harness import TelegramHarness
from tests.telegram.stage import staged


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
