"""The command line of the measurements; see the package."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

import benchmarks.scaling
from benchmarks.scaling import history, idle, stages, sweeper, workers
from benchmarks.scaling.site import Site, site
from estafeta.kernel.errors import EstafetaError

QUIET = 0.5
"""Load average above which others are at work here."""


def _loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scaling", description=(benchmarks.scaling.__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("what", choices=["workers", "history", "idle", "sweeper", "stages"])
    parser.add_argument("--quick", action="store_true", help="short rounds and small sizes: to see that it works")
    parser.add_argument("--share", type=float, default=0.2, help="workers: of a core, for each (0: as the machine is)")
    parser.add_argument("--models", type=Path, help="folder of a trained model, to be used again")
    return parser.parse_args()


async def _measure(place: Site, given: argparse.Namespace) -> bool:
    """Whether what is claimed holds."""
    quick = given.quick
    match given.what:
        case "workers":
            return await workers.one_and_two(
                place, seconds=3 if quick else 10, rounds=1 if quick else 5, share=given.share
            )
        case "history":
            large = history.LARGE // 20 if quick else history.LARGE
            return await history.small_and_large(
                place, seconds=2 if quick else 8, rounds=2 if quick else 7, large=large
            )
        case "idle":
            count = idle.IDLE // 10 if quick else idle.IDLE
            return await idle.none_and_many(place, seconds=10 if quick else 60, count=count)
        case "sweeper":
            count = sweeper.CONVERSATIONS // 20 if quick else sweeper.CONVERSATIONS
            return await sweeper.look(place, count=count, calls=50 if quick else 300)
        case _:
            return await stages.cost(place, messages=200 if quick else 1000)


async def _main(given: argparse.Namespace) -> bool:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    busy = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, {memory:.0f} GB of memory, load average {busy:.1f}", flush=True)
    if busy > QUIET:
        print("The machine is busy: what is measured now says little.", flush=True)
    async with site(given.models) as place:
        return await _measure(place, given)


def main() -> None:
    given = _given()
    try:
        with asyncio.Runner(loop_factory=_loop) as runner:
            sys.exit(not runner.run(_main(given)))
    except EstafetaError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
