"""The chat for every hand, ear and eye: keyboard, screen reader, phone, day and night, languages."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from bots.widget import colour
from estafeta.kernel.model import Stage
from tests.widget.scene import BUBBLE, Scene

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def test_the_shops_own_style_cannot_break_the_bubble(scene: Scene) -> None:
    await scene.visit()
    await expect(scene.page.locator(BUBBLE)).to_be_visible()
    box = await scene.page.locator(BUBBLE).bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (60, 60)
    assert (box["x"] + box["width"], box["y"] + box["height"]) == (980, 780)
    await scene.page.locator(BUBBLE).click()
    panel = await scene.page.locator("estafeta-chat dialog").bounding_box()
    assert panel is not None
    assert panel["width"] == 400


async def test_the_keyboard_is_enough(scene: Scene) -> None:
    await scene.visit()
    await scene.page.locator("#link").focus()
    await scene.page.keyboard.press("Tab")
    bubble = scene.page.locator(BUBBLE)
    await expect(bubble).to_be_focused()
    await expect(bubble).to_have_attribute("aria-expanded", "false")
    await expect(bubble).to_have_attribute("aria-label", "Открыть чат")
    await scene.page.keyboard.press("Enter")
    await expect(scene.chat.locator("#box")).to_be_focused()
    await expect(bubble).to_have_attribute("aria-expanded", "true")
    await scene.page.keyboard.type("Первая")
    await scene.page.keyboard.press("Shift+Enter")
    await scene.page.keyboard.type("вторая")
    await scene.page.keyboard.press("Enter")
    await expect(scene.chat.locator("#entries .customer .bubble")).to_have_text("Первая\nвторая")
    scene.platform.say("Выберите", buttons=("Да", "Нет"))
    await expect(scene.chat.locator(".choice")).to_have_count(2)
    await scene.page.keyboard.press("Shift+Tab")
    await expect(scene.chat.locator(".choice").last).to_be_focused()
    await scene.page.keyboard.press("Enter")
    await expect(scene.chat.locator("#entries .customer .bubble").last).to_have_text("Нет")
    await scene.page.keyboard.press("Escape")
    await expect(bubble).to_be_focused()
    await expect(bubble).to_have_attribute("aria-expanded", "false")
    await expect(scene.page.locator("estafeta-chat dialog")).to_be_hidden()


async def test_a_screen_reader_is_told_what_is_what(scene: Scene) -> None:
    await scene.begin()
    log = scene.chat.get_by_role("log", name="Переписка")
    await expect(log).to_have_attribute("aria-live", "polite")
    await expect(scene.chat.get_by_role("textbox", name="Сообщение")).to_be_visible()
    await expect(scene.chat.get_by_role("button", name="Отправить")).to_be_visible()
    await expect(scene.chat.get_by_role("button", name="Закрыть чат")).to_be_visible()
    await expect(scene.chat.locator(".message.customer .author")).to_have_text("Вы")
    await expect(scene.page.get_by_role("dialog", name="Чат")).to_be_visible()
    await expect(scene.page.locator("estafeta-chat iframe")).to_have_attribute("title", "Чат")


async def test_who_speaks_is_always_clear(scene: Scene) -> None:
    await scene.begin()
    state = scene.chat.locator("#state")
    await expect(state).to_have_text("Отвечает бот")
    scene.platform.stage(Stage.QUEUED)
    await expect(state).to_have_text("Зовём человека…")
    scene.platform.stage(Stage.HUMAN)
    scene.platform.say("Я здесь", author="operator")
    await expect(state).to_have_text("На связи человек")
    await expect(scene.chat.locator(".message.operator .author")).to_have_text("Сотрудник")
    scene.platform.stage(Stage.BOT)
    await expect(state).to_have_text("Отвечает бот")


async def test_unread_words_are_counted_on_the_bubble_also_after_a_reload(scene: Scene) -> None:
    scene.shop.before = """<script>window.counts = []; window.estafeta = window.estafeta || [];
        estafeta.push(["on", "unread", (count) => counts.push(count)]);</script>"""
    await scene.begin()
    await scene.page.locator(BUBBLE).click()
    scene.platform.say("Раз")
    scene.platform.say("Два")
    badge = scene.page.locator("estafeta-chat b")
    await expect(badge).to_have_text("2")
    await expect(scene.page.locator(BUBBLE)).to_have_attribute("aria-label", "Открыть чат, новых сообщений: 2")
    assert await scene.page.evaluate("counts.at(-1)") == 2
    await scene.page.reload()
    await expect(badge).to_have_text("2")
    await scene.page.locator(BUBBLE).click()
    await expect(badge).to_have_text("")
    await scene.seen()
    await scene.page.locator(BUBBLE).click()
    await scene.page.reload()
    await scene.chat.locator("#entries .bubble").nth(3).wait_for(state="attached")
    scene.platform.say("Три")
    await expect(badge).to_have_text("1")


async def test_commands_work_before_and_after_the_loader_came(scene: Scene) -> None:
    scene.shop.before = """<script>window.estafeta = window.estafeta || [];
        estafeta.push(["language", "en"]); estafeta.push(["open"]); estafeta.push(["constructor", "x"]);</script>"""
    await scene.visit()
    await expect(scene.chat.locator("#title")).to_have_text("Chat with us")
    await expect(scene.chat.locator("#entries .bubble")).to_have_text("Hello! How can I help?")
    await scene.page.evaluate("estafeta.push(['language', 'ru'])")
    await expect(scene.chat.locator("#entries .bubble")).to_have_text("Здравствуйте! Чем помочь?")
    await expect(scene.page.locator(BUBBLE)).to_have_attribute("aria-label", "Закрыть чат")
    for command, visible in (("close", False), ("toggle", True), ("hide", False), ("open", True)):
        await scene.page.evaluate(f"estafeta.push(['{command}'])")
        await expect(scene.page.locator("estafeta-chat dialog")).to_be_visible(visible=visible)
    await scene.page.evaluate("estafeta.push(['hide'])")
    await expect(scene.page.locator(BUBBLE)).to_be_hidden()
    await scene.page.evaluate("estafeta.push(['show'])")
    await expect(scene.page.locator(BUBBLE)).to_be_visible()


async def test_the_browsers_language_counts_when_the_site_says_none(scene: Scene) -> None:
    scene.shop.language = ""
    await scene.open()
    await expect(scene.chat.locator("#title")).to_have_text("Чат с нами")


ARRIVED = "dialog => Promise.all(dialog.getAnimations().map((one) => one.finished)).then(() => {})"
PHONE = {"context": {"viewport": {"width": 390, "height": 780}, "is_mobile": True, "has_touch": True}}


@pytest.mark.parametrize("scene", [PHONE], indirect=True)
async def test_on_a_phone_the_chat_fills_the_screen(scene: Scene) -> None:
    await scene.open()
    await scene.page.locator("estafeta-chat dialog").evaluate(ARRIVED)
    panel = await scene.page.locator("estafeta-chat dialog").bounding_box()
    assert panel == {"x": 0, "y": 0, "width": 390, "height": 780}
    await expect(scene.page.locator(BUBBLE)).to_be_hidden()
    assert await scene.page.locator("estafeta-chat dialog").evaluate("dialog => dialog.matches(':modal')")
    overflow = await scene.chat.locator("body").evaluate("body => body.scrollWidth - innerWidth")
    assert overflow <= 0
    await scene.chat.locator("#close").click()
    await expect(scene.page.locator(BUBBLE)).to_be_visible()


SCHEMES = [
    {"context": {"color_scheme": scheme, "reduced_motion": "reduce"}, "config": {"accent": accent}}
    for scheme in ("light", "dark")
    for accent in ("#b0501c", "#ffd400", "#123456")
]
COLOURS = """element => {
    const two = (number) => Math.round(number).toString(16).padStart(2, "0");
    const hex = (text) => "#" + text.match(/[\\d.]+/g).slice(0, 3).map(two).join("");
    let ground = element;
    while (getComputedStyle(ground).backgroundColor.startsWith("rgba(")) ground = ground.parentElement;
    return [hex(getComputedStyle(element).color), hex(getComputedStyle(ground).backgroundColor)];
}"""


@pytest.mark.parametrize("scene", SCHEMES, indirect=True)
async def test_words_can_be_read_by_day_and_night_with_any_accent(scene: Scene) -> None:
    await scene.begin()
    scene.platform.say("https://polka.example", buttons=("Да",))
    scene.platform.say("Здравствуйте", author="operator")
    await expect(scene.chat.locator("#entries .operator")).to_have_count(1)
    for selector in (".bot .bubble", ".bot a", ".customer .bubble", ".choice", ".operator .author", ".bot .author",
                     ".meta time", ".day", "#state", "#title", "#box"):  # fmt: skip
        ink, ground = await scene.chat.locator(selector).last.evaluate(COLOURS)
        assert colour.contrast(ink, ground) >= 4.5, (selector, ink, ground)
    running = "document.getAnimations().filter(a => a.playState === 'running').length"
    assert await scene.chat.locator("body").evaluate(f"() => {running}") == 0
