"""From a raw update to signals. Pure and tolerant: no JSON value makes it raise.

aiogram's own models are not used here on purpose: they refuse an update with one unexpected field, and
Telegram would then send it for ever. Fields are those of https://core.telegram.org/bots/api#update.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bots.telegram.content import (
    answered_of,
    full_name,
    integer,
    mapping,
    parts_of,
    quote_of,
    short,
    string,
)
from bots.telegram.places import CONNECTION, Place, Spot
from estafeta.kernel.model import (
    Address,
    CustomerDeleted,
    CustomerEdited,
    CustomerPressed,
    CustomerReacted,
    CustomerSaid,
    Event,
    Operator,
    Part,
    Profile,
    ReachabilityChanged,
    SaidElsewhere,
    Signal,
    SignalId,
    Text,
)

CHANNEL = "telegram"

ALLOWED_UPDATES = [
    "message",
    "edited_message",
    "callback_query",
    "my_chat_member",
    "chat_member",
    "message_reaction",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
]
"""Asked for at every start: what was asked for once stays in force otherwise. Reactions, and who comes and goes in a
group, are told to those alone who ask for them by name (https://core.telegram.org/bots/api#setwebhook)."""

CUSTOM_EMOJI = "✨"
"""Stands for a reaction with an emoji of somebody's own making: Telegram tells its number alone
(https://core.telegram.org/bots/api#reactiontypecustomemoji)."""
PAID_EMOJI = "⭐"

_DELETED_AT_ONCE = 100
_COMMAND = re.compile(r"(/[A-Za-z0-9_]{1,64})(@[A-Za-z0-9_]{3,64})?(?=\s|\Z)")
_START = re.compile(r"/start ([A-Za-z0-9_-]{1,64})")
"""https://core.telegram.org/bots/features#deep-linking"""

_Found = tuple[Place, Any, Sequence[Event]]
"""Where, when (as Telegram says it), and what happened."""


def convert(raw: Any, account: str, now: datetime) -> tuple[Signal, ...]:
    """What a customer did, or somebody of ours who answered from a business account. () for anybody else's doing,
    and for what nobody has to answer.

    Only private chats are customers'. The strings of `raw` must hold no lone surrogates (`wire.loads`).
    """
    update = mapping(raw)
    update_id = integer(update.get("update_id"))
    found = _found(update, account) if update_id is not None else None
    if found is None:
        return ()
    place, date, events = found
    address = Address(channel=CHANNEL, account=account, chat=str(place))
    name = f"tg.{account}.{update_id}"
    return tuple(
        Signal(id=SignalId(f"{name}.{n}" if n else name), at=_time(date, now), event=event, address=address)
        for n, event in enumerate(events)
    )


def chat_of(raw: Any) -> int | None:
    """The chat an update is about, if it is about one of the bot's own."""
    update = mapping(raw)
    for name in ("message", "edited_message", "my_chat_member", "chat_member", "message_reaction"):
        if name in update:
            return integer(mapping(mapping(update[name]).get("chat")).get("id"))
    query = mapping(update.get("callback_query"))
    return integer(mapping(mapping(query.get("message")).get("chat")).get("id"))


def move_of(raw: Any) -> tuple[int, int] | None:
    """A group's id before and after it became a supergroup, if that is what the update tells."""
    message = mapping(mapping(raw).get("message"))
    here = integer(mapping(message.get("chat")).get("id"))
    to, since = integer(message.get("migrate_to_chat_id")), integer(message.get("migrate_from_chat_id"))
    if here is None:
        return None
    return (here, to) if to is not None else (since, here) if since is not None else None


def start_of(raw: Any) -> str:
    """What a link carried into a private chat with the bot, or ""."""
    message = mapping(mapping(raw).get("message"))
    if mapping(message.get("chat")).get("type") != "private":
        return ""
    started = _START.fullmatch(string(message.get("text")))
    return started[1] if started else ""


def callback_of(raw: Any) -> str:
    """The id of the press that waits for an answer, or ""."""
    return string(mapping(mapping(raw).get("callback_query")).get("id"))


def _found(update: Mapping[str, Any], account: str) -> _Found | None:
    for name in ("message", "business_message"):
        if name in update:
            return _said(mapping(update[name]), account)
    for name in ("edited_message", "edited_business_message"):
        if name in update:
            return _edited(mapping(update[name]), account)
    if "callback_query" in update:
        return _pressed(mapping(update["callback_query"]))
    if "message_reaction" in update:
        return _reacted(mapping(update["message_reaction"]))
    if "deleted_business_messages" in update:
        return _deleted(mapping(update["deleted_business_messages"]))
    if "my_chat_member" in update:
        return _reached(mapping(update["my_chat_member"]))
    return None


def _said(message: Mapping[str, Any], account: str) -> _Found | None:
    spot, sender = _spot(message), mapping(message.get("from"))
    if spot is None or _is_ours(message):
        return None
    parts = tuple(_without_bots_name(part) for part in parts_of(message, account=account))
    if not parts:
        return None
    event: Event
    if _is_owners(spot.place, sender):
        event = SaidElsewhere(operator=_owner(sender), message=str(spot), parts=parts)
    else:
        parts, payload = _start_of(parts)
        answered = answered_of(message)
        event = CustomerSaid(
            message=str(spot),
            parts=parts,
            profile=_profile(sender),
            reply_to="" if answered is None else str(replace(spot, number=answered)),
            quote=quote_of(message) if answered is not None or "quote" in message else "",
            payload=payload,
            group=short(string(message.get("media_group_id"))),
        )
    return spot.place, message.get("date"), (event,)


def _edited(message: Mapping[str, Any], account: str) -> _Found | None:
    spot = _spot(message)
    if spot is None or _is_ours(message) or _is_owners(spot.place, mapping(message.get("from"))):
        return None
    if "location" in message:
        return None  # a live location moves every few seconds; its first place was told
    parts = tuple(_without_bots_name(part) for part in parts_of(message, account=account))
    return (spot.place, message.get("edit_date"), (CustomerEdited(message=str(spot), parts=parts),)) if parts else None


def _pressed(query: Mapping[str, Any]) -> _Found | None:
    message = mapping(query.get("message"))
    place, number, data = _place(message), integer(message.get("message_id")), string(query.get("data"))
    if place is None or not data:
        return None
    pressed = CustomerPressed(
        button=short(data),
        label=_label(message, data),
        profile=_profile(mapping(query.get("from"))),
        message="" if number is None else str(Spot(place, number)),
    )
    return place, None, (pressed,)


def _reacted(change: Mapping[str, Any]) -> _Found | None:
    spot = _spot(change)
    if spot is None or mapping(change.get("user")).get("is_bot") is True:
        return None
    before, now = _emoji(change.get("old_reaction")), _emoji(change.get("new_reaction"))
    newest = next((emoji for emoji in reversed(now) if emoji not in before), now[-1] if now else "")
    return spot.place, change.get("date"), (CustomerReacted(message=str(spot), emoji=newest),)


def _emoji(reactions: Any) -> list[str]:
    """https://core.telegram.org/bots/api#reactiontype"""
    found = []
    for reaction in reactions[:16] if isinstance(reactions, list) else ():
        kind = string(mapping(reaction).get("type"))
        emoji = {"custom_emoji": CUSTOM_EMOJI, "paid": PAID_EMOJI}.get(kind) or string(mapping(reaction).get("emoji"))
        if emoji:
            found.append(emoji[:16])
    return found


def _deleted(deletion: Mapping[str, Any]) -> _Found | None:
    place, numbers = _place(deletion), deletion.get("message_ids")
    if place is None or not isinstance(numbers, list):
        return None
    known = [number for raw in numbers[:_DELETED_AT_ONCE] if (number := integer(raw)) is not None]
    return place, None, [CustomerDeleted(message=str(Spot(place, number))) for number in dict.fromkeys(known)]


def _reached(change: Mapping[str, Any]) -> _Found | None:
    place = _place(change)
    status = mapping(change.get("new_chat_member")).get("status")
    if place is None or status not in ("kicked", "member"):
        return None
    return place, change.get("date"), (ReachabilityChanged(reachable=status == "member"),)


def _place(message: Mapping[str, Any]) -> Place | None:
    chat = mapping(message.get("chat"))
    number = integer(chat.get("id")) if chat.get("type") == "private" else None
    if number is None:
        return None
    connection = message.get("business_connection_id", "")
    if connection == "":
        return Place(number)
    return Place(number, connection) if CONNECTION.fullmatch(string(connection)) else None


def _spot(message: Mapping[str, Any]) -> Spot | None:
    place, number = _place(message), integer(message.get("message_id"))
    return None if place is None or number is None else Spot(place, number)


def _is_ours(message: Mapping[str, Any]) -> bool:
    """Whether a bot wrote it: this one, when it wrote for a business account."""
    return mapping(message.get("from")).get("is_bot") is True or "sender_business_bot" in message


def _is_owners(place: Place, sender: Mapping[str, Any]) -> bool:
    """In a private chat the customer's number is the chat's: anybody else there is who the account belongs to."""
    return bool(place.connection) and integer(sender.get("id")) not in (place.chat, None)


def _owner(sender: Mapping[str, Any]) -> Operator:
    return Operator(
        id=f"tg:{integer(sender.get('id'))}",
        name=full_name(sender) or short(string(sender.get("username"))),
        desk=CHANNEL,
    )


def _without_bots_name(part: Part) -> Part:
    """A command without the name of the bot that it is for ("/order@shop_bot 12"); marks move along."""
    if not isinstance(part, Text) or not part.text.startswith("/"):
        return part
    command = _COMMAND.match(part.text)
    if command is None or command[2] is None:
        return part
    start, end = command.span(2)
    moved = (
        replace(mark, start=_behind_cut(mark.start, start, end), end=_behind_cut(mark.end, start, end))
        for mark in part.marks
    )
    return Text(text=part.text[:start] + part.text[end:], marks=tuple(mark for mark in moved if mark.start < mark.end))


def _behind_cut(offset: int, start: int, end: int) -> int:
    return offset if offset <= start else max(offset - (end - start), start)


def _start_of(parts: tuple[Part, ...]) -> tuple[tuple[Part, ...], str]:
    """A deep link's payload is no word of the customer's: it stands apart, and "/start" stays."""
    first = parts[0]
    started = _START.fullmatch(first.text) if isinstance(first, Text) else None
    return ((Text(text="/start"),), started[1]) if started else (parts, "")


def _profile(sender: Mapping[str, Any]) -> Profile:
    return Profile(
        name=full_name(sender),
        username=short(string(sender.get("username"))),
        language=short(string(sender.get("language_code"))),
    )


def _label(message: Mapping[str, Any], data: str) -> str:
    """What stands on the pressed button."""
    rows = mapping(message.get("reply_markup")).get("inline_keyboard")
    for row in rows if isinstance(rows, list) else ():
        for button in row if isinstance(row, list) else ():
            if mapping(button).get("callback_data") == data:
                return short(string(mapping(button).get("text")))
    return ""


def _time(date: Any, now: datetime) -> datetime:
    """When it was written, if that can be true: never later than now, never before Telegram."""
    seconds = integer(date)
    if seconds is None or not 1_375_000_000 <= seconds <= now.timestamp() + 1:
        return now
    return min(datetime.fromtimestamp(seconds, UTC), now + timedelta(seconds=1))
