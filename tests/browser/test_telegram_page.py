"""The main job in Telegram, by hand: a customer and an operator at the stand-in messenger's page."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.people import picture, watched
from tests.browser.product import Product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

WITHIN = 20_000
"""Milliseconds: the group's budget lets one post through in three seconds."""
SETTLED = 60_000
"""A topic's icon is drawn some twenty seconds after whose turn it is has changed, and when there is room for it."""


class Messenger:
    """One window of the stand-in messenger: the customer's private chat beside the operators' group."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.customer = page.locator("#customer-log")
        self.group = page.locator("#group-log")
        watched(page, self.errors)

    @classmethod
    async def at(cls, browser: Browser, address: str, *, phone: bool = False, dark: bool = False) -> Messenger:
        context = await browser.new_context(
            locale="ru-RU", viewport={"width": 390, "height": 780} if phone else {"width": 1360, "height": 860},
            color_scheme="dark" if dark else "light",
        )  # fmt: skip
        messenger = cls(await context.new_page())
        await messenger.page.goto(address)
        return messenger

    async def customer_says(self, text: str) -> None:
        await self._says("customer", text)

    async def operator_says(self, text: str) -> None:
        await self._says("group", text)

    async def _says(self, side: str, text: str) -> None:
        box = self.page.locator(f"#{side}-write textarea")
        await box.fill(text)
        await box.press("Enter")
        await expect(box).to_have_value("")

    async def reads(self, log: Locator, text: str) -> None:
        await expect(log.locator(".message", has_text=text).last).to_be_visible(timeout=WITHIN)

    async def presses(self, log: Locator, label: str) -> None:
        await log.get_by_role("button", name=label, exact=True).last.click()

    async def shows_icon(self, icon: str) -> None:
        """The open topic's."""
        await expect(self.page.locator("#topic-title .topic-icon")).to_have_text(icon, timeout=SETTLED)

    async def opens_topic(self, name: str) -> None:
        row = self.page.locator("#topics button", has_text=name)
        await expect(row).to_be_visible(timeout=WITHIN)
        await row.click()


async def test_a_customer_a_person_and_the_bot_again(browser: Browser, product_with_telegram: Product) -> None:
    at = await Messenger.at(browser, product_with_telegram.messenger)
    await at.customer_says("/start")
    await at.reads(at.customer, "Здравствуйте!")
    await at.customer_says("Как можно оплатить заказ?")
    await at.reads(at.customer, "карт")
    await picture(at.page, "telegram-1-bot")
    await at.presses(at.customer, "Счёт для организации")
    await expect(at.customer.locator(".message.from-bot")).to_have_count(3, timeout=WITHIN)
    await at.customer_says("Где мой заказ?")
    await at.reads(at.customer, "Подскажите номер заказа")
    await expect(at.page.locator("#topics button")).to_have_count(1)  # the bot alone costs the group nothing

    await at.customer_says("Позовите человека, пожалуйста")
    await at.reads(at.customer, "Зову коллегу")
    await at.opens_topic("Иван")
    await at.reads(at.group, "клиент просит человека")
    await at.shows_icon("‼️")  # nobody has it
    card = at.group.locator(".message", has_text="клиент просит человека")
    await expect(card).to_contain_text("Где мой заказ?")
    await picture(at.page, "telegram-2-card")
    await card.locator(".folded").click()  # what was said unfolds
    await expect(card.get_by_text("Зову коллегу")).to_be_in_viewport()

    await at.presses(at.group, "Взять")
    await at.reads(at.customer, "На связи человек")
    await expect(card).to_contain_text("отвечает Анна", timeout=WITHIN)
    await at.operator_says("Здравствуйте, Иван! Номер есть в письме «Ваш заказ принят».")
    await at.reads(at.customer, "Номер есть в письме")
    sent = at.group.locator(".message", has_text="Номер есть в письме")
    await expect(sent.locator(".reaction")).to_contain_text("👌", timeout=WITHIN)
    await at.shows_icon("💬")  # answered
    await at.operator_says("// постоянный покупатель, спешит")
    noted = at.group.locator(".message", has_text="постоянный покупатель")
    await expect(noted.locator(".reaction")).to_contain_text("✍", timeout=WITHIN)
    await at.customer_says("Нашёл письмо, сейчас посмотрю")
    await at.reads(at.group, "Нашёл письмо, сейчас посмотрю")
    await picture(at.page, "telegram-3-person")

    await at.presses(at.group, "Вернуть боту")
    await at.reads(at.customer, "С Вами снова бот")
    await at.customer_says("100234")
    await at.reads(at.customer, "Заказ 100234")
    await expect(at.group.locator(".message", has_text="отвечает бот")).to_be_attached(timeout=WITHIN)
    await at.shows_icon("⚡️")  # of the icons that this messenger offers, the bot's
    await expect(at.customer).not_to_contain_text("постоянный покупатель")
    await picture(at.page, "telegram-4-bot-again")
    dark = await Messenger.at(browser, product_with_telegram.messenger, dark=True)
    await dark.opens_topic("Иван")
    await dark.reads(dark.group, "Нашёл письмо, сейчас посмотрю")
    await picture(dark.page, "telegram-5-dark")
    assert at.errors == dark.errors == []


async def test_on_a_phone(browser: Browser, product_with_telegram: Product) -> None:
    at = await Messenger.at(browser, product_with_telegram.messenger, phone=True)
    await at.customer_says("Где мой заказ?")
    await at.reads(at.customer, "Подскажите номер заказа")
    await at.customer_says("Позовите человека")
    await at.reads(at.customer, "Зову коллегу")
    await picture(at.page, "telegram-phone-1-customer")
    await at.page.locator(".sides").get_by_role("button", name="Операторы").click()
    await at.opens_topic("Иван")
    await at.reads(at.group, "клиент просит человека")
    await picture(at.page, "telegram-phone-2-card")
    await at.presses(at.group, "Взять")
    await at.operator_says("Добрый день! Чем помочь?")
    await at.reads(at.group, "Чем помочь?")
    await at.shows_icon("💬")
    await picture(at.page, "telegram-phone-3-topic")
    await at.page.locator(".sides").get_by_role("button", name="Клиент").click()
    await at.reads(at.customer, "Чем помочь?")
    assert await at.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert at.errors == []
