"""The state of the stand-in: users, communities, dialogs, messages, walls, files. No I/O.

Messages and comments are kept as VK's own objects, so what was answered is what is stored and shown.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from estafeta.fakes.common.errors import Json

CHATS = 2_000_000_000
"""Peers above this are group chats (https://dev.vk.com/ru/api/bots/development/messages)."""

SCOPES = {"photos": 4, "messages": 4096, "wall": 8192, "docs": 131072, "manage": 262144}
"""What a community's token may be allowed (https://dev.vk.com/ru/reference/access-rights)."""


@dataclass(slots=True, kw_only=True)
class Dialog:
    """What lies between a community and one peer."""

    peer: int
    messages: dict[int, Json] = field(default_factory=dict)
    """By `conversation_message_id`."""
    last: int = 0
    """The highest `conversation_message_id` so far."""
    allowed: bool = False
    """The user has written first, or allowed messages."""
    banned: bool = False
    """The community has put the user on its blacklist."""
    private: bool = False
    """The user's privacy settings keep the community out."""
    in_read: int = 0
    out_read: int = 0
    """How far the community, and the user, have read: ids of messages."""
    keyboard: Json | None = None
    """The keyboard under the input field."""
    doing: tuple[str, float] = ("", 0)
    """What the community shows it is doing, and until when (Unix seconds)."""
    hidden: set[int] = field(default_factory=set)
    """Messages the community has deleted for itself only."""
    sent: dict[int, tuple[float, Json]] = field(default_factory=dict)
    """`random_id`, when it was used (seconds of the stand-in's clock), what was sent."""
    members: dict[int, str] = field(default_factory=dict)
    """In a chat: user ids and "admin" or "member"; what the community is stands under its negative id."""
    title: str = ""

    @property
    def is_chat(self) -> bool:
        return self.peer > CHATS


@dataclass(slots=True, kw_only=True)
class Post:
    """On a community's wall."""

    id: int
    text: str
    comments: dict[int, Json] = field(default_factory=dict)
    deleted: dict[int, Json] = field(default_factory=dict)
    closed: bool = False
    links_forbidden: bool = False


@dataclass(slots=True, kw_only=True)
class StoredFile:
    id: int
    owner: int
    kind: str
    """photo, doc, audio_message."""
    key: str
    name: str
    content: bytes
    size: int
    """Bytes it pretends to have, so that tests need not carry 30 MB."""

    @property
    def path(self) -> str:
        return f"/files/{self.id}/{self.key}/{self.name}"


@dataclass(slots=True, kw_only=True)
class Press:
    """A pressed callback button, until (and after) the community answers it."""

    id: str
    user: int
    peer: int
    message: int
    """`conversation_message_id`."""
    answer: Json | None = None
    answered: bool = False


@dataclass(slots=True, kw_only=True)
class Group:
    """A community, as VK's API calls it."""

    id: int
    name: str
    screen_name: str
    token: str
    admin_token: str
    """A token of its administrator's own, for methods that communities may not call."""
    admin: int
    scopes: frozenset[str] = frozenset(SCOPES)
    dialogs: dict[int, Dialog] = field(default_factory=dict)
    posts: dict[int, Post] = field(default_factory=dict)
    presses: OrderedDict[str, Press] = field(default_factory=OrderedDict)
    guids: dict[str, int] = field(default_factory=dict)
    """`guid` of wall.createComment, the comment it made."""
    members: set[int] = field(default_factory=set)
    bot_features: bool = True
    """Off: keyboards are refused with error 912."""
    last_message: int = 0
    last_wall: int = 0
    """Posts and comments share one sequence of ids."""

    def dialog(self, peer: int) -> Dialog:
        return self.dialogs.setdefault(peer, Dialog(peer=peer))

    def find(self, message_id: int) -> tuple[Dialog, Json] | None:
        for dialog in self.dialogs.values():
            for message in dialog.messages.values():
                if message["id"] == message_id:
                    return dialog, message
        return None

    def comment(self, number: int) -> tuple[Post, Json] | None:
        for post in self.posts.values():
            if number in post.comments:
                return post, post.comments[number]
        return None


@dataclass(slots=True, kw_only=True)
class World:
    users: dict[int, Json] = field(default_factory=dict)
    """VK's `user` objects."""
    groups: dict[int, Group] = field(default_factory=dict)
    files: dict[int, StoredFile] = field(default_factory=dict)
    uploads: dict[str, StoredFile] = field(default_factory=dict)
    """Uploaded and not yet saved, by what the upload server answered."""
    base: str = ""
    """Where the stand-in serves, for links to files."""
    counter: int = 1000
    now: Callable[[], float] = time.time
    """Unix seconds, for the dates of messages."""

    def next_number(self) -> int:
        self.counter += 1
        return self.counter

    def add_user(self, name: str, **more: Any) -> Json:
        number = 800_000_000 + self.next_number()
        first, _, last = name.partition(" ")
        user: Json = {
            "id": number,
            "first_name": first,
            "last_name": last,
            "can_access_closed": True,
            "is_closed": False,
        }
        self.users[number] = user | more
        return self.users[number]

    def add_group(self, name: str, *, token: str = "") -> Group:
        number = 200_000_000 + self.next_number()
        admin = self.add_user("Владелец")
        group = Group(
            id=number,
            name=name,
            screen_name=f"club{number}",
            token=token or f"vk1.a.FAKE-community-{number}",
            admin_token=f"vk1.a.FAKE-user-{admin['id']}",
            admin=admin["id"],
        )
        self.groups[number] = group
        return group

    def add_file(self, owner: int, kind: str, name: str, content: bytes, size: int | None = None) -> StoredFile:
        number = self.next_number()
        safe = "".join(c if c.isalnum() or c in "._-" else "_" for c in name)[-80:] or "file"
        file = StoredFile(
            id=number,
            owner=owner,
            kind=kind,
            key=f"{number:010x}",
            name=safe,
            content=content,
            size=len(content) if size is None else size,
        )
        self.files[number] = file
        return file

    def post(self, group: Group, dialog: Dialog, author: int, content: Json) -> Json:
        """Adds a message. In chats communities see no ids but those of the conversation, so `id` is 0."""
        dialog.last += 1
        group.last_message += 1
        message: Json = {
            "date": int(self.now()),
            "from_id": author,
            "id": 0 if dialog.is_chat else group.last_message,
            "version": 10_000_000 + group.last_message,
            "out": int(author == -group.id),
            "peer_id": dialog.peer,
            "text": "",
            "conversation_message_id": dialog.last,
            "fwd_messages": [],
            "important": False,
            "is_hidden": False,
            "attachments": [],
            "random_id": 0,
        } | content
        dialog.messages[dialog.last] = message
        if author == -group.id:
            dialog.doing = ("", 0)  # "typing…" ends with the message
        return message


def foreign(message: Json) -> Json:
    """A message as another one quotes it."""
    kept = ("date", "from_id", "text", "attachments", "conversation_message_id", "peer_id", "id", "geo", "payload")
    return {key: message[key] for key in kept if key in message}
