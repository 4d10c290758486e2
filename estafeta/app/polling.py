"""Asking a messenger for updates, in exactly one place at a time: whoever has the lease."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.ports import Clock, Store
from estafeta.tasks import ended

_log = structlog.get_logger("polling")

LASTS = 4.0
"""Seconds after which the lease of a dead holder is free."""
_EVERY = 1.0


async def while_leased(
    name: str, listen: Callable[[], Awaitable[None]], *, holder: str, store: Store, clock: Clock
) -> None:
    """Runs `listen` whenever `holder` has the lease `name`, until cancelled. Without the lease, or when it
    could not be renewed in time, it does not listen; it takes over within seconds of the holder's death."""
    try:
        while True:
            good_until = await _taken(name, holder, store, clock)
            if good_until is not None:
                _log.info("listening", lease=name, holder=holder)
                await _listen(name, listen, holder, store, clock, good_until)
                _log.info("not_listening", lease=name, holder=holder)
            await clock.sleep(_EVERY)
    finally:
        try:
            await store.release(name, holder)
        except StoreUnavailable as error:  # it runs out by itself
            _log.warning("not_released", lease=name, error=str(error))


async def _taken(name: str, holder: str, store: Store, clock: Clock) -> float | None:
    """Until when, by the monotonic clock, the lease is surely this holder's; None when it is not."""
    asked = clock.monotonic()
    try:
        return asked + LASTS if await store.lease(name, holder, LASTS) else None
    except StoreUnavailable as error:
        _log.warning("store_unavailable", lease=name, error=str(error))
        return None


async def _listen(
    name: str, listen: Callable[[], Awaitable[None]], holder: str, store: Store, clock: Clock, good_until: float
) -> None:
    async def listening() -> None:
        await listen()

    until = good_until

    async def renewing() -> None:
        nonlocal until
        while True:
            await clock.sleep(_EVERY)
            until = await _taken(name, holder, store, clock) or until

    async def relying() -> None:
        """Ends when the lease can't be relied on any more, however long the store takes to answer."""
        while (left := until - clock.monotonic()) > 0:
            await clock.sleep(left)

    tasks = [asyncio.create_task(work()) for work in (listening, relying, renewing)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if tasks[0].done():
            tasks[0].result()
    finally:
        await ended(tasks)
