"""How fast a messenger may be talked to.

`Bucket` is the arithmetic: so many at once, then so many a second. `Pacer` lets callers wait for
their turn at a key, the more urgent first, those of equal urgency in the order they came. Several
processes that send under one name to a messenger pace as one through `Buckets`.
"""

from __future__ import annotations

import asyncio
from bisect import insort
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from itertools import count
from math import inf
from typing import Protocol

from estafeta.kernel.errors import EstafetaError
from estafeta.kernel.ports import Clock


class TooBusy(EstafetaError):
    """The turn does not come within the caller's patience. `retry_after`: about when it may, in seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"the turn comes in about {retry_after:.1f} s, later than the caller waits")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, then `per_second`. In any T seconds at most burst + per_second * T go out."""

    burst: float
    per_second: float

    @classmethod
    def within(cls, most: float, seconds: float) -> Rate:
        """Never more than `most` in any `seconds`: a quarter of them at once, the others spread."""
        burst = max(1.0, most / 4)
        return cls(burst=burst, per_second=max(most - burst, 0.5) / seconds)


class Bucket:
    """A token bucket. Times are seconds on any clock that does not go back."""

    __slots__ = ("_blocked_until", "_level", "_seen", "rate")

    def __init__(self, rate: Rate, now: float) -> None:
        self.rate = rate
        self._level = rate.burst
        self._seen = now
        self._blocked_until = now

    def delay(self, cost: float, now: float) -> float:
        """How long until `cost` may be taken: 0.0 means now. A cost above the burst waits for a full bucket."""
        missing = min(cost, self.rate.burst) - self._refilled(now)
        return max(missing / self.rate.per_second if missing > 1e-9 else 0.0, self._blocked_until - now, 0.0)

    def take(self, cost: float, now: float) -> None:
        self._level = self._refilled(now) - cost
        self._seen = max(now, self._seen)

    def give_back(self, cost: float) -> None:
        self._level = min(self.rate.burst, self._level + cost)

    def block(self, seconds: float, now: float) -> None:
        """Nothing for so long, then one, and no burst."""
        self._blocked_until = max(self._blocked_until, now + seconds)
        self._level = min(1.0, self.rate.burst) - (self._blocked_until - now) * self.rate.per_second
        self._seen = now

    def is_idle(self, now: float) -> bool:
        """Whether forgetting this bucket changes nothing."""
        return now >= self._blocked_until and self._refilled(now) >= self.rate.burst

    def _refilled(self, now: float) -> float:
        passed = max(0.0, now - self._seen)
        return min(self.rate.burst, self._level + passed * self.rate.per_second)


class Buckets(Protocol):
    """Buckets outside this process, shared by all who send under one name. Nothing here raises, and
    nothing takes long: a bucket that cannot be asked says so."""

    async def take(self, key: str, cost: float, *, burst: float, per_second: float) -> float | None:
        """0.0: taken. More: seconds until asking again makes sense. None: it cannot be asked now."""
        ...

    def block(self, key: str, seconds: float, *, burst: float, per_second: float) -> None:
        """Nothing for anybody for so long."""
        ...

    def give_back(self, key: str, cost: float, *, burst: float, per_second: float) -> None: ...


@dataclass(order=True, slots=True)
class _Turn:
    priority: int
    number: int
    cost: float = field(compare=False)
    deadline: float = field(compare=False)
    wake: asyncio.Event = field(compare=False, default_factory=asyncio.Event)


@dataclass(slots=True)
class _Lane:
    """`bucket` counts what this process takes. With `buckets`, `name` is the shared one's there, which had
    nothing to give before `shared_until` when it was last asked."""

    bucket: Bucket
    buckets: Buckets | None
    name: str
    shared_until: float
    waiting: list[_Turn] = field(default_factory=list)

    def delay(self, cost: float, now: float) -> float:
        return max(self.bucket.delay(cost, now), self.shared_until - now)

    async def take(self, cost: float, clock: Clock) -> float:
        """0.0: taken. More: how long to wait before trying again."""
        now = clock.monotonic()
        delay = self.delay(cost, now)
        if delay <= 0 and self.buckets is not None:
            rate = self.bucket.rate
            shared = await self.buckets.take(self.name, cost, burst=rate.burst, per_second=rate.per_second)
            now = clock.monotonic()
            if shared is None:
                delay = self.bucket.delay(cost, now)
            else:
                delay, self.shared_until = shared, now + shared
        if delay <= 0:
            self.bucket.take(cost, now)
            return 0.0
        return delay

    def wake(self, now: float) -> None:
        """The head, and those that would wait in vain: to wake all of a long queue at each turn takes longer than
        the turns."""
        if not self.waiting:
            return
        soonest = now + self.delay(self.waiting[0].cost, now)
        for turn in self.waiting:
            if turn is self.waiting[0] or turn.deadline < soonest:
                turn.wake.set()

    def block(self, seconds: float, now: float) -> None:
        self.bucket.block(seconds, now)
        if self.buckets is not None:
            rate = self.bucket.rate
            self.buckets.block(self.name, seconds, burst=rate.burst, per_second=rate.per_second)

    def give_back(self, cost: float, now: float) -> None:
        self.bucket.give_back(cost)
        if self.buckets is not None:
            rate = self.bucket.rate
            self.shared_until = now
            self.buckets.give_back(self.name, cost, burst=rate.burst, per_second=rate.per_second)


class Pacer:
    """Turns at keys, each key with the rate that `rate_of` gives it. For one event loop.

    With `buckets`, a turn at a key that `is_shared` is taken there too: the bucket is named `scope` and
    the key, and all pacers that name it so keep the rate together. The queue stays here; only its head
    asks. While the buckets cannot be asked, each pacer keeps the rate by itself.
    """

    def __init__(
        self,
        clock: Clock,
        rate_of: Callable[[Hashable], Rate],
        *,
        buckets: Buckets | None = None,
        scope: str = "",
        is_shared: Callable[[Hashable], bool] = lambda key: True,
        keep: int = 10_000,
    ) -> None:
        self._clock = clock
        self._rate_of = rate_of
        self._buckets = buckets
        self._scope = scope
        self._is_shared = is_shared
        self._keep = keep
        self._lanes: dict[Hashable, _Lane] = {}
        self._numbers = count()

    async def wait(self, key: Hashable, cost: float = 1.0, priority: int = 0, *, patience: float | None = None) -> None:
        """Returns when it is this caller's turn. Lower `priority` goes first.

        Raises `TooBusy` when that would take more than `patience` seconds (None: however long).
        """
        lane = self._lane(key)
        start = self._clock.monotonic()
        if lane.buckets is None and not lane.waiting and lane.bucket.delay(cost, start) <= 0:
            lane.bucket.take(cost, start)
            return
        ahead = sum(turn.cost for turn in lane.waiting if turn.priority <= priority)
        expected = lane.delay(cost, start) + ahead / lane.bucket.rate.per_second
        if patience is not None and expected > patience:
            raise TooBusy(expected)
        turn = _Turn(priority, next(self._numbers), cost, inf if patience is None else start + patience)
        insort(lane.waiting, turn)
        try:
            await self._reach_head(lane, turn)
        finally:
            lane.waiting.remove(turn)
            lane.wake(self._clock.monotonic())

    async def _reach_head(self, lane: _Lane, turn: _Turn) -> None:
        while True:
            is_head = lane.waiting[0] is turn
            delay = (
                await lane.take(turn.cost, self._clock) if is_head else lane.delay(turn.cost, self._clock.monotonic())
            )
            if is_head and delay <= 0:
                return
            if self._clock.monotonic() + delay > turn.deadline:
                raise TooBusy(max(delay, 1.0))
            if lane.waiting[0] is turn:
                await self._clock.sleep(delay)
            else:
                turn.wake.clear()
                await turn.wake.wait()

    def penalise(self, key: Hashable, retry_after: float) -> None:
        """The messenger said to be quiet: nobody's turn comes at this key before `retry_after` seconds."""
        self._lane(key).block(retry_after, self._clock.monotonic())

    def give_back(self, key: Hashable, cost: float = 1.0) -> None:
        """A turn that was waited for and not used."""
        lane = self._lane(key)
        now = self._clock.monotonic()
        lane.give_back(cost, now)
        lane.wake(now)

    def _lane(self, key: Hashable) -> _Lane:
        lane = self._lanes.get(key)
        if lane is None:
            if len(self._lanes) >= self._keep:
                self._forget_idle()
            now = self._clock.monotonic()
            buckets = self._buckets if self._buckets is not None and self._is_shared(key) else None
            lane = _Lane(Bucket(self._rate_of(key), now), buckets, f"{self._scope}:{key}", now)
            self._lanes[key] = lane
        return lane

    def _forget_idle(self) -> None:
        now = self._clock.monotonic()
        idle = [
            key
            for key, lane in self._lanes.items()
            if not lane.waiting and lane.shared_until <= now and lane.bucket.is_idle(now)
        ]
        for key in idle:
            del self._lanes[key]
        self._keep = max(self._keep, 2 * len(self._lanes))
