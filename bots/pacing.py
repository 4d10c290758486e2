"""How fast a messenger may be talked to.

`Pacer` lets callers wait for their turn at a key, the more urgent first, those of equal urgency in the order they
came. Several processes that send under one name to a messenger pace as one through `Buckets`. The arithmetic is in
`bots.budgets`.
"""

from __future__ import annotations

import asyncio
from bisect import insort
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from itertools import count
from math import inf

from bots.budgets import Bucket, Buckets, Places, Rate, Tokens, Window
from estafeta.kernel.errors import EstafetaError
from estafeta.kernel.ports import Clock

__all__ = ["Bucket", "Buckets", "Load", "Pacer", "Rate", "TooBusy", "Window"]

KEPT_SECONDS = 90.0
"""So long somebody who lost patience keeps the place in the queue."""
LOOKED_SECONDS = 15.0
"""So often a turn that waits sees whether it need still leave as many places to others."""
_PLACES = 1000
_SHORTEST = 0.001
"""Less than a clock can tell would be asked for again and again."""


class TooBusy(EstafetaError):
    """The turn does not come within the caller's patience. `retry_after`: about when it may, in seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"the turn comes in about {retry_after:.1f} s, later than the caller waits")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Load:
    """How a window stands: `used` of its `most` places are taken, `own` of them by this process; each is free again
    `seconds` after it was taken. `waiting` turns of this process wait, the first of them for `oldest` seconds."""

    used: int
    own: int
    most: int
    seconds: float
    waiting: int
    oldest: float


@dataclass(order=True, slots=True)
class _Turn:
    due: float
    priority: int
    number: int
    arrived: float = field(compare=False)
    cost: float = field(compare=False)
    deadline: float = field(compare=False)
    wake: asyncio.Event = field(compare=False, default_factory=asyncio.Event)


@dataclass(slots=True)
class _Lane:
    """`left` are the places in the queue of those who lost patience: since when they wait, and when they left."""

    budget: Tokens | Places
    waiting: list[_Turn] = field(default_factory=list)
    left: OrderedDict[Hashable, tuple[float, float]] = field(default_factory=OrderedDict)

    @property
    def window(self) -> Window | None:
        return self.budget.window if isinstance(self.budget, Places) else None

    def delay(self, turn: _Turn, now: float) -> float:
        return self.budget.delay(turn.cost, now, self.leaves(turn, now))

    def leaves(self, turn: _Turn, now: float) -> int:
        """Places for others; one at least is its own."""
        if self.window is None:
            return 0
        return min(self.window.most - 1, self.window.standing(turn.priority).leaves_after(now - turn.arrived))

    def wake(self, now: float) -> None:
        """The head, and those that would wait in vain: to wake all of a long queue at each turn takes longer than
        the turns."""
        if not self.waiting:
            return
        soonest = now if self.window is not None else now + self.delay(self.waiting[0], now)
        for turn in self.waiting:
            if turn is self.waiting[0] or turn.deadline <= soonest:
                turn.wake.set()

    def returned(self, place: Hashable, now: float) -> float:
        """Since when whoever has this place waits; now, if it is new."""
        arrived, left = self.left.pop(place, (now, now))
        return arrived if now - left <= KEPT_SECONDS else now

    def keep(self, place: Hashable, arrived: float, now: float) -> None:
        self.left[place] = (arrived, now)
        self.left.move_to_end(place)
        if len(self.left) > _PLACES:
            self.left.popitem(last=False)


class Pacer:
    """Turns at keys, each key with the rate or the window that `rate_of` gives it. For one event loop.

    With `buckets`, a turn at a key that `is_shared` is taken there too: the bucket is named `scope` and
    the key, and all pacers that name it so keep the rate together. The queue stays here; only its head
    asks. While the buckets cannot be asked, each pacer keeps the rate by itself.
    """

    def __init__(
        self,
        clock: Clock,
        rate_of: Callable[[Hashable], Rate | Window],
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

    async def wait(
        self,
        key: Hashable,
        cost: float = 1.0,
        priority: int = 0,
        *,
        patience: float | None = None,
        place: Hashable = None,
    ) -> None:
        """Returns when it is this caller's turn. Lower `priority` goes first; at a window, for so long as the later
        one bears it.

        Raises `TooBusy` when that would take more than `patience` seconds (None: however long). At a window that is
        waited for; who comes again soon for the same `place` (None: nobody's) goes on waiting where it left.
        """
        lane = self._lane(key)
        start = self._clock.monotonic()
        budget = lane.budget
        if isinstance(budget, Tokens) and budget.alone and not lane.waiting and budget.delay(cost, start) <= 0:
            budget.bucket.take(cost, start)
            return
        deadline = inf if patience is None else start + patience
        arrived = lane.returned(place, start)
        due = arrived + lane.window.standing(priority).bears if lane.window is not None else 0.0
        turn = _Turn(due, priority, next(self._numbers), arrived, cost, deadline)
        if isinstance(budget, Tokens):
            _refuse_what_takes_too_long(lane, budget, turn, start)
        insort(lane.waiting, turn)
        try:
            await self._reach_head(lane, turn)
        except TooBusy:
            if place is not None:
                lane.keep(place, arrived, self._clock.monotonic())
            raise
        finally:
            lane.waiting.remove(turn)
            lane.wake(self._clock.monotonic())

    async def _reach_head(self, lane: _Lane, turn: _Turn) -> None:
        while True:
            now = self._clock.monotonic()
            delay = lane.delay(turn, now)
            if lane.waiting[0] is turn:
                delay = await lane.budget.take(turn.cost, self._clock, lane.leaves(turn, now))
                if delay <= 0:
                    return
            now = self._clock.monotonic()
            if lane.window is None and now + delay > turn.deadline:
                raise TooBusy(max(delay, 1.0))
            if now >= turn.deadline:
                raise TooBusy(0.0)
            if lane.waiting[0] is turn:
                await self._sleep(lane, turn, delay, now)
            else:
                turn.wake.clear()
                await turn.wake.wait()

    async def _sleep(self, lane: _Lane, head: _Turn, delay: float, now: float) -> None:
        """At a window the head looks up in time for those whose patience ends, when it need leave fewer places than
        before, and when a place was given back."""
        if lane.window is None:
            await self._clock.sleep(max(_SHORTEST, delay))
            return
        soonest = min(turn.deadline for turn in lane.waiting)
        head.wake.clear()
        nap = asyncio.ensure_future(self._clock.sleep(max(_SHORTEST, min(delay, soonest - now, LOOKED_SECONDS))))
        woken = asyncio.ensure_future(head.wake.wait())
        try:
            await asyncio.wait((nap, woken), return_when=asyncio.FIRST_COMPLETED)
        finally:
            nap.cancel()
            woken.cancel()
        lane.wake(self._clock.monotonic())

    def penalise(self, key: Hashable, retry_after: float) -> None:
        """The messenger said to be quiet: nobody's turn comes at this key before `retry_after` seconds."""
        self._lane(key).budget.block(retry_after, self._clock.monotonic())

    def begin(self, key: Hashable, cost: float = 1.0) -> None:
        """What was waited for is used now: at a window it counts from now."""
        self._lane(key).budget.begin(cost, self._clock.monotonic())

    def give_back(self, key: Hashable, cost: float = 1.0) -> None:
        """A turn that was waited for and not used."""
        lane = self._lane(key)
        now = self._clock.monotonic()
        lane.budget.give_back(cost, now)
        lane.wake(now)

    def load(self, key: Hashable) -> Load | None:
        """How the key's window stands; None: it has none."""
        lane, now = self._lane(key), self._clock.monotonic()
        if not isinstance(lane.budget, Places):
            return None
        since = [turn.arrived for turn in lane.waiting]
        since += [arrived for arrived, left in lane.left.values() if now - left <= KEPT_SECONDS]
        oldest = now - min(since) if since else 0.0
        window = lane.budget.window
        return Load(
            used=lane.budget.used(now), own=lane.budget.own(now), most=window.most, seconds=window.seconds,
            waiting=len(since), oldest=oldest,
        )  # fmt: skip

    def _lane(self, key: Hashable) -> _Lane:
        lane = self._lanes.get(key)
        if lane is None:
            if len(self._lanes) >= self._keep:
                self._forget_idle()
            now, rate = self._clock.monotonic(), self._rate_of(key)
            buckets = self._buckets if self._buckets is not None and self._is_shared(key) else None
            name = f"{self._scope}:{key}"
            kept = Tokens(rate, now, buckets, name) if isinstance(rate, Rate) else Places(rate, now, buckets, name)
            lane = self._lanes[key] = _Lane(kept)
        return lane

    def _forget_idle(self) -> None:
        now = self._clock.monotonic()
        idle = [key for key, lane in self._lanes.items() if not lane.waiting and lane.budget.is_idle(now)]
        for key in idle:
            del self._lanes[key]
        self._keep = max(self._keep, 2 * len(self._lanes))


def _refuse_what_takes_too_long(lane: _Lane, budget: Tokens, turn: _Turn, now: float) -> None:
    ahead = sum(one.cost for one in lane.waiting if one.priority <= turn.priority)
    expected = budget.delay(turn.cost, now) + ahead / budget.bucket.rate.per_second
    if now + expected > turn.deadline:
        raise TooBusy(expected)
