"""The page's main states, checked by axe-core: https://github.com/dequelabs/axe-core"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import FilePayload, Page, expect

from estafeta.kernel.model import Stage, Template
from tests.desks.web.browser import row
from tests.desks.web.office import EVERYTHING, Office
from tests.desks.web.scene import everything
from tests.desks.web.test_page_files import LAMP

PROGRAM: FilePayload = {"name": "setup.exe", "mimeType": "application/octet-stream", "buffer": b"MZ"}

pytestmark = pytest.mark.browser

WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


async def violations(page: Page) -> list[str]:
    """The page's policy forbids scripts from elsewhere, axe-core among them: it is run from outside of it."""
    found: Any = (await Axe().run(page, options=WCAG)).response["violations"]
    return [f"{item['id']}: {node['html'][:200]} {node['failureSummary']}" for item in found for node in item["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_conversation_with_everything(page: Page, office: Office, scheme: str) -> None:
    await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    who = await everything(office)
    await page.goto(f"{office.address}/desk#c={who}")
    await expect(page.locator("#transcript .message.note")).to_have_count(1)
    await page.set_input_files("#attach-choose", [LAMP, PROGRAM])
    await expect(page.locator(".tray-item.ready, .tray-item.failed")).to_have_count(2)
    await page.locator(".message-edited button").click()
    await page.locator(".gone summary").click()
    photo = page.locator("#transcript .message.customer").first
    await photo.locator(".message-more").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#message-menu")).to_be_visible()
    assert await violations(page) == []
    await page.locator("#message-menu").get_by_role("button", name="Reply").click()
    await expect(page.locator("#context")).to_be_visible()
    assert await violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_closed_window_a_public_place_and_the_dialogs(page: Page, office: Office, scheme: str) -> None:
    await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    office.channels["telegram"] = replace(
        EVERYTHING, window=60.0, templates=True, public=True, private="https://x.example"
    )
    office.approved = [Template(name="ready", language="en", text="{{1}}, your order is ready")]
    who = await office.customer("Vera", stage=Stage.QUEUED)
    said = await office.say(who, "bot", "Hello")
    await office.became(said, "failed", "The customer has blocked the bot")
    office.clock.move(timedelta(minutes=2))
    await page.click(row(page, "queued"))
    await expect(page.locator("#closed")).to_be_visible()
    assert await violations(page) == []
    await page.click("#template-open")
    await expect(page.get_by_label("Value 1")).to_be_visible()
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await page.click("#undelivered-open")
    await expect(page.locator(".undelivered-item")).to_have_count(1)
    assert await violations(page) == []


async def test_the_log_in_and_an_empty_desk(pages: list[Page], page: Page, office: Office) -> None:
    await pages[1].goto(f"{office.address}/desk")
    await expect(pages[1].locator("#login-says")).not_to_be_empty()
    assert await violations(pages[1]) == []
    assert await violations(page) == []
    await page.click("#menu-open")
    assert await violations(page) == []
