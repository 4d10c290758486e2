"""Moves that would change nothing, or that are a colleague's to make: said plainly, by a toast where it was a press."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from estafeta.kernel.model import Operator, Signal, SignalId, Stage, TicketMoved
from estafeta.kernel.ports import DeskView
from estafeta.roster import CONSOLE
from tests.contracts.desk_contract import make_view
from tests.desks.telegram_forum.office import CARD, Office, stored

OLEG = Operator(id="5", name="Олег", desk="telegram_forum")


async def standing(at: Office, stage: Stage, assignee: Operator | None = None, **ticket: Any) -> int:
    """The topic of a customer whose conversation stands so."""
    view = await at.show(CARD, make_view("Вера", stage=stage))
    held = view.conversation
    if held.ticket is not None:
        held = replace(held, ticket=replace(held.ticket, assignee=assignee, **ticket))
    await stored(at, replace(view, conversation=held))
    return at.topic(view)


def anna(at: Office) -> Operator:
    return Operator(id=str(at.anna.id), name="Анна", desk="telegram_forum")


async def told_plainly(at: Office, topic: int, command: str, words: str) -> None:
    asked = at.anna.says(command, topic=topic)["message_id"]
    assert (await at.told(topic, words)).reply_to == asked
    assert at.stage.inbox.attempts == []
    assert at.fake.calls_of("setMessageReaction") == []


@pytest.mark.parametrize(
    "command", ["/close", "/return", "/hold 30m", "/resume", "/tag возврат", "/untag возврат", "/priority 5"]
)
async def test_without_a_ticket(work: Office, command: str) -> None:
    await told_plainly(work, await standing(work, Stage.BOT), command, "Открытого обращения нет: с клиентом говорит")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("/take", "Разговор уже у вас."),
        ("/to Анна", "Разговор уже у вас."),
        ("/resume", "Обращение и не отложено."),
        ("/priority 3", "Приоритет и так 3."),
        ("/tag vip", "Уже стоит: vip."),
        ("/untag возврат", "Таких меток нет. Стоят: vip."),
        ("/unblock", "Клиент и не заблокирован."),
        ("/tag " + "а" * 33, "Меток за раз не больше 10, каждая не длиннее 32 знаков."),
        ("/close " + "а" * 501, "Итог длиннее 500 знаков (у вас 501)"),
    ],
)
async def test_what_is_so_already(work: Office, command: str, words: str) -> None:
    await work.roster.enrol(await work.roster.invite(by=CONSOLE), anna(work))
    topic = await standing(work, Stage.HUMAN, anna(work), priority=3, tags=("vip",))
    await told_plainly(work, topic, command, words)


@pytest.mark.parametrize("command", ["/close", "/return", "/hold 30m", "/to delivery", "/contact", "/block"])
async def test_what_is_a_colleagues(work: Office, command: str) -> None:
    topic = await standing(work, Stage.HUMAN, OLEG)
    await told_plainly(work, topic, command, "Разговор ведёт Олег. Возьмите его себе (/take)")


@pytest.mark.parametrize(
    ("press", "words"),
    [
        ("take", "Разговор уже ведёт Олег. Забрать себе: /take"),
        ("close", "Разговор ведёт Олег."),
        ("return", "Разговор ведёт Олег."),
        ("pass", "Разговор ведёт Олег."),
        ("skill delivery", "Разговор ведёт Олег."),
        ("skill nosuch", "Эти кнопки уже не действуют"),
        ("person 404", "Такого оператора нет."),
    ],
)
async def test_a_press_is_answered_by_a_toast(work: Office, press: str, words: str) -> None:
    topic = await standing(work, Stage.HUMAN, OLEG)
    posts = len(work.messages(topic))
    await toast(work, press, words)
    assert len(work.messages(topic)) == posts
    assert work.stage.inbox.attempts == []


async def test_without_a_ticket_a_press_is_answered_by_a_toast_too(work: Office) -> None:
    await standing(work, Stage.BOT)
    for press in ("close", "return", "resume", "pass"):
        await toast(work, press, "Открытого обращения нет")
    assert work.stage.inbox.attempts == []


async def toast(at: Office, press: str, words: str) -> None:
    [card] = [m for m in at.group.chat.messages.values() if m.get("reply_markup")]
    card["reply_markup"]["inline_keyboard"][0][0]["callback_data"] = f"desk:{press}"
    pressed = at.anna.presses(f"desk:{press}")
    await at.fake.wait(lambda: pressed.answer)
    assert (pressed.answer or {})["text"].startswith(words)
    assert not (pressed.answer or {})["show_alert"]


async def test_what_is_not_decided_yet_is_left_to_the_engine(work: Office, customer: DeskView) -> None:
    """Taken and put back to work in one breath: the first command is not applied when the second comes."""
    take = TicketMoved(operator=anna(work), move="take")
    address = customer.conversation.threads[work.desk.name].address
    await work.store.accept([Signal(id=SignalId("s1"), at=customer.now, event=take, address=address)])
    work.anna.says("/resume", topic=work.topic(customer))
    [signal] = await work.stage.inbox.have()
    assert isinstance(signal.event, TicketMoved)


async def test_a_command_may_take_over_where_a_button_may_not(work: Office) -> None:
    topic = await standing(work, Stage.HUMAN, OLEG)
    work.anna.says("/take", topic=topic)
    [signal] = await work.stage.inbox.have()
    assert isinstance(signal.event, TicketMoved)


async def test_a_tag_that_stays_with_the_customer_needs_no_ticket(work: Office) -> None:
    assert work.workspace is not None
    lasting = work.workspace.bot.handoff.reasons.vip.tags[0]
    work.anna.says(f"/tag {lasting}", topic=await standing(work, Stage.BOT))
    [signal] = await work.stage.inbox.have()
    assert isinstance(signal.event, TicketMoved)


async def test_a_blocked_customer_is_not_blocked_again(work: Office) -> None:
    view = make_view("Вера", stage=Stage.BOT)
    view = await work.show(CARD, replace(view, conversation=replace(view.conversation, blocked=True)))
    await stored(work, view)
    await told_plainly(work, work.topic(view), "/block", "Клиент и так заблокирован. Снять: /unblock")
    await told_plainly(work, work.topic(view), "/contact", "Клиент заблокирован. Сначала /unblock")


# --- passing on ----------------------------------------------------------------------------------


async def test_of_two_who_fit_one_is_chosen_by_a_button_and_the_word_goes_along(
    work: Office, customer: DeskView
) -> None:
    for number, name in ((7, "Борис Ким"), (8, "Борис Лис")):
        await work.roster.enrol(await work.roster.invite(by=CONSOLE), operator(number, name))
    work.anna.says("/to Борис он ждёт звонка", topic=work.topic(customer))
    told = await work.told(work.topic(customer), "Кому передать («Борис»)?")
    assert told.buttons == ("👤 Борис Ким", "👤 Борис Лис")
    assert work.stage.inbox.attempts == []
    work.anna.presses("👤 Борис Лис")
    [signal] = await work.stage.inbox.have()
    assert isinstance(signal.event, TicketMoved)
    assert (signal.event.to, signal.event.text) == ("8", "он ждёт звонка")


@pytest.mark.parametrize("named", ["Борису", "борисом", "Бори"])
async def test_a_name_that_is_declined_is_asked_about(work: Office, customer: DeskView, named: str) -> None:
    await work.roster.enrol(await work.roster.invite(by=CONSOLE), operator(7, "Борис"))
    work.anna.says(f"/to {named}", topic=work.topic(customer))
    assert (await work.told(work.topic(customer), "Кому передать")).buttons == ("👤 Борис",)


async def test_who_never_said_on_is_known_once_they_were_seen_and_is_called(work: Office, customer: DeskView) -> None:
    boris = work.group.operator("Борис", status="member")
    topic = work.topic(customer)
    work.anna.says("/to Борис", topic=topic)
    await work.told(topic, "Не знаю, кто это: Борис")
    boris.says("/who")
    await work.fake.wait(lambda: any("На смене" in m.text for m in work.fake.messages(work.group)))
    work.anna.says("/to Борис", topic=topic)
    [signal] = await work.stage.inbox.have()
    assert isinstance(signal.event, TicketMoved)
    assert signal.event.to == str(boris.id)
    told = await work.told(topic, "вам передают этот разговор")
    marks = work.group.chat.messages[told.id]["entities"]
    assert [mark["user"]["id"] for mark in marks if mark["type"] == "text_mention"] == [boris.id]


async def test_where_the_roster_is_closed_only_its_people_are_passed_to(work: Office, customer: DeskView) -> None:
    boris = work.group.operator("Борис", status="member")
    boris.user["username"] = "boris"
    boris.says("/who")
    await work.fake.wait(lambda: any("На смене" in m.text for m in work.fake.messages(work.group)))
    await work.roster.enrol(await work.roster.invite(by=CONSOLE), anna(work))
    work.roster.open_to_members = False
    work.anna.says("/to @boris", topic=work.topic(customer))
    await work.told(work.topic(customer), "Передать нельзя: @boris не в списке операторов")
    work.anna.says("/to Борис", topic=work.topic(customer))
    await work.told(work.topic(customer), "Не знаю, кто это: Борис")
    assert work.stage.inbox.attempts == []


def operator(user: int, name: str) -> Operator:
    return Operator(id=str(user), name=name, desk="telegram_forum")
