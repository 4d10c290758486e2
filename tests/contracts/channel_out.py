"""What every `Channel` shows of what is meant: a part of its contract."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from estafeta.kernel.model import (
    Address,
    Button,
    Capabilities,
    Contact,
    CustomerPressed,
    Location,
    Mark,
    MarkKind,
    MediaKind,
    Text,
)
from tests.contracts.channel_harness import ChannelHarness, Meeting
from tests.contracts.customers import FILES, SAMPLES, sample

MARKS: tuple[MarkKind, ...] = ("bold", "italic", "strike", "code", "link")
LINK = "https://example.org/a"


def choices(count: int) -> tuple[Button, ...]:
    return tuple(Button(id=f"choice.{n}", text=f"Вариант {n}") for n in range(1, count + 1))


def counts(capabilities: Capabilities, *, whole: bool) -> Iterator[int]:
    """So many buttons that they stand as buttons, as a list, as numbers."""
    yield 2
    if not whole:
        yield capabilities.buttons + 1
        yield max(capabilities.buttons, capabilities.rows) + 1


class WhatCustomersSee(Meeting):
    # --- files, places, contacts

    @pytest.mark.parametrize("kind", FILES)
    async def test_a_file_goes_as_what_it_is_or_as_the_next_best(
        self, harness: ChannelHarness, kind: MediaKind
    ) -> None:
        address, able = await self.meet(harness), harness.channel.capabilities.media
        name, mime, content = SAMPLES[kind]
        seen = await self.got(harness, address, await harness.stored(kind, content, name, mime))
        shown = next((one for one in (kind, "document") if one in able), "")
        assert (seen.kind, seen.content) == ((shown, content) if shown else ("", b""))
        if not shown:
            assert name in seen.text

    async def test_words_of_a_file_are_seen_once_and_whole(self, harness: ChannelHarness) -> None:
        address = await self.meet(harness)
        name, mime, content = SAMPLES["photo"]
        photo = await harness.stored("photo", content, name, mime)
        await harness.channel.send(self.message(address, photo, "вот *это* <i>"))
        shown = await harness.seen("Анна", 1)
        assert "".join(one.text for one in shown).count("вот *это* <i>") == 1

    async def test_an_album_is_seen_in_its_order(self, harness: ChannelHarness) -> None:
        address, able = await self.meet(harness), harness.channel.capabilities
        contents = [sample("photo", str(number)) for number in range(3)]
        photos = [await harness.stored("photo", content, "фото.jpg", "image/jpeg") for content in contents]
        ids = await harness.channel.send(self.message(address, *photos, "три вида"))
        assert ids
        if "photo" not in able.media:
            [seen] = await harness.seen("Анна", 1)
            assert seen.text.count("фото.jpg") == 3
            return
        seen_files = [one for one in await harness.seen("Анна", 3) if one.kind]
        assert [(one.kind, one.content) for one in seen_files] == [("photo", content) for content in contents]
        if able.album > 1:
            assert len({one.album for one in seen_files}) == 1
            assert seen_files[0].album

    async def test_a_place_is_seen(self, harness: ChannelHarness) -> None:
        place = Location(latitude=55.75, longitude=37.61)
        seen = await self.got(harness, await self.meet(harness), place)
        if harness.channel.capabilities.location:
            assert seen.place == place
        else:
            assert "55.75" in seen.text
            assert "37.61" in seen.text

    async def test_a_contact_is_seen(self, harness: ChannelHarness) -> None:
        contact = Contact(phone="+70000000000", name="Вера")
        seen = await self.got(harness, await self.meet(harness), contact)
        if harness.channel.capabilities.contact:
            assert seen.place == contact
        else:
            assert "Вера" in seen.text
            assert "+70000000000" in seen.text

    # --- words

    @pytest.mark.parametrize("kind", MARKS)
    async def test_marks_are_drawn_where_they_can_be(self, harness: ChannelHarness, kind: MarkKind) -> None:
        mark = Mark(kind=kind, start=2, end=7, url=LINK if kind == "link" else "")
        address, able = await self.meet(harness), kind in harness.channel.capabilities.marks
        seen = await self.got(harness, address, Text(text="👍 важно и *нет*", marks=(mark,)))
        assert seen.marks == ((mark,) if able else ())
        if kind == "link" and not able:
            assert LINK in seen.text
            assert seen.text.replace(f" ({LINK})", "") == "👍 важно и *нет*"
        else:
            assert seen.text == "👍 важно и *нет*"

    async def test_of_a_long_text_every_piece_has_a_name(self, harness: ChannelHarness) -> None:
        self.only_where(harness, "reply")
        if harness.whole:
            pytest.skip("a long text is one message here")
        address, able = await self.meet(harness), harness.channel.capabilities
        ids = (await harness.channel.send(self.message(address, "слово " * (able.text // 4)))).split()
        seen = await harness.seen("Анна", len(ids))
        assert len(seen) == len(set(ids)) > 1
        for number, one in enumerate(seen):
            await harness.replies("Анна", "об этом", one.id)
            assert (await self.said(harness, 2 + number)).reply_to == ids[number]

    # --- buttons

    async def test_more_buttons_than_fit_are_a_list_then_numbers(self, harness: ChannelHarness) -> None:
        address, able = await self.meet(harness), harness.channel.capabilities
        for sent, count in enumerate(counts(able, whole=harness.whole)):
            buttons = choices(count)
            before = len(await harness.seen("Анна", sent))
            await harness.channel.send(self.message(address, "Что дальше?", buttons=buttons))
            shown = (await harness.seen("Анна", before + 1))[before:]
            labels = [label for one in shown for label in one.buttons]
            expected = able.choice(buttons)
            if expected == "numbers":
                text = "\n".join(one.text for one in shown)
                assert [f"{n}. {button.text}" in text for n, button in enumerate(buttons, 1)] == [True] * count
                assert labels == []
            else:
                assert (labels, shown[-1].shows) == ([button.text for button in buttons], expected)
                assert "Что дальше?" in shown[-1].text

    async def test_a_choice_of_a_list_comes_back_by_its_id(self, harness: ChannelHarness) -> None:
        able = harness.channel.capabilities
        buttons = choices(able.buttons + 1)
        if harness.whole or able.choice(buttons) != "list":
            pytest.skip("there are no lists here")
        await harness.channel.send(self.message(await self.meet(harness), "Что дальше?", buttons=buttons))
        await harness.seen("Анна", 1)
        await harness.presses("Анна", f"Вариант {len(buttons)}")
        pressed = await self.heard(harness, 2)
        assert isinstance(pressed, CustomerPressed)
        assert (pressed.button, pressed.label) == (buttons[-1].id, buttons[-1].text)

    async def test_a_link_is_a_button_or_a_line(self, harness: ChannelHarness) -> None:
        address, able = await self.meet(harness), harness.channel.capabilities
        seen = await self.got(harness, address, "Подробнее:", buttons=(Button(id="l", text="Открыть", url=LINK),))
        if able.url_buttons:
            assert (seen.text, seen.buttons) == ("Подробнее:", ("Открыть",))
        else:
            assert seen.buttons == ()
            assert f"Открыть: {LINK}" in seen.text

    # --- to messages that are there already

    async def test_an_answer_shows_what_it_answers(self, harness: ChannelHarness) -> None:
        message = await harness.writes("Анна", "Где заказ?")
        address = (await harness.inbox.have(1))[-1].address
        assert address is not None
        seen = await self.got(harness, address, "У курьера.", reply_to=message)
        assert seen.text == "У курьера."
        if harness.channel.capabilities.replies:
            assert seen.reply_to == message

    async def test_what_was_sent_is_changed_or_cannot_be(self, harness: ChannelHarness) -> None:
        address, able = await self.meet(harness), harness.channel.capabilities
        ids = await harness.channel.send(self.message(address, "Завтра."))
        [seen] = await harness.seen("Анна", 1)
        edit = self.message(address, "Сегодня.", does="edit", of=ids)
        if not able.edits:
            assert (await self.failed(harness, edit)).code == "not_possible"
            assert await harness.seen("Анна", 1) == [seen]
            return
        await harness.channel.send(edit)
        await harness.wait(lambda: harness.view("Анна")[0].edited)
        now = harness.view("Анна")
        assert [(one.id, one.text) for one in now] == [(seen.id, "Сегодня.")]

    async def test_what_was_sent_is_deleted_or_cannot_be(self, harness: ChannelHarness) -> None:
        address, able = await self.meet(harness), harness.channel.capabilities
        ids = await harness.channel.send(self.message(address, "Не вам."))
        await harness.seen("Анна", 1)
        deletion = self.message(address, does="delete", of=ids)
        if not able.deletes:
            assert (await self.failed(harness, deletion)).code == "not_possible"
            assert len(await harness.seen("Анна", 1)) == 1
            return
        await harness.channel.send(deletion)
        await harness.wait(lambda: not harness.view("Анна"))

    async def test_a_message_is_reacted_to_or_cannot_be(self, harness: ChannelHarness) -> None:
        message = await harness.writes("Анна", "Спасибо!")
        address = (await harness.inbox.have(1))[-1].address
        assert address is not None
        reaction = self.message(address, does="react", of=message, emoji="👍")
        if not harness.channel.capabilities.reactions:
            assert (await self.failed(harness, reaction)).code == "not_possible"
            return
        await harness.channel.send(reaction)
        await harness.wait(lambda: harness.standing("Анна", message) == ("👍",))
        await harness.channel.send(self.message(address, does="react", of=message))
        await harness.wait(lambda: harness.standing("Анна", message) == ())

    # --- the rest

    async def test_sent_twice_it_is_seen_once_where_that_can_be_known(self, harness: ChannelHarness) -> None:
        if not harness.channel.capabilities.idempotent:
            pytest.skip("this messenger cannot know it")
        message = self.message(await self.meet(harness), "один раз")
        assert await harness.channel.send(message) == await harness.channel.send(message)
        await harness.channel.send(self.message(message.to, "и ещё раз"))
        assert [one.text for one in await harness.seen("Анна", 2)] == ["один раз", "и ещё раз"]

    async def test_read_marks_never_raise(self, harness: ChannelHarness) -> None:
        message = await harness.writes("Анна", "здравствуйте")
        known = (await harness.inbox.have(1))[-1].address
        assert known is not None
        unknown = Address(channel=known.channel, account=known.account, chat="999999999")
        for address in (known, known, unknown):
            for name in (message, "", "no such thing", "1:2"):
                await harness.channel.read(address, name)

    async def test_what_only_some_can_do_is_said_in_both_languages(self, harness: ChannelHarness) -> None:
        for code in harness.refuses:
            russian, english = harness.failure(code, "ru"), harness.failure(code, "en")
            assert russian.code == english.code == code
            assert russian.sentence != english.sentence
            assert english.sentence.isascii()
