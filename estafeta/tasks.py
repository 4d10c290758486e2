"""Ending tasks that one has started."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

_AGAIN_AFTER = 0.5


async def ended(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancels the tasks and returns when all have ended, however.

    Cancels again those that go on: a library may swallow a cancellation that meets an answer, as
    `asyncio.wait_for` does before Python 3.12 (https://github.com/python/cpython/issues/86296).
    """
    tasks = list(tasks)
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_AGAIN_AFTER)
    await asyncio.gather(*tasks, return_exceptions=True)
