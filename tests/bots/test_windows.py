"""A window of a messenger's limit: never exceeded, the urgent before the patient, nothing waits for ever."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.budgets import Places, Standing, Window
from bots.pacing import Pacer, TooBusy
from estafeta.clock import TestClock

STANDINGS = (Standing(), Standing(60, 1), Standing(300, 4), Standing(360, 5), Standing(420, 6))
GROUP = Window(most=20, seconds=61.0, standings=STANDINGS)
CARD, TOPIC, WORDS, STATUS = 0, 1, 2, 4


class Taken:
    """Buckets that two processes share, as arithmetic on a clock."""

    def __init__(self, clock: TestClock) -> None:
        self.clock = clock
        self.free_at: dict[str, float] = {}
        self.away = False

    async def take(self, key: str, cost: float, *, burst: float, per_second: float) -> float | None:
        await asyncio.sleep(0)
        now = self.clock.monotonic()
        if self.away:
            return None
        if (wait := self.free_at.get(key, now) - now) > 0:
            return wait
        self.free_at[key] = now + cost / per_second
        return 0.0

    def block(self, key: str, seconds: float, *, burst: float, per_second: float) -> None:
        self.free_at[key] = max(self.free_at.get(key, 0.0), self.clock.monotonic() + seconds)

    def give_back(self, key: str, cost: float, *, burst: float, per_second: float) -> None:
        self.free_at[key] = self.clock.monotonic()


def pacer(clock: TestClock, shared: Taken | None = None) -> Pacer:
    return Pacer(clock, lambda key: GROUP, buckets=shared, scope="bot")


def served(clock: TestClock, pace: Pacer, name: str, priority: int, log: list[tuple[str, float]]) -> asyncio.Task[None]:
    async def one() -> None:
        await pace.wait("g", 1, priority)
        log.append((name, clock.monotonic()))

    return asyncio.create_task(one())


def most_in_a_minute(times: list[float]) -> int:
    return max(sum(start <= at < start + 60 for at in times) for start in times)


@given(st.lists(st.tuples(st.floats(0, 20), st.integers(0, 4)), min_size=30, max_size=120))
def test_no_minute_holds_more_than_twenty(arrivals: list[tuple[float, int]]) -> None:
    async def run() -> list[float]:
        clock, log = TestClock(), list[tuple[str, float]]()
        pace, tasks = pacer(clock), []
        for pause, priority in arrivals:
            await clock.advance(pause / 5)
            tasks.append(served(clock, pace, "x", priority, log))
        await clock.advance(1200)
        await asyncio.gather(*tasks)
        return [at for _, at in log]

    times = asyncio.run(run())
    assert len(times) == len(arrivals)
    assert most_in_a_minute(times) <= 20


async def test_an_idle_group_takes_half_at_once_and_leaves_room_for_cards() -> None:
    clock, log = TestClock(), list[tuple[str, float]]()
    pace, start = pacer(clock), clock.monotonic()
    words = [served(clock, pace, "words", WORDS, log) for _ in range(30)]
    await clock.advance(0)
    assert [at for _, at in log] == [start] * 10
    await clock.advance(30)
    assert len(log) == 16
    start = clock.monotonic()
    card = served(clock, pace, "card", CARD, log)
    await clock.advance(0)
    assert log[-1] == ("card", start)
    await clock.advance(300)
    await asyncio.gather(card, *words)
    assert most_in_a_minute([at for _, at in log]) <= 20


async def test_the_card_of_a_topic_that_is_made_comes_before_new_topics() -> None:
    clock, log = TestClock(), list[tuple[str, float]]()
    pace = pacer(clock)
    for _ in range(20):
        await pace.wait("g")
    tasks = [served(clock, pace, f"topic {n}", TOPIC, log) for n in range(2)]
    await clock.advance(5)
    tasks.append(served(clock, pace, "card", CARD, log))
    await clock.advance(120)
    await asyncio.gather(*tasks)
    assert [name for name, _ in log] == ["card", "topic 0", "topic 1"]


async def test_nothing_waits_for_ever() -> None:
    """New words come faster than there is room, always; how things stand is told all the same."""
    clock, log = TestClock(), list[tuple[str, float]]()
    pace = pacer(clock)
    status = served(clock, pace, "status", STATUS, log)
    tasks = [served(clock, pace, "words", WORDS, log) for _ in range(30)]
    for _ in range(300):
        tasks.append(served(clock, pace, "words", WORDS, log))
        await clock.advance(2)
        if status.done():
            break
    assert status.done()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_who_lost_patience_goes_on_waiting_where_it_left() -> None:
    clock, log = TestClock(), list[tuple[str, float]]()
    pace = pacer(clock)
    for _ in range(20):
        await pace.wait("g")

    told: list[float] = []

    async def impatient() -> None:
        while True:
            try:
                await pace.wait("g", 1, WORDS, patience=5, place="topic 7")
            except TooBusy as busy:
                told.append(busy.retry_after)
                await clock.sleep(1)
            else:
                log.append(("first", clock.monotonic()))
                return

    first = asyncio.create_task(impatient())
    await clock.advance(1)
    others = [served(clock, pace, "other", WORDS, log) for _ in range(5)]
    await clock.advance(30)
    load = pace.load("g")
    assert load is not None
    assert (load.used, load.waiting, load.oldest) == (20, 6, 31)
    await clock.advance(200)
    await asyncio.gather(first, *others)
    assert log[0][0] == "first"
    assert set(told) == {0.0}


async def test_a_place_that_is_given_back_is_the_next_ones_at_once() -> None:
    clock, log = TestClock(), list[tuple[str, float]]()
    pace = pacer(clock)
    for _ in range(20):
        await pace.wait("g")
    task = served(clock, pace, "card", CARD, log)
    await clock.advance(10)
    pace.give_back("g")
    await clock.advance(0)
    assert task.done()


async def test_after_a_penalty_they_go_one_by_one() -> None:
    clock, log = TestClock(), list[tuple[str, float]]()
    pace, start = pacer(clock), clock.monotonic()
    pace.penalise("g", 30)
    tasks = [served(clock, pace, "card", CARD, log) for _ in range(3)]
    await clock.advance(60)
    await asyncio.gather(*tasks)
    assert [at - start for _, at in log] == pytest.approx([30, 33.05, 36.1])


async def test_an_album_takes_as_many_places_as_it_has_files() -> None:
    clock = TestClock()
    places = Places(GROUP, clock.monotonic(), None, "g")
    assert await places.take(10, clock) == 0
    assert places.used(clock.monotonic()) == 10
    assert await places.take(11, clock) == pytest.approx(61)
    assert places.used(clock.monotonic()) == 10


async def test_two_processes_keep_one_window_and_the_left_places() -> None:
    clock, log = TestClock(), list[tuple[str, float]]()
    shared = Taken(clock)
    one, other = pacer(clock, shared), pacer(clock, shared)
    tasks = [served(clock, pace, "words", WORDS, log) for pace in (one, other) for _ in range(20)]
    await clock.advance(30)
    assert len(log) == 16
    tasks += [served(clock, pace, "card", CARD, log) for pace in (one, other)]
    await clock.advance(0.01)
    assert [name for name, _ in log[16:]] == ["card", "card"]
    await clock.advance(400)
    await asyncio.gather(*tasks)
    assert most_in_a_minute([at for _, at in log]) <= 20


async def test_while_nothing_can_be_shared_each_keeps_the_window_by_itself() -> None:
    clock, log = TestClock(), list[tuple[str, float]]()
    shared = Taken(clock)
    shared.away = True
    pace = pacer(clock, shared)
    tasks = [served(clock, pace, "card", CARD, log) for _ in range(25)]
    await clock.advance(1)
    assert len(log) == 20
    await clock.advance(100)
    await asyncio.gather(*tasks)
