"""Deadlines: business time from what is waited for, put off with the ticket, none where nothing is aimed at."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from estafeta.kernel.model import Reason, Ticket, TicketId
from flows import loader
from flows.model import Workspace
from handoff.floor import Closure
from handoff.sla import Deadlines, deadlines
from tests.flows.world import BOT, PAYMENT, write

HOURS = """\
timezone: Europe/Moscow
schedules:
  default: {mon-fri: ["09:00-18:00"]}
  vk/*: {mon-fri: ["12:00-13:00"]}
"""
AIMED = BOT.replace(
    "  delivery: {ru: Доставка, en: Delivery}\n",
    "  delivery: {title: {ru: Доставка, en: Delivery}, first_answer: 3600, next_answer: 900}\n",
)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return loader.load(write(tmp_path, {"payment": PAYMENT}, bot=AIMED, hours=HOURS))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Moscow")).astimezone(UTC)


FRESH = Ticket(
    id=TicketId("c.1"), reason=Reason.USER_REQUEST, skill="delivery", opened_at=at("2026-11-20T17:30"),
    asked_at=at("2026-11-20T17:30"),
)  # fmt: skip
ANSWERED = replace(FRESH, first_reply_at=at("2026-11-23T09:10"), asked_at=None)


def test_the_first_answer_is_aimed_at_in_business_time(workspace: Workspace) -> None:
    found = deadlines(workspace, FRESH)
    assert found == Deadlines(first=at("2026-11-23T09:30"))
    assert found.soonest == at("2026-11-23T09:30")


def test_after_the_first_answer_the_oldest_unanswered_words_count(workspace: Workspace) -> None:
    assert deadlines(workspace, ANSWERED) == Deadlines()
    asked = replace(ANSWERED, asked_at=at("2026-11-23T17:50"))
    assert deadlines(workspace, asked) == Deadlines(next=at("2026-11-24T09:05"))


def test_what_is_put_off_waits_from_then(workspace: Workspace) -> None:
    held = replace(FRESH, held_until=at("2026-11-24T11:00"))
    assert deadlines(workspace, held) == Deadlines(first=at("2026-11-24T12:00"))
    past = replace(FRESH, held_until=at("2026-11-20T10:00"))
    assert deadlines(workspace, past) == deadlines(workspace, FRESH)


def test_the_channel_and_closures_count(workspace: Workspace) -> None:
    assert deadlines(workspace, FRESH, channel="vk") == Deadlines(first=at("2026-11-23T13:00"))
    closure = Closure(skill="delivery", since=at("2026-11-20T17:00"), until=at("2026-11-23T15:00"))
    assert deadlines(workspace, FRESH, closures=[closure]) == Deadlines(first=at("2026-11-23T16:00"))


@pytest.mark.parametrize("skill", ["general", "plumbing", ""])
def test_without_an_aim_there_is_no_deadline(workspace: Workspace, skill: str) -> None:
    found = deadlines(workspace, replace(FRESH, skill=skill))
    assert found == Deadlines()
    assert found.soonest is None
