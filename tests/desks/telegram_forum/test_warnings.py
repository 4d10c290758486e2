"""What the card says before the first word: windows, strangers who read along; and named sentences."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from estafeta.kernel.model import Capabilities, Notice, Text
from estafeta.kernel.ports import DeskView
from tests.contracts.desk_contract import make_view
from tests.desks.telegram_forum.office import CARD, Office, office

DAY = 24 * 3600.0


@pytest.fixture
async def at() -> AsyncIterator[Office]:
    async with office() as at:
        yield at


def able(view: DeskView, *, heard: timedelta | None = None, **can: object) -> DeskView:
    """The view on a channel that can do this, the customer last heard so long ago."""
    at = view.now - heard if heard is not None else None
    capabilities = Capabilities(text=4096, unit="utf16", **can)  # type: ignore[arg-type]
    return replace(view, capabilities=capabilities, conversation=replace(view.conversation, heard_at=at))


async def card(at: Office, view: DeskView) -> str:
    view = await at.show(CARD, view)
    return at.messages(at.topic(view))[0].text


async def test_the_card_says_until_when_one_may_write(at: Office) -> None:
    view = able(make_view(), heard=timedelta(hours=3), window=DAY, templates=True)
    until = view.now + timedelta(hours=21)
    assert f"Писать можно до {until:%d.%m %H:%M} UTC" in await card(at, view)


@pytest.mark.parametrize(
    ("templates", "words"), [(True, "только шаблоны (/templates)"), (False, "пока клиент не напишет сам")]
)
@pytest.mark.parametrize("heard", [timedelta(hours=24), timedelta(days=9), None])
async def test_the_card_says_when_the_time_is_over(
    at: Office, heard: timedelta | None, templates: bool, words: str
) -> None:
    assert words in await card(at, able(make_view(), heard=heard, window=DAY, templates=templates))


async def test_the_card_follows_the_customers_words_but_not_each_of_them(at: Office) -> None:
    view = able(make_view("Анна"), heard=timedelta(hours=20), window=DAY)
    view = await at.show(CARD, view)
    for minutes in (3, 2, 1):
        view = await at.says(able(view, heard=timedelta(minutes=minutes), window=DAY), Text(text="ау"))
    until = view.now + timedelta(hours=24) - timedelta(minutes=3)
    assert f"Писать можно до {until:%d.%m %H:%M} UTC" in at.messages(at.topic(view))[0].text
    assert len(at.fake.calls_of("editMessageText")) == 1


async def test_a_card_that_cannot_be_renewed_keeps_no_words(at: Office) -> None:
    view = await at.show(CARD, able(make_view("Анна"), heard=timedelta(hours=20), window=DAY))
    at.fake.fail("editMessageText", "answer", status=500)
    view = await at.says(able(view, heard=timedelta(0), window=DAY), Text(text="ау"))
    assert at.shown(at.topic(view))[-1] == "👤 Анна\nау"
    assert at.receipt.external


async def test_a_channel_without_a_window_says_nothing_of_it(at: Office) -> None:
    told = await card(at, able(make_view(), heard=timedelta(days=9)))
    assert "Писать" not in told
    assert "шаблоны" not in told


async def test_the_card_says_that_strangers_read_along(at: Office) -> None:
    told = await card(at, able(make_view(), public=True, private="https://vk.me/shop?<b>"))
    assert "Это видят посторонние" in told
    assert "https://vk.me/shop?<b>" in told


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no_edits", "правок нет"),
        ("no_deletes", "не удаляются"),
        ("no_reactions", "реакций нет"),
        ("too_old_to_change", "уже не поменять"),
        ("not_sent_yet", "ещё не ушло"),
        ("Файл не удалось получить.", "Файл не удалось получить."),
        ("help", "help"),
    ],
)
async def test_what_the_engine_names_is_a_sentence(at: Office, name: str, words: str) -> None:
    view = await at.show(CARD, make_view())
    await at.show(Notice(kind="info", text=name), view)
    assert words in at.shown(at.topic(view))[-1]
