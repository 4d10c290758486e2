"""Wake-ups from Redis: one reader for the process, any number of iterators that compete for what it reads.
It reads while one of them waits; what it has when none does goes back, for other workers.

An entry of the stream is given to one worker, which has it until it says `done`. While the work lasts the
entry is kept young and the conversation's lock alive; what nobody keeps young was taken by a worker that
is gone, and is taken over. A lock that another worker has only means: a little later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from estafeta.bus.redis.config import RedisConfig
from estafeta.bus.redis.link import Away, Link
from estafeta.bus.redis.names import GROUP, LOCK_KEY, STREAM, WOKEN_KEY, id_in, id_out
from estafeta.bus.redis.scripts import CLAIM, LEAVE, LOCK, MINE, PRUNE, RENEW
from estafeta.bus.redis.sending import Sending
from estafeta.kernel.model import ConversationId
from estafeta.kernel.ports import Clock

_AT_ONCE = 32
_BLOCK_MS = 1_000
_LOCK_MS = 3_000
_GONE_MS = 2_000
_TEND_SECONDS = 0.7
_FIRST_PAUSE, _LAST_PAUSE = 0.03, 0.2
_MOST_IN_HAND = 512
"""A worker that has so much to do leaves the rest to others."""
_FORGOTTEN_SECONDS = 120.0
"""Work that is not done by then never will be: its wake-up is left to whoever looks for such."""
_PRUNE_SECONDS, _IDLE_MS = 30.0, 120_000
_LEAVE_SECONDS = 1.0

Entry = tuple[bytes, Mapping[bytes, bytes]]
_log = structlog.get_logger("redis")


@dataclass(slots=True)
class _Taken:
    """A conversation's entries in this process. `given` of them an iterator has yielded, at `at` first."""

    ids: set[bytes] = field(default_factory=set)
    given: set[bytes] = field(default_factory=set)
    queued: bool = False
    at: float = 0.0


class Taking:
    """`run` it in a task; `take` and `done` are what the work calls."""

    def __init__(self, link: Link, config: RedisConfig, sending: Sending, *, worker: str, clock: Clock) -> None:
        self._link = link
        self._config = config
        self._sending = sending
        self._worker = worker
        self._clock = clock
        self._taken: dict[ConversationId, _Taken] = {}
        self._known: set[bytes] = set()
        self._later: set[ConversationId] = set()
        self._queue: asyncio.Queue[ConversationId | None] = asyncio.Queue()
        self._takers = 0
        self._wanted = asyncio.Event()
        self._room = asyncio.Event()
        self._some_later = asyncio.Event()
        self._look_back = True
        self._ended = False
        self.malformed = 0

    async def take(self) -> ConversationId | None:
        """The next wake-up, this caller's alone; None: the bus is closed. Who is cancelled takes nothing."""
        self._takers += 1
        self._wanted.set()
        try:
            conversation = await self._queue.get()
        finally:
            self._takers -= 1
            if not self._takers:
                self._wanted.clear()
        if conversation is None:
            self._queue.put_nowait(None)
            return None
        taken = self._taken[conversation]
        taken.queued = False
        taken.at = taken.at if taken.given else self._clock.monotonic()
        taken.given |= taken.ids
        return conversation

    def done(self, conversation: ConversationId) -> None:
        taken = self._taken.get(conversation)
        if taken is None or not taken.given:
            return
        is_last = taken.ids == taken.given
        self._sending.done(taken.given, id_out(conversation) if is_last else None)
        self._forget(conversation, taken)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._read())
            tasks.create_task(self._retry())
            tasks.create_task(self._tend())

    def end(self) -> None:
        self._ended = True
        self._drain()
        self._queue.put_nowait(None)

    async def leave(self) -> None:
        """Gives back what was not done. What Redis does not take now it finds out by itself later."""
        locks = [self._config.key(LOCK_KEY, id_out(conversation)) for conversation in self._taken]
        self._taken.clear()
        self._later.clear()
        self._known.clear()
        if self._link.up:
            keys = [self._config.key(STREAM), *locks]
            try:
                await self._link.run(LEAVE, keys, [GROUP, self._worker, _AT_ONCE])
            except Away:
                _log.warning("redis_left_untidily", sentence="Other workers take this one's wake-ups in 2 s.")

    async def _read(self) -> None:
        while True:
            await self._wanted.wait()
            await self._until_room()
            await self._link.until_up()
            try:
                if self._look_back:
                    found = await self._link.run(MINE, [self._config.key(STREAM)], [GROUP, self._worker, _MOST_IN_HAND])
                    self._look_back = False
                    await self._sort([_entry(raw) for raw in found], ours=False)
                await self._sort(await self._next(), ours=False)
            except Away:
                self._look_back = True  # what Redis gave us last may not have arrived

    async def _next(self) -> Sequence[Entry]:
        """The next entries for this worker; none came when the answer is empty."""
        streams = await self._link.wait(
            _BLOCK_MS / 1000, "XREADGROUP", "GROUP", GROUP, self._worker, "COUNT", _AT_ONCE, "BLOCK", _BLOCK_MS,
            "STREAMS", self._config.key(STREAM), ">",
        )  # fmt: skip
        return [entry for _, entries in streams for entry in entries]

    async def _sort(self, entries: Sequence[Entry], *, ours: bool) -> None:
        """Takes the entries that are new; `ours`: whoever had them is gone, and so is the right to the lock."""
        fresh: dict[ConversationId, None] = {}
        for entry, fields in entries:
            conversation = id_in(fields.get(b"c"))
            if conversation is None:
                self.malformed += 1
                self._sending.done([entry], None)
            elif entry not in self._known:
                self._known.add(entry)
                self._taken.setdefault(conversation, _Taken()).ids.add(entry)
                fresh[conversation] = None
        try:
            await self._lock(list(fresh), ours=ours)
        except Away:
            for conversation in fresh:
                self._put_off(conversation)
            raise

    async def _lock(self, conversations: Sequence[ConversationId], *, ours: bool = False) -> bool:
        """Queues those whose lock was got and puts the others off; whether any was got."""
        if not conversations:
            return False
        key, written = self._config.key, [id_out(conversation) for conversation in conversations]
        keys = [*(key(WOKEN_KEY, one) for one in written), *(key(LOCK_KEY, one) for one in written)]
        got = await self._link.run(LOCK, keys, [self._worker, _LOCK_MS, int(ours)])
        for conversation, is_got in zip(conversations, got, strict=True):
            taken = self._taken.get(conversation)
            if taken is None:  # done meanwhile, this wake-up with it
                continue
            if not is_got:
                self._put_off(conversation)
                continue
            self._later.discard(conversation)
            if not taken.queued:
                taken.queued = True
                self._queue.put_nowait(conversation)
        if not self._takers and not self._ended:
            self._give_back()
        return any(got)

    def _put_off(self, conversation: ConversationId) -> None:
        if conversation in self._taken:
            self._later.add(conversation)
            self._some_later.set()

    async def _retry(self) -> None:
        """Asks again for the locks that others had, less and less often while they have them."""
        pause = _FIRST_PAUSE
        while True:
            await self._some_later.wait()
            await self._clock.sleep(pause)
            await self._link.until_up()
            try:
                got = await self._lock(list(self._later))
            except Away:
                continue
            pause = _FIRST_PAUSE if got or not self._later else min(1.6 * pause, _LAST_PAUSE)
            if not self._later:
                self._some_later.clear()

    async def _tend(self) -> None:
        """Keeps what is in hand, takes over what nobody keeps, tidies the group."""
        pruned = self._clock.monotonic()
        while True:
            await self._clock.sleep(_TEND_SECONDS)
            await self._link.until_up()
            self._give_up()
            if not self._takers:
                self._give_back()
            try:
                await self._renew()
                if self._takers:
                    await self._claim()
                if self._clock.monotonic() - pruned > _PRUNE_SECONDS:
                    pruned = self._clock.monotonic()
                    await self._link.run(PRUNE, [self._config.key(STREAM)], [GROUP, self._worker, _IDLE_MS])
            except Away:
                continue

    async def _renew(self) -> None:
        ids = [entry for taken in self._taken.values() for entry in taken.ids]
        if ids:
            locked = [conversation for conversation in self._taken if conversation not in self._later]
            locks = [self._config.key(LOCK_KEY, id_out(conversation)) for conversation in locked]
            await self._link.run(RENEW, [self._config.key(STREAM), *locks], [GROUP, self._worker, _LOCK_MS, *ids])

    async def _claim(self) -> None:
        cursor = b"0-0"
        while len(self._known) < _MOST_IN_HAND:
            claimed = await self._link.run(
                CLAIM, [self._config.key(STREAM)], [GROUP, self._worker, _GONE_MS, _AT_ONCE, cursor]
            )
            await self._sort([_entry(raw) for raw in claimed[1:]], ours=True)
            cursor = claimed[0]
            if cursor == b"0-0":
                return

    def _give_back(self) -> None:
        """Nobody here waits for them: what was read and not yielded is queued for all again."""
        for conversation, taken in list(self._taken.items()):
            waiting = taken.ids - taken.given
            if waiting:
                self._sending.put_back(waiting, id_out(conversation), is_free=not taken.given)
                self._known -= waiting
                taken.ids -= waiting
                taken.queued = False
                self._later.discard(conversation)
                if not taken.ids:
                    del self._taken[conversation]
        self._drain()

    def _drain(self) -> None:
        while not self._queue.empty():
            self._queue.get_nowait()

    def _give_up(self) -> None:
        """Work that was never said to be done: the wake-up is left to others, the room is needed."""
        now = self._clock.monotonic()
        for conversation, taken in list(self._taken.items()):
            if taken.given and now - taken.at > _FORGOTTEN_SECONDS:
                _log.warning("wake_up_never_done", conversation=conversation)
                self._forget(conversation, taken)

    def _forget(self, conversation: ConversationId, taken: _Taken) -> None:
        """The entries that were yielded; others of the same conversation may wait behind them."""
        taken.ids -= taken.given
        self._known -= taken.given
        taken.given = set()
        if not taken.ids:
            del self._taken[conversation]
            self._later.discard(conversation)
        if len(self._known) < _MOST_IN_HAND:
            self._room.set()

    async def _until_room(self) -> None:
        while len(self._known) >= _MOST_IN_HAND:
            self._room.clear()
            await self._room.wait()


def _entry(raw: Any) -> Entry:
    """As scripts return it: the id, then names and values in turn."""
    entry, fields = raw
    return entry, dict(zip(fields[::2], fields[1::2], strict=False))
