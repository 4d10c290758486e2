"""What helps to answer, over a real server: filled replies, suggestions, the tone, the customer's past."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import ClientSession

from estafeta.explaining import Why, Word
from estafeta.kernel.model import Author, Conversation, Past, Reason, Stage, Text, TicketId
from estafeta.suggestions import Suggestion
from flows.model import ToneFile
from handoff.desks.web import helping
from tests.desks.web.office import HEADERS, Office


async def get(client: ClientSession, path: str) -> Any:
    async with client.get(f"api/v1/{path}") as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def test_a_reply_is_filled_for_the_customer_in_their_language(office: Office) -> None:
    office.replies["thanks"] = {"ru": "{{ customer.name }}, спасибо", "en": "Thank you, {{ customer.name }}"}
    who = await office.customer("Вера", stage=Stage.QUEUED, language="ru")
    async with office.client() as client:
        told = (await get(client, f"conversations/{who}/replies"))["replies"]
    assert {one["name"]: one["text"] for one in told}["thanks"] == "Вера, спасибо"


async def test_a_reply_that_cannot_be_filled_is_not_offered(office: Office) -> None:
    office.replies["broken"] = {"en": "{{ customer.name.oops() }}"}
    who = await office.customer("Vera", stage=Stage.QUEUED, language="en")
    async with office.client() as client:
        told = (await get(client, f"conversations/{who}/replies"))["replies"]
    assert [one["name"] for one in told] == ["delay", "thanks", "return"]


async def test_suggestions_are_the_first_few_and_lateness_is_none(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = await office.customer("Вера", stage=Stage.QUEUED)
    office.suggestions = [Suggestion(source="past", text=f"Ответ {n}") for n in range(9)]
    async with office.client() as client:
        told = (await get(client, f"conversations/{who}/suggestions"))["suggestions"]
        assert [one["text"] for one in told] == ["Ответ 0", "Ответ 1", "Ответ 2"]
        monkeypatch.setattr(helping, "SUGGESTIONS_WITHIN", 0.01)

        async def never(_conversation: Conversation, _operator: str, _language: str) -> Sequence[Suggestion]:
            await asyncio.Event().wait()
            return ()

        monkeypatch.setattr(office, "find_suggestions", never)
        assert (await get(client, f"conversations/{who}/suggestions"))["suggestions"] == []


async def test_suggestions_are_asked_for_by_the_readers_name_and_language(office: Office) -> None:
    who = await office.customer("Vera", stage=Stage.QUEUED, language="en")
    async with office.client("Анна") as client:
        path = f"api/v1/conversations/{who}/suggestions"
        for header, language in (("ru-RU,en;q=0.5", "ru"), ("en", "en")):
            async with client.get(path, headers={"Accept-Language": header}) as answer:
                assert answer.status == 200
            assert office.suggested_to == ("Анна", language)


async def test_the_tone_is_looked_over_in_the_readers_language_and_nothing_is_kept(office: Office) -> None:
    who = await office.customer("Вера", stage=Stage.QUEUED)
    texts: dict[str, dict[str, list[str]]] = {
        "САМИ ВИНОВАТЫ!": {"ru": ["Всё прописными читается как крик"], "en": ["Capitals throughout read as shouting"]},
        "Извините": {"ru": [], "en": []},
        "": {"ru": [], "en": []},
    }
    async with office.client() as client:
        for text, told in texts.items():
            for language, warnings in told.items():
                path = f"api/v1/conversations/{who}/tone"
                headers = {**HEADERS, "Accept-Language": language}
                async with client.post(path, json={"text": text}, headers=headers) as answer:
                    assert (answer.status, (await answer.json())["warnings"]) == (200, warnings)
    assert not office.store.signals


async def test_the_house_has_a_tone_of_its_own(office: Office) -> None:
    style = ToneFile(address="any", banned={"en": ("your own fault",)})
    office.workspace = replace(office.workspace, tone=style)
    who = await office.customer("Вера", stage=Stage.QUEUED)
    async with office.client() as client:
        body = {"text": "Привет! It is your OWN fault."}
        async with client.post(f"api/v1/conversations/{who}/tone", json=body, headers=HEADERS) as answer:
            assert (await answer.json())["warnings"] == ["The house does not write this: “your own fault”"]


async def test_the_past_is_searched_from_its_end_in_every_word_but_events(office: Office) -> None:
    who = await office.customer("Вера", stage=Stage.QUEUED)
    await office.say(who, "customer", "Лампа разбита")
    await office.event(who, event="opened", reason="лампа")
    await office.say(who, "bot", "Жаль")
    note = (Text(text="про ЛАМПУ спросить Глеба"),)
    await office.add(who, kind="note", author=Author(kind="operator", name="Анна"), parts=note)
    async with office.client() as client:
        told = await get(client, f"conversations/{who}/find?text={quote(' ламп ')}")
        assert [(entry["kind"], entry["text"]) for entry in told["entries"]] == [
            ("note", "про ЛАМПУ спросить Глеба"),
            ("said", "Лампа разбита"),
        ]
        assert told["whole"] is True
        for bad in ("", "x", "x" * 101):
            async with client.get(f"api/v1/conversations/{who}/find?text={bad}") as answer:
                assert answer.status == 400


async def test_a_long_past_is_searched_in_pieces(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helping, "LOOKED_THROUGH", 10)
    monkeypatch.setattr(helping, "PAGE", 4)
    who = await office.customer("Вера", stage=Stage.QUEUED)
    for number in range(25):
        await office.say(who, "customer", "лампа" if number in (0, 20) else f"строка {number}")
    found, asked, before, whole = [], 0, 0, False
    async with office.client() as client:
        while not whole:
            told = await get(client, f"conversations/{who}/find?text={quote('лампа')}&before={before}")
            found += [entry["seq"] for entry in told["entries"]]
            before, whole, asked = told["before"], told["whole"], asked + 1
    assert (found, asked) == ([21, 1], 3)


async def test_as_many_as_fit_are_found_and_the_search_goes_on_behind_them(office: Office) -> None:
    who = await office.customer("Вера", stage=Stage.QUEUED)
    for number in range(60):
        await office.say(who, "customer", f"лампа {number}")
    async with office.client() as client:
        first = await get(client, f"conversations/{who}/find?text={quote('лампа')}")
        rest = await get(client, f"conversations/{who}/find?text={quote('лампа')}&before={first['before']}")
    assert (len(first["entries"]), first["whole"]) == (50, False)
    assert ([entry["text"] for entry in rest["entries"]][-1], len(rest["entries"])) == ("лампа 0", 10)


async def test_the_history_knows_where_each_ticket_began_and_its_mark(office: Office) -> None:
    who = await office.customer("Вера")
    now = office.clock.now()
    past = [
        Past(id=TicketId(f"t{n}"), reason=Reason.USER_REQUEST, skill="delivery", opened_at=now - timedelta(days=9 - n),
             ended_at=now - timedelta(days=8 - n), how="solved", resolution=f"итог {n}")
        for n in range(2)
    ]  # fmt: skip
    await office.commit(replace(await office.stored(who), past=tuple(past)))
    await office.say(who, "customer", "Привет")
    begun = await office.event(who, event="opened", ticket="t1", skill="delivery")
    await office.event(who, event="taken", ticket="t1")
    await office.event(who, event="rated", ticket="t1", rating="bad")
    async with office.client() as client:
        told = (await get(client, f"conversations/{who}/history"))["tickets"]
    assert [(one["ticket"]["resolution"], one["seq"], one["rating"]) for one in told] == [
        ("итог 1", begun.seq, "bad"),
        ("итог 0", None, ""),
    ]


async def test_why_the_bot_answered_so_is_told_of_a_message(office: Office) -> None:
    who = await office.customer("Vera", stage=Stage.BOT)
    asked = await office.add(who, kind="said", author=Author(kind="customer"), parts=(Text(text="Where is my order?"),))
    office.reasons[asked.seq] = Why(
        seq=asked.seq, at="2026-11-20T12:00:00+00:00", text="Where is my order?", intents=[("order_status", 0.9)],
        model="m-7", waited_at="", said=[Word("Which number?", "order", "flows/order.yml:5")], flows=["order"],
        called=[], people=["flow_rule → general"], release="0a1b2c3d4e5f",
    )  # fmt: skip
    async with office.client() as client:
        assert await get(client, f"conversations/{who}/entries/{asked.seq}/why") == {
            "seq": asked.seq, "release": "0a1b2c3d4e5f", "understood": [{"intent": "order_status", "confidence": 0.9}],
            "model": "m-7", "waited_at": "", "flows": ["order"],
            "said": [{"text": "Which number?", "flow": "order", "where": "flows/order.yml:5"}], "called": [],
            "people": ["flow_rule → general"], "fallback": False,
        }  # fmt: skip
        office.reasons.clear()
        for seq, code in ((asked.seq, "unknown_turn"), (99, "unknown_entry")):
            async with client.get(f"api/v1/conversations/{who}/entries/{seq}/why") as answer:
                assert (answer.status, (await answer.json())["error"]["code"]) == (404, code)
    async with office.client("") as stranger, stranger.get(f"api/v1/conversations/{who}/entries/1/why") as answer:
        assert answer.status == 401
