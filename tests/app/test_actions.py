"""HTTP actions of flows, against a real service on loopback."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from estafeta.actions import HttpActions
from estafeta.kernel.model import OutboxId
from estafeta.outbox import ActionFailed
from flows import loader
from flows.model import Workspace
from tests.conftest import ROOT

SECRET = "a-token-of-the-shop"
ITEM = OutboxId("signal-1.0")
_ACTIONS = """
actions:
  look: {method: GET, url: "{{ vars.SHOP_URL }}/orders/{{ number }}", timeout: 0.4, retries: 2,
         headers: {Authorization: "Bearer {{ secrets.SHOP_TOKEN }}"}}
  change: {method: POST, url: "{{ vars.SHOP_URL }}/orders?key={{ secrets.SHOP_TOKEN }}", timeout: 0.4, retries: 1}
"""

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Service:
    """A shop that answers with `answers` in turn, the last one for ever."""

    url: str = ""
    answers: list[Answer] = field(default_factory=list)
    asked: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        self.bodies.append(await request.read())
        return await (self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])(request)


def answer(status: int = 200, body: Any = None, **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def made(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=raw, headers=headers)

    return made


async def silence(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(5)
    return web.Response()


async def hang_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("workspace")
    small = ROOT / "tests" / "engine" / "workspace"
    for path in small.rglob("*.yml"):
        made = folder / path.relative_to(small)
        made.parent.mkdir(exist_ok=True)
        made.write_text(path.read_text())
    bot = (folder / "bot.yml").read_text()
    before, found, rest = bot.partition("actions:\n")
    assert found
    (folder / "bot.yml").write_text(before + _ACTIONS.lstrip() + rest)
    return loader.load(folder)


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    made = Service()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", made.handle)
    server = TestServer(app)
    await server.start_server(shutdown_timeout=0.1)
    made.url = str(server.make_url("")).rstrip("/")
    yield made
    await server.close()


@pytest.fixture
async def actions(workspace: Workspace, service: Service) -> AsyncIterator[HttpActions]:
    made = HttpActions(workspace, secrets={"SHOP_TOKEN": SECRET}, variables={"SHOP_URL": service.url}, pause=0.0)
    yield made
    await made.close()


async def look(actions: HttpActions, number: str = "100234") -> Any:
    return await actions.run(ITEM, "look", {"number": number})


async def failure(actions: HttpActions) -> str:
    with pytest.raises(ActionFailed) as raised:
        await look(actions)
    return str(raised.value)


@pytest.mark.parametrize("status", [200, 201, 404, 409, 422])
async def test_json_is_an_answer_whatever_it_says(status: int, actions: HttpActions, service: Service) -> None:
    service.answers = [answer(status, {"found": status < 300, "word": "Ё"})]
    assert await look(actions) == {"found": status < 300, "word": "Ё"}
    assert len(service.asked) == 1


async def test_an_answer_without_a_body_is_nothing(actions: HttpActions, service: Service) -> None:
    service.answers = [answer(204, b"")]
    assert await look(actions) is None


@pytest.mark.parametrize("broken", [answer(500, {"a": 1}), answer(503, b"busy"), answer(429, b""), hang_up, silence])
async def test_what_may_pass_is_tried_again(broken: Answer, actions: HttpActions, service: Service) -> None:
    service.answers = [broken, broken, answer(200, {"ok": True})]
    assert await look(actions) == {"ok": True}
    assert len(service.asked) == 3


@pytest.mark.parametrize(
    ("broken", "told"),
    [(answer(500), "500"), (hang_up, "the connection failed"), (silence, "no answer within 0.4 s")],
)
async def test_what_does_not_pass_fails_after_all_tries(
    broken: Answer, told: str, actions: HttpActions, service: Service
) -> None:
    service.answers = [broken]
    assert told in await failure(actions)
    assert len(service.asked) >= 3  # aiohttp asks once more itself when a connection that was kept is gone


@pytest.mark.parametrize("status", [401, 403, 407])
async def test_a_refusal_is_not_tried_again(status: int, actions: HttpActions, service: Service) -> None:
    service.answers = [answer(status, {"error": "who are you"})]
    assert str(status) in await failure(actions)
    assert len(service.asked) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(status: int, actions: HttpActions, service: Service) -> None:
    service.answers = [answer(status, b"", Location=f"{service.url}/elsewhere"), answer(200, {"stolen": True})]
    assert str(status) in await failure(actions)
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    "body",
    [b"<h1>Hello</h1>", b"", b"{", b'{"a": NaN}', b'{"a": Infinity}', b'"\\ud800"', b"\xff\xfe", b'{"a": 1} {"b": 2}'],
)
async def test_what_is_no_json_is_no_answer(body: bytes, actions: HttpActions, service: Service) -> None:
    service.answers = [answer(404, body)]
    assert "not JSON" in await failure(actions)
    assert len(service.asked) == 1


@pytest.mark.parametrize(("opened", "closed"), [(b"[", b"]"), (b'{"a":', b"}")])
async def test_an_answer_deeper_than_a_hundred_levels_is_refused(
    opened: bytes, closed: bytes, actions: HttpActions, service: Service
) -> None:
    service.answers = [answer(200, opened * 100 + b"1" + closed * 100), answer(200, opened * 101 + b"1" + closed * 101)]
    await look(actions)
    assert "nested deeper than 100 levels" in await failure(actions)
    service.answers = [answer(200, opened * 100_000 + b"1" + closed * 100_000)]
    with pytest.raises(ActionFailed):
        await look(actions)


async def test_an_answer_that_is_too_large_is_refused(actions: HttpActions, service: Service) -> None:
    service.answers = [answer(200, b'"' + b"a" * 256 * 1024 + b'"')]
    assert "larger than 256 KB" in await failure(actions)


async def test_a_small_answer_that_unpacks_to_a_large_one_is_refused(actions: HttpActions, service: Service) -> None:
    packed = gzip.compress(b'"' + b"a" * 20_000_000 + b'"')
    service.answers = [answer(200, packed, **{"Content-Encoding": "gzip"})]
    assert "larger than 256 KB" in await failure(actions)


async def test_an_answer_that_comes_in_pieces_is_read_to_its_end(actions: HttpActions, service: Service) -> None:
    async def in_pieces(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for piece in (b'{"stat', b'us": "se', b'nt"}'):
            await response.write(piece)
            await asyncio.sleep(0.02)
        return response

    service.answers = [in_pieces]
    assert await look(actions) == {"status": "sent"}


async def test_the_idempotency_key_is_the_items_at_every_try(actions: HttpActions, service: Service) -> None:
    service.answers = [answer(500), answer(500), answer(200, {})]
    await look(actions)
    assert [request.headers["Idempotency-Key"] for request in service.asked] == [ITEM] * 3
    await actions.run(OutboxId("signal-2.0"), "look", {"number": "1"})
    assert service.asked[-1].headers["Idempotency-Key"] == "signal-2.0"


async def test_secrets_reach_the_service_and_no_log(actions: HttpActions, service: Service, logged: io.BytesIO) -> None:
    service.answers = [answer(200, {"echo": "words of the service"}), answer(500, b"broken"), silence]
    await look(actions, "words of the customer")
    assert service.asked[0].headers["Authorization"] == f"Bearer {SECRET}"
    assert service.asked[0].path == "/orders/words of the customer"
    with pytest.raises(ActionFailed) as raised:
        await actions.run(ITEM, "change", {"address": "words of the customer"})
    assert service.asked[1].query["key"] == SECRET
    assert json.loads(service.bodies[1]) == {"address": "words of the customer"}
    written = logged.getvalue().decode()
    assert '"event":"action"' in written
    for word in (SECRET, "words of"):
        assert word not in written
        assert word not in str(raised.value)


async def test_cookies_are_not_carried_from_customer_to_customer(actions: HttpActions, service: Service) -> None:
    service.answers = [answer(200, {}, **{"Set-Cookie": "session=masha"})]
    await look(actions)
    await look(actions)
    assert "Cookie" not in service.asked[1].headers


async def test_a_call_that_cannot_be_prepared_fails_without_a_request(actions: HttpActions, service: Service) -> None:
    service.answers = [answer(200, {})]
    for arguments in ({}, {"number": ".."}):
        with pytest.raises(ActionFailed):
            await actions.run(ITEM, "look", arguments)
    with pytest.raises(ActionFailed, match="no action"):
        await actions.run(ITEM, "nonsense", {})
    assert service.asked == []


async def test_a_missing_secret_is_named(workspace: Workspace, service: Service) -> None:
    actions = HttpActions(workspace, secrets={}, variables={"SHOP_URL": service.url})
    assert "SHOP_TOKEN" in await failure(actions)
    await actions.close()


async def test_a_service_that_is_not_there_fails_with_a_sentence(workspace: Workspace) -> None:
    actions = HttpActions(
        workspace, secrets={"SHOP_TOKEN": SECRET}, variables={"SHOP_URL": "http://127.0.0.1:9"}, pause=0.0
    )
    assert await failure(actions) == "action look: the connection failed (ClientConnectorError)"
    await actions.close()
