"""WCAG 2.2 AA as far as a machine can see it: axe-core finds nothing, whatever the chat shows."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import FilePayload, Frame, Page, expect

from estafeta.kernel.model import Author, Button, Contact, EntryId, Location, Mark, Media, Stage, Text
from tests.widget.samples import PDF, PROGRAM, picture, sound
from tests.widget.scene import BUBBLE, Scene
from tests.widget.test_browser_rich import happens, last

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}}
LOOKS = [
    {"context": {"color_scheme": scheme, "reduced_motion": "reduce"}, "config": {"accent": accent}}
    for scheme, accent in (("light", "#b0501c"), ("dark", "#b0501c"), ("light", "#ffd400"), ("dark", "#123456"))
]


async def _nothing_is_found(where: Page | Frame) -> None:
    found = await Axe().run(where, options=RULES)
    assert found.violations_count == 0, found.generate_report()


async def _inside(scene: Scene) -> Frame:
    element = await scene.page.locator("estafeta-chat iframe").element_handle()
    frame = await element.content_frame() if element else None
    assert frame is not None
    return frame


@pytest.mark.parametrize("scene", LOOKS, indirect=True)
async def test_closed_open_and_full_of_everything(scene: Scene) -> None:
    await scene.visit()
    await _nothing_is_found(scene.page)
    await scene.begin()
    await _nothing_is_found(scene.page)
    chat, platform = await _inside(scene), scene.platform
    await _nothing_is_found(chat)
    photo, voice = await platform.file(picture(), "полка.png"), await platform.file(sound())
    marks = (Mark(kind="bold", start=0, end=3), Mark(kind="code", start=4, end=8))
    happens(platform, "m", Text(text="Вот код и https://polka.example", marks=marks))
    happens(platform, "p", photo, photo, photo, Text(text="Виды"))
    happens(platform, "v", Media(kind="voice", ref=voice.ref), Media(kind="video", ref=voice.ref, name="фильм.mp4"))
    happens(platform, "d", await platform.file(PDF, "условия.pdf"))
    happens(platform, "l", Location(latitude=1.5, longitude=2.5, title="Склад"), Contact(phone="+7 900", name="Иван"))
    happens(platform, "g", Media(kind="photo", ref="0" * 64, name="нет.png"))
    happens(platform, "j", kind="event", event="taken", name="Анна")
    platform.stage(Stage.HUMAN)
    happens(platform, "e", Text(text="Виды сверху"), kind="edit", of="p")
    happens(platform, "x", kind="deletion", of="m")
    mine = platform.store.timelines[platform.conversation][0]
    happens(platform, "r", kind="reaction", of=mine.id, emoji="👍")
    happens(platform, "q", Text(text="مرحبا"), reply_to=mine.id)
    await platform.channel.read(platform.store.conversations_by_id[platform.conversation].address, "message")
    await expect(last(scene)).to_contain_text("مرحبا")  # what comes after the typing would end it
    platform.types()
    await expect(scene.chat.locator("#typing")).to_be_visible()
    await _nothing_is_found(chat)
    for count in (3, 9):
        buttons = (*(Button(id=f"b{n}", text=f"Ответ {n}") for n in range(count)),
                   Button(id="u", text="Сайт", url="https://polka.example"))  # fmt: skip
        platform.append(
            platform.conversation, EntryId(f"b{count}"), author=Author(kind="bot"), parts=(Text(text="Какой?"),),
            buttons=buttons,
        )  # fmt: skip
        await expect(scene.chat.locator(".choice")).to_have_count(count + 1)
        await _nothing_is_found(chat)


@pytest.mark.parametrize("scene", LOOKS[:2], indirect=True)
async def test_while_one_answers_attaches_and_is_refused(scene: Scene) -> None:
    await scene.begin()
    scene.platform.say("Да?", author="operator")
    chat = await _inside(scene)
    await expect(last(scene)).to_contain_text("Да?")
    await last(scene).hover()
    await last(scene).locator(".more").click()
    await _nothing_is_found(chat)
    await scene.chat.get_by_role("button", name="Ответить").click()
    await scene.chat.locator("#chosen").set_input_files([
        FilePayload(name="фото.png", mimeType="image/png", buffer=picture()),
        FilePayload(name="a.exe", mimeType="application/x-msdownload", buffer=PROGRAM),
    ])  # fmt: skip
    await expect(scene.chat.locator("#tray .lost")).to_be_visible()
    await _nothing_is_found(chat)
    await scene.chat.get_by_role("button", name="Убрать a.exe").click()
    await scene.chat.locator("#box").fill("я" * 4001)
    await _nothing_is_found(chat)
    bad = (Button(id="кнопка", text="Сломанная"),)
    scene.platform.append(
        scene.platform.conversation, EntryId("bad"), author=Author(kind="bot"), parts=(Text(text="?"),), buttons=bad
    )
    await scene.chat.locator(".choice").click()
    await expect(scene.chat.locator("#pending .failed")).to_be_visible()
    await _nothing_is_found(chat)
    await scene.platform.stop()
    await expect(scene.chat.locator("#line")).to_be_visible()
    await _nothing_is_found(chat)
    await scene.platform.start()


TERMS: list[dict[str, Any]] = [
    {
        **look,
        "config": {
            "consent": {"ru": "Мы храним переписку три года."},
            "consent_link": {"ru": "https://polka.example/terms"},
        },
    }
    for look in LOOKS[:2]
]


@pytest.mark.parametrize("scene", TERMS, indirect=True)
async def test_while_the_terms_are_asked(scene: Scene) -> None:
    await scene.visit()
    await scene.page.locator(BUBBLE).click()
    await expect(scene.chat.get_by_role("button", name="Принимаю")).to_be_visible()
    await _nothing_is_found(await _inside(scene))


PHONE = {"context": {"viewport": {"width": 390, "height": 780}, "is_mobile": True, "has_touch": True}}


@pytest.mark.parametrize("scene", [PHONE], indirect=True)
async def test_on_a_phone(scene: Scene) -> None:
    await scene.begin()
    scene.platform.say("Да?", author="operator")
    await expect(last(scene)).to_contain_text("Да?")
    await _nothing_is_found(await _inside(scene))
    await _nothing_is_found(scene.page)
