"""Makes the pictures of the documentation again, by playing the story in the running demo.

    python -m tests.browser.pictures

The pages are the product's own, in Chromium, in the light theme; nothing is drawn by hand.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright, expect

from nlu.train import train
from tests import chromium
from tests.browser.people import Customer, Operator
from tests.browser.product import Product
from tests.conftest import DEMO, ROOT

FOLDER = ROOT / "docs" / "images"


async def _take(page: Page, name: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=FOLDER / f"{name}.png", animations="disabled")
    print(FOLDER / f"{name}.png")


async def _story(browser: Browser, product: Product) -> None:
    customer = await Customer.at(browser, product.shop)
    await customer.says("Сколько стоит доставка в Казань?")
    await customer.reads("пункт выдачи бесплатный")
    await customer.says("Собака у нас громкая. Курьер не испугается?")
    await customer.reads("Не уверен")
    await customer.presses("Позвать человека")
    await customer.reads("Зову коллегу")

    operator = await Operator.at(browser, product.login_link, "Анна")
    await operator.opens_first()
    await operator.page.click("#take")
    await customer.reads("На связи человек")
    await operator.page.click("#mode-note")
    await operator.says("Попросить курьера позвонить за 15 минут, а не в дверь.")
    await operator.reads("за 15 минут")
    await operator.page.click("#mode-reply")
    await operator.says("Здравствуйте! Курьер у нас смелый, но я попрошу его сначала позвонить Вам.")
    await customer.reads("сначала позвонить")
    await customer.says("Спасибо, так и правда спокойнее")
    await operator.reads("правда спокойнее")
    await expect(operator.page.locator("#transcript")).to_contain_text("отправлено")
    await _take(customer.page, "shop")
    await _take(operator.page, "desk")


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder) / "models"
        train(DEMO, models, lambda what, share: None)
        product = Product(data=Path(folder) / "data", models=models)
        await product.start()
        try:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=chromium.path(), args=chromium.FLAGS)
                await _story(browser, product)
                await browser.close()
        finally:
            await product.stop()


if __name__ == "__main__":
    asyncio.run(main())
