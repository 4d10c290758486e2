"""The chat's processes joined by a real Redis, which goes away and comes back empty."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from estafeta.app.faults.servers import RedisServer, served
from estafeta.bus.redis.bus import RedisBus
from estafeta.bus.redis.config import RedisConfig
from estafeta.clock import SystemClock
from tests.widget.platform import Platform
from tests.widget.visitor import Visitor


@dataclass
class Two:
    """`web` holds the sockets, `worker` answers."""

    redis: RedisServer
    web: Platform
    worker: Platform


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Two]:
    redis = RedisServer(tmp_path)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(served(redis))
        buses = []
        for name in ("web", "worker"):
            bus = RedisBus(RedisConfig(url=SecretStr(redis.url)), clock=SystemClock(), worker=name)
            await bus.open()
            stack.push_async_callback(bus.close)
            buses.append(bus)
        web = Platform(bus=buses[0])
        worker = Platform(web, bus=buses[1])
        for platform in (web, worker):
            await platform.start()
            stack.push_async_callback(platform.stop)
        yield Two(redis, web, worker)


async def test_words_and_typing_of_a_worker_reach_the_sockets_of_another_process(two: Two) -> None:
    async with Visitor(two.web) as tab:
        await tab.say("Раз")
        await tab.entries(1)
        await two.worker.channel.typing(two.worker.outbound("").to)
        assert await tab.until("typing") == {"type": "typing", "who": "bot", "name": ""}
        two.worker.say("Два")
        assert [entry["text"] for entry in await tab.entries(1)] == ["Два"]


async def test_what_was_said_while_redis_was_away_is_shown_when_it_is_back(two: Two) -> None:
    async with Visitor(two.web) as tab:
        await tab.say("Раз")
        await tab.entries(1)
        await two.redis.kill()
        two.worker.say("Два")
        await asyncio.sleep(0)
        await two.redis.start()
        async with asyncio.timeout(20):  # no ping was sent: it is `missed` that makes the socket look
            while (frame := await tab.ws.receive_json())["type"] != "entries":
                pass
        assert [entry["text"] for entry in frame["entries"]] == ["Два"]
