"""The files in a workspace's folder media/ that flows send along: by name, with the SHA-256 that they are kept by."""

from __future__ import annotations

import hashlib
import mimetypes
from pathlib import Path

from estafeta.kernel.model import Media, MediaKind

LARGEST = 20_000_000
"""Bytes: what the strictest messenger still takes of a document from us."""
_KINDS: dict[str, MediaKind] = {"image": "photo", "audio": "audio", "video": "video"}


def media_files(workspace: Path) -> dict[str, Media]:
    """Every file in media/ and below it, by its path there. What is larger than `LARGEST` is left out."""
    folder = workspace / "media"
    found = {}
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file() and not path.name.startswith(".") and path.stat().st_size <= LARGEST:
            content = path.read_bytes()
            mime = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            found[path.relative_to(folder).as_posix()] = Media(
                kind=_KINDS.get(mime.partition("/")[0], "document"), ref=hashlib.sha256(content).hexdigest(),
                name=path.name, mime=mime, size=len(content),
            )  # fmt: skip
    return found
