"""Entities by rule, the same from both engines on a shared sample.

`expected.json`: a text, and its entities as name, value, start and end, as Rasa 3.6's RegexEntityExtractor
and EntitySynonymMapper find them; under "embedded" what the embedded engine finds where it is meant to find
more, and why; "read": so does Rasa when the platform asks it, for it gets the text as `nlu.normalise.read` leaves it.
A running Rasa is asked the same in tests/rasa; here its two rules are written down.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from estafeta.clock import TestClock
from nlu import ready
from nlu.data import TrainingData, read_workspace
from nlu.entities import EntityFinder
from nlu.normalise import read
from nlu.rasa import RasaUnderstander
from tests.nlu.rasa_stand_in import RasaStandIn, answering, parsed

FOLDER = Path(__file__).parent / "data" / "entities"
ROWS: list[dict[str, Any]] = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
texts = pytest.mark.parametrize("row", ROWS, ids=lambda row: row["text"] or "empty")


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return read_workspace(FOLDER)


@pytest.fixture(scope="module")
def finder(data: TrainingData) -> EntityFinder:
    return EntityFinder.of(data)


def rasa(data: TrainingData, text: str) -> list[list[Any]]:
    """Any case; tables between word boundaries; then the synonyms, by the words in lower case, among which are all
    that are marked (`EntitySynonymMapper._add_entities_if_synonyms`)."""
    marked = {e.text[m.start : m.end].lower(): m.value for e in data.examples for m in e.entities}
    synonyms = marked | dict(data.synonyms)
    patterns = [(name, pattern) for name, listed in data.regexes.items() for pattern in listed]
    for name, phrases in data.lookups.items():
        patterns.append((name, "|".join(rf"\b{re.escape(phrase)}\b" for phrase in phrases)))
    found: list[list[Any]] = []
    for name, pattern in patterns:
        matches = re.finditer(pattern, text, re.IGNORECASE)
        found += [[name, synonyms.get(match[0].lower(), match[0]), *match.span()] for match in matches]
    return sorted(found, key=lambda entity: entity[2])


@texts
def test_the_sample_says_what_rasa_finds(data: TrainingData, row: dict[str, Any]) -> None:
    assert rasa(data, row["text"]) == row["entities"]


@texts
def test_the_embedded_engine_finds_the_same(finder: EntityFinder, row: dict[str, Any]) -> None:
    found = [[e.name, e.value, e.start, e.end] for e in finder.find(read(row["text"]))]
    assert found == row.get("embedded", row["entities"])


def test_only_what_is_said_to_differ_does() -> None:
    assert all(row["why"] and row["embedded"] != row["entities"] for row in ROWS if "embedded" in row)
    assert sum("embedded" not in row for row in ROWS) >= 15


NOW = datetime(2026, 11, 25, 14, 30, tzinfo=ZoneInfo("Europe/Moscow"))
BESIDE_READY_MADE = [
    ("заказ АБ-10452 послезавтра в три", ["order_number: АБ-10452", "time: 2026-11-27T15:00+03:00"]),
    ("AB-10452 за 1,5 тыс руб", ["order_number: AB-10452", "amount-of-money: 1500 RUB"]),
    ("Казань, 25.12 с 10 до 12", ["city: Казань", "time: 2026-12-25T10:00+03:00/2026-12-25T12:00+03:00"]),
    ("🙈 2 XL в Казань, anna@example.org", ["number: 2", "size: large", "city: Казань", "email: anna@example.org"]),
    ("тел 8 (903) 12-34567", ["phone-number: +79031234567"]),
]  # fmt: skip


@pytest.fixture
async def stand_in() -> AsyncIterator[RasaStandIn]:
    made = await RasaStandIn().start()
    yield made
    await made.stop()


@pytest.mark.parametrize(("text", "expected"), BESIDE_READY_MADE)
async def test_both_engines_have_the_same_ready_made_ones_beside_their_own(
    data: TrainingData, stand_in: RasaStandIn, text: str, expected: list[str]
) -> None:
    """Rasa says what its rules find, as they are written down above."""
    finder = EntityFinder(regexes={}, phrases={}, synonyms={}, ready_made=ready.NAMES)
    own = [dict(zip(("entity", "value", "start", "end"), found, strict=True)) for found in rasa(data, text)]
    stand_in.answers = [answering(body=json.dumps(parsed(text, entities=own)))]
    understander = RasaUnderstander(stand_in.config(), clock=TestClock(), ready_made=finder)
    by_rasa = (await understander.understand(text, deadline=30, at=NOW)).entities
    await understander.close()
    assert by_rasa == EntityFinder.of(data, ready_made=ready.NAMES).find(read(text), NOW)
    assert [f"{entity.name}: {entity.value}" for entity in by_rasa] == expected
