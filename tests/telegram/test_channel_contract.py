"""The channel's promises, over long polling and over the webhook, against the stand-in's real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import orjson
import pytest

from estafeta.kernel.ports import Channel
from tests.contracts.channel_contract import ChannelContract, ChannelHarness
from tests.telegram.stage import Stage, staged


class TelegramHarness(ChannelHarness):
    def __init__(self, stage: Stage, channel: Channel) -> None:
        self.stage = stage
        self.channel = channel
        self.inbox = stage.inbox

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
        fake.updates.pending.append(update)
        async with self.stage.listening():  # another poll ends the first one's, which then finds the update
            await self.inbox.until(lambda: len(self.inbox.attempts) > before)




class TestPolling(ChannelContract):
    @pytest.fixture
    async def harness(self) -> AsyncIterator[TelegramHarness]:
        async with staged("polling") as stage, stage.listening() as channel:
            yield TelegramHarness(stage, channel)


class TestWebhook(ChannelContract):
    @pytest.fixture
    async def harness(self) -> AsyncIterator[TelegramHarness]:
        async with staged("webhook") as stage, stage.listening() as channel:
            yield TelegramHarness(stage, channel)
