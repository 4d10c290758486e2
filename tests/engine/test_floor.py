"""The view of the floor: what it is made of, how often it is looked at, and that it survives the store's absence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from estafeta.actions import HttpActions
from estafeta.clock import TestClock
from estafeta.floor import FloorWatch
from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import Conversation, Operator, Stage, TicketMoved
from estafeta.kernel.ports import Live
from estafeta.presence import Presence
from estafeta.roster import CONSOLE, Roster
from estafeta.tasks import ended
from estafeta.worker import Worker
from flows.model import Workspace
from storage.sqlite import SqliteStore
from tests.engine.able import ABLE
from tests.engine.words import Words
from tests.world import ANNA, HOME, RecordingChannel, World

BORIS = Operator(id="boris", name="Борис", desk="recording")


class Watched(SqliteStore):
    """Counts the looks at open tickets; fails while it is told to."""

    looks = 0
    away = False

    async def conversations(self, *, stages: Sequence[Stage], limit: int = 100) -> list[Conversation]:
        self.looks += 1
        if self.away:
            raise StoreUnavailable("The disk is full.")
        return await super().conversations(stages=stages, limit=limit)


@pytest.fixture
async def world(tmp_path: Path, small: Workspace, words: Words, clock: TestClock) -> AsyncIterator[World]:
    store = Watched(tmp_path / "floor.db", clock=clock)
    channel = RecordingChannel(capabilities=ABLE)
    async with World(tmp_path / "floor.db", small, words, clock, channel=channel, store=store).running() as running:
        yield running


@pytest.fixture
def roster(world: World, clock: TestClock) -> Roster:
    return Roster(world.store, clock, open_to_members=True)


@pytest.fixture
def watch(world: World, clock: TestClock, roster: Roster) -> FloorWatch:
    return FloorWatch(store=world.store, bus=world.bus, clock=clock, roster=roster, engine=world.engine)


def looks(world: World) -> int:
    assert isinstance(world.store, Watched)
    return world.store.looks


async def test_it_knows_who_is_there_what_waits_and_when_people_are_away(
    world: World, watch: FloorWatch, roster: Roster, clock: TestClock
) -> None:
    await roster.set_presence(ANNA, "on", by=ANNA)
    await roster.close("delivery", clock.now() + timedelta(hours=1), by=CONSOLE)
    await world.says("a person please")
    await watch.refresh()
    floor = world.engine.rules.floor
    assert [member.id for member in floor.members] == ["anna"]
    assert [closure.skill for closure in floor.closures] == ["delivery"]
    (ticket,) = floor.tickets
    assert (ticket.conversation, ticket.stage, ticket.skill) == (HOME.conversation, Stage.QUEUED, "general")
    await world.operator("take")
    await watch.refresh()
    assert world.engine.rules.floor.load("anna") == 1


async def test_what_is_decided_next_goes_by_it(world: World, watch: FloorWatch, roster: Roster) -> None:
    await roster.set_presence(ANNA, "on", by=ANNA)
    await watch.refresh()
    await world.says("a person please")
    ticket = (await world.conversation()).ticket
    assert ticket is not None
    assert ticket.offer is not None
    assert ticket.offer.to == ("anna",)


async def test_waits_are_measured_from_the_timeline_in_business_time(
    world: World, watch: FloorWatch, clock: TestClock
) -> None:
    for seconds in (30, 60):
        await world.says("a person please")
        await clock.advance(seconds)
        await world.operator("Hello")
        await world.operator("close")
    await clock.advance(7 * 3600)  # Friday evening, until Monday morning
    await world.says("a person please")
    await clock.advance(62 * 3600 + 120)
    await world.operator("take")
    await world.operator("Hello")
    await world.operator("Anything else?")
    await watch.refresh()
    floor = world.engine.rules.floor
    monday = (clock.now() - clock.now().replace(hour=6, minute=0, second=0)).total_seconds()
    assert floor.waits == {"general": (30.0, 60.0, monday)}
    assert floor.paces == floor.waits, "each was the first in the queue"
    assert set(floor.asked) == {"anna"}


async def test_however_much_happens_it_looks_seldom(world: World, watch: FloorWatch, clock: TestClock) -> None:
    running = asyncio.create_task(watch.run())
    try:
        await clock.asleep()
        before = looks(world)
        for _ in range(20):
            for _ in range(50):
                await world.bus.announce(Live(kind="changed", conversation=HOME.conversation))
            await clock.advance(0.5)
            await clock.asleep()
        assert 1 <= looks(world) - before <= 6, "ten seconds"
    finally:
        await ended([running])


async def test_without_news_it_looks_now_and_then(world: World, watch: FloorWatch, clock: TestClock) -> None:
    running = asyncio.create_task(watch.run())
    try:
        await clock.asleep()
        before = looks(world)
        for _ in range(60):
            await clock.advance(1.0)
            await clock.asleep()
        assert 3 <= looks(world) - before <= 6, "a minute"
    finally:
        await ended([running])


async def test_while_the_store_is_away_the_view_of_before_remains(
    world: World, watch: FloorWatch, roster: Roster, clock: TestClock
) -> None:
    assert isinstance(world.store, Watched)
    await roster.set_presence(ANNA, "on", by=ANNA)
    await watch.refresh()
    before = world.engine.rules.floor
    world.store.away = True
    await clock.advance(60)
    await watch.renew()
    assert world.engine.rules.floor == before
    with pytest.raises(StoreUnavailable):
        await watch.refresh()
    world.store.away = False
    await roster.set_presence(BORIS, "on", by=BORIS)
    await clock.advance(5)
    await watch.renew()
    assert len(world.engine.rules.floor.members) == 2


async def test_what_cannot_be_read_is_survived(world: World, watch: FloorWatch, clock: TestClock) -> None:
    await world.store.put("team:web:1", {"member": "no"})
    await watch.renew()
    assert world.engine.rules.floor.members == ()


async def test_rules_stay_the_same_while_nothing_changes(world: World, watch: FloorWatch) -> None:
    await watch.refresh()
    rules = world.engine.rules
    await watch.refresh()
    assert world.engine.rules is rules


async def test_a_worker_with_a_roster_keeps_its_floor(
    world: World, roster: Roster, clock: TestClock, small: Workspace
) -> None:
    await roster.set_presence(ANNA, "on", by=ANNA)
    actions = HttpActions(small, secrets={}, variables={})
    worker = Worker(
        store=world.store, bus=world.bus, clock=clock, presence=Presence(store=world.store, clock=clock),
        understander=Words(), workspace=small, channels={}, desks={}, actions=actions, roster=roster,
    )  # fmt: skip
    async with worker.running():
        assert [member.id for member in worker.engine.rules.floor.members] == ["anna"]
        await roster.set_presence(BORIS, "on", by=BORIS)
        assert worker.engine.look_at_team is not None
        await worker.engine.look_at_team()
        assert [member.id for member in worker.engine.rules.floor.members] == ["anna", "boris"]
    await actions.close()


async def test_somebody_who_has_just_joined_is_asked_when_a_conversation_is_passed_on_to_them(
    world: World, watch: FloorWatch, roster: Roster
) -> None:
    world.engine.look_at_team = watch.renew_team
    await roster.set_presence(ANNA, "on", by=ANNA)
    await watch.refresh()
    await world.says("a person please")
    await world.operator("take")
    await roster.set_presence(BORIS, "on", by=BORIS)  # the floor is looked at only later
    await world.operator(TicketMoved(operator=ANNA, move="transfer", to="boris"))
    held = (await world.settled()).ticket
    assert held is not None
    assert held.offer is not None
    assert held.offer.to == ("boris",)


async def test_put_off_is_no_load(world: World, watch: FloorWatch, clock: TestClock) -> None:
    await world.says("a person please")
    await world.operator(TicketMoved(operator=ANNA, move="hold", until=clock.now() + timedelta(hours=1)))
    await watch.refresh()
    assert world.engine.rules.floor.load("anna") == 0


async def test_people_who_are_back_early_are_asked_at_once(
    world: World, watch: FloorWatch, roster: Roster, clock: TestClock
) -> None:
    await roster.close("general", clock.now() + timedelta(hours=3), by=CONSOLE)
    await watch.refresh()
    await world.says("a person please")
    before = (await world.conversation()).ticket
    assert before is not None
    assert before.offer is None
    await watch.refresh()
    assert (await world.settled()).ticket == before
    await roster.reopen("general", by=CONSOLE)
    await watch.refresh()
    for _ in range(2):  # seen again, it happens once
        after = (await world.settled()).ticket
        assert after is not None
        assert after.offer is not None
        assert after.offer.at == clock.now()
        await watch.refresh()


async def test_who_leaves_takes_no_conversation_along(
    world: World, watch: FloorWatch, roster: Roster, clock: TestClock
) -> None:
    for who in (ANNA, BORIS):
        await roster.set_presence(who, "on", by=who)
    await world.says("a person please")
    await world.operator("take")
    await roster.remove(ANNA.desk, ANNA.id, by=CONSOLE, why="left")
    await watch.refresh()
    held = (await world.settled()).ticket
    assert held is not None
    assert held.assignee is None
    assert held.offer is not None
    assert held.offer.to == ("boris",)
    await watch.refresh()
    assert (await world.settled()).ticket == held
