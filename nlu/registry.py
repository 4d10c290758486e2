"""The trained models kept in a folder, and which of them is in service.

`current.json` names the model in service and those before it; it is replaced in one step, so a
reader sees the old one or the new one, never half of either. Whoever changes it locks the folder
meanwhile, so of two trainings that end at once both models are named.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlu.modelfile import MANIFEST, ModelRefused, read_manifest

_CURRENT = "current.json"
_REMEMBERED = 20
_id = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A model in the registry. `report` holds its training's figures."""

    id: str
    path: Path
    current: bool
    report: dict[str, Any]


class Registry:
    """`folder` need not exist before the first model is published."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, model: str) -> Path:
        """Where a model is or would be. Raises `ModelRefused` for what is no model's id."""
        if not _id.fullmatch(model):
            raise ModelRefused(f"“{model}” is no model's id; `estafeta models` lists them")
        return self.folder / model

    def current(self) -> Path:
        """The folder of the model in service. Raises `ModelRefused` when there is none."""
        ids = self._pointer()
        if not ids:
            raise ModelRefused(f"no model is in service in {self.folder}; train one first (estafeta train)")
        return self.path(ids[0])

    def models(self) -> list[Kept]:
        """The latest trained first; damaged ones are left out."""
        current = self._pointer()[:1]
        kept = []
        for path in self.folder.glob(f"*/{MANIFEST}"):
            if not _id.fullmatch(path.parent.name):
                continue
            try:
                manifest = read_manifest(path.parent)
            except ModelRefused:
                continue
            name = path.parent.name
            kept.append(Kept(id=name, path=path.parent, current=[name] == current, report=manifest["report"]))
        return sorted(kept, key=lambda model: str(model.report.get("trained_at", "")), reverse=True)

    def earlier(self) -> tuple[str, ...]:
        """The ids of what was in service, what is first."""
        return tuple(self._pointer())

    def publish(self, model: str) -> None:
        """Puts a kept model in service. Raises `ModelRefused` when it is not there."""
        read_manifest(self.path(model))
        with self._alone():
            earlier = self._pointer()
            if earlier[:1] != [model]:
                self._point([model, *earlier])

    def roll_back(self) -> str:
        """Puts the model before the current one in service again, the latest that there is and that this version can
        read; its id. Raises `ModelRefused`."""
        with self._alone():
            earlier = self._pointer()[1:]
            while earlier:
                with suppress(ModelRefused):  # it is gone, or of an earlier format
                    read_manifest(self.path(earlier[0]))
                    self._point(earlier)
                    return earlier[0]
                earlier = earlier[1:]
        raise ModelRefused(f"there is no earlier model in {self.folder} to go back to")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else changes what is in service meanwhile; the system lets go of it however a process ends."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _pointer(self) -> list[str]:
        """The ids published, the current one first."""
        path = self.folder / _CURRENT
        try:
            ids = json.loads(path.read_bytes())["models"]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError):
            raise ModelRefused(f"{path} is damaged; delete it and train again (estafeta train)") from None
        if not isinstance(ids, list) or not all(isinstance(name, str) and _id.fullmatch(name) for name in ids):
            raise ModelRefused(f"{path} is damaged; delete it and train again (estafeta train)")
        return ids

    def _point(self, ids: list[str]) -> None:
        handle, draft = tempfile.mkstemp(prefix=f".{_CURRENT}.", dir=self.folder)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"models": ids[:_REMEMBERED]}, file)
                file.flush()
                os.fsync(file.fileno())
            Path(draft).replace(self.folder / _CURRENT)
        finally:
            Path(draft).unlink(missing_ok=True)
