"""`estafeta status`: asks the process on the port, counts within bounds, and says what is not well."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from estafeta.app import control, start
from estafeta.app import status as module
from estafeta.app.config import Settings
from estafeta.app.faults.servers import free_port
from estafeta.app.status import Process, Status, print_status, status
from estafeta.bus.memory import MemoryBus
from estafeta.clock import SystemClock
from estafeta.kernel.errors import ConfigurationError, StoreUnavailable
from estafeta.kernel.model import Address, Conversation, Reason, Stage, Ticket, TicketId
from estafeta.kernel.ports import Bus, Change, Store
from storage.sqlite import SqliteStore
from tests.contracts.store_examples import unsent


class Away(SqliteStore):
    """A store that cannot be asked."""

    async def conversations(self, *, stages: Sequence[Stage], limit: int = 100) -> list[Conversation]:
        raise StoreUnavailable("MongoDB at nowhere does not answer: start it.")


class Down(MemoryBus):
    @property
    def up(self) -> bool:
        return False


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path / "estafeta.db", clock=SystemClock())
    await store.open()
    yield store
    await store.close()


def process(store: Store, *, bus: Bus | None = None) -> Process:
    clock = SystemClock()
    return Process(
        roles={"worker", "web"}, store=store, bus=bus or MemoryBus(), clock=clock, name=lambda: "worker-1", worker=None,
        began=clock.now() - timedelta(hours=3, minutes=12, seconds=5),
    )  # fmt: skip


async def put(store: Store, chat: str, stage: Stage, *, opened: timedelta | None = None, items: int = 0) -> None:
    now = SystemClock().now()
    address = Address(channel="widget", account="demo", chat=chat)
    ticket = None
    if opened is not None:
        ticket = Ticket(id=TicketId("t"), reason=Reason.USER_REQUEST, skill="", opened_at=now - opened)
    conversation = Conversation(
        id=address.conversation, address=address, version=1, stage=stage, ticket=ticket, updated_at=now,
        outbox=tuple(unsent(number, "worker-1") for number in range(items)),
    )  # fmt: skip
    await store.commit(Change(conversation=conversation, expected_version=0, applied=(), entries=()))


@contextlib.asynccontextmanager
async def served(settings: Settings, process: Process) -> AsyncIterator[None]:
    app = web.Application()
    module.mount(app, process, start.new_control_token(settings.data, settings.port))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
        yield
    finally:
        await runner.cleanup()


async def test_it_counts_conversations_tickets_and_what_is_to_be_sent(store: SqliteStore) -> None:
    await put(store, "1", Stage.BOT, items=2)
    await put(store, "2", Stage.QUEUED, opened=timedelta(minutes=12))
    await put(store, "3", Stage.QUEUED, opened=timedelta(minutes=1), items=1)
    await put(store, "4", Stage.HUMAN)
    await store.lease("worker-1", "worker-1", 60.0)
    await store.lease("poll:telegram:7", "worker-1", 60.0)
    told = await status(process(store))
    assert told.stored is not None
    assert told.stored.conversations == {"bot": 1, "queued": 2, "human": 1}
    assert told.stored.more == ()
    assert told.stored.waiting == 2
    assert 12 * 60 <= told.stored.longest_wait < 13 * 60
    assert told.stored.outbox == 3
    assert told.stored.due == 0
    assert told.stored.leases == {"worker-1": "worker-1", "poll:telegram:7": "worker-1"}
    assert told.well
    assert told.roles == ("web", "worker")


async def test_items_of_a_worker_that_is_gone_wait_for_a_worker(store: SqliteStore) -> None:
    await put(store, "1", Stage.BOT, items=2)
    told = await status(process(store))
    assert told.stored is not None
    assert (told.stored.outbox, told.stored.due) == (2, 1)


async def test_it_looks_at_no_more_than_so_many(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COUNTED", 2)
    for chat in "123":
        await put(store, chat, Stage.BOT)
    told = await status(process(store))
    assert told.stored is not None
    assert told.stored.conversations["bot"] == 2
    assert told.stored.more == ("bot",)


async def test_a_store_that_is_away_is_told_and_is_not_well(tmp_path: Path) -> None:
    told = await status(process(Away(tmp_path / "db", clock=SystemClock())))
    assert told.stored is None
    assert told.trouble == "MongoDB at nowhere does not answer: start it."
    assert not told.well


async def test_the_command_shows_it(store: SqliteStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(port=free_port(), data=tmp_path)
    await put(store, "2", Stage.QUEUED, opened=timedelta(days=1, hours=2))
    await store.lease("worker-1", "worker-1", 60.0)
    await store.lease("poll:telegram:7", "worker-1", 60.0)
    async with served(settings, process(store)):
        assert await asyncio.to_thread(print_status, settings, as_json=False)
        lines = [line.split(None, 1) for line in capsys.readouterr().out.splitlines()]
        shown = {line[0]: line[1] for line in lines}
        assert shown["Estafeta"].endswith("web, worker; worker-1")
        assert shown["Up"].startswith("3 h 12 min, since ")
        assert shown["Store"] == "answers"
        assert shown["Conversations"] == "bot 0, queued 1, human 0"
        assert shown["Tickets"] == "1 not taken by anybody, the longest for 1 d 2 h"
        assert shown["At"] == "work       worker-1"
        assert shown["Asks"] == "poll:telegram:7: worker-1"
        assert await asyncio.to_thread(print_status, settings, as_json=True)
        told = json.loads(capsys.readouterr().out)
        assert told["well"] is True
        assert Status.model_validate(told).roles == ("web", "worker")


@pytest.mark.parametrize("what", ["store", "bus"])
async def test_the_command_ends_with_1_when_a_part_is_away(
    what: str, store: SqliteStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(port=free_port(), data=tmp_path)
    broken = process(Away(tmp_path / "db", clock=SystemClock())) if what == "store" else process(store, bus=Down())
    async with served(settings, broken):
        assert not await asyncio.to_thread(print_status, settings, as_json=False)
    shown = capsys.readouterr().out
    assert ("does not answer: MongoDB at nowhere" in shown) is (what == "store")
    assert ("Bus           down" in shown) is (what == "bus")


async def test_nobody_without_the_token_is_told(store: SqliteStore, tmp_path: Path) -> None:
    settings = Settings(port=free_port(), data=tmp_path)
    async with served(settings, process(store)), ClientSession() as client:
        for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer \udcff"}):
            async with client.get(settings.local_url + module.PATH, headers=headers) as answer:
                assert answer.status == 403
        start.new_control_token(tmp_path, settings.port)
        with pytest.raises(ConfigurationError, match=r"refused \(403\)"):
            await asyncio.to_thread(control.ask, settings, "GET", module.PATH)


def test_where_nothing_runs_it_says_so(tmp_path: Path) -> None:
    settings = Settings(port=free_port(), data=tmp_path)
    with pytest.raises(ConfigurationError, match="start the platform first"):
        print_status(settings, as_json=False)
    start.new_control_token(tmp_path, settings.port)
    with pytest.raises(ConfigurationError, match="Nothing answers at"):
        print_status(settings, as_json=False)


def test_who_takes_long_is_not_said_to_be_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(port=free_port(), data=tmp_path)
    start.new_control_token(tmp_path, settings.port)
    monkeypatch.setattr(control, "_SECONDS", 0.1)
    silent = socket.create_server(("127.0.0.1", settings.port))
    with silent, pytest.raises(ConfigurationError, match=r"has not answered within .* it may yet do what was asked"):
        print_status(settings, as_json=False)


@pytest.mark.parametrize(("body", "told"), [("[]", "another form"), ("no JSON", "is not Estafeta")])
async def test_another_program_on_the_port_is_told(body: str, told: str, tmp_path: Path) -> None:
    settings = Settings(port=free_port(), data=tmp_path)
    start.new_control_token(tmp_path, settings.port)

    async def answer(request: web.BaseRequest) -> web.Response:
        return web.Response(text=body)

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, settings.host, settings.port).start()
    try:
        with pytest.raises(ConfigurationError, match=told):
            await asyncio.to_thread(print_status, settings, as_json=False)
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, "0 s"), (59.9, "59 s"), (61, "1 min 1 s"), (7200, "2 h 0 min"), (90061, "1 d 1 h")]
)
def test_durations_are_told_in_their_two_largest_units(seconds: float, told: str) -> None:
    assert module._duration(seconds) == told
