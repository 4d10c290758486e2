"""How things stand: drawn late, once, and only when it is worth a call; whom a ticket is offered to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from estafeta.kernel.model import Author, Notice, Offer, Operator, Stage, Text
from estafeta.kernel.ports import DeskView
from handoff.desks.telegram_forum.painter import Painter
from handoff.floor import Floor, Member
from tests.contracts.desk_contract import everything, make_view
from tests.desks.telegram_forum.office import (
    CARD,
    STATE,
    Office,
    listening,
    moved,
    office,
    stored,
    with_entry,
)
from tests.telegram.stage import eventually

RESTS = 0.6


@pytest.fixture
async def at() -> AsyncIterator[Office]:
    async with office(rests=RESTS) as at:
        yield at


def group_calls(at: Office) -> list[str]:
    """What counts against the group's budget."""
    counted = ("createForumTopic", "editForumTopic", "sendMessage", "editMessageText", "editMessageReplyMarkup")
    return [call.method for call in at.fake.calls if call.method in counted]


def answered(view: DeskView, words: str = "сейчас посмотрю") -> DeskView:
    return with_entry(view, Text(text=words), author=Author(kind="operator", name="Ольга", id="1"))


async def test_a_ticket_is_two_calls_and_its_words_one_until_it_is_over(at: Office) -> None:
    view = await stored(at, await at.show(CARD, make_view("Вера", "где заказ?")))
    topic = at.topic(view)
    assert (group_calls(at), at.icon(topic)) == (["createForumTopic", "sendMessage"], "‼️")
    view = moved(answered(view), Stage.HUMAN, "taken")
    await at.show(STATE, view)
    await at.show(STATE, view)
    await at.show(Notice(kind="receipt", text="sent", message="77"), view)
    for _ in range(3):
        view = with_entry(view, Text(text="а когда?"))
        view = answered(view)
        await at.show(STATE, view)
    assert group_calls(at)[2:] == ["editMessageText"]
    view = await stored(at, moved(view, Stage.BOT, "closed"), before=1)
    await at.show(STATE, view)
    async with listening(at):
        await at.fake.wait(lambda: at.icon(topic) == "✅")
        async with asyncio.timeout(10):
            while await at.store.items(f"forum.{at.group.id}.look."):  # noqa: ASYNC110  nothing tells of it
                await asyncio.sleep(0.01)
    assert group_calls(at)[2:] == ["editMessageText", "editMessageText", "editForumTopic"]
    assert await at.store.get(f"forum.{at.group.id}.{view.conversation.id}") is None


async def test_whose_turn_it_is_is_drawn_when_it_has_settled(at: Office) -> None:
    view = await at.show(CARD, make_view("Вера", "где заказ?"))
    topic = at.topic(view)
    view = moved(view, Stage.HUMAN, "taken", version=1)
    await at.show(STATE, view)
    view = answered(view)
    view = await stored(at, view)
    async with listening(at):
        await at.fake.wait(lambda: at.icon(topic) == "💬")
        assert group_calls(at).count("editForumTopic") == 1
        view = with_entry(view, Text(text="а когда?"))
        await at.show(Notice(kind="said", entries=everything(view)[-1:]), view)
        view = await stored(at, answered(view, "завтра"), before=1)
        await at.show(Notice(kind="receipt", text="sent", message="77"), view)
        view = await stored(at, with_entry(view, Text(text="спасибо, а где?")), before=2)
        await at.show(Notice(kind="said", entries=everything(view)[-1:]), view)
        await at.fake.wait(lambda: at.icon(topic) == "❗️")
        assert group_calls(at).count("editForumTopic") == 2


async def test_what_was_to_be_drawn_survives_a_restart(at: Office) -> None:
    view = await at.show(CARD, make_view("Вера", "где заказ?"))
    await at.show(STATE, moved(answered(view), Stage.HUMAN, "taken", version=1))
    await stored(at, moved(answered(view), Stage.HUMAN, "taken"))
    at.desk = at.make_desk(at.stage.client)
    async with listening(at):
        await at.fake.wait(lambda: at.icon(at.topic(view)) == "💬")


async def test_put_off_and_marked_it_can_be_seen(at: Office) -> None:
    view = moved(await at.show(CARD, make_view()), Stage.HUMAN, "taken")
    ticket = view.conversation.ticket
    assert ticket is not None
    until = view.now + timedelta(hours=3)
    ticket = replace(ticket, held_until=until, tags=("возврат",), priority=5)
    view = await stored(at, replace(view, conversation=replace(view.conversation, ticket=ticket, blocked=True)))
    await at.show(STATE, view)
    [card] = at.messages(at.topic(view))
    for fact in (f"отложено до {until:%d.%m %H:%M} UTC, Ольга", "Метки: возврат", "Приоритет: +5", "⛔"):
        assert fact in card.text
    assert card.buttons == ("Вернуть в работу", "Закрыть")
    async with listening(at):
        await at.fake.wait(lambda: at.icon(at.topic(view)) == "📆")


async def test_a_drawing_that_fails_for_good_is_given_up_and_others_go_on(at: Office) -> None:
    drawn: list[str] = []

    async def draw(view: DeskView, patience: float) -> None:
        drawn.append(view.conversation.customer.name)
        if len(drawn) == 1:
            raise ValueError("a mistake of ours")

    views = [await stored(at, make_view(name)) for name in ("Вера", "Глеб")]
    painter = Painter(at.store, at.stage.clock, group_id=1, can=lambda address: None, draw=draw, rests=0.0)
    for view in views:
        await painter.want(view.conversation.id)
        await painter.want(view.conversation.id, within=30.0)
    task = asyncio.create_task(painter.paint())
    await eventually(lambda: len(drawn) == 2)
    task.cancel()
    await asyncio.wait([task])
    assert sorted(drawn) == ["Вера", "Глеб"]


async def test_a_store_that_keeps_no_looks_costs_a_drawing_and_no_words(at: Office) -> None:
    view = await at.show(CARD, make_view("Вера", "где заказ?"))
    view = moved(view, Stage.HUMAN, "taken")
    at.store.unputtable = 2
    await at.show(STATE, view)
    assert at.store.unputtable == 0
    await at.show(Notice(kind="said", entries=everything(view)[:1]), view)
    assert "где заказ?" in at.shown(at.topic(view))[-1]


async def test_what_changed_while_a_drawing_waited_is_drawn_anew(at: Office) -> None:
    view = await stored(at, await at.show(CARD, make_view("Вера", "где заказ?")))
    newer = moved(view, Stage.HUMAN, "taken", version=2)
    at.desk._states.saw(newer)
    await at.desk._states.paint(view, 1.0)  # as it was when it was read, a moment ago
    assert at.icon(at.topic(view)) == "‼️"
    await stored(at, answered(newer), before=1)
    async with listening(at):
        await at.fake.wait(lambda: at.icon(at.topic(view)) == "💬")


# --- offers --------------------------------------------------------------------------------------


def offering(view: DeskView, *people: str, rung: int = 0, minutes: int = 0) -> DeskView:
    ticket = view.conversation.ticket
    assert ticket is not None
    at = ticket.opened_at + timedelta(minutes=minutes)
    offer = Offer(to=people, at=at, until=at + timedelta(minutes=2), rung=rung)
    return replace(view, conversation=replace(view.conversation, ticket=replace(ticket, offer=offer)))


def mentions(at: Office, message: int) -> list[int]:
    """Whom the message calls (https://core.telegram.org/bots/api#formatting-options)."""
    entities = at.group.chat.messages[message].get("entities", [])
    users = [entity["user"]["id"] for entity in entities if entity["type"] == "text_mention"]
    links = [entity.get("url", "") for entity in entities]
    return users + [int(url.removeprefix("tg://user?id=")) for url in links if url.startswith("tg://user")]


@pytest.fixture
def people(at: Office) -> list[str]:
    """Two who can be called, by their ids."""
    found = [at.anna, at.group.operator("Борис", status="member")]
    members = [Member(id=str(who.id), desk="telegram_forum", name=str(who.user["first_name"])) for who in found]
    at.floor = Floor(members=tuple(members))
    return [member.id for member in members]


async def test_the_card_calls_those_it_is_offered_to_and_the_offer_costs_nothing(at: Office, people: list[str]) -> None:
    view = offering(make_view(), people[0])
    view = await at.show(CARD, view)
    before = group_calls(at)
    await at.show(Notice(kind="offer", people=(people[0],)), view)
    assert group_calls(at) == before
    [card] = at.messages(at.topic(view))
    assert "Предложено: Анна" in card.text
    assert mentions(at, card.id) == [at.anna.id]


async def test_a_further_offer_calls_by_name_in_one_post(at: Office, people: list[str]) -> None:
    view = await at.show(CARD, offering(make_view(), people[0]))
    view = offering(view, *people, rung=1, minutes=2)
    await at.show(Notice(kind="offer", people=tuple(people)), view)
    told = at.messages(at.topic(view))[-1]
    assert told.text.startswith("Анна, Борис\n🙋 Клиент ждёт")
    assert mentions(at, told.id) == [int(who) for who in people]
    assert told.buttons == ("Взять",)
    before = group_calls(at)
    await at.show(Notice(kind="offer", people=tuple(people)), view)
    assert group_calls(at) == before


async def test_an_offer_after_a_hold_says_why(at: Office, people: list[str]) -> None:
    view = moved(await at.show(CARD, make_view()), Stage.HUMAN, "taken")
    await at.show(Notice(kind="offer", text="held_over", people=(people[1],)), view)
    told = at.messages(at.topic(view))[-1]
    assert told.text == "Борис\n🔔 Время вышло: обращение снова ждёт."
    assert told.buttons == ()


async def test_who_came_onto_the_roster_a_moment_ago_is_called_too(at: Office) -> None:
    anna = Operator(id=str(at.anna.id), name="Анна", desk="telegram_forum")
    await at.roster.set_presence(anna, "on", by=anna)
    view = await at.show(CARD, make_view())
    await at.show(Notice(kind="offer", people=(anna.id,)), offering(view, anna.id, minutes=1))
    assert mentions(at, at.messages(at.topic(view))[-1].id) == [at.anna.id]


async def test_an_offer_to_somebody_unknown_is_still_an_offer(at: Office) -> None:
    view = await at.show(CARD, make_view())
    await at.show(Notice(kind="offer", people=("web-7",)), offering(view, "web-7", minutes=1))
    assert at.messages(at.topic(view))[-1].text.startswith("🙋 Клиент ждёт")


# --- news ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("notice", "words"),
    [
        (
            Notice(kind="info", text="csat_bad", values={"about": "person", "name": "Ольга", "ticket": "t"}),
            "👎 Плохая оценка. Кто отвечал: Ольга.",
        ),
        (Notice(kind="info", text="csat_bad", values={"about": "bot", "name": ""}), "Кто отвечал: Бот."),
        (
            Notice(kind="info", text="taken_over", values={"name": "<b>Ян</b>", "from": "Ольга"}),
            "<b>Ян</b> теперь ведёт разговор вместо Ольга.",
        ),
        (
            Notice(kind="reminder", text="answer_due", values={"until": "2026-01-12T10:00:00+00:00"}),
            "⏱ Срок ответа: 12.01 10:00 UTC.",
        ),
        (Notice(kind="reminder"), "⏰ Клиента ещё никто не взял"),
        (Notice(kind="info", text="no_such_flow"), "Сценария «» больше нет"),
        (Notice(kind="info", text="чего здесь нет <i>"), "чего здесь нет <i>"),
        (Notice(kind="info", text="not_there", values={"to": "404"}), "Коллега сейчас не на смене"),
    ],
)
async def test_codes_become_sentences(at: Office, notice: Notice, words: str) -> None:
    view = await at.show(CARD, make_view())
    await at.show(notice, view)
    assert words in at.messages(at.topic(view))[-1].text


async def test_news_about_a_message_answers_it(at: Office) -> None:
    view = await at.show(CARD, make_view())
    message = at.anna.says("ой", topic=at.topic(view))["message_id"]
    await at.show(Notice(kind="info", text="undo_late", message=str(message)), view)
    assert at.messages(at.topic(view))[-1].reply_to == message
