"""The file itself: opened, locked against a second process, brought to the current format; or only read.

The lock is an flock on a side file, because the system lets go of it however the process ends. Whoever only
reads needs no lock: SQLite lets them see what was committed while another process writes.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from estafeta.kernel.errors import StoreUnavailable
from storage.sqlite.migrations import MIGRATIONS

APPLICATION_ID = 0x45535446  # "ESTF": https://www.sqlite.org/fileformat2.html#application_id

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -16000",  # KiB
    # 16 MB of log between checkpoints: a checkpoint costs two more fsyncs and rewrites every page
    # that changed, so rare ones are cheaper. https://www.sqlite.org/wal.html#avoiding_excessively_large_wal_files
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA journal_size_limit = 67108864",
)


class DatabaseFile:
    """An open, current database, locked unless it is `only_read`: then it must be there and current already.
    Raises `StoreUnavailable` with a sentence if it cannot be."""

    def __init__(self, path: Path, *, only_read: bool = False) -> None:
        self._lock: int | None = None
        if only_read:
            self.connection = _look(path)
            return
        self._lock = _lock(path)
        try:
            self.connection = _connect(path)
        except BaseException:
            self._unlock()
            raise

    def close(self) -> None:
        try:
            self.connection.close()
        finally:
            self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)


def _lock(path: Path) -> int:
    side = path.with_name(path.name + ".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(side, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreUnavailable(
            f"{path.parent.absolute()} is no folder this process can write to ({error.strerror}): "
            "allow it, or name another file for the database"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(lock, 20).decode("ascii", "replace").strip()
        os.close(lock)
        raise StoreUnavailable(
            f"{path} is in use by another process{f' ({holder})' if holder else ''}: "
            "stop that one, or name another file for the database"
        ) from error
    os.ftruncate(lock, 0)
    os.write(lock, f"{os.getpid()}\n".encode())
    return lock


def _connect(path: Path) -> sqlite3.Connection:
    try:
        # Customers' words are in it: for the owner's eyes. SQLite gives its side files the same mode.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise StoreUnavailable(
            f"{path} cannot be opened for writing ({error.strerror}): allow it, or name another file for the database"
        ) from error
    connection = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
    with _closed_if_it_fails(connection, path):
        _check_owner(connection, path)
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        _migrate(connection, path)
    return connection


def _look(path: Path) -> sqlite3.Connection:
    """https://www.sqlite.org/uri.html#recognized_query_parameters, and for a file in WAL mode that is only read
    https://www.sqlite.org/wal.html#read_only_databases."""
    if not path.is_file():
        raise StoreUnavailable(f"there is no database {path.absolute()}: start the platform once, or name its folder")
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0, isolation_level=None, check_same_thread=False
        )
    except sqlite3.Error as error:
        raise StoreUnavailable(_sentence(path, error)) from error
    with _closed_if_it_fails(connection, path):
        _check_owner(connection, path)
        version = _version(connection, path)
        if version < len(MIGRATIONS):
            raise StoreUnavailable(
                f"{path} was written by an older version of this program (its format is {version}, the one needed here "
                f"is {len(MIGRATIONS)}): start the platform once, which brings it up to date"
            )
    return connection


@contextmanager
def _closed_if_it_fails(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        connection.close()
        raise StoreUnavailable(_sentence(path, error)) from error
    except BaseException:
        connection.close()
        raise


def _check_owner(connection: sqlite3.Connection, path: Path) -> None:
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and owner != APPLICATION_ID:
        raise StoreUnavailable(f"{path} is a database of another program: name another file for the database")


def _version(connection: sqlite3.Connection, path: Path) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise StoreUnavailable(
            f"{path} was written by a newer version of this program (its format is {version}, the newest known here "
            f"is {len(MIGRATIONS)}): upgrade the program, or name another file for the database"
        )
    return int(version)


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    version = _version(connection, path)
    for number, statements in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.execute("BEGIN IMMEDIATE")
        for statement in statements:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")


def _sentence(path: Path, error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorname", "")
    if code == "SQLITE_NOTADB":
        return f"{path} is not a database: move it away, or name another file for the database"
    if code.startswith("SQLITE_CORRUPT"):
        return f"{path} is damaged ({error}): restore it from a backup"
    return f"{path} cannot be opened ({error}): check the disk and the permissions"
