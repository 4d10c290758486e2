"""The state of the stand-in: users, chats, topics, messages, files, pressed buttons. No I/O.

Messages are kept as the Bot API's own objects, so what was answered is what is stored, saved and shown.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any

from estafeta.fakes.telegram.errors import Json

GENERAL = 0
"""The forum's General topic, where messages carry no `message_thread_id`."""

TOPIC_COLOURS = (7322096, 16766590, 13338331, 9367192, 16749490, 16478047)
ANONYMOUS: Json = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}

ADMIN_RIGHTS = (
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_pin_messages",
    "can_manage_topics",
    "can_manage_tags",
    "can_send_welcome_messages",
)


@dataclass(slots=True, kw_only=True)
class Topic:
    id: int
    name: str
    icon_color: int
    creator: int
    icon_custom_emoji_id: str | None = None
    closed: bool = False

    def wire(self) -> Json:
        wire: Json = {"message_thread_id": self.id, "name": self.name, "icon_color": self.icon_color}
        if self.icon_custom_emoji_id:
            wire["icon_custom_emoji_id"] = self.icon_custom_emoji_id
        return wire


@dataclass(slots=True, kw_only=True)
class Chat:
    id: int
    brief: Json
    """The Bot API's `Chat` object."""
    members: dict[int, Json] = field(default_factory=dict)
    """`ChatMember` objects by user id."""
    topics: dict[int, Topic] = field(default_factory=dict)
    messages: dict[int, Json] = field(default_factory=dict)
    reactions: dict[int, dict[int, list[Json]]] = field(default_factory=dict)
    """Message id, user id, what that user set."""
    pinned: list[int] = field(default_factory=list)
    fixed: list[int] = field(default_factory=list)
    """Messages that can't be edited, for they brought keys or took them away."""
    keys: Json | None = None
    """The keys under the box to write into: their `rows`, the `message` that brought them, whether they fold when
    one was pressed (`once`) and whether they have (`folded`)."""
    last_message: int = 0
    started: bool = True
    """Private: the customer has pressed Start, so the bot may write first."""
    blocked: bool = False
    migrated_to: int | None = None
    connection: str = ""
    """A business account's chat with its customer: the connection through which the bot serves it."""
    read: int = 0
    """In a business account's chat: up to which message the bot marked it as read."""
    actions: dict[int, tuple[str, float]] = field(default_factory=dict)
    """Topic (or GENERAL), the action shown there and until when (Unix seconds)."""

    @property
    def private(self) -> bool:
        return bool(self.brief["type"] == "private")

    @property
    def forum(self) -> bool:
        return bool(self.brief.get("is_forum"))

    def status(self, user: int) -> str:
        return str(self.members[user]["status"]) if user in self.members else "left"

    def may(self, user: int, right: str) -> bool:
        member = self.members.get(user)
        if member is None:
            return False
        return member["status"] == "creator" or (member["status"] == "administrator" and bool(member.get(right)))


@dataclass(slots=True, kw_only=True)
class StoredFile:
    id: str
    unique: str
    name: str
    mime: str
    content: bytes
    size: int
    """Bytes it pretends to have, so that tests need not carry 30 MB."""
    kind: str = ""
    """The field of a message that it was told in: its id is good for that alone."""

    @property
    def path(self) -> str:
        return f"files/{self.unique}/{self.name}"

    def wire(self) -> Json:
        return {
            "file_id": self.id,
            "file_unique_id": self.unique,
            "file_size": self.size,
            "file_path": self.path,
        }


@dataclass(slots=True, kw_only=True)
class Press:
    """A pressed inline button, until (and after) the bot answers it."""

    id: str
    user: int
    chat: int
    message: int
    answer: Json | None = None


class Chats(MutableMapping[int, Chat]):
    """By id: a bot's own private chats, and the groups, which are everybody's."""

    def __init__(self, groups: dict[int, Chat] | None = None) -> None:
        self.groups: dict[int, Chat] = {} if groups is None else groups
        self._private: dict[int, Chat] = {}

    def _of(self, number: int) -> dict[int, Chat]:
        return self._private if number > 0 else self.groups

    def __getitem__(self, number: int) -> Chat:
        return self._of(number)[number]

    def __setitem__(self, number: int, chat: Chat) -> None:
        self._of(number)[number] = chat

    def __delitem__(self, number: int) -> None:
        del self._of(number)[number]

    def __iter__(self) -> Iterator[int]:
        yield from self._private
        yield from self.groups

    def __len__(self) -> int:
        return len(self._private) + len(self.groups)


@dataclass(slots=True, kw_only=True)
class World:
    """As one bot sees it. `shares`: the world of the bot that was there first, whose people and groups are the same;
    private chats, files' ids and commands are each bot's own."""

    bot: Json
    shares: World | None = None
    kept: int | None = None
    """How many messages a chat remembers; None: all."""
    users: dict[int, Json] = field(default_factory=dict)
    chats: Chats = field(default_factory=Chats)
    businesses: dict[str, Json] = field(default_factory=dict)
    """`BusinessConnection` objects by id."""
    business_chats: dict[tuple[str, int], Chat] = field(default_factory=dict)
    files: dict[str, StoredFile] = field(default_factory=dict)
    presses: OrderedDict[str, Press] = field(default_factory=OrderedDict)
    commands: dict[str, list[Json]] = field(default_factory=dict)
    counter: int = 1000
    now: Callable[[], float] = time.time
    """Unix seconds, for the dates of messages."""

    def __post_init__(self) -> None:
        if self.shares is not None:
            self.users, self.chats, self.now = self.shares.users, Chats(self.shares.chats.groups), self.shares.now

    def next_number(self) -> int:
        if self.shares is not None:
            return self.shares.next_number()
        self.counter += 1
        return self.counter

    # People and chats

    def add_user(self, name: str, **more: Any) -> Json:
        user: Json = {"id": 5_000_000_000 + self.next_number(), "is_bot": False, "first_name": name}
        user.update({key: value for key, value in more.items() if value})
        self.users[user["id"]] = user
        return user

    def add_private(self, user: Json, *, started: bool = True) -> Chat:
        brief: Json = {"id": user["id"], "type": "private"}
        brief |= {key: user[key] for key in ("first_name", "last_name", "username") if key in user}
        chat = Chat(id=user["id"], brief=brief, started=started)
        self.chats[chat.id] = chat
        return chat

    def add_group(self, title: str, *, forum: bool = True) -> Chat:
        group = -1_000_000_000_000 - 1_000_000 - self.next_number()
        brief: Json = {"id": group, "type": "supergroup", "title": title}
        if forum:
            brief["is_forum"] = True
        chat = self.chats[group] = Chat(id=group, brief=brief)
        self.post(chat, ANONYMOUS, {"supergroup_chat_created": True})  # number 1: in a forum the id of General
        return chat

    # Messages

    def post(
        self,
        chat: Chat,
        author: Json | None,
        content: Json,
        *,
        topic: int = GENERAL,
        reply_to: int | None = None,
        sender_chat: Json | None = None,
    ) -> Json:
        """Adds a message. In a topic every message that is no real reply answers the topic's first service message;
        a reply in General carries the replied message's id as its thread
        (tdlib/telegram-bot-api#447): both as the real server has it."""
        chat.last_message += 1
        number = chat.last_message
        message: Json = {"message_id": number, "date": int(self.now()), "chat": chat.brief}
        if chat.connection:
            message["business_connection_id"] = chat.connection
            if author is self.bot:
                author, message["sender_business_bot"] = self.businesses[chat.connection]["user"], self.bot
        if author is not None:
            message["from"] = author
        if sender_chat is not None:
            message["sender_chat"] = sender_chat
        if topic != GENERAL:
            message["message_thread_id"] = topic
            message["is_topic_message"] = True
        elif reply_to is not None and chat.forum:
            message["message_thread_id"] = reply_to
        replied = chat.messages.get(reply_to if reply_to is not None else topic)
        if replied is not None:
            message["reply_to_message"] = {key: value for key, value in replied.items() if key != "reply_to_message"}
        message.update(content)
        chat.messages[number] = message
        if author is self.bot or "sender_business_bot" in message:
            chat.actions.pop(topic, None)  # "typing…" ends with the bot's message
        if self.kept is not None and len(chat.messages) > self.kept:
            self._forget_oldest(chat)
        return message

    def _forget_oldest(self, chat: Chat) -> None:
        for number in chat.messages:
            if number not in chat.topics:
                del chat.messages[number]
                chat.reactions.pop(number, None)
                return

    def add_topic(self, chat: Chat, author: Json, name: str, *, colour: int, emoji: str | None = None) -> Topic:
        created: Json = {"name": name, "icon_color": colour}
        if emoji:
            created["icon_custom_emoji_id"] = emoji
        number = chat.last_message + 1
        topic = Topic(id=number, name=name, icon_color=colour, icon_custom_emoji_id=emoji, creator=author["id"])
        chat.topics[number] = topic
        self.post(chat, author, {"forum_topic_created": created}, topic=number)
        return topic

    def delete_topic(self, chat: Chat, topic: int) -> None:
        del chat.topics[topic]
        for number in [n for n, m in chat.messages.items() if topic_of(m) == topic]:
            del chat.messages[number]
            chat.reactions.pop(number, None)

    # Files

    def known_here(self, told: Any, elsewhere: World) -> Any:
        """What was told of files in another bot's world, with ids that are good in this one: a file's id is good for
        one bot alone (https://core.telegram.org/bots/api#file)."""
        if isinstance(told, list):
            return [self.known_here(one, elsewhere) for one in told]
        if not isinstance(told, dict):
            return told
        here = {key: self.known_here(value, elsewhere) for key, value in told.items()}
        file = elsewhere.files.get(str(told.get("file_id", "")))
        if file is not None:
            here["file_id"] = f"{file.id}-{self.bot['id']}"
            self.files[here["file_id"]] = replace(file, id=here["file_id"])
        return here

    def add_file(
        self,
        name: str,
        content: bytes,
        mime: str = "application/octet-stream",
        size: int | None = None,
        kind: str = "",
    ) -> StoredFile:
        number = self.next_number()
        safe = "".join(c if c.isalnum() or c in "._-" else "_" for c in name)[-80:] or "file"
        file = StoredFile(
            id=f"FAKE-{number:08d}-file",
            unique=f"U{number:08d}",
            name=safe,
            mime=mime,
            content=content,
            size=len(content) if size is None else size,
            kind=kind,
        )
        self.files[file.id] = file
        return file


def topic_of(message: Json) -> int:
    """The topic a message lies in; only `is_topic_message` tells (a reply in General carries a thread id too)."""
    return int(message["message_thread_id"]) if message.get("is_topic_message") else GENERAL


def member(user: Json, status: str = "member", *, without: tuple[str, ...] = (), anonymous: bool = False) -> Json:
    """A `ChatMember`: creator, administrator (all rights but those in `without`), member, left or kicked."""
    entry: Json = {"status": status, "user": user}
    match status:
        case "creator":
            entry["is_anonymous"] = anonymous
        case "administrator":
            entry |= {"can_be_edited": False, "is_anonymous": anonymous}
            entry |= {right: right not in without for right in ADMIN_RIGHTS}
        case "kicked":
            entry["until_date"] = 0
    return entry
