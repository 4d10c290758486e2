"""Files in the repository that are made from the code say what the code says now."""

from __future__ import annotations

import json

import pytest

from estafeta.app import config
from flows.schema import schemas
from tests.conftest import ROOT

SCHEMAS = ROOT / "docs" / "schemas"


def test_the_example_of_settings_is_current() -> None:
    assert (ROOT / ".env.example").read_text() == config.example(), "run: estafeta settings --example > .env.example"


def test_every_setting_says_what_it_is_for() -> None:
    silent = [variable for variable, field in config.names() if not field.description]
    assert silent == []


@pytest.mark.parametrize("name", sorted(schemas()))
def test_the_schema_of_a_workspace_file_is_current(name: str) -> None:
    written = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    assert written == schemas()[name], "run: estafeta schemas docs/schemas"


def test_there_is_no_schema_of_a_file_that_is_none() -> None:
    assert {path.name for path in SCHEMAS.iterdir()} == {f"{name}.schema.json" for name in schemas()}
