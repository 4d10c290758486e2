"""The referee: what VK's schema forbids is found in requests, replies and events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import estafeta.fakes.vk
from estafeta.fakes.vk import FakeVk, Participant
from estafeta.fakes.vk.methods import METHODS
from estafeta.fakes.vk.reduce import METHODS as REDUCED
from estafeta.fakes.vk.reduce import references, slim
from estafeta.fakes.vk.schema import document, problems, read_parameters, wrong_reply


def test_every_method_played_is_in_the_schema() -> None:
    assert set(METHODS) == set(document()["methods"]) == set(REDUCED)


def test_everything_referred_to_is_there() -> None:
    assert set(references(document()["methods"])) <= set(document()["definitions"])
    assert set(references(document()["definitions"])) <= set(document()["definitions"])


def test_the_data_names_its_source_and_licence() -> None:
    data = Path(estafeta.fakes.vk.__file__).parent / "data"
    assert document()["version"] == "5.199"
    assert "Copyright (c) 2016 VK.com" in (data / "LICENSE").read_text()
    assert "vk-api-schema" in (data / "ATTRIBUTION.md").read_text()


def test_prose_is_dropped_but_not_properties_of_that_name() -> None:
    source: dict[str, Any] = {
        "description": "prose",
        "properties": {"description": {"type": "string", "description": "prose"}, "a": {"$ref": "../x/y.json#/d/b"}},
    }
    assert slim(source) == {"properties": {"description": {"type": "string"}, "a": {"$ref": "b"}}}


@pytest.mark.parametrize(
    ("definition", "value", "words"),
    [
        ("callback_message_allow", {"user_id": 1}, "lacks 'key'"),
        ("callback_message_allow", {"user_id": 1, "key": "", "colour": 1}, "has no field 'colour'"),
        ("callback_message_allow", {"user_id": -1, "key": ""}, "at least 0"),
        ("callback_message_allow", {"user_id": True, "key": ""}, "must be an integer"),
        ("callback_message_allow", [], "must be an object"),
        (
            "callback_message_reaction_event",
            {"reacted_id": 1, "peer_id": 1, "cmid": 1, "reaction_id": 65},
            "at most 64",
        ),
        ("callback_message_typing_state", {"state": "7", "from_id": 1, "to_id": 1}, "none of"),
        ("messages_keyboard", {"buttons": {}}, "must be an array"),
        ("messages_keyboard", {"buttons": [[{"action": {"type": "text"}}]]}, "lacks 'label'"),
        ("messages_conversation_can_write", {"allowed": 1}, "must be a boolean"),
        ("base_geo_coordinates", {"latitude": "1", "longitude": 1}, "must be a number"),
        ("callback_message_object", {"message": {"id": 1}}, "lacks"),
    ],
)
def test_objects_are_checked_field_by_field(definition: str, value: Any, words: str) -> None:
    assert words in problems({"$ref": definition}, value)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"peer_id": "x"}, "peer_id is not integer"),
        ({"peer_ids": ",".join(["1"] * 101)}, "peer_ids has too many items"),
        ({"lat": "north"}, "lat is not a number"),
        ({"dont_parse_links": "maybe"}, "dont_parse_links is not a boolean"),
        ({"forward": "{"}, "forward is not JSON"),
        ({"forward": '{"peer": 1}'}, "forward messages_forward has no field 'peer'"),
        ({"intent": "spam"}, "none of"),
        ({"chat_id": "-1"}, "at least 0"),
        ({"payload": "x" * 1001}, "at most 1000 characters"),
        ({"message": ["x"]}, "message is not a string"),
    ],
)
def test_parameters_are_read_to_their_types(raw: dict[str, Any], words: str) -> None:
    assert words in read_parameters("messages.send", raw).wrong[0]


def test_parameters_that_are_right() -> None:
    raw = {"peer_ids": "1, 2", "lat": "1.5", "dont_parse_links": "1", "v": "5.199", "forward": '{"peer_id": 1}'}
    read = read_parameters("messages.send", raw)
    assert (read.wrong, read.unknown) == ([], [])
    assert read.values == {"peer_ids": [1, 2], "lat": 1.5, "dont_parse_links": True, "forward": {"peer_id": 1}}
    assert "event_id is undefined" in read_parameters("messages.sendMessageEventAnswer", {}).wrong


def test_replies_are_checked_too() -> None:
    assert wrong_reply("messages.send", {"response": 1}) == ""
    assert (
        wrong_reply("messages.send", {"response": [{"peer_id": 1, "message_id": 1, "conversation_message_id": 1}]})
        == ""
    )
    assert "must be an integer" in wrong_reply("messages.send", {"response": "1"})


async def test_a_wrong_event_is_a_finding(fake: FakeVk, ivan: Participant) -> None:
    ivan.sends("sticker", sticker="none")
    assert fake.violations == [
        "event message_new: callback_message_object.message callback_message.attachments [0] "
        "messages_message_attachment.sticker base_sticker has no field 'sticker'"
    ]
    fake.violations.clear()


def test_the_file_is_what_reduce_writes() -> None:
    text = (Path(estafeta.fakes.vk.__file__).parent / "data" / "vk-api.json").read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), ensure_ascii=False, indent=1) + "\n"
