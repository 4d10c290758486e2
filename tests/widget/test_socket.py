"""The socket: who may speak, what is acknowledged, what comes back after every break."""

from __future__ import annotations

import asyncio
import hashlib
import json

import aiohttp
import pytest

from estafeta.kernel.model import (
    Author,
    Contact,
    CustomerPressed,
    CustomerSaid,
    EntryId,
    Location,
    Media,
    Profile,
    Stage,
    Text,
    Unsupported,
)
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
    profile = Profile(language="ru")
    assert signal.event == CustomerSaid(message="message-1", parts=(Text(text="Где заказ?"),), profile=profile)


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


async def test_what_the_outbox_sends_keeps_its_id(platform: Platform) -> None:
    async with Visitor(platform) as tab:
        await tab.say("Раз")
        message = platform.outbound("Два")
        assert await platform.channel.send(message) == message.id


async def test_a_ping_makes_up_for_lost_announcements(platform: Platform) -> None:
    async with Visitor(platform) as tab:
        await tab.say("Раз")
        await tab.entries(1)
        platform.changed = lambda conversation: None  # type: ignore[method-assign]
        platform.say("Два")
        await tab.send(type="ping")
        assert [entry["text"] for entry in await tab.entries(1)] == ["Два"]


async def test_files_places_and_contacts_come_as_what_they_are_and_the_rest_in_words(platform: Platform) -> None:
    async with Visitor(platform, language="en") as tab:
        await tab.say("Раз")
        parts = (
            Text(text="Here:"),
            Media(kind="document", ref="secret-ref", name="terms.pdf"),
            Location(latitude=55.75, longitude=37.62, title="Shop"),
            Contact(phone="+7 900", name="Anna"),
            Unsupported(kind="poll"),
        )
        platform.append(platform.conversation, EntryId("m"), author=Author(kind="operator"), parts=parts)
        entry = (await tab.entries(2))[-1]
    assert entry["text"] == "Here:\n[Attachment]"
    assert entry["parts"] == [
        {"n": 1, "kind": "document", "name": "terms.pdf", "mime": "", "size": 0, "duration": 0.0},
        {"n": 2, "kind": "location", "latitude": 55.75, "longitude": 37.62, "title": "Shop"},
        {"n": 3, "kind": "contact", "phone": "+7 900", "name": "Anna"},
    ]
    assert "secret-ref" not in json.dumps(entry)


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
        assert (closing.type, closing.data) == (aiohttp.WSMsgType.CLOSE, 1012)
        await stopping
    await platform.start()


async def test_listening_waits_until_cancelled(platform: Platform) -> None:
    task = asyncio.ensure_future(platform.channel.listen(platform.accept))
    await asyncio.sleep(0)
    assert not task.done()
    task.cancel()


async def test_words_that_came_while_the_store_was_away_are_shown_afterwards(platform: Platform) -> None:
    async with Visitor(platform) as tab:
        await tab.say("Раз")
        await tab.entries(1)
        platform.store.broken = True
        platform.say("Два")
        await tab.send(type="ping")
        await tab.until("pong")
        platform.store.broken = False
        assert [entry["text"] for entry in await tab.entries(1)] == ["Два"]


async def test_half_a_character_from_elsewhere_does_not_stop_the_conversation(platform: Platform) -> None:
    async with Visitor(platform) as tab:
        await tab.say("Раз")
        platform.say("\ud83d и дальше")
        platform.say("Три")
        assert [entry["text"] for entry in await tab.entries(3)][1:] == ["\ud83d и дальше", "Три"]
