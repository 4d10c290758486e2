"""What ends a ticket besides an operator, and what is kept of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from estafeta.kernel.model import Operator, Past, Reason, Ticket, TicketId, Understanding
from flows import loader
from flows.handoff_file import AskedFor, HandoffRules, Idle, Reasons
from flows.model import Workspace
from handoff import closing
from handoff.closing import CLOSE, IDLE

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ANNA = Operator(id="1", name="Анна", desk="web")
BORIS = Operator(id="2", name="Борис", desk="web")


@pytest.fixture(scope="module")
def workspace() -> Workspace:
    loaded = loader.load(Path(__file__).parents[1] / "engine" / "workspace")
    reasons = Reasons(user_request=AskedFor(intents=("human_request",)))
    return replace(loaded, bot=loaded.bot.model_copy(update={"handoff": HandoffRules(solved=("s",), reasons=reasons)}))


def held(**changes: object) -> Ticket:
    made = Ticket(
        id=TicketId("c.1"), reason=Reason.USER_REQUEST, skill="general", opened_at=NOW, request="Where is it?",
        assignee=ANNA, replied_at=NOW,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def past(who: Operator | None, *, ago: float) -> Past:
    then = NOW - timedelta(seconds=ago)
    return Past(
        id=TicketId("c.1"), reason=Reason.USER_REQUEST, skill="general", opened_at=then, ended_at=then, how="closed",
        assignee=who,
    )  # fmt: skip


# --- thanks while waiting ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "решено, спасибо", "Решено!", "Всё решено, спасибо большое", "вопрос решён", "Проблема решена, благодарю",
        "уже не надо", "не надо", "Спасибо, уже не нужно.", "Разобралась сама, спасибо", "я уже нашёл, извините",
        "спасибо, сам разобрался", "не актуально", "заработало!", "отбой", "больше не надо",
        "solved", "Solved, thanks!", "never mind, solved", "Never mind.", "thanks, I figured it out",
        "I've found it, thank you", "It's resolved now", "no longer needed", "it works now, thanks a lot",
        "don't need it anymore", "the problem is fixed", "nvm",
    ],
)  # fmt: skip
def test_a_customer_who_waits_may_say_that_nobody_is_needed(workspace: Workspace, text: str) -> None:
    assert closing.solved(workspace, text, None)


@pytest.mark.parametrize(
    "text",
    [
        "", "спасибо", "Спасибо, жду", "хорошо", "ок", "всё", "не решено", "вопрос не решён", "ещё не решили?",
        "решено?", "ничего не разобралась", "не нашёл", "не получилось", "мне не надо доставку, мне надо самовывоз",
        "где мой заказ", "решено, но есть ещё вопрос про доставку", "нашёл ошибку в заказе", "не работает",
        "thanks", "thank you, waiting", "ok", "not solved", "it is not solved", "still not resolved", "was it solved?",
        "I found a mistake in my order", "never", "how does it work", "not fixed", "I need help",
    ],
)  # fmt: skip
def test_courtesy_complaints_and_questions_end_nothing(workspace: Workspace, text: str) -> None:
    assert not closing.solved(workspace, text, None)


def test_the_workspaces_intents_say_it_too_when_they_are_sure(workspace: Workspace) -> None:
    sure, unsure = Understanding(intent="s", confidence=0.9), Understanding(intent="s", confidence=0.2)
    assert closing.solved(workspace, "бывайте", sure)
    assert not closing.solved(workspace, "бывайте", unsure)
    assert not closing.solved(workspace, "бывайте", Understanding(intent="other", confidence=0.9))


@pytest.mark.parametrize("text", ["спасибо", "Большое Вам спасибо!", "ок, спасибо", "thanks a lot", "Thank you :)"])
def test_thanks_alone_are_no_new_question(text: str) -> None:
    assert closing.only_thanks(text)


@pytest.mark.parametrize("text", ["", "ок", "спасибо, а где заказ", "thanks, and when is it there", "вопрос"])
def test_more_than_thanks_may_be_one(text: str) -> None:
    assert not closing.only_thanks(text)


# --- silence -------------------------------------------------------------------------------------


def test_a_silent_customer_is_reminded_and_then_let_go() -> None:
    idle = Idle(remind=600, close=1200)
    first = closing.after_answer(idle, NOW)
    assert first is not None
    assert (first.name, first.at) == (IDLE, NOW + timedelta(seconds=600))
    then = closing.after_reminder(idle, NOW)
    assert then is not None
    assert (then.name, then.at) == (CLOSE, NOW + timedelta(seconds=1200))


def test_without_a_reminder_the_end_counts_from_the_answer_and_without_both_there_is_none() -> None:
    closes = closing.after_answer(Idle(remind=None, close=60), NOW)
    assert closes is not None
    assert (closes.name, closes.at) == (CLOSE, NOW + timedelta(seconds=60))
    assert closing.after_answer(Idle(remind=None, close=None), NOW) is None
    assert closing.after_reminder(Idle(remind=60, close=None), NOW) is None


@pytest.mark.parametrize(
    ("ticket", "silent"),
    [
        (held(), True),
        (held(taken_at=NOW), True),
        (held(taken_at=NOW + timedelta(seconds=1)), False),
        (held(asked_at=NOW), False),
        (held(replied_at=None), False),
        (held(assignee=None), False),
        (held(held_until=NOW + timedelta(days=1)), False),
    ],
)
def test_who_waits_for_people_is_not_silent(ticket: Ticket, silent: bool) -> None:
    assert closing.is_silent(ticket) is silent


# --- what is kept --------------------------------------------------------------------------------


def test_a_ticket_that_is_over_keeps_what_reports_and_the_next_ticket_need(workspace: Workspace) -> None:
    meant = tuple(Understanding(intent=name, confidence=0.9) for name in ("payment", "human_request", ""))
    over = closing.over(workspace, held(understandings=meant, tags=("late",)), "closed", "refunded", NOW)
    assert (over.id, over.how, over.resolution, over.tags) == ("c.1", "closed", "refunded", ("late",))
    assert (over.assignee, over.ended_at, over.request) == (ANNA, NOW, "Where is it?")
    assert over.intent == "payment", "asking for a person is not what it is about"


def test_the_bot_learns_what_people_did_and_the_name_only_where_customers_read_it(workspace: Workspace) -> None:
    over = closing.over(workspace, held(tags=("late",)), "returned", "a new parcel is on its way", NOW)
    told = closing.told_to_the_bot(over, named=False)
    assert told == {
        "how": "returned", "resolution": "a new parcel is on its way", "summary": "Where is it?",
        "reason": "user_request", "skill": "general", "tags": ["late"], "operator": "",
    }  # fmt: skip
    assert closing.told_to_the_bot(over, named=True)["operator"] == "Анна"


def test_every_ending_has_its_words(workspace: Workspace) -> None:
    assert all(name in workspace.library.phrases for name in closing.PHRASES.values())
