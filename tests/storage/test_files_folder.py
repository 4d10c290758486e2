"""Files in a folder."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import itertools
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.ports import Files
from storage.files.folder import FolderFiles
from tests.contracts.files_contract import FilesContract

DATA = b"a photo"
FILE = hashlib.sha256(DATA).hexdigest()


class TestFolderFiles(FilesContract):
    @pytest.fixture
    async def files(self, tmp_path: Path) -> Files:
        files = FolderFiles(tmp_path / "files")
        await files.open()
        return files


@pytest.fixture
async def files(tmp_path: Path) -> FolderFiles:
    files = FolderFiles(tmp_path / "files")
    await files.open()
    return files


@pytest.fixture
def given(tmp_path: Path) -> Path:
    path = tmp_path / "given"
    path.write_bytes(DATA)
    return path


def parts(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "files" / "arriving").iterdir())


async def test_it_lies_two_levels_deep_and_is_the_owners_alone(files: FolderFiles, given: Path, tmp_path: Path) -> None:
    await files.put(FILE, given)
    place = tmp_path / "files" / FILE[:2] / FILE[2:4] / FILE
    assert place.read_bytes() == DATA
    assert place.stat().st_mode & 0o077 == 0
    for folder in (place.parent, place.parent.parent, tmp_path / "files" / "arriving"):
        assert folder.stat().st_mode & 0o077 == 0
    assert parts(tmp_path) == []


async def test_a_full_disk_leaves_no_half_of_a_file(
    files: FolderFiles, given: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreUnavailable, match=r"files, cannot be used \(No space left on device\): see that its disk"):
        await files.put(FILE, given)
    assert not await files.has(FILE)
    assert parts(tmp_path) == []
    monkeypatch.undo()
    await files.put(FILE, given)
    assert await files.has(FILE)


async def test_a_copy_that_breaks_off_is_not_there(
    files: FolderFiles, given: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks_off(source: object, target: object, length: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(shutil, "copyfileobj", breaks_off)
    with pytest.raises(StoreUnavailable, match="Input/output error"):
        await files.put(FILE, given)
    assert not await files.has(FILE)
    assert parts(tmp_path) == []


async def test_a_folder_that_cannot_be_made_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StoreUnavailable, match=r"taken.+let this process write to it"):
        await FolderFiles(tmp_path / "taken" / "files").open()
    with pytest.raises(StoreUnavailable, match="taken"):
        await FolderFiles(tmp_path / "taken").open()


async def test_a_disk_that_went_away_is_no_absent_file(files: FolderFiles, tmp_path: Path) -> None:
    """What is a file where a folder should be fails otherwise than what is not there."""
    (tmp_path / "files" / FILE[:2]).write_text("in the way")
    for asked in (files.has(FILE), files.delete(FILE)):
        with pytest.raises(StoreUnavailable, match="Not a directory"):
            await asked
    with pytest.raises(StoreUnavailable, match="Not a directory"):
        await anext(files.read(FILE))


async def test_what_a_killed_process_left_is_cleaned_up_a_day_later(files: FolderFiles, tmp_path: Path) -> None:
    place, arriving = tmp_path / "files" / "ab" / "cd", tmp_path / "files" / "arriving"
    place.mkdir(parents=True)
    old, young, kept = arriving / "old", arriving / "young", place / ("ab" * 32)
    for path in (old, young, kept):
        path.write_bytes(b"x")
    for path in (old, kept):
        os.utime(path, (time.time() - 90_000, time.time() - 90_000))
    await files.open()
    assert not old.exists()
    assert young.exists()
    assert kept.exists()


PUTTING = """
import asyncio, hashlib, os, sys
from pathlib import Path
from storage.files.folder import FolderFiles

async def main():
    files, given = FolderFiles(Path(sys.argv[1])), Path(sys.argv[2])
    await files.open()
    while True:
        data = os.urandom(200_000)
        given.write_bytes(data)
        file = hashlib.sha256(data).hexdigest()
        print(file, flush=True)
        await files.put(file, given)
        print("put", flush=True)

asyncio.run(main())
"""


def killed_while_putting(tmp_path: Path) -> list[str]:
    """All that a process said before it was killed, with a file on its way: the name of each, then that it was put."""
    command = [sys.executable, "-c", PUTTING, str(tmp_path / "files"), str(tmp_path / "given")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        told = [child.stdout.readline().strip() for _ in range(9)]
        child.kill()
        return told + child.stdout.read().split()


async def test_a_killed_process_leaves_whole_files_and_all_that_were_put(files: FolderFiles, tmp_path: Path) -> None:
    told = await asyncio.to_thread(killed_while_putting, tmp_path)
    put = {file for file, after in itertools.pairwise(told) if after == "put"}
    assert len(put) >= 4
    for file in told:
        if file in put or await files.has(file):
            data = b"".join([chunk async for chunk in files.read(file)])
            assert hashlib.sha256(data).hexdigest() == file
