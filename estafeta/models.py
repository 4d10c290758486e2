"""Language models in the store: which one serves, who put it there, when and why (`estafeta.publications`).

A model is a few files, some megabytes together. They lie in the store itself, in parts, because that is the one place
that every worker reaches; each part is small enough not to hold up a message. A file is found by the SHA-256 of what it
holds, so what two models have in common lies there once, and what was damaged or changed is never served. Without any
publication the model of the workspace's folder serves; "" is its name here.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from estafeta.kernel.codec import encode
from estafeta.kernel.model import Json
from estafeta.kernel.ports import Clock, Store
from estafeta.publications import Kind, Line, Publications
from flows.publish_file import PublishRules

LARGEST = 256_000_000
"""Bytes of one model."""
PART = 384 * 1024
"""Bytes of one part: half a megabyte as text, far below the 16 MiB at which a document of MongoDB ends
(https://www.mongodb.com/docs/manual/reference/limits/#bson-documents)."""
FRESH = timedelta(days=1)
"""So long a model is kept that nobody uses: somebody may be about to."""

_MODEL, _PART, _LOOSE = "nlu-model:", "nlu-part:", "nlu-loose:"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")

MODELS = Kind(
    record="nlu-release",
    lease="nlu-releases",
    history="nlu-published:",
    kept=8,
    sentences={
        "unchanged": "This model is in service already: there is nothing to publish.",
        "staged_already": "This model is tried with that share already.",
        "wrong_share": "The share is a whole number from 1 to 100, in percent of conversations.",
        "too_large": f"The model has more than {LARGEST // 1_000_000} MB: train it on less.",
        "no_model": "This folder holds no model: `estafeta train` makes one.",
        "nothing_staged": "No model is tried with a share.",
        "unknown": "There is no such model here, or it is not kept any more: `estafeta nlu history` names them.",
        "in_service": "This model is in service already, and no other is tried.",
        "nothing_before": "There is no earlier model to go back to.",
        "moved_on": "Another model was published meanwhile: look at it, and try again.",
        "busy": "Somebody else is publishing now: try again in a minute.",
        "slow": "The store took too long: look with `estafeta nlu history` what is in service, and try again.",
        "damaged": "The model in the store cannot be read: publish it again.",
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """`file` is the SHA-256 of what it holds, in hex; `parts` in how many it lies in the store."""

    file: str
    size: int
    parts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loose:
    """A file whose parts are on their way in or out: whoever dies meanwhile leaves nothing that nobody would remove."""

    parts: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptModel:
    """A model in the store, by its name. `first`: since when it is there; `at`: when somebody last wanted it to be.
    `report` holds the figures of its training."""

    model: str
    files: Mapping[str, ModelFile]
    first: datetime
    at: datetime
    report: Mapping[str, Json] = field(default_factory=dict)


class Models(Publications):
    def __init__(self, store: Store, clock: Clock) -> None:
        super().__init__(store, clock, MODELS, self._has)

    async def _has(self, model: str) -> bool:
        return await self._store.get(_MODEL + model) is not None

    # --- reading

    async def kept(self) -> tuple[KeptModel, ...]:
        """All that are in the store, the latest first."""
        found = [self.read(KeptModel, value) for _, value in await self.all(_MODEL)]
        return tuple(sorted(found, key=lambda one: one.first, reverse=True))

    async def about(self, model: str) -> KeptModel:
        """Raises `NotPublished`: unknown or damaged."""
        held = await self._store.get(_MODEL + model)
        if held is None:
            raise self.refused("unknown")
        return self.read(KeptModel, held)

    async def fetch(self, model: str, into: Path) -> None:
        """Lays the model's files into the folder, each as it was published. Raises `NotPublished` (unknown, damaged)
        and `OSError`."""
        about = await self.about(model)
        for name, file in about.files.items():
            if not _NAME.fullmatch(name):
                raise self.refused("damaged")
            digest = hashlib.sha256()
            with (into / name).open("wb") as written:
                for number in range(file.parts):
                    part = await asyncio.to_thread(self._part, await self._store.get(_key(file.file, number)))
                    digest.update(part)
                    written.write(part)
            if digest.hexdigest() != file.file:
                raise self.refused("damaged")

    def _part(self, held: Json) -> bytes:
        try:
            return base64.b64decode(held if isinstance(held, str) else "-", validate=True)
        except ValueError:
            raise self.refused("damaged") from None

    # --- changing

    async def keep(self, model: str, folder: Path, report: Mapping[str, Json] | None = None) -> KeptModel:
        """Brings the model that the folder holds into the store, where it can be loaded from then on though nothing
        published it. Raises `NotPublished` (no_model, too_large) and `OSError`."""
        names = await asyncio.to_thread(_files_of, folder)
        if not names:
            raise self.refused("no_model")
        if sum(names.values()) > LARGEST:
            raise self.refused("too_large")
        files = {name: await self._keep_file(folder / name) for name in names}
        now = self._clock.now()
        held = await self._store.get(_MODEL + model)
        first = self.read(KeptModel, held).first if held is not None else now
        kept = KeptModel(model=model, files=files, first=first, at=now, report=report or {})
        await self._store.put(_MODEL + model, encode(kept))  # behind its parts: it is there whole or not at all
        for file in files.values():
            await self._store.put(_LOOSE + file.file, None)
        return kept

    async def _keep_file(self, path: Path) -> ModelFile:
        content = await asyncio.to_thread(path.read_bytes)
        file = (await asyncio.to_thread(hashlib.sha256, content)).hexdigest()
        parts = max(1, -(-len(content) // PART))
        await self._loosen(file, parts, self._clock.now())
        for number in range(parts):
            part = base64.b64encode(content[number * PART : (number + 1) * PART]).decode()
            await self._store.put(_key(file, number), part)
        return ModelFile(file=file, size=len(content), parts=parts)

    async def publish(
        self, model: str, folder: Path, *, who: str, why: str = "", share: int = 100, gate: str = "",
        rules: PublishRules | None = None, report: Mapping[str, Json] | None = None,
    ) -> Line:  # fmt: skip
        """Puts the model that the folder holds into service, or with a `share` below 100 tries it with so many percent
        of conversations. What was tried before is not any more. `gate`: what the tests said; whoever calls has heeded
        it. Raises `NotPublished` and `OSError`."""
        if not 1 <= share <= 100:
            raise self.refused("wrong_share")
        await self.keep(model, folder, report)  # before anybody is kept from publishing: it takes a while

        async def kept() -> None:
            if not await self._has(model):
                raise self.refused("moved_on")

        return await self.put_into_service(model, kept, who=who, why=why, share=share, rules=rules, gate=gate)

    async def tidy(self) -> tuple[str, ...]:
        """Removes the models that nobody needs: they do not serve and cannot be gone back to. Their names."""
        removed = []
        for kept in await self.kept():
            if kept.at > self._clock.now() - FRESH or await self.named(kept.model):
                continue
            async with self.alone():
                if not await self.named(kept.model) and (await self.about(kept.model)).at == kept.at:
                    for file in kept.files.values():
                        if await self._store.get(_LOOSE + file.file) is None:  # else it is on its way in again
                            await self._loosen(file.file, file.parts, kept.at)
                    await self._store.put(_MODEL + kept.model, None)
                    removed.append(kept.model)
        await self._remove_loose()
        return tuple(removed)

    async def _loosen(self, file: str, parts: int, at: datetime) -> None:
        await self._store.put(_LOOSE + file, encode(_Loose(parts=parts, at=at)))

    async def _remove_loose(self) -> None:
        """The parts of files that no model has, unless they may still be on their way in."""
        for key, value in await self.all(_LOOSE):
            loose, file = self.read(_Loose, value), key.removeprefix(_LOOSE)
            if loose.at > self._clock.now() - FRESH:
                continue
            async with self.alone():
                if await self._store.get(key) != value:
                    continue
                if file not in {each.file for kept in await self.kept() for each in kept.files.values()}:
                    for number in range(loose.parts):
                        await self._store.put(_key(file, number), None)
                await self._store.put(key, None)


def _key(file: str, number: int) -> str:
    return f"{_PART}{file}:{number:05}"


def _files_of(folder: Path) -> dict[str, int]:
    """Names and sizes of a model's files."""
    if not folder.is_dir():
        return {}
    return {
        path.name: path.stat().st_size
        for path in sorted(folder.iterdir())
        if path.is_file() and _NAME.fullmatch(path.name)
    }
