"""Token buckets that all senders of one bot account or one operators' group share.

The arithmetic is inside Redis, with Redis's own time. Requests gather while a round trip is under way.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal

from redis.asyncio import Redis

from estafeta.bus.redis.config import RedisConfig
from estafeta.bus.redis.link import Away, Link
from estafeta.bus.redis.names import BUCKET_KEY
from estafeta.bus.redis.scripts import BUCKETS
from estafeta.kernel.ports import Clock
from estafeta.tasks import ended

_AT_ONCE = 200
_LONGEST_BLOCK = 86_400.0


@dataclass(slots=True)
class _Request:
    act: Literal["take", "block", "give"]
    key: bytes
    amount: float
    burst: float
    per_second: float
    answer: asyncio.Future[float | None] | None = None


class RedisBuckets:
    """What `bots.pacing.Pacer` takes as `buckets`; one for a process, whatever it sends to.

    Never raises, never takes longer than about a quarter of a second; while Redis is away it says so,
    and each process paces by itself.
    """

    def __init__(self, config: RedisConfig, *, clock: Clock) -> None:
        self._config = config
        self._link = Link(config, clock=clock, part="pacing", probe=self._probe)
        self._requests: asyncio.Queue[_Request] = asyncio.Queue()
        self._running: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Raises `ConfigurationError` like the bus; a Redis that is merely down may come later."""
        if self._running is None:
            await self._link.open()
            self._running = asyncio.create_task(self._run(), name="redis:buckets")

    async def close(self) -> None:
        if self._running is not None:
            await ended([self._running])
            self._running = None
            await self._link.close()
            self._refuse([self._requests.get_nowait() for _ in range(self._requests.qsize())])

    async def take(self, key: str, cost: float, *, burst: float, per_second: float) -> float | None:
        """0.0: taken. More: seconds to wait before asking again. None: Redis cannot say."""
        if not self._link.up:
            return None
        answer: asyncio.Future[float | None] = asyncio.get_running_loop().create_future()
        self._ask(_Request("take", self._key(key), cost, burst, per_second, answer))
        return await answer

    def block(self, key: str, seconds: float, *, burst: float, per_second: float) -> None:
        """Nobody takes anything for so long."""
        self._ask(_Request("block", self._key(key), min(seconds, _LONGEST_BLOCK), burst, per_second))

    def give_back(self, key: str, cost: float, *, burst: float, per_second: float) -> None:
        self._ask(_Request("give", self._key(key), cost, burst, per_second))

    def _ask(self, request: _Request) -> None:
        if self._link.up:
            self._requests.put_nowait(request)

    def _key(self, key: str) -> bytes:
        return self._config.key(BUCKET_KEY, key.encode("utf-8", "surrogatepass"))

    async def _run(self) -> None:
        while True:
            requests = [await self._requests.get()]
            while not self._requests.empty() and len(requests) < _AT_ONCE:
                requests.append(self._requests.get_nowait())
            try:
                await self._answer(requests)
            finally:
                self._refuse(requests)

    async def _answer(self, requests: list[_Request]) -> None:
        arguments: list[str] = []
        for one in requests:
            arguments += (one.act, repr(one.amount), repr(one.burst), repr(one.per_second))
        try:
            answers = await self._link.run(BUCKETS, [one.key for one in requests], arguments)
        except Away:
            return
        for one, told in zip(requests, answers, strict=True):
            wait = float(told)
            if one.answer is None:
                continue
            if not one.answer.done():
                one.answer.set_result(wait)
            elif wait <= 0:  # whoever asked went away: the next one's
                self._ask(_Request("give", one.key, one.amount, one.burst, one.per_second))

    def _refuse(self, requests: list[_Request]) -> None:
        """Nobody waits for an answer that does not come."""
        for one in requests:
            if one.answer is not None and not one.answer.done():
                one.answer.set_result(None)

    async def _probe(self, client: Redis) -> None:
        await client.set(self._config.key("probe"), b"", px=1000)
