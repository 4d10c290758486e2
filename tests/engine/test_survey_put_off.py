"""How it was, asked of somebody who goes on talking: when it is put off, and when it is not asked at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from estafeta.clock import TestClock
from tests.engine.conftest import SMALL
from tests.engine.endings import Endings, happened, pass_time, served
from tests.engine.test_survey import asked


@pytest.fixture
def endings(tmp_path: Path, clock: TestClock) -> Endings:
    return Endings(tmp_path, clock, SMALL)


async def test_a_new_question_is_answered_first_and_this_is_asked_once_that_talk_is_over(endings: Endings) -> None:
    async with endings.world() as world:
        await served(world)
        await world.operator("close")
        await pass_time(world, 30)
        await world.says("how can I pay")
        assert not await asked(world, 60)
        await world.says("and how do I pay by card")
        assert not await asked(world, 179)
        assert await asked(world, 2)
        (event,) = await happened(world, "surveyed")
        assert event.data["about"] == "person"
        assert not await asked(world, 3600)


async def test_not_while_the_bot_waits_for_an_answer_of_its_own(endings: Endings) -> None:
    async with endings.world(survey={"bot": True}) as world:
        await served(world)
        await world.operator("close")
        await world.says("where is my order")
        assert not await asked(world, 181)
        assert not await asked(world, 181)
        await world.says("blah")
        await world.says("/pay")
        assert not await asked(world, 3600), "in an hour it is too late to ask"
        assert not [timer for timer in (await world.conversation()).timers if timer.name == "survey"]


async def test_a_new_ticket_asks_at_its_own_end(endings: Endings) -> None:
    async with endings.world() as world:
        await served(world)
        await world.operator("close")
        await served(world, "Here is the other one")
        assert not await asked(world, 3600)
        await world.operator("close")
        assert await asked(world)
        (event,) = await happened(world, "surveyed")
        assert event.data["ticket"] == (await world.conversation()).past[-1].id


@pytest.mark.parametrize("text", ["ok, bye", "спасибо, до свидания!", "понятно", "👍", "got it, have a nice day"])
async def test_neither_are_goodbyes(endings: Endings, text: str) -> None:
    async with endings.world() as world:
        await served(world)
        await world.operator("close")
        await world.says(text)
        await pass_time(world, 46)
        assert await happened(world, "surveyed")
