"""The chat as people meet it: Chromium, a shop's page on another origin, the real server."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from estafeta.kernel.model import Author, Button, EntryId, Text
from tests.widget.scene import BUBBLE, Scene

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def test_a_customer_writes_and_is_answered(scene: Scene) -> None:
    await scene.begin()
    scene.platform.say("Заказ в пути.")
    await scene.shows("Здравствуйте! Чем помочь?", "Здравствуйте", "Заказ в пути.")
    await expect(scene.chat.locator("#pending .message")).to_have_count(0)
    await expect(scene.chat.locator(".message.bot .author").last).to_have_text("Бот")
    assert scene.platform.texts() == ["Здравствуйте", "Заказ в пути."]


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
    await scene.chat.locator("#box").press("Enter")
    await scene.shows("Здравствуйте! Чем помочь?", "Здравствуйте", "Добрый день", "Ещё")
    assert scene.platform.typed, "it went over the line before the words"
    assert set(scene.platform.typed) == {scene.platform.conversation}


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
    await expect(scene.chat.locator("#entries .customer")).to_have_count(2)
    await expect(scene.chat.locator("#pending .status")).to_have_text("Отправляется…")
    scene.platform.clock.time += scene.platform.clock.time.resolution * 5_000_000
    await scene.shows("Здравствуйте! Чем помочь?", "Здравствуйте", "2", "3")


async def test_a_text_beyond_the_limit_is_not_sent_and_says_by_how_much(scene: Scene) -> None:
    await scene.begin()
    await scene.chat.locator("#box").fill("🙂" * 4002)
    await expect(scene.chat.locator("#count")).to_have_text("Слишком длинно: лишних символов 2")
    await expect(scene.chat.locator("#send")).to_be_disabled()
