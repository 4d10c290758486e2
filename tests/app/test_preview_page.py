"""The page of `estafeta flows preview`, in Chromium: pictures, messages, what changes under it, and who can use it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright, expect

from estafeta.app.preview.serving import make_app
from estafeta.app.preview.serving import write as written
from tests.chromium import FLAGS
from tests.conftest import DEMO
from tests.flows.world import BOT, PAYMENT, write

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

WITHIN = 15_000
expect.set_options(timeout=WITHIN)
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
FLOW = """\
flow: talk
title: {ru: Разговор, en: A talk}
start: {intent: order_status, command: talk}
steps:
  - ask: size
    say: {ru: "**Какой** размер?", en: "**Which** size?"}
    expect: choice
    buttons: [{ru: "Сорок два", en: Forty two}, "43", "44", "45"]
    otherwise: [{say: {ru: Ничего, en: Never mind}}]
  - say: {ru: Спасибо, en: Thank you}
    buttons: [{text: {ru: Оплата, en: Pay}, flow: payment}]
  - say: {ru: Только по-русски}
"""
HOSTILE = "<img src=x onerror=window.hurt=1>\"'><script>window.hurt=1</script> javascript:window.hurt=1 \u202etxt"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield launched
        await launched.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser) -> AsyncIterator[Page]:
    """Nothing may go wrong unseen in it."""
    troubles: list[str] = []
    context = await browser.new_context(locale="en-GB", viewport={"width": 1300, "height": 800})
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    made = await context.new_page()
    made.set_default_timeout(WITHIN)
    made.on("pageerror", lambda error: troubles.append(str(error)))
    made.on("console", lambda line: troubles.append(line.text) if "Content Security" in line.text else None)
    made.on("dialog", lambda dialog: troubles.append(f"a dialog: {dialog.message}"))
    yield made
    await context.close()
    assert troubles == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "shop", {"talk": FLOW, "payment": PAYMENT})


@pytest_asyncio.fixture(loop_scope="module")
async def address(folder: Path) -> AsyncIterator[str]:
    async with TestServer(make_app(folder)) as server:
        yield str(server.make_url("/"))


def node(page: Page, words: str) -> Any:
    return page.locator(".node-main", has_text=words)


async def violations(page: Page) -> list[str]:
    found: Any = (await Axe().run(page, options=WCAG)).response["violations"]
    return [f"{item['id']}: {one['html'][:200]} {one['failureSummary']}" for item in found for one in item["nodes"]]


async def test_a_flow_is_found_and_drawn(page: Page, address: str) -> None:
    await page.goto(address)
    await expect(page.locator("#flows a")).to_have_count(2)
    await page.keyboard.press("/")
    await page.keyboard.type("ORDER_status")
    await expect(page.locator("#flows a")).to_have_text(["talkA talk⚠ 1"])
    await page.keyboard.press("Enter")
    await expect(page.locator("#flow-title")).to_have_text("talk")
    kinds = page.locator(".node-kind")
    await expect(kinds).to_have_text(["Start", "Asks", "Says", "Says", "Flow", "Says"])
    await expect(page.locator("path.way")).to_have_count(7)
    await expect(page.locator(".edge-word")).to_have_text(["answered", "no answer", "Pay"])
    await expect(page.locator(".node.warning .node-found")).to_have_text("⚠ 1")
    await page.fill("#search", "nothing of the kind")
    await expect(page.locator("#flows-none")).to_be_visible()


async def test_a_step_shows_its_place_and_its_messages_by_channel(page: Page, address: str, folder: Path) -> None:
    await page.goto(f"{address}#flow=talk")
    await node(page, "Asks").click()
    await expect(page.locator("#step-title")).to_have_text("Asks size")
    link = page.locator("#step-place a")
    await expect(link).to_have_text("flows/talk.yml:5")
    assert await link.get_attribute("href") == f"vscode://file{folder}/flows/talk.yml:5:5"
    await page.locator("#step-place button").click()
    await expect(page.locator("#said")).to_have_text("Copied: flows/talk.yml:5:5")
    assert await page.evaluate("navigator.clipboard.readText()") == "flows/talk.yml:5:5"
    await expect(page.locator(".channel h4")).to_have_text(["Telegram", "VK", "VK wall", "WhatsApp", "Site chat"])
    telegram, wall, whatsapp = (page.locator(".channel").nth(number) for number in (0, 2, 3))
    await expect(telegram.locator(".words b")).to_have_text("Which")
    await expect(telegram.locator(".choices li")).to_have_text(["Forty two", "43", "44", "45"])
    await expect(whatsapp.locator(".words b")).to_have_text("Which")
    await expect(whatsapp.locator(".choices.list li")).to_have_count(4)
    await expect(whatsapp.locator(".remark")).to_have_text(["4 choices: shown as a list"])
    await expect(wall.locator(".words")).to_contain_text("2. 43")
    await expect(wall.locator(".length")).to_contain_text("of 280")
    await page.select_option("#language", "ru")
    await expect(telegram.locator(".words b")).to_have_text("Какой")
    await page.click("#tongue")
    await expect(page.locator("#step-title")).to_have_text("Спрашивает size")
    await page.keyboard.press("Escape")
    await expect(page.locator("#step")).to_be_hidden()


async def test_arrows_lead_from_step_to_step_and_enter_opens(page: Page, address: str) -> None:
    await page.goto(f"{address}#flow=talk")
    await node(page, "Start").focus()
    await page.keyboard.press("ArrowDown")
    await expect(node(page, "Asks")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#step")).to_be_visible()
    await expect(node(page, "Asks")).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await expect(node(page, "Start")).to_be_focused()


async def test_another_flow_is_a_link(page: Page, address: str) -> None:
    await page.goto(f"{address}#flow=talk")
    await page.get_by_role("link", name="Open the flow payment").click()
    await expect(page.locator("#flow-title")).to_have_text("payment")
    await node(page, "Start").click()
    await page.locator(".facts a", has_text="talk").click()
    await expect(page.locator("#flow-title")).to_have_text("talk")
    await page.goto(f"{address}#flow=none")
    await expect(page.locator("#empty-title")).to_have_text("There is no flow “none”.")


async def test_the_page_follows_the_files(page: Page, address: str, folder: Path) -> None:
    await page.goto(f"{address}#flow=talk")
    await node(page, "Thank you").click()
    file = folder / "flows" / "talk.yml"
    file.write_text(FLOW.replace("Thank you", "Thanks a lot"))
    await expect(page.locator(".channel .words").first).to_have_text("Thanks a lot", timeout=WITHIN)
    file.write_text(FLOW.replace("expect", "expct"))
    await expect(page.locator("#findings-title")).to_have_text("This workspace has mistakes", timeout=WITHIN)
    await expect(page.locator(".found.error")).to_contain_text('Unknown key "expct"', ignore_case=True)
    assert await violations(page) == []
    file.write_text(FLOW)
    await expect(node(page, "Thank you")).to_be_visible(timeout=WITHIN)
    file.unlink()
    await expect(page.locator("#empty-title")).to_have_text("There is no flow “talk”.", timeout=WITHIN)


async def test_it_says_when_nobody_answers_any_more(page: Page, folder: Path) -> None:
    server = TestServer(make_app(folder))
    await server.start_server()
    port = server.port
    await page.goto(f"{server.make_url('/')}#flow=talk")
    await expect(node(page, "Thank you")).to_be_visible()
    await server.close()
    await expect(page.locator("#line")).to_contain_text("does not answer", timeout=WITHIN)
    await expect(node(page, "Thank you")).to_be_visible()
    async with TestServer(make_app(folder), port=port):
        await expect(page.locator("#line")).to_be_hidden(timeout=WITHIN)


async def test_the_page_in_a_folder_shows_the_same(page: Page, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    written(folder, out)
    app = web.Application()
    app.router.add_static("/some/where", out)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    async with TestServer(app) as server:
        await page.goto(f"{server.make_url('/some/where/index.html')}#flow=talk")
        await node(page, "Thank you").click()
        await expect(page.locator("#step-place")).to_contain_text("flows/talk.yml:10")
        await expect(page.locator("#step-place a")).to_have_count(0)
        await expect(page.locator(".channel")).to_have_count(5)
    assert all("/some/where/" in address for address in asked)


async def test_without_flows_it_says_where_to_write_one(page: Page, address: str, folder: Path) -> None:
    for file in (folder / "flows").iterdir():
        file.unlink()
    await page.goto(address)
    await expect(page.locator("#empty-text")).to_contain_text("flows/NAME.yml")
    assert await violations(page) == []


async def test_hostile_words_are_only_words(page: Page, address: str, folder: Path) -> None:
    words = "'" + HOSTILE.replace("'", "''") + "'"
    flow = (
        f"flow: talk\ntitle: {words}\nstart: {{command: talk, link: {words}, button: {words}}}\nsteps:\n"
        f"  - say: {words}\n    buttons: [{words}, {{text: {words}, flow: payment}}]\n"
        f"  - set: {{a: {words}}}\n  - tag: {words}\n  - handoff: {{summary: {words}}}\n"
    )
    bot = BOT.replace("{ru: Доставка, en: Delivery}", words).replace(
        "general: {ru: Общие, en: General}", f"general: {words}"
    )
    write(folder, {"talk": flow}, bot=bot)
    await page.goto(f"{address}#flow=talk")
    for kind in ("Start", "Says", "Sets", "Tags", "Calls people"):
        await page.locator(".node-main", has=page.get_by_text(kind, exact=True)).click()
        await expect(page.locator("#step-title")).to_contain_text(kind)
        await expect(page.locator("#step-body")).to_contain_text("<script>")
    assert await page.evaluate("window.hurt") is None
    hrefs = await page.evaluate("[...document.querySelectorAll('a[href]')].map((link) => link.protocol)")
    assert set(hrefs) == {"http:", "vscode:"}
    assert await page.locator("body img, body iframe, body script").count() == 0


async def test_too_many_steps_are_listed(page: Page, address: str, folder: Path) -> None:
    steps = "".join(f"  - say: {{ru: Слово {number}, en: Word {number}}}\n" for number in range(700))
    write(folder, {"talk": f"flow: talk\nstart: {{command: talk}}\nsteps:\n{steps}"})
    await page.goto(f"{address}#flow=talk")
    await expect(page.locator(".large")).to_be_visible()
    await node(page, "Word 699").click()
    await expect(page.locator("#step-place a")).to_have_text("flows/talk.yml:703")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everybody_can_use_it(page: Page, address: str, scheme: str) -> None:
    await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    await page.goto(f"{address}#flow=talk")
    await node(page, "Asks").click()
    await expect(page.locator(".channel")).to_have_count(5)
    assert await violations(page) == []
    await page.click("#findings-open")
    await expect(page.locator("#findings-list li")).not_to_have_count(0)
    assert await violations(page) == []
    await page.goto(address)
    await expect(page.locator("#empty-title")).to_be_visible()
    assert await violations(page) == []


@pytest.mark.parametrize("flow", ["order-status", "returns", "order-cancel", "start-over"])
async def test_the_demos_flows_fit_a_phone_and_a_desk(page: Page, flow: str) -> None:
    async with TestServer(make_app(DEMO)) as server:
        for width in (390, 1300):
            await page.set_viewport_size({"width": width, "height": 800})
            await page.goto(f"{server.make_url('/')}#flow={flow}")
            await expect(page.locator("#flow-title")).to_have_text(flow)
            await page.locator(".node-main").nth(1).click()
            await expect(page.locator("#step")).to_be_visible()
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            shown = ".node-main, .edge-word"
            above = (
                f"[...document.querySelectorAll('{shown}')].filter((one) => one.scrollHeight > one.clientHeight + 1)"
            )
            assert await page.evaluate(f"{above}.map((one) => one.textContent)") == []
        assert await violations(page) == []
