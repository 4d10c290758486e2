"""What an operator types, key by key, goes to whom it is meant for: a note, a reply, or nobody."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from estafeta.kernel.model import Stage
from tests.desks.web.browser import free, row
from tests.desks.web.office import Office

pytestmark = pytest.mark.browser


async def open_conversation(page: Page, office: Office) -> None:
    await office.customer("Vera", stage=Stage.QUEUED, language="en")
    await page.click(row(page, "queued"))
    await page.locator("#text").press_sequentially("/")
    await expect(page.locator(".canned-item")).to_have_count(3)
    await page.press("#text", "Backspace")
    await expect(page.locator("#canned")).to_be_hidden()


async def type_and_enter(page: Page, text: str) -> None:
    await page.locator("#text").press_sequentially(text)
    await page.keyboard.press("Enter")


async def expect_mode(page: Page, mode: str) -> None:
    await expect(page.locator("#composer")).to_have_attribute("data-mode", mode)


def events(office: Office) -> list[str]:
    return [type(signal.event).__name__ for signal in office.store.signals.values()]


async def test_two_slashes_close_the_canned_list_and_enter_saves_the_note(page: Page, office: Office) -> None:
    await open_conversation(page, office)
    await page.locator("#text").press_sequentially("//")
    await expect(page.locator("#canned")).to_be_hidden()
    await expect_mode(page, "note")
    await type_and_enter(page, " a difficult one")
    await expect(page.locator("#transcript .message.note .message-body")).to_have_text("a difficult one")
    assert events(office) == ["OperatorNoted"]


async def test_two_slashes_make_one_note_and_the_next_words_are_a_reply(page: Page, office: Office) -> None:
    await open_conversation(page, office)
    await type_and_enter(page, "// a note")
    await expect_mode(page, "reply")
    await expect(page.locator("#send")).to_have_text("Send")
    await type_and_enter(page, "a reply")
    await expect(page.locator("#transcript .message.operator.own")).to_contain_text("a reply")
    await expect(page.locator("#transcript .message.note")).to_have_count(1)
    assert events(office) == ["OperatorNoted", "OperatorSaid"]


async def test_a_chosen_notes_mode_stays_but_not_over_a_reload(page: Page, office: Office) -> None:
    await open_conversation(page, office)
    await page.click("#mode-note")
    await type_and_enter(page, "one")
    await expect(page.locator("#transcript .message.note")).to_have_count(1)
    await expect_mode(page, "note")
    await page.reload()
    await expect(page.locator("#talk-name")).to_have_text("Vera")
    await expect_mode(page, "reply")


async def test_a_half_written_note_is_a_note_after_a_reload_and_the_last(page: Page, office: Office) -> None:
    await open_conversation(page, office)
    await page.keyboard.press("Alt+KeyN")
    await page.locator("#text").press_sequentially("half a thou")
    await page.reload()
    await expect(page.locator("#talk-name")).to_have_text("Vera")  # the field has its words before it can be seen
    await expect(page.locator("#text")).to_have_value("half a thou")
    await expect_mode(page, "note")
    await page.press("#text", "End")
    await type_and_enter(page, "ght")
    await expect(page.locator("#transcript .message.note")).to_have_count(1)
    await expect_mode(page, "reply")


@pytest.mark.parametrize("half", ["", "half a note"])
async def test_a_chosen_notes_mode_ends_with_the_ticket(page: Page, office: Office, half: str) -> None:
    await open_conversation(page, office)
    await page.click("#take")
    await expect(page.locator("#talk-state")).to_contain_text("Yours")
    await page.click("#mode-note")
    await page.locator("#text").press_sequentially(half)
    await free(page)
    await page.keyboard.press("Alt+KeyR")
    await expect(page.locator(row(page, "bot"))).to_have_count(1)
    await expect_mode(page, "note" if half else "reply")
    if half:
        await page.press("#text", "Enter")
        await expect(page.locator("#transcript .message.note .message-body")).to_have_text(half)
        await expect_mode(page, "reply")


@pytest.mark.parametrize(
    ("language", "says"), [("en", "There is no such canned reply"), ("ru", "Такой заготовки нет, ничего не отправлено")]
)
async def test_a_canned_reply_that_does_not_exist_is_not_sent(
    page: Page, office: Office, language: str, says: str
) -> None:
    if language == "ru":
        await page.click("#menu-open")
        await page.click("#menu [data-language-switch]")
        await page.keyboard.press("Escape")
    await open_conversation(page, office)
    await type_and_enter(page, "/nonexistent")
    await expect(page.locator("#toasts")).to_contain_text(says)
    await expect(page.locator("#text")).to_have_value("/nonexistent")
    await page.click("#send")
    await expect(page.locator("#text")).to_be_focused()
    await expect(page.locator("#canned .canned-none")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("Enter")
    await expect(page.locator("#transcript .message.operator.own")).to_contain_text("/nonexistent")
    assert events(office) == ["OperatorSaid"]
