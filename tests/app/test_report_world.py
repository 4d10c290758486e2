"""What the engine writes down is what the report counts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from estafeta.app import report
from estafeta.clock import TestClock
from estafeta.kernel.model import OperatorSaid, OperatorUndid, Text
from handoff.figures import Csat, Ended, Report, Times
from tests.engine.conftest import NOON, SMALL
from tests.engine.endings import Endings, close, pass_time, press, shown
from tests.world import ANNA, World


@pytest.fixture
def clock() -> TestClock:
    return TestClock(NOON)


@pytest.fixture
def endings(tmp_path: Path, clock: TestClock) -> Endings:
    return Endings(tmp_path, clock, SMALL)


async def reported(world: World, endings: Endings) -> Report:
    now = world.clock.now()
    return await report.read(world.store, endings.workspace(), now - timedelta(days=7), now + timedelta(seconds=1))


async def test_a_ticket_is_in_every_part_of_the_report(endings: Endings, clock: TestClock) -> None:
    async with endings.world() as world:
        await world.says("a person please")
        await clock.advance(90)
        await world.operator("Good day")
        await world.says("and?")
        await clock.advance(30)
        await world.operator("Here it is")
        await world.operator(close("sent again"))
        await pass_time(world, 46)
        await press(world, shown(world)[0])
        found = await reported(world, endings)
    assert found.handoffs.opened == 1
    assert found.handoffs.waits == Times(count=1, median=90, p95=90)
    assert [row.of for row in found.handoffs_by_reason] == ["user_request"]
    [answers] = found.sla
    assert answers.skill == endings.workspace().default_skill
    assert (answers.first.times, answers.next.times) == (
        Times(count=1, median=90, p95=90),
        Times(count=1, median=30, p95=30),
    )
    assert found.endings == (Ended(how="closed", tickets=1, lasted=Times(count=1, median=120, p95=120)),)
    assert found.csat[0] == Csat(of="person", asked=1, rate=1.0, excellent=1, score=1.0)
    [anna] = found.operators
    assert (anna.operator, anna.name, anna.taken, anna.ended) == (ANNA.id, ANNA.name, 1, 1)
    assert anna.answers == Times(count=2, median=60, p95=90)
    assert anna.marks == Csat(of=ANNA.id, asked=1, rate=1.0, excellent=1, score=1.0)


async def test_a_promise_of_the_night_is_kept_in_the_morning(endings: Endings, clock: TestClock) -> None:
    async with endings.world() as world:
        while 6 <= clock.now().hour < 15:  # 9:00 to 18:00 in Moscow
            await clock.advance(3600)
        await world.says("a person please")
        made = (await reported(world, endings)).promises
        assert (made.made, made.kept, made.broken) == (1, 0, 0)
        ticket = (await world.conversation()).ticket
        assert ticket is not None
        assert ticket.promise is not None
        await pass_time(world, (ticket.promise - clock.now()).total_seconds())
        await world.operator("Good morning")
        found = await reported(world, endings)
    assert (found.promises.made, found.promises.kept, found.promises.share) == (1, 1, 1.0)
    assert found.sla[0].first.times.count == 1


async def test_whom_an_operator_takes_over_from_the_bot_is_taken(endings: Endings) -> None:
    async with endings.world() as world:
        await world.says("hello")
        await world.operator("I can see what you need")
        await world.operator(close())
        found = await reported(world, endings)
    [row] = found.handoffs_by_reason
    assert (row.of, row.opened, row.taken, row.waits) == ("operator_takeover", 1, 1, Times())
    assert found.sla == (), "nobody waited for people"


async def test_what_ends_without_an_answer_is_told(endings: Endings, clock: TestClock) -> None:
    async with endings.world() as world:
        await world.says("a person please")
        await clock.advance(90)
        await world.operator("take")
        await world.operator(close())
        found = await reported(world, endings)
    [row] = found.sla
    assert (row.first.times, row.unanswered) == (Times(), 1)


async def test_an_answer_that_was_taken_back_is_not_the_first(endings: Endings, clock: TestClock) -> None:
    async with endings.world(undo=10) as world:
        await world.says("a person please")
        await clock.advance(30)
        await world.operator(OperatorSaid(operator=ANNA, parts=(Text(text="Wrong chat"),), message="m1"))
        await clock.advance(2)
        await world.operator(OperatorUndid(operator=ANNA, message="m1"))
        found = await reported(world, endings)
        assert found.sla == (), "nobody is late without an aim, and nobody answered"
        await clock.advance(60)
        await world.operator("Good day")
        found = await reported(world, endings)
    [row] = found.sla
    assert row.first.times.count == 1
    assert row.first.times.median == pytest.approx(92, abs=1)
    assert row.next.times.count == 0


async def test_a_promise_is_over_with_its_ticket(endings: Endings, clock: TestClock) -> None:
    async with endings.world() as world:
        await clock.advance(8 * 3600)
        await world.says("a person please")
        await world.says("never mind, solved")
        found = (await reported(world, endings)).promises
    assert (found.made, found.kept, found.broken, found.ended, found.share) == (1, 0, 0, 1, None)
