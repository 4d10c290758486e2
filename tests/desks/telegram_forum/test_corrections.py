"""/intent: what the bot should have understood."""

from __future__ import annotations

from dataclasses import replace

import pytest

from estafeta.kernel.model import Link, Text, Understanding
from estafeta.kernel.ports import DeskView
from tests.contracts.desk_contract import make_view
from tests.desks.telegram_forum.office import CARD, Office, linked, stored, with_entry


@pytest.fixture
async def here(work: Office) -> DeskView:
    """The bot tried to understand "Алло?" and nothing else; both stand in the topic."""
    view = await work.show(CARD, make_view("Вера", "Где мой заказ?"))
    view = await work.says(view, Text(text="Алло?"))
    *before, last = view.entries
    last = replace(last, understanding=Understanding(intent="greeting", confidence=0.4))
    return await stored(work, replace(view, entries=(*before, last)))


async def kept(at: Office, number: int) -> None:
    """The command has its mark, and no words below it."""
    await at.fake.wait(lambda: "✍" in str(at.fake.calls_of("setMessageReaction")))
    assert len(at.corrected) == number


async def test_alone_it_is_about_the_latest_that_the_bot_tried_to_understand(work: Office, here: DeskView) -> None:
    posts = len(work.messages(work.topic(here)))
    work.anna.says("/intent order_status", topic=work.topic(here))
    await kept(work, 1)
    assert work.corrected == [("order_status", 0)]
    assert len([one for one in work.messages(work.topic(here)) if one.by_bot]) == posts


async def test_as_an_answer_it_is_about_that_message_and_a_title_does(work: Office, here: DeskView) -> None:
    shown = await work.told(work.topic(here), "Алло?")
    work.anna.says("/intent возврат ДЕНЕГ", topic=work.topic(here), reply_to=shown.id)
    await kept(work, 1)
    assert work.corrected == [("refund_when", here.entries[-1].seq)]


async def test_words_that_came_together_are_one_post_and_one_turn(work: Office) -> None:
    """Both entries stand in the same post; the bot understood them with the second."""
    view = await work.show(CARD, make_view("Вера", "Здравствуйте"))
    view = with_entry(view, Text(text="Где"))
    view = await work.says(view, Text(text="мой заказ?"))
    first, last = view.entries[-2:]
    last = replace(last, understanding=Understanding(intent="", confidence=0.0))
    there = work.receipt.external
    view = linked(
        replace(view, entries=(*view.entries[:-1], last)),
        Link(entry=first.id, by="customer", at=view.conversation.address, here="h", there=there, desk=work.desk.name),
    )
    view = await stored(work, view)
    work.anna.says("/intent order_status", topic=work.topic(view), reply_to=int(there.split()[0]))
    await kept(work, 1)
    assert work.corrected == [("order_status", view.entries[-1].seq)]


@pytest.mark.parametrize("words", ["Где мой заказ?", "Вера"])
async def test_what_the_bot_did_not_try_to_understand_is_not_corrected(
    work: Office, here: DeskView, words: str
) -> None:
    """An answer to the card is none to the customer's words, and must not go to others."""
    [shown, *_] = [one for one in work.messages(work.topic(here)) if words in one.text]
    work.anna.says("/intent returns", topic=work.topic(here), reply_to=shown.id)
    await work.told(work.topic(here), "Не записано")
    assert work.corrected == []


async def test_it_says_when_nothing_was_kept(work: Office, here: DeskView) -> None:
    work.corrects = False
    work.anna.says("/intent returns", topic=work.topic(here))
    await work.told(work.topic(here), "Не записано")


async def test_without_a_name_all_are_listed_by_title(work: Office, here: DeskView) -> None:
    work.anna.says("/intent", topic=work.topic(here))
    told = await work.told(work.topic(here), "Что бот должен был понять")
    assert "Не для бота: out_of_scope" in told.text
    assert "order_status" in told.text


async def test_a_name_that_is_none_gets_the_nearest_and_the_list(work: Office, here: DeskView) -> None:
    work.anna.says("/intent order_statsu <b>", topic=work.topic(here))
    told = await work.told(work.topic(here), "Такого бот не различает: order_statsu <b>.")
    near, every = told.text.split("Есть:")
    assert "order_status" in near
    assert "out_of_scope" in every
    assert work.corrected == []


async def test_a_long_list_fits_one_message_and_says_how_to_find_the_others(work: Office, here: DeskView) -> None:
    assert work.workspace is not None
    many = frozenset(f"intent_with_a_rather_long_name_{number}" for number in range(300))
    work.workspace = replace(work.workspace, training=replace(work.workspace.training, intents=many))
    work.anna.says("/intent", topic=work.topic(here))
    told = await work.told(work.topic(here), "Что бот должен был понять")
    assert len(told.text) <= 4096
    assert told.text.splitlines()[-1].startswith("… и ещё ")


async def test_it_is_for_topics_alone(work: Office) -> None:
    work.anna.says("/intent returns")
    await work.fake.wait(lambda: any("работает в теме" in message.text for message in work.fake.messages(work.group)))


async def test_without_content_there_is_nothing_to_choose(work: Office, here: DeskView) -> None:
    work.workspace = None
    work.anna.says("/intent returns", topic=work.topic(here))
    await work.told(work.topic(here), "исправлять нечего")
