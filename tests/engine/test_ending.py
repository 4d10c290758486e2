"""How people's part of a conversation ends: by an operator, by the customer's thanks, by silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from estafeta.clock import TestClock
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import Conversation, Operator, Reason, Stage, TicketMoved, Timer
from handoff.closing import CLOSE, IDLE
from handoff.floor import Floor, Member
from tests.engine.able import ABLE
from tests.engine.conftest import SMALL
from tests.engine.endings import Endings, close, give_back, happened, pass_time, served, told
from tests.world import ANNA

QUICK = {"default": {"remind": 600, "close": 1200}}
WINDOWED = replace(ABLE, window=24 * 3600.0)


@pytest.fixture
def endings(tmp_path: Path, clock: TestClock) -> Endings:
    return Endings(tmp_path, clock, SMALL)


def at(conversation: Conversation, name: str) -> Timer | None:
    return next((timer for timer in conversation.timers if timer.name == name), None)


def names(timers: Sequence[Timer]) -> set[str]:
    return {timer.name for timer in timers}


# --- by an operator ------------------------------------------------------------------------------


async def test_closing_keeps_the_ticket_and_starts_the_bot_clean(endings: Endings, clock: TestClock) -> None:
    async with endings.world() as world:
        await world.says("order")
        await world.says("a person please")
        opened = (await world.conversation()).ticket
        await clock.advance(90)
        await world.operator("Here it is")
        await world.operator(TicketMoved(operator=ANNA, move="tag", tags=("late",)))
        await world.operator(close("sent again"))
        after = await world.conversation()
        assert opened is not None
        assert (after.stage, after.ticket, after.dialog.frames) == (Stage.BOT, None, ())
        (past,) = after.past
        assert (past.id, past.how, past.resolution, past.tags) == (opened.id, "closed", "sent again", ("late",))
        assert past.assignee == ANNA
        assert set(after.dialog.slots) == {"handoff"}
        assert names(after.timers) == {"survey"}
        assert world.channel.texts[-1] == "Closed"
        (event,) = await happened(world, "closed")
        assert event.data == {
            "event": "closed", "ticket": opened.id, "skill": opened.skill, "reason": "user_request", "operator": "anna",
            "name": "Анна", "resolution": "sent again", "tags": ["late"], "lasted": 90.0,
        }  # fmt: skip
        assert world.desk.kinds[-1] == "state"


async def test_flows_know_what_people_did(endings: Endings) -> None:
    async with endings.world() as world:
        await world.says("my parcel is torn")
        await served(world)
        await world.operator(close("a new one is on its way"))
        await world.says("/after")
        assert world.channel.texts[-1] == "closed: a new one is on its way (my parcel is torn)"


async def test_a_name_reaches_flows_only_where_customers_may_read_it(endings: Endings) -> None:
    async with endings.world() as world:
        await served(world)
        await world.operator("close")
        assert (await world.conversation()).dialog.slots["handoff"]["operator"] == ""
    async with endings.world(names=True) as world:
        await served(world)
        await world.operator("close")
        assert (await world.conversation()).dialog.slots["handoff"]["operator"] == "Анна"


async def test_returned_goes_on_where_it_was_and_keeps_what_was_collected(endings: Endings) -> None:
    async with endings.world() as world:
        await world.says("order")
        await served(world)
        await world.operator("return")
        assert world.channel.texts[-2:] == ["The bot again", "Which number?"]
        after = await world.conversation()
        assert [frame.flow for frame in after.dialog.frames] == ["order"]
        assert after.dialog.slots["handoff"]["how"] == "returned"
        assert [past.how for past in after.past] == ["returned"]


async def test_returned_goes_on_behind_the_step_that_called_people(endings: Endings) -> None:
    async with endings.world() as world:
        await world.says("lost")
        await world.operator("return")
        assert world.channel.texts[-2:] == ["The bot again", "I hope it was found"]


@pytest.mark.parametrize(
    ("flow", "words"),
    [("after", "returned: fixed (a person please)"), ("check", "Did it work?"), ("payment", "By card or cash")],
)  # fmt: skip
async def test_returned_begins_the_flow_that_was_chosen(endings: Endings, flow: str, words: str) -> None:
    """However customers start it: by a command, by a button, by what they mean."""
    async with endings.world() as world:
        await world.says("/order")
        await world.says("a person please")
        await world.operator(give_back(flow, "fixed"))
        assert world.channel.texts[-2:] == ["The bot again", words]
        assert "order" not in [frame.flow for frame in (await world.conversation()).dialog.frames]


async def test_a_flow_that_is_not_there_is_told_and_the_open_one_goes_on(endings: Endings) -> None:
    async with endings.world() as world:
        await world.says("order")
        await served(world)
        await world.operator(give_back("renamed-since"))
        assert world.channel.texts[-2:] == ["The bot again", "Which number?"]
        (notice,) = told(world, "no_such_flow")
        assert notice.values == {"flow": "renamed-since"}


async def test_a_flow_that_calls_people_again_leaves_them_called(endings: Endings) -> None:
    async with endings.world() as world:
        await served(world)
        await world.operator(give_back("lost"))
        after = await world.conversation()
        assert after.stage is Stage.QUEUED
        assert after.ticket is not None
        assert after.ticket.reason is Reason.FLOW_RULE
        assert names(after.timers) >= {"remind"}


async def test_a_button_that_is_out_of_date_ends_nothing(endings: Endings) -> None:
    async with endings.world() as world:
        await served(world)
        await world.operator("close")
        await world.operator("close")
        assert len((await world.conversation()).past) == 1
        assert len(await happened(world, "closed")) == 1
        assert world.channel.texts.count("Closed") == 1


async def test_the_latest_five_are_kept(endings: Endings) -> None:
    async with endings.world() as world:
        await world.says("hello")
        for number in range(6):
            await world.operator("take")
            await world.operator(close(str(number)))
        assert [past.resolution for past in (await world.conversation()).past] == ["1", "2", "3", "4", "5"]


async def test_where_strangers_read_along_nothing_is_said(endings: Endings) -> None:
    async with endings.world(replace(ABLE, public=True)) as world:
        await world.says("something odd")
        before = len(world.channel.sent)
        await world.operator("close")
        assert len(world.channel.sent) == before
        assert [past.how for past in (await world.conversation()).past] == ["closed"]


async def test_whoever_comes_back_soon_reaches_the_operator_they_know(endings: Endings) -> None:
    team = tuple(Member(id=who, desk="recording", name=who, presence="on") for who in ("boris", "anna"))
    async with endings.world(reopen=3600) as world:
        world.engine.rules = replace(world.engine.rules, floor=Floor(members=team))
        await world.says("hello")
        wanted = []
        for pause in (0, 1800, 3601):
            await pass_time(world, pause)
            await world.says("a person please")
            ticket = (await world.conversation()).ticket
            assert ticket is not None
            wanted.append(ticket.wanted)
            await world.operator("Here it is")
            await world.operator("close")
        assert wanted == ["", "anna", ""]


# --- by the customer's thanks --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asks", "thanks", "answer"),
    [
        (
            "a person please",
            "never mind, solved",
            "Good, I've called our people off. Write whenever you need anything.",
        ),
        ("позовите person сюда", "решено, спасибо", "Хорошо, людей больше не зову. Если что, пишите."),
    ],
)
async def test_a_customer_who_waits_may_leave_the_queue(
    endings: Endings, asks: str, thanks: str, answer: str
) -> None:  # fmt: skip
    async with endings.world() as world:
        await world.says(asks)
        assert (await world.conversation()).stage is Stage.QUEUED
        await world.says(thanks)
        after = await world.conversation()
        assert after.stage is Stage.BOT
        assert world.channel.texts[-1] == answer
        assert [past.how for past in after.past] == ["solved"]
        assert after.timers == (), "nobody answered, so nobody is rated, and nobody is called again"
        (event,) = await happened(world, "solved")
        assert (event.data["operator"], event.data["name"]) == ("", "")
        assert world.desk.kinds[-2:] == ["said", "state"]


async def test_the_workspaces_intents_free_the_place_too(endings: Endings) -> None:
    async with endings.world(solved=["payment"]) as world:
        await world.says("a person please")
        await world.says("pay")
        assert (await world.conversation()).stage is Stage.BOT


async def test_thanks_for_calling_somebody_keep_the_place(endings: Endings) -> None:
    async with endings.world() as world:
        await world.says("a person please")
        await world.says("thanks")
        assert (await world.conversation()).stage is Stage.QUEUED


async def test_who_was_answered_by_a_person_and_says_that_it_is_solved_ends_it(endings: Endings) -> None:
    async with endings.world() as world:
        await served(world)
        await world.says("solved, thanks")
        assert (await world.conversation()).stage is Stage.BOT
        assert world.channel.texts[-1] == "Closed"
        (event,) = await happened(world, "solved")
        assert event.data["operator"] == ""


async def test_before_a_person_has_answered_nothing_is_solved(endings: Endings) -> None:
    async with endings.world() as world:
        await world.says("a person please")
        await world.operator("take")
        await world.says("solved, thanks")
        assert (await world.conversation()).stage is Stage.HUMAN


async def test_bare_thanks_for_an_answer_want_none(endings: Endings) -> None:
    async with endings.world() as world:
        await served(world)
        await world.says("thanks")
        held = (await world.conversation()).ticket
        assert held is not None
        assert held.asked_at is None
        assert "idle" in {timer.name for timer in (await world.conversation()).timers}


# --- by silence ----------------------------------------------------------------------------------


async def test_a_silent_customer_is_reminded_once_and_then_closed(endings: Endings, clock: TestClock) -> None:
    async with endings.world(idle=QUICK) as world:
        await served(world)
        await pass_time(world, 599)
        assert world.channel.texts[-1] == "Here it is"
        await pass_time(world, 2)
        assert world.channel.texts[-1].startswith("Are you still there?")
        assert world.channel.sent[-1].author.kind == "system", "while a person has it, it is not the bot who speaks"
        await pass_time(world, 1198)
        assert (await world.conversation()).stage is Stage.HUMAN
        await pass_time(world, 3)
        after = await world.conversation()
        assert (after.stage, [past.how for past in after.past]) == (Stage.BOT, ["idle"])
        assert world.channel.texts[-1].startswith("I'm closing this conversation")
        (event,) = await happened(world, "idle")
        assert (event.data["operator"], event.data["name"]) == ("anna", "Анна")


async def test_both_clocks_survive_a_restart(endings: Endings, clock: TestClock) -> None:
    async with endings.world(idle=QUICK) as world:
        await served(world)
    await clock.advance(601)
    async with endings.world(idle=QUICK) as world:
        await pass_time(world, 0)
        assert world.channel.texts[-1].startswith("Are you still there?")
    await clock.advance(1201)
    async with endings.world(idle=QUICK) as world:
        await pass_time(world, 0)
        assert (await world.conversation()).stage is Stage.BOT


async def test_a_word_of_the_customer_stops_it_and_what_waits_for_an_answer_is_never_closed(
    endings: Endings,
) -> None:
    async with endings.world(idle=QUICK) as world:
        await served(world)
        await pass_time(world, 601)
        await world.says("and when?")
        assert names((await world.conversation()).timers).isdisjoint({IDLE, CLOSE})
        for _ in range(5):
            await pass_time(world, 3600)
        assert (await world.conversation()).stage is Stage.HUMAN
        await world.operator("Tomorrow")
        idle = at(await world.conversation(), IDLE)
        assert idle is not None
        assert idle.at == world.clock.now() + timedelta(seconds=600)


async def test_an_answer_begins_the_silence_anew(endings: Endings) -> None:
    async with endings.world(idle=QUICK) as world:
        await served(world)
        await pass_time(world, 601)
        await world.operator("One more thing")
        assert at(await world.conversation(), CLOSE) is None
        await pass_time(world, 599)
        assert (await world.conversation()).stage is Stage.HUMAN


async def test_what_people_put_off_is_not_closed(endings: Endings, clock: TestClock) -> None:
    async with endings.world(idle=QUICK) as world:
        await served(world)
        until = clock.now() + timedelta(hours=5)
        await world.operator(TicketMoved(operator=ANNA, move="hold", until=until))
        said = len(world.channel.sent)
        for _ in range(4):
            await pass_time(world, 3600)
        assert (await world.conversation()).stage is Stage.HUMAN
        assert len(world.channel.sent) == said


async def test_what_was_passed_on_waits_for_people_and_not_for_the_customer(endings: Endings) -> None:
    async with endings.world(idle=QUICK) as world:
        await served(world)
        await world.operator(TicketMoved(operator=ANNA, move="transfer", skill="delivery"))
        await pass_time(world, 3600)
        assert not await happened(world, "idle")


async def test_what_a_colleague_took_over_waits_for_their_words(endings: Endings) -> None:
    async with endings.world(idle=QUICK) as world:
        await served(world)
        await pass_time(world, 30)
        await world.operator(TicketMoved(operator=ANNA, move="transfer", skill="delivery"))
        await world.operator(TicketMoved(operator=Operator(id="boris", name="Борис", desk="recording"), move="take"))
        said = len(world.channel.sent)
        await pass_time(world, 601)
        await pass_time(world, 1201)
        assert (await world.conversation()).stage is Stage.HUMAN
        assert len(world.channel.sent) == said


async def test_taken_without_a_word_nobody_is_silent(endings: Endings) -> None:
    async with endings.world(idle=QUICK) as world:
        await world.says("a person please")
        await world.operator("take")
        await pass_time(world, 7200)
        assert (await world.conversation()).stage is Stage.HUMAN


async def test_each_channel_has_its_own_patience(endings: Endings) -> None:
    patience = {"default": {"remind": 60, "close": 60}, "recorder": {"remind": None, "close": None}}
    async with endings.world(idle=patience) as world:
        await served(world)
        assert names((await world.conversation()).timers).isdisjoint({IDLE, CLOSE})


async def test_an_answer_that_never_arrived_is_no_reason_to_close(endings: Endings) -> None:
    async with endings.world(idle=QUICK) as world:
        await world.says("a person please")
        await world.operator("take")
        world.channel.failures.append(SendFailed("too_long", "The messenger refuses it.", fault="content"))
        await world.operator("Here it is")
        said = len(world.channel.sent)
        await pass_time(world, 601)
        await pass_time(world, 1201)
        assert (await world.conversation()).stage is Stage.HUMAN
        assert len(world.channel.sent) == said


async def test_past_the_messengers_window_it_ends_without_words(endings: Endings) -> None:
    late = {"default": {"remind": 23 * 3600, "close": 2 * 3600}}
    async with endings.world(WINDOWED, idle=late) as world:
        await served(world)
        await pass_time(world, 23 * 3600 + 1)
        assert world.channel.texts[-1].startswith("Are you still there?")
        said = len(world.channel.sent)
        await pass_time(world, 2 * 3600 + 1)
        assert (await world.conversation()).stage is Stage.BOT
        assert len(world.channel.sent) == said


async def test_in_public_nobody_is_asked_whether_they_are_there(endings: Endings) -> None:
    async with endings.world(replace(ABLE, public=True), idle=QUICK) as world:
        await world.says("something odd")
        await world.operator("Here it is")
        said = len(world.channel.sent)
        await pass_time(world, 601)
        await pass_time(world, 1201)
        assert (await world.conversation()).stage is Stage.BOT
        assert len(world.channel.sent) == said


async def test_another_operators_ending_names_who_did_it(endings: Endings) -> None:
    boris = Operator(id="boris", name="Борис", desk="recording")
    async with endings.world() as world:
        await served(world)
        await world.operator(TicketMoved(operator=boris, move="close"))
        assert (await world.conversation()).stage is Stage.HUMAN, "he hears first whose it is"
        await world.operator(TicketMoved(operator=boris, move="close", sure=True))
        (event,) = await happened(world, "closed")
        assert event.data["name"] == "Борис"
        (past,) = (await world.conversation()).past
        assert past.assignee == ANNA


async def test_blocked_customers_are_neither_told_nor_asked(endings: Endings) -> None:
    async with endings.world() as world:
        await served(world)
        said = len(world.channel.sent)
        await world.operator(TicketMoved(operator=ANNA, move="block"))
        after = await world.conversation()
        assert (after.stage, after.timers) == (Stage.BOT, ())
        assert len(world.channel.sent) == said
