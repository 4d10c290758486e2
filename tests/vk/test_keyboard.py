"""Whatever buttons there are, VK takes what is made of them; formatting survives the way there and back."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bots.vk import formats, reactions
from bots.vk.keyboard import Client, fits, markup
from estafeta.fakes.vk import keyboard as vk
from estafeta.fakes.vk import messages
from estafeta.fakes.vk.world import Group
from estafeta.kernel.model import Button, Mark, MarkKind, Text

GROUP = Group(id=1, name="Лавка", screen_name="shop", token="t", admin_token="a", admin=1)
CLIENTS = [Client(callback=a, inline=b, keyboard=c, carousel=d) for a, b, c, d in product((True, False), repeat=4)]
KINDS: tuple[MarkKind, ...] = ("bold", "italic", "link")
LABELS = ("Да", "", "👨‍👩‍👧" * 20, 'кавычки " и \\', "\n", "я" * 200, "<b>", "🇷🇺" * 30)


def shown(values: dict[str, str]) -> list[dict[str, Any]]:
    """The buttons, once VK's limits and its schema have let them pass."""
    if "template" in values:
        template = messages._template(values["template"], "text")
        return [button for element in template["elements"] for button in element["buttons"]]
    return list(vk.buttons(vk.read(GROUP, values["keyboard"])))


def test_any_number_of_any_buttons_is_taken() -> None:
    for client in CLIENTS:
        for count in range(1, 46):
            if not fits(count, client):
                continue
            choices = tuple(Button(id=f"flow.{n}" + "x" * 50, text=LABELS[n % len(LABELS)]) for n in range(count))
            seen = shown(markup(choices, client))
            assert [json.loads(button["action"]["payload"])["b"] for button in seen] == [one.id for one in choices]
            assert all(0 < len(button["action"]["label"]) <= 40 for button in seen)
    assert markup((), Client()) == {}


def test_links_stand_in_keyboards_of_any_size() -> None:
    for client in CLIENTS:
        for count in range(1, 11):
            links = tuple(Button(id=f"{n}", text="Сайт", url=f"https://example.org/{n}") for n in range(count))
            if fits(count, client) and (client.inline or client.keyboard):
                seen = shown(markup(links, client))
                assert [button["action"]["link"] for button in seen] == [link.url for link in links]


def test_what_an_app_cannot_show_is_known() -> None:
    assert not fits(1, Client(inline=False, keyboard=False))
    assert fits(10, Client(keyboard=False))
    assert not fits(11, Client(keyboard=False))
    assert fits(11, Client())
    assert not fits(41, Client(carousel=True))
    assert fits(30, Client(keyboard=False, carousel=True))


@st.composite
def marked(draw: st.DrawFn) -> Text:
    text = draw(st.text(alphabet="ab я👍🏽\n[]|", min_size=1, max_size=40))
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    marks = []
    for start, end in zip(cuts[::2], cuts[1::2], strict=False):
        kind = draw(st.sampled_from(KINDS))
        marks.append(Mark(kind=kind, start=start, end=end, url="https://example.org/я" if kind == "link" else ""))
    return Text(text=text, marks=tuple(marks))


@given(marked())
def test_marks_come_back_as_they_went(text: Text) -> None:
    drawn = formats.drawn(text.text, text.marks)
    if not text.marks:
        assert drawn is None
        return
    assert drawn is not None
    messages._format(json.dumps(drawn), text.text)
    assert formats.read(text.text, drawn) == text


def test_reactions_have_numbers_both_ways() -> None:
    for number, emoji in reactions.EMOJI.items():
        assert reactions.number_of(emoji) == number
        assert reactions.number_of(reactions.emoji_of(number)) == number
    assert set(reactions._NEAREST.values()) <= set(reactions.EMOJI)
    for nonsense in ("", "x", "👨‍👩‍👧", "#40", "\ufe0f"):
        assert reactions.number_of(nonsense) is None
