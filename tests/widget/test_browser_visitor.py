"""Who the visitor is and what they agreed to, and when the chat speaks first, on the page."""

from __future__ import annotations

import jwt
import pytest
from playwright.async_api import Page, expect

from estafeta.kernel.model import CustomerSaid
from tests.widget.platform import Platform
from tests.widget.scene import BUBBLE, RECONNECTED, Scene

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

SECRET = "0123456789abcdef" * 2
SIGNED = {"config": {"identity": {"secret": SECRET}}}
GREETING = "Здравствуйте! Чем помочь?"


def token(scene: Scene, sub: str = "42", **claims: object) -> str:
    now = scene.platform.clock.now().timestamp()
    return jwt.encode({"sub": sub, "name": "Анна", "exp": now + 600, **claims}, SECRET, "HS256")


@pytest.mark.parametrize("scene", [SIGNED], indirect=True)
async def test_the_signed_user_has_the_same_conversation_in_another_browser(scene: Scene) -> None:
    scene.shop.more = f' data-identity="{token(scene)}"'
    await scene.begin()
    context = await scene.browser.new_context(locale="ru-RU")
    page = await context.new_page()
    other = Scene(scene.browser, scene.platform, scene.shop, context, page)
    await other.open()
    await other.shows("Здравствуйте")
    await context.close()
    (said,) = scene.platform.events(CustomerSaid)
    assert said.profile.name == "Анна"


@pytest.mark.parametrize("scene", [SIGNED], indirect=True)
async def test_who_signs_in_and_out_changes_the_conversation_and_what_waits_stays_theirs(scene: Scene) -> None:
    await scene.begin()
    await scene.chat.locator("#box").fill("Черновик без подписи")
    await scene.page.evaluate("token => EstafetaChat.identify(token)", token(scene))
    await scene.shows(GREETING)
    await expect(scene.chat.locator("#box")).to_have_value("")
    await scene.say("Это Анна")
    await scene.shows(GREETING, "Это Анна")
    scene.platform.store.broken = True
    await scene.say("Тайна Анны")
    await expect(scene.chat.locator("#pending .bubble")).to_have_text("Тайна Анны")
    scene.platform.store.broken = False
    await scene.page.evaluate("token => EstafetaChat.identify(token)", token(scene, "43"))
    await scene.shows(GREETING)
    await expect(scene.chat.locator("#pending .bubble")).to_have_count(0)
    await scene.page.evaluate("EstafetaChat.identify(null)")
    await scene.shows(GREETING, "Здравствуйте")
    await expect(scene.chat.locator("#box")).to_have_value("Черновик без подписи")
    own = {signal.address for signal in scene.platform.store.signals.values()}
    assert len(own) == 2


@pytest.mark.parametrize("scene", [SIGNED], indirect=True)
async def test_a_word_that_has_run_out_is_told_and_a_new_one_goes_on(scene: Scene) -> None:
    scene.shop.more = f' data-identity="{token(scene, exp=1)}"'
    scene.shop.before = """<script>window.asked = 0; window.estafeta = [["on", "identity", () => asked++]];</script>"""
    await scene.visit()
    await scene.page.locator(BUBBLE).click()
    await expect(scene.chat.locator("#line")).to_contain_text("Сайт не подтвердил, что это вы.")
    await scene.page.wait_for_function("asked > 0")
    await scene.page.evaluate("token => EstafetaChat.identify(token)", token(scene))
    await expect(scene.chat.locator("#line")).to_be_hidden()
    await scene.say("Раз")
    await scene.shows(GREETING, "Раз")
    assert await scene.page.evaluate("asked") == 1


@pytest.mark.parametrize("scene", [SIGNED], indirect=True)
async def test_a_signed_page_comes_back_after_a_break_longer_than_its_word(scene: Scene) -> None:
    scene.shop.more = f' data-identity="{token(scene)}"'
    await scene.begin()
    await scene.platform.stop()
    scene.platform.clock.time += scene.platform.clock.time.resolution * 3_600_000_000 * 2
    await scene.platform.start()
    await scene.say("Ещё")
    await scene.shows(GREETING, "Здравствуйте", "Ещё")


# --- what is agreed to


TERMS = {"config": {"consent": {"ru": "Мы храним переписку.", "en": "We keep it."},
                    "consent_link": {"ru": "https://polka.example/terms"}}}  # fmt: skip


def _talk(page: Page) -> list[str]:
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    return sockets


@pytest.mark.parametrize("scene", [TERMS], indirect=True)
async def test_nothing_is_sent_before_the_terms_are_accepted_and_that_is_remembered(scene: Scene) -> None:
    sockets = _talk(scene.page)
    await scene.visit()
    await scene.page.locator(BUBBLE).click()
    await expect(scene.chat.locator("#consent p").first).to_have_text("Мы храним переписку.")
    await expect(scene.chat.get_by_role("link", name="Подробнее об условиях")).to_have_attribute(
        "href", "https://polka.example/terms"
    )
    await expect(scene.chat.locator("#composer")).to_be_hidden()
    await expect(scene.chat.get_by_role("button", name="Принимаю")).to_be_focused()
    assert sockets == []
    await scene.page.keyboard.press("Enter")
    await scene.chat.locator("#entries .message").wait_for()
    await scene.say("Раз")
    await scene.shows(GREETING, "Раз")
    assert len(sockets) == 1
    await scene.page.reload()
    await scene.page.locator(BUBBLE).click()
    await scene.shows(GREETING, "Раз")
    (said,) = scene.platform.events(CustomerSaid)
    assert said.payload == f"consent-{scene.platform.channel._config.consent_version}"


@pytest.mark.parametrize("scene", [TERMS], indirect=True)
async def test_terms_that_changed_under_an_open_page_are_asked_for_anew(scene: Scene) -> None:
    await scene.visit()
    await scene.page.locator(BUBBLE).click()
    await scene.chat.get_by_role("button", name="Принимаю").click()
    await scene.chat.locator("#entries .message").wait_for()
    port = scene.platform.port
    await scene.platform.stop()
    after = Platform(scene.platform, sites=(scene.shop.origin,), consent={"ru": "Теперь иначе."})
    after.port = port
    await after.start()
    await expect(scene.chat.locator("#consent p").first).to_have_text("Теперь иначе.", timeout=RECONNECTED)
    await scene.chat.get_by_role("button", name="Принимаю").click()
    await scene.say("Раз")
    await scene.shows(GREETING, "Раз")
    await after.stop()
    await scene.platform.start()


# --- the chat speaks first


def _rule(page: str, after: float = 0.2) -> dict[str, object]:
    return {"config": {"greetings": [{"text": {"ru": "Помочь с выбором?"}, "page": page, "after": after}]}}


@pytest.mark.parametrize("scene", [_rule("http://127.0.0.1:*/*")], indirect=True)
async def test_the_chat_speaks_first_once_and_goes_on_from_there(scene: Scene) -> None:
    await scene.visit()
    tip = scene.page.locator("estafeta-chat .tip")
    await expect(tip).to_have_text("Помочь с выбором?")
    await expect(scene.page.locator("estafeta-chat dialog")).to_be_hidden()
    await tip.click()
    await scene.shows(GREETING, "Помочь с выбором?")
    await expect(tip).to_have_count(0)
    await expect(scene.chat.locator(".choice")).to_have_count(1)
    await scene.say("Да")
    await scene.shows(GREETING, "Помочь с выбором?", "Да")
    (said,) = scene.platform.events(CustomerSaid)
    assert said.quote == "Помочь с выбором?"
    await scene.page.evaluate("localStorage.clear()")
    async with scene.page.expect_event("framenavigated", lambda frame: "/widget/frame" in frame.url):
        await scene.page.reload()
    await scene.page.locator("estafeta-chat button").first.click()
    await scene.shows(GREETING, "Помочь с выбором?", "Да")
    await expect(tip).to_have_count(0)


@pytest.mark.parametrize("scene", [_rule("http://127.0.0.1:*/cart")], indirect=True)
async def test_on_other_pages_the_chat_keeps_still(scene: Scene) -> None:
    await scene.visit()
    loader = await scene.page.request.get(f"{scene.platform.origin}/widget.js")
    assert '[[0.2,"^http:' in await loader.text()
    frames: list[str] = []
    scene.page.on("framenavigated", lambda frame: frames.append(frame.url))
    await scene.page.wait_for_timeout(500)
    assert frames == []
    await expect(scene.page.locator("estafeta-chat .tip")).to_have_count(0)


@pytest.mark.parametrize("scene", [_rule("*")], indirect=True)
async def test_the_greeting_is_closed_by_the_keyboard(scene: Scene) -> None:
    await scene.visit()
    tip = scene.page.locator("estafeta-chat .tip")
    await tip.focus()
    await scene.page.keyboard.press("Escape")
    await expect(tip).to_have_count(0)
