"""Reports: each figure from the events it is counted by, whatever these lack."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from estafeta.kernel.model import Author, ConversationId, Entry, EntryId, Json
from flows import loader
from flows.handoff_file import Skill
from flows.model import Workspace
from handoff import reports
from handoff.figures import Answers, Csat, Ended, Handoffs, Promises, Report, Times, times
from handoff.floor import Closure
from tests.conftest import ROOT

SINCE = datetime(2026, 11, 1, tzinfo=UTC)
UNTIL = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def workspace() -> Workspace:
    """`delivery` aims at a first answer within a minute and further ones within five; `general` at nothing."""
    loaded = loader.load(ROOT / "tests" / "engine" / "workspace")
    delivery = Skill.model_validate({"title": "Delivery", "first_answer": 60, "next_answer": 300})
    skills = {"general": Skill.model_validate("General"), "delivery": delivery}
    return replace(loaded, bot=loaded.bot.model_copy(update={"skills": skills}))


def event(minutes: float, what: str, conversation: str = "anna", /, **data: Json) -> Entry:
    """`minutes` after `SINCE`."""
    return Entry(
        id=EntryId(f"{conversation}:{minutes}:{what}"), conversation=ConversationId(conversation), seq=1,
        at=SINCE + timedelta(minutes=minutes), author=Author(kind="system"), kind="event",
        data={"event": what, **data},
    )  # fmt: skip


def opened(minutes: float, ticket: str, skill: str = "delivery", reason: str = "user_request") -> Entry:
    return event(minutes, "opened", ticket.partition(".")[0], ticket=ticket, skill=skill, reason=reason)


def told(workspace: Workspace, entries: Iterable[Entry]) -> Report:
    return reports.report(workspace, entries, since=SINCE, until=UNTIL)


def test_of_nothing_there_is_nothing_to_report(workspace: Workspace) -> None:
    found = told(workspace, [])
    assert found.promises == Promises(skill="")
    assert found.handoffs == Handoffs(of="", opened=0, waits=Times())
    assert (found.promises_by_skill, found.handoffs_by_reason, found.handoffs_by_skill) == ((), (), ())
    assert (found.sla, found.operators, found.endings) == ((), (), ())
    assert found.csat == (Csat(of="person"), Csat(of="bot"))


# --- promises ------------------------------------------------------------------------------------


def test_promises_are_made_kept_moved_and_broken(workspace: Workspace) -> None:
    entries = [opened(n, f"c{n}.1", "delivery" if n < 4 else "general") for n in range(6)]
    entries += [event(10, "promised", f"c{n}", ticket=f"c{n}.1", until="2026-11-02T09:00:00+00:00") for n in range(6)]
    entries += [event(20, "promise_moved", "c1", ticket="c1.1")]
    entries += [event(30, "promise_kept", f"c{n}", ticket=f"c{n}.1") for n in (0, 1, 2)]
    entries += [event(40, "promise_broken", "c4", ticket="c4.1")]
    found = told(workspace, entries)
    assert found.promises == Promises(skill="", made=6, kept=3, moved=1, broken=1, share=0.75)
    assert found.promises_by_skill == (
        Promises(skill="delivery", made=4, kept=3, moved=1, broken=0, share=1.0),
        Promises(skill="general", made=2, kept=0, moved=0, broken=1, share=0.0),
    )


def test_a_promise_that_is_not_due_yet_is_neither_kept_nor_broken(workspace: Workspace) -> None:
    found = told(workspace, [opened(1, "a.1"), event(1, "promised", ticket="a.1")])
    assert (found.promises.made, found.promises.share) == (1, None)


def test_a_promise_that_was_not_due_when_the_ticket_ended_is_told_apart(workspace: Workspace) -> None:
    entries = [opened(n, f"c{n}.1") for n in range(5)]
    entries += [event(10, "promised", f"c{n}", ticket=f"c{n}.1") for n in range(5)]
    entries += [event(20, "promise_moved", "c1", ticket="c1.1"), event(20, "promise_kept", "c2", ticket="c2.1")]
    entries += [event(20, "promise_broken", "c3", ticket="c3.1")]
    entries += [event(30, "solved", f"c{n}", ticket=f"c{n}.1") for n in range(5)]
    found = told(workspace, entries).promises
    assert found == Promises(skill="", made=5, kept=1, moved=1, broken=1, ended=3, share=0.5)
    before = [opened(-9, "a.1"), event(-8, "promised", ticket="a.1"), event(1, "closed", ticket="a.1")]
    assert told(workspace, before).promises == Promises(skill="", ended=1)


# --- people called -------------------------------------------------------------------------------


def test_handoffs_are_counted_by_reason_and_by_skill_with_their_waits(workspace: Workspace) -> None:
    entries: list[Entry] = []
    for n, (reason, skill, waited) in enumerate(
        [("vip", "delivery", 10.0), ("vip", "general", 30.0), ("bot_down", "delivery", None), ("vip", "delivery", 50.0)]
    ):
        entries.append(opened(n, f"c{n}.1", skill, reason))
        if waited is not None:
            entries.append(event(n + 0.5, "taken", f"c{n}", ticket=f"c{n}.1", operator="o", waited=waited))
    found = told(workspace, entries)
    assert found.handoffs == Handoffs(of="", opened=4, taken=3, waits=Times(count=3, median=30.0, p95=50.0))
    assert found.handoffs_by_reason == (
        Handoffs(of="vip", opened=3, taken=3, waits=Times(count=3, median=30.0, p95=50.0)),
        Handoffs(of="bot_down", opened=1, waits=Times()),
    )
    assert found.handoffs_by_skill == (
        Handoffs(of="delivery", opened=3, taken=2, waits=Times(count=2, median=30.0, p95=50.0)),
        Handoffs(of="general", opened=1, taken=1, waits=Times(count=1, median=30.0, p95=30.0)),
    )


def test_a_ticket_that_is_passed_on_waited_once(workspace: Workspace) -> None:
    entries = [
        opened(0, "a.1", "general"),
        event(1, "taken", ticket="a.1", operator="o1", waited=60),
        event(2, "passed_on", ticket="a.1", by="o1", skill="delivery", to=""),
        event(3, "taken", ticket="a.1", operator="o2", waited=180),
    ]
    found = told(workspace, entries)
    assert found.handoffs.waits == Times(count=1, median=60, p95=60)
    assert [(one.operator, one.taken) for one in found.operators] == [("o1", 1), ("o2", 1)]


def test_who_is_taken_over_from_the_bot_did_not_wait(workspace: Workspace) -> None:
    taken = {"operator": "o1", "waited": 0}
    entries = [
        opened(0, "a.1", reason="operator_takeover"),
        event(0, "taken", "a", ticket="a.1", **taken),
        event(1, "taken", "b", ticket="b.1", **taken),
    ]
    found = told(workspace, entries)
    assert found.handoffs == Handoffs(of="", opened=1, taken=1, waits=Times())
    assert found.handoffs_by_reason == (Handoffs(of="operator_takeover", opened=1, taken=1, waits=Times()),)
    assert found.operators[0].taken == 2


def test_endings_are_counted_with_how_long_tickets_lasted(workspace: Workspace) -> None:
    entries = [event(n, "closed", ticket=f"a.{n}", lasted=60.0 * n, operator="o", name="Вера") for n in (1, 2, 3)]
    entries += [event(9, "solved", ticket="a.4", lasted=5), event(10, "idle", ticket="a.5")]
    assert told(workspace, entries).endings == (
        Ended(how="closed", tickets=3, lasted=Times(count=3, median=120, p95=180)),
        Ended(how="solved", tickets=1, lasted=Times(count=1, median=5, p95=5)),
        Ended(how="idle", tickets=1, lasted=Times()),
    )


# --- answers in time -----------------------------------------------------------------------------


def test_answers_are_held_to_the_aims_of_the_skill_that_has_the_ticket(workspace: Workspace) -> None:
    entries = [
        opened(0, "a.1", "general"),
        event(1, "answered", ticket="a.1", operator="o", waited=400, first=True),
        event(2, "passed_on", ticket="a.1", by="o", skill="delivery", to=""),
        event(3, "answered", ticket="a.1", operator="o", waited=300, first=False),
        event(4, "answered", ticket="a.1", operator="o", waited=300.5, first=False),
        opened(5, "b.1"),
        event(6, "answered", "b", ticket="b.1", operator="o", waited=59, first=True),
        opened(7, "c.1"),
        event(8, "answered", "c", ticket="c.1", operator="o", waited=61, first=True),
    ]
    delivery, general = told(workspace, entries).sla
    assert delivery.skill == "delivery"
    assert delivery.first == Answers(aim=60, times=Times(count=2, median=60, p95=61), within=1, share=0.5, missed=0)
    assert delivery.next == Answers(aim=300, times=Times(count=2, median=300.25, p95=300.5), within=1, share=0.5)
    assert general.first == Answers(aim=None, times=Times(count=1, median=400, p95=400), within=None, share=None)
    assert general.next == Answers(aim=None, times=Times(), within=None, share=None)


def test_a_skill_that_the_workspace_has_no_more_has_no_aim(workspace: Workspace) -> None:
    entries = [opened(0, "a.1", "gone"), event(1, "answered", ticket="a.1", operator="o", waited=1, first=True)]
    [row] = told(workspace, entries).sla
    assert (row.skill, row.first.aim, row.first.times.count) == ("gone", None, 1)


# Times of the engine's tests are Moscow's, and people are there from 9:00 to 18:00 on weekdays.
MONDAY = 24 * 60 + 6 * 60
"""Minutes after `SINCE`, a Sunday, until people come on Monday."""


def closed(minutes: float, who: str, how: str = "closed") -> Entry:
    return event(minutes, how, who, ticket=f"{who}.1", operator="o", lasted=1)


def test_what_nobody_answered_in_time_is_missed(workspace: Workspace) -> None:
    entries = [
        opened(MONDAY, "answered.1"),
        event(MONDAY + 0.5, "answered", "answered", ticket="answered.1", operator="o", waited=30, first=True),
        opened(MONDAY, "open.1"),
        opened(MONDAY, "idle.1"),
        event(MONDAY + 1, "taken", "idle", ticket="idle.1", operator="o", waited=60),
        closed(MONDAY + 30, "idle", "idle"),
        opened(MONDAY, "soon.1"),
        closed(MONDAY + 0.5, "soon", "solved"),
        opened(MONDAY, "general.1", "general"),
        closed(MONDAY + 600, "general"),
    ]
    delivery, general = told(workspace, entries).sla
    assert delivery.first == Answers(aim=60, times=Times(count=1, median=30, p95=30), within=1, share=1 / 3, missed=2)
    assert delivery.unanswered == 2, "one was solved before anybody was late"
    assert delivery.next.missed is None, "no event tells of further questions"
    assert (general.first.aim, general.first.missed, general.unanswered) == (None, None, 1)


def test_nobody_is_late_at_night_on_the_weekend_or_while_it_was_closed_by_hand(workspace: Workspace) -> None:
    friday_evening = MONDAY + 4 * 24 * 60 + 9 * 60 - 0.5
    entries = [opened(friday_evening, "a.1"), opened(friday_evening, "b.1")]
    monday = friday_evening + 0.5 + 63 * 60
    solved = [*entries, closed(monday + 0.4, "a", "solved"), closed(monday + 90, "b", "solved")]
    assert told(workspace, solved).sla[0].first.missed == 1, "half a minute on Friday, then half a minute on Monday"
    break_ = Closure(
        skill="delivery", since=SINCE + timedelta(minutes=monday), until=SINCE + timedelta(minutes=monday + 120)
    )
    found = reports.report(workspace, solved, since=SINCE, until=UNTIL, closures=[break_])
    assert (found.sla[0].first.missed, found.sla[0].unanswered) == (0, 2)


def test_what_is_put_off_is_late_from_then_on(workspace: Workspace) -> None:
    until = (UNTIL + timedelta(days=1)).isoformat()
    held = [opened(MONDAY, "a.1"), event(MONDAY + 1, "held", ticket="a.1", until=until, name="Вера")]
    assert told(workspace, held).sla == ()
    assert told(workspace, [*held, event(MONDAY + 2, "resumed", ticket="a.1")]).sla[0].first.missed == 1


def test_a_ticket_from_before_is_missed_where_it_ends_and_while_it_is_open(workspace: Workspace) -> None:
    before = [
        opened(-6000, "open.1"),
        opened(-6000, "ended.1"),
        opened(-6000, "gone.1"),
        closed(-5000, "gone"),
        opened(-6000, "answered.1"),
        event(-5999, "answered", "answered", ticket="answered.1", operator="o", waited=60, first=True),
        closed(MONDAY, "ended"),
        closed(MONDAY, "answered"),
    ]
    [row] = told(workspace, before).sla
    assert (row.first.missed, row.unanswered, row.first.times.count) == (2, 1, 0)


def test_whoever_was_taken_over_from_the_bot_waited_for_nobody(workspace: Workspace) -> None:
    entries = [
        opened(MONDAY, "a.1", reason="operator_takeover"),
        event(MONDAY, "taken", ticket="a.1", operator="o", waited=0),
        closed(MONDAY + 60, "a"),
    ]
    assert told(workspace, entries).sla == ()


def test_events_of_earlier_versions_are_missed_by_nobody(workspace: Workspace) -> None:
    entries = [event(MONDAY, "opened", reason="user_request", skill="delivery"), event(MONDAY + 600, "closed")]
    assert told(workspace, entries).sla == ()


def answer(minutes: float, signal: str, waited: float, *, first: bool) -> Entry:
    said = event(minutes, "answered", ticket="a.1", operator="o", waited=waited, first=first)
    return replace(said, id=EntryId(f"{signal}.2"))


def test_an_answer_that_was_taken_back_is_none(workspace: Workspace) -> None:
    first = [opened(MONDAY, "a.1"), answer(MONDAY + 0.5, "s1", 30, first=True)]
    undone = [*first, event(MONDAY + 0.6, "undone", of="s1.3", name="Вера")]
    [row] = told(workspace, undone).sla
    assert (row.first.times.count, row.first.missed) == (0, 1)
    assert told(workspace, undone).operators[0].answers.count == 0
    again = [*undone, answer(MONDAY + 5, "s2", 264, first=False), answer(MONDAY + 6, "s3", 20, first=False)]
    [row] = told(workspace, again).sla
    assert row.first.times == Times(count=1, median=300, p95=300), "they waited since they asked"
    assert row.next.times == Times(count=1, median=20, p95=20)
    other = [*first, event(MONDAY + 0.6, "undone", of="s9.3", name="Вера")]
    assert told(workspace, other).sla[0].first.times.count == 1, "something else was taken back"


# --- marks ---------------------------------------------------------------------------------------


def asked(minutes: float, who: str, about: str = "person", operator: str = "o1") -> Entry:
    return event(minutes, "surveyed", who, about=about, ticket=f"{who}.1", operator=operator)


def rated(minutes: float, who: str, mark: str, about: str = "person", operator: str = "o1") -> Entry:
    return event(minutes, "rated", who, about=about, ticket=f"{who}.1", operator=operator, rating=mark)


def test_marks_are_apart_for_people_and_for_the_bot_and_by_operator(workspace: Workspace) -> None:
    entries = [asked(n, who) for n, who in enumerate("abcd")] + [asked(5, "e", operator="o2")]
    entries += [asked(6, "f", "bot", ""), asked(7, "g", "bot", "")]
    entries += [
        rated(8, "a", "excellent"),
        rated(9, "b", "fine"),
        rated(10, "c", "bad"),
        rated(11, "f", "bad", "bot", ""),
    ]
    entries += [event(12, "taken", "a", ticket="a.1", operator="o1", name="Вера", waited=1)]
    found = told(workspace, entries)
    people = Csat(of="person", asked=5, rate=0.6, excellent=1, fine=1, bad=1, score=2 / 3)
    assert found.csat == (people, Csat(of="bot", asked=2, rate=0.5, bad=1, score=0.0))
    vera, other = found.operators
    assert vera.name == "Вера"
    assert vera.marks == Csat(of="o1", asked=4, rate=0.75, excellent=1, fine=1, bad=1, score=2 / 3)
    assert (other.name, other.marks) == ("o2", Csat(of="o2", asked=1, rate=0.0))


def test_the_last_mark_of_a_survey_counts(workspace: Workspace) -> None:
    found = told(workspace, [asked(0, "a"), rated(1, "a", "excellent"), rated(2, "a", "bad")])
    assert found.csat[0] == Csat(of="person", asked=1, rate=1.0, bad=1, score=0.0)


def test_surveys_of_one_customer_are_each_for_themselves(workspace: Workspace) -> None:
    entries = [asked(0, "a", "bot", ""), rated(1, "a", "fine", "bot", ""), asked(20_000, "a", "bot", "")]
    assert told(workspace, entries).csat[1] == Csat(of="bot", asked=2, rate=0.5, fine=1, score=1.0)


def test_a_mark_for_an_earlier_survey_is_a_mark_but_no_answer_to_those_of_this_time(workspace: Workspace) -> None:
    entries = [asked(-5, "a"), rated(1, "a", "fine"), rated(2, "nobody asked", "bad"), asked(3, "b")]
    assert told(workspace, entries).csat[0] == Csat(of="person", asked=1, rate=0.0, fine=1, bad=1, score=0.5)


# --- operators -----------------------------------------------------------------------------------


def test_an_operators_work_is_counted(workspace: Workspace) -> None:
    entries = [
        opened(0, "a.1"),
        event(1, "taken", ticket="a.1", operator="o1", name="Вера", waited=60),
        event(2, "answered", ticket="a.1", operator="o1", waited=20, first=True),
        event(3, "answered", ticket="a.1", operator="o1", waited=40, first=False),
        event(4, "taken", ticket="a.1", operator="o1", name="Вера С.", waited=0),
        event(5, "closed", ticket="a.1", operator="o1", name="Вера С.", lasted=300),
        event(6, "solved", ticket="b.1", operator="", name="", lasted=300),
        opened(7, "c.1"),
        opened(8, "d.1"),
        *(event(9, "taken", one, ticket=f"{one}.1", operator="o2", name="Борис", waited=1) for one in "cd"),
    ]
    boris, vera = told(workspace, entries).operators
    assert (boris.name, boris.taken, boris.ended) == ("Борис", 2, 0)
    assert (vera.name, vera.taken, vera.ended) == ("Вера С.", 1, 1)
    assert vera.answers == Times(count=2, median=30, p95=40)


# --- times and what is missing -------------------------------------------------------------------


def test_what_lies_outside_the_time_is_background_or_nothing(workspace: Workspace) -> None:
    before = [
        opened(-60, "a.1"),
        event(-50, "taken", ticket="a.1", operator="o1", name="Вера", waited=600),
        event(-40, "passed_on", ticket="a.1", skill="general"),
        event(-30, "promised", ticket="a.1"),
        event(-20, "answered", ticket="a.1", operator="o1", waited=1, first=True),
        event(-10, "closed", ticket="x.1", lasted=1),
    ]
    assert replace(told(workspace, before), csat=()) == replace(told(workspace, []), csat=())
    minutes = (UNTIL - SINCE) / timedelta(minutes=1)
    inside = [event(0, "answered", ticket="a.1", operator="o1", waited=5, first=False)]
    inside += [event(1, "taken", ticket="a.1", operator="o2", waited=9)]
    behind = [opened(minutes, "b.1"), event(minutes, "answered", ticket="a.1", operator="o1", waited=5, first=False)]
    found = told(workspace, before + inside + behind)
    [row] = found.sla
    assert (row.skill, row.next.times.count, row.first.times.count) == ("general", 1, 0)
    assert found.handoffs == Handoffs(of="", opened=0, waits=Times())


def test_events_of_earlier_versions_are_counted_as_far_as_they_tell(workspace: Workspace) -> None:
    entries = [
        event(0, "opened", reason="user_request", skill="delivery"),
        event(1, "taken", name="Вера"),
        event(2, "closed", name="Вера"),
        event(3, "opened", "boris"),
        event(4, "returned", "boris"),
        event(5, "taken", "nobody"),
    ]
    found = told(workspace, entries)
    assert found.handoffs == Handoffs(of="", opened=2, taken=1, waits=Times())
    assert [row.of for row in found.handoffs_by_skill] == ["delivery", ""]
    assert [(one.name, one.taken, one.ended) for one in found.operators] == [("Вера", 1, 1)]
    assert [(one.how, one.tickets) for one in found.endings] == [("closed", 1), ("returned", 1)]


def test_an_event_without_its_ticket_is_of_the_conversations_latest(workspace: Workspace) -> None:
    entries = [opened(0, "a.1", "general"), opened(1, "a.2"), event(2, "answered", "a", waited=5, first=True)]
    [row] = told(workspace, entries).sla
    assert (row.skill, row.first.within) == ("delivery", 1)


NONSENSE: list[Json] = [None, "", "soon", -1, float("nan"), float("inf"), 10**400, True, [], {}, {"a": 1}]


@pytest.mark.parametrize("value", NONSENSE, ids=lambda value: str(value)[:10])
def test_nonsense_harms_nothing(workspace: Workspace, value: Json) -> None:
    keys = ("ticket", "skill", "reason", "operator", "name", "waited", "first", "lasted", "rating", "about")
    entries = [event(1, name, **dict.fromkeys(keys, value)) for name in reports.EVENTS]
    entries.append(replace(event(1, "opened"), data={"event": value}))
    found = told(workspace, entries)
    assert (found.handoffs.opened, found.handoffs.waits.count, found.promises.made) == (1, 0, 1)
    assert found.csat == (Csat(of="person"), Csat(of="bot"))


def test_what_is_no_event_is_not_counted(workspace: Workspace) -> None:
    note = replace(opened(0, "a.1"), kind="note")
    assert told(workspace, [note, event(1, "flow"), event(2, "")]).handoffs.opened == 0


@pytest.mark.parametrize(
    ("seconds", "median", "p95"),
    [([5], 5, 5), ([3, 1], 2, 3), ([1, 2, 3], 2, 3), (range(1, 21), 10.5, 19), (range(1, 101), 50.5, 95)],
)
def test_half_and_95_of_100_take_no_longer(seconds: Iterable[float], median: float, p95: float) -> None:
    mixed = list(seconds)
    random.Random(1).shuffle(mixed)
    assert times(mixed) == Times(count=len(mixed), median=median, p95=p95)
