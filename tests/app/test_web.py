"""What every route has in common, health, figures, and the way in for the command line."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families

from estafeta.app import metrics
from estafeta.app.config import Settings
from estafeta.app.web import make_app
from estafeta.app.wiring import Platform, build
from estafeta.kernel.errors import StoreUnavailable
from flows.model import Workspace
from storage.sqlite import SqliteStore
from tests.engine.words import Words

WORDS = "Мой адрес: Тверская, 1"
TOKEN = "a-control-token"
Client = TestClient[web.Request, web.Application]


@dataclass
class Ready:
    ready: bool = True
    links: list[str] = field(default_factory=list)

    async def ask(self) -> bool:
        return self.ready

    async def link(self) -> str:
        self.links.append(f"http://here/desk#login={len(self.links)}")
        return self.links[-1]


@pytest.fixture
def ready() -> Ready:
    return Ready()


@pytest.fixture
async def client(ready: Ready, logged: io.BytesIO) -> AsyncIterator[Client]:
    app = make_app(ready=ready.ask, login_link=ready.link, control_token=TOKEN)

    async def breaks(request: web.Request) -> web.Response:
        raise ValueError(await request.text())

    async def away(request: web.Request) -> web.Response:
        raise StoreUnavailable("The disk is full: make room.")

    app.router.add_post("/breaks", breaks)
    app.router.add_post("/away", away)
    async with TestClient(TestServer(app)) as made:
        yield made


@pytest.fixture
async def platform(tmp_path: Path, demo_workspace: Workspace) -> AsyncIterator[Platform]:
    settings = Settings(data=tmp_path)
    made = build(settings, demo_workspace, Words(), secrets={}, variables={}, control_token=TOKEN)
    await made.store.open()
    yield made
    await made.store.close()


async def test_it_is_alive(client: Client) -> None:
    answer = await client.get("/healthz")
    assert (answer.status, await answer.json()) == (200, {"ok": True})


async def test_it_is_ready_when_its_parts_are(client: Client, ready: Ready) -> None:
    assert (await client.get("/readyz")).status == 200
    ready.ready = False
    assert (await client.get("/readyz")).status == 503
    assert (await client.get("/healthz")).status == 200


async def test_without_its_store_it_is_not_ready(platform: Platform) -> None:
    async with TestClient(TestServer(platform.app)) as client:
        assert (await client.get("/readyz")).status == 200
        await platform.store.close()
        assert (await client.get("/readyz")).status == 503
        assert (await client.get("/healthz")).status == 200
        await platform.store.open()
        assert (await client.get("/readyz")).status == 200


async def test_a_damaged_store_is_not_ready(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_: object) -> None:
        raise StoreUnavailable("The disk is gone.")

    monkeypatch.setattr(SqliteStore, "get", gone)
    async with TestClient(TestServer(platform.app)) as client:
        assert (await client.get("/readyz")).status == 503


async def test_the_figures_are_prometheus_text(platform: Platform) -> None:
    async with TestClient(TestServer(platform.app)) as client:
        answer = await client.get("/metrics")
        assert answer.headers["Content-Type"].startswith("text/plain")
        families = {family.name: family for family in text_string_to_metric_families(await answer.text())}
    ours = {name for name in families if name.startswith("estafeta_")}
    assert ours == {
        "estafeta_turns", "estafeta_signals", "estafeta_conflicts", "estafeta_handoffs",
        "estafeta_late_understandings", "estafeta_sent", "estafeta_retried", "estafeta_sent_unsure",
        "estafeta_gave_up", "estafeta_billable", "estafeta_busy_conversations", "estafeta_busy_sends",
        "estafeta_understandings_tried", "estafeta_understandings_retried", "estafeta_understandings_spared",
        "estafeta_understanding_given_up", "estafeta_release_share", "estafeta_release_swaps",
        "estafeta_release_refused", "estafeta_release_lost", "estafeta_release_withdrawn",
    }  # fmt: skip
    assert all(families[name].documentation for name in ours)
    assert {families[name].type for name in ours} == {"counter", "gauge"}
    assert [sample.name for sample in families["estafeta_turns"].samples] == ["estafeta_turns_total"]
    assert "process_resident_memory_bytes" in families


async def test_the_figures_count(platform: Platform) -> None:
    worker = platform.worker
    assert worker is not None
    worker.engine.tally.turns = 3
    worker.outbox.tally.unsure = 2
    app = web.Application()
    metrics.mount(app, worker.engine, worker.outbox)
    async with TestClient(TestServer(app)) as client:
        text = await (await client.get("/metrics")).text()
    assert "estafeta_turns_total 3.0" in text
    assert "estafeta_sent_unsure_total 2.0" in text


async def test_a_mistake_of_ours_is_answered_in_words_and_logged_without_content(
    client: Client, logged: io.BytesIO
) -> None:
    answer = await client.post("/breaks?text=secret-words", data=WORDS)
    assert answer.status == 500
    error = (await answer.json())["error"]
    assert error["code"] == "internal"
    assert "Ошибка на нашей стороне" in error["text"]
    assert WORDS not in await answer.text()
    written = logged.getvalue().decode()
    assert json.loads(written)["path"] == "/breaks"
    assert "ValueError" in written
    assert "in breaks" in written
    assert "secret-words" not in written
    assert WORDS not in written


async def test_a_store_that_is_away_is_told_as_that(client: Client) -> None:
    answer = await client.post("/away")
    assert answer.status == 503
    assert (await answer.json())["error"] == {"code": "unavailable", "text": "The disk is full: make room."}


async def test_answers_are_not_sniffed_and_tell_no_referrer(client: Client) -> None:
    for path in ("/", "/healthz"):
        answer = await client.get(path)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_the_first_page_runs_nothing(client: Client) -> None:
    answer = await client.get("/")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'"
    assert "/desk" in await answer.text()


async def test_a_body_that_is_too_large_is_refused(client: Client) -> None:
    assert (await client.post("/breaks", data=io.BytesIO(b"a" * (4 * 1024 * 1024 + 1)))).status == 413


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", TOKEN, "Bearer Ё"]
)
async def test_the_way_in_refuses_without_the_token(given: str, client: Client, ready: Ready) -> None:
    answer = await client.post("/control/login-link", headers={"Authorization": given} if given else {})
    assert answer.status == 403
    assert ready.links == []


async def test_the_way_in_refuses_bytes_that_are_no_text(client: Client) -> None:
    server = client.server
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(
        b"POST /control/login-link HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\xfe\r\nContent-Length: 0\r\n"
        b"Connection: close\r\n\r\n"
    )
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.split(b" ")[1] in (b"400", b"403")


async def test_the_way_in_gives_a_link_to_who_has_the_token(client: Client, ready: Ready) -> None:
    answer = await client.post("/control/login-link", headers={"Authorization": f"Bearer {TOKEN}"})
    assert (answer.status, await answer.json()) == (200, {"link": ready.links[0]})


async def test_the_way_in_is_no_page(client: Client) -> None:
    assert (await client.get("/control/login-link", headers={"Authorization": f"Bearer {TOKEN}"})).status == 405


async def test_without_a_desk_there_is_no_way_in() -> None:
    app = make_app(ready=Ready().ask, login_link=None, control_token=TOKEN)
    async with TestClient(TestServer(app)) as client:
        answer = await client.post("/control/login-link", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status == 403
