"""An office for tests: a web desk on a real server, and a few lines that stand for the engine, so that
what an operator does shows in the timeline."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from aiohttp import ClientSession, CookieJar, web

from estafeta.kernel.model import (
    Address,
    Author,
    Conversation,
    ConversationId,
    Customer,
    Dialog,
    Entry,
    EntryId,
    Intent,
    Operator,
    OperatorNoted,
    OperatorSaid,
    Reason,
    Signal,
    Stage,
    Text,
    Ticket,
    TicketId,
    TicketMoved,
    Understanding,
)
from estafeta.kernel.ports import Accepted, Change, Live
from handoff.desks.web import WebDesk
from tests.desks.web.store import WatchedStore

HEADERS = {"X-Estafeta": "1"}


class HandClock:
    """A clock that a test moves by hand; it starts at the real time, which pages compare with."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def now(self) -> datetime:
        return self.at

    def move(self, by: timedelta) -> None:
        self.at += by

    def monotonic(self) -> float:
        return self.at.timestamp()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


class Office:
    """`address` is where the desk is served. `deliver`: whether an operator's words are marked as sent."""

    def __init__(self, folder: Path, *, base: str = "", replies: dict[str, dict[str, str]] | None = None) -> None:
        self.clock = HandClock()
        self.store = WatchedStore(folder / "estafeta.db", clock=self.clock).watch()
        self.customers = 0
        self.live: asyncio.Queue[Live | None] = asyncio.Queue()
        self.typed: list[tuple[str, str]] = []
        self.address = ""
        self.base = base
        self.deliver: Literal["sent", "failed"] = "sent"
        self.desk = WebDesk(store=self.store, clock=self.clock, replies=replies or {}, on_typing=self._typed, base=base)

    async def _typed(self, conversation: ConversationId, name: str) -> None:
        self.typed.append((conversation, name))
        await self.live.put(Live(kind="typing", conversation=conversation, who="operator", name=name))

    async def announcements(self) -> AsyncIterator[Live]:
        while (live := await self.live.get()) is not None:
            yield live

    async def accept(self, signals: Sequence[Signal]) -> list[Accepted]:
        results = await self.store.accept(signals)
        for signal, result in zip(signals, results, strict=True):
            if result.fresh:
                await self._apply(signal)
        return results

    async def _apply(self, signal: Signal) -> None:
        """What the engine makes of an operator's signal, as far as the page can tell."""
        assert signal.conversation is not None
        now, event, name = await self.stored(signal.conversation), signal.event, f"{signal.id}.1"
        match event:
            case OperatorSaid():
                taken = replace(_ticket(now), assignee=_ticket(now).assignee or event.operator)
                await self.commit(replace(now, stage=Stage.HUMAN, ticket=taken))
                await self.say(now.id, "operator", event.parts[0], name=event.operator.name, entry_id=name)
                status: dict[str, Any] = {"of": name, "status": self.deliver}
                if self.deliver == "failed":
                    status["sentence"] = "The customer blocked the bot"
                await self.add(now.id, kind="delivery", author=Author(kind="system"), data=status)
            case OperatorNoted():
                author = Author(kind="operator", name=event.operator.name)
                await self.add(now.id, kind="note", author=author, parts=(Text(text=event.text),), entry_id=name)
            case TicketMoved(move="take"):
                await self.commit(
                    replace(now, stage=Stage.HUMAN, ticket=replace(_ticket(now), assignee=event.operator))
                )
                await self.event(now.id, event="taken", name=event.operator.name)
            case TicketMoved():
                await self.commit(replace(now, stage=Stage.BOT, ticket=None))
                await self.event(now.id, event="returned" if event.move == "return" else "closed")
            case _:
                raise AssertionError(event)

    async def stored(self, conversation: ConversationId) -> Conversation:
        found = (await self.store.load(conversation)).conversation
        assert found is not None
        return found

    async def commit(self, conversation: Conversation, entries: tuple[Entry, ...] = ()) -> None:
        mailbox = await self.store.load(conversation.id)
        version = mailbox.conversation.version if mailbox.conversation else 0
        await self.store.commit(
            Change(
                conversation=replace(
                    conversation,
                    version=version + 1,
                    seq=conversation.seq + len(entries),
                    updated_at=self.clock.now(),
                ),
                expected_version=version,
                applied=tuple(signal.id for signal in mailbox.signals),
                entries=entries,
            )
        )
        await self.live.put(Live(kind="changed", conversation=conversation.id))

    async def add(
        self,
        conversation: ConversationId,
        *,
        kind: Literal["said", "note", "event", "delivery", "edit"],
        author: Author,
        entry_id: str = "",
        at: datetime | None = None,
        **more: Any,
    ) -> Entry:
        now = await self.stored(conversation)
        entry = Entry(
            id=EntryId(entry_id or f"e.{conversation}.{now.seq + 1}"),
            conversation=conversation,
            seq=now.seq + 1,
            at=at or self.clock.now(),
            author=author,
            kind=kind,
            channel=now.address.channel,
            **more,
        )
        await self.commit(now, (entry,))
        return entry

    async def say(
        self,
        conversation: ConversationId,
        who: Literal["customer", "bot", "operator"],
        what: Any,
        *,
        name: str = "",
        **more: Any,
    ) -> Entry:
        part = Text(text=what) if isinstance(what, str) else what
        return await self.add(conversation, kind="said", author=Author(kind=who, name=name), parts=(part,), **more)

    async def event(self, conversation: ConversationId, **data: Any) -> Entry:
        return await self.add(conversation, kind="event", author=Author(kind="system"), data=data)

    async def customer(
        self,
        name: str,
        *,
        stage: Stage = Stage.BOT,
        channel: str = "telegram",
        assignee: str = "",
        waits: timedelta = timedelta(0),
        promise: timedelta | None = None,
        reason: Reason = Reason.USER_REQUEST,
        request: str = "",
        slots: dict[str, Any] | None = None,
        intents: Sequence[tuple[str, float]] = (),
        language: str = "ru",
    ) -> ConversationId:
        """A new customer's conversation in that stage; `waits` and `promise` are from now."""
        self.customers += 1
        address = Address(channel=channel, account="main", chat=f"{self.customers}")
        now = self.clock.now()
        understood = understanding(intents)
        conversation = Conversation(
            id=address.conversation,
            address=address,
            customer=Customer(
                addresses=(address,), name=name, language=language, first_seen=now - timedelta(days=40), messages=7
            ),
            stage=stage,
            dialog=Dialog(slots=slots or {}),
            tickets=0 if stage is Stage.BOT else 2,
            understandings=understood,
        )
        if stage is not Stage.BOT:
            ticket = Ticket(
                id=TicketId("t1"),
                reason=reason,
                skill="delivery",
                opened_at=now - waits,
                request=request,
                understandings=understood,
                assignee=None if stage is Stage.QUEUED else operator(assignee or "Борис"),
                promise=None if promise is None else now + promise,
            )
            conversation = replace(conversation, ticket=ticket)
        await self.commit(conversation)
        return conversation.id

    # --- as a client -----------------------------------------------------------------------------

    @asynccontextmanager
    async def client(self, name: str = "Анна") -> AsyncIterator[ClientSession]:
        """Logged in under that name; a name of "" is not logged in."""
        async with ClientSession(f"{self.address}{self.base}/", cookie_jar=CookieJar(unsafe=True)) as session:
            if name:
                code = await self.desk.new_login_code()
                body = {"code": code, "name": name}
                async with session.post("api/v1/login", json=body, headers=HEADERS) as answer:
                    assert answer.status == 204, await answer.text()
            yield session


def _ticket(conversation: Conversation) -> Ticket:
    return conversation.ticket or Ticket(
        id=TicketId("t2"), reason=Reason.OPERATOR_TAKEOVER, skill="general", opened_at=datetime.now(UTC)
    )


def operator(name: str) -> Operator:
    return Operator(id=f"elsewhere-{name}", name=name, desk="telegram_forum")


def understanding(intents: Sequence[tuple[str, float]]) -> tuple[Understanding, ...]:
    if not intents:
        return ()
    ranking = tuple(Intent(name=name, confidence=confidence) for name, confidence in intents)
    return (Understanding(intent=ranking[0].name, confidence=ranking[0].confidence, ranking=ranking),)


@asynccontextmanager
async def open_office(*, base: str = "", replies: dict[str, dict[str, str]] | None = None) -> AsyncIterator[Office]:
    with tempfile.TemporaryDirectory() as folder:
        office = Office(Path(folder), base=base, replies=replies)
        app = web.Application()
        office.desk.mount(app, office.accept)
        runner = web.AppRunner(app, access_log=None)
        await office.store.open()
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        office.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        following = asyncio.create_task(office.desk.follow(office.announcements()))
        try:
            yield office
        finally:
            await office.live.put(None)
            await following
            await runner.cleanup()
            await office.store.close()
