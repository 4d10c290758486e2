"""From a raw update to a signal. Pure and tolerant: no JSON value makes it raise.

aiogram's own models are not used here on purpose: they refuse an update with one unexpected field, and
Telegram would then send it for ever. Fields are those of https://core.telegram.org/bots/api#message.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from estafeta.kernel.model import (
    Address,
    Contact,
    CustomerEdited,
    CustomerPressed,
    CustomerSaid,
    Event,
    Location,
    Media,
    Part,
    Profile,
    ReachabilityChanged,
    Signal,
    SignalId,
    Text,
    Unsupported,
)

CHANNEL = "telegram"

ALLOWED_UPDATES = ["message", "edited_message", "callback_query", "my_chat_member"]
"""Asked for at every start: what was asked for once stays in force otherwise."""

TEXT_BYTES = 100_000
_LABEL = 256

_MediaKind = Literal["photo", "document", "voice", "audio", "video", "sticker"]
_MEDIA: tuple[tuple[str, _MediaKind], ...] = (
    ("animation", "video"),  # comes together with a document; the first that is there counts
    ("live_photo", "photo"),
    ("photo", "photo"),
    ("document", "document"),
    ("voice", "voice"),
    ("audio", "audio"),
    ("video", "video"),
    ("video_note", "video"),
    ("sticker", "sticker"),
)
# What may stand in a message beside its content.
_ENVELOPE = frozenset(
    """
    message_id message_thread_id direct_messages_topic from sender_chat sender_boost_count sender_business_bot
    sender_tag receiver_user ephemeral_message_id date guest_query_id business_connection_id chat
    forward_origin is_topic_message is_automatic_forward reply_to_message external_reply quote reply_to_story
    reply_to_checklist_task_id reply_to_poll_option_id via_bot guest_bot_caller_user guest_bot_caller_chat
    edit_date has_protected_content is_from_offline is_paid_post media_group_id author_signature
    paid_star_count entities link_preview_options suggested_post_info effect_id caption_entities
    show_caption_above_media has_media_spoiler reply_markup forward_from forward_from_chat
    forward_from_message_id forward_sender_name forward_date forward_signature
    """.split()  # noqa: SIM905  a table, not code
)
# Messages that nobody wrote: the messenger tells what happened in the chat.
_SERVICE = frozenset(
    """
    message_auto_delete_timer_changed pinned_message connected_website write_access_allowed
    proximity_alert_triggered boost_added chat_background_set forum_topic_created forum_topic_edited
    forum_topic_closed forum_topic_reopened general_forum_topic_hidden general_forum_topic_unhidden
    giveaway_created giveaway_completed paid_message_price_changed direct_message_price_changed
    community_chat_added community_chat_joined community_chat_removed managed_bot_created poll_option_added
    poll_option_deleted checklist_tasks_done checklist_tasks_added gift_upgrade_sent chat_owner_left
    chat_owner_changed new_chat_title new_chat_photo delete_chat_photo new_chat_members left_chat_member
    migrate_to_chat_id migrate_from_chat_id video_chat_scheduled video_chat_started video_chat_ended
    video_chat_participants_invited group_chat_created supergroup_chat_created channel_chat_created
    """.split()  # noqa: SIM905  a table, not code
)
_COMMAND = re.compile(r"(/[A-Za-z0-9_]{1,64})@[A-Za-z0-9_]{3,64}")


def convert(raw: Any, account: str, now: datetime) -> Signal | None:
    """What a customer did, or None: somebody else's doing, or nothing anybody has to answer.

    Only private chats are customers'. The strings of `raw` must hold no lone surrogates (`wire.loads`).
    """
    update = _object(raw)
    update_id = integer(update.get("update_id"))
    if update_id is None:
        return None
    found = _event(update)
    if found is None:
        return None
    chat, date, event = found
    return Signal(
        id=SignalId(f"tg.{account}.{update_id}"),
        at=_time(date, now),
        event=event,
        address=Address(channel=CHANNEL, account=account, chat=str(chat)),
    )


def chat_of(raw: Any) -> int | None:
    """The chat an update is about, if it is about one."""
    update = _object(raw)
    for name in ("message", "edited_message", "my_chat_member"):
        if name in update:
            return integer(_object(_object(update[name]).get("chat")).get("id"))
    query = _object(update.get("callback_query"))
    return integer(_object(_object(query.get("message")).get("chat")).get("id"))


def move_of(raw: Any) -> tuple[int, int] | None:
    """A group's id before and after it became a supergroup, if that is what the update tells."""
    message = _object(_object(raw).get("message"))
    here = integer(_object(message.get("chat")).get("id"))
    to, since = integer(message.get("migrate_to_chat_id")), integer(message.get("migrate_from_chat_id"))
    if here is None:
        return None
    return (here, to) if to is not None else (since, here) if since is not None else None


def callback_of(raw: Any) -> str:
    """The id of the press that waits for an answer, or ""."""
    return string(_object(_object(raw).get("callback_query")).get("id"))


def integer(value: Any) -> int | None:
    """A number that may be an id: Telegram's have at most 52 bits, stores take 63."""
    return value if type(value) is int and -(2**63) < value < 2**63 else None


def string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _event(update: Mapping[str, Any]) -> tuple[int, Any, Event] | None:
    """Chat, date, event."""
    if "message" in update:
        return _written(_object(update["message"]), edited=False)
    if "edited_message" in update:
        return _written(_object(update["edited_message"]), edited=True)
    if "callback_query" in update:
        return _pressed(_object(update["callback_query"]))
    if "my_chat_member" in update:
        return _reached(_object(update["my_chat_member"]))
    return None


def _written(message: Mapping[str, Any], *, edited: bool) -> tuple[int, Any, Event] | None:
    chat, number = _private(message), integer(message.get("message_id"))
    sender = _object(message.get("from"))
    if chat is None or number is None or sender.get("is_bot") is True:
        return None
    if edited and "location" in message:
        return None  # a live location moves every few seconds; its first place was told
    parts = _parts(message)
    if not parts:
        return None
    external = f"{chat}:{number}"
    if edited:
        return chat, message.get("edit_date"), CustomerEdited(message=external, parts=parts)
    return chat, message.get("date"), CustomerSaid(message=external, parts=parts, profile=_profile(sender))


def _pressed(query: Mapping[str, Any]) -> tuple[int, Any, Event] | None:
    message = _object(query.get("message"))
    chat, data = _private(message), string(query.get("data"))
    if chat is None or not data:
        return None
    pressed = CustomerPressed(
        button=_short(data), label=_label(message, data), profile=_profile(_object(query.get("from")))
    )
    return chat, None, pressed


def _reached(change: Mapping[str, Any]) -> tuple[int, Any, Event] | None:
    chat = _private(change)
    status = _object(change.get("new_chat_member")).get("status")
    if chat is None or status not in ("kicked", "member"):
        return None
    return chat, change.get("date"), ReachabilityChanged(reachable=status == "member")


def _private(message: Mapping[str, Any]) -> int | None:
    chat = _object(message.get("chat"))
    return integer(chat.get("id")) if chat.get("type") == "private" else None


def _parts(message: Mapping[str, Any]) -> tuple[Part, ...]:
    text = string(message.get("text"))
    if text:
        return (Text(text=_COMMAND.sub(r"\1", _cut(text), count=1) if text[0] == "/" else _cut(text)),)
    parts = [part for part in (_media(message), _place(message), _contact(message)) if part is not None]
    caption = string(message.get("caption"))
    if caption:
        parts.append(Text(text=_cut(caption)))
    venue = _object(message.get("venue"))
    title = ", ".join(words for name in ("title", "address") if (words := string(venue.get(name))))
    if title:
        parts.append(Text(text=_cut(title)))
    if not parts and not _SERVICE.intersection(message):
        unknown = next((key for key in message if key not in _ENVELOPE and key not in ("text", "caption")), "message")
        parts.append(Unsupported(kind=_short(unknown)))
    return tuple(parts)


def _media(message: Mapping[str, Any]) -> Part | None:
    for field, kind in _MEDIA:
        if field not in message:
            continue
        file = message[field]
        if isinstance(file, list):  # sizes of a photo, the largest last
            file = next((size for size in reversed(file) if isinstance(size, dict)), None)
        file = _object(file)
        ref = string(file.get("file_id"))
        if not ref:
            return Unsupported(kind=kind)
        return Media(
            kind=kind,
            ref=_cut(ref),
            name=_short(string(file.get("file_name"))),
            mime=_short(string(file.get("mime_type"))),
            size=max(integer(file.get("file_size")) or 0, 0),
        )
    return None


def _place(message: Mapping[str, Any]) -> Part | None:
    place = _object(message.get("location"))
    latitude, longitude = place.get("latitude"), place.get("longitude")
    for value in (latitude, longitude):
        if isinstance(value, bool) or not isinstance(value, int | float):
            return Unsupported(kind="location") if "location" in message else None
    if not (_within(latitude, 90) and _within(longitude, 180)):
        return Unsupported(kind="location")
    return Location(latitude=float(latitude), longitude=float(longitude))  # type: ignore[arg-type]


def _within(value: Any, most: int) -> bool:
    return (isinstance(value, int) or math.isfinite(value)) and -most <= value <= most


def _contact(message: Mapping[str, Any]) -> Part | None:
    if "contact" not in message:
        return None
    contact = _object(message["contact"])
    phone = _short(string(contact.get("phone_number")))
    return Contact(phone=phone, name=_full_name(contact)) if phone else Unsupported(kind="contact")


def _profile(sender: Mapping[str, Any]) -> Profile:
    return Profile(
        name=_full_name(sender),
        username=_short(string(sender.get("username"))),
        language=_short(string(sender.get("language_code"))),
    )


def _full_name(person: Mapping[str, Any]) -> str:
    first, last = string(person.get("first_name")), string(person.get("last_name"))
    return _short(f"{first} {last}".strip())


def _label(message: Mapping[str, Any], data: str) -> str:
    """What stands on the pressed button."""
    rows = _object(message.get("reply_markup")).get("inline_keyboard")
    for row in rows if isinstance(rows, list) else ():
        for button in row if isinstance(row, list) else ():
            if _object(button).get("callback_data") == data:
                return _short(string(button.get("text")))
    return ""


def _short(text: str) -> str:
    return text[:_LABEL]


def _cut(text: str) -> str:
    """At most `TEXT_BYTES` of UTF-8; Telegram's own limit is far below, so nobody loses words."""
    if len(text) * 4 <= TEXT_BYTES:
        return text
    encoded = text.encode()
    return text if len(encoded) <= TEXT_BYTES else encoded[:TEXT_BYTES].decode(errors="ignore")


def _time(date: Any, now: datetime) -> datetime:
    """When it was written, if that can be true: never later than now, never before Telegram."""
    seconds = integer(date)
    if seconds is None or not 1_375_000_000 <= seconds <= now.timestamp() + 1:
        return now
    return min(datetime.fromtimestamp(seconds, UTC), now + timedelta(seconds=1))
