"""What is meant, by the capabilities of the real channels."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.drawing import joined
from bots.render import render
from bots.splitting import length, shorten
from estafeta.app.tables import channels
from estafeta.kernel.model import Address, Button, OutboundMessage, OutboxId, Text
from tests.render.texts import TEXTS, nested

TO = Address(channel="c", account="a", chat="1")


@pytest.mark.parametrize("name", sorted(channels()))
@given(text=TEXTS, times=st.sampled_from([1, 3, 60]), count=st.integers(0, 12))
@settings(max_examples=40)
def test_every_channel_keeps_its_limits_and_every_word(name: str, text: Text, times: int, count: int) -> None:
    facts = channels()[name]
    can = facts.capabilities
    long = joined([text] * times, " ")
    buttons = tuple(Button(id=f"b{number}", text=f"Очень длинный вариант номер {number}") for number in range(count))
    message = OutboundMessage(id=OutboxId("1"), to=TO, parts=(long,), buttons=buttons)
    chunks = render(message, can, drawn=facts.drawn, text_with_buttons=facts.text_with_buttons)
    for chunk in chunks:
        assert length(chunk.text, can.unit) <= can.text
        assert nested(Text(text=chunk.text, marks=chunk.marks))
        assert all(length(button.text, can.unit) <= max(can.label, can.row) for button in chunk.buttons)
        assert len({button.text for button in chunk.buttons}) == len(chunk.buttons)
    shown = iter("".join(chunk.text for chunk in chunks))
    assert all(letter in shown for letter in re.sub(r"\s", "", long.text))
    pressable = [button.id for button in chunks[-1].buttons] if chunks else []
    assert pressable == [button.id for button in buttons] or can.choice(buttons) == "numbers"


@pytest.mark.parametrize("name", sorted(channels()))
def test_what_asks_for_the_contact_is_drawn_where_it_can_be_asked_for_and_alone(name: str) -> None:
    facts = channels()[name]
    can = facts.capabilities
    asks, plain = Button(id="c", text="Поделиться номером", asks="contact"), Button(id="n", text="Не надо")

    def drawn(*buttons: Button) -> tuple[str, tuple[Button, ...]]:
        message = OutboundMessage(id=OutboxId("1"), to=TO, parts=(Text(text="Ваш номер?"),), buttons=buttons)
        [chunk] = render(message, can, drawn=facts.drawn, text_with_buttons=facts.text_with_buttons)
        return chunk.text, chunk.buttons

    assert can.asks_contact == (name == "telegram")
    assert drawn(asks) == (
        "Ваш номер?",
        (replace(asks, text=shorten(asks.text, can.label, can.unit)),) * can.asks_contact,
    )
    assert drawn(asks, plain) == drawn(plain) == drawn(plain, asks)
    assert can.choice([asks]) == "buttons", "no number stands for what is not drawn"
