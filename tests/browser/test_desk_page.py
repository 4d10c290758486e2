"""An operator's and a supervisor's day at the web desk, with the whole product behind it."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect

from tests.browser.people import WITHIN, Customer, Operator, picture
from tests.browser.product import Product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


async def dark(browser: Browser, operator: Operator, name: str) -> None:
    """The same page in the dark, and as a phone has it."""
    page = operator.page
    await page.emulate_media(color_scheme="dark")
    await picture(page, f"{name}-dark")
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size({"width": 390, "height": 800})
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await picture(page, f"{name}-phone")
    await page.set_viewport_size({"width": 1400, "height": 850})


async def test_a_ticket_is_taken_put_off_undone_and_closed(browser: Browser, product: Product) -> None:
    customer = await Customer.at(browser, product.shop)
    await customer.says("Позовите человека, пожалуйста")
    await customer.reads("Зову коллегу")
    operator = await Operator.at(browser, product.login_link)
    page = operator.page
    await operator.opens_first()
    await expect(page.locator(".row .chip-state").first).to_have_text("ждёт ответа")
    await page.locator("#scroller").focus()
    await page.keyboard.press("t")
    await customer.reads("На связи человек")

    await page.fill("#text", "/hello")
    await expect(page.locator(".canned-text").first).to_contain_text("Уже читаю переписку")
    await page.keyboard.press("Enter")
    await expect(page.locator("#text")).to_have_value(re.compile("Уже читаю переписку"))
    await page.press("#text", "Enter")
    await expect(page.locator(".undo")).to_have_text(re.compile(r"Отменить \(\d\)"))
    await page.keyboard.press("Alt+KeyZ")
    await expect(page.locator("#transcript .message.own")).to_contain_text("Сообщение удалено", timeout=WITHIN)
    await expect(page.locator("#text")).to_have_value(re.compile("Уже читаю переписку"))
    await page.fill("#text", "Здравствуйте! Слушаю Вас.")
    await page.press("#text", "Enter")
    await customer.reads("Слушаю Вас")
    assert not [text for text in await customer.texts() if "Уже читаю переписку" in text]

    await operator.does("tag")
    await page.get_by_label("Новые метки").fill("лампа")
    await page.click("#form-go")
    await expect(page.locator("#talk-state")).to_contain_text("лампа", timeout=WITHIN)
    await operator.does("hold")
    await page.get_by_role("button", name="3 часа").click()
    await page.get_by_label("Пара слов коллегам").fill("ждём ответа склада")
    await page.click("#form-go")
    await expect(page.locator('[data-group="held"] .row')).to_have_count(1, timeout=WITHIN)
    await operator.reads("ждём ответа склада")
    await customer.says("Есть новости?")
    await expect(page.locator('[data-group="mine"] .row')).to_have_count(1, timeout=WITHIN)
    await picture(page, "desk-1-ticket")
    await dark(browser, operator, "desk-2-ticket")
    await operator.says("Лампа уже едет!")
    await customer.reads("Лампа уже едет")
    await page.click("#close")
    await page.get_by_label("Чем закончилось").fill("Отправили новую")
    await page.click("#form-go")
    await page.click('[data-filter="closed"]')
    await expect(page.locator('[data-group="closed"] .row-preview')).to_have_text("Отправили новую", timeout=WITHIN)
    await expect(page.locator("#card")).to_contain_text("Отправили новую", timeout=WITHIN)
    assert "ждём ответа склада" not in " ".join(await customer.texts())
    assert customer.errors == operator.errors == []


async def test_two_operators_and_the_words_of_neither_are_lost(browser: Browser, product: Product) -> None:
    anna = await Operator.at(browser, product.login_link)
    await anna.page.evaluate("location.hash = 'floor=team'")
    await anna.page.click("#invite")
    await anna.page.click("#form-go")
    await expect(anna.page.locator("#form-title")).to_have_text("Приглашение готово")
    link = await anna.page.locator("#form-fields input").input_value()
    await anna.page.keyboard.press("Escape")
    boris = await Operator.at(browser, link, "Борис")
    await anna.page.click("#floor-open")

    customer = await Customer.at(browser, product.shop)
    await customer.says("Позовите человека")
    await customer.reads("Зову коллегу")
    for operator in (anna, boris):
        await operator.opens_first()
        await expect(operator.page.locator("#attach")).to_be_visible()  # the conversation has been read
    # Boris's page does not hear of what Anna does meanwhile.
    await boris.page.route("**/api/v1/conversations/*", lambda route: route.abort())
    await anna.page.click("#take")
    await customer.reads("На связи человек")
    await boris.says("Сейчас посмотрю")
    await anna.says("Здравствуйте, это Анна.")
    await customer.reads("это Анна")
    await boris.page.unroute("**/api/v1/conversations/*")
    await customer.says("Слушаю")
    kept = boris.page.locator("#pending .message")
    await expect(kept).to_contain_text("не отправлено: разговор ведёт Анна", timeout=WITHIN)
    await kept.get_by_role("button", name="Сделать заметкой").click()
    await anna.reads("Сейчас посмотрю")
    assert "Сейчас посмотрю" not in await customer.texts()

    await anna.does("transfer")
    await anna.page.locator("#form-fields select").select_option(label="Борис, на месте, 0 из 5")
    await anna.page.click("#form-go")
    await expect(boris.page.locator('[data-group="queued"] .row')).to_contain_text("предложено вам", timeout=WITHIN)
    await boris.page.click("#take")
    await expect(boris.page.locator("#talk-state")).to_contain_text("Ведёте вы", timeout=WITHIN)

    await boris.page.click("#presence-open")
    await boris.page.get_by_role("button", name="Отойду на 30 минут").click()
    await expect(boris.page.locator("#presence-says")).to_contain_text("отошёл до")
    await boris.page.click("#floor-open")
    await expect(boris.page.locator(".tab")).to_have_text(["Сейчас"])
    await anna.page.evaluate("location.hash = 'floor'")
    away = anna.page.locator("tbody tr", has_text="Борис")
    await expect(away).to_contain_text("отошёл", timeout=WITHIN)
    await picture(anna.page, "desk-3-floor")
    await dark(browser, anna, "desk-4-floor")
    await anna.page.click("#tab-reports")
    await expect(anna.page.locator(".floor-part").first).to_contain_text("клиент попросил человека")
    await picture(anna.page, "desk-5-reports")
    await anna.page.click("#tab-audit")
    await expect(anna.page.locator("#tab-audit")).to_have_attribute("aria-selected", "true")
    await expect(anna.page.locator(".floor-part")).to_contain_text("вошёл в команду")
    await anna.page.click("#tab-closures")
    await anna.page.click("#closure-new")
    await anna.page.get_by_role("button", name="1 час").click()
    await anna.page.click("#form-go")
    await expect(anna.page.locator("tbody tr", has_text="все отделы")).to_have_count(1)
    await anna.page.click("#tab-team")
    await anna.page.locator("tbody tr", has_text="Борис").get_by_role("button", name="Убрать").click()
    await anna.page.click("#form-go")
    await expect(boris.page.locator("#login")).to_be_visible(timeout=WITHIN)
    assert anna.errors == boris.errors == customer.errors == []
