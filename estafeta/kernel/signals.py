"""What changes a conversation: everything that can happen to one, as a closed union."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from estafeta.kernel.content import (
    Address,
    ConversationId,
    Json,
    Operator,
    OutboxId,
    Part,
    Profile,
    SignalId,
)

# --- what changes a conversation -----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerSaid:
    """`message` is the messenger's own id of the message.

    `reply_to` is the id of the message it answers, `quote` the words of that, as far as the messenger
    tells. `payload` is what a link carried into the chat. Messages of one album share a `group`.
    """

    message: str
    parts: tuple[Part, ...]
    profile: Profile = field(default_factory=Profile)
    reply_to: str = ""
    quote: str = ""
    payload: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerEdited:
    message: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerDeleted:
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerReacted:
    """`emoji` is what stands on the message now, "" for nothing."""

    message: str
    emoji: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerPressed:
    """`label` is what stood on the button: it stands for the press if `button` is not known any more.
    `message` is the message that it stood under, if the messenger tells."""

    button: str
    label: str = ""
    profile: Profile = field(default_factory=Profile)
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileLearned:
    """Who the customer is, told later than what they said."""

    profile: Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachabilityChanged:
    """The customer blocked or unblocked us."""

    reachable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidElsewhere:
    """Somebody of ours answered in the messenger itself, past this platform. `operator.desk` is the
    channel's name: no desk of ours."""

    operator: Operator
    message: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChanged:
    """What became of a message of ours after it was sent, by the messenger's id. They may come late, twice
    and in any order. `item` is the outbox item, where the messenger hands it back.

    `code` and `sentence` as in `GaveUp`, for "failed". `billable`: the messenger charges for it.
    """

    message: str
    status: Literal["sent", "delivered", "read", "failed"]
    item: OutboxId | None = None
    code: str = ""
    sentence: str = ""
    billable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorSaid:
    """`message` is the desk's own id of what the operator typed, to show there what became of it;
    `reply_to` the desk's id of the message that is answered. Messages of one album share a `group`.
    `sure`: also when a colleague has the conversation, as the operator was told."""

    operator: Operator
    parts: tuple[Part, ...]
    message: str = ""
    reply_to: str = ""
    group: str = ""
    sure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorEdited:
    """New words for the operator's own message, by the desk's id of it."""

    operator: Operator
    message: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorDeleted:
    operator: Operator
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorUndid:
    """Takes back the operator's own message, by the desk's id of it; "" is the latest of theirs."""

    operator: Operator
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorReacted:
    """To a message of the customer, by the desk's id of it. `emoji` "" takes the reaction back."""

    operator: Operator
    message: str
    emoji: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorNoted:
    operator: Operator
    text: str
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketMoved:
    """What an operator did with the conversation, apart from speaking.

    take. return: to the bot, at `flow` if it is named. close: with a `resolution`. transfer: to the people of
    `skill`, or to the operator with the id `to`. hold: until `until`, when it comes back by itself. resume:
    now. tag, untag: `tags`. priority: `priority`. block, unblock: the customer. ask_contact: asks the customer
    for their phone number. `text` is a word to colleagues, if there is one. `sure`: also from a colleague who has
    just taken it, as the operator was told.
    """

    operator: Operator
    move: Literal[
        "take", "return", "close", "transfer", "hold", "resume", "tag", "untag", "priority", "block", "unblock",
        "ask_contact",
    ]  # fmt: skip
    skill: str = ""
    to: str = ""
    until: datetime | None = None
    flow: str = ""
    resolution: str = ""
    tags: tuple[str, ...] = ()
    priority: int = 0
    text: str = ""
    sure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerFired:
    """`timer` is the timer's name; `due` the time it was set for, so that a stale one is known."""

    timer: str
    due: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EventHappened:
    """Something outside that concerns this customer: an order shipped, a schedule's time came. `flow` is the one that
    it is for; "": whichever waits for it or is started by it."""

    name: str
    data: Json = None
    flow: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionFinished:
    """`item` is the outbox item that asked for the action. `data` is the reply's JSON."""

    item: OutboxId
    ok: bool
    data: Json = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """`external` is the receiver's own id; `thread` where a desk put the conversation. `unknown`: what became of
    an earlier try was never told, so it may be there twice."""

    item: OutboxId
    external: str = ""
    thread: Address | None = None
    card: str = ""
    unknown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GaveUp:
    """Sending failed for good. `code` names the failure, `sentence` is for the operator."""

    item: OutboxId
    code: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UndeliveredMoved:
    """Somebody decided about a message that could not be delivered: send it again, or forget it."""

    item: OutboxId
    move: Literal["resend", "drop"]
    name: str = ""


Event = (
    CustomerSaid
    | CustomerEdited
    | CustomerDeleted
    | CustomerReacted
    | CustomerPressed
    | ProfileLearned
    | ReachabilityChanged
    | SaidElsewhere
    | StatusChanged
    | OperatorSaid
    | OperatorEdited
    | OperatorDeleted
    | OperatorReacted
    | OperatorUndid
    | UndeliveredMoved
    | OperatorNoted
    | TicketMoved
    | TimerFired
    | EventHappened
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
        return isinstance(self.event, CustomerSaid | CustomerPressed | SaidElsewhere)
