"""Whom and what the socket turns away, and that it goes on afterwards."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from bots.widget.connection import Connection
from tests.widget.platform import Platform
from tests.widget.visitor import Visitor


async def test_too_many_messages_at_once_are_refused_with_a_reason(platform: Platform) -> None:
    async with Visitor(platform) as tab:
        for number in range(20):
            assert (await tab.say("Ау", f"message-{number}"))["type"] == "ack"
        refused = await tab.say("Ау", "message-20")
        assert (refused["code"], refused["id"]) == ("too_fast", "message-20")
        async with Visitor(platform, token=tab.token) as second_tab:
            assert (await second_tab.say("Ау", "message-21"))["code"] == "too_fast"
        platform.clock.time += platform.clock.time.resolution * 1_100_000
        assert (await tab.say("Ау", "message-20"))["type"] == "ack"


async def test_a_long_text_is_refused_by_characters_not_bytes(platform: Platform) -> None:
    async with Visitor(platform) as tab:
        assert (await tab.say("🙂" * 4000))["type"] == "ack"
        refused = await tab.say("я" * 4001, "message-2")
        assert (refused["code"], refused["id"]) == ("too_long", "message-2")
        assert "длинное" in refused["text"]


async def test_foreign_origins_and_none_are_turned_away(platform: Platform) -> None:
    async with aiohttp.ClientSession() as session:
        port = platform.port
        for origin in (
            "https://evil.example",
            "null",
            f"http://127.0.0.1:{port}.evil.example",
            f"http://localhost:{port}",
            "",
        ):
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await session.ws_connect(f"{platform.origin}/widget/ws", headers={"Origin": origin} if origin else {})
            assert caught.value.status == 403


async def test_a_configured_origin_is_the_only_one() -> None:
    platform = Platform(origin="https://chat.shop.example")
    await platform.start()
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(f"{platform.origin}/widget/ws", headers={"Origin": platform.origin})
        ws = await session.ws_connect(f"{platform.origin}/widget/ws", headers={"Origin": "https://chat.shop.example"})
        await ws.close()
    await platform.stop()


HELLO: dict[str, Any] = {"type": "hello", "key": "demo", "token": None, "after": 0, "language": "ru"}


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ("not json", "bad_request"),
        ("[]", "bad_request"),
        (json.dumps({**HELLO, "key": "other"}), "forbidden"),
        (json.dumps({**HELLO, "key": 1}), "bad_request"),
        (json.dumps({**HELLO, "token": 5}), "bad_request"),
        (json.dumps({**HELLO, "after": -1}), "bad_request"),
        (json.dumps({**HELLO, "after": True}), "bad_request"),
        (json.dumps({**HELLO, "after": 1e300}), "bad_request"),
        (json.dumps({**HELLO, "language": ["ru"]}), "bad_request"),
        (json.dumps({"type": "message", "id": "message-1", "text": "Без привета"}), "bad_request"),
    ],
)
async def test_whoever_does_not_say_hello_is_shown_out(platform: Platform, first: str, code: str) -> None:
    async with aiohttp.ClientSession() as session:
        ws = await session.ws_connect(f"{platform.origin}/widget/ws", headers={"Origin": platform.origin})
        await ws.send_str(first)
        assert (await ws.receive_json(timeout=5))["code"] == code
        closing = await ws.receive(timeout=5)
        assert (closing.type, closing.data) == (aiohttp.WSMsgType.CLOSE, 1008)


NONSENSE = [
    "", "null", "[]", "0", '"hello"', "{", "{}", '{"type":null}', '{"type":"nothing"}', '{"type":["message"]}',
    '{"type":"message"}', '{"type":"message","id":"message-9"}', '{"type":"message","id":"message-9","text":5}',
    '{"type":"message","id":"message-9","text":"\\ud800"}', '{"type":"message","id":"message-9","text":"  \\n"}',
    '{"type":"message","id":"message-9","text":"\\u0000"}', '{"type":"message","id":"a b c d e f","text":"x"}',
    '{"type":"message","id":"message-9\\n","text":"x"}', '{"type":"message","id":{"$ne":1},"text":"x"}',
    '{"type":"message","id":"w.x.y.message","text":"x"}', '{"type":"message","id":"short","text":"x"}',
    '{"type":"press","id":"message-9","button":"кнопка"}', '{"type":"press","id":"message-9","button":""}',
    '{"type":"press","id":"message-9","button":"b","label":7}', '{"type":"press","id":"message-9"}',
    '{"type":"message","id":"message-9","text":NaN}', "[" * 20000, '{"a":' * 9000, "9" * 5000,
    json.dumps({"type": "press", "id": "message-9", "button": "b", "label": "x" * 201}), json.dumps(HELLO),
]  # fmt: skip


async def test_nonsense_is_answered_and_the_socket_goes_on(platform: Platform) -> None:
    async with Visitor(platform) as tab:
        for raw in NONSENSE:
            await tab.ws.send_str(raw)
            assert (await tab.hear())["code"] == "bad_request", raw[:60]
        await tab.ws.send_bytes(b"\x00\xff")
        assert (await tab.hear())["code"] == "bad_request"
        assert not platform.store.signals
        assert (await tab.say("Раз"))["type"] == "ack"


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"x" * (64 * 1024 + 1)])
async def test_a_frame_beyond_reading_ends_its_socket_and_no_other(platform: Platform, raw: bytes) -> None:
    async with Visitor(platform) as tab, Visitor(platform) as other:
        await tab.ws._writer.send_frame(raw, aiohttp.WSMsgType.TEXT)
        assert (await tab.ws.receive(timeout=5)).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
        assert (await other.say("Раз"))["type"] == "ack"


async def test_control_characters_are_left_out(platform: Platform) -> None:
    async with Visitor(platform) as tab:
        await tab.say("Ра\x00з\x1b[31m\tдва\r\nтри")
    assert platform.texts() == ["Раз[31m\tдва\nтри"]


async def test_a_socket_that_does_not_read_is_cut_and_resumes(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Platform(send_timeout=0.3)
    await slow.start()
    async with Visitor(slow) as tab:
        await tab.say("Раз")
        await tab.entries(1)
    cut = asyncio.Event()
    original = Connection._cut

    def noticed(connection: Connection) -> None:
        original(connection)
        cut.set()

    monkeypatch.setattr(Connection, "_cut", noticed)
    text = "длинно " * 500
    for _ in range(4000):
        slow.say(text)
    _, writer = await asyncio.open_connection("127.0.0.1", slow.port, limit=1024)
    writer.write(
        f"GET /widget/ws HTTP/1.1\r\nHost: 127.0.0.1:{slow.port}\r\nOrigin: {slow.origin}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    hello = json.dumps({**HELLO, "token": tab.token, "after": 1}).encode()
    writer.write(b"\x81\xfe" + len(hello).to_bytes(2, "big") + bytes(4) + hello)
    async with asyncio.timeout(15):
        await cut.wait()
    writer.close()
    async with Visitor(slow, token=tab.token, after=3999) as again:
        assert [entry["seq"] for entry in again.welcome["entries"]] == [4000, 4001]
    await slow.stop()


async def test_sockets_are_bounded_for_a_visitor_and_for_all() -> None:
    platform = Platform(sockets=3, sockets_per_visitor=2)
    await platform.start()
    async with Visitor(platform) as one, Visitor(platform, token=one.token):
        async with aiohttp.ClientSession() as session:
            ws = await session.ws_connect(f"{platform.origin}/widget/ws", headers={"Origin": platform.origin})
            await ws.send_json({**HELLO, "token": one.token})
            closing = await ws.receive(timeout=5)
            assert (closing.type, closing.data) == (aiohttp.WSMsgType.CLOSE, 1013)
        async with Visitor(platform), aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await session.ws_connect(f"{platform.origin}/widget/ws", headers={"Origin": platform.origin})
            assert caught.value.status == 503
    await platform.stop()


async def test_a_flood_of_typing_and_pings_costs_little(platform: Platform) -> None:
    async with Visitor(platform) as tab:
        await tab.say("Раз")
        await tab.entries(1)
        for _ in range(100):
            await tab.send(type="typing")
        await tab.send(type="ping")
        await tab.until("pong")
        assert len(platform.typed) == 8
        platform.clock.time += platform.clock.time.resolution * 3_000_000
        await tab.send(type="typing")
        await tab.send(type="ping")
        await tab.until("pong")
        assert len(platform.typed) == 9
