"""Files replaced all at once, and only if they are still what was read."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path


class Replaced(Exception):
    """Somebody else changed the file `path` meanwhile."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path


@dataclass(frozen=True, slots=True)
class Replacement:
    """`before` is what was read, None if there was no file."""

    path: Path
    before: bytes | None
    after: bytes


def replace_files(replacements: Sequence[Replacement]) -> None:
    """Each file is either its old content or its new one, whenever it is read and whatever breaks off. Raises
    `Replaced`, having changed nothing, when one is not what was read; or `OSError`.

    Processes that do so at once are kept apart by a lock on the folder. Whoever saves in an editor does not know
    of it: between the last look and the replacement there are some microseconds in which that would be lost."""
    with ExitStack() as stack:
        ready: list[tuple[Path, Path, Replacement]] = []
        for folder in sorted({each.path.resolve().parent for each in replacements}):
            folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(folder, os.O_RDONLY)
            stack.callback(os.close, handle)
            fcntl.flock(handle, fcntl.LOCK_EX)
        for each in replacements:
            target = each.path.resolve()
            _same(each)
            fresh = _written(target, each.after)
            stack.callback(fresh.unlink, missing_ok=True)
            ready.append((fresh, target, each))
        for _, _, each in ready:
            _same(each)
        for fresh, target, _ in ready:
            fresh.replace(target)
        for folder in {target.parent for _, target, _ in ready}:
            _synced(folder)


def _same(replacement: Replacement) -> None:
    try:
        now: bytes | None = replacement.path.read_bytes()
    except FileNotFoundError:
        now = None
    if now != replacement.before:
        raise Replaced(replacement.path)


def _written(target: Path, content: bytes) -> Path:
    """A file beside the target, on the disk, with the rights of the target."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".new", dir=target.parent)
    fresh = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.chmod(stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o644)
    except OSError:  # a full disk, say
        fresh.unlink(missing_ok=True)
        raise
    return fresh


def _synced(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
