"""What every `Files` promises. Nothing here knows where they lie."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path

import pytest

from estafeta.kernel.errors import FileGone
from estafeta.kernel.ports import Files

ABSENT = hashlib.sha256(b"never put").hexdigest()
NO_HASHES = [
    "",
    "x",
    "a" * 63,
    "a" * 65,
    "A" * 64,
    "g" * 64,
    "../" + "a" * 61,
    "a" * 63 + "\n",
    "\u0661" * 64,
    "." * 64,
]


class FilesContract:
    @pytest.fixture
    async def files(self) -> Files:
        """Open and empty."""
        raise NotImplementedError

    async def put(self, files: Files, folder: Path, data: bytes) -> str:
        path = folder / "given"
        path.write_bytes(data)
        file = hashlib.sha256(data).hexdigest()
        await files.put(file, path)
        return file

    async def whole(self, files: Files, file: str) -> bytes:
        return b"".join([chunk async for chunk in files.read(file)])

    @pytest.mark.parametrize("data", [b"a", b"photo " * 1000, os.urandom(9 * 1024 * 1024 + 17)], ids=len)
    async def test_what_was_put_is_read(self, files: Files, tmp_path: Path, data: bytes) -> None:
        file = await self.put(files, tmp_path, data)
        assert await files.has(file)
        assert await self.whole(files, file) == data

    async def test_a_large_file_comes_in_chunks(self, files: Files, tmp_path: Path) -> None:
        file = await self.put(files, tmp_path, bytes(9 * 1024 * 1024))
        sizes = [len(chunk) async for chunk in files.read(file)]
        assert len(sizes) > 1
        assert max(sizes) <= 5 * 1024 * 1024

    async def test_the_given_file_stays_its_owners(self, files: Files, tmp_path: Path) -> None:
        file = await self.put(files, tmp_path, b"first")
        (tmp_path / "given").write_bytes(b"other")
        assert await self.whole(files, file) == b"first"

    async def test_putting_again_is_a_success(self, files: Files, tmp_path: Path) -> None:
        file = await self.put(files, tmp_path, b"twice")
        assert await self.put(files, tmp_path, b"twice") == file
        assert await self.whole(files, file) == b"twice"

    async def test_many_put_one_file_at_once(self, files: Files, tmp_path: Path) -> None:
        data = os.urandom(300_000)
        path, file = tmp_path / "given", hashlib.sha256(data).hexdigest()
        path.write_bytes(data)
        await asyncio.gather(*(files.put(file, path) for _ in range(8)))
        assert await self.whole(files, file) == data

    async def test_what_was_never_put_is_not_there(self, files: Files) -> None:
        assert not await files.has(ABSENT)
        with pytest.raises(FileGone):
            await self.whole(files, ABSENT)

    async def test_what_was_deleted_is_gone(self, files: Files, tmp_path: Path) -> None:
        file, other = await self.put(files, tmp_path, b"going"), await self.put(files, tmp_path, b"staying")
        await files.delete(file)
        assert not await files.has(file)
        with pytest.raises(FileGone):
            await self.whole(files, file)
        assert await self.whole(files, other) == b"staying"

    async def test_deleting_what_is_not_there_is_a_success(self, files: Files) -> None:
        await files.delete(ABSENT)

    async def test_a_deleted_file_may_come_again(self, files: Files, tmp_path: Path) -> None:
        file = await self.put(files, tmp_path, b"again")
        await files.delete(file)
        await self.put(files, tmp_path, b"again")
        assert await self.whole(files, file) == b"again"

    @pytest.mark.parametrize("name", NO_HASHES)
    async def test_only_hashes_are_names(self, files: Files, tmp_path: Path, name: str) -> None:
        path = tmp_path / "given"
        path.write_bytes(b"x")
        with pytest.raises(ValueError, match="SHA-256"):
            await files.put(name, path)
        assert not await files.has(name)
        with pytest.raises(FileGone):
            await self.whole(files, name)
        await files.delete(name)

    async def test_whoever_stops_reading_holds_up_nobody(self, files: Files, tmp_path: Path) -> None:
        file = await self.put(files, tmp_path, bytes(9 * 1024 * 1024))
        chunks = files.read(file)
        await anext(chunks)
        await chunks.aclose()  # type: ignore[attr-defined] # every implementation is a generator
        await files.delete(file)
        assert not await files.has(file)
