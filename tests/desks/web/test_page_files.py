"""Sending files from the desk's page: chosen, pasted and dropped; and what is in the way."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from playwright.async_api import FilePayload, Page, Route, expect

from estafeta.kernel.model import Media, Stage
from tests.desks.web.browser import row
from tests.desks.web.office import EVERYTHING, Office
from tests.desks.web.scene import png

pytestmark = pytest.mark.browser

LAMP: FilePayload = {"name": "lamp.png", "mimeType": "image/png", "buffer": png(9, 90, 9)}
TERMS: FilePayload = {"name": "terms.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4"}

GIVE = """([selector, type, name, mime, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name, { type: mime }));
  const given = type === "paste" ? { clipboardData: data } : { dataTransfer: data };
  const event = type === "paste" ? new ClipboardEvent(type, { ...given, bubbles: true, cancelable: true })
    : new DragEvent(type, { ...given, bubbles: true, cancelable: true });
  return document.querySelector(selector).dispatchEvent(event);
}"""


async def open_conversation(page: Page, office: Office) -> None:
    await office.customer("Vera", stage=Stage.QUEUED)
    await page.click(row(page, "queued"))
    await expect(page.locator("#attach")).to_be_visible()


def sent(office: Office) -> list[Any]:
    return [part for signal in office.store.signals.values() for part in getattr(signal.event, "parts", ())]


async def test_several_files_and_words_are_one_message(page: Page, office: Office) -> None:
    await open_conversation(page, office)
    await page.set_input_files("#attach-choose", [LAMP, TERMS])
    await expect(page.locator(".tray-item.ready")).to_have_count(2)
    await expect(page.locator(".tray-item img")).to_have_count(1)
    await page.fill("#text", "both")
    await page.press("#text", "Enter")
    own = page.locator("#transcript .message.own")
    await expect(own.locator(".photo img")).to_have_js_property("naturalWidth", 120)
    await expect(own.locator(".document")).to_contain_text("terms.pdf")
    await expect(own).to_contain_text("both")
    await expect(page.locator("#tray")).to_be_hidden()
    assert [part.kind for part in sent(office)[:2]] == ["photo", "document"]
    assert len(office.store.signals) == 1


async def test_files_of_a_conversation_that_is_just_being_opened_wait_for_it(page: Page, office: Office) -> None:
    opening = asyncio.Event()

    async def slowly(route: Route) -> None:
        await opening.wait()
        await route.continue_()

    await office.customer("Vera", stage=Stage.QUEUED)
    await expect(page.locator(row(page, "queued"))).to_be_visible()  # its row is read at the same address
    await page.route("**/api/v1/conversations/*", slowly)
    await page.click(row(page, "queued"))
    for file in (LAMP, TERMS):
        await page.set_input_files("#attach-choose", file)
        await expect(page.locator("#attach-choose")).to_have_value("")
    opening.set()
    await expect(page.locator(".tray-item.ready")).to_have_count(2)


async def test_a_file_goes_without_words_and_may_be_taken_out(page: Page, office: Office) -> None:
    await open_conversation(page, office)
    await page.set_input_files("#attach-choose", [LAMP, TERMS])
    await expect(page.locator(".tray-item.ready")).to_have_count(2)
    await page.get_by_role("button", name="Remove lamp.png").click()
    await expect(page.locator(".tray-item.ready")).to_have_count(1)
    await page.click("#send")
    await expect(page.locator("#transcript .message.own .document")).to_be_visible()
    assert [part.name for part in sent(office) if isinstance(part, Media)] == ["terms.pdf"]


@pytest.mark.parametrize(("selector", "how"), [("#text", "paste"), ("#talk", "drop")])
async def test_files_are_pasted_and_dropped(page: Page, office: Office, selector: str, how: str) -> None:
    await open_conversation(page, office)
    if how == "drop":
        await page.evaluate(GIVE, [selector, "dragover", "a.txt", "text/plain", "x"])
        await expect(page.locator("#drop")).to_be_visible()
    assert await page.evaluate(GIVE, [selector, how, "a.txt", "text/plain", "x"]) is False, "it is ours"
    await expect(page.locator("#drop")).to_be_hidden()
    await expect(page.locator(".tray-item.ready")).to_contain_text("a.txt")


async def test_while_a_file_uploads_nothing_is_sent_and_a_failed_one_is_tried_again(page: Page, office: Office) -> None:
    await open_conversation(page, office)
    goes_on = asyncio.Event()

    async def slow(route: Any) -> None:
        await goes_on.wait()
        await route.abort()

    await page.route("**/api/v1/files*", slow)
    await page.set_input_files("#attach-choose", LAMP)
    await expect(page.locator(".tray-item progress")).to_be_visible()
    await page.fill("#text", "look")
    await page.press("#text", "Enter")
    await expect(page.locator("#toasts")).to_contain_text("still uploading")
    goes_on.set()
    await expect(page.locator(".tray-item.failed")).to_contain_text("not uploaded: The server does not answer")
    await page.press("#text", "Enter")
    await expect(page.locator("#toasts")).to_contain_text("was not uploaded")
    await page.unroute("**/api/v1/files*")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.locator(".tray-item.ready")).to_have_count(1)
    await page.press("#text", "Enter")
    await expect(page.locator("#transcript .message.own .photo")).to_be_visible()
    assert len(office.store.signals) == 1


async def test_what_the_channel_does_not_take_is_told_before_it_is_uploaded(page: Page, office: Office) -> None:
    office.channels["telegram"] = replace(EVERYTHING, media={"photo": 100})
    await open_conversation(page, office)
    await page.set_input_files("#attach-choose", [LAMP, TERMS])
    await expect(page.locator("#toasts")).to_contain_text("lamp.png is larger than the channel takes (100 B).")
    await expect(page.locator("#toasts")).to_contain_text("terms.pdf")
    await expect(page.locator(".tray-item")).to_have_count(0)
    assert office.cabinet.empty


async def test_files_wait_while_a_note_is_written(page: Page, office: Office) -> None:
    await open_conversation(page, office)
    await page.set_input_files("#attach-choose", LAMP)
    await expect(page.locator(".tray-item.ready")).to_have_count(1)
    await page.keyboard.press("Alt+KeyN")
    await expect(page.locator("#tray")).to_be_hidden()
    await expect(page.locator("#attach")).to_be_hidden()
    await page.fill("#text", "for colleagues")
    await page.press("#text", "Enter")
    await expect(page.locator("#transcript .message.note")).to_be_visible()
    await page.keyboard.press("Alt+KeyN")
    await expect(page.locator(".tray-item.ready")).to_have_count(1)
    assert not [part for part in sent(office) if isinstance(part, Media)]
