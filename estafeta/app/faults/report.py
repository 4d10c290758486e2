"""What a run of the fault kit found, in plain words and as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from estafeta.app.faults.invariants import Invariant
from estafeta.app.faults.takeover import Takeover

_TARGET = 5.0
"""Seconds within which 99 of 100 conversations of a dead worker are in other hands."""

_BUSY = 0.25
"""Seconds of lateness of the kit itself from which times mean nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of many measured seconds."""

    count: int
    p50: float
    p99: float
    longest: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Figures | None:
        if not seconds:
            return None
        ordered = sorted(seconds)

        def at(share: float) -> float:
            return round(ordered[math.ceil(share * len(ordered)) - 1], 2)

        return cls(count=len(ordered), p50=at(0.5), p99=at(0.99), longest=round(ordered[-1], 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """All that a run found.

    `seconds`: while people wrote and until all was settled. `invariants`: the judge's and the kit's own. `answers`:
    seconds from a message's being handed over to its answer, faults and all. `mistaken`: how many workers were taken
    for dead while they lived, by the injected fault that explains it ("": none does). `errors`: events that
    processes logged as errors, and how often. `waited`: seconds that the kit itself was late, many times a second.
    `kept`: where logs and ledger lie, None when they were removed.
    """

    seed: int
    messages: int
    done: int
    seconds: float
    faults: Mapping[str, int]
    invariants: Sequence[Invariant]
    takeovers: Sequence[Takeover]
    answers: Figures | None = None
    mistaken: Mapping[str, int] = field(default_factory=dict)
    errors: Mapping[str, int] = field(default_factory=dict)
    waited: Sequence[float] = ()
    kept: Path | None = None

    @property
    def alone(self) -> Figures | None:
        """Takeovers while both servers were there."""
        return Figures.of([t.seconds for t in self.takeovers if t.seconds is not None and not t.disturbed])

    @property
    def broken(self) -> bool:
        return any(invariant.broken for invariant in self.invariants)

    def as_json(self) -> dict[str, Any]:
        return {
            "seed": self.seed,
            "messages": self.messages,
            "done": self.done,
            "seconds": round(self.seconds, 1),
            "faults": dict(self.faults),
            "broken": self.broken,
            "invariants": [asdict(invariant) for invariant in self.invariants],
            "takeovers": {
                "figures": asdict(self.alone) if self.alone else None,
                "all": [asdict(takeover) for takeover in self.takeovers],
            },
            "answers": asdict(self.answers) if self.answers else None,
            "taken_for_dead_while_alive": dict(self.mistaken),
            "errors": dict(self.errors),
            "waited": asdict(waited) if (waited := Figures.of(self.waited)) else None,
            "kept": str(self.kept) if self.kept else None,
        }


def taken_over(takeovers: Sequence[Takeover], *, timed: bool) -> Invariant:
    """The promise about a dead worker's conversations, from what was measured. `timed`: how soon is a part of it."""
    counted = [takeover for takeover in takeovers if not takeover.disturbed]
    figures = Figures.of([takeover.seconds for takeover in counted if takeover.seconds is not None])
    never = [takeover for takeover in takeovers if takeover.seconds is None]
    late = [takeover for takeover in counted if takeover.seconds is not None and takeover.seconds >= _TARGET]
    too_many = late if timed and figures is not None and figures.p99 >= _TARGET else []
    examples = [
        f"{takeover.conversation} of {takeover.worker} ({takeover.kind}, {takeover.what}): "
        + ("never" if takeover.seconds is None else f"{takeover.seconds:.1f} s")
        for takeover in [*never, *too_many]
    ]
    return Invariant(
        name="a dead worker's conversations are taken over" + (f" (p99 under {_TARGET:.0f} s)" if timed else ""),
        checked=len(takeovers),
        broken=len(never) + len(too_many),
        examples=tuple(examples[:5]),
    )


def lines(outcome: Outcome) -> Iterator[str]:
    yield (
        f"Seed {outcome.seed}: {outcome.done} of {outcome.messages} customers' messages done with, "
        f"{sum(outcome.faults.values())} faults, {outcome.seconds:.0f} s."
    )
    yield ""
    yield "Faults"
    for kind, count in sorted(outcome.faults.items(), key=lambda item: (-item[1], item[0])):
        yield f"  {count:>5}  {kind.replace('_', ' ')}"
    yield ""
    width = max(len(invariant.name) for invariant in outcome.invariants)
    yield f"{'Invariants'.ljust(width + 2)} {'checked':>9} {'broken':>7} {'allowed':>8}"
    for invariant in outcome.invariants:
        allowed = str(invariant.allowed) if invariant.allowed else ""
        mark = " " if not invariant.broken else "!"
        yield f"{mark} {invariant.name.ljust(width)} {invariant.checked:>9} {invariant.broken:>7} {allowed:>8}".rstrip()
        for example in invariant.examples if invariant.broken else ():
            yield f"      {example}"
    yield ""
    yield from _takeovers(outcome)
    yield from _mistaken(outcome)
    if outcome.answers is not None:
        figures = outcome.answers
        yield (
            f"From a message to its answer, faults and all: p50 {figures.p50:.2f} s, p99 {figures.p99:.2f} s, "
            f"longest {figures.longest:.2f} s."
        )
    waited = Figures.of(outcome.waited)
    if waited is not None:
        busy = " That is much: the machine was too busy for times to mean anything." if waited.p99 > _BUSY else ""
        yield f"The kit itself was late by p50 {waited.p50:.2f} s, p99 {waited.p99:.2f} s.{busy}"
    if outcome.errors:
        yield "Logged as errors:"
        for event, count in sorted(outcome.errors.items(), key=lambda item: -item[1]):
            yield f"  {count:>5}  {event}"
    yield ""
    if outcome.kept is not None:
        yield f"Logs and ledger: {outcome.kept}"
    yield "Something was broken." if outcome.broken else "Nothing was lost, doubled or out of order."


def _takeovers(outcome: Outcome) -> Iterator[str]:
    figures = outcome.alone
    aside = sum(takeover.disturbed for takeover in outcome.takeovers)
    if figures is None:
        yield f"Takeover of a dead worker's conversations: none to be measured ({aside} while a server was away)."
        return
    yield (
        f"Takeover of a dead worker's conversations: p50 {figures.p50:.2f} s, p99 {figures.p99:.2f} s, "
        f"longest {figures.longest:.2f} s, {figures.count} conversations; {aside} more while a server was away, too."
    )


def _mistaken(outcome: Outcome) -> Iterator[str]:
    number, unexplained = sum(outcome.mistaken.values()), outcome.mistaken.get("", 0)
    if number:
        yield (
            f"Taken for dead while they lived: {number} workers, {number - unexplained} of them hung by a fault, "
            f"{unexplained} without an injected cause (a machine too busy to let them renew their leases)."
        )
