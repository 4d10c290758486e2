"""What people do in the messenger: write, edit, press, react, block, join.

Each act is told to the bot as Telegram would. An act that Telegram's own apps would not offer raises `NotPossible`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from estafeta.fakes.common.errors import NotPossible
from estafeta.fakes.telegram.editing import remove
from estafeta.fakes.telegram.errors import Json, Refused
from estafeta.fakes.telegram.forum import rename, shut
from estafeta.fakes.telegram.media import described
from estafeta.fakes.telegram.scene import Scene, check_open
from estafeta.fakes.telegram.text import found_in, units
from estafeta.fakes.telegram.world import ANONYMOUS, GENERAL, TOPIC_COLOURS, Chat, Press, Topic, member


@dataclass(frozen=True, slots=True)
class Participant:
    """One person in one chat. Methods that post return the message as the Bot API shows it."""

    scene: Scene
    user: Json
    chat_id: int
    connection: str = ""
    """Of the business account that the chat is with; "" with the bot itself."""

    @property
    def id(self) -> int:
        return int(self.user["id"])

    @property
    def chat(self) -> Chat:
        if self.connection:
            return self.scene.world.business_chats[self.connection, self.chat_id]
        chat = self.scene.world.chats[self.chat_id]
        return chat if chat.migrated_to is None else self.scene.world.chats[chat.migrated_to]

    # Writing

    def says(
        self,
        text: str,
        *,
        topic: int = GENERAL,
        reply_to: int | None = None,
        quote: str = "",
        entities: list[Json] | None = None,
    ) -> Json:
        """`quote`: the words picked from what is replied to. `entities`: how the text is drawn."""
        content = _plain(text)
        if entities:
            content["entities"] = entities
        if quote:
            content["quote"] = {"text": quote, "position": 0, "is_manual": True}
        return self._post(content, topic, reply_to)

    def writes(self, content: Json, *, topic: int = GENERAL) -> Json:
        """Anything that a message may hold, by its fields (`{"dice": …}`)."""
        return self._post(content, topic, None)

    def says_anonymously(self, text: str, *, topic: int = GENERAL) -> Json:
        """As an administrator who hides behind the group's name."""
        chat = self.chat
        self._check_may_write(chat, topic)
        message = self.scene.world.post(chat, ANONYMOUS, _plain(text), topic=topic, sender_chat=chat.brief)
        return self.scene.arrived(chat, message)

    def sends(
        self,
        kind: str,
        content: bytes = b"...",
        *,
        name: str = "",
        mime: str = "application/octet-stream",
        size: int | None = None,
        caption: str = "",
        album: str = "",
        topic: int = GENERAL,
        reply_to: int | None = None,
    ) -> Json:
        """A photo, document, voice, video, video_note, audio, animation or sticker. `size`: bytes it pretends to
        have."""
        file = self.scene.world.add_file(name or f"{kind}.bin", content, mime, size, kind)
        message: Json = {kind: described(kind, file, {})}
        if caption:
            read = _plain(caption)
            message["caption"] = read["text"]
            if "entities" in read:
                message["caption_entities"] = read["entities"]
        if album:
            message["media_group_id"] = album
        return self._post(message, topic, reply_to)

    def sends_album(self, *kinds: str, caption: str = "", content: bytes = b"...", topic: int = GENERAL) -> list[Json]:
        """Photos and videos, documents, or audio, that belong together; the caption is the first one's."""
        album = str(self.scene.world.next_number())
        return [
            self.sends(kind, content, caption="" if n else caption, album=album, topic=topic)
            for n, kind in enumerate(kinds)
        ]

    def sends_venue(self, latitude: float, longitude: float, title: str, address: str) -> Json:
        place = {"latitude": latitude, "longitude": longitude}
        venue = {"location": place, "title": title, "address": address}
        return self._post({"location": place, "venue": venue}, GENERAL, None)

    def sends_location(self, latitude: float, longitude: float, *, topic: int = GENERAL) -> Json:
        return self._post({"location": {"latitude": latitude, "longitude": longitude}}, topic, None)

    def sends_contact(self, phone: str, first_name: str, *, own: bool = True, topic: int = GENERAL) -> Json:
        contact: Json = {"phone_number": phone, "first_name": first_name}
        if own:
            contact["user_id"] = self.id
        return self._post({"contact": contact}, topic, None)

    def _post(self, content: Json, topic: int, reply_to: int | None) -> Json:
        chat = self.chat
        self._check_may_write(chat, topic)
        if reply_to is not None and reply_to not in chat.messages:
            raise NotPossible(f"there is no message {reply_to} to reply to")
        if chat.private:
            chat.started = True
        message = self.scene.world.post(chat, self.user, content, topic=topic, reply_to=reply_to)
        return self.scene.arrived(chat, message)

    def _check_may_write(self, chat: Chat, topic: int) -> None:
        if chat.private:
            if chat.blocked:
                raise NotPossible("the customer has blocked the bot and must unblock it first")
            if topic != GENERAL:
                raise NotPossible("a private chat has no topics")
            return
        if chat.status(self.id) in {"left", "kicked"}:
            raise NotPossible(f"{self.user['first_name']} is not in the group")
        if topic != GENERAL and topic not in chat.topics:
            raise NotPossible(f"there is no topic {topic}")
        try:
            check_open(chat, self.id, topic)
        except Refused as refused:
            raise NotPossible("the topic is closed") from refused

    # Changing

    def edits(self, message_id: int, text: str) -> Json:
        message = self._own(message_id)
        read = _plain(text)
        field = "text" if "text" in message else "caption"
        entities = "entities" if field == "text" else "caption_entities"
        changes = {field: read["text"], entities: read.get("entities")}
        revised = self.scene.revise(self.chat, message, changes)
        return self.scene.arrived(self.chat, revised, "edited_message")

    def touches(self, message_id: int) -> Json:
        """An edit that changes nothing a bot can see, yet is told to it (`edited_message` of Update says so)."""
        revised = self.scene.revise(self.chat, self._own(message_id), {})
        return self.scene.arrived(self.chat, revised, "edited_message")

    def deletes(self, message_id: int) -> None:
        """The bot is not told: Telegram has no update for it, but in the chats of a business account."""
        self._own(message_id)
        chat = self.chat
        remove(self.scene, chat, message_id)
        if chat.connection:
            deletion = {"business_connection_id": chat.connection, "chat": chat.brief, "message_ids": [message_id]}
            self.scene.updates.add("deleted_business_messages", deletion)

    def _own(self, message_id: int) -> Json:
        message = self.message(message_id)
        if message.get("from", {}).get("id") != self.id:
            raise NotPossible(f"message {message_id} is not {self.user['first_name']}'s")
        return message

    def message(self, message_id: int) -> Json:
        try:
            return self.chat.messages[message_id]
        except KeyError:
            raise NotPossible(f"there is no message {message_id}") from None

    def reacts(self, message_id: int, *emoji: str, custom: str = "") -> None:
        """Sets exactly these reactions (`custom`: the id of somebody's own emoji); none: takes them away."""
        self.message(message_id)
        given: list[Json] = [{"type": "emoji", "emoji": e} for e in emoji]
        if custom:
            given.append({"type": "custom_emoji", "custom_emoji_id": custom})
        self.scene.reacted(self.chat, self.user, message_id, given)

    def presses(self, button: str, *, message_id: int | None = None) -> Press:
        """Presses the newest button with this label or this callback data (`message_id`: on that message)."""
        chat = self.chat
        numbers = reversed(chat.messages) if message_id is None else [message_id]
        for number in numbers:
            message = self.message(number)
            for row in message.get("reply_markup", {}).get("inline_keyboard", []):
                for item in row:
                    if "callback_data" in item and button in (item["text"], item["callback_data"]):
                        return self._press(chat, message, item["callback_data"])
        raise NotPossible(f"no button {button!r} is shown")

    def _press(self, chat: Chat, message: Json, data: str) -> Press:
        scene = self.scene.author_of(message)
        world = scene.world
        press = Press(
            id=str(4_000_000_000 + world.next_number()), user=self.id, chat=chat.id, message=message["message_id"]
        )
        world.presses[press.id] = press
        if len(world.presses) > 1000:
            world.presses.popitem(last=False)
        scene.updates.add(
            "callback_query",
            {"id": press.id, "from": self.user, "message": message, "chat_instance": str(chat.id), "data": data},
        )
        self.scene.changed()
        return press

    def taps(self, key: str, *, phone: str = "+70000000000") -> Json:
        """Presses a key under the box to write into: it says its words, or shares the person's own phone number."""
        keys = self.chat.keys or {"rows": ()}
        found = next((one for row in keys["rows"] for one in row if one["text"] == key), None)
        if found is None:
            raise NotPossible(f"no key {key!r} is there")
        if keys["once"]:
            keys["folded"] = True
        return self.sends_contact(phone, self.user["first_name"]) if found.get("request_contact") else self.says(key)

    # Coming and going

    def starts(self, payload: str = "") -> Json:
        return self.says(f"/start {payload}".strip())

    def blocks(self) -> None:
        self._set_blocked(blocked=True)

    def unblocks(self) -> None:
        self._set_blocked(blocked=False)

    def _set_blocked(self, *, blocked: bool) -> None:
        chat = self.chat
        if not chat.private:
            raise NotPossible("a bot is blocked in a private chat")
        if chat.blocked == blocked:
            return
        chat.blocked = blocked
        states = [member(self.scene.world.bot, "member"), member(self.scene.world.bot, "kicked")]
        old, new = states if blocked else reversed(states)
        self.scene.member_changed(chat, self.user, old, new)

    def joins(self, status: str = "member", **rights: Any) -> None:
        chat = self.chat
        old = chat.members.get(self.id, member(self.user, "left"))
        new = member(self.user, status, **rights)
        chat.members[self.id] = new
        if old["status"] in {"left", "kicked"}:
            self.scene.service(chat, self.user, {"new_chat_members": [self.user]})
        self.scene.member_changed(chat, self.user, old, new)

    def leaves(self) -> None:
        chat = self.chat
        old = chat.members.pop(self.id, member(self.user, "left"))
        self.scene.service(chat, self.user, {"left_chat_member": self.user})
        self.scene.member_changed(chat, self.user, old, member(self.user, "left"))

    # Topics

    def opens_topic(self, name: str) -> int:
        topic = self.scene.world.add_topic(self.chat, self.user, name, colour=TOPIC_COLOURS[0])
        self.scene.arrived(self.chat, self.chat.messages[topic.id])
        return topic.id

    def renames_topic(self, topic: int, name: str) -> None:
        rename(self.scene, self.chat, self._topic(topic), self.user, {"name": name})

    def closes_topic(self, topic: int) -> None:
        shut(self.scene, self.chat, self._topic(topic), self.user, closed=True)

    def reopens_topic(self, topic: int) -> None:
        shut(self.scene, self.chat, self._topic(topic), self.user, closed=False)

    def deletes_topic(self, topic: int) -> None:
        """The bot is not told."""
        self.scene.world.delete_topic(self.chat, self._topic(topic).id)
        self.scene.changed()

    def _topic(self, topic: int) -> Topic:
        try:
            return self.chat.topics[topic]
        except KeyError:
            raise NotPossible(f"there is no topic {topic}") from None


def private_of(scene: Scene, person: Participant) -> Participant:
    """The same person in the private chat with the scene's bot, which they open when they first write there."""
    if person.id not in scene.world.chats:
        scene.world.add_private(person.user, started=False)
        scene.changed()
    return Participant(scene, person.user, person.id)


@dataclass(frozen=True, slots=True)
class Group:
    """A supergroup of the stand-in."""

    scene: Scene
    first_id: int

    @property
    def chat(self) -> Chat:
        chat = self.scene.world.chats[self.first_id]
        return chat if chat.migrated_to is None else self.scene.world.chats[chat.migrated_to]

    @property
    def id(self) -> int:
        """The present chat id (it changes when the group migrates)."""
        return self.chat.id

    @property
    def topics(self) -> list[Topic]:
        return list(self.chat.topics.values())

    def topic(self, name: str) -> Topic:
        """The newest topic whose name contains `name`."""
        for topic in reversed(self.topics):
            if name in topic.name:
                return topic
        raise NotPossible(f"no topic is called {name!r}")

    def operator(self, name: str, *, status: str = "administrator", anonymous: bool = False) -> Participant:
        """A member of the group by first name; joins on first mention."""
        for entry in self.chat.members.values():
            if entry["user"]["first_name"] == name and not entry["user"]["is_bot"]:
                return Participant(self.scene, entry["user"], self.first_id)
        participant = self.stranger(name)
        if status == "administrator":
            participant.joins(status, anonymous=anonymous)
        else:
            participant.joins(status)
        return participant

    def stranger(self, name: str) -> Participant:
        """Somebody who is not (yet) in the group."""
        return Participant(self.scene, self.scene.world.add_user(name), self.first_id)

    def set_bot(self, status: str, *, without: tuple[str, ...] = ()) -> None:
        """What the bot is here from now on: administrator (without some rights), member, left or kicked."""
        old = self.chat.members.get(self.scene.bot_id, member(self.scene.world.bot, "left"))
        new = member(self.scene.world.bot, status, without=without)
        self.chat.members[self.scene.bot_id] = new
        self.scene.member_changed(self.chat, self._owner(), old, new)

    def _owner(self) -> Json:
        for entry in self.chat.members.values():
            if entry["status"] == "creator":
                user: Json = entry["user"]
                return user
        return ANONYMOUS

    def migrates(self) -> int:
        """The group gets a new id; the old one answers with `migrate_to_chat_id`. Returns the new id."""
        old, world = self.chat, self.scene.world
        new = world.add_group(old.brief["title"], forum=old.forum)
        new.members, new.topics, new.last_message = dict(old.members), old.topics, old.last_message
        new.messages = {number: message | {"chat": new.brief} for number, message in old.messages.items()}
        new.reactions, new.pinned, new.fixed = old.reactions, old.pinned, old.fixed
        author = self._owner()
        self.scene.service(old, author, {"migrate_to_chat_id": new.id})
        self.scene.service(new, author, {"migrate_from_chat_id": old.id})
        old.topics, old.migrated_to = {}, new.id
        world.chats[self.first_id].migrated_to = new.id
        return new.id


def _plain(text: str) -> Json:
    text = text.strip()
    if not text:
        raise NotPossible("an empty message cannot be sent")
    if units(text) > 4096:
        raise NotPossible("a message holds at most 4096 characters")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotPossible("a message is valid Unicode") from None
    entities = found_in(text)
    return {"text": text, "entities": entities} if entities else {"text": text}
