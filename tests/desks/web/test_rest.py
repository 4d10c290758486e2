"""The desk's requests, over a real server: what they answer, and the signals they leave."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import ClientSession

from estafeta.kernel.model import Media, OperatorNoted, OperatorSaid, Stage, Text, TicketMoved
from handoff.desks.web import checks, wire
from tests.desks.web.office import HEADERS, Office, open_office


async def get(client: ClientSession, path: str) -> Any:
    async with client.get(path) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def post(client: ClientSession, path: str, body: Any = None) -> tuple[int, Any]:
    async with client.post(path, json=body, headers=HEADERS) as answer:
        return answer.status, await answer.json() if answer.content_type == "application/json" else None


async def test_the_operator_is_known_by_the_chosen_name(office: Office) -> None:
    async with office.client("  Анна \n Ли ") as client:
        me = await get(client, "api/v1/me")
    assert me["name"] == "Анна Ли"
    assert me["language"] == "en"


async def test_the_same_name_is_the_same_operator_after_a_new_log_in(office: Office) -> None:
    async with office.client("Анна") as client:
        first = await get(client, "api/v1/me")
    async with office.client("анна") as client:
        assert (await get(client, "api/v1/me"))["id"] == first["id"]
    async with office.client("Борис") as client:
        assert (await get(client, "api/v1/me"))["id"] != first["id"]


async def test_conversations_are_listed_by_stage_the_latest_first(office: Office) -> None:
    bot = await office.customer("Вера")
    office.clock.move(timedelta(seconds=1))
    queued = await office.customer("Глеб", stage=Stage.QUEUED, waits=timedelta(minutes=3))
    office.clock.move(timedelta(seconds=1))
    await office.say(queued, "customer", "Ау!")
    async with office.client() as client:
        everything = (await get(client, "api/v1/conversations"))["conversations"]
        people = (await get(client, "api/v1/conversations?stage=queued,human"))["conversations"]
    assert [row["id"] for row in everything] == [queued, bot]
    assert [row["id"] for row in people] == [queued]
    assert people[0]["waiting"] is True
    assert people[0]["last"]["text"] == "Ау!"


async def test_an_old_ticket_stays_listed_however_many_chats_the_bot_has(office: Office) -> None:
    ticket = await office.customer("Глеб", stage=Stage.QUEUED)
    for number in range(120):
        office.clock.move(timedelta(seconds=1))
        await office.customer(f"Клиент {number}")
    async with office.client() as client:
        rows = (await get(client, "api/v1/conversations"))["conversations"]
    assert ticket in [row["id"] for row in rows]


async def test_a_list_shows_new_words_after_they_were_read_before(office: Office) -> None:
    who = await office.customer("Вера")
    await office.say(who, "customer", "раз")
    async with office.client() as client:
        await get(client, "api/v1/conversations")
        await office.say(who, "bot", "два")
        row = (await get(client, f"api/v1/conversations/{who}"))["row"]
    assert (row["last"]["text"], row["waiting"]) == ("два", False)


async def test_a_conversation_comes_with_its_card(office: Office) -> None:
    who = await office.customer(
        "Вера",
        stage=Stage.QUEUED,
        request="Где заказ?",
        slots={"order_number": "48213"},
        intents=[("order_status", 0.8), ("delivery", 0.1)],
    )
    async with office.client() as client:
        card = (await get(client, f"api/v1/conversations/{who}"))["card"]
    assert card["request"] == "Где заказ?"
    assert card["reason"] == "user_request"
    assert card["slots"] == {"order_number": "48213"}
    assert card["intents"][0] == {"name": "order_status", "confidence": 0.8}
    assert card["channels"] == [{"channel": "telegram", "current": True}]


async def test_entries_can_be_read_from_the_end_and_from_a_place(office: Office) -> None:
    who = await office.customer("Вера")
    for number in range(5):
        await office.say(who, "customer", f"слово {number}")
    async with office.client() as client:
        newest = (await get(client, f"api/v1/conversations/{who}/entries?newest=1&limit=2"))["entries"]
        after = (await get(client, f"api/v1/conversations/{who}/entries?after=1&limit=2"))["entries"]
    assert [entry["seq"] for entry in newest] == [4, 5]
    assert [entry["seq"] for entry in after] == [2, 3]


async def test_a_file_is_told_by_its_place_and_not_by_the_messengers_name_of_it(office: Office) -> None:
    who = await office.customer("Вера")
    photo = Media(kind="photo", ref="secret-file-id", origin="telegram:main", name="чек.jpg", size=10)
    await office.say(who, "customer", (photo, Text(text="вот")))
    async with office.client() as client:
        entry = (await get(client, f"api/v1/conversations/{who}/entries"))["entries"][0]
    first, second = entry["parts"]
    assert (first["kind"], first["file"], first["name"], first["size"]) == ("photo", 0, "чек.jpg", 10)
    assert (second["kind"], second["file"], second["text"], entry["text"]) == ("text", None, "вот", "вот")
    assert "secret-file-id" not in str(entry)


async def test_a_reply_is_a_signal_that_names_its_operator_and_message(office: Office) -> None:
    who, message = await office.customer("Вера", stage=Stage.QUEUED), str(uuid4())
    async with office.client("Анна") as client:
        me = await get(client, "api/v1/me")
        status, _ = await post(client, f"api/v1/conversations/{who}/reply", {"id": message, "text": " Иду!\r\n "})
    assert status == 202
    signal = office.store.signals[f"web.{me['id']}.{message}"]
    assert signal.conversation == who
    assert isinstance(signal.event, OperatorSaid)
    assert signal.event.parts == (Text(text="Иду!"),)
    assert signal.event.message == message
    assert (signal.event.operator.name, signal.event.operator.desk) == ("Анна", "web")


async def test_the_same_reply_sent_twice_is_said_once(office: Office) -> None:
    who, body = await office.customer("Вера"), {"id": str(uuid4()), "text": "Иду"}
    async with office.client() as client:
        answers = await asyncio.gather(
            *(post(client, f"api/v1/conversations/{who}/reply", body) for _ in range(4)),
            post(client, f"api/v1/conversations/{who}/reply", {**body, "id": body["id"].upper()}),
        )
    assert [status for status, _ in answers] == [202] * 5
    assert len(office.store.signals) == 1


async def test_notes_and_moves_are_signals_too(office: Office) -> None:
    who = await office.customer("Вера", stage=Stage.QUEUED)
    async with office.client() as client:
        assert (await post(client, f"api/v1/conversations/{who}/note", {"id": str(uuid4()), "text": "вип"}))[0] == 202
        for move in ("take", "return", "close"):
            body = {"id": str(uuid4()), "move": move}
            assert (await post(client, f"api/v1/conversations/{who}/move", body))[0] == 202
    events = [signal.event for signal in office.store.signals.values()]
    assert [event.text for event in events if isinstance(event, OperatorNoted)] == ["вип"]
    assert [event.move for event in events if isinstance(event, TicketMoved)] == ["take", "return", "close"]


async def test_my_tickets_are_told_from_a_namesakes(office: Office) -> None:
    mine = await office.customer("Вера", stage=Stage.QUEUED)
    other = await office.customer("Глеб", stage=Stage.HUMAN, assignee="Анна")
    async with office.client("Анна") as client:
        await post(client, f"api/v1/conversations/{mine}/move", {"id": str(uuid4()), "move": "take"})
        rows = (await get(client, "api/v1/conversations?stage=human"))["conversations"]
    assert {row["id"]: (row["assignee"], row["mine"]) for row in rows} == {mine: ("Анна", True), other: ("Анна", False)}


async def test_an_operator_who_only_looks_into_a_bots_chat_is_not_shown_typing(office: Office) -> None:
    bot, queued = await office.customer("Вера"), await office.customer("Глеб", stage=Stage.QUEUED)
    async with office.client("Анна") as client:
        assert (await post(client, f"api/v1/conversations/{bot}/typing"))[0] == 204
        assert (await post(client, f"api/v1/conversations/{queued}/typing"))[0] == 204
    assert office.typed == [(queued, "Анна")]


async def test_canned_replies_come_in_the_order_of_their_file(office: Office) -> None:
    async with office.client() as client:
        replies = (await get(client, "api/v1/replies"))["replies"]
    assert [reply["name"] for reply in replies] == ["delay", "thanks", "return"]
    assert replies[1]["text"]["en"] == "Thank you for writing!"


@pytest.mark.parametrize("path", ["", "/entries"])
async def test_an_unknown_conversation_is_404_with_a_sentence(office: Office, path: str) -> None:
    async with office.client() as client:
        async with client.get(f"api/v1/conversations/c0{path}", headers={"Accept-Language": "ru"}) as answer:
            assert answer.status == 404
            assert (await answer.json())["error"]["text"] == "Такого разговора нет. Обновите список."
        status, told = await post(client, "api/v1/conversations/c0/reply", {"id": str(uuid4()), "text": "?"})
    assert (status, told["error"]["code"]) == (404, "unknown_conversation")
    assert not office.store.signals


async def test_a_store_that_is_out_is_503_with_a_sentence(office: Office) -> None:
    who = await office.customer("Вера")
    async with office.client() as client:
        office.store.out = True
        status, told = await post(client, f"api/v1/conversations/{who}/reply", {"id": str(uuid4()), "text": "?"})
        assert status == 503
        assert "try again" in told["error"]["text"]
        assert (await client.get("api/v1/conversations")).status == 503


def test_half_a_surrogate_pair_in_somebodys_words_spoils_no_answer() -> None:
    answer = checks.answer(wire.Me(id="o1", name="В\ud83d", language="ru"))
    assert isinstance(answer.body, bytes)
    assert json.loads(answer.body)["name"] == "В?"


async def test_the_desk_can_be_served_under_a_path() -> None:
    async with open_office(base="/support") as office, office.client() as client:
        assert (await client.get("desk")).status == 200
        assert (await client.get("desk/static/main.js")).status == 200
        assert (await client.get("desk/")).url.path == "/support/desk"
        assert (await get(client, "api/v1/openapi.json"))["servers"] == [{"url": "/support"}]
