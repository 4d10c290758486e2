"""WhatsApp at one end of the engine: what only both together can promise."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from estafeta.kernel.model import Address
from flows import loader
from tests.engine.words import Words
from tests.whatsapp.stage import Stage, staged
from tests.world import World, line

WORKSPACE = Path(__file__).parent.parent / "engine" / "workspace"
FASTER = 50


class FastClock:
    """The system's time; what takes a second takes a fiftieth of one."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time() * FASTER

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / FASTER)


@contextlib.asynccontextmanager
async def platform(folder: Path) -> AsyncIterator[tuple[Stage, World, Address]]:
    async with staged(folder, clock=FastClock(), serve=False) as stage:
        address = stage.address(stage.fake.person("Мария").phone)
        world = World(
            folder / "world.db", loader.load(WORKSPACE), Words(), stage.clock, channel=stage.channel,  # type: ignore[arg-type]
            variables={"SHOP_URL": "http://127.0.0.1:1"},
        )  # fmt: skip
        stage.pad = world.store  # type: ignore[assignment]
        stage.inbox = world.intake.accept  # type: ignore[assignment]
        stage.channel = world.channel = stage.made()  # type: ignore[assignment]
        world.outbox._channels = {("whatsapp", "shop"): stage.channel}
        async with world.running(), stage.served():
            yield stage, world, address


def from_us(stage: Stage) -> list[str]:
    return [one.text for one in stage.fake.messages(stage.fake.person("Мария")) if one.by_business]


async def read_by_us(world: World, address: Address) -> list[str]:
    return [line(entry) for entry in await world.store.entries(address.conversation, limit=100)]


@pytest.mark.parametrize(("kind", "tries"), [("drop_after", 1), ("drop_before", 2), ("broken_json", 1)])
async def test_an_answer_that_was_cut_off_is_seen_once(tmp_path: Path, kind: Any, tries: int) -> None:
    async with platform(tmp_path) as (stage, world, address):
        stage.fake.fail("messages", kind)
        stage.fake.person("Мария").says("/pay")
        await stage.fake.wait(lambda: from_us(stage))
        await world.settled(address.conversation)
        await stage.fake.wait(lambda: not stage.fake.webhook.waiting)
        assert from_us(stage) == ["By card or cash"]
        assert len(stage.fake.calls_of("messages")) == tries
        assert "bot: By card or cash" in await read_by_us(world, address)


async def test_several_answers_in_a_row_are_one_message(tmp_path: Path) -> None:
    async with platform(tmp_path) as (stage, world, address):
        stage.fake.person("Мария").says("/talk")
        await stage.fake.wait(lambda: from_us(stage))
        await world.settled(address.conversation)
        await stage.fake.wait(lambda: not stage.fake.webhook.waiting)
        assert " ".join(from_us(stage)).split() == ["First", "Then"]
        assert len(from_us(stage)) == 1
