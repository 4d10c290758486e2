"""Methods around messages: reading, typing, marks, reactions, who is who, uploads."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from estafeta.fakes.vk import Community, FakeVk, Participant
from tests.fakes.vk.conftest import Client, Send


async def test_history_and_conversations(fake: FakeVk, ivan: Participant, client: Client, send: Send) -> None:
    ivan.says("раз")
    await send("два")
    ivan.says("три")

    async def texts(**params: Any) -> list[str]:
        history = await client.call("messages.getHistory", peer_id=ivan.id, **params)
        assert history["count"] == 3
        return [message["text"] for message in history["items"]]

    assert await texts() == ["три", "два", "раз"]
    assert await texts(rev=1, count=2) == ["раз", "два"]
    assert await texts(offset=2) == ["раз"]
    assert await texts(start_message_id=2) == ["два", "раз"]
    extended = await client.call("messages.getHistory", user_id=ivan.id, extended=1)
    assert ([p["id"] for p in extended["profiles"]], len(extended["groups"])) == ([ivan.id], 1)
    conversation = (await client.call("messages.getConversationsById", peer_ids=ivan.id))["items"][0]
    assert (conversation["unread_count"], conversation["can_write"]["allowed"]) == (2, True)
    assert await client.call("messages.markAsRead", peer_id=ivan.id) == 1
    conversation = (await client.call("messages.getConversationsById", peer_ids=ivan.id))["items"][0]
    assert "unread_count" not in conversation
    assert (await client.call("messages.getById", message_ids=2))["items"][0]["text"] == "два"
    found = await client.call("messages.getByConversationMessageId", peer_id=ivan.id, conversation_message_ids="1,9")
    assert [message["text"] for message in found["items"]] == ["раз"]


async def test_typing_is_shown_until_the_message_comes(
    fake: FakeVk, ivan: Participant, client: Client, send: Send
) -> None:
    assert await client.call("messages.setActivity", peer_id=ivan.id, type="typing") == 1
    assert fake.doing(ivan) == "typing"
    await send()
    assert fake.doing(ivan) == ""
    assert (await client.error("messages.setActivity", peer_id=ivan.id))[0] == 100
    assert (await client.error("messages.setActivity", peer_id=ivan.id, type="dancing"))[0] == 100
    assert len(fake.violations) == 1
    fake.violations.clear()


async def test_whether_messages_are_allowed(shop: Community, ivan: Participant, client: Client) -> None:
    async def allowed() -> int:
        answer = await client.call("messages.isMessagesFromGroupAllowed", group_id=shop.id, user_id=ivan.id)
        return int(answer["is_allowed"])

    assert await allowed() == 1
    ivan.blocks()
    assert await allowed() == 0
    ask = {"group_id": shop.id, "user_id": 5}
    assert await client.error("messages.isMessagesFromGroupAllowed", **ask) == (113, "Invalid user id")


async def test_reactions(fake: FakeVk, ivan: Participant, client: Client) -> None:
    ivan.says("раз")
    place = {"peer_id": ivan.id, "cmid": 1}
    assert await client.call("messages.sendReaction", **place, reaction_id=3) == 1
    ivan.reacts(1, 4)
    assert fake.messages(ivan)[0].reactions == (3, 4)
    assert await client.call("messages.deleteReaction", **place) == 1
    assert fake.messages(ivan)[0].reactions == (4,)
    assert (await client.error("messages.sendReaction", **place, reaction_id=99))[0] == 1009


async def test_users_and_communities(fake: FakeVk, shop: Community, client: Client) -> None:
    maria = fake.private("Мария Петрова", screen_name="masha", sex=1)
    users = await client.call("users.get", user_ids=f"{maria.id},masha", fields="sex,screen_name", name_case="gen")
    assert users[0] == users[1]
    assert (users[0]["first_name"], users[0]["last_name"], users[0]["sex"]) == ("Мария", "Петрова", 1)
    assert (await client.error("users.get", user_ids="nobody"))[0] == 113
    maria.vanishes()
    assert (await client.call("users.get", user_ids=maria.id))[0]["deactivated"] == "deleted"
    group = (await client.call("groups.getById"))["groups"][0]
    assert (group["id"], group["name"]) == (shop.id, "Лавка")
    permissions = await client.call("groups.getTokenPermissions")
    assert {p["name"] for p in permissions["permissions"]} == {"docs", "manage", "messages", "photos", "wall"}


async def upload(client: Client, url: str, field: str, content: bytes, name: str) -> Any:
    form = aiohttp.FormData()
    form.add_field(field, content, filename=name)
    async with client.session.post(url, data=form) as response:
        return json.loads(await response.text())


async def test_a_photo_goes_up_and_comes_down(fake: FakeVk, ivan: Participant, client: Client, send: Send) -> None:
    server = await client.call("photos.getMessagesUploadServer", peer_id=ivan.id)
    receipt = await upload(client, server["upload_url"], "photo", b"\xff\xd8\xff photo", "чек.jpg")
    photo = (await client.call("photos.saveMessagesPhoto", **receipt))[0]
    await send(None, attachment=f"photo{photo['owner_id']}_{photo['id']}_{photo['access_key']}")
    assert fake.shown(ivan) == ["[photo]"]
    sizes = fake.messages(ivan)[0].raw["attachments"][0]["photo"]["sizes"]
    async with client.session.get(sizes[-1]["url"]) as response:
        assert await response.read() == b"\xff\xd8\xff photo"
    assert (await client.error("photos.saveMessagesPhoto", **receipt | {"hash": "x"}))[0] == 121
    assert (await client.error("photos.saveMessagesPhoto", **receipt | {"server": 1}))[0] == 118
    assert (await client.error("photos.saveMessagesPhoto", photo="x", server=1, hash="x"))[0] == 100
    empty = await upload(client, server["upload_url"], "file", b"wrong field", "x")
    assert empty["photo"] == "[]"
    assert (await client.error("photos.saveMessagesPhoto", **empty))[0] == 100


@pytest.mark.parametrize(("kind", "name"), [("doc", "счёт.pdf"), ("audio_message", "voice.ogg")])
async def test_a_document_and_a_voice_go_up(
    fake: FakeVk, ivan: Participant, client: Client, send: Send, kind: str, name: str
) -> None:
    server = await client.call("docs.getMessagesUploadServer", type=kind, peer_id=ivan.id)
    receipt = await upload(client, server["upload_url"], "file", b"content", name)
    saved = await client.call("docs.save", **receipt, title="Ваш счёт")
    assert saved["type"] == kind
    doc = saved[kind]
    await send("Вот", attachment=f"doc{doc['owner_id']}_{doc['id']}")
    attached = fake.messages(ivan)[0].raw["attachments"][0]
    assert attached["type"] == kind
    async with client.session.get(attached[kind].get("url") or attached[kind]["link_ogg"]) as response:
        assert await response.read() == b"content"
    assert (await client.error("docs.save", file="x"))[0] == 105
    assert "error" in await upload(client, server["upload_url"], "photo", b"x", "x")
    assert "error" in await upload(client, f"{fake.url}/upload/doc/1", "file", b"x", "x")
    ivan.blocks()
    assert (await client.error("docs.getMessagesUploadServer", peer_id=ivan.id))[0] == 901


async def test_anothers_file_needs_its_key(fake: FakeVk, ivan: Participant, client: Client, send: Send) -> None:
    photo = ivan.sends("photo")["attachments"][0]["photo"]
    name = f"photo{ivan.id}_{photo['id']}"
    assert (await client.error("messages.send", peer_id=ivan.id, random_id=99, message="x", attachment=name))[0] == 100
    await send("Вернули", attachment=f"{name}_{photo['access_key']}")
    eleven = ",".join([name] * 11)
    assert (await client.error("messages.send", peer_id=ivan.id, random_id=99, message="x", attachment=eleven))[
        0
    ] == 100


# Walls


async def test_comments_are_made_once_and_answer_in_threads(
    fake: FakeVk, shop: Community, ivan: Participant, client: Client
) -> None:
    post = shop.posts("Новые чайники")
    question = ivan.comments(post, "Сколько стоит?")
    answer = {"owner_id": -shop.id, "post_id": post, "from_group": shop.id, "reply_to_comment": question["id"]}
    made = await client.call("wall.createComment", **answer, message="1990 ₽", guid="out-1")
    assert await client.call("wall.createComment", **answer, message="1990 ₽", guid="out-1") == made
    assert made["parents_stack"] == [question["id"]]
    assert [(c.text, c.by_community, c.reply_to) for c in fake.wall(shop, post)] == [
        ("Сколько стоит?", False, None),
        ("1990 ₽", True, question["id"]),
    ]


async def test_comments_refused(fake: FakeVk, shop: Community, ivan: Participant, client: Client) -> None:
    post = shop.posts("Новые чайники")
    here = {"owner_id": -shop.id, "post_id": post}
    assert (await client.error("wall.createComment", **here))[0] == 100
    assert (await client.error("wall.createComment", **here, message="x", reply_to_comment=9))[0] == 100
    assert (await client.error("wall.createComment", owner_id=-5, post_id=post, message="x"))[0] == 15
    assert (await client.error("wall.createComment", **here | {"post_id": 99}, message="x"))[0] == 212
    shop.forbids_links(post)
    assert (await client.error("wall.createComment", **here, message="https://example.org"))[0] == 222
    shop.closes_comments(post)
    assert (await client.error("wall.createComment", **here, message="x"))[0] == 213


async def test_only_a_persons_token_reads_and_deletes_comments(
    fake: FakeVk, shop: Community, ivan: Participant, client: Client
) -> None:
    post = shop.posts("Новые чайники")
    comment = ivan.comments(post, "Спам")
    ivan.comments(post, "Ещё", reply_to=comment["id"])
    words = "Group authorization failed: method is unavailable with group auth."
    assert await client.error("wall.deleteComment", comment_id=comment["id"]) == (27, words)
    admin = replace(client, token=shop.admin_token)
    found = await admin.call("wall.getComments", owner_id=-shop.id, post_id=post)
    assert (found["count"], [c["text"] for c in found["items"]]) == (2, ["Спам"])
    thread = await admin.call("wall.getComments", owner_id=-shop.id, post_id=post, comment_id=comment["id"])
    assert [c["text"] for c in thread["items"]] == ["Ещё"]
    assert await admin.call("wall.deleteComment", owner_id=-shop.id, comment_id=comment["id"]) == 1
    assert (await admin.error("wall.deleteComment", comment_id=comment["id"]))[0] == 211
