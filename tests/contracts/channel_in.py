"""What every `Channel` makes of what customers do: a part of its contract."""

from __future__ import annotations

import pytest

from estafeta.kernel.model import (
    Author,
    Contact,
    CustomerDeleted,
    CustomerEdited,
    CustomerReacted,
    CustomerSaid,
    Location,
    Mark,
    Media,
    MediaKind,
    Part,
    ReachabilityChanged,
    Text,
    Unsupported,
)
from tests.contracts.channel_harness import ChannelHarness, Meeting
from tests.contracts.customers import CAPTIONED, FILES, SAMPLES, sample


class WhatCustomersDo(Meeting):
    @pytest.mark.parametrize("kind", FILES)
    async def test_a_file_is_told_as_what_it_is_and_can_be_had(self, harness: ChannelHarness, kind: MediaKind) -> None:
        self.only_where(harness, kind)
        name, mime, content = SAMPLES[kind]
        caption = "вот *это* <i>" if kind in CAPTIONED else ""
        message = await harness.sends("Анна", kind, content, name=name, mime=mime, caption=caption)
        said = await self.said(harness)
        [media] = [part for part in said.parts if isinstance(part, Media)]
        assert (said.message, media.kind, media.ref != "") == (message, kind, True)
        assert [part for part in said.parts if part is not media] == ([Text(text=caption)] if caption else [])
        assert await harness.held(media) == content

    @pytest.mark.parametrize("kind", FILES)
    async def test_a_file_that_the_messenger_keeps_is_told_of(self, harness: ChannelHarness, kind: MediaKind) -> None:
        if kind not in harness.hides:
            pytest.skip("the messenger hands such files over, or has none")
        await harness.sends("Анна", kind, b"")
        said = await self.said(harness)
        assert said.parts[0] == Unsupported(kind=kind)
        assert [type(part) for part in said.parts[1:]] == [Text]

    async def test_an_album_is_kept_whole(self, harness: ChannelHarness) -> None:
        self.only_where(harness, "album")
        contents = [sample("photo", str(number)) for number in range(3)]
        messages = await harness.sends_photos("Анна", *contents, caption="три вида")
        await harness.inbox.have(len(messages))
        said = [signal.event for signal in harness.inbox.signals if isinstance(signal.event, CustomerSaid)]
        assert [one.message for one in said] == messages
        if len(said) > 1:
            assert len({one.group for one in said}) == 1
            assert said[0].group
        parts: list[Part] = [part for one in said for part in one.parts]
        assert [await harness.held(part) for part in parts if isinstance(part, Media)] == contents
        assert [part for part in parts if not isinstance(part, Media)] == [Text(text="три вида")]

    async def test_a_place_is_told(self, harness: ChannelHarness) -> None:
        self.only_where(harness, "location")
        message = await harness.sends_location("Анна", 55.75, 37.61)
        said = await self.said(harness)
        assert (said.message, said.parts) == (message, (Location(latitude=55.75, longitude=37.61),))

    async def test_a_contact_is_told_and_not_taken_for_ones_own(self, harness: ChannelHarness) -> None:
        self.only_where(harness, "contact")
        message = await harness.sends_contact("Анна", "+70000000000", "Вера")
        said = await self.said(harness)
        assert (said.message, said.parts) == (message, (Contact(phone="+70000000000", name="Вера"),))

    async def test_how_words_are_drawn_is_told(self, harness: ChannelHarness) -> None:
        self.only_where(harness, "marks")
        marks = (Mark(kind="bold", start=2, end=7),)
        await harness.writes("Анна", "👍 важно *нет*", marks=marks)
        assert (await self.said(harness)).parts == (Text(text="👍 важно *нет*", marks=marks),)

    async def test_a_reply_names_what_it_answers(self, harness: ChannelHarness) -> None:
        self.only_where(harness, "reply")
        words = "Ваш заказ у курьера."
        address = await self.meet(harness)
        ids = await harness.channel.send(self.message(address, words))
        [seen] = await harness.seen("Анна", 1)
        message = await harness.replies("Анна", "Когда?", seen.id)
        said = await self.said(harness, 2)
        assert (said.message, said.parts) == (message, (Text(text="Когда?"),))
        assert said.reply_to == ids
        assert said.quote in words
        await harness.replies("Анна", "Вот это", message)
        assert (await self.said(harness, 3)).reply_to == message

    async def test_an_edit_names_the_message_and_has_all_its_words(self, harness: ChannelHarness) -> None:
        self.only_where(harness, "edit")
        message = await harness.writes("Анна", "Где заказ?")
        await harness.inbox.have(1)
        await harness.edits("Анна", message, "Где *мой* заказ?")
        edited = await self.heard(harness, 2)
        assert edited == CustomerEdited(message=message, parts=(Text(text="Где *мой* заказ?"),))
        assert len({signal.id for signal in harness.inbox.signals}) == 2

    async def test_a_deletion_names_the_message(self, harness: ChannelHarness) -> None:
        self.only_where(harness, "deletion")
        message = await harness.writes("Анна", "Мой пароль")
        [signal] = await harness.inbox.have(1)
        await harness.deletes("Анна", message)
        assert await self.heard(harness, 2) == CustomerDeleted(message=message)
        assert harness.inbox.signals[-1].address == signal.address

    async def test_a_reaction_names_the_message_and_what_stands_there_now(self, harness: ChannelHarness) -> None:
        self.only_where(harness, "reaction")
        address = await self.meet(harness)
        ids = await harness.channel.send(self.message(address, "Заказ у курьера."))
        [seen] = await harness.seen("Анна", 1)
        for number, emoji in enumerate(("👍", "👎", "")):
            await harness.reacts("Анна", seen.id, emoji)
            assert await self.heard(harness, 2 + number) == CustomerReacted(message=ids, emoji=emoji)

    async def test_a_command_is_words(self, harness: ChannelHarness) -> None:
        await harness.writes("Анна", "/order 77")
        assert (await self.said(harness)).parts == (Text(text="/order 77"),)

    async def test_a_link_into_the_chat_brings_what_it_carries(self, harness: ChannelHarness) -> None:
        self.only_where(harness, "payload")
        message = await harness.starts("Анна", "order_77-a")
        said = await self.said(harness)
        assert said.message == message
        assert said.payload.endswith("order_77-a")

    async def test_what_has_no_name_is_told_as_such_and_stops_nothing(self, harness: ChannelHarness) -> None:
        self.only_where(harness, "unknown")
        message = await harness.sends_something_new("Анна")
        await harness.writes("Анна", "а это слова")
        await harness.inbox.have(2)
        first, second = (signal.event for signal in harness.inbox.signals)
        assert isinstance(first, CustomerSaid)
        assert isinstance(second, CustomerSaid)
        assert first.message == message
        assert isinstance(first.parts[0], Unsupported)
        assert first.parts[0].kind
        assert second.parts == (Text(text="а это слова"),)

    async def test_coming_and_going_is_told(self, harness: ChannelHarness) -> None:
        self.only_where(harness, "blocked")
        address = await self.meet(harness)
        await harness.blocked("Анна")
        assert await self.heard(harness, 2) == ReachabilityChanged(reachable=False)
        await harness.unblocked("Анна")
        assert await self.heard(harness, 3) == ReachabilityChanged(reachable=True)
        assert {signal.address for signal in harness.inbox.signals} == {address}
        assert not harness.inbox.signals[-1].opens

    async def test_what_was_read_is_told_by_the_ids_that_send_returned(self, harness: ChannelHarness) -> None:
        self.only_where(harness, "read")
        address = await self.meet(harness)
        author = Author(kind="operator", name="Вера", id="v")
        ids = await harness.channel.send(self.message(address, "Заказ у курьера.", author=author))
        await harness.seen("Анна", 1)
        await harness.reads("Анна")
        told = await harness.statuses(1)
        while told[-1].status != "read":
            told = await harness.statuses(len(told) + 1)
        assert {one.message for one in told} == {ids}
