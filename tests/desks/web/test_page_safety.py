"""Whatever customers and colleagues write, the page shows it as words; and everybody can use it."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import (
    Author,
    Button,
    Contact,
    ConversationId,
    Location,
    Mark,
    Media,
    MediaKind,
    Stage,
    Template,
    Text,
    Unsupported,
)
from tests.desks.web.browser import log_in, opened, row
from tests.desks.web.office import Office

pytestmark = pytest.mark.browser

HOSTILE = (
    "<script>window.hurt=1</script>",
    "<img src=x onerror=window.hurt=1>",
    '"><svg onload=window.hurt=1>',
    "<iframe srcdoc='<script>parent.hurt=1</script>'></iframe>",
    "javascript:window.hurt=1",
    "<a href=javascript:window.hurt=1>click</a>",
    'http://x" onmouseover=window.hurt=1 y',
    "{{constructor.constructor('window.hurt=1')()}}",
    "${window.hurt=1}",
    "</title><script>window.hurt=1</script>",
    "\u202egnp.exe",
    "&lt;b&gt;",
    "<style>*{display:none}</style>",
    "__proto__",
)


async def test_hostile_words_are_only_words(page: Page, office: Office) -> None:
    for text in HOSTILE:
        who = await office.customer(
            text,
            stage=Stage.QUEUED,
            channel="widget",
            request=text,
            slots={text: text, "nested": {"a": [text]}},
            intents=[(text, 0.9)],
            language=text,
        )
        await office.say(who, "customer", text, name=text)
        await office.say(who, "bot", text, buttons=(Button(id="b", text=text),))
        await say_parts(office, who, text)
        await office.event(who, event=text, name=text)
        await office.event(who, event="opened", reason=text)
        await office.event(who, event="flow", flow=text)
        await office.add(who, kind="note", author=(await office.say(who, "operator", text, name=text)).author)
        data = {"of": f"e.{who}.1", "status": "failed", "sentence": text}
        await office.event(who, **data)
        await page.goto(f"{office.address}/desk#c={who}")
        await expect(page.locator("#transcript .message.note")).to_have_count(1)
        await expect(page.locator("#talk-name")).to_have_text(" ".join(text.split()))
        await expect(page.locator("#transcript .message.bot p").first).to_have_text(text)
        await expect(page.locator("#card .request")).to_have_text(text)
        hrefs = await page.evaluate("[...document.querySelectorAll('a[href]')].map((link) => link.protocol)")
        assert set(hrefs) <= {"http:", "https:", "tel:"}
        await page.click("#undelivered-open")
        await expect(page.locator(".undelivered-item").first).to_be_visible()
        await page.click("#undelivered-close")
    assert await page.evaluate("window.hurt") is None
    assert (
        await page.locator("#desk iframe, #desk script, #desk style, #desk img[src=x], #desk svg:not(.icon)").count()
        == 0
    )


KINDS: tuple[MediaKind, ...] = ("photo", "document", "voice", "video", "sticker")


async def say_parts(office: Office, who: ConversationId, text: str) -> None:
    """The text in every place where somebody outside may have put it."""
    office.cabinet.elsewhere["gone"] = SendFailed("file_gone", text, fault="content")
    for kind in KINDS:
        gone = Media(kind=kind, ref="gone", origin=office.cabinet.origin, name=text, mime=text, size=-1, duration=1e9)
        await office.say(who, "customer", (gone, Text(text=text)), data={"quote": text, "reply_to": text})
    mark = Mark(kind="link", start=0, end=len(text), url=text)
    await office.say(who, "customer", Text(text=text, marks=(mark, Mark(kind="bold", start=-5, end=10**9))))
    await office.say(who, "customer", Location(latitude=-1e308, longitude=1e308, title=text))
    await office.say(who, "customer", Contact(phone=text, name=text))
    await office.say(who, "customer", Unsupported(kind=text))
    await office.say(who, "operator", Template(name=text, language=text, values=(text,), text=text), name=text)
    said = await office.say(who, "bot", "ok", buttons=(Button(id="u", text=text, url=text),), data={"where": text})
    for of in (said.id, text):
        await office.add(who, kind="reaction", author=Author(kind="customer"), data={"of": of, "emoji": text})
    await office.became(said, "failed", text)
    new = (Text(text=text), Unsupported(kind=text))
    await office.add(who, kind="edit", author=Author(kind="bot", name=text), parts=new, data={"of": said.id})


async def test_only_web_addresses_become_links(page: Page, office: Office) -> None:
    who = await office.customer("Vera", stage=Stage.QUEUED)
    await office.say(who, "customer", "see https://polka.example/a?b=1, (http://x.example) javascript:alert(1) ftp://y")
    await page.click(row(page, "queued"))
    links = page.locator("#transcript a")
    await expect(links).to_have_count(2)
    hrefs = [await links.nth(index).get_attribute("href") for index in range(2)]
    assert hrefs == ["https://polka.example/a?b=1", "http://x.example/"]
    assert await links.first.get_attribute("rel") == "noopener noreferrer nofollow"


CONTRAST = """() => {
  const channel = (value) => value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (css) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = css; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => 0.2126 * channel(r / 255) + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255);
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const poor = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    if (!walk.currentNode.textContent.trim() || !node.checkVisibility()) continue;
    if (node.closest("noscript, :disabled")) continue;
    const one = light(rgba(getComputedStyle(node).color)), other = light(behind(node));
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) poor.push(`${walk.currentNode.textContent.trim().slice(0, 30)} ${ratio.toFixed(2)}`);
  }
  return poor;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_text_can_be_read(page: Page, office: Office, scheme: str) -> None:
    who = await office.customer("Vera", stage=Stage.QUEUED, slots={"order": "1"}, intents=[("order_status", 0.7)])
    office.deliver = "failed"
    await office.say(who, "customer", "see https://polka.example")
    await office.say(who, "bot", "fine", buttons=(Button(id="b", text="My order"),))
    await office.event(who, event="opened", reason="user_request")
    await office.customer("Gleb", stage=Stage.HUMAN, assignee="Boris")
    await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    await page.click(row(page, "queued"))
    await page.fill("#text", "hello")
    await page.press("#text", "Enter")
    await expect(page.locator("#transcript .message.own .failed")).to_be_visible()
    assert await page.evaluate(CONTRAST) == []
    await page.keyboard.press("Alt+KeyN")
    await page.fill("#text", "a note")
    await page.press("#text", "Enter")
    await expect(page.locator("#transcript .message.note")).to_be_visible()
    assert await page.evaluate(CONTRAST) == []


async def test_everything_has_a_name_for_those_who_do_not_see_it(page: Page, office: Office) -> None:
    await office.customer("Vera", stage=Stage.QUEUED)
    await page.click(row(page, "queued"))
    await opened(page)
    nameless = """() => [...document.querySelectorAll("button, input, textarea, [role]")]
      .filter((node) => node.checkVisibility() && !["status", "alert", "list"].includes(node.getAttribute("role")))
      .filter((node) => !(node.getAttribute("aria-label") || node.textContent.trim() || node.labels?.length))
      .map((node) => node.outerHTML.slice(0, 80))"""
    assert await page.evaluate(nameless) == []
    assert await page.locator("#transcript[role=log][aria-live=polite]").count() == 1


async def test_the_desk_works_by_keys_alone(page: Page, office: Office) -> None:
    await office.customer("Vera", stage=Stage.QUEUED)
    await expect(page.locator(row(page, "queued"))).to_have_count(1)
    await page.keyboard.press("?")
    await expect(page.locator("#help")).to_contain_text("Alt+T")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Alt+ArrowDown")
    await expect(page.locator("#text")).to_be_focused()
    await page.keyboard.type("hello")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("there")
    await page.keyboard.press("Enter")
    await expect(page.locator("#transcript .message.own .message-body")).to_have_text("hello\nthere")
    await page.keyboard.press("Alt+KeyR")
    await expect(page.locator("#transcript .event").last).to_contain_text("Returned to the bot")


async def test_a_lost_connection_is_told_and_what_was_missed_is_fetched(page: Page, office: Office) -> None:
    who = await office.customer("Vera", stage=Stage.QUEUED)
    await page.click(row(page, "queued"))
    await page.context.set_offline(True)
    for listener in list(office.desk._sockets._listeners):
        await listener.socket.close()
    await expect(page.locator("#line")).to_contain_text("No connection to the server")
    await office.say(who, "customer", "are you there?")
    await page.context.set_offline(False)
    await expect(page.locator("#line")).to_be_hidden()
    await expect(page.locator("#transcript .message.customer")).to_contain_text("are you there?")


async def test_a_session_that_ends_asks_for_a_new_link_and_returns_to_the_place(page: Page, office: Office) -> None:
    who = await office.customer("Vera", stage=Stage.QUEUED)
    await page.click(row(page, "queued"))
    await office.store.forget_values()
    await office.say(who, "customer", "hello?")
    await expect(page.locator("#login-says")).to_contain_text("open a new link")
    await log_in(page, office, "Anna")
    await expect(page.locator("#desk")).to_be_visible()
