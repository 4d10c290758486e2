"""Keyboards: VK's limits as error 911, and what pressing a button tells the community."""

from __future__ import annotations

import json
from typing import Any

import pytest

from estafeta.fakes.vk import Community, FakeVk, NotPossible, Participant, Press
from tests.fakes.vk.conftest import Client, Send

Button = dict[str, Any]


def text(label: str = "Да", **more: Any) -> Button:
    return {"action": {"type": "text", "label": label} | more}


def keys(rows: list[list[Button]], *, inline: bool = False, **more: Any) -> str:
    return json.dumps({"inline": inline, "buttons": rows} | more)


@pytest.mark.parametrize(
    ("keyboard", "words"),
    [
        ("{", "not a valid JSON"),
        (keys([[text()]] * 11), "too much rows"),
        (keys([[text()] * 6]), "row 0 contains too much columns"),
        (keys([[text()] * 5] * 9), "keyboard contains too much buttons"),
        (keys([[text()]] * 7, inline=True), "too much rows"),
        (keys([[text()] * 4] * 3, inline=True), "keyboard contains too much buttons"),
        (keys([[text()]], inline=True, one_time=True), "one_time"),
        (keys([[text("")]]), "button [0][0] label should be at least 1 letters length"),
        (keys([[text("я" * 41)]]), "label should be no more than 40"),
        (keys([[text(payload='"' + "x" * 254 + '"')]]), "payload should be no more than 255"),
        (keys([[text(payload="x")]]), "payload is not a valid JSON"),
        (keys([[text() | {"color": "blue"}]]), "'blue' is none of"),
        (keys([[{"action": {"type": "open_link", "label": "x", "link": "y"}, "color": "primary"}]]), "color"),
        (keys([[text(), {"action": {"type": "location"}}]]), "takes the whole row"),
        (keys([[{"action": {"type": "dance"}}]]), "is no messages_keyboard_button_property_action"),
        (keys([[]]), "row 0 is empty"),
    ],
)
async def test_a_keyboard_outside_the_limits(
    fake: FakeVk, ivan: Participant, client: Client, keyboard: str, words: str
) -> None:
    code, message = await client.error("messages.send", peer_id=ivan.id, random_id=1, message="x", keyboard=keyboard)
    assert code == 911
    assert words in message
    assert fake.shown(ivan) == []
    assert len(fake.violations) == 1
    fake.violations.clear()


async def test_a_keyboard_within_the_limits(fake: FakeVk, ivan: Participant, send: Send) -> None:
    await send(keyboard=keys([[text("я" * 40, payload='"' + "x" * 253 + '"')] * 4] * 10))
    await send(keyboard=keys([[text() | {"color": "secondary"}] * 5] * 2, inline=True, one_time=False))
    assert len(fake.keyboard(ivan)) == 40
    assert fake.messages(ivan)[1].buttons == ("Да",) * 10
    await send(keyboard='{"buttons": []}')
    assert fake.keyboard(ivan) == ()


async def test_no_keyboards_without_bot_features(shop: Community, ivan: Participant, client: Client) -> None:
    shop.switches_bot_features(on=False)
    code, _ = await client.error("messages.send", peer_id=ivan.id, random_id=1, message="x", keyboard=keys([[text()]]))
    assert code == 912
    assert await client.call("groups.setSettings", group_id=shop.id, bots_capabilities=1) == 1
    await client.call("messages.send", peer_id=ivan.id, random_id=1, message="x", keyboard=keys([[text()]]))


async def test_a_text_button_sends_its_label_and_payload(fake: FakeVk, ivan: Participant, send: Send) -> None:
    await send(keyboard=keys([[text("Оператор", payload='{"to": "desk"}')]], one_time=True))
    message = ivan.presses("Оператор")
    assert isinstance(message, dict)
    assert (message["text"], message["payload"]) == ("Оператор", '{"to": "desk"}')
    assert fake.keyboard(ivan) == ()
    with pytest.raises(NotPossible):
        ivan.presses("Оператор")


async def test_a_location_button_sends_a_place(ivan: Participant, send: Send) -> None:
    await send(keyboard=keys([[{"action": {"type": "location", "payload": '"here"'}}]]))
    message = ivan.presses('"here"')
    assert isinstance(message, dict)
    assert message["geo"]["coordinates"]["latitude"] == 55.75


async def test_a_callback_button_is_answered_once(fake: FakeVk, ivan: Participant, client: Client, send: Send) -> None:
    action = {"type": "callback", "label": "Статус", "payload": '{"cmd": "status"}'}
    await send(keyboard=keys([[{"action": action, "color": "primary"}]], inline=True))
    press = ivan.presses("Статус")
    assert isinstance(press, Press)
    assert press.message == 1
    answer = {"event_id": press.id, "user_id": ivan.id, "peer_id": ivan.id}
    snackbar = {"type": "show_snackbar", "text": "Едет"}
    method = "messages.sendMessageEventAnswer"
    assert (await client.error(method, **answer, event_data='{"type": "show_snackbar"}'))[0] == 100
    assert await client.call(method, **answer, event_data=json.dumps(snackbar)) == 1
    assert press.answer == snackbar
    assert (await client.error(method, **answer))[0] == 100
    with pytest.raises(NotPossible):
        ivan.presses("Нет такой")
