"""The page in Chromium: a customer and an operator talk through the bot's chats, by mouse and by keyboard."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiogram import Bot
from aiogram.types import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)
from playwright.async_api import Page, async_playwright, expect

from estafeta.fakes.telegram import FakeTelegram
from tests.chromium import FLAGS

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WITHIN = 15.0
expect.set_options(timeout=WITHIN * 1000)


@pytest.fixture
async def page(fake: FakeTelegram, chromium: str) -> AsyncIterator[Page]:
    fake.furnish()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        context = await browser.new_context(locale="ru-RU", viewport={"width": 1200, "height": 760})
        opened = await context.new_page()
        complaints: list[str] = []
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        await opened.goto(fake.url)
        yield opened
        await browser.close()
        assert [line for line in complaints if "409" not in line] == []


async def test_a_customer_writes_and_presses_and_an_operator_answers(fake: FakeTelegram, bot: Bot, page: Page) -> None:
    ivan, group = fake.private("Иван"), fake.group()
    box = page.locator("#customer-write textarea")
    await box.fill("Где заказ? <b>не тег</b>")
    await box.press("Enter")
    await fake.wait(lambda: fake.shown(ivan) == ["Где заказ? <b>не тег</b>"], WITHIN)
    await expect(page.locator("#customer-log .message .text")).to_have_text("Где заказ? <b>не тег</b>")

    keyboard = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Человек", callback_data="h")]])
    await bot.send_message(ivan.id, "Позвать <b>человека</b>?", parse_mode="HTML", reply_markup=keyboard)
    await expect(page.locator("#customer-log .text b")).to_have_text("человека")
    await page.get_by_role("button", name="Человек", exact=True).click()
    press = await fake.wait(lambda: next(iter(fake.world.presses.values()), None), WITHIN)
    await bot.answer_callback_query(press.id, text="Уже зову")
    await expect(page.get_by_role("alert")).to_contain_text("Уже зову")

    topic = (await bot.create_forum_topic(group.id, "Иван · заказ")).message_thread_id
    await bot.send_message(group.id, "Карточка", message_thread_id=topic)
    await page.get_by_role("button", name="Иван · заказ").click()
    await expect(page.locator("#group-log")).to_contain_text("Карточка")
    await page.locator("#operators").select_option(label="Борис")
    await page.locator("#group-write textarea").fill("Отвечаю")
    await page.locator("#group-write .send").click()
    await fake.wait(lambda: fake.shown(group, topic=topic) == ["Карточка", "Отвечаю"], WITHIN)
    assert fake.messages(group, topic=topic)[-1].author == "Борис"


async def test_messages_are_edited_reacted_to_and_deleted_live(fake: FakeTelegram, bot: Bot, page: Page) -> None:
    ivan = fake.private("Иван")
    sent = await bot.send_message(ivan.id, "раз")
    log = page.locator("#customer-log")
    await expect(log).to_contain_text("раз")
    await bot.edit_message_text("два", chat_id=ivan.id, message_id=sent.message_id)
    await expect(log).to_contain_text("изменено")
    await expect(log).not_to_contain_text("раз")
    menu = log.locator("summary")
    await menu.focus()
    await menu.press("Enter")
    await log.get_by_role("button", name="👍").click()
    await fake.wait(lambda: fake.messages(ivan)[0].reactions == ("👍",), WITHIN)
    await expect(log.locator(".reaction")).to_have_text("👍 1")
    await bot.delete_message(ivan.id, sent.message_id)
    await expect(log.locator(".message")).to_have_count(0)


async def test_a_customer_can_be_added_and_the_language_switched(fake: FakeTelegram, page: Page) -> None:
    await page.get_by_role("button", name="+ Новый клиент").click()
    await page.get_by_label("Имя клиента").fill("Kate")
    await page.keyboard.press("Enter")
    await expect(page.locator('.chip[aria-pressed="true"]')).to_have_text("Kate")
    await page.get_by_role("button", name="English").click()
    await expect(page.get_by_text("It has no connection to the real service.")).to_be_visible()
    await page.get_by_role("button", name="Block the bot").click()
    await fake.wait(lambda: fake.private("Kate").chat.blocked, WITHIN)
    await expect(page.locator("#customer-write textarea")).to_be_disabled()
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("lang", "en")


async def test_a_phone_shows_one_side_at_a_time_and_nothing_sticks_out(
    fake: FakeTelegram, bot: Bot, page: Page
) -> None:
    await bot.create_forum_topic(fake.group().id, "Тема с очень длинным названием, которому тесно на телефоне")
    await page.set_viewport_size({"width": 360, "height": 700})
    await expect(page.locator(".customer")).to_be_visible()
    await expect(page.locator(".group")).to_be_hidden()
    await page.locator(".sides").get_by_role("button", name="Операторы").click()
    row = page.get_by_role("button", name="Тема с очень длинным")
    box = await row.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 360
    await row.click()
    await expect(page.locator("#group-write")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.get_by_role("button", name="К списку тем").click()
    await expect(page.locator("#topics")).to_be_visible()


async def test_a_customer_shares_the_own_number_by_a_key(fake: FakeTelegram, bot: Bot, page: Page) -> None:
    ivan, box = fake.private("Иван"), page.locator("#customer-keys")
    await expect(box).to_be_hidden()
    share = KeyboardButton(text="Поделиться номером", request_contact=True)
    keys = ReplyKeyboardMarkup(keyboard=[[share]], one_time_keyboard=True, resize_keyboard=True)
    await bot.send_message(ivan.id, "Ваш номер?", reply_markup=keys)
    key = box.get_by_role("button", name="Поделиться номером")
    await key.click()
    await fake.wait(lambda: fake.shown(ivan)[-1] == "[contact]", WITHIN)
    await expect(page.locator("#customer-log")).to_contain_text("+70000000000")
    await expect(key).to_be_hidden()
    await box.locator("summary").click()
    await expect(key).to_be_visible()
    await bot.send_message(ivan.id, "Спасибо!", reply_markup=ReplyKeyboardRemove())
    await expect(box).to_be_hidden()


async def test_what_a_topics_icon_means_is_told(fake: FakeTelegram, bot: Bot, page: Page) -> None:
    await bot.create_forum_topic(fake.group().id, "Иван", icon_custom_emoji_id="5377316857231450742")
    row = page.locator("#topics button", has_text="Иван")
    await expect(row.get_by_role("img", name="вопрос")).to_have_attribute("title", "вопрос")
    await row.click()
    await expect(page.locator("#topic-title").get_by_role("img", name="вопрос")).to_have_text("❓")
    await page.get_by_role("button", name="English").click()
    await expect(page.locator("#topic-title").get_by_role("img", name="question")).to_be_visible()
