"""`estafeta nlu check`: what it prints, how it ends, and what it learns from the store."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from estafeta.app import config
from estafeta.app.cli import main
from estafeta.app.nlu_commands import dialogs
from estafeta.clock import SystemClock
from estafeta.kernel.model import Address, Author, Entry, Intent, Understanding
from storage.sqlite import SqliteStore
from tests.conftest import ROOT
from tests.contracts.store_examples import ANNA, BORIS, event_of, holding

WORKSPACE = ROOT / "tests" / "engine" / "workspace"
NOW = datetime.now(UTC) - timedelta(hours=1)
GOOD = "".join(
    f"- intent: {name}\n  examples: |\n" + "".join(f"    - {word} {each}\n" for each in "abcde")
    for name, word in (("greet", "hello"), ("order", "parcel"))
)


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(config.PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ESTAFETA_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


def checked(*arguments: str) -> Result:
    result = CliRunner().invoke(main, ["nlu", "check", *arguments])
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def workspace(folder: Path, text: str) -> Path:
    (folder / "ws/nlu").mkdir(parents=True, exist_ok=True)
    (folder / "ws/nlu/x.yml").write_text(f"nlu:\n{text}")
    return folder / "ws"


def test_a_good_workspace_has_no_findings(tmp_path: Path) -> None:
    result = checked(str(workspace(tmp_path, GOOD)))
    assert result.exit_code == 0
    assert result.stdout == f"{tmp_path}/ws: 10 examples of 2 intents, no findings\n"


def test_warnings_are_told_but_do_not_fail(tmp_path: Path) -> None:
    result = checked(str(workspace(tmp_path, GOOD.replace("    - parcel e\n", ""))))
    assert result.exit_code == 0
    first, last = result.stdout.splitlines()
    assert first.startswith("nlu/x.yml:9:3: warning: order has 4 different examples; write 5 at least")
    assert last.endswith("9 examples of 2 intents, 1 warning")


@pytest.mark.parametrize("wrong", [GOOD + "    - Hello, A!\n", GOOD + "    - [x](y\n", ""])
def test_errors_fail(tmp_path: Path, wrong: str) -> None:
    result = checked(str(workspace(tmp_path, wrong)))
    assert result.exit_code == 1
    assert ": error: " in result.stdout


def test_a_folder_that_is_not_there_is_misuse(tmp_path: Path) -> None:
    assert checked(str(tmp_path / "nowhere")).exit_code == 2


def test_programs_read_json(tmp_path: Path) -> None:
    result = checked(str(workspace(tmp_path, GOOD + "    - Hello, A!\n")), "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (told["examples"], told["intents"], told["suggestions"]) == (11, 2, [])
    (finding,) = told["findings"]
    assert {key: finding[key] for key in ("file", "line", "column", "severity", "rule")} == {
        "file": "nlu/x.yml", "line": 16, "column": 7, "severity": "error", "rule": "contradiction",
    }  # fmt: skip
    assert finding["what"]
    assert finding["mend"]


# --- what the dialogs need -----------------------------------------------------------------------


def test_the_flows_are_looked_at_where_they_are(tmp_path: Path) -> None:
    folder = shutil.copytree(ROOT / "demo", tmp_path / "demo")
    assert checked(str(folder), "--offline").stdout.endswith(" intents, no findings\n")
    (folder / "nlu/zz.yml").write_text("nlu:\n" + GOOD.split("- intent: order")[0])
    flow = folder / "flows/order-status.yml"
    flow.write_text(flow.read_text().replace("expect: order_number", "expect: order_numer", 1))
    line = flow.read_text().split("order_numer")[0].count("\n") + 1
    result = checked(str(folder), "--offline")
    assert f"flows/order-status.yml:{line}:13: error: a question expects the entity order_numer" in result.stdout
    assert "nlu/zz.yml:2:3: warning: no flow answers greet; " in result.stdout
    assert "did you mean order_number?" in result.stdout


@pytest.mark.parametrize("broken", ["bot.yml", "flows/order.yml"])
def test_flows_that_cannot_be_read_say_nothing_about_the_data(tmp_path: Path, broken: str) -> None:
    folder = shutil.copytree(ROOT / "demo", tmp_path / "demo")
    (folder / broken).write_text("flow: [\n")
    assert dialogs(folder) is None
    assert checked(str(folder), "--offline").exit_code == 0


# --- what the store knows ------------------------------------------------------------------------


def said(
    address: Address, seq: int, intent: str, confidence: float, rival: float = 0.0, who: str = "customer"
) -> Entry:
    ranking = (Intent(name=intent, confidence=confidence), Intent(name="rival", confidence=rival))
    understanding = Understanding(intent=intent, confidence=confidence, ranking=ranking)
    blank = event_of(address, seq, "x")
    return replace(blank, at=NOW, kind="said", author=Author(kind="customer"), understanding=understanding, data={})


def called(address: Address, seq: int, reason: str, at: datetime = NOW) -> Entry:
    return replace(event_of(address, seq, "opened"), at=at, data={"event": "opened", "reason": reason})


def stored(folder: Path, *commits: Any) -> None:
    async def write() -> None:
        folder.mkdir(parents=True, exist_ok=True)
        store = SqliteStore(folder / "estafeta.db", clock=SystemClock())
        await store.open()
        for change in commits:
            await store.commit(change)
        await store.close()

    asyncio.run(write())


def test_what_cost_people_the_most_is_suggested_first(tmp_path: Path) -> None:
    stored(
        tmp_path / "data",
        holding(
            ANNA, said(ANNA, 1, "greet", 0.2), said(ANNA, 2, "greet", 0.99), said(ANNA, 3, "order", 0.3, rival=0.2),
            said(ANNA, 4, "order", 0.3), called(ANNA, 5, "repeated_fallback"),
        ),
        holding(BORIS, said(BORIS, 1, "greet", 0.01), called(BORIS, 2, "low_confidence")),
    )  # fmt: skip
    folder = workspace(tmp_path, GOOD)
    shutil.copy(WORKSPACE / "bot.yml", folder)
    told = json.loads(checked(str(folder), "--json").stdout)["suggestions"]
    assert [(one["intent"], one["handoffs"], one["messages"]) for one in told] == [("order", 1, 2), ("", 1, 1)]
    lines = checked(str(folder)).stdout
    assert "1 handoff, 2 messages:" in lines
    assert "Add examples to order: it has 5." in lines
    assert "What to add next" not in checked(str(folder), "--offline").stdout


def test_people_who_were_called_for_other_reasons_are_not_the_models_fault(tmp_path: Path) -> None:
    old = NOW - timedelta(days=40)
    stored(
        tmp_path / "data",
        holding(ANNA, said(ANNA, 1, "greet", 0.2), called(ANNA, 2, "user_request")),
        holding(BORIS, said(BORIS, 1, "order", 0.2), called(BORIS, 2, "low_confidence", old)),
    )
    folder = workspace(tmp_path, GOOD)
    shutil.copy(WORKSPACE / "bot.yml", folder)
    assert json.loads(checked(str(folder), "--json").stdout)["suggestions"] == []


def test_a_store_that_cannot_be_read_is_told_and_does_not_fail(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/estafeta.db").write_bytes(b"no database at all")
    folder = workspace(tmp_path, GOOD)
    shutil.copy(WORKSPACE / "bot.yml", folder)
    result = checked(str(folder))
    assert result.exit_code == 0
    assert "What to add next is not known: " in result.stderr
    assert json.loads(checked(str(folder), "--json").stdout)["not_known"]
