"""A small platform for the chat's tests: a store in memory, an engine that does what it is told,
a real server, and a shop's page on another origin."""

from __future__ import annotations

import asyncio
import shutil
import weakref
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Literal

from aiohttp import web

from bots.widget.channel import WidgetChannel
from bots.widget.config import WidgetConfig
from estafeta.attachments import Attachments
from estafeta.bus.memory import MemoryBus
from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import (
    Address,
    Author,
    Button,
    Conversation,
    ConversationId,
    CustomerDeleted,
    CustomerEdited,
    CustomerPressed,
    CustomerReacted,
    CustomerSaid,
    Entry,
    EntryId,
    Json,
    Media,
    MediaKind,
    Operator,
    OutboundMessage,
    OutboxId,
    Part,
    Reason,
    Signal,
    SignalId,
    Stage,
    Text,
    Ticket,
    TicketId,
)
from estafeta.kernel.ports import Accepted, Bus, Change, Incoming, Live, Mailbox
from storage.files.folder import FolderFiles

Kind = Literal["said", "note", "event", "delivery", "edit", "deletion", "reaction"]

ANNA = Operator(id="op-1", name="Анна", desk="web")


class HandClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.time = datetime.now(UTC)

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class MemoryStore:
    """What the chat needs of a store; `broken` makes it fail as a full disk would."""

    def __init__(self) -> None:
        self.signals: dict[SignalId, Signal] = {}
        self.conversations_by_id: dict[ConversationId, Conversation] = {}
        self.timelines: dict[ConversationId, list[Entry]] = {}
        self.addresses: dict[Address, ConversationId] = {}
        self.values: dict[str, Json] = {}
        self.broken = False
        self.reads = 0

    def _check(self) -> None:
        if self.broken:
            raise StoreUnavailable("The disk is full.")

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def accept(self, signals: Sequence[Signal]) -> list[Accepted]:
        self._check()
        accepted = []
        for signal in signals:
            assert signal.address is not None
            conversation = self.addresses.setdefault(signal.address, signal.address.conversation)
            fresh = signal.id not in self.signals
            self.signals[signal.id] = signal
            accepted.append(Accepted(conversation=conversation, fresh=fresh))
        return accepted

    async def load(self, conversation: ConversationId) -> Mailbox:
        self._check()
        return Mailbox(conversation=self.conversations_by_id.get(conversation), signals=())

    async def commit(self, change: Change) -> None:
        raise NotImplementedError

    async def entries(
        self, conversation: ConversationId, *, after: int = 0, limit: int = 200, newest: bool = False
    ) -> list[Entry]:
        self._check()
        self.reads += 1
        found = [entry for entry in self.timelines.get(conversation, []) if entry.seq > after]
        return found[-limit:] if newest else found[:limit]

    async def resolve(self, address: Address) -> ConversationId | None:
        self._check()
        return self.addresses.get(address)

    async def link(self, address: Address, conversation: ConversationId) -> None:
        self.addresses[address] = conversation

    async def due(self, now: datetime, limit: int, *, grace: float = 0.0) -> list[ConversationId]:
        return []

    async def orphaned(self, limit: int) -> list[ConversationId]:
        return []

    async def lease(self, name: str, holder: str, seconds: float) -> bool:
        return True

    async def release(self, name: str, holder: str) -> None: ...

    async def leases(self) -> Mapping[str, str]:
        return {}

    async def undelivered(self, limit: int) -> list[Conversation]:
        return []

    async def conversations(self, *, stages: Sequence[Stage], limit: int = 100) -> list[Conversation]:
        return list(self.conversations_by_id.values())

    async def tagged(self, tag: str, *, after: str = "", limit: int = 500) -> list[ConversationId]:
        found = sorted(id_ for id_, held in self.conversations_by_id.items() if tag in held.customer.tags)
        return [id_ for id_ in found if id_ > after][:limit]

    async def events(
        self, names: Sequence[str], *, since: datetime, until: datetime, limit: int = 10_000
    ) -> list[Entry]:
        self._check()
        every = (entry for timeline in self.timelines.values() for entry in timeline if entry.kind == "event")
        found = (entry for entry in every if entry.data.get("event") in names and since <= entry.at < until)
        return sorted(found, key=lambda entry: entry.at)[:limit]

    async def put(self, key: str, value: Json) -> None:
        self._check()
        self.values[key] = value

    async def get(self, key: str) -> Json:
        self._check()
        return self.values.get(key)

    async def items(self, prefix: str, *, after: str = "", limit: int = 1000) -> list[tuple[str, Json]]:
        self._check()
        found = sorted(item for item in self.values.items() if item[0].startswith(prefix) and item[0] > after)
        return found[:limit]

    async def take(self, key: str) -> Json:
        return self.values.pop(key, None)


class Platform:
    """The chat's channel on a free loopback port. Customers' words get into the timeline at once;
    everything else happens when a test says so. `beside`: another process of the same platform."""

    def __init__(self, beside: Platform | None = None, *, bus: Bus | None = None, **config: Any) -> None:
        self.clock: HandClock = beside.clock if beside else HandClock()
        self.store: MemoryStore = beside.store if beside else MemoryStore()
        self.bus: Bus = bus or (beside.bus if beside else MemoryBus())
        if beside is None:
            self.folder = Path(mkdtemp())
            weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        else:
            self.beside, self.folder = beside, beside.folder
        self.files = FolderFiles(self.folder / "files")
        self.attachments = Attachments(
            files=self.files, store=self.store, clock=self.clock, folder=self.folder / "arriving"
        )
        self.typed: list[ConversationId] = []
        self.greeting_text = "Здравствуйте! Чем помочь?"
        self.silent = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self._runner: web.AppRunner | None = None
        self.channel = WidgetChannel(
            WidgetConfig(**config),
            store=self.store,
            clock=self.clock,
            greeting=lambda language: (
                self.greeting_text if language == "ru" else "Hello! How can I help?",
                [Button(id="human", text="Позвать человека" if language == "ru" else "Talk to a person")],
            ),
            announce=self._announce,
            attachments=self.attachments,
        )
        self.port = 0

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def conversation(self) -> ConversationId:
        """The only conversation."""
        (found,) = self.store.conversations_by_id
        return found

    async def start(self) -> None:
        await self.files.open()
        app = web.Application()
        self.channel.mount(app, self.accept)
        self._runner = web.AppRunner(app, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self._spawn(self.channel.follow(self.bus.announcements()))

    async def stop(self) -> None:
        """The port stays known, so that `start` comes back at the same address."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        assert self._runner is not None
        await self._runner.cleanup()

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _announce(self, live: Live) -> None:
        if live.who == "customer":
            self.typed.append(live.conversation)
        await self.bus.announce(live)

    def announce(self, live: Live) -> None:
        self._spawn(self.bus.announce(live))

    async def accept(self, signals: Sequence[Signal]) -> list[Accepted]:
        accepted = await self.store.accept(signals)
        for signal, result in zip(signals, accepted, strict=True):
            if result.fresh and result.conversation is not None and not self.silent:
                self._applied(signal, result.conversation)
        return accepted

    def _applied(self, signal: Signal, conversation: ConversationId) -> None:
        """What the engine makes of it, as far as the chat shows it."""
        customer, event = Author(kind="customer"), signal.event
        kind: Kind = "said"
        parts: tuple[Part, ...] = ()
        data: dict[str, Json] = {}
        if isinstance(event, CustomerSaid):
            parts, data = event.parts, {"message": event.message}
            answered = self.entry_of(event.reply_to)
            data |= {"reply_to": answered.id} if answered else {"quote": event.quote} if event.quote else {}
        elif isinstance(event, CustomerPressed):
            parts = (Text(text=event.label),)
        elif isinstance(event, CustomerEdited):
            kind, parts, data = "edit", event.parts, self._about(event.message)
        elif isinstance(event, CustomerDeleted):
            kind, data = "deletion", self._about(event.message)
        elif isinstance(event, CustomerReacted):
            kind, data = "reaction", {**self._about(event.message), "emoji": event.emoji}
        else:
            return
        self.append(
            conversation, EntryId(f"{signal.id}.1"), author=customer, parts=parts, kind=kind, data=data,
            address=signal.address,
        )  # fmt: skip

    def entry_of(self, message: str) -> Entry | None:
        """What was said under this id: the browser's own, or that which `send` returned."""
        said = [entry for timeline in self.store.timelines.values() for entry in timeline if entry.kind == "said"]
        return next((entry for entry in said if message in (entry.id, entry.data.get("message"))), None)

    def _about(self, message: str) -> dict[str, Json]:
        entry = self.entry_of(message)
        return {"message": message, **({"of": entry.id} if entry else {})}

    def events(self, kind: type[Any]) -> list[Any]:
        """What visitors did, of one kind, in order."""
        return [signal.event for signal in self.store.signals.values() if isinstance(signal.event, kind)]

    async def file(self, content: bytes, name: str = "", kind: MediaKind | None = None) -> Media:
        """A file that lies in our own store."""

        async def chunks() -> AsyncIterator[bytes]:
            yield content

        stored = await self.attachments.keep(Incoming(chunks=chunks(), name=name))
        return await self.attachments.media(stored, kind)

    def kept(self) -> int:
        """How many files lie in our own store."""
        return sum(key.startswith("file:") for key in self.store.values)

    def append(
        self,
        conversation: ConversationId,
        entry_id: EntryId,
        *,
        author: Author,
        parts: tuple[Part, ...],
        kind: Kind = "said",
        buttons: tuple[Button, ...] = (),
        data: dict[str, Json] | None = None,
        address: Address | None = None,
    ) -> None:
        known = self.store.conversations_by_id.get(conversation)
        if known is None:
            assert address is not None
            known = Conversation(id=conversation, address=address)
        known = replace(known, seq=known.seq + 1, version=known.version + 1)
        entry = Entry(
            id=entry_id,
            conversation=conversation,
            seq=known.seq,
            at=self.clock.now(),
            author=author,
            kind=kind,
            parts=parts,
            buttons=buttons,
            channel="widget",
            data=data or {},
        )
        self.store.timelines.setdefault(conversation, []).append(entry)
        self.store.conversations_by_id[conversation] = known
        self.changed(conversation)

    def changed(self, conversation: ConversationId) -> None:
        self.announce(Live(kind="changed", conversation=conversation))

    def missed(self) -> None:
        self.announce(Live(kind="missed", conversation=ConversationId("")))

    def types(self, who: str = "operator", name: str = "") -> None:
        self.announce(Live(kind="typing", conversation=self.conversation, who=who, name=name))

    def say(self, text: str, *, author: Literal["bot", "operator"] = "bot", buttons: tuple[str, ...] = ()) -> None:
        who = Author(kind="bot") if author == "bot" else Author(kind="operator", name=ANNA.name, id=ANNA.id)
        count = self.store.conversations_by_id[self.conversation].seq
        self.append(
            self.conversation,
            EntryId(f"said-{count}"),
            author=who,
            parts=(Text(text=text),),
            buttons=tuple(Button(id=f"b{number}", text=label) for number, label in enumerate(buttons)),
        )

    def note(self, text: str) -> None:
        author = Author(kind="operator", name=ANNA.name, id=ANNA.id)
        self.append(self.conversation, EntryId("note"), author=author, parts=(Text(text=text),), kind="note")

    def stage(self, stage: Stage) -> None:
        known = self.store.conversations_by_id[self.conversation]
        ticket = Ticket(
            id=TicketId("t1"),
            reason=Reason.USER_REQUEST,
            skill="general",
            opened_at=self.clock.now(),
            assignee=ANNA if stage is Stage.HUMAN else None,
        )
        self.store.conversations_by_id[known.id] = replace(
            known, stage=stage, ticket=None if stage is Stage.BOT else ticket
        )
        self.changed(known.id)

    def outbound(self, text: str) -> OutboundMessage:
        known = self.store.conversations_by_id[self.conversation]
        return OutboundMessage(id=OutboxId("o1"), to=known.address, parts=(Text(text=text),))

    def texts(self) -> list[str]:
        """What was said, by everybody, in order."""
        return [entry.text for timeline in self.store.timelines.values() for entry in timeline]
