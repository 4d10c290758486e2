"""A customer who waits for people: the bot goes on with what it can do, and tells honestly where they stand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from estafeta.clock import TestClock
from estafeta.decide import decide
from estafeta.kernel.model import (
    ActionFinished,
    Conversation,
    CustomerPressed,
    CustomerSaid,
    Media,
    Reason,
    Signal,
    SignalId,
    Stage,
    Text,
    TicketMoved,
    ToAction,
    Understanding,
)
from estafeta.rules import Rules
from flows.handoff_file import Skill
from flows.model import Workspace
from handoff.floor import Floor, Member
from tests.engine.able import ABLE
from tests.engine.conftest import NOON
from tests.engine.words import Words
from tests.world import ANNA, HOME, RecordingChannel, World

KEPT = "Noted for our people"
MONDAY = "on Monday at 9:00"


@pytest.fixture
async def world(
    tmp_path: Path, small: Workspace, words: Words, clock: TestClock, shop_url: str
) -> AsyncIterator[World]:
    """People of "general" answer in their hours, and take messages out of them."""
    skills = {**small.bot.skills, "general": Skill.model_validate({"title": "General", "off_hours": "message"})}
    workspace = replace(small, bot=small.bot.model_copy(update={"skills": skills}))
    channel = RecordingChannel(capabilities=ABLE)
    made = World(tmp_path / "w.db", workspace, words, clock, channel=channel, variables={"SHOP_URL": shop_url})
    async with made.running():
        yield made


async def said(world: World, text: str) -> list[str]:
    """What the customer hears to this."""
    before = len(world.channel.texts)
    await world.says(text)
    return world.channel.texts[before:]


async def waiting(world: World) -> None:
    await world.says("a person please")
    assert (await world.conversation()).stage is Stage.QUEUED


async def heard_by_people(world: World, text: str) -> bool:
    """Whether desks were shown the customer's words."""
    ids = {entry.id for entry in await world.entries() if entry.text == text}
    return any(ids & set(notice.entries) for _, notice, _ in world.desk.shown if notice.kind == "said")


# --- its flows go on -----------------------------------------------------------------------------


async def test_a_flow_asks_hears_the_answer_and_answers_while_the_place_is_kept(world: World) -> None:
    await waiting(world)
    ticket = (await world.conversation()).ticket
    assert await said(world, "where is my order") == ["Which number?"]
    assert await said(world, "it is 1002") == ["Six digits please"]
    assert (await said(world, "100234"))[0].startswith("Order 100234 is")
    after = await world.conversation()
    assert (after.stage, after.dialog.frames) == (Stage.QUEUED, ())
    assert after.ticket is not None
    assert ticket is not None
    assert (after.ticket.id, after.ticket.offer) == (ticket.id, ticket.offer)
    assert await heard_by_people(world, "100234")


async def test_so_does_a_flow_that_a_button_or_a_command_begins(world: World) -> None:
    await waiting(world)
    assert await said(world, "/order") == ["Which number?"]
    assert (await said(world, "100234"))[0].startswith("Order 100234 is")
    await world.tell(CustomerPressed(button="unknown", label="how do I pay"))
    await world.settled()
    assert world.channel.texts[-1] == "By card or cash"


async def test_what_people_were_called_in_the_middle_of_stays_where_it_was(world: World) -> None:
    await world.says("where is my order")
    await waiting(world)
    assert await said(world, "how do I pay") == ["By card or cash"], "the open question is not asked again"
    assert (await said(world, "order 100234"))[0].startswith("Order 100234 is")
    await world.operator("take")
    before = len(world.channel.texts)
    await world.operator("return")
    assert world.channel.texts[before:] == ["The bot again", "Which number?"]


async def test_words_do_not_answer_a_question_that_people_were_called_from(world: World) -> None:
    await world.says("where is my order")
    await waiting(world)
    assert (await said(world, "100234"))[0].startswith(KEPT)


async def test_once_a_person_is_there_the_bot_has_asked_nothing(world: World) -> None:
    await waiting(world)
    await world.says("where is my order")
    await world.operator("take")
    assert (await world.conversation()).dialog.frames == ()
    await world.operator("return")
    assert world.channel.texts[-1] == "The bot again"


async def test_given_back_from_the_queue_the_bot_goes_on_with_its_question_then_with_the_older_one(
    world: World,
) -> None:
    await world.says("lost")  # calls people, and goes on behind them
    await world.says("where is my order")
    before = len(world.channel.texts)
    await world.operator("return")
    assert world.channel.texts[before:] == ["The bot again", "Which number?"]
    await world.says("100234")
    assert world.channel.texts[-2].startswith("Order 100234 is")
    assert world.channel.texts[-1] == "I hope it was found"
    assert (await world.conversation()).dialog.frames == ()


async def test_a_flow_that_calls_people_tells_that_they_are_called(world: World) -> None:
    await waiting(world)
    assert await said(world, "it is lost") == ["Already called"]
    assert (await world.conversation()).tickets == 1
    await world.operator("take")
    await world.operator("return")
    assert world.channel.texts[-1] == "I hope it was found"


async def test_a_reply_that_comes_once_a_person_is_there_is_not_said(small: Workspace) -> None:
    rules = Rules(workspace=small, desks=("recording",), channels={("recorder", "test"): ABLE})
    held = Conversation(id=HOME.conversation, address=HOME)
    events: tuple[CustomerSaid | TicketMoved, ...] = (
        CustomerSaid(message="1", parts=(Text(text="/human"),)),
        CustomerSaid(message="2", parts=(Text(text="/order"),)),
        CustomerSaid(message="3", parts=(Text(text="100234"),)),
        TicketMoved(operator=ANNA, move="take"),
    )
    for number, event in enumerate(events):
        held = decide(held, [_signal(number, event)], None, NOON, rules).conversation
    call = next(item for item in held.outbox if isinstance(item.body, ToAction))
    decision = decide(held, [_signal(9, ActionFinished(item=call.id, ok=True, data={}))], None, NOON, rules)
    assert [(entry.kind, entry.data["event"]) for entry in decision.entries] == [("event", "called")]
    assert [frame.flow for frame in decision.conversation.dialog.frames] == ["human"], "what people were called from"


async def test_a_reply_that_nobody_waits_for_any_more_answers_no_other_question(small: Workspace) -> None:
    """The first flow was let go for another that asks the same action."""
    rules = Rules(workspace=small, desks=("recording",), channels={("recorder", "test"): ABLE})
    held = Conversation(id=HOME.conversation, address=HOME)
    events = ("/order", "100234", "take", "transfer", "/order", "100235")
    for number, event in enumerate(events):
        told: CustomerSaid | TicketMoved = CustomerSaid(message=str(number), parts=(Text(text=event),))
        if event in ("take", "transfer"):
            told = TicketMoved(operator=ANNA, move="take" if event == "take" else "transfer")
        held = decide(held, [_signal(number, told)], None, NOON, rules).conversation
    first, second = [item for item in held.outbox if isinstance(item.body, ToAction)]
    for item, order in ((first, "100234"), (second, "100235")):
        finished = ActionFinished(item=item.id, ok=True, data={"number": order, "status": "new"})
        decision = decide(held, [_signal(int(order), finished)], None, NOON, rules)
        held = decision.conversation
        texts = [entry.text for entry in decision.entries if entry.author.kind == "bot"]
        assert texts == ([] if item is first else ["Order 100235 is new"])


def _signal(number: int, event: CustomerSaid | TicketMoved | ActionFinished) -> Signal:
    return Signal(id=SignalId(f"s{number}"), at=NOON, event=event, address=HOME)


# --- what it does not understand -----------------------------------------------------------------


async def test_what_is_not_understood_people_read_and_that_is_told_once_in_a_while(
    world: World, clock: TestClock
) -> None:
    await waiting(world)
    assert (await said(world, "the box was wet"))[0].startswith(KEPT)
    assert await said(world, "and torn") == []
    assert await heard_by_people(world, "and torn")
    await clock.advance(16 * 60)
    world.engine.wake(HOME.conversation)
    await world.engine.lanes.idle()
    await world.settled()
    assert (await said(world, "and late too"))[0].startswith(KEPT)


@pytest.mark.parametrize("text", ["ok", "thanks!", "хорошо, жду", "👍"])
async def test_what_wants_no_answer_gets_none(world: World, text: str) -> None:
    await waiting(world)
    assert await said(world, text) == []
    assert await heard_by_people(world, text)


async def test_a_file_is_for_people_too(world: World) -> None:
    await waiting(world)
    photo = Media(kind="photo", ref="1", name="box.jpg")
    await world.tell(CustomerSaid(message="p", parts=(photo,)))
    await world.settled()
    assert world.channel.texts[-1].startswith(KEPT)


async def test_a_bot_that_is_down_leaves_it_to_people(world: World, words: Words) -> None:
    await waiting(world)
    words.broken = True
    assert (await said(world, "how do I pay"))[0].startswith(KEPT)


async def test_the_customer_of_a_person_who_came_hears_nothing_of_it(world: World) -> None:
    await waiting(world)
    await world.says("the box was wet")
    await world.operator("take")
    assert "told" not in {timer.name for timer in (await world.conversation()).timers}
    assert await said(world, "and torn") == []


# --- where are you? ------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["ну где вы?", "ау", "вы тут?", "anyone there?", "/start", "a person please"])
async def test_whoever_asks_where_everybody_is_hears_their_place(world: World, text: str) -> None:
    floor = Floor(members=(Member(id="anna", desk="recording", name="Anna"),), paces={"general": (300.0,) * 5})
    world.engine.rules = replace(world.engine.rules, floor=floor)
    await waiting(world)
    answer = "\n".join(await said(world, text))
    assert answer.startswith("Already called")
    assert "1" in answer
    assert "5 minutes" in answer or "5 минут" in answer


async def test_whatever_the_understander_makes_of_it(world: World, words: Words) -> None:
    class Eager(Words):
        async def understand(
            self, text: str, *, deadline: float, at: datetime | None = None, region: str = ""
        ) -> Understanding:
            return Understanding(intent="payment", confidence=0.95, model="eager")

    await waiting(world)
    world.engine.understander_of = lambda conversation: ("eager", Eager())
    assert await said(world, "anyone there?") == ["Already called"]
    assert await said(world, "and what about money") == ["By card or cash"]


async def test_out_of_hours_they_hear_the_time_that_was_promised(world: World, clock: TestClock) -> None:
    await clock.advance(8 * 3600)
    await waiting(world)
    (answer,) = await said(world, "anyone there?")
    assert answer.startswith("Already called")
    assert answer.endswith(f"They answer {MONDAY}.")


async def test_before_people_are_called_it_is_the_bots(world: World) -> None:
    assert await said(world, "anyone there?") == ["Not understood"]


# --- a message for when people are back ----------------------------------------------------------


@pytest.fixture
async def night(world: World, clock: TestClock) -> World:
    """Out of hours; the customer was asked to leave a message."""
    await clock.advance(8 * 3600)
    await waiting(world)
    assert world.channel.texts[-1].startswith("Nobody is there now. Write what to pass on")
    return world


async def test_each_of_the_words_is_the_message_and_is_confirmed_once(night: World) -> None:
    (answer,) = await said(night, "my order 100234 came broken, I want to pay less")
    assert answer == f"Noted for our people: they read it and answer here {MONDAY}."
    assert await said(night, "the glass is in pieces") == []
    assert await said(night, "can I pay later?") == []
    held = await night.conversation()
    assert held.ticket is not None
    assert held.ticket.request == (
        "my order 100234 came broken, I want to pay less / the glass is in pieces / can I pay later?"
    )
    assert await heard_by_people(night, "the glass is in pieces")
    assert held.dialog.frames == ()


async def test_a_message_may_speak_of_people(night: World) -> None:
    words = "let a person who knows about glass read this, it came broken"
    assert (await said(night, words))[0].startswith(KEPT)
    ticket = (await night.conversation()).ticket
    assert ticket is not None
    assert ticket.request == words


async def test_the_line_of_a_long_message_is_cut(night: World) -> None:
    for _ in range(6):
        await night.says("the glass is in pieces and the box is wet")
    ticket = (await night.conversation()).ticket
    assert ticket is not None
    assert len(ticket.request) <= 160
    assert ticket.request.endswith("…")


async def test_the_customer_says_that_it_is_all_and_the_bot_answers_again(night: World) -> None:
    await night.says("the glass is in pieces")
    await night.presses("That's all")
    assert night.channel.texts[-1].startswith("Good, I'll pass it on")
    assert await said(night, "how can I pay") == ["By card or cash"]
    said_before = len(night.channel.texts)
    await night.presses("That's all")
    assert len(night.channel.texts) == said_before, "an old button says nothing"


async def test_after_a_silence_the_message_is_over(night: World, clock: TestClock) -> None:
    await night.says("the glass is in pieces")
    await clock.advance(301)
    night.engine.wake(HOME.conversation)
    await night.engine.lanes.idle()
    assert await said(night, "how can I pay") == ["By card or cash"]
    assert await said(night, "it was a gift") == [], "it is confirmed already"


@pytest.mark.parametrize("text", ["/pay", "where are you?", "a person please"])
async def test_a_command_and_a_question_about_people_are_no_part_of_it(night: World, text: str) -> None:
    answer = "".join(await said(night, text))
    assert answer == ("By card or cash" if text == "/pay" else f"Already called\n\nThey answer {MONDAY}.")
    ticket = (await night.conversation()).ticket
    assert ticket is not None
    assert "pay" not in ticket.request


async def test_a_flow_that_is_pressed_is_heard_to_the_end(night: World) -> None:
    await night.says("/order")
    assert (await said(night, "100234"))[0].startswith("Order 100234 is")


async def test_when_people_open_the_message_waits_for_them(night: World, clock: TestClock) -> None:
    await night.says("the glass is in pieces")
    held = await night.conversation()
    opening = next(timer.at for timer in held.timers if timer.name == "remind")
    await clock.advance((opening - clock.now()).total_seconds() + 1)
    night.engine.wake(HOME.conversation)
    await night.engine.lanes.idle()
    await night.settled()
    held = await night.conversation()
    assert held.ticket is not None
    assert held.ticket.offer is not None
    assert held.ticket.request == "the glass is in pieces"
    assert night.desk.kinds[-1] in ("offer", "reminder")
    await night.operator("take")
    assert {"message", "told"}.isdisjoint(timer.name for timer in (await night.conversation()).timers)


async def test_anger_in_a_message_brings_it_forward_and_is_not_answered(night: World) -> None:
    await night.says("the glass is in pieces")
    assert await said(night, "THIS IS A DISGRACE AND I WANT MY MONEY!!!!!!") == []
    assert (await night.conversation()).ticket is not None


async def test_where_people_are_at_work_nobody_leaves_a_message(world: World) -> None:
    await waiting(world)
    assert await said(world, "how can I pay") == ["By card or cash"]


async def test_a_second_reason_brings_the_ticket_forward(world: World) -> None:
    await waiting(world)
    rules = world.engine.rules.workspace.bot.handoff
    lost = rules.reasons.flow_rule.model_copy(update={"priority": 4})
    raised = rules.model_copy(update={"reasons": rules.reasons.model_copy(update={"flow_rule": lost})})
    bot = world.workspace.bot.model_copy(update={"handoff": raised})
    world.engine.rules = replace(world.engine.rules, workspace=replace(world.workspace, bot=bot))
    await world.says("it is lost")
    ticket = (await world.conversation()).ticket
    assert ticket is not None
    assert (ticket.reason, ticket.priority) == (Reason.USER_REQUEST, 4)
