"""The store and the bus: SQLite's file, MongoDB, Redis. Looks only: what is missing is told, not made."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from estafeta.app.config import Settings
from estafeta.app.doctor.finding import Finding, error, fine, warning
from estafeta.kernel.errors import ConfigurationError, StoreUnavailable
from estafeta.kernel.ports import Clock
from storage.sqlite.file import APPLICATION_ID
from storage.sqlite.migrations import MIGRATIONS

_CHECKED_WITHIN = 60.0
"""Seconds a check of the whole SQLite file may take; a large file is checked in part."""
_STEPS = 100_000
"""Instructions of SQLite between two looks at the clock: some milliseconds."""


async def store(settings: Settings, clock: Clock) -> AsyncIterator[Finding]:
    if settings.mongo is None:
        for finding in await asyncio.to_thread(list, sqlite(settings.data / "estafeta.db")):
            yield finding
        return
    from storage.mongo.store import MongoStore

    try:
        found = await MongoStore(settings.mongo, clock=clock).findings()
    except StoreUnavailable as unavailable:
        yield error("store", str(unavailable))
        return
    yield fine("store", f"MongoDB at {settings.mongo.place} answers")
    for sentence in found:
        yield warning("store", sentence)


async def files(settings: Settings) -> AsyncIterator[Finding]:
    """A bucket is asked by writing and reading one byte of it; a folder is only looked at."""
    if settings.files.s3 is None:
        yield _folder(settings)
        return
    from storage.files.s3 import S3Files

    bucket = S3Files(settings.files.s3)
    try:
        await bucket.open()
    except StoreUnavailable as unavailable:
        yield error("files", str(unavailable))
    else:
        yield fine("files", f"{settings.files.s3.place} takes files")
    finally:
        await bucket.close()


def _folder(settings: Settings) -> Finding:
    folder = settings.data / "files"
    if folder.exists() and not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return error("files", f"{folder} can't be written by this user: give it to the user the platform runs as.")
    if settings.mongo is not None:
        return warning(
            "files",
            f"they are kept in {folder}: processes on other machines do not see them. Set ESTAFETA_FILES__S3__BUCKET, "
            "or run all processes on this machine.",
        )
    return fine("files", f"they are kept in {folder}")


def sqlite(path: Path, within: float = _CHECKED_WITHIN) -> Iterator[Finding]:
    if not path.exists():
        yield fine("store", f"{path} is not there yet; the first start makes it")
        return
    if holder := _holder(path):
        yield fine("store", f"{path} is in use by the platform (process {holder}), so it is not checked")
        return
    try:
        # Not `with`, which would commit and leave it open.
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            yield _checked(connection, path, within)
        finally:
            connection.close()
    except sqlite3.Error as failed:
        yield error("store", f"{path} can't be read ({failed}): restore it from a backup")


def _holder(path: Path) -> str:
    """The process that has the database for itself, "" if none has."""
    try:
        lock = os.open(path.with_name(path.name + ".lock"), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.read(lock, 20).decode("ascii", "replace").strip() or "unknown"
    else:
        return ""
    finally:
        os.close(lock)


def _checked(connection: sqlite3.Connection, path: Path, within: float) -> Finding:
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if owner != APPLICATION_ID:
        return error("store", f"{path} is a database of another program: choose another folder with ESTAFETA_DATA.")
    if version > len(MIGRATIONS):
        return error("store", f"{path} was written by a newer version of this program: upgrade the program.")
    until = time.monotonic() + within
    connection.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
    try:
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as stopped:
        if stopped.sqlite_errorname == "SQLITE_INTERRUPT":
            return fine("store", f"{path} opens; it is large, and was checked for {within:.0f} seconds only")
        raise
    if verdict != "ok":
        return error("store", f"{path} is damaged ({verdict}): stop the platform and restore a backup")
    return fine("store", f"{path} is sound")


async def bus(settings: Settings, clock: Clock) -> AsyncIterator[Finding]:
    config = settings.redis
    if config is None:
        if settings.mongo is not None:
            yield warning(
                "bus",
                "MongoDB is shared and there is no Redis: a process that is to work with others needs "
                "ESTAFETA_REDIS__URL.",
            )
        else:
            yield fine("bus", "one process needs none")
        return
    if settings.mongo is None:
        yield warning("bus", "Redis is of use to processes that share MongoDB alone: set ESTAFETA_MONGO__URL too.")
    from estafeta.bus.redis.link import Link

    told: dict[str, Any] = {}

    async def ask(redis: Any) -> None:
        told.update(await redis.info())

    link = Link(config, clock=clock, part="doctor", probe=ask)
    try:
        await link.open()
        answers = link.up
    except ConfigurationError as refused:
        yield error("bus", str(refused))
        return
    finally:
        await link.close()
    if not answers:
        yield error("bus", f"Redis at {config.where} does not answer: start it, or correct ESTAFETA_REDIS__URL.")
        return
    yield fine("bus", f"Redis {told.get('redis_version', '')} at {config.where} answers")
    policy = str(told.get("maxmemory_policy", "noeviction"))
    if told.get("maxmemory") and policy != "noeviction":
        yield warning(
            "bus",
            f"Redis at {config.where} throws away what it likes when it is full (maxmemory-policy {policy}), wake-ups "
            "too, and then answers take longer: set it to noeviction.",
        )
