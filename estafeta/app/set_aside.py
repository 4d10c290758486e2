"""Where raw updates go that nobody could read: one file each, for a person to look at."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from estafeta.kernel.ports import Clock

_KEPT = 1000
_LARGEST = 256 * 1024


class SetAside:
    """Called with the raw update (JSON value or bytes) and the reason. Keeps the latest thousand, cut
    to 256 KB each; they hold customers' words, so the folder is its owner's alone."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._count = 0

    async def __call__(self, raw: Any, reason: str) -> None:
        self._count += 1
        name = f"{self._clock.now():%Y%m%dT%H%M%S.%f}-{self._count % 10_000:04}.json"
        await asyncio.to_thread(self._write, name, raw, reason)

    def _write(self, name: str, raw: Any, reason: str) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if isinstance(raw, bytes):
            raw = raw[:_LARGEST].decode("utf-8", "backslashreplace")
        text = json.dumps({"reason": reason, "raw": raw}, default=repr)[: 2 * _LARGEST]
        (self._folder / name).write_text(text)
        for old in sorted(self._folder.glob("*.json"))[:-_KEPT]:
            old.unlink(missing_ok=True)
