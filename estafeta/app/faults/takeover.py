"""How long the conversations of a dead worker wait for another: from the kill until what it held is done or in
other hands."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson
from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from estafeta.app.faults.product import Process
from estafeta.app.faults.stored import Held, Stored

_EVERY = 0.1
_GIVE_UP = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Takeover:
    """One conversation that a worker had in hand when it was killed or hung. `seconds` is None when it was
    not taken over within a minute. `disturbed`: a server was away meanwhile, so nobody could have."""

    worker: str
    kind: str
    conversation: str
    what: str
    seconds: float | None
    disturbed: bool


class Outages:
    """When a server was away, in seconds of the monotonic clock."""

    def __init__(self) -> None:
        self._spans: list[tuple[float, float]] = []
        self._since: list[float] = []

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        began = time.monotonic()
        self._since.append(began)
        try:
            yield
        finally:
            self._since.remove(began)
            self._spans.append((began, time.monotonic()))

    def touch(self, begin: float, end: float) -> bool:
        """Whether a server was away at some time between."""
        return any(began < end for began in self._since) or any(
            began < end and over > begin for began, over in self._spans
        )


class Takeovers:
    """`lease`: seconds after which the product takes a worker for dead."""

    def __init__(self, stored: Stored, outages: Outages, lease: float) -> None:
        self._stored = stored
        self._outages = outages
        self.lease = lease
        self.done: list[Takeover] = []
        self._watching: set[asyncio.Task[None]] = set()

    async def watch(self, worker: Sequence[str], kind: str) -> None:
        """Call right after the kill. Returns when it is known what the worker had in hand."""
        killed = time.monotonic()
        if not worker:
            return
        try:
            held = await self._stored.held_by(worker)
        except (PyMongoError, RedisError):
            return  # a server is away just now: this kill can't be measured
        if held:
            task = asyncio.create_task(self._follow(worker, kind, held, killed))
            self._watching.add(task)
            task.add_done_callback(self._watching.discard)

    async def end(self) -> None:
        """Waits for what is still watched."""
        await asyncio.gather(*self._watching, return_exceptions=True)

    async def _follow(self, worker: Sequence[str], kind: str, held: frozenset[Held], killed: float) -> None:
        while held:
            await asyncio.sleep(_EVERY)
            passed = time.monotonic() - killed
            left = held
            if passed < _GIVE_UP:
                try:
                    left = await self._stored.still(worker, held)
                except (PyMongoError, RedisError):
                    continue
            gone = held - left if passed < _GIVE_UP else held
            for one in gone:
                self._note(worker, kind, one, killed, passed if passed < _GIVE_UP else None)
            held = held - gone

    def _note(self, worker: Sequence[str], kind: str, held: Held, killed: float, seconds: float | None) -> None:
        # The living need the length of a lease after an outage before they take anybody for dead.
        disturbed = self._outages.touch(killed - 2 * self.lease, time.monotonic())
        takeover = Takeover(
            worker=worker[-1],
            kind=kind,
            conversation=held.conversation,
            what=held.what,
            seconds=seconds,
            disturbed=disturbed,
        )
        self.done.append(takeover)


def names_of(process: Process) -> tuple[str, ...]:
    """The names under which the process has worked since it was started, the present one last; none if it did
    not come to that."""
    names: list[str] = []
    with contextlib.suppress(OSError):
        for line in process.log.read_bytes().splitlines():
            if b'"started"' in line or b'"taken_for_dead"' in line:
                said = _object(line)
                if said.get("event") == "started":
                    names = [str(said.get("worker"))]
                elif said.get("event") == "taken_for_dead":
                    names.append(str(said.get("now")))
    return tuple(names)


def _object(line: bytes) -> dict[str, object]:
    try:
        said = orjson.loads(line)
    except orjson.JSONDecodeError:  # the line that was being written when the process was killed
        return {}
    return said if isinstance(said, dict) else {}
