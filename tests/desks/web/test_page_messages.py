"""The timeline in a real browser: everything that is not text, and what becomes of messages."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Locator, Page, expect

from estafeta.explaining import Why, Word
from estafeta.kernel.model import Author, ConversationId, OperatorDeleted, OperatorEdited, OperatorSaid, Stage, Text
from tests.desks.web.browser import opened, row, stand_still
from tests.desks.web.office import Office
from tests.desks.web.scene import everything, held, png
from tests.desks.web.test_page import send

pytestmark = pytest.mark.browser


async def open_everything(page: Page, office: Office) -> ConversationId:
    who = await everything(office)
    await page.goto(f"{office.address}/desk#c={who}")
    await expect(page.locator("#transcript .message.note")).to_have_count(1)
    return who


def message(page: Page, text: str) -> Locator:
    return page.locator("#transcript .message", has_text=text).last


async def choose(page: Page, of: Locator, action: str) -> None:
    await of.hover()
    await of.locator(".message-more").click()
    await page.locator("#message-menu").get_by_role("button", name=action, exact=True).click()


async def test_everything_that_came_is_shown(page: Page, office: Office) -> None:
    await open_everything(page, office)
    shown = page.locator("#transcript")
    photo = message(page, "Look at it").locator(".photo img")
    await expect(photo).to_have_attribute("alt", "Photo: lamp.png")
    await photo.scroll_into_view_if_needed()
    await expect(photo).to_have_js_property("naturalWidth", 120)
    await expect(message(page, "And from all sides").locator(".album .photo img")).to_have_count(3)
    await expect(shown.locator(".document")).to_contain_text(re.compile("receipt.pdf.*8 B"))
    await expect(shown.locator(".document")).to_have_attribute("download", "receipt.pdf")
    await expect(shown.locator("audio")).to_have_attribute("aria-label", "Voice message")
    await expect(shown.locator(".player", has=page.locator("audio"))).to_contain_text("1:05")
    await expect(shown.locator("video")).to_have_attribute("aria-label", "Video: lamp.mp4")
    await expect(shown.locator(".sticker img")).to_have_attribute("alt", "Sticker")
    place = shown.locator(".place a")
    await expect(place).to_have_attribute("href", re.compile(r"openstreetmap\.org/\?mlat=55\.7558&mlon=37\.6173#"))
    await expect(shown.locator(".contact a")).to_have_attribute("href", "tel:+79000000000")
    await expect(shown.locator(".contact")).to_contain_text("own number")
    await expect(shown.get_by_text("unsupported: poll")).to_be_visible()
    await shown.get_by_text("unsupported: poll").scroll_into_view_if_needed()
    await expect(shown.locator(".lost")).to_have_text(
        "Photo: old.jpg cannot be shown: The messenger has deleted the file."
    )
    await expect(message(page, "a new lamp is on its way")).to_contain_text("Template · lamp_sent")


async def test_marks_are_drawn_where_they_are(page: Page, office: Office) -> None:
    await open_everything(page, office)
    words = page.locator("#transcript .message.bot p")
    await expect(words).to_have_text("🪔 The lamp came broken? Not in order 100234, see the rules")
    drawn = {"strong": "lamp came", "strong em": "came", "s": "Not", "code": "100234", "a": "the rules"}
    for tag, text in drawn.items():
        await expect(words.locator(tag)).to_have_text(text)
    await expect(words.locator("a")).to_have_attribute("href", "https://polka.example/rules")
    link = page.locator("#transcript a.said-button")
    await expect(link).to_have_attribute("href", "https://polka.example/rules")


async def test_what_is_answered_is_quoted_and_found(page: Page, office: Office) -> None:
    await open_everything(page, office)
    quote = message(page, "Look at it").locator("button.quote")
    await expect(quote).to_contain_text("The lamp came broken?")
    await quote.click()
    await expect(page.locator("#transcript .message.bot")).to_be_in_viewport()
    await expect(message(page, "send another one").locator(".quote")).to_have_text("Return it")


async def test_a_picture_that_comes_late_does_not_pull_away_from_a_quoted_line(page: Page, office: Office) -> None:
    await open_everything(page, office)
    await expect(message(page, "a new lamp is on its way")).to_be_in_viewport()
    await page.evaluate("""async () => {
      document.querySelector("#transcript button.quote").click();
      const picture = document.createElement("div");
      picture.style.height = "400px";
      document.getElementById("transcript").append(picture);
      for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
    }""")
    await expect(page.locator("#transcript .message.bot")).to_be_in_viewport()


async def test_edits_deletions_and_reactions_change_the_message_in_its_place(page: Page, office: Office) -> None:
    await open_everything(page, office)
    edited = message(page, "Can you send another one?")
    await expect(edited.locator(".message-body")).not_to_contain_text("sned")
    await edited.locator(".message-edited button").click()
    await expect(edited.locator(".message-old")).to_contain_text("Can you sned another one?")
    gone = message(page, "Message deleted")
    await expect(gone.get_by_text("My card is 4276")).to_be_hidden()
    await gone.locator("summary").click()
    await expect(gone.get_by_text("My card is 4276")).to_be_visible()
    await expect(message(page, "Look at it").locator(".reaction")).to_have_attribute("aria-label", "Our reaction: 😢")
    await expect(message(page, "It was read").locator(".reaction")).to_have_text("❤")


async def test_a_reaction_taken_back_is_gone_and_one_to_the_unknown_is_an_event(page: Page, office: Office) -> None:
    who = await open_everything(page, office)
    read, author = message(page, "It was read"), Author(kind="customer")
    (of,) = [entry.id for entry in await office.store.entries(who) if entry.text == "It was read"]
    await office.add(who, kind="reaction", author=author, data={"of": of, "emoji": ""})
    await expect(read.locator(".reaction")).to_have_count(0)
    await office.add(who, kind="reaction", author=author, data={"message": "m0", "emoji": "🎉"})
    await expect(page.locator("#transcript .event").last).to_contain_text("reaction 🎉 to an earlier message")
    await office.add(who, kind="deletion", author=author, data={"message": "m0"})
    await expect(page.locator("#transcript .event").last).to_contain_text("an earlier message was deleted")


@pytest.mark.parametrize("status", ["sent", "delivered", "read"])
async def test_every_state_of_delivery_is_told(page: Page, office: Office, status: str) -> None:
    await open_everything(page, office)
    await expect(message(page, f"It was {status}").locator(".message-state")).to_have_text(status)


async def test_a_failed_message_is_sent_again_from_where_it_stands(page: Page, office: Office) -> None:
    await open_everything(page, office)
    failed = message(page, "a new lamp is on its way")
    await expect(failed.locator(".failed")).to_have_text("not delivered: The customer has blocked the bot")
    await failed.get_by_role("button", name="Send again").click()
    await expect(failed.locator(".message-state")).to_have_text("sent")
    await expect(failed.get_by_role("button", name="Send again")).to_have_count(0)
    await expect(page.locator("#transcript .event").last).to_contain_text("was sent again (Anna)")


async def test_an_operator_answers_one_message(page: Page, office: Office) -> None:
    who = await office.customer("Vera", stage=Stage.QUEUED)
    asked = await office.say(who, "customer", "Which lamp?")
    await office.say(who, "customer", "And when?")
    await page.click(row(page, "queued"))
    await choose(page, message(page, "Which lamp?"), "Reply")
    await expect(page.locator("#context")).to_contain_text("Reply to: Which lamp?")
    await expect(page.locator("#text")).to_be_focused()
    await send(page, "The green one")
    await expect(message(page, "The green one").locator("button.quote")).to_contain_text("Which lamp?")
    await expect(page.locator("#context")).to_be_hidden()
    (said,) = [signal.event for signal in office.store.signals.values()]
    assert isinstance(said, OperatorSaid)
    assert said.reply_to == asked.id


async def test_an_operator_edits_and_the_draft_comes_back(page: Page, office: Office) -> None:
    await office.customer("Vera", stage=Stage.QUEUED)
    await page.click(row(page, "queued"))
    await send(page, "tommorow")
    own = page.locator("#transcript .message.own")
    await expect(own.locator(".message-state")).to_have_text("sent")
    await opened(page)
    await page.press("#text", "ArrowUp")
    await expect(page.locator("#context")).to_contain_text("Editing your message")
    await expect(page.locator("#text")).to_have_value("tommorow")
    await page.keyboard.press("Escape")
    await expect(page.locator("#text")).to_have_value("")
    await page.fill("#text", "a draft")
    await choose(page, own, "Edit")
    await expect(page.locator("#text")).to_have_value("tommorow")
    await expect(page.locator("#send")).to_have_text("Save the edit")
    await send(page, "tomorrow")
    await expect(own.locator(".message-body")).to_have_text("tomorrow")
    await expect(own.locator(".message-edited")).to_have_text("edited")
    await expect(page.locator("#text")).to_have_value("a draft")
    edited = list(office.store.signals.values())[-1].event
    assert isinstance(edited, OperatorEdited)
    assert edited.parts == (Text(text="tomorrow"),)


async def test_a_half_written_note_never_becomes_words_for_the_customer(page: Page, office: Office) -> None:
    who = await office.customer("Vera", stage=Stage.QUEUED)
    await office.say(who, "customer", "Which lamp?")
    await page.click(row(page, "queued"))
    await expect(page.locator("#talk")).to_be_visible()
    await page.keyboard.press("Alt+KeyN")
    await page.fill("#text", "a difficult one")
    await choose(page, message(page, "Which lamp?"), "Reply")
    await expect(page.locator("#toasts")).to_contain_text("Save or clear the note first")
    await expect(page.locator("#composer")).to_have_attribute("data-mode", "note")
    await expect(page.locator("#context")).to_be_hidden()


async def test_an_operator_deletes_after_a_question(page: Page, office: Office) -> None:
    await office.customer("Vera", stage=Stage.QUEUED)
    await page.click(row(page, "queued"))
    await send(page, "wrong chat")
    own = page.locator("#transcript .message.own")
    await expect(own.locator(".message-state")).to_have_text("sent")
    await choose(page, own, "Delete for the customer")
    await page.keyboard.press("Enter")  # one too many deletes nothing
    await choose(page, own, "Delete for the customer")
    await page.click("#confirm-buttons .primary")
    await expect(own).to_contain_text("Message deleted")
    await expect(own.locator(".message-more")).to_be_hidden()
    assert [type(signal.event) for signal in office.store.signals.values()] == [OperatorSaid, OperatorDeleted]


async def test_an_operator_reacts_by_keys_and_takes_it_back(page: Page, office: Office) -> None:
    who = await office.customer("Vera", stage=Stage.QUEUED)
    await office.say(who, "customer", "Thank you!")
    await page.click(row(page, "queued"))
    thanks = message(page, "Thank you!")
    await expect(thanks.locator(".message-more")).to_be_visible()
    await thanks.locator(".message-more").focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Enter")
    await expect(thanks.locator(".reaction")).to_have_text("❤")
    await expect(thanks.locator(".message-more")).to_be_focused()
    await choose(page, thanks, "Take back ❤")
    await expect(thanks.locator(".reaction")).to_have_count(0)
    await thanks.locator(".message-more").focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Escape")
    await expect(page.locator("#message-menu")).to_be_hidden()
    await expect(thanks.locator(".message-more")).to_be_focused()


async def test_only_what_the_channel_can_is_offered(page: Page, office: Office) -> None:
    office.channels["telegram"] = None
    who = await office.customer("Vera", stage=Stage.QUEUED)
    await office.say(who, "customer", "Thank you!")
    await page.click(row(page, "queued"))
    await expect(message(page, "Thank you!")).to_be_visible()
    await expect(page.locator("#card")).to_contain_text("Vera")  # it comes with what the channel can
    await expect(page.locator("#attach")).to_be_hidden()
    await expect(message(page, "Thank you!").locator(".message-more")).to_be_hidden()


async def test_why_an_edit_did_not_arrive_is_told_once(page: Page, office: Office) -> None:
    who = await office.customer("Vera", stage=Stage.QUEUED)
    await page.click(row(page, "queued"))
    await expect(page.locator("#talk-name")).to_have_text("Vera")
    await stand_still(page)
    await office.inform(who, "no_edits")
    await expect(page.locator("#toasts")).to_contain_text("This message cannot be edited")
    await page.get_by_role("button", name="×").click()
    await office.say(who, "customer", "hello?")
    await expect(message(page, "hello?")).to_be_visible()
    await expect(page.locator(".row-preview")).to_have_text("hello?")
    await expect(page.locator(".toast")).to_have_count(0)


async def test_words_refused_after_they_were_accepted_are_not_lost(page: Page, office: Office) -> None:
    office.refuses = "window_closed"
    await office.customer("Vera", stage=Stage.QUEUED)
    await page.click(row(page, "queued"))
    await send(page, "too late")
    await expect(page.locator("#pending .failed")).to_have_text("not accepted: the time to answer freely is over")
    await expect(page.locator("#transcript .event").last).to_contain_text("the time to answer freely is over")


async def test_a_picture_that_comes_late_does_not_push_the_last_words_away(page: Page, office: Office) -> None:
    who = await office.customer("Vera", stage=Stage.QUEUED)
    for number in range(20):
        await office.say(who, "customer", f"line {number}")
    await office.say(who, "customer", await held(office, "photo", png(9, 9, 9, width=300, height=300)))
    await office.say(who, "customer", "the last")
    await page.click(row(page, "queued"))
    await expect(page.locator(".photo img")).to_have_js_property("naturalHeight", 300)
    await expect(message(page, "the last")).to_be_in_viewport(ratio=0.9)


async def test_why_the_bot_answered_so_is_shown_and_taken_away_again(page: Page, office: Office) -> None:
    await open_everything(page, office)
    bot = page.locator("#transcript .message.bot")
    seq = int(await bot.get_attribute("data-seq") or "0")
    office.reasons[seq] = Why(
        seq=seq, at="2026-11-20T12:00:00+00:00", text="", intents=[("order_status", 0.9)], model="m-7", waited_at="",
        said=[Word("<b>The lamp</b>", "order", "flows/order.yml:5")], flows=["order"], called=[],
        people=["flow_rule → general"], release="0a1b2c3d4e5f",
    )  # fmt: skip
    await choose(page, bot, "Why this answer?")
    lines = bot.locator(".message-why li")
    await expect(lines).to_have_text(
        [
            "Understood (model m-7): order status 90 %",
            "Flow begun: order",
            "Said: <b>The lamp</b> [order flows/order.yml:5]",
            re.compile("^People were called: .* → "),
            "Version of the flows: 0a1b2c3d4e5f",
        ]
    )
    await choose(page, bot, "Why this answer?")
    await expect(lines).to_have_count(0)
    office.reasons.clear()
    await choose(page, bot, "Why this answer?")
    await expect(page.locator("#toasts")).to_contain_text("cannot be told here")


async def test_no_message_makes_the_transcript_wider_than_it_is(page: Page, office: Office) -> None:
    who = await office.customer("Vera", stage=Stage.QUEUED)
    for author in ("customer", "bot"):
        await office.say(who, author, "a long message " * 20)
    await page.click(row(page, "queued"))
    await expect(page.locator("#transcript .message")).to_have_count(2)
    for number in range(2):
        await page.locator("#transcript .message").nth(number).hover()
        await expect(page.locator("#transcript .message-more").nth(number)).to_be_visible()
    wide = "[...document.querySelectorAll('.scroller')].filter((one) => one.scrollWidth > one.clientWidth).length"
    assert await page.evaluate(wide) == 0
