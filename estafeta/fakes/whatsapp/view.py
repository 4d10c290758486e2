"""The chats as the page shows them: one JSON for what is on the screen."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from estafeta.fakes.common.pictures import image_type
from estafeta.fakes.whatsapp.errors import Json
from estafeta.fakes.whatsapp.media import MIMES
from estafeta.fakes.whatsapp.world import Chat, Message, Number, User, World

if TYPE_CHECKING:
    from estafeta.fakes.whatsapp.fake import FakeWhatsApp

MESSAGES = 200
BUSINESS = "business"
"""Who the business is among those who react and look."""
KINDS = {"image": "photo", "audio": "voice"}


def view(fake: FakeWhatsApp, query: Mapping[str, str]) -> Json:
    """Everybody, the chat of `customer` with the number `group`, and the chat with `topic` as the business sees it.
    Unknown ids fall back to the first."""
    world = fake.world
    number = world.numbers.get(query.get("group", ""), fake.number)
    users = list(world.users.values())
    customer = world.users.get(query.get("customer", ""), users[0] if users else None)
    topics = [user for user in users if (number.id, user.user_id) in world.chats]
    topic = next((user for user in topics if user.user_id == query.get("topic")), topics[0] if topics else None)
    now = fake.clock.now()
    return {
        "bot": number.verified_name,
        "now": now,
        "ahead": (now - time.time()) * 1000,
        "groups": [{"id": n.id, "title": n.verified_name, "phone": n.phone} for n in world.numbers.values()],
        "customers": [_customer(world, number, user) for user in users],
        "customer": _chat(world, number, customer, arrived=True) if customer else None,
        "group": {
            **(_chat(world, number, topic, arrived=False) if topic else {"messages": []}),
            "id": number.id,
            "title": number.verified_name,
            "topic": topic.user_id if topic else "",
            "topics": [_topic(world, number, user) for user in topics],
        },
    }


def _customer(world: World, number: Number, user: User) -> Json:
    chat = world.chats.get((number.id, user.user_id)) or Chat(number=number.id, user=user.user_id)
    return {
        "id": user.user_id,
        "name": user.name,
        "phone": user.phone,
        "blocked": chat.blocked,
        "online": user.online,
        "last": _last(chat),
    }


def _topic(world: World, number: Number, user: User) -> Json:
    chat = world.chats[number.id, user.user_id]
    newest = next(reversed(chat.messages.values()), None)
    return {
        "id": user.user_id,
        "name": user.name,
        "emoji": "💬",
        "last": _last(chat),
        "preview": newest.text[:80] if newest else "",
        "open_until": chat.open_until,
    }


def _last(chat: Chat) -> int:
    newest = next(reversed(chat.messages.values()), None)
    return int(newest.at * 1000) if newest else 0


def _chat(world: World, number: Number, user: User, *, arrived: bool) -> Json:
    """`arrived`: without the business's messages that the customer has not got."""
    chat = world.chats.get((number.id, user.user_id)) or Chat(number=number.id, user=user.user_id)
    shown = [
        message
        for message in chat.messages.values()
        if not message.deleted and not (arrived and message.by_business and message.status not in {"delivered", "read"})
    ]
    return {
        "id": user.user_id,
        "messages": [_message(world, number, user, chat, message) for message in shown[-MESSAGES:]],
        "unread": any(message.by_business and message.status == "delivered" for message in shown),
        "doing": "typing" if arrived and chat.typing_until else "",
        "doing_until": chat.typing_until,
    }


def _message(world: World, number: Number, user: User, chat: Chat, message: Message) -> Json:
    replied = chat.messages.get(message.context)
    line: Json = {
        "id": message.id,
        "type": message.type,
        "at": message.at,
        "author": number.verified_name if message.by_business else user.name,
        "user": BUSINESS if message.by_business else user.user_id,
        "bot": message.by_business and not message.from_app,
        "tag": "fromApp" if message.from_app else "",
        "text": _text(message),
        "entities": [],
        "edited": message.edited,
        "status": message.status if message.by_business else "read" if message.seen else "delivered",
        "buttons": _buttons(message),
        "files": _files(world, message),
        "place": message.content if message.type == "location" else None,
        "contact": _contact(message),
        "reactions": [{"emoji": emoji, "users": [who or BUSINESS]} for who, emoji in message.reactions.items()],
    }
    if replied is not None:
        author = number.verified_name if replied.by_business else user.name
        line["reply"] = {"author": author, "text": replied.text[:80]}
    return line


def _text(message: Message) -> str:
    """Without what is shown as a file, a place or a contact."""
    if message.type in MIMES:
        return str(message.content.get("caption", ""))
    return "" if message.type in {"location", "contacts"} else message.text


def _buttons(message: Message) -> list[list[Json]]:
    """One in each row, as the app draws them. What cannot be pressed opens something."""
    action = message.content.get("action", {}) if message.type == "interactive" else {}
    rows = {row["id"]: row for section in action.get("sections", []) for row in section.get("rows", [])}
    opened = str(action.get("parameters", {}).get("url", "whatsapp:"))
    shown = []
    for key, label in message.buttons:
        button = {"text": label, "press": key, "about": rows.get(key, {}).get("description", "")}
        shown.append([button if key else button | {"url": opened}])
    return shown


def _files(world: World, message: Message) -> list[Json]:
    if message.type not in MIMES:
        return []
    content = message.content
    media = world.media.get(content.get("id", ""))
    if media is None:
        return [{"kind": message.type, "link": content.get("link", ""), "name": content.get("filename", "")}]
    return [
        {
            "kind": KINDS.get(message.type, message.type),
            "id": media.id,
            "name": content.get("filename") or media.name,
            "size": media.size,
            "image": bool(image_type(media.content)),
            "emoji": "",
        }
    ]


def _contact(message: Message) -> Json | None:
    if message.type != "contacts":
        return None
    # What a business sends has the list itself for its content, what a customer sends a field of that name.
    contacts = message.content if isinstance(message.content, list) else message.content.get("contacts", [])
    contact: Json = next(iter(contacts), {})
    phone: Json = next(iter(contact.get("phones", [])), {})
    return {"first_name": contact.get("name", {}).get("formatted_name", ""), "phone_number": phone.get("phone", "")}
