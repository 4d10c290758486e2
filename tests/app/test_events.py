"""Events from systems of one's own, over HTTP: who may tell, what is refused, and a flow that goes on by one."""

from __future__ import annotations

import hmac
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient as Client
from aiohttp.test_utils import TestServer as Server
from pydantic import SecretStr, ValidationError

from estafeta.app import config, events
from estafeta.app.config import Settings
from estafeta.app.events import PATH, EventsConfig
from estafeta.app.roles import WEB, WORKER
from estafeta.app.wiring import build
from estafeta.clock import TestClock
from estafeta.kernel.model import EventHappened
from flows import loader
from flows.model import Workspace
from tests.clocked_store import ClockedStore
from tests.engine.conftest import NOON, SMALL
from tests.engine.words import Words
from tests.world import HOME, World

TOKEN = "a-token-of-the-shop"
RIGHT = {"Authorization": f"Bearer {TOKEN}"}
CUSTOMER = {"channel": HOME.channel, "account": HOME.account, "chat": HOME.chat}
PARCEL = """\
flow: parcel
start: {command: parcel, event: cart_left}
steps:
  - {say: "Hello because of {{ event }}"}
  - wait: {event: shipped, for: 3d}
    save: parcel
    otherwise: [{end: true}]
  - {say: "Shipped, track {{ parcel.track }}"}
"""


def told(**more: Any) -> dict[str, Any]:
    return {"id": "order-1-shipped", "event": "shipped", "customer": CUSTOMER, "data": {"track": "RU1"}, **more}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("events") / "workspace"
    shutil.copytree(SMALL, folder)
    (folder / "flows" / "parcel.yml").write_text(PARCEL, encoding="utf-8")
    return loader.load(folder)


@pytest.fixture
def store(tmp_path: Path) -> ClockedStore:
    return ClockedStore(tmp_path / "w.db", clock=TestClock(NOON))


@pytest.fixture
async def world(tmp_path: Path, workspace: Workspace, store: ClockedStore) -> AsyncIterator[World]:
    async with World(tmp_path / "w.db", workspace, Words(), TestClock(NOON), store=store).running() as made:
        yield made


@pytest.fixture
async def shop(world: World) -> AsyncIterator[Client[web.Request, web.Application]]:
    app = web.Application()
    events.mount(app, EventsConfig(token=SecretStr(TOKEN)), world.store, world.intake.accept, world.clock)
    async with Client(Server(app)) as client:
        yield client


Shop = Client[web.Request, web.Application]


async def refusal(shop: Shop, status: int, **asked: Any) -> str:
    """The sentence, with its code before it."""
    answer = await shop.post(PATH, **({"headers": RIGHT} | asked))
    assert answer.status == status
    error = (await answer.json())["error"]
    return f"{error['code']}: {error['text']}"


async def kept(world: World) -> list[str]:
    """The events in the customer's timeline."""
    conversation = await world.settled()
    entries = await world.store.entries(conversation.id)
    return [entry.data["name"] for entry in entries if entry.data.get("event") == "event"]


async def test_a_flow_that_waits_for_an_event_goes_on(world: World, shop: Shop) -> None:
    await world.says("/parcel")
    before = len(world.channel.texts)
    answer = await shop.post(PATH, json=told(), headers=RIGHT)
    assert (answer.status, await answer.json()) == (202, {"conversation": HOME.conversation, "new": True})
    await world.settled()
    assert world.channel.texts[before:] == ["Shipped, track RU1"]


async def test_an_event_begins_its_flow_and_the_conversation_may_be_named(world: World, shop: Shop) -> None:
    await world.says("/start")
    named = {"id": "7", "event": "cart_left", "conversation": HOME.conversation, "data": "a cart"}
    assert (await shop.post(PATH, json=named, headers=RIGHT)).status == 202
    await world.settled()
    assert world.channel.texts[-1] == "Hello because of a cart"


async def test_what_is_told_twice_is_one_event(world: World, shop: Shop) -> None:
    await world.says("/parcel")
    answers = [await (await shop.post(PATH, json=told(), headers=RIGHT)).json() for _ in range(3)]
    by_id = told(conversation=HOME.conversation)
    del by_id["customer"]
    answers.append(await (await shop.post(PATH, json=by_id, headers=RIGHT)).json())
    assert [answer["new"] for answer in answers] == [True, False, False, False]
    assert await kept(world) == ["shipped"]
    again = await shop.post(PATH, json=told(id="another"), headers=RIGHT)
    assert (await again.json())["new"] is True


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": TOKEN},
        {"Authorization": "Bearer "},
        {"Authorization": f"bearer {TOKEN}"},
        {"Authorization": f"Bearer {TOKEN[:-1]}"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": "Bearer ключ-магазина"},
        {"Authorization": f"Basic {TOKEN}"},
    ],
)
async def test_without_the_token_nothing_is_told(world: World, shop: Shop, headers: dict[str, str]) -> None:
    await world.says("/parcel")
    answer = await shop.post(PATH, json=told(), headers=headers)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert TOKEN not in await answer.text()
    assert await kept(world) == []


async def test_tokens_are_compared_in_constant_time(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(given: bytes, right: bytes) -> bool:
        compared.append((given, right))
        return given == right

    monkeypatch.setattr(hmac, "compare_digest", compare)
    await refusal(shop, 401, json=told(), headers={"Authorization": "Bearer wrong"})
    assert compared == [(b"Bearer wrong", f"Bearer {TOKEN}".encode())]


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (b"", "the body"),
        (b"\xff\xfe", "the body"),
        (b"[]", "the body"),
        (b"[" * 5000, "the body"),
        (json.dumps(told(id="")).encode(), "id"),
        (json.dumps(told(id="x" * 201)).encode(), "id"),
        (json.dumps(told(event="no such name")).encode(), "event"),
        (json.dumps(told(event="")).encode(), "event"),
        (json.dumps(told(customer={"channel": "recorder"})).encode(), "customer.account"),
        (json.dumps(told(customer=None)).encode(), "name the customer, or the conversation"),
        (json.dumps(told(conversation="c1")).encode(), "name the customer, or the conversation"),
        (json.dumps(told(extra=1)).encode(), "extra"),
        (json.dumps(told(data=float("nan"))).encode(), "data"),
        (json.dumps(told(data=[1, {"deep": float("-inf")}])).encode(), "data"),
    ],
)
async def test_rubbish_is_refused_with_what_is_wrong(shop: Shop, body: bytes, names: str) -> None:
    sentence = await refusal(shop, 400, data=body)
    assert sentence.startswith("bad_request: ")
    assert names in sentence


async def test_the_words_of_what_was_refused_are_not_repeated(shop: Shop) -> None:
    assert "Тверская" not in await refusal(shop, 400, json=told(event="Тверская, 1"))


async def test_a_large_event_is_refused(world: World, shop: Shop) -> None:
    await world.says("/start")
    assert "64 KB" in await refusal(shop, 413, json=told(data="x" * 65 * 1024))
    assert (await shop.post(PATH, json=told(data="x" * 60 * 1024), headers=RIGHT)).status == 202


async def test_nobody_is_written_to_who_has_not_written(shop: Shop) -> None:
    assert (await refusal(shop, 404, json=told())).startswith("unknown_customer: ")
    named = {"id": "7", "event": "shipped", "conversation": "c-unknown"}
    assert (await refusal(shop, 404, json=named)).startswith("unknown_customer: ")


async def test_while_the_store_is_away_it_is_to_be_told_again(
    world: World, store: ClockedStore, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.says("/parcel")
    await store.close()
    answer = await shop.post(PATH, json=told(), headers=RIGHT)
    assert answer.status == 503
    assert answer.headers["Retry-After"]
    await store.open()
    assert (await shop.post(PATH, json=told(), headers=RIGHT)).status == 202
    assert await kept(world) == ["shipped"]


async def test_odd_data_arrives_as_it_is(world: World, shop: Shop) -> None:
    await world.says("/start")
    data: dict[str, Any] = {"n": 2**70, "f": 0.1, "empty": None, "text": "{{ 7 * 7 }} 😀", "list": [[], {}]}
    assert (await shop.post(PATH, json=told(event="odd", data=data), headers=RIGHT)).status == 202
    conversation = await world.settled()
    [entry] = [e for e in await world.store.entries(conversation.id) if e.data.get("name") == "odd"]
    assert entry.data["data"] == data | {"n": float(2**70)}


def test_a_short_token_is_refused() -> None:
    with pytest.raises(ValidationError, match="16"):
        EventsConfig(token=SecretStr("short"))


def test_the_setting_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert config.read(tmp_path / "none.env").events is None
    monkeypatch.setenv("ESTAFETA_EVENTS__TOKEN", TOKEN)
    settings = config.read(tmp_path / "none.env")
    assert settings.events == EventsConfig(token=SecretStr(TOKEN))
    assert TOKEN not in repr(settings)


@pytest.mark.parametrize(
    ("given", "role", "status"),
    [
        (EventsConfig(token=SecretStr(TOKEN)), WEB, 401),
        (EventsConfig(token=SecretStr(TOKEN)), WORKER, 404),
        (None, WEB, 404),
    ],
)
async def test_it_is_served_by_the_role_web_where_there_is_a_token(
    tmp_path: Path, workspace: Workspace, given: EventsConfig | None, role: str, status: int
) -> None:
    platform = build(
        Settings(data=tmp_path, events=given), workspace, Words(), secrets={}, variables={},
        control_token="a-control-token", roles=frozenset({role}),
    )  # fmt: skip
    async with Client(Server(platform.app)) as client:
        assert (await client.post(PATH, json=told())).status == status


def test_an_event_says_what_it_is_in_the_timeline() -> None:
    signal = events._signal(events.Told.model_validate(told()), HOME.conversation, TestClock(NOON))
    assert signal.event == EventHappened(name="shipped", data={"track": "RU1"})
    assert TOKEN not in str(signal)
