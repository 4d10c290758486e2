"""The desk's page while answers overtake each other, and while what it asks for is not to be had."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.async_api import Page, Request, Route, expect

from estafeta.kernel.model import ConversationId, Stage, Template
from estafeta.kernel.ports import Live
from tests.desks.web.browser import another_answer, knock, log_in, row, stand_still
from tests.desks.web.office import Office
from tests.desks.web.test_page import send
from tests.desks.web.test_page_limits import closed
from tests.desks.web.test_page_moves import do

pytestmark = pytest.mark.browser

LIST = "**/api/v1/conversations?*"
ONE = "**/api/v1/conversations/*"
END = "**/entries?newest=1&*"
UNDELIVERED = "**/api/v1/undelivered"


class Held:
    """An answer that the server has `given`, and that the page gets when it is `let_go`."""

    def __init__(self) -> None:
        self.request: Request | None = None
        self.given = asyncio.Event()
        self.let_go = asyncio.Event()

    async def pass_on(self, route: Route) -> None:
        if self.request is not None:
            return await route.fallback()
        self.request = route.request
        answer = await route.fetch()
        self.given.set()
        await self.let_go.wait()
        return await route.fulfill(response=answer)

    async def let_go_and_read(self, page: Page) -> None:
        """Until the page has made of it what it makes of it: another answer comes to it after that one."""
        assert self.request is not None
        self.let_go.set()
        answer = await self.request.response()
        assert answer is not None
        await answer.finished()
        await another_answer(page)


@asynccontextmanager
async def held_back(page: Page, address: str) -> AsyncIterator[Held]:
    """The next answer to that address is held back, and let go in the end at the latest."""
    held = Held()
    await page.route(address, held.pass_on)
    try:
        yield held
    finally:
        held.let_go.set()


async def ask_for_everything(office: Office) -> None:
    await office.live.put(Live(kind="missed", conversation=ConversationId("")))


async def unannounced(office: Office, name: str) -> ConversationId:
    """A new customer whom pages see when they ask for everything, and not before."""
    office.announces = False
    who = await office.customer(name, stage=Stage.QUEUED, waits=timedelta(minutes=5))
    office.announces = True
    return who


async def to_the_bot(office: Office, who: ConversationId) -> None:
    await office.commit(replace(await office.stored(who), stage=Stage.BOT, ticket=None))


# --- the list --------------------------------------------------------------------------------------


async def test_who_comes_while_the_first_list_is_on_its_way_stays(pages: list[Page], office: Office) -> None:
    page = pages[0]
    await unannounced(office, "Vera")
    async with held_back(page, LIST) as held:
        await knock(page, office, "Anna")
        await held.given.wait()
        await office.customer("Gleb", stage=Stage.QUEUED)
        await expect(page.locator(row(page, "queued"))).to_have_count(1)
    await expect(page.locator('[data-group="queued"] .row-name')).to_have_text(["Vera", "Gleb"])


async def test_a_list_undoes_nothing_that_was_asked_for_after_it(page: Page, office: Office) -> None:
    who = await office.customer("Vera", stage=Stage.QUEUED)
    await expect(page.locator(row(page, "queued"))).to_have_count(1)
    await unannounced(office, "Gleb")
    async with held_back(page, LIST) as held:
        await ask_for_everything(office)
        await held.given.wait()
        await to_the_bot(office, who)
        await expect(page.locator(row(page, "bot"))).to_have_count(1)
    await expect(page.locator('[data-group="queued"] .row-name')).to_have_text(["Gleb"])
    await expect(page.locator('[data-group="bot"] .row-name')).to_have_text(["Vera"])


async def test_of_two_lists_the_one_asked_for_last_counts(page: Page, office: Office) -> None:
    async with held_back(page, LIST) as held:
        await ask_for_everything(office)
        await held.given.wait()
        await unannounced(office, "Vera")
        await ask_for_everything(office)
        await expect(page.locator(row(page, "queued"))).to_have_count(1)
        await held.let_go_and_read(page)
    await expect(page.locator(row(page, "queued"))).to_have_count(1)


async def test_of_two_lists_of_the_undelivered_the_one_asked_for_last_counts(page: Page, office: Office) -> None:
    who = await office.customer("Vera", stage=Stage.QUEUED)
    await office.became(await office.say(who, "operator", "Hello"), "failed", "blocked")
    await expect(page.locator("#undelivered-open")).to_be_visible()
    async with held_back(page, UNDELIVERED) as held:
        await ask_for_everything(office)
        await held.given.wait()
        await office.commit(replace(await office.stored(who), undelivered=()))
        await expect(page.locator("#undelivered-open")).to_be_hidden()
        await held.let_go_and_read(page)
    await expect(page.locator("#undelivered-open")).to_be_hidden()


# --- one conversation ------------------------------------------------------------------------------


async def test_words_that_come_while_the_timeline_is_on_its_way_are_shown(page: Page, office: Office) -> None:
    who = await office.customer("Vera", stage=Stage.QUEUED)
    await office.say(who, "customer", "Hello")
    async with held_back(page, END) as held:
        await page.click(row(page, "queued"))
        await held.given.wait()
        await office.say(who, "customer", "Are you there?")
        await expect(page.locator(".row-preview")).to_have_text("Are you there?")
    await expect(page.locator("#transcript .message-body")).to_have_text(["Hello", "Are you there?"])


async def test_a_timeline_left_and_come_back_to_is_the_one_asked_for_last(page: Page, office: Office) -> None:
    who = await office.customer("Vera", stage=Stage.QUEUED)
    await office.say(who, "customer", "Hello")
    async with held_back(page, END) as held:
        await page.goto(f"{office.address}/desk#c={who}")
        await held.given.wait()
        await page.goto(f"{office.address}/desk#")
        await expect(page.locator("#talk")).to_be_hidden()
        await office.say(who, "customer", "Are you there?")
        await expect(page.locator(".row-preview")).to_have_text("Are you there?")
        async with held_back(page, END) as other:
            await page.goto(f"{office.address}/desk#c={who}")
            await other.given.wait()
            await held.let_go_and_read(page)
    await expect(page.locator("#transcript .message-body")).to_have_text(["Hello", "Are you there?"])


async def test_a_reply_is_never_filled_for_the_customer_who_was_open_before(page: Page, office: Office) -> None:
    office.replies = {"thanks": {"en": "Thank you, {{ customer.name }}!"}}
    for name, waits in (("Vera", 9), ("Gleb", 1)):
        await office.customer(name, stage=Stage.QUEUED, waits=timedelta(minutes=waits), language="en")
    rows = page.locator(row(page, "queued"))
    await expect(rows).to_have_count(2)
    await rows.nth(0).click()
    await expect(page.locator("#talk-name")).to_have_text("Vera")
    async with held_back(page, "**/conversations/*/replies") as held:
        await page.type("#text", "/tha")
        await held.given.wait()
        await page.fill("#text", "")
        await rows.nth(1).click()
        await expect(page.locator("#talk-name")).to_have_text("Gleb")
        await page.type("#text", "/tha")
        await expect(page.locator(".canned-item")).to_have_count(1)
    await expect(page.locator(".canned-text")).to_have_text("Thank you, Gleb!")
    await page.keyboard.press("Enter")
    await expect(page.locator("#text")).to_have_value("Thank you, Gleb!")


async def test_an_answer_that_is_shown_before_its_request_is_answered_can_be_taken_back(
    page: Page, office: Office
) -> None:
    await office.customer("Vera", stage=Stage.QUEUED)
    await page.click(row(page, "queued"))
    await stand_still(page)
    async with held_back(page, "**/conversations/*/reply") as held:
        await send(page, "Oops")
        await held.given.wait()
        await expect(page.locator("#transcript .message.own .message-state")).to_have_text("sent")
        await expect(page.locator(".undo")).to_have_count(0)
    await expect(page.locator("#transcript .message.own .undo")).to_have_text("Undo (5)")


async def test_canned_replies_that_come_after_the_slash_are_offered(pages: list[Page], office: Office) -> None:
    page = pages[0]
    await office.customer("Vera", stage=Stage.QUEUED, language="en")
    async with held_back(page, "**/api/v1/replies") as held:
        await knock(page, office, "Anna")
        await held.given.wait()
        await page.click(row(page, "queued"))
        await page.type("#text", "/")
        await expect(page.locator(".canned-none")).to_be_visible()
    await expect(page.locator(".canned-item")).to_have_count(3)


async def test_the_past_of_one_customer_is_not_shown_as_anothers(page: Page, office: Office) -> None:
    for name, waits in (("Vera", 9), ("Gleb", 1)):
        await office.customer(name, stage=Stage.QUEUED, waits=timedelta(minutes=waits))
    rows = page.locator(row(page, "queued"))
    await expect(rows).to_have_count(2)
    await rows.nth(1).click()
    await expect(page.locator("#talk-name")).to_have_text("Gleb")
    await page.click("#close")
    await page.click("#form-go")
    await expect(rows).to_have_count(1)
    async with held_back(page, "**/history") as held:
        await do(page, "past")
        await held.given.wait()
        await page.keyboard.press("Escape")
        await rows.nth(0).click()
        await expect(page.locator("#talk-name")).to_have_text("Vera")
        await do(page, "past")
        await expect(page.locator("#past-says")).to_have_text("There are no earlier tickets.")
        await held.let_go_and_read(page)
    await expect(page.locator("#past-says")).to_have_text("There are no earlier tickets.")
    await expect(page.locator(".past-item")).to_have_count(0)


async def test_templates_are_those_of_the_customer_they_are_for(page: Page, office: Office) -> None:
    await closed(page, office)
    await office.customer("Gleb", stage=Stage.QUEUED, channel="telegram", waits=timedelta(minutes=1))
    office.clock.move(timedelta(hours=2))
    office.approved = [Template(name="bye", language="en", text="Bye")]
    async with held_back(page, "**/templates") as held:
        await page.click("#template-open")
        await held.given.wait()
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name="Gleb").click()
        await expect(page.locator("#talk-name")).to_have_text("Gleb")
        office.approved = [Template(name="hi", language="en", text="Hi")]
        await page.click("#template-open")
        await expect(page.locator("#template-preview")).to_have_text("Hi")
        await held.let_go_and_read(page)
    await expect(page.locator("#template-choice option")).to_have_text(["hi (en)"])
    await expect(page.locator("#template-preview")).to_have_text("Hi")


async def test_where_one_is_is_what_was_said_last(page: Page, office: Office) -> None:
    async with held_back(page, "**/api/v1/team") as held:
        await page.click("#presence-open")
        await held.given.wait()
        await page.get_by_role("button", name="Away for 30 minutes").click()
        await expect(page.locator("#presence-says")).to_contain_text("away until")
        await held.let_go_and_read(page)
    await expect(page.locator("#presence-says")).to_contain_text("away until")


# --- who is about to press something -----------------------------------------------------------------


async def test_news_take_no_button_from_under_the_hand(page: Page, office: Office) -> None:
    who = await office.customer("Vera", stage=Stage.QUEUED)
    await office.became(await office.say(who, "bot", "Dear Vera"), "failed", "blocked")
    await page.click(row(page, "queued"))
    office.refuses = "window_closed"
    await send(page, "too late")
    await expect(page.locator("#undelivered-open")).to_have_text("1 undelivered")
    buttons = {
        "#transcript .message.bot": "Send again",
        "#pending .message": "Send again",
        ".undelivered-item": "Do not send",
    }
    for number, (place, name) in enumerate(buttons.items()):
        if place == ".undelivered-item":
            await page.click("#undelivered-open")
        button = page.locator(place).get_by_role("button", name=name)
        await button.focus()
        await office.say(who, "customer", f"News {number}")
        await ask_for_everything(office)
        await expect(page.locator("#transcript .message").last).to_contain_text(f"News {number}")
        await another_answer(page)
        await expect(button).to_be_focused()


# --- what is not to be had -------------------------------------------------------------------------


async def test_a_change_that_could_not_be_read_is_asked_for_again(page: Page, office: Office) -> None:
    await expect(page.locator('[data-group="queued"] .empty')).to_be_visible()
    await page.route(ONE, lambda route: route.abort(), times=1)
    await office.customer("Vera", stage=Stage.QUEUED)
    await expect(page.locator(".toast")).to_be_visible()
    await expect(page.locator(row(page, "queued"))).to_have_count(1)


async def test_a_list_that_could_not_be_read_is_asked_for_again(pages: list[Page], office: Office) -> None:
    page = pages[0]
    await unannounced(office, "Vera")
    await page.route(LIST, lambda route: route.fulfill(status=503), times=1)
    await log_in(page, office, "Anna")
    await expect(page.locator(row(page, "queued"))).to_have_count(1)


async def test_a_timeline_that_could_not_be_read_is_read_from_its_end(page: Page, office: Office) -> None:
    who = await office.customer("Vera", stage=Stage.QUEUED)
    for number in range(120):
        await office.say(who, "customer", f"line {number}")
    await page.route(END, lambda route: route.abort(), times=1)
    await page.click(row(page, "queued"))
    await expect(page.locator("#transcript .message")).to_have_count(100)
    await expect(page.locator("#transcript .message").last).to_be_in_viewport()
