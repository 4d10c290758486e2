"""Bots Long Poll: the same events, `ts`, the key, and the three failures."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

import aiohttp
import pytest

from estafeta.fakes.vk import Community, FakeVk, Participant
from tests.fakes.vk.conftest import Client


async def test_it_must_be_switched_on_with_the_kinds_one_wants(
    fake: FakeVk, shop: Community, ivan: Participant, client: Client
) -> None:
    answer = await client.error("groups.getLongPollServer", group_id=shop.id)
    assert answer[1].endswith("longpoll for this group is not enabled")
    here = {"group_id": shop.id}
    await client.call("groups.setLongPollSettings", **here, enabled=1, api_version="5.199", message_new=1)
    settings = await client.call("groups.getLongPollSettings", **here)
    assert (settings["is_enabled"], settings["events"]["message_new"], settings["events"]["message_edit"]) == (
        True,
        1,
        0,
    )
    ivan.says("раз")
    ivan.types()
    assert [event["type"] for event in fake.long_poll(shop).history] == ["message_new"]


@pytest.fixture
async def server(shop: Community, client: Client) -> dict[str, str]:
    await client.call("groups.setLongPollSettings", group_id=shop.id, enabled=1, message_new=1)
    answer: dict[str, str] = await client.call("groups.getLongPollServer", group_id=shop.id)
    return answer


async def check(client: Client, server: dict[str, str], **more: Any) -> dict[str, Any]:
    query = {"act": "a_check", "key": server["key"], "ts": server["ts"], "wait": "10"} | more
    async with client.session.get(server["server"], params=query) as response:
        answer: dict[str, Any] = await response.json()
        return answer


async def test_a_poll_waits_for_the_next_event_and_goes_on_from_ts(
    fake: FakeVk, shop: Community, ivan: Participant, client: Client, server: dict[str, str]
) -> None:
    poll = asyncio.create_task(check(client, server))
    while not fake.long_poll(shop).waiting:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    ivan.says("раз")
    answer = await poll
    assert [event["object"]["message"]["text"] for event in answer["updates"]] == ["раз"]
    ivan.says("два")
    ivan.says("три")
    again = await check(client, server)
    assert [event["object"]["message"]["text"] for event in again["updates"]] == ["раз", "два", "три"]
    rest = await check(client, server | {"ts": answer["ts"]})
    assert [event["object"]["message"]["text"] for event in rest["updates"]] == ["два", "три"]
    assert (await check(client, server | {"ts": rest["ts"]}, wait="0"))["updates"] == []


async def test_the_three_failures(
    fake: FakeVk, shop: Community, ivan: Participant, client: Client, server: dict[str, str]
) -> None:
    poll = fake.long_poll(shop)
    ivan.says("раз")
    poll.forget()
    assert await check(client, server) == {"failed": 1, "ts": poll.ts}
    assert await check(client, server, ts="999") == {"failed": 1, "ts": poll.ts}
    waiting = asyncio.create_task(check(client, server, ts=str(poll.ts)))
    while not poll.waiting:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    poll.renew(7)
    assert await waiting == {"failed": 2}
    assert await check(client, server, ts="x") == {"failed": 3}
    poll.enabled = False
    assert await check(client, server) == {"failed": 3}


async def test_old_events_are_forgotten(
    fake: FakeVk, shop: Community, ivan: Participant, client: Client, server: dict[str, str]
) -> None:
    fake.long_poll(shop).kept = 2
    for text in ("раз", "два", "три"):
        ivan.says(text)
    assert (await check(client, server))["failed"] == 1


async def test_polls_end_when_the_server_stops(client: Client) -> None:
    async with FakeVk() as fake:
        shop = fake.community()
        talk = Client(client.session, fake.url, shop.token)
        await talk.call("groups.setLongPollSettings", group_id=shop.id, enabled=1)
        server = await talk.call("groups.getLongPollServer", group_id=shop.id)
        poll = asyncio.create_task(check(client, server))
        while not fake.long_poll(shop).waiting:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    with suppress(aiohttp.ClientError):  # the answer may be lost with the server: either way nobody hangs
        assert (await poll)["updates"] == []


async def test_polls_fail_as_planned(fake: FakeVk, ivan: Participant, client: Client, server: dict[str, str]) -> None:
    ivan.says("раз")
    fake.fail("a_check", status=502)
    fake.fail("a_check", "broken_json")
    fake.fail("a_check", "drop_after", times=2)  # aiohttp itself asks again once
    with pytest.raises(aiohttp.ContentTypeError):
        await check(client, server)
    with pytest.raises(json.JSONDecodeError):
        await check(client, server)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await check(client, server)
    assert len((await check(client, server))["updates"]) == 1


async def test_nothing_else_is_served(fake: FakeVk, client: Client) -> None:
    for path in ("/", "/longpoll/1?act=a_check", "/longpoll/x", "/files/1/2/3"):
        async with client.session.get(fake.url + path) as response:
            assert response.status == 404
