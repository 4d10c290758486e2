"""An understander that is late or down costs each message a few tries, and the others nothing for long."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest

from estafeta.clock import TestClock
from estafeta.kernel.errors import UnderstandingFailed
from estafeta.kernel.model import Understanding
from estafeta.understanding import Asking
from flows.handoff_file import BotDown

RULE = BotDown(tries=3, opens_after=2, rests=30)
KNOWN = Understanding(intent="payment", confidence=0.9)


class Moody:
    """Fails as often as it is told to; `gate` holds its answers back while it is cleared."""

    def __init__(self, clock: TestClock, failures: int = 0) -> None:
        self._clock = clock
        self.failures = failures
        self.deadlines: list[float] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.breaks = False
        self.late = False

    async def understand(
        self, text: str, *, deadline: float, at: datetime | None = None, region: str = ""
    ) -> Understanding:
        self.deadlines.append(deadline)
        await self.gate.wait()
        if self.breaks:
            raise ZeroDivisionError("a mistake of ours")
        if self.failures:
            self.failures -= 1
            if self.late:
                await self._clock.sleep(deadline)
            raise UnderstandingFailed("late")
        return KNOWN


@pytest.fixture
def moody(clock: TestClock) -> Moody:
    return Moody(clock)


@pytest.fixture
def asking(moody: Moody, clock: TestClock) -> Asking:
    return Asking(moody, clock, 3.0)


async def _given_up(asking: Asking, moody: Moody) -> None:
    moody.failures = 1000
    for _ in range(RULE.opens_after):
        assert await asking.ask("pay", RULE) is None
    moody.deadlines.clear()


async def test_a_message_gets_three_tries_of_three_seconds(asking: Asking, moody: Moody) -> None:
    moody.failures = 2
    assert await asking.ask("pay", RULE) == KNOWN
    assert moody.deadlines == [3.0, 3.0, 3.0]
    assert (asking.tally.retries, asking.tally.failed) == (2, 0)


async def test_a_person_is_waited_for_no_longer_than_the_tries_take(
    asking: Asking, moody: Moody, clock: TestClock
) -> None:
    moody.failures, moody.late = 3, True
    began = clock.monotonic()
    asked = asyncio.create_task(asking.ask("pay", RULE))
    for _ in range(3):
        await clock.asleep()
        await clock.advance(3)
    assert await asked is None
    assert clock.monotonic() - began == 9


async def test_what_is_not_worth_it_is_tried_once(asking: Asking, moody: Moody) -> None:
    moody.failures = 1
    assert await asking.ask("a person please", RULE, once=True) is None
    assert len(moody.deadlines) == 1


async def test_one_slow_answer_changes_nothing_for_the_others(asking: Asking, moody: Moody) -> None:
    for _ in range(10):
        moody.failures = 3
        assert await asking.ask("one unlucky message", RULE) is None
        assert not asking.given_up
        assert await asking.ask("pay", RULE) == KNOWN
    assert asking.tally.opened == 0


async def test_after_several_in_a_row_nobody_waits_for_it_any_more(asking: Asking, moody: Moody) -> None:
    await _given_up(asking, moody)
    assert asking.given_up
    for _ in range(50):
        assert await asking.ask("pay", RULE) is None
    assert moody.deadlines == []
    assert (asking.tally.spared, asking.tally.opened) == (50, 1)


async def test_one_at_a_time_tries_whether_it_is_back(asking: Asking, moody: Moody, clock: TestClock) -> None:
    await _given_up(asking, moody)
    await clock.advance(RULE.rests)
    moody.gate.clear()
    moody.failures = 0
    trial = asyncio.create_task(asking.ask("pay", RULE))
    await asyncio.sleep(0)
    others = [await asking.ask("pay", RULE) for _ in range(5)]
    assert others == [None] * 5, "the others do not wait for the trial"
    moody.gate.set()
    assert await trial == KNOWN
    assert moody.deadlines == [3.0]
    assert not asking.given_up
    assert await asking.ask("pay", RULE) == KNOWN


async def test_a_trial_in_vain_is_one_try_and_rest_again(asking: Asking, moody: Moody, clock: TestClock) -> None:
    await _given_up(asking, moody)
    await clock.advance(RULE.rests)
    assert await asking.ask("pay", RULE) is None
    await clock.advance(RULE.rests - 1)
    assert await asking.ask("pay", RULE) is None
    assert len(moody.deadlines) == 1
    moody.failures = 0
    await clock.advance(1)
    assert await asking.ask("pay", RULE) == KNOWN
    assert asking.tally.opened == 1


async def test_a_trial_that_is_cancelled_leaves_room_for_the_next(
    asking: Asking, moody: Moody, clock: TestClock
) -> None:
    await _given_up(asking, moody)
    await clock.advance(RULE.rests)
    moody.gate.clear()
    trial = asyncio.create_task(asking.ask("pay", RULE))
    await asyncio.sleep(0)
    trial.cancel()
    await asyncio.gather(trial, return_exceptions=True)
    moody.gate.set()
    moody.failures = 0
    assert await asking.ask("pay", RULE) == KNOWN


async def test_who_asked_before_it_was_given_up_may_find_it_back(asking: Asking, moody: Moody) -> None:
    moody.gate.clear()
    early = asyncio.create_task(asking.ask("pay", RULE))
    await asyncio.sleep(0)
    moody.gate.set()
    moody.failures = 0
    asking._in_vain, asking._rests_until = 5, 1e12
    assert await early == KNOWN
    assert not asking.given_up


async def test_a_mistake_on_one_text_is_not_tried_again_and_nobody_elses(asking: Asking, moody: Moody) -> None:
    moody.breaks = True
    for _ in range(10):
        assert await asking.ask("a poisonous text", RULE) is None
    assert len(moody.deadlines) == 10
    moody.breaks = False
    assert await asking.ask("pay", RULE) == KNOWN
