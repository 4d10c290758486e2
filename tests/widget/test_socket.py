"""The socket: who may speak, what is acknowledged, what comes back after every break."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import Any

import aiohttp
import pytest

from estafeta.kernel.model import Author, CustomerPressed, CustomerSaid, EntryId, Media, Stage, Text
from tests.widget.platform import ANNA, Platform
from tests.widget.visitor import Visitor


async def test_the_first_hello_is_answered_with_a_token_and_the_greeting(platform: Platform) -> None:
    async with Visitor(platform) as tab:
        assert len(tab.token) == 43
        assert tab.welcome["greeting"] == {
            "text": "Здравствуйте! Чем помочь?",
            "buttons": [{"id": "human", "text": "Позвать человека"}],
        }
        assert tab.welcome["entries"] == []
        assert tab.welcome["seq"] == 0
        assert tab.welcome["state"] == {"stage": "bot", "operator": ""}


async def test_the_greeting_follows_the_language_and_falls_back_to_the_first(platform: Platform) -> None:
    async with Visitor(platform, language="en-GB") as english, Visitor(platform, language="fi") as finnish:
        assert english.welcome["greeting"]["text"].startswith("Hello")
        assert finnish.welcome["greeting"]["text"].startswith("Здравствуйте")


async def test_a_message_is_stored_then_acknowledged_then_shown(platform: Platform) -> None:
    async with Visitor(platform) as tab:
        await tab.send(type="message", id="message-1", text="  Где заказ?\n")
        assert await tab.hear() == {"type": "ack", "id": "message-1"}
        (entry,) = await tab.entries(1)
    assert (entry["text"], entry["author"], entry["client_id"]) == ("Где заказ?", "customer", "message-1")
    (signal,) = platform.store.signals.values()
    assert signal.event == CustomerSaid(
        message="message-1", parts=(Text(text="Где заказ?"),), profile=signal.event.profile
    )
    assert signal.event.profile.language == "ru"


async def test_the_store_never_holds_the_token(platform: Platform) -> None:
    async with Visitor(platform) as tab:
        await tab.say("Здравствуйте")
        (signal,) = platform.store.signals.values()
        assert signal.address is not None
        assert signal.address.chat == hashlib.sha256(tab.token.encode()).hexdigest()[:40]
        assert signal.id == f"w.{signal.address.chat[:16]}.message-1"
        assert tab.token not in repr(platform.store.__dict__)


async def test_the_same_message_sent_again_is_one_message(platform: Platform) -> None:
    async with Visitor(platform) as tab:
        for _ in range(3):
            assert (await tab.say("Раз"))["type"] == "ack"
    async with Visitor(platform, token=tab.token) as again:
        assert (await again.say("Раз"))["type"] == "ack"
    assert platform.texts() == ["Раз"]


async def test_a_press_is_acknowledged_and_carries_button_and_label(platform: Platform) -> None:
    async with Visitor(platform) as tab:
        await tab.send(type="press", id="press-001", button="human", label="Позвать человека")
        assert await tab.hear() == {"type": "ack", "id": "press-001"}
        (entry,) = await tab.entries(1)
    assert entry["client_id"] == "press-001"
    (signal,) = platform.store.signals.values()
    assert isinstance(signal.event, CustomerPressed)
    assert (signal.event.button, signal.event.label) == ("human", "Позвать человека")


async def test_a_known_token_gets_its_conversation_and_no_greeting(platform: Platform) -> None:
    async with Visitor(platform) as tab:
        await tab.say("Раз")
        platform.say("Два", buttons=("Да", "Нет"))
    async with Visitor(platform, token=tab.token) as again:
        assert again.token == tab.token
        assert "greeting" not in again.welcome
        assert [entry["text"] for entry in again.welcome["entries"]] == ["Раз", "Два"]
        assert again.welcome["entries"][1]["buttons"] == [{"id": "b0", "text": "Да"}, {"id": "b1", "text": "Нет"}]
        assert again.welcome["seq"] == 2


@pytest.mark.parametrize("token", ["", "short", "x" * 44, "й" * 43, "../../etc" * 5, None])
async def test_a_token_we_cannot_have_made_is_replaced(platform: Platform, token: str | None) -> None:
    async with Visitor(platform, token=token) as tab:
        assert tab.token != token
        assert len(tab.token) == 43


async def test_a_visitor_does_not_see_another_ones_words(platform: Platform) -> None:
    async with Visitor(platform) as one, Visitor(platform) as other:
        await one.say("Мой адрес: …")
        await other.send(type="ping")
        assert (await other.hear())["type"] == "pong"
    async with Visitor(platform, token=other.token) as again:
        assert again.welcome["entries"] == []


async def test_resuming_brings_what_came_meanwhile_once_and_in_order(platform: Platform) -> None:
    async with Visitor(platform) as tab:
        await tab.say("0")
        await tab.entries(1)
    for number in range(1, 451):
        platform.say(str(number))
    async with Visitor(platform, token=tab.token, after=1) as again:
        shown = again.welcome["entries"] + await again.entries(450 - len(again.welcome["entries"]))
    assert [entry["text"] for entry in shown] == [str(number) for number in range(1, 451)]


async def test_a_fresh_page_shows_the_newest_of_a_long_conversation(platform: Platform) -> None:
    async with Visitor(platform) as tab:
        await tab.say("0")
    for number in range(1, 451):
        platform.say(str(number))
    async with Visitor(platform, token=tab.token) as again:
        assert [entry["text"] for entry in again.welcome["entries"]] == [str(n) for n in range(251, 451)]
        assert again.welcome["seq"] == 451


async def test_a_page_that_is_ahead_of_the_store_gets_everything_anew(platform: Platform) -> None:
    async with Visitor(platform) as tab:
        await tab.say("Раз")
    async with Visitor(platform, token=tab.token, after=900) as again:
        assert [entry["text"] for entry in again.welcome["entries"]] == ["Раз"]
        assert again.welcome["seq"] == 1


async def test_all_tabs_of_a_visitor_hear_everything(platform: Platform) -> None:
    async with Visitor(platform) as one, Visitor(platform, token=one.token) as other:
        await one.say("Раз")
        platform.say("Два")
        for tab in (one, other):
            assert [entry["text"] for entry in await tab.entries(2)] == ["Раз", "Два"]


async def test_notes_and_events_never_reach_a_customer(platform: Platform) -> None:
    async with Visitor(platform) as tab:
        await tab.say("Раз")
        platform.note("скидку не давать")
        conversation = platform.conversation
        author = Author(kind="system")
        platform.append(conversation, EntryId("e"), author=author, parts=(Text(text="тайна"),), kind="event")
        platform.append(conversation, EntryId("d"), author=author, parts=(Text(text="тайна"),), kind="delivery")
        platform.say("Два", author="operator")
        raw = [json.dumps(frame, ensure_ascii=False) for frame in [await tab.until("entries"), await tab.hear()][:1]]
    async with Visitor(platform, token=tab.token) as again:
        raw.append(json.dumps(again.welcome, ensure_ascii=False))
    assert "Два" in raw[-1]
    assert not any(secret in frame for frame in raw for secret in ("скидку", "тайна", "op-1", "Анна"))


async def test_operators_names_are_shown_only_when_configured() -> None:
    for shown in (False, True):
        platform = Platform(show_operator_names=shown)
        await platform.start()
        async with Visitor(platform) as tab:
            await tab.say("Позовите человека")
            platform.stage(Stage.HUMAN)
            name = ANNA.name if shown else ""
            assert (await tab.until("state"))["state"] == {"stage": "human", "operator": name}
            platform.types(name="Анна")
            assert await tab.until("typing") == {"type": "typing", "who": "operator", "name": name}
            platform.say("Здравствуйте", author="operator")
            assert (await tab.until("entries"))["entries"][0]["name"] == name
        await platform.stop()


async def test_the_state_is_told_when_it_changes_and_only_then(platform: Platform) -> None:
    async with Visitor(platform) as tab:
        await tab.say("Позовите человека")
        platform.stage(Stage.QUEUED)
        assert (await tab.until("state"))["state"] == {"stage": "queued", "operator": ""}
        platform.changed(platform.conversation)
        await tab.send(type="ping")
        assert (await tab.hear())["type"] == "pong"


async def test_typing_goes_both_ways(platform: Platform) -> None:
    async with Visitor(platform) as tab:
        await tab.say("Раз")
        await tab.send(type="typing")
        await tab.send(type="ping")
        await tab.until("pong")
        assert platform.typed == [platform.conversation]
        await platform.channel.typing(platform.outbound("").to)
        assert await tab.until("typing") == {"type": "typing", "who": "bot", "name": ""}
        platform.types(who="customer")
        await tab.send(type="ping")
        assert (await tab.hear())["type"] == "pong"


async def test_a_send_of_the_outbox_makes_sockets_look(platform: Platform) -> None:
    async with Visitor(platform) as tab:
        await tab.say("Раз")
        await tab.entries(1)
        lost = platform.changed
        platform.changed = lambda conversation: None  # type: ignore[method-assign]
        platform.say("Два")
        message = platform.outbound("Два")
        assert await platform.channel.send(message) == message.id
        assert [entry["text"] for entry in await tab.entries(1)] == ["Два"]
        platform.changed = lost  # type: ignore[method-assign]


async def test_a_ping_makes_up_for_lost_announcements(platform: Platform) -> None:
    async with Visitor(platform) as tab:
        await tab.say("Раз")
        await tab.entries(1)
        platform.changed = lambda conversation: None  # type: ignore[method-assign]
        platform.say("Два")
        await tab.send(type="ping")
        assert [entry["text"] for entry in await tab.entries(1)] == ["Два"]


async def test_what_is_not_text_is_said_in_words(platform: Platform) -> None:
    async with Visitor(platform, language="en") as tab:
        await tab.say("Раз")
        parts = (Text(text="Here:"), Media(kind="document", ref="secret-ref", name="terms.pdf"))
        platform.append(platform.conversation, EntryId("m"), author=Author(kind="operator"), parts=parts)
        entry = (await tab.entries(2))[-1]
    assert entry["text"] == "Here:\n[File: terms.pdf]"


async def test_an_unavailable_store_is_told_and_nothing_is_acknowledged(platform: Platform) -> None:
    async with Visitor(platform) as tab:
        platform.store.broken = True
        refused = await tab.say("Раз")
        assert (refused["type"], refused["code"], refused["id"]) == ("error", "unavailable", "message-1")
        platform.store.broken = False
        assert (await tab.say("Раз"))["type"] == "ack"
        assert [entry["text"] for entry in await tab.entries(1)] == ["Раз"]


async def test_a_hello_to_an_unavailable_store_is_told_to_try_later(platform: Platform) -> None:
    platform.store.broken = True
    async with Visitor(platform) as tab:
        assert tab.welcome["code"] == "unavailable"
        closing = await tab.ws.receive(timeout=5)
        assert (closing.type, closing.data) == (aiohttp.WSMsgType.CLOSE, 1013)


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
        for origin in ("https://evil.example", "null", f"http://127.0.0.1:{port}.evil.example", f"http://localhost:{port}", ""):
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await session.ws_connect(f"{platform.origin}/widget/ws", headers={"Origin": origin} if origin else {})
            assert caught.value.status == 403


async def test_a_configured_origin_is_the_only_one() -> None:
    platform = Platform(origin="https://chat.shop.example")
    await platform.start()
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(f"{platform.origin}/widget/ws", headers={"Origin": platform.origin})
        ws = await session.ws_connect(
            f"{platform.origin}/widget/ws", headers={"Origin": "https://chat.shop.example"}
        )
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
        await tab.ws._writer.send_frame(raw, aiohttp.WSMsgType.TEXT)  # type: ignore[union-attr]
        assert (await tab.ws.receive(timeout=5)).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
        assert (await other.say("Раз"))["type"] == "ack"


async def test_control_characters_are_left_out(platform: Platform) -> None:
    async with Visitor(platform) as tab:
        await tab.say("Ра\x00з\x1b[31m\tдва\r\nтри")
    assert platform.texts() == ["Раз[31m\tдва\nтри"]


async def test_a_socket_that_does_not_read_is_cut_and_resumes(platform: Platform) -> None:
    slow = Platform(send_timeout=0.3)
    await slow.start()
    async with Visitor(slow) as tab:
        await tab.say("Раз")
        await tab.entries(1)
    text = "длинно " * 500
    for _ in range(4000):
        slow.say(text)
    _, writer = await asyncio.open_connection("127.0.0.1", slow.port, limit=1024)
    writer.write(
        f"GET /widget/ws HTTP/1.1\r\nHost: 127.0.0.1:{slow.port}\r\nOrigin: {slow.origin}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    hello = json.dumps({**HELLO, "token": tab.token, "after": 1}).encode()
    writer.write(b"\x81\xfe" + len(hello).to_bytes(2, "big") + bytes(4) + hello)
    async with asyncio.timeout(15):
        while not len(slow.channel._sockets):
            await asyncio.sleep(0.01)
        while len(slow.channel._sockets):
            await asyncio.sleep(0.01)
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
        async with Visitor(platform):
            async with aiohttp.ClientSession() as session:
                with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                    await session.ws_connect(f"{platform.origin}/widget/ws", headers={"Origin": platform.origin})
                assert caught.value.status == 503
    await platform.stop()


async def test_an_address_linked_elsewhere_brings_its_tabs_to_that_conversation(platform: Platform) -> None:
    async with Visitor(platform) as one:
        await one.say("Из другого места", "message-1")
        target = platform.conversation
        async with Visitor(platform) as tab:
            (signal,) = platform.store.signals.values()
            assert signal.address is not None
            chat = hashlib.sha256(tab.token.encode()).hexdigest()[:40]
            await platform.store.link(type(signal.address)(channel="widget", account="demo", chat=chat), target)
            await tab.say("Здесь", "message-2")
            assert [entry["text"] for entry in await tab.entries(2)] == ["Из другого места", "Здесь"]


async def test_shutting_down_tells_the_sockets(platform: Platform) -> None:
    async with Visitor(platform) as tab:
        stopping = asyncio.ensure_future(platform.stop())
        closing = await tab.ws.receive(timeout=5)
        assert (closing.type, closing.data) == (aiohttp.WSMsgType.CLOSE, 1001)
        await stopping
    await platform.start()


async def test_listening_waits_until_cancelled(platform: Platform) -> None:
    task = asyncio.ensure_future(platform.channel.listen(platform.accept))
    await asyncio.sleep(0)
    assert not task.done()
    task.cancel()
