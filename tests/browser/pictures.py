"""Makes the pictures of the documentation again, by playing days of operators and customers in the running demo.

    python -m tests.browser.pictures            # or with the names of some of them: desk topic

The pages are the product's own, in Chromium; nothing is drawn by hand. What stands for Telegram is the demo's
stand-in. Without a font with emoji its page draws most signs plainly and some as empty boxes: install one first.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from nlu.train import train
from tests import chromium
from tests.browser.people import Customer, Operator
from tests.browser.product import Product
from tests.browser.test_telegram_page import Messenger
from tests.conftest import DEMO, ROOT

FOLDER = ROOT / "docs" / "images"
LARGEST = 150_000
"""Bytes of a picture: the pages that show several of them open at once."""

WITHIN = 90_000
"""Milliseconds. The group takes a post in three seconds, and a customer is asked for a mark after 45 seconds."""

Story = Callable[[Browser, Product], Awaitable[None]]


async def _take(shown: Page | Locator, name: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}.png"
    await shown.screenshot(path=path, animations="disabled")
    size = (await asyncio.to_thread(path.stat)).st_size
    print(f"{path} {size // 1000} kB{' (too large)' if size > LARGEST else ''}", flush=True)


async def _sized(page: Page, width: int, height: int) -> None:
    """The web desk in such a window, the newest words in sight."""
    await page.set_viewport_size({"width": width, "height": height})
    await page.locator("#scroller").evaluate("box => box.scrollTo(0, box.scrollHeight)")


# --- the web desk ----------------------------------------------------------------------------------


async def _web(browser: Browser, product: Product) -> None:
    """A customer at the shop, two operators at the web desk, from the question to the mark."""
    customer = await Customer.at(browser, product.shop)
    await customer.says("Сколько стоит доставка в Казань?")
    await customer.reads("пункт выдачи бесплатный")
    await customer.says("Собака у нас громкая. Курьер не испугается?")
    await customer.reads("Не уверен")
    await customer.presses("Позвать человека")
    await customer.reads("Зову коллегу")
    anna = await Operator.at(browser, product.login_link, "Анна")
    page = anna.page
    boris = await _invited(browser, anna, "Борис")
    for operator in (anna, boris):
        await operator.opens_first()
    others = [
        await _asks(browser, product, words)
        for words in (
            "Приехала книга с браком, страницы вырваны. Позовите человека",
            "Где заказ 100272? Позовите оператора",
            "ДА СКОЛЬКО МОЖНО ЖДАТЬ!!! Верните деньги!!!",
        )
    ]

    await _typed_at_once(boris, anna, customer)
    await page.click("#mode-note")
    await anna.says("Попросить курьера позвонить за 15 минут, а не в дверь.")
    await anna.reads("за 15 минут")
    await page.click("#mode-reply")
    await customer.says("Спасибо! А забрать самому можно? Где пункт выдачи?")
    await anna.reads("забрать самому")
    await expect(page.locator("#suggestions .suggestion").first).to_be_visible(timeout=WITHIN)
    await expect(page.locator("#pending .message")).to_have_count(0, timeout=WITHIN)
    await expect(page.locator(".undo")).to_have_count(0, timeout=WITHIN)
    await _take(customer.page, "shop")
    await _sized(page, 1170, 560)
    await _take(page, "desk")
    await page.emulate_media(color_scheme="dark")
    await _take(page, "desk-dark")
    await page.emulate_media(color_scheme="light")
    await _sized(page, 390, 700)
    await _take(page, "desk-phone")
    await _sized(page, 1240, 700)

    await page.fill("#text", "/за")
    await expect(page.locator(".canned-text").first).to_be_visible(timeout=WITHIN)
    await _take(page.locator(".talk-pane"), "replies")
    await page.fill("#text", "")
    await page.click("#more-open")
    await page.click('[data-move="hold"]')
    await page.get_by_label("Пара слов коллегам").fill("ждём ответа курьера")
    await _take(page.locator("dialog[open]"), "hold")
    await page.keyboard.press("Escape")
    await boris.page.locator('[data-group="queued"] .row').first.click()
    await boris.page.click("#take")
    await page.click("#floor-open")
    await expect(page.locator("tbody tr", has_text="Борис").first).to_contain_text("1", timeout=WITHIN)
    await asyncio.sleep(6)  # a floor is at most so old
    await _sized(page, 1240, 560)
    await _take(page, "floor")
    await page.click("#floor-open")
    await anna.opens_first("mine")
    await anna.says("Можно, пункт рядом с метро, до 21 часа. Хорошего чтения!")
    await customer.reads("рядом с метро")
    await page.click("#close")
    await page.get_by_label("Чем закончилось").fill("Курьер позвонит за 15 минут")
    await page.click("#form-go")
    await expect(customer.chat.get_by_role("button", name="Плохо")).to_be_visible(timeout=WITHIN)
    await _take(customer.page.locator("estafeta-chat iframe"), "survey")
    assert [customer.errors, anna.errors, boris.errors, *(other.errors for other in others)] == [[]] * (3 + len(others))


async def _invited(browser: Browser, by: Operator, name: str) -> Operator:
    await by.page.evaluate("location.hash = 'floor=team'")
    await by.page.click("#invite")
    await by.page.click("#form-go")
    await expect(by.page.locator("#form-title")).to_have_text("Приглашение готово")
    link = await by.page.locator("#form-fields input").input_value()
    await by.page.keyboard.press("Escape")
    await by.page.click("#floor-open")
    return await Operator.at(browser, link, name)


async def _asks(browser: Browser, product: Product, words: str) -> Customer:
    customer = await Customer.at(browser, product.shop)
    await customer.says(words)
    await expect(customer.chat.locator("#entries .message")).not_to_have_count(2, timeout=WITHIN)
    return customer


async def _typed_at_once(late: Operator, first: Operator, customer: Customer) -> None:
    """Two answer, and the second one's page has not heard yet that the first one does."""
    await late.page.route("**/api/v1/conversations/*", lambda route: route.abort())
    await first.page.click("#take")
    await customer.reads("На связи человек")
    await late.says("Здравствуйте! Наши курьеры собак не боятся.")
    await first.says("Здравствуйте! Курьер у нас смелый, но я попрошу его сначала позвонить Вам.")
    await customer.reads("сначала позвонить")
    await late.page.unroute("**/api/v1/conversations/*")
    await customer.says("Было бы здорово")
    kept = late.page.locator("#pending .message")
    await expect(kept).to_contain_text("не отправлено: разговор ведёт Анна", timeout=WITHIN)
    await expect(late.page.locator(".toast")).to_have_count(0, timeout=WITHIN)
    await _sized(late.page, 1240, 700)
    await _take(late.page.locator(".talk-pane"), "conflict")
    await kept.get_by_role("button", name="Сделать заметкой").click()


# --- the group -------------------------------------------------------------------------------------


async def _group(browser: Browser, product: Product) -> None:
    """A customer and an operator in Telegram."""
    at = await Messenger.at(browser, product.messenger)
    await at.page.set_viewport_size({"width": 1320, "height": 960})
    await at.customer_says("Где мой заказ 100234?")
    await at.reads(at.customer, "Заказ 100234")
    await at.customer_says("Курьер не звонил. Позовите человека")
    await at.reads(at.customer, "Зову коллегу")
    await at.opens_topic("Иван")
    await at.reads(at.group, "клиент просит человека")
    await at.operator_says("Здравствуйте, Иван! Уже звоню курьеру.")
    await at.reads(at.customer, "Уже звоню курьеру")
    await at.shows_icon("💬")
    await at.operator_says("// курьер новый, адрес нашёл не сразу")
    await expect(at.group.locator(".reaction")).to_have_count(2, timeout=WITHIN)
    await _take(at.page.locator(".group"), "topic")
    assert at.errors == []


STORIES: tuple[tuple[Story, bool, tuple[str, ...]], ...] = (
    (
        _web, False,
        ("shop", "desk", "desk-dark", "desk-phone", "replies", "conflict", "hold", "floor", "survey"),
    ),
    (_group, True, ("topic",)),
)  # fmt: skip
"""Each with whether it wants Telegram's stand-in, and the pictures that it makes."""


async def main(wanted: frozenset[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder) / "models"
        train(DEMO, models, lambda what, share: None)
        for number, (story, telegram, pictures) in enumerate(STORIES):
            if wanted and wanted.isdisjoint(pictures):
                continue
            product = Product(data=Path(folder) / f"data-{number}", models=models, telegram=telegram)
            await product.start()
            try:
                async with async_playwright() as playwright:
                    browser = await playwright.chromium.launch(executable_path=chromium.path(), args=chromium.FLAGS)
                    await story(browser, product)
                    await browser.close()
            finally:
                await product.stop()


if __name__ == "__main__":
    asyncio.run(main(frozenset(sys.argv[1:])))
