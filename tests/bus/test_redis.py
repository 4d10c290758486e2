"""The bus on a real Redis: the contract, competing workers, what is not to be lost with one of them."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest
from redis.asyncio import Redis

from estafeta.app.faults.servers import RedisServer
from estafeta.bus.redis import taking
from estafeta.bus.redis.bus import RedisBus
from estafeta.bus.redis.config import RedisConfig
from estafeta.clock import SystemClock
from estafeta.kernel.model import ConversationId
from estafeta.kernel.ports import Live
from tests.bus.conftest import JoinRedis, until
from tests.contracts.bus_contract import SOON, SharedBusContract, changed, conversation, take

ROOT = Path(__file__).parents[2]
STREAM = "{estafeta}:wakes"


async def waiting(redis: Redis) -> int:
    return int(await redis.xlen(STREAM))


async def workers(redis: Redis) -> set[str]:
    return {str(one["name"], "utf-8") for one in await redis.xinfo_consumers(STREAM, "workers")}


class TestRedisBus(SharedBusContract):
    @pytest.fixture
    def bus(self, bus: RedisBus) -> RedisBus:
        return bus

    @pytest.fixture
    def join(self, join: JoinRedis) -> JoinRedis:
        return join

    async def test_it_opens_again(self, bus: RedisBus) -> None:
        await bus.wake(conversation(1))
        await bus.close()
        await bus.open()
        assert await take(1, bus.wakes()) == ["c1"]


async def test_a_conversation_that_waits_already_is_not_queued_again(bus: RedisBus, redis: Redis) -> None:
    for number in (1, 2, 1, 1, 3, 2):
        await bus.wake(conversation(number))
    assert await waiting(redis) == 3
    assert await take(3, bus.wakes()) == ["c1", "c2", "c3"]


async def test_what_is_done_leaves_nothing_behind(bus: RedisBus, redis: Redis) -> None:
    for number in range(100):
        await bus.wake(conversation(number))
    for woken in await take(100, bus.wakes()):
        bus.done(woken)

    async def only_the_stream() -> bool:
        return await redis.keys("*") == [STREAM.encode()]

    await until(only_the_stream)
    assert await waiting(redis) == 0
    assert (await redis.xpending(STREAM, "workers"))["pending"] == 0


async def test_two_workers_are_not_at_one_conversation_and_it_comes_around(bus: RedisBus, join: JoinRedis) -> None:
    other = await join("other")
    await bus.wake(conversation(1))
    await take(1, bus.wakes())
    await other.wake(conversation(1))
    second = asyncio.create_task(take(1, other.wakes()))
    await asyncio.wait([second], timeout=0.5)
    assert not second.done()
    bus.done(conversation(1))
    assert await second == ["c1"]


async def test_work_that_takes_long_is_left_to_its_worker(bus: RedisBus, join: JoinRedis) -> None:
    """Longer than a lock lives unless it is renewed, and than it takes to be thought dead."""
    other = await join("other")
    await bus.wake(conversation(1))
    wakes = bus.wakes()
    await take(1, wakes)
    mine, theirs = asyncio.ensure_future(anext(wakes)), asyncio.ensure_future(anext(other.wakes()))
    await asyncio.sleep(2.0)
    await other.wake(conversation(2))  # somebody takes this one
    await asyncio.wait([mine, theirs], timeout=2.0)
    taken = [task.result() for task in (mine, theirs) if task.done()]
    assert taken == ["c2"]
    for task in (mine, theirs):
        task.cancel()
    await asyncio.gather(mine, theirs, return_exceptions=True)


@pytest.mark.slow
async def test_what_a_killed_worker_had_comes_to_another_within_seconds(
    bus: RedisBus, server: RedisServer, redis: Redis
) -> None:
    for number in range(100):
        await bus.wake(conversation(number))
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bus.taker", server.url, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    async with asyncio.timeout(30):
        for _ in range(100):
            await child.stdout.readline()
    child.kill()
    assert await child.wait() == -signal.SIGKILL
    began = asyncio.get_running_loop().time()
    assert sorted(await take(100, bus.wakes())) == sorted(conversation(number) for number in range(100))
    assert asyncio.get_running_loop().time() - began < 5


async def test_what_was_read_and_not_yielded_goes_to_workers_that_want_it(bus: RedisBus, join: JoinRedis) -> None:
    """A worker that is about to stop takes nothing more, and keeps nothing from the others."""
    other = await join("other")
    for number in range(40):
        await bus.wake(conversation(number))
    first = await take(1, bus.wakes())
    rest = await take(39, other.wakes())
    assert sorted([*first, *rest]) == sorted(conversation(number) for number in range(40))


async def test_a_worker_that_says_done_to_nothing_takes_only_so_much(
    bus: RedisBus, join: JoinRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "_MOST_IN_HAND", 10)
    monkeypatch.setattr(taking, "_AT_ONCE", 5)
    for number in range(30):
        await bus.wake(conversation(number))
    wakes = bus.wakes()
    in_hand = await take(10, wakes)
    eleventh = asyncio.ensure_future(anext(wakes))
    other = await join("other")
    theirs = other.wakes()
    for _ in range(20):
        other.done(await anext(theirs))
    assert not eleventh.done()
    await other.wake(conversation("more"))
    for woken in in_hand:
        bus.done(woken)
    assert await eleventh == "cmore"


async def test_what_is_never_said_to_be_done_comes_again(bus: RedisBus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking, "_FORGOTTEN_SECONDS", 0.1)
    await bus.wake(conversation(1))
    assert await take(2, bus.wakes()) == ["c1", "c1"]


async def test_who_leaves_is_no_longer_in_the_group(bus: RedisBus, join: JoinRedis, redis: Redis) -> None:
    other = await join("other")
    await other.wake(conversation(1))
    await take(1, other.wakes())
    assert "other" in await workers(redis)
    await other.close()
    assert "other" not in await workers(redis)
    assert not await redis.exists("{estafeta}:lock:c1")


async def test_the_dead_are_taken_out_of_the_group(
    bus: RedisBus, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "_PRUNE_SECONDS", 0.0)
    monkeypatch.setattr(taking, "_IDLE_MS", 1_500)
    await redis.xgroup_createconsumer(STREAM, "workers", "dead")
    await redis.xgroup_createconsumer(STREAM, "workers", "dead with work")
    await bus.wake(conversation(1))
    await redis.xreadgroup("workers", "dead with work", {STREAM: ">"})
    at_work = asyncio.ensure_future(anext(bus.wakes()))

    async def alone() -> bool:
        return await workers(redis) == {"first"}

    await until(alone)
    assert await at_work == "c1"


@pytest.mark.parametrize(
    "name", ["кот", "a:b{c}", "{estafeta}", "\n\0", "😀" * 100, "half \ud83d", " ", "'\"\\", "x" * 1000, "-1", "*"]
)
async def test_any_name_is_carried(bus: RedisBus, join: JoinRedis, name: str) -> None:
    other = await join("other")
    heard, odd = other.announcements(), ConversationId(name)
    await bus.wake(odd)
    assert await take(1, other.wakes()) == [name]
    other.done(odd)
    news = Live(kind="typing", conversation=odd, who="customer", name=name)
    await bus.announce(news)
    assert await take(1, heard) == [news]


async def test_strange_entries_are_dropped_and_counted(bus: RedisBus, redis: Redis) -> None:
    await redis.xadd(STREAM, {"x": "y"})
    await redis.xadd(STREAM, {"c": ""})
    await redis.xadd(STREAM, {"c": b"\xff\xfe"})
    await redis.xadd(STREAM, {"c": b"x" * 1_000_000})
    await redis.xadd(STREAM, {b"\0": b"\xff", "c": "c1", "more": "x"})
    assert await take(1, bus.wakes()) == ["c1"]
    bus.done(conversation(1))

    async def empty() -> bool:
        return await waiting(redis) == 0

    await until(empty)
    assert bus.malformed == 4
    assert bus.up


@pytest.mark.parametrize(
    "written",
    [
        b"", b"\xff", b"null", b"[]", b'["s","changed","c",1,""]', b'["s","erase","c","",""]', b'{"kind":"changed"}',
        b'["s",["changed"],"c","",""]', b"[" * 10_000, b'"' + b"x" * 20_000 + b'"', b'["s","changed","c","","",""]',
        b'["s","changed",null,"",""]',
    ],
)  # fmt: skip
async def test_strange_news_is_dropped_and_counted(bus: RedisBus, redis: Redis, written: bytes) -> None:
    heard = bus.announcements()
    await redis.publish("{estafeta}:live", written)
    await redis.publish("{estafeta}:live", b'["else","changed","c1","",""]')
    assert await take(1, heard) == [changed(1)]
    assert bus.malformed == 1


async def test_entries_that_were_trimmed_away_hold_up_nothing(bus: RedisBus, redis: Redis) -> None:
    """Taken by one who died, then gone from the stream: there is nothing to take over."""
    for number in range(5):
        await bus.wake(conversation(number))
    await redis.xreadgroup("workers", "dead", {STREAM: ">"})
    await redis.xtrim(STREAM, maxlen=0, approximate=False)
    await redis.delete(*[f"{{estafeta}}:woken:c{number}" for number in range(5)])
    wakes = bus.wakes()
    await bus.wake(conversation(7))
    assert await take(1, wakes) == ["c7"]
    bus.done(conversation(7))
    next_one = asyncio.ensure_future(anext(wakes))

    async def nothing_pending() -> bool:
        return bool((await redis.xpending(STREAM, "workers"))["pending"] == 0)

    await until(nothing_pending)
    next_one.cancel()
    await asyncio.gather(next_one, return_exceptions=True)


async def test_installations_with_other_prefixes_share_nothing(
    bus: RedisBus, config: RedisConfig, redis: Redis
) -> None:
    other = RedisBus(config.model_copy(update={"prefix": "other"}), clock=SystemClock(), worker="first")
    await other.open()
    heard, wakes = other.announcements(), other.wakes()
    await bus.wake(conversation(1))
    await bus.announce(changed(1))
    await other.wake(conversation(2))
    await other.announce(changed(2))
    assert await take(1, wakes) == ["c2"]
    assert await take(1, heard) == [changed(2)]
    await other.close()
    assert await take(1, bus.wakes()) == ["c1"]


async def test_a_message_costs_few_round_trips(bus: RedisBus, redis: Redis) -> None:
    """Many at once share them."""

    async def commands() -> int:
        told = await redis.info("commandstats")
        return sum(int(told[name]["calls"]) for name in told if name in ("cmdstat_evalsha", "cmdstat_xreadgroup"))

    done, all_done = 0, asyncio.Event()

    async def work() -> None:
        nonlocal done
        async for woken in bus.wakes():
            bus.done(woken)
            done += 1
            if done == 400:
                all_done.set()

    at_work = asyncio.create_task(work())
    before = await commands()
    await asyncio.gather(*(bus.wake(conversation(number)) for number in range(400)))
    async with asyncio.timeout(SOON):
        await all_done.wait()
    assert await commands() - before < 200
    at_work.cancel()
    await asyncio.gather(at_work, return_exceptions=True)
