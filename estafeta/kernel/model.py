"""The nouns of the platform, as values.

Everything here is frozen: a decision takes values and returns new ones. Times are aware UTC
datetimes. Texts are what was meant, never what a messenger draws. What changes a conversation is a
`Signal`; what a conversation wants done is an `OutboxItem`; what was said and done is an `Entry`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from estafeta.kernel.content import (
    Address,
    Author,
    Button,
    Contact,
    ConversationId,
    Customer,
    Entity,
    EntryId,
    Intent,
    Json,
    Location,
    Media,
    Operator,
    OutboundMessage,
    OutboxId,
    Part,
    Profile,
    SignalId,
    Text,
    TicketId,
    Understanding,
    Unsupported,
)
from estafeta.kernel.signals import (
    ActionFinished,
    CustomerEdited,
    CustomerPressed,
    CustomerSaid,
    Delivered,
    Event,
    GaveUp,
    OperatorNoted,
    OperatorSaid,
    ReachabilityChanged,
    Signal,
    TicketMoved,
    TimerFired,
)

__all__ = [
    "ActionFinished",
    "Address",
    "Author",
    "Button",
    "Capabilities",
    "Contact",
    "Conversation",
    "ConversationId",
    "Customer",
    "CustomerEdited",
    "CustomerPressed",
    "CustomerSaid",
    "Delivered",
    "DeskThread",
    "Dialog",
    "Entity",
    "Entry",
    "EntryId",
    "Event",
    "Frame",
    "GaveUp",
    "Intent",
    "Json",
    "Location",
    "Media",
    "Notice",
    "Operator",
    "OperatorNoted",
    "OperatorSaid",
    "OutboundMessage",
    "OutboxId",
    "OutboxItem",
    "Part",
    "Profile",
    "ReachabilityChanged",
    "Reason",
    "Signal",
    "SignalId",
    "Stage",
    "Text",
    "Ticket",
    "TicketId",
    "TicketMoved",
    "Timer",
    "TimerFired",
    "ToAction",
    "ToCustomer",
    "ToDesk",
    "Understanding",
    "Unsupported",
]

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
    """Something to be done outside. `holder` is the worker whose business it is for as long as that
    one is at work; "" is nobody. Items for one destination are held by one worker, who keeps order."""

    id: OutboxId
    body: ToCustomer | ToDesk | ToAction
    holder: str = ""

    @property
    def destination(self) -> str:
        """Where it goes: order is kept within a destination."""
        if isinstance(self.body, ToCustomer):
            return "customer"
        return self.body.desk if isinstance(self.body, ToDesk) else "action"


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
        return min((timer.at for timer in self.timers), default=None)

    @property
    def holders(self) -> tuple[str, ...]:
        """The workers that hold something of the outbox; sorted, without repetition."""
        return tuple(sorted({item.holder for item in self.outbox}))


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
