"""What is about an earlier message, as it stands in the topic: answers, edits, deletions, reactions."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bots.telegram.client import TelegramClient
from estafeta.kernel.model import Author, EntryId, Link, Notice, Text
from estafeta.kernel.ports import DeskView
from handoff.desks.telegram_forum.posts import REPLIES
from tests.attachments.samples import JPEG
from tests.contracts.desk_contract import everything, make_view
from tests.desks.telegram_forum.office import CARD, Office, linked, office, with_entry
from tests.telegram.stage import UNLIMITED


@pytest.fixture
async def at() -> AsyncIterator[Office]:
    async with office() as at:
        yield at


@pytest.fixture
async def view(at: Office) -> DeskView:
    """The customer asked where the order is."""
    view = await at.show(CARD, make_view("Анна"))
    return await at.says(view, Text(text="где мой заказ?"))


async def latest(at: Office, view: DeskView, count: int = 1) -> DeskView:
    """The topic shows the newest entries."""
    return await at.show(Notice(kind="said", entries=tuple(entry.id for entry in view.entries[-count:])), view)


async def test_an_answer_is_a_real_reply(at: Office, view: DeskView) -> None:
    asked = at.messages(at.topic(view))[-1]
    view = await at.says(view, Text(text="он про чайник"), reply_to=view.entries[-1].id)
    said = at.messages(at.topic(view))[-1]
    assert (said.text, said.reply_to) == ("👤 Анна\nон про чайник", asked.id)


async def test_an_answer_with_a_file_is_a_real_reply(at: Office, view: DeskView) -> None:
    asked = at.messages(at.topic(view))[-1]
    view = await at.says(view, await at.keep("photo", JPEG, "чек.jpg"), reply_to=view.entries[-1].id)
    said = at.messages(at.topic(view))[-1]
    assert (said.text, said.reply_to) == ("[photo] 👤 Анна", asked.id)


async def test_another_worker_points_at_the_same_message(at: Office, view: DeskView) -> None:
    client = TelegramClient(at.stage.config.token, clock=at.stage.clock, base_url=at.fake.url, limits=UNLIMITED)
    asked = at.messages(at.topic(view))[-1]
    view = await at.says(view, Text(text="ау"), desk=at.make_desk(client), reply_to=view.entries[-1].id)
    assert at.messages(at.topic(view))[-1].reply_to == asked.id
    await client.close()


async def test_an_answer_to_an_operator_points_at_what_they_typed(at: Office, view: DeskView) -> None:
    typed = at.anna.says("проверяю", topic=at.topic(view))["message_id"]
    view = with_entry(view, Text(text="проверяю"), author=Author(kind="operator", name="Анна", id="1"))
    entry = view.entries[-1].id
    link = Link(entry=entry, by="operator", at=view.conversation.address, there=str(typed), desk=at.desk.name)
    view = await at.says(linked(view, link), Text(text="спасибо"), reply_to=entry)
    assert at.messages(at.topic(view))[-1].reply_to == typed


async def test_what_cannot_be_pointed_at_is_quoted(at: Office, view: DeskView) -> None:
    view = with_entry(view, Text(text="наш бот работает круглые сутки"), author=Author(kind="bot"))
    view = await at.says(view, Text(text="правда?"), reply_to=view.entries[-1].id)
    view = await at.says(view, Text(text="а это?"), quote="из рекламы\nв окне")
    view = await at.says(view, Text(text="и то?"), reply_to="long ago")
    assert at.shown(at.topic(view))[-3:] == [
        "👤 Анна\n↩️ наш бот работает круглые сутки\nправда?",
        "👤 Анна\n↩️ из рекламы в окне\nа это?",
        "👤 Анна\n↩️ (слова давние)\nи то?",
    ]


async def test_an_answer_to_a_message_that_is_gone_is_shown_all_the_same(at: Office, view: DeskView) -> None:
    topic = at.topic(view)
    del at.group.chat.messages[at.messages(topic)[-1].id]
    view = await at.says(view, Text(text="ау"), reply_to=view.entries[-1].id)
    assert at.messages(topic)[-1].text == "👤 Анна\nау"


async def test_many_answers_at_once_cost_one_post(at: Office, view: DeskView) -> None:
    asked, before = view.entries[-1].id, len(at.shown(at.topic(view)))
    for number in range(REPLIES + 1):
        view = with_entry(view, Text(text=str(number)), reply_to=asked)
    view = await latest(at, view, REPLIES + 1)
    [said] = at.shown(at.topic(view))[before:]
    assert said.count("↩️ где мой заказ?") == 1
    assert "↩️ где мой заказ?\n0\n1\n2\n3" in said


async def test_a_few_answers_at_once_are_posts_of_their_own(at: Office, view: DeskView) -> None:
    asked = at.messages(at.topic(view))[-1]
    for number in range(2):
        view = with_entry(view, Text(text=str(number)), reply_to=view.entries[1].id)
        view = with_entry(view, Text(text="и ещё"))
    view = await latest(at, view, 4)
    said = at.messages(at.topic(view))[-2:]
    assert [(m.text, m.reply_to) for m in said] == [("👤 Анна\n0\nи ещё", asked.id), ("👤 Анна\n1\nи ещё", asked.id)]


async def test_a_deletion_is_shown(at: Office, view: DeskView) -> None:
    asked = at.messages(at.topic(view))[-1]
    view = await latest(at, with_entry(view, kind="deletion", of=view.entries[-1].id))
    said = at.messages(at.topic(view))[-1]
    assert (said.text, said.reply_to) == ("🗑 Анна, удалённое сообщение: «где мой заказ?»", asked.id)


@pytest.mark.parametrize(
    ("emoji", "words"), [("❤", "❤ 👤 Анна на: «где мой заказ?»"), ("", "👤 Анна: реакция снята с: «где мой заказ?»")]
)
async def test_a_reaction_is_shown(at: Office, view: DeskView, emoji: str, words: str) -> None:
    asked = at.messages(at.topic(view))[-1]
    view = await latest(at, with_entry(view, kind="reaction", of=view.entries[-1].id, emoji=emoji))
    said = at.messages(at.topic(view))[-1]
    assert (said.text, said.reply_to) == (words, asked.id)


async def test_what_is_about_words_of_long_ago_is_shown_too(at: Office, view: DeskView) -> None:
    view = with_entry(view, kind="deletion", message="m0")
    view = with_entry(view, kind="reaction", message="m0", emoji="👍")
    view = await latest(at, view, 2)
    assert at.shown(at.topic(view))[-1] == (
        "🗑 Анна, удалённое сообщение: (слова давние)\n\n👍 👤 Анна на: (слова давние)"
    )


async def test_an_edit_points_at_what_it_changes(at: Office, view: DeskView) -> None:
    asked = at.messages(at.topic(view))[-1]
    view = await latest(at, with_entry(view, Text(text="где мои заказы?"), kind="edit", of=view.entries[-1].id))
    said = at.messages(at.topic(view))[-1]
    assert said.reply_to == asked.id
    assert said.text == "✏️ Анна, правка сообщения\nБыло: где мой заказ?\nСтало: где мои заказы?"


async def test_what_was_said_past_the_platform_is_an_operators_words(at: Office, view: DeskView) -> None:
    olga = Author(kind="operator", name="Ольга", id="vk:1")
    view = await latest(at, with_entry(view, Text(text="уже везём"), author=olga, where="vk"))
    assert at.shown(at.topic(view))[-1] == "💬 Ольга, в самом приложении (ВКонтакте)\nуже везём"


async def test_what_was_deleted_is_struck_out_on_the_card(at: Office, view: DeskView) -> None:
    view = with_entry(view, kind="deletion", of=view.entries[-1].id)
    again = await at.show(CARD, view)
    card = at.messages(at.topic(again))[-1]
    assert "👤 🗑 где мой заказ?" in card.text
    assert any(entity["type"] == "strikethrough" for entity in card.raw["entities"])


async def test_a_reply_in_a_folded_notice_points_at_the_post_where_the_entry_stands(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна", "раз"))
    view = with_entry(view, await at.keep("photo", JPEG, "1.jpg"))
    view = with_entry(view, await at.keep("photo", JPEG, "2.jpg"))
    view = await at.show(Notice(kind="said", entries=everything(view)), view)
    second = at.messages(at.topic(view))[-1]
    view = await at.says(view, Text(text="вот эта"), reply_to=EntryId(view.entries[-1].id))
    assert at.messages(at.topic(view))[-1].reply_to == second.id
