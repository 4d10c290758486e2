"""Commands with capitals, and commands that are none."""

from __future__ import annotations

import pytest

from estafeta.kernel.model import TicketMoved
from estafeta.kernel.ports import DeskView
from handoff.desks.telegram_forum.spelling import meant, tidied
from tests.desks.telegram_forum.office import Office


@pytest.mark.parametrize("command", ["/Take", "/TAKE", "/tAke@estafeta_stand_in_bot"])
async def test_capitals_do_not_count(work: Office, customer: DeskView, command: str) -> None:
    work.anna.says(command, topic=work.topic(customer))
    [signal] = await work.stage.inbox.have()
    assert isinstance(signal.event, TicketMoved)
    assert signal.event.move == "take"


async def test_what_stands_behind_a_command_stays_as_it_is(work: Office, customer: DeskView) -> None:
    work.anna.says("/Close Деньги ВЕРНУЛИ", topic=work.topic(customer))
    [signal] = await work.stage.inbox.have()
    assert isinstance(signal.event, TicketMoved)
    assert signal.event.resolution == "Деньги ВЕРНУЛИ"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("/clsoe", "Может быть, /close?"),
        ("/Hepl", "Может быть, /help?"),
        ("/proirity 5", "Может быть, /priority?"),
        ("/of", "Может быть, /off?"),
        ("/ефлу", "Может быть, /take?"),
        ("/закрыть", "Может быть, /close?"),
        ("/snooze 30m", "Может быть, /hold?"),
        ("/note он звонил", "Заметка начинается с //"),
        ("/frobnicate", "Такой команды нет, клиенту она не ушла."),
        ("/ 5", "Такой команды нет, клиенту она не ушла."),
    ],
)
async def test_a_command_that_is_none_is_answered_with_what_was_meant(
    work: Office, customer: DeskView, typed: str, words: str
) -> None:
    asked = work.anna.says(typed, topic=work.topic(customer))["message_id"]
    assert (await work.told(work.topic(customer), words)).reply_to == asked
    assert work.stage.inbox.attempts == []


@pytest.mark.parametrize("raw", [None, 7, {}, {"message": None}, {"message": {"text": 5}}, {"message": {"text": "Да"}}])
def test_what_holds_no_command_stays_as_it_is(raw: object) -> None:
    assert tidied(raw) is raw
    assert meant(raw) == ("", "")
