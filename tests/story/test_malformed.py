"""Whatever comes in, the next good message is answered: broken updates and frames against the whole product."""

from __future__ import annotations

import asyncio
import copy
import io
import json
import logging
import random
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
import structlog
from aiohttp import WSMsgType

from bots.widget.config import WidgetConfig
from estafeta.app.wiring import Platform
from estafeta.fakes.telegram import FakeTelegram
from estafeta.kernel.model import Address
from estafeta.kernel.ports import Understander
from flows.model import Workspace
from tests.story.stage import SECRET, UNLIMITED, Mode, Stage
from tests.telegram.stage import eventually
from tests.telegram.updates import GROUP, every_kind, mutated

pytestmark = pytest.mark.timeout(120)

SEED = 20_261_122
EXPECTED = {"telegram_update_set_aside"}
"""Errors in the log that are an answer to broken input, not a failure of ours."""
QUESTION, ANSWER = "Как можно оплатить заказ?", "карт"


@pytest.fixture
def trouble(caplog: pytest.LogCaptureFixture) -> Iterator[list[Any]]:
    """What the product logged as its own failure."""
    with structlog.testing.capture_logs(processors=[structlog.processors.format_exc_info]) as logs:
        found: list[Any] = []
        yield found
    found += [entry for entry in logs if entry["log_level"] in ("error", "critical") and entry["event"] not in EXPECTED]
    found += [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert not found, "\n".join(str(one) for one in found)


async def _stage(
    fake: FakeTelegram, folder: Path, workspace: Workspace, understander: Understander, shop_url: str, mode: Mode
) -> Stage:
    widget = WidgetConfig(burst=10_000, rate=10_000)
    return Stage(fake, folder, workspace, understander, shop_url, mode, limits=UNLIMITED, widget=widget)


@pytest.fixture(params=["webhook", "polling"])
async def stage(
    request: pytest.FixtureRequest, tmp_path: Path, demo_workspace: Workspace, demo_understander: Understander,
    shop_url: str, trouble: list[Any],
) -> AsyncIterator[Stage]:  # fmt: skip
    async with FakeTelegram(limits=None) as fake:
        yield await _stage(fake, tmp_path, demo_workspace, demo_understander, shop_url, request.param)


# --- what is sent --------------------------------------------------------------------------------


def updates(stage: Stage, topic: int, count: int) -> Iterator[Any]:
    """Mutations of every kind of update: those of private chats as the customer's, the group's as the operator's,
    in the topic of another customer. In every second one what makes it a message of that chat is left whole, so that
    the rest goes as deep as it can. Each is new to the bot unless its number is what was broken."""
    chance = random.Random(SEED)
    places = {23: stage.customer.id, GROUP: stage.group.id, 40: topic, 11: stage.operator.id}
    originals = [_moved(update, places) for update in every_kind()]
    for number in range(count):
        broken = copy.deepcopy(chance.choice(originals))
        broken["update_id"] = 1_000_000 + number
        for _ in range(chance.randint(1, 4)):
            broken = _with_odd_content(broken, chance) if number % 2 else mutated(broken, chance)
        yield broken


def _with_odd_content(update: Any, chance: random.Random) -> Any:
    content = next(value for key, value in update.items() if key != "update_id")
    inside = [key for key in content if key not in ("message_id", "chat", "is_topic_message", "message_thread_id")]
    if inside:
        key = chance.choice(inside)
        content[key] = mutated(content[key], chance)
    return update


def _moved(value: Any, places: dict[int, int]) -> Any:
    if isinstance(value, dict):
        moved = {key: _moved(content, places) for key, content in value.items()}
        if value.get("type") == "private":
            moved["id"] = places[23]
        return moved
    if isinstance(value, list):
        return [_moved(item, places) for item in value]
    return places.get(value, value) if type(value) is int else value


def bodies(broken: Iterable[Any]) -> Iterator[bytes]:
    """Each update as a body, every fourth of them damaged as bytes too; then bodies that are no update at all."""
    chance = random.Random(SEED)
    for number, update in enumerate(broken):
        body = json.dumps(update, ensure_ascii=number % 2 == 0).encode("utf-8", "surrogatepass")
        yield _damaged(body, chance) if number % 4 == 0 else body
    message = {"message_id": 1, "date": 1_760_000_000, "text": "x", "from": {"id": 1}}
    for chat in ("5", "x", True, 1.5, -5, 2**63, 2**70, 10**400, None, [], {}, [1], {"id": 1}, "\ud83d"):
        for place in ({"id": chat, "type": "private"}, chat):
            yield json.dumps({"update_id": 1, "message": {**message, "chat": place}}).encode()
    deep = 100_000
    yield from (
        b"", b" ", b"null", b"[]", b"1", b'"x"', b"{", b"\xff\xfe{}", b"\x00", b"\xef\xbb\xbf{}", b"{}" * 2,
        b"[" * deep, b"[" * deep + b"]" * deep, b'{"a":' * deep + b"1" + b"}" * deep,
        b'{"update_id":' + b"9" * 400 + b"}", b'{"update_id":' + b"9" * 5000 + b"}", b'{"update_id":1e999}',
        b'{"update_id":1,"update_id":2,"message":{},"message":{"chat":1}}', b"x" * (5 * 1024 * 1024),
    )  # fmt: skip


def _damaged(body: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(body) + 1)
    match chance.randrange(4):
        case 0:
            return body[:at]
        case 1:
            return body[:at] + chance.choice((b"\xff", b"\x00", b"\xed\xa0\x80", b'"', b"}", b"9" * 400)) + body[at:]
        case 2:  # every key twice
            return body[:-1] + b"," + body[1:] if body.startswith(b"{") and len(body) > 2 else body * 2
    return body[:at] + body[at + chance.randrange(1, 20) :]


async def post(stage: Stage, many: Iterable[bytes], *, at_once: int = 8) -> list[int]:
    """The statuses."""
    url = f"{stage.settings.url}/webhooks/telegram/shop"
    waiting, statuses = iter(many), []

    async def work(session: aiohttp.ClientSession) -> None:
        for body in waiting:
            async with session.post(url, data=io.BytesIO(body)) as answer:
                statuses.append(answer.status)

    async with aiohttp.ClientSession(headers={"X-Telegram-Bot-Api-Secret-Token": SECRET}) as session:
        await asyncio.gather(*(work(session) for _ in range(at_once)))
    return statuses


# --- what must hold ------------------------------------------------------------------------------


async def other_customers_topic(stage: Stage) -> int:
    stage.fake.private("Мария").says("Позовите человека")
    return await stage.topic()


async def is_answered(stage: Stage) -> None:
    """The bot answers the customer whose chat was full of broken messages."""
    before = len(stage.fake.messages(stage.customer))
    stage.customer.says(QUESTION)
    await stage.fake.wait(
        lambda: any(m.by_bot and ANSWER in m.text for m in stage.fake.messages(stage.customer)[before:]), 20
    )


async def operators_are_heard(stage: Stage, topic: int) -> None:
    """And words in the topic that was full of broken messages still reach their customer, and only them."""
    stage.operator.says("Добрый день, Мария, я здесь.", topic=topic)
    maria = stage.fake.private("Мария")
    await stage.fake.wait(lambda: any("я здесь" in text for text in stage.fake.shown(maria)), 20)
    assert not any("я здесь" in text for text in stage.fake.shown(stage.customer))


async def all_decided(platform: Platform, stage: Stage) -> None:
    """Or the question would be folded into one turn with what came before: albums are waited for."""
    address = Address(channel="telegram", account="shop", chat=str(stage.customer.id))
    async with asyncio.timeout(60):
        while (await platform.store.load(address.conversation)).signals:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_a_thousand_broken_updates(stage: Stage) -> None:
    async with stage.running() as platform:
        worker = platform.worker
        assert worker is not None
        topic = await other_customers_topic(stage)
        await is_answered(stage)
        webhook = stage.settings.telegram is not None and stage.settings.telegram.mode == "webhook"
        if webhook:
            statuses = await post(stage, bodies(updates(stage, topic, 1000)))
            assert set(statuses) == {200}
            assert len(statuses) > 1000
        else:
            assert put(stage.fake, updates(stage, topic, 2200)) > 1000
            await eventually(lambda: not stage.fake.updates.pending)
        await all_decided(platform, stage)
        await is_answered(stage)
        await operators_are_heard(stage, topic)
        assert worker.engine.tally.signals > 300  # it is not all refused at the door


def put(fake: FakeTelegram, broken: Iterable[Any]) -> int:
    """Leaves for getUpdates what the stand-in can hold: objects of a known kind, in well-formed JSON."""
    count = 0
    for update in broken:
        kind = next((key for key in update if key != "update_id"), None) if isinstance(update, dict) else None
        if kind is None or kind not in fake.updates.allowed:
            continue
        try:
            orjson.dumps(update[kind])
        except (TypeError, ValueError):
            continue
        count += fake.updates.add(kind, update[kind]) is not None
    return count


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + "x"])
async def test_without_the_secret_not_even_a_good_update_is_taken(
    secret: str | None, tmp_path: Path, demo_workspace: Workspace, demo_understander: Understander, shop_url: str
) -> None:
    async with FakeTelegram(limits=None) as fake:
        stage = await _stage(fake, tmp_path, demo_workspace, demo_understander, shop_url, "webhook")
        headers = {} if secret is None else {"X-Telegram-Bot-Api-Secret-Token": secret}
        async with stage.running() as platform, aiohttp.ClientSession(headers=headers) as session:
            body = orjson.dumps(every_kind()[5])
            async with session.post(f"{stage.settings.url}/webhooks/telegram/shop", data=body) as answer:
                assert answer.status == 401
            assert await platform.store.due(platform.clock.now(), 10) == []


# --- the widget's socket -------------------------------------------------------------------------

_GOOD: tuple[dict[str, Any], ...] = (
    {"type": "message", "id": "0f8fad5b-d9cb-469f-a165-70867728950e", "text": "Где мой заказ?"},
    {"type": "press", "id": "0f8fad5b-d9cb-469f-a165-70867728951e", "button": "human", "label": "Позвать человека"},
    {"type": "hello", "key": "demo", "token": None, "after": 0, "language": "ru"},
    {"type": "typing"},
    {"type": "ping"},
)
_WRONG = (
    "", " ", "null", "[]", "1", '"x"', "{", "{}", "\x00", "{}{}", "[" * 20_000, '{"a":' * 9_000 + "1" + "}" * 9_000,
    '{"type":"message","type":"ping","id":1}', '{"type":"message","id":"12345678","text":"\\ud83d"}',
    '{"type":"hello","key":"demo","after":' + "9" * 400 + "}", '{"type":"hello","key":"demo","after":1e999}',
    '{"type":"message","id":"12345678","text":"' + "я" * 20_000 + '"}', '{"type":"ping","x":' + "9" * 5000 + "}",
)  # fmt: skip


def frames(count: int) -> Iterator[str]:
    """Frames with something wrong in them. None is too large for one frame."""
    chance = random.Random(SEED)
    yield from _WRONG
    for number in range(count):
        frame: Any = copy.deepcopy(chance.choice(_GOOD))
        frame["number"] = number
        for _ in range(chance.randint(1, 3)):
            frame = mutated(frame, chance)
        written = json.dumps(frame)
        if len(written) < 60_000:
            yield written


class Tab:
    """A browser's socket that is opened again when the server closes it, and goes on with its token."""

    def __init__(self, session: aiohttp.ClientSession, origin: str) -> None:
        self._session = session
        self._origin = origin
        self._ws: aiohttp.ClientWebSocketResponse | None = None
        self._count = 0
        self.token: str | None = None

    async def connect(self) -> aiohttp.ClientWebSocketResponse:
        return await self._session.ws_connect(f"{self._origin}/widget/ws", headers={"Origin": self._origin})

    async def open(self) -> aiohttp.ClientWebSocketResponse:
        if self._ws is None or self._ws.closed:
            self._ws = await self.connect()
            await self._ws.send_json(
                {"type": "hello", "key": "demo", "token": self.token, "after": 0, "language": "ru"}
            )
            welcome = await self._ws.receive_json(timeout=10)
            assert welcome["type"] == "welcome"
            self.token = welcome["token"]
        return self._ws

    async def survives(self, frame: str | bytes) -> None:
        """Sends it and hears the server's answer to what comes next, in this connection or in the next one."""
        ws = await self.open()
        self._count += 1
        mark = f"empty-message-{self._count}"
        await (ws.send_str(frame) if isinstance(frame, str) else ws.send_bytes(frame))
        await ws.send_json({"type": "message", "id": mark})
        while (message := await ws.receive(timeout=10)).type is WSMsgType.TEXT:
            if message.json().get("id") == mark:
                return
        await ws.close()
        await self.open()

    async def answered(self, identity: str) -> None:
        """A good message is acknowledged, and the bot answers it."""
        ws = await self.open()
        await ws.send_json({"type": "message", "id": identity, "text": QUESTION})
        async with asyncio.timeout(20):
            asked = 0
            while True:
                frame = await ws.receive_json()
                for entry in frame.get("entries", ()) if frame["type"] == "entries" else ():
                    asked = asked or (entry["seq"] if entry["client_id"] == identity else 0)
                    if asked and entry["seq"] > asked and entry["author"] == "bot" and ANSWER in entry["text"]:
                        return


async def test_broken_frames_at_the_widgets_socket(
    tmp_path: Path, demo_workspace: Workspace, demo_understander: Understander, shop_url: str, trouble: list[Any]
) -> None:
    async with FakeTelegram(limits=None) as fake, aiohttp.ClientSession() as session:
        stage = await _stage(fake, tmp_path, demo_workspace, demo_understander, shop_url, "polling")
        async with stage.running():
            tab = Tab(session, stage.settings.url)
            await tab.answered("first-message")
            for frame in frames(600):
                await tab.survives(frame)
            for raw in (b"", b"\xff\xfe", b'{"type":"ping"}', "x" * 100_000, "я" * 40_000):
                await tab.survives(raw)
            await tab.answered("second-message")
            for frame in _WRONG:
                ws = await tab.connect()
                await ws.send_str(frame)
                answer = await ws.receive(timeout=10)
                if answer.type is WSMsgType.TEXT:
                    assert answer.json()["type"] == "error"
                    answer = await ws.receive(timeout=10)
                assert answer.type is WSMsgType.CLOSE
                await ws.close()
            await tab.answered("third-message")
