"""The stand-in's time: the real one, until a test moves it."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(slots=True)
class Clock:
    """Unix seconds. `start`: stands still there instead of following the real time."""

    start: float | None = None
    moved: float = 0

    def now(self) -> float:
        return (time.time() if self.start is None else self.start) + self.moved

    def passes(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
        self.moved += ((days * 24 + hours) * 60 + minutes) * 60 + seconds
