"""Several groups as one desk: where a topic is made, where it stays, and what is typed where it no longer is."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from aiogram.methods import SendMessage

from bots.telegram.client import TelegramClient, Upload
from bots.telegram.config import TelegramLimits
from bots.telegram.content import origin, parts_of
from estafeta.fakes.telegram import Group as Room
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import Address, Notice, OperatorSaid, Stage
from estafeta.kernel.ports import DeskView
from handoff.desks.telegram_forum import TelegramForumDesk
from handoff.desks.telegram_forum.groups import Group, TelegramGroups
from handoff.desks.telegram_forum.load import Budgets
from tests.contracts.desk_contract import item, make_view, placed
from tests.desks.telegram_forum.office import CARD, STATE, Office, office

REAL = TelegramLimits()


class Building:
    """An office with two more groups: one of the couriers, and one that helps out."""

    def __init__(self, at: Office) -> None:
        self.at = at
        self.fake = at.fake
        self.hall = at.group
        self.couriers, self.annexe = at.fake.group("Курьеры"), at.fake.group("Запасная")
        self.skills = {self.hall.id: (), self.couriers.id: ("delivery",), self.annexe.id: ()}
        for room in (self.couriers, self.annexe):
            room.operator("Анна", status="member")
        self.desk = self.worker()
        at.stage.routes = {}

    def worker(self) -> TelegramGroups:
        """As of another process: it knows nothing but the store."""
        client = self.at.stage.client
        budgets = Budgets({room: partial(client.load, room) for room in self.skills}, clock=self.at.stage.clock)
        groups = [Group(desk=self._desk(client, room), skills=skills) for room, skills in self.skills.items()]
        return TelegramGroups(client, groups, store=self.at.store, budgets=budgets, overflow_after=5.0)

    def _desk(self, client: TelegramClient, room: int) -> TelegramForumDesk:
        return TelegramForumDesk(
            client, room, clock=self.at.stage.clock, store=self.at.store, attachments=self.at.attachments,
            parts_of=partial(parts_of, account="shop"), upload=Upload, origin=origin("shop"), rests=0.0,
            roster=self.at.roster,
        )  # fmt: skip

    async def show(self, notice: Notice, view: DeskView, desk: TelegramGroups | None = None) -> DeskView:
        shown = desk or self.desk
        return placed(view, shown, await shown.show(item(), notice, view))

    def where(self, view: DeskView) -> int:
        return int(view.conversation.threads[self.desk.name].address.account)

    def topics(self) -> list[int]:
        return [len(room.topics) for room in (self.hall, self.couriers, self.annexe)]

    async def typed(self, room: Room, topic: int, text: str) -> tuple[Any, Any]:
        """What the desk makes of it, and what it does about it afterwards."""
        message = room.operator("Анна").says(text, topic=topic)
        signal, after = await self.desk.handle({"update_id": message["message_id"], "message": message})
        if after is not None:
            await after(None)
        return signal, after

    async def fill(self, room: Room) -> None:
        client = self.at.stage.client
        while (load := client.load(room.id)) is not None and load.used < load.most:
            await client.call(SendMessage(chat_id=room.id, text=str(load.used)))


@pytest.fixture
async def building() -> AsyncIterator[Building]:
    async with _building() as made:
        yield made


@contextlib.asynccontextmanager
async def _building() -> AsyncIterator[Building]:
    async with office(pace=REAL) as at:
        yield Building(at)


def of_skill(skill: str, name: str = "Анна Смирнова") -> DeskView:
    view = make_view(name)
    assert view.conversation.ticket is not None
    ticket = replace(view.conversation.ticket, skill=skill)
    return replace(view, conversation=replace(view.conversation, ticket=ticket))


async def test_a_group_that_names_the_skill_comes_first(building: Building) -> None:
    courier = await building.show(CARD, of_skill("delivery"))
    other = await building.show(CARD, of_skill("general", "Борис"))
    assert building.where(courier) == building.couriers.id
    assert building.where(other) == building.hall.id
    assert building.topics() == [1, 1, 0]


async def test_the_topic_stays_where_it_is_for_every_worker(building: Building) -> None:
    view = await building.show(CARD, of_skill("delivery"))
    held = replace(view, conversation=replace(view.conversation, stage=Stage.HUMAN))
    await building.show(STATE, held, building.worker())
    again = await building.show(CARD, of_skill("delivery"), building.worker())
    assert building.where(again) == building.couriers.id
    assert building.topics() == [0, 1, 0]


async def test_a_group_that_is_behind_overflows_into_the_next(building: Building) -> None:
    await building.fill(building.hall)
    view = await building.show(CARD, of_skill("general"))
    assert building.where(view) == building.annexe.id
    assert building.topics() == [0, 0, 1]


async def test_a_choice_outlives_a_crash_before_the_topic_was_made(building: Building) -> None:
    building.fake.fail("createForumTopic", status=500)
    with pytest.raises(SendFailed):
        await building.show(CARD, of_skill("general"))
    building.fake.faults.planned.clear()
    for _ in range(17):
        await building.at.stage.client.call(SendMessage(chat_id=building.hall.id, text="."))
    other = building.worker()  # whatever group it would choose: the choice is made
    view = await building.show(CARD, of_skill("general"), other)
    assert building.where(view) == building.hall.id


async def test_what_is_about_nothing_there_makes_no_topic(building: Building) -> None:
    receipt = await building.desk.show(item(), STATE, of_skill("general"))
    assert receipt.thread is None
    assert building.topics() == [0, 0, 0]


async def test_a_ticket_passed_on_to_another_groups_skill_moves_there(building: Building) -> None:
    view = await building.show(CARD, of_skill("general"))
    old = building.hall.topics[0].id
    passed = replace(view, conversation=replace(of_skill("delivery").conversation, threads=view.conversation.threads))
    moved = await building.show(STATE, passed)
    assert building.where(moved) == building.couriers.id
    assert any("в другую группу" in text for text in building.fake.shown(building.hall, topic=old))

    signal, _ = await building.typed(building.hall, old, "Клиенту это не уйдёт")
    assert signal is None
    assert "Отсюда клиенту ничего не уходит" in building.fake.shown(building.hall, topic=old)[-1]
    new = building.couriers.topics[0].id
    await building.at.store.link(
        Address(channel=building.desk.name, account=str(building.couriers.id), chat=str(new)), view.conversation.id
    )
    signal, _ = await building.typed(building.couriers, new, "А это уйдёт")
    assert isinstance(signal.event, OperatorSaid)


async def test_a_receipt_of_the_group_before_is_not_shown_on_a_message_of_this_one(building: Building) -> None:
    for number in range(5):
        building.couriers.operator("Анна").says(f"Болтаем {number}")
    view = await building.show(CARD, of_skill("delivery"))
    earlier = str(building.couriers.topics[0].id - 1)
    await building.desk.show(item(), Notice(kind="receipt", message=earlier, text="sent"), view)
    assert building.fake.calls_of("setMessageReaction") == []


async def test_a_group_that_moved_is_the_same_group(building: Building) -> None:
    view = await building.show(CARD, of_skill("delivery"))
    topic, old = building.couriers.topics[0].id, building.couriers.id
    await building.at.store.link(view.conversation.threads[building.desk.name].address, view.conversation.id)
    building.at.stage.client.follow(old, building.couriers.migrates())
    signal, _ = await building.typed(building.couriers, topic, "Мы переехали")
    assert signal.address == Address(channel=building.desk.name, account=str(old), chat=str(topic))


async def test_all_groups_are_checked(building: Building) -> None:
    assert await building.desk.check() == []
    building.couriers.set_bot("administrator", without=("can_manage_topics",))
    [wrong] = await building.desk.check()
    assert str(building.couriers.id) in wrong


@pytest.mark.parametrize(
    "raw",
    [None, [], {}, {"message": 3}, {"update_id": 1, "callback_query": {"message": None}}, {"message": {"chat": 1}}],
)
async def test_what_is_no_update_is_nobodys(building: Building, raw: Any) -> None:
    assert await building.desk.handle(raw) == (None, None)


async def test_one_group_needs_no_notes_of_where_things_are(building: Building) -> None:
    building.skills = {building.hall.id: ()}
    await building.show(CARD, of_skill("delivery"), building.worker())
    assert not any(key.startswith("forum.of.") for key in building.at.store.kept)


def test_a_desk_has_a_group() -> None:
    with pytest.raises(ValueError, match="needs a group"):
        TelegramGroups(None, [], store=None, budgets=None)  # type: ignore[arg-type]
