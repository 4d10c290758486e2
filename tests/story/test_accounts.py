"""Several accounts of each messenger in one process: whoever writes to one is answered by that one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from pydantic import SecretStr

from bots.telegram.config import TelegramConfig
from bots.vk.config import VkConfig
from bots.whatsapp.config import WhatsAppConfig
from estafeta.app.config import Settings
from estafeta.app.doctor.vk import connect
from estafeta.app.faults.servers import free_port
from estafeta.app.wiring import Platform, build, running
from estafeta.clock import SystemClock
from estafeta.fakes.telegram import FakeTelegram
from estafeta.fakes.vk import FakeVk
from estafeta.fakes.whatsapp import FakeWhatsApp
from estafeta.kernel.ports import Understander
from flows.model import Workspace

SECRET = "a-secret-of-the-webhooks"
GREETING = "Здравствуйте"


@contextlib.asynccontextmanager
async def shop(
    folder: Path, workspace: Workspace, understander: Understander, **more: object
) -> AsyncIterator[Platform]:
    settings = Settings(data=folder, port=free_port(), **more)  # type: ignore[arg-type]
    platform = build(settings, workspace, understander, secrets={}, variables={}, control_token="t")
    async with running(platform):
        yield platform


async def test_two_bots_answer_each_their_own(
    tmp_path: Path, demo_workspace: Workspace, demo_understander: Understander
) -> None:
    tokens = [f"700000000{number}:FAKE-token-for-the-stand-in-only-00" for number in (1, 2)]
    async with FakeTelegram(token=tokens[0]) as first, FakeTelegram(token=tokens[1]) as second:
        configs = [TelegramConfig(token=SecretStr(fake.token), base_url=fake.url) for fake in (first, second)]
        more = {"telegram": configs[0], "telegram_more": (configs[1],)}
        async with shop(tmp_path, demo_workspace, demo_understander, **more):
            for fake in (first, second):
                ivan = fake.private("Иван")
                ivan.says("/start")
                await fake.wait(lambda fake=fake, ivan=ivan: any(GREETING in s for s in fake.shown(ivan)), 15)  # type: ignore[misc]


async def test_three_communities_answer_each_their_own(
    tmp_path: Path, demo_workspace: Workspace, demo_understander: Understander
) -> None:
    async with FakeVk() as fake:
        shops = [fake.community(name) for name in ("Лавка", "Склад", "Мастерская")]
        configs = [VkConfig(token=SecretStr(one.token), group_id=one.id, base_url=fake.url) for one in shops]
        more = {"vk": configs[0], "vk_more": tuple(configs[1:])}
        for config in configs:
            await connect(config, "", SystemClock())
        async with shop(tmp_path, demo_workspace, demo_understander, **more):
            async with asyncio.timeout(15):
                while not all(fake.long_poll(one).waiting for one in shops):  # noqa: ASYNC110 - it tells nobody
                    await asyncio.sleep(0.02)
            for one in shops:
                ivan = fake.private("Иван", one)
                ivan.says("/start")
                await fake.wait(lambda ivan=ivan: any(GREETING in s for s in fake.shown(ivan)), 15)  # type: ignore[misc]


async def test_two_numbers_of_one_account_answer_each_their_own(
    tmp_path: Path, demo_workspace: Workspace, demo_understander: Understander
) -> None:
    async with FakeWhatsApp() as fake:
        numbers = [fake.number, fake.add_number("79990000002", "Склад")]
        configs = [
            WhatsAppConfig(
                token=SecretStr(fake.token), phone_number_id=number.id, waba_id=number.account,
                app_secret=SecretStr(fake.app_secret), verify_token=SecretStr(SECRET), base_url=fake.url,
            )
            for number in numbers
        ]  # fmt: skip
        more = {"whatsapp": configs[0], "whatsapp_more": (configs[1],)}
        async with shop(tmp_path, demo_workspace, demo_understander, **more) as platform:
            url = f"{platform.settings.local_url}/webhooks/whatsapp/{configs[0].name}"
            await fake.set_webhook(url, SECRET)
            for number in numbers:
                ivan = fake.person("Иван").to(number)
                ivan.says("/start")
                await fake.wait(lambda ivan=ivan: any(GREETING in s for s in fake.shown(ivan)), 15)  # type: ignore[misc]
