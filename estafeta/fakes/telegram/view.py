"""The chats as the page shows them: one JSON for what is on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from estafeta.fakes.common.pictures import image_type
from estafeta.fakes.telegram.errors import Json
from estafeta.fakes.telegram.forum import ICONS
from estafeta.fakes.telegram.world import ANONYMOUS, GENERAL, Chat, topic_of

if TYPE_CHECKING:
    from estafeta.fakes.telegram.fake import FakeTelegram

MESSAGES = 200
ANSWERS = 10
FILES = ("photo", "document", "voice", "video", "video_note", "audio", "animation", "sticker")
SERVICE = (
    "forum_topic_created",
    "forum_topic_edited",
    "forum_topic_closed",
    "forum_topic_reopened",
    "new_chat_members",
    "left_chat_member",
    "pinned_message",
    "migrate_to_chat_id",
    "migrate_from_chat_id",
    "supergroup_chat_created",
)


def view(fake: FakeTelegram, customer: int, group: int, topic: int) -> Json:
    """What is there, the private chat of `customer` and `topic` of `group`; unknown ids fall back to the first."""
    chats = fake.world.chats
    privates = [chat for chat in chats.values() if chat.private]
    groups = [chat for chat in chats.values() if not chat.private and chat.migrated_to is None]
    left = chats.get(customer)
    right = chats.get(group)
    if left is None or not left.private:
        left = privates[0] if privates else None
    if right is None or right not in groups:
        right = groups[0] if groups else None
    if right is None or topic not in right.topics:
        topic = GENERAL
    return {
        "bot": fake.world.bot["first_name"],
        "customers": [_customer(fake, chat) for chat in privates],
        "groups": [{"id": chat.id, "title": chat.brief["title"]} for chat in groups],
        "customer": _chat(fake, left, None) if left else None,
        "group": _group(fake, right, topic) if right else None,
        "answers": [
            {"id": press.id, "user": press.user, **press.answer}
            for press in list(fake.world.presses.values())[-ANSWERS:]
            if press.answer
        ],
    }


def _customer(fake: FakeTelegram, chat: Chat) -> Json:
    brief = chat.brief
    return {
        "id": chat.id,
        "name": " ".join(brief[key] for key in ("first_name", "last_name") if key in brief),
        "language": fake.world.users[chat.id].get("language_code", "ru"),
        "blocked": chat.blocked,
        "last": chat.last_message,
    }


def _group(fake: FakeTelegram, chat: Chat, topic: int) -> Json:
    last: dict[int, Json] = {}
    for message in chat.messages.values():
        if not any(key in message for key in SERVICE):
            last[topic_of(message)] = message
    topics: list[Json] = [{"id": GENERAL, "name": "", "emoji": "", "colour": 0, "closed": False}]
    topics += [
        {
            "id": t.id,
            "name": t.name,
            "emoji": ICONS.get(t.icon_custom_emoji_id or "", ""),
            "colour": t.icon_color,
            "closed": t.closed,
        }
        for t in chat.topics.values()
    ]
    for entry in topics:
        newest = last.get(entry["id"])
        entry["last"] = newest["message_id"] if newest else entry["id"]
        entry["preview"] = _preview(newest) if newest else ""
    people = [
        {"id": entry["user"]["id"], "name": entry["user"]["first_name"], "admin": entry["status"] != "member"}
        for entry in chat.members.values()
        if not entry["user"]["is_bot"] and entry["status"] not in {"left", "kicked"}
    ]
    return _chat(fake, chat, topic) | {"title": chat.brief["title"], "topic": topic, "topics": topics, "people": people}


def _preview(message: Json) -> str:
    text = str(message.get("text") or message.get("caption") or "")
    kind = next((key for key in (*FILES, "location", "contact") if key in message), "")
    return (text or f"[{kind}]")[:80]


def _chat(fake: FakeTelegram, chat: Chat, topic: int | None) -> Json:
    now = fake.world.now()
    doing = chat.actions.get(topic or GENERAL)
    shown = [message for message in chat.messages.values() if topic is None or topic_of(message) == topic]
    return {
        "id": chat.id,
        "doing": doing[0] if doing and doing[1] > now else "",
        "doing_until": doing[1] if doing and doing[1] > now else 0,
        "messages": [_message(fake, chat, message) for message in shown[-MESSAGES:]],
        "keys": chat.keys,
    }


def _message(fake: FakeTelegram, chat: Chat, message: Json) -> Json:
    author = message.get("sender_chat") or message["from"]
    line: Json = {
        "id": message["message_id"],
        "at": message["date"],
        "author": author.get("title") or author.get("first_name", ""),
        "user": message["from"]["id"] if message["from"]["id"] != ANONYMOUS["id"] else 0,
        "bot": any(scene.is_bots(message) for scene in fake.scene.scenes),
        "text": message.get("text") or message.get("caption") or "",
        "entities": message.get("entities") or message.get("caption_entities") or [],
        "edited": "edit_date" in message,
        "pinned": message["message_id"] in chat.pinned,
        "buttons": message.get("reply_markup", {}).get("inline_keyboard", []),
        "reactions": _reactions(chat, message["message_id"]),
        "service": next(({"kind": key, "data": _served(message[key])} for key in SERVICE if key in message), None),
        "file": _file(fake, message),
        "place": message.get("location"),
        "contact": message.get("contact"),
    }
    replied = message.get("reply_to_message")
    if replied and "forum_topic_created" not in replied:
        line["reply"] = {"author": replied["from"].get("first_name", ""), "text": _preview(replied)}
    if "forward_origin" in message:
        line["forwarded"] = message["forward_origin"].get("sender_user", {}).get("first_name", "?")
    return line


def _served(data: Any) -> Any:
    """What a service message tells, with the icon that its id stands for."""
    icon = data.get("icon_custom_emoji_id") if isinstance(data, dict) else None
    return data | {"emoji": ICONS.get(icon, "")} if icon is not None else data


def _reactions(chat: Chat, number: int) -> list[Json]:
    counted: dict[str, list[int]] = {}
    for user, given in chat.reactions.get(number, {}).items():
        for reaction in given:
            counted.setdefault(reaction.get("emoji", "⭐"), []).append(user)
    return [{"emoji": emoji, "users": users} for emoji, users in counted.items()]


def _file(fake: FakeTelegram, message: Json) -> Json | None:
    for kind in FILES:
        if kind in message:
            value: Any = message[kind]
            described = value[-1] if isinstance(value, list) else value
            stored = fake.world.files.get(described["file_id"])
            return {
                "kind": kind,
                "id": described["file_id"],
                "name": described.get("file_name") or (stored.name if stored else ""),
                "size": described.get("file_size", 0),
                "image": bool(stored and stored.content and image_type(stored.content)),
                "emoji": described.get("emoji", ""),
            }
    return None
