"""A circuit: after several failures in a row nobody asks for a while, then one at a time tries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from estafeta.kernel.ports import Clock


class Resting(Exception):
    """The circuit is open. `seconds`: until the next try, 0 while somebody else tries already."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"asked again in {seconds:.1f} seconds")
        self.seconds = seconds


class Circuit:
    """Opens after so many failures in a row and rests so many seconds. What neither succeeds nor fails in one of the
    ways of `failures` (who asked gave up, say) changes nothing."""

    def __init__(self, clock: Clock, *, failures: type[Exception], opens_after: int, rests: float) -> None:
        self._clock = clock
        self._failures = failures
        self._opens_after = opens_after
        self._rests = rests
        self._in_vain = 0
        self._rests_until: float | None = None
        self._trying = False

    @property
    def open(self) -> bool:
        return self._rests_until is not None

    @contextmanager
    def call(self) -> Iterator[None]:
        """One call goes inside. Raises `Resting` instead of letting it begin."""
        trial = self._rests_until is not None
        if self._rests_until is not None:
            left = self._rests_until - self._clock.monotonic()
            if self._trying or left > 0:
                raise Resting(max(left, 0.0))
            self._trying = True
        try:
            yield
        except self._failures:
            self._in_vain += 1
            if trial or (self._rests_until is None and self._in_vain >= self._opens_after):
                self._rests_until = self._clock.monotonic() + self._rests
            raise
        else:
            self._in_vain, self._rests_until = 0, None
        finally:
            if trial:
                self._trying = False
