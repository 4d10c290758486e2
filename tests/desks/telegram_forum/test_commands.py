"""Commands that are answered in the topic: help and templates."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from estafeta.kernel.errors import SendFailed, StoreUnavailable
from estafeta.kernel.model import (
    Address,
    ConversationId,
    CustomerSaid,
    Entry,
    Notice,
    OperatorSaid,
    Signal,
    SignalId,
    Template,
    Text,
)
from estafeta.kernel.ports import Change, DeskView
from handoff.desks.telegram_forum.hearing import NOTED
from tests.contracts.desk_contract import make_view
from tests.desks.telegram_forum.office import CARD, Office, office

READY = Template(name="order_ready", language="ru", text="Здравствуйте, {{1}}! Заказ {{2}} готов. {{1}}, ждём вас.")
READY_EN = Template(name="order_ready", language="en", text="Hello {{1}}, order {{2}} is ready.")
HELLO = Template(name="hello", language="ru", text="Здравствуйте!")


@pytest.fixture
async def at() -> AsyncIterator[Office]:
    async with office() as at:
        listening = asyncio.create_task(at.desk.listen(at.stage.inbox))
        try:
            yield at
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listening


@pytest.fixture
async def view(at: Office) -> DeskView:
    """A customer whose conversation is stored, in the workspace's language."""
    view = make_view("Анна")
    address = view.conversation.address
    said = CustomerSaid(message="m1", parts=(Text(text="где мой заказ?"),))
    await at.store.accept([Signal(id=SignalId("s1"), at=view.now, event=said, address=address)])
    entries: tuple[Entry, ...] = ()
    await at.store.commit(
        Change(conversation=view.conversation, expected_version=0, applied=(SignalId("s1"),), entries=entries)
    )
    at.templates = [READY, READY_EN, HELLO]
    return await at.show(CARD, view)


async def test_help_tells_what_can_be_done(at: Office, view: DeskView) -> None:
    asked = at.anna.says("/help", topic=at.topic(view))["message_id"]
    told = await at.told(at.topic(view), "/templates")
    assert told.reply_to == asked
    assert "/delete" in told.text
    assert at.stage.inbox.attempts == []


async def test_help_in_english() -> None:
    async with office(language="en") as at:
        view = await at.show(CARD, make_view())
        at.anna.says("/help@estafeta_stand_in_bot", topic=at.topic(view))
        assert "goes to the customer" in (await at.told(at.topic(view), "/templates")).text


async def test_templates_are_listed_with_their_places(at: Office, view: DeskView) -> None:
    at.anna.says("/templates", topic=at.topic(view))
    told = await at.told(at.topic(view), "order_ready")
    assert told.text.split("\n\n")[1:] == [
        "1. hello (ru)\nЗдравствуйте!",
        "2. order_ready (en)\nHello {{1}}, order {{2}} is ready.",
        f"3. order_ready (ru)\n{READY.text}",
    ]
    assert at.asked == [view.conversation.address]


@pytest.mark.parametrize("name", ["3", "order_ready"])
async def test_a_template_is_filled_in_sent_and_then_shown(at: Office, view: DeskView, name: str) -> None:
    asked = at.anna.says(f"/template {name} Анна | 100 234", topic=at.topic(view))["message_id"]
    [signal] = await at.stage.inbox.have()
    assert isinstance(signal.event, OperatorSaid)
    words = "Здравствуйте, Анна! Заказ 100 234 готов. Анна, ждём вас."
    filled = Template(name="order_ready", language="ru", values=("Анна", "100 234"), text=words)
    assert (signal.event.parts, signal.event.message) == ((filled,), str(asked))
    await at.show(Notice(kind="receipt", text="sent", message=str(asked)), view)
    told = await at.told(at.topic(view), "Клиенту:")
    assert (told.text, told.reply_to) == (f"Клиенту:\n{words}", asked)
    assert signal.address == view.conversation.threads[at.desk.name].address


async def test_a_template_without_places_needs_no_values(at: Office, view: DeskView) -> None:
    at.anna.says("/template hello", topic=at.topic(view))
    [signal] = await at.stage.inbox.have()
    assert isinstance(signal.event, OperatorSaid)
    assert signal.event.parts == (HELLO,)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("/template", "Напишите /template"),
        ("/template goodbye", "Шаблона goodbye нет"),
        ("/template 9", "Шаблона 9 нет"),
        ("/template 3 Анна", "нужно значений: 2, а дано: 1"),
        ("/template 3 Анна | ", "нужно значений: 2"),
        ("/template 1 лишнее", "нужно значений: 0, а дано: 1"),
    ],
)
async def test_a_template_that_would_not_read_well_is_not_sent(
    at: Office, view: DeskView, command: str, words: str
) -> None:
    at.anna.says(command, topic=at.topic(view))
    await at.told(at.topic(view), words)
    assert at.stage.inbox.attempts == []


async def test_values_may_hold_anything(at: Office, view: DeskView) -> None:
    at.anna.says(r"/template 3 {{2}} \1 <b> | {{1}}", topic=at.topic(view))
    [signal] = await at.stage.inbox.have()
    assert isinstance(signal.event, OperatorSaid)
    [part] = signal.event.parts
    assert isinstance(part, Template)
    assert part.values == (r"{{2}} \1 <b>", "{{1}}")
    assert part.text.startswith(r"Здравствуйте, {{2}} \1 <b>! Заказ {{1}} готов.")


async def test_a_channel_without_templates_says_so(at: Office, view: DeskView) -> None:
    at.templates = []
    at.anna.says("/templates", topic=at.topic(view))
    await at.told(at.topic(view), "нет шаблонов")


async def test_a_messenger_that_does_not_tell_its_templates_is_told_of(at: Office, view: DeskView) -> None:
    at.refuses = SendFailed("messenger_down", "У WhatsApp неполадки.", fault="messenger", retry_after=5.0)
    at.anna.says("/templates", topic=at.topic(view))
    await at.told(at.topic(view), "У WhatsApp неполадки.")


async def test_a_topic_of_nobody_has_no_templates(at: Office) -> None:
    topic = at.anna.opens_topic("Обеды")
    at.anna.says("/templates", topic=topic)
    await at.told(topic, "не принадлежит ни одному клиенту")


async def test_a_template_that_was_not_stored_is_said_to_be_not_sent(at: Office, view: DeskView) -> None:
    at.stage.inbox.away = 1
    at.anna.says("/template hello", topic=at.topic(view))
    await at.told(at.topic(view), "не удалось сохранить")
    assert at.stage.inbox.signals == []


async def test_a_store_that_is_away_is_told_of(at: Office, view: DeskView) -> None:
    async def away(address: Address) -> ConversationId | None:
        raise StoreUnavailable("the disk is full")

    at.store.resolve = away  # type: ignore[method-assign]
    at.anna.says("/template hello", topic=at.topic(view))
    await at.told(at.topic(view), "не удалось сохранить")


async def test_strangers_see_no_templates(at: Office, view: DeskView) -> None:
    guest = at.group.operator("Гость", status="member")
    at.group.chat.members[guest.id]["status"] = "left"
    raw = {
        "update_id": 1,
        "message": {
            "message_id": 900, "message_thread_id": at.topic(view), "is_topic_message": True, "from": guest.user,
            "chat": {"id": at.group.id, "type": "supergroup"}, "date": 1_760_000_000, "text": "/templates",
        },
    }  # fmt: skip
    signal, after = await at.desk.handle(raw)
    assert signal is None
    assert after is not None
    await after(None)
    await at.told(at.topic(view), "только участники группы")
    assert at.asked == []


async def test_a_deletion_is_marked_as_taken_not_as_done(at: Office, view: DeskView) -> None:
    said = at.anna.says("не туда", topic=at.topic(view))["message_id"]
    command = at.anna.says("/delete", topic=at.topic(view), reply_to=said)["message_id"]
    await at.fake.wait(lambda: any(m.reactions == (NOTED,) for m in at.messages(at.topic(view)) if m.id == command))
