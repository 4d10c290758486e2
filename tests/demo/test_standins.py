"""The demo with all messengers: the stand-ins are joined to the platform, shown on one page, and go on where they
were."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from estafeta.app import start
from estafeta.app.config import Settings
from estafeta.app.demo import FOLDER
from estafeta.app.faults.servers import free_port
from estafeta.app.standins import StandIns, standing_in
from estafeta.app.wiring import bound, build, running
from estafeta.fakes.telegram import FakeTelegram
from estafeta.fakes.vk.served import ServedVk
from estafeta.fakes.whatsapp.fake import FakeWhatsApp
from estafeta.kernel.errors import ConfigurationError
from nlu.embedded import EmbeddedUnderstander

WITHIN = 20.0


@contextlib.asynccontextmanager
async def product(
    data: Path, port: int, understander: EmbeddedUnderstander, shop_url: str
) -> AsyncIterator[tuple[FakeTelegram, ServedVk, FakeWhatsApp]]:
    """The platform on `port` with all stand-ins."""
    settings = Settings(_env_file=None, workspace=FOLDER, data=data, port=port)
    async with standing_in(data, settings, every=True) as messengers:
        served = messengers.named_in(settings)
        platform = build(
            served, start.load_workspace(FOLDER), understander, secrets={}, variables={"SHOP_URL": shop_url},
            control_token="test",
        )  # fmt: skip
        async with running(platform):
            await messengers.connect(served)
            assert messengers.telegram is not None
            assert messengers.vk is not None
            assert messengers.whatsapp is not None
            yield messengers.telegram, messengers.vk, messengers.whatsapp


@pytest.fixture
def port() -> int:
    return free_port(6)


async def test_customers_of_all_messengers_are_answered_and_their_worlds_are_kept(
    tmp_path: Path, port: int, demo_understander: EmbeddedUnderstander, shop_url: str
) -> None:
    question, answer = "Как можно оплатить заказ?", "карт"
    async with product(tmp_path, port, demo_understander, shop_url) as (telegram, vk, whatsapp):
        ivan, olga, maria = telegram.private("Иван"), vk.private("Ольга"), whatsapp.person("Мария")
        for person in (ivan, olga, maria):
            person.says(question)
        await telegram.wait(lambda: answer in telegram.shown(ivan)[-1], WITHIN)
        await vk.wait(lambda: answer in vk.shown(olga)[-1], WITHIN)
        await whatsapp.wait(lambda: answer in whatsapp.shown(maria)[-1], WITHIN)
    async with product(tmp_path, port, demo_understander, shop_url) as (telegram, vk, whatsapp):
        olga, maria = vk.private("Ольга"), whatsapp.person("Мария")
        assert telegram.shown(telegram.private("Иван"))[0] == question
        assert vk.shown(olga)[0] == whatsapp.shown(maria)[0] == question
        olga.says("Позовите человека")
        await telegram.wait(lambda: any("ВКонтакте" in topic.name for topic in telegram.group().topics), WITHIN)
        maria.says(question)
        await whatsapp.wait(lambda: [answer in text for text in whatsapp.shown(maria)].count(True) == 2, WITHIN)
        assert whatsapp.account.templates[0].name == "order_news"
        assert telegram.violations + vk.violations + whatsapp.violations == []


async def test_one_page_shows_all_messengers_and_only_to_its_own_machine(tmp_path: Path, port: int) -> None:
    settings = Settings(_env_file=None, data=tmp_path, port=port)
    async with standing_in(tmp_path, settings, every=True) as messengers, aiohttp.ClientSession() as session:
        name, page = messengers.addresses[0]
        assert (name, page) == ("Messengers", f"http://127.0.0.1:{port + 2}/")
        async with session.get(page, headers={"Accept-Language": "en"}) as response:
            assert '<html lang="en">' in await response.text()
            assert "frame-src http://127.0.0.1:*" in response.headers["Content-Security-Policy"]
        async with session.get(f"{page}fake/shown") as response:
            shown = (await response.json())["shown"]
        assert [(one["name"], one["port"] - port, one["side"]) for one in shown] == [
            ("telegram", 3, "customer"),
            ("vk", 4, "customer"),
            ("whatsapp", 5, "customer"),
            ("operators", 3, "group"),
        ]
        for one in shown:
            async with session.get(f"http://127.0.0.1:{one['port']}/") as response:
                assert "frame-ancestors http://127.0.0.1:*" in response.headers["Content-Security-Policy"]
        for path, status in (("fake/together.js", 200), ("fake/page.js", 404), ("x", 404)):
            async with session.get(page + path) as response:
                assert response.status == status
        async with session.get(page, headers={"Host": "example.com"}) as response:
            assert response.status == 403


async def test_telegram_alone_is_on_the_port_after_the_shops(tmp_path: Path, port: int) -> None:
    settings = Settings(_env_file=None, data=tmp_path, port=port)
    async with standing_in(tmp_path, settings, every=False) as messengers:
        assert messengers.addresses == (("Stand-in messenger", f"http://127.0.0.1:{port + 2}/"),)
        served = messengers.named_in(settings)
        assert (served.telegram is not None, served.vk, served.whatsapp) == (True, None, None)
    assert StandIns().named_in(settings) == settings


async def test_what_cannot_be_joined_is_said_in_a_sentence(tmp_path: Path, port: int) -> None:
    settings = Settings(_env_file=None, data=tmp_path, port=port)
    async with standing_in(tmp_path, settings, every=True) as messengers:
        with pytest.raises(ConfigurationError, match="The stand-in for VK could not confirm http://"):
            await messengers.connect(messengers.named_in(settings))  # nothing listens there
    with contextlib.closing(bound("127.0.0.1", port + 4)) as taken:
        taken.listen()
        with pytest.raises(ConfigurationError, match=f"Port {port + 4} "):
            async with standing_in(tmp_path, settings, every=True):
                pass
