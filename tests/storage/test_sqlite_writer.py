"""Group commit: one fsync for many, and nobody pays for another's failure."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from estafeta.clock import SystemClock
from estafeta.kernel.errors import Conflict, StoreUnavailable
from storage.sqlite import SqliteStore
from storage.sqlite.writer import Writer
from tests.contracts.store_examples import ANNA, said


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "estafeta.db"


@pytest.fixture
async def writer(path: Path) -> AsyncIterator[Writer]:
    writer = Writer(path)
    await writer.start()
    yield writer
    await writer.stop()


@contextmanager
def no_file_may_grow_beyond(size: int) -> Iterator[None]:
    """Writes past `size` fail, as they do on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def insert(cursor: sqlite3.Cursor, key: str) -> None:
    cursor.execute("INSERT INTO small_values VALUES (?, 'x')", (key,))


def insert_and_break(cursor: sqlite3.Cursor, key: str, error: Exception) -> None:
    insert(cursor, key)
    raise error


def conflict(cursor: sqlite3.Cursor) -> None:
    raise Conflict("somebody was first")


def keys(cursor: sqlite3.Cursor) -> set[str]:
    return {key for (key,) in cursor.execute("SELECT key FROM small_values")}


def pragma(cursor: sqlite3.Cursor, name: str) -> object:
    return cursor.execute(f"PRAGMA {name}").fetchone()[0]


async def test_it_is_durable_and_keeps_references(writer: Writer) -> None:
    assert await writer.read(pragma, "journal_mode") == "wal"
    assert await writer.read(pragma, "synchronous") == 2
    assert await writer.read(pragma, "foreign_keys") == 1


async def test_writes_asked_for_together_are_one_commit(writer: Writer) -> None:
    statements: list[str] = []
    await writer.read(lambda cursor: cursor.connection.set_trace_callback(statements.append))
    await asyncio.gather(*(writer.write(insert, str(n)) for n in range(50)))
    assert statements.count("COMMIT") == 1
    assert len(await writer.read(keys)) == 50


@pytest.mark.parametrize("error", [ValueError("no"), sqlite3.OperationalError("no"), UnicodeError("no")])
async def test_a_write_that_breaks_takes_only_itself_back(writer: Writer, error: Exception) -> None:
    results = await asyncio.gather(
        writer.write(insert, "a"),
        writer.write(insert_and_break, "broken", error),
        writer.write(conflict),
        writer.write(insert, "b"),
        return_exceptions=True,
    )
    expected = StoreUnavailable if isinstance(error, sqlite3.Error) else type(error)
    assert [type(result) for result in results] == [type(None), expected, Conflict, type(None)]
    assert await writer.read(keys) == {"a", "b"}


async def test_a_read_that_breaks_harms_nobody(writer: Writer) -> None:
    broken, fine = await asyncio.gather(
        writer.read(lambda cursor: cursor.execute("SELECT nothing")), writer.read(keys), return_exceptions=True
    )
    assert isinstance(broken, StoreUnavailable)
    assert fine == set()


async def test_when_the_disk_is_full_the_whole_group_fails_and_it_goes_on_when_there_is_room(
    writer: Writer, path: Path
) -> None:
    await writer.write(insert, "before")
    log = path.with_name(path.name + "-wal")
    with no_file_may_grow_beyond(log.stat().st_size):
        results = await asyncio.gather(*(writer.write(insert, str(n)) for n in range(10)), return_exceptions=True)
        assert [type(result) for result in results] == [StoreUnavailable] * 10
        assert len({id(result) for result in results}) == 10, "each its own error"
        assert str(path) in str(results[0])
        assert await writer.read(keys) == {"before"}
    await asyncio.gather(*(writer.write(insert, str(n)) for n in range(3)))
    assert await writer.read(keys) == {"before", "0", "1", "2"}


async def test_what_failed_on_a_full_disk_is_not_there_after_a_restart(path: Path) -> None:
    store = SqliteStore(path, clock=SystemClock())
    await store.open()
    await store.accept([said(1)])
    with no_file_may_grow_beyond(path.with_name(path.name + "-wal").stat().st_size):
        with pytest.raises(StoreUnavailable):
            await store.accept([said(2)])
        assert (await store.load(ANNA.conversation)).signals == (said(1),)
    await store.close()
    store = SqliteStore(path, clock=SystemClock())
    await store.open()
    assert (await store.load(ANNA.conversation)).signals == (said(1),)
    [accepted] = await store.accept([said(2)])
    assert accepted.fresh
    await store.close()


async def test_a_database_that_cannot_grow_says_so(writer: Writer) -> None:
    def fill(cursor: sqlite3.Cursor) -> None:
        cursor.execute("INSERT INTO small_values VALUES ('big', zeroblob(1000000))")

    await writer.read(pragma, "max_page_count = 20")
    results = await asyncio.gather(writer.write(insert, "a"), writer.write(fill), return_exceptions=True)
    assert results[0] is None
    assert "the disk is full" in str(results[1])
    assert await writer.read(keys) == {"a"}


async def test_another_program_that_holds_the_file_is_said_to(writer: Writer, path: Path) -> None:
    await writer.read(pragma, "busy_timeout = 0")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked by another program"):
        await writer.write(insert, "a")
    other.execute("ROLLBACK")
    other.close()
    await writer.write(insert, "a")


async def test_reads_do_not_see_what_their_group_has_not_committed(writer: Writer) -> None:
    _, seen = await asyncio.gather(writer.write(insert, "a"), writer.read(keys))
    assert seen == set()
    assert await writer.read(keys) == {"a"}


async def test_what_was_asked_for_before_the_stop_is_done(path: Path) -> None:
    writer = Writer(path)
    await writer.start()
    asked = [writer.write(insert, str(n)) for n in range(5)]
    await writer.stop()
    assert await asyncio.gather(*asked) == [None] * 5
    await writer.start()
    assert len(await writer.read(keys)) == 5
    await writer.stop()


async def test_starting_and_stopping_twice_is_once(writer: Writer) -> None:
    await writer.start()
    await writer.write(insert, "a")
    await writer.stop()
    await writer.stop()


async def test_a_caller_whose_loop_is_gone_does_not_stop_it(path: Path) -> None:
    writer = Writer(path)
    go_on = threading.Event()

    def insert_later(cursor: sqlite3.Cursor) -> None:
        assert go_on.wait(10)
        insert(cursor, "late")

    async def ask_and_leave() -> None:
        await writer.start()
        writer.write(insert_later)
        await asyncio.sleep(0)

    await asyncio.to_thread(asyncio.run, ask_and_leave())
    go_on.set()
    await writer.stop()
    await writer.start()
    assert await writer.read(keys) == {"late"}
    await writer.stop()
