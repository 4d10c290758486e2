"""The arithmetic of a messenger's limits, alone or shared among processes. `bots.pacing` queues for it.

Two kinds: a `Rate` (so many at once, then so many a second) and a `Window` (so many in any so many seconds, at once if
need be, some of them left free for what is more urgent). `Tokens` and `Places` keep them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Protocol

from estafeta.kernel.ports import Clock


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


@dataclass(frozen=True, slots=True)
class Standing:
    """How urgent a turn at a window is. For `bears` seconds it lets others go before it that come later and are more
    urgent, and leaves `leaves` places free for them, the fewer the longer it waits; so nothing waits for ever."""

    bears: float = 0.0
    leaves: int = 0

    def leaves_after(self, waited: float) -> int:
        return ceil(self.leaves * max(0.0, 1 - waited / self.bears)) if self.bears else 0


@dataclass(frozen=True, slots=True)
class Window:
    """At most `most` in any `seconds`, all at once if they come so.

    `standings` are by priority, the most urgent first.
    """

    most: int
    seconds: float
    standings: Sequence[Standing] = (Standing(),)

    def standing(self, priority: int) -> Standing:
        return self.standings[max(0, min(priority, len(self.standings) - 1))]


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


_SOON = 0.1
"""Seconds between taking a place and using it that others need not hear of."""


class Tokens:
    """A rate that is kept. `bucket` counts what this process takes; the shared one, called `name`, had nothing to
    give before `shared_until` when it was last asked."""

    def __init__(self, rate: Rate, now: float, buckets: Buckets | None, name: str) -> None:
        self.bucket = Bucket(rate, now)
        self.alone = buckets is None
        self._buckets = buckets
        self._name = name
        self._shared_until = now

    def delay(self, cost: float, now: float, leave: int = 0) -> float:
        return max(self.bucket.delay(cost, now), self._shared_until - now)

    async def take(self, cost: float, clock: Clock, leave: int = 0) -> float:
        """0.0: taken. More: how long to wait before trying again."""
        now = clock.monotonic()
        delay = self.delay(cost, now)
        if delay <= 0 and self._buckets is not None:
            rate = self.bucket.rate
            shared = await self._buckets.take(self._name, cost, burst=rate.burst, per_second=rate.per_second)
            now = clock.monotonic()
            if shared is None:
                delay = self.bucket.delay(cost, now)
            else:
                delay, self._shared_until = shared, now + shared
        if delay <= 0:
            self.bucket.take(cost, now)
            return 0.0
        return delay

    def block(self, seconds: float, now: float) -> None:
        self.bucket.block(seconds, now)
        if self._buckets is not None:
            rate = self.bucket.rate
            self._buckets.block(self._name, seconds, burst=rate.burst, per_second=rate.per_second)

    def give_back(self, cost: float, now: float) -> None:
        self.bucket.give_back(cost)
        if self._buckets is not None:
            rate = self.bucket.rate
            self._shared_until = now
            self._buckets.give_back(self._name, cost, burst=rate.burst, per_second=rate.per_second)

    def begin(self, cost: float, now: float) -> None:
        """A token is gone when it is taken."""

    def is_idle(self, now: float) -> bool:
        return self._shared_until <= now and self.bucket.is_idle(now)


class Places:
    """A window that is kept: it has as many places as it lets through, and each is taken again a window later at the
    soonest. Shared, each place is a bucket of one, called `name` and its number; what others took is learned when it
    is asked for. The places with the highest numbers are those left free for what is more urgent."""

    def __init__(self, window: Window, now: float, buckets: Buckets | None, name: str) -> None:
        self.window = window
        self._buckets = buckets
        self._name = name
        self._free_at = [now] * window.most
        self._latest = now - window.seconds
        self._held: deque[tuple[int, float]] = deque()
        self._begun: deque[tuple[int, float]] = deque(maxlen=window.most)

    def used(self, now: float) -> int:
        """Places that are taken now, by this process or, as far as it is known, by others."""
        return sum(at > now for at in self._free_at)

    def own(self, now: float) -> int:
        """Those that this process took."""
        return sum(at > now - self.window.seconds for _, at in (*self._held, *self._begun))

    def delay(self, cost: float, now: float, leave: int = 0) -> float:
        """A cost above the places waits for all of them."""
        return max(self._delay(self._needed(cost, leave), now, leave), self._spaced(now, leave))

    def _delay(self, needed: int, now: float, leave: int) -> float:
        places = sorted(self._free_at[: self.window.most - leave])
        return max(0.0, places[needed - 1] - now)

    def _spaced(self, now: float, leave: int) -> float:
        """When half is taken, what leaves places to others comes one after the other: taken all at once, they would be
        free again all at once, and what is urgent would find none until then."""
        if not leave or self.used(now) < self.window.most / 2:
            return 0.0
        return max(0.0, self._latest + self.window.seconds / (self.window.most - leave) - now)

    async def take(self, cost: float, clock: Clock, leave: int = 0) -> float:
        """0.0: taken. More: how long to wait before trying again."""
        needed, taken = self._needed(cost, leave), 0
        for number in range(self.window.most - leave if not self._spaced(clock.monotonic(), leave) else 0):
            if taken == needed or self._delay(needed - taken, clock.monotonic(), leave) > 0:
                break
            if self._free_at[number] <= clock.monotonic():
                taken += await self._take(number, clock)
        now = clock.monotonic()
        if taken == needed:
            self._latest = now
            return 0.0
        self.give_back(taken, now)
        return max(self.delay(cost, now, leave), 0.001)

    async def _take(self, number: int, clock: Clock) -> bool:
        now = clock.monotonic()
        self._free_at[number] = now + self.window.seconds  # before asking, so that nobody here asks for it too
        wait = None
        if self._buckets is not None:
            wait = await self._buckets.take(self._place(number), 1.0, burst=1.0, per_second=1 / self.window.seconds)
        if wait:
            self._free_at[number] = clock.monotonic() + wait
            return False
        self._held.append((number, now))
        return True

    def begin(self, cost: float, now: float) -> None:
        """What was taken is used now: its window begins, however long ago it was taken."""
        for _ in range(min(ceil(cost), len(self._held))):
            number, taken = self._held.popleft()
            self._free_at[number] = now + self.window.seconds
            self._begun.append((number, now))
            if self._buckets is not None and now - taken > _SOON:
                rate = 1 / self.window.seconds
                self._buckets.block(self._place(number), self.window.seconds, burst=1.0, per_second=rate)

    def block(self, seconds: float, now: float) -> None:
        """Nothing for so long, then one after the other, and no burst."""
        for number in range(self.window.most):
            wait = seconds + number * self.window.seconds / self.window.most
            self._free_at[number] = max(self._free_at[number], now + wait)
            if self._buckets is not None:
                self._buckets.block(self._place(number), wait, burst=1.0, per_second=1 / self.window.seconds)

    def give_back(self, cost: float, now: float) -> None:
        for _ in range(min(ceil(cost), len(self._held) + len(self._begun))):
            number, _ = (self._held or self._begun).pop()
            self._free_at[number] = now
            if self._buckets is not None:
                self._buckets.give_back(self._place(number), 1.0, burst=1.0, per_second=1 / self.window.seconds)

    def is_idle(self, now: float) -> bool:
        return self.used(now) == 0

    def _needed(self, cost: float, leave: int) -> int:
        return max(1, min(ceil(cost), self.window.most - leave))

    def _place(self, number: int) -> str:
        return f"{self._name}:{number}"
