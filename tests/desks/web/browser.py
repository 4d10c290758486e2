"""The desk's page in Chromium."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from playwright.async_api import Locator, Page, expect

from handoff.floor import Role
from tests.desks.web.office import Office


async def knock(page: Page, office: Office, name: str, role: Role = "admin") -> None:
    """Logs in, and waits for nothing that the page reads then."""
    code = await office.desk.new_login_code(role)
    await page.goto(f"{office.address}/desk#login={code}")
    await page.fill("#login-name", name)
    await page.press("#login-name", "Enter")
    await expect(page.locator("#desk")).to_be_visible()


async def log_in(page: Page, office: Office, name: str, role: Role = "admin") -> None:
    """Until the page has read what it reads at first: what it asks for later, a test made it ask for."""
    async with (
        page.expect_response("**/api/v1/replies") as replies,
        page.expect_response("**/api/v1/undelivered") as undelivered,  # after the list
    ):
        await knock(page, office, name, role)
    for answer in (replies, undelivered):
        await (await answer.value).finished()
    await expect(page.locator("#presence-says")).not_to_be_empty()
    await another_answer(page)


async def another_answer(page: Page) -> None:
    """By then the page has made of answers that came before what it makes of them."""
    await page.evaluate("fetch('api/v1/me', { cache: 'no-store' }).then((answer) => answer.json())")


async def opened(page: Page) -> None:
    """The page knows what may be done in the open conversation: before that it offers nothing."""
    await expect(page.locator("#attach")).to_be_visible()


async def free(page: Page) -> None:
    """While a move is on its way no other begins, and what came of it may be seen before its answer comes."""
    await expect(page.locator("#close")).to_be_enabled()


async def stand_still(page: Page) -> None:
    """The page's clock stands until `page.clock` moves it: what is shown for seconds stays to be looked at."""
    await page.clock.install()
    await page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))


@asynccontextmanager
async def drawn_anew(locator: Locator) -> AsyncIterator[None]:
    """Until what is drawn there has given way: a press on it meanwhile would be lost."""
    before = await locator.element_handle()
    yield
    await before.wait_for_element_state("hidden")


def row(page: Page, group: str) -> str:
    return f'[data-group="{group}"] .row'
