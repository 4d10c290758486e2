"""What hostile words, pages and browsers cannot do to the chat."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Error, expect

from tests.widget.scene import BUBBLE, Scene
from tests.widget.shop import Shop

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


CORPUS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "\"><iframe srcdoc='<script>alert(1)</script>'>",
    "javascript:alert(1)",
    "JaVaScRiPt://https://example.org/%0aalert(1)",
    "data:text/html,<script>alert(1)</script>",
    'https://example.org/"onmouseover="alert(1)',
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
    assert (
        await log.evaluate(
            "log => log.querySelectorAll('script, img, iframe, [onerror], [onload], [onmouseover]').length"
        )
        == 0
    )
    links = await log.locator("a").evaluate_all("all => all.map(a => [a.protocol, a.rel, a.target])")
    assert links
    assert all(link == ["https:", "noopener noreferrer", "_blank"] for link in links)


async def test_links_are_clickable_and_punctuation_is_not_theirs(scene: Scene) -> None:
    await scene.begin()
    scene.platform.say("См. https://polka.example/a_(b)?x=1&y=2). И http://127.0.0.1:1/z, ftp://no.example")
    links = scene.chat.locator("#log a")
    await expect(links).to_have_text(["https://polka.example/a_(b)?x=1&y=2", "http://127.0.0.1:1/z"])
    await expect(links.first).to_have_attribute("href", "https://polka.example/a_(b)?x=1&y=2")


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
        const asFrame = new frame.contentWindow.Function(
            "chat", "chat.postMessage({estafeta: 'language', language: 'en'}, '*')");
        asFrame(chat.contentWindow);
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
    assert token not in await scene.page.evaluate(
        "JSON.stringify(localStorage) + document.cookie + document.documentElement.outerHTML"
    )


@pytest.mark.parametrize("scene", [{"host": "localhost"}], indirect=True)
async def test_on_another_site_without_storage_the_conversation_outlives_a_reload(scene: Scene) -> None:
    await scene.begin()
    with pytest.raises(Error, match="SecurityError"):
        await scene.chat.locator("body").evaluate("() => localStorage.length")
    await scene.page.reload()
    await scene.page.locator(BUBBLE).click()
    await scene.shows("Здравствуйте")
    await scene.platform.stop()
    await scene.platform.start()
    await scene.say("Ещё")
    await scene.shows("Здравствуйте", "Ещё")


@pytest.mark.parametrize("scene", [{"host": "localhost"}], indirect=True)
async def test_without_storage_and_cookies_the_chat_still_works(scene: Scene) -> None:
    await scene.context.add_init_script(
        "Object.defineProperty(Document.prototype, 'cookie', {get: () => '', set: () => {}})"
    )
    await scene.begin()
    scene.platform.say("Ответ")
    await scene.shows("Здравствуйте! Чем помочь?", "Здравствуйте", "Ответ")


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


HOSTILE = """<style>
body *, estafeta-chat, estafeta-chat * { display: none !important; visibility: hidden !important; opacity: 0 !important;
  position: static !important; transform: scale(0) !important; width: 1px !important; height: 1px !important;
  font-size: 99px !important; color: red !important; pointer-events: none !important;
  filter: blur(9px) !important; zoom: .1 !important; clip-path: inset(50%) !important; contain: strict !important;
  animation: none !important; z-index: -1 !important; margin: 999px !important; content-visibility: hidden !important; }
iframe, dialog, button { all: unset !important; display: none !important; }
</style>
<script>
Object.prototype.extra = "extra"; Array.prototype.extra = () => { throw new Error("extra"); };
Array.prototype.toJSON = () => "broken"; String.prototype.toJSON = () => "broken";
window.chat = window.host = window.frame = window.origin_ = window.config = window.words = "taken";
window.name = "taken"; window.open_ = window.close_ = null; window.estafeta = [["open"], ["nonsense"], ["toString"]];
window.onmessage = (event) => event.stopPropagation();
</script>"""


async def test_a_hostile_page_breaks_neither_the_bubble_nor_the_chat(scene: Scene) -> None:
    scene.shop.before = HOSTILE
    await scene.page.goto(scene.shop.origin)
    bubble, panel = scene.page.locator(BUBBLE), scene.page.locator("estafeta-chat dialog")
    await expect(panel).to_be_visible()
    await expect(bubble).to_be_visible()
    assert await bubble.bounding_box() == {"x": 920, "y": 720, "width": 60, "height": 60}
    box = await panel.bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (400, 660)
    assert await scene.page.locator("estafeta-chat").evaluate(
        "host => { const s = getComputedStyle(host); return [s.opacity, s.visibility, s.filter, s.zoom]; }"
    ) == ["1", "visible", "none", "1"]
    await scene.say("Здравствуйте")
    await scene.shows("Здравствуйте! Чем помочь?", "Здравствуйте")
    await bubble.click()
    await expect(panel).to_be_hidden()


async def test_the_chat_leaves_the_page_as_it_is(scene: Scene) -> None:
    await scene.page.goto("about:blank")
    await scene.page.goto(scene.shop.origin)
    names = "() => Object.getOwnPropertyNames(window).filter(n => !/^\\d+$/.test(n)).sort()"
    look = """() => [...document.querySelectorAll("h1, p, a")].map(node => [
        JSON.stringify(node.getBoundingClientRect()), node.outerHTML, getComputedStyle(node).cssText])"""
    await scene.page.locator("estafeta-chat").wait_for(state="attached")
    with_chat = set(await scene.page.evaluate(names))
    looked = await scene.page.evaluate(look)
    await scene.page.locator(BUBBLE).click()
    await scene.chat.locator("#entries .message").first.wait_for()
    await scene.page.locator(BUBBLE).click()
    assert await scene.page.evaluate(look) == looked
    await scene.context.route("**/widget.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    await scene.page.goto(scene.shop.origin)
    assert await scene.page.evaluate(look) == looked
    assert with_chat - set(await scene.page.evaluate(names)) == {"EstafetaChat", "estafeta"}
