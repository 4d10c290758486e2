"""What operators did in the group, from raw updates. Pure and tolerant: no JSON value makes it raise.

Only topics count. In the General topic a reply carries a thread id that is none, and no
`is_topic_message` (https://github.com/tdlib/telegram-bot-api/issues/447).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, cast

from estafeta.kernel.model import Operator

Move = Literal["take", "return", "close"]
MOVES = ("take", "return", "close")
PRESS = "desk:"
"""What the callback data of the card's buttons begins with; a move follows."""

_COMMAND = re.compile(r"/([A-Za-z0-9_]+)(@[A-Za-z0-9_]+)?\s*")
# Things people post that are no text. What is not listed is the messenger's own news and needs no answer.
_CONTENT = """
    animation audio document live_photo paid_media photo sticker story video video_note voice checklist contact
    dice game poll venue location invoice giveaway rich_message gift unique_gift
    """.split()  # noqa: SIM905  a table, not code


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """Words typed in a topic. `note`: for colleagues only."""

    user: int
    operator: Operator
    thread: int
    message: int
    at: datetime | None
    text: str
    note: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A button pressed (`query` waits for an answer) or a command typed (`message`)."""

    user: int
    operator: Operator
    thread: int
    move: Move
    query: str = ""
    message: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Nothing comes of it, and the writer is told why: `why` names the sentence."""

    why: str
    thread: int
    message: int = 0
    query: str = ""


Reading = Typed | Moved | Refused


def read(raw: Any, desk: str, bot_id: int) -> Reading | None:
    """None: nothing that anybody has to answer. Texts must hold no lone surrogates."""
    update = _object(raw)
    if "message" in update:
        return _written(_object(update["message"]), desk, bot_id)
    if "edited_message" in update:
        return _edited(_object(update["edited_message"]))
    if "callback_query" in update:
        return _pressed(_object(update["callback_query"]), desk)
    return None


def update_id(raw: Any) -> int | None:
    return _integer(_object(raw).get("update_id"))


def _written(message: Mapping[str, Any], desk: str, bot_id: int) -> Reading | None:
    place = _place(message)
    if place is None or _is_bot(message) or not _holds_words(message):
        return None
    thread, number = place
    sender = _object(message.get("from"))
    user = _integer(sender.get("id"))
    text = _string(message.get("text")).strip()
    note = text.startswith("//") or _answers_colleague(message, thread, bot_id)
    words = text.removeprefix("//").strip()
    command = _COMMAND.fullmatch(text) if text.startswith("/") and not note else None
    why = (
        "anonymous" if "sender_chat" in message or user is None
        else "only_text" if not text
        else "empty_note" if not words
        else "command" if text.startswith("/") and not note and (command is None or command[1] not in MOVES)
        else ""
    )  # fmt: skip
    if why or user is None:
        return Refused(why=why, thread=thread, message=number)
    operator = _operator(sender, user, desk)
    if command is not None:
        return Moved(user=user, operator=operator, thread=thread, move=cast(Move, command[1]), message=number)
    at = _time(message.get("date"))
    return Typed(user=user, operator=operator, thread=thread, message=number, at=at, text=words, note=note)


def _edited(message: Mapping[str, Any]) -> Reading | None:
    place = _place(message)
    if place is None or _is_bot(message) or "text" not in message:
        return None
    return Refused(why="edited", thread=place[0], message=place[1])


def _pressed(query: Mapping[str, Any], desk: str) -> Reading | None:
    call, data = _string(query.get("id")), _string(query.get("data"))
    message, sender = _object(query.get("message")), _object(query.get("from"))
    user, thread = _integer(sender.get("id")), _integer(message.get("message_thread_id"))
    move = data.removeprefix(PRESS)
    if not call:
        return None
    if user is None or thread is None or not data.startswith(PRESS) or move not in MOVES:
        return Refused(why="nobodys", thread=thread or 0, query=call)
    operator = _operator(sender, user, desk)
    return Moved(user=user, operator=operator, thread=thread, move=cast(Move, move), query=call)


def _place(message: Mapping[str, Any]) -> tuple[int, int] | None:
    """The topic and the message's number."""
    thread, number = _integer(message.get("message_thread_id")), _integer(message.get("message_id"))
    if message.get("is_topic_message") is not True or thread is None or number is None:
        return None
    return thread, number


def _is_bot(message: Mapping[str, Any]) -> bool:
    """Bots are nobody's operators. Anonymous administrators come as a bot too, with a `sender_chat`."""
    return _object(message.get("from")).get("is_bot") is True and "sender_chat" not in message


def _holds_words(message: Mapping[str, Any]) -> bool:
    return "text" in message or any(kind in message for kind in _CONTENT)


def _answers_colleague(message: Mapping[str, Any], thread: int, bot_id: int) -> bool:
    """A reply to what a person wrote. Every message of a topic replies to the topic's first one."""
    answered = message.get("reply_to_message")
    if not isinstance(answered, dict):
        return False
    if answered.get("message_id") == thread or "forum_topic_created" in answered:
        return False
    return _object(answered.get("from")).get("id") != bot_id or "sender_chat" in answered


def _operator(sender: Mapping[str, Any], user: int, desk: str) -> Operator:
    name = f"{_string(sender.get('first_name'))} {_string(sender.get('last_name'))}".strip()
    return Operator(id=f"tg:{user}", name=(name or _string(sender.get("username")))[:128], desk=desk)


def _time(date: Any) -> datetime | None:
    seconds = _integer(date)
    return datetime.fromtimestamp(seconds, UTC) if seconds and 1_375_000_000 <= seconds < 2**33 else None


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _integer(value: Any) -> int | None:
    return value if type(value) is int and -(2**63) < value < 2**63 else None


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""
