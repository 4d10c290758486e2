"""What goes wrong and when, from a seed: pure data, so that a seed reproduces a run's faults.

Faults overlap as they do in life, with two exceptions that keep the run able to end and its figures
readable: one server is away at a time, and one of the two processes of a role. While both were away,
whatever is asked of the product, nobody could answer.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "kill_worker", "kill_web", "kill_poller", "pause_worker", "rolling_restart",
    "kill_redis", "pause_redis", "kill_mongod", "pause_mongod",
    "too_many_requests", "server_error", "hanging_reply", "broken_reply", "lost_reply", "lost_request",
    "duplicate_updates", "late_updates", "reordered_updates", "lost_acknowledgements",
    "slow_understanding", "clock_forward", "clock_back",
]  # fmt: skip

WEIGHTS: dict[Kind, int] = {
    "kill_worker": 36,
    "kill_redis": 10,
    "kill_mongod": 8,
    "pause_worker": 14,
    "too_many_requests": 10,
    "duplicate_updates": 10,
    "kill_web": 14,
    "kill_poller": 10,
    "lost_reply": 6,
    "slow_understanding": 8,
    "clock_forward": 7,
    "server_error": 10,
    "broken_reply": 6,
    "rolling_restart": 3,
    "hanging_reply": 7,
    "pause_mongod": 6,
    "pause_redis": 6,
    "late_updates": 6,
    "reordered_updates": 6,
    "lost_acknowledgements": 8,
    "lost_request": 5,
    "clock_back": 6,
}
"""How often each kind comes in about two hundred; those first in the list come into a short run first."""

ROLE: dict[Kind, str] = {
    "kill_worker": "worker", "pause_worker": "worker", "kill_web": "web", "kill_poller": "telegram",
    "slow_understanding": "worker", "clock_forward": "worker", "clock_back": "worker",
}  # fmt: skip
"""The role whose process the kind befalls."""

SERVER: dict[Kind, str] = {
    "kill_redis": "redis", "pause_redis": "redis", "kill_mongod": "mongod", "pause_mongod": "mongod"
}  # fmt: skip

POLLED: frozenset[Kind] = frozenset({"kill_poller"})
"""Makes sense only while Telegram is polled."""
POSTED: frozenset[Kind] = frozenset({"duplicate_updates", "late_updates", "reordered_updates", "lost_acknowledgements"})
"""Makes sense only while Telegram posts to the webhook."""

_SECONDS: dict[Kind, tuple[float, float]] = {
    "pause_worker": (1.0, 6.0),
    "pause_redis": (1.0, 5.0),
    "pause_mongod": (1.0, 4.0),
    "kill_redis": (0.1, 2.0),
    "kill_mongod": (0.1, 1.0),
    "late_updates": (1.0, 4.0),
    "slow_understanding": (2.0, 5.0),
    "clock_forward": (2.0, 6.0),
    "clock_back": (2.0, 6.0),
    "hanging_reply": (1.0, 20.0),
    "too_many_requests": (1.0, 3.0),
}
_BACK = (0.2, 3.0)
_AROUND: dict[Kind, float] = {
    "kill_worker": 1.5,
    "kill_web": 1.5,
    "kill_poller": 1.5,
    "pause_worker": 1.5,
    "kill_mongod": 3.0,
    "pause_mongod": 1.0,
    "kill_redis": 1.0,
    "pause_redis": 1.0,
    "rolling_restart": 12.0,
}
"""Seconds after its end that a fault still takes to be over: a start, an election."""
_CALLS = (1, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One fault. `at`: seconds from the run's beginning. `target`: the process it befalls, "" for none.

    `seconds`: how long it lasts, or how long a killed server stays away. `back`: seconds until the
    supervisor starts a killed process again. `count`: how many calls or updates it befalls.
    """

    at: float
    kind: Kind
    target: str = ""
    seconds: float = 0.0
    back: float = 0.0
    count: int = 0


def schedule(seed: int, count: int, seconds: float, *, posted_from: float | None = None) -> list[Planned]:
    """`count` faults spread over about `seconds`, in the order of their times.

    `posted_from`: from then on Telegram posts its updates, before it is polled; None: polled all along.
    """
    dice = random.Random(f"{seed}/schedule")  # noqa: S311
    waiting = _kinds(dice, count, posted_from, seconds)
    away = _Away()
    planned: list[Planned] = []
    at = pace = seconds / (count + 1)
    while waiting:
        posted = posted_from is not None and at >= posted_from
        if posted:
            waiting = ["kill_web" if kind in POLLED else kind for kind in waiting]
        kind = next((kind for kind in waiting if away.allows(kind, at) and (posted or kind not in POSTED)), None)
        if kind is None:
            at = away.next_end(at)
            continue
        waiting.remove(kind)
        fault = _drawn(dice, kind, at)
        away.note(fault)
        planned.append(fault)
        at = max(at + 0.05, pace * (len(planned) + 1) + dice.uniform(-0.4, 0.4) * pace)
    return planned


def _kinds(dice: random.Random, count: int, posted_from: float | None, seconds: float) -> list[Kind]:
    """Each kind in proportion to its weight, and once at least while there is room; in the order wished for."""
    turn = 1.0 if posted_from is None else min(max(posted_from / seconds, 0.0), 1.0)
    possible = [kind for kind in WEIGHTS if (kind not in POSTED or turn < 1) and (kind not in POLLED or turn > 0)]
    amounts = dict.fromkeys(possible[:count], 1)
    whole = sum(WEIGHTS[kind] for kind in amounts)
    while sum(amounts.values()) < count:
        # The kind that lags furthest behind its share.
        amounts[max(amounts, key=lambda kind: WEIGHTS[kind] / whole * count - amounts[kind])] += 1

    def place(kind: Kind) -> float:
        if kind in POLLED:
            return dice.uniform(0.0, turn * 0.9)
        return dice.uniform(turn if kind in POSTED else 0.0, 1.0)

    return sorted((kind for kind, amount in amounts.items() for _ in range(amount)), key=place)


def _drawn(dice: random.Random, kind: Kind, at: float) -> Planned:
    role = ROLE.get(kind)
    return Planned(
        at=round(at, 3),
        kind=kind,
        target=f"{role}-{dice.randint(1, 2)}" if role else SERVER.get(kind, ""),
        seconds=round(dice.uniform(*_SECONDS[kind]), 3) if kind in _SECONDS else 0.0,
        back=round(dice.uniform(*_BACK), 3) if kind.startswith("kill_") and role else 0.0,
        count=0 if role or kind in SERVER or kind == "rolling_restart" else dice.randint(*_CALLS),
    )


class _Away:
    """Until when servers and roles are busy with a fault."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def allows(self, kind: Kind, at: float) -> bool:
        return all(self._until.get(what, 0.0) <= at for what in _hurt(kind))

    def note(self, fault: Planned) -> None:
        end = over(fault)
        for what in _hurt(fault.kind):
            self._until[what] = max(end, self._until.get(what, 0.0))

    def next_end(self, at: float) -> float:
        return min((end for end in self._until.values() if end > at), default=at + 1.0)


def over(fault: Planned) -> float:
    """When everything should be back, in seconds from the run's beginning."""
    return fault.at + max(fault.seconds, fault.back) + _AROUND.get(fault.kind, 0.0)


def _hurt(kind: Kind) -> tuple[str, ...]:
    """What must be whole for the fault to begin, and is not while it lasts."""
    if kind in SERVER:
        return ("server",)
    if kind == "rolling_restart":
        return ("web", "worker", "telegram")
    if kind in {"clock_forward", "clock_back"}:
        return ("clock",)
    if kind == "slow_understanding":
        return ("understanding",)
    if kind == "late_updates":
        return ("updates",)
    return (ROLE[kind],) if kind in ROLE else ()
