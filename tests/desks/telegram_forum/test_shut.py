"""Topics that somebody closed, opened or deleted by hand: the customer's words come all the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from estafeta.kernel.model import Author, Notice, Stage, Text
from estafeta.kernel.ports import DeskView
from tests.contracts.desk_contract import everything, make_view
from tests.desks.telegram_forum.office import CARD, STATE, Office, moved, office, with_entry
from tests.telegram.stage import eventually


@pytest.fixture
async def at() -> AsyncIterator[Office]:
    async with office() as at:
        yield at


async def closed_by_hand(at: Office, view: DeskView) -> int:
    topic = at.topic(view)
    at.group.operator("Владимир").closes_topic(topic)
    await shut_known(at, topic, True)
    return topic


async def shut_known(at: Office, topic: int, closed: bool) -> None:
    key = f"forum.{at.group.id}.shut.{topic}"
    await eventually(lambda: at.store.kept.get(key, [0, False])[1] is closed)


def is_closed(at: Office, topic: int) -> bool:
    return at.group.chat.topics[topic].closed


@pytest.mark.parametrize("kind", ["said", "card", "reminder"])
async def test_a_topic_that_somebody_closed_is_opened_when_a_person_is_needed(at: Office, kind: Any) -> None:
    view = await at.show(CARD, make_view("Анна", "где заказ"))
    topic = await closed_by_hand(at, view)
    view = await at.show(Notice(kind=kind, entries=everything(view)), view)
    assert at.topic(view) == topic
    assert not is_closed(at, topic)
    assert at.icon(topic) == "‼️"
    await shut_known(at, topic, False)
    await at.show(Notice(kind=kind, entries=everything(view)), view)
    assert len(at.fake.calls_of("reopenForumTopic")) == 1


async def test_a_closed_topic_of_a_ticket_that_is_over_opens_with_the_next_one(at: Office) -> None:
    first = await at.show(CARD, make_view("Анна", "где заказ"))
    over = await at.show(STATE, moved(first, Stage.BOT, "closed"))
    topic = await closed_by_hand(at, over)
    await at.show(Notice(kind="info", text="csat_bad"), over)
    assert is_closed(at, topic), "nobody is needed there"
    assert at.icon(topic) == "✅"
    again = replace(first.conversation, version=over.conversation.version + 1)
    view = with_entry(replace(first, conversation=again), Text(text="снова я"))
    other = at.make_desk(at.stage.client)  # any worker knows it
    view = await at.show(CARD, view, desk=other)
    view = await at.show(Notice(kind="said", entries=everything(view)[-1:]), view, desk=other)
    assert not is_closed(at, topic)
    assert at.icon(topic) == "‼️"
    assert "снова я" in at.shown(topic)[-1]


async def test_a_state_opens_nothing_and_who_opened_it_by_hand_has_opened_it(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна", "где заказ"))
    topic = await closed_by_hand(at, view)
    await at.show(STATE, moved(view, Stage.HUMAN, "taken", version=1))
    assert is_closed(at, topic)
    at.group.operator("Владимир").reopens_topic(topic)
    await shut_known(at, topic, False)
    await at.show(Notice(kind="said", entries=everything(view)), view)
    assert at.fake.calls_of("reopenForumTopic") == []


async def test_words_come_also_where_the_topic_cannot_be_opened(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна", "где заказ"))
    topic = await closed_by_hand(at, view)
    at.fake.fail("reopenForumTopic", status=400, description="Bad Request: not enough rights to edit the topic")
    await at.show(Notice(kind="said", entries=everything(view)), view)
    assert "где заказ" in at.shown(topic)[-1]


async def test_a_topic_closed_and_then_deleted_is_made_anew(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна", "где заказ"))
    topic = await closed_by_hand(at, view)
    at.anna.deletes_topic(topic)
    view = await at.show(Notice(kind="said", entries=everything(view)), view)
    assert at.topic(view) != topic
    assert "где заказ" in at.shown(at.topic(view))[-1]


async def test_lines_about_the_general_topic_and_late_lines_change_nothing(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна", "где заказ"))
    topic = await closed_by_hand(at, view)
    chat = {"id": at.group.id, "type": "supergroup", "is_forum": True}
    hidden = {"chat": chat, "message_id": 900, "general_forum_topic_hidden": {}}
    late = {"chat": chat, "message_id": 2, "message_thread_id": topic, "is_topic_message": True}
    for message in (hidden, late | {"forum_topic_reopened": {}}):
        assert await at.desk.handle({"update_id": 1, "message": message}) == (None, None)
    await at.show(Notice(kind="said", entries=everything(view)), view)
    assert len(at.fake.calls_of("reopenForumTopic")) == 1


@pytest.mark.parametrize("kind", ["said", "state", "card", "info"])
async def test_what_stood_unanswered_in_a_deleted_topic_is_shown_again(at: Office, kind: Any) -> None:
    view = await at.show(CARD, make_view("Анна", "где заказ"))
    view = await at.says(view, Text(text="первые слова " * 40))
    view = with_entry(view, Text(text="смотрю"), author=Author(kind="operator", name="Ольга", id="1"))
    for number in range(2):
        view = await at.says(view, Text(text=f"слова {number} " * 50))
    at.anna.deletes_topic(at.topic(view))
    view = moved(view, Stage.HUMAN, "taken")
    if kind == "said":
        view = with_entry(view, Text(text="вы тут?"))
    view = await at.show(Notice(kind=kind, entries=everything(view)[-1:] if kind == "said" else (), text="весть"), view)
    card, *rest = at.shown(at.topic(view))
    assert "отвечает Ольга" in card
    assert sum("слова 0 слова 0" in text for text in rest) == 1
    assert sum("слова 1 слова 1" in text for text in rest) == 1
    assert not any("первые слова" in text for text in rest)
    if kind == "said":
        assert "вы тут?" in rest[-1]
        assert "вы тут?" not in "".join(rest[:-1])


async def test_what_is_shown_again_is_gone_on_with_after_a_failure(at: Office) -> None:
    view = await at.says(await at.show(CARD, make_view("Анна", "где заказ")), Text(text="раз " * 100))
    at.anna.deletes_topic(at.topic(view))
    call, sent = at.stage.client.call, 0

    async def flaky(method: Any, **more: Any) -> Any:
        nonlocal sent
        if type(method).__name__ == "SendMessage":
            sent += 1
            if sent == 3:  # into the deleted topic, the new card, the words
                at.fake.fail("sendMessage", status=500)
        return await call(method, **more)

    at.stage.client.call = flaky  # type: ignore[method-assign]
    with pytest.raises(Exception, match="Telegram"):
        await at.show(Notice(kind="info", text="весть"), view)
    view = await at.show(Notice(kind="info", text="весть"), view)
    _, again, news = at.shown(at.topic(view))
    assert "раз раз" in again
    assert news == "весть"
    assert len(at.group.topics) == 1
