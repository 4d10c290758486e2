"""Commands and buttons that move the ticket."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from estafeta.kernel.model import Operator, TicketMoved
from estafeta.kernel.ports import DeskView
from estafeta.roster import CONSOLE
from handoff.desks.telegram_forum.hearing import NOTED
from tests.desks.telegram_forum.office import Office


async def moved(at: Office, count: int = 1) -> TicketMoved:
    signals = await at.stage.inbox.have(count)
    event = signals[-1].event
    assert isinstance(event, TicketMoved)
    return event


@pytest.mark.parametrize(
    ("command", "meant"),
    [
        ("/take", {"move": "take"}),
        ("/return", {"move": "return"}),
        ("/return order-status", {"move": "return", "flow": "order-status"}),
        ("/close", {"move": "close"}),
        ("/close деньги вернули", {"move": "close", "resolution": "деньги вернули"}),
        ("/to delivery", {"move": "transfer", "skill": "delivery"}),
        ("/to delivery он уже звонил", {"move": "transfer", "skill": "delivery", "text": "он уже звонил"}),
        ("/tag #возврат vip", {"move": "tag", "tags": ("возврат", "vip")}),
        ("/priority 5", {"move": "priority", "priority": 5}),
        ("/priority −3", {"move": "priority", "priority": -3}),
        ("/block ругается", {"move": "block", "text": "ругается"}),
        ("/contact", {"move": "ask_contact"}),
        ("/contact@estafeta_stand_in_bot", {"move": "ask_contact"}),
    ],
)
async def test_a_command_moves_the_ticket_without_a_post(
    work: Office, customer: DeskView, command: str, meant: dict[str, Any]
) -> None:
    posts = len(work.fake.calls_of("sendMessage"))
    work.anna.says(command, topic=work.topic(customer))
    event = await moved(work)
    assert event == TicketMoved(operator=event.operator, **meant)
    assert (event.operator.id, event.operator.name) == (str(work.anna.id), "Анна")
    work.anna.says("/help")  # what was to be said before is said by then
    await work.fake.wait(lambda: len(work.fake.calls_of("sendMessage")) > posts)
    posts += 1
    assert len(work.fake.calls_of("sendMessage")) == posts


async def test_what_the_card_does_not_tell_at_once_is_told_by_a_reaction(work: Office, customer: DeskView) -> None:
    tag = work.anna.says("/tag возврат", topic=work.topic(customer))["message_id"]
    await work.fake.wait(
        lambda: any(m.id == tag and m.reactions == (NOTED,) for m in work.messages(work.topic(customer)))
    )


async def test_holding_is_until_a_time_with_a_word_to_colleagues(work: Office, customer: DeskView) -> None:
    work.anna.says("/hold 30m ждём склад", topic=work.topic(customer))
    event = await moved(work)
    assert event.until is not None
    assert timedelta(minutes=29) < event.until - work.stage.clock.now() <= timedelta(minutes=30)
    assert event.text == "ждём склад"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("/hold", "/hold 30m"),
        ("/hold когда-нибудь", "/hold завтра 9:00"),
        ("/tag", "/tag возврат vip"),
        ("/untag  ", "/tag возврат vip"),
        ("/priority высокий", "/priority 5"),
        ("/priority 11", "/priority 5"),
        ("/return нет-такого", "Сценария «нет-такого» нет. Есть: "),
        ("/to Никто Нигде", "Не знаю, кто это: Никто Нигде"),
        ("/to @nobody_here", "Не знаю, кто это: @nobody_here"),
        ("/undo не то", "Напишите /undo отдельно"),
    ],
)
async def test_what_cannot_be_told_gets_a_sentence_and_moves_nothing(
    work: Office, customer: DeskView, command: str, words: str
) -> None:
    if command.startswith("/undo"):
        other = work.group.operator("Ольга").says("// а", topic=work.topic(customer))["message_id"]
        await work.stage.inbox.have()
        work.anna.says("/undo", topic=work.topic(customer), reply_to=other)
    else:
        work.anna.says(command, topic=work.topic(customer))
    told = await work.told(work.topic(customer), words)
    assert told.reply_to
    assert not any(isinstance(s.event, TicketMoved) for s in work.stage.inbox.signals)


async def test_people_are_named_by_their_name_or_their_at_name(work: Office, customer: DeskView) -> None:
    olga = work.group.operator("Ольга Белова", status="member")
    olga.user["username"] = "olga_b"
    olga.says("/on")
    await work.fake.wait(lambda: work.fake.calls_of("setMessageReaction"))
    for count, words in enumerate(("ольга", "Ольга Белова", "@Olga_B", "ольга возьми, пожалуйста"), 1):
        work.anna.says(f"/to {words}", topic=work.topic(customer))
        event = await moved(work, count)
        assert (event.move, event.to) == ("transfer", str(olga.id))
    assert event.text == "возьми, пожалуйста"


async def test_without_a_name_it_tells_whom_one_may_pass_it_to(work: Office, customer: DeskView) -> None:
    await work.roster.enrol(await work.roster.invite(by=CONSOLE), _operator(7, "Борис"))
    work.anna.says("/to", topic=work.topic(customer))
    told = await work.told(work.topic(customer), "Кому передать")
    assert "На смене: Борис" in told.text
    work.anna.presses("👤 Борис")
    assert (await moved(work)).to == "7"


async def test_passing_on_opens_under_the_card_and_goes_back(work: Office, customer: DeskView) -> None:
    topic, posts = work.topic(customer), len(work.messages(work.topic(customer)))
    press = work.anna.presses("Передать…")
    await work.fake.wait(lambda: press.answer)
    [card] = [m for m in work.messages(topic) if m.buttons]
    assert card.buttons[-2:] == ("Вернуть боту", "‹ Назад")
    assert any(label.startswith("→ ") for label in card.buttons)
    back = work.anna.presses("‹ Назад")
    await work.fake.wait(lambda: back.answer)
    [card] = [m for m in work.messages(topic) if m.buttons]
    assert card.buttons == ("Взять", "Передать…", "Закрыть")
    assert len(work.fake.calls_of("editMessageReplyMarkup")) == 2
    assert len(work.messages(topic)) == posts
    assert work.stage.inbox.attempts == []


async def test_a_department_is_chosen_by_a_press(work: Office, customer: DeskView) -> None:
    press = work.anna.presses("Передать…")
    await work.fake.wait(lambda: press.answer)
    work.anna.presses("desk:skill delivery")
    event = await moved(work)
    assert (event.move, event.skill) == ("transfer", "delivery")


async def test_a_button_of_another_time_says_so(work: Office, customer: DeskView) -> None:
    [card] = [m for m in work.group.chat.messages.values() if m.get("reply_markup")]
    card["reply_markup"]["inline_keyboard"][0][0]["callback_data"] = "desk:frobnicate 7"
    press = work.anna.presses("desk:frobnicate 7")
    await work.fake.wait(lambda: press.answer)
    assert "уже не действуют" in (press.answer or {})["text"]
    assert work.stage.inbox.attempts == []


async def test_in_the_general_topic_they_name_where_they_work(work: Office) -> None:
    work.anna.says("/close всё")
    await work.fake.wait(lambda: any("в теме клиента" in m.text for m in work.fake.messages(work.group)))
    work.anna.says("/close@another_bot")
    work.anna.says("/roll 6")
    work.anna.says("кто обедать?")
    work.anna.says("/me")
    await work.fake.wait(lambda: any("В работе" in m.text for m in work.fake.messages(work.group)))
    assert len(work.fake.calls_of("sendMessage")) == 2
    assert work.stage.inbox.attempts == []


def _operator(user: int, name: str) -> Operator:
    return Operator(id=str(user), name=name, desk="telegram_forum")
