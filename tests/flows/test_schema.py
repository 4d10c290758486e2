"""The JSON Schemas describe what the loader reads, and it reads all that is documented."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from flows import loader
from flows.schema import FILES, schemas
from flows.schema_examples import EXAMPLES
from flows.schema_words import KIND_OF, WORDS
from flows.source import read
from flows.steps import KINDS
from tests.flows.world import BOT, PAYMENT, write

DEMO = Path(__file__).parents[2] / "demo"


def test_there_is_a_schema_for_every_kind_of_file() -> None:
    found = schemas()
    assert set(found) == {"bot", "hours", "replies", "sentiment", "tone", "flow", "talks", "pinned"}
    for schema in found.values():
        assert schema["$schema"].startswith("https://json-schema.org/")
        assert schema["additionalProperties"] is False
        json.dumps(schema)


def test_every_step_is_in_the_schema_under_the_key_that_people_write() -> None:
    text = json.dumps(schemas()["flow"])
    for word in (*KINDS, "with", "on_error", "otherwise", "when", "do", "buttons", "again"):
        assert f'"{word}"' in text
    assert "with_" not in text


def test_texts_may_be_a_string_or_by_language() -> None:
    kinds = json.dumps(schemas()["replies"]["$defs"]["LocalText"])
    assert '"string"' in kinds
    assert '"object"' in kinds


def test_the_demo_workspace_has_no_mistakes() -> None:
    _, findings = loader.find(DEMO)
    assert [str(finding) for finding in findings] == []


def _keys(kind: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every key of a schema: whose it is, its name, what is told of it."""
    schema = schemas()[kind]
    for name, part in {kind: schema, **schema.get("$defs", {})}.items():
        for key, about in part.get("properties", {}).items():
            yield name, key, about


@pytest.mark.parametrize("kind", sorted(schemas()))
def test_every_key_tells_an_editor_what_it_is_for(kind: str) -> None:
    silent = [f"{name}.{key}" for name, key, about in _keys(kind) if not about.get("description")]
    assert silent == []
    assert all(part.get("description") for part in schemas()[kind].get("$defs", {}).values())


def test_no_words_are_kept_for_a_key_that_is_gone() -> None:
    known = {(name, key) for kind in schemas() for name, key, _ in _keys(kind)}
    known |= {(f"{kind}.{name}", key) for kind in schemas() for name, key, _ in _keys(kind)}
    known |= {(KIND_OF[name], key) for name, key in known if name in KIND_OF}
    told = {(name, key) for table in (WORDS, EXAMPLES) for name, keys in table.items() for key in keys}
    assert told - known == set()


@pytest.mark.parametrize("kind", sorted(schemas()))
def test_examples_are_what_the_schema_allows(kind: str) -> None:
    schema = schemas()[kind]
    for _, _, about in _keys(kind):
        for example in about.get("examples", ()):
            jsonschema.validate(example, {**about, "$defs": schema.get("$defs", {})})


@pytest.mark.parametrize("kind", sorted(FILES))
def test_the_schemas_allow_what_the_loader_reads(kind: str) -> None:
    files = sorted(DEMO.glob(FILES[kind]))
    assert files
    for file in files:
        jsonschema.validate(read(file, file.name).data, schemas()[kind])


@pytest.mark.parametrize(("told", "region"), [("", "RU"), ("region: US\n", "US"), ("region: NO\n", "NO")])
def test_a_region_is_a_country_and_russia_unless_said(tmp_path: Path, told: str, region: str) -> None:
    assert loader.load(write(tmp_path, {"payment": PAYMENT}, bot=BOT + told)).bot.region == region
