"""A decision while it is being made: the conversation as it will be, and what it adds.

The one mutable thing inside `decide`; it never leaves it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal

from estafeta.kernel.model import (
    Address,
    Author,
    Button,
    Capabilities,
    Conversation,
    DeskThread,
    Dialog,
    Entry,
    EntryId,
    Json,
    Link,
    Media,
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
    ToFiles,
    Understanding,
)
from estafeta.links import Links
from flows import interpreter, markdown
from flows.release import decided_on
from handoff import policy

_KEPT_UNDERSTANDINGS = 3
_KEPT_WORDS = 300
_KEPT_UNDELIVERED = 20
WAIT = "flow"
"""The timer of flows that wait for a time."""
_KEPT_UNSETTLED = 10

Can = Callable[[Address], Capabilities | None]
"""What the channel of an address can do; None: it is not connected."""


class Draft:
    def __init__(
        self, conversation: Conversation, cause: Signal, now: datetime, desks: tuple[str, ...], can: Can,
        release: str = "",
    ) -> None:  # fmt: skip
        self.before = conversation
        self.release = release
        self.model = ""
        self.can = can
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
        self.links = Links(conversation.links, cause.address)
        self.offered = conversation.offered
        self.heard_at = conversation.heard_at
        self.undelivered = conversation.undelivered
        self.unsettled = conversation.unsettled
        self.past = conversation.past
        self.survey = conversation.survey
        self.blocked = conversation.blocked
        self._seq = conversation.seq
        self._desks = desks
        self._count = 0
        self._delay = 0.0

    # --- reading

    @property
    def language(self) -> str:
        return self.customer.language

    @property
    def channel(self) -> Capabilities | None:
        """What can be done where answers go now."""
        return self.can(self.address)

    @property
    def may_write(self) -> bool:
        """Whether the messenger lets us write freely now: some do for a while after the customer wrote."""
        channel = self.channel
        if channel is None or channel.window is None:
            return True
        return self.heard_at is not None and self.now - self.heard_at < timedelta(seconds=channel.window)

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
        # A webhook may come late; and how long ago somebody wrote counts for each chat by itself.
        self.heard_at = max(signal.at, self.heard_at or signal.at) if address == self.address else signal.at
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

    def named(self, profile: Profile) -> bool:
        """Whether that was news."""
        customer = self.customer
        name, username = profile.name or customer.name, profile.username or customer.username
        self.customer = replace(customer, name=name, username=username)
        return self.customer != customer

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

    def happened_by(self, event: str, **data: Json) -> None:
        """What tells how a release does names it."""
        named = {"release": self.release, "model": self.model}
        self.happened(event, **data, **{key: name for key, name in named.items() if name})

    def post(
        self, body: ToCustomer | ToDesk | ToAction | ToFiles, identity: str = "", *, not_before: datetime | None = None
    ) -> None:
        item = OutboxItem(id=OutboxId(identity or self._id()), body=body, not_before=not_before)
        self._outbox.append(item)

    def take_item(self, item: OutboxId) -> OutboxItem | None:
        """Takes an item out of the outbox; None when it is not there (told twice)."""
        for number, held in enumerate(self._outbox):
            if held.id == item:
                return self._outbox.pop(number)
        return None

    def calls(self) -> bool:
        """Whether an action's reply is still to come."""
        return any(isinstance(item.body, ToAction) for item in self._outbox)

    def waits(self, message: str) -> OutboxItem | None:
        """The item that says this message, if it may not go yet."""
        found = next((item for item in self._outbox if _message(item) == message), None)
        return found if found and found.not_before and found.not_before > self.now else None

    def take_message(self, message: OutboxId) -> OutboxItem | None:
        """Takes the item that says this message out of the outbox, whichever time it is sent."""
        for number, held in enumerate(self._outbox):
            if _message(held) == message:
                return self._outbox.pop(number)
        return None

    def say(
        self, text: str, buttons: tuple[Button, ...] = (), *, by: Literal["bot", "system"] = "bot",
        media: tuple[Media, ...] = (), delay: float = 0.0, **source: Json,
    ) -> None:  # fmt: skip
        """The bot's words, in Markdown, to the customer; or the platform's own. Where they cannot be said now (the
        messenger does not let us write, people blocked the customer) they are not, and the timeline tells so. Before
        them `delay` seconds of typing; `source` is where in the content they stand."""
        if not text and not media:
            return
        if self.may_write and not self.blocked:
            self.offered = buttons or self.offered
            self._delay += delay
            parts = ((markdown.parse(text),) if text else ()) + media
            not_before = self.now + timedelta(seconds=self._delay) if self._delay else None
            self.say_as(Author(kind=by), parts, buttons, not_before=not_before, source=source)
        else:
            self.happened("not_said", why="blocked" if self.blocked else "window_closed")

    def say_as(
        self, author: Author, parts: tuple[Part, ...], buttons: tuple[Button, ...] = (), *, receipt: str = "",
        there: str = "", desk: str = "", reply_to: Link | None = None, signed: str = "",
        not_before: datetime | None = None, source: Mapping[str, Json] = MappingProxyType({}),
    ) -> Entry:  # fmt: skip
        """`signed` stands before the words that the customer reads; `source` is kept with them."""
        identity = self._id()
        data: dict[str, Json] = {**source, **({"reply_to": reply_to.entry} if reply_to else {})}
        if reply_to is None and self.channel is not None and self.channel.public:
            reply_to = self.links.latest(self.address)  # below somebody else's words it would be an answer to them
        entry = self.entry("said", author, parts=parts, buttons=buttons, identity=identity, data=data)
        message = OutboundMessage(
            id=OutboxId(identity), to=self.address, parts=_signed(parts, signed), buttons=buttons, author=author,
            seq=entry.seq, reply_to=reply_to.here if reply_to and reply_to.at == self.address else "",
        )  # fmt: skip
        self.post(ToCustomer(message=message, receipt=receipt, desk=desk), identity, not_before=not_before)
        self.linked(entry, there=there, desk=desk)
        return entry

    def change(self, link: Link, does: str, *, parts: tuple[Part, ...] = (), emoji: str = "", desk: str = "") -> None:
        """Has something done to a message that was sent before: edit, delete or react."""
        identity = self._id()
        message = OutboundMessage(
            id=OutboxId(identity), to=link.at, parts=parts, author=Author(kind="operator"),
            does=does, of=link.here, emoji=emoji,  # type: ignore[arg-type]
        )  # fmt: skip
        self.post(ToCustomer(message=message, desk=desk), identity)

    def fetch(self, parts: tuple[Part, ...]) -> None:
        """Has files brought into our own store before they are gone where they lie."""
        for part in parts:
            if isinstance(part, Media) and part.origin:
                self.post(ToFiles(media=part))

    # --- where messages stand

    def linked(
        self, entry: Entry, *, here: str = "", there: str = "", desk: str = "", at: Address | None = None
    ) -> None:
        """Remembers the ids of a message that `entry` holds."""
        by = entry.author.kind
        if by != "system":
            link = Link(
                entry=entry.id, by=by, at=at or self.address, here=here, there=there, desk=desk, who=entry.author.id,
                said_at=self.cause.at if by == "operator" else None,
            )  # fmt: skip
            self.links.add(link)

    def not_delivered(self, item: OutboxItem) -> None:
        kept = (*self.undelivered, item)
        for gone in kept[:-_KEPT_UNDELIVERED]:
            self.happened("dropped", of=_message(gone))
        self.undelivered = kept[-_KEPT_UNDELIVERED:]

    def take_undelivered(self, message: str) -> OutboxItem | None:
        """Takes what could not be sent out of what waits for somebody's decision, by the message's id."""
        found = next((item for item in self.undelivered if _message(item) == message), None)
        self.undelivered = tuple(item for item in self.undelivered if item is not found)
        return found

    def unsettle(self, item: OutboxItem) -> None:
        """Keeps what was sent until the messenger has told what became of it."""
        self.unsettled = (*self.unsettled, item)[-_KEPT_UNSETTLED:]

    def settle(self, message: str) -> OutboxItem | None:
        found = next((item for item in self.unsettled if _message(item) == message), None)
        self.unsettled = tuple(item for item in self.unsettled if item is not found)
        return found

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
        """What the bot was at when people were called waits until it has the conversation back; what it began while
        the customer waited is over once a person is there."""
        if ticket is not None and self.ticket is None:
            self.tickets += 1
            self.dialog = interpreter.put_aside(self.dialog)
            if stage is Stage.QUEUED:
                ticket = replace(ticket, asked_at=ticket.asked_at or self.now)
        if stage is Stage.HUMAN:
            self.dialog = interpreter.only_aside(self.dialog)
        self.stage, self.ticket = stage, ticket

    def asks(self) -> None:
        """The customer said something that people have to answer."""
        if self.ticket is not None and self.ticket.asked_at is None:
            self.ticket = replace(self.ticket, asked_at=self.now)

    def promised(self, opens_at: datetime | None) -> None:
        if self.ticket is not None:
            self.ticket = replace(self.ticket, promise=opens_at)
            self.told_closed_until = opens_at or self.told_closed_until

    def replied(self) -> None:
        """A person answered."""
        held = self.ticket
        if held is not None:
            first = held.first_reply_at or self.now
            self.ticket = replace(held, first_reply_at=first, replied_at=self.now, asked_at=None)

    def runs(self, name: str) -> bool:
        """Whether this timer is set."""
        return any(timer.name == name for timer in self._timers)

    def timer(self, name: str, timer: Timer | None) -> None:
        self._timers = policy.with_timer(self._timers, timer, name)

    def knows(self, known: interpreter.Known) -> None:
        """What is kept of the customer from now on."""
        self.customer = replace(self.customer, tags=known.tags, memory=known.memory, habits=known.habits)

    def _with_waiting(self) -> tuple[Timer, ...]:
        """Flows that wait are looked at when their time comes, as long as it is the bot who may speak."""
        if self.stage is not Stage.BOT or not self.dialog.parked:
            return policy.with_timer(self._timers, None, WAIT)
        again = next((timer.at for timer in self._timers if timer.name == WAIT and timer.at > self.now), None)
        first = min(parked.until for parked in self.dialog.parked)
        at = first if again is None or first > self.now else again
        return policy.with_timer(self._timers, Timer(name=WAIT, at=at), WAIT)

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
            dialog=decided_on(self.dialog, self.release),
            ticket=self.ticket,
            tickets=self.tickets,
            understandings=self.understandings,
            outbox=tuple(self._outbox),
            timers=self._with_waiting(),
            threads=self._threads,
            told_closed_until=self.told_closed_until,
            last_words=self._last_words,
            links=self.links.kept,
            offered=self.offered,
            heard_at=self.heard_at,
            undelivered=self.undelivered,
            unsettled=self.unsettled,
            past=self.past,
            survey=self.survey,
            blocked=self.blocked,
            updated_at=self.now,
        )


def _signed(parts: tuple[Part, ...], signed: str) -> tuple[Part, ...]:
    first = parts[0] if parts else None
    if not signed or not isinstance(first, Text):
        return parts
    marks = tuple(replace(mark, start=mark.start + len(signed), end=mark.end + len(signed)) for mark in first.marks)
    return (Text(text=signed + first.text, marks=marks), *parts[1:])


def _message(item: OutboxItem) -> str:
    return item.body.message.id if isinstance(item.body, ToCustomer) else ""
