"""When a customer is asked for a mark, and what a press means."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from estafeta.kernel.model import Dialog, Frame, Survey, Understanding
from flows import loader
from flows.handoff_file import SurveyRules
from flows.model import Workspace
from handoff import csat

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
RULES = SurveyRules()
ASKED = Survey(about="person", asked_at=NOW, ticket="c.1", operator="1")
SURE = Understanding(intent="payment", confidence=0.9)


@pytest.fixture(scope="module")
def workspace() -> Workspace:
    return loader.load(Path(__file__).parents[1] / "engine" / "workspace")


def test_a_customer_is_asked_at_most_so_often() -> None:
    assert csat.may_ask(RULES, None, NOW)
    assert not csat.may_ask(RULES, ASKED, NOW + timedelta(days=6, hours=23))
    assert csat.may_ask(RULES, ASKED, NOW + timedelta(days=7))
    assert csat.may_ask(SurveyRules(every_days=0), ASKED, NOW)
    assert not csat.may_ask(SurveyRules(on=False), None, NOW)


@pytest.mark.parametrize("mark", csat.MARKS)
def test_a_press_gives_its_mark(mark: csat.Mark) -> None:
    button = csat.button(mark, ASKED)
    assert len(button.encode()) <= 64
    assert csat.pressed(button, ASKED) == mark
    assert csat.pressed(f"survey:{mark}", ASKED) == mark


@pytest.mark.parametrize("button", ["survey:", "survey:reopen", "survey:superb", "human", "bad", "survey:bad:1"])
def test_anything_else_gives_none(button: str) -> None:
    assert csat.pressed(button, ASKED) is None


def test_a_press_under_an_older_question_is_no_mark_for_the_newer_one() -> None:
    newer = replace(ASKED, asked_at=NOW + timedelta(days=8), ticket="c.2")
    assert csat.pressed(csat.button("bad", ASKED), newer) is None
    assert csat.pressed(csat.button("bad", ASKED), None) is None


def test_the_latest_mark_counts_and_only_a_bad_one_waits_for_reasons() -> None:
    fine = csat.rated(RULES, ASKED, "fine", NOW)
    assert fine is not None
    assert (fine.rating, fine.why_until) == ("fine", None)
    assert csat.rated(RULES, fine, "fine", NOW) is None, "the same again is no mark"
    bad = csat.rated(RULES, fine, "bad", NOW)
    assert bad is not None
    better = csat.rated(RULES, bad, "excellent", NOW)
    assert better is not None
    assert (better.rating, better.why_until) == ("excellent", None)
    assert csat.waits_for_reasons(bad, NOW + timedelta(seconds=3599))
    assert not csat.waits_for_reasons(bad, NOW + timedelta(seconds=3600))
    assert not csat.waits_for_reasons(fine, NOW)
    assert not csat.waits_for_reasons(None, NOW)


@pytest.mark.parametrize(
    ("dialog", "understandings", "words", "served"),
    [
        (Dialog(), (SURE,), "how can I pay", True),
        (Dialog(), (SURE,), "hello there", False),
        (Dialog(), (), "how can I pay", False),
        (Dialog(fallbacks=1), (SURE,), "how can I pay", False),
        (Dialog(frames=(Frame(flow="order", version="1", step="s"),)), (SURE,), "how can I pay", False),
        (Dialog(), (replace(SURE, confidence=0.2),), "how can I pay", False),
        (Dialog(), (replace(SURE, intent="nothing-known"),), "how can I pay", False),
    ],
)
def test_the_bot_is_rated_for_what_it_answered(
    workspace: Workspace, dialog: Dialog, understandings: tuple[Understanding, ...], words: str, served: bool
) -> None:
    assert csat.served(workspace, dialog, understandings, words) is served
