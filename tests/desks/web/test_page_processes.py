"""The desk's page while announcements get lost, and while the process that serves it stops."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect

from estafeta.kernel.model import ConversationId, Stage
from estafeta.kernel.ports import Live
from tests.desks.web.browser import row
from tests.desks.web.office import Office
from tests.desks.web.test_page import send
from tests.desks.web.test_processes import serving
from tests.front import Front

pytestmark = pytest.mark.browser


async def test_after_missed_announcements_the_page_asks_for_everything(page: Page, office: Office) -> None:
    who = await office.customer("Vera", stage=Stage.QUEUED)
    await page.click(row(page, "queued"))
    await expect(page.locator("#talk-name")).to_have_text("Vera")
    office.announces = False
    await office.say(who, "customer", "Anybody there?")
    await office.customer("Boris", stage=Stage.QUEUED)
    office.announces = True
    await office.live.put(Live(kind="missed", conversation=ConversationId("")))
    await expect(page.locator(row(page, "queued"))).to_have_count(2)
    await expect(page.locator("#transcript .message").last).to_contain_text("Anybody there?")


async def test_when_its_process_stops_the_page_goes_on_at_another(pages: list[Page], office: Office) -> None:
    page = pages[0]
    who = await office.customer("Vera", stage=Stage.QUEUED)
    async with Front() as front:
        async with serving(office) as address:
            front.port = urlsplit(address).port
            await page.goto(f"{front.origin}/desk#login={await office.desk.new_login_code()}")
            await page.fill("#login-name", "Anna")
            await page.press("#login-name", "Enter")
            await page.click(row(page, "queued"))
            await expect(page.locator("#line")).to_be_hidden()
            front.port = None
        await send(page, "While nobody is there")
        await expect(page.locator("#line")).to_be_visible()
        front.port = urlsplit(office.address).port
        # Longer than the page waits at most before it connects again (LONGEST_WAIT in live.js).
        await expect(page.locator("#line")).to_be_hidden(timeout=45_000)
        await expect(page.locator("#transcript .message.operator.own")).to_have_count(1)
        await expect(page.locator("#pending .message")).to_have_count(0)
        await office.say(who, "customer", "Thank you!")
        await expect(page.locator("#transcript .message").last).to_contain_text("Thank you!")
        await page.goto("about:blank")
    said = [entry for entry in await office.store.entries(who) if entry.text == "While nobody is there"]
    assert len(said) == 1
