"""From the model to the wire. Pure."""

from __future__ import annotations

import math
from dataclasses import replace

from estafeta.kernel.model import Button, Customer, Reason, Stage, Text, Understanding
from handoff.desks.web.mapping import PREVIEW, card_view, entry_view, row
from tests.desks.web.test_card import ANNA, NOW, conversation, minutes, said, ticket


def test_a_row_without_a_ticket_has_empty_fields_of_one() -> None:
    shown = row(conversation(stage=Stage.BOT, ticket=None), (), ANNA)
    assert (shown.reason, shown.skill, shown.request, shown.assignee) == ("", "", "", "")
    assert (shown.opened_at, shown.promise, shown.last, shown.since) == (None, None, None, None)
    assert (shown.waiting, shown.mine) == (False, False)


def test_a_row_tells_the_ticket_and_the_last_words() -> None:
    opened = ticket(reason=Reason.BOT_DOWN, promise=minutes(5))
    entries = (said("customer", "раз", -3), said("customer", " д\nва ", -2), said("operator", "вип", -1, kind="note"))
    shown = row(conversation(ticket=opened), entries, ANNA)
    assert (shown.stage, shown.reason, shown.promise) == ("queued", "bot_down", minutes(5))
    assert shown.last is not None
    assert (shown.last.author, shown.last.text) == ("customer", "д ва"), "a note is not the last word"
    assert (shown.waiting, shown.since) == (True, minutes(-10))


def test_a_ticket_is_mine_by_desk_and_id_not_by_name() -> None:
    taken = conversation(stage=Stage.HUMAN, ticket=ticket(assignee=ANNA))
    assert row(taken, (), ANNA).mine
    assert not row(taken, (), replace(ANNA, id="o2")).mine
    assert not row(taken, (), replace(ANNA, desk="telegram_forum")).mine


def test_a_customer_out_of_reach_is_told() -> None:
    assert row(conversation(customer=Customer(reachable=False)), (), ANNA).unreachable


def test_a_preview_is_short() -> None:
    shown = row(conversation(), (said("customer", "я" * 5_000, 0),), ANNA)
    assert shown.last is not None
    assert len(shown.last.text) == PREVIEW


def test_an_entry_keeps_its_words_line_by_line() -> None:
    entry = replace(
        said("bot", "раз\nдва", 0),
        buttons=(Button(id="human", text="Позвать человека"),),
        understanding=Understanding(intent="order_status", confidence=0.123456),
        channel="vk",
    )
    shown = entry_view(entry)
    assert shown.text == "раз\nдва"
    assert [(button.id, button.text) for button in shown.buttons] == [("human", "Позвать человека")]
    assert shown.intent is not None
    assert (shown.intent.name, shown.intent.confidence, shown.channel) == ("order_status", 0.1235, "vk")


def test_an_understanding_out_of_scope_is_no_intent() -> None:
    assert (
        entry_view(replace(said("customer", "?", 0), understanding=Understanding(intent="", confidence=0))).intent
        is None
    )


def test_several_parts_of_text_are_lines() -> None:
    assert entry_view(replace(said("customer", "", 0), parts=(Text(text="раз"), Text(text="два")))).text == "раз\nдва"


def test_a_score_is_between_nothing_and_full_whatever_the_model_says() -> None:
    wild = tuple(Understanding(intent=f"i{value}", confidence=value) for value in (math.nan, math.inf, -1.0, 7.0))
    scores = {item.name: item.confidence for item in card_view(conversation(understandings=wild), (), NOW).intents}
    assert scores == {"inan": 0.0, "iinf": 0.0, "i-1.0": 0.0, "i7.0": 1.0}
