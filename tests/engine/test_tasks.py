"""Tasks end, also those that miss a cancellation."""

from __future__ import annotations

import asyncio

from estafeta.tasks import ended


async def test_a_task_that_swallows_a_cancellation_is_cancelled_again() -> None:
    swallowed = 0

    async def stubborn() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                if swallowed:
                    raise
                swallowed += 1

    async def failing() -> None:
        raise ValueError("in the meantime")

    tasks = [asyncio.create_task(stubborn()), asyncio.create_task(failing())]
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await ended(tasks)
    assert swallowed == 1
    assert [task.done() for task in tasks] == [True, True]


async def test_nothing_to_end_is_ended() -> None:
    await ended([])
