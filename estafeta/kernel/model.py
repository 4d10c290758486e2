"""The nouns of the platform, as values.

Everything here is frozen: a decision takes values and returns new ones. Times are aware UTC
datetimes. Texts are what was meant, never what a messenger draws. What changes a conversation is a
`Signal`; what a conversation wants done is an `OutboxItem`; what was said and done is an `Entry`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
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
class Customer:
    """The person behind a conversation. `language` is a workspace language, "" while unknown."""

    addresses: tuple[Address, ...] = ()
    name: str = ""
    username: str = ""
    language: str = ""
    first_seen: datetime | None = None
    messages: int = 0
    reachable: bool = True


# --- what is said --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A file that a messenger holds. `ref` is the messenger's own id of it; `size` is in bytes."""

    kind: Literal["photo", "document", "voice", "audio", "video", "sticker"]
    ref: str
    name: str = ""
    mime: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    phone: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsupported:
    """Something the channel has no name for. People see that it came; it is never dropped."""

    kind: str


Part = Text | Media | Location | Contact | Unsupported


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """`id` comes back in `CustomerPressed`: at most 64 bytes of ASCII, made from its place in the
    content, so that it means the same after a restart."""

    id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundMessage:
    """What is meant to reach the customer; how it is drawn is the channel's business.

    `seq` is the `Entry.seq` of the same words in the timeline.
    """

    id: OutboxId
    to: Address
    parts: tuple[Part, ...]
    buttons: tuple[Button, ...] = ()
    author: Author = field(default_factory=lambda: Author(kind="bot"))
    seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    name: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """`start` and `end` are offsets in the text's characters; `value` is normalised."""

    name: str
    value: str
    start: int
    end: int


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


# --- what changes a conversation -----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerSaid:
    """`message` is the messenger's own id of the message."""

    message: str
    parts: tuple[Part, ...]
    profile: Profile = field(default_factory=Profile)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerEdited:
    message: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerPressed:
    """`label` is what stood on the button: it stands for the press if `button` is not known any more."""

    button: str
    label: str = ""
    profile: Profile = field(default_factory=Profile)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachabilityChanged:
    """The customer blocked or unblocked us."""

    reachable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorSaid:
    """`message` is the desk's own id of what the operator typed, to show there what became of it."""

    operator: Operator
    parts: tuple[Part, ...]
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorNoted:
    operator: Operator
    text: str
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketMoved:
    """An operator took the conversation, gave it back to the bot, or closed it."""

    operator: Operator
    move: Literal["take", "return", "close"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerFired:
    """`timer` is the timer's name; `due` the time it was set for, so that a stale one is known."""

    timer: str
    due: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionFinished:
    """`item` is the outbox item that asked for the action. `data` is the reply's JSON."""

    item: OutboxId
    ok: bool
    data: Json = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """`external` is the receiver's own id; `thread` where a desk put the conversation."""

    item: OutboxId
    external: str = ""
    thread: Address | None = None
    card: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GaveUp:
    """Sending failed for good. `code` names the failure, `sentence` is for the operator."""

    item: OutboxId
    code: str
    sentence: str


Event = (
    CustomerSaid
    | CustomerEdited
    | CustomerPressed
    | ReachabilityChanged
    | OperatorSaid
    | OperatorNoted
    | TicketMoved
    | TimerFired
    | ActionFinished
    | Delivered
    | GaveUp
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """Something that happened to one conversation. `id` derives from what the sender calls it, so
    that the same thing told twice is one signal. Exactly one of `address` (a customer's, or a desk's
    topic) and `conversation` is set."""

    id: SignalId
    at: datetime
    event: Event
    address: Address | None = None
    conversation: ConversationId | None = None

    @property
    def opens(self) -> bool:
        """May it open a conversation for an address that nobody wrote from before?"""
        return isinstance(self.event, CustomerSaid | CustomerPressed)


# --- what a conversation holds -------------------------------------------------------------------


class Stage(StrEnum):
    """Who owns the conversation: the bot, nobody yet (people are called), a person."""

    BOT = "bot"
    QUEUED = "queued"
    HUMAN = "human"


class Reason(StrEnum):
    """Why people are called."""

    USER_REQUEST = "user_request"
    LOW_CONFIDENCE = "low_confidence"
    REPEATED_FALLBACK = "repeated_fallback"
    NEGATIVE_SENTIMENT = "negative_sentiment"
    FLOW_RULE = "flow_rule"
    SENSITIVE_TOPIC = "sensitive_topic"
    VIP = "vip"
    ACTION_ERROR = "action_error"
    BOT_DOWN = "bot_down"
    CSAT_BAD = "csat_bad"
    RECONTACT = "recontact"
    OPERATOR_TAKEOVER = "operator_takeover"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where a flow waits. `step` is the step's pointer within that version of the flow."""

    flow: str
    version: str
    step: str
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialog:
    """The bot's place: a stack of flows (the last is on top) and what they collected."""

    frames: tuple[Frame, ...] = ()
    slots: Mapping[str, Json] = field(default_factory=dict)
    fallbacks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One request to people, open until closed or returned. `request` is the customer's wish in a
    line; `promise` is when the customer was told that people will answer (None: shortly)."""

    id: TicketId
    reason: Reason
    skill: str
    opened_at: datetime
    request: str = ""
    understandings: tuple[Understanding, ...] = ()
    assignee: Operator | None = None
    reminders: int = 0
    promise: datetime | None = None
    first_reply_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskThread:
    """Where a desk shows this conversation; `card` is the desk's id of the card."""

    address: Address
    card: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a desk must show.

    card: a ticket opened (or was taken over): the thread and its card exist and call attention.
    said: the entries' words, from the customer, or from elsewhere (bot, colleague at another desk).
    state: the card and the thread's name follow the conversation.
    reminder: nobody took the ticket in time. info: a sentence for operators (`text`).
    receipt: what became of an operator's own message `message` (`text`: sent | failed; the entry
    tells why).
    """

    kind: Literal["card", "said", "state", "reminder", "info", "receipt"]
    entries: tuple[EntryId, ...] = ()
    text: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToCustomer:
    message: OutboundMessage
    receipt: str = ""
    """The desk's id of the operator's message these words come from, "" for the bot's."""
    desk: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToDesk:
    desk: str
    notice: Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class ToAction:
    action: str
    arguments: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxItem:
    """Something to be done outside. `due_at` is when any worker may pick it up: until then it is
    the business of the one that committed it."""

    id: OutboxId
    due_at: datetime
    body: ToCustomer | ToDesk | ToAction


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    name: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One customer's dialogue, for life: the unit of order and of atomic change.

    `version` counts commits (0: never stored). `seq` is the last entry's. `address` is where the
    customer wrote from last, so where answers go. `last_words` is the customer's latest text, cut.
    """

    id: ConversationId
    address: Address
    customer: Customer = field(default_factory=Customer)
    version: int = 0
    seq: int = 0
    stage: Stage = Stage.BOT
    dialog: Dialog = field(default_factory=Dialog)
    ticket: Ticket | None = None
    tickets: int = 0
    understandings: tuple[Understanding, ...] = ()
    outbox: tuple[OutboxItem, ...] = ()
    timers: tuple[Timer, ...] = ()
    threads: Mapping[str, DeskThread] = field(default_factory=dict)
    told_closed_until: datetime | None = None
    last_words: str = ""
    updated_at: datetime | None = None

    @property
    def due_at(self) -> datetime | None:
        """When somebody must look at this conversation even if nothing comes in."""
        times = [item.due_at for item in self.outbox] + [timer.at for timer in self.timers]
        return min(times, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the timeline; appended once, never changed. `seq` counts from 1 without gaps.

    said: words of `author`. note: for people only. event: something happened (`data["event"]`).
    delivery: what became of an earlier entry (`data["of"]`, `data["status"]`).
    edit: new words for an earlier entry (`data["of"]`).
    """

    id: EntryId
    conversation: ConversationId
    seq: int
    at: datetime
    author: Author
    kind: Literal["said", "note", "event", "delivery", "edit"]
    parts: tuple[Part, ...] = ()
    buttons: tuple[Button, ...] = ()
    channel: str = ""
    understanding: Understanding | None = None
    data: Mapping[str, Json] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return "\n".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def for_customer(self) -> bool:
        """Whether a customer may ever see it. Everything else stays with people."""
        return self.kind in ("said", "edit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a channel can do, as data. Lengths are in `unit`s, durations in seconds.

    `text` is one message's length limit, `label` a button's; `buttons` how many at most.
    `idempotent`: sending one id twice shows one message.
    """

    text: int
    unit: Literal["utf16", "codepoints", "bytes"]
    buttons: int
    label: int
    typing: bool
    edits: bool
    media: bool
    idempotent: bool
    typing_lasts: float = 5.0
