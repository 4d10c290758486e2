"""The operators' group on the stand-in messenger, with our desk and the channel that brings it updates."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from bots.telegram.config import TelegramLimits
from estafeta.fakes.telegram import Shown
from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import Address, ConversationId, Notice, OutboxId
from estafeta.kernel.ports import DeskView
from handoff.desks.telegram_forum import TelegramForumDesk
from handoff.desks.telegram_forum.texts import Language
from tests.contracts.desk_contract import item, placed
from tests.telegram.stage import UNLIMITED, Stage, staged

LABELS = {"take": "Взять", "return": "Вернуть боту", "close": "Закрыть"}


class Office:
    """`anna` is an operator: a plain member of the group. `linked` is what a store would know of topics;
    it is away for the next `unlinkable` tries."""

    def __init__(self, stage: Stage, language: Language) -> None:
        self.stage = stage
        self.fake = stage.fake
        self.group = stage.fake.group("Операторы")
        self.linked: dict[Address, ConversationId] = {}
        self.unlinkable = 0
        self.desk = TelegramForumDesk(
            stage.client, self.group.id, clock=stage.clock, link=self._link, language=language
        )
        self.anna = self.group.operator("Анна", status="member")
        stage.routes = {self.group.id: self.desk.handle}

    async def _link(self, address: Address, conversation: ConversationId) -> None:
        if self.unlinkable:
            self.unlinkable -= 1
            raise StoreUnavailable("the disk is full")
        self.linked[address] = conversation

    async def show(self, notice: Notice, view: DeskView, *, outbox: OutboxId | None = None) -> DeskView:
        return placed(view, self.desk, await self.desk.show(outbox or item(), notice, view))

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
        at = Office(stage, language)
        async with stage.listening():
            yield at
