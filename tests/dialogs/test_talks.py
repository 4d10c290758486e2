"""Every conversation goes three ways: straight; with the process replaced after every act; with every
signal delivered twice. All three must give the same transcript, and the expected one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import pytest

from estafeta.clock import TestClock
from estafeta.kernel.model import ConversationId, Event
from estafeta.kernel.ports import Accepted, Understander
from flows.model import Workspace
from tests.dialogs.talks import Talk, act, check, talks
from tests.world import HOME, World

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=ZoneInfo("Europe/Moscow"))
Way = Literal["straight", "reloaded", "twice"]


class Echoing(World):
    """Every signal arrives twice, the second time after everything that followed from the first."""

    async def tell(self, event: Event, *, identity: str = "", **more: object) -> Accepted:
        identity = identity or f"test.{self._number + 1}"
        first = await super().tell(event, identity=identity, **more)  # type: ignore[arg-type]
        await self.settled()
        self._number -= 1
        second = await super().tell(event, identity=identity, **more)  # type: ignore[arg-type]
        assert second == Accepted(conversation=first.conversation, fresh=False)
        # Nothing announces that nothing happened: give the loop a chance to do it wrong.
        for _ in range(5):
            await asyncio.sleep(0)
        return first

    async def settled(self, conversation: ConversationId = HOME.conversation):  # type: ignore[no-untyped-def]
        return await super().settled(conversation)


async def run(talk: Talk, way: Way, path: Path, workspace: Workspace, understander: Understander,
              variables: Mapping[str, str]) -> list[str]:  # fmt: skip
    kind = Echoing if way == "twice" else World
    clock = TestClock(NOON)
    world = kind(path, workspace, understander, clock, variables=variables)
    seen = 0
    number = 0
    transcript: list[str] = []
    acts = list(talk.acts())
    while number < len(acts):
        async with world.running():
            while number < len(acts):
                what, value, expected = acts[number]
                await act(world, what, value)
                entries = await world.entries()
                check(entries[seen:], expected, f"{way}, after {what}: {value}")
                seen = len(entries)
                number += 1
                transcript = await world.transcript()
                if way == "reloaded":
                    break
        told = world._number
        world = kind(path, workspace, understander, clock, channel=world.channel, desk=world.desk, variables=variables)
        world._number = told
    return transcript


@pytest.mark.parametrize("talk", talks(), ids=lambda talk: talk.name)
async def test_all_three_ways_give_the_same_transcript(
    talk: Talk, tmp_path: Path, demo_workspace: Workspace, demo_understander: Understander, shop_url: str
) -> None:
    ways: list[Way] = ["straight", "reloaded", "twice"]
    transcripts = {
        way: await run(talk, way, tmp_path / f"{way}.db", demo_workspace, demo_understander, {"SHOP_URL": shop_url})
        for way in ways
    }
    assert transcripts["reloaded"] == transcripts["straight"]
    assert transcripts["twice"] == transcripts["straight"]
