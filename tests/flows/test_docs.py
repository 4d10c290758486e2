"""docs/flows.md is made from examples that hold, and the examples show the whole language."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from estafeta.app import starter
from estafeta.app.flow_around import surroundings
from flows import loader, sandbox, talks
from flows.answers import BUILT_IN
from flows.flow_file import FlowFile, Schedule, Start
from flows.source import read
from flows.steps import (
    AskStep,
    CallStep,
    ChooseStep,
    EndStep,
    FlowStep,
    ForgetStep,
    GotoStep,
    HandoffStep,
    MenuOption,
    MenuStep,
    RememberStep,
    SayStep,
    SetStep,
    TagStep,
    UntagStep,
    WaitRule,
    WaitStep,
)
from flows.talks_file import ACTS, EXPECTATIONS, CalledLine, CustomerLine, EventLine, Stored, Stub, Talk, Who
from flows.written import ButtonRule, HandoffRule
from tests.flows.flows_page import EXAMPLES, FIRST, LATER, PAGE, page, ran, workspace

_STEPS: tuple[type[BaseModel], ...] = (
    AskStep, CallStep, ChooseStep, EndStep, FlowStep, ForgetStep, GotoStep, HandoffStep, MenuStep, RememberStep,
    SayStep, SetStep, TagStep, UntagStep, WaitStep,
)  # fmt: skip


def _keys(model: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def _mappings(data: Any) -> Iterator[dict[str, Any]]:
    if isinstance(data, dict):
        yield data
    for item in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from _mappings(item)


def _written(folder: str) -> list[dict[str, Any]]:
    paths = sorted((EXAMPLES / folder).glob("*.yml"))
    return [mapping for path in paths for mapping in _mappings(read(path, path.name).data)]


def test_the_page_is_what_the_examples_make_of_it() -> None:
    wanted = "make it anew: python -m tests.flows.flows_page"
    assert PAGE.read_text(encoding="utf-8") == page(), wanted


def test_the_examples_have_no_findings_and_hold() -> None:
    assert [str(finding) for finding in loader.find(EXAMPLES)[1]] == []
    assert [str(finding) for finding in talks.find(workspace())[1]] == []
    assert [(name, one.difference) for name, all_ in ran().items() for one in all_ if one.difference] == []


def test_the_first_workspace_has_no_findings_and_its_flow_holds(tmp_path: Path) -> None:
    starter.begin(tmp_path)
    for name in ("flows/receipt.yml", "flows/tests/receipt.yml"):
        shutil.copy(EXAMPLES / name, tmp_path / name)
    assert [str(finding) for finding in loader.find(tmp_path)[1]] == []
    first = loader.load(tmp_path)
    told, findings = talks.find(first)
    assert findings == []
    with surroundings(first, None) as around:
        assert [ran.difference for one in told for ran in talks.run(first, one.talk, around)] == [None] * 3
    shutil.copy(LATER / "receipt.yml", tmp_path / "nlu" / "receipt.yml")
    flow = tmp_path / "flows" / "receipt.yml"
    flow.write_text(flow.read_text(encoding="utf-8").replace("start:", "start:\n  intent: receipt_copy"), "utf-8")
    assert [str(finding) for finding in loader.find(tmp_path)[1]] == []


def test_the_action_on_the_page_is_the_first_workspaces() -> None:
    shown = PAGE.read_text(encoding="utf-8").partition("```yaml\nactions: ")[2].partition("```")[0]
    assert f"actions: {shown}" in (FIRST / "bot.yml").read_text(encoding="utf-8")


def test_every_flow_of_the_examples_is_on_the_page_and_is_gone_through() -> None:
    words = (EXAMPLES / "flows.md.in").read_text(encoding="utf-8")
    for path in (EXAMPLES / "flows").glob("*.yml"):
        if path.stem not in ("payment", "human"):
            assert f"<<flow: {path.stem}>>" in words
    for path in (EXAMPLES / "flows" / "tests").glob("*.yml"):
        if path.stem != "payment":
            assert f": {path.stem}>>" in words


def test_every_key_of_the_language_is_in_an_example() -> None:
    mappings = _written("flows")
    for model in _STEPS:
        kind = model.__name__.removesuffix("Step").lower()
        shown = {key for mapping in mappings if kind in mapping for key in mapping}
        missing = _keys(model) - shown - {"name"}
        assert not missing, (kind, missing)
    shown = {key for mapping in mappings for key in mapping}
    for model in (FlowFile, Start, Schedule, MenuOption, WaitRule, ButtonRule, HandoffRule):
        assert _keys(model) <= shown, model.__name__
    assert "name" in shown


def test_every_kind_of_answer_is_in_an_example() -> None:
    asked = {mapping.get("expect", "text") for mapping in _written("flows") if "ask" in mapping}
    assert asked.issuperset(BUILT_IN)


def test_every_key_of_a_test_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    keys = {*ACTS, *EXPECTATIONS}
    for model in (Talk, Stub, Who, CustomerLine, EventLine, CalledLine, Stored):
        keys |= _keys(model)
    assert [key for key in sorted(keys) if f"{key}:" not in text and f"`{key}`" not in text] == []


def test_every_filter_is_named() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [name for name in sandbox._FILTERS if not name.startswith("_") and f"`{name}`" not in text] == []
