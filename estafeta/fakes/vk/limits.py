"""How fast a community may talk, on a clock of the caller's choice.

Sources: https://dev.vk.com/ru/api/api-requests and https://dev.vk.com/ru/api/bots/development/messages (20 requests a
second with a community's token, error 6 above). VK publishes no figures for flood control (error 9): those here are
a guess on the safe side.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from estafeta.fakes.vk.errors import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    per_second: int = 20
    """Requests with one token in any second; one `execute` is one request."""
    peer_messages: int = 20
    """Messages to one peer within `peer_seconds`."""
    peer_seconds: float = 5


@dataclass(slots=True, kw_only=True)
class Pace:
    """What was asked lately, against the limits. `clock` gives seconds that only grow."""

    limits: Limits
    clock: Callable[[], float]
    _requests: dict[str, deque[float]] = field(default_factory=dict)
    _messages: dict[tuple[int, int], deque[float]] = field(default_factory=dict)

    def request(self, token: str) -> None:
        """Raises error 6; a refused request does not count."""
        if self._full(self._requests.setdefault(token, deque()), self.limits.per_second, 1):
            raise Refused(6)

    def message(self, community: int, peer: int) -> None:
        """Raises error 9."""
        sent = self._messages.setdefault((community, peer), deque())
        if self._full(sent, self.limits.peer_messages, self.limits.peer_seconds):
            raise Refused(9)

    def _full(self, window: deque[float], limit: int, seconds: float) -> bool:
        now = self.clock()
        while window and window[0] <= now - seconds:
            window.popleft()
        if len(window) >= limit:
            return True
        window.append(now)
        return False
