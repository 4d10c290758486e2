"""One worker and two: does another one help?

On two cores that mongod, Redis and the messenger use too, two workers can never have twice the core
that one had. So it is measured twice. As the machine is: who used how much CPU says what was short. And
with each worker held to a share of a core, small enough that all the others have what they need: that is
a second machine of the same size, as far as two cores can show it, and what keeps the ratio below 2 then
is the platform (locks, conflicts, the database's own contention), not the want of a core.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from benchmarks.scaling.machine import cores
from benchmarks.scaling.outside import Round
from benchmarks.scaling.site import Site, spent

AT_ONCE = 96
AT_ONCE_HELD = 32
"""Customers who write at once: enough that a worker always has something to do."""
TARGET = 1.6


@dataclass(frozen=True, slots=True)
class Measured:
    """`cpu`: seconds of each part while the round lasted."""

    round: Round
    cpu: dict[str, float]

    def per_message(self, part: str) -> float:
        return self.cpu[part] * 1000 / max(self.round.answered, 1)


async def one_and_two(site: Site, *, seconds: float, rounds: int, share: float) -> bool:
    """Whether the target is reached where cores are not short: with each worker held to `share` of a core.
    With 0 it is measured as the machine is, and nothing is claimed."""
    if not share:
        free = [await _pair(site, number, seconds, 0.0) for number in range(rounds)]
        print("as the machine is:", flush=True)
        _report(free)
        return True
    held = [await _pair(site, rounds + number, seconds, share) for number in range(rounds)]
    print(f"each worker held to {share:.2f} of a core:", flush=True)
    ratio = _report(held)
    print(f"ratio: {ratio:.2f} (target {TARGET}) {'ok' if ratio >= TARGET else 'FAILED'}")
    return ratio >= TARGET


async def _pair(site: Site, number: int, seconds: float, share: float) -> dict[int, Measured]:
    order = (1, 2) if number % 2 else (2, 1)
    return {count: await _measure(site, f"w{number}x{count}", count, seconds, share) for count in order}


async def _measure(site: Site, name: str, count: int, seconds: float, share: float) -> Measured:
    on = cores()[:1] if share else cores()
    at_once = AT_ONCE_HELD if share else AT_ONCE
    async with site.workers(count, name, share=share, on=on) as pids, site.way_in(name) as intake:
        chats = site.customers.new()
        await site.customers.flood(intake, chats, at_once=at_once, seconds=min(seconds / 2, 5.0))
        before = site.cpu(pids)
        round_ = await site.customers.flood(intake, chats, at_once=at_once, seconds=seconds)
        return Measured(round_, spent(before, site.cpu(pids)))


def _report(pairs: list[dict[int, Measured]]) -> float:
    """Prints medians; the ratio's."""
    print("workers  messages/s   p50 ms   p95 ms   CPU ms a message: workers  mongod   redis  outside   cores used")
    for count in (1, 2):
        rows = [pair[count] for pair in pairs]
        rate = statistics.median(row.round.rate for row in rows)
        p50, p95 = (statistics.median(row.round.percentile(share) for row in rows) for share in (0.5, 0.95))
        used = statistics.median(sum(row.cpu.values()) / row.round.seconds for row in rows)
        costs = {part: statistics.median(row.per_message(part) for row in rows) for part in rows[0].cpu}
        print(
            f"{count:>7}  {rate:>10.0f} {p50:>8.1f} {p95:>8.1f} {costs['workers']:>26.2f} {costs['mongod']:>7.2f}"
            f" {costs['redis']:>7.2f} {costs['outside']:>8.2f} {used:>12.2f}"
        )
        if unanswered := sum(row.round.unanswered for row in rows):
            print(f"         unanswered: {unanswered}")
    ratios = [pair[2].round.rate / pair[1].round.rate for pair in pairs]
    middle = statistics.median(ratios)
    print(f"two to one: {middle:.2f} ({min(ratios):.2f} to {max(ratios):.2f} in {len(ratios)} pairs)", flush=True)
    return middle
