"""The chat as people meet it: Chromium, a shop's page on another site, the real server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, FrameLocator, Page, async_playwright, expect

from bots.widget import colour
from estafeta.kernel.model import Author, Button, EntryId, Stage, Text
from tests.widget.platform import Platform
from tests.widget.shop import Shop

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
BUBBLE = "estafeta-chat button"


@dataclass
class Scene:
    """One customer's browser at one shop."""

    browser: Browser
    platform: Platform
    shop: Shop
    context: BrowserContext
    page: Page
    errors: list[str] = field(default_factory=list)

    @property
    def chat(self) -> FrameLocator:
        return self.page.frame_locator("estafeta-chat iframe")

    async def visit(self) -> None:
        await self.page.goto(self.shop.origin)
        await self.page.locator("estafeta-chat").wait_for(state="attached")

    async def open(self) -> None:
        await self.visit()
        await self.page.locator(BUBBLE).click()
        await self.chat.locator("#entries .message").first.wait_for()

    async def say(self, text: str) -> None:
        await self.chat.locator("#box").fill(text)
        await self.chat.locator("#box").press("Enter")

    async def begin(self) -> None:
        """Opens the chat and says a first word, so that there is a conversation."""
        await self.open()
        await self.say("Здравствуйте")
        await self.shows("Здравствуйте! Чем помочь?", "Здравствуйте")

    async def shows(self, *texts: str) -> None:
        await expect(self.chat.locator("#entries .bubble")).to_have_text(list(texts))

    def watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", lambda dialog: self.errors.append(f"dialog: {dialog.message}"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def scene(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    options = getattr(request, "param", {})
    shop = Shop()
    await shop.start()
    platform = Platform(sites=(shop.origin,), **options.get("config", {}))
    await platform.start()
    shop.platform = platform.origin
    context = await browser.new_context(
        locale="ru-RU", **{"viewport": {"width": 1000, "height": 800}, **options.get("context", {})}
    )
    page = await context.new_page()
    scene = Scene(browser, platform, shop, context, page)
    scene.watch(page)
    yield scene
    await context.close()
    await platform.stop()
    await shop.stop()
    assert scene.errors == []


async def test_a_customer_writes_and_is_answered(scene: Scene) -> None:
    await scene.begin()
    scene.platform.say("Заказ в пути.")
    await scene.shows("Здравствуйте! Чем помочь?", "Здравствуйте", "Заказ в пути.")
    await expect(scene.chat.locator("#pending .message")).to_have_count(0)
    await expect(scene.chat.locator(".message.bot .author").last).to_have_text("Бот")
    assert scene.platform.texts() == ["Здравствуйте", "Заказ в пути."]


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


async def test_nothing_of_the_frame_is_fetched_before_the_first_opening(scene: Scene) -> None:
    asked: list[str] = []
    scene.page.on("request", lambda request: asked.append(request.url))
    await scene.visit()
    await scene.page.wait_for_load_state("networkidle")
    assert [url for url in asked if url.startswith(scene.platform.origin)] == [f"{scene.platform.origin}/widget.js"]


async def test_a_broken_connection_loses_and_doubles_nothing(scene: Scene) -> None:
    await scene.begin()
    await scene.platform.stop()
    await scene.say("Раз")
    await scene.say("Два")
    await expect(scene.chat.locator("#pending .status")).to_have_text(["Отправляется…"] * 2)
    await expect(scene.chat.locator("#line")).to_have_text("Соединяем…")
    scene.platform.say("Пока вас не было")
    await scene.platform.start()
    await scene.shows("Здравствуйте! Чем помочь?", "Здравствуйте", "Пока вас не было", "Раз", "Два")
    await expect(scene.chat.locator("#line")).to_be_hidden()
    await expect(scene.chat.locator("#pending .message")).to_have_count(0)
    assert scene.platform.texts() == ["Здравствуйте", "Пока вас не было", "Раз", "Два"]


async def test_a_reload_keeps_history_unsent_messages_and_the_draft(scene: Scene) -> None:
    await scene.begin()
    scene.platform.store.broken = True
    await scene.say("Не ушло")
    await scene.chat.locator("#box").fill("Черновик")
    await expect(scene.chat.locator("#pending .bubble")).to_have_text("Не ушло")
    await scene.page.reload()
    await scene.page.locator(BUBBLE).click()
    await expect(scene.chat.locator("#pending .bubble")).to_have_text("Не ушло")
    scene.platform.store.broken = False
    await scene.shows("Здравствуйте! Чем помочь?", "Здравствуйте", "Не ушло")
    await expect(scene.chat.locator("#box")).to_have_value("Черновик")
    assert scene.platform.texts() == ["Здравствуйте", "Не ушло"]


CORPUS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "\"><iframe srcdoc='<script>alert(1)</script>'>",
    "javascript:alert(1)",
    "JaVaScRiPt://https://example.org/%0aalert(1)",
    "data:text/html,<script>alert(1)</script>",
    "https://example.org/\"onmouseover=\"alert(1)",
    "[click](javascript:alert(1))",
    "{{constructor.constructor('alert(1)')()}}",
    "&lt;b&gt;&#x3c;img src=x onerror=alert(1)&#x3e;",
    "</template></textarea></title><script>alert(1)</script>",
    "\u202emoc.elpmaxe//:sptth",
    "$name $base ${key} %(a)s",
]


async def test_hostile_words_are_shown_as_text(scene: Scene) -> None:
    await scene.begin()
    for text in CORPUS:
        scene.platform.say(text, buttons=(text[:60],))
    await scene.say(CORPUS[0])
    bubbles = scene.chat.locator("#entries .bubble")
    await expect(bubbles).to_have_count(3 + len(CORPUS))
    assert (await bubbles.all_text_contents())[2:] == [*CORPUS, CORPUS[0]]
    log = scene.chat.locator("#log")
    assert await log.evaluate("log => log.querySelectorAll('script, img, iframe, [onerror], [onload], [onmouseover]').length") == 0
    links = await log.locator("a").evaluate_all("all => all.map(a => [a.protocol, a.rel, a.target])")
    assert links
    assert all(link == ["https:", "noopener noreferrer", "_blank"] for link in links)


async def test_links_are_clickable_and_punctuation_is_not_theirs(scene: Scene) -> None:
    await scene.begin()
    scene.platform.say("См. https://polka.example/a_(b)?x=1&y=2). И http://127.0.0.1:1/z, ftp://no.example")
    links = scene.chat.locator("#log a")
    await expect(links).to_have_text(["https://polka.example/a_(b)?x=1&y=2", "http://127.0.0.1:1/z"])
    await expect(links.first).to_have_attribute("href", "https://polka.example/a_(b)?x=1&y=2")


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


async def test_pressing_a_button_says_its_words_and_takes_the_buttons_away(scene: Scene) -> None:
    await scene.open()
    await scene.chat.locator(".choice").click()
    await scene.shows("Здравствуйте! Чем помочь?", "Позвать человека")
    await expect(scene.chat.locator(".choice")).to_have_count(0)


async def test_typing_shows_both_ways(scene: Scene) -> None:
    await scene.begin()
    await scene.chat.locator("#box").press_sequentially("Ещё")
    scene.platform.types()
    await expect(scene.chat.locator("#typist")).to_have_text("Сотрудник печатает…")
    scene.platform.say("Добрый день", author="operator")
    await expect(scene.chat.locator("#typing")).to_be_hidden()
    assert scene.platform.typed
    assert set(scene.platform.typed) == {scene.platform.conversation}


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
    await scene.page.locator(BUBBLE).click()
    await scene.page.reload()
    await scene.chat.locator("#entries .bubble").nth(3).wait_for(state="attached")
    await expect(badge).to_have_text("")


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


async def test_a_site_that_is_not_on_the_list_cannot_show_the_chat(scene: Scene) -> None:
    stranger = Shop()
    await stranger.start()
    stranger.platform = scene.platform.origin
    refusals: list[str] = []
    scene.page.on("console", lambda message: refusals.append(message.text))
    await scene.page.goto(stranger.origin)
    async with scene.page.expect_console_message(lambda message: "frame-ancestors" in message.text):
        await scene.page.locator(BUBBLE).click()
    await expect(scene.chat.locator("#box")).to_have_count(0)
    await stranger.stop()


async def test_messages_of_other_windows_are_ignored(scene: Scene) -> None:
    await scene.begin()
    await scene.page.evaluate("""() => {
        window.postMessage({estafeta: "unread", count: 99}, "*");
        window.postMessage({estafeta: "close"}, "*");
    }""")
    await scene.page.locator("#link").click()
    await expect(scene.page.locator("estafeta-chat dialog")).to_be_visible()
    intruder = await scene.page.evaluate_handle("""() => {
        const frame = document.createElement("iframe");
        document.body.append(frame);
        const chat = document.querySelector("estafeta-chat").shadowRoot.querySelector("iframe");
        frame.contentWindow.eval("top");
        new frame.contentWindow.Function("chat", "chat.postMessage({estafeta: 'language', language: 'en'}, '*')")(chat.contentWindow);
        return frame;
    }""")
    await intruder.dispose()
    scene.platform.say("Ответ")
    await scene.shows("Здравствуйте! Чем помочь?", "Здравствуйте", "Ответ")
    await expect(scene.chat.locator("#title")).to_have_text("Чат с нами")


async def test_a_strict_policy_of_the_shop_needs_only_script_and_frame(scene: Scene) -> None:
    scene.shop.policy = f"default-src 'none'; script-src {scene.platform.origin}; frame-src {scene.platform.origin}"
    await scene.begin()
    radius = await scene.page.locator(BUBBLE).evaluate("button => getComputedStyle(button).borderRadius")
    assert radius == "50%"


async def test_the_token_is_in_no_address_and_not_on_the_shops_page(scene: Scene) -> None:
    asked: list[str] = []
    scene.page.on("request", lambda request: asked.append(request.url))
    scene.page.on("websocket", lambda socket: asked.append(socket.url))
    await scene.begin()
    token = await scene.chat.locator("body").evaluate("() => localStorage.getItem('estafeta:demo:token')")
    assert len(token) == 43
    assert any(url.startswith("ws://") for url in asked)
    assert not any(token in url for url in asked)
    assert token not in await scene.page.evaluate("JSON.stringify(localStorage) + document.cookie + document.documentElement.outerHTML")


async def test_two_tabs_are_one_conversation(scene: Scene) -> None:
    await scene.begin()
    second = await scene.context.new_page()
    scene.watch(second)
    other = Scene(scene.browser, scene.platform, scene.shop, scene.context, second)
    await other.open()
    await other.shows("Здравствуйте! Чем помочь?", "Здравствуйте")
    await other.say("Из второй")
    await scene.shows("Здравствуйте! Чем помочь?", "Здравствуйте", "Из второй")
    await scene.say("Из первой")
    await other.shows("Здравствуйте! Чем помочь?", "Здравствуйте", "Из второй", "Из первой")


async def test_a_refused_message_says_so_and_can_be_sent_again_or_removed(scene: Scene) -> None:
    await scene.begin()
    bad = (Button(id="кнопка", text="Сломанная"),)
    scene.platform.append(
        scene.platform.conversation, EntryId("bad"), author=Author(kind="bot"), parts=(Text(text="?"),), buttons=bad
    )
    await scene.chat.locator(".choice").click()
    failed = scene.chat.locator("#pending .failed")
    await expect(failed.locator(".status")).to_contain_text("Не отправлено. Сообщение не удалось прочитать.")
    await scene.say("А это уйдёт")
    await expect(scene.chat.locator("#entries .bubble").last).to_have_text("А это уйдёт")
    await failed.get_by_role("button", name="Повторить").click()
    await expect(failed.locator(".status")).to_contain_text("Не отправлено.")
    await failed.get_by_role("button", name="Убрать").click()
    await expect(failed).to_have_count(0)


@pytest.mark.parametrize("scene", [{"config": {"burst": 2}}], indirect=True)
async def test_a_hasty_customer_is_slowed_down_and_nothing_is_lost(scene: Scene) -> None:
    await scene.begin()
    await scene.say("2")
    await scene.say("3")
    await expect(scene.chat.locator("#pending .status")).to_have_text("Отправляется…")
    await expect(scene.chat.locator("#entries .customer")).to_have_count(2)
    scene.platform.clock.time += scene.platform.clock.time.resolution * 5_000_000
    await scene.shows("Здравствуйте! Чем помочь?", "Здравствуйте", "2", "3")


async def test_a_text_beyond_the_limit_is_not_sent_and_says_by_how_much(scene: Scene) -> None:
    await scene.begin()
    await scene.chat.locator("#box").fill("🙂" * 4002)
    await expect(scene.chat.locator("#count")).to_have_text("Слишком длинно: лишних символов 2")
    await expect(scene.chat.locator("#send")).to_be_disabled()


PHONE = {"context": {"viewport": {"width": 390, "height": 780}, "is_mobile": True, "has_touch": True}}


@pytest.mark.parametrize("scene", [PHONE], indirect=True)
async def test_on_a_phone_the_chat_fills_the_screen(scene: Scene) -> None:
    await scene.open()
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
    const hex = (text) => "#" + text.match(/[\\d.]+/g).slice(0, 3).map((n) => Math.round(n).toString(16).padStart(2, "0")).join("");
    let ground = element;
    while (getComputedStyle(ground).backgroundColor.endsWith(", 0)")) ground = ground.parentElement;
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


async def test_without_storage_the_chat_still_works(scene: Scene) -> None:
    await scene.context.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError'); }})"
    )
    await scene.begin()
    scene.platform.say("Ответ")
    await scene.shows("Здравствуйте! Чем помочь?", "Здравствуйте", "Ответ")
    await scene.platform.stop()
    await scene.platform.start()
    await scene.say("Ещё")
    await scene.shows("Здравствуйте! Чем помочь?", "Здравствуйте", "Ответ", "Ещё")


async def test_broken_saved_values_do_no_harm(scene: Scene) -> None:
    await scene.begin()
    saved = {"greeting": "{", "out:x": "nonsense", "out:y": '{"frame":5}', "read": "abc", "token": "short"}
    await scene.chat.locator("body").evaluate(
        "(body, saved) => { for (const [name, value] of Object.entries(JSON.parse(saved)))"
        " localStorage.setItem('estafeta:demo:' + name, value); }",
        json.dumps(saved),
    )
    await scene.open()
    await scene.say("Заново")
    await scene.shows("Здравствуйте! Чем помочь?", "Заново")
