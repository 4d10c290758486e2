"""The channels' promises, over the Callback API and over Long Poll, against the stand-in's real HTTP."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contracts.channel_contract import ChannelContract
from tests.vk.harness import VkHarness, WallHarness
from tests.vk.stage import Mode, staged


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


class TestWall(ChannelContract):
    @pytest.fixture
    async def harness(self, tmp_path: Path) -> AsyncIterator[WallHarness]:
        async with staged(tmp_path) as stage, stage.listening():
            yield WallHarness(stage)
