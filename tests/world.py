"""The engine with real parts around it, for tests: a store on disk, the bus, recording ends.

Nothing here is mocked that could run: the store is SQLite, flows are a workspace's, actions go over
HTTP to wherever the workspace points. Only the ends (messenger, desk) record instead of sending.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from estafeta.actions import HttpActions
from estafeta.bus.memory import MemoryBus
from estafeta.intake import Intake
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import (
    Address,
    Capabilities,
    Conversation,
    ConversationId,
    CustomerPressed,
    CustomerSaid,
    Entry,
    Event,
    Notice,
    Operator,
    OperatorNoted,
    OperatorSaid,
    OutboundMessage,
    OutboxId,
    Signal,
    SignalId,
    Template,
    Text,
    TicketMoved,
)
from estafeta.kernel.ports import Accept, Accepted, Clock, DeskView, Receipt, Understander
from estafeta.presence import Presence
from estafeta.tasks import ended
from estafeta.worker import Worker
from flows.model import Workspace
from storage.sqlite import SqliteStore

HOME = Address(channel="recorder", account="test", chat="masha")
ANNA = Operator(id="anna", name="Анна", desk="recording")


@dataclass(slots=True)
class RecordingChannel:
    """Keeps what would have been sent; `failures` are raised first, one a call."""

    name: str = "recorder"
    account: str = "test"
    sent: list[OutboundMessage] = field(default_factory=list)
    failures: list[SendFailed] = field(default_factory=list)
    capabilities: Capabilities = field(
        default_factory=lambda: Capabilities(
            text=4096, unit="utf16", buttons=100, label=64, typing=True, edits=True, deletes=True, idempotent=True
        )
    )

    async def listen(self, accept: Accept) -> None:
        await asyncio.Event().wait()

    async def send(self, message: OutboundMessage) -> str:
        if self.failures:
            raise self.failures.pop(0)
        if all(message.id != earlier.id for earlier in self.sent):
            self.sent.append(message)
        return f"ext-{message.id}"

    async def typing(self, to: Address, who: Literal["bot", "operator"] = "bot", message: str = "") -> None:
        return None

    async def read(self, to: Address, message: str) -> None:
        return None

    async def templates(self) -> tuple[Template, ...]:
        return ()

    @property
    def texts(self) -> list[str]:
        return [part.text for message in self.sent for part in message.parts if isinstance(part, Text)]


@dataclass(slots=True)
class RecordingDesk:
    """Keeps what would have been shown."""

    name: str = "recording"
    shown: list[tuple[OutboxId, Notice, DeskView]] = field(default_factory=list)
    failures: list[SendFailed] = field(default_factory=list)

    async def listen(self, accept: Accept) -> None:
        await asyncio.Event().wait()

    async def show(self, item: OutboxId, notice: Notice, view: DeskView) -> Receipt:
        if self.failures:
            raise self.failures.pop(0)
        if all(item != earlier for earlier, _, _ in self.shown):
            self.shown.append((item, notice, view))
        thread = Address(channel=self.name, account="group", chat=f"topic-{view.conversation.id}")
        return Receipt(external=item, thread=thread, card="1")

    @property
    def kinds(self) -> list[str]:
        return [notice.kind for _, notice, _ in self.shown]


class World:
    """One process of the platform. `restart` is what a crash and a new start look like from inside."""

    def __init__(
        self, path: Path, workspace: Workspace, understander: Understander, clock: Clock, *,
        channel: RecordingChannel | None = None, desk: RecordingDesk | None = None,
        variables: Mapping[str, str] | None = None, store: SqliteStore | None = None,
    ) -> None:  # fmt: skip
        self.path = path
        self.workspace = workspace
        self.clock = clock
        self.channel = channel or RecordingChannel()
        self.desk = desk or RecordingDesk()
        self.store = store or SqliteStore(path, clock=clock)
        self.bus = MemoryBus()
        self.actions = HttpActions(workspace, secrets={}, variables=variables or {}, pause=0.0)
        self.intake = Intake(store=self.store, bus=self.bus)
        self.worker = Worker(
            store=self.store, bus=self.bus, clock=clock, understander=understander, workspace=workspace,
            channels={(self.channel.name, self.channel.account): self.channel}, desks={self.desk.name: self.desk},
            actions=self.actions, presence=Presence(store=self.store, clock=clock, settles=0.0, lasts=1e9),
        )  # fmt: skip
        self.engine = self.worker.engine
        self.outbox = self.worker.outbox
        self.sweeper = self.worker.sweeper
        self._number = 0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[World]:
        await self.store.open()
        await self.bus.open()
        try:
            # Without the worker's own rounds: a test that moves the clock by hours would run thousands.
            await self.worker.presence.begin()
            async with self.engine.lanes, self.outbox.lanes:
                working = asyncio.create_task(self.engine.run())
                await self.sweeper.sweep(grace=0.0)
                try:
                    yield self
                finally:
                    await ended([working])
        finally:
            await self.actions.close()
            await self.bus.close()
            await self.store.close()

    # --- what people do

    async def tell(self, event: Event, *, identity: str = "", address: Address | None = HOME,
                   conversation: ConversationId | None = None, at: datetime | None = None) -> Accepted:  # fmt: skip
        self._number += 1
        signal = Signal(
            id=SignalId(identity or f"test.{self._number}"), at=at or self.clock.now(), event=event,
            address=None if conversation else address, conversation=conversation,
        )  # fmt: skip
        return (await self.intake.accept([signal]))[0]

    async def says(self, text: str, *, address: Address = HOME) -> None:
        """The customer writes, and everything that follows happens."""
        await self.tell(CustomerSaid(message=f"m{self._number}", parts=(Text(text=text),)), address=address)
        await self.settled(address.conversation)

    async def presses(self, label: str) -> None:
        """The customer presses the newest button with this label."""
        buttons = [button for message in reversed(self.channel.sent) for button in message.buttons]
        button = next(button for button in buttons if button.text == label)
        await self.tell(CustomerPressed(button=button.id, label=label))
        await self.settled()

    async def operator(self, event: Event | str) -> None:
        """An operator's words, or a move: take, return, close; `// words` is a note."""
        if event in ("take", "return", "close"):
            event = TicketMoved(operator=ANNA, move=event)  # type: ignore[arg-type]
        elif isinstance(event, str) and event.startswith("//"):
            event = OperatorNoted(operator=ANNA, text=event[2:].strip())
        elif isinstance(event, str):
            event = OperatorSaid(operator=ANNA, parts=(Text(text=event),), message=f"op{self._number}")
        await self.tell(event, conversation=HOME.conversation)
        await self.settled()

    # --- looking

    async def settled(self, conversation: ConversationId = HOME.conversation) -> Conversation:
        """The conversation once nothing waits in it, to be done or to be sent."""
        async with asyncio.timeout(20):
            news = self.bus.announcements()
            while True:
                mailbox = await self.store.load(conversation)
                if mailbox.conversation is not None and not mailbox.signals and not mailbox.conversation.outbox:
                    return mailbox.conversation
                await anext(news)

    async def conversation(self) -> Conversation:
        found = (await self.store.load(HOME.conversation)).conversation
        assert found is not None
        return found

    async def entries(self) -> list[Entry]:
        return await self.store.entries(HOME.conversation, limit=1000)

    async def transcript(self) -> list[str]:
        """One line an entry, as people would tell it."""
        return [line(entry) for entry in await self.entries()]


def line(entry: Entry) -> str:
    """An entry in words: who, what; events and deliveries by their data."""
    if entry.kind == "event":
        more = {key: value for key, value in entry.data.items() if key != "event"}
        return f"* {entry.data['event']} {more}" if more else f"* {entry.data['event']}"
    if entry.kind == "delivery":
        return f"* {entry.data['status']}"
    mark = {"note": "note", "edit": "edit"}.get(entry.kind)
    who = f"{entry.author.kind} ({mark})" if mark else entry.author.kind
    buttons = "".join(f" [{button.text}]" for button in entry.buttons)
    return f"{who}: {entry.text}{buttons}"
