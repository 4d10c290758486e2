"""The desk with the real engine behind it: what an operator does to messages reaches the channel, and what became of
it comes back to the desk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest_asyncio
from aiohttp import ClientSession, CookieJar, web

from estafeta.clock import TestClock
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import (
    Capabilities,
    CustomerReacted,
    CustomerSaid,
    OutboundMessage,
    Signal,
    SignalId,
    StatusChanged,
    Text,
)
from estafeta.review import Inbox
from flows import loader
from handoff.desks.web import WebDesk
from storage.sqlite import SqliteStore
from tests.desks.web.office import HEADERS
from tests.engine.words import Words
from tests.world import HOME, RecordingChannel, World

SMALL = Path(__file__).parents[2] / "engine" / "workspace"
ABLE = Capabilities(
    text=4_096, unit="utf16", buttons=10, replies=True, edits=True, deletes=True, reactions="any", idempotent=True
)
WHO = HOME.conversation
NOON = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@dataclass
class Shop:
    """The platform, and an operator's client at its desk."""

    world: World
    client: ClientSession
    desk: WebDesk
    inbox: Inbox

    async def post(self, path: str, **body: Any) -> int:
        given = {"id": str(uuid4()), **body}
        async with self.client.post(f"api/v1/{path}", json=given, headers=HEADERS) as answer:
            status = answer.status
        await self.world.settled()
        return status

    async def get(self, path: str) -> Any:
        async with self.client.get(f"api/v1/{path}") as answer:
            return await answer.json()

    async def said(self, who: str) -> int:
        """The place of the latest message of the customer or the operator."""
        entries = await self.world.entries()
        return [entry.seq for entry in entries if entry.kind == "said" and entry.author.kind == who][-1]

    async def log_in(self, name: str) -> None:
        given = {"code": await self.desk.new_login_code(), "name": name}
        assert (await self.client.post("api/v1/login", json=given, headers=HEADERS)).status == 204

    @property
    def sent(self) -> OutboundMessage:
        return self.world.channel.sent[-1]


@pytest_asyncio.fixture(loop_scope="session")
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    clock = TestClock(NOON)
    store = SqliteStore(tmp_path / "shop.db", clock=clock)
    channel = RecordingChannel(capabilities=ABLE)
    content = loader.load(SMALL)
    inbox = Inbox(store, clock, lambda text, _names: text)
    desk = WebDesk(
        store=store, clock=clock, capabilities=lambda _name, _account: channel.capabilities, workspace=lambda: content,
        correct=inbox.correct,
    )  # fmt: skip
    world = World(
        tmp_path / "shop.db", content, Words(), clock, channel=channel, desk=desk, store=store  # type: ignore[arg-type]
    )  # fmt: skip
    app = web.Application()
    desk.mount(app, world.intake.accept)
    runner = web.AppRunner(app, access_log=None)
    async with world.running():
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        async with ClientSession(address, cookie_jar=CookieJar(unsafe=True)) as client:
            shop = Shop(world=world, client=client, desk=desk, inbox=inbox)
            await shop.log_in("Анна")
            await world.says("Где заказ?")
            yield shop
        await runner.cleanup()


async def test_an_answer_an_edit_a_deletion_and_a_reaction_reach_the_channel(shop: Shop) -> None:
    asked = await shop.said("customer")
    assert await shop.post(f"conversations/{WHO}/reply", text="Уже **едет**", reply_to=asked) == 202
    assert (shop.sent.parts, shop.sent.reply_to) == ((Text(text="Уже **едет**"),), "m0")
    own = await shop.said("operator")
    at = f"conversations/{WHO}/entries/{own}"
    assert await shop.post(f"{at}/edit", text="Завтра") == 202
    assert (shop.sent.does, shop.sent.parts) == ("edit", (Text(text="Завтра"),))
    message = shop.sent.of
    assert await shop.post(f"{at}/delete") == 202
    assert (shop.sent.does, shop.sent.of) == ("delete", message)
    assert await shop.post(f"conversations/{WHO}/entries/{asked}/react", emoji="🙏") == 202
    assert (shop.sent.does, shop.sent.of, shop.sent.emoji) == ("react", "m0", "🙏")
    kinds = [
        (entry["kind"], entry["data"].get("of"))
        for entry in (await shop.get(f"conversations/{WHO}/entries"))["entries"]
    ]
    ids = {entry.seq: entry.id for entry in await shop.world.entries()}
    assert kinds[-3:] == [("edit", ids[own]), ("deletion", ids[own]), ("reaction", ids[asked])]


async def test_what_the_customer_does_to_an_operators_message_is_told_of_it(shop: Shop) -> None:
    await shop.post(f"conversations/{WHO}/reply", text="Едет")
    own = await shop.said("operator")
    message = f"ext-{shop.sent.id}"
    await shop.world.tell(StatusChanged(message=message, status="read"), conversation=WHO)
    await shop.world.tell(CustomerReacted(message=message, emoji="❤"), conversation=WHO)
    await shop.world.settled()
    ids = {entry.seq: entry.id for entry in await shop.world.entries()}
    *_, read, reacted = (await shop.get(f"conversations/{WHO}/entries"))["entries"]
    assert (read["kind"], read["data"]["of"], read["data"]["status"]) == ("delivery", ids[own], "read")
    assert (reacted["kind"], reacted["data"]["of"], reacted["data"]["emoji"]) == ("reaction", ids[own], "❤")


async def test_an_edit_that_the_messenger_refuses_is_told_to_the_operator(shop: Shop) -> None:
    await shop.post(f"conversations/{WHO}/reply", text="Едет")
    shop.world.channel.failures.append(SendFailed("message_missing", "Сообщение уже удалено.", fault="customer"))
    assert await shop.post(f"conversations/{WHO}/entries/{await shop.said('operator')}/edit", text="Завтра") == 202
    assert (await shop.get(f"conversations/{WHO}"))["told"]["text"] == "Сообщение уже удалено."


async def test_an_undelivered_message_is_sent_again(shop: Shop) -> None:
    await shop.post(f"conversations/{WHO}/move", move="take")
    shop.world.channel.failures.append(SendFailed("blocked", "Клиент заблокировал бота.", fault="customer"))
    await shop.post(f"conversations/{WHO}/reply", text="Едет")
    (item,) = (await shop.get("undelivered"))["undelivered"]
    assert (item["what"], item["why"], item["seq"]) == (
        "Едет",
        "Клиент заблокировал бота.",
        await shop.said("operator"),
    )
    assert await shop.post(f"undelivered/{item['item']}", conversation=WHO, move="resend") == 202
    assert (await shop.get("undelivered"))["undelivered"] == []
    assert shop.sent.parts == (Text(text="Едет"),)
    statuses = [entry.data["status"] for entry in await shop.world.entries() if entry.kind == "delivery"]
    assert statuses == ["failed", "sent"]


async def test_a_colleagues_conversation_an_undo_and_a_time_to_come_back(shop: Shop) -> None:
    await shop.post(f"conversations/{WHO}/move", move="take")
    mine = str(uuid4())
    await shop.post(f"conversations/{WHO}/reply", id=mine, text="Едет")
    assert shop.sent.parts == (Text(text="Едет"),)
    await shop.post(f"conversations/{WHO}/undo", message=mine)
    assert shop.sent.does == "delete"
    until = NOON + timedelta(hours=3)
    await shop.post(f"conversations/{WHO}/move", move="hold", until=until.isoformat(), text="ждём склад")
    told = await shop.get(f"conversations/{WHO}")
    assert (told["row"]["state"], told["card"]["held_until"]) == ("held", "2026-11-20T12:00:00Z")
    await shop.log_in("Борис")
    sent, theirs = len(shop.world.channel.sent), str(uuid4())
    await shop.post(f"conversations/{WHO}/reply", id=theirs, text="Я отвечу")
    assert len(shop.world.channel.sent) == sent
    assert (await shop.get(f"conversations/{WHO}"))["conflicts"] == [{"message": theirs, "name": "Анна"}]
    await shop.post(f"conversations/{WHO}/reply", text="Я отвечу", sure=True)
    assert shop.sent.parts == (Text(text="Я отвечу"),)
    await shop.post(f"conversations/{WHO}/move", move="close", resolution="нашли")
    row = (await shop.get(f"conversations/{WHO}"))["row"]
    assert row["stage"] == "human", "it is a colleague's"
    await shop.post(f"conversations/{WHO}/move", move="close", resolution="нашли", sure=True)
    row = (await shop.get(f"conversations/{WHO}"))["row"]
    assert (row["stage"], row["resolution"]) == ("bot", "нашли")


async def test_what_the_bot_said_because_of_an_operator_is_not_the_operators(shop: Shop) -> None:
    await shop.post(f"conversations/{WHO}/move", move="take")
    said = [entry for entry in await shop.world.entries() if entry.kind == "said"]
    assert said[-1].id.startswith("web.")
    assert said[-1].author.kind != "operator"
    assert await shop.post(f"conversations/{WHO}/entries/{said[-1].seq}/delete") == 403


async def test_a_message_of_a_channel_that_lost_an_ability_is_refused_at_once(shop: Shop) -> None:
    await shop.post(f"conversations/{WHO}/reply", text="Едет")
    shop.world.channel.capabilities = replace(ABLE, edits=False)
    at = f"conversations/{WHO}/entries/{await shop.said('operator')}"
    assert await shop.post(f"{at}/edit", text="Завтра") == 409


async def test_what_the_bot_should_have_understood_waits_for_who_teaches_it(shop: Shop) -> None:
    """Said in two messages, which are understood as one, and corrected by the first."""
    words = ("I never", "got it")
    await shop.world.intake.accept(
        [
            Signal(
                id=SignalId(f"burst{number}"), at=NOON, address=HOME,
                event=CustomerSaid(message=f"b{number}", parts=(Text(text=said),)),
            )
            for number, said in enumerate(words)
        ]
    )  # fmt: skip
    await shop.world.settled()
    first, last = [entry for entry in await shop.world.entries() if entry.text in words]
    path = f"api/v1/conversations/{WHO}/entries/{first.seq}/intent"
    async with shop.client.post(path, json={"intent": "order_status"}, headers=HEADERS) as answer:
        assert answer.status == 204, await answer.text()
    (noted,) = await shop.inbox.waiting()
    assert (noted.why, noted.wanted) == ("corrected", "order_status")
    assert (noted.seq, noted.text) == (last.seq, "I never\ngot it")
