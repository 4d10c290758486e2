"""How fast a messenger is talked to: the arithmetic, and the order in which callers get their turn."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.pacing import Bucket, Pacer, Rate, TooBusy
from estafeta.clock import TestClock

SLOW = Rate(burst=2, per_second=0.5)


def test_a_burst_passes_and_then_the_rate_holds() -> None:
    bucket = Bucket(SLOW, 0.0)
    for _ in range(2):
        assert bucket.delay(1, 0.0) == 0
        bucket.take(1, 0.0)
    assert bucket.delay(1, 0.0) == pytest.approx(2)
    assert bucket.delay(1, 2.0) == 0


def test_a_cost_above_the_burst_waits_for_a_full_bucket() -> None:
    bucket = Bucket(SLOW, 0.0)
    assert bucket.delay(5, 0.0) == 0
    bucket.take(5, 0.0)
    assert bucket.delay(1, 0.0) == pytest.approx(8)


def test_a_penalty_holds_and_leaves_no_burst() -> None:
    bucket = Bucket(SLOW, 0.0)
    bucket.block(10, 0.0)
    assert bucket.delay(1, 9.0) == pytest.approx(1)
    assert bucket.delay(1, 10.0) == 0
    bucket.take(1, 10.0)
    assert bucket.delay(1, 10.0) == pytest.approx(2)


@given(st.floats(2, 100), st.floats(1, 120), st.lists(st.floats(0, 30), min_size=1, max_size=80), st.floats(0.1, 1))
def test_a_window_never_holds_more_than_it_may(most: float, seconds: float, pauses: list[float], scale: float) -> None:
    """Whenever callers come, no window of the length promised holds more than was promised."""
    bucket, now, taken = Bucket(Rate.within(most, seconds), 0.0), 0.0, []
    for pause in pauses:
        now += pause * scale
        now += bucket.delay(1, now)
        bucket.take(1, now)
        taken.append(now)
    for number, start in enumerate(taken):
        assert sum(1 for at in taken[number:] if at < start + seconds) <= most + 1e-6


def pacer(clock: TestClock, rate: Rate = SLOW) -> Pacer:
    return Pacer(clock, lambda key: rate)


async def served(clock: TestClock, pace: Pacer, *wanted: tuple[str, int]) -> list[str]:
    """Who got a turn, in order, when all came at once."""
    order: list[str] = []

    async def one(name: str, priority: int) -> None:
        await pace.wait("k", 1, priority)
        order.append(name)

    tasks = [asyncio.create_task(one(*who)) for who in wanted]
    await clock.advance(100)
    await asyncio.gather(*tasks)
    return order


async def test_the_more_urgent_goes_first_and_equals_in_their_order() -> None:
    clock = TestClock()
    pace = pacer(clock)
    for _ in range(2):
        await pace.wait("k")
    order = await served(clock, pace, ("status 1", 3), ("words 1", 1), ("status 2", 3), ("card", 0), ("words 2", 1))
    assert order == ["card", "words 1", "words 2", "status 1", "status 2"]


async def test_keys_do_not_hold_each_other_up() -> None:
    pace = pacer(TestClock())
    for key in ("a", "b", "c"):
        for _ in range(2):
            await pace.wait(key)


async def test_patience_is_kept() -> None:
    clock = TestClock()
    pace = pacer(clock)
    for _ in range(2):
        await pace.wait("k", patience=0)
    with pytest.raises(TooBusy) as busy:
        await pace.wait("k", patience=1)
    assert busy.value.retry_after == pytest.approx(2)


async def test_who_is_overtaken_for_too_long_is_told() -> None:
    clock = TestClock()
    pace = pacer(clock)
    for _ in range(2):
        await pace.wait("k")
    late = asyncio.create_task(pace.wait("k", 1, 5, patience=3))
    await asyncio.sleep(0)
    urgent = [asyncio.create_task(pace.wait("k", 1, 0)) for _ in range(4)]
    await clock.advance(20)
    with pytest.raises(TooBusy):
        await late
    await asyncio.gather(*urgent)


async def test_who_goes_away_holds_up_nobody() -> None:
    clock = TestClock()
    pace = pacer(clock)
    for _ in range(2):
        await pace.wait("k")
    gone = asyncio.create_task(pace.wait("k"))
    stays = asyncio.create_task(pace.wait("k"))
    await asyncio.sleep(0)
    gone.cancel()
    await clock.advance(2)
    assert stays.done()
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_a_penalty_is_waited_out() -> None:
    clock = TestClock()
    pace = pacer(clock)
    pace.penalise("k", 30)
    waiting = asyncio.create_task(pace.wait("k"))
    await clock.advance(29)
    assert not waiting.done()
    await clock.advance(1.1)
    assert waiting.done()


async def test_a_turn_that_was_not_used_is_the_next_ones() -> None:
    clock = TestClock()
    pace = pacer(clock)
    for _ in range(2):
        await pace.wait("k")
    pace.give_back("k")
    await pace.wait("k", patience=0)


class OneBucket:
    """Shared buckets as a script of answers: seconds, or None for "cannot be asked"; the last one stays."""

    def __init__(self, *answers: float | None) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.blocked: list[float] = []
        self.given = 0.0

    async def take(self, key: str, cost: float, *, burst: float, per_second: float) -> float | None:
        self.asked.append(key)
        await asyncio.sleep(0)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def block(self, key: str, seconds: float, *, burst: float, per_second: float) -> None:
        self.blocked.append(seconds)

    def give_back(self, key: str, cost: float, *, burst: float, per_second: float) -> None:
        self.given += cost


def sharing(clock: TestClock, buckets: OneBucket, rate: Rate = Rate(10, 10)) -> Pacer:  # noqa: B008
    return Pacer(clock, lambda key: rate, buckets=buckets, scope="bot")


async def test_what_others_took_is_waited_for() -> None:
    clock, buckets = TestClock(), OneBucket(3.0, 2.0, 0.0)
    turn = asyncio.create_task(sharing(clock, buckets).wait("k"))
    await clock.advance(4.9)
    assert not turn.done()
    await clock.advance(0.2)
    assert turn.done()
    assert buckets.asked == ["bot:k"] * 3


async def test_only_the_head_asks_and_the_order_is_kept() -> None:
    clock, buckets = TestClock(), OneBucket(1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    order = await served(clock, sharing(clock, buckets), ("words 1", 1), ("card", 0), ("words 2", 1), ("words 3", 1))
    assert sorted(order) == ["card", "words 1", "words 2", "words 3"]
    assert order[0] == "card"
    assert order.index("words 2") < order.index("words 3")
    assert len(buckets.asked) <= 6


async def test_patience_is_kept_with_what_others_took() -> None:
    clock, buckets = TestClock(), OneBucket(30.0)
    pace = sharing(clock, buckets)
    with pytest.raises(TooBusy) as busy:
        await pace.wait("k", patience=5)
    assert busy.value.retry_after == 30
    with pytest.raises(TooBusy):
        await pace.wait("k", patience=5)
    assert len(buckets.asked) == 1  # what was said holds for a while


async def test_without_an_answer_one_keeps_the_rate_alone() -> None:
    clock, buckets = TestClock(), OneBucket(0.0, None)
    pace = sharing(clock, buckets, SLOW)
    for _ in range(2):
        await pace.wait("k", patience=0)
    with pytest.raises(TooBusy):
        await pace.wait("k", patience=1)


async def test_penalties_and_unused_turns_are_told_to_all() -> None:
    clock, buckets = TestClock(), OneBucket(0.0)
    pace = sharing(clock, buckets)
    await pace.wait("k")
    pace.give_back("k")
    pace.penalise("k", 7)
    assert (buckets.given, buckets.blocked) == (1.0, [7])
    with pytest.raises(TooBusy):
        await pace.wait("k", patience=5)


async def test_a_key_that_is_not_shared_asks_nobody() -> None:
    buckets = OneBucket(30.0)
    pace = Pacer(TestClock(), lambda key: SLOW, buckets=buckets, is_shared=lambda key: key != "mine")
    await pace.wait("mine", patience=0)
    assert buckets.asked == []


async def test_a_wall_clock_that_jumps_silences_nobody() -> None:
    class Jumping(TestClock):
        jump = timedelta()

        def now(self) -> datetime:
            return super().now() + self.jump

        def monotonic(self) -> float:
            return TestClock.now(self).timestamp()

    clock = Jumping()
    pace = pacer(clock)
    for _ in range(2):
        await pace.wait("k")
    clock.jump = -timedelta(days=1)
    turn = asyncio.create_task(pace.wait("k"))
    await clock.advance(2)
    assert turn.done()
    clock.jump = timedelta(days=1)
    with pytest.raises(TooBusy):
        await pace.wait("k", patience=1)


async def test_quiet_keys_are_forgotten_and_busy_ones_are_not() -> None:
    clock = TestClock()
    pace = Pacer(clock, lambda key: SLOW, keep=10)
    for _ in range(2):
        await pace.wait("busy")
    for number in range(100):
        await pace.wait(number)
        await clock.advance(0.001)
    with pytest.raises(TooBusy):
        await pace.wait("busy", patience=1)
    await clock.advance(60)
    for number in range(1000, 1400):
        await pace.wait(number)
    assert len(pace._lanes) <= 400
