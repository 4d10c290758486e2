"""People are called: whom, what the customer hears, and what is promised and kept, as time goes by."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from estafeta.clock import TestClock
from estafeta.floor import FloorWatch
from estafeta.kernel.model import Address, Conversation, ConversationId, Operator, Stage, Ticket, TicketId, TicketMoved
from estafeta.roster import Roster
from flows.handoff_file import Skill
from flows.model import Workspace
from handoff.floor import Closure, Floor, Member, OpenTicket
from tests.engine.able import ABLE, passes
from tests.engine.conftest import NOON
from tests.engine.words import Words
from tests.world import ANNA, HOME, RecordingChannel, World

BORIS = Operator(id="boris", name="Борис", desk="recording")
MONDAY = datetime.fromisoformat("2026-11-23T09:00:00+03:00")
SKILLS: dict[str, dict[str, Any]] = {
    "general": {"title": "General"},
    "delivery": {"title": "Delivery", "mode": "round_robin", "intents": ["order_status"], "priority": 2},
    "urgent": {"title": "Urgent", "off_hours": "queue"},
    "letters": {"title": "Letters", "off_hours": "message"},
    "quick": {"title": "Quick", "first_answer": 300, "next_answer": 600},
}


def shop(small: Workspace, default: str = "general") -> Workspace:
    """The small workspace with these skills, `default` being the first."""
    names = sorted(SKILLS, key=lambda name: name != default)
    skills = {name: Skill.model_validate(SKILLS[name]) for name in names}
    rules = small.bot.handoff.model_copy(update={"undo": 0, "remind_after": 120})
    return replace(small, bot=small.bot.model_copy(update={"skills": skills, "handoff": rules}))


@pytest.fixture
async def world(
    tmp_path: Path, small: Workspace, words: Words, clock: TestClock, request: pytest.FixtureRequest
) -> AsyncIterator[World]:
    """With a customer whose requests go to the skill that the test names."""
    channel = RecordingChannel(capabilities=ABLE)
    made = World(
        tmp_path / "calling.db", shop(small, getattr(request, "param", "general")), words, clock, channel=channel
    )
    async with made.running():
        yield made


def skill(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("world", [name], indirect=True)


def member(name: str, **more: Any) -> Member:
    return replace(Member(id=name, desk="recording", name=name.title()), **more)


def on_floor(world: World, *members: Member, **more: Any) -> None:
    world.engine.rules = replace(world.engine.rules, floor=Floor(members=members, **more))


async def later(world: World, clock: TestClock, seconds: float) -> Conversation:
    """Time goes on, and what was due in it happens."""
    end = clock.now() + timedelta(seconds=seconds)
    while True:
        due = (await world.conversation()).due_at
        if due is None or due > end:
            await clock.advance(max(0.0, (end - clock.now()).total_seconds()))
            return await world.conversation()
        await clock.advance(max(0.0, (due - clock.now()).total_seconds()))
        world.engine.wake(HOME.conversation)
        await world.engine.lanes.idle()
        await passes(world, clock)


async def until(world: World, clock: TestClock, moment: datetime) -> Conversation:
    return await later(world, clock, (moment - clock.now()).total_seconds())


async def happened(world: World, *names: str) -> list[dict[str, Any]]:
    return [dict(entry.data) for entry in await world.entries() if entry.data.get("event") in names]


async def held(world: World) -> Ticket:
    ticket = (await world.conversation()).ticket
    assert ticket is not None
    return ticket


def called(world: World) -> list[tuple[str, tuple[str, ...]]]:
    return [(notice.kind, notice.people) for _, notice, _ in world.desk.shown]


# --- opening -------------------------------------------------------------------------------------


async def test_what_opens_a_ticket_is_written_down_and_offered(world: World) -> None:
    on_floor(world, member("anna"), member("boris"))
    await world.says("where is my order")
    await world.says("a person please")
    ticket = await held(world)
    assert (ticket.skill, ticket.priority, ticket.language) == ("delivery", 2, "en")
    assert ticket.offer is not None
    (offered,) = ticket.offer.to
    assert await happened(world, "opened", "offered") == [
        {"event": "opened", "ticket": ticket.id, "reason": "user_request", "skill": "delivery", "priority": 2,
         "language": "en", "place": 1, "model": "words"},
        {"event": "offered", "ticket": ticket.id, "to": [offered], "rung": 0},
    ]  # fmt: skip
    assert called(world) == [("card", ()), ("offer", (offered,))]
    assert world.channel.texts[-1] == "Calling people"


async def test_where_everybody_takes_the_card_alone_calls_them(world: World) -> None:
    on_floor(world, member("anna"), member("boris"))
    await world.says("a person please")
    assert called(world) == [("card", ())]
    assert set((await held(world)).offer.to) == {"anna", "boris"}  # type: ignore[union-attr]


async def test_whoever_stands_in_for_a_skill_is_called_by_name(world: World) -> None:
    on_floor(world, member("anna", skills=("delivery",)), member("chief", role="supervisor"))
    await world.says("a person please")
    assert called(world) == [("card", ()), ("offer", ("chief",))]


async def test_the_ladder_is_climbed_until_somebody_takes_it(world: World, clock: TestClock) -> None:
    on_floor(
        world, member("anna"), member("chief", role="supervisor", skills=("none",)),
        member("nick", skills=("none",), on_call=True),
    )  # fmt: skip
    await world.says("a person please")
    await later(world, clock, 3600)
    rungs = [(line["rung"], line["to"]) for line in await happened(world, "offered")]
    assert rungs[:5] == [(0, ["anna"]), (1, ["anna"]), (2, ["anna"]), (3, ["chief"]), (4, ["nick", "anna"])]
    assert world.channel.texts[:2] == ["Calling people", "Still calling"]
    assert (await world.conversation()).due_at is not None
    await world.operator("take")
    before = len(world.desk.shown)
    await later(world, clock, 6 * 3600)
    assert world.desk.kinds[before:].count("offer") == 0, "taken is taken"


async def test_without_a_roster_everybody_is_called_again_and_never_for_the_last_time(
    world: World, clock: TestClock
) -> None:
    await world.says("a person please")
    await later(world, clock, 5 * 3600)
    assert called(world)[0] == ("card", ())
    assert set(called(world)[1:]) == {("reminder", ())}
    assert len(called(world)) >= 7
    assert (await world.conversation()).due_at is not None


async def test_who_waits_hears_their_place_and_a_wait_that_is_kept(world: World, clock: TestClock) -> None:
    queue = tuple(
        OpenTicket(
            conversation=ConversationId(f"w{n}"), id=TicketId(f"w{n}.1"), skill="general", stage=Stage.QUEUED,
            opened_at=NOON - timedelta(minutes=n + 1),
        )
        for n in range(2)
    )  # fmt: skip
    on_floor(world, member("anna"), tickets=queue, paces={"general": (60.0, 90.0, 100.0, 120.0, 150.0)})
    await world.says("a person please")
    assert world.channel.texts == [
        "Calling people\n\nYou are number 3 in the queue, the wait is about 4–7 minutes.",
    ]
    assert (await happened(world, "opened"))[0]["place"] == 3
    seven = NOON + timedelta(minutes=7)
    assert (await held(world)).promise == seven, "a wait that was told is a promise"
    await world.says("/human")
    assert world.channel.texts[1].startswith("Already called\n\nYou are number 3")
    await later(world, clock, 359)
    assert len(world.channel.texts) == 2
    await later(world, clock, 1)
    assert world.channel.texts[2].endswith("they answer today at 12:25.")
    await later(world, clock, 60)
    await world.operator("Hello")
    assert [line["event"] for line in await happened(world, "promised", "promise_moved", "promise_kept")] == [
        "promised", "promise_moved", "promise_kept",
    ]  # fmt: skip


async def test_a_wait_is_not_told_that_people_do_not_stay_for(world: World, clock: TestClock) -> None:
    on_floor(world, paces={"general": (300.0,) * 5})
    await clock.advance(6 * 3600 - 240)
    await world.says("a person please")
    assert world.channel.texts == ["Calling people"]
    assert (await held(world)).promise is None


async def test_nothing_is_said_of_a_queue_that_nothing_is_known_of(world: World) -> None:
    await world.says("a person please")
    assert world.channel.texts == ["Calling people"]


# --- passing on ----------------------------------------------------------------------------------


async def test_passing_on_to_a_skill_asks_its_people_and_tells_the_customer_once(world: World) -> None:
    on_floor(world, member("anna", skills=("general",)), member("boris", skills=("delivery",)))
    await world.says("a person please")
    await world.operator("take")
    for _ in range(2):
        await world.operator(TicketMoved(operator=ANNA, move="transfer", skill="delivery"))
    found = await world.conversation()
    ticket = await held(world)
    assert found.stage is Stage.QUEUED
    assert (ticket.skill, ticket.assignee, ticket.offer and ticket.offer.to) == ("delivery", None, ("boris",))
    said = [text for text in world.channel.texts if "colleague who knows this" in text]
    assert len(said) == 1
    assert (await happened(world, "passed_on"))[0] == {
        "event": "passed_on", "ticket": ticket.id, "by": "Анна", "skill": "delivery", "to": "",
    }  # fmt: skip
    assert called(world)[-1] == ("offer", ("boris",))


async def test_passing_on_to_a_person_asks_them_first_then_the_others(world: World, clock: TestClock) -> None:
    on_floor(world, member("anna"), member("boris"), member("vera"))
    await world.says("a person please")
    await world.operator("take")
    await world.operator(TicketMoved(operator=ANNA, move="transfer", to="boris"))
    offer = (await held(world)).offer
    assert offer is not None
    assert offer.to == ("boris",)
    await later(world, clock, 301)
    offer = (await held(world)).offer
    assert offer is not None
    assert set(offer.to) == {"anna", "boris", "vera"}


async def test_who_passes_on_to_somebody_who_is_not_there_is_told(world: World) -> None:
    on_floor(world, member("anna"), member("boris", presence="off"), member("vera"))
    await world.says("a person please")
    await world.operator("take")
    await world.operator(TicketMoved(operator=ANNA, move="transfer", to="boris"))
    _, notice, _ = world.desk.shown[-1]
    assert (notice.kind, notice.text, notice.values) == ("info", "not_there", {"to": "boris"})
    assert (await held(world)).offer.to == ("vera",)  # type: ignore[union-attr]


async def test_a_skill_that_there_is_not_changes_nothing(world: World) -> None:
    await world.says("a person please")
    await world.operator("take")
    await world.operator(TicketMoved(operator=ANNA, move="transfer", skill="gone"))
    assert (await world.conversation()).stage is Stage.HUMAN
    assert world.desk.shown[-1][1].text == "no_such_skill"


async def test_a_colleague_at_work_is_asked_at_any_hour(world: World, clock: TestClock) -> None:
    on_floor(world, member("anna"), member("boris"))
    await world.says("a person please")
    await world.operator("take")
    await clock.advance(8 * 3600)
    await world.operator(TicketMoved(operator=ANNA, move="transfer", to="boris"))
    ticket = await held(world)
    assert ticket.offer is not None
    assert (ticket.offer.to, ticket.promise) == (("boris",), None)


# --- out of hours --------------------------------------------------------------------------------


async def test_at_night_the_time_is_promised_and_people_are_asked_at_the_opening(
    world: World, clock: TestClock
) -> None:
    on_floor(world, member("anna"))
    await clock.advance(8 * 3600)
    await world.says("a person please")
    ticket = await held(world)
    assert world.channel.texts == ["People are back on Monday at 9:00"]
    assert (ticket.promise, ticket.offer) == (MONDAY, None)
    assert await happened(world, "promised") == [
        {"event": "promised", "ticket": ticket.id, "until": "2026-11-23T06:00:00+00:00"}
    ]
    await until(world, clock, MONDAY - timedelta(seconds=1))
    assert called(world) == [("card", ())]
    await until(world, clock, MONDAY + timedelta(seconds=1))
    assert called(world)[-1] == ("offer", ("anna",))
    await world.operator("Good morning")
    assert [line["event"] for line in await happened(world, "promise_kept", "promise_broken")] == ["promise_kept"]
    found = await later(world, clock, 3600)
    assert "promise" not in {timer.name for timer in found.timers}


async def test_the_oldest_is_offered_first_in_the_morning(world: World, clock: TestClock) -> None:
    queue = tuple(
        OpenTicket(
            conversation=ConversationId(f"w{n}"), id=TicketId(f"w{n}.1"), skill="general", stage=Stage.QUEUED,
            opened_at=NOON,
        )
        for n in range(7)
    )  # fmt: skip
    on_floor(world, member("anna"), tickets=queue)
    await clock.advance(8 * 3600)
    await world.says("a person please")
    remind = next(timer for timer in (await world.conversation()).timers if timer.name == "remind")
    assert remind.at == MONDAY + timedelta(seconds=7)


@skill("urgent")
async def test_some_are_called_at_any_hour(world: World, clock: TestClock) -> None:
    on_floor(world, member("anna"))
    await clock.advance(8 * 3600)
    await world.says("a person please")
    ticket = await held(world)
    assert ticket.promise == MONDAY
    assert ticket.offer is not None
    await later(world, clock, 3600)
    assert ("offer", ("anna",)) in called(world)
    assert world.channel.texts == ["People are back on Monday at 9:00"]


@skill("letters")
async def test_a_message_is_taken_while_the_bot_stays(world: World, clock: TestClock) -> None:
    await clock.advance(8 * 3600)
    await world.says("a person please")
    assert world.channel.texts[0].startswith("Nobody is there now. Write what to pass on")
    assert (await held(world)).promise == MONDAY
    await world.says("I want to pay")
    assert len(world.channel.texts) == 2, "the bot goes on answering"


async def test_people_who_leave_while_somebody_waits_promise_the_next_morning(world: World, clock: TestClock) -> None:
    on_floor(world, member("anna"))
    await clock.advance(6 * 3600 - 60)
    await world.says("a person please")
    await later(world, clock, 3600)
    assert world.channel.texts == ["Calling people", "People are back on Monday at 9:00"]
    ticket = await held(world)
    assert (ticket.promise, ticket.offer) == (MONDAY, None)
    await later(world, clock, 24 * 3600)
    assert len(world.channel.texts) == 2, "once per closed period"


# --- promises ------------------------------------------------------------------------------------


async def test_before_a_promise_breaks_the_customer_is_told_the_next_one(world: World, clock: TestClock) -> None:
    await clock.advance(8 * 3600)
    await world.says("a person please")
    breaks = MONDAY + timedelta(minutes=15)
    await until(world, clock, breaks - timedelta(seconds=61))
    assert len(world.channel.texts) == 1
    await until(world, clock, breaks)
    assert world.channel.texts[1] == (
        "We promised an answer by now and are late. People have your question, they answer today at 9:30."
    )
    moved = (await happened(world, "promise_moved"))[0]
    assert (moved["was"], moved["until"]) == ("2026-11-23T06:00:00+00:00", "2026-11-23T06:30:00+00:00")
    await later(world, clock, 8 * 3600)
    moves = await happened(world, "promise_moved")
    told = [datetime.fromisoformat(line["until"]) for line in moves]
    assert told == sorted(set(told))
    assert len(moves) <= 6, "not every few minutes"
    assert not await happened(world, "promise_broken"), "told before each of them broke"


async def test_a_person_who_took_it_and_says_nothing_is_called_and_the_broken_promise_written_down(
    world: World, clock: TestClock
) -> None:
    await clock.advance(8 * 3600)
    await world.says("a person please")
    await world.operator("take")
    said = list(world.channel.texts)
    await until(world, clock, MONDAY + timedelta(minutes=16))
    assert world.channel.texts == said, "the bot is silent while a person has it"
    near = [notice for _, notice, _ in world.desk.shown if notice.text == "promise_near"]
    assert [(notice.kind, notice.people) for notice in near] == [("reminder", ("anna",))]
    assert [line["event"] for line in await happened(world, "promise_broken", "promise_kept")] == ["promise_broken"]


async def test_a_closure_said_by_hand_moves_the_promise(world: World, clock: TestClock) -> None:
    await clock.advance(8 * 3600)
    await world.says("a person please")
    noon = MONDAY + timedelta(hours=5)
    await until(world, clock, MONDAY - timedelta(minutes=5))
    on_floor(world, closures=(Closure(skill="", since=clock.now(), until=noon),))
    await until(world, clock, MONDAY + timedelta(seconds=30))
    assert world.channel.texts[-1].endswith("they answer today at 14:00.")
    assert (await held(world)).promise == noon
    await until(world, clock, noon + timedelta(seconds=30))
    assert called(world)[-1] == ("offer", ())
    await world.operator("Hello")
    assert not await happened(world, "promise_broken")
    assert len(await happened(world, "promise_kept")) == 1


async def test_a_promise_outlives_being_passed_on(world: World, clock: TestClock) -> None:
    await clock.advance(8 * 3600)
    await world.says("a person please")
    await world.operator(TicketMoved(operator=ANNA, move="transfer", skill="delivery"))
    ticket = await held(world)
    assert (ticket.skill, ticket.promise) == ("delivery", MONDAY)
    assert len(await happened(world, "promised", "promise_moved")) == 1


# --- deadlines -----------------------------------------------------------------------------------


@skill("quick")
async def test_people_are_called_before_a_first_answer_is_overdue(world: World, clock: TestClock) -> None:
    on_floor(world, member("anna"))
    await world.says("a person please")
    await world.operator("take")
    await later(world, clock, 239)
    assert "answer_due" not in {notice.text for _, notice, _ in world.desk.shown}
    await later(world, clock, 10)
    due = [notice for _, notice, _ in world.desk.shown if notice.text == "answer_due"]
    assert [(notice.kind, notice.people) for notice in due] == [("reminder", ("anna",))]
    assert due[0].values == {"until": "2026-11-20T09:05:00+00:00"}


@skill("quick")
async def test_an_answer_in_time_calls_nobody(world: World, clock: TestClock) -> None:
    await world.says("a person please")
    await world.operator("Hello")
    await later(world, clock, 1000)
    assert "answer_due" not in {notice.text for _, notice, _ in world.desk.shown}


# --- a whole morning -----------------------------------------------------------------------------


@skill("delivery")
async def test_in_the_morning_the_oldest_come_first_and_everybody_gets_a_share(world: World, clock: TestClock) -> None:
    roster = Roster(world.store, clock, open_to_members=True)
    for name in ("anna", "boris", "vera"):
        who = Operator(id=name, name=name, desk="recording")
        await roster.set_presence(who, "on", by=who)
    watch = FloorWatch(store=world.store, bus=world.bus, clock=clock, roster=roster, engine=world.engine)
    await clock.advance(8 * 3600)
    customers = [replace(HOME, chat=f"customer-{number}") for number in (3, 1, 5, 2, 4, 0)]
    for customer in customers:
        await watch.refresh()
        await world.says("a person please", address=customer)
        await clock.advance(60)
    await watch.refresh()
    await clock.advance((MONDAY - clock.now()).total_seconds())
    order: list[Address] = []
    for _ in customers:
        await world.sweeper.sweep(grace=0.0)
        await world.engine.lanes.idle()
        for customer in customers:
            found = await world.settled(customer.conversation)
            assert found.ticket is not None
            if found.ticket.offer is not None and customer not in order:
                order.append(customer)
        await watch.refresh()
        await clock.advance(1)
    assert order == customers, "the oldest first"
    asked = Counter(who for ticket in world.engine.rules.floor.tickets for who in ticket.offered)
    assert asked == {"anna": 2, "boris": 2, "vera": 2}
