"""The forum desk's promises, against the stand-in's real HTTP: topics, cards, what operators type and press."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Literal

import pytest

from estafeta.kernel.model import Signal
from estafeta.kernel.ports import DeskView
from tests.contracts.desk_contract import DeskContract, DeskHarness
from tests.desks.telegram_forum.office import LABELS, Office, office


class ForumHarness(DeskHarness):
    def __init__(self, at: Office) -> None:
        self.at = at
        self.desk = at.desk
        self.inbox = at.stage.inbox

    async def types(self, view: DeskView, text: str) -> None:
        self.at.anna.says(text, topic=self.at.topic(view))

    async def notes(self, view: DeskView, text: str) -> None:
        self.at.anna.says(f"// {text}", topic=self.at.topic(view))

    async def moves(self, view: DeskView, move: Literal["take", "return", "close"]) -> None:
        card = int(view.conversation.threads[self.desk.name].card)
        self.at.anna.presses(LABELS[move], message_id=card)

    async def sees(self, view: DeskView) -> str:
        topic = self.at.topic(view)
        return "\n".join([self.at.name(topic), *self.at.shown(topic)])

    def concerns(self, signal: Signal, view: DeskView) -> bool:
        return signal.address == view.conversation.threads[self.desk.name].address


class TestForumDesk(DeskContract):
    @pytest.fixture
    async def harness(self) -> AsyncIterator[ForumHarness]:
        async with office() as at:
            yield ForumHarness(at)
