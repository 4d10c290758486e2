from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.chromium import FLAGS
from tests.widget.platform import Platform
from tests.widget.scene import Scene
from tests.widget.shop import Shop

expect.set_options(timeout=15_000)


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    platform = Platform()
    await platform.start()
    yield platform
    await platform.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def scene(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    options = getattr(request, "param", {})
    shop = Shop(options.get("host", "127.0.0.1"))
    await shop.start()
    platform = Platform(sites=(shop.origin,), **options.get("config", {}))
    await platform.start()
    shop.platform = platform.origin
    context = await browser.new_context(
        locale="ru-RU", **{"viewport": {"width": 1000, "height": 800}, **options.get("context", {})}
    )
    page = await context.new_page()
    scene = Scene(browser, platform, shop, context, page)
    scene.watch(page)
    yield scene
    await context.close()
    await platform.stop()
    await shop.stop()
    assert scene.errors == []
