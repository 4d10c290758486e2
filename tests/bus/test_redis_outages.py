"""Redis away, hanging, empty, full, read-only: nothing raises, nothing takes long, and it comes back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from structlog.testing import capture_logs

from estafeta.app.faults.servers import RedisServer, free_port, served
from estafeta.bus.redis.bus import RedisBus
from estafeta.bus.redis.config import RedisConfig
from estafeta.clock import SystemClock
from estafeta.kernel.errors import ConfigurationError
from estafeta.kernel.ports import Live
from tests.bus.conftest import MISSED, JoinRedis, until
from tests.contracts.bus_contract import SOON, changed, conversation, take

QUICK = 0.45
"""Seconds that a call may take when Redis does not answer: a quarter, and what a busy machine adds."""


async def hears(listener: AsyncIterator[Live], live: Live) -> None:
    async with asyncio.timeout(SOON):
        while await anext(listener) != live:
            pass


async def is_carried(bus: RedisBus, wakes: AsyncIterator[Any], name: object) -> None:
    """A wake-up goes through, be it after some tries and behind others."""

    async def arrives() -> None:
        async for woken in wakes:
            bus.done(woken)
            if woken == conversation(name):
                return

    coming = asyncio.create_task(arrives())
    async with asyncio.timeout(SOON):
        while not coming.done():
            await bus.wake(conversation(name))
            await asyncio.wait([coming], timeout=0.1)
    await coming


async def timed(bus: RedisBus) -> float:
    began = time.monotonic()
    await bus.wake(conversation("quick"))
    await bus.announce(changed("quick"))
    bus.done(conversation("quick"))
    return time.monotonic() - began


async def test_wake_ups_flow_again_after_a_restart_with_nothing(bus: RedisBus, server: RedisServer) -> None:
    heard, wakes = bus.announcements(), bus.wakes()
    await is_carried(bus, wakes, 1)
    await server.kill()
    await until(lambda: not bus.up)
    for number in range(20):
        assert await timed(bus) < QUICK, number
    await server.start()
    await until(lambda: bus.up)
    await hears(heard, MISSED)
    await is_carried(bus, wakes, 2)


async def test_what_was_in_hand_when_it_was_lost_holds_up_nothing(bus: RedisBus, server: RedisServer) -> None:
    wakes = bus.wakes()
    await bus.wake(conversation(1))
    await take(1, wakes)
    await server.kill()
    await until(lambda: not bus.up)
    bus.done(conversation(1))
    await server.start()
    await is_carried(bus, wakes, 1)


async def test_a_server_that_hangs_delays_nobody(bus: RedisBus, server: RedisServer) -> None:
    heard, wakes = bus.announcements(), bus.wakes()
    await is_carried(bus, wakes, 1)
    server.pause()
    try:
        for _ in range(5):
            assert await timed(bus) < QUICK
        assert not bus.up
        assert await take(1, heard) == [changed("quick")]
    finally:
        server.resume()
    await until(lambda: bus.up)
    await hears(heard, MISSED)
    await is_carried(bus, wakes, 2)


async def test_a_hanging_server_is_noticed_by_who_only_waits(bus: RedisBus, server: RedisServer) -> None:
    server.pause()
    try:
        await until(lambda: not bus.up, 5)
    finally:
        server.resume()
    await until(lambda: bus.up)


async def test_closing_does_not_wait_for_a_hanging_server(join: JoinRedis, server: RedisServer) -> None:
    bus = await join("leaving")
    await bus.wake(conversation(1))
    await take(1, bus.wakes())
    server.pause()
    try:
        began = time.monotonic()
        await bus.close()
        assert time.monotonic() - began < 3
    finally:
        server.resume()
    other = await join("other")
    assert await take(1, other.wakes()) == ["c1"]


async def test_while_it_is_down_listeners_hear_again_and_again_that_they_miss_something(
    bus: RedisBus, server: RedisServer
) -> None:
    heard = bus.announcements()
    await server.kill()
    for _ in range(2):
        await hears(heard, MISSED)
    await bus.announce(changed(1))
    await hears(heard, changed(1))


async def test_the_others_hear_that_they_missed_what_could_not_be_sent(
    bus: RedisBus, join: JoinRedis, redis: Redis
) -> None:
    """This process cannot write, and the others notice nothing of that."""
    other = await join("other")
    heard = other.announcements()
    await redis.config_set("maxmemory", "1")
    await bus.wake(conversation(1))
    await bus.announce(changed(1))
    await until(lambda: not bus.up)
    await redis.config_set("maxmemory", "0")
    await hears(heard, MISSED)


@pytest.mark.parametrize(
    ("spoil", "mend"),
    [
        (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),
        (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")),
        (("CONFIG", "SET", "min-replicas-to-write", "3"), ("CONFIG", "SET", "min-replicas-to-write", "0")),
        (("ACL", "SETUSER", "default", "-evalsha"), ("ACL", "SETUSER", "default", "+evalsha")),
        (("SET", "{estafeta}:wakes", "x"), ("DEL", "{estafeta}:wakes")),
    ],
)
async def test_a_server_that_takes_no_writes_is_an_outage_like_any(
    bus: RedisBus, redis: Redis, spoil: tuple[str, ...], mend: tuple[str, ...]
) -> None:
    wakes = bus.wakes()
    await is_carried(bus, wakes, 1)
    await redis.execute_command(*spoil)  # type: ignore[no-untyped-call]
    for number in range(3):
        assert await timed(bus) < QUICK, number
    await until(lambda: not bus.up)
    await redis.execute_command(*mend)  # type: ignore[no-untyped-call]
    await until(lambda: bus.up)
    await is_carried(bus, wakes, 2)


async def test_emptied_while_it_runs_it_is_filled_again(bus: RedisBus, redis: Redis) -> None:
    wakes = bus.wakes()
    await is_carried(bus, wakes, 1)
    await redis.flushall()
    await redis.script_flush()
    await is_carried(bus, wakes, 2)


async def test_one_sentence_for_an_outage_and_one_for_its_end(server: RedisServer, config: RedisConfig) -> None:
    bus = RedisBus(config, clock=SystemClock(), worker="w")
    await bus.open()
    with capture_logs() as logs:
        await server.kill()
        await until(lambda: not bus.up)
        for _ in range(20):
            await bus.wake(conversation(1))
            await asyncio.sleep(0.05)
        await server.start()
        await until(lambda: bus.up)
        await until(lambda: len(logs) == 2)
    await bus.close()
    assert [(log["event"], log["log_level"]) for log in logs] == [
        ("redis_unavailable", "warning"),
        ("redis_back", "info"),
    ]
    assert "polled" in logs[0]["sentence"]


async def test_a_server_that_is_down_does_not_stop_the_start(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    bus = RedisBus(RedisConfig(url=SecretStr(server.url)), clock=SystemClock(), worker="w")
    began = time.monotonic()
    await bus.open()
    assert time.monotonic() - began < 4
    assert not bus.up
    heard, wakes = bus.announcements(), bus.wakes()
    assert await timed(bus) < QUICK
    async with served(server):
        await until(lambda: bus.up)
        await hears(heard, MISSED)
        await is_carried(bus, wakes, 1)
        await bus.close()


async def test_a_server_that_hangs_does_not_stop_the_start(server: RedisServer, config: RedisConfig) -> None:
    server.pause()
    bus = RedisBus(config, clock=SystemClock(), worker="w")
    async with asyncio.timeout(5):
        await bus.open()
    assert not bus.up
    server.resume()
    await until(lambda: bus.up)
    await bus.close()


@pytest.mark.parametrize("credentials", ["", ":wrong-secret@", "nobody:wrong-secret@"])
async def test_a_wrong_password_is_told_at_the_start_and_not_repeated(
    server: RedisServer, redis: Redis, credentials: str
) -> None:
    await redis.config_set("requirepass", "right-secret")
    config = RedisConfig(url=SecretStr(f"redis://{credentials}127.0.0.1:{server.port}/0"))
    bus = RedisBus(config, clock=SystemClock(), worker="w")
    with pytest.raises(ConfigurationError, match="ESTAFETA_REDIS__URL") as refused:
        await bus.open()
    assert "secret" not in str(refused.value)
    assert "secret" not in repr(config)
    await bus.close()


async def test_the_right_password_opens(server: RedisServer, redis: Redis) -> None:
    await redis.config_set("requirepass", "right-secret")
    config = RedisConfig(url=SecretStr(f"redis://:right-secret@127.0.0.1:{server.port}/0"))
    bus = RedisBus(config, clock=SystemClock(), worker="w")
    await bus.open()
    await is_carried(bus, bus.wakes(), 1)
    await bus.close()


async def test_a_password_that_changes_is_an_outage_without_secrets(server: RedisServer, redis: Redis) -> None:
    await redis.config_set("requirepass", "right-secret")
    config = RedisConfig(url=SecretStr(f"redis://:right-secret@127.0.0.1:{server.port}/0"))
    bus = RedisBus(config, clock=SystemClock(), worker="w")
    await bus.open()
    with capture_logs() as logs:
        await redis.config_set("requirepass", "another-secret")
        await redis.client_kill_filter(skipme=True)
        await until(lambda: not bus.up)
        await until(lambda: bool(logs))
    await bus.close()
    assert "secret" not in repr(logs)


async def test_a_database_that_is_not_there_is_a_wrong_setting(server: RedisServer) -> None:
    config = RedisConfig(url=SecretStr(f"redis://127.0.0.1:{server.port}/999"))
    with pytest.raises(ConfigurationError, match="no such database"):
        await RedisBus(config, clock=SystemClock(), worker="w").open()


async def test_nobody_there_at_all() -> None:
    config = RedisConfig(url=SecretStr(f"redis://127.0.0.1:{free_port()}"))
    bus = RedisBus(config, clock=SystemClock(), worker="w")
    await bus.open()
    assert not bus.up
    await bus.close()
    await bus.close()
