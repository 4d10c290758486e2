"""The operators' group on the stand-in messenger, with our desk and the channel that brings it updates."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from bots.telegram.client import TelegramClient, Upload
from bots.telegram.config import TelegramLimits
from bots.telegram.content import origin, parts_of
from estafeta.attachments import Attachments
from estafeta.explaining import Why
from estafeta.fakes.telegram import Shown
from estafeta.fakes.telegram.forum import ICONS
from estafeta.kernel.errors import SendFailed, StoreUnavailable
from estafeta.kernel.model import (
    Address,
    Author,
    Conversation,
    ConversationId,
    Entry,
    EntryId,
    Json,
    Link,
    Media,
    MediaKind,
    Notice,
    Operator,
    OutboxId,
    Part,
    Stage,
    Template,
)
from estafeta.kernel.ports import Change, DeskView, Incoming, Receipt
from estafeta.roster import Roster
from estafeta.suggestions import Suggestion
from flows.model import Workspace
from handoff.desks.telegram_forum import TelegramForumDesk
from handoff.desks.telegram_forum.texts import Language
from handoff.floor import Floor
from storage.files.folder import FolderFiles
from storage.sqlite import SqliteStore
from tests.contracts.desk_contract import item, placed
from tests.telegram.stage import UNLIMITED, staged
from tests.telegram.stage import Stage as Scene

CARD = Notice(kind="card")
STATE = Notice(kind="state")
LABELS = {"take": "Взять", "pass": "Передать…", "return": "Вернуть боту", "close": "Закрыть"}


class Linking(SqliteStore):
    """`linked` is what it was told of topics, `kept` what is under its keys; it is away for the next
    `unlinkable` links and the next `unputtable` puts."""

    linked: dict[Address, ConversationId]
    kept: dict[str, Json]
    unlinkable = 0
    unputtable = 0

    async def open(self) -> None:
        self.linked, self.kept = {}, {}
        await super().open()

    async def link(self, address: Address, conversation: ConversationId) -> None:
        if self.unlinkable:
            self.unlinkable -= 1
            raise StoreUnavailable("the disk is full")
        await super().link(address, conversation)
        self.linked[address] = conversation

    async def put(self, key: str, value: Json) -> None:
        if self.unputtable:
            self.unputtable -= 1
            raise StoreUnavailable("the disk is full")
        await super().put(key, value)
        self.kept = {name: held for name, held in {**self.kept, key: value}.items() if held is not None}


class Office:
    """`anna` is an operator: a plain member of the group. `templates` are those of any address."""

    def __init__(
        self, stage: Scene, store: Linking, attachments: Attachments, language: Language, rests: float = 0.0
    ) -> None:
        self.stage = stage
        self.store = store
        self.attachments = attachments
        self.fake = stage.fake
        self.group = stage.fake.group("Операторы")
        self.language: Language = language
        self.templates: list[Template] = []
        self.asked: list[Address] = []
        self.refuses: SendFailed | None = None
        self.rests = rests
        self.roster = Roster(store, stage.clock, open_to_members=True)
        self.workspace: Workspace | None = None
        self.floor = Floor()
        self.suggestions: list[Suggestion] = []
        self.suggested_to = ("", "")
        self.reasons: dict[int, Why] = {}
        self.corrected: list[tuple[str, int]] = []
        self.corrects = True
        self.desk = self.make_desk(stage.client)
        self.anna = self.group.operator("Анна", status="member")
        stage.routes = {self.group.id: self.desk.handle}

    def make_desk(self, client: TelegramClient) -> TelegramForumDesk:
        """As of another worker: it knows nothing but the store."""
        return TelegramForumDesk(
            client, self.group.id, clock=self.stage.clock, store=self.store, language=self.language,
            attachments=self.attachments, parts_of=partial(parts_of, account="shop"), upload=Upload,
            origin=origin("shop"), templates=self._templates, web_desk="https://shop.example/desk", rests=self.rests,
            roster=self.roster, workspace=lambda: self.workspace, floor=lambda: self.floor,
            suggest=self._suggest, why=self._why, correct=self._correct,
        )  # fmt: skip

    async def _suggest(self, _who: Conversation, operator: str, language: str) -> Sequence[Suggestion]:
        self.suggested_to = (operator, language)
        return self.suggestions

    async def _why(self, _who: Conversation, seq: int) -> Why | None:
        return self.reasons.get(seq)

    async def _correct(self, _who: ConversationId, intent: str, operator: Operator, seq: int = 0) -> bool:
        assert (operator.name, operator.desk) == ("Анна", "telegram_forum")
        self.corrected += [(intent, seq)] if self.corrects else []
        return self.corrects

    async def _templates(self, address: Address) -> Sequence[Template]:
        self.asked.append(address)
        if self.refuses is not None:
            raise self.refuses
        return self.templates

    async def keep(self, kind: MediaKind, content: bytes, name: str, **more: Any) -> Media:
        """A file in our own store, as it came from any channel."""

        async def chunks() -> AsyncIterator[bytes]:
            yield content

        stored = await self.attachments.keep(Incoming(chunks=chunks(), size=len(content), name=name))
        return replace(await self.attachments.media(stored, kind), **more)

    def in_telegram(self, kind: MediaKind, content: bytes = b"...", *, name: str = "", field: str = "") -> Media:
        """A file that a customer of the same bot sent."""
        file = self.fake.world.add_file(name or f"{kind}.bin", content, "application/octet-stream", None, field or kind)
        return Media(kind=kind, ref=file.id, origin=origin("shop"), name=name, size=file.size)

    async def show(
        self,
        notice: Notice,
        view: DeskView,
        *,
        outbox: OutboxId | None = None,
        desk: TelegramForumDesk | None = None,
    ) -> DeskView:
        shown = desk or self.desk
        self.receipt = await shown.show(outbox or item(), notice, view)
        return placed(view, shown, self.receipt)

    async def says(self, view: DeskView, *parts: Part, desk: TelegramForumDesk | None = None, **data: Json) -> DeskView:
        """The customer says this, the topic shows it, and the engine links the two."""
        view = with_entry(view, *parts, **data)
        entry = view.entries[-1]
        view = await self.show(Notice(kind="said", entries=(entry.id,)), view, desk=desk)
        if entry.kind != "said":
            return view
        return linked(
            view,
            Link(
                entry=entry.id,
                by="customer",
                at=view.conversation.address,
                here=f"h{entry.seq}",
                there=self.receipt.external,
                desk=self.desk.name,
            ),
        )

    receipt = Receipt()
    """Of what was shown last."""

    def topic(self, view: DeskView) -> int:
        return int(view.conversation.threads[self.desk.name].address.chat)

    def name(self, topic: int) -> str:
        return self.group.chat.topics[topic].name

    def icon(self, topic: int) -> str:
        return ICONS.get(self.group.chat.topics[topic].icon_custom_emoji_id or "", "")

    def messages(self, topic: int) -> list[Shown]:
        return [message for message in self.fake.messages(self.group, topic=topic) if not message.service]

    def shown(self, topic: int) -> list[str]:
        return [message.text for message in self.messages(topic)]

    async def told(self, topic: int, words: str) -> Shown:
        """The message of ours in the topic that holds these words, once it is there."""
        found: Any = await self.fake.wait(
            lambda: next((m for m in self.messages(topic) if m.by_bot and words in m.text), None)
        )
        assert isinstance(found, Shown)
        return found


@contextlib.asynccontextmanager
async def office(
    *, language: Language = "ru", pace: TelegramLimits = UNLIMITED, rests: float = 0.0, **fake: Any
) -> AsyncIterator[Office]:
    async with staged("polling", pace=pace, **fake) as stage:
        with tempfile.TemporaryDirectory() as folder:
            store = Linking(Path(folder) / "estafeta.db", clock=stage.clock)
            await store.open()
            files = FolderFiles(Path(folder) / "files")
            await files.open()
            attachments = Attachments(files=files, store=store, clock=stage.clock, folder=Path(folder) / "arriving")
            try:
                at = Office(stage, store, attachments, language, rests)
                async with stage.listening() as channel:
                    attachments.sources[origin("shop")] = channel
                    yield at
            finally:
                await store.close()


def with_entry(
    view: DeskView, *parts: Part, kind: str = "said", author: Author | None = None, **data: Json
) -> DeskView:
    """The view after something more was said (or edited, or taken back)."""
    held = view.conversation
    seq = max((entry.seq for entry in view.entries), default=0) + 1
    entry = Entry(
        id=EntryId(f"{held.id}.e{seq}"), conversation=held.id, seq=seq, at=view.now,
        author=author or Author(kind="customer", name=held.customer.name), kind=kind,  # type: ignore[arg-type]
        parts=parts, data=data,
    )  # fmt: skip
    return replace(view, entries=(*view.entries, entry), conversation=replace(held, seq=seq))


def linked(view: DeskView, link: Link) -> DeskView:
    return replace(view, conversation=replace(view.conversation, links=(*view.conversation.links, link)))


def moved(view: DeskView, stage: Stage, event: str = "", *, version: int | None = None) -> DeskView:
    """The view after an operator moved the ticket."""
    held = view.conversation
    ticket = held.ticket if stage is not Stage.BOT else None
    if stage is Stage.HUMAN and ticket is not None:
        ticket = replace(ticket, assignee=Operator(id="1", name="Ольга", desk="telegram_forum"))
    happened = Entry(
        id=EntryId(f"{held.id}.{event}"), conversation=held.id, seq=99, at=view.now, author=Author(kind="system"),
        kind="event", data={"event": event},
    )  # fmt: skip
    changed = replace(held, stage=stage, ticket=ticket, version=version or held.version + 1)
    return replace(view, conversation=changed, entries=(*view.entries, happened))


async def stored(at: Office, view: DeskView, *, before: int = 0) -> DeskView:
    """The view, with its conversation and entries in the store. `before` is the version that is there."""
    held = view.conversation
    entries = tuple(replace(entry, seq=number) for number, entry in enumerate(view.entries, 1))
    seq = (await at.store.load(held.id)).conversation
    fresh = entries[seq.seq if seq is not None else 0 :]
    held = replace(held, version=before + 1, seq=len(entries))
    await at.store.commit(Change(conversation=held, expected_version=before, applied=(), entries=fresh))
    for thread in held.threads.values():
        await at.store.link(thread.address, held.id)
    return replace(view, conversation=held, entries=entries)


@contextlib.asynccontextmanager
async def listening(at: Office) -> AsyncIterator[None]:
    """The desk at work, with its menus set."""
    task = asyncio.create_task(at.desk.listen(at.stage.inbox))
    await at.fake.wait(lambda: len(at.fake.calls_of("setMyCommands")) >= 6)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
