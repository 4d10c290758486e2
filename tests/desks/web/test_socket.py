"""The desk's socket: what it tells, how often, and to whom no more."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from estafeta.kernel.model import ConversationId
from estafeta.kernel.ports import Live
from tests.desks.web.office import HEADERS, Office

SAME = ConversationId("c1")


async def hear(socket: ClientWebSocketResponse) -> Any:
    return await asyncio.wait_for(socket.receive_json(), 5)


async def test_it_greets_and_answers_pings(office: Office) -> None:
    async with office.client() as client, client.ws_connect("desk/ws") as socket:
        assert await hear(socket) == {"type": "hello"}
        await socket.send_json({"type": "ping"})
        assert await hear(socket) == {"type": "pong"}


async def test_it_is_not_for_strangers(office: Office) -> None:
    async with office.client("") as client:
        with pytest.raises(WSServerHandshakeError) as refused:
            await client.ws_connect("desk/ws")
    assert refused.value.status == 401


async def test_every_socket_hears_what_changed_and_who_types(office: Office) -> None:
    async with (
        office.client() as anna,
        office.client("Борис") as boris,
        anna.ws_connect("desk/ws") as one,
        boris.ws_connect("desk/ws") as other,
    ):
        for socket in (one, other):
            await hear(socket)
        await office.live.put(Live(kind="changed", conversation=SAME))
        await office.live.put(Live(kind="typing", conversation=SAME, who="bot"))
        await office.live.put(Live(kind="typing", conversation=SAME, who="customer"))
        for socket in (one, other):
            assert await hear(socket) == {"type": "changed", "conversation": "c1"}
            assert await hear(socket) == {"type": "typing", "conversation": "c1", "who": "customer", "name": ""}


async def test_a_burst_of_changes_is_told_at_once_and_once_more_at_its_end(office: Office) -> None:
    async with office.client() as client, client.ws_connect("desk/ws") as socket:
        await hear(socket)
        for _ in range(50):
            await office.live.put(Live(kind="changed", conversation=SAME))
        await office.live.put(Live(kind="changed", conversation=ConversationId("c2")))
        loop = asyncio.get_running_loop()
        heard = [await hear(socket)]
        first = loop.time()
        heard += [await hear(socket), await hear(socket)]
        assert loop.time() - first > 0.05
        await office.live.put(Live(kind="typing", conversation=SAME, who="customer"))
        assert (await hear(socket))["type"] == "typing", "nothing else was told"
    assert [frame["conversation"] for frame in heard] == ["c1", "c2", "c1"]


async def test_lost_announcements_are_told_once(office: Office) -> None:
    async with office.client() as client, client.ws_connect("desk/ws") as socket:
        await hear(socket)
        for _ in range(3):
            await office.live.put(Live(kind="missed", conversation=ConversationId("")))
        assert await hear(socket) == {"type": "missed"}
        await office.live.put(Live(kind="typing", conversation=SAME, who="customer"))
        assert (await hear(socket))["type"] == "typing", "nothing else was told"


async def test_a_page_that_says_nothing_is_cut_off(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handoff.desks.web.desk.SILENCE", 0.05)
    async with office.client() as client, client.ws_connect("desk/ws") as socket:
        await hear(socket)
        closed = await asyncio.wait_for(socket.receive(), 5)
    assert (closed.type, closed.data) == (WSMsgType.CLOSE, 1008)


async def test_a_log_out_closes_the_sessions_sockets(office: Office) -> None:
    async with office.client() as client, client.ws_connect("desk/ws") as socket:
        await hear(socket)
        await client.post("api/v1/logout", headers=HEADERS)
        closed = await asyncio.wait_for(socket.receive(), 5)
    assert (closed.type, closed.data) == (WSMsgType.CLOSE, 1008)


async def test_a_session_that_ended_elsewhere_ends_at_the_next_ping(office: Office) -> None:
    async with office.client() as client, client.ws_connect("desk/ws") as socket:
        await hear(socket)
        await office.store.forget_values()
        await socket.send_json({"type": "ping"})
        assert (await asyncio.wait_for(socket.receive(), 5)).type is WSMsgType.CLOSE


@pytest.mark.parametrize("frame", ["", "ping", "[]", '{"type":"reply"}', "{", "9" * 5_000, "[" * 4_000])
async def test_what_is_no_ping_closes_the_socket_and_harms_nobody_else(office: Office, frame: str) -> None:
    async with office.client() as client, client.ws_connect("desk/ws") as well, client.ws_connect("desk/ws") as ill:
        await hear(well)
        await hear(ill)
        await ill.send_str(frame)
        assert (await asyncio.wait_for(ill.receive(), 5)).type is WSMsgType.CLOSE
        await well.send_json({"type": "ping"})
        assert await hear(well) == {"type": "pong"}
