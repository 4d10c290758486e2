"""The chat's page while the process that serves it stops or dies and another one goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from estafeta.kernel.model import Signal
from estafeta.kernel.ports import Accepted
from tests.front import Front
from tests.widget.platform import Platform
from tests.widget.scene import Scene
from tests.widget.shop import Shop

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

HELLO = ("Здравствуйте! Чем помочь?", "Здравствуйте")


@dataclass
class Two:
    """A page that came to the process `one`, and `other` beside it."""

    scene: Scene
    front: Front
    one: Platform
    other: Platform

    async def tries_in_vain(self) -> None:
        await expect(self.scene.chat.locator("#line")).to_have_text("Соединяем…")


@pytest_asyncio.fixture(loop_scope="module")
async def two(browser: Browser) -> AsyncIterator[Two]:
    shop = Shop()
    await shop.start()
    one = Platform(sites=(shop.origin,))
    other = Platform(one, sites=(shop.origin,))
    async with Front() as front:
        await one.start()
        await other.start()
        front.port, shop.platform = one.port, front.origin
        context = await browser.new_context(locale="ru-RU")
        page = await context.new_page()
        scene = Scene(browser, other, shop, context, page)
        scene.watch(page)
        await scene.begin()
        yield Two(scene, front, one, other)
        await context.close()
    for platform in (one, other):
        await platform.stop()
    await shop.stop()
    assert scene.errors == []


async def test_when_its_process_stops_the_page_goes_on_at_another_at_once(two: Two) -> None:
    two.front.port = two.other.port
    stopping = asyncio.ensure_future(two.one.stop())
    await two.scene.say("Во время смены")
    await two.scene.shows(*HELLO, "Во время смены")
    await stopping
    two.other.say("Отвечает другой")
    await two.scene.shows(*HELLO, "Во время смены", "Отвечает другой")
    await expect(two.scene.chat.locator("#line")).to_be_hidden()
    assert two.other.texts() == ["Здравствуйте", "Во время смены", "Отвечает другой"]
    await two.one.start()


async def test_what_is_written_while_nobody_is_there_is_sent_once(two: Two) -> None:
    two.front.port = None
    await two.one.stop()
    await two.scene.say("Раз")
    await two.scene.say("Два")
    await two.tries_in_vain()
    two.front.port = two.other.port
    await two.scene.shows(*HELLO, "Раз", "Два")
    await expect(two.scene.chat.locator("#pending .message")).to_have_count(0)
    assert two.other.texts() == ["Здравствуйте", "Раз", "Два"]
    await two.one.start()


async def test_a_process_killed_between_storing_and_acknowledging_doubles_nothing(two: Two) -> None:
    accepting = two.one.store.accept

    async def then_dies(signals: Sequence[Signal]) -> list[Accepted]:
        accepted = await accepting(signals)
        two.one.store.accept = accepting  # type: ignore[method-assign]
        two.front.port = two.other.port
        two.front.cut()
        return accepted

    two.one.store.accept = then_dies  # type: ignore[method-assign]
    await two.scene.say("Раз")
    await two.scene.shows(*HELLO, "Раз")
    await expect(two.scene.chat.locator("#pending .message")).to_have_count(0)
    assert two.other.texts() == ["Здравствуйте", "Раз"]


async def test_what_is_said_while_no_announcement_comes_through_is_shown_after_missed(two: Two) -> None:
    two.other.changed = lambda conversation: None  # type: ignore[method-assign]
    two.other.say("Никто не объявил")
    two.other.missed()
    await two.scene.shows(*HELLO, "Никто не объявил")
