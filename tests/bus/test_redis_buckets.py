"""Token buckets that many processes share through a real Redis, and pacers on them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from bots.pacing import Pacer, Rate, TooBusy
from estafeta.app.faults.servers import RedisServer
from estafeta.bus.redis.buckets import RedisBuckets
from estafeta.bus.redis.config import RedisConfig
from estafeta.clock import SystemClock
from tests.bus.conftest import until

Share = Callable[[], Awaitable[RedisBuckets]]
KEY = "{estafeta}:bucket:k"
QUICK = 0.45


@pytest.fixture
async def share(config: RedisConfig) -> AsyncIterator[Share]:
    opened: list[RedisBuckets] = []

    async def share() -> RedisBuckets:
        buckets = RedisBuckets(config, clock=SystemClock())
        opened.append(buckets)
        await buckets.open()
        return buckets

    yield share
    for buckets in opened:
        await buckets.close()


@pytest.fixture
async def buckets(share: Share) -> RedisBuckets:
    return await share()


async def took(buckets: RedisBuckets, cost: float = 1.0, *, burst: float = 2, per_second: float = 0.5) -> float:
    wait = await buckets.take("k", cost, burst=burst, per_second=per_second)
    assert wait is not None
    return wait


async def test_a_burst_passes_and_then_the_rate_holds(buckets: RedisBuckets) -> None:
    assert [await took(buckets) for _ in range(2)] == [0, 0]
    assert await took(buckets) == pytest.approx(2, abs=0.2)


async def test_a_cost_above_the_burst_waits_for_a_full_bucket(buckets: RedisBuckets) -> None:
    assert await took(buckets, 5) == 0
    assert await took(buckets) == pytest.approx(8, abs=0.3)


async def test_a_penalty_is_everybodys_and_leaves_no_burst(buckets: RedisBuckets, share: Share) -> None:
    other = await share()
    buckets.block("k", 0.3, burst=2, per_second=0.5)
    assert await took(buckets) == pytest.approx(0.3, abs=0.1)
    assert 0 < await took(other) <= 0.31
    await asyncio.sleep(0.32)
    assert await took(other) == 0
    assert await took(buckets) == pytest.approx(2, abs=0.3)


async def test_what_is_given_back_is_the_next_ones(buckets: RedisBuckets, share: Share) -> None:
    other = await share()
    for _ in range(2):
        assert await took(buckets) == 0
    buckets.give_back("k", 1, burst=2, per_second=0.5)
    assert await took(buckets, 0.01) < 1  # so that it has arrived
    assert await took(other) < 0.2
    for _ in range(5):
        buckets.give_back("k", 1, burst=2, per_second=0.5)
    assert [await took(buckets) for _ in range(2)] == [0, 0]
    assert await took(buckets) > 1


async def test_what_was_taken_for_one_who_went_away_is_given_back(buckets: RedisBuckets) -> None:
    gone = [asyncio.create_task(took(buckets)) for _ in range(2)]
    await asyncio.sleep(0)
    for task in gone:
        task.cancel()
    await asyncio.gather(*gone, return_exceptions=True)

    async def full_again() -> bool:
        return await took(buckets, 2) == 0

    await until(full_again, 2)  # by itself it would take 4 s


@pytest.mark.parametrize("back", [30, 86_400])
async def test_a_server_clock_that_is_set_back_silences_nobody(buckets: RedisBuckets, redis: Redis, back: int) -> None:
    """The state is as if written by a clock that was ahead."""
    ahead = time.time() + back
    await redis.hset(KEY, mapping={"level": "0", "seen": repr(ahead), "blocked": repr(ahead + 1)})
    assert await took(buckets) <= 2.1
    await redis.hset(KEY, mapping={"level": "x", "seen": "nan?", "blocked": ""})
    assert await took(buckets) == 0


async def test_an_idle_bucket_is_forgotten(buckets: RedisBuckets, redis: Redis) -> None:
    await took(buckets, burst=1, per_second=2)
    assert 500 < await redis.pttl(KEY) <= 1_500
    buckets.block("k", 1e9, burst=1, per_second=2)
    await took(buckets)
    assert await redis.pttl(KEY) <= 900_000_000


async def test_many_requests_share_round_trips(buckets: RedisBuckets, redis: Redis) -> None:
    await asyncio.gather(*(buckets.take(str(n), 1, burst=2, per_second=1) for n in range(300)))
    told = await redis.info("commandstats")
    assert told["cmdstat_evalsha"]["calls"] < 30


def most_in_any(seconds: float, taken: list[float]) -> int:
    return max(sum(start <= at < start + seconds for at in taken) for start in taken)


async def test_two_pacers_together_never_exceed_the_rate(share: Share) -> None:
    """In any T seconds at most burst + per_second * T; and nothing of the rate is left unused."""
    rate = Rate(burst=4, per_second=40)
    pacers = [Pacer(SystemClock(), lambda key: rate, buckets=await share(), scope="s") for _ in range(2)]
    taken: list[float] = []

    async def sends(pacer: Pacer, count: int) -> None:
        for _ in range(count):
            await pacer.wait("k")
            taken.append(time.monotonic())

    began = time.monotonic()
    await asyncio.gather(*(sends(pacer, 10) for pacer in pacers for _ in range(4)))
    assert time.monotonic() - began < 2 * len(taken) / rate.per_second
    late = 0.05  # seconds by which a busy machine may notice a turn late, and another then early
    for seconds in (0.1, 0.25, 0.5, 1.0):
        assert most_in_any(seconds, taken) <= rate.burst + rate.per_second * (seconds + late)


async def test_the_server_keeps_the_rate_exactly(share: Share, redis: Redis) -> None:
    """By its own time, taken before and after the burst of requests."""

    async def now() -> float:
        seconds, micros = await redis.time()
        return float(seconds) + float(micros) / 1e6

    both = [await share(), await share()]
    began, got = await now(), 0
    for _ in range(60):
        answers = await asyncio.gather(*(took(one, burst=3, per_second=50) for one in both for _ in range(3)))
        got += sum(answer == 0 for answer in answers)
        await asyncio.sleep(0.005)
    passed = await now() - began
    assert got <= 3 + 50 * passed + 1e-6
    assert got >= 50 * passed * 0.5


async def test_a_pacer_hears_of_a_penalty_of_another(share: Share) -> None:
    one, two = [Pacer(SystemClock(), lambda key: Rate(5, 5), buckets=await share(), scope="s") for _ in range(2)]
    await two.wait("k")
    one.penalise("k", 30)
    await asyncio.sleep(0.1)
    with pytest.raises(TooBusy) as busy:
        await two.wait("k", patience=1)
    assert 25 < busy.value.retry_after <= 31
    with pytest.raises(TooBusy):
        await one.wait("k", patience=1)
    await two.wait("other", patience=0)


async def test_without_redis_each_keeps_the_rate_by_itself_and_comes_back(share: Share, server: RedisServer) -> None:
    buckets = await share()
    pacer = Pacer(SystemClock(), lambda key: Rate(2, 0.5), buckets=buckets, scope="s")
    server.pause()
    try:
        began = time.monotonic()
        for _ in range(2):
            await pacer.wait("k", patience=1)
        with pytest.raises(TooBusy):
            await pacer.wait("k", patience=1)
        pacer.give_back("k")
        pacer.penalise("other", 1)
        assert time.monotonic() - began < QUICK
        assert await buckets.take("k", 1, burst=2, per_second=1) is None
    finally:
        server.resume()

    async def back() -> bool:
        return await buckets.take("else", 1, burst=2, per_second=1) is not None

    await until(back)


async def test_a_server_that_is_gone_and_never_was(server: RedisServer, config: RedisConfig) -> None:
    await server.kill()
    buckets = RedisBuckets(config, clock=SystemClock())
    assert await buckets.take("k", 1, burst=2, per_second=1) is None
    await buckets.open()
    assert await buckets.take("k", 1, burst=2, per_second=1) is None
    buckets.block("k", 1, burst=2, per_second=1)
    await server.start()

    async def back() -> bool:
        return await buckets.take("k", 1, burst=2, per_second=1) == 0

    await until(back)
    await buckets.close()
    assert await buckets.take("k", 1, burst=2, per_second=1) is None
    await buckets.close()


async def test_who_waits_for_an_answer_when_it_closes_gets_none(server: RedisServer, config: RedisConfig) -> None:
    buckets = RedisBuckets(RedisConfig(url=SecretStr(server.url)), clock=SystemClock())
    await buckets.open()
    server.pause()
    asking = [asyncio.create_task(buckets.take("k", 1, burst=2, per_second=1)) for _ in range(3)]
    await asyncio.sleep(0)
    await buckets.close()
    server.resume()
    assert await asyncio.gather(*asking) == [None, None, None]
