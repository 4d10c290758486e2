"""Callback API against a real receiver: confirmation, `ok`, repeats, order, and servers that are given up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from estafeta.fakes.vk import CallbackSettings, Community, FakeVk, Participant, WebhookFaults
from tests.fakes.vk.conftest import Client


@dataclass
class Receiver:
    """A bot's callback server; `answers` are for the next events, then `ok`."""

    url: str = ""
    code: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    retries: list[str | None] = field(default_factory=list)
    answers: list[web.Response] = field(default_factory=list)
    hold: asyncio.Event | None = None

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        event = await request.json()
        if event["type"] == "confirmation":
            return web.Response(text=self.code)
        self.events.append(event)
        self.retries.append(request.headers.get("X-Retry-Counter"))
        if self.hold is not None:
            await self.hold.wait()
        return self.answers.pop(0) if self.answers else web.Response(text="ok")

    def texts(self) -> list[str]:
        return [event["object"]["message"]["text"] for event in self.events]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiving = Receiver()
    runner = web.ServerRunner(web.Server(receiving), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiving.url = f"http://127.0.0.1:{runner.addresses[0][1]}/vk"
    yield receiving
    if receiving.hold is not None:
        receiving.hold.set()
    await runner.cleanup()


async def connected(fake: FakeVk, shop: Community, client: Client, receiver: Receiver, **kinds: int) -> int:
    """A confirmed callback server; its id."""
    here = {"group_id": shop.id}
    receiver.code = (await client.call("groups.getCallbackConfirmationCode", **here))["code"]
    added = await client.call(
        "groups.addCallbackServer", **here, url=receiver.url, title="estafeta", secret_key="sesame"
    )
    number = int(added["server_id"])
    await fake.wait(lambda: fake.callback.servers[number].status == "ok")
    await client.call("groups.setCallbackSettings", **here, server_id=number, **(kinds or {"message_new": 1}))
    return number


async def test_a_server_is_confirmed_and_gets_what_it_asked_for(
    fake: FakeVk, shop: Community, ivan: Participant, client: Client, receiver: Receiver
) -> None:
    ivan.says("до подключения")
    number = await connected(fake, shop, client, receiver)
    ivan.says("раз")
    ivan.types()
    ivan.says("два")
    await fake.wait(lambda: len(receiver.events) == 2)
    assert receiver.texts() == ["раз", "два"]
    assert {event["secret"] for event in receiver.events} == {"sesame"}
    assert {event["group_id"] for event in receiver.events} == {shop.id}
    assert set(receiver.events[0]) == {"type", "object", "group_id", "event_id", "v", "secret"}
    assert receiver.retries == [None, None]
    servers = await client.call("groups.getCallbackServers", group_id=shop.id)
    assert [(s["id"], s["status"], s["url"]) for s in servers["items"]] == [(number, "ok", receiver.url)]
    settings = await client.call("groups.getCallbackSettings", group_id=shop.id, server_id=number)
    assert (settings["events"]["message_new"], settings["events"]["message_typing_state"]) == (1, 0)


async def test_a_wrong_confirmation_gets_nothing_until_it_is_mended(
    fake: FakeVk, shop: Community, ivan: Participant, client: Client, receiver: Receiver
) -> None:
    number = await connected(fake, shop, client, receiver)
    here = {"group_id": shop.id, "server_id": number, "url": receiver.url, "title": "estafeta"}
    new = shop.changes_confirmation()
    await client.call("groups.editCallbackServer", **here)
    await fake.wait(lambda: fake.callback.servers[number].status == "failed")
    ivan.says("мимо")
    receiver.code = new
    await client.call("groups.editCallbackServer", **here)
    await fake.wait(lambda: fake.callback.servers[number].status == "ok")
    ivan.says("дошло")
    await fake.wait(lambda: receiver.events)
    assert receiver.texts() == ["дошло"]
    assert "secret" not in receiver.events[0]


async def test_what_is_not_acknowledged_comes_again_with_its_id_and_holds_nobody_up(
    fake: FakeVk, shop: Community, ivan: Participant, client: Client, receiver: Receiver
) -> None:
    await connected(fake, shop, client, receiver)
    receiver.answers = [web.Response(text="not ok"), web.Response(text="ok")]
    receiver.answers += [web.Response(status=500, text="ok")]
    ivan.says("раз")
    ivan.says("два")
    await fake.wait(lambda: len(fake.callback.deliveries) == 5)
    assert sorted(receiver.texts()) == ["два", "раз", "раз", "раз"]
    first = [event["event_id"] for event in receiver.events if event["object"]["message"]["text"] == "раз"]
    assert len(set(first)) == 1
    assert [retry for retry in receiver.retries if retry] == ["1", "2"]


async def test_a_server_may_ask_to_be_left_alone_for_a_while(
    fake: FakeVk, shop: Community, ivan: Participant, client: Client, receiver: Receiver
) -> None:
    await connected(fake, shop, client, receiver)
    receiver.answers = [web.Response(status=503, headers={"Retry-After": "1"})]
    ivan.says("раз")
    await fake.wait(lambda: len(receiver.events) == 2)
    refused, repeated = [d for d in fake.callback.deliveries if d.event["type"] == "message_new"][:2]
    assert (refused.status, refused.ok) == (503, False)
    assert repeated.at - refused.at >= 0.99


async def test_an_answer_must_come_in_time(client: Client, receiver: Receiver) -> None:
    settings = CallbackSettings(first_delay=0.01, answer_seconds=0.2)
    async with FakeVk(limits=None, callback=settings) as fake:
        shop = fake.community()
        await connected(fake, shop, Client(client.session, fake.url, shop.token), receiver)
        receiver.hold = asyncio.Event()
        fake.private("Иван").says("раз")
        await fake.wait(lambda: fake.callback.deliveries[-1].retry == 1)
        receiver.hold.set()
        await fake.wait(lambda: fake.callback.deliveries[-1].ok)
        assert len({event["event_id"] for event in receiver.events}) == 1
        assert fake.callback.deliveries[1].status == 0


async def test_a_server_that_never_answers_is_given_up(client: Client, receiver: Receiver) -> None:
    settings = CallbackSettings(first_delay=0.001, repeats=2, give_up=5)
    async with FakeVk(limits=None, callback=settings) as fake:
        shop = fake.community()
        ivan = fake.private("Иван")
        number = await connected(fake, shop, Client(client.session, fake.url, shop.token), receiver)
        receiver.answers = [web.Response(status=500) for _ in range(9)]
        ivan.says("раз")
        await fake.wait(lambda: fake.callback.lost)
        assert [event["object"]["message"]["text"] for event in fake.callback.lost] == ["раз"]
        ivan.says("два")
        await fake.wait(lambda: fake.callback.servers[number].status == "failed")
        ivan.says("три")
        assert len(receiver.events) == 5


async def test_events_come_twice_late_in_another_order_and_unheard(
    fake: FakeVk, shop: Community, ivan: Participant, client: Client, receiver: Receiver
) -> None:
    await connected(fake, shop, client, receiver)
    fake.faults.webhook = WebhookFaults(duplicates=1)
    ivan.says("дважды")
    await fake.wait(lambda: len(receiver.events) == 2)
    assert receiver.events[0]["event_id"] == receiver.events[1]["event_id"]
    receiver.events.clear()
    fake.faults.webhook = WebhookFaults(reorder=1)
    ivan.says("раз")
    ivan.says("два")
    await fake.wait(lambda: len(receiver.events) == 2)
    assert receiver.texts() == ["два", "раз"]
    receiver.events.clear()
    fake.faults.webhook = WebhookFaults(lost_answers=1, delay=0.01)
    ivan.says("снова")
    await fake.wait(lambda: len(receiver.events) == 2)
    assert receiver.texts() == ["снова", "снова"]
    fake.faults.clear()


async def test_servers_have_limits_and_owners(
    fake: FakeVk, shop: Community, client: Client, receiver: Receiver
) -> None:
    number = await connected(fake, shop, client, receiver)
    here = {"group_id": shop.id, "title": "x"}
    for _ in range(9):
        await client.call("groups.addCallbackServer", **here, url=receiver.url)
    again = await client.error("groups.addCallbackServer", **here, url=receiver.url)
    assert again == (2000, "Servers number limit is reached")
    for url in ("http://example.org/", "ftp://127.0.0.1/", "x", "http://["):
        assert (await client.error("groups.addCallbackServer", **here, url=url))[0] == 100
    depot = fake.community("Склад")
    other = Client(client.session, fake.url, depot.token)
    theirs = {"server_id": number}
    assert (await other.error("groups.deleteCallbackServer", group_id=depot.id, **theirs))[0] == 104
    assert (await other.error("groups.deleteCallbackServer", group_id=shop.id, **theirs))[0] == 15
    await client.call("groups.deleteCallbackServer", group_id=shop.id, server_id=number)
    assert number not in fake.callback.servers


async def test_two_communities_keep_their_events_apart(
    fake: FakeVk, shop: Community, client: Client, receiver: Receiver
) -> None:
    depot = fake.community("Склад")
    await connected(fake, shop, client, receiver)
    await connected(fake, depot, Client(client.session, fake.url, depot.token), receiver)
    fake.private("Иван", depot).says("на склад")
    await fake.wait(lambda: receiver.events)
    assert receiver.events[0]["group_id"] == depot.id
