"""How entries become posts, whatever they hold: nothing is lost, and no limit is exceeded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bots.splitting import length, split
from estafeta.kernel.model import (
    Author,
    Contact,
    ConversationId,
    Entry,
    EntryId,
    Location,
    Mark,
    Media,
    Text,
    Unsupported,
)
from handoff.desks.telegram_forum.posts import ALBUM, CAPTION_LIMIT, REPLIES, File, Told, files_of, fits, posts
from handoff.desks.telegram_forum.words import cut, entities, joined

KINDS = ("photo", "document", "voice", "audio", "video", "sticker")


def pieces(words: str, room: int) -> list[str]:
    return split(words, 4096 - room, "utf16")


@st.composite
def texts(draw: Any, most: int = 1500) -> Text:
    words = draw(st.text(st.sampled_from("аб 👍🏽\n.é<&>*"), min_size=1, max_size=most))
    cuts = sorted(draw(st.lists(st.integers(0, len(words)), max_size=6)))
    places = [(start, end) for start, end in zip(cuts[::2], cuts[1::2], strict=False) if start < end]
    link = "https://shop.example/"
    marks = tuple(
        Mark(kind="link" if n % 2 else "bold", start=start, end=end, url=link if n % 2 else "")
        for n, (start, end) in enumerate(places)
    )
    return Text(text=words, marks=marks)


files = st.builds(
    lambda kind, ref: Media(kind=kind, ref=ref), st.sampled_from(KINDS), st.text("0123456789", min_size=1, max_size=9)
)
parts = st.one_of(
    texts(),
    files,
    st.just(Location(latitude=1.0, longitude=2.0)),
    st.just(Contact(phone="+7")),
    st.just(Unsupported(kind="poll")),
)


@st.composite
def timelines(draw: Any) -> list[Entry]:
    made: list[Entry] = []
    for number in range(draw(st.integers(1, 8))):
        kind = draw(st.sampled_from(("said", "said", "said", "note", "edit", "deletion", "reaction")))
        key = "reply_to" if kind == "said" else "of"
        data = {key: f"e{draw(st.integers(0, 9))}", "emoji": "❤"} if draw(st.booleans()) else {}
        made.append(
            Entry(
                id=EntryId(f"e{number}"),
                conversation=ConversationId("c"),
                seq=number + 1,
                at=datetime(2026, 1, 1, tzinfo=UTC),
                author=Author(kind=draw(st.sampled_from(("customer", "bot", "operator"))), name="Ян\u202e"),
                kind=kind,
                parts=tuple(draw(st.lists(parts, max_size=5))) if kind in ("said", "note", "edit") else (),
                data=data,
            )
        )
    return made


def told(entries: Sequence[Entry], known: bool) -> Told:
    return Told(known=entries, stands=lambda entry: "7" if known else "", pieces=pieces, language="en")


def had(entries: Sequence[Entry]) -> dict[Media, File | str]:
    return {
        part: File(kind=part.kind, media=part, ref=part.ref) if part.ref != "9" else "it is gone"
        for entry in entries
        for part in entry.parts
        if isinstance(part, Media)
    }


@given(timelines(), st.booleans())
def test_nothing_is_lost_and_no_limit_is_exceeded(entries: list[Entry], known: bool) -> None:
    made = posts(entries, had(entries), told(entries, known))
    squeezed = "".join("".join(post.words.text.split()) for post in made)
    for entry in entries:
        if entry.kind in ("said", "note"):
            for part in entry.parts:
                if isinstance(part, Text):
                    assert "".join(part.text.split()) in squeezed
    wanted = [file for entry in entries for file in files_of(entry, entries) if file.ref != "9"]
    assert [file.media for post in made for file in post.files] == wanted
    for post in made:
        assert post.words.text or post.files or post.place
        assert len(post.files) <= ALBUM
        assert all(fits(post.files[:n], file) for n, file in enumerate(post.files) if n)
        assert length(post.words.text, "utf16") <= (CAPTION_LIMIT if post.files else 4096)
        assert not (post.words.text and post.files and post.files[0].kind == "sticker")
        for entity in entities(post.words):
            assert 0 <= entity["offset"] < entity["offset"] + entity["length"] <= length(post.words.text, "utf16")


@given(timelines())
def test_the_author_is_told_above_all_words(entries: list[Entry]) -> None:
    for post in posts(entries, had(entries), told(entries, known=False)):
        if post.files and post.words.text:
            assert "Ян" in post.words.text
        assert "\u202e" not in post.words.text


@given(timelines())
def test_answers_take_few_posts(entries: list[Entry]) -> None:
    made = posts(entries, had(entries), told(entries, known=True))
    assert len({post.entries[0] for post in made if post.reply_to}) <= REPLIES


@given(texts(6000), st.integers(50, 4096))
def test_marks_stay_on_their_words(words: Text, room: int) -> None:
    whole = joined(Text(text="👤 Ян"), words)
    found = list(cut(whole, split(whole.text, room, "utf16")))
    assert "".join("".join(piece.text.split()) for piece in found) == "".join(whole.text.split())
    marked = "".join(piece.text[mark.start : mark.end] for piece in found for mark in piece.marks)
    wanted = "".join(whole.text[mark.start : mark.end] for mark in whole.marks)
    assert "".join(marked.split()) == "".join(wanted.split())
