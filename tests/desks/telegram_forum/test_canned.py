"""Canned replies and suggestions: found, filled in, sent once, or copied."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from estafeta.kernel.model import Dialog, Notice, Operator, OperatorSaid, Stage, Text
from estafeta.kernel.ports import Change, DeskView
from estafeta.suggestions import Suggestion
from flows.model import CannedReply, LocalText
from handoff.desks.telegram_forum.conflict import HELD_BACK
from tests.contracts.desk_contract import make_view
from tests.desks.telegram_forum.office import CARD, Office, stored

REPLIES = (
    CannedReply(name="delay", text=LocalText({"ru": "Посылка {{ slots.number }} задержалась.", "en": "It is late."})),
    CannedReply(name="hello", text=LocalText({"ru": "Здравствуйте, {{ customer.name }}!", "en": "Hi"})),
    CannedReply(name="lost", text=LocalText({"ru": "Посылку потеряли. " + "Простите. " * 40, "en": "Lost."})),
    CannedReply(name="broken", text=LocalText({"ru": "{{ slots.number.oops() }}", "en": "{{"})),
    CannedReply(name="ticket", text=LocalText({"ru": "Отдел {{ ticket.skill }}: {{ ticket.request }}", "en": "-"})),
)


@pytest.fixture
async def here(work: Office) -> DeskView:
    assert work.workspace is not None
    work.workspace = replace(work.workspace, replies=REPLIES)
    view = make_view("Вера")
    view = replace(view, conversation=replace(view.conversation, dialog=Dialog(slots={"number": "100 234"})))
    return await stored(work, await work.show(CARD, view))


async def said(at: Office) -> str:
    [signal] = await at.stage.inbox.have()
    assert isinstance(signal.event, OperatorSaid)
    [part] = signal.event.parts
    assert isinstance(part, Text)
    return part.text


async def test_an_exact_name_is_sent_at_once_and_shown(work: Office, here: DeskView) -> None:
    asked = work.anna.says("/r hello", topic=work.topic(here))["message_id"]
    assert await said(work) == "Здравствуйте, Вера!"
    await work.show(Notice(kind="receipt", text="sent", message=str(asked)), here)
    told = await work.told(work.topic(here), "Клиенту:\nЗдравствуйте, Вера!")
    assert told.reply_to == asked
    assert work.stage.inbox.signals[0].event.message == str(asked)  # type: ignore[union-attr]


async def test_words_are_searched_for_and_a_press_sends_once(work: Office, here: DeskView) -> None:
    topic = work.topic(here)
    work.anna.says("/r посылка", topic=topic)
    shown = await work.told(topic, "Готовые ответы")
    assert "Посылка 100 234 задержалась." in shown.text
    assert "Здравствуйте" not in shown.text
    posts = len(work.fake.calls_of("sendMessage"))
    first, again = work.anna.presses("➤ 1. delay"), work.anna.presses("➤ 1. delay")
    await work.fake.wait(lambda: first.answer and again.answer)
    assert await said(work) == "Посылка 100 234 задержалась."
    assert [press.answer and press.answer["text"][:10] for press in (first, again)] == ["Отправляем", "Эти кнопки"]
    await work.show(Notice(kind="receipt", text="sent", message=str(shown.id)), here)
    [now] = [m for m in work.messages(topic) if m.id == shown.id]
    assert now.text == "Клиенту:\nПосылка 100 234 задержалась."
    assert now.buttons == ()
    assert len(work.fake.calls_of("sendMessage")) == posts


async def test_short_ones_can_be_copied_by_a_button_and_all_by_a_tap(work: Office, here: DeskView) -> None:
    work.anna.says("/r посылк", topic=work.topic(here))
    shown = await work.told(work.topic(here), "Готовые ответы")
    rows = work.group.chat.messages[shown.id]["reply_markup"]["inline_keyboard"]
    assert [button.get("copy_text") for row in rows for button in row[1:]] == [{"text": "Посылка 100 234 задержалась."}]
    entities = work.group.chat.messages[shown.id]["entities"]
    assert sum(entity["type"] == "code" for entity in entities) == len(rows) == 2


async def test_what_cannot_be_filled_in_is_told_and_never_sent(work: Office, here: DeskView) -> None:
    work.anna.says("/r broken", topic=work.topic(here))
    await work.told(work.topic(here), "«broken» не подставился")
    work.anna.says("/r нетакихслов", topic=work.topic(here))
    await work.told(work.topic(here), "готовых ответов нет")
    assert work.stage.inbox.attempts == []


async def test_the_ticket_may_be_named(work: Office, here: DeskView) -> None:
    work.anna.says("/r ticket", topic=work.topic(here))
    assert await said(work) == "Отдел Общие вопросы: Где мой заказ?"


async def test_a_press_that_is_not_stored_can_be_repeated(work: Office, here: DeskView) -> None:
    work.anna.says("/r посылка", topic=work.topic(here))
    await work.told(work.topic(here), "Готовые ответы")
    work.stage.inbox.nobodys.add(here.conversation.threads[work.desk.name].address.key)
    press = work.anna.presses("➤ 1. delay")
    await work.fake.wait(lambda: press.answer)
    assert "не принадлежит" in (press.answer or {})["text"]
    work.stage.inbox.nobodys.clear()
    work.anna.presses("➤ 1. delay")
    assert await said(work) == "Посылка 100 234 задержалась."


async def test_by_a_colleagues_conversation_nothing_is_shown_as_sent(work: Office, here: DeskView) -> None:
    held = here.conversation
    assert held.ticket is not None
    ticket = replace(held.ticket, assignee=Operator(id="5", name="Олег", desk="telegram_forum"))
    taken = replace(held, ticket=ticket, stage=Stage.HUMAN, version=held.version + 1)
    await work.store.commit(Change(conversation=taken, expected_version=held.version, applied=(), entries=()))
    topic = work.topic(here)
    asked = work.anna.says("/r hello", topic=topic)["message_id"]
    await work.fake.wait(lambda: any(m.id == asked and m.reactions == (HELD_BACK,) for m in work.messages(topic)))
    work.anna.says("/r посылка", topic=topic)
    shown = await work.told(topic, "Готовые ответы")
    press = work.anna.presses("➤ 1. delay")
    await work.fake.wait(lambda: press.answer)
    assert (press.answer or {})["text"].startswith("Не отправлено: разговор ведёт Олег.")
    assert not any("Клиенту:" in words for words in work.shown(topic))
    await work.show(Notice(kind="receipt", text="sent", message=str(shown.id)), here)  # sent all the same
    assert "Клиенту:\nПосылка 100 234 задержалась." in work.shown(topic)


# --- suggestions ---------------------------------------------------------------------------------


async def test_suggestions_say_where_they_are_from_and_are_sent_by_a_press(work: Office) -> None:
    work.suggestions = [
        Suggestion(source="bot", title="Сменить адрес", text="Напишите новый адрес."),
        Suggestion(source="past", text="Адрес поменяю прямо сейчас.", at=datetime(2026, 3, 9, 12, tzinfo=UTC)),
    ]
    view = await stored(work, await work.show(CARD, make_view("Вера", "Как мне поменять адрес доставки?")))
    work.anna.says("/s", topic=work.topic(view))
    shown = await work.told(work.topic(view), "Подсказки")
    assert "бот: Сменить адрес" in shown.text
    assert "так отвечали 09.03" in shown.text
    assert work.suggested_to == ("Анна", "ru")
    work.anna.presses(shown.buttons[2])
    assert await said(work) == "Адрес поменяю прямо сейчас."


async def test_with_nothing_to_suggest_it_says_so(work: Office) -> None:
    view = await stored(work, await work.show(CARD, make_view("Вера", "ау")))
    work.anna.says("/s", topic=work.topic(view))
    await work.told(work.topic(view), "Подсказать пока нечего")
