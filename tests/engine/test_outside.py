"""Flows that events, times and links move, through the engine and the store; what is kept of customers."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from estafeta.clock import TestClock
from estafeta.kernel.model import CustomerSaid, EventHappened, Json, Media, Stage, Text
from flows import loader
from flows.model import Workspace
from tests.engine.able import passes
from tests.engine.conftest import SMALL
from tests.engine.endings import pass_time
from tests.engine.words import Words
from tests.world import HOME, RecordingChannel, World

PARCEL = """\
flow: parcel
start: {command: parcel, event: cart_left, link: "promo-*"}
steps:
  - {say: "Hello because of {{ event }}"}
  - wait: {event: shipped, for: 3d}
    save: parcel
    otherwise: [{say: Not shipped yet}, {end: true}]
  - {say: "Shipped, track {{ parcel.track }}"}
"""
PROFILE = """\
flow: profile
start: {command: profile}
steps:
  - {ask: size, say: Your size?, still: "Still {{ value }}?", remember: 90d}
  - {tag: fitted}
  - {say: "Size {{ size }}", media: chart.pdf, delay: 2}
  - menu:
      - {text: Shoes, do: [{say: Shoes then}]}
      - {text: Hats, do: [{say: Hats then}]}
    say: What next?
    order: habit
"""
SLOTS = """\
flow: slots
start: {command: slots}
steps:
  - {ask: day, say: Which day?, expect: date}
  - menu:
      - {text: "At noon of {{ day }}", do: [{say: "Noon, {{ day }}"}]}
      - {text: Later, do: [{say: Later then}]}
    say: When?
"""


@pytest.fixture
def talkative(tmp_path: Path) -> Workspace:
    folder = tmp_path / "workspace"
    shutil.copytree(SMALL, folder)
    (folder / "flows" / "parcel.yml").write_text(PARCEL, encoding="utf-8")
    (folder / "flows" / "profile.yml").write_text(PROFILE, encoding="utf-8")
    (folder / "flows" / "slots.yml").write_text(SLOTS, encoding="utf-8")
    (folder / "media").mkdir()
    (folder / "media" / "chart.pdf").write_bytes(b"%PDF-1.4 sizes")
    return loader.load(folder)


@pytest.fixture
async def world(tmp_path: Path, talkative: Workspace, words: Words, clock: TestClock) -> AsyncIterator[World]:
    async with World(tmp_path / "w.db", talkative, words, clock).running() as made:
        yield made


async def happens(world: World, name: str, data: Json = None) -> list[str]:
    """What the customer hears because of it."""
    before = len(world.channel.texts)
    await world.tell(EventHappened(name=name, data=data), conversation=HOME.conversation)
    await world.settled()
    return world.channel.texts[before:]


async def later(world: World, **time: float) -> list[str]:
    before = len(world.channel.texts)
    await pass_time(world, timedelta(**time).total_seconds())
    return world.channel.texts[before:]


async def test_a_flow_waits_for_an_event_and_goes_on_with_what_it_brings(world: World) -> None:
    await world.says("/parcel")
    assert await happens(world, "lost") == []
    assert await happens(world, "shipped", {"track": "RU1"}) == ["Shipped, track RU1"]
    assert (await world.conversation()).timers == ()


async def test_what_does_not_happen_in_time_is_done_without(world: World) -> None:
    await world.says("/parcel")
    assert await later(world, days=2) == []
    assert await later(world, days=1, seconds=1) == ["Not shipped yet"]


async def test_an_event_and_a_link_start_a_flow(world: World) -> None:
    await world.says("/start")
    assert await happens(world, "cart_left", "your cart") == ["Hello because of your cart"]
    before = len(world.channel.texts)
    await world.tell(CustomerSaid(message="m9", parts=(Text(text="/start promo-7"),), payload="promo-7"))
    await world.settled()
    assert world.channel.texts[before:] == ["Hello because of promo-7"]


async def test_a_link_that_no_flow_is_for_greets(world: World) -> None:
    await world.tell(CustomerSaid(message="m9", parts=(Text(text="/start other"),), payload="other"))
    await world.settled()
    assert world.channel.texts == ["Hello"]


async def test_while_people_have_the_conversation_no_flow_speaks_and_then_all_of_them_do(world: World) -> None:
    await world.says("/parcel")
    await world.says("a person please")
    await world.operator("take")
    assert await happens(world, "shipped", {"track": "RU1"}) == []
    assert await happens(world, "cart_left", "your cart") == []
    assert await later(world, days=4) == []
    assert (await world.conversation()).stage is Stage.HUMAN
    before = len(world.channel.texts)
    await world.operator("return")
    await pass_time(world, 1)
    assert world.channel.texts[before:] == ["The bot again", "Shipped, track RU1", "Hello because of your cart"]


async def test_a_restart_while_a_flow_waits_loses_nothing(
    tmp_path: Path, talkative: Workspace, words: Words, clock: TestClock
) -> None:
    channel = RecordingChannel()
    async with World(tmp_path / "w.db", talkative, words, clock, channel=channel).running() as world:
        await world.says("/parcel")
    async with World(tmp_path / "w.db", talkative, words, clock, channel=channel).running() as again:
        await pass_time(again, timedelta(days=3, seconds=1).total_seconds())
    assert channel.texts[-1] == "Not shipped yet"


async def test_what_is_remembered_tagged_and_chosen_stays_with_the_customer(world: World, clock: TestClock) -> None:
    await world.says("/profile")
    await world.tell(CustomerSaid(message="m5", parts=(Text(text="42"),)))
    await passes(world, clock)
    await world.says("Hats")
    customer = (await world.conversation()).customer
    assert customer.memory["size"].value == "42"
    assert customer.tags == ("fitted",)
    assert list(customer.habits) == ["profile:Hats"]
    await world.says("/profile")
    assert world.channel.texts[-1] == "Still 42?"
    await world.tell(CustomerSaid(message="m6", parts=(Text(text="yes"),)))
    await passes(world, clock)
    assert [button.text for button in world.channel.sent[-1].buttons] == ["Hats", "Shoes"]


async def test_a_file_goes_along_and_the_words_wait_for_the_typing(world: World, clock: TestClock) -> None:
    await world.says("/profile")
    sent = len(world.channel.sent)
    await world.tell(CustomerSaid(message="m5", parts=(Text(text="42"),)))
    began = clock.now()
    await passes(world, clock)
    assert clock.now() - began >= timedelta(seconds=2)
    words, file = world.channel.sent[sent].parts
    assert isinstance(words, Text)
    assert isinstance(file, Media)
    assert (words.text, file.name, file.kind) == ("Size 42", "chart.pdf", "document")
    [said] = [entry for entry in await world.entries() if entry.text.startswith("Size 42")]
    assert said.data["flow"] == "profile"
    assert str(said.data["step"]).endswith(":say:")


async def test_a_button_pressed_twice_is_pressed_once_and_much_later_is_not_understood(world: World) -> None:
    await world.says("/slots")
    await world.says("tomorrow")
    await world.presses("Later")
    said = list(world.channel.texts)
    assert said[-1] == "Later then"
    await world.presses("Later")
    assert world.channel.texts == said
    for _ in range(5):  # more often than the bot may fail to understand
        assert await later(world, minutes=5) == []
        await world.presses("Later")
    assert len(set(world.channel.texts[len(said) :])) == 1
    conversation = await world.conversation()
    assert (conversation.stage, conversation.dialog.fallbacks) == (Stage.BOT, 0)


async def test_a_choice_with_a_value_in_its_words_is_pressed(world: World) -> None:
    await world.says("/slots")
    await world.says("tomorrow")
    await world.presses("At noon of 2026-11-21")
    assert world.channel.texts[-1] == "Noon, 2026-11-21"
