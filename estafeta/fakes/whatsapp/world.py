"""The state of the stand-in: accounts, numbers, users, chats, messages, media, tokens. No I/O."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Literal

from estafeta.fakes.whatsapp.clock import Clock
from estafeta.fakes.whatsapp.errors import Json
from estafeta.fakes.whatsapp.templates import Template

Status = Literal["accepted", "sent", "delivered", "read", "failed"]

MESSAGING = "whatsapp_business_messaging"
MANAGEMENT = "whatsapp_business_management"

WINDOW = 24 * 3600
"""Seconds after a customer's last message in which a business may write freely."""
TYPING = 25
"""Seconds until "typing…" ends by itself."""
KEPT_UPLOADED, KEPT_RECEIVED, URL_LIFE = 30 * 86400, 7 * 86400, 300
"""Seconds that an uploaded file, a customer's file and a file's address live
(https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media)."""


@dataclass(slots=True, kw_only=True)
class Account:
    """A WhatsApp Business Account."""

    id: str
    name: str
    templates: list[Template] = field(default_factory=list)
    subscribed: bool = False
    """The app hears of what happens here."""
    override_url: str = ""
    """Where it hears of it, when not at the app's own address."""


@dataclass(slots=True, kw_only=True)
class Number:
    """A business's phone number. `refuses`: the code with which every message of it is refused (368, 131031 …)."""

    id: str
    account: str
    phone: str
    """Digits."""
    verified_name: str
    with_app: bool = False
    """The number is used in the WhatsApp Business app too (coexistence): what is sent there is echoed."""
    registered: bool = True
    quality: str = "GREEN"
    refuses: int = 0
    service_messages: dict[str, int] = field(default_factory=dict)
    """Month ("2026-11") to how many free-form messages were delivered in it."""

    def node(self) -> Json:
        return {
            "id": self.id,
            "display_phone_number": _spaced(self.phone),
            "verified_name": self.verified_name,
            "quality_rating": self.quality,
            "code_verification_status": "VERIFIED",
            "name_status": "APPROVED",
            "status": "CONNECTED" if self.registered else "DISCONNECTED",
            "platform_type": "CLOUD_API",
            "throughput": {"level": "STANDARD"},
            "is_on_biz_app": self.with_app,
            "account_mode": "LIVE",
        }


@dataclass(slots=True, kw_only=True)
class User:
    """A person on WhatsApp."""

    user_id: str
    """Business-scoped: what a business knows even of those who hide their number."""
    phone: str
    name: str
    username: str = ""
    hidden: bool = False
    """The business does not see the phone number."""
    on_whatsapp: bool = True
    online: bool = True
    in_experiment: bool = False
    """Gets no marketing templates (130472)."""

    def profile(self) -> Json:
        profile: Json = {"name": self.name}
        if self.username:
            profile["username"] = self.username
        return profile


@dataclass(slots=True, kw_only=True)
class Message:
    """`content` is what lies under the message's type, as a webhook or a request has it."""

    id: str
    type: str
    content: Json
    at: float
    by_business: bool
    from_app: bool = False
    status: Status = "accepted"
    context: str = ""
    """The id of the message it answers."""
    tracker: str = ""
    """`biz_opaque_callback_data`."""
    category: str = "service"
    by_user_id: bool = False
    """It was sent to the user's id, not to the phone number."""
    text: str = ""
    buttons: tuple[tuple[str, str], ...] = ()
    """What can be pressed: (id or payload, label)."""
    reactions: dict[str, str] = field(default_factory=dict)
    """Who (the business: "") to the emoji."""
    edited: bool = False
    deleted: bool = False
    seen: bool = False
    """A customer's message: the business has marked it as read."""


@dataclass(slots=True, kw_only=True)
class Chat:
    """One user with one number."""

    number: str
    user: str
    messages: dict[str, Message] = field(default_factory=dict)
    blocked: bool = False
    open_until: float = 0
    """The end of the customer service window."""
    typing_until: float = 0


@dataclass(slots=True, kw_only=True)
class Media:
    id: str
    number: str
    name: str
    mime: str
    content: bytes
    size: int
    """Bytes it pretends to have, so that tests need not carry 100 MB."""
    dies_at: float

    @property
    def sha256(self) -> str:
        return base64.b64encode(hashlib.sha256(self.content).digest()).decode()


@dataclass(slots=True, kw_only=True)
class Token:
    """`accounts`: what it opens (None: all)."""

    scopes: tuple[str, ...] = (MESSAGING, MANAGEMENT)
    accounts: frozenset[str] | None = None
    expired: bool = False

    def opens(self, account: str) -> bool:
        return self.accounts is None or account in self.accounts


@dataclass(slots=True, kw_only=True)
class World:
    clock: Clock
    kept: int | None = None
    """How many messages a chat remembers; None: all."""
    free_service_messages: int = 1000
    """A month and number; what comes after is billed (reported for 2026-10-01 and later)."""
    accounts: dict[str, Account] = field(default_factory=dict)
    numbers: dict[str, Number] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    """By business-scoped user id."""
    phones: dict[str, User] = field(default_factory=dict)
    chats: dict[tuple[str, str], Chat] = field(default_factory=dict)
    places: dict[str, Chat] = field(default_factory=dict)
    """Where a message lies, by its id."""
    media: dict[str, Media] = field(default_factory=dict)
    links: dict[str, tuple[str, float]] = field(default_factory=dict)
    """A file's address (its secret part) to the file's id and when the address dies."""
    counter: int = 1000

    def next_number(self) -> int:
        self.counter += 1
        return self.counter

    def wamid(self, phone: str) -> str:
        """An opaque message id that looks like Meta's."""
        raw = f"\x1d\x18{chr(len(phone))}{phone}\x15\x02{secrets.token_hex(8).upper()}{self.next_number():06d}"
        return "wamid." + base64.b64encode(raw.encode()).decode()

    # Accounts, numbers, people

    def add_account(self, name: str) -> Account:
        account = Account(id=f"10200000000{self.next_number()}", name=name)
        self.accounts[account.id] = account
        return account

    def add_number(self, account: Account, phone: str, name: str, *, with_app: bool = False) -> Number:
        number = Number(
            id=f"10600000000{self.next_number()}",
            account=account.id,
            phone=digits(phone),
            verified_name=name,
            with_app=with_app,
        )
        self.numbers[number.id] = number
        return number

    def add_user(self, name: str, phone: str = "") -> User:
        number = self.next_number()
        user = User(user_id=f"RU.13491208650000{number}", phone=digits(phone) or f"7900000{number}", name=name)
        self.users[user.user_id] = self.phones[user.phone] = user
        return user

    def renumber(self, user: User, phone: str) -> None:
        """A new phone number makes a new user id; the old ones are nobody's."""
        old = user.user_id
        del self.users[old], self.phones[user.phone]
        user.phone = digits(phone)
        user.user_id = f"{old[:2]}.1349120865{self.next_number():09d}"
        self.users[user.user_id] = self.phones[user.phone] = user
        for key, chat in list(self.chats.items()):
            if chat.user == old:
                del self.chats[key]
                chat.user = user.user_id
                self.chats[chat.number, chat.user] = chat

    def chat(self, number: Number, user: User) -> Chat:
        key = (number.id, user.user_id)
        if key not in self.chats:
            self.chats[key] = Chat(number=number.id, user=user.user_id)
        return self.chats[key]

    def user_by_phone(self, phone: str) -> User | None:
        user = self.phones.get(phone)
        return user if user is not None and user.on_whatsapp else None

    def keep(self, chat: Chat, message: Message) -> None:
        chat.messages[message.id] = message
        self.places[message.id] = chat
        if self.kept is not None and len(chat.messages) > self.kept:
            oldest = next(iter(chat.messages))
            del chat.messages[oldest], self.places[oldest]

    def find(self, number: str, message: str) -> tuple[Chat, Message] | None:
        """A message by its id, in the chats of a number."""
        chat = self.places.get(message)
        return (chat, chat.messages[message]) if chat is not None and chat.number == number else None

    # Media

    def add_media(
        self, number: Number, content: bytes, mime: str, *, name: str = "", size: int | None = None, kept: float
    ) -> Media:
        media = Media(
            id=f"29400000000{self.next_number()}",
            number=number.id,
            name=name,
            mime=mime,
            content=content,
            size=len(content) if size is None else size,
            dies_at=self.clock.now() + kept,
        )
        self.media[media.id] = media
        return media

    def living_media(self, media: str) -> Media | None:
        found = self.media.get(media)
        return found if found is not None and found.dies_at > self.clock.now() else None


def digits(phone: str) -> str:
    """A phone number as WhatsApp writes it: `+7 (900) 000-00-00` is `79000000000`."""
    return "".join(sign for sign in phone if sign.isascii() and sign.isdigit())


def _spaced(phone: str) -> str:
    return f"+{phone[:-10]} {phone[-10:-7]}-{phone[-7:-4]}-{phone[-4:]}"
