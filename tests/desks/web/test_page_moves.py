"""The desk's page in a real browser: the inbox, what is done with a ticket, and what helps to answer."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from estafeta.kernel.model import ConversationId, Offer, OperatorNoted, OperatorSaid, Stage, TicketMoved
from estafeta.suggestions import Suggestion
from tests.desks.web.browser import free, log_in, opened, row, stand_still
from tests.desks.web.office import Office

pytestmark = pytest.mark.browser


def moves(office: Office) -> list[TicketMoved]:
    return [signal.event for signal in office.store.signals.values() if isinstance(signal.event, TicketMoved)]


def names(page: Page, group: str) -> object:
    return page.locator(f'[data-group="{group}"] .row-name')


async def amend(office: Office, who: ConversationId, **ticket: object) -> None:
    held = await office.stored(who)
    assert held.ticket is not None
    await office.commit(replace(held, ticket=replace(held.ticket, **ticket)))  # type: ignore[arg-type]


async def do(page: Page, move: str) -> None:
    await free(page)
    await page.click("#more-open")
    await page.click(f'[data-move="{move}"]')


# --- the inbox -----------------------------------------------------------------------------------


async def test_the_urgent_come_first_and_then_who_waits_the_longest(page: Page, office: Office) -> None:
    await office.customer("Long", stage=Stage.QUEUED, waits=timedelta(minutes=20))
    await office.customer("Short", stage=Stage.QUEUED, waits=timedelta(minutes=1))
    urgent = await office.customer("Urgent", stage=Stage.QUEUED, waits=timedelta(minutes=2))
    await amend(office, urgent, priority=10)
    await expect(page.locator('[data-group="queued"] .row-name')).to_have_text(["Urgent", "Long", "Short"])
    first = page.locator(row(page, "queued"))
    await expect(first.nth(0)).to_contain_text("answer by")
    await expect(first.nth(1)).to_contain_text("late by 10 min")
    await expect(first.nth(2).locator(".chip-state")).to_have_text("needs an answer")


async def test_filters_show_one_kind_and_departments_narrow_the_queue(page: Page, office: Office) -> None:
    await office.customer("Vera", stage=Stage.QUEUED, waits=timedelta(minutes=1))
    other = await office.customer("Gleb", stage=Stage.QUEUED)
    await amend(office, other, skill="returns")
    held = await office.customer("Zoya", stage=Stage.HUMAN, assignee="Boris")
    await amend(office, held, held_until=office.clock.now() + timedelta(hours=2))
    await expect(page.locator(".skill-chip")).to_have_text(["Delivery 1", "Returns 1"])
    await page.get_by_role("button", name="Returns 1").click()
    await expect(page.locator(".row-name")).to_have_text(["Gleb"])
    await page.get_by_role("button", name="Returns 1").click()
    await page.click('[data-filter="held"]')
    await expect(page.locator(".row-name")).to_have_text(["Zoya"])
    await expect(page.locator(".row .chip-state")).to_have_text("on hold")
    await page.click('[data-filter="mine"]')
    await expect(page.locator('[data-group="mine"] .empty')).to_have_text("You have no conversations.")
    await page.reload()
    await expect(page.locator('[data-filter="mine"]')).to_have_attribute("aria-pressed", "true")
    await page.click('[data-filter="closed"]')
    await expect(page.locator('[data-group="closed"] .empty')).to_have_text("Nothing was closed yet.")
    await page.click('[data-filter="unassigned"]')
    await expect(page.locator(".row-name")).to_have_text(["Vera", "Gleb"])


async def test_what_is_offered_to_one_says_so(page: Page, office: Office) -> None:
    who = await office.customer("Vera", stage=Stage.QUEUED)
    me = await page.evaluate("fetch('api/v1/me').then((answer) => answer.json())")
    now = office.clock.now()
    await amend(office, who, offer=Offer(to=(me["id"],), at=now, until=now + timedelta(minutes=2)))
    await expect(page.locator(row(page, "queued"))).to_contain_text("offered to you")
    await page.click(row(page, "queued"))
    await expect(page.locator("#card")).to_contain_text("Anna, until")


async def test_letters_alone_work_outside_of_fields_and_in_them_are_letters(page: Page, office: Office) -> None:
    await office.customer("Vera", stage=Stage.QUEUED, waits=timedelta(minutes=9), language="en")
    await office.customer("Gleb", stage=Stage.QUEUED)
    await expect(page.locator(row(page, "queued"))).to_have_count(2)
    await page.locator("#list").focus()
    await page.keyboard.press("j")
    await expect(page.locator("#talk-name")).to_have_text("Vera")
    await page.keyboard.type("tj")
    await expect(page.locator("#text")).to_have_value("tj")
    await page.fill("#text", "")
    await page.locator("#scroller").focus()
    await page.keyboard.press("j")
    await expect(page.locator("#talk-name")).to_have_text("Gleb")
    await page.locator("#scroller").focus()
    await page.keyboard.press("k")
    await expect(page.locator("#talk-name")).to_have_text("Vera")
    await page.locator("#scroller").focus()
    await page.keyboard.press("n")
    await expect(page.locator("#composer")).to_have_attribute("data-mode", "note")
    await page.locator("#scroller").focus()
    await page.keyboard.press("r")
    await expect(page.locator("#composer")).to_have_attribute("data-mode", "reply")
    await page.locator("#scroller").focus()
    await page.keyboard.press("/")
    await expect(page.locator(".canned-item")).to_have_count(3)
    await page.keyboard.press("Escape")
    await page.fill("#text", "")
    await page.locator("#scroller").focus()
    await page.keyboard.press("t")
    await expect(page.locator("#talk-state")).to_contain_text("Yours")
    await free(page)
    await page.locator("#scroller").focus()
    await page.keyboard.press("c")
    await expect(page.locator("#form-title")).to_have_text("Close the ticket")
    await page.keyboard.press("Enter")
    await expect(page.locator(row(page, "bot"))).to_have_count(1)


# --- what is done with a ticket ------------------------------------------------------------------


async def test_it_is_passed_on_put_off_labelled_and_given_to_the_bot(page: Page, office: Office) -> None:
    async with office.client("Boris", "operator"):
        pass
    await office.customer("Vera", stage=Stage.QUEUED)
    await page.click(row(page, "queued"))
    await do(page, "transfer")
    await page.get_by_label("To whom").select_option(label="Returns")
    await page.get_by_label("A word to colleagues").fill("broken lamp")
    await page.click("#form-go")
    await expect(page.locator("#talk-state")).to_contain_text("Returns")
    await do(page, "transfer")
    await expect(page.locator("#form")).to_be_visible()
    await expect(page.get_by_label("To whom")).to_contain_text("Boris, here, 0 of 5")
    await page.keyboard.press("Escape")
    await do(page, "hold")
    await page.click("#form-go")
    await expect(page.locator("#form-says")).to_have_text("Name a time to come.")
    await page.get_by_role("button", name="3 hours").click()
    await page.click("#form-go")
    await expect(page.locator(row(page, "held"))).to_have_count(1)
    await do(page, "resume")
    await expect(page.locator(row(page, "mine"))).to_have_count(1)
    await do(page, "tag")
    await page.get_by_label("New tags").fill("broken, lamp")
    await page.click("#form-go")
    await expect(page.locator("#talk-state .tag")).to_have_text(["broken", "lamp"])
    await do(page, "tag")
    await page.get_by_label("lamp").uncheck()
    await page.click("#form-go")
    await expect(page.locator("#talk-state .tag")).to_have_text(["broken"])
    await do(page, "priority")
    await page.locator("#form-fields select").select_option(label="urgent")
    await page.click("#form-go")
    await expect(page.locator(".event").last).to_contain_text("changed the priority")
    await do(page, "ask_contact")
    await expect(page.locator("#transcript")).to_contain_text("Please share your phone number")
    await do(page, "flow")
    await page.get_by_label("Where the bot goes on").select_option(label="Where is my order")
    await page.click("#form-go")
    await expect(page.locator(row(page, "bot"))).to_have_count(1)
    made = moves(office)
    assert [one.move for one in made] == [
        "transfer", "hold", "resume", "tag", "untag", "priority", "ask_contact", "return",
    ]  # fmt: skip
    assert (made[0].skill, made[0].text, made[5].priority, made[7].flow) == (
        "returns", "broken lamp", 10, "order-status",
    )  # fmt: skip


async def test_blocking_is_asked_about_and_can_be_undone(page: Page, office: Office) -> None:
    await office.customer("Vera", stage=Stage.QUEUED)
    await page.click(row(page, "queued"))
    await do(page, "block")
    await expect(page.locator("#form-warning")).to_contain_text("nobody answers new messages")
    await page.keyboard.press("Enter")  # the harmless button has the focus
    await do(page, "block")
    await page.click("#form-go")
    await expect(page.locator("#talk-state")).to_contain_text("blocked")
    await do(page, "unblock")
    await expect(page.locator("#talk-state")).not_to_contain_text("blocked")
    assert [one.move for one in moves(office)] == ["block", "unblock"]


async def test_closed_tickets_say_what_came_of_them_and_words_used_before_are_at_hand(
    page: Page, office: Office
) -> None:
    for name in ("Vera", "Gleb"):
        await office.customer(name, stage=Stage.QUEUED)
        await page.click(row(page, "queued"))
        await expect(page.locator("#talk-name")).to_have_text(name)
        await page.click("#close")
        if name == "Vera":
            await page.get_by_label("What came of it").fill("<b>sent again</b>")
        else:
            await page.get_by_role("button", name="<b>sent again</b>").click()
        await page.click("#form-go")
        await expect(page.locator(row(page, "queued"))).to_have_count(0)
    await page.click('[data-filter="closed"]')
    await expect(page.locator(".row-preview")).to_have_text(["<b>sent again</b>"] * 2)
    await expect(page.locator(".row .chip-state").first).to_have_text("closed")
    await expect(page.locator("#card")).to_contain_text("<b>sent again</b>")
    assert [one.resolution for one in moves(office)] == ["<b>sent again</b>"] * 2


# --- answering -----------------------------------------------------------------------------------


async def test_an_answer_is_taken_back_while_it_counts_down(page: Page, office: Office) -> None:
    await office.customer("Vera", stage=Stage.QUEUED)
    await page.click(row(page, "queued"))
    await stand_still(page)
    await page.fill("#text", "Oops")
    await page.press("#text", "Enter")
    undo = page.locator("#transcript .undo")
    await expect(undo).to_have_text("Undo (5)")
    await undo.click()
    await expect(page.locator("#transcript .message.own")).to_contain_text("Message deleted")
    await expect(page.locator("#text")).to_have_value("Oops")
    await expect(undo).to_have_count(0)
    await page.press("#text", "Enter")
    await expect(undo).to_have_text("Undo (5)")
    await page.clock.run_for(2_000)
    await expect(undo).to_have_text("Undo (3)")
    await page.clock.run_for(4_000)
    await expect(undo).to_have_count(0)


async def test_words_beside_a_colleague_are_kept_and_one_chooses(pages: list[Page], page: Page, office: Office) -> None:
    boris = pages[1]
    await log_in(boris, office, "Boris")
    who = await office.customer("Vera", stage=Stage.QUEUED)
    for one in (page, boris):
        await one.click(row(one, "queued"))
        await opened(one)
    # Boris's page has not heard yet that Anna took it.
    await boris.route("**/api/v1/conversations/*", lambda route: route.abort())
    await page.click("#take")
    await expect(page.locator("#talk-state")).to_contain_text("Yours")
    for text in ("one", "two", "three"):
        await boris.fill("#text", text)
        await boris.press("#text", "Enter")
    async with asyncio.timeout(60):
        while len(office.store.values.get(f"desk.conflict.{who}") or ()) < 3:  # noqa: ASYNC110  the page is cut off
            await asyncio.sleep(0.05)
    await boris.unroute("**/api/v1/conversations/*")
    await office.say(who, "customer", "Well?")
    kept = boris.locator("#pending .message")
    await expect(kept.locator(".failed")).to_have_text(["not sent: Anna has this conversation"] * 3)
    await boris.reload()
    await expect(boris.locator("#transcript .message").last).to_contain_text("Well?")
    await expect(kept).to_have_count(3)
    await kept.nth(2).get_by_role("button", name="Make it a note").click()
    await expect(boris.locator("#transcript .message.note")).to_contain_text("three")
    await kept.nth(0).get_by_role("button", name="Send anyway").click()
    await expect(boris.locator("#transcript .message.own.operator")).to_contain_text("one")
    await kept.nth(0).get_by_role("button", name="Take over and send").click()
    await expect(boris.locator("#talk-state")).to_contain_text("Yours")
    await expect(kept).to_have_count(0)
    said = [one.event for one in office.store.signals.values() if isinstance(one.event, OperatorSaid)]
    assert [(one.parts[0].text, one.sure) for one in said[3:]] == [("one", True), ("two", True)]  # type: ignore[union-attr]
    noted = [one.event.text for one in office.store.signals.values() if isinstance(one.event, OperatorNoted)]
    assert noted == ["three"]


async def test_the_tone_warns_and_never_keeps_from_sending(page: Page, office: Office) -> None:
    await office.customer("Vera", stage=Stage.QUEUED)
    await page.click(row(page, "queued"))
    await page.fill("#text", "YOUR OWN FAULT")
    await expect(page.locator("#tone p")).to_have_text("Capitals throughout read as shouting")
    await page.press("#text", "Enter")
    await expect(page.locator("#transcript .message.own")).to_contain_text("YOUR OWN FAULT")
    await expect(page.locator("#tone")).to_be_hidden()


async def test_a_suggestion_is_put_in_the_field_or_sent(page: Page, office: Office) -> None:
    office.suggestions = [
        Suggestion(source="past", text="We send a <i>new</i> one."),
        Suggestion(source="bot", title="Thanks", text="Thank you!"),
    ]
    who = await office.customer("Vera", stage=Stage.QUEUED)
    await office.say(who, "customer", "It is broken")
    await expect(page.locator(".row-preview")).to_have_text("It is broken")
    await page.click(row(page, "queued"))
    items = page.locator(".suggestion")
    await expect(items).to_have_text([re.compile("Answered before"), re.compile("Bot: Thanks")])
    await items.nth(0).locator(".suggestion-words").click()
    await expect(page.locator("#text")).to_have_value("We send a <i>new</i> one.")
    await items.nth(1).get_by_role("button", name="Send now").click()
    await expect(page.locator("#transcript .message.own")).to_contain_text("Thank you!")
    await expect(page.locator("#text")).to_have_value("We send a <i>new</i> one.")
    await expect(page.locator("#suggestions")).to_be_hidden()


async def test_a_canned_reply_comes_with_the_customers_name(page: Page, office: Office) -> None:
    office.replies["thanks"] = {"ru": "Спасибо", "en": "Thank you, {{ customer.name }}!"}
    try:
        await office.customer("Vera", stage=Stage.QUEUED, language="en")
        await page.click(row(page, "queued"))
        await page.type("#text", "/tha")
        await expect(page.locator(".canned-text")).to_have_text("Thank you, Vera!")
        await page.keyboard.press("Enter")
        await expect(page.locator("#text")).to_have_value("Thank you, Vera!")
    finally:
        office.replies["thanks"] = {"ru": "Спасибо, что написали!", "en": "Thank you for writing!"}


async def test_the_past_is_searched_and_gone_to(page: Page, office: Office) -> None:
    who = await office.customer("Vera", stage=Stage.QUEUED)
    await office.say(who, "customer", "The green lamp <b>broke</b>")
    for number in range(150):
        await office.say(who, "customer", f"line {number}")
    await page.click(row(page, "queued"))
    await expect(page.locator("#transcript .message")).to_have_count(100)
    await do(page, "past")
    await expect(page.locator("#past-says")).to_have_text("There are no earlier tickets.")
    await page.fill("#past-text", "green lamp")
    await page.keyboard.press("Enter")
    await expect(page.locator(".past-item")).to_have_count(1)
    await expect(page.locator(".past-words mark")).to_have_text("green lamp")
    await stand_still(page)
    await page.click(".past-item")
    await expect(page.locator("#past")).to_be_hidden()
    await expect(page.locator(".message.found")).to_contain_text("The green lamp <b>broke</b>")
    await expect(page.locator(".message.found")).to_be_in_viewport()
    await page.clock.run_for(2_000)
    await expect(page.locator(".message.found")).to_have_count(0)
