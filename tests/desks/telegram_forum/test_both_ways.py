"""Everything that people send, through the whole product: from a customer into the topic, and from there back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from estafeta.app.wiring import Platform
from estafeta.fakes.telegram import FakeTelegram, Shown
from estafeta.kernel.model import Address
from estafeta.kernel.ports import Understander
from flows.model import Workspace
from tests.attachments.samples import JPEG
from tests.story.stage import UNLIMITED, Stage

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
async def stage(
    tmp_path: Path, demo_workspace: Workspace, demo_understander: Understander, shop_url: str
) -> AsyncIterator[Stage]:
    async with FakeTelegram(limits=None) as fake:
        yield Stage(fake, tmp_path, demo_workspace, demo_understander, shop_url, "polling", limits=UNLIMITED)
        assert fake.violations == []


async def taken(stage: Stage) -> int:
    """The customer asked for a person, and the operator took the conversation: its topic."""
    stage.customer.says("Позовите человека")
    topic = await stage.topic()
    await stage.operators_read("клиент просит человека", topic)
    stage.operator.presses("Взять")
    await stage.customer_reads("На связи человек")
    return topic


async def shown(stage: Stage, place: Any, fits: Callable[[Shown], bool]) -> Shown:
    found: Shown = await stage.fake.wait(
        lambda: next((m for m in stage.fake.messages(place) if m.by_bot and fits(m)), None), 15
    )
    return found


async def test_files_and_places_go_both_ways(stage: Stage) -> None:
    async with stage.running():
        topic = await taken(stage)
        for kind in ("photo", "document", "voice", "audio", "video", "sticker"):
            stage.customer.sends(kind, JPEG, name=f"{kind}.bin")
            await shown(stage, stage.group, lambda m, kind=kind: kind in m.raw)  # type: ignore[misc]
            stage.operator.sends(kind, JPEG, name=f"{kind}.bin", topic=topic)
            await shown(stage, stage.customer, lambda m, kind=kind: kind in m.raw)  # type: ignore[misc]
        stage.customer.sends_location(55.75, 37.62)
        await shown(stage, stage.group, lambda m: "location" in m.raw)
        stage.operator.sends_location(55.75, 37.62, topic=topic)
        await shown(stage, stage.customer, lambda m: "location" in m.raw)
        stage.customer.sends_contact("+79990000000", "Иван")
        await shown(stage, stage.group, lambda m: "contact" in m.raw)
        stage.operator.sends_contact("+79990000001", "Курьер", own=False, topic=topic)
        await shown(stage, stage.customer, lambda m: "contact" in m.raw)


async def test_albums_stay_whole_both_ways(stage: Stage) -> None:
    async with stage.running():
        topic = await taken(stage)
        stage.customer.sends_album("photo", "photo", "video", caption="три", content=JPEG)
        await stage.fake.wait(lambda: len(albums(stage, stage.group)) == 3, 15)
        stage.operator.sends_album("photo", "photo", caption="два", content=JPEG, topic=topic)
        await stage.fake.wait(lambda: len(albums(stage, stage.customer)) == 2, 15)
        for place, caption in ((stage.group, "👤 Иван Покупатель\nтри"), (stage.customer, "два")):
            album = albums(stage, place)
            assert len({message.raw["media_group_id"] for message in album}) == 1
            assert album[0].raw["caption"] == caption


def albums(stage: Stage, place: Any) -> list[Shown]:
    return [m for m in stage.fake.messages(place) if m.by_bot and "media_group_id" in m.raw]


async def linked(platform: Platform, stage: Stage, message: int) -> None:
    """Until the engine has committed in which message of the topic the customer's words stand."""
    address = Address(channel="telegram", account="shop", chat=str(stage.customer.id))
    async with asyncio.timeout(15):
        while True:
            held = (await platform.store.load(address.conversation)).conversation
            if held is not None and any(str(message) in link.there.split() for link in held.links):
                return
            await asyncio.sleep(0.02)


async def test_answers_edits_reactions_and_deletions_find_their_message(stage: Stage) -> None:
    async with stage.running() as platform:
        topic = await taken(stage)
        asked = stage.customer.says("Когда привезут чайник?")["message_id"]
        there = await shown(stage, stage.group, lambda m: "чайник" in m.text and m.topic == topic and "👤" in m.text)
        await linked(platform, stage, there.id)

        answer = stage.operator.says("Завтра", topic=topic, reply_to=there.id)["message_id"]
        here = await shown(stage, stage.customer, lambda m: m.text == "Завтра")
        assert here.reply_to == asked
        await stage.fake.wait(lambda: "👌" in reactions(stage, stage.group, answer), 15)

        stage.operator.edits(answer, "Послезавтра")
        await shown(stage, stage.customer, lambda m: m.id == here.id and m.text == "Послезавтра")
        stage.operator.reacts(there.id, "❤")
        await stage.fake.wait(lambda: reactions(stage, stage.customer, asked) == ("❤",), 15)
        stage.customer.reacts(here.id, "🔥")
        told = await shown(stage, stage.group, lambda m: m.text.startswith("🔥 👤 Иван"))
        assert told.reply_to == answer

        stage.customer.says("А после обеда?", reply_to=here.id)
        back = await shown(stage, stage.group, lambda m: m.text == "👤 Иван Покупатель\nА после обеда?")
        assert back.reply_to == answer
        stage.operator.says("/delete", topic=topic, reply_to=answer)
        await stage.fake.wait(lambda: all(m.id != here.id for m in stage.fake.messages(stage.customer)), 15)


def reactions(stage: Stage, place: Any, message: int) -> tuple[str, ...]:
    return next((m.reactions for m in stage.fake.messages(place) if m.id == message), ())


async def test_a_note_never_reaches_the_customer(stage: Stage) -> None:
    async with stage.running():
        topic = await taken(stage)
        stage.operator.sends("photo", JPEG, caption="// не показывать", topic=topic)
        stage.operator.sends_album("photo", "photo", caption="// и это", content=JPEG, topic=topic)
        stage.operator.says("готово", topic=topic)
        await stage.customer_reads("готово")
        assert not any("photo" in message.raw for message in stage.fake.messages(stage.customer))
