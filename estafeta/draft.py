"""A decision while it is being made: the conversation as it will be, and what it adds.

The one mutable thing inside `decide`; it never leaves it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from estafeta.kernel.model import (
    Address,
    Author,
    Button,
    Conversation,
    DeskThread,
    Dialog,
    Entry,
    EntryId,
    Json,
    Notice,
    OutboundMessage,
    OutboxId,
    OutboxItem,
    Part,
    Profile,
    Signal,
    Stage,
    Text,
    Ticket,
    Timer,
    ToAction,
    ToCustomer,
    ToDesk,
    Understanding,
)
from handoff import policy

_KEPT_UNDERSTANDINGS = 3
_KEPT_WORDS = 300


class Draft:
    def __init__(self, conversation: Conversation, cause: Signal, now: datetime, desks: tuple[str, ...]) -> None:
        self.before = conversation
        self.cause = cause
        self.now = now
        self.entries: list[Entry] = []
        self.address = conversation.address
        self.customer = conversation.customer
        self.stage = conversation.stage
        self.dialog: Dialog = conversation.dialog
        self.ticket = conversation.ticket
        self.tickets = conversation.tickets
        self.understandings = conversation.understandings
        self.told_closed_until = conversation.told_closed_until
        self._last_words = conversation.last_words
        self._timers = conversation.timers
        self._threads = conversation.threads
        self._outbox = list(conversation.outbox)
        self._seq = conversation.seq
        self._desks = desks
        self._count = 0

    # --- reading

    @property
    def language(self) -> str:
        return self.customer.language

    def customer_author(self) -> Author:
        return Author(kind="customer", name=self.customer.name)

    def request(self, *, asked: bool) -> str:
        """The customer's wish for the ticket's line: the words of this very turn, or, when they only
        ask for a person (`asked`), those before them."""
        said = [entry.text for entry in self.entries if entry.author.kind == "customer" and entry.kind == "said"]
        words = " ".join(text for text in said if text and not text.startswith("/"))
        before = self.before.last_words
        bare = bool(self.before.dialog.frames) and self._last_words == before
        return (before or words) if asked or bare else (words or before)

    # --- the customer

    def heard(self, signal: Signal, profile: Profile, language: str) -> None:
        """A sign of life: where from, who, in what language."""
        customer = self.customer
        address: Address = signal.address or self.address
        known = customer.addresses if address in customer.addresses else (*customer.addresses, address)
        self.address = address
        self.customer = replace(
            customer,
            addresses=known,
            name=profile.name or customer.name,
            username=profile.username or customer.username,
            language=language,
            first_seen=customer.first_seen or signal.at,
            messages=customer.messages + 1,
            reachable=True,
        )

    def words(self, text: str) -> None:
        """Remembers the customer's latest text."""
        self._last_words = text[:_KEPT_WORDS]

    def reachable(self, value: bool) -> None:
        self.customer = replace(self.customer, reachable=value)

    def understood(self, understanding: Understanding) -> None:
        self.understandings = (*self.understandings, understanding)[-_KEPT_UNDERSTANDINGS:]

    # --- the timeline and the outbox

    def _id(self) -> str:
        self._count += 1
        return f"{self.cause.id}.{self._count}"

    def entry(
        self,
        kind: str,
        author: Author,
        *,
        parts: tuple[Part, ...] = (),
        buttons: tuple[Button, ...] = (),
        understanding: Understanding | None = None,
        data: dict[str, Json] | None = None,
        identity: str = "",
    ) -> Entry:
        self._seq += 1
        entry = Entry(
            id=EntryId(identity or self._id()),
            conversation=self.before.id,
            seq=self._seq,
            at=self.now,
            author=author,
            kind=kind,  # type: ignore[arg-type]
            parts=parts,
            buttons=buttons,
            channel=self.address.channel,
            understanding=understanding,
            data=data or {},
        )
        self.entries.append(entry)
        return entry

    def happened(self, event: str, **data: Json) -> None:
        self.entry("event", Author(kind="system"), data={"event": event, **data})

    def post(self, body: ToCustomer | ToDesk | ToAction, identity: str = "") -> None:
        item = OutboxItem(id=OutboxId(identity or self._id()), body=body)
        self._outbox.append(item)

    def take_item(self, item: OutboxId) -> OutboxItem | None:
        """Takes an item out of the outbox; None when it is not there (told twice)."""
        for number, held in enumerate(self._outbox):
            if held.id == item:
                return self._outbox.pop(number)
        return None

    def say(self, text: str, buttons: tuple[Button, ...] = ()) -> None:
        """The bot's words to the customer."""
        if text:
            self.say_as(Author(kind="bot"), (Text(text=text),), buttons)

    def say_as(
        self, author: Author, parts: tuple[Part, ...], buttons: tuple[Button, ...] = (), *, receipt: str = "",
        desk: str = "",
    ) -> Entry:  # fmt: skip
        identity = self._id()
        entry = self.entry("said", author, parts=parts, buttons=buttons, identity=identity)
        message = OutboundMessage(
            id=OutboxId(identity), to=self.address, parts=parts, buttons=buttons, author=author,
            seq=entry.seq,
        )  # fmt: skip
        self.post(ToCustomer(message=message, receipt=receipt, desk=desk), identity)
        return entry

    # --- people

    def tell_desks(self, notice: Notice, *, but: str = "", only: str = "") -> None:
        for desk in self._desks:
            if desk != but and (not only or desk == only):
                self.post(ToDesk(desk=desk, notice=notice))

    def tell_people(self, notice: Notice) -> None:
        """Tells desks only while people are concerned: what the bot serves alone costs them nothing."""
        if self.stage is not Stage.BOT:
            self.tell_desks(notice)

    def owned(self, stage: Stage, ticket: Ticket | None) -> None:
        self.tickets += ticket is not None and self.ticket is None
        self.stage, self.ticket = stage, ticket

    def promised(self, opens_at: datetime | None) -> None:
        if self.ticket is not None:
            self.ticket = replace(self.ticket, promise=opens_at)
            self.told_closed_until = opens_at or self.told_closed_until

    def first_reply(self) -> None:
        if self.ticket is not None and self.ticket.first_reply_at is None:
            self.ticket = replace(self.ticket, first_reply_at=self.now)

    def timer(self, name: str, timer: Timer | None) -> None:
        self._timers = policy.with_timer(self._timers, timer, name)

    def thread(self, desk: str, thread: DeskThread) -> None:
        self._threads = {**self._threads, desk: thread}

    def finish(self) -> Conversation:
        """The conversation as it will be; `version` is left to whoever commits it."""
        return replace(
            self.before,
            address=self.address,
            customer=self.customer,
            seq=self._seq,
            stage=self.stage,
            dialog=self.dialog,
            ticket=self.ticket,
            tickets=self.tickets,
            understandings=self.understandings,
            outbox=tuple(self._outbox),
            timers=self._timers,
            threads=self._threads,
            told_closed_until=self.told_closed_until,
            last_words=self._last_words,
            updated_at=self.now,
        )
