"""The connection to Redis and the circuit around it.

Redis may be away, hang, come back empty, be full or read-only. Whoever asks through a `Link` waits for
an answer for a fifth of a second at most; after a failure nobody asks until a probe in the background,
which writes, has succeeded.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
from redis.asyncio import Connection, ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    NoPermissionError,
    NoScriptError,
    RedisError,
    ResponseError,
)

from estafeta.bus.redis.config import RedisConfig
from estafeta.bus.redis.scripts import Script
from estafeta.kernel.errors import ConfigurationError
from estafeta.kernel.ports import Clock
from estafeta.tasks import ended

ANSWER_SECONDS = 0.2
_PROBE_SECONDS = 1.0
_OPEN_SECONDS = 3.0
_FIRST_PAUSE, _LAST_PAUSE = 0.05, 1.0
_BLOCKING_SLACK = 0.5
_CALM_SECONDS = 5.0
"""After so long without trouble, trouble is news again."""
_OLDEST = (6, 2)

Probe = Callable[[Redis], Awaitable[object]]
_log = structlog.get_logger("redis")


class Away(Exception):
    """Redis cannot be asked now. Does not leave this package."""


class Link:
    """`part` names in logs what suffers. `probe` proves that Redis can do its work for us, and makes what
    must be there; `back` is called whenever it has succeeded after a failure."""

    def __init__(
        self, config: RedisConfig, *, clock: Clock, part: str, probe: Probe, back: Callable[[], None] = lambda: None
    ) -> None:
        self._config = config
        self._clock = clock
        self._part = part
        self._probe = probe
        self._back = back
        self._up = asyncio.Event()
        self._trouble: asyncio.Queue[Exception] = asyncio.Queue()
        self._watching: asyncio.Task[None] | None = None

    @property
    def up(self) -> bool:
        return self._up.is_set()

    async def open(self) -> None:
        """Raises `ConfigurationError` when no waiting helps; a Redis that is down may come later."""
        self._client, self._waiting = self._connect(), self._connect()
        self._trouble = asyncio.Queue()
        try:
            async with asyncio.timeout(_OPEN_SECONDS):
                await self._probe(self._client)
                await self._check_version()
        except (AuthenticationError, NoPermissionError, _TooOld) as error:
            await self.close()
            raise ConfigurationError(
                f"Redis at {self._config.where} refuses: {self._said(error)}. Correct the address, user or password "
                f"in ESTAFETA_REDIS__URL."
            ) from None
        except Exception as error:  # see `failed`
            if str(error).startswith("DB index"):
                await self.close()
                raise ConfigurationError(
                    f"Redis at {self._config.where} has no such database; choose another in ESTAFETA_REDIS__URL."
                ) from None
            self._trouble.put_nowait(error)
        else:
            self._up.set()
        self._watching = asyncio.create_task(self._watch(), name=f"redis:{self._part}")

    async def close(self) -> None:
        self._up.clear()
        if self._watching is not None:
            await ended([self._watching])
            self._watching = None
        for client in (self._client, self._waiting):
            await client.connection_pool.disconnect()

    def _connect(self) -> Redis:
        own: dict[str, Any] = {
            "protocol": 2,
            "decode_responses": False,
            "retry": Retry(NoBackoff(), 0),
            "retry_on_timeout": False,
            # Deadlines are set around each request. With one of its own the client sends through
            # asyncio.wait_for, which before Python 3.12 may swallow a cancellation
            # (https://github.com/python/cpython/issues/86296).
            "socket_timeout": None,
            "socket_connect_timeout": _OPEN_SECONDS,
        }
        return Redis(connection_pool=ConnectionPool(**{**self._config.connection(), **own}))

    async def run(self, script: Script, keys: Sequence[bytes], arguments: Sequence[str | bytes | int]) -> Any:
        """What the script returns. Raises `Away`."""
        if not self._up.is_set():
            raise Away
        return await self._within(ANSWER_SECONDS, self._evaluate(script, keys, arguments))

    async def wait(self, seconds: float, *command: str | bytes | int) -> Any:
        """The answer of a command that blocks for up to so many seconds inside Redis. Raises `Away`."""
        if not self._up.is_set():
            raise Away
        return await self._within(seconds + _BLOCKING_SLACK, _ask(self._waiting, *command))

    async def connection(self) -> Connection:
        """One that is connected and its owner's alone, who disconnects it. Raises whatever hinders."""
        connection: Connection = self._client.connection_pool.make_connection()  # type: ignore[no-untyped-call]
        try:
            async with asyncio.timeout(_OPEN_SECONDS):
                await connection.connect()  # type: ignore[no-untyped-call]
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        return connection

    async def _within(self, seconds: float, asking: Awaitable[Any]) -> Any:
        try:
            async with asyncio.timeout(seconds):
                return await asking
        except Exception as error:
            self.failed(error)
            raise Away from None

    async def until_up(self) -> None:
        await self._up.wait()

    def failed(self, error: Exception) -> None:
        """Opens the circuit, whatever it was: over a connection that breaks in the middle a client library
        raises more than its own exceptions, and none of them may stop a loop that has to outlive Redis."""
        if self._up.is_set():
            self._up.clear()
            self._trouble.put_nowait(error)

    async def _evaluate(self, script: Script, keys: Sequence[bytes], arguments: Sequence[str | bytes | int]) -> Any:
        try:
            return await _ask(self._client, "EVALSHA", script.sha, len(keys), *keys, *arguments)
        except NoScriptError:
            return await _ask(self._client, "EVAL", script.text, len(keys), *keys, *arguments)

    async def _watch(self) -> None:
        """Probes after each failure until Redis can be used again."""
        pause, last = _FIRST_PAUSE, self._clock.monotonic()
        while True:
            error = await self._trouble.get()
            began = self._clock.monotonic()
            if began - last > _CALM_SECONDS:
                pause = _FIRST_PAUSE
            told = not _may_be_nothing(error)
            if told:
                self._tell(error)
            while True:
                await self._clock.sleep(pause)
                pause = min(2 * pause, _LAST_PAUSE)
                try:
                    async with asyncio.timeout(_PROBE_SECONDS):
                        await self._probe(self._client)
                    break
                except Exception as still:  # see `failed`
                    if not told:
                        told = True
                        self._tell(still)
            last = self._clock.monotonic()
            self._up.set()
            if told:
                _log.info("redis_back", part=self._part, redis=self._config.where, after=round(last - began, 1))
            self._back()

    def _tell(self, error: Exception) -> None:
        expected = isinstance(error, RedisError | OSError)
        _log.warning(
            "redis_unavailable",
            part=self._part,
            redis=self._config.where,
            error=self._said(error),
            sentence="Nothing is lost: the store is polled for work until Redis can be used again.",
            exc_info=None if expected else error,
        )

    def _said(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return "it does not answer"
        said = str(error) or type(error).__name__
        password = self._config.connection().get("password")
        return said.replace(password, "***") if password else said

    async def _check_version(self) -> None:
        try:
            told = await self._client.info("server")
        except NoPermissionError:
            return  # this user may not ask; what is missing will be told when it is used
        version = str(told.get("redis_version", ""))
        numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
        if len(numbers) == 2 and numbers < _OLDEST:
            raise _TooOld(f"it is Redis {version}, and 6.2 or newer is needed")


async def _ask(client: Redis, *command: str | bytes | int) -> Any:
    return await client.execute_command(*command)  # type: ignore[no-untyped-call]


class _TooOld(Exception):
    pass


def _may_be_nothing(error: Exception) -> bool:
    """A deadline passes too when this process itself was busy; a missing group is made by the probe."""
    if isinstance(error, BusyLoadingError):
        return False
    groupless = isinstance(error, ResponseError) and re.search("NOGROUP|UNBLOCKED", str(error))
    return isinstance(error, TimeoutError) or bool(groupless)
