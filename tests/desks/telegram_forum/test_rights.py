"""The bot may not work in its group any more: that is said, nothing is lost meanwhile, and others take over."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import Notice, OutboxId, Stage, Text
from estafeta.kernel.ports import DeskView
from tests.contracts.desk_contract import everything, item, make_view, placed
from tests.desks.telegram_forum.office import CARD, STATE, Office, listening, moved, office, stored
from tests.desks.telegram_forum.test_groups import Building, of_skill
from tests.telegram.stage import eventually

WAITS = ("paced", "paced_midway")
Loss = Callable[[Office], None]


@pytest.fixture
async def at() -> AsyncIterator[Office]:
    async with office() as at, listening(at):
        yield at


async def insisting(at: Office, notice: Notice, view: DeskView, outbox: OutboxId | None = None) -> DeskView:
    """As the outbox does: what waits for its turn is asked for again, as often as it takes."""
    same = outbox or item()
    while True:
        try:
            return await at.show(notice, view, outbox=same)
        except SendFailed as failed:
            if failed.code not in WAITS:
                raise
            await asyncio.sleep(0.002)


def no_topics(at: Office) -> None:
    at.group.set_bot("administrator", without=("can_manage_topics",))


def no_admin(at: Office) -> None:
    at.group.set_bot("member")


def kicked(at: Office) -> None:
    at.group.set_bot("kicked")


def no_forum(at: Office) -> None:
    """Telegram tells nobody."""
    del at.group.chat.brief["is_forum"]


def healed(at: Office) -> None:
    at.group.chat.brief["is_forum"] = True
    at.group.set_bot("administrator")


LOSSES = {"no_topics": no_topics, "not_admin": no_admin, "out": kicked, "not_a_forum": no_forum}


@contextlib.asynccontextmanager
async def begun(work: Awaitable[Any]) -> AsyncIterator[asyncio.Task[Any]]:
    task = asyncio.ensure_future(work)
    yield task
    async with asyncio.timeout(10):
        await task


@pytest.mark.parametrize("code", LOSSES)
async def test_a_card_waits_for_the_rights_and_comes_as_soon_as_they_are_back(at: Office, code: str) -> None:
    with capture_logs() as logs:
        LOSSES[code](at)
        async with begun(insisting(at, CARD, make_view("Анна", "где заказ"))) as showing:
            await eventually(lambda: at.desk.trouble is not None)
            assert at.desk.trouble is not None
            assert at.desk.trouble.code == code
            assert not showing.done()
            healed(at)
        view = showing.result()
    assert "где заказ" in at.shown(at.topic(view))[0]
    assert len(at.group.topics) == 1
    told = [line for line in logs if line["event"] == "operators_group_not_ready"]
    assert [line["group"] for line in told] == [at.group.id]
    assert any(words in told[0]["sentence"] for words in ("add it again", "Make it", "Give it", "enable them"))
    assert any(line["event"] == "operators_group_ready_again" for line in logs)


@pytest.mark.parametrize("loss", [no_topics, no_admin])
async def test_the_loss_and_the_return_are_noticed_at_once_and_said_in_the_group(at: Office, loss: Loss) -> None:
    loss(at)
    await eventually(lambda: any("⚠️" in text for text in at.fake.shown(at.group)))
    [said] = [text for text in at.fake.shown(at.group) if "⚠️" in text]
    assert "управлять темами" in said
    kept = await at.store.get(f"forum.trouble.{at.group.id}")
    assert (said, "may not" in kept["en"] or "no administrator" in kept["en"]) == (kept["ru"], True)
    healed(at)
    await eventually(lambda: any("✅ Бот снова" in text for text in at.fake.shown(at.group)))
    assert await at.store.get(f"forum.trouble.{at.group.id}") is None


async def test_without_the_right_to_make_topics_those_that_are_there_go_on(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна", "где заказ"))
    no_topics(at)
    await eventually(lambda: at.desk.trouble is not None)
    await at.show(Notice(kind="said", entries=everything(view)), view)
    assert "где заказ" in at.shown(at.topic(view))[-1]
    at.anna.says("Отвечаю", topic=at.topic(view))
    [signal] = await at.stage.inbox.have()
    assert signal.address == view.conversation.threads[at.desk.name].address


async def test_a_bot_that_hears_nobody_shows_nothing_until_it_does(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна", "где заказ"))
    no_admin(at)
    await eventually(lambda: at.desk.trouble is not None)
    before = at.messages(at.topic(view))
    words = insisting(at, Notice(kind="said", entries=everything(view)), view)
    async with begun(words), begun(insisting(at, STATE, moved(view, Stage.HUMAN, "taken"))):
        await asyncio.sleep(0.1)
        assert at.messages(at.topic(view)) == before
        healed(at)
    assert "где заказ" in at.shown(at.topic(view))[-1]


async def test_a_drawing_waits_too() -> None:
    async with office(rests=0.2) as at:
        view = await stored(at, await at.show(CARD, make_view("Анна", "где заказ")))
        async with listening(at):
            no_admin(at)
            await eventually(lambda: at.desk.trouble is not None)
            await stored(at, moved(view, Stage.BOT, "closed"), before=1)
            await at.desk._painter.want(view.conversation.id, within=0.0)
            await asyncio.sleep(0.1)
            assert at.icon(at.topic(view)) == "‼️"
            healed(at)
            await at.fake.wait(lambda: at.icon(at.topic(view)) == "✅")


async def test_other_processes_know_it_by_the_store(at: Office) -> None:
    other = at.make_desk(at.stage.client)
    task = asyncio.create_task(other._rights.watch())
    try:
        kicked(at)
        await eventually(lambda: other.trouble is not None)
        healed(at)
        await eventually(lambda: other.trouble is None)
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_what_telegram_does_not_tell_is_asked_for(at: Office) -> None:
    no_forum(at)
    async with begun(insisting(at, CARD, make_view())):
        await eventually(lambda: at.desk.trouble is not None)
        at.group.chat.brief["is_forum"] = True  # and no update about it
    assert at.desk.trouble is None


async def test_a_failure_that_is_not_the_groups_is_told_after_another_try(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна", "где заказ"))
    for _ in range(2):
        at.fake.fail("sendMessage", status=400, description="Bad Request: not enough rights to send text messages")
    with pytest.raises(SendFailed) as failed:
        await insisting(at, Notice(kind="info", text="весть"), view)
    assert failed.value.code == "no_rights"
    assert at.desk.trouble is None


async def test_a_check_that_fails_changes_nothing(at: Office) -> None:
    at.fake.fail("getChat", status=500)
    at.fake.fail("getChat", status=500)
    no_topics(at)
    await eventually(lambda: not [fault for fault in at.fake.faults.planned if fault.method == "getChat"][1:])
    assert at.desk.trouble is None


# --- several groups ------------------------------------------------------------------------------


@pytest.fixture
async def building() -> AsyncIterator[Building]:
    async with office() as at:
        yield Building(at)


async def as_the_outbox(building: Building, notice: Notice, view: DeskView) -> DeskView:
    same = item()
    async with asyncio.timeout(10):
        while True:
            try:
                return placed(view, building.desk, await building.desk.show(same, notice, view))
            except SendFailed as failed:
                if failed.code not in WAITS:
                    raise
                await asyncio.sleep(0.002)


async def test_another_group_of_the_skill_takes_over_new_tickets(building: Building) -> None:
    building.hall.set_bot("kicked")
    view = await as_the_outbox(building, CARD, of_skill("general"))
    assert building.where(view) == building.annexe.id
    again = await as_the_outbox(building, CARD, of_skill("general", "Борис"))
    assert building.where(again) == building.annexe.id
    assert building.topics() == [0, 0, 2]


@pytest.mark.parametrize("kind", ["said", "state", "reminder", "receipt"])
async def test_a_ticket_whose_group_is_lost_moves_with_what_nobody_answered(building: Building, kind: Any) -> None:
    at = building.at
    view = await building.show(CARD, of_skill("general"))
    at.desk = building.desk  # type: ignore[assignment]
    view = await at.says(view, Text(text="первые слова " * 40))
    building.hall.set_bot("member")
    entries = everything(view)[-1:] if kind == "said" else ()
    notice = Notice(kind=kind, entries=entries, message="999999" if kind == "receipt" else "", text="sent: ")
    await building.desk._groups[building.hall.id].desk._rights.look()  # type: ignore[attr-defined]
    moved_there = await as_the_outbox(building, notice, view)
    assert building.where(moved_there) == building.annexe.id
    topic = building.annexe.topics[0].id
    card, *rest = building.fake.shown(building.annexe, topic=topic)
    assert "ждёт человека" in card
    assert any("первые слова первые слова" in text for text in rest)


async def test_where_no_group_of_the_skill_is_left_it_waits_for_its_own(building: Building) -> None:
    for room in (building.hall, building.annexe):
        room.set_bot("kicked")
    task = asyncio.create_task(as_the_outbox(building, CARD, of_skill("general")))
    desks = [building.desk._groups[room.id].desk for room in (building.hall, building.annexe)]
    await eventually(lambda: all(desk.trouble is not None for desk in desks))
    building.annexe.set_bot("administrator")
    await desks[1]._rights.look()  # type: ignore[attr-defined]
    view = await task
    assert building.where(view) == building.annexe.id
    assert building.topics() == [0, 0, 1]
