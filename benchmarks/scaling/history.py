"""Does it slow down as stored history grows? Two installations on the same servers, one with 10,000
stored entries and one with 1,000,000; the same load in turns, on customers who wrote before.
"""

from __future__ import annotations

import statistics

from benchmarks.scaling.outside import Round
from benchmarks.scaling.site import Site
from benchmarks.scaling.stored import chats_from, fill, lived
from benchmarks.scaling.workers import AT_ONCE

SMALL, LARGE = 10_000, 1_000_000
TALK = 10
"""Messages of one customer."""
TARGET = 0.9
_FIRST = 3_000_000_000


async def small_and_large(site: Site, *, seconds: float, rounds: int, large: int = LARGE) -> bool:
    async with site.workers(1, "small") as _, site.workers(1, "large") as _:
        chats: dict[str, list[str]] = {}
        for name, entries in (("small", SMALL), ("large", large)):
            pattern = await lived(site, name, str(_FIRST - 1), TALK)
            chats[name] = chats_from(_FIRST, entries // len(pattern.documents["entries"]))
            documents = await fill(site, name, pattern, chats[name])
            print(f"{name}: {entries} entries, {len(chats[name])} conversations, {documents} documents", flush=True)
        pairs: list[dict[str, Round]] = []
        for number in range(-1, rounds):
            pair = {}
            for name in ("small", "large") if number % 2 else ("large", "small"):
                async with site.way_in(name) as intake:
                    writers = site.customers.some_of(chats[name])
                    pair[name] = await site.customers.flood(intake, writers, at_once=AT_ONCE, seconds=seconds)
            if number >= 0:  # the first is the warm-up
                pairs.append(pair)
    return _report(pairs)


def _report(pairs: list[dict[str, Round]]) -> bool:
    for name in ("small", "large"):
        rows = [pair[name] for pair in pairs]
        rate, p95 = (
            statistics.median(row.rate for row in rows),
            statistics.median(row.percentile(0.95) for row in rows),
        )
        print(f"{name}: {rate:.0f} messages/s, p95 {p95:.1f} ms, unanswered {sum(row.unanswered for row in rows)}")
    ratios = [pair["large"].rate / pair["small"].rate for pair in pairs]
    middle = statistics.median(ratios)
    holds = middle >= TARGET
    print(
        f"ratio: {middle:.2f} ({min(ratios):.2f} to {max(ratios):.2f} in {len(ratios)} pairs; target {TARGET}) "
        f"{'ok' if holds else 'FAILED'}"
    )
    return holds
