"""What is done to messages: answers, edits, deletions, reactions, read marks; both ways."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bots.widget.capabilities import CAPABILITIES, SOURCES
from estafeta.kernel.model import (
    Author,
    Button,
    Capabilities,
    CustomerDeleted,
    CustomerEdited,
    CustomerReacted,
    CustomerSaid,
    EntryId,
    Mark,
    Stage,
    StatusChanged,
    Text,
)
from tests.widget.platform import ANNA, Platform
from tests.widget.visitor import Visitor

OPERATOR = Author(kind="operator", name=ANNA.name, id=ANNA.id)


@pytest.fixture
async def tab(platform: Platform) -> AsyncIterator[Visitor]:
    """A visitor who said "Раз" (1) and was answered "Два" by the bot (2) and "Три" by a person (3)."""
    async with Visitor(platform) as tab:
        await tab.say("Раз")
        platform.say("Два")
        platform.say("Три", author="operator")
        await tab.entries(3)
        yield tab


def _happens(platform: Platform, entry_id: str, kind: Any, *parts: Text, **data: Any) -> None:
    platform.append(platform.conversation, EntryId(entry_id), author=OPERATOR, parts=parts, kind=kind, data=data)


async def test_an_answer_tells_what_it_answers(platform: Platform, tab: Visitor) -> None:
    assert (await tab.say("Что три?", "message-2", reply_to=3))["type"] == "ack"
    assert (await tab.say("Про своё", "message-3", reply_to=1))["type"] == "ack"
    said = platform.events(CustomerSaid)
    assert (said[1].reply_to, said[1].quote) == ("said-2", "Три")
    assert (said[2].reply_to, said[2].quote) == ("message-1", "Раз")
    shown = await tab.entries(2)
    async with Visitor(platform, token=tab.token) as again:
        (first, _, third, *_) = again.welcome["entries"]
    assert [entry["reply_to"] for entry in shown] == [third["id"], first["id"]]


async def test_what_is_answered_is_only_of_the_same_conversation(platform: Platform, tab: Visitor) -> None:
    async with Visitor(platform) as stranger:
        assert (await stranger.say("Что там было?", reply_to=3))["type"] == "ack"
    said = platform.events(CustomerSaid)
    assert (said[-1].reply_to, said[-1].quote) == ("", "")


async def test_ones_own_words_are_edited_and_deleted(platform: Platform, tab: Visitor) -> None:
    assert await tab.does("edit", "edit-0001", of=1, text="Раз!") == {"type": "ack", "id": "edit-0001"}
    (edit,) = await tab.entries(1)
    assert await tab.does("delete", "delete-01", of=1) == {"type": "ack", "id": "delete-01"}
    (deletion,) = await tab.entries(1)
    assert platform.events(CustomerEdited) == [CustomerEdited(message="message-1", parts=(Text(text="Раз!"),))]
    assert platform.events(CustomerDeleted) == [CustomerDeleted(message="message-1")]
    assert (edit["kind"], edit["text"], deletion["kind"]) == ("edit", "Раз!", "deletion")
    assert edit["of"] == deletion["of"]


@pytest.mark.parametrize("of", [2, 3, 4, 900])
async def test_nobody_elses_words_are(platform: Platform, tab: Visitor, of: int) -> None:
    assert (await tab.does("edit", "edit-0001", of=of, text="Моё"))["code"] == "gone"
    assert (await tab.does("delete", "delete-01", of=of))["code"] == "gone"
    assert not platform.events(CustomerEdited)
    assert not platform.events(CustomerDeleted)


async def test_a_strangers_words_are_not_either(platform: Platform, tab: Visitor) -> None:
    async with Visitor(platform) as stranger:
        for kind, more in (("edit", {"text": "Взлом"}), ("delete", {}), ("react", {"emoji": "👍"})):
            assert (await stranger.does(kind, f"{kind}-0001", of=1, **more))["code"] == "gone"


async def test_reactions_are_to_what_others_said(platform: Platform, tab: Visitor) -> None:
    for number, (of, emoji) in enumerate([(3, "❤️"), (3, ""), (2, "👍")]):
        assert (await tab.does("react", f"react-00{number}", of=of, emoji=emoji))["type"] == "ack"
    assert (await tab.does("react", "react-009", of=1, emoji="👍"))["code"] == "gone"
    assert platform.events(CustomerReacted) == [
        CustomerReacted(message="said-2", emoji="❤️"),
        CustomerReacted(message="said-2", emoji=""),
        CustomerReacted(message="said-1", emoji="👍"),
    ]


async def test_what_operators_do_to_messages_is_shown(platform: Platform, tab: Visitor) -> None:
    own = platform.store.timelines[platform.conversation][0]
    _happens(platform, "e", "edit", Text(text="Три!"), of="said-2")
    (edit,) = await tab.entries(1)
    _happens(platform, "r", "reaction", of=own.id, emoji="🔥")
    _happens(platform, "d", "deletion", of="said-2")
    reaction, deletion = await tab.entries(2)
    assert (edit["kind"], edit["text"]) == ("edit", "Три!")
    assert (reaction["kind"], reaction["emoji"], reaction["author"]) == ("reaction", "🔥", "operator")
    assert (deletion["kind"], deletion["of"]) == ("deletion", edit["of"])
    async with Visitor(platform, token=tab.token) as again:
        shown = again.welcome["entries"]
    assert shown[2]["id"] == edit["of"]
    assert shown[0]["id"] == reaction["of"]


async def test_words_that_were_taken_back_or_put_otherwise_are_not_told_again(platform: Platform, tab: Visitor) -> None:
    _happens(platform, "e1", "edit", Text(text="Тайна два"), of="said-1")
    _happens(platform, "e2", "edit", Text(text="Можно"), of="said-1")
    _happens(platform, "e3", "edit", Text(text="Тайна три"), of="said-2")
    _happens(platform, "d", "deletion", of="said-2")
    async with Visitor(platform, token=tab.token) as again:
        shown = again.welcome["entries"]
    assert [(entry["kind"], entry.get("text")) for entry in shown] == [
        ("said", "Раз"), ("said", ""), ("said", ""), ("edit", "Можно"), ("deletion", None),
    ]  # fmt: skip
    assert "Тайна" not in json.dumps(again.welcome, ensure_ascii=False)


async def test_a_change_of_something_older_is_found_by_the_browsers_own_id(platform: Platform, tab: Visitor) -> None:
    platform.append(
        platform.conversation, EntryId("x"), author=Author(kind="customer"), parts=(), kind="deletion",
        data={"message": "message-1"},
    )  # fmt: skip
    (deletion,) = await tab.entries(1)
    assert (deletion["of"], deletion["of_client"]) == ("", "message-1")


async def test_people_come_and_go_by_name_only_where_names_are_shown(platform: Platform, tab: Visitor) -> None:
    for event, told in (("taken", "joined"), ("returned", "left"), ("closed", "closed")):
        _happens(platform, event, "event", event=event, name="Анна")
        (entry,) = await tab.entries(1)
        assert (entry["kind"], entry["event"], entry["name"]) == ("event", told, "")
    for event in ("opened", "failed", "flow", "reminded"):
        _happens(platform, event, "event", event=event, name="Анна", skill="vip")
    platform.say("Дальше")
    (entry,) = await tab.entries(1)
    assert entry["text"] == "Дальше"


async def test_marks_are_told_in_the_browsers_own_unit(platform: Platform, tab: Visitor) -> None:
    marks = (Mark(kind="bold", start=2, end=6), Mark(kind="link", start=7, end=11, url="https://polka.example"))
    platform.append(
        platform.conversation, EntryId("m"), author=OPERATOR,
        parts=(Text(text="👍🏽"), Text(text="👍 bold link", marks=marks)),
    )  # fmt: skip
    (entry,) = await tab.entries(1)
    units = entry["text"].encode("utf-16-le")
    shown = [(kind, units[2 * start : 2 * end].decode("utf-16-le"), url) for kind, start, end, url in entry["marks"]]
    assert shown == [("bold", "bold", ""), ("link", "link", "https://polka.example")]


async def test_buttons_open_links_of_the_web_and_no_others(platform: Platform, tab: Visitor) -> None:
    buttons = (
        Button(id="a", text="Да"),
        Button(id="b", text="Сайт", url="https://polka.example/x"),
        Button(id="c", text="Зло", url="javascript:alert(1)"),
    )
    platform.append(platform.conversation, EntryId("b"), author=OPERATOR, parts=(Text(text="?"),), buttons=buttons)
    (entry,) = await tab.entries(1)
    assert entry["buttons"] == [
        {"id": "a", "text": "Да"},
        {"id": "b", "text": "Сайт", "url": "https://polka.example/x"},
    ]


# --- read marks


async def test_what_the_visitor_read_of_people_is_told_once(platform: Platform, tab: Visitor) -> None:
    for _ in range(2):
        await tab.send(type="read", seq=3)
    await tab.send(type="read", seq=2)
    await tab.send(type="ping")
    await tab.until("pong")
    assert platform.events(StatusChanged) == [StatusChanged(message="said-2", status="read", item="said-2")]  # type: ignore[arg-type]


async def test_reading_only_the_bot_or_nothing_tells_nothing(platform: Platform, tab: Visitor) -> None:
    await tab.send(type="read", seq=2)
    async with Visitor(platform) as stranger:
        await stranger.send(type="read", seq=3)
        await stranger.send(type="ping")
        await stranger.until("pong")
    await tab.send(type="ping")
    await tab.until("pong")
    assert not platform.events(StatusChanged)


async def test_a_store_that_is_away_costs_only_the_read_mark(platform: Platform, tab: Visitor) -> None:
    platform.store.broken = True
    await tab.send(type="read", seq=3)
    platform.store.broken = False
    assert (await tab.say("Дальше", "message-2"))["type"] == "ack"


async def test_people_reading_is_shown_in_every_process_and_after_a_reload(platform: Platform, tab: Visitor) -> None:
    to = platform.store.conversations_by_id[platform.conversation].address
    other = Platform(platform)
    await other.start()
    async with Visitor(other, token=tab.token) as elsewhere:
        await platform.channel.read(to, "message-1")
        assert await tab.until("seen") == {"type": "seen", "message": "message-1"}
        assert await elsewhere.until("seen") == {"type": "seen", "message": "message-1"}
    async with Visitor(other, token=tab.token) as again:
        assert await again.until("seen") == {"type": "seen", "message": "message-1"}
    await other.stop()
    platform.store.broken = True
    await platform.channel.read(to, "message-1")  # never raises
    platform.store.broken = False


async def test_who_types_reaches_the_page_and_the_customers_typing_the_bus(platform: Platform, tab: Visitor) -> None:
    to = platform.store.conversations_by_id[platform.conversation].address
    await platform.channel.typing(to, "bot", "message-1")
    assert (await tab.until("typing"))["who"] == "bot"
    await platform.channel.typing(to, "operator", "message-1")  # told by the bus already
    platform.stage(Stage.HUMAN)
    assert (await tab.hear())["type"] == "state"


# --- capabilities


def test_each_capability_that_is_not_the_default_has_a_source() -> None:
    default = Capabilities(text=0, unit="utf16")
    changed = {
        name for name in Capabilities.__dataclass_fields__ if getattr(CAPABILITIES, name) != getattr(default, name)
    }
    assert set(SOURCES) == changed


async def test_there_are_no_templates(platform: Platform) -> None:
    assert list(await platform.channel.templates()) == []
