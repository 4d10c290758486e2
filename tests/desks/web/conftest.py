"""An office with a desk for every test of the web desk, and pages that look at it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from handoff.desks.web import team
from tests.chromium import FLAGS
from tests.desks.web.browser import log_in
from tests.desks.web.office import Office, open_office

REPLIES = {
    "delay": {"ru": "Извините за задержку, уже смотрю.", "en": "Sorry for the delay, I am looking into it."},
    "thanks": {"ru": "Спасибо, что написали!", "en": "Thank you for writing!"},
    "return": {"ru": "Вернуть товар можно 14 дней.", "en": "You can return it within 14 days."},
}


HERE = Path(__file__).parent

expect.set_options(timeout=15_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One loop for all of this folder, so that one browser serves every test of the page."""
    for item in items:
        if item.path.parent == HERE and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(autouse=True)
def _counted_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """The office's clock stands still: what was counted a moment ago would be told for ever."""
    monkeypatch.setattr(team, "SEEN_FOR", 0.0)


@pytest_asyncio.fixture(loop_scope="session")
async def office() -> AsyncIterator[Office]:
    async with open_office(replies=REPLIES) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield launched
        await launched.close()


@pytest_asyncio.fixture(loop_scope="session")
async def pages(browser: Browser) -> AsyncIterator[list[Page]]:
    """As of two operators at their own machines; nothing may go wrong unseen in them."""
    troubles: list[str] = []
    contexts = [await browser.new_context(locale="en-GB", viewport={"width": 1300, "height": 760}) for _ in range(2)]
    made = [await context.new_page() for context in contexts]
    for page in made:
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda line: troubles.append(line.text) if "Content Security" in line.text else None)
        page.on("dialog", lambda dialog: troubles.append(f"a dialog: {dialog.message}"))
    yield made
    for context in contexts:
        await context.close()
    assert troubles == []


@pytest_asyncio.fixture(loop_scope="session")
async def page(pages: list[Page], office: Office) -> Page:
    """Logged in as Anna."""
    await log_in(pages[0], office, "Anna")
    return pages[0]
