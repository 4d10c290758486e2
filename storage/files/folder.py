"""Files in a folder of this machine, or of a disk that several machines share."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

from estafeta.kernel.errors import StoreUnavailable
from storage.files.hashes import checked, gone, is_hash

CHUNK = 256 * 1024
_FORGOTTEN = 24 * 3600.0  # seconds; no file takes that long to be copied
_ARRIVING = "arriving"


class FolderFiles:
    """`ab/cd/abcd…`: two levels, so that no folder gets too many entries. A file is copied to the folder `arriving`
    and renamed to its place once it is on the disk, so it is there whole or not at all, whenever the power fails."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def open(self) -> None:
        """Makes the folder if need be, and sees that it takes files."""

        def prepare() -> None:
            arriving = self._path / _ARRIVING
            arriving.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=arriving) as probe:
                probe.write(b"\0")
            for left in arriving.iterdir():
                with contextlib.suppress(FileNotFoundError):  # another process cleans up too
                    if time.time() - left.stat().st_mtime > _FORGOTTEN:
                        left.unlink()

        try:
            await asyncio.to_thread(prepare)
        except OSError as error:
            raise self._unavailable(error) from error

    async def close(self) -> None:
        """Nothing is held between calls."""

    async def put(self, file: str, path: Path) -> None:
        place = self._place(checked(file))
        try:
            await asyncio.to_thread(_copy, path, self._path / _ARRIVING, place)
        except OSError as error:
            raise self._unavailable(error) from error

    async def has(self, file: str) -> bool:
        if not is_hash(file):
            return False
        try:
            return await asyncio.to_thread(_is_there, self._place(file))
        except OSError as error:
            raise self._unavailable(error) from error

    async def read(self, file: str) -> AsyncIterator[bytes]:
        if not is_hash(file):
            raise gone(file)
        try:
            with await asyncio.to_thread(self._place(file).open, "rb", buffering=0) as opened:
                while chunk := await asyncio.to_thread(opened.read, CHUNK):
                    yield chunk
        except FileNotFoundError:
            raise gone(file) from None
        except OSError as error:
            raise self._unavailable(error) from error

    async def delete(self, file: str) -> None:
        if not is_hash(file):
            return
        try:
            await asyncio.to_thread(self._place(file).unlink, missing_ok=True)
        except OSError as error:
            raise self._unavailable(error) from error

    def _place(self, file: str) -> Path:
        return self._path / file[:2] / file[2:4] / file

    def _unavailable(self, error: OSError) -> StoreUnavailable:
        return StoreUnavailable(
            f"the folder for files, {self._path.absolute()}, cannot be used ({error.strerror}): "
            "see that its disk is there and has room, and let this process write to it"
        )


def _is_there(place: Path) -> bool:
    try:
        place.stat()
    except FileNotFoundError:
        return False
    return True


def _copy(path: Path, arriving: Path, place: Path) -> None:
    if _is_there(place):
        return
    place.parent.parent.mkdir(mode=0o700, exist_ok=True)  # each by itself: the mode is not for parents
    place.parent.mkdir(mode=0o700, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=arriving)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as target, path.open("rb") as source:
            shutil.copyfileobj(source, target, CHUNK)
            target.flush()
            os.fsync(target.fileno())
        part.replace(place)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    for folder in (place.parent, place.parent.parent, place.parent.parent.parent):
        _synced(folder)


def _synced(folder: Path) -> None:
    """A new name is on the disk only when the folder that holds it is (https://man7.org/linux/man-pages/man2/fsync.2.html)."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
