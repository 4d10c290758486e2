"""Updates to test with: captured ones, one of each kind by the documentation, and broken ones made of them."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.telegram.documented import CASES

_DATA = Path(__file__).parent / "data"
_CUSTOMER = {"id": 23, "is_bot": False, "first_name": "Анна", "last_name": "Смирнова", "username": "anna"}
_PRIVATE = {"id": 23, "type": "private", "first_name": "Анна"}
GROUP = -1001234567890


def captured() -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text()) for path in sorted(_DATA.glob("*.json"))}


def message(number: int = 1, **content: Any) -> dict[str, Any]:
    return {
        "update_id": 1000 + number,
        "message": {"message_id": number, "from": _CUSTOMER, "chat": _PRIVATE, "date": 1_760_000_000, **content},
    }


def pressed(data: str = "flow.1", *, markup: Any = None) -> dict[str, Any]:
    keyboard = [[{"text": "Да", "callback_data": "flow.1"}, {"text": "Нет", "callback_data": "flow.2"}]]
    shown = {
        "message_id": 5,
        "chat": _PRIVATE,
        "date": 1_760_000_000,
        "reply_markup": {"inline_keyboard": keyboard} if markup is None else markup,
    }
    return {"update_id": 7, "callback_query": {"id": "77", "from": _CUSTOMER, "message": shown, "data": data}}


def in_group(number: int = 1, *, topic: int = 40, user: int = 11, **content: Any) -> dict[str, Any]:
    return {
        "update_id": 5000 + number,
        "message": {
            "message_id": number,
            "message_thread_id": topic,
            "is_topic_message": True,
            "from": {"id": user, "is_bot": False, "first_name": "Оля"},
            "chat": {"id": GROUP, "type": "supergroup", "title": "Операторы", "is_forum": True},
            "date": 1_760_000_000,
            **content,
        },
    }


def every_kind() -> list[dict[str, Any]]:
    file = {"file_id": "F", "file_unique_id": "U", "file_size": 10, "mime_type": "a/b", "file_name": "имя.pdf"}
    member = {"user": {"id": 1, "is_bot": True, "first_name": "b"}, "status": "kicked", "until_date": 0}
    edited = {**message(2, text="новое")["message"], "edit_date": 1_760_000_100}
    return [
        *captured().values(),
        message(3, text="где мой заказ 👍🏽", entities=[{"type": "bold", "offset": 0, "length": 3}]),
        message(4, photo=[{"file_id": "s"}, {"file_id": "l"}], caption="вот", media_group_id="1"),
        *(message(10 + n, **{kind: file}) for n, kind in enumerate(("document", "voice", "audio", "video", "sticker"))),
        message(20, location={"latitude": 55.75, "longitude": 37.6}),
        message(21, venue={"title": "Кафе", "address": "Арбат"}, location={"latitude": 55.75, "longitude": 37.6}),
        message(22, contact={"phone_number": "+7900", "first_name": "Анна"}),
        message(23, dice={"emoji": "🎲", "value": 3}),
        message(24, pinned_message={"message_id": 1}),
        {"update_id": 30, "edited_message": edited},
        pressed(),
        {"update_id": 31, "my_chat_member": {"chat": _PRIVATE, "date": 1_760_000_000, "new_chat_member": member}},
        in_group(1, text="ответ"),
        in_group(2, text="// заметка", reply_to_message={"message_id": 40, "forum_topic_created": {"name": "x"}}),
        in_group(3, photo=[{"file_id": "l"}]),
    ]


_ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, float("nan"), float("inf"), 10**30, -(10**30), 2**63,
    "", "x", "\x00", "\ud83d", "\udc00x",
    "я" * 200_000, [], {}, [None], [[]], {"id": None}, {"": ""}, [{"text": 1}], "🇷🇺" * 50, "\u202e", -1001234567890,
)  # fmt: skip


def mutations(seed: int, count: int) -> Iterator[Any]:
    """Updates with a few things in them gone, doubled, or of another type."""
    chance = random.Random(seed)
    originals = [*every_kind(), *(case.update for case in CASES)]
    for _ in range(count):
        broken = copy.deepcopy(chance.choice(originals))
        for _ in range(chance.randint(1, 4)):
            broken = mutated(broken, chance)
        yield broken


def mutated(value: Any, chance: random.Random) -> Any:
    """One change, at a random depth."""
    if not isinstance(value, dict | list) or not value or chance.random() < 0.05:
        return copy.deepcopy(chance.choice(_ODD))
    key = chance.choice(list(value) if isinstance(value, dict) else range(len(value)))
    match chance.randrange(7):
        case 0:
            del value[key]
        case 1 if isinstance(value, dict):
            value[f"new_{key}"] = value.pop(key)
        case 2:
            value[key] = copy.deepcopy(chance.choice(_ODD))
        case 3:
            value[key] = chance.choice(([value[key]], {str(key): value[key]}, str(value[key])[:1000]))
        case _:
            value[key] = mutated(value[key], chance)
    return value
