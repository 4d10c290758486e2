"""What operators type and press: words, notes, commands; who may, and what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from estafeta.kernel.model import OperatorNoted, OperatorSaid, Text, TicketMoved
from handoff.desks.telegram_forum.desk import NOTED
from tests.contracts.desk_contract import make_view
from tests.desks.telegram_forum.office import CARD, Office, office


@pytest.fixture
async def at() -> AsyncIterator[Office]:
    async with office() as at:
        yield at


async def test_a_reply_to_a_colleague_is_a_note_and_is_marked(at: Office) -> None:
    view = await at.show(CARD, make_view())
    topic = at.topic(view)
    olga = at.group.operator("Ольга")
    first = olga.says("// он уже звонил вчера", topic=topic)["message_id"]
    answer = at.anna.says("да, я с ним говорила", topic=topic, reply_to=first)["message_id"]
    signals = await at.stage.inbox.have(2)
    assert [type(signal.event) for signal in signals] == [OperatorNoted, OperatorNoted]
    await at.fake.wait(lambda: all(m.reactions == (NOTED,) for m in at.messages(topic) if m.id in (first, answer)))


async def test_a_reply_to_the_bot_is_for_the_customer(at: Office) -> None:
    view = await at.show(CARD, make_view())
    card = int(view.conversation.threads[at.desk.name].card)
    at.anna.says("здравствуйте", topic=at.topic(view), reply_to=card)
    [signal] = await at.stage.inbox.have()
    assert isinstance(signal.event, OperatorSaid)


async def test_commands_move_the_ticket_and_never_reach_the_customer(at: Office) -> None:
    view = await at.show(CARD, make_view())
    topic = at.topic(view)
    at.anna.says("/take", topic=topic)
    at.anna.says("/clsoe", topic=topic)
    await at.told(topic, "Команды /clsoe нет, клиенту она не ушла. Может быть, /close?")
    at.anna.says("/close@estafeta_stand_in_bot", topic=topic)
    signals = await at.stage.inbox.have(2)
    assert [s.event.move for s in signals if isinstance(s.event, TicketMoved)] == ["take", "close"]


async def test_a_pressed_button_is_answered_after_it_is_stored(at: Office) -> None:
    view = await at.show(CARD, make_view())
    at.stage.inbox.gate.clear()
    press = at.anna.presses("Взять")
    await at.stage.inbox.until(lambda: bool(at.stage.inbox.attempts))
    assert press.answer is None
    at.stage.inbox.gate.set()
    await at.fake.wait(lambda: press.answer)
    assert at.topic(view)


async def test_nobody_answers_anonymously(at: Office) -> None:
    view = await at.show(CARD, make_view())
    at.group.operator("Ольга", anonymous=True).says_anonymously("я тут", topic=at.topic(view))
    await at.told(at.topic(view), "Анонимно отвечать нельзя")
    assert at.stage.inbox.attempts == []


async def test_strangers_are_refused(at: Office) -> None:
    view = await at.show(CARD, make_view())
    topic = at.topic(view)
    member = at.group.operator("Гость", status="member")
    at.group.chat.members[member.id]["status"] = "left"
    raw = {
        "update_id": 1,
        "message": {
            "message_id": 900, "message_thread_id": topic, "is_topic_message": True, "from": member.user,
            "chat": {"id": at.group.id, "type": "supergroup"}, "date": 1_760_000_000, "text": "переведите деньги сюда",
        },
    }  # fmt: skip
    signal, after = await at.desk.handle(raw)
    assert signal is None
    assert after is not None
    await after(None)
    await at.told(topic, "только участники группы")


async def test_who_cannot_be_checked_is_asked_to_try_again(at: Office) -> None:
    view = await at.show(CARD, make_view())
    at.fake.fail("getChatMember", "answer", status=500)
    at.anna.says("здравствуйте", topic=at.topic(view))
    await at.told(at.topic(view), "Не удалось проверить")
    assert at.stage.inbox.attempts == []
    at.anna.says("здравствуйте", topic=at.topic(view))
    await at.stage.inbox.have()


async def test_members_are_asked_about_once(at: Office) -> None:
    view = await at.show(CARD, make_view())
    for number in range(3):
        at.anna.says(str(number), topic=at.topic(view))
    await at.stage.inbox.have(3)
    assert len([c for c in at.fake.calls_of("getChatMember") if c.params["user_id"] == at.anna.id]) == 1


async def test_the_general_topic_and_the_messengers_news_are_nobodys(at: Office) -> None:
    view = await at.show(CARD, make_view())
    said = at.anna.says("кто обедать?")["message_id"]
    at.anna.says("я", reply_to=said)
    at.anna.renames_topic(at.topic(view), "моё имя")
    at.anna.says("ответ", topic=at.topic(view))
    [signal] = await at.stage.inbox.have()
    assert isinstance(signal.event, OperatorSaid)
    assert signal.event.parts == (Text(text="ответ"),)
    assert len(at.stage.inbox.attempts) == 1


async def test_a_topic_of_nobody_says_so(at: Office) -> None:
    topic = at.anna.opens_topic("Обеды")
    at.stage.inbox.nobodys.add(f"telegram_forum:{at.group.id}:{topic}")
    at.anna.says("борщ", topic=topic)
    told = await at.told(topic, "не принадлежит ни одному клиенту")
    assert told.reply_to is not None
