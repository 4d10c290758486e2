"""What operators did in the group, from raw updates. Pure and tolerant: no JSON value makes it raise.

Only topics count. In the General topic a reply carries a thread id that is none, and no
`is_topic_message` (https://github.com/tdlib/telegram-bot-api/issues/447).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, cast

from estafeta.kernel.model import Operator, Part, Text, Unsupported

Move = Literal["take", "return", "close"]
MOVES = ("take", "return", "close")
PRESS = "desk:"
"""What the callback data of the card's buttons begins with; a move follows."""

PartsOf = Callable[[Any], tuple[Part, ...]]
"""What a raw message of Telegram holds, as parts; () for what nobody wrote."""

ASKED = ("help", "templates", "template")
_COMMAND = re.compile(r"/([A-Za-z0-9_]+)(?:@[A-Za-z0-9_]+)?(?:\s+(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """Something sent in a topic. `note`: for colleagues only, and `said` is what they read of it. `reply_to` is the
    message of ours that it answers, 0 for none; messages of one album share a `group`."""

    user: int
    operator: Operator
    thread: int
    message: int
    at: datetime | None
    parts: tuple[Part, ...]
    said: str
    note: bool
    reply_to: int = 0
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """New words for what was sent before."""

    user: int
    operator: Operator
    thread: int
    message: int
    at: datetime | None
    parts: tuple[Part, ...]
    note: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """/delete, typed as `message`, as a reply to the operator's own message `of`."""

    user: int
    operator: Operator
    thread: int
    message: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reacted:
    """Telegram does not tell the topic of a reaction."""

    user: int
    operator: Operator
    message: int
    emoji: str


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
class Asked:
    """A command that is answered in the topic; `rest` is what stands behind it."""

    user: int
    operator: Operator
    thread: int
    message: int
    at: datetime | None
    what: str
    rest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Nothing comes of it, and the writer is told why: `why` names the sentence."""

    why: str
    thread: int
    message: int = 0
    query: str = ""


Reading = Typed | Edited | Deleted | Reacted | Moved | Asked | Refused


def read(raw: Any, desk: str, bot_id: int, parts_of: PartsOf) -> Reading | None:
    """None: nothing that anybody has to answer. Texts must hold no lone surrogates."""
    update = _object(raw)
    if "message" in update:
        return _written(_object(update["message"]), desk, bot_id, parts_of)
    if "edited_message" in update:
        return _edited(_object(update["edited_message"]), desk, bot_id, parts_of)
    if "message_reaction" in update:
        return _reacted(_object(update["message_reaction"]), desk, bot_id)
    if "callback_query" in update:
        return _pressed(_object(update["callback_query"]), desk)
    return None


def update_id(raw: Any) -> int | None:
    return _integer(_object(raw).get("update_id"))


def _written(message: Mapping[str, Any], desk: str, bot_id: int, parts_of: PartsOf) -> Reading | None:
    place = _place(message)
    if place is None or _is_bot(message):
        return None
    parts = parts_of(message)
    if not parts:
        return None
    thread, number = place
    sender = _object(message.get("from"))
    user = _integer(sender.get("id"))
    if "sender_chat" in message or user is None:
        return Refused(why="anonymous", thread=thread, message=number)
    operator, at = _operator(sender, user, desk), _time(message.get("date"))
    text, colleague = _string(message.get("text")).strip(), _answers_person(message, thread, bot_id)
    command = _COMMAND.fullmatch(text)
    if command is not None and (command[1] == "delete" or not colleague):
        return _commanded(command, message, operator, user=user, thread=thread)
    words = text or _string(message.get("caption")).strip()
    note = words.startswith("//") or colleague
    said = words.removeprefix("//").strip() if note else words
    if text.startswith("/") and not note:
        return Refused(why="command", thread=thread, message=number)
    if note and not said and all(isinstance(part, Text) for part in parts):
        return Refused(why="empty_note", thread=thread, message=number)
    if not note and any(isinstance(part, Unsupported) for part in parts):
        return Refused(why="unsupported", thread=thread, message=number)
    return Typed(
        user=user, operator=operator, thread=thread, message=number, at=at, parts=parts, said=said, note=note,
        reply_to=_answered(message, thread), group=_string(message.get("media_group_id"))[:128],
    )  # fmt: skip


def _commanded(
    command: re.Match[str], message: Mapping[str, Any], operator: Operator, *, user: int, thread: int
) -> Reading:
    what, rest, number = command[1], (command[2] or "").strip(), _integer(message.get("message_id")) or 0
    if what in MOVES and not rest:
        return Moved(user=user, operator=operator, thread=thread, move=cast(Move, what), message=number)
    if what in ASKED:
        at = _time(message.get("date"))
        return Asked(user=user, operator=operator, thread=thread, message=number, at=at, what=what, rest=rest)
    if what != "delete":
        return Refused(why="command", thread=thread, message=number)
    of = _answered(message, thread)
    own = _integer(_object(_object(message.get("reply_to_message")).get("from")).get("id")) == user
    if not of or not own:
        return Refused(why="delete_how", thread=thread, message=number)
    return Deleted(user=user, operator=operator, thread=thread, message=number, of=of)


def _edited(message: Mapping[str, Any], desk: str, bot_id: int, parts_of: PartsOf) -> Reading | None:
    """A live location moves every few seconds: its first place was told."""
    place, sender = _place(message), _object(message.get("from"))
    user = _integer(sender.get("id"))
    if place is None or user is None or _is_bot(message) or "sender_chat" in message or "location" in message:
        return None
    parts = parts_of(message)
    words = _string(message.get("text") or message.get("caption")).strip()
    thread, number = place
    if not parts or any(isinstance(part, Unsupported) for part in parts):
        return None
    note = words.startswith("//") or _answers_person(message, thread, bot_id)
    if not note and "text" in message and words.startswith("/"):
        return Refused(why="edited_command", thread=thread, message=number)
    return Edited(
        user=user, operator=_operator(sender, user, desk), thread=thread, message=number,
        at=_time(message.get("edit_date")), parts=parts, note=note,
    )  # fmt: skip


def _reacted(change: Mapping[str, Any], desk: str, bot_id: int) -> Reading | None:
    """The latest emoji that stands there now. Whoever reacts as a chat is anonymous; emoji of somebody's own making
    exist in Telegram alone (https://core.telegram.org/bots/api#messagereactionupdated)."""
    sender, number = _object(change.get("user")), _integer(change.get("message_id"))
    user, new = _integer(sender.get("id")), change.get("new_reaction")
    if number is None or user is None or user == bot_id or sender.get("is_bot") is True or not isinstance(new, list):
        return None
    emoji = [_string(_object(one).get("emoji")) for one in new if _object(one).get("type") == "emoji"]
    if new and not any(emoji):
        return None
    latest = next((one for one in reversed(emoji) if one), "")[:64]
    return Reacted(user=user, operator=_operator(sender, user, desk), message=number, emoji=latest)


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


def _answered(message: Mapping[str, Any], thread: int) -> int:
    """The message that this one answers, 0 for none. Every message of a topic answers the topic's first one."""
    answered = _object(message.get("reply_to_message"))
    number = _integer(answered.get("message_id"))
    return 0 if number is None or number == thread or "forum_topic_created" in answered else number


def _answers_person(message: Mapping[str, Any], thread: int, bot_id: int) -> bool:
    if not _answered(message, thread):
        return False
    answered = _object(message.get("reply_to_message"))
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
