"""What one customer sends is what another gets when it is sent on, of every kind; and what happens to it afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from estafeta.kernel.model import (
    Address,
    Contact,
    CustomerEdited,
    CustomerReacted,
    CustomerSaid,
    Location,
    ReachabilityChanged,
    Text,
    Unsupported,
)
from tests.telegram import samples
from tests.telegram.harness import TelegramHarness
from tests.telegram.test_channel_contract import working
from tests.telegram.test_sending import said


@pytest.fixture(params=["polling", "webhook"])
async def harness(request: pytest.FixtureRequest) -> AsyncIterator[TelegramHarness]:
    async with working(request.param) as harness:
        yield harness


async def heard(harness: TelegramHarness, count: int = 1) -> tuple[Address, CustomerSaid]:
    signal = (await harness.inbox.have(count))[-1]
    assert isinstance(signal.event, CustomerSaid)
    assert signal.address is not None
    return signal.address, signal.event


def boris(harness: TelegramHarness) -> Address:
    return harness.stage.address("Борис")


@pytest.mark.parametrize(
    ("kind", "sample", "seen_as"),
    [
        ("photo", "JPEG", "photo"),
        ("document", "PDF", "document"),
        ("voice", "OGG", "voice"),
        ("audio", "MP3", "audio"),
        ("video", "MP4", "video"),
        ("video_note", "MP4", "video"),
        ("animation", "MP4", "video"),
        ("sticker", "WEBP", "sticker"),
    ],
)
async def test_a_file_goes_through(harness: TelegramHarness, kind: str, sample: str, seen_as: str) -> None:
    content = getattr(samples, sample)
    words = "" if kind in ("sticker", "video_note") else "вот *это*"
    await harness.sends("Анна", kind, content, name=f"файл.{sample.lower()}", caption=words)
    _, event = await heard(harness)
    await harness.channel.send(said(boris(harness), *event.parts))
    seen = await harness.seen("Борис")
    assert (seen[0].kind, seen[0].content) == (seen_as, content)
    assert [one.text for one in seen if one.text] == ([words] if words else [])


async def test_an_album_goes_through_whole(harness: TelegramHarness) -> None:
    await harness.sends_album("Анна", "photo", "video", "photo", content=samples.JPEG, caption="три")
    await harness.inbox.have(3)
    events = [signal.event for signal in harness.inbox.signals if isinstance(signal.event, CustomerSaid)]
    assert len({event.group for event in events}) == 1
    assert events[0].group
    await harness.channel.send(said(boris(harness), *(part for event in events for part in event.parts)))
    seen = await harness.seen("Борис", 3)
    assert [one.kind for one in seen] == ["photo", "video", "photo"]
    assert len({one.album for one in seen}) == 1
    assert [one.text for one in seen] == ["три", "", ""]


async def test_places_and_people_go_through(harness: TelegramHarness) -> None:
    await harness.sends_location("Анна", 55.75, 37.61)
    await harness.inbox.have(1)
    await harness.sends_location("Анна", 55.75, 37.61, "Кафе, Арбат, 1")
    await harness.inbox.have(2)
    await harness.sends_contact("Анна", "+70000000000", "Анна", own=True)
    await harness.inbox.have(3)
    for signal in harness.inbox.signals:
        assert isinstance(signal.event, CustomerSaid)
        await harness.channel.send(said(boris(harness), *signal.event.parts))
    assert harness.inbox.signals[2].event.parts == (  # type: ignore[union-attr]
        Contact(phone="+70000000000", name="Анна", own=True),
    )
    assert [one.place for one in await harness.seen("Борис", 3)] == [
        Location(latitude=55.75, longitude=37.61),
        Location(latitude=55.75, longitude=37.61, title="Кафе, Арбат, 1"),
        Contact(phone="+70000000000", name="Анна"),
    ]


async def test_what_has_no_name_is_told_as_such_and_stops_nothing(harness: TelegramHarness) -> None:
    await harness.sends_something_new("Анна")
    await harness.writes("Анна", "а это слова")
    await harness.inbox.have(2)
    assert [signal.event.parts for signal in harness.inbox.signals] == [  # type: ignore[union-attr]
        (Unsupported(kind="dice"),),
        (Text(text="а это слова"),),
    ]


async def test_marks_go_through(harness: TelegramHarness) -> None:
    customer = harness.stage.fake.private("Анна")
    customer.says("👍🏽 важно", entities=[{"type": "bold", "offset": 5, "length": 5}])
    _, event = await heard(harness)
    await harness.channel.send(said(boris(harness), *event.parts))
    [seen] = await harness.seen("Борис")
    assert Text(text=seen.text, marks=seen.marks) == event.parts[0]


async def test_answers_edits_and_reactions_name_the_message_they_are_about(harness: TelegramHarness) -> None:
    to, first = await _first(harness)
    ids = await harness.channel.send(said(to, Text(text="Ваш заказ у курьера."), reply_to=first.message))
    [seen] = await harness.seen("Анна")
    assert (seen.id, seen.reply_to) == (ids, first.message)

    answer = await harness.replies("Анна", "Когда?", ids, quote="у курьера")
    _, event = await heard(harness, 2)
    assert (event.message, event.reply_to, event.quote) == (answer, ids, "у курьера")

    await harness.edits("Анна", answer, "Во сколько?")
    assert (await harness.inbox.have(3))[-1].event == CustomerEdited(message=answer, parts=(Text(text="Во сколько?"),))

    for n, emoji in enumerate(("👍", "🔥", "")):
        await harness.reacts("Анна", ids, emoji)
        assert (await harness.inbox.have(4 + n))[-1].event == CustomerReacted(message=ids, emoji=emoji)

    await harness.channel.send(said(to, does="react", of=answer, emoji="❤"))
    assert await harness.reactions("Анна", answer) == ("❤",)


async def _first(harness: TelegramHarness) -> tuple[Address, CustomerSaid]:
    await harness.writes("Анна", "Где мой заказ?")
    return await heard(harness)


async def test_a_link_into_the_chat_brings_its_payload(harness: TelegramHarness) -> None:
    await harness.starts("Анна", "order_77-a")
    _, event = await heard(harness)
    assert (event.parts, event.payload) == ((Text(text="/start"),), "order_77-a")


async def test_coming_and_going_is_told(harness: TelegramHarness) -> None:
    await _first(harness)
    await harness.blocked("Анна")
    await harness.inbox.have(2)
    await harness.unblocked("Анна")
    events: list[Any] = [signal.event for signal in await harness.inbox.have(3)][1:]
    assert events == [ReachabilityChanged(reachable=False), ReachabilityChanged(reachable=True)]
