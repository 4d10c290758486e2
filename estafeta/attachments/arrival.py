"""A file while it arrives: written to a temporary place, counted and hashed on the way."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

from estafeta.kernel.errors import StoreUnavailable

_AT_ONCE = 512 * 1024  # bytes for which it is worth to go to a thread
_FORGOTTEN = 24 * 3600.0  # seconds after which nobody works with a temporary file any more
_PREFIX = "arriving-"


class TooMuch(Exception):
    """More bytes came than were to be taken."""


class Arrival:
    """The file so far. `file` is the SHA-256 of it in hex."""

    def __init__(self, path: Path, open_file: IO[bytes]) -> None:
        self.path = path
        self.size = 0
        self._open = open_file
        self._hash = hashlib.sha256()

    @property
    def file(self) -> str:
        return self._hash.hexdigest()

    async def take(self, chunks: AsyncIterator[bytes], *, most: int) -> None:
        """All of the chunks, on disk when it returns. Raises `TooMuch` as soon as they are more than `most` bytes,
        `StoreUnavailable` when the disk does not take them, and whatever reading them raises."""
        waiting = bytearray()
        async for chunk in chunks:
            self.size += len(chunk)
            if self.size > most:
                raise TooMuch
            waiting += chunk
            if len(waiting) >= _AT_ONCE:
                await self._write(bytes(waiting))
                waiting.clear()
        await self._write(bytes(waiting))

    async def _write(self, data: bytes) -> None:
        def write() -> None:
            self._open.write(data)
            self._open.flush()
            self._hash.update(data)

        try:
            await asyncio.to_thread(write)
        except OSError as error:
            raise unwritable(self.path.parent, error) from error


@asynccontextmanager
async def arrival(folder: Path) -> AsyncIterator[Arrival]:
    """A place for a file that arrives, gone afterwards."""
    try:
        opened, name = await asyncio.to_thread(tempfile.mkstemp, prefix=_PREFIX, dir=folder)
    except OSError as error:
        raise unwritable(folder, error) from error
    path, file = Path(name), os.fdopen(opened, "wb")
    try:
        yield Arrival(path, file)
    finally:
        await asyncio.shield(asyncio.to_thread(_discarded, path, file))


@asynccontextmanager
async def copy(folder: Path, name: str, chunks: AsyncIterator[bytes]) -> AsyncIterator[Path]:
    """A file of this name, in a temporary folder of its own, with what the chunks hold. Both are gone afterwards."""
    try:
        own = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix=_PREFIX, dir=folder))
        try:
            with await asyncio.to_thread((own / name).open, "wb") as file:
                async for chunk in chunks:
                    await asyncio.to_thread(file.write, chunk)
        except BaseException:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, own, ignore_errors=True))
            raise
    except OSError as error:
        raise unwritable(folder, error) from error
    try:
        yield own / name
    finally:
        await asyncio.shield(asyncio.to_thread(shutil.rmtree, own, ignore_errors=True))


def prepare(folder: Path) -> None:
    """The folder is there, without what was left in it when a process was killed. Blocks."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in folder.glob(_PREFIX + "*"):
            with contextlib.suppress(FileNotFoundError):  # another process cleans up too
                if time.time() - left.lstat().st_mtime > _FORGOTTEN:
                    shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink()
    except OSError as error:
        raise unwritable(folder, error) from error


def unwritable(folder: Path, error: OSError) -> StoreUnavailable:
    return StoreUnavailable(
        f"{folder.absolute()} does not take files ({error.strerror}): "
        "free some space there, and let this process write to it"
    )


def _discarded(path: Path, file: IO[bytes]) -> None:
    with contextlib.suppress(OSError):  # a full disk is told when it is written to, not when it is closed
        file.close()
    path.unlink(missing_ok=True)
