"""What is a note, and what is not."""

from __future__ import annotations

import pytest

from handoff.notes import note


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("// he is angry", "he is angry"),
        ("//he is angry", "he is angry"),
        ("  // he is angry", "he is angry"),
        ("\u200b// hidden", "hidden"),
        ("\ufeff//hidden", "hidden"),
        ("/\u200b/ split", "split"),
        ("\uff0f\uff0f wide", "wide"),
        ("\u2044\u2044 fraction", "fraction"),
        ("/ / apart", "apart"),
        (".. the same keys in Russian", "the same keys in Russian"),
        ("//", ""),
    ],
)
def test_the_mark_is_known_in_every_guise(written: str, read: str) -> None:
    assert note(written) == read


@pytest.mark.parametrize("written", ["", "hello", "... well", "/close", "/", "a // b", "http://x.example", ".", "5/7"])
def test_words_to_the_customer_are_none(written: str) -> None:
    assert note(written) is None
