"""How fast one visitor may speak. Pure: the time is given, in seconds of a clock that does not jump."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Pace:
    """A token bucket for each visitor: `burst` at once, then `rate` a second.

    Buckets that have filled up again are forgotten, so that memory follows those who speak now.
    """

    def __init__(self, *, burst: int, rate: float) -> None:
        self._burst = burst
        self._rate = rate
        self._buckets: dict[str, _Bucket] = {}
        self._forget_above = 1000

    def take(self, visitor: str, now: float) -> bool:
        """True when the visitor may speak now; that is counted."""
        bucket = self._buckets.get(visitor)
        if bucket is None:
            self._forget(now)
            bucket = self._buckets[visitor] = _Bucket(float(self._burst), now)
        bucket.left = self._refilled(bucket, now)
        bucket.at = now
        if bucket.left < 1:
            return False
        bucket.left -= 1
        return True

    def _refilled(self, bucket: _Bucket, now: float) -> float:
        return min(float(self._burst), bucket.left + max(0.0, now - bucket.at) * self._rate)

    def _forget(self, now: float) -> None:
        if len(self._buckets) < self._forget_above:
            return
        full = [visitor for visitor, bucket in self._buckets.items() if self._refilled(bucket, now) >= self._burst]
        for visitor in full:
            del self._buckets[visitor]
        self._forget_above = max(1000, 2 * len(self._buckets))
