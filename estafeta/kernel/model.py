"""The nouns of the platform, as values.

Everything here is frozen: a decision takes values and returns new ones. Times are aware UTC
datetimes. Texts are what was meant, never what a messenger draws. What changes a conversation is a
`Signal`; what a conversation wants done is an `OutboxItem`; what was said and done is an `Entry`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    Habit,
    Intent,
    Json,
    Location,
    Mark,
    MarkKind,
    Media,
    MediaKind,
    Operator,
    OutboundMessage,
    OutboxId,
    Part,
    Profile,
    Remembered,
    SignalId,
    Template,
    Text,
    TicketId,
    Understanding,
    Unsupported,
)
from estafeta.kernel.signals import (
    ActionFinished,
    CustomerDeleted,
    CustomerEdited,
    CustomerPressed,
    CustomerReacted,
    CustomerSaid,
    Delivered,
    Event,
    EventHappened,
    GaveUp,
    OperatorDeleted,
    OperatorEdited,
    OperatorNoted,
    OperatorReacted,
    OperatorSaid,
    OperatorUndid,
    ProfileLearned,
    ReachabilityChanged,
    SaidElsewhere,
    Signal,
    StatusChanged,
    TicketMoved,
    TimerFired,
    UndeliveredMoved,
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
    "CustomerDeleted",
    "CustomerEdited",
    "CustomerPressed",
    "CustomerReacted",
    "CustomerSaid",
    "Delivered",
    "DeskThread",
    "Dialog",
    "Ending",
    "Entity",
    "Entry",
    "EntryId",
    "Event",
    "EventHappened",
    "Frame",
    "GaveUp",
    "Habit",
    "Intent",
    "Json",
    "Link",
    "Location",
    "Mark",
    "MarkKind",
    "Media",
    "MediaKind",
    "Notice",
    "Offer",
    "Operator",
    "OperatorDeleted",
    "OperatorEdited",
    "OperatorNoted",
    "OperatorReacted",
    "OperatorSaid",
    "OperatorUndid",
    "OutboundMessage",
    "OutboxId",
    "OutboxItem",
    "Parked",
    "Part",
    "Past",
    "Profile",
    "ProfileLearned",
    "Rating",
    "ReachabilityChanged",
    "Reason",
    "Remembered",
    "SaidElsewhere",
    "Signal",
    "SignalId",
    "Stage",
    "StatusChanged",
    "Survey",
    "Template",
    "Text",
    "Ticket",
    "TicketId",
    "TicketMoved",
    "Timer",
    "TimerFired",
    "ToAction",
    "ToCustomer",
    "ToDesk",
    "ToFiles",
    "UndeliveredMoved",
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
    """Where a flow waits. `step` is the step's pointer within that version of the flow. `phase` is what a question
    asks now: "" its answer, "confirm" whether that is right, "still" whether what is known still holds."""

    flow: str
    version: str
    step: str
    attempts: int = 0
    phase: Literal["", "confirm", "still"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A flow (the last of `frames`, with those that run it) that goes on later: at `until`, or sooner when `event`
    happens ("": no event). `happened` holds what an event brought while people had the conversation."""

    frames: tuple[Frame, ...]
    until: datetime
    event: str = ""
    happened: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """What a customer said that may mean two things, `between` these intents, while they are asked which."""

    text: str
    between: tuple[str, ...] = ()
    entities: tuple[Entity, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialog:
    """The bot's place: a stack of flows (the last is on top) and what they collected. `release` is the version of the
    content that these frames are of; "" is whichever is in service. `doubt` is what "did you mean" was asked about."""

    frames: tuple[Frame, ...] = ()
    slots: Mapping[str, Json] = field(default_factory=dict)
    fallbacks: int = 0
    parked: tuple[Parked, ...] = ()
    release: str = ""
    doubt: Doubt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Who was asked to take a ticket. `to` are operators' ids, () is everybody who sees it; `until` is when
    silence means that others are asked. `rung` counts how often the circle was widened."""

    to: tuple[str, ...] = ()
    at: datetime
    until: datetime
    rung: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One request to people, open until closed or returned. `request` is the customer's wish in a
    line; `promise` is when the customer was told that people will answer (None: shortly).

    The higher `priority`, the sooner. `wanted` is the operator (by id) who is asked first, "" for nobody in
    particular. `held_until`: put off by people until then. `asked_at`: the oldest of the customer's words
    that nobody answered yet. `replied_at`: people's latest words.
    """

    id: TicketId
    reason: Reason
    skill: str
    opened_at: datetime
    request: str = ""
    understandings: tuple[Understanding, ...] = ()
    assignee: Operator | None = None
    promise: datetime | None = None
    first_reply_at: datetime | None = None
    language: str = ""
    priority: int = 0
    offer: Offer | None = None
    wanted: str = ""
    tags: tuple[str, ...] = ()
    held_until: datetime | None = None
    asked_at: datetime | None = None
    replied_at: datetime | None = None
    taken_at: datetime | None = None


Ending = Literal["closed", "returned", "solved", "idle"]
"""How a ticket ended: by an operator, given back to the bot, by the customer's thanks, by silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A ticket that is over. `intent` is what it was about, as far as that was understood; `resolution` what the
    operator said came of it."""

    id: TicketId
    reason: Reason
    skill: str
    opened_at: datetime
    ended_at: datetime
    how: Ending
    assignee: Operator | None = None
    request: str = ""
    intent: str = ""
    resolution: str = ""
    tags: tuple[str, ...] = ()


Rating = Literal["", "excellent", "fine", "bad"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """The latest question of how it was. `about` says whose work is rated; `ticket` is "" for the bot's alone.
    `why` waits for the customer's reasons until then."""

    about: Literal["bot", "person"]
    asked_at: datetime
    ticket: str = ""
    operator: str = ""
    rating: Rating = ""
    why_until: datetime | None = None


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
    receipt: what became of an operator's own message `message` (`text`: sent | delivered | read | failed,
    the last with ": " and why behind it, if the entry does not tell).
    offer: a ticket was offered to `people` (operators' ids; () is everybody), who are called by name.
    conflict: the operator's message `message` was not sent, for a colleague (`text`) has the conversation.
    Where a sentence of `text` is a code, `values` are what stands in it.
    """

    kind: Literal["card", "said", "state", "reminder", "info", "receipt", "offer", "conflict"]
    entries: tuple[EntryId, ...] = ()
    text: str = ""
    message: str = ""
    people: tuple[str, ...] = ()
    values: Mapping[str, Json] = field(default_factory=dict)


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
    """`release` is whose action it is, "" the one in service."""

    action: str
    arguments: Mapping[str, Json] = field(default_factory=dict)
    release: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToFiles:
    """A file to be fetched from where it lies, before it is gone there."""

    media: Media


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxItem:
    """Something to be done outside. `holder` is the worker whose business it is for as long as that
    one is at work; "" is nobody. Items for one destination are held by one worker, who keeps order; what must
    not go `not_before` a time holds up those behind it."""

    id: OutboxId
    body: ToCustomer | ToDesk | ToAction | ToFiles
    holder: str = ""
    not_before: datetime | None = None

    @property
    def destination(self) -> str:
        """Where it goes: order is kept within a destination."""
        if isinstance(self.body, ToCustomer):
            return "customer"
        if isinstance(self.body, ToDesk):
            return self.body.desk
        return "files" if isinstance(self.body, ToFiles) else "action"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One message in the places where it stands, so that replies, edits and reactions find it.

    `here` are the channel's ids of it (several, with spaces between them, if it took several messages)
    in the chat `at`; `there` is the desk's id of it, or "". `by` is who said it, `who` the operator's id.
    """

    entry: EntryId
    by: Literal["customer", "bot", "operator"]
    at: Address
    here: str = ""
    there: str = ""
    desk: str = ""
    status: Literal["", "sent", "delivered", "read", "failed"] = ""
    who: str = ""
    said_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    name: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One customer's dialogue, for life: the unit of order and of atomic change.

    `version` counts commits (0: never stored). `seq` is the last entry's. `address` is where the
    customer wrote from last, so where answers go, and `heard_at` when that was. `last_words` is the
    customer's latest text, cut. `links` are those of the latest messages, the oldest first. `offered` are
    the buttons that were shown last. `undelivered` is what could not be sent, until somebody decides;
    `unsettled` what was sent lately where the messenger tells only later that it failed. `past` are the
    latest tickets that are over, the oldest first. `blocked` by people: the customer's words are kept and
    nothing else happens.
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
    links: tuple[Link, ...] = ()
    offered: tuple[Button, ...] = ()
    heard_at: datetime | None = None
    undelivered: tuple[OutboxItem, ...] = ()
    unsettled: tuple[OutboxItem, ...] = ()
    past: tuple[Past, ...] = ()
    survey: Survey | None = None
    blocked: bool = False
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
    edit: new words for an earlier entry (`data["of"]`). deletion: an earlier entry was taken back
    (`data["of"]`). reaction: `data["emoji"]` ("" for none now) to an earlier entry (`data["of"]`).
    Where `data["of"]` is missing, `data["message"]` is the messenger's id of what it is about.
    An answer to an earlier entry has its id in `data["reply_to"]`, or the words of it in `data["quote"]`.
    """

    id: EntryId
    conversation: ConversationId
    seq: int
    at: datetime
    author: Author
    kind: Literal["said", "note", "event", "delivery", "edit", "deletion", "reaction"]
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
        return self.kind in ("said", "edit", "deletion", "reaction")


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a channel can do, as data. Lengths are in `unit`s, durations in seconds, sizes in bytes.

    `text` is one message's length limit, `caption` that of words under a file (0: they go apart). `buttons`
    are how many fit under a message, of at most `label` each; `url_buttons`: some may open a link. Where
    there are more, `rows` is how many a list may have, of at most `row` each (0: there are no lists).
    `asks_contact`: a button may ask for the customer's own phone number.
    `marks` are those it can draw; `media` the kinds it takes as what they are, each up to its size in bytes;
    `album` is how many files go together at most. `reactions`: "any" emoji, "some" (the channel picks the
    nearest or refuses), or none.
    `idempotent`: sending one id twice shows one message. `reconciles`: the messenger tells later, by our own
    id, what became of a send that got no answer. `merges`: messages are few, so the bot's waiting ones become one.
    `window`: for so long after the customer's last message one may write freely, then only templates.
    `public`: strangers read along; `private` is where to go on without them.
    """

    text: int
    unit: Literal["utf16", "codepoints", "bytes"]
    caption: int = 0
    buttons: int = 0
    label: int = 0
    url_buttons: bool = False
    rows: int = 0
    row: int = 0
    asks_contact: bool = False
    marks: frozenset[MarkKind] = frozenset()
    media: Mapping[MediaKind, int] = field(default_factory=dict)
    album: int = 1
    location: bool = False
    contact: bool = False
    replies: bool = False
    edits: bool = False
    deletes: bool = False
    reactions: Literal["", "some", "any"] = ""
    typing: bool = False
    typing_lasts: float = 5.0
    reads: bool = False
    idempotent: bool = False
    reconciles: bool = False
    merges: bool = False
    window: float | None = None
    templates: bool = False
    public: bool = False
    private: str = ""

    def shown(self, buttons: Sequence[Button]) -> tuple[Button, ...]:
        """Those that can be shown at all: what asks for the contact only where that can be asked, and alone."""
        plain = tuple(button for button in buttons if not button.asks)
        return plain if plain or not self.asks_contact else tuple(buttons[:1])

    def choice(self, buttons: Sequence[Button]) -> Literal["buttons", "list", "numbers"]:
        """How so many buttons are shown. Numbers: as numbered lines, and a number typed is a press."""
        buttons = self.shown(buttons)
        if len(buttons) <= self.buttons and (self.url_buttons or not any(button.url for button in buttons)):
            return "buttons"
        return "list" if len(buttons) <= self.rows and not any(button.url for button in buttons) else "numbers"
