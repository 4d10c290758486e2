"""The operators' group on the stand-in messenger, with our desk and the channel that brings it updates."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from bots.telegram.client import TelegramClient
from bots.telegram.config import TelegramLimits
from estafeta.fakes.telegram import Shown
from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import Address, ConversationId, Json, Notice, OutboxId
from estafeta.kernel.ports import DeskView
from handoff.desks.telegram_forum import TelegramForumDesk
from handoff.desks.telegram_forum.texts import Language
from storage.sqlite import SqliteStore
from tests.contracts.desk_contract import item, placed
from tests.telegram.stage import UNLIMITED, Stage, staged

LABELS = {"take": "Взять", "return": "Вернуть боту", "close": "Закрыть"}


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
    """`anna` is an operator: a plain member of the group."""

    def __init__(self, stage: Stage, store: Linking, language: Language) -> None:
        self.stage = stage
        self.store = store
        self.fake = stage.fake
        self.group = stage.fake.group("Операторы")
        self.language: Language = language
        self.desk = self.make_desk(stage.client)
        self.anna = self.group.operator("Анна", status="member")
        stage.routes = {self.group.id: self.desk.handle}

    def make_desk(self, client: TelegramClient) -> TelegramForumDesk:
        """As of another worker: it knows nothing but the store."""
        return TelegramForumDesk(
            client, self.group.id, clock=self.stage.clock, store=self.store, language=self.language
        )

    async def show(
        self,
        notice: Notice,
        view: DeskView,
        *,
        outbox: OutboxId | None = None,
        desk: TelegramForumDesk | None = None,
    ) -> DeskView:
        shown = desk or self.desk
        return placed(view, shown, await shown.show(outbox or item(), notice, view))

    def topic(self, view: DeskView) -> int:
        return int(view.conversation.threads[self.desk.name].address.chat)

    def name(self, topic: int) -> str:
        return self.group.chat.topics[topic].name

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
async def office(*, language: Language = "ru", pace: TelegramLimits = UNLIMITED, **fake: Any) -> AsyncIterator[Office]:
    async with staged("polling", pace=pace, **fake) as stage:
        with tempfile.TemporaryDirectory() as folder:
            store = Linking(Path(folder) / "estafeta.db", clock=stage.clock)
            await store.open()
            try:
                at = Office(stage, store, language)
                async with stage.listening():
                    yield at
            finally:
                await store.close()
