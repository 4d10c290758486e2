"""The desk's page in a real browser: an operator's day in short."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from estafeta.kernel.model import Button, Stage, Text
from estafeta.kernel.ports import Live
from tests.desks.web.browser import free, log_in, row
from tests.desks.web.office import Office

pytestmark = pytest.mark.browser


async def send(page: Page, text: str) -> None:
    await page.fill("#text", text)
    await page.press("#text", "Enter")


async def test_a_ticket_from_waiting_to_closed(page: Page, office: Office) -> None:
    who = await office.customer("Vera", stage=Stage.QUEUED, waits=timedelta(minutes=3), request="Where is my order?")
    await office.say(who, "customer", "Where is my order?")
    await expect(page).to_have_title("(1) Estafeta")
    await expect(page.locator(row(page, "queued"))).to_contain_text("waits 3 min")
    await page.click(row(page, "queued"))
    await expect(page.locator("#transcript .message.customer")).to_contain_text("Where is my order?")
    await expect(page.locator("#card")).to_contain_text("the customer asked for a person")
    await page.click("#take")
    await expect(page.locator("#talk-state")).to_contain_text("Yours")
    await expect(page.locator(row(page, "mine"))).to_have_count(1)
    await send(page, "Looking into it")
    mine = page.locator("#transcript .message.operator.own")
    await expect(mine).to_contain_text("Looking into it")
    await expect(mine.locator(".message-state")).to_have_text("sent")
    await expect(page.locator("#pending .message")).to_have_count(0)
    await office.say(who, "customer", "Thank you!")
    await expect(page.locator("#transcript .message").last).to_contain_text("Thank you!")
    await free(page)
    await page.press("#text", "Alt+KeyX")
    await expect(page.locator("#form-warning")).to_contain_text("unanswered")
    await page.get_by_label("What came of it").fill("told where it is")
    await page.click("#form-go")
    await expect(page.locator(row(page, "bot"))).to_have_count(1)
    await expect(page.locator("#transcript .event").last).to_contain_text("Ticket closed: told where it is")


async def test_a_note_looks_like_nothing_else_and_never_goes_to_the_customer(page: Page, office: Office) -> None:
    await office.customer("Vera", stage=Stage.QUEUED)
    await page.click(row(page, "queued"))
    await expect(page.locator("#talk")).to_be_visible()
    await page.keyboard.press("Alt+KeyN")
    await expect(page.locator("#composer")).to_have_attribute("data-mode", "note")
    await expect(page.locator("#send")).to_have_text("Save note")
    await send(page, "a difficult one")
    await expect(page.locator("#transcript .message.note")).to_contain_text("hidden from the customer")
    await expect(page.locator("#composer")).to_have_attribute("data-mode", "note")
    await page.keyboard.press("Alt+KeyN")
    await page.type("#text", "//second thought")
    await expect(page.locator("#composer")).to_have_attribute("data-mode", "note")
    await expect(page.locator("#text")).to_have_value("second thought")
    assert [type(signal.event).__name__ for signal in office.store.signals.values()] == ["OperatorNoted"]


async def test_what_did_not_reach_the_customer_says_why(page: Page, office: Office) -> None:
    office.deliver = "failed"
    await office.customer("Vera", stage=Stage.QUEUED)
    await page.click(row(page, "queued"))
    await send(page, "hello")
    await expect(page.locator("#transcript .message.own .failed")).to_have_text(
        "not delivered: The customer blocked the bot"
    )


async def test_words_sent_while_the_server_is_out_arrive_once_later(page: Page, office: Office) -> None:
    await office.customer("Vera", stage=Stage.QUEUED)
    await page.click(row(page, "queued"))
    await expect(page.locator("#talk-name")).to_have_text("Vera")
    office.store.out = True
    await send(page, "one")
    await send(page, "two")
    await expect(page.locator("#pending .message").first).to_contain_text("not sent yet")
    await page.reload()
    office.store.out = False
    await expect(page.locator("#transcript .message.own")).to_have_text([re.compile("one"), re.compile("two")])
    await expect(page.locator("#pending .message")).to_have_count(0)
    assert len(office.store.signals) == 2


async def test_a_reload_keeps_the_open_conversation_and_the_draft(page: Page, office: Office) -> None:
    first = await office.customer("Vera", stage=Stage.QUEUED, waits=timedelta(minutes=9))
    await office.customer("Gleb", stage=Stage.QUEUED)
    await expect(page.locator(row(page, "queued"))).to_have_count(2)
    await page.locator(row(page, "queued")).first.click()
    await page.fill("#text", "half a thou")
    await page.locator(row(page, "queued")).last.click()
    await expect(page.locator("#text")).to_have_value("")
    await page.keyboard.press("Alt+ArrowUp")
    await expect(page.locator("#text")).to_have_value("half a thou")
    await page.reload()
    await expect(page.locator("#talk-name")).to_have_text("Vera")
    await expect(page.locator("#text")).to_have_value("half a thou")
    assert page.url.endswith(f"#c={first}")


async def test_canned_replies_are_found_by_letters_and_chosen_by_keys(page: Page, office: Office) -> None:
    await office.customer("Vera", stage=Stage.QUEUED, language="en")
    await page.click(row(page, "queued"))
    await page.type("#text", "/")
    await expect(page.locator(".canned-item")).to_have_count(3)
    await page.keyboard.press("ArrowDown")
    await expect(page.locator('[aria-selected="true"]')).to_contain_text("thanks")
    await page.keyboard.type("14")
    await expect(page.locator(".canned-item")).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(page.locator("#text")).to_have_value("You can return it within 14 days.")
    assert not office.store.signals, "choosing is not sending"


async def test_a_colleagues_ticket_is_not_written_into_by_a_slip(pages: list[Page], page: Page, office: Office) -> None:
    boris = pages[1]
    await log_in(boris, office, "Boris")
    await office.customer("Vera", stage=Stage.QUEUED)
    await page.click(row(page, "queued"))
    await page.click("#take")
    await boris.click(row(boris, "people"))
    await expect(boris.locator("#owner-hint")).to_contain_text("Anna has this conversation")
    await page.type("#text", "I am on it")
    await expect(boris.locator("#typing")).to_have_text("Anna is answering…")
    await send(boris, "me too")
    await boris.keyboard.press("Enter")
    await send(boris, "ask for the number")
    await boris.get_by_role("button", name="Save as a note").click()
    await expect(page.locator("#transcript .message.note")).to_contain_text("Boris")
    events = [type(signal.event).__name__ for signal in office.store.signals.values()]
    assert events == ["TicketMoved", "OperatorNoted"], "a second Enter cancels"
    await page.press("#text", "Enter")
    await expect(boris.locator("#transcript .message.operator")).to_contain_text("I am on it")


async def test_a_customers_edit_changes_the_words_in_their_place(page: Page, office: Office) -> None:
    who = await office.customer("Vera", stage=Stage.QUEUED)
    first = await office.say(who, "customer", "adress", data={"message": "m1"})
    await office.say(who, "customer", "Baker Street")
    await page.click(row(page, "queued"))
    await expect(page.locator("#transcript .message").first).to_contain_text("adress")
    await office.add(who, kind="edit", author=first.author, parts=first.parts, data={"message": "m1"})
    third = await office.say(who, "customer", "London")
    await expect(page.locator("#transcript .message").last).to_contain_text(third.text)
    await expect(page.locator(".message-edited").first).to_be_empty()  # an edit that changed no word
    new = (Text(text="address"),)
    await office.add(who, kind="edit", author=first.author, parts=new, data={"message": "m1"})
    await expect(page.locator("#transcript .message").first).to_contain_text("address")
    await expect(page.locator(".message-edited").first).to_have_text("edited")
    await office.add(who, kind="edit", author=first.author, parts=(Text(text="long ago"),), data={"message": "m0"})
    await expect(page.locator("#transcript .message").last).to_contain_text("long ago")
    await expect(page.locator(".message-edited").last).to_have_text("edited")


async def test_the_bots_chat_can_be_looked_into_and_taken(page: Page, office: Office) -> None:
    who = await office.customer("Vera")
    await office.say(who, "bot", "Hello! What is it about?", buttons=(Button(id="b", text="My order"),))
    await page.click(row(page, "bot"))
    await expect(page.locator(".said-button")).to_have_text("My order")
    await expect(page.locator("#owner-hint")).to_contain_text("takes the conversation from it")
    await page.keyboard.press("Alt+KeyT")
    await expect(page.locator("#talk-state")).to_contain_text("Yours")


async def test_new_words_do_not_tear_the_reader_from_old_ones(page: Page, office: Office) -> None:
    who = await office.customer("Vera", stage=Stage.QUEUED)
    office.announces = False  # the typing below would wait behind all of it
    for number in range(130):
        await office.say(who, "customer", f"line {number}")
    office.announces = True
    await page.click(row(page, "queued"))
    await expect(page.locator("#transcript .message").last).to_be_in_viewport()
    await expect(page.locator("#transcript .message")).to_have_count(100)
    await page.evaluate("document.getElementById('scroller').scrollTop = 0")
    await office.say(who, "customer", "the news")
    await expect(page.locator("#chip")).to_have_text("1 new message ↓")
    await page.click("#chip")
    await expect(page.get_by_text("the news").last).to_be_in_viewport()
    await expect(page.locator("#chip")).to_be_hidden()
    await page.click("#older")
    await expect(page.locator("#transcript .message")).to_have_count(131)
    await office.live.put(Live(kind="typing", conversation=who, who="customer"))
    await expect(page.locator("#typing")).to_have_text("Vera is typing…")


async def test_a_used_link_says_how_to_get_a_new_one(pages: list[Page], office: Office) -> None:
    code = await office.desk.new_login_code()
    for page, works in ((pages[0], True), (pages[1], False)):
        await page.goto(f"{office.address}/desk#login={code}")
        assert code not in page.url
        assert code not in await page.evaluate("location.href")
        await page.fill("#login-name", "Anna")
        await page.click("#login-go")
        if works:
            await expect(page.locator("#desk")).to_be_visible()
    await expect(pages[1].locator("#login-error")).to_contain_text("Ask a supervisor for a new one")
    await expect(pages[1].locator("#login-fields")).to_be_hidden()


async def test_after_the_log_out_nothing_read_stays(page: Page, office: Office) -> None:
    who = await office.customer("Vera", stage=Stage.QUEUED)
    await office.say(who, "customer", "my card is 4276")
    await page.click(row(page, "queued"))
    await page.fill("#text", "a draft")
    await page.click("#menu-open")
    await page.click("#logout")
    await expect(page.locator("#login-says")).to_contain_text("You are logged out")
    assert "4276" not in await page.content()
    assert "a draft" not in await page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")


async def test_the_language_is_switched_and_remembered(page: Page, office: Office) -> None:
    await office.customer("Vera", stage=Stage.QUEUED)
    await page.click("#menu-open")
    await page.click("#menu [data-language-switch]")
    await expect(page.locator('[data-group="queued"] h2')).to_contain_text("Ждут человека")
    await expect(page.locator("html")).to_have_attribute("lang", "ru")
    await page.reload()
    await expect(page.locator("#counts")).to_have_text("1 ждёт")


async def test_a_phone_shows_one_pane_at_a_time(page: Page, office: Office) -> None:
    await office.customer("Vera", stage=Stage.QUEUED)
    await page.set_viewport_size({"width": 375, "height": 700})
    await page.click(row(page, "queued"))
    await expect(page.locator(".list-pane")).to_be_hidden()
    await page.click("#card-open")
    await expect(page.locator("#card")).to_be_visible()
    await page.click("#card-close")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 375
    await page.go_back()
    await expect(page.locator(".list-pane")).to_be_visible()
    await expect(page.locator(".talk-pane")).to_be_hidden()
