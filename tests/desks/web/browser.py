"""The desk's page in Chromium."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.desks.web.office import Office


async def log_in(page: Page, office: Office, name: str) -> None:
    code = await office.desk.new_login_code()
    await page.goto(f"{office.address}/desk#login={code}")
    await page.fill("#login-name", name)
    await page.press("#login-name", "Enter")
    await expect(page.locator("#desk")).to_be_visible()
    await expect(page.locator("#line")).to_be_hidden()


def row(page: Page, group: str) -> str:
    return f'[data-group="{group}"] .row'
