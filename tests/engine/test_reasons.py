"""Each of the twelve reasons, from the customer's message to the ticket, the words and the desk."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from estafeta.clock import TestClock
from estafeta.kernel.model import Capabilities, CustomerPressed, CustomerSaid, Reason, Stage, Text, Ticket
from flows import loader
from flows.model import Workspace
from tests.engine.able import ABLE
from tests.engine.conftest import SMALL
from tests.engine.words import Words
from tests.world import RecordingChannel, World

RULES = """
handoff:
  remind_after: 60
  undo: 0
  reasons:
    user_request: {intents: [human_request]}
    low_confidence: {below: 0.2, words: 6, say: "That is too hard for me"}
    repeated_fallback: {say: "Three times I failed"}
    negative_sentiment: {score: 3, priority: 3, say: "We let you down, {{ customer.name }}"}
    flow_rule: {priority: 1}
    sensitive_topic: {words: {en: ["my lawyer*"], ru: ["в суд"]}, skill: delivery, priority: 4, say: "Serious"}
    vip: {on: true, customers: ["recorder:test:vip"], priority: 5}
    action_error: {priority: 2}
    bot_down: {tries: 3, opens_after: 2, rests: 30, say: "I am slow today"}
    csat_bad: {priority: 3, say: "We are sorry", skill: delivery}
    recontact: {within: 86400, priority: 2, say: "You wrote about this before"}
    operator_takeover: {priority: 1}
"""
SENTIMENT = """
words: {en: {awful: 2, scam*: 3, thank*: -3}, ru: {безобрази*: 3}}
"""
Kept = Callable[..., AbstractAsyncContextManager[World]]


@pytest.fixture(scope="module")
def keen(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The small workspace with a rule for each reason."""
    folder = tmp_path_factory.mktemp("keen") / "workspace"
    shutil.copytree(SMALL, folder)
    lines = (folder / "bot.yml").read_text(encoding="utf-8").splitlines()
    kept = "\n".join(line for line in lines if not line.startswith("handoff:"))
    (folder / "bot.yml").write_text(kept + RULES, encoding="utf-8")
    (folder / "sentiment.yml").write_text(SENTIMENT, encoding="utf-8")
    return loader.load(folder)


@pytest.fixture
def kept(tmp_path: Path, keen: Workspace, words: Words, clock: TestClock, shop_url: str) -> Kept:
    @asynccontextmanager
    async def world(
        workspace: Workspace = keen, capabilities: Capabilities = ABLE, url: str = shop_url
    ) -> AsyncIterator[World]:
        channel = RecordingChannel(capabilities=capabilities)
        made = World(tmp_path / "kept.db", workspace, words, clock, channel=channel, variables={"SHOP_URL": url})
        async with made.running():
            yield made

    return world


@pytest.fixture
async def world(kept: Kept) -> AsyncIterator[World]:
    async with kept() as running:
        yield running


async def _ticket(world: World, reason: Reason) -> Ticket:
    """The open ticket, of which the customer and the desk were told."""
    conversation = await world.conversation()
    assert conversation.stage is not Stage.BOT
    assert conversation.ticket is not None
    assert conversation.ticket.reason is reason
    assert world.desk.kinds.count("card") >= 1
    opened = [entry.data for entry in await world.entries() if entry.data.get("event") == "opened"]
    assert [one["reason"] for one in opened[-1:]] == [reason.value] or reason is Reason.OPERATOR_TAKEOVER
    return conversation.ticket


async def _nobody(world: World) -> None:
    conversation = await world.conversation()
    assert (conversation.stage, conversation.ticket) == (Stage.BOT, None)
    assert "card" not in world.desk.kinds


# --- user_request --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["a person, please", "ПОЗОВИТЕ ЧЕЛОВЕКА!", "оператора", "/human", "some person would do", "A person please"]
)
async def test_a_person_is_asked_for_by_the_very_first_message(world: World, text: str) -> None:
    await world.says(text)
    await _ticket(world, Reason.USER_REQUEST)
    assert world.channel.texts == ["Calling people"]


async def test_a_person_is_asked_for_by_the_button(world: World) -> None:
    await world.says("blah")
    await world.presses("A person please")
    await _ticket(world, Reason.USER_REQUEST)


async def test_the_button_works_as_the_first_sign_of_life_too(world: World) -> None:
    await world.tell(CustomerPressed(button="human", label="A person please"))
    await world.settled()
    await _ticket(world, Reason.USER_REQUEST)


async def test_a_person_is_asked_for_in_the_middle_of_a_question_which_is_asked_again_later(world: World) -> None:
    await world.says("where is my order")
    await world.says("позовите человека")
    await _ticket(world, Reason.USER_REQUEST)
    assert world.channel.texts == ["Which number?", "Calling people"]
    await world.operator("take")
    await world.operator("return")
    assert world.channel.texts[-1] == "Which number?"


async def test_a_wish_for_a_person_needs_no_understanding(world: World, words: Words) -> None:
    words.broken = True
    await world.says("соедините с оператором")
    await _ticket(world, Reason.USER_REQUEST)
    assert len(words.asked) == 1, "nobody waits for a second try at what is clear"


async def test_who_waits_already_hears_that(world: World) -> None:
    for text in ("a person please", "позовите человека", "/human", "operator!"):
        await world.says(text)
    assert world.channel.texts[0] == "Calling people"
    assert [text.splitlines()[0] for text in world.channel.texts[1:]] == ["Already called"] * 3
    assert world.desk.kinds.count("card") == 1


async def test_a_phrase_as_one_of_several_messages_is_heard(world: World) -> None:
    signals = ["my parcel is broken", "a person please"]
    for number, text in enumerate(signals):
        await world.tell(CustomerSaid(message=str(number), parts=(Text(text=text),)))
    await world.settled()
    ticket = await _ticket(world, Reason.USER_REQUEST)
    assert "my parcel is broken" in ticket.request


async def test_mentioning_an_operator_asks_for_nobody(world: World) -> None:
    await world.says("мой оператор МТС")
    await _nobody(world)


async def test_a_flow_does_not_ask_where_the_customer_did_not(world: World) -> None:
    await world.says("no operator, no person needed")  # the model knows the word
    await _nobody(world)
    assert world.channel.texts == ["Not understood"]


# --- what the message says -----------------------------------------------------------------------


@pytest.mark.parametrize("text", ["my lawyer will write to you", "подам на вас в суд", "pay me, or my lawyers come"])
async def test_sensitive_topics_are_for_people(world: World, text: str) -> None:
    await world.says(text)
    ticket = await _ticket(world, Reason.SENSITIVE_TOPIC)
    assert (ticket.skill, ticket.priority) == ("delivery", 4)
    assert [one.split("\n")[0] for one in world.channel.texts] == ["Serious"], "the bot says nothing of its own"
    assert "Calling people" in world.channel.texts[0]


@pytest.mark.parametrize("text", ["you scammers, where is my order", "AWFUL!!!", "это безобразие"])
async def test_anger_is_not_answered_by_a_bot(world: World, text: str) -> None:
    await world.says(text)
    ticket = await _ticket(world, Reason.NEGATIVE_SENTIMENT)
    assert ticket.priority == 3
    assert world.channel.texts[0].startswith("We let you down")
    assert "{" not in world.channel.texts[0]
    assert len(world.channel.texts) == 1


@pytest.mark.parametrize("text", ["PAY", "OK", "100234", "THANK YOU VERY MUCH!!!", "how do I pay???"])
async def test_capitals_and_marks_alone_are_no_anger(world: World, text: str) -> None:
    await world.says(text)
    await _nobody(world)


async def test_anger_while_waiting_moves_forward_once_and_then_is_heard_in_silence(world: World) -> None:
    await world.says("a person please")
    await world.says("you are scammers")
    ticket = await _ticket(world, Reason.USER_REQUEST)
    assert ticket.priority == 3
    assert world.channel.texts[-1].startswith("We let you down")
    said = len(world.channel.texts)
    await world.says("scam! how do I pay!")
    assert len(world.channel.texts) == said
    await world.says("how do I pay")
    assert world.channel.texts[-1] == "By card or cash"


async def test_anger_is_the_persons_who_has_the_conversation(world: World) -> None:
    await world.says("a person please")
    await world.operator("take")
    said = len(world.channel.texts)
    await world.says("you are scammers, my lawyer will write, позовите человека")
    ticket = await _ticket(world, Reason.USER_REQUEST)
    assert (ticket.priority, len(world.channel.texts)) == (0, said)


# --- what was not understood ---------------------------------------------------------------------


async def test_a_long_story_that_is_not_understood_is_not_asked_about(world: World) -> None:
    await world.says("the neighbour found a note and somebody took it")
    await _ticket(world, Reason.LOW_CONFIDENCE)
    assert world.channel.texts[0].startswith("That is too hard for me")


async def test_after_three_fallbacks_in_a_row_a_person_is_called(world: World) -> None:
    await world.says("blah")
    await world.says("blah blah")
    await _nobody(world)
    await world.says("blah blah blah")
    await _ticket(world, Reason.REPEATED_FALLBACK)
    assert world.channel.texts[:2] == ["Not understood", "Not understood"]
    assert world.channel.texts[2].startswith("Three times I failed")


async def test_fallbacks_are_counted_in_a_row(world: World) -> None:
    for text in ("blah", "blah", "how do I pay", "blah", "blah"):
        await world.says(text)
    await _nobody(world)


async def test_a_workspace_may_go_on_asking(kept: Kept, keen: Workspace) -> None:
    reasons = keen.bot.handoff.reasons
    patient = reasons.model_copy(
        update={"repeated_fallback": reasons.repeated_fallback.model_copy(update={"on": False})}
    )
    handoff = keen.bot.handoff.model_copy(update={"reasons": patient})
    async with kept(replace(keen, bot=keen.bot.model_copy(update={"handoff": handoff}))) as world:
        for _ in range(5):
            await world.says("blah")
        await _nobody(world)


async def test_a_bot_that_is_down_calls_a_person_after_three_tries(world: World, words: Words) -> None:
    words.broken = True
    await world.says("where is it")
    await _ticket(world, Reason.BOT_DOWN)
    assert len(words.asked) == 3
    assert world.channel.texts[0].startswith("I am slow today")


async def test_a_bot_that_was_down_answers_again(world: World, words: Words, clock: TestClock) -> None:
    words.broken = True
    for text in ("one", "two", "three", "four"):
        await world.says(text)
    assert len(words.asked) == 6, "after two messages in vain nobody waits for it"
    assert world.engine.tally.late_understandings == 4
    words.broken = False
    await clock.advance(30)
    await world.says("how do I pay")
    assert world.channel.texts[-1] == "By card or cash"


async def test_one_slow_answer_calls_one_person(world: World, words: Words) -> None:
    words.broken = True
    await world.says("where is it")
    words.broken = False
    stranger = replace((await world.conversation()).address, chat="petya")
    await world.says("how do I pay", address=stranger)
    assert world.channel.texts[-1] == "By card or cash"


# --- what the flows say --------------------------------------------------------------------------


async def test_a_flow_calls_its_people(world: World) -> None:
    await world.says("it is lost")
    ticket = await _ticket(world, Reason.FLOW_RULE)
    assert (ticket.skill, ticket.priority, ticket.request) == ("delivery", 1, "Something is lost")


async def test_an_action_that_fails_calls_people(kept: Kept) -> None:
    async with kept(url="http://127.0.0.1:9") as world:
        await world.says("order 100234")
        ticket = await _ticket(world, Reason.ACTION_ERROR)
        assert ticket.priority == 2


# --- who it is, and what was before --------------------------------------------------------------


async def _as_vip(kept: Kept, keen: Workspace) -> Workspace:
    reasons = keen.bot.handoff.reasons
    vip = reasons.vip.model_copy(update={"customers": ("recorder:test:masha",), "say": None})
    handoff = keen.bot.handoff.model_copy(update={"reasons": reasons.model_copy(update={"vip": vip})})
    return replace(keen, bot=keen.bot.model_copy(update={"handoff": handoff}))


async def test_a_vip_is_answered_and_people_are_called(kept: Kept, keen: Workspace) -> None:
    async with kept(await _as_vip(kept, keen)) as world:
        await world.says("how do I pay")
        ticket = await _ticket(world, Reason.VIP)
        assert ticket.priority == 5
        assert world.channel.texts == ["By card or cash", "Calling people"]


async def test_what_an_action_brings_a_vip_comes_before_the_people(kept: Kept, keen: Workspace) -> None:
    async with kept(await _as_vip(kept, keen)) as world:
        await world.says("order 100234")
        await _ticket(world, Reason.VIP)
        assert [text.split()[0] for text in world.channel.texts] == ["Order", "Calling"]


async def test_a_vip_who_is_not_understood_gets_people_and_no_question(kept: Kept, keen: Workspace) -> None:
    async with kept(await _as_vip(kept, keen)) as world:
        await world.says("blah")
        await _ticket(world, Reason.VIP)
        assert world.channel.texts == ["Calling people"]


async def test_a_vip_with_another_reason_comes_no_later(kept: Kept, keen: Workspace) -> None:
    async with kept(await _as_vip(kept, keen)) as world:
        await world.says("a person please")
        assert (await _ticket(world, Reason.USER_REQUEST)).priority == 5


async def test_people_who_give_a_vip_back_to_the_bot_are_not_called_at_once(kept: Kept, keen: Workspace) -> None:
    async with kept(await _as_vip(kept, keen)) as world:
        await world.says("where is my order")
        await world.operator("take")
        await world.operator("return")
        await world.says("100234")
        assert (await world.conversation()).stage is Stage.BOT
        assert world.channel.texts[-1].startswith("Order 100234")


@pytest.mark.parametrize(("later", "again"), [(timedelta(hours=3), True), (timedelta(hours=25), False)])
async def test_coming_back_about_the_same_matter(
    world: World, clock: TestClock, later: timedelta, *, again: bool
) -> None:
    await world.says("order 100234")
    await world.says("a person please")
    await world.operator("take")
    await world.operator("close")
    await clock.advance(later.total_seconds())
    before = len(world.channel.texts)
    await world.says("order 100234")
    said = world.channel.texts[before:]
    assert said[0].startswith("Order 100234"), "the answer comes first"
    if again:
        assert (await _ticket(world, Reason.RECONTACT)).priority == 2
        assert said[1].startswith("You wrote about this before")
    else:
        assert (await world.conversation()).stage is Stage.BOT


async def test_coming_back_about_something_else_is_the_bots(world: World) -> None:
    await world.says("order 100234")
    await world.says("a person please")
    await world.operator("take")
    await world.operator("close")
    await world.says("how do I pay")
    assert (await world.conversation()).stage is Stage.BOT


async def test_an_operator_takes_over_from_the_bot(world: World) -> None:
    await world.says("how do I pay")
    await world.operator("Let me help you")
    await _ticket(world, Reason.OPERATOR_TAKEOVER)


async def test_a_bad_mark_brings_people_back(world: World, clock: TestClock) -> None:
    await world.says("a person please")
    await world.operator("take")
    await world.operator("It was sent today")
    await world.operator("close")
    asking = next(timer for timer in (await world.conversation()).timers if timer.name == "survey")
    await clock.advance((asking.at - clock.now()).total_seconds())
    world.engine.wake((await world.conversation()).id)
    await world.engine.lanes.idle()
    await world.settled()
    await world.presses("Bad")
    await world.presses("Back to a person")
    ticket = await _ticket(world, Reason.CSAT_BAD)
    assert (ticket.priority, ticket.skill) == (3, "delivery")
    assert world.channel.texts[-1].startswith("We are sorry")


# --- where strangers read along ------------------------------------------------------------------


@pytest.mark.parametrize("text", ["you scammers!!!", "my lawyer will write", "how do I pay", "/bold"])
async def test_no_rule_speaks_where_strangers_read_along(kept: Kept, keen: Workspace, text: str) -> None:
    public = replace(ABLE, public=True, private="https://example.org/write")
    async with kept(await _as_vip(kept, keen), capabilities=public) as world:
        await world.says(text)
        conversation = await world.conversation()
        assert conversation.ticket is None or conversation.ticket.reason is Reason.LOW_CONFIDENCE
        spoken = " ".join(world.channel.texts)
        for words in ("Serious", "We let you down", "Calling people", "too hard"):
            assert words not in spoken
