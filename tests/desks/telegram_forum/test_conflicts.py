"""Two operators at once, and taking back what was just sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bots.telegram.config import TelegramLimits
from estafeta.kernel.model import (
    Media,
    Notice,
    Operator,
    OperatorNoted,
    OperatorSaid,
    OperatorUndid,
    Stage,
    Text,
    TicketMoved,
)
from estafeta.kernel.ports import DeskView
from flows.model import Workspace
from handoff.desks.telegram_forum.commands import UNDO
from handoff.desks.telegram_forum.conflict import HELD_BACK, NOTED
from handoff.desks.telegram_forum.desk import UNDONE
from tests.contracts.desk_contract import make_view
from tests.desks.telegram_forum.office import CARD, Office, listening, office, stored


async def refused(at: Office, view: DeskView, text: str = "я отвечу") -> int:
    """Anna's words, which the engine did not send; the number of her message."""
    message = int(at.anna.says(text, topic=at.topic(view))["message_id"])
    await at.stage.inbox.have(1)
    await at.show(Notice(kind="conflict", text="Ольга", message=str(message)), view)
    return message


async def test_the_second_is_told_and_may_send_all_the_same(work: Office, customer: DeskView) -> None:
    message = await refused(work, customer)
    told = await work.told(work.topic(customer), "Не отправлено: разговор ведёт Ольга")
    assert told.reply_to == message
    assert told.buttons == ("Отправить всё равно", "Взять себе и отправить", "Сделать заметкой")
    work.anna.presses("Отправить всё равно")
    event = (await work.stage.inbox.have(2))[1].event
    assert isinstance(event, OperatorSaid)
    assert (event.sure, event.parts, event.message) == (True, (Text(text="я отвечу"),), str(message))
    await work.fake.wait(lambda: all(m.id != told.id for m in work.messages(work.topic(customer))))


async def test_it_is_seen_at_once_even_when_no_post_is_left(demo_workspace: Workspace) -> None:
    """The group's budget is spent: the reaction is there before the question, and before the engine decided."""
    async with office(pace=TelegramLimits(group_per_minute=4)) as at, listening(at):
        at.workspace = demo_workspace
        view = await at.show(CARD, make_view("Вера", stage=Stage.HUMAN))
        held = view.conversation
        assert held.ticket is not None
        taken = replace(held.ticket, assignee=Operator(id="5", name="Олег", desk="telegram_forum"))
        view = await stored(at, replace(view, conversation=replace(held, ticket=taken)))
        for _ in range(3):
            at.anna.says("/help", topic=at.topic(view))
        said = at.anna.says("я отвечу", topic=at.topic(view))["message_id"]
        await at.fake.wait(lambda: HELD_BACK in reactions(at, said))
        assert len(at.fake.calls_of("sendMessage")) <= 3


def reactions(at: Office, message: int) -> tuple[str, ...]:
    return next((m.reactions for m in at.fake.messages(at.group) if m.id == message), ())


async def test_the_reaction_follows_what_becomes_of_the_words(work: Office, customer: DeskView) -> None:
    first = await refused(work, customer)
    assert reactions(work, first) == (HELD_BACK,)
    work.anna.presses("Сделать заметкой")
    await work.fake.wait(lambda: reactions(work, first) == (NOTED,))


async def test_taking_over_takes_and_sends(work: Office, customer: DeskView) -> None:
    await refused(work, customer)
    work.anna.presses("Взять себе и отправить")
    taken, said = (signal.event for signal in (await work.stage.inbox.have(3))[1:])
    assert isinstance(taken, TicketMoved)
    assert taken.move == "take"
    assert isinstance(said, OperatorSaid)
    assert said.sure


async def test_the_words_become_a_note(work: Office, customer: DeskView) -> None:
    await refused(work, customer)
    work.anna.presses("Сделать заметкой")
    event = (await work.stage.inbox.have(2))[1].event
    assert isinstance(event, OperatorNoted)
    assert event.text == "я отвечу"


async def test_only_whoever_wrote_it_decides_and_once(work: Office, customer: DeskView) -> None:
    await refused(work, customer)
    olga = work.group.operator("Ольга", status="member")
    press = olga.presses("Отправить всё равно")
    await work.fake.wait(lambda: press.answer)
    assert "тот, кто написал" in (press.answer or {})["text"]
    assert len(work.stage.inbox.signals) == 1


async def test_two_presses_are_one_decision(work: Office, customer: DeskView) -> None:
    """Pressed twice before the question is gone, or again after a crash: the first press counts."""
    await refused(work, customer)
    presses = [work.anna.presses("Сделать заметкой"), work.anna.presses("Отправить всё равно")]
    for press in presses:
        await work.fake.wait(lambda press=press: press.answer)  # type: ignore[misc]
    events = [signal.event for signal in work.stage.inbox.signals[1:]]
    assert [type(event) for event in events] == [OperatorNoted]


async def test_an_album_is_sent_whole(work: Office, customer: DeskView) -> None:
    sent = work.anna.sends_album("photo", "photo", "video", caption="вот", topic=work.topic(customer))
    await work.stage.inbox.have(3)
    first = str(sent[0]["message_id"])
    await work.show(Notice(kind="conflict", text="Ольга", message=first), customer)
    work.anna.presses("Отправить всё равно")
    event = (await work.stage.inbox.have(4))[3].event
    assert isinstance(event, OperatorSaid)
    assert [type(part) for part in event.parts].count(Media) == 3
    assert event.group == ""


async def test_words_of_long_ago_are_gone(work: Office, customer: DeskView) -> None:
    await work.show(Notice(kind="conflict", text="Ольга", message="4444"), customer)
    press = work.anna.presses("Отправить всё равно")
    await work.fake.wait(lambda: press.answer)
    assert "не сохранились" in (press.answer or {})["text"]


# --- undo ----------------------------------------------------------------------------------------


async def test_undo_takes_back_the_latest_or_the_one_that_is_answered(work: Office, customer: DeskView) -> None:
    topic = work.topic(customer)
    message = work.anna.says("не туда", topic=topic)["message_id"]
    work.anna.says("/undo", topic=topic)
    work.anna.says("/undo", topic=topic, reply_to=message)
    events = [signal.event for signal in (await work.stage.inbox.have(3))[1:]]
    assert [event.message for event in events if isinstance(event, OperatorUndid)] == ["", str(message)]


async def test_a_reaction_on_ones_own_words_takes_them_back(work: Office, customer: DeskView) -> None:
    topic = work.topic(customer)
    message = work.anna.says("не туда", topic=topic)["message_id"]
    await work.stage.inbox.have()
    work.group.operator("Ольга", status="member").reacts(message, UNDO)
    work.anna.reacts(message, "👍")
    work.anna.reacts(message, UNDO)
    event = (await work.stage.inbox.have(2))[1].event
    assert isinstance(event, OperatorUndid)
    assert (event.message, event.operator.id) == (str(message), str(work.anna.id))
    await work.show(Notice(kind="info", text="undone", message=str(message)), customer)
    await work.fake.wait(lambda: any(m.id == message and UNDONE in m.reactions for m in work.messages(topic)))
    posts = work.shown(topic)
    await work.show(Notice(kind="receipt", text="sent", message=str(message)), customer)
    assert any(m.id == message and UNDONE in m.reactions for m in work.messages(topic))
    assert work.shown(topic) == posts


@pytest.mark.parametrize("command", ["/undo", UNDO])
async def test_switched_off_it_says_so(demo_workspace: Workspace, command: str) -> None:
    bot = demo_workspace.bot
    rules = bot.handoff.model_copy(update={"undo": 0})
    async with office() as at, listening(at):
        at.workspace = replace(demo_workspace, bot=bot.model_copy(update={"handoff": rules}))
        view = await at.show(CARD, make_view())
        message = at.anna.says("ой", topic=at.topic(view))["message_id"]
        await at.stage.inbox.have()
        if command == UNDO:
            at.anna.reacts(message, UNDO)
            at.anna.says("дальше", topic=at.topic(view))
            signals = await at.stage.inbox.have(2)
            assert not any(isinstance(signal.event, OperatorUndid) for signal in signals)
        else:
            at.anna.says(command, topic=at.topic(view))
            await at.told(at.topic(view), "Отмена отправки выключена")
