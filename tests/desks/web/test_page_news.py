"""The desk's page in a real browser: what people are told about a conversation, and what they see of themselves."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from estafeta.kernel.model import Notice, Stage
from tests.desks.web.browser import row, stand_still
from tests.desks.web.office import Office
from tests.desks.web.test_page_floor import as_operator

pytestmark = pytest.mark.browser


async def id_of(office: Office, name: str) -> str:
    return next(member.id for member in await office.roster.members() if member.name == name)


async def test_a_bad_mark_reaches_those_who_lead_wherever_they_look(
    pages: list[Page], page: Page, office: Office
) -> None:
    await as_operator(pages[1], office, "Boris")
    other = await office.customer("Gleb", stage=Stage.QUEUED)
    who = await office.customer("Vera")
    for each in pages[:2]:
        await each.click(row(each, "queued"))
        await expect(each.locator("#talk-name")).to_have_text("Gleb")
    chiefs = (await id_of(office, "Anna"),)
    values = {"about": "person", "name": "Boris", "ticket": "t1", "operator": "o1"}
    await office.notify(who, Notice(kind="info", text="csat_bad", values=values, people=chiefs))
    told = page.locator(".toast")
    await expect(told).to_contain_text("Vera: A bad mark. Answered by: Boris.")
    await office.event(who, event="rated", rating="bad", about="person")
    await office.say(who, "customer", "Nobody answered me for an hour")
    await office.event(who, event="rated_why", about="person")
    await told.get_by_role("button", name="Open").click()
    await expect(page.locator("#talk-name")).to_have_text("Vera")
    await expect(page.locator("#transcript")).to_contain_text("The customer’s mark: bad")
    await expect(page.locator("#transcript")).to_contain_text("Above the customer says why the mark is so")
    await expect(page.locator("#take")).to_be_visible()
    await office.say(other, "customer", "hello")
    await expect(pages[1].locator("#transcript")).to_contain_text("hello")
    await expect(pages[1].locator(".toast")).to_have_count(0)


async def test_who_lets_a_customer_wait_is_told_and_called_by_the_time(page: Page, office: Office) -> None:
    who = await office.customer("Vera", stage=Stage.QUEUED)
    anna = await id_of(office, "Anna")
    since = (office.clock.now() - timedelta(minutes=9)).isoformat()
    await office.notify(who, Notice(kind="reminder", text="unanswered", people=(anna,), values={"since": since}))
    await expect(page.locator(".toast")).to_contain_text("Vera: The customer has been waiting for an answer since ")
    # Told with its day shortly after midnight.
    await expect(page.locator(".toast span")).to_have_text(re.compile(r"since (\w+ \d+ at )?\d\d?:\d\d( [AP]M)?\.$"))
    await page.get_by_role("button", name="×").click()
    await office.notify(who, Notice(kind="offer", text="held_over", people=(anna,)))
    await expect(page.locator(".toast")).to_contain_text("A ticket that was put off waits again.")


async def test_who_is_not_the_owner_reads_why_nothing_was_done(page: Page, office: Office) -> None:
    who = await office.customer("Vera", stage=Stage.HUMAN, assignee="Борис")
    await page.click(row(page, "people"))
    await expect(page.locator("#talk-name")).to_have_text("Vera")
    await stand_still(page)
    await office.inform(who, "owned", values={"name": "Борис"})
    await expect(page.locator(".toast")).to_contain_text("Nothing was done: Борис has the conversation.")
    await page.get_by_role("button", name="×").click()
    anna = await id_of(office, "Anna")
    await office.inform(who, "taken_over", values={"name": "Глеб", "from": "Anna"}, people=(anna,))
    await expect(page.locator(".toast")).to_have_text("Глеб has the conversation now instead of you.×")
    await page.get_by_role("button", name="×").click()
    await office.inform(who, "not_there", values={"to": anna})
    await expect(page.locator(".toast")).to_contain_text("Anna is not here now")


async def test_a_name_in_a_sentence_is_words_and_no_sentence_of_its_own(page: Page, office: Office) -> None:
    who = await office.customer("Vera {since} <b>", stage=Stage.QUEUED)
    anna = await id_of(office, "Anna")
    await office.notify(who, Notice(kind="info", text="csat_bad", values={"about": "bot", "name": ""}, people=(anna,)))
    await expect(page.locator(".toast")).to_contain_text("Vera {since} <b>: A bad mark. Answered by: the bot.")


async def test_where_one_is_what_one_has_and_who_is_here_take_one_key(
    pages: list[Page], page: Page, office: Office
) -> None:
    await as_operator(pages[1], office, "Boris")
    office.clock.move(timedelta(seconds=3))
    await expect(page.locator("#presence-says")).to_have_text("here · 0 of 5")
    await page.locator("#help-open").focus()
    await page.keyboard.press("p")
    await expect(page.get_by_role("button", name="I am here")).to_be_focused()
    await expect(page.locator("#presence-me")).to_have_text("admin · helps when nobody took it · 0 of 5 in hand")
    await expect(page.locator(".presence-line", has_text="Boris")).to_contain_text("0 of 5")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator("#presence-says")).to_contain_text("away until")
    await page.keyboard.press("Alt+KeyP")
    await expect(page.get_by_role("button", name="Away for 30 minutes")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator("#presence")).to_be_hidden()
    await office.customer("Vera", stage=Stage.QUEUED)
    await page.click(row(page, "queued"))
    await page.click("#take")
    await expect(page.locator("#presence-says")).to_contain_text("1 of 5")
    await page.locator("#scroller").focus()
    await page.keyboard.press("g")
    await expect(page.locator("#floor")).to_be_visible()
