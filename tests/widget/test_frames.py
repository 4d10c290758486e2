"""Frames of a stranger: whatever bytes come, there is a frame or a refusal."""

from __future__ import annotations

import json
import random
from typing import Any, get_args

import pytest

from bots.widget import frames
from bots.widget.frames import Delete, Edit, Frame, Message, Press, React, Read, Refused

SEED = 20261121
MUTATIONS = 10_000

GOOD: list[dict[str, Any]] = [
    {"type": "hello", "key": "demo", "token": "t" * 43, "after": 3, "language": "ru-RU", "consent": "0123456789ab"},
    {"type": "hello", "key": "demo", "identity": "a.b.c", "resume": None, "greeted": 0},
    {"type": "message", "id": "message-1", "text": "Где мой заказ? 👍🏽", "reply_to": 4, "files": ["a.b.c", "d.e.f"]},
    {"type": "press", "id": "press-001", "button": "flow.3.1", "label": "Спасибо"},
    {"type": "edit", "id": "edit-0001", "of": 3, "text": "Где мой заказ 12?"},
    {"type": "delete", "id": "delete-01", "of": 3},
    {"type": "react", "id": "react-001", "of": 4, "emoji": "👍"},
    {"type": "read", "seq": 12},
    {"type": "typing"},
    {"type": "ping"},
]
ODD: list[Any] = [
    *(None, True, False, 0, -1, 1, 1.5, 1e308, 2**53, 2**63, -(2**70)),
    *("", " ", "\x00", "\ud800", "\u202e", "й" * 50, "x" * 70_000, "hello", "👍", "' OR 1=1 --", "../../etc/passwd"),
    *("{{7*7}}", "w.x.y.z", [], [[]], {}, {"$ne": 1}, ["message"]),
]


def _mutated(chance: random.Random) -> str:
    """A good frame with something wrong in its values, its names or its bytes."""
    plain = dict(chance.choice(GOOD))
    for _ in range(chance.randint(1, 3)):
        name = chance.choice([*plain, "files", "of", "id", "emoji", "extra"])
        match chance.randrange(6):
            case 0:
                plain[name] = chance.choice(ODD)
            case 1:
                plain.pop(name, None)
            case 2:
                plain[name] = [chance.choice(ODD) for _ in range(chance.randint(0, 12))]
            case 3:
                plain[name] = plain.get(chance.choice(list(plain)) if plain else name)
            case 4:
                plain[name] = {chance.choice(["a", "type", ""]): chance.choice(ODD)}
            case 5:
                plain["type"] = chance.choice(GOOD)["type"]
    raw = json.dumps(plain, ensure_ascii=chance.random() < 0.8)
    if chance.random() < 0.3:
        at = chance.randrange(len(raw))
        raw = raw[:at] + chance.choice(["", '"', "}", "\\", "\x00", "[" * 3000, "\ud800", "9" * 400]) + raw[at + 1 :]
    return raw


def test_ten_thousand_mutations_are_frames_or_refusals() -> None:
    chance = random.Random(SEED)
    taken, codes = 0, set()
    for _ in range(MUTATIONS):
        try:
            frame = frames.read(_mutated(chance), text_limit=4000)
        except Refused as refused:
            codes.add(refused.code)
            continue
        taken += 1
        assert isinstance(frame, get_args(Frame))
        for name in ("text", "label", "id", "emoji"):
            value = getattr(frame, name, "")
            assert value.isprintable() or "\x00" not in value
            assert len(value) <= 4000
    assert codes <= {"bad_request", "too_long"}
    assert MUTATIONS // 20 < taken < MUTATIONS * 19 // 20


@pytest.mark.parametrize("plain", GOOD)
def test_every_frame_of_the_protocol_is_read(plain: dict[str, Any]) -> None:
    assert type(frames.read(json.dumps(plain), text_limit=4000)).__name__.lower() == plain["type"]


def test_what_frames_say_is_kept() -> None:
    read = [frames.read(json.dumps(plain), text_limit=4000) for plain in GOOD]
    assert read[2] == Message(id="message-1", text="Где мой заказ? 👍🏽", files=("a.b.c", "d.e.f"), reply_to=4)
    assert read[3:8] == [
        Press(id="press-001", button="flow.3.1", label="Спасибо"),
        Edit(id="edit-0001", of=3, text="Где мой заказ 12?"),
        Delete(id="delete-01", of=3),
        React(id="react-001", of=4, emoji="👍"),
        Read(seq=12),
    ]


def test_files_may_go_without_words_and_words_without_files() -> None:
    alone = frames.read('{"type":"message","id":"message-1","text":"","files":["a.b.c"]}', text_limit=10)
    assert alone == Message(id="message-1", text="", files=("a.b.c",))


@pytest.mark.parametrize(
    "wrong",
    [
        {"files": ["a.b.c"] * 11},
        {"files": "a.b.c"},
        {"files": [1]},
        {"files": ["not sealed"]},
        {"files": ["x" * 5000]},
        {"reply_to": 0},
        {"reply_to": "1"},
        {"reply_to": True},
        {"reply_to": 2**53},
    ],
)
def test_a_message_that_names_nonsense_is_refused_by_its_id(wrong: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        frames.read(json.dumps({"type": "message", "id": "message-1", "text": "x", **wrong}), text_limit=4000)
    assert (refused.value.code, refused.value.id) == ("bad_request", "message-1")


@pytest.mark.parametrize("emoji", ["x", "👍👍", "<b>", None, ["👍"], "🚀"])
def test_only_the_offered_reactions_are_taken(emoji: object) -> None:
    with pytest.raises(Refused):
        frames.read(json.dumps({"type": "react", "id": "react-001", "of": 1, "emoji": emoji}), text_limit=4000)
