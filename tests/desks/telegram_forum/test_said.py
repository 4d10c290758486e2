"""What customers say, as words in the topic."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from estafeta.kernel.model import Author, EntryId, Notice, Text
from tests.contracts.desk_contract import everything, make_view
from tests.desks.telegram_forum.office import CARD, Office, office


@pytest.fixture
async def at() -> AsyncIterator[Office]:
    async with office() as at:
        yield at


async def test_entries_are_folded_into_one_message(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна", "раз", "два"))
    bot = replace(view.entries[0], id=EntryId("b"), author=Author(kind="bot"), parts=(Text(text="ответ бота"),))
    third = replace(view.entries[0], id=EntryId("p"), parts=(Text(text="три"),))
    view = replace(view, entries=(*view.entries, bot, third))
    view = await at.show(Notice(kind="said", entries=everything(view)), view)
    said = at.messages(at.topic(view))[-1]
    assert said.text == "👤 Анна\nраз\nдва\n\n🤖 Бот\nответ бота\n\n👤 Анна\nтри"
    assert at.receipt.external == str(said.id)


async def test_long_words_come_in_several_messages(at: Office) -> None:
    text = " ".join(f"слово{number}" for number in range(1500))
    view = await at.show(CARD, make_view("Анна", text))
    await at.show(Notice(kind="said", entries=everything(view)), view)
    pieces = at.shown(at.topic(view))[1:]
    assert len(pieces) > 2
    assert " ".join(pieces).split()[2:] == text.split()


async def test_words_that_are_gone_from_the_view_are_not_silently_lost(at: Office) -> None:
    view = await at.show(CARD, make_view())
    await at.show(Notice(kind="said", entries=(EntryId("long ago"),)), view)
    assert "слова уже не в последних записях" in at.shown(at.topic(view))[-1]
