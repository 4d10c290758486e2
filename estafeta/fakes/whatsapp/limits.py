"""How fast a business may talk, and how long.

Sources: https://developers.facebook.com/documentation/business-messaging/whatsapp/throughput (80 messages a second
per number, 20 when it is used in the phone app too) and .../support/error-codes (131056): one message in six seconds
to the same user; up to 45 may be borrowed in a burst, and are paid back by waiting as long as they would have taken.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    per_second: int = 80
    per_second_with_app: int = 20
    pair_seconds: float = 6
    pair_burst: int = 45


@dataclass(slots=True, kw_only=True)
class _Pair:
    """What a number owes one user. `burst_until`: the six seconds in which it may borrow."""

    debt_until: float = 0
    burst_until: float = 0
    burst: int = 0


@dataclass(slots=True, kw_only=True)
class Pace:
    """What was sent lately. `clock` gives seconds; they may jump forward with the stand-in's clock."""

    limits: Limits
    clock: Callable[[], float]
    _numbers: dict[str, deque[float]] = field(default_factory=dict)
    _pairs: dict[tuple[str, str], _Pair] = field(default_factory=dict)

    def take(self, number: str, user: str, *, with_app: bool) -> int:
        """0 and the budget is spent, or the code of the limit that is in the way and nothing is."""
        now = self.clock()
        sent = self._numbers.setdefault(number, deque())
        while sent and sent[0] <= now - 1:
            sent.popleft()
        if len(sent) >= (self.limits.per_second_with_app if with_app else self.limits.per_second):
            return 130429
        pair = self._pairs.setdefault((number, user), _Pair())
        if not self._may(pair, now):
            return 131056
        sent.append(now)
        return 0

    def _may(self, pair: _Pair, now: float) -> bool:
        if now >= pair.debt_until:
            pair.burst_until = now + self.limits.pair_seconds
            pair.burst = 0
        elif now >= pair.burst_until or pair.burst >= self.limits.pair_burst:
            return False
        pair.burst += 1
        pair.debt_until = max(now, pair.debt_until) + self.limits.pair_seconds
        return True
