"""`estafeta check` knows the names in the training data from a small reader of its own, for dialogs may not depend on
the language model: it finds the same ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.source import read
from flows.training import training
from nlu.data import read_workspace
from tests.conftest import DEMO

RASA = """\
version: "3.1"
nlu:
- intent: faq/ask_price
  examples: |
    - how much is [the book]{"entity": "item.name", "role": "bought", "group": "1", "value": "book"}
    -no space behind the dash [Tver](city:Tver city)
- intent: faq/ask_language
  metadata: {author: anna}
  examples:
  - text: |
      - do you speak [German]{"entity": "language", "value": "{de}"}
    metadata: {mood: fine}
  - text: "[Anna](PERSON) asks [1] (two)"
- intent: bye
  examples: "- bye"
- synonym: Tver
  examples: |
    - Kalinin
- lookup: city
  examples: |
    - Tver
- regex: order_number
  examples: |
    - \\d{6}
responses:
  utter_faq/ask_price:
  - text: "10"
stories: []
"""


@pytest.fixture(params=["demo", "rasa"])
def workspace(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "demo":
        return DEMO
    (tmp_path / "nlu").mkdir()
    (tmp_path / "nlu/nlu.yml").write_text(RASA)
    return tmp_path


def test_both_readers_find_the_same_names(workspace: Path) -> None:
    data = read_workspace(workspace)
    sources = [read(path, path.name) for path in sorted((workspace / "nlu").glob("*.yml"))]
    known, _ = training(sources)
    assert [finding for source in sources for finding in source.findings] == []
    assert known.intents == set(data.intents)
    marks = {mark.name: mark for example in data.examples for mark in example.entities}
    assert known.entities.keys() == marks.keys() | data.lookups.keys() | data.regexes.keys()
    for example in data.examples:
        for mark in example.entities:
            words = example.text[mark.start : mark.end].casefold()
            assert words in known.entities[mark.name].values


def test_a_retrieval_intent_has_its_whole_name(tmp_path: Path) -> None:
    (tmp_path / "nlu").mkdir()
    (tmp_path / "nlu/nlu.yml").write_text(RASA)
    data = read_workspace(tmp_path)
    assert data.intents == ("bye", "faq/ask_language", "faq/ask_price")
    assert [(doubt.line, doubt.severity) for doubt in data.doubts] == [(25, "note"), (28, "note")]
    (mark,) = data.examples[0].entities
    assert (mark.name, mark.role, mark.group, mark.value) == ("item.name", "bought", "1", "book")
