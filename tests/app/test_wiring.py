"""The whole platform, joined as it runs: it starts, stops, lets people in, and keeps quiet about them."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from bots.telegram.config import TelegramConfig
from estafeta import engine
from estafeta.app import start
from estafeta.app.config import DeskConfig, Settings
from estafeta.app.faults.servers import free_port
from estafeta.app.run import print_login_link
from estafeta.app.wiring import Platform, bound, build, login_link, running
from estafeta.clock import SystemClock
from estafeta.fakes.telegram import FakeTelegram
from estafeta.kernel.errors import ConfigurationError
from estafeta.kernel.model import Address, Conversation, CustomerSaid, Signal, SignalId, Text
from estafeta.kernel.ports import Understander
from flows.model import Workspace
from storage.sqlite import SqliteStore
from tests.engine.words import Words

SECRET = "a-token-of-the-shop"
CONTROL = "a-control-token"


def settings_for(folder: Path, **more: Any) -> Settings:
    return Settings(port=free_port(), data=folder, log_level="debug", **more)


@contextlib.asynccontextmanager
async def at_work(
    settings: Settings, workspace: Workspace, understander: Understander, shop_url: str = "http://127.0.0.1:9"
) -> AsyncIterator[Platform]:
    platform = build(
        settings, workspace, understander, secrets={"SHOP_TOKEN": SECRET}, variables={"SHOP_URL": shop_url},
        control_token=start.new_control_token(settings.data, settings.port),
    )  # fmt: skip
    async with running(platform, bound(settings.host, settings.port)):
        yield platform


class Browser:
    """A visitor of the site, over a real WebSocket."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self._ws = ws

    async def says(self, text: str) -> str:
        """The bot's answer."""
        await self._ws.send_json({"type": "message", "id": f"message-{hash(text)}", "text": text})
        async with asyncio.timeout(15):
            while True:
                for entry in (await self._ws.receive_json()).get("entries", ()):
                    if entry["author"] == "bot":
                        return str(entry["text"])


@contextlib.asynccontextmanager
async def browsing(settings: Settings) -> AsyncIterator[Browser]:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{settings.url}/widget/ws", headers={"Origin": settings.url}) as ws,
    ):
        await ws.send_json({"type": "hello", "key": "demo", "token": None, "after": 0, "language": "ru"})
        assert (await ws.receive_json())["type"] == "welcome"
        yield Browser(ws)


def lines(logged: io.BytesIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in logged.getvalue().splitlines()]


async def test_no_words_of_people_and_no_secret_is_in_the_logs_of_a_whole_conversation(
    tmp_path: Path,
    demo_workspace: Workspace,
    demo_understander: Understander,
    shop_url: str,
    logged: io.BytesIO,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def breaks(conversation: Conversation, group: list[Signal], *_: object) -> None:
        raise ValueError(group)

    async with FakeTelegram() as fake:
        group = fake.furnish()
        customer, operator = fake.private("Необычайный"), group.operator("Операторова")
        telegram = TelegramConfig(
            token=SecretStr(fake.token), secret=SecretStr("a-webhook-secret"), account="shop", base_url=fake.url,
            group_id=group.id,
        )  # fmt: skip
        settings = settings_for(tmp_path, telegram=telegram, stop_within=0.5, desk=DeskConfig(open_to_members=True))
        async with at_work(settings, demo_workspace, demo_understander, shop_url) as platform:
            customer.says("Где мой заказ номер 100234, ау-ау?")
            await fake.wait(lambda: any("100234" in text for text in fake.shown(customer)), 15)
            shown = len(fake.shown(customer))
            customer.says("абракадабра")
            await fake.wait(lambda: len(fake.shown(customer)) == shown + 2, 15)
            customer.says("Позовите человека")
            await fake.wait(lambda: group.topics, 15)
            topic = group.topics[-1].id
            operator.says("Здравствуйте, тарабарщина!", topic=topic)
            await fake.wait(lambda: any("тарабарщина" in text for text in fake.shown(customer)), 15)
            operator.says("// заметка-невидимка", topic=topic)
            customer.blocks()
            operator.says("Недоставленное словцо", topic=topic)
            # The group is told of it at the messenger's pace; the log at once.
            await fake.wait(lambda: b'"gave_up"' in logged.getvalue(), 15)
            async with browsing(settings) as browser:
                assert await browser.says("Сколько стоит доставка? околесица")
                monkeypatch.setattr(engine, "decide", breaks)
                assert await browser.says("Поломка на слове бармаглот")
            link = await login_link(settings, platform.web_desk)
    written = logged.getvalue().decode()
    assert {"started", "turn", "action", "gave_up", "decision_failed", "stopping"} <= {
        line["event"] for line in lines(logged)
    }
    people = (
        "ау-ау", "абракадабра", "тарабарщина", "невидимка", "словцо", "околесица", "бармаглот", "100234",
        "Необычайный", "Операторова", "Подскажите", "Зову коллегу",
    )  # fmt: skip
    secrets = (fake.token, "a-webhook-secret", SECRET, CONTROL, link.partition("login=")[2])
    for word in (*people, *secrets):
        assert word not in written, word


async def test_it_stops_listening_and_starts_again(tmp_path: Path, demo_workspace: Workspace) -> None:
    settings = settings_for(tmp_path)
    for _ in range(2):
        async with at_work(settings, demo_workspace, Words()), aiohttp.ClientSession() as session:
            assert (await session.get(f"{settings.url}/readyz")).status == 200
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", settings.port)


async def test_what_was_accepted_before_is_answered_after_the_start(tmp_path: Path, demo_workspace: Workspace) -> None:
    here = Address(channel="widget", account="demo", chat="v1")
    settings = settings_for(tmp_path)
    clock = SystemClock()
    store = SqliteStore(tmp_path / "estafeta.db", clock=clock)
    await store.open()
    said = CustomerSaid(message="1", parts=(Text(text="Как оплатить?"),))
    await store.accept([Signal(id=SignalId("s1"), at=clock.now(), address=here, event=said)])
    await store.close()
    async with at_work(settings, demo_workspace, Words()) as platform:
        news = platform.bus.announcements()
        async with asyncio.timeout(10):
            while not any(entry.author.kind == "bot" for entry in await platform.store.entries(here.conversation)):
                await anext(news)


async def test_a_link_to_the_desk_works_once(
    tmp_path: Path, demo_workspace: Workspace, capsys: pytest.CaptureFixture[str], logged: io.BytesIO
) -> None:
    settings = settings_for(tmp_path)
    async with at_work(settings, demo_workspace, Words()), aiohttp.ClientSession() as session:
        await asyncio.to_thread(print_login_link, settings)
        link = capsys.readouterr().out.strip()
        page, _, code = link.partition("#login=")
        assert page == f"{settings.url}/desk"
        answers = [
            (
                await session.post(
                    f"{settings.url}/api/v1/login", json={"code": code, "name": "Анна"}, headers={"X-Estafeta": "1"}
                )
            ).status
            for _ in range(2)
        ]
        assert answers == [204, 403]


async def test_a_link_is_for_who_may_read_the_data_folder(tmp_path: Path, demo_workspace: Workspace) -> None:
    settings = settings_for(tmp_path)
    with pytest.raises(ConfigurationError, match="start the platform first"):
        print_login_link(settings)
    async with at_work(settings, demo_workspace, Words()):
        start.control_file(tmp_path, settings.port).write_text("guessed")
        with pytest.raises(ConfigurationError, match="refused"):
            await asyncio.to_thread(print_login_link, settings)
    with pytest.raises(ConfigurationError, match=f"Nothing answers at {settings.url}"):
        print_login_link(settings)


async def test_without_the_desk_there_is_no_link_and_no_page(tmp_path: Path, demo_workspace: Workspace) -> None:
    settings = settings_for(tmp_path, desk=DeskConfig(enabled=False))
    async with at_work(settings, demo_workspace, Words()) as platform, aiohttp.ClientSession() as session:
        assert (await session.get(f"{settings.url}/desk")).status == 404
        with pytest.raises(ConfigurationError, match="ESTAFETA_DESK__ENABLED"):
            await login_link(settings, platform.web_desk)


def test_a_taken_port_is_told_in_a_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError) as raised:
            bound("127.0.0.1", port)
    assert str(raised.value) == (
        f"Port {port} on 127.0.0.1 is taken by another program: stop it, or choose another port with ESTAFETA_PORT."
    )


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 65536), ("203.0.113.1", 8080), ("no host", 8080)])
def test_an_address_that_cannot_be_is_told_in_a_sentence(host: str, port: int) -> None:
    with pytest.raises(ConfigurationError, match="ESTAFETA_PORT"):
        bound(host, port)
