"""What a turn does: answers, folds, calls, hands over; and what it never does."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from estafeta import engine
from estafeta.clock import TestClock
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import (
    Address,
    CustomerEdited,
    CustomerSaid,
    Location,
    Media,
    Operator,
    OperatorSaid,
    ReachabilityChanged,
    Reason,
    Signal,
    SignalId,
    Stage,
    Text,
    Understanding,
)
from tests.engine.words import Words
from tests.world import ANNA, HOME, World


async def test_three_short_messages_that_wait_together_get_one_answer(world: World, words: Words) -> None:
    signals = [
        Signal(
            id=SignalId(f"burst.{number}"), at=world.clock.now(), address=HOME,
            event=CustomerSaid(message=str(number), parts=(Text(text=text),)),
        )
        for number, text in enumerate(["hello", "how do I", "pay"])
    ]  # fmt: skip
    await world.intake.accept(signals)
    await world.settled()
    assert world.channel.texts == ["By card or cash"]
    assert words.asked == ["hello\nhow do I\npay"]


async def test_a_command_stands_alone_in_a_burst(world: World) -> None:
    signals = [
        Signal(
            id=SignalId(f"burst.{number}"), at=world.clock.now(), address=HOME,
            event=CustomerSaid(message=str(number), parts=(Text(text=text),)),
        )
        for number, text in enumerate(["/start", "pay"])
    ]  # fmt: skip
    await world.intake.accept(signals)
    await world.settled()
    assert world.channel.texts == ["Hello", "By card or cash"]


async def test_words_during_an_action_wait_for_its_reply_and_stay_in_order(world: World) -> None:
    news = world.bus.announcements()
    await world.tell(CustomerSaid(message="1", parts=(Text(text="order 100234"),)))
    await anext(news)  # committed: the action is on its way
    await world.tell(CustomerSaid(message="2", parts=(Text(text="pay"),)))
    await world.settled()
    assert [text.split()[0] for text in world.channel.texts] == ["Order", "By"]


async def test_opening_a_ticket_tells_the_customer_and_the_desk_in_one_commit(world: World) -> None:
    await world.says("a person please")
    conversation = await world.conversation()
    assert conversation.stage is Stage.QUEUED
    assert conversation.ticket is not None
    assert conversation.ticket.reason is Reason.USER_REQUEST
    assert world.channel.texts == ["Calling people"]
    assert world.desk.kinds == ["card"]
    assert conversation.threads["recording"].card == "1"


async def test_the_ticket_tells_the_wish_and_not_the_call_for_people(world: World) -> None:
    await world.says("my parcel arrived wet and torn")
    await world.says("a person please")
    ticket = (await world.conversation()).ticket
    assert ticket is not None
    assert ticket.request == "my parcel arrived wet and torn"


async def test_the_bot_is_silent_while_a_person_has_the_conversation(world: World) -> None:
    await world.says("a person please")
    await world.operator("take")
    before = list(world.channel.texts)
    await world.says("how do I pay")
    assert world.channel.texts == before
    assert world.desk.kinds[-1] == "said"


async def test_a_note_stays_with_people(world: World) -> None:
    await world.says("a person please")
    await world.operator("// a regular, be kind")
    assert all("kind" not in text for text in world.channel.texts)
    assert (await world.entries())[-1].kind == "note"


async def test_an_operators_failed_message_is_told_to_the_operator(world: World) -> None:
    await world.says("a person please")
    await world.operator("take")
    world.channel.failures.append(SendFailed("blocked", "The customer has blocked the bot.", fault="customer"))
    await world.operator("Hello there")
    conversation = await world.conversation()
    assert not conversation.customer.reachable
    _, notice, view = world.desk.shown[-1]
    assert (notice.kind, notice.text) == ("receipt", "failed")
    told = [entry for entry in view.entries if entry.id in notice.entries]
    assert told[0].data["sentence"] == "The customer has blocked the bot."


async def test_a_passing_failure_is_tried_again_and_order_is_kept(world: World, clock: TestClock) -> None:
    world.channel.failures.append(SendFailed("too_many_requests", "Slow down.", fault="messenger", retry_after=7.0))
    await world.tell(CustomerSaid(message="1", parts=(Text(text="pay"),)))
    await clock.asleep()
    await world.tell(CustomerSaid(message="2", parts=(Text(text="/start"),)))
    assert world.channel.texts == []
    await clock.advance(6.9)
    assert world.channel.texts == []
    await clock.advance(0.2)
    await world.settled()
    assert world.channel.texts == ["By card or cash", "Hello"]
    assert world.outbox.tally.retried == 1


async def test_a_deleted_desk_does_not_hold_up_the_customer(world: World) -> None:
    world.desk.failures.append(SendFailed("forbidden", "The bot may not write there.", fault="settings"))
    await world.says("a person please")
    assert world.channel.texts == ["Calling people"]
    assert [entry.data["event"] for entry in await world.entries() if entry.kind == "event"][-1] == "desk_failed"


async def test_nobody_comes_so_people_are_called_again_and_the_customer_hears_of_it(
    world: World, clock: TestClock
) -> None:
    await world.says("a person please")
    for _ in range(4):
        await clock.advance(601)
        world.engine.wake(HOME.conversation)
        await world.engine.lanes.idle()
        await world.settled()
    assert world.channel.texts[:2] == ["Calling people", "Still calling"]
    assert len(world.channel.texts) == 3, "at every other call"
    assert world.desk.kinds == ["card", "reminder", "reminder", "reminder", "reminder"]


async def test_the_sweeper_fires_due_timers(world: World, clock: TestClock) -> None:
    await world.says("a person please")
    await clock.advance(70)
    news = world.bus.announcements()
    assert await world.sweeper.sweep(grace=1.0) == 1
    await anext(news)
    await world.settled()
    assert world.desk.kinds[-1] == "reminder"


async def test_outside_the_hours_the_customer_hears_the_time_once_a_closed_period(
    world: World, clock: TestClock
) -> None:
    await clock.advance(10 * 3600)  # Friday, 22:00
    await world.says("a person please")
    assert world.channel.texts == ["People are back on Monday at 9:00"]
    ticket = (await world.conversation()).ticket
    assert ticket is not None
    assert ticket.promise == datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
    await world.operator("return")
    await world.says("a person please")
    assert world.channel.texts[1:] == ["The bot again", "Already called"]
    timers = {timer.name: timer.at for timer in (await world.conversation()).timers}
    assert timers["remind"] == ticket.promise
    assert timers["promise"] > ticket.promise


async def test_understanding_down_calls_people(world: World, words: Words) -> None:
    words.broken = True
    await world.says("my parcel is torn")
    ticket = (await world.conversation()).ticket
    assert ticket is not None
    assert ticket.reason is Reason.BOT_DOWN
    assert ticket.request == "my parcel is torn"


async def test_a_number_still_answers_a_question_while_understanding_is_down(world: World, words: Words) -> None:
    await world.says("where is my order")
    words.broken = True
    await world.says("100234")
    assert world.channel.texts[-1].startswith("Order 100234")


async def test_an_action_that_fails_calls_people(world: World) -> None:
    world.actions._variables = {"SHOP_URL": "http://127.0.0.1:9"}  # nothing listens there
    await world.says("order 100234")
    ticket = (await world.conversation()).ticket
    assert ticket is not None
    assert ticket.reason is Reason.ACTION_ERROR


async def test_a_flow_goes_on_behind_its_handoff_when_the_bot_is_back(world: World) -> None:
    await world.says("it is lost")
    ticket = (await world.conversation()).ticket
    assert ticket is not None
    assert (ticket.reason, ticket.skill, ticket.request) == (Reason.FLOW_RULE, "delivery", "Something is lost")
    await world.operator("take")
    await world.operator("return")
    assert world.channel.texts[-2:] == ["The bot again", "I hope it was found"]


async def test_what_the_bot_cannot_read_is_named_and_kept_for_people(world: World) -> None:
    photo = Media(kind="photo", ref="file-1")
    await world.tell(CustomerSaid(message="1", parts=(photo, Location(latitude=1.0, longitude=2.0))))
    await world.settled()
    assert world.channel.texts == ["Only text please"]
    assert (await world.entries())[0].parts[0] == photo


async def test_a_second_operator_takes_over_without_telling_the_customer_again(world: World) -> None:
    await world.says("a person please")
    await world.operator("take")
    boris = Operator(id="boris", name="Борис", desk="recording")
    await world.operator(OperatorSaid(operator=boris, parts=(Text(text="I can help too"),)))
    assert world.channel.texts.count("A person is here") == 1
    ticket = (await world.conversation()).ticket
    assert ticket is not None
    assert ticket.assignee == ANNA


async def test_an_answer_goes_where_the_customer_wrote_from_last(world: World) -> None:
    other = Address(channel="recorder", account="test", chat="phone")
    await world.says("a person please")
    await world.store.link(other, HOME.conversation)
    await world.tell(CustomerSaid(message="9", parts=(Text(text="I am here now"),)), address=other)
    await world.settled()
    await world.operator("Good")
    assert world.channel.sent[-1].to == other
    assert (await world.conversation()).customer.addresses == (HOME, other)


async def test_an_edit_reaches_people_and_a_block_is_known(world: World) -> None:
    await world.says("a person please")
    await world.tell(CustomerEdited(message="m0", parts=(Text(text="a person, quickly"),)))
    await world.tell(ReachabilityChanged(reachable=False))
    await world.tell(ReachabilityChanged(reachable=False))
    await world.settled()
    events = [entry.data["event"] for entry in await world.entries() if entry.kind == "event"]
    assert events.count("unreachable") == 1
    assert world.desk.kinds == ["card", "said", "state"]


async def test_a_decision_that_breaks_calls_people_and_stops_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(engine, "decide", broken)
    await world.tell(CustomerSaid(message="1", parts=(Text(text="hello there"),)))
    await asyncio.wait_for(world.engine.lanes.idle(), 5)
    conversation = await world.conversation()
    assert conversation.ticket is not None
    assert conversation.ticket.reason is Reason.BOT_DOWN
    assert (await world.entries())[0].text == "hello there"


async def test_words_held_back_in_a_turn_that_commits_are_answered_without_the_sweeper(world: World) -> None:
    await world.says("where is my order")
    signals = [
        Signal(
            id=SignalId(f"both.{number}"), at=world.clock.now(), address=HOME,
            event=CustomerSaid(message=str(number), parts=(Text(text=text),)),
        )
        for number, text in enumerate(["/order", "100234", "/pay"])
    ]  # fmt: skip
    await world.intake.accept(signals)
    await world.settled()
    assert [text.split()[0] for text in world.channel.texts[1:]] == ["Which", "Order", "By"]


async def test_a_wish_for_a_person_is_heard_among_other_messages_of_a_burst(world: World, words: Words) -> None:
    understand = words.understand

    async def only_alone(text: str, *, deadline: float, at: datetime | None = None, region: str = "") -> Understanding:
        unclear = Understanding(intent="payment", confidence=0.2)
        return unclear if "\n" in text else await understand(text, deadline=deadline)

    words.understand = only_alone  # type: ignore[method-assign]
    signals = [
        Signal(
            id=SignalId(f"burst.{number}"), at=world.clock.now(), address=HOME,
            event=CustomerSaid(message=str(number), parts=(Text(text=text),)),
        )
        for number, text in enumerate(["blah", "a person please"])
    ]  # fmt: skip
    await world.intake.accept(signals)
    await world.settled()
    assert world.channel.texts == ["Calling people"]
