"""How it was: asking for a mark, what the marks bring, and when nobody is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from estafeta.clock import TestClock
from estafeta.kernel.model import (
    Capabilities,
    CustomerPressed,
    CustomerSaid,
    ReachabilityChanged,
    Reason,
    Stage,
    Text,
    TicketMoved,
)
from handoff import reports
from handoff.floor import Floor, Member
from tests.engine.able import ABLE
from tests.engine.conftest import NOON, SMALL
from tests.engine.endings import Endings, close, give_back, happened, pass_time, press, served, shown, told
from tests.world import ANNA, HOME, World

ASKED = "How was our answer?"
WEEK = 7 * 86400
WINDOWED = replace(ABLE, window=24 * 3600.0)
NUMBERED = replace(ABLE, buttons=0)


@pytest.fixture
def endings(tmp_path: Path, clock: TestClock) -> Endings:
    return Endings(tmp_path, clock, SMALL)


async def asked(world: World, seconds: float = 46) -> bool:
    """Whether the customer was asked by then."""
    before = world.channel.texts.count(ASKED)
    await pass_time(world, seconds)
    return world.channel.texts.count(ASKED) > before


async def asked_after_an_answer(world: World) -> None:
    await served(world)
    await world.operator("close")
    assert await asked(world)


def label(world: World, button: str) -> str:
    return next(b.text for sent in reversed(world.channel.sent) for b in sent.buttons if b.id == button)


# --- asking --------------------------------------------------------------------------------------


async def test_three_buttons_come_a_while_after_the_end(endings: Endings) -> None:
    async with endings.world() as world:
        await served(world)
        await world.operator("close")
        assert not await asked(world, 44)
        assert await asked(world, 2)
        assert [label(world, button) for button in shown(world)] == ["Excellent", "Fine", "Bad"]
        (event,) = await happened(world, "surveyed")
        (past,) = (await world.conversation()).past
        assert event.data == {"event": "surveyed", "about": "person", "ticket": past.id, "operator": "anna"}
        assert not await asked(world, 3600)


async def test_it_is_asked_in_the_customers_language(endings: Endings) -> None:
    async with endings.world() as world:
        await world.says("позовите person сюда")
        await world.operator("Вот он")
        await world.operator("close")
        await pass_time(world, 46)
        assert world.channel.texts[-1] == "Как Вам ответили?"
        assert [label(world, button) for button in shown(world)] == ["Отлично", "Нормально", "Плохо"]


async def test_a_restart_forgets_nobody(endings: Endings, clock: TestClock) -> None:
    async with endings.world() as world:
        await served(world)
        await world.operator("close")
    await clock.advance(3600)
    async with endings.world() as world:
        assert await asked(world, 0)
    async with endings.world() as world:
        await press(world, shown(world)[0])
        assert len(await happened(world, "rated")) == 1


@pytest.mark.parametrize("how", ["return", "idle"])
async def test_however_it_ended(endings: Endings, how: str) -> None:
    async with endings.world(idle={"default": {"remind": 60, "close": 60}}) as world:
        await served(world)
        if how == "return":
            await world.operator("return")
        else:
            await pass_time(world, 61)
            await pass_time(world, 61)
        assert (await world.conversation()).past[-1].how == ("returned" if how == "return" else how)
        assert await asked(world)


async def test_not_when_nobody_of_ours_said_anything(endings: Endings) -> None:
    async with endings.world() as world:
        await world.says("a person please")
        await world.operator("take")
        await world.operator("close")
        assert not await asked(world, 3600)


async def test_thanks_are_no_new_question(endings: Endings) -> None:
    async with endings.world() as world:
        await served(world)
        await world.operator("close")
        await world.says("thank you!")
        assert await asked(world)


async def test_not_in_the_middle_of_a_dialog(endings: Endings) -> None:
    async with endings.world() as world:
        await served(world)
        await world.operator(give_back("order"))
        assert not await asked(world, 3600)


async def test_not_while_people_have_it_again(endings: Endings) -> None:
    async with endings.world() as world:
        await served(world)
        await world.operator("close")
        await world.operator("One more thing")
        assert not await asked(world, 3600)


async def test_at_most_once_a_week(endings: Endings) -> None:
    async with endings.world() as world:
        await asked_after_an_answer(world)
        await world.operator("Another")
        await world.operator("close")
        assert not await asked(world, 3600)
        await pass_time(world, WEEK)
        await world.operator("And another")
        await world.operator("close")
        assert await asked(world)
        assert len(await happened(world, "surveyed")) == 2


@pytest.mark.parametrize("can", [WINDOWED, replace(ABLE, public=True)])
async def test_not_past_the_window_and_not_where_strangers_read(endings: Endings, can: Capabilities) -> None:
    async with endings.world(can) as world:
        await world.says("something odd" if can.public else "a person please")
        await world.operator("Here it is")
        await pass_time(world, 24 * 3600 - 20)
        await world.operator("close")
        assert not await asked(world, 60)
        assert not await happened(world, "not_said")


async def test_within_the_window_it_is_asked(endings: Endings) -> None:
    async with endings.world(WINDOWED) as world:
        await asked_after_an_answer(world)


async def test_not_those_who_left_or_were_blocked(endings: Endings) -> None:
    async with endings.world() as world:
        await served(world)
        await world.operator("close")
        await world.tell(ReachabilityChanged(reachable=False))
        assert not await asked(world, 60)
        await world.says("hello")
        await world.operator("Here")
        await world.operator("close")
        await world.operator(TicketMoved(operator=ANNA, move="block"))
        assert not await asked(world, 60)


async def test_not_where_the_workspace_does_not_want_it(endings: Endings) -> None:
    async with endings.world(survey={"on": False}) as world:
        await served(world)
        await world.operator("close")
        assert not await asked(world, 3600)


# --- marks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "mark"), [(0, "excellent"), (1, "fine")])
async def test_a_good_mark_is_counted_and_thanked_for_once(endings: Endings, number: int, mark: str) -> None:
    async with endings.world() as world:
        await asked_after_an_answer(world)
        desk = len(world.desk.shown)
        button = shown(world)[number]
        for _ in range(2):
            await press(world, button)
        (event,) = await happened(world, "rated")
        (past,) = (await world.conversation()).past
        assert event.data == {
            "event": "rated", "rating": mark, "about": "person", "ticket": past.id, "operator": "anna",
        }  # fmt: skip
        assert world.channel.texts.count("Thank you!") == 1
        assert len(world.desk.shown) == desk, "a good mark costs the group nothing"


async def test_another_mark_is_the_one_that_counts(endings: Endings, clock: TestClock) -> None:
    async with endings.world() as world:
        await asked_after_an_answer(world)
        excellent, fine, bad = shown(world)
        for button, answer in (
            (excellent, "Thank you!"), (fine, "I've changed your mark."), (bad, "We are sorry. What went wrong?"),
            (excellent, "I've changed your mark."),
        ):  # fmt: skip
            await press(world, button)
            assert world.channel.texts[-1] == answer
        survey = (await world.conversation()).survey
        assert survey is not None
        assert (survey.rating, survey.why_until) == ("excellent", None)
        events = [entry for entry in await world.entries() if entry.kind == "event"]
        since = NOON - timedelta(days=1)
        read = reports.report(world.workspace, events, since=since, until=since + timedelta(days=2))
        people = next(one for one in read.csat if one.of == "person")
        assert (people.asked, people.excellent, people.fine, people.bad) == (1, 1, 0, 0)


async def test_a_press_delivered_twice_is_one(endings: Endings) -> None:
    async with endings.world() as world:
        await asked_after_an_answer(world)
        pressed = CustomerPressed(button=shown(world)[1], label="Fine")
        assert (await world.tell(pressed, identity="press.1")).fresh
        await world.settled()
        assert not (await world.tell(pressed, identity="press.1")).fresh
        assert len(await happened(world, "rated")) == 1


@pytest.mark.parametrize(("can", "typed"), [(ABLE, "fine"), (NUMBERED, "2"), (NUMBERED, "2."), (NUMBERED, "Fine")])
async def test_typing_it_is_a_press(endings: Endings, can: Capabilities, typed: str) -> None:
    async with endings.world(can) as world:
        await asked_after_an_answer(world)
        await world.says(typed)
        (event,) = await happened(world, "rated")
        assert event.data["rating"] == "fine"
        assert world.channel.texts[-1] == "Thank you!"


async def test_a_late_press_counts_for_the_ticket_it_is_about(endings: Endings, clock: TestClock) -> None:
    """Also while another person has a new one, who is not spoken into."""
    async with endings.world() as world:
        await asked_after_an_answer(world)
        (first,) = (await world.conversation()).past
        buttons = shown(world)
        await pass_time(world, 5 * 86400)
        await served(world)
        said = len(world.channel.sent)
        await press(world, buttons[0])
        (event,) = await happened(world, "rated")
        assert event.data["ticket"] == first.id
        assert len(world.channel.sent) == said
        assert (await world.conversation()).stage is Stage.HUMAN


async def test_a_press_under_an_older_question_is_no_mark_for_the_newer(endings: Endings) -> None:
    async with endings.world(survey={"every_days": 0}) as world:
        await asked_after_an_answer(world)
        old = shown(world)
        await asked_after_an_answer(world)
        new = shown(world)
        await press(world, old[2])
        assert not await happened(world, "rated")
        await press(world, new[0])
        (event,) = await happened(world, "rated")
        assert event.data["ticket"] == (await world.conversation()).past[-1].id


# --- a bad one -----------------------------------------------------------------------------------


async def bad(world: World) -> None:
    await asked_after_an_answer(world)
    await press(world, shown(world)[2])


async def test_a_bad_mark_is_asked_about_and_those_in_charge_are_told(endings: Endings) -> None:
    async with endings.world() as world:
        team = (
            Member(id="anna", desk="recording", name="Анна"),
            Member(id="vera", desk="recording", name="Вера", role="supervisor"),
        )
        world.engine.rules = replace(world.engine.rules, floor=Floor(members=team))
        await bad(world)
        assert world.channel.texts[-1] == "We are sorry. What went wrong?"
        assert [label(world, button) for button in shown(world)] == ["Back to a person"]
        (notice,) = told(world, "csat_bad")
        (past,) = (await world.conversation()).past
        assert notice.values == {"about": "person", "ticket": past.id, "operator": "anna", "name": "Анна"}
        assert notice.people == ("vera",)


async def test_the_next_words_are_the_reasons_and_people_read_them(endings: Endings) -> None:
    async with endings.world() as world:
        await bad(world)
        await world.says("nobody looked at my photo, pay attention")
        assert len(await happened(world, "rated_why")) == 1
        assert world.channel.texts[-1] == "Thank you!"
        words = next(entry for entry in await world.entries() if entry.text.startswith("nobody looked"))
        assert world.desk.shown[-1][1].entries == (words.id,)
        await world.says("how can I pay")
        assert world.channel.texts[-1] == "By card or cash"
        assert len(await happened(world, "rated_why")) == 1


async def test_reasons_are_waited_for_a_while(endings: Endings) -> None:
    async with endings.world(survey={"waits_for": 600}) as world:
        await bad(world)
        await pass_time(world, 601)
        await world.says("how can I pay")
        assert world.channel.texts[-1] == "By card or cash"
        assert not await happened(world, "rated_why")


@pytest.mark.parametrize("text", ["/pay", "a person please"])
async def test_a_command_and_a_wish_for_a_person_are_no_reasons(endings: Endings, text: str) -> None:
    async with endings.world() as world:
        await bad(world)
        await world.says(text)
        assert not await happened(world, "rated_why")
        assert (await world.conversation()).stage is (Stage.BOT if text == "/pay" else Stage.QUEUED)


async def test_whoever_pressed_something_else_gives_no_reasons_any_more(endings: Endings) -> None:
    async with endings.world() as world:
        await bad(world)
        await press(world, "human")
        await world.operator("return")
        await world.says("how can I pay")
        assert not await happened(world, "rated_why")


async def test_back_to_a_person_calls_the_same_people_about_the_same(endings: Endings) -> None:
    async with endings.world() as world:
        await world.says("lost")
        await world.operator("Here it is")
        await world.operator("close")
        assert await asked(world)
        await press(world, shown(world)[2])
        await press(world, shown(world)[0])
        after = await world.conversation()
        assert after.stage is Stage.QUEUED
        assert after.ticket is not None
        assert (after.ticket.reason, after.ticket.skill) == (Reason.CSAT_BAD, "delivery")
        assert after.ticket.request == after.past[-1].request
        said = len(world.channel.sent)
        await press(world, "survey:reopen")
        assert (await world.conversation()).tickets == after.tickets
        assert len(world.channel.sent) == said, "a double press is one, and has one answer"
        await pass_time(world, 61)
        await press(world, "survey:reopen")
        assert (await world.conversation()).tickets == after.tickets
        assert world.channel.texts[-1].startswith("Already called")


async def test_an_old_way_back_says_nothing_into_a_persons_conversation(endings: Endings) -> None:
    async with endings.world() as world:
        await bad(world)
        await world.operator("I am here again")
        said = len(world.channel.sent)
        await press(world, "survey:reopen")
        assert (await world.conversation()).stage is Stage.HUMAN
        assert len(world.channel.sent) == said


async def test_while_people_are_called_already_nobody_asks_why(endings: Endings) -> None:
    async with endings.world() as world:
        await asked_after_an_answer(world)
        buttons = shown(world)
        await world.says("a person please")
        await press(world, buttons[2])
        assert world.channel.texts[-1] == "Thank you!"
        assert len(told(world, "csat_bad")) == 1
        await world.says("blah blah blah")
        assert not await happened(world, "rated_why")


async def test_without_the_rule_there_is_no_way_back_to_press(endings: Endings) -> None:
    async with endings.world(reasons={"csat_bad": {"on": False}}) as world:
        await bad(world)
        assert world.channel.texts[-1] == "We are sorry. What went wrong?"
        assert world.channel.sent[-1].buttons == ()


# --- the bot's own -------------------------------------------------------------------------------


async def silence(world: World) -> bool:
    return await asked(world, 181)


async def test_the_bot_is_rated_where_that_is_wanted(endings: Endings) -> None:
    async with endings.world() as world:
        await world.says("how can I pay")
        assert not await silence(world)
    async with endings.world(survey={"bot": True}) as world:
        await world.says("how can I pay")
        assert not await asked(world, 170)
        await world.says("how can I pay for two")
        assert not await asked(world, 170)
        assert await asked(world, 11)
        await press(world, shown(world)[0])
        (event,) = await happened(world, "rated")
        assert event.data == {"event": "rated", "rating": "excellent", "about": "bot", "ticket": "", "operator": ""}


@pytest.mark.parametrize(
    "words",
    [["hello there my friend"], ["pay"], ["where is my order now"], ["how can I pay", "what is that about"]],
)
async def test_not_for_what_it_did_not_answer(endings: Endings, words: list[str]) -> None:
    async with endings.world(survey={"bot": True}) as world:
        for text in words:
            await world.says(text)
        assert not await silence(world)


async def test_once_people_are_concerned_it_is_their_mark(endings: Endings) -> None:
    async with endings.world(survey={"bot": True}) as world:
        await world.says("how can I pay")
        await served(world)
        await world.operator("close")
        assert await asked(world)
        assert not await silence(world)
        assert [event.data["about"] for event in await happened(world, "surveyed")] == ["person"]


async def test_a_bots_bad_mark_has_its_reasons_and_its_way_to_people_too(endings: Endings) -> None:
    async with endings.world(survey={"bot": True}) as world:
        await world.says("how can I pay")
        assert await silence(world)
        await press(world, shown(world)[2])
        (notice,) = told(world, "csat_bad")
        assert notice.values == {"about": "bot", "ticket": "", "operator": "", "name": ""}
        await press(world, shown(world)[0])
        ticket = (await world.conversation()).ticket
        assert ticket is not None
        assert ticket.reason is Reason.CSAT_BAD


async def test_messages_that_waited_together_are_one_word_of_the_customer(endings: Endings, clock: TestClock) -> None:
    async with endings.world() as world:
        await served(world)
        await world.operator(close())
        due = next(timer.at for timer in (await world.conversation()).timers if timer.name == "survey")
        assert due - clock.now() == timedelta(seconds=45)
        for text in ("thanks", "and how can I pay"):
            await world.tell(CustomerSaid(message=text, parts=(Text(text=text),)), address=HOME)
        await world.settled()
        assert not await asked(world, 60)
