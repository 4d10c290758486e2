"""The database file: whose it is, what it refuses, how it is brought up to date."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import sys
from pathlib import Path

import pytest

from estafeta.clock import SystemClock
from estafeta.kernel.errors import StoreUnavailable
from storage.sqlite import SqliteStore, file
from storage.sqlite.file import DatabaseFile
from storage.sqlite.migrations import MIGRATIONS
from tests.contracts.store_examples import said

HOLD = """
import sys, pathlib, time
from storage.sqlite.file import DatabaseFile
file = DatabaseFile(pathlib.Path(sys.argv[1]))
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "estafeta.db"


def refusal(path: Path) -> str:
    """The sentence with which opening fails."""
    with pytest.raises(StoreUnavailable) as refused:
        DatabaseFile(path)
    return str(refused.value)


def filled(path: Path) -> None:
    made = DatabaseFile(path)
    made.connection.execute("INSERT INTO small_values VALUES ('kept', 'x')")
    made.close()


async def test_another_process_is_refused_until_the_first_is_killed(path: Path) -> None:
    root = Path(__file__).parents[2]
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLD, str(path), cwd=root, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert child.stdout is not None
        assert await child.stdout.readline() == b"held\n"
        sentence = refusal(path)
        assert sentence.startswith(f"{path} is in use by another process ({child.pid})")
    finally:
        child.kill()
        await child.wait()
    filled(path)


async def test_a_store_that_was_refused_can_be_opened_later(path: Path) -> None:
    first, second = (SqliteStore(path, clock=SystemClock()) for _ in range(2))
    await first.open()
    with pytest.raises(StoreUnavailable, match="in use"):
        await second.open()
    with pytest.raises(StoreUnavailable, match="not open"):
        await second.accept([said(1)])
    await first.close()
    await second.open()
    await second.accept([said(1)])
    await second.close()


def test_missing_folders_are_made_and_only_the_owner_may_read(tmp_path: Path) -> None:
    path = tmp_path / "data" / "deep" / "estafeta.db"
    made = DatabaseFile(path)
    made.connection.execute("INSERT INTO small_values VALUES ('key', 'x')")
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    made.close()
    assert len(modes) == 4
    assert set(modes.values()) == {0o600}


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert refusal(tmp_path / "file" / "estafeta.db").startswith(f"{tmp_path / 'file'} is no folder")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        assert refusal(tmp_path / "estafeta.db").startswith(f"{tmp_path} is no folder")
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_is_no_database(path: Path) -> None:
    path.mkdir()
    assert refusal(path).startswith(f"{path} cannot be opened")


def test_a_file_that_is_no_database_is_left_alone(path: Path) -> None:
    path.write_text("Dear diary, " * 500)
    assert refusal(path).startswith(f"{path} is not a database")
    assert path.read_text() == "Dear diary, " * 500


def test_another_programs_database_is_left_alone(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE bookmarks (url)")
    other.close()
    before = path.read_bytes()
    assert refusal(path).startswith(f"{path} is a database of another program")
    assert path.read_bytes() == before


def test_a_file_of_a_newer_version_is_refused(path: Path) -> None:
    filled(path)
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    sentence = refusal(path)
    assert sentence.startswith(f"{path} was written by a newer version")
    assert "99" in sentence


def test_an_older_file_is_brought_up_to_date_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(path)
    step = ("CREATE TABLE later (x)", "INSERT INTO later VALUES (1)")
    monkeypatch.setattr(file, "MIGRATIONS", (*MIGRATIONS, step))
    for _ in range(2):
        opened = DatabaseFile(path)
        assert opened.connection.execute("SELECT count(*) FROM later").fetchone() == (1,)
        assert opened.connection.execute("SELECT count(*) FROM small_values").fetchone() == (1,)
        assert opened.connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 1,)
        opened.close()


def test_a_step_that_fails_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(path)
    step = ("CREATE TABLE later (x)", "INSERT INTO nowhere VALUES (1)")
    monkeypatch.setattr(file, "MIGRATIONS", (*MIGRATIONS, step))
    assert refusal(path).startswith(f"{path} cannot be opened")
    monkeypatch.undo()
    opened = DatabaseFile(path)
    assert opened.connection.execute("SELECT key FROM small_values").fetchall() == [("kept",)]
    opened.close()


def test_a_damaged_file_is_said_to_be_damaged(path: Path) -> None:
    filled(path)
    with path.open("r+b") as damaged:
        damaged.seek(100)
        damaged.write(b"\xff" * 3996)
    assert refusal(path).startswith(f"{path} is damaged")
