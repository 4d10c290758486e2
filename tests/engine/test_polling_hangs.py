"""Who polls stops in time also when the store neither answers nor refuses."""

from __future__ import annotations

import asyncio
from pathlib import Path

from estafeta.app.polling import LASTS, while_leased
from estafeta.clock import TestClock
from estafeta.tasks import ended
from tests.clocked_store import ClockedStore


class Hanging(ClockedStore):
    hangs = False

    async def lease(self, name: str, holder: str, seconds: float) -> bool:
        if self.hangs:
            await asyncio.Event().wait()
        return await super().lease(name, holder, seconds)


async def test_it_stops_before_the_lease_ends_though_the_store_hangs(tmp_path: Path) -> None:
    clock = TestClock()
    store = Hanging(tmp_path / "store.db", clock=clock)
    listening: list[str] = []

    async def listen() -> None:
        listening.append("a")
        try:
            await asyncio.Event().wait()
        finally:
            listening.remove("a")

    await store.open()
    polling = asyncio.create_task(while_leased("poll:x", listen, holder="a", store=store, clock=clock))
    try:
        await clock.advance(10)
        assert listening == ["a"]
        store.hangs = True
        await clock.advance(LASTS)
        _, until = store.held["poll:x"]
        assert clock.monotonic() >= until - 1.0
        assert listening == []
    finally:
        store.hangs = False
        await ended([polling])
        await store.close()
