"""An office for tests: a web desk on a real server, and a few lines that stand for the engine, so that
what an operator does shows in the timeline."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal

from aiohttp import ClientSession, CookieJar, web

from estafeta.explaining import Why
from estafeta.kernel.model import (
    Address,
    Author,
    Capabilities,
    Conversation,
    ConversationId,
    Customer,
    Dialog,
    Entry,
    EntryId,
    Intent,
    Link,
    Notice,
    Operator,
    OperatorDeleted,
    OperatorEdited,
    OperatorNoted,
    OperatorReacted,
    OperatorSaid,
    OperatorUndid,
    OutboundMessage,
    OutboxId,
    OutboxItem,
    Past,
    Reason,
    Signal,
    Stage,
    Template,
    Text,
    Ticket,
    TicketId,
    TicketMoved,
    ToCustomer,
    UndeliveredMoved,
    Understanding,
)
from estafeta.kernel.ports import Accepted, Change, DeskView, Live
from estafeta.roster import Roster
from estafeta.suggestions import Suggestion
from flows import loader
from flows.model import CannedReply, LocalText, Workspace
from handoff.desks.web import WebDesk
from handoff.floor import Role
from tests.desks.web.cabinet import Cabinet
from tests.desks.web.store import WatchedStore

HEADERS = {"X-Estafeta": "1"}

CONTENT = Path(__file__).parent / "workspace"


@cache
def content() -> Workspace:
    """The office's: people aim to answer within ten minutes at any hour."""
    return loader.load(CONTENT)


MB = 1_000_000
EVERYTHING = Capabilities(
    text=4_096, unit="utf16", caption=1_024, buttons=10, label=64, url_buttons=True,
    marks=frozenset({"bold", "italic", "strike", "code", "link"}),
    media={"photo": 2 * MB, "document": 2 * MB, "voice": MB, "audio": MB, "video": 2 * MB, "sticker": MB},
    album=10, location=True, contact=True, replies=True, edits=True, deletes=True, reactions="any",
)  # fmt: skip
"""What the office's channels can do unless a test says otherwise."""


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
    """`address` is where the desk is served. `deliver`: whether an operator's words are marked as sent;
    `refuses`: why they are not even tried. `channels`: what they can do, `EVERYTHING` if not said.
    `announces`: whether pages hear of what happens."""

    def __init__(self, folder: Path, *, base: str = "", replies: dict[str, dict[str, str]] | None = None) -> None:
        self.clock = HandClock()
        self.store = WatchedStore(folder / "estafeta.db", clock=self.clock).watch()
        self.customers = 0
        self._turn = asyncio.Lock()
        self.live: asyncio.Queue[Live | None] = asyncio.Queue()
        self.announces = True
        self.typed: list[tuple[str, str]] = []
        self.address = ""
        self.base = base
        self.deliver: Literal["sent", "failed"] = "sent"
        self.cabinet = Cabinet(folder / "cabinet", store=self.store, clock=self.clock)
        self.channels: dict[str, Capabilities | None] = {}
        self.approved: list[Template] = []
        self.refuses = ""
        self.replies = dict(replies or {})
        self.suggestions: list[Suggestion] = []
        self.suggested_to = ("", "")
        self.reasons: dict[int, Why] = {}
        self.corrected: list[tuple[str, str, int]] = []
        self.roster = Roster(self.store, self.clock)
        self.workspace = content()
        self.desk = WebDesk(
            store=self.store,
            clock=self.clock,
            on_typing=self._typed,
            attachments=self.cabinet.attachments,
            capabilities=lambda channel, _account: self.channels.get(channel, EVERYTHING),
            templates=self._templates,
            roster=self.roster,
            skills={
                name: {code: skill.title.pick(code, "en") for code in ("en", "ru")}
                for name, skill in self.workspace.skills.items()
            },
            workspace=self._content,
            suggest=self._suggest,
            why=self._why,
            correct=self._correct,
            base=base,
        )

    def _content(self) -> Workspace:
        """With the office's replies."""
        replies = tuple(CannedReply(name=name, text=LocalText(texts)) for name, texts in self.replies.items())
        return replace(self.workspace, replies=replies)

    async def _suggest(self, conversation: Conversation, operator: str, language: str) -> Sequence[Suggestion]:
        return await self.find_suggestions(conversation, operator, language)

    async def _why(self, _who: Conversation, seq: int) -> Why | None:
        return self.reasons.get(seq)

    async def _correct(self, _who: ConversationId, intent: str, operator: Operator, seq: int = 0) -> bool:
        self.corrected.append((intent, operator.name, seq))
        return True

    async def find_suggestions(self, _who: Conversation, operator: str, language: str) -> Sequence[Suggestion]:
        self.suggested_to = (operator, language)
        return self.suggestions

    async def _templates(self, address: Address) -> Sequence[Template]:
        return await self.answer_templates(address)

    async def answer_templates(self, _address: Address) -> Sequence[Template]:
        return self.approved

    async def inform(self, conversation: ConversationId, text: str, **more: Any) -> None:
        await self.notify(conversation, Notice(kind="info", text=text, **more))

    async def notify(self, conversation: ConversationId, notice: Notice) -> None:
        """As the engine tells the desk something, and records that it was shown."""
        now = await self.stored(conversation)
        view = DeskView(conversation=now, entries=(), now=self.clock.now())
        await self.desk.show(OutboxId(f"info.{now.version}"), notice, view)
        await self.commit(await self.stored(conversation))

    async def _typed(self, conversation: ConversationId, name: str) -> None:
        self.typed.append((conversation, name))
        await self.live.put(Live(kind="typing", conversation=conversation, who="operator", name=name))

    async def announcements(self) -> AsyncIterator[Live]:
        while (live := await self.live.get()) is not None:
            yield live

    async def accept(self, signals: Sequence[Signal]) -> list[Accepted]:
        results = await self.store.accept(signals)
        async with self._turn:
            for signal, result in zip(signals, results, strict=True):
                if result.fresh:
                    await self._apply(signal)
        return results

    async def _apply(self, signal: Signal) -> None:
        """What the engine makes of an operator's signal, as far as the page can tell."""
        assert signal.conversation is not None
        now, event, name = await self.stored(signal.conversation), signal.event, f"{signal.id}.1"
        match event:
            case OperatorSaid() if self.refuses:
                data = {"event": "not_said", "why": self.refuses}
                await self.add(now.id, kind="event", author=Author(kind="system"), data=data, entry_id=name)
            case OperatorSaid() if now.ticket and now.ticket.assignee not in (None, event.operator) and not event.sure:
                assert now.ticket.assignee is not None
                conflict = Notice(kind="conflict", text=now.ticket.assignee.name, message=event.message)
                await self.notify(now.id, conflict)
            case OperatorSaid():
                taken = replace(_ticket(now), assignee=_ticket(now).assignee or event.operator)
                await self.commit(replace(now, stage=Stage.HUMAN, ticket=taken))
                data = {"reply_to": event.reply_to} if event.reply_to else {}
                author = Author(kind="operator", name=event.operator.name, id=event.operator.id)
                said = await self.add(
                    now.id, kind="said", author=author, parts=event.parts, entry_id=name, data=data, there=event.message
                )
                await self.became(said, self.deliver, "The customer blocked the bot")
            case OperatorEdited() | OperatorDeleted() | OperatorReacted():
                await self._change(now, event)
            case UndeliveredMoved():
                await self._undelivered(now, event)
            case OperatorNoted():
                author = Author(kind="operator", name=event.operator.name)
                await self.add(now.id, kind="note", author=author, parts=(Text(text=event.text),), entry_id=name)
            case TicketMoved(move="take"):
                await self.commit(
                    replace(now, stage=Stage.HUMAN, ticket=replace(_ticket(now), assignee=event.operator))
                )
                await self.event(now.id, event="taken", name=event.operator.name)
            case TicketMoved():
                await self._moved(now, event)
            case OperatorUndid():
                author = Author(kind="operator", name=event.operator.name)
                link = next(link for link in now.links if link.there == event.message)
                await self.event(now.id, event="undone", of=link.entry, name=event.operator.name)
                await self.add(now.id, kind="deletion", author=author, data={"of": link.entry})
            case _:
                raise AssertionError(event)

    async def _moved(self, now: Conversation, event: TicketMoved) -> None:
        name, ticket = event.operator.name, _ticket(now)
        match event.move:
            case "return" | "close":
                past = Past(
                    id=ticket.id, reason=ticket.reason, skill=ticket.skill, opened_at=ticket.opened_at,
                    ended_at=self.clock.now(), how="closed" if event.move == "close" else "returned",
                    assignee=event.operator, request=ticket.request, resolution=event.resolution, tags=ticket.tags,
                )  # fmt: skip
                await self.commit(replace(now, stage=Stage.BOT, ticket=None, past=(*now.past, past)))
                happened = "returned" if event.move == "return" else "closed"
                await self.event(now.id, event=happened, ticket=ticket.id, name=name, resolution=event.resolution)
            case "hold":
                assert event.until is not None
                mine = replace(ticket, held_until=event.until, assignee=event.operator)
                await self.commit(replace(now, stage=Stage.HUMAN, ticket=mine))
                await self.event(now.id, event="held", until=event.until.isoformat(), name=name)
            case "resume":
                await self.commit(replace(now, ticket=replace(ticket, held_until=None)))
                await self.event(now.id, event="resumed")
            case "transfer":
                passed = replace(ticket, assignee=None, skill=event.skill or ticket.skill, wanted=event.to)
                await self.commit(replace(now, stage=Stage.QUEUED, ticket=passed))
                await self.event(now.id, event="passed_on", name=name, skill=event.skill, to=event.to)
            case "tag" | "untag":
                kept = {*ticket.tags, *event.tags} if event.move == "tag" else {*ticket.tags} - {*event.tags}
                await self.commit(replace(now, ticket=replace(ticket, tags=tuple(sorted(kept)))))
                await self.event(now.id, event=f"{event.move}ged", tags=list(event.tags), name=name)
            case "priority":
                await self.commit(replace(now, ticket=replace(ticket, priority=event.priority)))
                await self.event(now.id, event="priority", priority=event.priority, name=name)
            case "block" | "unblock":
                await self.commit(replace(now, blocked=event.move == "block"))
                await self.event(now.id, event=f"{event.move}ed", name=name)
            case _:
                assert event.move == "ask_contact"
                await self.say(now.id, "bot", "Please share your phone number")

    async def _change(self, now: Conversation, event: OperatorEdited | OperatorDeleted | OperatorReacted) -> None:
        link = next(link for link in now.links if event.message in (link.entry, link.there))
        author, data = Author(kind="operator", name=event.operator.name), {"of": link.entry}
        match event:
            case OperatorEdited():
                await self.add(now.id, kind="edit", author=author, parts=event.parts, data=data)
            case OperatorDeleted():
                await self.add(now.id, kind="deletion", author=author, data=data)
            case _:
                await self.add(now.id, kind="reaction", author=author, data={**data, "emoji": event.emoji})

    async def _undelivered(self, now: Conversation, event: UndeliveredMoved) -> None:
        (item,) = [item for item in now.undelivered if item.id == event.item]
        assert isinstance(item.body, ToCustomer)
        await self.commit(replace(now, undelivered=tuple(held for held in now.undelivered if held is not item)))
        happened = {"resend": "resent", "drop": "dropped"}[event.move]
        await self.event(now.id, event=happened, of=item.body.message.id, name=event.name)
        if event.move == "resend":
            data = {"of": item.body.message.id, "status": "sent"}
            await self.add(now.id, kind="delivery", author=Author(kind="system"), data=data)

    async def became(self, said: Entry, status: str, sentence: str = "") -> None:
        """What became of sending it, as it is recorded; a failed one waits for somebody to decide."""
        data = {"of": said.id, "status": status, "sentence": sentence if status == "failed" else ""}
        await self.add(said.conversation, kind="delivery", author=Author(kind="system"), data=data)
        if status != "failed":
            return
        now = await self.stored(said.conversation)
        message = OutboundMessage(
            id=OutboxId(said.id), to=now.address, parts=said.parts, author=said.author, seq=said.seq
        )
        item = OutboxItem(id=OutboxId(said.id), body=ToCustomer(message=message))
        await self.commit(replace(now, undelivered=(*now.undelivered, item)))

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
        if self.announces:
            await self.live.put(Live(kind="changed", conversation=conversation.id))

    async def add(
        self,
        conversation: ConversationId,
        *,
        kind: Literal["said", "note", "event", "delivery", "edit", "deletion", "reaction"],
        author: Author,
        entry_id: str = "",
        at: datetime | None = None,
        there: str = "",
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
        if kind == "said" and author.kind != "system":
            link = Link(entry=entry.id, by=author.kind, at=now.address, here=f"m{entry.seq}", there=there, desk="web")
            now = replace(now, links=(*now.links, link))
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
        """`what`: words, a part, or several parts."""
        parts = what if isinstance(what, tuple) else (Text(text=what) if isinstance(what, str) else what,)
        return await self.add(conversation, kind="said", author=Author(kind=who, name=name), parts=parts, **more)

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
            heard_at=now,
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
    async def client(self, name: str = "Анна", role: Role = "admin") -> AsyncIterator[ClientSession]:
        """Logged in under that name, with that role; a name of "" is not logged in."""
        async with ClientSession(f"{self.address}{self.base}/", cookie_jar=CookieJar(unsafe=True)) as session:
            if name:
                code = await self.desk.new_login_code(role)
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
        await office.cabinet.files.open()
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
            await office.cabinet.files.close()
            await office.store.close()
