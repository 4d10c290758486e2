"""The channel's promises, against the stand-in's real HTTP, with and without a phone number to be seen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contracts.channel_contract import ChannelContract
from tests.whatsapp.harness import WhatsAppHarness
from tests.whatsapp.stage import staged


class TestWhatsApp(ChannelContract):
    @pytest.fixture
    async def harness(self, tmp_path: Path) -> AsyncIterator[WhatsAppHarness]:
        async with staged(tmp_path, late_refusals=False) as stage:
            yield WhatsAppHarness(stage)


class TestWithoutAPhoneNumber(ChannelContract):
    @pytest.fixture
    async def harness(self, tmp_path: Path) -> AsyncIterator[WhatsAppHarness]:
        async with staged(tmp_path, late_refusals=False) as stage:
            yield WhatsAppHarness(stage, hidden=True)
