from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright, expect

from tests.browser.product import Product
from tests.chromium import FLAGS

expect.set_options(timeout=15_000)


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
async def product(tmp_path: Path, demo_models: Path) -> AsyncIterator[Product]:
    made = Product(data=tmp_path / "data", models=demo_models)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def product_with_telegram(tmp_path: Path, demo_models: Path) -> AsyncIterator[Product]:
    made = Product(data=tmp_path / "data", models=demo_models, telegram=True)
    await made.start()
    yield made
    await made.stop()
