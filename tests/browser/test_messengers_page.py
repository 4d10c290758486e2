"""The main job in VK and WhatsApp, by hand, on the page that shows all stand-ins: a customer writes in one of them, an
operator answers from the Telegram group."""

from __future__ import annotations

import struct
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, FilePayload, FrameLocator, Page, expect

from estafeta.app import start
from estafeta.app.config import Settings
from estafeta.app.demo import FOLDER
from estafeta.app.faults.servers import free_port
from estafeta.app.standins import StandIns, standing_in
from estafeta.app.wiring import build, running
from nlu.embedded import EmbeddedUnderstander
from tests.browser.people import picture, watched

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

WITHIN = 60_000
"""Milliseconds: after a quick exchange WhatsApp wants six seconds for each message (error 131056), and the operators'
group takes one in three."""


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width: int, height: int) -> bytes:
    """A blue sky over a green field."""
    rows = [(b"\x7f\xb5\xe6" if y < height * 0.6 else b"\x6a\xa8\x5f") * width for y in range(height)]
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    about = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", about), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


@pytest.fixture
async def messengers(tmp_path: Path, demo_understander: EmbeddedUnderstander, shop_url: str) -> AsyncIterator[StandIns]:
    """The platform with all stand-ins, as the demo joins them."""
    settings = Settings(_env_file=None, workspace=FOLDER, data=tmp_path, port=free_port(6))
    async with standing_in(tmp_path, settings, every=True) as messengers:
        served = messengers.named_in(settings)
        platform = build(
            served, start.load_workspace(FOLDER), demo_understander, secrets={}, variables={"SHOP_URL": shop_url},
            control_token="test",
        )  # fmt: skip
        async with running(platform):
            await messengers.connect(served)
            yield messengers


class Side:
    """One side of a stand-in's page: a chat's log and the box below it."""

    def __init__(self, root: Page | FrameLocator, side: str) -> None:
        self.root = root
        self.log = root.locator(f"#{side}-log")
        self.write = root.locator(f"#{side}-write")

    @classmethod
    def framed(cls, page: Page, name: str, side: str = "customer") -> Side:
        return cls(page.frame_locator(f"#{name} iframe"), side)

    async def says(self, text: str) -> None:
        box = self.write.locator("textarea")
        await box.fill(text)
        await box.press("Enter")
        await expect(box).to_have_value("")

    async def sends_a_picture(self) -> None:
        file = FilePayload(name="чайник.png", mimeType="image/png", buffer=_png(160, 100))
        await self.write.locator("input[type=file]").set_input_files(file)

    async def reads(self, text: str) -> None:
        await expect(self.log.locator(".message", has_text=text).last).to_be_visible(timeout=WITHIN)

    async def sees_pictures(self, count: int) -> None:
        await expect(self.log.locator("img.picture")).to_have_count(count, timeout=WITHIN)

    async def presses(self, label: str) -> None:
        await self.log.get_by_role("button", name=label, exact=True).last.click()

    async def opens(self, name: str) -> None:
        row = self.root.locator("#topics button", has_text=name)
        await expect(row).to_be_visible(timeout=WITHIN)
        await row.click()


async def served(customer: Side, group: Side, name: str) -> None:
    """The bot answers and hands over; a person answers; pictures go both ways."""
    await customer.says("Как можно оплатить заказ?")
    await customer.reads("карт")
    await customer.presses("Счёт для организации")
    await customer.reads("Да, работаем с организациями")
    await customer.says("Позовите человека, пожалуйста")
    await customer.reads("Зову коллегу")
    await group.opens(name)
    await group.reads("клиент просит человека")
    await group.presses("Взять")
    await customer.reads("На связи человек")
    await group.says("Здравствуйте! Пришлите, пожалуйста, фото.")
    await customer.reads("Пришлите, пожалуйста, фото.")
    await customer.sends_a_picture()
    await group.sees_pictures(1)
    await group.sends_a_picture()
    await customer.sees_pictures(2)


async def opened(browser: Browser, address: str, errors: list[str], *, width: int, dark: bool = False) -> Page:
    context = await browser.new_context(
        locale="ru-RU", viewport={"width": width, "height": 860}, color_scheme="dark" if dark else "light"
    )
    page = watched(await context.new_page(), errors)
    await page.goto(address)
    return page


async def test_vk(browser: Browser, messengers: StandIns) -> None:
    errors: list[str] = []
    pages = dict(messengers.addresses)
    page = await opened(browser, pages["Messengers"], errors, width=1500)
    customer, group = Side.framed(page, "vk"), Side.framed(page, "operators", "group")
    await served(customer, group, "Ольга")
    await picture(page, "messengers-1-vk")
    await group.presses("Вернуть боту")
    await customer.reads("С Вами снова бот")

    # The community's administrator answers in VK itself: the bot is silent, and operators see it.
    whole = await opened(browser, pages["  VK"], errors, width=1360)
    community = Side(whole, "group")
    await community.opens("Ольга")
    await community.says("Это Анна, посмотрю сама")
    await customer.reads("Это Анна, посмотрю сама")
    await group.reads("Это Анна, посмотрю сама")
    await picture(whole, "messengers-2-vk-community")

    await customer.root.locator("#places button", has_text="Стена").click()
    await customer.says("Сколько стоит доставка?")
    await customer.reads("Здесь нас читают и другие")
    await community.root.locator("#topics button", has_text="Новая коллекция").click()
    await community.reads("Сколько стоит доставка?")
    await picture(whole, "messengers-3-vk-wall")
    assert messengers.vk is not None
    assert messengers.vk.violations == errors == []


async def test_whatsapp(browser: Browser, messengers: StandIns) -> None:
    errors: list[str] = []
    pages = dict(messengers.addresses)
    page = await opened(browser, pages["Messengers"], errors, width=1500, dark=True)
    customer, group = Side.framed(page, "whatsapp"), Side.framed(page, "operators", "group")
    await served(customer, group, "Мария")
    await picture(page, "messengers-4-whatsapp")
    await group.presses("Вернуть боту")
    await customer.reads("С Вами снова бот")

    whole = await opened(browser, pages["  WhatsApp"], errors, width=1360)
    phone = Side(whole, "group")
    await phone.opens("Мария")
    await phone.says("Это Анна, отвечаю с телефона")
    await customer.reads("Это Анна, отвечаю с телефона")
    await group.reads("Это Анна, отвечаю с телефона")
    await whole.get_by_role("button", name="+24 часа").click()
    await expect(whole.locator("#window")).to_have_text("окно закрыто: только шаблоны")
    await picture(whole, "messengers-5-whatsapp-phone")

    small = await opened(browser, pages["Messengers"], errors, width=390, dark=True)
    await small.get_by_role("button", name="WhatsApp").click()
    await Side.framed(small, "whatsapp").reads("Это Анна, отвечаю с телефона")
    await expect(small.locator("#telegram")).to_be_hidden()
    assert await small.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await picture(small, "messengers-6-phone")
    assert messengers.whatsapp is not None
    assert messengers.whatsapp.violations == errors == []
