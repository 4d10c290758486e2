"""The channel's promises, against the stand-in's real HTTP, with and without a phone number to be seen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from estafeta.kernel.ports import Channel
from tests.contracts.channel_contract import ChannelContract, ChannelHarness
from tests.whatsapp.rules import read
from tests.whatsapp.stage import Stage, staged


class WhatsAppHarness(ChannelHarness):
    hidden = False

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.inbox = stage.inbox
        self.channel: Channel = stage.channel

    async def writes(self, who: str, text: str) -> None:
        self.stage.fake.person(who, hidden=self.hidden).says(text)

    async def delivers_again(self, who: str) -> None:
        fake = self.stage.fake
        await fake.wait(lambda: fake.webhook.deliveries)
        assert await fake.deliver(fake.webhook.deliveries[-1].body) == 200

    async def presses(self, who: str, label: str) -> None:
        self.stage.fake.person(who).presses(label)

    async def saw(self, who: str, count: int) -> list[tuple[str, tuple[str, ...]]]:
        fake = self.stage.fake
        person = fake.person(who)

        def shown() -> list[tuple[str, tuple[str, ...]]]:
            return [(read(m.text)[0], m.buttons) for m in fake.messages(person) if m.by_business]

        await fake.wait(lambda: len(shown()) >= count)
        return shown()[:count]

    async def blocked(self, who: str) -> None:
        self.stage.fake.person(who).blocks()


class HiddenHarness(WhatsAppHarness):
    hidden = True


class TestWhatsApp(ChannelContract):
    @pytest.fixture
    async def harness(self, tmp_path: Path) -> AsyncIterator[WhatsAppHarness]:
        async with staged(tmp_path, late_refusals=False) as stage:
            yield WhatsAppHarness(stage)


class TestWithoutAPhoneNumber(ChannelContract):
    @pytest.fixture
    async def harness(self, tmp_path: Path) -> AsyncIterator[WhatsAppHarness]:
        async with staged(tmp_path, late_refusals=False) as stage:
            yield HiddenHarness(stage)
