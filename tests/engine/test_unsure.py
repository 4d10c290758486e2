"""“Did you mean …?”: asked when a message may mean either of two things, and nothing has to be said again."""

from __future__ import annotations

from datetime import datetime

import pytest

from estafeta.kernel.model import Entity, Intent, Understanding
from tests.engine.words import Words
from tests.world import World

BOTH = ["The state of an order", "A lost parcel"]


@pytest.fixture
def unsure(words: Words, monkeypatch: pytest.MonkeyPatch) -> None:
    understand = words.understand

    async def either(text: str, *, deadline: float, at: datetime | None = None, region: str = "") -> Understanding:
        if "parcel" not in text:
            return await understand(text, deadline=deadline)
        ranking = (Intent(name="order_status", confidence=0.4), Intent(name="lost", confidence=0.3))
        number = Entity(name="order_number", value="100234", start=7, end=13)
        return Understanding(intent="order_status", confidence=0.4, ranking=ranking, entities=(number,), model="words")

    monkeypatch.setattr(words, "understand", either)


@pytest.mark.usefixtures("unsure")
async def test_two_things_that_are_meant_are_asked_about_with_two_buttons(world: World) -> None:
    await world.says("parcel 100234?")
    assert world.channel.texts == ["Did you mean:"]
    assert [button.text for button in world.channel.sent[-1].buttons] == BOTH
    names = [entry.data["event"] for entry in await world.entries() if entry.kind == "event"]
    assert "unsure" in names
    assert "fallback" not in names


@pytest.mark.usefixtures("unsure")
@pytest.mark.parametrize("pressed", [True, False])
async def test_what_was_said_with_it_is_not_asked_again(world: World, pressed: bool) -> None:
    await world.says("parcel 100234?")
    await (world.presses(BOTH[0]) if pressed else world.says(BOTH[0].lower()))
    dialog = (await world.conversation()).dialog
    assert dialog.slots["order_number"] == "100234"  # the action is called with it
    assert dialog.doubt is None


@pytest.mark.usefixtures("unsure")
async def test_the_other_choice_does_the_other_thing(world: World) -> None:
    await world.says("parcel 100234?")
    await world.presses(BOTH[1])
    ticket = (await world.conversation()).ticket
    assert ticket is not None
    assert ticket.request == "Something is lost"


@pytest.mark.usefixtures("unsure")
async def test_other_words_are_just_said(world: World) -> None:
    await world.says("parcel 100234?")
    await world.says("how do I pay")
    assert world.channel.texts[-1] == "By card or cash"


@pytest.mark.usefixtures("unsure")
async def test_who_is_not_clear_three_times_gets_people(world: World) -> None:
    for _ in range(3):
        await world.says("parcel 100234?")
    ticket = (await world.conversation()).ticket
    assert ticket is not None
    assert ticket.reason.value == "repeated_fallback"
