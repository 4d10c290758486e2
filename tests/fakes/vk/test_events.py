"""Every event a community is told of, as VK shapes it."""

from __future__ import annotations

from typing import Any

import pytest

from estafeta.fakes.vk import Community, FakeVk, NotPossible, Participant
from estafeta.fakes.vk.scene import OBJECTS
from tests.fakes.vk.conftest import Client, Send

KINDS = (
    *("photo", "doc", "audio_message", "graffiti", "sticker", "link", "video", "audio", "wall", "market"),
    *("gift", "poll", "story", "wall_reply"),
)


@pytest.fixture
def events(fake: FakeVk, shop: Community) -> list[dict[str, Any]]:
    """What Long Poll was given, whole."""
    poll = fake.long_poll(shop)
    poll.enabled = True
    poll.events.update(OBJECTS)
    return poll.history  # type: ignore[return-value]  # a deque reads like a list


async def test_a_message_carries_what_the_app_can_show(ivan: Participant, events: Any) -> None:
    ivan.says("Привет", payload='{"command": "start"}', ref="sale", client={"carousel": False})
    event = events[-1]
    assert {"group_id", "type", "event_id", "v", "object"} == set(event)
    message, client = event["object"]["message"], event["object"]["client_info"]
    assert (message["text"], message["payload"], message["ref"]) == ("Привет", '{"command": "start"}', "sale")
    assert (message["from_id"], message["peer_id"], message["out"]) == (ivan.id, ivan.id, 0)
    assert (client["carousel"], client["inline_keyboard"]) == (False, True)


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_of_attachment(fake: FakeVk, ivan: Participant, events: Any, kind: str) -> None:
    ivan.sends(kind)
    attached = events[-1]["object"]["message"]["attachments"]
    assert [(a["type"], kind in a) for a in attached] == [(kind, True)]
    assert fake.shown(ivan) == [f"[{kind}]"]


async def test_several_attachments_a_place_a_quote_and_forwards(ivan: Participant, events: Any) -> None:
    ivan.sends("photo", "photo", "doc", text="Вот")
    ivan.sends_location(55.7, 37.6)
    ivan.says("Это", reply_to=1, forwards=(1, 2))
    first, place, quote = (event["object"]["message"] for event in events)
    assert len(first["attachments"]) == 3
    assert place["geo"]["coordinates"] == {"latitude": 55.7, "longitude": 37.6}
    assert quote["reply_message"]["text"] == "Вот"
    assert [message["conversation_message_id"] for message in quote["fwd_messages"]] == [1, 2]


async def test_edits_reads_types_reactions(ivan: Participant, events: Any, send: Send) -> None:
    ivan.says("рас")
    ivan.edits(1, "раз")
    await send("два")
    ivan.types()
    ivan.reads()
    ivan.reacts(2, 5)
    ivan.reacts(2, None)
    kinds = [event["type"] for event in events]
    assert (
        kinds
        == ["message_new", "message_edit", "message_reply", "message_typing_state", "message_read"]
        + ["message_reaction_event"] * 2
    )
    assert (events[1]["object"]["text"], "update_time" in events[1]["object"]) == ("раз", True)
    assert events[2]["object"]["random_id"] == 1
    assert events[4]["object"]["conversation_message_id"] == 2
    assert [event["object"].get("reaction_id") for event in events if event["type"] == kinds[-1]] == [5, None]


async def test_a_person_typing_in_the_community_is_named(
    fake: FakeVk, shop: Community, ivan: Participant, events: Any
) -> None:
    shop.answers(ivan, "Здравствуйте, это Анна")
    reply = events[-1]
    assert (reply["type"], reply["object"]["admin_author_id"]) == ("message_reply", shop.group.admin)
    assert [message.by_admin for message in fake.messages(ivan)] == [True]


async def test_coming_and_going(shop: Community, ivan: Participant, events: Any) -> None:
    ivan.blocks()
    ivan.allows("site-key")
    ivan.joins()
    ivan.leaves()
    shop.bans(ivan)
    shop.pardons(ivan)
    told = [event["type"] for event in events]
    assert told == ["message_deny", "message_allow", "group_join", "group_leave", "user_block", "user_unblock"]
    assert events[1]["object"] == {"user_id": ivan.id, "key": "site-key"}
    assert events[3]["object"] == {"user_id": ivan.id, "self": 1}


async def test_wall_comments_and_the_communitys_own(
    fake: FakeVk, shop: Community, ivan: Participant, client: Client, events: Any
) -> None:
    post = shop.posts("Чайники")
    comment = ivan.comments(post, "Сколько?", photo={})["id"]
    ivan.edits_comment(comment, "Почём?")
    ivan.deletes_comment(comment)
    ivan.restores_comment(comment)
    await client.call("wall.createComment", owner_id=-shop.id, post_id=post, message="1990 ₽")
    shop.comments(post, "И чашка в подарок", reply_to=comment)
    kinds = ["wall_reply_new", "wall_reply_edit", "wall_reply_delete", "wall_reply_restore"] + ["wall_reply_new"] * 2
    assert [event["type"] for event in events] == kinds
    first = events[0]["object"]
    assert {"id", "post_id", "post_owner_id", "from_id", "date", "text"} <= set(first)
    assert first["post_owner_id"] == -shop.id
    assert events[2]["object"]["deleter_id"] == ivan.id
    assert [event["object"]["from_id"] for event in events if event["type"] == kinds[-1]][1:] == [-shop.id] * 2
    assert [shown.text for shown in fake.wall(shop, post)] == ["Почём?", "1990 ₽", "И чашка в подарок"]


async def test_a_chat_says_who_comes(shop: Community, events: Any) -> None:
    shop.chat("Склад").member("Анна").says("Привет")
    invited, said = (event["object"]["message"] for event in events)
    assert invited["action"]["type"] == "chat_invite_user"
    assert (said["peer_id"], said["id"]) == (2_000_000_001, 0)
    assert shop.chat("Склад").member("Анна").id == said["from_id"]


async def test_a_person_is_the_same_in_two_communities(fake: FakeVk, shop: Community) -> None:
    depot = fake.community("Склад")
    here, there = fake.private("Иван", shop), fake.private("Иван", depot)
    here.says("в лавку")
    assert here.id == there.id
    assert (fake.shown(here), fake.shown(there)) == (["в лавку"], [])


async def test_what_people_cannot_do(shop: Community, ivan: Participant, send: Send) -> None:
    number = await send("наше")
    post = shop.posts("x")
    shop.closes_comments(post)
    acts: list[Any] = [
        lambda: ivan.says(" "),
        lambda: ivan.says("ж" * 4097),
        lambda: ivan.edits(1, "чужое"),
        lambda: ivan.deletes(number + 100),
        lambda: ivan.says("x", reply_to=99),
        lambda: ivan.comments(99, "x"),
        lambda: ivan.comments(post, "x"),
        lambda: ivan.edits_comment(99, "x"),
        lambda: ivan.restores_comment(99),
    ]
    for act in acts:
        with pytest.raises(NotPossible):
            act()
    shop.bans(ivan)
    with pytest.raises(NotPossible):
        ivan.says("x")


async def test_the_community_is_not_told_of_a_deletion(fake: FakeVk, ivan: Participant, events: Any) -> None:
    ivan.says("раз")
    ivan.deletes(1)
    assert [event["type"] for event in events] == ["message_new"]
    assert fake.shown(ivan) == []
