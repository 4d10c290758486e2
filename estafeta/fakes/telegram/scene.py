"""The world with its consequences: who gets to know what. Bot API methods and people act through it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from estafeta.fakes.telegram.errors import Json, bad
from estafeta.fakes.telegram.updates import Updates
from estafeta.fakes.telegram.world import GENERAL, Chat, World


@dataclass(frozen=True, slots=True)
class Upload:
    name: str
    mime: str
    content: bytes


Uploads = dict[str, Upload]


@dataclass(slots=True, kw_only=True)
class Scene:
    world: World
    updates: Updates
    changed: Callable[[], None]
    """Told after every change, so that pages and waiting tests look again."""
    groups_private: bool = False
    """The bot's privacy mode: as a plain member it sees only commands and replies to itself
    (https://core.telegram.org/bots/features#privacy-mode)."""
    scenes: list[Scene] = field(default_factory=list)
    """Those of all bots, this one among them: what happens in a group is told to each that is there."""

    def __post_init__(self) -> None:
        self.scenes.append(self)

    @property
    def bot_id(self) -> int:
        return int(self.world.bot["id"])

    def chat(self, chat_id: object) -> Chat:
        """The chat a parameter names; raises Telegram's refusals."""
        chat = self.world.chats.get(chat_id) if isinstance(chat_id, int) else self._by_username(str(chat_id))
        if chat is None:
            raise bad("chat not found")
        if chat.migrated_to is not None:
            raise bad("group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.migrated_to)
        return chat

    def place(self, p: Json) -> Chat:
        """Where a call goes that may be done for a business account."""
        connection = p.get("business_connection_id")
        if not connection:
            return self.chat(p["chat_id"])
        if not self.world.businesses.get(connection, {}).get("is_enabled"):
            raise bad("business connection not found")
        chat = self.world.business_chats.get((connection, p["chat_id"]))
        if chat is None:
            raise bad("BUSINESS_PEER_INVALID")
        return chat

    def is_bots(self, message: Json) -> bool:
        """Whether the bot wrote it, in its own name or for a business account."""
        author = message.get("sender_business_bot") or message.get("from", {})
        return bool(author.get("id") == self.bot_id)

    def _by_username(self, name: str) -> Chat | None:
        for chat in self.world.chats.values():
            if not chat.private and name.startswith("@") and chat.brief.get("username") == name[1:]:
                return chat
        return None

    # What the bot knows

    def told(self, chat: Chat, content: Json) -> Json:
        """The content with those it mentions as whole users. Whom the bot does not know is not mentioned: the words
        stay."""
        for key in ("entities", "caption_entities"):
            found: list[Json] = content.get(key) or []
            if any(entity["type"] == "text_mention" for entity in found):
                kept = [whole for entity in found if (whole := self._mention(chat, entity)) is not None]
                content = content | {key: kept} if kept else {name: content[name] for name in content if name != key}
        return content

    def _mention(self, chat: Chat, entity: Json) -> Json | None:
        if entity["type"] != "text_mention":
            return entity
        user = entity.get("user", {}).get("id")
        return entity | {"user": self.world.users[user]} if self._knows(chat, user) else None

    def _knows(self, chat: Chat, user: object) -> bool:
        """Whether the bot may mention somebody here: who wrote to it, pressed a button of its, or is in the group
        (https://core.telegram.org/bots/api#formatting-options)."""
        if not isinstance(user, int) or user not in self.world.users:
            return False
        private = self.world.chats.get(user)
        return (
            (private is not None and private.started)
            or chat.status(user) not in {"left", "kicked"}
            or any(press.user == user for press in self.world.presses.values())
        )

    # What the bot gets to know

    def sees(self, chat: Chat, message: Json) -> bool:
        if chat.connection:
            return bool(self.world.businesses[chat.connection]["is_enabled"])
        if chat.private:
            return not chat.blocked
        match chat.status(self.bot_id):
            case "creator" | "administrator":
                return True
            case "member" | "restricted":
                text = str(message.get("text") or message.get("caption") or "")
                replied = message.get("reply_to_message", {})
                return (
                    not self.groups_private
                    or text.startswith("/")
                    or replied.get("from", {}).get("id") == self.bot_id
                    or "text" not in message
                )
            case _:
                return False

    def arrived(self, chat: Chat, message: Json, kind: str = "message") -> Json:
        """Tells the bots of a message (not one of their own) and everybody of a change. No bot hears of another's
        doings (https://core.telegram.org/bots/faq#why-doesn-39t-my-bot-see-messages-from-other-bots)."""
        author = message.get("from", {}).get("id")
        bots = {scene.bot_id for scene in self.scenes}
        for scene in self._present(chat):
            if scene.sees(chat, message) and (author not in bots or author == scene.bot_id):
                told = {"message": "business_message", "edited_message": "edited_business_message"}
                scene.updates.add(told[kind] if chat.connection else kind, self._as_seen_by(scene, message))
        self.changed()
        return message

    def _present(self, chat: Chat) -> list[Scene]:
        return [self] if chat.private or chat.connection else self.scenes

    def _as_seen_by(self, scene: Scene, payload: Json) -> Json:
        seen: Json = payload if scene is self else scene.world.known_here(payload, self.world)
        return seen

    def author_of(self, message: Json) -> Scene:
        """The scene of the bot that wrote the message, to which its pressed buttons are told."""
        return next((scene for scene in self.scenes if scene.is_bots(message)), self)

    def service(self, chat: Chat, author: Json, content: Json, *, topic: int = GENERAL) -> Json:
        """A service message. The bot is told even of those it caused itself
        (`need_skip_update_message` in telegram-bot-api/Client.cpp)."""
        return self.arrived(chat, self.world.post(chat, author, content, topic=topic))

    def revise(self, chat: Chat, message: Json, changes: Json, *, mark: bool = True) -> Json:
        """A message's new shape (None removes a field). A copy, for the old one may still wait in the queue."""
        revised = {key: value for key, value in (message | changes).items() if value is not None}
        if mark:
            revised["edit_date"] = int(self.world.now())
        chat.messages[message["message_id"]] = revised
        self.changed()
        return revised

    def member_changed(self, chat: Chat, by: Json, old: Json, new: Json) -> None:
        payload: Json = {
            "chat": chat.brief,
            "from": by,
            "date": int(self.world.now()),
            "old_chat_member": old,
            "new_chat_member": new,
        }
        for scene in self._present(chat):
            if new["user"]["id"] == scene.bot_id:
                scene.updates.add("my_chat_member", payload)
            elif chat.status(scene.bot_id) in {"administrator", "creator"}:
                scene.updates.add("chat_member", payload)
        self.changed()

    def reacted(self, chat: Chat, user: Json, message_id: int, new: list[Json]) -> None:
        """A person's reaction. In groups only administrators hear of it; never of a bot's own reactions."""
        by_user = chat.reactions.setdefault(message_id, {})
        old = by_user.get(user["id"], [])
        if new:
            by_user[user["id"]] = new
        else:
            by_user.pop(user["id"], None)
        bots = {scene.bot_id for scene in self.scenes}
        if user["id"] not in bots and not (chat.private and chat.blocked):
            payload: Json = {
                "chat": chat.brief,
                "message_id": message_id,
                "user": user,
                "date": int(self.world.now()),
                "old_reaction": old,
                "new_reaction": new,
            }
            for scene in self._present(chat):
                if (chat.private and not chat.connection) or chat.status(scene.bot_id) in {"administrator", "creator"}:
                    scene.updates.add("message_reaction", payload)
        self.changed()


def check_open(chat: Chat, user: int, topic: int) -> None:
    """Closed topics take messages only from their creator and from administrators of topics
    (https://core.telegram.org/api/forum)."""
    found = chat.topics.get(topic)
    if found is not None and found.closed and found.creator != user and not chat.may(user, "can_manage_topics"):
        raise bad("TOPIC_CLOSED")
