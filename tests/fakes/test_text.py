"""Texts are read as the Bot API reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estafeta.fakes.telegram.errors import Refused
from estafeta.fakes.telegram.text import found_in, parse_html, read_text, units


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("<b>a</b>", "a", [("bold", 0, 1)]),
        ("🏟<i>б</i>", "🏟б", [("italic", 2, 1)]),
        ("<b>a<i>b</i></b>", "ab", [("bold", 0, 2), ("italic", 1, 1)]),
        ("&lt;b&gt; &amp; &quot; &#1055; &unknown;", '<b> & " П &unknown;', []),
        ('<span class="tg-spoiler">x</span>', "x", [("spoiler", 0, 1)]),
        ("<b></b>x", "x", []),
        ('<a href="tg://user?id=7">Анна</a>', "Анна", [("text_mention", 0, 4)]),
        ('<a href="tg://resolve?domain=anna">Анна</a>', "Анна", [("text_link", 0, 4)]),
        ("<pre><code class='language-python'>x</code></pre>", "x", [("pre", 0, 1)]),
    ],
)
def test_html_becomes_text_and_entities(source: str, text: str, entities: list[tuple[str, int, int]]) -> None:
    read, found = parse_html(source)
    assert read == text
    assert [(e["type"], e["offset"], e["length"]) for e in found] == entities


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("🏟 🏟&lt;<abac>", 'Unsupported start tag "abac" at byte offset 13'),
        ("🏟 🏟&lt;</", "Unexpected end tag at byte offset 13"),
        ("🏟 🏟&lt;<i>a</i   ", "Unclosed end tag at byte offset 17"),
        ("🏟 🏟&lt;<i>a</em   >", 'Unmatched end tag at byte offset 17, expected "</i>", found "</em>"'),
        ("<i>a", 'Can\'t find end tag corresponding to start tag "i"'),
        ("<b", 'Unclosed start tag "b" at byte offset 0'),
        ("2 < 3", 'Unsupported start tag "" at byte offset 2'),
    ],
)
def test_broken_html_is_refused_in_telegrams_words(source: str, error: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_html(source)
    assert refused.value.description == f"Bad Request: can't parse entities: {error}"


def test_the_limit_counts_utf16_units_after_parsing() -> None:
    assert read_text("<b>" + "a" * 4096 + "</b>", "HTML", None, caption=False)["text"] == "a" * 4096
    assert units("😀" * 2048) == 4096
    read_text("😀" * 2048, None, None, caption=False)
    with pytest.raises(Refused, match="message is too long"):
        read_text("😀" * 2049, None, None, caption=False)
    with pytest.raises(Refused, match="message caption is too long"):
        read_text("a" * 1025, None, None, caption=True)


def test_an_empty_text_is_refused_and_an_empty_caption_is_none() -> None:
    with pytest.raises(Refused, match="message text is empty"):
        read_text("<b> </b>", "HTML", None, caption=False)
    assert read_text(" ", None, None, caption=True) == {}


def test_entities_that_leave_the_text_are_refused() -> None:
    with pytest.raises(Refused, match="ends after the end of the text"):
        read_text("abc", None, [{"type": "bold", "offset": 1, "length": 3}], caption=False)


def test_commands_and_links_are_found() -> None:
    found = found_in("😀 /start и https://example.org/x")
    assert [(e["type"], e["offset"], e["length"]) for e in found] == [("bot_command", 3, 6), ("url", 12, 21)]


@given(st.text())
def test_escaped_text_always_comes_back(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert parse_html(escaped)[0] == text
