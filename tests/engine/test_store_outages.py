"""After an outage of the store nobody is taken for dead by those who noticed first that it was back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from estafeta.clock import TestClock
from estafeta.kernel.errors import StoreUnavailable
from estafeta.presence import Presence
from tests.clocked_store import ClockedStore
from tests.engine.team import C, One, Team, begun


async def test_a_turn_before_the_first_renewal_takes_over_nothing(team: Team, anna: One, boris: One) -> None:
    """Anna sent while the store was away, and only she knows; Boris's turn is quicker than his renewal."""
    await begun(team, anna)
    await team.passes(4.0, anna, boris)
    team.store.away = True
    await team.clock.advance(20)
    anna.channel.gate.set()
    async with asyncio.timeout(10):
        await anna.worker.outbox.lanes.idle()
        await anna.worker.engine.lanes.idle()
    assert len(team.seen) == 1
    team.store.away = False
    await boris.work()
    await boris.renew()
    await boris.quiet()
    await anna.renew()
    assert anna.worker.engine.unfinished() == [C]  # the sweeper wakes it then
    await anna.work()
    await anna.quiet()
    await team.passes(10.0, anna, boris)
    await boris.work()
    await boris.quiet()
    assert len(team.seen) == 1
    assert (await team.conversation()).outbox == ()


class NoMore(ClockedStore):
    """Answers so many more leases, then is away."""

    answers = 1_000

    async def lease(self, name: str, holder: str, seconds: float) -> bool:
        if self.answers <= 0:
            raise StoreUnavailable("away")
        self.answers -= 1
        return await super().lease(name, holder, seconds)


async def test_a_lost_name_is_told_though_the_store_went_away_before_there_was_another(
    tmp_path: Path, clock: TestClock
) -> None:
    store = NoMore(tmp_path / "store.db", clock=clock)
    await store.open()
    try:
        hung = Presence(store=store, clock=clock)
        lapses: list[str] = []
        hung.on_lapse = lambda: lapses.append(hung.name)
        await hung.begin()
        before = hung.name
        await clock.advance(5)
        assert await store.lease(before, "another", 100)
        store.answers = 1
        with pytest.raises(StoreUnavailable):
            await hung._renew()
        assert not hung.sure
        store.answers = 1_000
        await hung._renew()
        assert hung.sure
        assert hung.name != before
        assert lapses
    finally:
        await store.close()
