"""What a message of Telegram holds, as parts, and back: words with their marks, files, places, people.

Pure and tolerant: no JSON value makes anything here raise. Fields are those of
https://core.telegram.org/bots/api#message; entities count in UTF-16 code units, marks in Python's characters
(https://core.telegram.org/bots/api#messageentity). The strings must hold no lone surrogates (`wire.loads`).
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

from estafeta.kernel.model import Contact, Location, Mark, MarkKind, Media, MediaKind, Part, Text, Unsupported

TEXT_BYTES = 100_000
"""So much of a text is kept. Telegram's own limit is far below, so nobody loses words."""

QUOTE = 1024
_SHORT = 256
_URL = 2048
_MOST_ENTITIES = 400
"""Telegram keeps 100 entities of a message; the rest of a forged one is not worth the time."""

_MARKS: dict[str, MarkKind] = {
    "bold": "bold",
    "italic": "italic",
    "strikethrough": "strike",
    "code": "code",
    "pre": "code",
    "text_link": "link",
}
_ENTITIES: dict[MarkKind, str] = {"bold": "bold", "italic": "italic", "strike": "strikethrough", "code": "code"}
_LINK = re.compile(r"(?:https?://|mailto:|tel:)[^\s\x00-\x20\x7f]+", re.IGNORECASE)

_WEB = re.compile(r"https?://[^\s/?#]*[^\s/?#.][.][^\s/?#.][^\s]*", re.IGNORECASE)
"""What Telegram takes for a link: with a host that has a dot in it."""

_MEDIA: tuple[tuple[str, MediaKind, str], ...] = (
    ("animation", "video", "video/mp4"),  # comes together with a document; the first that is there counts
    ("photo", "photo", "image/jpeg"),  # of a live photo too: the moving part stays away
    ("document", "document", ""),
    ("voice", "voice", "audio/ogg"),
    ("audio", "audio", ""),
    ("video", "video", "video/mp4"),
    ("video_note", "video", "video/mp4"),
    ("sticker", "sticker", "image/webp"),
)
"""Field, what it is here, what Telegram makes of it where it does not say."""

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
    forward_from_message_id forward_sender_name forward_date forward_signature text caption
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


def origin(account: str) -> str:
    """What `Media.origin` says of the files in this account's chats."""
    return f"telegram:{account}"


def parts_of(message: Any, *, account: str) -> tuple[Part, ...]:
    """What somebody wrote, in the order it is read: files before their caption. What has no name here is
    `Unsupported` under Telegram's name of it; () for what nobody wrote (service messages)."""
    message = mapping(message)
    words = text_of(message.get("text"), message.get("entities"))
    if words is not None:
        return (words,)
    found = (_media(message, account), _place(message), _contact(message))
    parts: list[Part] = [part for part in found if part is not None]
    unknown = "" if parts else next((key for key in message if key not in _ENVELOPE), "")
    if unknown in _SERVICE:
        return ()
    if unknown:
        parts.append(Unsupported(kind=short(unknown)))
    caption = text_of(message.get("caption"), message.get("caption_entities"))
    if caption is not None:
        parts.append(caption)
    return tuple(parts) or (Unsupported(kind="message"),)


def text_of(text: Any, entities: Any) -> Text | None:
    """None: there are no words."""
    if not isinstance(text, str) or not text:
        return None
    text = cut(text)
    return Text(text=text, marks=_marks(text, entities) if isinstance(entities, list) and entities else ())


def quote_of(message: Any) -> str:
    """The words that a message answers: those its author picked, or the beginning of all of them."""
    message = mapping(message)
    picked = string(mapping(message.get("quote")).get("text"))
    answered = mapping(message.get("reply_to_message"))
    return (picked or string(answered.get("text")) or string(answered.get("caption")))[:QUOTE]


def answered_of(message: Any) -> int | None:
    """The number of the message, in the same chat, that this one answers. A topic's first message is answered by
    every message of it, so that is none."""
    message = mapping(message)
    answered = mapping(message.get("reply_to_message"))
    if "forum_topic_created" in answered:
        return None
    here, there = mapping(message.get("chat")).get("id"), mapping(answered.get("chat")).get("id", 0)
    return integer(answered.get("message_id")) if there in (here, 0) else None


def entities_of(text: str, marks: Sequence[Mark]) -> list[dict[str, Any]]:
    """The marks as Telegram's entities of `text`. Links that lead elsewhere than to the web are none, for Telegram
    refuses a message with such a one altogether (https://github.com/banteg/takopi/pull/214)."""
    if not marks:
        return []
    place = _Units(text).units_before
    entities: list[dict[str, Any]] = []
    for mark in marks:
        start = place(mark.start)
        entity: dict[str, Any] = {"offset": start, "length": place(mark.end) - start}
        if entity["length"] <= 0:
            continue
        if mark.kind == "link":
            if not _WEB.fullmatch(mark.url):
                continue
            entity |= {"type": "text_link", "url": mark.url}
        else:
            block = mark.kind == "code" and "\n" in text[mark.start : mark.end]
            entity["type"] = "pre" if block else _ENTITIES[mark.kind]
        entities.append(entity)
    return entities


def with_addresses(text: Text) -> Text:
    """Links to mail and telephones (and to what else Telegram takes for no link) as words: the address stands behind
    them, unless they say it themselves."""
    words, marks = text.text, list(text.marks)
    for link in [mark for mark in reversed(text.marks) if mark.kind == "link" and not _WEB.fullmatch(mark.url)]:
        address = link.url.partition(":")[2].partition("?")[0] if not link.url.startswith("http") else link.url
        marks.remove(link)
        if address in words[link.start : link.end]:
            continue
        added, at = f" ({address})", link.end
        words = words[:at] + added + words[at:]
        marks = [
            replace(
                mark,
                start=mark.start + len(added) if mark.start >= at else mark.start,
                end=mark.end + len(added) if mark.end > at else mark.end,
            )
            for mark in marks
        ]
    return Text(text=words, marks=tuple(marks))


class _Units:
    """Offsets of one text, in UTF-16 code units and in characters."""

    def __init__(self, text: str) -> None:
        self._last = len(text)
        wide = bool(text) and max(text) > "\uffff"
        self._before = [0, *accumulate(2 if sign > "\uffff" else 1 for sign in text)] if wide else None

    def units_before(self, character: int) -> int:
        character = min(max(character, 0), self._last)
        return self._before[character] if self._before else character

    def first(self, unit: int) -> int:
        """The character that begins at this unit, or holds it."""
        if self._before:
            return max(bisect_right(self._before, unit) - 1, 0)
        return min(max(unit, 0), self._last)

    def behind(self, unit: int) -> int:
        """The character that begins at this unit, or after it."""
        if self._before:
            return min(bisect_left(self._before, unit), self._last)
        return min(max(unit, 0), self._last)


def _marks(text: str, entities: Sequence[Any]) -> tuple[Mark, ...]:
    units = _Units(text)
    marks = []
    for raw in entities[:_MOST_ENTITIES]:
        entity = mapping(raw)
        kind = _MARKS.get(string(entity.get("type")))
        offset, length = integer(entity.get("offset")), integer(entity.get("length"))
        url = string(entity.get("url")) if kind == "link" else ""
        if kind is None or offset is None or length is None or offset < 0 or length <= 0:
            continue
        if kind == "link" and (len(url) > _URL or not _LINK.fullmatch(url)):
            continue
        start, end = units.first(offset), units.behind(offset + length)
        if start < end:
            marks.append(Mark(kind=kind, start=start, end=end, url=url))
    return _nested(marks)


def _nested(marks: Sequence[Mark]) -> tuple[Mark, ...]:
    """Those that cross none before them, in the order that `Mark` promises."""
    kept: list[Mark] = []
    around: list[Mark] = []
    for mark in sorted(dict.fromkeys(marks), key=lambda mark: (mark.start, -mark.end)):
        while around and around[-1].end <= mark.start:
            around.pop()
        if around and mark.end > around[-1].end:
            continue
        around.append(mark)
        kept.append(mark)
    return tuple(kept)


def _media(message: Mapping[str, Any], account: str) -> Part | None:
    for field, kind, mime in _MEDIA:
        if field not in message:
            continue
        file = message[field]
        if isinstance(file, list):  # sizes of a photo, the largest last
            file = next((size for size in reversed(file) if isinstance(size, dict)), None)
        file = mapping(file)
        ref = string(file.get("file_id"))
        if not ref or len(ref) > 4 * _SHORT:
            return Unsupported(kind=field)
        return Media(
            kind=kind,
            ref=ref,
            origin=origin(account),
            name=short(string(file.get("file_name"))),
            mime=short(string(file.get("mime_type")) or _sticker_mime(field, file) or mime),
            size=max(integer(file.get("file_size")) or 0, 0),
            duration=_duration(file.get("duration")),
        )
    return None


def _sticker_mime(field: str, file: Mapping[str, Any]) -> str:
    """https://core.telegram.org/bots/api#sticker"""
    if field != "sticker":
        return ""
    if file.get("is_animated") is True:
        return "application/x-tgsticker"
    return "video/webm" if file.get("is_video") is True else ""


def _duration(value: Any) -> float:
    seconds = integer(value)
    return float(seconds) if seconds is not None and 0 <= seconds < 2**31 else 0.0


def _place(message: Mapping[str, Any]) -> Part | None:
    """A place, with the name of what is there."""
    if "location" not in message and "venue" not in message:
        return None
    venue = mapping(message.get("venue"))
    place = mapping(message.get("location") or venue.get("location"))
    latitude, longitude = _degrees(place.get("latitude"), 90), _degrees(place.get("longitude"), 180)
    if latitude is None or longitude is None:
        return Unsupported(kind="location")
    title = ", ".join(words for name in ("title", "address") if (words := string(venue.get(name))))
    return Location(latitude=latitude, longitude=longitude, title=short(title))


def _degrees(value: Any, most: int) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if -most <= value <= most and math.isfinite(value) else None


def _contact(message: Mapping[str, Any]) -> Part | None:
    """A contact is the sender's own when it names the sender's own account: Telegram fills `user_id` in, people
    cannot (https://core.telegram.org/bots/api#contact)."""
    if "contact" not in message:
        return None
    contact, sender = mapping(message["contact"]), mapping(message.get("from"))
    phone = short(string(contact.get("phone_number")))
    if not phone:
        return Unsupported(kind="contact")
    user = integer(contact.get("user_id"))
    own = user is not None and user == integer(sender.get("id")) and sender.get("is_bot") is not True
    return Contact(phone=phone, name=full_name(contact), own=own and "forward_origin" not in message)


def full_name(person: Mapping[str, Any]) -> str:
    first, last = string(person.get("first_name")), string(person.get("last_name"))
    return short(f"{first} {last}".strip())


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def integer(value: Any) -> int | None:
    """A number that may be an id: Telegram's have at most 52 bits, stores take 63."""
    return value if type(value) is int and -(2**63) < value < 2**63 else None


def string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def short(text: str) -> str:
    return text[:_SHORT]


def cut(text: str) -> str:
    """At most `TEXT_BYTES` of UTF-8."""
    if len(text) * 4 <= TEXT_BYTES:
        return text
    encoded = text.encode()
    return text if len(encoded) <= TEXT_BYTES else encoded[:TEXT_BYTES].decode(errors="ignore")
