"""What the bot should have understood, in a real browser: by the menu of a message, and by a key."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.async_api import Page, expect

from estafeta.kernel.model import Stage
from flows.model import Training
from tests.desks.web.browser import row
from tests.desks.web.office import Office
from tests.desks.web.test_correcting import INTENTS, heard
from tests.desks.web.test_page_messages import choose, message

pytestmark = pytest.mark.browser


async def open_asked(page: Page, office: Office) -> int:
    """A message that the bot took for something else, and one that it left to people."""
    office.workspace = replace(office.workspace, training=Training(intents=INTENTS))
    who = await office.customer("Vera", stage=Stage.QUEUED)
    asked = await heard(office, who, "Where is my order?")
    office.channels["telegram"] = None
    await office.say(who, "customer", "Hello?")
    await page.click(row(page, "queued"))
    await expect(message(page, "Hello?")).to_be_visible()
    return asked.seq


async def test_it_is_chosen_by_its_title_in_the_menu(page: Page, office: Office) -> None:
    seq = await open_asked(page, office)
    await choose(page, message(page, "Where is my order?"), "The bot should have understood…")
    form = page.locator("#form")
    await expect(form).to_contain_text("The bot took it for: order cancel")
    await expect(form.locator("option").last).to_have_text("Not for the bot")
    await page.click("#form-go")
    await expect(page.locator("#form-says")).to_have_text("Choose what it is about.")
    await form.locator("select").select_option(label="order status")
    await page.click("#form-go")
    await expect(page.locator("#toasts")).to_contain_text("Kept for who teaches the bot: order status")
    assert office.corrected == [("order_status", "Anna", seq)]
    await expect(message(page, "Hello?").locator(".message-more")).to_be_hidden()


async def test_a_key_is_enough(page: Page, office: Office) -> None:
    seq = await open_asked(page, office)
    await page.locator("#scroller").focus()
    await page.keyboard.press("KeyI")
    await expect(page.locator("#form select")).to_be_focused()
    await page.keyboard.press("End")  # a browser takes letters together for a second only
    await page.keyboard.press("Tab")
    await page.click("#form-go")
    await expect(page.locator("#toasts")).to_contain_text("Kept for who teaches the bot: Not for the bot")
    assert office.corrected == [("out_of_scope", "Anna", seq)]
