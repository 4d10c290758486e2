"""Edits of customers' messages, as operators see them in the topic."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from estafeta.kernel.model import EntryId, Notice, Text
from estafeta.kernel.ports import DeskView
from tests.contracts.desk_contract import make_view
from tests.desks.telegram_forum.office import Office, office

CARD = Notice(kind="card")


@pytest.fixture
async def at() -> AsyncIterator[Office]:
    async with office() as at:
        yield at


def edited(view: DeskView, text: str, *, seq: int, message: str = "m1") -> DeskView:
    """The view after the customer changed the message `message`, which is the view's first entry."""
    first = replace(view.entries[0], data={"message": "m1"})
    edit = replace(
        first, id=EntryId(f"edit{seq}"), seq=seq, kind="edit", parts=(Text(text=text),), data={"message": message}
    )
    return replace(view, entries=(first, *view.entries[1:], edit))


async def test_an_edit_stands_beside_the_words_it_changes(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна", "заказ 100234"))
    view = edited(view, "заказ 100235", seq=50)
    await at.show(Notice(kind="said", entries=(EntryId("edit50"),)), view)
    assert at.shown(at.topic(view))[-1] == "✏️ Анна, правка сообщения\nБыло: заказ 100234\nСтало: заказ 100235"
    view = edited(view, "заказ 100236", seq=51)
    await at.show(Notice(kind="said", entries=(EntryId("edit51"),)), view)
    assert "Было: заказ 100235\nСтало: заказ 100236" in at.shown(at.topic(view))[-1]


async def test_an_edit_of_words_long_gone_is_shown_alone(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна", "раз"))
    view = edited(view, "давнее", seq=50, message="m0")
    await at.show(Notice(kind="said", entries=(EntryId("edit50"),)), view)
    assert at.shown(at.topic(view))[-1] == "✏️ Анна, правка сообщения\nСтало: давнее"


async def test_an_edit_that_changes_no_word_costs_nothing(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна", "раз"))
    before = at.shown(at.topic(view))
    view = edited(view, "раз", seq=50)
    await at.show(Notice(kind="said", entries=(EntryId("edit50"),)), view)
    assert at.shown(at.topic(view)) == before
