"""The JSON Schemas describe what the loader reads, and it reads all that is documented."""

from __future__ import annotations

import json
from pathlib import Path

from flows import loader
from flows.schema import schemas
from flows.steps import KINDS

DEMO = Path(__file__).parents[2] / "demo"


def test_there_is_a_schema_for_every_kind_of_file() -> None:
    found = schemas()
    assert set(found) == {"bot", "hours", "replies", "sentiment", "tone", "flow"}
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
