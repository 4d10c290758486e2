"""Customers who wait for people: what they hear while nobody comes, and when people go away meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from estafeta.clock import TestClock
from estafeta.floor import FloorWatch
from estafeta.kernel.model import Operator, Stage, TicketMoved
from estafeta.roster import CONSOLE, Roster
from flows.model import Workspace
from tests.engine.able import ABLE
from tests.engine.conftest import NOON
from tests.engine.test_calling import MONDAY, called, happened, held, later, member, on_floor, shop, skill, until
from tests.engine.words import Words
from tests.world import ANNA, RecordingChannel, World

AGAIN = "I'm calling people again, and your place is kept."
CONTACT = "Nobody is free yet, and we are sorry."


@pytest.fixture
async def world(
    tmp_path: Path, small: Workspace, words: Words, clock: TestClock, request: pytest.FixtureRequest
) -> AsyncIterator[World]:
    """With a customer whose requests go to the skill that the test names."""
    workspace = shop(small, getattr(request, "param", "general"))
    channel = RecordingChannel(capabilities=replace(ABLE, asks_contact=True))
    async with World(tmp_path / "again.db", workspace, words, clock, channel=channel).running() as running:
        yield running


@pytest.fixture
def roster(world: World, clock: TestClock) -> Roster:
    return Roster(world.store, clock, open_to_members=True)


@pytest.fixture
def watch(world: World, clock: TestClock, roster: Roster) -> FloorWatch:
    return FloorWatch(store=world.store, bus=world.bus, clock=clock, roster=roster, engine=world.engine)


def updated(world: World, most: int) -> None:
    """So many updates at most."""
    bot = world.engine.rules.workspace.bot
    settings = bot.handoff.model_copy(update={"updates": most})
    workspace = replace(world.engine.rules.workspace, bot=bot.model_copy(update={"handoff": settings}))
    world.engine.rules = replace(world.engine.rules, workspace=workspace)


async def told(world: World) -> list[tuple[int, str]]:
    """What the bot said, and how many minutes after noon."""
    said = [entry for entry in await world.entries() if entry.kind == "said" and entry.author.kind == "bot"]
    return [(round((entry.at - NOON).total_seconds() / 60), entry.text.split("\n")[0]) for entry in said]


async def looked(world: World, watch: FloorWatch, times: int = 3) -> None:
    for _ in range(times):
        await watch.refresh()
        await world.settled()


# --- nobody comes --------------------------------------------------------------------------------


async def test_who_waits_hears_again_at_growing_intervals_and_not_for_ever(world: World, clock: TestClock) -> None:
    await world.says("a person please")
    await later(world, clock, 5 * 3600)
    lines = await told(world)
    assert [(minute, words.partition(" Write")[0].partition(" People")[0]) for minute, words in lines] == [
        (0, "Calling people"), (2, "Still calling"), (10, AGAIN), (30, CONTACT),
    ]  # fmt: skip
    assert not any(character.isdigit() for _, words in lines for character in words), "no invented minute"
    assert world.channel.sent[-1].buttons[0].asks == "contact"
    assert (await held(world)).promise is None


async def test_at_the_end_of_the_day_they_are_promised_the_next_one(
    world: World, watch: FloorWatch, clock: TestClock
) -> None:
    await world.says("a person please")
    await later(world, clock, 6 * 3600 + 10)
    assert len(world.channel.texts) == 4
    await looked(world, watch)
    assert world.channel.texts[-1] == "People are back on Monday at 9:00", "at six, and not some time in the night"
    assert (await held(world)).promise == MONDAY


@pytest.mark.parametrize(("most", "minutes"), [(0, [0]), (1, [0, 2]), (2, [0, 2, 10]), (5, [0, 2, 10, 30, 90, 330])])
async def test_how_often_is_set_in_the_workspace(world: World, clock: TestClock, most: int, minutes: list[int]) -> None:
    updated(world, most)
    await world.says("a person please")
    await later(world, clock, 6 * 3600 - 60)
    lines = await told(world)
    assert [minute for minute, _ in lines] == minutes
    assert any(words.startswith(CONTACT) for _, words in lines) is (most > 1)


async def test_a_place_that_is_known_is_told_and_a_wait_that_is_told_is_a_promise(
    world: World, clock: TestClock
) -> None:
    await world.says("a person please")
    on_floor(world, paces={"general": (60.0, 90.0, 100.0, 120.0, 150.0)})
    await later(world, clock, 120)
    assert world.channel.texts[-1] == "Still calling\n\nYou are number 1 in the queue, the wait is about 1–3 minutes."
    assert (await held(world)).promise == NOON + timedelta(minutes=5)
    await later(world, clock, 3 * 3600)
    lines = [words for _, words in await told(world)]
    assert not any(words.startswith((AGAIN, CONTACT)) for words in lines), "the promise is what is told of"
    assert not await happened(world, "promise_broken")


async def test_who_is_answered_hears_nothing_more(world: World, clock: TestClock) -> None:
    await world.says("a person please")
    await later(world, clock, 150)
    await world.operator("Hello")
    said = list(world.channel.texts)
    await later(world, clock, 3000)
    assert world.channel.texts == said


async def test_new_people_are_waited_for_anew(world: World, clock: TestClock) -> None:
    on_floor(world, member("anna"), member("boris", skills=("delivery",)))
    await world.says("a person please")
    await later(world, clock, 900)
    await world.operator(TicketMoved(operator=ANNA, move="transfer", skill="delivery"))
    await later(world, clock, 150)
    assert world.channel.texts[-1] == "Still calling"


# --- people go away ------------------------------------------------------------------------------


@pytest.mark.parametrize("world", ["general", "urgent", "letters"], indirect=True)
async def test_whoever_waits_hears_once_that_people_went_away_and_until_when(
    world: World, watch: FloorWatch, roster: Roster, clock: TestClock
) -> None:
    await world.says("a person please")
    await clock.advance(60)
    skill_ = (await held(world)).skill
    two = NOON + timedelta(hours=2)
    await roster.close(skill_, two, by=CONSOLE)
    await looked(world, watch)
    assert world.channel.texts == ["Calling people", "People are back today at 14:00"]
    ticket = await held(world)
    assert ticket.promise == two
    assert (ticket.offer is not None) is (skill_ == "urgent"), "some are called at any hour"
    assert [line["until"] for line in await happened(world, "promised")] == ["2026-11-20T11:00:00+00:00"]
    await until(world, clock, two - timedelta(seconds=10))
    await looked(world, watch)
    assert len(world.channel.texts) == 2
    await until(world, clock, two + timedelta(minutes=1))
    assert (await held(world)).offer is not None
    await world.operator("Hello")
    assert [line["event"] for line in await happened(world, "promise_kept", "promise_broken")] == ["promise_kept"]


@skill("urgent")
async def test_a_closure_does_not_hurry_those_who_are_called_at_any_hour(
    world: World, watch: FloorWatch, roster: Roster, clock: TestClock
) -> None:
    on_floor(world, member("anna"))
    await world.says("a person please")
    before = (await held(world)).offer
    await roster.close("urgent", NOON + timedelta(hours=2), by=CONSOLE)
    await looked(world, watch)
    assert (await held(world)).offer == before
    await later(world, clock, 130)
    assert called(world)[-1][0] in ("offer", "reminder"), "the ladder goes on"
    assert len(world.channel.texts) == 2, "and they know when people are back"


async def test_other_skills_hear_nothing_of_a_closure(
    world: World, watch: FloorWatch, roster: Roster, clock: TestClock
) -> None:
    await world.says("a person please")
    await roster.close("delivery", NOON + timedelta(hours=2), by=CONSOLE)
    await looked(world, watch)
    assert world.channel.texts == ["Calling people"]


@pytest.mark.parametrize("world", ["general", "urgent"], indirect=True)
async def test_a_closure_that_lasts_longer_moves_the_promise_before_it_breaks(
    world: World, watch: FloorWatch, roster: Roster, clock: TestClock
) -> None:
    await world.says("a person please")
    skill_ = (await held(world)).skill
    await roster.close(skill_, NOON + timedelta(hours=2), by=CONSOLE)
    await looked(world, watch)
    await clock.advance(3600)
    await roster.close(skill_, NOON + timedelta(hours=4), by=CONSOLE)
    await looked(world, watch)
    assert world.channel.texts[-1].endswith("they answer today at 16:00.")
    assert len(world.channel.texts) == 3
    await until(world, clock, NOON + timedelta(hours=4, minutes=1))
    await world.operator("Hello")
    lines = await happened(world, "promised", "promise_moved", "promise_kept", "promise_broken")
    assert [line["event"] for line in lines] == ["promised", "promise_moved", "promise_kept"]


async def test_reopened_early_they_are_offered_at_once(
    world: World, watch: FloorWatch, roster: Roster, clock: TestClock
) -> None:
    await world.says("a person please")
    await roster.close("", NOON + timedelta(hours=2), by=CONSOLE)
    await looked(world, watch)
    assert (await held(world)).offer is None
    await clock.advance(600)
    await roster.reopen("", by=CONSOLE)
    await looked(world, watch)
    offer = (await held(world)).offer
    assert offer is not None
    assert offer.at == clock.now()
    assert len(world.channel.texts) == 2, "the time that was told still holds"


@pytest.mark.parametrize("world", ["general", "urgent"], indirect=True)
async def test_the_end_of_the_day_is_told_when_it_comes(world: World, watch: FloorWatch, clock: TestClock) -> None:
    await world.says("a person please")
    await later(world, clock, 6 * 3600)
    before = len(world.channel.texts)
    await looked(world, watch)
    assert world.channel.texts[before:] == ["People are back on Monday at 9:00"]
    assert (await held(world)).promise == MONDAY
    await later(world, clock, 24 * 3600)
    await looked(world, watch)
    assert len(world.channel.texts) == before + 1


async def test_a_colleague_who_is_there_all_the_same_is_still_asked(
    world: World, watch: FloorWatch, roster: Roster, clock: TestClock
) -> None:
    boris = Operator(id="boris", name="Boris", desk="recording")
    for who in (ANNA, boris):
        await roster.set_presence(who, "on", by=who)
    await watch.refresh()
    await world.says("a person please")
    await world.operator("take")
    await clock.advance(8 * 3600)
    await world.operator(TicketMoved(operator=ANNA, move="transfer", to="boris"))
    said = list(world.channel.texts)
    await looked(world, watch)
    ticket = await held(world)
    assert ticket.offer is not None
    assert (ticket.offer.to, ticket.promise) == (("boris",), None)
    assert world.channel.texts == said


async def test_where_nothing_may_be_written_nothing_is_tried_again_and_again(
    world: World, watch: FloorWatch, roster: Roster, clock: TestClock
) -> None:
    able = replace(ABLE, window=3600.0)
    world.engine.rules = replace(world.engine.rules, channels={("recorder", "test"): able})
    await world.says("a person please")
    await later(world, clock, 3601)
    before = len(await world.entries())
    await roster.close("general", datetime.fromisoformat("2026-11-20T17:00:00+03:00"), by=CONSOLE)
    await looked(world, watch, times=5)
    found = await world.conversation()
    assert (found.stage, await happened(world, "promised")) == (Stage.QUEUED, [])
    assert len(await world.entries()) <= before + 1
    offer = (await held(world)).offer
    assert offer is not None
    assert offer.to == (), "whoever sees it may take it"
