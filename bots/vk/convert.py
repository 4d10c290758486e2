"""From an event of a community's messages to a signal. Pure and tolerant: no JSON value makes it raise.

Events are those of https://dev.vk.com/ru/api/community-events/json-schema, with the objects of API 5.199. A message is
called `peer:number`, by its number within the conversation (`conversation_message_id`), which every event has; what
`messages.send` returns as `message_id`, some lack.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bots.vk import comments, reactions
from bots.vk.attachments import parts_of, quote_of
from bots.vk.wire import integer, obj, positive, short, string
from bots.wire import loads
from estafeta.kernel.model import (
    Address,
    CustomerEdited,
    CustomerPressed,
    CustomerReacted,
    CustomerSaid,
    Event,
    Operator,
    Profile,
    ReachabilityChanged,
    SaidElsewhere,
    Signal,
    SignalId,
    StatusChanged,
    Text,
)

CHANNEL = "vk"

EVENTS = (
    "message_new",
    "message_reply",
    "message_edit",
    "message_allow",
    "message_deny",
    "message_event",
    "message_read",
    "message_reaction_event",
    "message_typing_state",
    "user_block",
    "user_unblock",
)
"""What the callback server or Long Poll must send. `message_typing_state` tells who writes before they have
written: so their name is known when it is wanted."""

OURS = {"by": "estafeta"}
"""The payload of what is sent from here, by whichever process."""

_CHATS = 2_000_000_000
_EVENT_ID = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What a community's events are read with. `profile`: what is known of a person now, without asking. `ours`:
    whether a `random_id` is of a message that this process sent. `wall`: whether comments are read too."""

    account: str
    group_id: int
    profile: Callable[[int], Profile] = lambda user: Profile()
    ours: Callable[[int], bool] = lambda random_id: False
    wall: bool = True

    @property
    def origin(self) -> str:
        return f"{CHANNEL}:{self.account}"


def convert(raw: Any, reader: Reader, now: datetime) -> Signal | None:
    """What a customer did, or None: nothing that anybody has to answer.

    Only the community's own conversations with one person are customers'; group chats are not. The strings of `raw`
    must hold no lone surrogates (`wire.loads`).
    """
    event = obj(raw)
    kind = string(event.get("type"))
    if integer(event.get("group_id")) != reader.group_id:
        return None
    about = obj(event.get("object"))
    if kind.startswith("wall_reply_"):
        found = comments.read(kind, about, reader.group_id, reader.origin, reader.profile) if reader.wall else None
        channel = comments.CHANNEL
    else:
        found, channel = _read(kind, about, reader), CHANNEL
    if found is None:
        return None
    chat, date, happened = found
    return Signal(
        id=SignalId(f"vk.{reader.group_id}.{_id(event)}"),
        at=_time(date, now),
        event=happened,
        address=Address(channel=channel, account=reader.account, chat=chat),
    )


def person_of(raw: Any) -> int | None:
    """Who did it, so far as their name may be wanted."""
    event = obj(raw)
    about = obj(event.get("object"))
    if event.get("type") == "message_new":
        return positive(obj(about.get("message")).get("from_id"))
    if event.get("type") in ("message_typing_state", "wall_reply_new"):
        return positive(about.get("from_id"))
    return positive(about.get("user_id")) if event.get("type") == "message_event" else None


def named(peer: int, number: int) -> str:
    return f"{peer}:{number}"


def number_in(name: str, peer: int) -> int | None:
    """The number of the message so called, if it is one of this conversation's."""
    chat, _, number = name.rpartition(":")
    return int(number) if chat == str(peer) and number.isascii() and number.isdecimal() and len(number) < 19 else None


def _id(event: Mapping[str, Any]) -> str:
    """VK's own; for an event without one, what it says (nothing else can tell that it came twice)."""
    given = string(event.get("event_id"))
    if 0 < len(given) <= _EVENT_ID:
        return given
    said = json.dumps([event.get("type"), event.get("object")], sort_keys=True)
    return "x" + hashlib.sha256(said.encode()).hexdigest()[:40]


_Found = tuple[str, Any, Event]
"""Chat, date, event."""


def _read(kind: str, about: Mapping[str, Any], reader: Reader) -> _Found | None:
    match kind:
        case "message_new":
            return _said(obj(about.get("message")), reader)
        case "message_edit":
            return _edited(about, reader)
        case "message_reply":
            return _said_elsewhere(about, reader)
        case "message_event":
            return _pressed(about, reader)
        case "message_reaction_event":
            return _reacted(about)
        case "message_read":
            return _was_read(about)
        case "message_allow" | "message_deny" | "user_block" | "user_unblock":
            user = positive(about.get("user_id"))
            happened = ReachabilityChanged(reachable=kind in ("message_allow", "user_unblock"))
            return (str(user), None, happened) if user else None
    return None


def _said(message: Mapping[str, Any], reader: Reader) -> _Found | None:
    peer, sender = _peer(message), integer(message.get("from_id"))
    name = _name(message)
    if peer is None or name is None or sender is None or sender <= 0:
        return None
    payload, date = _payload(message.get("payload")), message.get("date")
    profile = reader.profile(peer)
    button = short(payload.get("b"))
    if button:
        label = string(message.get("text")) or short(payload.get("t"))
        return str(peer), date, CustomerPressed(button=button, label=short(label), profile=profile)
    parts = parts_of(message, reader.origin)
    if payload.get("command") == "start":
        parts = (Text(text="/start"),)  # https://dev.vk.com/ru/api/bots/development/keyboard: the button "Start"
    if not parts:
        return None  # what a conversation tells of itself
    replied = obj(message.get("reply_message"))
    number = positive(replied.get("conversation_message_id"))
    said = CustomerSaid(
        message=name,
        parts=parts,
        profile=profile,
        reply_to=named(peer, number) if number else "",
        quote=quote_of(message),
        payload=short(message.get("ref")),
    )
    return str(peer), date, said


def _edited(message: Mapping[str, Any], reader: Reader) -> _Found | None:
    peer, sender, name = _peer(message), integer(message.get("from_id")), _name(message)
    parts = parts_of(message, reader.origin)
    if peer is None or name is None or sender is None or sender <= 0 or not parts:
        return None
    return str(peer), message.get("update_time"), CustomerEdited(message=name, parts=parts)


def _said_elsewhere(message: Mapping[str, Any], reader: Reader) -> _Found | None:
    """What a person of the community typed in VK itself has the number of that person
    (https://dev.vk.com/ru/reference/objects/message). What programs send has none, so that a mailing takes no
    conversation over; should ours have one, it is known by its payload, or by its `random_id`."""
    peer, name, admin = _peer(message), _name(message), positive(message.get("admin_author_id"))
    random_id = integer(message.get("random_id")) or 0
    if peer is None or name is None or admin is None:
        return None
    if (random_id and reader.ours(random_id)) or _payload(message.get("payload")).get("by") == OURS["by"]:
        return None
    parts = parts_of(message, reader.origin)
    if not parts:
        return None
    operator = Operator(id=str(admin), name=reader.profile(admin).name or f"id{admin}", desk=CHANNEL)
    return str(peer), message.get("date"), SaidElsewhere(operator=operator, message=name, parts=parts)


def _pressed(press: Mapping[str, Any], reader: Reader) -> _Found | None:
    peer, user = _peer(press), positive(press.get("user_id"))
    payload = _payload(press.get("payload"))
    button = short(payload.get("b"))
    if peer is None or user is None:
        return None
    if not button:  # a button that another program made: what it has in it may still say something
        button = short(payload.get("command")) or short(payload.get("cmd"))
    if not button:
        return None
    number = positive(press.get("conversation_message_id"))
    pressed = CustomerPressed(
        button=button,
        label=short(payload.get("t")),
        profile=reader.profile(peer),
        message=named(peer, number) if number else "",
    )
    return str(peer), None, pressed


def _reacted(about: Mapping[str, Any]) -> _Found | None:
    peer, number = _peer(about), positive(about.get("cmid"))
    if peer is None or number is None or integer(about.get("reacted_id")) != peer:
        return None
    reaction = positive(about.get("reaction_id"))
    emoji = reactions.emoji_of(reaction) if reaction else ""
    return str(peer), None, CustomerReacted(message=named(peer, number), emoji=emoji)


def _was_read(about: Mapping[str, Any]) -> _Found | None:
    """The customer has read up to this message."""
    peer, number = _peer(about), positive(about.get("conversation_message_id"))
    if peer is None or number is None or integer(about.get("from_id")) != peer:
        return None
    return str(peer), None, StatusChanged(message=named(peer, number), status="read")


def _peer(about: Mapping[str, Any]) -> int | None:
    """The person whose conversation it is; None: a group chat, or a community."""
    peer = integer(about.get("peer_id"))
    return peer if peer is not None and 0 < peer < _CHATS else None


def _name(message: Mapping[str, Any]) -> str | None:
    peer = _peer(message)
    number = positive(message.get("conversation_message_id"))
    if peer is None:
        return None
    if number is not None:
        return named(peer, number)
    other = positive(message.get("id"))
    return f"{peer}:id{other}" if other is not None else None


def _payload(value: Any) -> dict[str, Any]:
    """Of a text button it is a string of JSON, of a callback button the JSON itself."""
    if isinstance(value, str):
        try:
            return obj(loads(value))
        except ValueError:
            return {}
    return obj(value)


def _time(date: Any, now: datetime) -> datetime:
    """When it happened, if that can be true: never later than now, never before VK's API had events."""
    seconds = integer(date)
    if seconds is None or not 1_375_000_000 <= seconds <= now.timestamp() + 1:
        return now
    return min(datetime.fromtimestamp(seconds, UTC), now + timedelta(seconds=1))
