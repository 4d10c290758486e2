"""A messenger is asked for updates in exactly one place, and within seconds in another when that one dies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from estafeta.app.polling import LASTS, while_leased
from estafeta.clock import TestClock
from estafeta.tasks import ended
from tests.clocked_store import ClockedStore


class Pollers:
    """Processes that would poll; `listening` are those that do."""

    def __init__(self, store: ClockedStore, clock: TestClock) -> None:
        self._store = store
        self._clock = clock
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.listening: list[str] = []
        self.most = 0

    async def start(self, name: str, *, fails: bool = False) -> None:
        async def listen() -> None:
            self.listening.append(name)
            self.most = max(self.most, len(self.listening))
            try:
                if fails:
                    raise ValueError("a mistake")
                await asyncio.Event().wait()
            finally:
                self.listening.remove(name)

        leased = while_leased("poll:x", listen, holder=name, store=self._store, clock=self._clock)
        self.tasks[name] = asyncio.create_task(leased)
        await self.passes(0.0)

    async def passes(self, seconds: float) -> None:
        await self._clock.advance(seconds)


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
async def pollers(store: ClockedStore, clock: TestClock) -> AsyncIterator[Pollers]:
    made = Pollers(store, clock)
    yield made
    await ended(made.tasks.values())


async def test_of_many_one_listens(pollers: Pollers) -> None:
    for name in ("a", "b", "c"):
        await pollers.start(name)
    for _ in range(20):
        await pollers.passes(1.0)
    assert pollers.listening == ["a"]
    assert pollers.most == 1


async def test_who_stops_hands_over_at_once(pollers: Pollers) -> None:
    await pollers.start("a")
    await pollers.start("b")
    await ended([pollers.tasks["a"]])
    await pollers.passes(1.5)
    assert pollers.listening == ["b"]


async def test_the_dead_are_followed_within_seconds(pollers: Pollers, store: ClockedStore) -> None:
    await pollers.start("b")
    await ended([pollers.tasks["b"]])
    await store.lease("poll:x", "died", LASTS)  # as SIGKILL leaves it
    await pollers.start("b")
    await pollers.passes(LASTS - 1.0)
    assert pollers.listening == []
    await pollers.passes(2.5)
    assert pollers.listening == ["b"]


async def test_who_cannot_renew_stops_before_another_can_begin(pollers: Pollers, store: ClockedStore) -> None:
    await pollers.start("a")
    await pollers.passes(3.0)
    store.away = True
    await pollers.passes(LASTS + 1.0)
    assert pollers.listening == []
    store.away = False
    await pollers.passes(1.5)
    assert pollers.listening == ["a"]


async def test_a_mistake_in_listening_is_not_hidden(pollers: Pollers) -> None:
    await pollers.start("a", fails=True)
    with pytest.raises(ValueError, match="a mistake"):
        await pollers.tasks.pop("a")
