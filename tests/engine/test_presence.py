"""A worker knows whether it may still act under its name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from estafeta.clock import TestClock
from estafeta.presence import Presence
from tests.clocked_store import ClockedStore


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
async def store(tmp_path: Path, clock: TestClock) -> AsyncIterator[ClockedStore]:
    made = ClockedStore(tmp_path / "store.db", clock=clock)
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def worker(store: ClockedStore, clock: TestClock) -> AsyncIterator[Presence]:
    """At work, and renewing."""
    presence = Presence(store=store, clock=clock)
    await presence.begin()
    renewing = asyncio.create_task(presence.run())
    await clock.asleep()
    yield presence
    renewing.cancel()
    await asyncio.gather(renewing, return_exceptions=True)


async def test_a_worker_that_renews_keeps_its_name(worker: Presence, clock: TestClock) -> None:
    name = worker.name
    await clock.advance(60)
    assert worker.sure
    assert worker.name == name


async def test_no_two_workers_have_one_name(store: ClockedStore, clock: TestClock) -> None:
    names = {Presence(store=store, clock=clock).name for _ in range(1000)}
    assert len(names) == 1000


async def test_it_is_unsure_before_its_lease_can_have_ended(
    store: ClockedStore, worker: Presence, clock: TestClock
) -> None:
    store.away = True
    sure = True
    for _ in range(50):
        await clock.advance(0.1)
        held = worker.name in {name for name, (_, until) in store.held.items() if until > clock.monotonic()}
        sure = worker.sure
        assert held or not sure
    assert not sure


async def test_after_an_outage_it_goes_on_as_before(store: ClockedStore, worker: Presence, clock: TestClock) -> None:
    before = worker.name
    store.away = True
    await clock.advance(10)
    waiting = asyncio.create_task(worker.assured())
    await asyncio.sleep(0)
    assert not waiting.done()
    store.away = False
    await clock.advance(1)
    await waiting
    assert worker.sure
    assert worker.name == before


async def test_who_was_taken_for_dead_goes_on_under_another_name_and_says_so(
    store: ClockedStore, worker: Presence, clock: TestClock
) -> None:
    lapses: list[str] = []
    worker.on_lapse = lambda: lapses.append(worker.name)
    hung = Presence(store=store, clock=clock)
    hung.on_lapse = lambda: lapses.append(hung.name)
    await hung.begin()
    before = hung.name
    await clock.advance(5)
    assert await worker.gone([before]) == {before}
    with capture_logs() as logs:
        await hung._renew()
    assert logs == [
        {"event": "taken_for_dead", "log_level": "warning", "worker": before, "now": hung.name, "silent": 5.0}
    ]
    assert hung.name != before
    assert lapses == [hung.name]
    assert await hung.gone([before, hung.name, ""]) == {before, ""}
    assert await worker.gone([before, hung.name]) == {before}  # the dead stay dead


async def test_who_renewed_just_in_time_is_not_dead(store: ClockedStore, worker: Presence, clock: TestClock) -> None:
    late = Presence(store=store, clock=clock)
    await late.begin()
    await clock.advance(5)
    await late._renew()
    assert await worker.gone([late.name]) == frozenset()


async def test_another_without_a_lease_is_gone_and_one_with_a_lease_is_not(
    store: ClockedStore, worker: Presence, clock: TestClock
) -> None:
    await store.lease("other", "other", 5)
    await clock.advance(4)
    assert await worker.gone(["other", worker.name]) == frozenset()
    await clock.advance(2)
    assert await worker.gone(["other", worker.name]) == {"other"}


async def test_nobody_is_taken_for_dead_right_after_an_outage(
    store: ClockedStore, worker: Presence, clock: TestClock
) -> None:
    """The living need time to renew: what they did while the store was away is known only to them."""
    store.away = True
    await clock.advance(10)
    store.away = False
    await clock.advance(1)
    assert worker.sure
    assert await worker.gone(["other"]) == frozenset()
    await clock.advance(3)
    assert await worker.gone(["other"]) == {"other"}


async def test_who_leaves_is_gone_at_once(store: ClockedStore, worker: Presence, clock: TestClock) -> None:
    other = Presence(store=store, clock=clock)
    await other.begin()
    await clock.advance(1)
    assert await worker.gone([other.name]) == frozenset()
    store.held.pop(other.name)
    await clock.advance(3)
    assert await worker.gone([other.name]) == {other.name}
    await other.end()
    assert not other.sure


async def test_all_that_a_dead_worker_held_costs_one_lease(
    store: ClockedStore, worker: Presence, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    lease = store.lease

    async def counted(name: str, holder: str, seconds: float) -> bool:
        asked.append(name)
        await asyncio.sleep(0)
        return await lease(name, holder, seconds)

    dead = Presence(store=store, clock=clock)
    await dead.begin()
    await clock.advance(5)
    monkeypatch.setattr(store, "lease", counted)
    told = await asyncio.gather(*(worker.gone([dead.name, worker.name]) for _ in range(50)))
    assert set(told) == {frozenset({dead.name})}
    assert asked == [dead.name]
    store.away = True
    assert await worker.gone([dead.name]) == {dead.name}  # known, and so for good
