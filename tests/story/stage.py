"""The whole product between a customer and an operator, both at the stand-in messenger."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from bots.telegram.config import TelegramConfig, TelegramLimits
from bots.widget.config import WidgetConfig
from estafeta.app.config import DeskConfig, Settings
from estafeta.app.faults.servers import free_port
from estafeta.app.wiring import Platform, build, running
from estafeta.fakes.telegram import FakeTelegram
from estafeta.fakes.telegram.people import Group, Participant
from estafeta.kernel.ports import Understander
from flows.model import Workspace

SECRET = "a-webhook-secret"
UNLIMITED = TelegramLimits(bot_per_second=1e6, chat_per_second=1e6, chat_burst=1e6, group_per_minute=1e6)
Mode = Literal["polling", "webhook"]


class Stage:
    """The product, the messenger, a customer and an operator."""

    def __init__(self, fake: FakeTelegram, folder: Path, workspace: Workspace, understander: Understander,
                 shop_url: str, mode: Mode, *, limits: TelegramLimits | None = None,
                 widget: WidgetConfig | None = None) -> None:  # fmt: skip
        self.fake = fake
        self.group: Group = fake.furnish()
        self.customer: Participant = fake.private("Иван")
        self.operator: Participant = self.group.operator("Анна")
        port = free_port()
        self.settings = Settings.model_construct(
            **{
                **{name: field.get_default(call_default_factory=True) for name, field in Settings.model_fields.items()},
                "port": port,
                "data": folder,
                "widget": widget or WidgetConfig(),
                "desk": DeskConfig(open_to_members=True),
                "telegram": TelegramConfig(
                    token=SecretStr(fake.token), account="shop", mode=mode, secret=SecretStr(SECRET),
                    base_url=fake.url, public_url=f"http://127.0.0.1:{port}", group_id=self.group.id,
                    limits=limits or TelegramLimits(),
                ),
            }
        )  # fmt: skip
        self._parts = (workspace, understander, shop_url)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Platform]:
        workspace, understander, shop_url = self._parts
        platform = build(
            self.settings, workspace, understander, secrets={}, variables={"SHOP_URL": shop_url}, control_token="t"
        )
        async with running(platform):
            yield platform

    async def customer_reads(self, text: str) -> None:
        await self.fake.wait(lambda: any(text in shown for shown in self.fake.shown(self.customer)), 15)

    async def topic(self) -> int:
        await self.fake.wait(lambda: self.group.topics, 15)
        return self.group.topics[-1].id

    async def operators_read(self, text: str, topic: int) -> None:
        await self.fake.wait(lambda: any(text in shown for shown in self.fake.shown(self.group, topic=topic)), 15)
