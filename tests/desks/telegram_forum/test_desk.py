"""The forum desk beyond the common promises: cards, topics that vanish, the group's budget."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bots.telegram.config import TelegramLimits
from estafeta.fakes.telegram import Limits
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import Address, Customer, Notice, Stage
from estafeta.kernel.ports import Receipt
from handoff.desks.telegram_forum.topic import CARD_LIMIT
from tests.contracts.desk_contract import everything, item, make_view
from tests.desks.telegram_forum.office import CARD, STATE, Office, listening, moved, office, stored
from tests.telegram.stage import eventually


@pytest.fixture
async def at() -> AsyncIterator[Office]:
    async with office() as at:
        yield at


async def test_the_icon_always_tells_how_things_stand(at: Office) -> None:
    view = await at.show(CARD, make_view())
    topic = at.topic(view)
    icons = [at.icon(topic)]
    ticket = view.conversation.ticket
    steps = ((Stage.HUMAN, "taken"), (Stage.BOT, "returned"), (Stage.QUEUED, "opened"), (Stage.BOT, "closed"))
    for stage, event in steps:
        view = replace(view, conversation=replace(view.conversation, ticket=ticket))
        view = await at.show(STATE, moved(view, stage, event))
        icons.append(at.icon(topic))
        assert at.name(topic) == "Анна Смирнова · Сайт"
    assert icons == ["‼️", "❗️", "⚡️", "‼️", "✅"]
    assert len(at.group.topics) == 1


async def test_where_telegram_tells_no_icons_the_name_begins_with_a_sign(at: Office) -> None:
    at.fake.fail("getForumTopicIconStickers", "answer", status=500)
    view = await at.show(CARD, make_view())
    topic = at.topic(view)
    assert at.name(topic) == "🔴 Анна Смирнова · Сайт"
    await at.show(STATE, moved(view, Stage.BOT, "closed"))
    assert at.name(topic) == "✅ Анна Смирнова · Сайт"
    assert at.icon(topic) == ""


async def test_the_card_is_edited_in_place(at: Office) -> None:
    view = await at.show(CARD, make_view())
    [card] = at.messages(at.topic(view))
    assert card.buttons == ("Взять", "Передать…", "Закрыть")
    await at.show(STATE, moved(view, Stage.HUMAN, "taken"))
    [edited] = at.messages(at.topic(view))
    assert (edited.id, edited.edited) == (card.id, True)
    assert edited.buttons == ("Передать…", "Вернуть боту", "Закрыть")
    assert "отвечает Ольга" in edited.text


async def test_a_card_in_english() -> None:
    async with office(language="en") as at:
        view = await at.show(CARD, make_view())
        [card] = at.messages(at.topic(view))
        assert card.buttons == ("Take", "Pass on…", "Close")
        assert "Reason: the customer asks for a person" in card.text
        assert at.name(at.topic(view)).endswith("· Website")


async def test_the_largest_card_fits(at: Office) -> None:
    hostile = "<&>\u202e👨‍👩‍👧\n" * 300
    view = make_view(hostile, *(hostile for _ in range(20)), request=hostile)
    dialog = replace(view.conversation.dialog, slots={hostile + str(n): [hostile, n] for n in range(50)})
    customer = replace(view.conversation.customer, username=hostile)
    view = replace(view, conversation=replace(view.conversation, dialog=dialog, customer=customer))
    view = await at.show(CARD, view)
    [card] = at.messages(at.topic(view))
    assert len(card.text.encode("utf-16-le")) // 2 <= CARD_LIMIT
    assert "\u202e" not in card.text + at.name(at.topic(view))
    assert "<&>" in card.text


async def test_a_nameless_customer_has_a_topic_too(at: Office) -> None:
    view = make_view()
    view = replace(view, conversation=replace(view.conversation, customer=Customer(name=" \n ")))
    view = await at.show(CARD, view)
    assert "Без имени" in at.name(at.topic(view))


async def test_an_unchanged_state_costs_nothing(at: Office) -> None:
    view = await at.show(CARD, make_view())
    before = len(at.fake.calls)
    for _ in range(3):
        await at.show(STATE, view)
    assert len(at.fake.calls) == before


@pytest.mark.parametrize("kind", ["said", "card", "info", "state"])
async def test_a_deleted_topic_is_made_again_with_its_card(at: Office, kind: Any) -> None:
    view = await at.show(CARD, make_view("Анна", "где заказ"))
    lost = at.topic(view)
    at.anna.deletes_topic(lost)
    notice = Notice(kind=kind, entries=everything(view), text="весть")
    view = await at.show(notice, moved(view, Stage.HUMAN, "taken"))
    assert at.topic(view) != lost
    assert "Анна" in at.shown(at.topic(view))[0]
    assert view.conversation.threads[at.desk.name].card == str(at.messages(at.topic(view))[0].id)


async def test_a_new_topic_is_used_before_it_is_committed(at: Office) -> None:
    old = make_view("Анна", "раз")
    first = await at.show(CARD, old)
    at.anna.deletes_topic(at.topic(first))
    second = await at.show(Notice(kind="said", entries=everything(first)), first)
    third = await at.show(Notice(kind="info", text="весть"), first)  # still the view with the deleted topic
    fourth = await at.show(Notice(kind="info", text="ещё весть"), old)  # and one with none
    assert at.topic(second) == at.topic(third) == at.topic(fourth)
    assert len(at.group.topics) == 1


async def test_a_deleted_topic_of_a_closed_ticket_stays_deleted(at: Office) -> None:
    view = await at.show(CARD, make_view())
    at.anna.deletes_topic(at.topic(view))
    receipt = await at.desk.show(item(), STATE, moved(view, Stage.BOT, "closed"))
    assert receipt == Receipt()
    assert at.group.topics == []


async def test_a_topic_that_vanished_without_an_error_is_noticed(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна", "раз"))
    lost = at.topic(view)
    call = at.stage.client.call

    async def into_general(method: Any, **more: Any) -> Any:
        if getattr(method, "message_thread_id", None) == lost:
            method = method.model_copy(update={"message_thread_id": None})
        return await call(method, **more)

    at.stage.client.call = into_general  # type: ignore[method-assign]
    view = await at.show(Notice(kind="said", entries=everything(view)), view)
    assert at.topic(view) != lost
    assert any("раз" in text for text in at.shown(at.topic(view)))


@pytest.mark.parametrize("kind", ["said", "card"])
async def test_a_closed_topic_is_opened_again(at: Office, kind: Any) -> None:
    view = await at.show(CARD, make_view("Анна", "где заказ"))
    topic = at.topic(view)
    at.fake.fail("sendMessage", "answer", status=400, description="Bad Request: TOPIC_CLOSED")
    at.group.operator("Владимир").closes_topic(topic)
    view = await at.show(Notice(kind=kind, entries=everything(view)), view)
    assert at.topic(view) == topic
    assert not at.group.chat.topics[topic].closed
    assert len(at.messages(topic)) == 2


@pytest.mark.parametrize("why", ["message to edit not found", "message can't be edited", "MESSAGE_ID_INVALID"])
async def test_a_card_that_is_gone_or_another_bots_is_posted_again(at: Office, why: str) -> None:
    view = await at.show(CARD, make_view())
    [card] = at.messages(at.topic(view))
    at.fake.fail("editMessageText", "answer", status=400, description=f"Bad Request: {why}")
    view = await at.show(STATE, moved(view, Stage.HUMAN, "taken"))
    assert view.conversation.threads[at.desk.name].card != str(card.id)


async def test_a_moved_group_is_followed_both_ways(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна", "раз"))
    topic = at.topic(view)
    at.group.migrates()
    view = await at.show(Notice(kind="said", entries=everything(view)), view)
    assert at.topic(view) == topic
    assert "раз" in at.shown(topic)[-1]
    at.anna.says("ответ", topic=topic)
    [signal] = await at.stage.inbox.have()
    assert signal.address == view.conversation.threads[at.desk.name].address


async def test_operators_are_heard_in_a_moved_group_before_anything_is_sent_there(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна", "раз"))
    at.group.migrates()
    at.anna.says("ответ", topic=at.topic(view))
    [signal] = await at.stage.inbox.have()
    assert signal.address == view.conversation.threads[at.desk.name].address


async def test_the_topic_of_another_group_is_left_alone(at: Office) -> None:
    view = await at.show(CARD, make_view())
    thread = view.conversation.threads[at.desk.name]
    elsewhere = replace(thread, address=replace(thread.address, account="-100999"))
    other = make_view("Борис", "раз")
    other = replace(other, conversation=replace(other.conversation, threads={at.desk.name: elsewhere}))
    other = await at.show(CARD, other)
    assert at.topic(other) != at.topic(view)
    assert other.conversation.threads[at.desk.name].address.account == str(at.group.id)


async def test_a_reminder_offers_to_take(at: Office) -> None:
    view = await at.show(CARD, make_view())
    await at.show(Notice(kind="reminder"), replace(view, now=view.now + timedelta(minutes=4)))
    last = at.messages(at.topic(view))[-1]
    assert "5 мин" in last.text
    assert last.buttons == ("Взять",)


async def test_reachability_is_told_in_words(at: Office) -> None:
    view = await at.show(CARD, make_view())
    await at.show(Notice(kind="info", text="unreachable"), view)
    assert "заблокировал" in at.shown(at.topic(view))[-1]


async def test_a_failed_start_is_gone_on_with(at: Office) -> None:
    view = make_view()
    same = item()
    at.fake.fail("sendMessage", "answer", status=500)
    with pytest.raises(SendFailed):
        await at.show(CARD, view, outbox=same)
    view = await at.show(CARD, view, outbox=same)
    assert len(at.group.topics) == 1
    assert len(at.messages(at.topic(view))) == 1


async def test_a_topic_is_its_conversations_before_anything_stands_in_it(at: Office) -> None:
    view = make_view()
    at.fake.fail("sendMessage", "answer", status=500)
    with pytest.raises(SendFailed):
        await at.show(CARD, view)
    [topic] = at.group.topics
    address = Address(channel=at.desk.name, account=str(at.group.id), chat=str(topic.id))
    assert at.store.linked == {address: view.conversation.id}


async def test_a_store_that_is_away_makes_no_second_topic(at: Office) -> None:
    view, same = make_view(), item()
    at.store.unlinkable = 2
    for _ in range(2):
        with pytest.raises(SendFailed) as failed:
            await at.show(CARD, view, outbox=same)
        assert failed.value.retry_after is not None
    assert at.store.linked == {}
    view = await at.show(CARD, view, outbox=same)
    assert list(at.store.linked.values()) == [view.conversation.id]
    assert len(at.group.topics) == 1
    assert len(at.messages(at.topic(view))) == 1


async def test_the_groups_budget_is_kept_and_the_urgent_goes_first() -> None:
    pace = TelegramLimits(bot_per_second=1e6, chat_per_second=1e6, chat_burst=1e6, group_per_minute=1200)
    limits = Limits(bot_per_second=1e6, private_per_second=1e6, group_per_minute=1200)
    async with office(pace=pace, limits=limits) as at:
        views = [await at.show(CARD, make_view(f"Клиент {n}", "раз")) for n in range(60)]
        at.stage.client._pacer.penalise(at.group.id, 0.3)
        begun = len(at.fake.calls)
        states = [at.show(STATE, moved(view, Stage.HUMAN, "taken")) for view in views[:20]]
        words = [at.show(Notice(kind="said", entries=everything(v)), v) for v in views[20:40]]
        await asyncio.gather(*states, *words)
        methods = [call.method for call in list(at.fake.calls)[begun:]]
        assert methods.count("sendMessage") == 20
        assert "editMessageText" not in methods
        assert all(call.ok for call in at.fake.calls)


async def test_a_state_for_which_there_is_no_room_is_drawn_later_as_things_stand_then(at: Office) -> None:
    view = await stored(at, await at.show(CARD, make_view()))
    closed = moved(view, Stage.BOT, "closed", version=2)
    at.stage.client._pacer.penalise(at.group.id, 0.2)
    await asyncio.gather(at.show(STATE, moved(view, Stage.HUMAN, "taken", version=1)), at.show(STATE, closed))
    assert at.fake.calls_of("editMessageText") == []
    await stored(at, closed, before=1)
    async with listening(at):
        await at.fake.wait(lambda: at.icon(at.topic(view)) == "✅")
    assert len(at.fake.calls_of("editMessageText")) == 1
    assert len(at.fake.calls_of("editForumTopic")) == 1


async def test_the_group_is_checked() -> None:
    async with office() as at:
        assert await at.desk.check() == []
        at.group.set_bot("administrator", without=("can_manage_topics",))
        [sentence] = await at.desk.check()
        assert "управлять темами" in sentence
        task = asyncio.create_task(at.desk.listen(at.stage.inbox))
        before = len(at.fake.calls_of("getChatMember"))
        await eventually(lambda: len(at.fake.calls_of("getChatMember")) > before)
        assert not task.done()
        task.cancel()
        await asyncio.wait([task])


async def test_intents_are_told_by_the_titles_of_their_flows(work: Office) -> None:
    view = await work.show(CARD, make_view())
    card = "\n".join(work.shown(work.topic(view)))
    assert "Похоже на: Где мой заказ 41%" in card
    assert "order_status" not in card
