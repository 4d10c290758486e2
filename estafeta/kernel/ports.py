"""What the engine asks of the world. A port exists only where two real implementations do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

from estafeta.kernel.model import (
    Address,
    Capabilities,
    Conversation,
    ConversationId,
    Entry,
    Json,
    Media,
    Notice,
    OutboundMessage,
    OutboxId,
    Signal,
    SignalId,
    Stage,
    Template,
    Understanding,
)


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """Aware UTC: what people call the time. It may jump, so nothing is measured with it."""
        ...

    def monotonic(self) -> float:
        """Seconds that only go forward, from some start of their own: for durations."""
        ...

    async def sleep(self, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """`conversation` is None when the address belongs to nobody and the signal may not open one.
    `fresh` is False when the signal was there already: a duplicate is a success."""

    conversation: ConversationId | None
    fresh: bool


MAILBOX = 100
"""So many signals are decided in one turn at most: what comes of them is stored in one document, and one
conversation with thousands of them must not hold up the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """A conversation (None: never committed) and its unapplied signals in the order of arrival, the
    first `MAILBOX` of them."""

    conversation: Conversation | None
    signals: tuple[Signal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One decision. `conversation.version` is `expected_version` + 1. `applied` are signals of the
    mailbox; what never lay there (a timer, the outcome of a send) is not named."""

    conversation: Conversation
    expected_version: int
    applied: tuple[SignalId, ...]
    entries: tuple[Entry, ...]


class Store(Protocol):
    """Where conversations live.

    Every method raises `StoreUnavailable` when the store cannot answer; after that nothing may be
    assumed, and calling again with the same arguments is safe.
    """

    async def open(self) -> None:
        """Connects, migrates. Raises `StoreUnavailable` with a sentence that says what to do."""
        ...

    async def close(self) -> None: ...

    async def accept(self, signals: Sequence[Signal]) -> list[Accepted]:
        """Durable when it returns, in the order given. Unique on the signal's id."""
        ...

    async def load(self, conversation: ConversationId) -> Mailbox: ...

    async def commit(self, change: Change) -> None:
        """All of the change or none of it. Raises `Conflict` when `expected_version` is not the
        stored one (0: not stored yet). Entries are appended once however often this is called."""
        ...

    async def entries(
        self, conversation: ConversationId, *, after: int = 0, limit: int = 200, newest: bool = False
    ) -> list[Entry]:
        """Entries with `seq` > `after` in ascending order: the first `limit` of them, or the last
        `limit` when `newest`."""
        ...

    async def resolve(self, address: Address) -> ConversationId | None: ...

    async def link(self, address: Address, conversation: ConversationId) -> None:
        """From now on `address` leads to `conversation`, whatever it led to before."""
        ...

    async def due(self, now: datetime, limit: int, *, grace: float = 0.0) -> list[ConversationId]:
        """Conversations with `due_at` <= `now`, or with signals that wait for longer than about `grace`
        seconds."""
        ...

    async def orphaned(self, limit: int) -> list[ConversationId]:
        """Conversations with outbox items whose holder is not at work (has no lease on its own name)."""
        ...

    async def lease(self, name: str, holder: str, seconds: float) -> bool:
        """Whether `holder` has the lease `name` for `seconds` from now: it was free, had run out, or was
        its own already. Time is the store's own, so that no worker's clock matters."""
        ...

    async def release(self, name: str, holder: str) -> None:
        """Ends the lease if `holder` has it."""
        ...

    async def leases(self) -> Mapping[str, str]:
        """Leases that have not run out: name to holder. A worker at work holds one on its own name."""
        ...

    async def undelivered(self, limit: int) -> list[Conversation]:
        """Those with messages that could not be sent, the most recently updated first."""
        ...

    async def conversations(self, *, stages: Sequence[Stage], limit: int = 100) -> list[Conversation]:
        """The most recently updated first."""
        ...

    async def tagged(self, tag: str, *, after: str = "", limit: int = 500) -> list[ConversationId]:
        """Conversations whose customer has the tag and whose ids come behind `after`, by their ids."""
        ...

    async def events(
        self, names: Sequence[str], *, since: datetime, until: datetime, limit: int = 10_000
    ) -> list[Entry]:
        """Entries of the kind "event" whose `data["event"]` is one of `names`, of all conversations, with
        `since` <= `at` < `until`, the oldest first."""
        ...

    async def put(self, key: str, value: Json) -> None:
        """A small value that outlives restarts (an update offset, a desk session). None removes it."""
        ...

    async def get(self, key: str) -> Json: ...

    async def items(self, prefix: str, *, after: str = "", limit: int = 1000) -> list[tuple[str, Json]]:
        """The small values whose keys begin with `prefix` and come behind `after`, by their keys."""
        ...

    async def take(self, key: str) -> Json:
        """What `get` returns, removed: of many who ask, one gets it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """Something for sockets that are open now: lost without harm.

    changed: the conversation was committed. typing: `who` ("customer" | "operator" | "bot") types.
    missed: announcements may have been lost; look at everything again (`conversation` is "").
    """

    kind: Literal["changed", "typing", "missed"]
    conversation: ConversationId
    who: str = ""
    name: str = ""


class Bus(Protocol):
    """Carries wake-ups; losing it loses nothing."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def wake(self, conversation: ConversationId) -> None:
        """Some worker looks at it soon."""
        ...

    def wakes(self) -> AsyncIterator[ConversationId]:
        """Competing consumers: each wake-up goes to one of them. Whoever takes one says `done` after
        it was worked on; what a consumer took and never finished comes to another."""
        ...

    def done(self, conversation: ConversationId) -> None:
        """All that this process took of this conversation's wake-ups was worked on."""
        ...

    @property
    def up(self) -> bool:
        """Whether wake-ups travel now, as far as is known. While not, the store must be polled."""
        ...

    async def announce(self, live: Live) -> None: ...

    def announcements(self) -> AsyncIterator[Live]:
        """Every listener gets each announcement made after it began to listen. A listener that
        does not keep up loses the oldest."""
        ...


REGION = "RU"
"""Whose phone numbers and order of day and month are meant where nothing else is said (ISO 3166-1 alpha-2)."""


class Understander(Protocol):
    async def understand(
        self, text: str, *, deadline: float, at: datetime | None = None, region: str = REGION
    ) -> Understanding:
        """Within `deadline` seconds, or `UnderstandingFailed`. `at`: when the message was sent, aware, in the time
        zone that "tomorrow at nine" is meant in; without it no times are found. `region`: the country that phone
        numbers without a country's code are meant in."""
        ...


Accept = Callable[[Sequence[Signal]], Awaitable[list[Accepted]]]
"""What channels and desks call: returns when the signals are durable. Only then acknowledge."""


class Channel(Protocol):
    """A messenger's side. `listen` runs until cancelled and acknowledges upstream only after
    `accept` returned; a channel served by the web application has nothing to do in it but wait."""

    @property
    def name(self) -> str: ...

    @property
    def account(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    async def listen(self, accept: Accept) -> None: ...

    async def send(self, message: OutboundMessage) -> str:
        """Does what the message says, and returns the messenger's ids of what was sent, with spaces between
        them if it took several messages; "" for what leaves no message. Raises `SendFailed`. What the channel
        cannot do of it becomes words; an edit, a deletion or a reaction that it cannot do at all fails with
        the code "not_possible"."""
        ...

    async def typing(self, to: Address, who: Literal["bot", "operator"] = "bot", message: str = "") -> None:
        """Shows for a few seconds that an answer is being written, and by whom if the channel can.
        `message` is the customer's latest, for messengers that want to know. Never raises."""
        ...

    async def read(self, to: Address, message: str) -> None:
        """Shows the customer that the messages up to this one were read, if the channel can. Never raises."""
        ...

    async def templates(self) -> Sequence[Template]:
        """Those that may be sent now; in `text` the places for values are {{1}}, {{2}}, and so on. Raises
        `SendFailed`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A file on its way in. `size` is 0 and `mime` and `name` are "" where the sender does not say."""

    chunks: AsyncIterator[bytes]
    size: int = 0
    mime: str = ""
    name: str = ""


class Source(Protocol):
    """Who can hand over the files it named."""

    @property
    def origin(self) -> str:
        """What `Media.origin` says of its files."""
        ...

    def fetch(self, media: Media) -> AbstractAsyncContextManager[Incoming]:
        """Opens the file. Raises `SendFailed`, on entering or while reading: `file_gone`, `file_too_large`, or
        what keeps the messenger from answering."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file of our own store. `file` is its SHA-256 in hex, `mime` what its content looks like, `name` safe to
    show and to save under."""

    file: str
    size: int
    mime: str
    name: str


class Files(Protocol):
    """Where files lie, once each, by the SHA-256 of what they hold (64 hexadecimal digits). Every method raises
    `StoreUnavailable` when the place cannot answer, and calling again is safe."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def put(self, file: str, path: Path) -> None:
        """Keeps what the file at `path` holds; it is there whole or not at all. There already: a success."""
        ...

    async def has(self, file: str) -> bool: ...

    def read(self, file: str) -> AsyncIterator[bytes]:
        """In chunks. Raises `FileGone` when it is not there."""
        ...

    async def delete(self, file: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """`thread` and `card` are set when the desk made or moved them."""

    external: str = ""
    thread: Address | None = None
    card: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskView:
    """All that a desk may show of a conversation now: itself and its latest entries, oldest first."""

    conversation: Conversation
    entries: tuple[Entry, ...]
    now: datetime
    capabilities: Capabilities | None = None
    """Of the channel that answers go to; None: it is not connected."""


class Desk(Protocol):
    """Where people see and answer tickets."""

    @property
    def name(self) -> str: ...

    async def listen(self, accept: Accept) -> None: ...

    async def show(self, item: OutboxId, notice: Notice, view: DeskView) -> Receipt:
        """Shows the notice. Raises `SendFailed`."""
        ...
