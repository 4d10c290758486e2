"""`estafeta hours explain`: the answer in a line, as JSON, with closures made by hand."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from estafeta.app import config
from estafeta.app.cli import main
from estafeta.app.explain import explain_hours
from estafeta.clock import SystemClock
from estafeta.roster import CONSOLE, Roster
from storage.sqlite import SqliteStore
from tests.flows.world import PAYMENT, write

HOURS = """\
timezone: Europe/Moscow
holidays: {country: RU}
schedules:
  default: {mon-fri: ["09:00-18:00"]}
  delivery: {timezone: Asia/Yekaterinburg, mon-fri: ["09:00-18:00"]}
  vk/delivery: {daily: ["08:00-10:00"]}
  general: {holidays: false, daily: ["00:00-24:00"]}
exceptions:
  2026-12-30: {delivery: ["09:00-12:00"]}
"""


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith(config.PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ESTAFETA_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return write(tmp_path / "workspace", {"payment": PAYMENT}, hours=HOURS)


def explained(workspace: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["hours", "explain", *arguments, "--workspace", str(workspace)])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["2026-12-31T19:00", "--channel", "vk", "--skill", "delivery"],
            "2026-12-31 19:00 MSK, delivery on vk: closed (holiday, Day off (substituted from 01/04/2026); schedule "
            "vk/delivery: closed); people are back 2027-01-09 08:00 MSK\n",
        ),
        (
            ["2026-12-30T10:00", "--skill", "delivery"],
            "2026-12-30 10:00 +05, delivery: open until 2026-12-30 12:00 +05 (exception 2026-12-30: 09:00–12:00); "
            "then people are back 2027-01-11 09:00 +05\n",
        ),
        (
            ["2026-11-20T12:00+03:00", "--skill", "delivery", "--channel", "telegram"],
            "2026-11-20 14:00 +05, delivery on telegram: open until 2026-11-20 18:00 +05 (schedule delivery, on "
            "Friday: 09:00–18:00); then people are back 2026-11-23 09:00 +05\n",
        ),
        (
            ["2026-11-20T12:00"],
            "2026-11-20 12:00 MSK, general: open (schedule general, on Friday: 00:00–24:00), day and night\n",
        ),
    ],
)
def test_the_answer_is_one_line(workspace: Path, arguments: list[str], told: str) -> None:
    result = explained(workspace, *arguments)
    assert (result.exit_code, result.output) == (0, told)


def test_programs_read_json(workspace: Path) -> None:
    told = json.loads(explained(workspace, "2026-12-30T13:00", "--skill", "delivery", "--json").stdout)
    assert told == {
        "at": "2026-12-30T13:00:00+05:00", "zone": "Asia/Yekaterinburg", "skill": "delivery", "channel": "",
        "open": False, "closes_at": None, "opens_at": "2027-01-11T09:00:00+05:00",
        "rule": {"ru": "исключение 2026-12-30: 09:00–12:00", "en": "exception 2026-12-30: 09:00–12:00"},
    }  # fmt: skip


def test_now_is_meant_when_nothing_is_said(workspace: Path) -> None:
    told = json.loads(explained(workspace, "--json").stdout)
    assert abs(datetime.fromisoformat(told["at"]) - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["yesterday"], "yesterday is no time; write one like 2026-12-31T19:00"),
        ([""], "an empty word is no time; write one like 2026-12-31T19:00"),
        (["2026-02-29T12:00"], "2026-02-29T12:00 is no time; write one like"),
        (["9999-12-31T23:59"], "9999-12-31T23:59 is too far away; schedules tell of the years 1971 to 2899"),
        (["1600-01-01"], "1600-01-01 is too far away"),
        (["2026-12-31T19:00", "--skill", "plumbing"], "plumbing is no skill of this workspace; it has general, deliv"),
        (["2026-12-31T19:00", "--channel", "fax"], "fax is no channel; there are telegram, vk, whatsapp, widget"),
    ],
)
def test_what_is_not_known_is_said(workspace: Path, arguments: list[str], told: str) -> None:
    result = explained(workspace, *arguments)
    assert result.exit_code == 1
    assert told in result.output
    assert "Traceback" not in result.output


def test_a_channel_that_is_none_is_told_of(workspace: Path) -> None:
    hours = workspace / "hours.yml"
    hours.write_text(hours.read_text().replace("vk/delivery", "kv/delivery"))
    result = explained(workspace, "2026-11-20T12:00")
    assert result.exit_code == 0
    assert result.stderr == "hours.yml names what is no channel: kv\n"


def _close(data: Path, skill: str, until: datetime) -> None:
    async def close() -> None:
        clock = SystemClock()
        store = SqliteStore(data / "estafeta.db", clock=clock)
        await store.open()
        try:
            await Roster(store, clock).close(skill, until, by=CONSOLE)
        finally:
            await store.close()

    data.mkdir(exist_ok=True)
    asyncio.run(close())


def test_closures_by_hand_are_told_in(workspace: Path, tmp_path: Path) -> None:
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=5)
    _close(tmp_path / "data", "general", until)
    told = json.loads(explained(workspace, "--skill", "general", "--json").stdout)
    assert (told["open"], datetime.fromisoformat(told["opens_at"])) == (False, until)
    assert told["rule"]["en"].startswith("closed by hand until ")


def test_a_database_that_cannot_be_read_is_told_of_and_the_rest_answered(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "estafeta.db").write_bytes(b"this is no database, but it is long enough " * 100)
    result = explained(workspace, "2026-11-20T12:00")
    assert result.exit_code == 0
    assert "general: open" in result.stdout
    assert result.stderr.startswith("Closures made by hand are not told in: ")


def test_the_command_of_the_program_is_this_one(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESTAFETA_WORKSPACE", str(workspace))
    result = CliRunner().invoke(main, ["hours", "explain", "2026-11-20T12:00", "--skill", "delivery"])
    assert (result.exit_code, "delivery: open until" in result.output) == (0, True)
    explain_hours(config.read(), "2026-11-20T12:00", "delivery")
