"""The chats and walls as the page shows them: one JSON for what is on the screen."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from estafeta.fakes.common.errors import Json
from estafeta.fakes.common.pictures import image_type
from estafeta.fakes.vk.world import Dialog, Group, Post, World

if TYPE_CHECKING:
    from estafeta.fakes.vk.fake import FakeVk

MESSAGES = 200
ANSWERS = 10
REACTIONS = {1: "❤️", 2: "🔥", 3: "😂", 4: "👍", 9: "👎", 12: "🤔"}
"""Some of VK's reactions, by the numbers of https://dev.vk.com/ru/method/messages.getReactionsAssets; the others are
shown by number."""
STORED = ("photo", "doc", "audio_message", "graffiti")
KINDS = {"audio_message": "voice", "doc": "document", "graffiti": "photo"}


def view(fake: FakeVk, query: Mapping[str, str]) -> Json:
    """Everybody; what the `customer` sees (their messages, or the post `place`); what the community sees under
    `topic` (a dialog by its peer, a post by its negative id). Unknown ids fall back to the first."""
    customer, group_id, topic, place = (int(query.get(name, "0")) for name in ("customer", "group", "topic", "place"))
    groups = fake.world.groups
    group = groups.get(group_id) or next(iter(groups.values()), None)
    admins = {one.admin for one in groups.values()}
    people = [user for user in fake.world.users.values() if user["id"] not in admins]
    chosen = next((user for user in people if user["id"] == customer), people[0] if people else None)
    seen: Json = {
        "bot": group.name if group else "",
        "groups": [{"id": one.id, "title": one.name} for one in groups.values()],
        "reactions": list(REACTIONS.values()),
        "customers": [_customer(group, user) for user in people] if group else [],
        "customer": None,
        "group": None,
        "answers": [],
    }
    if group is not None:
        seen["group"] = _community(fake.world, group, topic)
        if chosen is not None:
            seen["customer"] = _dialog(fake.world, group, chosen["id"], place)
            seen["answers"] = [
                {"id": press.id, **press.answer} for press in list(group.presses.values())[-ANSWERS:] if press.answer
            ]
    return seen


def _customer(group: Group, user: Json) -> Json:
    dialog = group.dialogs.get(user["id"]) or Dialog(peer=user["id"])
    return {"id": user["id"], "name": _name(user), "blocked": not dialog.allowed, "last": dialog.last}


def _dialog(world: World, group: Group, peer: int, place: int) -> Json:
    dialog = group.dialogs.get(peer) or Dialog(peer=peer)
    post = group.posts.get(place)
    unread = any(m["out"] and m["id"] > dialog.out_read for m in dialog.messages.values())
    return {
        "id": peer,
        "place": post.id if post else 0,
        "posts": [{"id": one.id, "text": _short(one.text)} for one in group.posts.values()],
        "messages": list(_comments(world, group, post) if post else _messages(world, group, dialog)),
        "keyboard": [] if post else _rows((dialog.keyboard or {}).get("buttons", [])),
        "unread": unread,
        "doing": "" if post else dialog.doing[0],
        "doing_until": dialog.doing[1],
    }


def _community(world: World, group: Group, topic: int) -> Json:
    dialogs = [dialog for dialog in group.dialogs.values() if not dialog.is_chat]
    topics = [_topic_of_dialog(world, dialog) for dialog in dialogs]
    topics += [_topic_of_post(post) for post in group.posts.values()]
    ids = [entry["id"] for entry in topics]
    if topic not in ids:
        topic = ids[0] if ids else 0
    post, dialog = group.posts.get(-topic), group.dialogs.get(topic)
    lines = _comments(world, group, post) if post else _messages(world, group, dialog) if dialog else ()
    return {"id": group.id, "title": group.name, "topic": topic, "topics": topics, "messages": list(lines)}


def _topic_of_dialog(world: World, dialog: Dialog) -> Json:
    newest = next(reversed(dialog.messages.values()), None)
    return {
        "id": dialog.peer,
        "name": _name(world.users[dialog.peer]),
        "emoji": "💬",
        "last": _order(newest) if newest else 0,
        "preview": preview(newest) if newest else "",
        "banned": dialog.banned,
    }


def _topic_of_post(post: Post) -> Json:
    newest = next(reversed(post.comments.values()), None)
    return {
        "id": -post.id,
        "name": _short(post.text),
        "emoji": "📝",
        "last": _order(newest) if newest else 0,
        "preview": preview(newest) if newest else "",
    }


def _short(text: str) -> str:
    return textwrap.shorten(text, 28, placeholder="…")


def _order(message: Json) -> int:
    """Grows with every message and comment, whichever sequence its id is of."""
    return int(message["date"]) * 1000 + int(message.get("conversation_message_id") or message["id"]) % 1000


def preview(message: Json) -> str:
    kinds = [attachment["type"] for attachment in message.get("attachments", [])]
    kinds += ["geo"] if "geo" in message else []
    return str(message["text"] or " ".join(f"[{kind}]" for kind in kinds))[:80]


def _messages(world: World, group: Group, dialog: Dialog) -> Iterator[Json]:
    for message in list(dialog.messages.values())[-MESSAGES:]:
        keyboard = message.get("keyboard", {})
        line = _line(world, group, message) | {
            "id": message["conversation_message_id"],
            "bot": message["from_id"] == -group.id and "admin_author_id" not in message,
            "tag": "byAdmin" if "admin_author_id" in message else "",
            "entities": message.get("format_data", {}).get("items", []),
            "edited": "update_time" in message,
            "buttons": _rows(keyboard["buttons"]) if keyboard.get("inline") else [],
            "cards": [_card(element) for element in message.get("template", {}).get("elements", [])],
            "service": {"kind": message["action"]["type"]} if "action" in message else None,
        }
        if message["out"]:
            line["status"] = "read" if message["id"] <= dialog.out_read else "sent"
        elif message["id"] <= dialog.in_read:
            line["status"] = "read"
        replied = message.get("reply_message")
        if replied:
            line["reply"] = {"author": _author(world, group, replied["from_id"]), "text": preview(replied)}
        if message["fwd_messages"]:
            first = message["fwd_messages"][0]
            line["forwarded"] = f"{_author(world, group, first['from_id'])}: {preview(first)}"
        yield line


def _comments(world: World, group: Group, post: Post) -> Iterator[Json]:
    """The post, then its comments, each with the answers to it."""
    yield _line(world, group, {"from_id": -group.id, "date": 0, "text": post.text}) | {"id": "post", "tag": "post"}
    for comment in sorted(post.comments.values(), key=lambda one: (one["parents_stack"] or [one["id"]])[0]):
        line = _line(world, group, comment) | {"id": comment["id"], "thread": bool(comment["parents_stack"])}
        line["tag"] = "community" if comment["from_id"] == -group.id else ""
        replied = post.comments.get(comment.get("reply_to_comment", 0))
        if replied is not None:
            line["reply"] = {"author": _author(world, group, replied["from_id"]), "text": preview(replied)}
        yield line


def _line(world: World, group: Group, message: Json) -> Json:
    """What messages and comments have in common."""
    coordinates = message.get("geo", {}).get("coordinates")
    return {
        "at": message["date"],
        "author": _author(world, group, message["from_id"]),
        "user": message["from_id"],
        "text": message["text"],
        "entities": [],
        "buttons": [],
        "files": [_file(world, attachment) for attachment in message.get("attachments", [])],
        "place": coordinates,
        "reactions": [
            {"emoji": REACTIONS.get(given["reaction_id"], f"#{given['reaction_id']}"), "users": given["user_ids"]}
            for given in message.get("reactions", [])
        ],
    }


def _name(user: Json) -> str:
    return f"{user['first_name']} {user['last_name']}".strip()


def _author(world: World, group: Group, number: int) -> str:
    return _name(world.users[number]) if number in world.users else group.name


def _rows(rows: list[list[Json]]) -> list[list[Json]]:
    return [[_button(button) for button in row] for row in rows]


def _button(button: Json) -> Json:
    action = button["action"]
    shown: Json = {
        "text": action.get("label", f"[{action['type']}]"),
        "press": action.get("payload") or action.get("label", ""),
        "colour": button.get("color", ""),
    }
    if action["type"] in {"open_link", "open_app", "vkpay"}:
        shown["url"] = action.get("link", "vk-app:")  # only what is a page can be opened here
    return shown


def _card(element: Json) -> Json:
    return {
        "title": element.get("title", ""),
        "text": element.get("description", ""),
        "buttons": [[_button(button)] for button in element["buttons"]],
    }


def _file(world: World, attachment: Json) -> Json:
    kind = attachment["type"]
    about = attachment[kind]
    if kind == "link":
        return {"kind": "link", "link": about["url"], "name": about["title"]}
    stored = world.files.get(about.get("id", 0)) if kind in STORED else None
    return {
        "kind": KINDS.get(kind, kind),
        "id": str(about.get("id", "")),
        "name": stored.name if stored else about.get("title", kind),
        "size": stored.size if stored else 0,
        "image": bool(stored and image_type(stored.content)),
        "emoji": "",
    }
