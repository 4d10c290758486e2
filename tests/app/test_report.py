"""`estafeta report`: tables and JSON from the store's events, the audit log, and what it refuses."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from estafeta.app import config
from estafeta.app import report as module
from estafeta.app.cli import main
from estafeta.clock import SystemClock
from estafeta.kernel.model import Address, Entry, Json
from estafeta.kernel.ports import Store
from storage.sqlite import SqliteStore
from tests.conftest import ROOT
from tests.contracts.store_examples import ANNA, BORIS, event_of, holding

DAY = timedelta(days=1)
NOW = datetime.now(UTC)
AIMS = "skills: {general: General, delivery: {title: Delivery, first_answer: 60, next_answer: 300}}"


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The data folder; the workspace's `delivery` aims at answers within a minute, then five."""
    for name in list(os.environ):
        if name.startswith(config.PREFIX):
            monkeypatch.delenv(name)
    workspace = shutil.copytree(ROOT / "tests" / "engine" / "workspace", tmp_path / "workspace")
    bot = workspace / "bot.yml"
    bot.write_text(bot.read_text().replace("skills: {general: General, delivery: Delivery}", AIMS))
    monkeypatch.setenv("ESTAFETA_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("ESTAFETA_WORKSPACE", str(workspace))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


def estafeta(*arguments: str) -> Result:
    result = CliRunner().invoke(main, ["report", *arguments])
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def told(*arguments: str) -> Any:
    result = estafeta(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def written(folder: Path, *fill: Callable[[Store], Any]) -> None:
    """A database in `folder`, closed."""

    async def write() -> None:
        store = SqliteStore(folder / "estafeta.db", clock=SystemClock())
        await store.open()
        for each in fill:
            await each(store)
        await store.close()

    asyncio.run(write())


def happened(address: Address, *events: tuple[datetime, str, dict[str, Json]]) -> Callable[[Store], Any]:
    entries = [
        replace(event_of(address, n, what), at=at, data={"event": what, "ticket": f"{address.chat}.1", **data})
        for n, (at, what, data) in enumerate(events, start=1)
    ]
    return lambda store: store.commit(holding(address, *entries))


def audit(at: datetime, what: str, **data: Json) -> Callable[[Store], Any]:
    line = {"at": at.isoformat(), "what": what, "by": {"desk": "web", "id": "o1", "name": "Вера"}, "data": data}
    return lambda store: store.put(f"audit:{at.isoformat(timespec='microseconds')}:ab12", line)


def day_of_work(name: str = "Вера") -> tuple[Callable[[Store], Any], ...]:
    at = NOW - DAY
    vera: dict[str, Json] = {"operator": "o1", "name": name}
    return (
        happened(
            ANNA,
            (at - DAY / 24, "opened", {"reason": "user_request", "skill": "delivery"}),
            (at, "promised", {"until": (at + DAY).isoformat()}),
            (at, "taken", {**vera, "waited": 250.4}),
            (at, "answered", {"operator": "o1", "waited": 45, "first": True}),
            (at, "promise_kept", {}),
            (at, "answered", {"operator": "o1", "waited": 301, "first": False}),
            (at, "closed", {**vera, "lasted": 7500, "skill": "delivery"}),
            (at, "surveyed", {"about": "person", "operator": "o1"}),
            (at, "rated", {"about": "person", "operator": "o1", "rating": "excellent"}),
        ),
        happened(BORIS, (NOW - 20 * DAY, "opened", {"reason": "vip", "skill": "general"})),
    )


# --- what it tells -------------------------------------------------------------------------------


def test_all_of_it_is_shown_in_tables(settings: Path) -> None:
    written(settings, *day_of_work())
    result = estafeta()
    assert result.exit_code == 0
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines[0].startswith("From ")
    assert lines[0].endswith("(Europe/Moscow)")
    for line in (
        "delivery 1 1 0 0 0 100%",
        "user_request 1 1 4 min 10 s 4 min 10 s",
        "closed 1 2 h 5 min 2 h 5 min",
        "delivery first 1 min 0 s 1 1 0 100% 45 s 45 s 0",
        "delivery next 5 min 0 s 1 0 - 0% 5 min 1 s 5 min 1 s -",
        "people 1 100% 1 0 0 100%",
        "Вера 1 100% 1 0 0 100%",
        "Вера 1 1 2 2 min 53 s 5 min 1 s 100%",
    ):
        assert line in lines
    assert "vip" not in result.stdout, "that was earlier than a week ago"


@pytest.mark.parametrize(
    ("what", "keys"),
    [
        ("promises", {"promises", "promises_by_skill"}),
        ("handoffs", {"handoffs", "handoffs_by_reason", "handoffs_by_skill", "endings"}),
        ("sla", {"sla"}),
        ("csat", {"csat", "operators"}),
        ("operators", {"operators"}),
    ],
)
def test_one_of_it_is_told_to_programs_and_to_people(settings: Path, what: str, keys: set[str]) -> None:
    written(settings, *day_of_work())
    found = told(what)
    assert set(found) == {"since", "until", *keys}
    assert set(told("all")) >= set(found)
    assert estafeta(what).exit_code == 0


def test_figures_for_programs_are_in_seconds_and_shares(settings: Path) -> None:
    written(settings, *day_of_work())
    found = told()
    assert found["promises"] == {"skill": "", "made": 1, "kept": 1, "moved": 0, "broken": 0, "ended": 0, "share": 1.0}
    assert found["handoffs"]["waits"] == {"count": 1, "median": 250.4, "p95": 250.4}
    assert found["sla"][0]["next"] == {
        "aim": 300, "times": {"count": 1, "median": 301, "p95": 301}, "within": 0, "share": 0.0, "missed": None,
    }  # fmt: skip
    assert [row["of"] for row in told("handoffs", "--since", "30d")["handoffs_by_reason"]] == ["vip", "user_request"]


@pytest.mark.parametrize("what", [kind for kind in module.KINDS if kind != "all"])
def test_where_nothing_happened_it_says_so(settings: Path, what: str) -> None:
    written(settings)
    result = estafeta(what)
    assert result.exit_code == 0
    first, _, *rest = result.stdout.splitlines()
    assert first.startswith("From ")
    assert rest
    assert all(": nobody " in line or ": no " in line or ": people " in line for line in rest if line)


def test_names_cannot_steer_the_terminal(settings: Path) -> None:
    written(settings, *day_of_work("Ве\x1b[31mра\r\n[bold]x[/bold]\u202e"))
    shown = estafeta("operators").stdout
    assert "Ве\ufffd[31mра\ufffd\ufffd[bold]x[/bold]\ufffd" in shown
    assert "\x1b" not in shown


def test_a_ticket_from_before_the_report_is_still_of_its_skill(settings: Path) -> None:
    at = NOW - DAY
    answered = (at, "answered", {"operator": "o1", "waited": 5, "first": True})
    written(settings, happened(ANNA, (at - 10 * DAY, "opened", {"skill": "delivery", "reason": "vip"}), answered))
    [row] = told("sla")["sla"]
    assert (row["skill"], row["first"]["within"]) == ("delivery", 1)


# --- the audit log -------------------------------------------------------------------------------


def test_the_audit_log_is_listed_oldest_first(settings: Path) -> None:
    lines = [audit(NOW - DAY, "removed", id="o2", why="left"), audit(NOW - 2 * DAY, "invited", role="operator")]
    written(settings, *lines, audit(NOW - 9 * DAY, "joined"), lambda store: store.put("auditor", 1))
    assert [line["what"] for line in told("audit")] == ["invited", "removed"]
    assert [line["what"] for line in told("audit", "--since", "10d", "--until", "3d")] == ["joined"]
    shown = [" ".join(line.split()) for line in estafeta("audit").stdout.splitlines()]
    assert any(line.endswith("Вера (web:o1) removed id: o2, why: left") for line in shown)


async def test_the_audit_log_is_read_in_parts(settings: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "PAGE", 2)
    store = SqliteStore(tmp_path / "db", clock=SystemClock())
    await store.open()
    for minute in range(7):
        await audit(NOW + timedelta(minutes=minute), str(minute))(store)
    found = await module.audited(store, NOW + timedelta(minutes=1), NOW + timedelta(minutes=6))
    assert [line["what"] for line in found] == ["1", "2", "3", "4", "5"]
    await store.close()


@pytest.mark.parametrize("line", [None, 5, "x", [], {}, {"at": 5, "by": 5, "what": []}, {"at": "soon", "data": 1}])
def test_a_line_of_another_form_harms_nothing(settings: Path, line: Json) -> None:
    key = f"audit:{(NOW - DAY).isoformat()}"
    written(settings, lambda store: store.put(f"{key}:1", line), audit(NOW - DAY / 2, "invited"))
    assert "invited" in estafeta("audit").stdout
    assert told("audit")[-1]["what"] == "invited"


# --- reading -------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [1, 2, 3, 7, 100])
async def test_events_are_read_in_parts_each_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: int) -> None:
    monkeypatch.setattr(module, "PAGE", page)
    store = SqliteStore(tmp_path / "db", clock=SystemClock())
    await store.open()
    minutes = [0, 0, 0, 0, 0, 1, 2, 2, 3, 3, 3, 9]
    await store.commit(holding(ANNA, *[event_of(ANNA, n, "opened", at) for n, at in enumerate(minutes, start=1)]))
    since = event_of(ANNA, 1, "x").at
    found: list[Entry] = [
        entry async for entry in module.events(store, ["opened"], since, since + timedelta(minutes=9))
    ]
    assert [entry.seq for entry in found] == list(range(1, 12))
    await store.close()


async def test_it_reads_while_the_platform_has_the_database(settings: Path) -> None:
    store = SqliteStore(settings / "estafeta.db", clock=SystemClock())
    await store.open()
    for fill in day_of_work():
        await fill(store)
    found = await asyncio.to_thread(told, "handoffs")
    assert found["handoffs"]["opened"] == 1
    await store.put("still", "writable")
    await store.close()


def test_without_another_database_it_reads_the_demos(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ESTAFETA_DATA")
    written(tmp_path / "var" / "demo", *day_of_work())
    assert told("handoffs")["handoffs"]["opened"] == 1
    written(tmp_path / "var")
    assert told("handoffs")["handoffs"]["opened"] == 0


# --- times, and what it refuses ------------------------------------------------------------------


def test_dates_are_days_of_the_workspaces_zone(settings: Path) -> None:
    written(settings)
    found = told("sla", "--since", "2024-11-01", "--until", "2024-11-02")
    assert (found["since"], found["until"]) == ("2024-10-31T21:00:00+00:00", "2024-11-02T21:00:00+00:00")
    found = told("sla", "--since", "2024-11-01T09:00", "--until", "2024-11-01T09:00Z")
    assert (found["since"], found["until"]) == ("2024-11-01T06:00:00+00:00", "2024-11-01T09:00:00+00:00")


@pytest.mark.parametrize(("words", "ago"), [("12h", DAY / 2), ("7d", 7 * DAY), ("4w", 28 * DAY)])
def test_times_may_be_so_long_ago(settings: Path, words: str, ago: timedelta) -> None:
    written(settings)
    since = datetime.fromisoformat(told("sla", "--since", words)["since"])
    assert abs(datetime.now(UTC) - ago - since) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "wrong",
    [
        ("nonsense",), ("--since", "soon"), ("--since", ""), ("--since", "-7d"), ("--since", "0001-01-01"),
        ("--until", "9999-12-31"), ("--since", "2026-13-01"), ("--since", "1d", "--until", "2d"), ("--since", "0d"),
    ],
)  # fmt: skip
def test_wrong_use_ends_with_2(settings: Path, wrong: tuple[str, ...]) -> None:
    assert estafeta(*wrong).exit_code == 2


@pytest.mark.parametrize("ahead", ["2099-01-01", "2099-01-01T09:00"])
def test_there_is_no_report_of_what_is_still_to_come(settings: Path, ahead: str) -> None:
    written(settings)
    result = estafeta("--since", ahead)
    assert (result.exit_code, "still to come" in result.output) == (2, True)
    assert datetime.fromisoformat(told("sla", "--until", ahead)["until"]) <= datetime.now(UTC)


def test_where_there_is_no_database_it_says_so_and_makes_none(settings: Path) -> None:
    result = estafeta()
    assert result.exit_code == 1
    assert result.stderr.startswith(f"there is no database {settings / 'estafeta.db'}")
    assert not settings.exists()


def test_the_workspace_may_be_another(settings: Path, tmp_path: Path) -> None:
    written(settings, *day_of_work())
    other = ROOT / "tests" / "engine" / "workspace"
    assert told("sla", "--workspace", str(other))["sla"][0]["first"]["aim"] is None
    missing = estafeta("sla", "--workspace", str(tmp_path / "nowhere"))
    assert (missing.exit_code, "is no workspace" in missing.stderr) == (1, True)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "-"),
        (0, "0 s"),
        (0.4, "0 s"),
        (59.6, "1 min 0 s"),
        (61, "1 min 1 s"),
        (7200, "2 h 0 min"),
        (1e6, "11 d 13 h"),
    ],
)
def test_durations_are_in_their_two_largest_units(seconds: float | None, words: str) -> None:
    assert module.duration(seconds) == words
