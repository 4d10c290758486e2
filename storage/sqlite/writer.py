"""The one thread that owns the connection, and group commit.

While one group is written, the next gathers: whatever was asked for meanwhile shares one
transaction and one fsync, so that the cost of durability is divided among those who wait.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Concatenate, ParamSpec, TypeVar

from estafeta.kernel.errors import EstafetaError, StoreUnavailable
from storage.sqlite.file import DatabaseFile

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

_Work = Callable[..., Any]
_Asked = tuple[asyncio.Future[Any], _Work, tuple[Any, ...], bool]  # the last: does it write?
_Done = tuple[asyncio.Future[Any], Any, Exception | None]


class Writer:
    """Runs functions on the database's cursor, in the order asked for, and says how each ended.

    Reads see what was committed before their group. Writes of a group are committed together before
    any of them is answered. A write whose caller was cancelled meanwhile is done all the same.
    """

    def __init__(self, path: Path, *, only_read: bool = False) -> None:
        self._path = path
        self._only_read = only_read
        self._groups: SimpleQueue[list[_Asked] | None] = SimpleQueue()
        self._gathered: list[_Asked] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    async def start(self) -> None:
        """Raises `StoreUnavailable` with a sentence when the file cannot be opened."""
        if self._thread is not None:
            return
        self._loop = asyncio.get_running_loop()
        self._groups = SimpleQueue()
        opened: asyncio.Future[None] = self._loop.create_future()
        self._thread = threading.Thread(target=self._run, args=(opened,), name=f"sqlite {self._path.name}", daemon=True)
        self._thread.start()
        try:
            await opened
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """What was asked for before is done first."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._hand_over()
        self._groups.put(None)
        await asyncio.to_thread(thread.join)

    def read(
        self, work: Callable[Concatenate[sqlite3.Cursor, P], T], *args: P.args, **_: P.kwargs
    ) -> asyncio.Future[T]:
        return self._ask(work, args, False)

    def write(
        self, work: Callable[Concatenate[sqlite3.Cursor, P], T], *args: P.args, **_: P.kwargs
    ) -> asyncio.Future[T]:
        return self._ask(work, args, True)

    def _ask(self, work: _Work, args: tuple[Any, ...], writes: bool) -> asyncio.Future[Any]:
        if self._thread is None or self._loop is None:
            raise StoreUnavailable(f"{self._path} is not open")
        answer: asyncio.Future[Any] = self._loop.create_future()
        if not self._gathered:
            # Whoever else is ready in this turn of the loop asks before the thread is woken.
            self._loop.call_soon(self._hand_over)
        self._gathered.append((answer, work, args, writes))
        return answer

    def _hand_over(self) -> None:
        if self._gathered:
            self._groups.put(self._gathered)
            self._gathered = []

    # --- in the thread ---------------------------------------------------------------------------

    def _run(self, opened: asyncio.Future[None]) -> None:
        try:
            file = DatabaseFile(self._path, only_read=self._only_read)
        except Exception as error:  # whatever it is, the one who opens hears of it
            self._answer([(opened, None, error)])
            return
        try:
            self._answer([(opened, None, None)])
            cursor = file.connection.cursor()
            while (group := self._next_group()) is not None:
                self._run_group(cursor, group)
        finally:
            file.close()

    def _next_group(self) -> list[_Asked] | None:
        """All that waits now, at least one; None when it is time to stop."""
        group = self._groups.get()
        while group is not None:
            try:
                more = self._groups.get_nowait()
            except Empty:
                return group
            if more is None:
                self._groups.put(None)  # after this group
                return group
            group += more
        return None

    def _run_group(self, cursor: sqlite3.Cursor, group: list[_Asked]) -> None:
        writes = [asked for asked in group if asked[3]]
        if len(writes) < len(group):
            # Reads first: they need not wait for the disk, and the loop works on while it does.
            self._answer([self._run_read(cursor, asked) for asked in group if not asked[3]])
        if writes:
            self._answer(self._run_writes(cursor, writes))

    def _run_read(self, cursor: sqlite3.Cursor, asked: _Asked) -> _Done:
        answer, work, args, _ = asked
        try:
            return answer, work(cursor, *args), None
        except Exception as error:
            return answer, None, self._translated(error)

    def _run_writes(self, cursor: sqlite3.Cursor, writes: list[_Asked]) -> list[_Done]:
        """One transaction for all. If one of them breaks it, each gets a transaction of its own; if
        it breaks when committing, it is the disk, and all have failed."""
        done: list[_Done] = []
        committing = False
        try:
            cursor.execute("BEGIN IMMEDIATE")
            for answer, work, args, _ in writes:
                try:
                    done.append((answer, work(cursor, *args), None))
                except EstafetaError as error:  # raised before anything was written
                    done.append((answer, None, error))
            committing = True
            cursor.execute("COMMIT")
        except Exception as error:
            self._roll_back(cursor)
            if len(writes) > 1 and not committing:
                return [result for asked in writes for result in self._run_writes(cursor, [asked])]
            return [(answer, None, self._translated(error)) for answer, _, _, _ in writes]
        return done

    def _roll_back(self, cursor: sqlite3.Cursor) -> None:
        try:
            if cursor.connection.in_transaction:  # some errors have rolled back already
                cursor.execute("ROLLBACK")
        except sqlite3.Error as error:
            # The next group cannot begin then, fails with a sentence, and tries to roll back again.
            log.error("%s could not be rolled back: %s", self._path, error)  # noqa: TRY400 - the text says it all

    def _translated(self, error: Exception) -> Exception:
        if not isinstance(error, sqlite3.Error):
            return error
        code = getattr(error, "sqlite_errorname", "")
        if code == "SQLITE_FULL":
            what, remedy = "cannot grow, the disk is full", "make room, then it goes on by itself"
        elif code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            what, remedy = "is locked by another program", "close that program"
        elif code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            what, remedy = "is damaged", "stop, and restore it from a backup"
        else:
            what, remedy = "cannot be written or read now", "check the disk"
        return StoreUnavailable(f"{self._path} {what} ({error}): {remedy}")

    def _answer(self, done: list[_Done]) -> None:
        assert self._loop is not None  # noqa: S101 - set before the thread starts
        try:
            self._loop.call_soon_threadsafe(_settle, done)
        except RuntimeError:  # the loop is closed: nobody waits for the answer
            return


def _settle(done: list[_Done]) -> None:
    for answer, result, error in done:
        if answer.done():  # its caller was cancelled
            continue
        if error is None:
            answer.set_result(result)
        else:
            answer.set_exception(error)
