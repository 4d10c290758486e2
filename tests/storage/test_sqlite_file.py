"""The database file: whose it is, what it refuses, how it is brought up to date."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from estafeta.clock import SystemClock
from estafeta.kernel.codec import encode
from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import Conversation, ConversationId, Customer
from storage.sqlite import SqliteStore, file, statements
from storage.sqlite.file import DatabaseFile
from storage.sqlite.migrations import MIGRATIONS
from tests.contracts.store_examples import ANNA, BORIS, NOW, event_of, holding, said

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


# --- events of earlier files ---------------------------------------------------------------------


def earlier(path: Path, monkeypatch: pytest.MonkeyPatch, *rows: tuple[str, int, str, bytes]) -> None:
    """A file of the program before it could find events, with these entries."""
    with monkeypatch.context() as before:
        before.setattr(file, "MIGRATIONS", MIGRATIONS[:3])
        made = DatabaseFile(path)
        made.connection.executemany("INSERT INTO entries (conversation, seq, id, body) VALUES (?, ?, ?, ?)", rows)
        made.close()


async def test_events_of_an_earlier_file_are_found(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times = [NOW, NOW.replace(microsecond=0), NOW.replace(microsecond=5), NOW.replace(year=1999, microsecond=999_999)]
    told = [replace(event_of(ANNA, n, "opened"), at=at) for n, at in enumerate(times, start=1)]
    told += [event_of(BORIS, 1, "закрыто"), replace(event_of(BORIS, 2, "opened"), kind="note")]
    nonsense = (
        b"",
        b"\xff\xfe",
        b"5",
        b'{"kind": "event"',
        b'{"kind": "event", "at": "soon", "data": {"event": "opened"}}',
    )
    rows: list[tuple[str, int, str, bytes]] = [
        (entry.conversation, entry.seq, entry.id, orjson.dumps(encode(entry))) for entry in told
    ]
    rows += [("nonsense", n, str(n), body) for n, body in enumerate(nonsense, start=1)]
    earlier(path, monkeypatch, *rows)
    store = SqliteStore(path, clock=SystemClock())
    await store.open()
    for at in times:
        [found] = await store.events(["opened"], since=at, until=at + timedelta(microseconds=1))
        assert found.at == at
    ever = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert len(await store.events(["opened"], since=ever[0], until=ever[1])) == 4
    assert [e.data for e in await store.events(["закрыто"], since=ever[0], until=ever[1])] == [{"event": "закрыто"}]
    assert await store.entries(ANNA.conversation) == told[:4]
    await store.commit(holding(replace(ANNA, chat="new"), event_of(replace(ANNA, chat="new"), 1, "opened")))
    assert len(await store.events(["opened"], since=ever[0], until=ever[1])) == 5
    await store.close()


async def test_tags_of_an_earlier_file_are_found(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    people = {"anna": ("vip", "news"), "boris": ("news",), "vera": ()}
    rows: list[tuple[str, bytes]] = [
        (id_, orjson.dumps(encode(Conversation(id=ConversationId(id_), address=ANNA, customer=Customer(tags=tags)))))
        for id_, tags in people.items()
    ]
    rows += [
        (f"nonsense {n}", body) for n, body in enumerate((b"", b"\xff\xfe", b"5", b'{"customer": {"tags": "news"}}'))
    ]
    with monkeypatch.context() as before:
        before.setattr(file, "MIGRATIONS", MIGRATIONS[:4])
        made = DatabaseFile(path)
        made.connection.executemany(
            "INSERT INTO conversations (id, version, stage, updated_at, body) VALUES (?, 1, 'bot', 0, ?)", rows
        )
        made.close()
    store = SqliteStore(path, clock=SystemClock())
    await store.open()
    assert await store.tagged("vip") == ["anna"]
    assert await store.tagged("news") == ["anna", "boris"]
    await store.close()


def test_events_small_values_and_tags_are_found_by_an_index(path: Path) -> None:
    made = DatabaseFile(path)
    for statement, values in (
        (statements._EVENTS, ("[]", 0, 1, 1)),
        (statements._ITEMS, ("a", "b", 1)),
        (statements._TAGGED, ("a", "b", 1)),
    ):
        plan = " ".join(row[3] for row in made.connection.execute(f"EXPLAIN QUERY PLAN {statement}", values))
        assert "SEARCH" in plan
        assert "SCAN entries" not in plan
        assert "SCAN small_values" not in plan
        assert "SCAN tagged" not in plan
        assert "TEMP B-TREE" not in plan or statement is statements._EVENTS
    made.close()


# --- looking at another process's file -----------------------------------------------------------


async def test_a_file_is_read_while_another_process_has_it(path: Path) -> None:
    store, reader = SqliteStore(path, clock=SystemClock()), SqliteStore(path, clock=SystemClock(), only_read=True)
    await store.open()
    await reader.open()
    await store.put("team:1", {"name": "Вера"})
    await store.commit(holding(ANNA, event_of(ANNA, 1, "opened")))
    assert await reader.items("team:") == [("team:1", {"name": "Вера"})]
    assert len(await reader.events(["opened"], since=NOW, until=NOW + timedelta(hours=1))) == 1
    for writes in (reader.put("a", 1), reader.accept([said(1)]), reader.take("team:1")):
        with pytest.raises(StoreUnavailable, match="readonly"):
            await writes
    await reader.close()
    await store.put("team:1", None)
    await store.close()
    await reader.open()
    assert await reader.items("") == []
    await reader.close()


def test_what_is_only_read_must_be_there_and_current(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> str:
        with pytest.raises(StoreUnavailable) as told:
            DatabaseFile(path, only_read=True)
        return str(told.value)

    assert refused() == f"there is no database {path}: start the platform once, or name its folder"
    assert list(path.parent.iterdir()) == []
    earlier(path, monkeypatch)
    assert "older version" in refused()
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    assert "newer version" in refused()
    path.write_text("Dear diary, " * 500)
    assert refused().startswith(f"{path} is not a database")


def test_a_damaged_file_is_said_to_be_damaged(path: Path) -> None:
    filled(path)
    with path.open("r+b") as damaged:
        damaged.seek(100)
        damaged.write(b"\xff" * 3996)
    assert refusal(path).startswith(f"{path} is damaged")
