"""What operators do with a conversation besides answering, over a real server: the signals they leave."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import ClientSession

from estafeta.kernel.model import Notice, Offer, OperatorSaid, OperatorUndid, Past, Stage, Survey, TicketMoved
from tests.desks.web.office import HEADERS, Office, operator


async def post(client: ClientSession, path: str, **body: Any) -> tuple[int, Any]:
    given = {"id": str(uuid4()), **body}
    async with client.post(f"api/v1/{path}", json=given, headers=HEADERS) as answer:
        return answer.status, await answer.json() if answer.content_type == "application/json" else None


async def opened(client: ClientSession, who: str) -> Any:
    async with client.get(f"api/v1/conversations/{who}") as answer:
        assert answer.status == 200
        return await answer.json()


def moves(office: Office) -> list[TicketMoved]:
    return [signal.event for signal in office.store.signals.values() if isinstance(signal.event, TicketMoved)]


async def test_every_move_reaches_the_engine_with_what_it_takes(office: Office) -> None:
    who = await office.customer("Вера", stage=Stage.QUEUED)
    until = office.clock.now() + timedelta(hours=2)
    async with office.client() as client:
        asked: list[dict[str, Any]] = [
            {"move": "take"},
            {"move": "tag", "tags": ["бой", " бой ", "vip"]},
            {"move": "untag", "tags": ["vip"]},
            {"move": "priority", "priority": 5},
            {"move": "hold", "until": until.isoformat(), "text": "ждём склад"},
            {"move": "resume"},
            {"move": "ask_contact"},
            {"move": "block"},
            {"move": "unblock"},
            {"move": "transfer", "skill": "returns"},
            {"move": "close", "resolution": " Заменили\nлампу "},
        ]
        for body in asked:
            assert (await post(client, f"conversations/{who}/move", **body))[0] == 202, body
    made = moves(office)
    assert [one.move for one in made] == [body["move"] for body in asked]
    assert made[1].tags == ("бой", "vip")
    assert (made[4].until, made[4].text) == (until, "ждём склад")
    assert made[9].skill == "returns"
    assert made[10].resolution == "Заменили лампу"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"move": "transfer"}, 400, "transfer_where"),
        ({"move": "transfer", "skill": "delivery", "to": "o1"}, 400, "transfer_where"),
        ({"move": "transfer", "skill": "nothing"}, 400, "unknown_skill"),
        ({"move": "transfer", "to": "nobody"}, 400, "unknown_member"),
        ({"move": "hold"}, 400, "hold_until"),
        ({"move": "hold", "until": "2020-01-01T00:00:00Z"}, 400, "hold_until"),
        ({"move": "hold", "until": "2999-01-01T00:00:00Z"}, 400, "hold_until"),
        ({"move": "hold", "until": "2026-12-01T10:00:00"}, 400, "field_zone"),
        ({"move": "return", "flow": "nothing"}, 400, "unknown_flow"),
        ({"move": "tag"}, 400, "field_empty"),
        ({"move": "tag", "tags": ["x" * 41]}, 400, "field_too_long"),
        ({"move": "tag", "tags": [f"t{n}" for n in range(11)]}, 400, "field_too_many"),
        ({"move": "priority", "priority": 11}, 400, "field_wrong"),
        ({"move": "vanish"}, 400, "field_choice"),
    ],
)
async def test_a_move_that_says_too_little_or_too_much_is_told_in_a_sentence(
    office: Office, body: dict[str, Any], status: int, code: str
) -> None:
    who = await office.customer("Вера", stage=Stage.QUEUED)
    async with office.client() as client:
        told = await post(client, f"conversations/{who}/move", **body)
    assert (told[0], told[1]["error"]["code"]) == (status, code)
    assert told[1]["error"]["text"]
    assert not office.store.signals


async def test_what_the_bot_has_is_not_put_off_or_passed_on(office: Office) -> None:
    who = await office.customer("Вера")
    async with office.client() as client:
        status, told = await post(client, f"conversations/{who}/move", move="transfer", skill="returns")
        assert (status, told["error"]["code"]) == (409, "no_ticket")


async def test_it_goes_back_to_the_bot_at_a_flow(office: Office) -> None:
    who = await office.customer("Вера", stage=Stage.QUEUED)
    async with office.client() as client:
        async with client.get("api/v1/me") as answer:
            me = await answer.json()
        assert me["flows"] == [{"name": "order-status", "titles": {"en": "Where is my order", "ru": "Где мой заказ"}}]
        assert me["undo"] == 5
        assert (await post(client, f"conversations/{who}/move", move="return", flow="order-status"))[0] == 202
    assert [(one.move, one.flow) for one in moves(office)] == [("return", "order-status")]


async def test_an_answer_is_taken_back_by_its_own_id(office: Office) -> None:
    who = await office.customer("Вера", stage=Stage.QUEUED)
    async with office.client() as client:
        message = str(uuid4())
        await post(client, f"conversations/{who}/reply", id=message, text="Ой")
        assert (await post(client, f"conversations/{who}/undo", message=message))[0] == 202
        assert (await post(client, f"conversations/{who}/undo", message="x"))[0] == 400
    undone = [signal.event for signal in office.store.signals.values() if isinstance(signal.event, OperatorUndid)]
    assert [one.message for one in undone] == [message]


async def test_words_beside_a_colleague_are_not_lost_and_go_when_one_is_sure(office: Office) -> None:
    who = await office.customer("Вера", stage=Stage.HUMAN, assignee="Борис")
    async with office.client() as client:
        message = str(uuid4())
        assert (await post(client, f"conversations/{who}/reply", id=message, text="Я отвечу"))[0] == 202
        assert (await opened(client, who))["conflicts"] == [{"message": message, "name": "Борис"}]
        assert (await post(client, f"conversations/{who}/reply", text="Я отвечу", sure=True))[0] == 202
    said = [signal.event for signal in office.store.signals.values() if isinstance(signal.event, OperatorSaid)]
    assert [one.sure for one in said] == [False, True]
    entries = await office.store.entries((await office.stored(who)).id)
    assert [entry.text for entry in entries if entry.kind == "said"] == ["Я отвечу"]


async def test_of_a_conflict_only_the_id_is_kept_and_not_for_long(office: Office) -> None:
    who = await office.customer("Вера", stage=Stage.HUMAN, assignee="Борис")
    for number in range(25):
        await office.notify(who, Notice(kind="conflict", text="Борис", message=f"m{number}"))
    async with office.client() as client:
        told = (await opened(client, who))["conflicts"]
        assert [one["message"] for one in told] == [f"m{number}" for number in range(5, 25)]
        office.clock.move(timedelta(hours=1))
        assert (await opened(client, who))["conflicts"] == []
    assert not [key for key in office.store.values if key.startswith("desk.conflict")]


async def test_a_sentence_carries_its_values_and_whom_it_is_for(office: Office) -> None:
    who = await office.customer("Вера", stage=Stage.HUMAN, assignee="Борис")
    await office.inform(who, "taken_over", values={"name": "Глеб"}, people=("o7",), message="m1")
    async with office.client() as client:
        told = (await opened(client, who))["told"]
    assert (told["text"], told["values"], told["people"]) == ("taken_over", {"name": "Глеб"}, ["o7"])
    assert told["message"] == "m1"


async def test_the_row_and_the_card_tell_how_it_stands(office: Office) -> None:
    who = await office.customer("Вера", stage=Stage.QUEUED, waits=timedelta(minutes=4))
    now = office.clock.now()
    held = await office.stored(who)
    assert held.ticket is not None
    past = Past(
        id=held.ticket.id, reason=held.ticket.reason, skill="delivery", opened_at=now - timedelta(days=2),
        ended_at=now - timedelta(days=1), how="closed", assignee=operator("Глеб"), request="Где заказ?",
        resolution="Нашли", tags=("склад",),
    )  # fmt: skip
    async with office.client() as client:
        async with client.get("api/v1/me") as answer:
            me = (await answer.json())["id"]
        offer = Offer(to=(me, "elsewhere"), at=now, until=now + timedelta(minutes=2), rung=1)
        ticket = replace(held.ticket, priority=5, tags=("vip",), offer=offer)
        survey = Survey(about="person", asked_at=now, rating="bad")
        await office.commit(replace(held, ticket=ticket, past=(past,), survey=survey, blocked=True))
        told = await opened(client, who)
    row, card = told["row"], told["card"]
    assert (row["state"], row["priority"], row["tags"], row["offered"], row["blocked"]) == (
        "waiting", 5, ["vip"], True, True,
    )  # fmt: skip
    assert row["answer_by"] == card["first_by"] == (now + timedelta(minutes=6)).isoformat().replace("+00:00", "Z")
    assert (row["resolution"], card["rating"], card["rated"]) == ("Нашли", "bad", "person")
    assert (card["offer"]["to"], card["offer"]["rung"]) == (["Анна", "elsewhere"], 1)
    assert [(one["how"], one["assignee"], one["resolution"]) for one in card["past"]] == [("closed", "Глеб", "Нашли")]


async def test_the_state_says_who_is_to_speak_next(office: Office) -> None:
    async with office.client() as client:
        who = await office.customer("Вера", stage=Stage.HUMAN)
        await office.say(who, "customer", "Ау")
        assert (await opened(client, who))["row"]["state"] == "waiting"
        await office.say(who, "operator", "Да")
        assert (await opened(client, who))["row"]["state"] == "answered"
        until = office.clock.now() + timedelta(hours=1)
        await post(client, f"conversations/{who}/move", move="hold", until=until.isoformat())
        assert (await opened(client, who))["row"]["state"] == "held"
        await post(client, f"conversations/{who}/move", move="close")
        row = (await opened(client, who))["row"]
        assert (row["state"], row["ended_at"] is not None) == ("bot", True)
