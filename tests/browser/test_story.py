"""The main job, live: a customer in the shop's chat, the bot, an operator at the web desk."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.browser.people import WITHIN, Customer, Operator, picture
from tests.browser.product import Product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


async def test_the_whole_story(browser: Browser, product: Product) -> None:
    customer = await Customer.at(browser, product.shop)
    await customer.says("Как можно оплатить заказ?")
    await customer.reads("карт")
    await customer.says("Где мой заказ?")
    await customer.reads("Подскажите номер заказа")
    await picture(customer.page, "1-bot")
    await customer.says("Сколько будет семью восемь и почему бегемоты не поют?")
    await customer.says("Позовите человека, пожалуйста")
    await customer.reads("Зову коллегу")

    operator = await Operator.at(browser, product.login_link)
    await operator.opens_first()
    await operator.reads("Позовите человека, пожалуйста")
    card = operator.page.locator("#card")
    await expect(card).to_contain_text("human request")
    await picture(operator.page, "2-ticket")
    await operator.page.click("#take")
    await customer.reads("На связи человек")
    await operator.page.locator("#text").press_sequentially("Здра")
    await expect(customer.chat.locator("#typist")).to_have_text("Сотрудник печатает…")
    await operator.says("Здравствуйте! Номер есть в письме, поищите «Ваш заказ принят».")
    await customer.reads("Номер есть в письме")
    await customer.says("Нашла письмо, сейчас посмотрю")
    await operator.reads("Нашла письмо, сейчас посмотрю")
    await customer.reads("Нашла письмо, сейчас посмотрю")  # it is no longer on its way
    await picture(customer.page, "3-person")

    before = await customer.texts()
    await customer.reloads()
    await expect(customer.chat.locator("#entries .bubble")).to_have_text(before)
    await operator.page.reload()
    await operator.reads("Нашла письмо, сейчас посмотрю")

    await operator.page.click("#return")
    await customer.reads("Подскажите номер заказа")
    await customer.says("100234")
    await customer.reads("Заказ 100234")
    await picture(customer.page, "4-bot-again")
    assert customer.errors == []
    assert operator.errors == []


async def test_killed_in_the_middle_and_started_again_nothing_is_lost_or_doubled(
    browser: Browser, product: Product
) -> None:
    customer = await Customer.at(browser, product.shop)
    operator = await Operator.at(browser, product.login_link)
    await customer.says("Где мой заказ?")
    await customer.reads("Подскажите номер заказа")
    await customer.says("Позовите человека")
    await customer.reads("Зову коллегу")
    await operator.opens_first()
    await operator.page.click("#take")
    await customer.reads("На связи человек")
    await product.kill()

    await customer.says("Вы ещё тут?")  # the browser keeps it until there is somebody to take it
    await operator.says("Одну минуту, смотрю.")
    await product.start()
    await operator.reads("Вы ещё тут?")
    await expect(customer.chat.locator("#entries .bubble", has_text="Одну минуту, смотрю.")).to_have_count(
        1, timeout=WITHIN
    )
    await product.kill()
    await product.start()
    await customer.says("Спасибо, жду")
    await operator.reads("Спасибо, жду")
    await operator.says("Всё в порядке, завтра будет у вас.")
    await customer.reads("завтра будет у вас")
    texts = await customer.texts()
    for once in ("Где мой заказ?", "Позовите человека", "Вы ещё тут?", "Одну минуту, смотрю.", "Спасибо, жду"):
        assert texts.count(once) == 1, (once, texts)
    assert texts[-3:] == ["Одну минуту, смотрю.", "Спасибо, жду", "Всё в порядке, завтра будет у вас."] or (
        texts[-4:-2] == ["Одну минуту, смотрю.", "Вы ещё тут?"]
    )


async def test_an_english_customer_is_served_in_english(browser: Browser, product: Product) -> None:
    customer = await Customer.at(browser, f"{product.shop}?lang=en", locale="en-GB")
    await customer.says("How can I pay?")
    await customer.reads("card")
    await customer.says("I would like to talk to a person")
    await customer.reads("colleague")
    await picture(customer.page, "5-english")


async def test_ctrl_c_stops_cleanly(product: Product) -> None:
    assert await product.stop() == 0
    assert "Traceback" not in product.printed
