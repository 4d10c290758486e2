"""What people do in WhatsApp: customers write, press, react, read, block; the business writes from its phone app.

Each act is told to the business as Meta would. An act that the app would not offer raises `NotPossible`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from estafeta.fakes.common.errors import NotPossible
from estafeta.fakes.whatsapp.errors import Json, status_error
from estafeta.fakes.whatsapp.events import sender_of
from estafeta.fakes.whatsapp.media import MIMES
from estafeta.fakes.whatsapp.scene import Scene
from estafeta.fakes.whatsapp.sending import describe
from estafeta.fakes.whatsapp.world import KEPT_RECEIVED, WINDOW, Chat, Message, Number, User, digits

EDITABLE = 15 * 60
"""Seconds in which a message may be changed."""
DEFAULT_MIMES = {
    "image": "image/jpeg",
    "video": "video/mp4",
    "audio": "audio/mpeg",
    "document": "application/pdf",
    "sticker": "image/webp",
}
VOICE = "audio/ogg; codecs=opus"


@dataclass(frozen=True, slots=True)
class Participant:
    """A customer in the chat with one number of a business. What writes returns the message's id."""

    scene: Scene
    user: User
    number: Number

    @property
    def chat(self) -> Chat:
        return self.scene.world.chat(self.number, self.user)

    @property
    def phone(self) -> str:
        return self.user.phone

    @property
    def id(self) -> str:
        """The business-scoped user id."""
        return self.user.user_id

    def to(self, number: Number) -> Participant:
        """The same person in the chat with another number."""
        return Participant(self.scene, self.user, number)

    # Writing

    def says(self, text: str, *, reply_to: str = "", forwarded: bool = False, referral: Json | None = None) -> str:
        """`referral`: the advertisement that led here."""
        extra: Json = {"referral": referral} if referral else {}
        return self._post("text", {"body": _plain(text)}, text, reply_to, forwarded=forwarded, extra=extra)

    def sends(
        self,
        kind: str,
        content: bytes = b"...",
        *,
        name: str = "",
        mime: str = "",
        size: int | None = None,
        caption: str = "",
        voice: bool = False,
        reply_to: str = "",
    ) -> str:
        """An image, video, audio (`voice`: recorded in the chat), document or sticker. `size`: bytes it pretends to
        have."""
        return self._post(kind, *_media(self, kind, content, name, mime, size, caption, voice=voice), reply_to)

    def sends_location(self, latitude: float, longitude: float, *, name: str = "", address: str = "") -> str:
        content: Json = {"latitude": latitude, "longitude": longitude}
        content |= {key: value for key, value in (("name", name), ("address", address)) if value}
        return self._post("location", content, describe("location", content))

    def sends_contact(self, name: str, phone: str) -> str:
        contact: Json = {
            "name": {"formatted_name": name, "first_name": name},
            "phones": [{"phone": phone, "wa_id": digits(phone), "type": "CELL"}],
        }
        return self._post("contacts", [contact], describe("contacts", [contact]))

    def orders(self, items: Sequence[tuple[str, int, float]], *, currency: str = "RUB", text: str = "") -> str:
        """A cart from the catalogue: (product, how many, price of one)."""
        products = [
            {"product_retailer_id": product, "quantity": count, "item_price": price, "currency": currency}
            for product, count, price in items
        ]
        content: Json = {"catalog_id": "194836987003835", "text": text, "product_items": products}
        return self._post("order", content, f"[order] {text}".strip())

    def sends_unsupported(self) -> str:
        """A poll, a call link or whatever else the API cannot show."""
        details = "Message type is currently not supported."
        error = {**status_error(131051, details), "title": "Message type unknown", "message": "Message type unknown"}
        del error["href"]
        return self._post("unsupported", None, "[unsupported]", extra={"errors": [error]})

    def opens_chat(self) -> str:
        """For the first time, with nothing written yet."""
        return self._post("request_welcome", None, "", kept=False)

    def _post(
        self,
        kind: str,
        content: object,
        text: str,
        reply_to: str = "",
        *,
        forwarded: bool = False,
        extra: Json | None = None,
        kept: bool = True,
    ) -> str:
        self._check_may_write()
        chat, world = self.chat, self.scene.world
        told = self._told(kind, content)
        context: Json = {"forwarded": True} if forwarded else {}
        if reply_to:
            context |= self._quote(reply_to)
        if context:
            told["context"] = context
        told |= extra or {}
        if kept:
            message = Message(
                id=told["id"],
                type=kind,
                content=content if isinstance(content, dict) else {kind: content},
                at=world.clock.now(),
                by_business=False,
                context=reply_to,
                text=text,
            )
            world.keep(chat, message)
        chat.open_until = world.clock.now() + WINDOW
        self.scene.received(chat, told)
        return str(told["id"])

    def _told(self, kind: str, content: object) -> Json:
        world = self.scene.world
        told: Json = {
            **sender_of(self.user),
            "id": world.wamid(self.user.phone),
            "timestamp": str(int(world.clock.now())),
            "type": kind,
        }
        if content is not None:
            told[kind] = content
        return told

    def _quote(self, message_id: str) -> Json:
        quoted = self.message(message_id)
        if quoted.by_business:
            return {"from": self.number.phone, "id": quoted.id}
        return {"id": quoted.id} if self.user.hidden else {"from": self.user.phone, "id": quoted.id}

    def _check_may_write(self) -> None:
        if self.chat.blocked:
            raise NotPossible(f"{self.user.name} has blocked the business and must unblock it first")
        if not self.user.on_whatsapp:
            raise NotPossible(f"{self.user.name} is not on WhatsApp any more")

    def message(self, message_id: str) -> Message:
        try:
            return self.chat.messages[message_id]
        except KeyError:
            raise NotPossible(f"there is no message {message_id} in this chat") from None

    # Answering what the business sent

    def presses(self, button: str, *, message_id: str = "") -> str:
        """Presses the newest button or chooses the newest list row with this label or id."""
        for message in reversed(self.chat.messages.values()):
            if not message.by_business or (message_id and message.id != message_id) or message.status == "failed":
                continue
            for key, label in message.buttons:
                if key and button in (key, label):
                    return self._press(message, key, label)
        raise NotPossible(f"no button {button!r} is shown")

    def _press(self, message: Message, key: str, label: str) -> str:
        if message.type == "template":
            return self._post("button", {"payload": key, "text": label}, label, message.id)
        if message.content["type"] == "button":
            content: Json = {"type": "button_reply", "button_reply": {"id": key, "title": label}}
            return self._post("interactive", content, label, message.id)
        rows = [row for section in message.content["action"]["sections"] for row in section.get("rows", [])]
        row = next(row for row in rows if row["id"] == key)
        return self._post("interactive", {"type": "list_reply", "list_reply": row}, label, message.id)

    def reacts(self, message_id: str, emoji: str) -> None:
        self.message(message_id).reactions[self.user.user_id] = emoji
        self._post("reaction", {"message_id": message_id, "emoji": emoji}, "", kept=False)

    def unreacts(self, message_id: str, *, named: bool = True) -> None:
        """Takes the reaction back. Both forms occur: an empty emoji (`named`) and none."""
        self.message(message_id).reactions.pop(self.user.user_id, None)
        content: Json = {"message_id": message_id}
        if named:
            content["emoji"] = ""
        self._post("reaction", content, "", kept=False)

    def reads(self) -> None:
        """Everything that has arrived."""
        for message in list(self.chat.messages.values()):
            if message.by_business and message.status == "delivered":
                self.scene.progress(self.chat, message, "read")

    # Changing

    def edits(self, message_id: str, text: str) -> None:
        message = self._own(message_id)
        if message.type not in {"text", "image", "video", "document"}:
            raise NotPossible(f"a message of type {message.type} cannot be edited")
        if self.scene.world.clock.now() - message.at > EDITABLE:
            raise NotPossible("a message can be edited for 15 minutes")
        field = "body" if message.type == "text" else "caption"
        message.content = message.content | {field: _plain(text)}
        message.edited = True
        message.text = text if field == "body" else describe(message.type, message.content)
        changed: Json = {"type": message.type, message.type: message.content}
        self._post("edit", {"original_message_id": message_id, "message": changed}, "", kept=False)

    def deletes(self, message_id: str) -> None:
        """For everybody."""
        self._own(message_id).deleted = True
        self._post("revoke", {"original_message_id": message_id}, "", kept=False)

    def _own(self, message_id: str) -> Message:
        message = self.message(message_id)
        if message.by_business or message.deleted:
            raise NotPossible(f"message {message_id} is not {self.user.name}'s to change")
        return message

    # Coming and going

    def blocks(self) -> None:
        """The business is not told; its messages fail with 131026."""
        self.chat.blocked = True
        self.scene.changed()

    def unblocks(self) -> None:
        self.chat.blocked = False
        self.scene.changed()

    def goes_offline(self) -> None:
        """Messages are sent, and delivered when the phone is back."""
        self.user.online = False

    def comes_online(self) -> None:
        self.user.online = True
        for chat in self.scene.world.chats.values():
            if chat.user == self.user.user_id:
                for message in chat.messages.values():
                    if message.by_business and message.status == "sent":
                        self.scene.arrives(chat, message)

    def leaves_whatsapp(self) -> None:
        self.user.on_whatsapp = False

    def changes_number(self, phone: str) -> None:
        """The person gets a new user id too; the old number and the old id are nobody's from now on."""
        world, user = self.scene.world, self.user
        old_phone, old_id = user.phone, user.user_id
        told = self._told("system", None)
        world.renumber(user, phone)
        if user.hidden:
            body = f"User {user.name} changed from {old_id} to {user.user_id}"
            ids = {"user_id": user.user_id, "previous_user_id": old_id}
            told["system"] = {"body": body, **ids, "type": "user_changed_user_id"}
        else:
            body = f"User {user.name} changed from {old_phone} to {user.phone}"
            told["system"] = {"body": body, "wa_id": user.phone, "type": "user_changed_number"}
        del told["from_user_id"]
        for chat in world.chats.values():
            if chat.user == user.user_id:
                self.scene.system(chat, told)


@dataclass(frozen=True, slots=True)
class PhoneApp:
    """The business's own phone: what is written there is echoed to the API's side (coexistence)."""

    scene: Scene
    number: Number

    def says(self, person: Participant, text: str, *, reply_to: str = "") -> str:
        return self._post(person, "text", {"body": _plain(text)}, text, reply_to)

    def sends(self, person: Participant, kind: str, content: bytes = b"...", *, caption: str = "") -> str:
        return self._post(person, kind, *_media(self, kind, content, "", "", None, caption))

    def _post(self, person: Participant, kind: str, content: Json, text: str, reply_to: str = "") -> str:
        if not self.number.with_app:
            raise NotPossible(f"{self.number.verified_name} is not used in the WhatsApp Business app")
        world = self.scene.world
        chat = person.to(self.number).chat
        message = Message(
            id=world.wamid(person.user.phone),
            type=kind,
            content=content,
            at=world.clock.now(),
            by_business=True,
            from_app=True,
            context=reply_to,
            text=text,
        )
        world.keep(chat, message)
        self.scene.echoed(chat, message, {"id": reply_to} if reply_to else None)
        self.scene.sent(chat, message)
        return message.id


def _media(
    who: Participant | PhoneApp,
    kind: str,
    content: bytes,
    name: str,
    mime: str,
    size: int | None,
    caption: str,
    *,
    voice: bool = False,
) -> tuple[Json, str]:
    """What lies under the type of a message with a file, and how it is shown."""
    if kind not in MIMES:
        raise NotPossible(f"{kind!r} is none of {', '.join(MIMES)}")
    mime = mime or (VOICE if voice else DEFAULT_MIMES[kind])
    world = who.scene.world
    media = world.add_media(who.number, content, mime, name=name, size=size, kept=KEPT_RECEIVED)
    told: Json = {"mime_type": mime, "sha256": media.sha256, "id": media.id}
    if kind == "audio":
        told["voice"] = voice
    if kind == "sticker":
        told["animated"] = False
    if kind == "document":
        told["filename"] = name or "document.pdf"
    if caption:
        if kind in {"audio", "sticker"}:
            raise NotPossible(f"{kind} has no caption")
        told["caption"] = caption
    return told, describe(kind, told)


def _plain(text: str) -> str:
    if not text.strip():
        raise NotPossible("an empty message cannot be sent")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotPossible("a message is valid Unicode") from None
    return text
