"""What the bot should have understood, over a real server."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from aiohttp import ClientSession

from estafeta.kernel.model import Author, ConversationId, Entry, Text, Understanding
from flows.model import Training
from tests.desks.web.office import HEADERS, Office

INTENTS = frozenset({"order_status", "order_cancel", "gift_wrap"})


@pytest.fixture
def taught(office: Office) -> Office:
    office.workspace = replace(office.workspace, training=Training(intents=INTENTS))
    return office


async def heard(office: Office, who: ConversationId, words: str, **more: Any) -> Entry:
    """The bot tried to understand it."""
    understood = Understanding(intent="order_cancel", confidence=0.4)
    return await office.add(
        who, kind="said", author=Author(kind="customer"), parts=(Text(text=words),), understanding=understood, **more
    )


async def correct(client: ClientSession, who: str, seq: int, intent: str) -> tuple[int, Any]:
    path = f"api/v1/conversations/{who}/entries/{seq}/intent"
    async with client.post(path, json={"intent": intent}, headers=HEADERS) as answer:
        return answer.status, (await answer.json())["error"] if answer.status != 204 else None


async def test_the_intents_are_told_by_title(taught: Office) -> None:
    async with taught.client() as client:
        async with client.get("api/v1/me") as answer:
            assert (await answer.json())["corrects"] is True
        async with client.get("api/v1/intents", headers={"Accept-Language": "ru"}) as answer:
            told = (await answer.json())["intents"]
    assert [one["name"] for one in told] == ["gift_wrap", "order_cancel", "order_status", "out_of_scope"]
    assert told[-1]["titles"] == {"ru": "Не для бота", "en": "Not for the bot"}
    assert told[0]["titles"] == {"ru": "gift wrap", "en": "gift wrap"}


async def test_a_correction_is_kept_with_who_made_it(taught: Office) -> None:
    who = await taught.customer("Vera")
    first = await taught.say(who, "customer", "Hello")
    asked = await heard(taught, who, "Where is my order?", at=first.at)
    async with taught.client("Anna") as client:
        async with client.get(f"api/v1/conversations/{who}/entries") as answer:
            assert [entry["heard"] for entry in (await answer.json())["entries"]] == [False, True]
        assert await correct(client, who, asked.seq, "order_status") == (204, None)
        assert await correct(client, who, first.seq, "out_of_scope") == (204, None)
    assert taught.corrected == [("order_status", "Anna", asked.seq), ("out_of_scope", "Anna", asked.seq)]


async def test_an_unknown_name_is_answered_with_the_nearest_and_all(taught: Office) -> None:
    who = await taught.customer("Vera")
    asked = await heard(taught, who, "Where is my order?")
    async with taught.client() as client:
        status, error = await correct(client, who, asked.seq, "order_statsu")
        assert (status, error["code"]) == (400, "unknown_intent_near")
        assert "Did you mean order_status" in error["text"]
        status, error = await correct(client, who, asked.seq, "zzz")
        assert (status, error["code"]) == (400, "unknown_intent")
        assert "gift_wrap, order_cancel, order_status, out_of_scope" in error["text"]
        assert (await correct(client, who, asked.seq, ""))[0] == 400
    assert taught.corrected == []


async def test_only_what_the_bot_tried_to_understand_is_corrected(taught: Office) -> None:
    who = await taught.customer("Vera")
    unheard = await taught.say(who, "customer", "Hello?")
    said = await taught.say(who, "bot", "Hello!")
    async with taught.client() as client:
        for seq in (unheard.seq, said.seq):
            status, error = await correct(client, who, seq, "order_status")
            assert (status, error["code"]) == (409, "not_heard")
        assert (await correct(client, who, 99, "order_status"))[1]["code"] == "unknown_entry"
    async with taught.client("") as stranger:
        assert (await correct(stranger, who, 1, "order_status"))[0] == 401
    assert taught.corrected == []
