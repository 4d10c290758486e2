"""Live news among processes: Redis carries it to the others, this process hears its own at once.

What is published while nobody is subscribed is gone, so after every gap listeners hear `missed`, and
while the gap lasts, every two seconds.
"""

from __future__ import annotations

import asyncio
import contextlib

import structlog
from redis.asyncio import Connection

from estafeta.bus.listeners import Listeners
from estafeta.bus.redis.config import RedisConfig
from estafeta.bus.redis.link import Link
from estafeta.bus.redis.names import LIVE, news_in, news_out
from estafeta.bus.redis.sending import Sending
from estafeta.kernel.model import ConversationId
from estafeta.kernel.ports import Clock, Live

MISSED = Live(kind="missed", conversation=ConversationId(""))
_MISSED_SECONDS = 2.0
_QUIET_SECONDS = 1.0
"""After so long without news Redis is asked whether it is still there, and given as long to answer."""
_FIRST_PAUSE, _LAST_PAUSE = 0.05, 1.0
_log = structlog.get_logger("redis")


class News:
    """One subscription for all listeners of this process. `run` it in a task."""

    def __init__(
        self, link: Link, config: RedisConfig, sending: Sending, listeners: Listeners, *, sender: str, clock: Clock
    ) -> None:
        self._link = link
        self._config = config
        self._sending = sending
        self._listeners = listeners
        self._sender = sender
        self._clock = clock
        self._subscribed = asyncio.Event()
        self._told = clock.monotonic()
        self.malformed = 0

    def announce(self, live: Live) -> None:
        self._listeners.hear(live)
        self._sending.publish(news_out(self._sender, live))

    def missed(self) -> None:
        """There was a gap: listeners look at everything again."""
        self._told = self._clock.monotonic()
        self._listeners.hear(MISSED)

    async def subscribed(self, seconds: float) -> None:
        """Returns when news of others comes in, or after so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._subscribed.wait()

    async def run(self) -> None:
        pause, is_first = _FIRST_PAUSE, True
        while True:
            try:
                connection = await self._subscribe()
            except Exception as error:  # whatever a broken connection raises, the next attempt may succeed
                self._link.failed(error)
            else:
                if not is_first:
                    self.missed()
                pause, is_first = _FIRST_PAUSE, False
                self._subscribed.set()
                await self._listen(connection)
                self._subscribed.clear()
                self.missed()
            is_first = False
            await self._clock.sleep(pause)
            pause = min(2 * pause, _LAST_PAUSE)
            self._miss_on()

    async def _subscribe(self) -> Connection:
        connection = await self._link.connection()
        try:
            async with asyncio.timeout(_QUIET_SECONDS):
                await connection.send_command("SUBSCRIBE", self._config.key(LIVE))
                await connection.read_response()
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        return connection

    async def _listen(self, connection: Connection) -> None:
        """Until the connection breaks or Redis does not answer."""
        try:
            while True:
                answer = await connection.read_response(timeout=_QUIET_SECONDS)
                if answer is None:
                    await connection.send_command("PING")
                    async with asyncio.timeout(_QUIET_SECONDS):
                        answer = await connection.read_response()
                self._hear(answer)
                if not self._link.up:
                    self._miss_on()
        except Exception as error:  # see `run`
            self._link.failed(error)
        finally:
            await connection.disconnect(nowait=True)

    def _hear(self, answer: object) -> None:
        if not isinstance(answer, list) or len(answer) != 3 or answer[0] != b"message":
            return
        told = news_in(answer[2])
        if told is None:
            self.malformed += 1
            if self.malformed == 1:
                _log.warning("redis_news_malformed", sentence="Somebody else publishes on this installation's channel.")
            return
        sender, live = told
        if sender != self._sender:
            self._listeners.hear(live)

    def _miss_on(self) -> None:
        if self._clock.monotonic() - self._told >= _MISSED_SECONDS:
            self.missed()
