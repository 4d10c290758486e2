"""Content that is hard to carry, deep inside: through understanding, deciding, flows, actions and the store.

Here signals are put in as some channel might make them, and answers of services as they might come; the
door's own checks are in test_malformed.py.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from estafeta.clock import SystemClock
from estafeta.kernel.model import (
    Contact,
    CustomerEdited,
    CustomerPressed,
    CustomerSaid,
    Event,
    Location,
    Media,
    OperatorNoted,
    OperatorSaid,
    Part,
    Profile,
    Stage,
    Text,
    Understanding,
    Unsupported,
)
from estafeta.kernel.ports import Understander
from flows import loader
from flows.model import Workspace
from tests.engine.words import Words
from tests.world import ANNA, World

pytestmark = pytest.mark.timeout(60)

POISON = (
    "\ud83d", "x\udc00y", "\ud83d\ud83d " * 50, "\x00", "a\x00b", "\x1b[2J", "я" * 1_000_000, "a " * 500_000,
    "9" * 400, "9" * 5_000, "1e999", "-0", "\u202eзаказ\u202c", "\u200f\u200b\ufeff", "e" + "\u0301" * 10_000,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 500, "\n" * 10_000, "{{ 7 * 7 }}",
    "{% for i in range(10**9) %}x{% endfor %}", "<b>&amp;</b>", "'; DROP TABLE signals; --", "/" * 5_000,
    "/start " + "\ud83d" * 100, "((((" * 5_000, "\\" * 5_000, "ﷺ" * 3_000, "\U0010ffff", "١٢٣٤٥٦", "½²³", "İ" * 1_000,
)  # fmt: skip

CustomerEvent = Callable[[str], Event]


def _said(*parts: Part, profile: Profile | None = None) -> Event:
    return CustomerSaid(message="m", parts=parts, profile=profile or Profile())


EVENTS: dict[str, CustomerEvent] = {
    "text": lambda odd: _said(Text(text=odd)),
    "caption": lambda odd: _said(Media(kind="photo", ref=odd, name=odd, mime=odd, size=2**62), Text(text=odd)),
    "contact": lambda odd: _said(Contact(phone=odd, name=odd)),
    "unknown": lambda odd: _said(Unsupported(kind=odd)),
    "profile": lambda odd: _said(Text(text="Привет"), profile=Profile(name=odd, username=odd, language=odd)),
    "message id": lambda odd: CustomerSaid(message=odd, parts=(Text(text="Привет"),)),
    "edit": lambda odd: CustomerEdited(message=odd, parts=(Text(text=odd),)),
    "press": lambda odd: CustomerPressed(button=odd, label=odd),
    "operator": lambda odd: OperatorSaid(operator=ANNA, parts=(Text(text=odd),), message=odd),
    "note": lambda odd: OperatorNoted(operator=ANNA, text=odd, message=odd),
}


@pytest.mark.parametrize("kind", EVENTS)
async def test_no_content_stops_a_conversation(
    kind: str, tmp_path: Path, demo_workspace: Workspace, demo_understander: Understander
) -> None:
    world = World(tmp_path / "world.db", demo_workspace, demo_understander, SystemClock())
    async with world.running():
        await world.says("Здравствуйте")
        for odd in POISON:
            event = EVENTS[kind](odd)
            await world.tell(event)
            await world.settled()
        await world.operator("return")
        before = len(world.channel.sent)
        await world.says("Как можно оплатить заказ?")
        assert any("карт" in text for text in world.channel.texts[before:])
        assert not [entry for entry in await world.entries() if entry.data.get("event") == "failed"]
        entries, held = await world.entries(), await world.conversation()
    again = World(tmp_path / "world.db", demo_workspace, demo_understander, SystemClock())
    async with again.running():  # what was written can be read, by a process that remembers nothing
        assert len(await again.entries()) == len(entries)
        assert (await again.conversation()).seq == held.seq


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 1e308, -0.0])
async def test_no_place_stops_a_conversation(
    number: float, tmp_path: Path, demo_workspace: Workspace, demo_understander: Understander
) -> None:
    world = World(tmp_path / "world.db", demo_workspace, demo_understander, SystemClock())
    async with world.running():
        await world.tell(_said(Location(latitude=number, longitude=number)))
        await world.settled()
        await world.says("Как можно оплатить заказ?")
        assert "карт" in world.channel.texts[-1]


@pytest.mark.parametrize("size", [2**63, 2**64, 10**400, -(10**400), -1])
async def test_no_number_stops_a_conversation(
    size: int, tmp_path: Path, demo_workspace: Workspace, demo_understander: Understander
) -> None:
    world = World(tmp_path / "world.db", demo_workspace, demo_understander, SystemClock())
    async with world.running():
        await world.tell(_said(Media(kind="document", ref="file", size=size)))
        await world.settled()
        await world.says("Как можно оплатить заказ?")
        assert "карт" in world.channel.texts[-1]


ASKS = """
flow: ask
start: {command: ask}
steps:
  - ask: wish
    say: Your wish?
    expect: text
  - ask: count
    say: How many?
    expect: number
    attempts: 1
    otherwise: [{say: "No number"}]
  - call: order_lookup
    with: {number: "{{ slots.wish }}"}
    save: order
    on_error: [{say: "The service failed"}, {end: true}]
  - set: {kept: "{{ order.number }}", words: "{{ slots.wish }}"}
  - say: "{{ slots.wish }} {{ slots.count }} {{ order.number }} {{ order.status }} {{ kept }}"
"""


@pytest.fixture
def asking(tmp_path: Path) -> Workspace:
    """A workspace whose flow takes any words, any number and any answer of a service, and prints them."""
    small = Path(__file__).parents[1] / "engine" / "workspace"
    folder = tmp_path / "workspace"
    for path in small.rglob("*.yml"):
        if path.name != "order.yml":
            copy = folder / path.relative_to(small)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(path.read_text())
    (folder / "flows" / "ask.yml").write_text(ASKS)
    return loader.load(folder)


REPLIES = (
    b"", b"null", b"[]", b"1", b'"\\ud83d"', b'{"number":"\\ud83d","status":"\\u0000"}',
    b'{"number":' + b"9" * 400 + b"}", b'{"number":' + b"9" * 5_000 + b"}", b'{"number":NaN,"status":Infinity}',
    b'{"number":1e999,"status":-1e999}', b'{"number":' + b"[" * 900 + b"]" * 900 + b"}", b"[" * 100_000,
    b"[" * 100_000 + b"]" * 100_000, b'{"a":1,"a":2}', b'{"number":"' + b"x" * 200_000 + b'"}', b"x" * 300_000,
    b"\xff\xfe", b'{"number":true,"status":{"a":[1]}}', b'{"\\ud83d":{"\\u0000":' + b"9" * 400 + b"}}",
    b"{" + b",".join(b'"k%d":%d' % (n, n) for n in range(20_000)) + b"}",
)  # fmt: skip


@pytest.fixture
async def service() -> AsyncIterator[tuple[str, list[bytes]]]:
    """A service that answers with what it is given, and its address."""
    replies: list[bytes] = []

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=replies[0], content_type="application/json")

    app = web.Application()
    app.router.add_get("/orders/{number:.*}", answer)
    server = TestServer(app)
    await server.start_server()
    yield str(server.make_url("")).rstrip("/"), replies
    await server.close()


async def test_no_answer_of_a_service_stops_a_conversation(
    asking: Workspace, service: tuple[str, list[bytes]], tmp_path: Path
) -> None:
    url, replies = service
    world = World(tmp_path / "world.db", asking, Words(), SystemClock(), variables={"SHOP_URL": url})
    async with world.running():
        for reply in REPLIES:
            replies[:] = [reply]
            await world.says("/ask")
            await world.says("anything")
            await world.says("7")
        await world.says("pay")
        assert world.channel.texts[-1] == "By card or cash"
        stored = json.dumps([entry.data for entry in await world.entries()])
        assert '"failed"' not in stored


async def test_no_answer_of_a_customer_stops_a_flow(
    asking: Workspace, service: tuple[str, list[bytes]], tmp_path: Path
) -> None:
    url, replies = service
    replies[:] = [b'{"number": 1, "status": "sent"}']
    world = World(tmp_path / "world.db", asking, Words(), SystemClock(), variables={"SHOP_URL": url})
    async with world.running():
        for odd in POISON:
            await world.says("/ask")
            await world.says(odd)
            await world.says(odd)
            await world.says("7")
            if (await world.conversation()).stage is not Stage.BOT:
                await world.operator("close")
        await world.says("pay")
        assert world.channel.texts[-1] == "By card or cash"
        assert not [entry for entry in await world.entries() if entry.data.get("event") == "failed"]


class Breaking:
    """An understander with a mistake in it."""

    async def understand(
        self, text: str, *, deadline: float, at: datetime | None = None, region: str = ""
    ) -> Understanding:
        raise ZeroDivisionError(text)


async def test_an_understander_that_breaks_calls_a_person(asking: Workspace, tmp_path: Path) -> None:
    world = World(tmp_path / "world.db", asking, Breaking(), SystemClock())
    async with world.running():
        await world.says("what can this be")
        assert (await world.conversation()).stage is Stage.QUEUED
