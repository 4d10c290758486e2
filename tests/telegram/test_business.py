"""Chats of a business account: customers write to it, the bot answers in its name, and so may its owner."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import (
    Address,
    Button,
    CustomerDeleted,
    CustomerEdited,
    CustomerPressed,
    CustomerSaid,
    Mark,
    SaidElsewhere,
    Text,
)
from tests.telegram.samples import JPEG
from tests.telegram.stage import Stage, staged
from tests.telegram.test_sending import said


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as stage, stage.listening():
        yield stage


async def address_of(stage: Stage, count: int = 1) -> Address:
    address = (await stage.inbox.have(count))[count - 1].address
    assert address is not None
    return address


async def test_a_customer_of_the_account_is_heard_and_answered_in_its_name(stage: Stage) -> None:
    shop = stage.fake.business("Ольга")
    anna = shop.customer("Анна")
    asked = anna.says("Сколько стоит?")["message_id"]
    to = await address_of(stage)
    event = stage.inbox.signals[0].event
    assert isinstance(event, CustomerSaid)
    assert (event.message, event.parts) == (f"{to.chat}:{asked}", (Text(text="Сколько стоит?"),))
    assert to.chat == f"business:{shop.id}:{anna.id}"
    assert to.key.count(":") == 4

    channel = stage.make_channel()
    text = Text(text="Сто", marks=(Mark(kind="bold", start=0, end=3),))
    buttons = (Button(id="b", text="Беру"),)
    await channel.typing(to)
    ids = await channel.send(said(to, text, buttons=buttons, reply_to=event.message))
    await channel.send(said(to, await stage.stored("photo", JPEG, "вот.jpg")))
    shown = [one for one in stage.fake.messages(anna) if one.by_bot]
    assert [(one.author, one.text, one.reply_to) for one in shown] == [
        ("Ольга", "Сто", asked),
        ("Ольга", "[photo]", None),
    ]
    assert ids == f"{to.chat}:{shown[0].id}"
    assert stage.fake.calls_of("sendChatAction")[0].params["business_connection_id"] == shop.id

    anna.presses("Беру")
    pressed = (await stage.inbox.have(2))[-1]
    assert isinstance(pressed.event, CustomerPressed)
    assert (pressed.address, pressed.event.button, pressed.event.message) == (to, "b", ids)


async def test_what_the_owner_writes_is_said_elsewhere(stage: Stage) -> None:
    shop = stage.fake.business("Ольга")
    anna = shop.customer("Анна")
    anna.says("Есть кто?")
    answered = shop.owner_with(anna).says("Я здесь")["message_id"]
    event = (await stage.inbox.have(2))[-1].event
    assert isinstance(event, SaidElsewhere)
    assert (event.operator.name, event.operator.desk, event.parts) == ("Ольга", "telegram", (Text(text="Я здесь"),))
    assert event.message.endswith(f":{answered}")
    assert stage.inbox.signals[0].address == stage.inbox.signals[1].address


async def test_edits_and_deletions_are_heard(stage: Stage) -> None:
    anna = stage.fake.business("Ольга").customer("Анна")
    number = anna.says("раз")["message_id"]
    anna.edits(number, "два")
    anna.deletes(number)
    to = await address_of(stage)
    events = [signal.event for signal in await stage.inbox.have(3)]
    assert events[1] == CustomerEdited(message=f"{to.chat}:{number}", parts=(Text(text="два"),))
    assert events[2] == CustomerDeleted(message=f"{to.chat}:{number}")


async def test_what_was_said_in_the_accounts_name_is_edited_and_deleted(stage: Stage) -> None:
    anna = stage.fake.business("Ольга").customer("Анна")
    anna.says("раз")
    to, channel = await address_of(stage), stage.make_channel()
    ids = await channel.send(said(to, Text(text="старое")))
    await channel.send(said(to, Text(text="новое"), does="edit", of=ids))
    assert stage.fake.messages(anna)[-1].text == "новое"
    await channel.send(said(to, does="delete", of=ids))
    assert [one.text for one in stage.fake.messages(anna)] == ["раз"]


async def test_a_message_is_marked_as_read_and_reactions_are_not_possible(stage: Stage) -> None:
    anna = stage.fake.business("Ольга").customer("Анна")
    number = anna.says("раз")["message_id"]
    to, channel = await address_of(stage), stage.make_channel()
    await channel.read(to, f"{to.chat}:{number}")
    assert anna.chat.read == number
    await channel.read(to, "nonsense")
    with pytest.raises(SendFailed, match="not_possible"):
        await channel.send(said(to, does="react", of=f"{to.chat}:{number}", emoji="👍"))


@pytest.mark.parametrize(
    ("problem", "code"),
    [({}, "no_rights"), ({"description": "Bad Request: BUSINESS_PEER_USAGE_MISSING"}, "window_closed")],
)
async def test_an_account_that_cannot_be_served_is_said_to_be(stage: Stage, problem: dict[str, Any], code: str) -> None:
    shop = stage.fake.business("Ольга")
    shop.customer("Анна").says("раз")
    to = await address_of(stage)
    if problem:
        stage.fake.fail("sendMessage", status=400, **problem)
    else:
        shop.switches(on=False)
    with pytest.raises(SendFailed) as failed:
        await stage.make_channel().send(said(to, Text(text="ответ")))
    assert (failed.value.code, failed.value.retry_after) == (code, None)


async def test_the_same_person_in_both_chats_is_two_addresses(stage: Stage) -> None:
    anna = stage.fake.business("Ольга").customer("Анна")
    anna.says("владельцу")
    stage.fake.world.add_private(anna.user)
    stage.fake.participant(anna.id, anna.id).says("боту")
    signals = await stage.inbox.have(2)
    assert len({signal.address for signal in signals}) == 2
