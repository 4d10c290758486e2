"""A bot that works in operators' groups and has no customers; and invitations, which come to any bot."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from bots.telegram.config import TelegramConfig, TelegramGroup
from bots.telegram.receive import Receiver, Route
from estafeta.kernel.model import CustomerSaid
from tests.telegram.stage import Stage, eventually, staged

TOKEN, OTHER = SecretStr("700:AAAA-of_the_customers"), SecretStr("800:BBBB-of_the_desk")


class Desk:
    def __init__(self) -> None:
        self.heard: list[Any] = []

    async def handle(self, raw: Any) -> tuple[None, None]:
        self.heard.append(raw)
        return None, None


def receiver(stage: Stage, **more: Any) -> Receiver:
    routes: dict[int, Route] = more.pop("routes", {})
    return Receiver(stage.client, "shop", clock=stage.clock, routes=routes, set_aside=stage.aside, **more)


def private(text: str, number: int = 1) -> Any:
    chat = {"id": 7, "type": "private", "first_name": "Anna"}
    message = {"message_id": number, "date": 1, "chat": chat, "from": {**chat, "is_bot": False}, "text": text}
    return {"update_id": number, "message": message}


async def test_an_invitation_is_the_desks_and_all_else_a_customers() -> None:
    async with staged() as stage:
        desk = Desk()
        takes = receiver(stage, starts={"op_": desk.handle})
        invited = private("/start op_abc", 1)
        others = [
            private("/start order42", 2),
            private("/start", 3),
            private("op_abc", 4),
            private("/start op_ abc", 5),
        ]
        await takes.take([invited, *others], stage.inbox)
        assert desk.heard == [invited]
        assert len([one for one in stage.inbox.signals if isinstance(one.event, CustomerSaid)]) == 4


async def test_an_invitation_in_a_group_is_none() -> None:
    async with staged() as stage:
        desk = Desk()
        update = private("/start op_abc")
        update["message"]["chat"] = {"id": -100, "type": "supergroup", "title": "x"}
        await receiver(stage, starts={"op_": desk.handle}).take([update], stage.inbox)
        assert desk.heard == []


async def test_a_bot_without_customers_hands_everything_to_the_desk() -> None:
    async with staged() as stage:
        desk = Desk()
        updates = [private("Где мой заказ?"), {"update_id": 2, "business_message": {}}, {"update_id": 3}, None]
        await receiver(stage, others=desk.handle).take(updates, stage.inbox)
        assert desk.heard == updates
        assert stage.inbox.signals == []


async def test_who_leaves_a_group_is_the_groups_business() -> None:
    async with staged() as stage:
        desk, group = Desk(), stage.fake.group()
        stage.routes = {group.id: desk.handle}
        async with stage.listening():
            await eventually(lambda: "chat_member" in stage.fake.updates.allowed)
            anna = group.operator("Анна")
            anna.leaves()

            def left() -> list[Any]:
                told = [raw["chat_member"]["new_chat_member"] for raw in desk.heard if "chat_member" in raw]
                return [member for member in told if member["status"] == "left"]

            await eventually(lambda: bool(left()))
        assert left()[-1]["user"]["id"] == anna.id


def test_the_desks_bot_has_a_name_and_a_token_of_its_own() -> None:
    config = TelegramConfig(token=TOKEN, desk_token=OTHER, group_id=-1001, groups=(TelegramGroup(id=-1002),))
    assert config.desk_bot.token == OTHER
    assert config.desk_bot.name == "700-desk"
    assert [group.id for group in config.desk_bot.desk_groups] == [-1001, -1002]
    assert TelegramConfig(token=TOKEN, group_id=-1001).desk_bot.token == TOKEN


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"desk_token": OTHER}, "need a group_id"),
        ({"groups": ({"id": -1002},)}, "need a group_id"),
        ({"group_id": -1001, "groups": ({"id": -1001},)}, "twice"),
        ({"group_id": -1001, "groups": ({"id": 1002},)}, "negative"),
        ({"group_id": -1001, "desk_token": SecretStr("700:AAAA-another_secret")}, "this very bot's"),
        ({"group_id": -1001, "desk_token": SecretStr("nonsense")}, "no bot token"),
    ],
)
def test_what_does_not_go_together_is_refused(more: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        TelegramConfig(token=TOKEN, **more)
