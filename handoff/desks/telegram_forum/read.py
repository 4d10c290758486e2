"""What operators did in the group, from raw updates. Pure and tolerant: no JSON value makes it raise.

In the General topic only commands count, those that concern no customer. A reply there carries a thread id that is
none, and no `is_topic_message` (https://github.com/tdlib/telegram-bot-api/issues/447).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from estafeta.kernel.model import Operator, Part, Text, Unsupported
from handoff import notes

PRESS = "desk:"
"""What the callback data of our buttons begins with; what is asked for follows, and behind a space more of it."""

INVITED = "op_"
"""What the token begins with in the link by which somebody becomes an operator: `t.me/BOT?start=op_TOKEN`
(https://core.telegram.org/bots/features#deep-linking)."""

PartsOf = Callable[[Any], tuple[Part, ...]]
"""What a raw message of Telegram holds, as parts; () for what nobody wrote."""

IN_TOPIC = frozenset(
    (
        *("take", "return", "close", "to", "hold", "resume", "tag", "untag", "priority", "block", "unblock"),
        *("contact", "history", "find", "r", "s", "undo", "delete", "templates", "template", "why", "intent"),
    )
)
"""Commands about the topic's customer."""

ANYWHERE = frozenset(("on", "off", "away", "who", "me", "load", "closed", "open", "help", "invite", "join"))
"""Those that also work in the General topic."""

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,64})(?:@([A-Za-z0-9_]{1,64}))?(?:\s+(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Who did it, and in which topic (0: the General one). `message` is what was sent or what the button stood
    under; `username` is what the operator is called by with an @, or ""."""

    user: int
    operator: Operator
    thread: int
    message: int
    username: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed(Done):
    """Something sent in a topic. `note`: for colleagues only, and `said` is what they read of it. `reply_to` is the
    message of ours that it answers, 0 for none; messages of one album share a `group`."""

    at: datetime | None
    parts: tuple[Part, ...]
    said: str
    note: bool
    reply_to: int = 0
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited(Done):
    """New words for what was sent before."""

    at: datetime | None
    parts: tuple[Part, ...]
    note: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reacted:
    """Telegram does not tell the topic of a reaction."""

    user: int
    operator: Operator
    message: int
    emoji: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(Done):
    """A command typed; `rest` is what stands behind it. `of` is the message that it answers, 0 for none, and `own`
    whether that is the operator's. `people` are users whom it mentions and who have no @name."""

    at: datetime | None
    what: str
    rest: str = ""
    of: int = 0
    own: bool = False
    people: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed(Done):
    """A button; `query` waits for an answer."""

    query: str
    what: str
    rest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining(Done):
    """Somebody opened the bot's private chat by an invitation's link; `token` is what it holds."""

    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody came (`inside`) or is gone from the group."""

    user: int
    operator: Operator
    inside: bool
    by: Operator


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Nothing comes of it, and the writer is told why: `why` names the sentence."""

    why: str
    thread: int
    message: int = 0
    query: str = ""


Reading = Typed | Edited | Reacted | Asked | Pressed | Joining | Member | Refused


def read(raw: Any, desk: str, bot_id: int, parts_of: PartsOf, bot_name: str = "") -> Reading | None:
    """None: nothing that anybody has to answer. Texts must hold no lone surrogates. `bot_name` is the bot's @name,
    "" while it is not known: commands for other bots are theirs."""
    update = _object(raw)
    if "message" in update:
        message = _object(update["message"])
        if _object(message.get("chat")).get("type") == "private":
            return _joining(message, desk)
        return _written(message, desk, bot_id, parts_of, bot_name)
    if "edited_message" in update:
        return _edited(_object(update["edited_message"]), desk, bot_id, parts_of)
    if "message_reaction" in update:
        return _reacted(_object(update["message_reaction"]), desk, bot_id)
    if "callback_query" in update:
        return _pressed(_object(update["callback_query"]), desk)
    if "chat_member" in update:
        return _member(_object(update["chat_member"]), desk)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shut:
    """Somebody closed a topic, or opened it again (`closed` false); `message` is the number of the line that tells."""

    thread: int
    message: int
    closed: bool


def shutting(raw: Any) -> Shut | None:
    """Lines about topics closed and opened: https://core.telegram.org/bots/api#forumtopicclosed. A bot that may manage
    topics, or made this one, writes into it all the same and hears of no error (https://core.telegram.org/api/forum),
    so this is all it learns of it."""
    message = _object(_object(raw).get("message"))
    closed, place = "forum_topic_closed" in message, _place(message)
    if place is None or not place[0] or not (closed or "forum_topic_reopened" in message):
        return None
    return Shut(thread=place[0], message=place[1], closed=closed)


def tells_of_rights(raw: Any, bot_id: int) -> bool:
    """Whether what the bot is in the group changed (`my_chat_member`: https://core.telegram.org/bots/api#update)."""
    change = _object(_object(raw).get("my_chat_member"))
    return _object(_object(change.get("new_chat_member")).get("user")).get("id") == bot_id


def update_id(raw: Any) -> int | None:
    return _integer(_object(raw).get("update_id"))


def _written(message: Mapping[str, Any], desk: str, bot_id: int, parts_of: PartsOf, bot_name: str) -> Reading | None:
    place = _place(message)
    if place is None or _is_bot(message):
        return None
    text = _string(message.get("text")).strip()
    command = _COMMAND.fullmatch(text)
    if command is not None and _another_bots(command, bot_name):
        return None
    parts = parts_of(message)
    thread, number = place
    if not parts or (not thread and (command is None or command[1] not in IN_TOPIC | ANYWHERE)):
        return None
    sender = _object(message.get("from"))
    user = _integer(sender.get("id"))
    if "sender_chat" in message or user is None:
        return Refused(why="anonymous", thread=thread, message=number)
    operator, at = _operator(sender, user, desk), _time(message.get("date"))
    who: dict[str, Any] = {"user": user, "operator": operator, "username": _string(sender.get("username"))[:64]}
    colleague = _answers_person(message, thread, bot_id)
    if command is not None and (command[1] in ("delete", "undo") or not colleague or not thread):
        if command[1] not in IN_TOPIC | ANYWHERE:
            return Refused(why="command", thread=thread, message=number)
        return Asked(
            **who, thread=thread, message=number, at=at, what=command[1], rest=(command[3] or "").strip(),
            of=_answered(message, thread), own=_answers_own(message, thread, user), people=_mentioned(message),
        )  # fmt: skip
    words = text or _string(message.get("caption")).strip()
    marked = notes.note(words)
    note = marked is not None or colleague
    said = words if marked is None else marked
    if text.startswith("/") and not note:
        return Refused(why="command", thread=thread, message=number)
    if note and not said and all(isinstance(part, Text) for part in parts):
        return Refused(why="empty_note", thread=thread, message=number)
    if not note and any(isinstance(part, Unsupported) for part in parts):
        return Refused(why="unsupported", thread=thread, message=number)
    return Typed(
        **who, thread=thread, message=number, at=at, parts=parts, said=said, note=note,
        reply_to=_answered(message, thread), group=_string(message.get("media_group_id"))[:128],
    )  # fmt: skip


def _another_bots(command: re.Match[str], bot_name: str) -> bool:
    return bool(command[2] and bot_name and command[2].casefold() != bot_name.casefold())


def _joining(message: Mapping[str, Any], desk: str) -> Joining | None:
    token = invitation(message)
    sender = _object(message.get("from"))
    user, number = _integer(sender.get("id")), _integer(message.get("message_id"))
    if not token or user is None or number is None or sender.get("is_bot") is True:
        return None
    return Joining(user=user, operator=_operator(sender, user, desk), thread=0, message=number, token=token)


def invitation(message: Any) -> str:
    """The token by which a private message asks to become an operator, or ""."""
    text = _string(_object(message).get("text")).strip()
    return text.removeprefix(f"/start {INVITED}")[:256] if text.startswith(f"/start {INVITED}") else ""


def _edited(message: Mapping[str, Any], desk: str, bot_id: int, parts_of: PartsOf) -> Reading | None:
    """A live location moves every few seconds: its first place was told."""
    place, sender = _place(message), _object(message.get("from"))
    user = _integer(sender.get("id"))
    if place is None or not place[0] or user is None:
        return None
    if _is_bot(message) or "sender_chat" in message or "location" in message:
        return None
    parts = parts_of(message)
    words = _string(message.get("text") or message.get("caption")).strip()
    thread, number = place
    if not parts or any(isinstance(part, Unsupported) for part in parts):
        return None
    note = notes.note(words) is not None or _answers_person(message, thread, bot_id)
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
    user, number = _integer(sender.get("id")), _integer(message.get("message_id"))
    if not call:
        return None
    thread = _integer(message.get("message_thread_id"))
    if user is None or number is None or not thread or not data.startswith(PRESS):
        return Refused(why="nobodys", thread=thread or 0, query=call)
    what, _, rest = data.removeprefix(PRESS).partition(" ")
    return Pressed(
        user=user, operator=_operator(sender, user, desk), thread=thread, message=number, query=call, what=what,
        rest=rest, username=_string(sender.get("username"))[:64],
    )  # fmt: skip


def _member(change: Mapping[str, Any], desk: str) -> Member | None:
    """https://core.telegram.org/bots/api#chatmemberupdated"""
    now = _object(change.get("new_chat_member"))
    who, by = _object(now.get("user")), _object(change.get("from"))
    user, actor = _integer(who.get("id")), _integer(by.get("id"))
    if user is None or who.get("is_bot") is True:
        return None
    return Member(
        user=user, operator=_operator(who, user, desk), inside=is_inside(now),
        by=_operator(by, user if actor is None else actor, desk),
    )  # fmt: skip


def is_inside(member: Any) -> bool:
    """Whether this is somebody who is in the group now (https://core.telegram.org/bots/api#chatmember)."""
    status = _object(member).get("status")
    inside = status in ("creator", "administrator", "member")
    return inside or (status == "restricted" and _object(member).get("is_member") is True)


def _place(message: Mapping[str, Any]) -> tuple[int, int] | None:
    """The topic (0: the General one) and the message's number."""
    thread, number = _integer(message.get("message_thread_id")), _integer(message.get("message_id"))
    if number is None:
        return None
    if message.get("is_topic_message") is not True:
        return 0, number
    return None if not thread else (thread, number)


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


def _answers_own(message: Mapping[str, Any], thread: int, user: int) -> bool:
    answered = _object(message.get("reply_to_message"))
    return bool(_answered(message, thread)) and _integer(_object(answered.get("from")).get("id")) == user


def _mentioned(message: Mapping[str, Any]) -> tuple[int, ...]:
    """https://core.telegram.org/bots/api#messageentity"""
    entities = message.get("entities")
    marks = [_object(one) for one in entities[:100]] if isinstance(entities, list) else []
    users = (_integer(_object(mark.get("user")).get("id")) for mark in marks if mark.get("type") == "text_mention")
    return tuple(user for user in users if user is not None)


def _operator(sender: Mapping[str, Any], user: int, desk: str) -> Operator:
    name = f"{_string(sender.get('first_name'))} {_string(sender.get('last_name'))}".strip()
    return Operator(id=str(user), name=(name or _string(sender.get("username")))[:128], desk=desk)


def _time(date: Any) -> datetime | None:
    seconds = _integer(date)
    return datetime.fromtimestamp(seconds, UTC) if seconds and 1_375_000_000 <= seconds < 2**33 else None


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _integer(value: Any) -> int | None:
    return value if type(value) is int and -(2**63) < value < 2**63 else None


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""
