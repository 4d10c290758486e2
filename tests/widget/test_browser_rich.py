"""What messages hold beside words, and what is done to them, on the page."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import FilePayload, Locator, expect

from estafeta.kernel.model import (
    Author,
    Button,
    Contact,
    CustomerDeleted,
    CustomerEdited,
    CustomerReacted,
    CustomerSaid,
    EntryId,
    Location,
    Mark,
    Media,
    Part,
    StatusChanged,
    Text,
)
from tests.widget.platform import ANNA, Platform
from tests.widget.samples import PDF, PROGRAM, picture, sound
from tests.widget.scene import BUBBLE, RECONNECTED, Scene

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

OPERATOR = Author(kind="operator", name=ANNA.name, id=ANNA.id)


def happens(platform: Platform, entry_id: str, *parts: Part, kind: Any = "said", **data: Any) -> str:
    platform.append(platform.conversation, EntryId(entry_id), author=OPERATOR, parts=parts, kind=kind, data=data)
    return entry_id


def last(scene: Scene) -> Locator:
    return scene.chat.locator("#entries .message").last


async def test_marks_are_drawn_and_never_run(scene: Scene) -> None:
    await scene.begin()
    text = "<b>жирный</b> 👍🏽 курсив зачёркнуто код сайт опасно https://polka.example"
    marks = []
    for kind, word, url in (
        ("bold", "жирный", ""), ("italic", "курсив", ""), ("strike", "зачёркнуто", ""), ("code", "код", ""),
        ("link", "сайт", "https://polka.example/a"), ("link", "опасно", "javascript:alert(1)"),
    ):  # fmt: skip
        start = text.index(word)
        marks.append(Mark(kind=kind, start=start, end=start + len(word), url=url))  # type: ignore[arg-type]
    happens(scene.platform, "m", Text(text=text, marks=tuple(marks)))
    bubble = last(scene).locator(".bubble")
    await expect(bubble).to_have_text(text)
    drawn = await bubble.evaluate(
        "node => [...node.querySelectorAll('strong, em, s, code, a, b')].map(n => [n.localName, n.textContent, n.rel])"
    )
    assert drawn == [
        ["strong", "жирный", None], ["em", "курсив", None], ["s", "зачёркнуто", None], ["code", "код", None],
        ["a", "сайт", "noopener noreferrer"], ["a", "https://polka.example", "noopener noreferrer"],
    ]  # fmt: skip


async def test_nested_marks_stay_nested_and_crossed_ones_do_no_harm(scene: Scene) -> None:
    await scene.begin()
    nested = (
        Mark(kind="bold", start=0, end=9),
        Mark(kind="italic", start=4, end=9),
        Mark(kind="bold", start=7, end=12),
    )
    happens(scene.platform, "m", Text(text="раз два три", marks=nested))
    await expect(last(scene).locator(".bubble")).to_have_text("раз два три")
    assert await last(scene).locator(".text").inner_html() == "<strong>раз <em>два т</em></strong>ри"


async def test_pictures_sound_films_and_files_are_shown(scene: Scene) -> None:
    await scene.begin()
    photo = await scene.platform.file(picture(), "полка.png")
    voice = await scene.platform.file(sound())
    paper = await scene.platform.file(PDF + b"\n" * (1_500_000 - len(PDF)), "Условия.pdf")
    happens(scene.platform, "a", photo, Text(text="Вот такая"))
    await expect(last(scene).get_by_role("img", name="Фото: полка.png")).to_be_visible()
    await expect(last(scene).locator("img")).to_have_js_property("naturalWidth", 40)
    await last(scene).locator(".picture").click()
    await expect(scene.chat.get_by_role("dialog", name="Фото")).to_be_visible()
    await scene.page.keyboard.press("Escape")
    await expect(scene.chat.get_by_role("dialog", name="Фото")).to_be_hidden()
    await expect(scene.page.locator("estafeta-chat dialog")).to_be_visible()
    happens(scene.platform, "b", Media(kind="voice", ref=voice.ref, duration=1.0))
    await expect(last(scene).locator("audio")).to_have_js_property("duration", 1)
    await expect(last(scene).locator("audio")).to_have_attribute("aria-label", "Голосовое сообщение")
    happens(scene.platform, "c", paper)
    button = last(scene).get_by_role("button", name="Условия.pdf 1,5 МБ")
    async with scene.page.expect_download() as downloading:
        await button.click()
    download = await downloading.value
    assert download.suggested_filename.startswith("Условия")
    assert (await download.path()).stat().st_size == 1_500_000
    happens(
        scene.platform,
        "d",
        Location(latitude=55.75, longitude=37.62, title="Склад"),
        Contact(phone="+7 900 1", name="Иван"),
    )
    place, contact = last(scene).locator("a.file").nth(0), last(scene).locator("a.file").nth(1)
    await expect(place).to_have_attribute(
        "href", "https://www.openstreetmap.org/?mlat=55.75&mlon=37.62#map=16/55.75/37.62"
    )
    await expect(contact).to_have_attribute("href", "tel:+79001")


async def test_a_file_that_is_gone_says_so(scene: Scene) -> None:
    await scene.begin()
    happens(scene.platform, "a", Media(kind="photo", ref="0" * 64, name="старое.png"))
    await expect(last(scene).locator(".lost")).to_have_text("старое.png — файл не загрузился")


async def test_many_answers_are_a_list_that_scrolls_and_links_open_apart(scene: Scene) -> None:
    await scene.begin()
    cities = [f"Город {number}" for number in range(12)]
    buttons = (*(Button(id=f"b{n}", text=city) for n, city in enumerate(cities)),
               Button(id="x", text="Все города", url="https://polka.example/cities"))  # fmt: skip
    scene.platform.append(
        scene.platform.conversation, EntryId("m"), author=OPERATOR, parts=(Text(text="Где вы?"),), buttons=buttons
    )
    choices = scene.chat.get_by_role("group", name="Варианты ответа")
    await expect(choices).to_have_class("choices many")
    assert await choices.evaluate("node => node.scrollHeight > node.clientHeight")
    link = choices.get_by_role("link", name="Все города")
    await expect(link).to_have_attribute("rel", "noopener noreferrer")
    await expect(link).to_have_attribute("target", "_blank")
    await choices.get_by_role("button", name="Город 11").click()
    await expect(scene.chat.locator("#entries .customer .bubble").last).to_have_text("Город 11")
    await expect(choices).to_have_count(0)


async def test_a_message_is_answered_with_its_words_above(scene: Scene) -> None:
    await scene.begin()
    scene.platform.say("Привезти завтра?", author="operator")
    await expect(last(scene)).to_contain_text("Привезти завтра?")
    await scene.act(last(scene), "Ответить")
    await expect(scene.chat.locator("#context")).to_have_text("Ответ на: Привезти завтра?")
    await expect(scene.chat.locator("#box")).to_be_focused()
    await scene.page.keyboard.type("Да")
    await scene.page.keyboard.press("Enter")
    await expect(last(scene).locator(".quote")).to_have_text("Привезти завтра?")
    await expect(last(scene).locator(".text")).to_have_text("Да")
    await expect(scene.chat.locator("#context")).to_be_hidden()
    (_, said) = scene.platform.events(CustomerSaid)
    assert said.quote == "Привезти завтра?"


async def test_ones_own_words_are_put_otherwise_and_taken_back(scene: Scene) -> None:
    await scene.begin()
    await scene.chat.locator("#box").fill("Черновик")
    mine = scene.chat.locator("#entries .customer").first
    await scene.act(mine, "Изменить")
    await expect(scene.chat.locator("#box")).to_have_value("Здравствуйте")
    await scene.say("Здравствуйте!")
    await expect(mine.locator(".bubble")).to_have_text("Здравствуйте!")
    await expect(mine.locator(".meta")).to_contain_text("изменено")
    await expect(scene.chat.locator("#box")).to_have_value("Черновик")
    await scene.page.reload()
    await scene.page.locator(BUBBLE).click()
    await expect(mine.locator(".bubble")).to_have_text("Здравствуйте!")
    await scene.act(mine, "Удалить")
    await scene.chat.get_by_role("button", name="Точно удалить?").click()
    await expect(mine.locator(".bubble")).to_have_text("Сообщение удалено")
    assert len(scene.platform.events(CustomerEdited)) == len(scene.platform.events(CustomerDeleted)) == 1


async def test_reactions_go_both_ways(scene: Scene) -> None:
    await scene.begin()
    scene.platform.say("Готово", author="operator")
    await expect(last(scene)).to_contain_text("Готово")
    await scene.act(last(scene), "❤️")
    await expect(last(scene).locator(".reactions")).to_have_text("Реакции: ❤️")
    happens(
        scene.platform,
        "r",
        kind="reaction",
        of=scene.platform.store.timelines[scene.platform.conversation][0].id,
        emoji="👍",
    )
    await expect(scene.chat.locator("#entries .customer .reactions")).to_have_text("Реакции: 👍")
    await scene.act(last(scene), "❤️")
    await expect(last(scene).locator(".reactions")).to_have_count(0)
    assert [event.emoji for event in scene.platform.events(CustomerReacted)] == ["❤️", ""]


async def test_operators_edits_and_deletions_are_shown_also_after_a_reload(scene: Scene) -> None:
    await scene.begin()
    scene.platform.say("Завтра", author="operator")
    scene.platform.say("Лишнее", author="operator")
    await scene.shows("Здравствуйте! Чем помочь?", "Здравствуйте", "Завтра", "Лишнее")
    happens(scene.platform, "e", Text(text="Послезавтра"), kind="edit", of="said-1")
    happens(scene.platform, "d", kind="deletion", of="said-2")
    after = ("Здравствуйте! Чем помочь?", "Здравствуйте", "Послезавтра", "Сообщение удалено")
    await scene.shows(*after)
    await scene.page.reload()
    await scene.page.locator(BUBBLE).click()
    await scene.shows(*after)


async def test_reading_is_told_both_ways(scene: Scene) -> None:
    await scene.begin()
    to = scene.platform.store.conversations_by_id[scene.platform.conversation].address
    (said,) = scene.platform.events(CustomerSaid)
    await scene.platform.channel.read(to, said.message)
    await expect(scene.chat.locator("#entries .customer .seen")).to_have_text("Прочитано")
    await scene.page.locator(BUBBLE).click()
    scene.platform.say("Вы здесь?", author="operator")
    await expect(scene.page.locator("estafeta-chat b")).to_have_text("1")
    assert await scene.page.title() == "(1) Лавка"
    assert not scene.platform.events(StatusChanged)
    await scene.page.locator(BUBBLE).click()
    await expect(scene.page.locator("estafeta-chat b")).to_have_text("")
    assert await scene.page.title() == "Лавка"
    await scene.seen()
    await scene.say("Да")
    await expect(scene.chat.locator("#entries .customer")).to_have_count(2)
    assert [event.message for event in scene.platform.events(StatusChanged)] == ["said-1"]


@pytest.mark.parametrize("scene", [{"config": {"show_operator_names": True}}], indirect=True)
async def test_who_joins_and_leaves_is_said_in_the_conversation(scene: Scene) -> None:
    await scene.begin()
    happens(scene.platform, "t", kind="event", event="taken", name="Анна")
    await expect(scene.chat.locator("#entries .event")).to_have_text("Анна присоединяется к разговору")
    scene.platform.say("Здравствуйте, я Анна", author="operator")
    happens(scene.platform, "c", kind="event", event="returned", name="Анна")
    await expect(scene.chat.locator("#entries .event").last).to_have_text("Анна передаёт разговор боту")
    await expect(scene.chat.locator("#entries .operator .author")).to_have_text("Анна")


# --- files on their way


async def test_files_are_chosen_seen_on_their_way_and_sent_with_words(scene: Scene) -> None:
    await scene.begin()
    await scene.chat.locator("#chosen").set_input_files([
        FilePayload(name="фото.png", mimeType="image/png", buffer=picture()),
        FilePayload(name="договор.pdf", mimeType="application/pdf", buffer=PDF),
    ])  # fmt: skip
    tray = scene.chat.get_by_role("list", name="Файлы к сообщению")
    await expect(tray.locator("li")).to_have_count(2)
    await expect(tray.locator("progress")).to_have_count(0)
    await scene.say("Вот")
    await expect(last(scene).locator(".text")).to_have_text("Вот")
    await expect(last(scene).locator("img")).to_have_js_property("naturalWidth", 40)
    await expect(last(scene).get_by_role("button", name="договор.pdf")).to_be_visible()
    await expect(tray).to_be_hidden()
    said = scene.platform.events(CustomerSaid)[-1]
    assert [type(part) for part in said.parts] == [Media, Media, Text]


async def test_a_picture_is_pasted_and_a_file_is_dropped(scene: Scene) -> None:
    await scene.begin()
    give = """(node, [kind, name, type]) => {
        const carried = new DataTransfer();
        carried.items.add(new File(["content"], name, {type}));
        const about = {bubbles: true, cancelable: true};
        if (kind === "paste") node.dispatchEvent(new ClipboardEvent("paste", {...about, clipboardData: carried}));
        else for (const what of ["dragover", "drop"])
            node.dispatchEvent(new DragEvent(what, {...about, dataTransfer: carried}));
    }"""
    await scene.chat.locator("#box").evaluate(give, ["paste", "снимок.png", "image/png"])
    await scene.chat.locator("#log").evaluate(give, ["drop", "письмо.txt", "text/plain"])
    names = scene.chat.locator("#tray .name")
    await expect(names).to_have_text(["снимок.png", "письмо.txt"])
    await expect(scene.chat.locator("#tray .size")).to_have_count(2)
    await scene.chat.get_by_role("button", name="Убрать снимок.png").click()
    await expect(scene.chat.locator("#send")).to_be_enabled()
    await scene.chat.locator("#send").click()
    await expect(last(scene).get_by_role("button", name="письмо.txt")).to_be_visible()


@pytest.mark.parametrize("scene", [{"config": {"file_limit": 1000}}], indirect=True)
async def test_a_file_that_is_not_taken_says_why(scene: Scene) -> None:
    await scene.begin()
    chosen = scene.chat.locator("#chosen")
    await chosen.set_input_files(FilePayload(name="большой.zip", mimeType="application/zip", buffer=b"x" * 1001))
    await expect(scene.chat.get_by_role("alert").filter(has_text="большой.zip: файл больше 1 кБ.")).to_be_visible()
    await chosen.set_input_files(FilePayload(name="a.exe", mimeType="application/x-msdownload", buffer=PROGRAM))
    await expect(scene.chat.locator("#tray .lost")).to_have_text("Не отправлено. Файлы такого вида мы не принимаем.")
    await expect(scene.chat.locator("#send")).to_be_disabled()
    await scene.chat.get_by_role("button", name="Убрать a.exe").click()
    scene.platform.store.broken = True
    await chosen.set_input_files(FilePayload(name="фото.png", mimeType="image/png", buffer=picture()))
    await expect(scene.chat.locator("#tray .lost")).to_contain_text("Не отправлено.")
    scene.platform.store.broken = False
    await scene.chat.locator("#tray").get_by_role("button", name="Повторить").click()
    await expect(scene.chat.locator("#send")).to_be_enabled()


async def test_a_file_waits_for_the_network_and_goes_by_itself(scene: Scene) -> None:
    await scene.begin()
    await scene.platform.stop()
    file = FilePayload(name="фото.png", mimeType="image/png", buffer=picture())
    await scene.chat.locator("#chosen").set_input_files(file)
    await expect(scene.chat.locator("#tray .lost")).to_be_visible()
    await scene.platform.start()
    await expect(scene.chat.locator("#tray .size")).to_be_visible(timeout=RECONNECTED)
    await scene.chat.locator("#send").click()
    await expect(last(scene).locator("img")).to_have_js_property("naturalWidth", 40)


@pytest.mark.parametrize("scene", [{"config": {"files": False}}], indirect=True)
async def test_where_files_are_off_there_is_nothing_to_attach_them_by(scene: Scene) -> None:
    await scene.begin()
    await expect(scene.chat.locator("#attach")).to_be_hidden()


async def test_sound_is_off_until_it_is_switched_on_and_stays_so(scene: Scene) -> None:
    await scene.begin()
    switch = scene.chat.get_by_role("button", name="Звук новых сообщений")
    await expect(switch).to_have_attribute("aria-pressed", "false")
    await switch.click()
    await expect(switch).to_have_attribute("aria-pressed", "true")
    await scene.page.reload()
    await scene.page.locator(BUBBLE).click()
    await expect(switch).to_have_attribute("aria-pressed", "true")
