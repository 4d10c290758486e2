"""What operators do with a conversation, apart from answering it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from estafeta.clock import TestClock
from estafeta.kernel.model import (
    Conversation,
    Notice,
    Operator,
    OperatorSaid,
    OperatorUndid,
    Stage,
    Text,
    Ticket,
    TicketMoved,
)
from tests.engine.able import ABLE, Opened, applied, passes
from tests.world import ANNA, HOME, World

BORIS = Operator(id="boris", name="Борис", desk="recording")


async def moved(world: World, move: str, by: Operator = ANNA, **what: object) -> Conversation:
    event = TicketMoved(operator=by, move=move, **what)  # type: ignore[arg-type]
    await world.tell(event, conversation=HOME.conversation)
    return await world.settled()


async def said(world: World, words: str, by: Operator = ANNA, message: str = "t1", *, sure: bool = False) -> None:
    event = OperatorSaid(operator=by, parts=(Text(text=words),), message=message, sure=sure)
    await world.tell(event, conversation=HOME.conversation)
    await world.settled()


def notices(world: World, kind: str) -> list[Notice]:
    return [notice for _, notice, _ in world.desk.shown if notice.kind == kind]


async def ticket(world: World) -> Ticket:
    held = (await world.conversation()).ticket
    assert held is not None
    return held


@pytest.fixture
async def owned(opened: Opened) -> AsyncIterator[World]:
    """Anna has the conversation."""
    async with opened(ABLE) as world:
        await world.says("a person please")
        await said(world, "Good day")
        yield world


async def test_a_second_operator_is_told_before_anything_is_sent(owned: World) -> None:
    before = list(owned.channel.texts)
    await said(owned, "I know that too", BORIS, "t2")
    assert owned.channel.texts == before
    [conflict] = notices(owned, "conflict")
    assert (conflict.message, conflict.text) == ("t2", "Анна")
    await said(owned, "I know that too", BORIS, "t2", sure=True)
    assert owned.channel.texts[-1] == "I know that too"
    assert (await ticket(owned)).assignee == ANNA


async def test_who_presses_take_at_the_same_moment_takes_nothing_away(owned: World, clock: TestClock) -> None:
    await moved(owned, "take", BORIS)
    assert (await ticket(owned)).assignee == ANNA
    assert [notice.text for notice in notices(owned, "info")] == ["already_taken"]
    await clock.advance(11)
    await moved(owned, "take", BORIS)
    assert (await ticket(owned)).assignee == BORIS
    over = notices(owned, "info")[-1]
    assert (over.text, over.people, over.values["name"]) == ("taken_over", ("anna",), "Борис")


async def test_an_answer_is_taken_back_at_the_customers(owned: World) -> None:
    await said(owned, "A slip", message="t5")
    await owned.tell(OperatorUndid(operator=ANNA, message="t5"), conversation=HOME.conversation)
    await owned.settled()
    last = owned.channel.sent[-1]
    assert (last.does, last.of) == ("delete", f"ext-{owned.channel.sent[-2].id}")
    assert notices(owned, "info")[-1].text == "undone"


async def test_an_answer_of_long_ago_stays(owned: World, clock: TestClock) -> None:
    await clock.advance(8)
    await owned.tell(OperatorUndid(operator=ANNA), conversation=HOME.conversation)
    await owned.settled()
    assert all(message.does == "say" for message in owned.channel.sent)
    assert notices(owned, "info")[-1].text == "undo_late"


async def test_nobody_takes_back_what_a_colleague_said(owned: World) -> None:
    await owned.tell(OperatorUndid(operator=BORIS, message="t1"), conversation=HOME.conversation)
    await owned.settled()
    assert notices(owned, "info")[-1].text == "nothing_to_undo"


async def test_where_nothing_can_be_deleted_an_answer_waits_and_is_taken_back(opened: Opened, clock: TestClock) -> None:
    async with opened(replace(ABLE, deletes=False)) as world:
        await world.says("a person please")
        await moved(world, "take")
        event = OperatorSaid(operator=ANNA, parts=(Text(text="A slip"),), message="t1")
        await world.tell(event, conversation=HOME.conversation)
        await applied(world)
        assert "A slip" not in world.channel.texts
        await world.tell(OperatorUndid(operator=ANNA), conversation=HOME.conversation)
        await passes(world, clock)
        assert "A slip" not in world.channel.texts
        assert notices(world, "info")[-1].text == "undone"


async def test_where_nothing_can_be_deleted_an_answer_goes_when_its_time_is_over(
    opened: Opened, clock: TestClock
) -> None:
    async with opened(replace(ABLE, deletes=False)) as world:
        await world.says("a person please")
        await moved(world, "take")
        began = clock.now()
        event = OperatorSaid(operator=ANNA, parts=(Text(text="Well"),), message="t1")
        await world.tell(event, conversation=HOME.conversation)
        await passes(world, clock)
        assert world.channel.texts[-1] == "Well"
        assert clock.now() - began >= timedelta(seconds=5)


async def test_what_was_put_off_comes_back_by_itself_and_calls_whoever_has_it(owned: World, clock: TestClock) -> None:
    until = clock.now() + timedelta(hours=1)
    await moved(owned, "hold", until=until)
    assert (await ticket(owned)).held_until == until
    await clock.advance(3601)
    owned.engine.wake(HOME.conversation)
    await owned.engine.lanes.idle()
    await owned.settled()
    assert (await ticket(owned)).held_until is None
    assert notices(owned, "offer")[-1].people == ("anna",)


async def test_the_customers_words_bring_back_what_was_put_off(owned: World, clock: TestClock) -> None:
    await moved(owned, "hold", until=clock.now() + timedelta(hours=1))
    await owned.says("Any news?")
    assert (await ticket(owned)).held_until is None


async def test_nothing_is_put_off_into_the_past(owned: World, clock: TestClock) -> None:
    await moved(owned, "hold", until=clock.now())
    assert (await ticket(owned)).held_until is None
    assert notices(owned, "info")[-1].text == "hold_when"


async def test_tags_stay_with_the_ticket_and_an_important_customer_stays_one(owned: World) -> None:
    await moved(owned, "tag", tags=("vip", "late"))
    conversation = await owned.conversation()
    assert (await ticket(owned)).tags == ("vip", "late")
    assert conversation.customer.tags == ("vip",)
    await moved(owned, "untag", tags=("late",))
    assert (await ticket(owned)).tags == ("vip",)


async def test_what_is_passed_on_waits_for_others_and_the_customer_hears_it(owned: World) -> None:
    await moved(owned, "transfer", skill="delivery")
    held = await ticket(owned)
    assert (held.skill, held.assignee) == ("delivery", None)
    assert (await owned.conversation()).stage is Stage.QUEUED
    assert "colleague" in owned.channel.texts[-1]


async def test_a_blocked_customer_is_heard_by_nobody_and_kept(owned: World) -> None:
    await moved(owned, "block")
    shown, sent = len(owned.desk.shown), len(owned.channel.sent)
    await owned.says("Hello? Hello?")
    assert (await owned.conversation()).stage is Stage.BOT
    assert (len(owned.desk.shown), len(owned.channel.sent)) == (shown, sent)
    assert "Hello? Hello?" in [entry.text for entry in await owned.entries()]
    await moved(owned, "unblock")
    await owned.says("a person please")
    assert (await owned.conversation()).stage is Stage.QUEUED


async def test_a_word_to_colleagues_goes_with_a_move_and_never_to_the_customer(owned: World) -> None:
    await moved(owned, "transfer", skill="delivery", text="He is angry, be quick")
    assert all("angry" not in text for text in owned.channel.texts)
    assert "He is angry, be quick" in [entry.text for entry in await owned.entries() if entry.kind == "note"]


async def test_how_long_the_customer_waited_is_written_down(owned: World, clock: TestClock) -> None:
    await owned.says("And one more thing")
    await clock.advance(90)
    await said(owned, "Yes", message="t3")
    answered = [entry.data for entry in await owned.entries() if entry.data.get("event") == "answered"]
    assert [(data["first"], round(data["waited"])) for data in answered] == [(True, 0), (False, 90)]
    assert (await ticket(owned)).asked_at is None


async def test_a_colleagues_conversation_is_not_put_off_passed_on_or_ended_unawares(
    owned: World, clock: TestClock
) -> None:
    for move in ("hold", "transfer", "close", "return"):
        await moved(owned, move, BORIS, until=clock.now() + timedelta(hours=1), skill="delivery")
        assert (await ticket(owned)).assignee == ANNA
        assert (await ticket(owned)).held_until is None
        assert notices(owned, "info")[-1].text == "owned"
    await moved(owned, "close", BORIS, sure=True)
    assert (await owned.conversation()).stage is Stage.BOT


async def test_an_owner_who_is_silent_is_called_and_then_others_too(owned: World, clock: TestClock) -> None:
    await owned.says("And one more thing")
    called = []
    for _ in range(5):
        await clock.advance(601)
        owned.engine.wake(HOME.conversation)
        await owned.engine.lanes.idle()
        await owned.settled()
        called = [notice for notice in notices(owned, "reminder") if notice.text == "unanswered"]
    assert len(called) >= 3
    assert all("anna" in notice.people for notice in called)
    await said(owned, "Here I am", message="t9")
    assert "owner" not in {timer.name for timer in (await owned.conversation()).timers}
