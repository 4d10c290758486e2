"""Several processes serve one desk: one store, sockets and memory of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

import pytest_asyncio
from aiohttp import ClientSession, CookieJar, WSMsgType, web

from estafeta.kernel.model import Stage
from handoff.desks.web import WebDesk
from handoff.desks.web.checks import COOKIE
from handoff.desks.web.sessions import Sessions
from tests.desks.web.office import HEADERS, Office
from tests.desks.web.test_socket import hear


@asynccontextmanager
async def serving(office: Office) -> AsyncIterator[str]:
    """Another process beside the office's: its address."""
    app = web.Application()
    WebDesk(store=office.store, clock=office.clock).mount(app, office.accept)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


@pytest_asyncio.fixture(loop_scope="session")
async def other(office: Office) -> AsyncIterator[str]:
    async with serving(office) as address:
        yield address


@asynccontextmanager
async def there(client: ClientSession, address: str) -> AsyncIterator[ClientSession]:
    """The same browser at the other process."""
    cookie = next(item for item in client.cookie_jar if item.key == COOKIE)
    async with ClientSession(address, cookie_jar=CookieJar(unsafe=True), cookies={COOKIE: cookie.value}) as session:
        yield session


async def test_a_code_is_good_for_one_of_many_who_try_at_once(office: Office, other: str) -> None:
    code = await office.desk.new_login_code()
    places = [f"{office.address}/api/v1/login", f"{other}api/v1/login"] * 4
    async with ClientSession() as session:

        async def attempt(url: str) -> int:
            async with session.post(url, json={"code": code, "name": "Анна"}, headers=HEADERS) as answer:
                return answer.status

        tried = await asyncio.gather(*(attempt(url) for url in places))
    assert sorted(tried) == [204] + [403] * 7
    assert len([key for key in office.store.values if key.startswith("desk.session.")]) == 1


async def test_a_session_holds_at_every_process(office: Office, other: str) -> None:
    customer = await office.customer("Иван", stage=Stage.QUEUED)
    async with office.client("Анна") as here, there(here, other) as elsewhere:
        async with elsewhere.get("api/v1/me") as answer:
            assert (await answer.json())["name"] == "Анна"
        body = {"id": str(uuid4()), "text": "Здравствуйте"}
        for client in (here, elsewhere):
            async with client.post(f"api/v1/conversations/{customer}/reply", json=body, headers=HEADERS) as answer:
                assert answer.status == 202
        for client in (here, elsewhere):
            async with client.get("api/v1/conversations") as answer:
                [row] = (await answer.json())["conversations"]
            assert (row["stage"], row["mine"], row["last"]["text"]) == ("human", True, "Здравствуйте")
    said = [entry for entry in await office.store.entries(customer) if entry.text == "Здравствуйте"]
    assert len(said) == 1, "the same reply at two processes is one"


async def test_a_log_out_ends_the_session_at_every_process(office: Office, other: str) -> None:
    async with (
        office.client() as here,
        there(here, other) as elsewhere,
        elsewhere.ws_connect("desk/ws") as socket,
    ):
        await hear(socket)
        await here.post("api/v1/logout", headers=HEADERS)
        async with elsewhere.get("api/v1/me") as answer:
            assert answer.status == 401
        await socket.send_json({"type": "ping"})
        closed = await asyncio.wait_for(socket.receive(), 5)
        assert (closed.type, closed.data) == (WSMsgType.CLOSE, 1008)
    assert not office.store.left


async def test_noting_that_a_session_is_used_does_not_bring_it_back(office: Office) -> None:
    sessions = Sessions(store=office.store, clock=office.clock, roster=office.roster)
    code = await sessions.new_code()
    token, _ = await sessions.log_in(code=code, name="Анна", language="ru", client="")
    session = await sessions.find(token)
    assert session is not None
    office.clock.move(timedelta(minutes=6))
    reading = office.store.get

    async def get(key: str) -> object:
        found = await reading(key)
        if key == session.key:  # another process ends it right after it was read
            await office.store.put(session.key, None)
        return found

    office.store.get = get  # type: ignore[method-assign]
    await sessions.find(token)
    office.store.get = reading  # type: ignore[method-assign]
    assert await sessions.find(token) is None


async def test_use_at_one_process_keeps_the_session_alive_at_another(office: Office, other: str) -> None:
    async with office.client() as here, there(here, other) as elsewhere:
        for client in (here, elsewhere, here):
            office.clock.move(timedelta(hours=11))
            async with client.get("api/v1/me") as answer:
                assert answer.status == 200
        office.clock.move(timedelta(hours=12))
        async with elsewhere.get("api/v1/me") as answer:
            assert answer.status == 401
    assert not office.store.left


async def test_what_one_process_remembers_of_a_conversation_is_never_out_of_date(office: Office, other: str) -> None:
    customer = await office.customer("Иван", stage=Stage.QUEUED)
    async with office.client() as here, there(here, other) as elsewhere:
        for text in ("Раз", "Два"):
            await office.say(customer, "customer", text)
            for client in (here, elsewhere):
                async with client.get("api/v1/conversations") as answer:
                    [row] = (await answer.json())["conversations"]
                assert row["last"]["text"] == text


async def test_a_process_that_stops_asks_its_pages_to_come_back(office: Office) -> None:
    async with office.client() as here, there(here, office.address) as elsewhere:
        async with serving(office) as address:
            socket = await elsewhere.ws_connect(f"{address}desk/ws")
            await hear(socket)
            closing = asyncio.ensure_future(socket.receive())
        closed = await asyncio.wait_for(closing, 5)
        assert (closed.type, closed.data) == (WSMsgType.CLOSE, 1012)
