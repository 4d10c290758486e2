"""A real redis-server, empty, and buses on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from estafeta.app.faults.servers import RedisServer, served
from estafeta.bus.redis.bus import RedisBus
from estafeta.bus.redis.config import RedisConfig
from estafeta.clock import SystemClock
from estafeta.kernel.ports import Live

MISSED = Live(kind="missed", conversation="")  # type: ignore[arg-type]
JoinRedis = Callable[[str], Awaitable[RedisBus]]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RedisServer]:
    redis = RedisServer(tmp_path)
    async with served(redis):
        yield redis


@pytest.fixture
def config(server: RedisServer) -> RedisConfig:
    return RedisConfig(url=SecretStr(server.url))


@pytest.fixture
async def redis(server: RedisServer) -> AsyncIterator[Redis]:
    """A client of the tests' own."""
    async with Redis(port=server.port) as client:
        yield client


@pytest.fixture
async def join(config: RedisConfig) -> AsyncIterator[JoinRedis]:
    opened: list[RedisBus] = []

    async def join(worker: str) -> RedisBus:
        bus = RedisBus(config, clock=SystemClock(), worker=worker)
        opened.append(bus)
        await bus.open()
        return bus

    yield join
    for bus in opened:
        await bus.close()


@pytest.fixture
async def bus(join: JoinRedis) -> RedisBus:
    return await join("first")


async def until(holds: Callable[[], bool] | Callable[[], Awaitable[bool]], seconds: float = 10.0) -> None:
    """Returns when it holds; fails when it does not within `seconds`."""
    async with asyncio.timeout(seconds):
        while True:
            told = holds()
            if told if isinstance(told, bool) else await told:
                return
            await asyncio.sleep(0.02)
