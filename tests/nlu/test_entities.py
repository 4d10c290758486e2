"""What a finder of entities does with rules that match very often, and with forged ones."""

from __future__ import annotations

import pytest

from nlu.entities import EntityFinder
from nlu.normalise import read
from nlu.ready import MOST_FOUND


def test_what_one_pattern_or_table_finds_in_a_text_is_bounded() -> None:
    finder = EntityFinder(regexes={"digits": [r"\d+"]}, phrases={"city": {"Омск": "Омск"}}, synonyms={})
    found = finder.find(read("12 Омск " * 100))
    assert [sum(entity.name == name for entity in found) for name in ("digits", "city")] == [MOST_FOUND, MOST_FOUND]


def test_forged_values_are_no_finder() -> None:
    for part in ("phrases", "synonyms"):
        forged = EntityFinder(regexes={}, phrases={}, synonyms={}).to_plain()
        forged[part] = {"city": {"омск": None}} if part == "phrases" else {"мск": ["Москва"]}
        with pytest.raises(TypeError):
            EntityFinder.from_plain(forged)
