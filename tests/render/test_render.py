"""What is meant, as what a channel can show."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.render import Chunk, in_words, render
from bots.splitting import length
from estafeta.kernel.model import (
    Address,
    Button,
    Capabilities,
    Contact,
    Location,
    Mark,
    MarkKind,
    Media,
    MediaKind,
    OutboundMessage,
    OutboxId,
    Part,
    Template,
    Text,
    Unsupported,
)
from tests.render.texts import LINK, TEXTS, drawn, nested

MB = 1024 * 1024
HERE = Location(latitude=55.75, longitude=37.6, title="Офис")
CARD = Contact(phone="+79000000000", name="Ян")
NOTICE = Template(name="order", language="ru", values=("7",), text="Заказ 7 в пути")
PLAIN = Capabilities(text=4096, unit="utf16", buttons=10, label=20)
ALL = frozenset(get_args(MarkKind))
KINDS: tuple[MediaKind, ...] = get_args(MediaKind)


def buttons(*labels: str) -> tuple[Button, ...]:
    return tuple(Button(id=f"b{number}", text=label) for number, label in enumerate(labels, 1))


def many(count: int) -> tuple[Button, ...]:
    return buttons(*(f"Вариант {number}" for number in range(1, count + 1)))


def message(*parts: Part, offers: tuple[Button, ...] = ()) -> OutboundMessage:
    to = Address(channel="c", account="a", chat="1")
    return OutboundMessage(id=OutboxId("1"), to=to, parts=parts, buttons=offers)


def media(kind: MediaKind, name: str = "", size: int = 10) -> Media:
    return Media(kind=kind, ref=f"{kind}.{name}", name=name, size=size)


def labels(chunk: Chunk) -> list[str]:
    return [button.text for button in chunk.buttons]


# --- words ---------------------------------------------------------------------------------------


def test_parts_with_words_are_paragraphs_of_one_message() -> None:
    [chunk] = render(message(Text(text="Раз "), Text(text=" "), Text(text="Два")), PLAIN)
    assert chunk == Chunk(text="Раз\n\nДва")


def test_marks_move_with_their_words() -> None:
    bold = Mark(kind="bold", start=1, end=4)
    [chunk] = render(message(Text(text="Да"), Text(text=" два ", marks=(bold,))), replace(PLAIN, marks=ALL))
    assert chunk.text[chunk.marks[0].start : chunk.marks[0].end] == "два"


def test_marks_that_the_channel_cannot_draw_are_left_out() -> None:
    marks = (Mark(kind="bold", start=0, end=3), Mark(kind="code", start=4, end=7))
    [chunk] = render(message(Text(text="раз два", marks=marks)), replace(PLAIN, marks=frozenset({"code"})))
    assert chunk == Chunk(text="раз два", marks=marks[1:])


@pytest.mark.parametrize(
    ("words", "url", "shown"),
    [
        ("сайте", "https://a.b/c", "сайте (https://a.b/c)"),
        ("https://a.b/c", "https://a.b/c", "https://a.b/c"),
        ("a.b/c", "https://a.b/c/", "a.b/c"),
        ("почте", "mailto:me@a.b", "почте (me@a.b)"),
        ("+7900", "tel:+7900", "+7900"),
    ],
)
def test_a_link_that_cannot_be_drawn_keeps_its_address_in_words(words: str, url: str, shown: str) -> None:
    link = Mark(kind="link", start=3, end=3 + len(words), url=url)
    [chunk] = render(message(Text(text=f"На {words}, вот", marks=(link,))), PLAIN)
    assert chunk == Chunk(text=f"На {shown}, вот")


def test_marks_around_a_link_that_went_still_fit() -> None:
    marks = (Mark(kind="bold", start=0, end=13), replace(LINK, start=4, end=8), Mark(kind="code", start=9, end=13))
    known = replace(PLAIN, marks=frozenset({"bold", "code"}))
    [chunk] = render(message(Text(text="вот сайт тоже и", marks=marks)), known)
    assert [chunk.text[mark.start : mark.end] for mark in chunk.marks] == [f"вот сайт ({LINK.url}) тоже", "тоже"]


def test_a_channel_that_draws_by_characters_gets_them_drawn() -> None:
    bold = Mark(kind="bold", start=0, end=3)
    [chunk] = render(message(Text(text="раз 2*2", marks=(bold,))), replace(PLAIN, marks=ALL), drawn=drawn)
    assert chunk == Chunk(text="*раз* 2\u200b*2")


def test_nothing_meant_is_nothing_shown() -> None:
    assert render(message(Text(text=" ")), PLAIN) == ()
    assert render(message(), PLAIN) == ()


# --- buttons -------------------------------------------------------------------------------------


def test_long_texts_keep_their_order_and_the_buttons_come_last() -> None:
    chunks = render(message(Text(text="слово " * 100), offers=many(2)), replace(PLAIN, text=100))
    assert len(chunks) > 5
    assert all(length(chunk.text, "utf16") <= 100 for chunk in chunks)
    assert [len(chunk.buttons) for chunk in chunks] == [0] * (len(chunks) - 1) + [2]
    assert chunks[-1].shows == "buttons"


def test_words_over_buttons_may_have_a_limit_of_their_own() -> None:
    chunks = render(message(Text(text="слово " * 30), offers=many(2)), PLAIN, text_with_buttons=50)
    assert [length(chunk.text, "utf16") <= 50 for chunk in chunks if chunk.buttons] == [True]
    assert "".join(chunk.text for chunk in chunks).count("слово") == 30
    assert len(render(message(Text(text="слово " * 30)), PLAIN, text_with_buttons=50)) == 1


def test_more_buttons_than_there_may_be_become_a_list() -> None:
    [chunk] = render(message(Text(text="Выберите"), offers=many(3)), replace(PLAIN, buttons=2, rows=3, row=20))
    assert chunk == Chunk(text="Выберите", buttons=many(3), shows="list")


def test_more_buttons_than_a_list_has_become_numbered_lines() -> None:
    [chunk] = render(message(Text(text="Выберите"), offers=many(3)), replace(PLAIN, buttons=2, rows=2, row=20))
    assert chunk == Chunk(text="Выберите\n\n1. Вариант 1\n2. Вариант 2\n3. Вариант 3")


def test_labels_are_cut_with_an_ellipsis() -> None:
    [chunk] = render(message(Text(text="x"), offers=many(1)), replace(PLAIN, label=6))
    assert chunk.buttons == (Button(id="b1", text="Вариа…"),)


def test_labels_that_would_look_the_same_are_told_apart_by_numbers() -> None:
    offers = buttons("Доставка завтра", "Доставка сегодня", "Нет")
    [chunk] = render(message(Text(text="Что?"), offers=offers), replace(PLAIN, label=9))
    assert chunk.text == "Что?\n\n1. Доставка завтра\n2. Доставка сегодня\n3. Нет"
    assert labels(chunk) == ["1. Доста…", "2. Доста…", "3. Нет"]


def test_a_link_is_a_button_where_it_can_be() -> None:
    offers = (*buttons("Да"), Button(id="b2", text="Сайт", url="https://a.b"))
    [chunk] = render(message(Text(text="x"), offers=offers), replace(PLAIN, url_buttons=True))
    assert (chunk.shows, chunk.buttons) == ("buttons", offers)


def test_where_links_cannot_be_buttons_all_become_lines_with_the_numbers_of_their_places() -> None:
    offers = (Button(id="b1", text="Сайт", url="https://a.b"), *buttons("Да"))
    [chunk] = render(message(Text(text="x"), offers=offers), PLAIN)
    assert chunk == Chunk(text="x\n\n1. Сайт: https://a.b\n2. Да")


def test_links_alone_need_no_numbers() -> None:
    [chunk] = render(message(Text(text="x"), offers=(Button(id="b1", text="Сайт", url="https://a.b"),)), PLAIN)
    assert chunk == Chunk(text="x\n\nСайт: https://a.b")


def test_buttons_alone_need_something_to_stand_under() -> None:
    [chunk] = render(message(offers=many(1)), PLAIN)
    assert (chunk.text, len(chunk.buttons)) == ("…", 1)


# --- files, places, templates --------------------------------------------------------------------

FILES = replace(PLAIN, caption=30, album=3, media=dict.fromkeys(KINDS, 5 * MB) | {"document": 20 * MB})


def test_words_that_fit_are_the_caption() -> None:
    picture = media("photo")
    bold = Mark(kind="bold", start=0, end=3)
    text = Text(text="вот он", marks=(bold,))
    assert render(message(text, picture), replace(FILES, marks=ALL)) == (
        Chunk(text="вот он", marks=(bold,), files=(picture,)),
    )


@pytest.mark.parametrize(
    ("capabilities", "kind", "words"),
    [
        (replace(FILES, caption=0), "photo", "вот он"),
        (FILES, "photo", "слово " * 10),
        (FILES, "voice", "вот он"),
        (FILES, "sticker", "вот он"),
    ],
)
def test_words_that_cannot_be_a_caption_follow_the_file(
    capabilities: Capabilities, kind: MediaKind, words: str
) -> None:
    file = media(kind)
    assert render(message(Text(text=words), file), capabilities) == (Chunk(files=(file,)), Chunk(text=words.strip()))


def test_buttons_stand_under_words_and_not_under_files() -> None:
    file = media("photo")
    assert render(message(Text(text="этот?"), file, HERE, offers=many(1)), replace(FILES, location=True)) == (
        Chunk(files=(file,)),
        Chunk(place=HERE),
        Chunk(text="этот?", buttons=many(1), shows="buttons"),
    )


def test_an_album_holds_what_may_stand_together_and_no_more_than_it_may() -> None:
    kinds: tuple[MediaKind, ...] = (
        "photo", "video", "photo", "photo", "document", "document", "audio", "voice", "voice", "sticker", "photo"
    )  # fmt: skip
    files = [media(kind, str(number)) for number, kind in enumerate(kinds)]
    chunks = render(message(*files, Text(text="всё")), FILES)
    assert [[file.kind for file in chunk.files] for chunk in chunks] == [
        ["photo", "video", "photo"], ["photo"], ["document", "document"], ["audio"], ["voice"], ["voice"],
        ["sticker"], ["photo"],
    ]  # fmt: skip
    assert [file for chunk in chunks for file in chunk.files] == files
    assert [chunk.text for chunk in chunks] == [""] * 7 + ["всё"]


def test_a_kind_that_is_not_taken_goes_as_a_document() -> None:
    file = media("video", "клип.mp4")
    [chunk] = render(message(file), replace(FILES, media={"document": MB}))
    assert chunk.files == (replace(file, kind="document"),)


def test_a_file_too_large_for_its_kind_goes_as_a_document() -> None:
    file = media("photo", "план.png", 6 * MB)
    [chunk] = render(message(file), FILES)
    assert chunk.files == (replace(file, kind="document"),)


def test_a_file_that_is_too_large_is_told_so() -> None:
    [chunk] = render(message(media("photo", "план\n.png", 25 * MB), Text(text="вот")), FILES)
    assert chunk == Chunk(text="🖼 план .png (25 MB > 20 MB)\n\nвот")


def test_what_cannot_be_shown_is_told() -> None:
    parts = (media("document", "счёт.pdf"), HERE, replace(HERE, title=""), CARD, NOTICE, Unsupported(kind="poll"))
    [chunk] = render(message(*parts), PLAIN)
    assert chunk.text.split("\n\n") == [
        "📎 счёт.pdf", "📍 Офис: 55.750000, 37.600000", "📍 55.750000, 37.600000", "👤 Ян +79000000000",
        "Заказ 7 в пути", "[poll]",
    ]  # fmt: skip


def test_places_and_templates_stand_where_they_stood() -> None:
    able = replace(PLAIN, location=True, contact=True, templates=True)
    assert render(message(Text(text="раз"), HERE, Text(text="два"), CARD, NOTICE), able) == (
        Chunk(text="раз"), Chunk(place=HERE), Chunk(text="два"), Chunk(place=CARD), Chunk(template=NOTICE),
    )  # fmt: skip


# --- whatever is meant, by whatever channel ------------------------------------------------------

_LABELS = st.sampled_from(["Да", "Нет", "Позвать человека", "Доставка курьером завтра", "Доставка курьером сегодня"])
_BUTTONS = st.lists(
    st.builds(Button, id=st.just("b"), text=_LABELS, url=st.sampled_from(["", "", "https://example.com"])), max_size=8
).map(tuple)
_PARTS = st.lists(
    st.one_of(
        TEXTS,
        st.builds(
            Media, kind=st.sampled_from(KINDS), ref=st.just("r"), name=st.sampled_from(["", "файл.pdf"]),
            size=st.sampled_from([0, 10, 50, 500]),
        ),
        st.sampled_from([HERE, CARD, NOTICE, Unsupported(kind="poll")]),
    ),
    max_size=6,
).map(tuple)  # fmt: skip
_CAPABILITIES = st.builds(
    Capabilities,
    text=st.integers(120, 200), unit=st.sampled_from(["utf16", "codepoints", "bytes"]),
    caption=st.sampled_from([0, 60, 120]), buttons=st.integers(0, 4), label=st.integers(8, 20),
    url_buttons=st.booleans(), rows=st.integers(0, 6), row=st.integers(8, 24),
    marks=st.frozensets(st.sampled_from(sorted(ALL))),
    media=st.dictionaries(st.sampled_from(KINDS), st.sampled_from([20, 100])), album=st.integers(1, 4),
    location=st.booleans(), contact=st.booleans(), templates=st.booleans(),
)  # fmt: skip


@given(_PARTS, _BUTTONS, _CAPABILITIES, st.booleans())
def test_no_limit_is_ever_exceeded(
    parts: tuple[Part, ...], offers: tuple[Button, ...], can: Capabilities, by_characters: bool
) -> None:
    chunks = render(message(*parts, offers=offers), can, drawn=drawn if by_characters else None, text_with_buttons=120)
    for chunk in chunks:
        assert length(chunk.text, can.unit) <= (can.caption if chunk.files else 120 if chunk.buttons else can.text)
        assert not by_characters or not chunk.marks
        assert {mark.kind for mark in chunk.marks} <= can.marks
        assert nested(Text(text=chunk.text, marks=chunk.marks))
        assert len(chunk.files) <= can.album
        assert all(file.kind in can.media and file.size <= can.media[file.kind] for file in chunk.files)
        content = (bool(chunk.files), chunk.place is not None, chunk.template is not None)
        assert sum(content) <= 1
        assert any(content) or chunk.text
        assert bool(chunk.buttons) == bool(chunk.shows)
        assert not chunk.buttons or (chunk is chunks[-1] and not any(content))
        most, label = (can.buttons, can.label) if chunk.shows == "buttons" else (can.rows, can.row)
        assert len(chunk.buttons) <= most or not chunk.buttons
        assert all(length(text, can.unit) <= label for text in labels(chunk))
        assert can.url_buttons or not any(button.url for button in chunk.buttons)


@given(_PARTS, _BUTTONS, _CAPABILITIES)
def test_nothing_is_lost(parts: tuple[Part, ...], offers: tuple[Button, ...], can: Capabilities) -> None:
    chunks = render(message(*parts, offers=offers), can)
    shown = re.sub(r"\s", "", "".join(chunk.text for chunk in chunks))
    letters = iter(shown)
    for part in parts:
        if isinstance(part, Text):
            assert all(letter in letters for letter in re.sub(r"\s", "", part.text))
            links = [mark for mark in part.marks if mark.kind == "link" and "link" not in can.marks]
            assert all(mark.url in shown for mark in links if part.text[mark.start : mark.end].strip())
        elif isinstance(part, Unsupported):
            assert all(letter in letters for letter in in_words(part))
    files = [part for part in parts if isinstance(part, Media)]
    sent = [file for chunk in chunks for file in chunk.files]
    told = [file for file in files if not any(file.size <= can.media.get(kind, -1) for kind in (file.kind, "document"))]
    assert len(sent) + len(told) == len(files)
    assert all(re.sub(r"\s", "", in_words(file)) in shown for file in told)
    places = [part for part in parts if isinstance(part, Location | Contact)]
    native = [chunk.place for chunk in chunks if chunk.place]
    assert all(place in native or re.sub(r"\s", "", in_words(place)) in shown for place in places)
    if offers:
        pressable = [button.id for chunk in chunks for button in chunk.buttons]
        assert len(pressable) == len(offers) or all(re.sub(r"\s", "", button.text) in shown for button in offers)
