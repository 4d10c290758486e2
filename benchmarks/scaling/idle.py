"""What do conversations cost that nobody writes in? A worker on an empty database, and one on a database
of conversations, each left alone for a while.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from benchmarks.scaling.machine import resident_megabytes
from benchmarks.scaling.site import Site, spent
from benchmarks.scaling.stored import chats_from, fill, lived

IDLE = 100_000
_FIRST = 4_000_000_000
_SETTLES = 5.0
_CPU_NOISE, _MEMORY_NOISE = 0.6, 10.0
"""Seconds a minute, that is 1 % of a core; megabytes."""


@dataclass(frozen=True, slots=True)
class _Idle:
    """CPU in seconds a minute."""

    worker: float
    mongod: float
    megabytes: float


async def none_and_many(site: Site, *, seconds: float, count: int = IDLE) -> bool:
    """Whether many cost the worker no more than none, beyond noise."""
    async with site.workers(1, "idle"):
        pattern = await lived(site, "idle", str(_FIRST - 1), 2)
    none = await _measure(site, "idle", seconds)
    await fill(site, "idle", pattern, chats_from(_FIRST, count))
    many = await _measure(site, "idle", seconds)
    print("conversations   worker CPU s/min   mongod CPU s/min   worker RSS MB")
    for number, row in ((1, none), (count, many)):
        print(f"{number:>13} {row.worker:>18.2f} {row.mongod:>18.2f} {row.megabytes:>15.1f}")
    holds = many.worker - none.worker < _CPU_NOISE and many.megabytes - none.megabytes < _MEMORY_NOISE
    print(f"no more than noise ({_CPU_NOISE} s/min, {_MEMORY_NOISE:.0f} MB): {'ok' if holds else 'FAILED'}")
    return holds


async def _measure(site: Site, name: str, seconds: float) -> _Idle:
    async with site.workers(1, name) as (pid,):
        await asyncio.sleep(_SETTLES)
        before = site.cpu([pid])
        await asyncio.sleep(seconds)
        cpu = spent(before, site.cpu([pid]))
        return _Idle(cpu["workers"] * 60 / seconds, cpu["mongod"] * 60 / seconds, resident_megabytes(pid))
