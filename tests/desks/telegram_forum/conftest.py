"""The operators' group at work, with a workspace, and a customer who waits in it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from estafeta.kernel.ports import DeskView
from flows.model import Workspace
from tests.contracts.desk_contract import make_view
from tests.desks.telegram_forum.office import CARD, Office, listening, office, stored


@pytest.fixture
async def work(demo_workspace: Workspace) -> AsyncIterator[Office]:
    async with office() as at:
        at.workspace = demo_workspace
        async with listening(at):
            yield at


@pytest.fixture
async def customer(work: Office) -> DeskView:
    """Waits for people; the topic and the conversation are there."""
    return await stored(work, await work.show(CARD, make_view("Вера Лисицына", "Где мой заказ?")))
