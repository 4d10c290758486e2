"""The `Bus` for many processes: wake-ups in a Redis stream, live news over its publish and subscribe."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from estafeta.bus.listeners import BACKLOG, Listeners
from estafeta.bus.redis.config import RedisConfig
from estafeta.bus.redis.link import Link
from estafeta.bus.redis.live import MISSED, News
from estafeta.bus.redis.names import GROUP, STREAM, id_out, news_out
from estafeta.bus.redis.sending import Sending
from estafeta.bus.redis.taking import Taking
from estafeta.kernel.model import ConversationId
from estafeta.kernel.ports import Clock, Live

_SUBSCRIBE_SECONDS = 1.0
_CLOSE_SECONDS = 1.0
_log = structlog.get_logger("redis")


class RedisBus:
    """A `Bus` whose wake-ups go to one of all processes on the same Redis and prefix.

    `worker` is this process's name among them, used by no other. After `open`, nothing here raises and
    nothing takes longer than about a quarter of a second, whatever Redis does.
    """

    def __init__(self, config: RedisConfig, *, clock: Clock, worker: str, backlog: int = BACKLOG) -> None:
        self._config = config
        self._clock = clock
        self._worker = worker
        self._sender = f"{worker}.{secrets.token_hex(4)}"  # two buses of one name still hear each other
        self._listeners = Listeners(backlog)
        self._tasks: list[asyncio.Task[None]] = []
        self._open = False
        self._make()

    def _make(self) -> None:
        self._reading = False
        config, clock = self._config, self._clock
        self._link = Link(config, clock=clock, part="bus", probe=self._probe, back=self._back)
        missed = news_out(self._sender, MISSED)
        self._sending = Sending(self._link, config, worker=self._worker, missed=missed)
        self._taking = Taking(self._link, config, self._sending, worker=self._worker, clock=clock)
        self._news = News(self._link, config, self._sending, self._listeners, sender=self._sender, clock=clock)

    async def open(self) -> None:
        """Raises `ConfigurationError` for a wrong password or address; a Redis that is down may come later."""
        if self._open:
            return
        self._make()
        await self._link.open()
        self._open = True
        self._start("sending", self._sending.run)
        self._start("news", self._news.run)
        if self._link.up:
            await self._news.subscribed(_SUBSCRIBE_SECONDS)

    async def close(self) -> None:
        """Ends all iterators and gives to the others what was taken here and not done."""
        if not self._open:
            return
        self._open = False
        self._taking.end()
        self._listeners.end()
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                if tasks:
                    await asyncio.wait(tasks)
                await self._sending.flush()
                if self._reading:
                    await self._taking.leave()
        except TimeoutError:
            _log.warning("redis_left_untidily", sentence="Other workers take this one's wake-ups within seconds.")
        await self._link.close()

    async def wake(self, conversation: ConversationId) -> None:
        if conversation and self._link.up:
            await self._sending.wake(id_out(conversation))

    def wakes(self) -> AsyncIterator[ConversationId]:
        """From the first call on this process takes its part of the wake-ups."""
        if self._open and not self._reading:
            self._reading = True
            self._start("taking", self._taking.run)
        if not self._open:
            self._taking.end()
        return _Wakes(self._taking)

    def done(self, conversation: ConversationId) -> None:
        self._taking.done(conversation)

    @property
    def up(self) -> bool:
        return self._link.up

    @property
    def malformed(self) -> int:
        """What was read from Redis so far and was nothing of ours."""
        return self._taking.malformed + self._news.malformed

    async def announce(self, live: Live) -> None:
        self._news.announce(live)

    def announcements(self) -> AsyncIterator[Live]:
        """Listens from this call on, not from the first item asked for."""
        listener = self._listeners.listen()
        if not self._open:
            listener.end()
        return listener

    def _back(self) -> None:
        self._sending.again()
        self._news.missed()

    async def _probe(self, client: Redis) -> None:
        """The consumer group has to be there, and making it shows that Redis takes writes. From the first
        entry on: what was queued before the group was there waits like all else."""
        try:
            await client.xgroup_create(self._config.key(STREAM), GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    def _start(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        self._tasks.append(asyncio.create_task(self._keep_up(name, work), name=f"redis:{name}"))

    async def _keep_up(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """A mistake in one of the loops must not end it: nobody would be woken any more."""
        while True:
            try:
                await work()
            except Exception:
                _log.exception("redis_task_failed", task=name)
                await self._clock.sleep(1.0)


class _Wakes:
    def __init__(self, taking: Taking) -> None:
        self._taking = taking

    def __aiter__(self) -> _Wakes:
        return self

    async def __anext__(self) -> ConversationId:
        conversation = await self._taking.take()
        if conversation is None:
            raise StopAsyncIteration
        return conversation
