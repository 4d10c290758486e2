"""What every `Channel` promises. Inherit `ChannelContract` and give the fixture `harness`."""

from __future__ import annotations

import unicodedata

import pytest

from estafeta.kernel.model import Address, Button, Contact, CustomerPressed, CustomerSaid, Text
from tests.contracts.channel_harness import ChannelHarness
from tests.contracts.channel_in import WhatCustomersDo
from tests.contracts.channel_out import WhatCustomersSee

__all__ = ["ChannelContract", "ChannelHarness"]

LITERAL = (
    "<b>жирный</b> & \"кавычки\" 'один'",
    "*звёзды* _черты_ `код` [ссылка](http://example.com)",
    "<script>alert(1)</script>",
    "Семья 👨‍👩‍👧, флаг 🇷🇺, тон 👍🏽",
    "первая\nвторая\n\nчетвёртая",
    "{{ 7 * 7 }} %s {0} &amp; &lt;",
)

SHUT_OUT = ("blocked", "not_allowed", "undeliverable")
"""Who is shut out; WhatsApp does not tell that from other reasons why a message does not arrive."""


class ChannelContract(WhatCustomersDo, WhatCustomersSee):
    async def test_a_text_becomes_a_signal(self, harness: ChannelHarness) -> None:
        await harness.writes("Анна", "Где мой заказ? 👍🏽")
        [signal] = await harness.inbox.have()
        assert isinstance(signal.event, CustomerSaid)
        assert signal.event.parts == (Text(text="Где мой заказ? 👍🏽"),)
        assert signal.event.message
        assert signal.opens
        assert signal.at.tzinfo is not None
        assert signal.conversation is None

    async def test_addresses_are_the_channels_own(self, harness: ChannelHarness) -> None:
        address = await self.meet(harness)
        assert (address.channel, address.account) == (harness.channel.name, harness.channel.account)
        assert ":" not in address.channel + address.account
        assert address.chat

    async def test_texts_of_one_customer_keep_their_order(self, harness: ChannelHarness) -> None:
        texts = [f"слово {number}" for number in range(10)]
        for text in texts:
            await harness.writes("Анна", text)
        signals = await harness.inbox.have(10)
        said = [signal.event.parts for signal in signals if isinstance(signal.event, CustomerSaid)]
        assert said == [(Text(text=text),) for text in texts]
        assert len({signal.id for signal in signals}) == 10
        assert len({signal.address for signal in signals}) == 1

    async def test_an_answer_reaches_the_one_it_is_for(self, harness: ChannelHarness) -> None:
        anna, boris = await self.meet(harness, "Анна"), await self.meet(harness, "Борис")
        assert anna != boris
        await harness.channel.send(self.message(boris, "для Бориса"))
        await harness.channel.send(self.message(anna, "для Анны"))
        assert await harness.saw("Анна", 1) == [("для Анны", ())]
        assert await harness.saw("Борис", 1) == [("для Бориса", ())]

    @pytest.mark.parametrize("text", LITERAL)
    async def test_words_are_seen_as_they_were_meant(self, harness: ChannelHarness, text: str) -> None:
        await harness.channel.send(self.message(await self.meet(harness), text))
        assert await harness.saw("Анна", 1) == [(text, ())]

    async def test_answers_keep_their_order_and_have_ids_of_their_own(self, harness: ChannelHarness) -> None:
        address = await self.meet(harness)
        ids = [await harness.channel.send(self.message(address, f"{number}")) for number in range(3)]
        assert len(set(ids)) == 3
        assert all(ids)
        assert [text for text, _ in await harness.saw("Анна", 3)] == ["0", "1", "2"]

    async def test_a_long_text_arrives_whole(self, harness: ChannelHarness) -> None:
        text = " ".join(f"слово{number} 👨‍👩‍👧" for number in range(1000))
        await harness.channel.send(self.message(await self.meet(harness), text))
        seen: list[str] = []
        while "".join(seen).count("слово") < 1000:
            seen = [piece for piece, _ in await harness.saw("Анна", len(seen) + 1)]
        assert " ".join(seen).split() == text.split()
        limit, unit = harness.channel.capabilities.text, harness.channel.capabilities.unit
        assert all(
            (len(piece) if unit == "codepoints" else len(piece.encode("utf-16-le")) // 2) <= limit for piece in seen
        )
        assert not any(unicodedata.combining(piece[0]) or piece[0] == "\u200d" for piece in seen)

    async def test_a_pressed_button_comes_back_by_its_id(self, harness: ChannelHarness) -> None:
        if not harness.channel.capabilities.buttons:
            pytest.skip("there are no buttons here")
        address = await self.meet(harness)
        buttons = (Button(id="flow.3.1", text="Позвать человека"), Button(id="flow.3.2", text="Спасибо"))
        await harness.channel.send(self.message(address, "Что дальше?", buttons=buttons))
        assert await harness.saw("Анна", 1) == [("Что дальше?", ("Позвать человека", "Спасибо"))]
        await harness.presses("Анна", "Спасибо")
        pressed = (await harness.inbox.have(2))[-1]
        assert isinstance(pressed.event, CustomerPressed)
        assert (pressed.event.button, pressed.event.label) == ("flow.3.2", "Спасибо")
        assert pressed.address == address

    async def test_ones_own_number_is_asked_for_where_that_can_be(self, harness: ChannelHarness) -> None:
        address, asks = await self.meet(harness), harness.channel.capabilities.asks_contact
        button = Button(id="contact", text="Поделиться номером", asks="contact")
        await harness.channel.send(self.message(address, "Ваш номер?", buttons=(button,)))
        assert await harness.saw("Анна", 1) == [("Ваш номер?", (button.text,) if asks else ())]
        if asks:
            message = await harness.shares_contact("Анна", button.text)
            said = await self.said(harness, 2)
            [contact] = said.parts
            assert said.message == message
            assert isinstance(contact, Contact)
            assert contact.own

    async def test_what_asks_for_a_number_stands_beside_no_other_button(self, harness: ChannelHarness) -> None:
        address = await self.meet(harness)
        buttons = (Button(id="contact", text="Мой номер", asks="contact"), Button(id="no", text="Не надо"))
        await harness.channel.send(self.message(address, "Ваш номер?", buttons=buttons))
        [(text, shown)] = await harness.saw("Анна", 1)
        assert "Мой номер" not in (*shown, *text.splitlines())
        assert "Не надо" in (*shown, text.partition("1. ")[2])

    async def test_nothing_is_acknowledged_before_it_is_stored(self, harness: ChannelHarness) -> None:
        harness.inbox.away = 2
        await harness.writes("Анна", "не теряйте меня")
        [signal] = await harness.inbox.have()
        assert len(harness.inbox.attempts) >= 3
        assert {attempt.id for attempt in harness.inbox.attempts} == {signal.id}

    async def test_delivered_twice_is_one_signal(self, harness: ChannelHarness) -> None:
        await harness.writes("Анна", "один раз")
        await harness.inbox.have()
        await harness.delivers_again("Анна")
        assert len(harness.inbox.signals) == 1

    async def test_who_shut_us_out_is_told_as_such(self, harness: ChannelHarness) -> None:
        if not harness.blocks:
            pytest.skip("nobody can block us here")
        address = await self.meet(harness)
        await harness.blocked("Анна")
        failed = await self.failed(harness, self.message(address, "вы здесь?"))
        assert failed.code in SHUT_OUT
        assert (failed.fault, failed.retry_after) == ("customer", None)
        assert harness.failure(failed.code, "ru").sentence == failed.sentence
        assert harness.failure(failed.code, "en").sentence.isascii()

    async def test_typing_never_raises(self, harness: ChannelHarness) -> None:
        known = await self.meet(harness)
        unknown = Address(channel=known.channel, account=known.account, chat="999999999")
        nonsense = Address(channel=known.channel, account=known.account, chat="no such thing")
        for address in (known, known, unknown, nonsense):
            await harness.channel.typing(address)

    async def test_capabilities_make_sense(self, harness: ChannelHarness) -> None:
        capabilities = harness.channel.capabilities
        assert capabilities.text > 0
        assert capabilities.buttons >= 0
        assert not capabilities.buttons or capabilities.label > 0
        assert capabilities.typing_lasts > 0
        assert not capabilities.rows or capabilities.row > 0
        assert all(size > 0 for size in capabilities.media.values())
        assert capabilities.album >= 1
