"""Who speaks where, and what is said: the words of the model, as values."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NewType

ConversationId = NewType("ConversationId", str)
SignalId = NewType("SignalId", str)
TicketId = NewType("TicketId", str)
EntryId = NewType("EntryId", str)
OutboxId = NewType("OutboxId", str)

Json = Any
"""A JSON value: None, bool, int, float, str, list[Json] or dict[str, Json]."""


# --- who and where -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where somebody is reached. Opaque to all but the channel (or desk) that made it.

    A desk's topic is an address too: `Address(channel="telegram_forum", account=GROUP, chat=THREAD)`.
    """

    channel: str
    account: str
    chat: str

    @property
    def key(self) -> str:
        """One string for indexes; none of the three parts may hold a colon but the last."""
        return f"{self.channel}:{self.account}:{self.chat}"

    @property
    def conversation(self) -> ConversationId:
        """The id of a conversation first opened from here: the same however often it is made."""
        return ConversationId("c" + hashlib.sha256(self.key.encode()).hexdigest()[:20])


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """A person who answers. `id` is stable within a desk and never shown to customers."""

    id: str
    name: str
    desk: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who speaks in an entry or a message. `name` is for people; `id` is set for operators."""

    kind: Literal["customer", "bot", "operator", "system"]
    name: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a messenger tells about a customer, untrusted: for showing, never for deciding."""

    name: str = ""
    username: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What a flow keeps of a customer for later talks. `source` is the flow; `until` None is for good."""

    value: Json
    source: str
    at: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """How often something was chosen: `weight` counts each choice, those before `at` for less the older they are."""

    weight: float
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """The person behind a conversation. `language` is a workspace language, "" while unknown. `tags` are
    people's words for who this is (such as "vip"). `memory` is by name, `habits` by what is chosen in menus."""

    addresses: tuple[Address, ...] = ()
    name: str = ""
    username: str = ""
    language: str = ""
    first_seen: datetime | None = None
    messages: int = 0
    reachable: bool = True
    tags: tuple[str, ...] = ()
    memory: Mapping[str, Remembered] = field(default_factory=dict)
    habits: Mapping[str, Habit] = field(default_factory=dict)


# --- what is said --------------------------------------------------------------------------------


MarkKind = Literal["bold", "italic", "strike", "code", "link"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How `text[start:end]` of a `Text` is drawn. `url` is set for links: http, https, mailto or tel.

    Marks of one text are sorted by where they start, the longer first, and nest: none crosses another.
    """

    kind: MarkKind
    start: int
    end: int
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Words as they are read: nothing in `text` is markup, whatever characters it holds."""

    text: str
    marks: tuple[Mark, ...] = ()


MediaKind = Literal["photo", "document", "voice", "audio", "video", "sticker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A file. `origin` is who can hand it over (`Source.origin`, such as "telegram:shop"), and `ref` how it is
    called there; with the origin "" it lies in our own store of files and `ref` is its SHA-256 in hex.

    `name`, `mime` and `size` (bytes) are what the sender says of it, untrusted. `duration` in seconds.
    """

    kind: MediaKind
    ref: str
    origin: str = ""
    name: str = ""
    mime: str = ""
    size: int = 0
    duration: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    latitude: float
    longitude: float
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """`own`: the messenger vouches that it is the sender's own."""

    phone: str
    name: str = ""
    own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A text that the messenger approved beforehand, by its name there; `values` fill its places in order.
    `text` is what the customer reads then."""

    name: str
    language: str
    values: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsupported:
    """Something the channel has no name for. People see that it came; it is never dropped."""

    kind: str


Part = Text | Media | Location | Contact | Template | Unsupported


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """`id` comes back in `CustomerPressed`: at most 64 bytes of ASCII, made from its place in the
    content, so that it means the same after a restart. With a `url` (http or https) it opens that, and
    nothing comes back. What `asks` for the "contact" shares the customer's own phone number, which comes as
    a `Contact` with `own`; where the messenger cannot, and beside other buttons, it is left out
    (`Capabilities.shown`), so the words above it must do without."""

    id: str
    text: str
    url: str = ""
    asks: Literal["", "contact"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundMessage:
    """What is meant to reach the customer; how it is drawn is the channel's business.

    `does`: say something; or edit, delete or react (`emoji`, "" takes it back) to an earlier message, `of`,
    by the channel's id of it. `reply_to` is the channel's id of the message that is answered, "" for none.
    Ids of messages are the channel's own, as `Channel.send` returned or a signal told them.
    `seq` is the `Entry.seq` of the same words in the timeline.
    """

    id: OutboxId
    to: Address
    parts: tuple[Part, ...]
    buttons: tuple[Button, ...] = ()
    author: Author = field(default_factory=lambda: Author(kind="bot"))
    seq: int = 0
    does: Literal["say", "edit", "delete", "react"] = "say"
    of: str = ""
    emoji: str = ""
    reply_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    name: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """`start` and `end` are offsets in the text's characters; `value` is normalised. `role` and `group` tell entities
    of one name apart (from where, to where; which of two orders), "" for none."""

    name: str
    value: str
    start: int
    end: int
    role: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Understanding:
    """What a text means. `intent` is "" and `confidence` low when it is out of scope.

    `ranking` holds the best few, best first, `intent` among them. `model` names what decided.
    """

    intent: str
    confidence: float
    ranking: tuple[Intent, ...] = ()
    entities: tuple[Entity, ...] = ()
    model: str = ""
