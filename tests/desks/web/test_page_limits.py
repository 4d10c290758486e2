"""What the page says before anybody types in vain, the way out by a template, and what did not arrive."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from estafeta.kernel.model import ConversationId, Stage, Template
from tests.desks.web.browser import row
from tests.desks.web.office import EVERYTHING, Office

pytestmark = pytest.mark.browser


async def closed(page: Page, office: Office, *, templates: bool = True) -> ConversationId:
    office.channels["telegram"] = replace(EVERYTHING, window=3600.0, templates=templates)
    who = await office.customer("Vera", stage=Stage.QUEUED)
    office.clock.move(timedelta(hours=1))
    await page.click(row(page, "queued"))
    await expect(page.locator("#closed")).to_be_visible()
    return who


async def test_a_closed_window_offers_a_template_which_is_filled_and_sent(page: Page, office: Office) -> None:
    text = "{{1}}, your order {{2}} is ready"
    office.approved = [Template(name="bye", language="en", text="Bye"), Template(name="ok", language="en", text=text)]
    await closed(page, office)
    await expect(page.locator("#closed")).to_contain_text("Only an approved template can be sent")
    await expect(page.locator("#text")).to_be_hidden()
    await page.click("#template-open")
    await expect(page.locator("#template-preview")).to_have_text("Bye")
    await page.select_option("#template-choice", label="ok (en)")
    await page.get_by_label("Value 1").fill("Vera")
    await expect(page.locator("#template-preview")).to_have_text("Vera, your order {{2}} is ready")
    await page.keyboard.press("Enter")
    await expect(page.locator("#template-says")).to_have_text("Fill in every value.")
    await expect(page.get_by_label("Value 2")).to_be_focused()
    await page.keyboard.type("48213")
    await page.keyboard.press("Enter")
    await expect(page.locator("#template")).to_be_hidden()
    await expect(page.locator("#transcript .message.own")).to_contain_text("Vera, your order 48213 is ready")
    await expect(page.locator("#pending .message")).to_have_count(0)


async def test_a_note_may_still_be_written(page: Page, office: Office) -> None:
    await closed(page, office, templates=False)
    await expect(page.locator("#closed")).to_contain_text("when the customer has written again")
    await expect(page.locator("#template-open")).to_be_hidden()
    await page.keyboard.press("Alt+KeyN")
    await page.fill("#text", "call them")
    await page.press("#text", "Enter")
    await expect(page.locator("#transcript .message.note")).to_be_visible()


async def test_the_window_closes_before_the_operators_eyes_and_keeps_the_words(page: Page, office: Office) -> None:
    office.channels["telegram"] = replace(EVERYTHING, window=3600.0)
    who = await office.customer("Vera", stage=Stage.QUEUED)
    await page.click(row(page, "queued"))
    await expect(page.locator("#window-hint")).to_contain_text("You can write freely until")
    await page.fill("#text", "half a thou")
    office.clock.move(timedelta(seconds=3599))
    await office.commit(await office.stored(who))  # the page hears that a second is left
    await expect(page.locator("#closed")).to_be_visible()
    await expect(page.locator("#text")).to_be_hidden()
    await expect(page.locator("#text")).to_have_value("half a thou")


async def test_when_the_customer_writes_again_the_field_is_back(page: Page, office: Office) -> None:
    who = await closed(page, office)
    await office.commit(replace(await office.stored(who), heard_at=office.clock.now()))
    await expect(page.locator("#closed")).to_be_hidden()
    await expect(page.locator("#text")).to_be_visible()


async def test_a_public_place_is_told_with_the_way_out(page: Page, office: Office) -> None:
    office.channels["vk_wall"] = replace(EVERYTHING, public=True, private="https://vk.example/write")
    await office.customer("Vera", stage=Stage.QUEUED, channel="vk_wall")
    await page.click(row(page, "queued"))
    await expect(page.locator("#public-hint")).to_contain_text("Strangers read along")
    await expect(page.locator("#public-hint a")).to_have_attribute("href", "https://vk.example/write")
    await page.keyboard.press("Alt+KeyN")
    await expect(page.locator("#public-hint")).to_be_hidden()


async def test_what_did_not_arrive_is_counted_listed_and_decided(page: Page, office: Office) -> None:
    await expect(page.locator("#undelivered-open")).to_be_hidden()
    who = {}
    for name in ("Vera", "Gleb"):
        who[name] = await office.customer(name)
        said = await office.say(who[name], "bot", f"Dear {name}")
        await office.became(said, "failed", "The customer has blocked the bot")
    await expect(page.locator("#undelivered-open")).to_have_text("2 undelivered")
    await expect(page.locator(row(page, "bot")).first).to_contain_text("not delivered: 1")
    await page.click("#undelivered-open")
    items = page.locator(".undelivered-item")
    await expect(items).to_have_count(2)
    await expect(items.filter(has_text="Vera")).to_contain_text("The customer has blocked the bot")
    await items.filter(has_text="Vera").get_by_role("button", name="Send again").click()
    await expect(items).to_have_count(1)
    await items.filter(has_text="Gleb").get_by_role("button", name="Do not send").click()
    await page.click("#confirm-buttons .primary")
    await expect(page.locator("#undelivered-none")).to_be_visible()
    await page.click("#undelivered-close")
    await expect(page.locator("#undelivered-open")).to_be_hidden()
    moves = [(signal.conversation, getattr(signal.event, "move", "")) for signal in office.store.signals.values()]
    assert moves == [(who["Vera"], "resend"), (who["Gleb"], "drop")]
