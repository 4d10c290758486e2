"""How files are called: by the SHA-256 of what they hold, in small hexadecimal digits."""

from __future__ import annotations

import re

from estafeta.kernel.errors import FileGone

_HASH = re.compile("[0-9a-f]{64}")


def is_hash(file: str) -> bool:
    """What is none may come from outside, and no file is called so."""
    return _HASH.fullmatch(file) is not None


def checked(file: str) -> str:
    """For putting: a wrong name there is a mistake of the program."""
    if not is_hash(file):
        raise ValueError(f"a file is called by its SHA-256 in hex, not {file[:80]!r}")
    return file


def gone(file: str) -> FileGone:
    return FileGone(f"there is no file {file[:64]!r} in the store of files")
