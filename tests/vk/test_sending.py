"""What customers see of what is meant: words, marks, buttons, lists, files, places, replies, edits, reactions."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from bots.vk.channel import random_id_of
from estafeta.fakes.vk import Participant, Press, Shown
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import (
    Address,
    Button,
    CustomerPressed,
    Location,
    Mark,
    Operator,
    OutboundMessage,
    OutboxId,
    Part,
    SaidElsewhere,
    Text,
)
from tests.vk.stage import Stage, eventually

_numbers = count()


def to(person: Participant) -> Address:
    return Address(channel="vk", account="shop", chat=str(person.id))


def meant(person: Participant, *parts: Part | str, **more: Any) -> OutboundMessage:
    return OutboundMessage(
        id=OutboxId(f"test.{next(_numbers)}"),
        to=to(person),
        parts=tuple(Text(text=part) if isinstance(part, str) else part for part in parts),
        **more,
    )


def buttons(count: int, **more: Any) -> tuple[Button, ...]:
    return tuple(Button(id=f"choice.{n}", text=f"Вариант {n}", **more) for n in range(1, count + 1))


def seen(stage: Stage, person: Participant) -> list[Shown]:
    return [message for message in stage.fake.messages(person) if message.by_community]


async def failed(stage: Stage, message: OutboundMessage) -> SendFailed:
    with pytest.raises(SendFailed) as caught:
        await stage.channel.send(message)
    return caught.value


async def test_marks_are_drawn(stage: Stage, ivan: Participant) -> None:
    marks = (
        Mark(kind="bold", start=2, end=7),
        Mark(kind="code", start=8, end=9),
        Mark(kind="link", start=10, end=14, url="https://example.org/a"),
    )
    await stage.channel.send(meant(ivan, Text(text="👍 жирно и сюда", marks=marks)))
    [message] = seen(stage, ivan)
    assert message.text == "👍 жирно и сюда"
    assert message.raw["format_data"]["items"] == [
        {"type": "bold", "offset": 3, "length": 5},
        {"type": "url", "offset": 11, "length": 4, "url": "https://example.org/a"},
    ]


async def test_sent_again_it_is_seen_once(stage: Stage, ivan: Participant) -> None:
    ivan.says("привет")
    message = meant(ivan, "один раз " * 1000)
    first = await stage.channel.send(message)
    assert await stage.channel.send(message) == first
    assert len(first.split()) == 3
    assert len(seen(stage, ivan)) == 3


async def test_random_ids_are_derived_and_fit() -> None:
    ids = {random_id_of(f"x.{number}", chunk) for number in range(2000) for chunk in range(2)}
    assert len(ids) == 4000
    assert all(0 < number < 2**31 for number in ids)
    assert random_id_of("x.1", 0) == random_id_of("x.1", 0)


async def test_an_answer_lost_on_its_way_is_no_doubt(stage: Stage, ivan: Participant) -> None:
    ivan.says("привет")
    for kind in ("drop_before", "drop_after", "broken_json"):
        message = meant(ivan, kind)
        stage.fake.fail("messages.send", kind)
        failure = await failed(stage, message)
        assert (failure.code, failure.maybe_sent) == ("no_answer", False)
        assert failure.retry_after is not None
        await stage.channel.send(message)
    assert [message.text for message in seen(stage, ivan)] == ["drop_before", "drop_after", "broken_json"]


async def test_a_failure_in_the_middle_goes_on_where_it_stopped(stage: Stage, ivan: Participant) -> None:
    ivan.says("привет")
    message = meant(ivan, "слово " * 2000)
    stage.fake.fail("messages.send", code=10, times=1)
    assert (await failed(stage, message)).code == "messenger_down"
    before = len(stage.fake.calls_of("messages.send"))
    names = await stage.channel.send(message)
    assert len(names.split()) == len(seen(stage, ivan)) == len(stage.fake.calls_of("messages.send")) - before


async def test_text_buttons_for_an_app_nobody_told_about(stage: Stage, ivan: Participant) -> None:
    ivan.dialog.allowed = True
    await stage.channel.send(meant(ivan, "Что дальше?", buttons=buttons(10)))
    [message] = seen(stage, ivan)
    assert message.buttons == tuple(f"Вариант {n}" for n in range(1, 11))
    actions = [button["action"]["type"] for row in message.raw["keyboard"]["buttons"] for button in row]
    assert set(actions) == {"text"}
    ivan.presses("Вариант 7")
    pressed = (await stage.inbox.have(1))[-1].event
    assert isinstance(pressed, CustomerPressed)
    assert (pressed.button, pressed.label) == ("choice.7", "Вариант 7")


async def test_a_callback_button_is_answered_once_it_is_stored(stage: Stage, ivan: Participant) -> None:
    ivan.says("привет")
    await stage.inbox.have(1)
    [name] = (await stage.channel.send(meant(ivan, "Что дальше?", buttons=buttons(2)))).split()
    stage.inbox.away = 1
    press = ivan.presses("Вариант 2")
    assert isinstance(press, Press)
    await stage.fake.wait(lambda: press.answered)
    pressed = stage.inbox.signals[-1].event
    assert isinstance(pressed, CustomerPressed)
    assert (pressed.button, pressed.label, pressed.message) == ("choice.2", "Вариант 2", name)


async def test_links_are_buttons(stage: Stage, ivan: Participant) -> None:
    ivan.says("привет")
    link = Button(id="x", text="Сайт " * 20, url="https://example.org/a?b=c")
    await stage.channel.send(meant(ivan, "Смотрите", buttons=(*buttons(1), link)))
    [message] = seen(stage, ivan)
    [[_], [shown]] = message.raw["keyboard"]["buttons"]
    assert shown["action"]["type"] == "open_link"
    assert shown["action"]["link"] == link.url
    assert len(shown["action"]["label"]) <= 40


@pytest.mark.parametrize("options", [12, 21, 30])
async def test_many_options_are_a_carousel_where_the_app_has_one(stage: Stage, ivan: Participant, options: int) -> None:
    ivan.says("привет")
    await stage.inbox.have(1)
    await stage.channel.send(meant(ivan, "Выберите", buttons=buttons(options)))
    [message] = seen(stage, ivan)
    shown = [button for element in message.raw["template"]["elements"] for button in element["buttons"]]
    assert len(shown) == options
    ivan.presses(f"Вариант {options}")
    pressed = (await stage.inbox.have(2))[-1].event
    assert isinstance(pressed, CustomerPressed)
    assert pressed.button == f"choice.{options}"


@pytest.mark.parametrize("options", [11, 12, 31, 40])
async def test_many_options_are_the_keyboard_below_where_there_is_no_carousel(
    stage: Stage, ivan: Participant, options: int
) -> None:
    ivan.says("привет", client={"carousel": False})
    await stage.inbox.have(1)
    await stage.channel.send(meant(ivan, "Выберите", buttons=buttons(options)))
    assert stage.fake.keyboard(ivan) == tuple(f"Вариант {n}" for n in range(1, options + 1))
    ivan.presses("Вариант 11")
    pressed = (await stage.inbox.have(2))[-1].event
    assert isinstance(pressed, CustomerPressed)
    assert pressed.button == "choice.11"
    assert stage.fake.keyboard(ivan) == ()


async def test_more_options_than_anything_takes_are_numbered_lines(stage: Stage, ivan: Participant) -> None:
    ivan.says("привет")
    await stage.channel.send(meant(ivan, "Выберите", buttons=buttons(41)))
    [message] = seen(stage, ivan)
    assert message.buttons == ()
    assert "41. Вариант 41" in message.text


async def test_an_app_without_inline_buttons_has_them_below_or_as_lines(stage: Stage, ivan: Participant) -> None:
    ivan.says("раз", client={"inline_keyboard": False, "carousel": False, "button_actions": ["text"]})
    await stage.inbox.have(1)
    await stage.channel.send(meant(ivan, "Выберите", buttons=buttons(2)))
    assert stage.fake.keyboard(ivan) == ("Вариант 1", "Вариант 2")
    ivan.says("два", client={"inline_keyboard": False, "carousel": False, "keyboard": False})
    await stage.inbox.have(2)
    await stage.channel.send(meant(ivan, "Выберите", buttons=buttons(2)))
    assert seen(stage, ivan)[-1].text.endswith("1. Вариант 1\n2. Вариант 2")


async def test_a_place_is_a_place(stage: Stage, ivan: Participant) -> None:
    ivan.says("где вы?")
    await stage.channel.send(meant(ivan, Location(latitude=55.75, longitude=37.62)))
    [message] = [one for one in seen(stage, ivan) if "geo" in one.raw]
    assert message.raw["geo"]["coordinates"] == {"latitude": 55.75, "longitude": 37.62}


async def test_an_answer_quotes_what_it_answers(stage: Stage, ivan: Participant) -> None:
    ivan.says("первое")
    ivan.says("второе")
    first, _ = await stage.inbox.have(2)
    await stage.channel.send(meant(ivan, "на первое", reply_to=first.event.message))  # type: ignore[union-attr]
    assert seen(stage, ivan)[0].reply_to == 1


async def test_an_answer_to_what_is_gone_is_said_all_the_same(stage: Stage, ivan: Participant) -> None:
    number = ivan.says("первое")["conversation_message_id"]
    ivan.deletes(number)
    await stage.channel.send(meant(ivan, "ответ", reply_to=f"{ivan.id}:{number}"))
    await stage.channel.send(meant(ivan, "ещё", reply_to="nonsense"))
    assert [(message.text, message.reply_to) for message in seen(stage, ivan)] == [("ответ", None), ("ещё", None)]


async def test_what_vk_cannot_draw_is_said_plainly(stage: Stage, ivan: Participant) -> None:
    number = ivan.says("первое")["conversation_message_id"]
    stage.fake.fail("messages.send", code=100, detail="format_data is invalid", times=2)
    bold = Text(text="важно", marks=(Mark(kind="bold", start=0, end=5),))
    await stage.channel.send(meant(ivan, bold, reply_to=f"{ivan.id}:{number}"))
    [message] = seen(stage, ivan)
    assert message.text == "важно"
    assert "format_data" not in message.raw
    stage.fake.fail("messages.send", code=100, detail="something else", times=3)
    assert (await failed(stage, meant(ivan, bold))).code == "refused"
    assert len(seen(stage, ivan)) == 1


async def test_an_edit_takes_more_messages_or_fewer(stage: Stage, ivan: Participant) -> None:
    ivan.says("привет")
    names = await stage.channel.send(meant(ivan, "а" * 5000))
    assert len(names.split()) == 2
    short = meant(ivan, "коротко", does="edit", of=names)
    names = await stage.channel.send(short)
    assert [message.text for message in seen(stage, ivan)] == ["коротко"]
    names = await stage.channel.send(meant(ivan, "б" * 5000, does="edit", of=names))
    assert len(names.split()) == 2
    assert "".join(message.text for message in seen(stage, ivan)) == "б" * 5000


async def test_a_deletion_is_for_everybody(stage: Stage, ivan: Participant) -> None:
    ivan.says("привет")
    name = await stage.channel.send(meant(ivan, "ошибся"))
    await stage.channel.send(meant(ivan, does="delete", of=name))
    assert seen(stage, ivan) == []
    for of in (name, "", "nonsense"):
        assert (await failed(stage, meant(ivan, does="delete", of=of))).code == "message_missing"
    assert (await failed(stage, meant(ivan, "x", does="edit", of=name))).code in ("message_missing", "refused")


async def test_reactions_are_the_nearest_or_none(stage: Stage, ivan: Participant) -> None:
    ivan.says("спасибо!")
    name = f"{ivan.id}:1"
    for emoji, number in (("❤️", 1), ("👍🏽", 4), ("🥰", 15)):
        await stage.channel.send(meant(ivan, does="react", of=name, emoji=emoji))
        assert stage.fake.messages(ivan)[0].reactions == (number,)
    assert (await failed(stage, meant(ivan, does="react", of=name, emoji="🦄"))).code == "not_possible"
    await stage.channel.send(meant(ivan, does="react", of=name))
    assert stage.fake.messages(ivan)[0].reactions == ()


async def test_typing_and_reading_are_shown(stage: Stage, ivan: Participant) -> None:
    ivan.says("привет")
    await stage.channel.typing(to(ivan))
    assert stage.fake.doing(ivan) == "typing"
    await stage.channel.typing(to(ivan))
    assert len(stage.fake.calls_of("messages.setActivity")) == 1
    await stage.channel.read(to(ivan), f"{ivan.id}:1")
    assert ivan.dialog.in_read == 1
    await stage.channel.read(to(ivan), "nonsense")
    await stage.channel.read(Address(channel="vk", account="shop", chat="x"), "x:1")
    assert len(stage.fake.calls_of("messages.markAsRead")) == 1
    assert await stage.channel.templates() == ()


async def test_who_denied_messages_is_asked_about_before_the_next_one(stage: Stage, ivan: Participant) -> None:
    ivan.says("привет")
    ivan.blocks()
    await stage.inbox.have(2)
    assert not await stage.channel.allows(to(ivan))
    failure = await failed(stage, meant(ivan, "вы здесь?"))
    assert (failure.code, failure.fault) == ("not_allowed", "customer")
    assert stage.fake.calls_of("messages.send") == []
    ivan.allows()
    await stage.inbox.have(3)
    await stage.channel.send(meant(ivan, "здравствуйте"))
    ivan.hides()
    assert (await failed(stage, meant(ivan, "и снова"))).code == "not_allowed"
    ivan.dialog.private = False
    await stage.channel.send(meant(ivan, "и снова"))


async def test_nothing_to_say_and_nobody_to_say_it_to(stage: Stage, ivan: Participant) -> None:
    assert (await failed(stage, meant(ivan))).code == "empty"
    for chat in ("", "0", "x", "-5", "2" * 30, "²"):
        message = replace(meant(ivan, "x"), to=Address(channel="vk", account="shop", chat=chat))
        assert (await failed(stage, message)).code == "chat_not_found"


async def test_a_name_is_known_once_somebody_types(stage: Stage, ivan: Participant) -> None:
    ivan.types()
    await eventually(lambda: bool(stage.channel._receiver.names.profile(ivan.id).name))
    ivan.says("привет")
    [signal] = await stage.inbox.have(1)
    assert signal.event.profile.name == "Иван Петров"  # type: ignore[union-attr]
    assert len(stage.fake.calls_of("users.get")) == 1


async def test_what_is_typed_in_vk_itself_has_its_author(stage: Stage, ivan: Participant) -> None:
    ivan.says("привет")
    await stage.channel.send(meant(ivan, "это бот"))
    stage.shop.answers(ivan, "это Мария")
    signals = await stage.inbox.have(2)
    assert [type(signal.event).__name__ for signal in signals] == ["CustomerSaid", "SaidElsewhere"]
    elsewhere = signals[1].event
    assert isinstance(elsewhere, SaidElsewhere)
    assert elsewhere.parts == (Text(text="это Мария"),)
    assert elsewhere.operator == Operator(id=str(stage.shop.group.admin), name="Владелец", desk="vk")


async def test_without_the_name_it_is_told_all_the_same(stage: Stage, ivan: Participant) -> None:
    stage.fake.fail("users.get", code=10, times=2)
    stage.shop.answers(ivan, "это Мария")
    [signal] = await stage.inbox.have(1)
    assert isinstance(signal.event, SaidElsewhere)
    assert signal.event.operator.name == f"id{stage.shop.group.admin}"


async def test_every_parameter_is_one_that_vk_has(stage: Stage, ivan: Participant) -> None:
    """The stand-in refuses what VK's schema forbids; here it is said that it was asked for everything."""
    ivan.says("привет")
    await stage.inbox.have(1)
    name = await stage.channel.send(meant(ivan, "раз", buttons=buttons(3)))
    await stage.channel.send(meant(ivan, "два", does="edit", of=name, buttons=buttons(2)))
    asked = {call.method for call in stage.fake.calls}
    assert {"messages.send", "messages.edit", "groups.addCallbackServer", "groups.setSettings"} <= asked
    [edited] = stage.fake.calls_of("messages.edit")
    assert json.loads(edited.params["keyboard"])["inline"] is True
