"""A world whose channel can do what the test wants, and time that passes in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from estafeta.clock import TestClock
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import Capabilities, Conversation
from tests.world import HOME, World

ABLE = Capabilities(
    text=4096, unit="utf16", buttons=100, label=64, edits=True, deletes=True, reactions="any", replies=True, reads=True
)
Opened = Callable[..., AbstractAsyncContextManager[World]]


def no_answer() -> SendFailed:
    return SendFailed("no_answer", "?", fault="messenger", retry_after=0.0, maybe_sent=True)


async def applied(world: World) -> None:
    """All signals in the mailbox were decided on; what is in the outbox may be there still."""
    async with asyncio.timeout(10):
        while (await world.store.load(HOME.conversation)).signals:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await world.engine.lanes.idle()


async def passes(world: World, clock: TestClock) -> Conversation:
    """Time goes on until nothing waits in the conversation any more."""
    settled = asyncio.create_task(world.settled())
    while not settled.done():
        await clock.advance(0.5)
        await asyncio.sleep(0.005)  # for the store, which works in threads
    return await settled
