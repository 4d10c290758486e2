"""messages.send, edit and delete: what comes through, what is refused and with which of VK's errors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from estafeta.fakes.vk import Community, FakeVk, Participant
from tests.fakes.vk.conftest import Client, Send


async def test_a_message_is_shown_and_told_of(fake: FakeVk, ivan: Participant, send: Send) -> None:
    number = await send("Здравствуйте")
    assert fake.shown(ivan) == ["Здравствуйте"]
    message = fake.messages(ivan)[0]
    assert (message.raw["id"], message.by_community, message.by_admin, message.author) == (number, True, False, "Лавка")


async def test_get_and_post_are_the_same(fake: FakeVk, ivan: Participant, client: Client) -> None:
    params = {"access_token": client.token, "v": "5.199", "user_id": str(ivan.id), "random_id": "5", "message": "GET"}
    async with client.session.get(f"{fake.url}/method/messages.send", params=params) as response:
        assert "response" in await response.json()
    assert fake.shown(ivan) == ["GET"]


async def test_the_same_random_id_sends_once_within_an_hour_and_to_each_peer(client: Client) -> None:
    now = 0.0
    async with FakeVk(limits=None, clock=lambda: now) as fake:
        shop = fake.community()
        ivan, maria = fake.private("Иван"), fake.private("Мария")
        talk = Client(client.session, fake.url, shop.token)
        first = await talk.call("messages.send", peer_id=ivan.id, random_id=7, message="раз")
        assert await talk.call("messages.send", peer_id=ivan.id, random_id=7, message="раз") == first
        await talk.call("messages.send", peer_id=maria.id, random_id=7, message="раз")
        assert (fake.shown(ivan), fake.shown(maria)) == (["раз"], ["раз"])
        now = 3601
        assert await talk.call("messages.send", peer_id=ivan.id, random_id=7, message="два") != first
        await talk.call("messages.send", peer_id=ivan.id, random_id=0, message="три")
        await talk.call("messages.send", peer_id=ivan.id, random_id=0, message="три")
        assert fake.shown(ivan) == ["раз", "два", "три", "три"]


async def test_several_peers_answer_one_by_one(fake: FakeVk, ivan: Participant, client: Client) -> None:
    maria = fake.private("Мария", allowed=False)
    answers = await client.call("messages.send", peer_ids=f"{ivan.id},{maria.id}", random_id=1, message="всем")
    assert [answer["peer_id"] for answer in answers] == [ivan.id, maria.id]
    assert "error" not in answers[0]
    assert answers[1]["error"] == {"code": 901, "description": "Can't send messages for users without permission"}
    assert (fake.shown(ivan), fake.shown(maria)) == (["всем"], [])


async def test_who_may_not_be_written_to_has_an_error_of_their_own(
    fake: FakeVk, shop: Community, ivan: Participant, client: Client
) -> None:
    async def refused(peer: int) -> int:
        return (await client.error("messages.send", peer_id=peer, random_id=1, message="x"))[0]

    stranger = fake.private("Чужой", allowed=False)
    assert await refused(stranger.id) == 901
    stranger.says("Можно")
    assert (await client.call("messages.send", peer_id=stranger.id, random_id=2, message="Нужно")) > 0
    ivan.blocks()
    assert await refused(ivan.id) == 901
    ivan.allows()
    ivan.hides()
    assert await refused(ivan.id) == 902
    shop.bans(ivan)
    assert await refused(ivan.id) == 900
    ivan.vanishes()
    assert await refused(ivan.id) == 18
    assert await refused(2_000_000_077) == 917
    assert await refused(-5) == 932
    assert await refused(5) == 100


@pytest.mark.parametrize(
    ("params", "code", "words"),
    [
        ({"random_id": None}, 100, "random_id is a required parameter"),
        ({"peer_id": None}, 100, "you should specify peer_id, user_id, domain, chat_id or user_ids param"),
        ({"message": ""}, 100, "message is empty or invalid"),
        ({"random_id": 2**31}, 100, "random_id should be an int32"),
        ({"attachment": "photo1_2"}, 100, "attachment is invalid"),
        ({"forward": '{"peer_id": 1, "cmids": [9]}'}, 100, "peer_id is invalid"),
        ({"reply_to": 77}, 100, "message_id is invalid"),
        ({"format_data": "{"}, 100, "format_data contains incorrect JSON"),
        ({"intent": "promo_newsletter"}, 943, "Cannot use this intent"),
        ({"group_id": 1}, 15, "Access denied"),
    ],
)
async def test_refusals_in_vks_words(
    ivan: Participant, client: Client, params: dict[str, Any], code: int, words: str
) -> None:
    given = {"peer_id": ivan.id, "random_id": 1, "message": "x"} | params
    refused, message = await client.error("messages.send", **given)
    assert refused == code
    assert words in message


async def test_a_long_text_is_error_914_and_a_finding(fake: FakeVk, ivan: Participant, client: Client) -> None:
    assert await client.call("messages.send", peer_id=ivan.id, random_id=1, message="ж" * 4096)
    answer = await client.error("messages.send", peer_id=ivan.id, random_id=2, message="ж" * 4097)
    assert answer == (914, "Message is too long")
    assert fake.violations == ["messages.send: Message is too long"]
    fake.violations.clear()


async def test_what_the_schema_does_not_know_is_refused_and_found(
    fake: FakeVk, ivan: Participant, client: Client
) -> None:
    code, message = await client.error("messages.send", peer_id=ivan.id, random_id="x", message="раз", mesage="два")
    assert (code, "random_id is not integer" in message, "mesage is unknown" in message) == (100, True, True)
    assert fake.violations == ["messages.send: random_id is not integer", "messages.send: mesage is unknown"]
    fake.violations.clear()


async def test_a_reply_and_a_forward_quote(fake: FakeVk, ivan: Participant, send: Send) -> None:
    question = ivan.says("Где заказ?")
    await send("Едет", reply_to=question["id"])
    cmid = question["conversation_message_id"]
    forward = {"peer_id": ivan.id, "conversation_message_ids": [cmid], "is_reply": True}
    await send("Уже близко", forward=json.dumps(forward))
    await send(None, forward=json.dumps(forward | {"is_reply": False}))
    assert [message.reply_to for message in fake.messages(ivan)] == [None, cmid, cmid, None]
    assert fake.messages(ivan)[3].raw["fwd_messages"][0]["text"] == "Где заказ?"


async def test_a_link_becomes_a_snippet_unless_it_is_told_not_to(fake: FakeVk, ivan: Participant, send: Send) -> None:
    await send("Вот https://example.org/x")
    await send("Вот https://example.org/x", dont_parse_links=1)
    kinds = [[a["type"] for a in message.raw["attachments"]] for message in fake.messages(ivan)]
    assert kinds == [["link"], []]


async def test_formatting_counts_utf16(fake: FakeVk, ivan: Participant, client: Client, send: Send) -> None:
    bold = {"type": "bold", "offset": 3, "length": 4}
    await send("👍 Едет", format_data=json.dumps({"version": 1, "items": [bold]}))
    assert fake.messages(ivan)[0].raw["format_data"]["items"] == [bold]
    outside = {"version": 1, "items": [bold | {"length": 5}]}
    answer = await client.error(
        "messages.send", peer_id=ivan.id, random_id=99, message="👍 Едет", format_data=json.dumps(outside)
    )
    assert answer[0] == 100


async def test_a_place_and_a_carousel(fake: FakeVk, ivan: Participant, client: Client, send: Send) -> None:
    await send(None, lat="55.7", long="37.6")
    button = {"action": {"type": "text", "label": "Беру", "payload": '{"take": 1}'}}
    element = {"title": "Чайник", "description": "Медный", "buttons": [button]}
    await send("Выбирайте", template=json.dumps({"type": "carousel", "elements": [element]}))
    assert fake.shown(ivan) == ["[geo]", "Выбирайте"]
    pressed = ivan.presses("Беру")
    assert isinstance(pressed, dict)
    assert (pressed["text"], pressed["payload"]) == ("Беру", '{"take": 1}')
    wrong = (
        [element] * 11,
        [element, element | {"buttons": [button, button]}],
        [element, {"title": "Чайник", "buttons": [button]}],
        [element | {"buttons": []}],
        [element | {"buttons": [button] * 4}],
        [element | {"title": "я" * 81}],
        [{"buttons": [button]}],
    )
    for elements in wrong:
        template = json.dumps({"type": "carousel", "elements": elements})
        answer = await client.error("messages.send", peer_id=ivan.id, random_id=99, message="x", template=template)
        assert answer[0] == 100


async def test_an_edit_replaces_text_buttons_and_attachments(
    fake: FakeVk, ivan: Participant, client: Client, send: Send
) -> None:
    keys = {"inline": True, "buttons": [[{"action": {"type": "text", "label": "Да"}}]]}
    number = await send("Верно?", keyboard=json.dumps(keys))
    assert fake.messages(ivan)[0].buttons == ("Да",)
    assert await client.call("messages.edit", peer_id=ivan.id, message_id=number, message="Верно.") == 1
    message = fake.messages(ivan)[0]
    assert (message.text, message.edited, message.buttons) == ("Верно.", True, ())
    assert await client.call("messages.edit", peer_id=ivan.id, cmid=1, message="Да.") == 1
    assert fake.shown(ivan) == ["Да."]


async def test_what_cannot_be_edited(fake: FakeVk, ivan: Participant, client: Client, send: Send) -> None:
    theirs = ivan.says("моё")
    number = await send("наше")
    edit = {"peer_id": ivan.id, "message": "x"}
    assert (await client.error("messages.edit", **edit, message_id=theirs["id"]))[0] == 920
    assert (await client.error("messages.edit", **edit, message_id=777))[0] == 100
    assert (await client.error("messages.edit", **edit))[0] == 100
    fake.world.now = lambda: 4e9
    assert (await client.error("messages.edit", **edit, message_id=number))[0] == 909


async def test_deleting_for_everybody_and_for_oneself(
    fake: FakeVk, ivan: Participant, client: Client, send: Send
) -> None:
    theirs = ivan.says("моё")
    ours, other = await send("раз"), await send("два")
    answers = await client.call("messages.delete", message_ids=f"{ours},{theirs['id']},777", delete_for_all=1)
    assert [answer.get("response") or answer["error"]["code"] for answer in answers] == [1, 924, 100]
    assert fake.shown(ivan) == ["моё", "два"]
    await client.call("messages.delete", message_ids=other)
    assert fake.shown(ivan) == ["моё", "два"]
    history = await client.call("messages.getHistory", peer_id=ivan.id)
    assert [message["text"] for message in history["items"]] == ["моё"]


async def test_a_chat_has_its_own_rules(fake: FakeVk, shop: Community, client: Client) -> None:
    chat = shop.chat("Склад")
    anna = chat.member("Анна")
    message = anna.says("Привезли")
    assert message["id"] == 0
    assert await client.call("messages.send", peer_id=chat.peer, random_id=1, message="Спасибо") == 0
    assert fake.shown(chat) == ["[chat_invite_user]", "Привезли", "Спасибо"]
    cmid = message["conversation_message_id"]
    answers = await client.call("messages.delete", peer_id=chat.peer, cmids=cmid, delete_for_all=1)
    assert answers[0]["error"]["code"] == 925
    chat.expels_community()
    assert (await client.error("messages.send", chat_id=1, random_id=2, message="x"))[0] == 917
