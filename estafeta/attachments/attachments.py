"""The one way for files into our store and out of it."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from weakref import WeakValueDictionary

from estafeta.attachments import arrival, kinds, names
from estafeta.attachments.arrival import Arrival, TooMuch
from estafeta.attachments.failures import Language, failure, too_large
from estafeta.attachments.limits import Limits
from estafeta.kernel.errors import FileGone
from estafeta.kernel.model import Json, Media, MediaKind
from estafeta.kernel.ports import Clock, Files, Incoming, Source, Store, StoredFile

_AGAIN_AFTER = 30.0
_FILE = re.compile("[0-9a-f]{64}")


class Attachments:
    """Fetches files once, checks them, and keeps them by their hash.

    `sources` are filled by whoever puts the program together: `Source.origin` to the source. `folder` is for files
    on their way, on a disk with room for a few of the largest. Every method passes `StoreUnavailable` on.
    """

    def __init__(
        self,
        *,
        files: Files,
        store: Store,
        clock: Clock,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        folder: Path,
        language: Language = "ru",
    ) -> None:
        self.sources: dict[str, Source] = {}
        self.limits = limits
        self._files = files
        self._store = store
        self._clock = clock
        self._folder = folder
        self._language = language
        self._prepared = False
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def obtain(self, media: Media) -> StoredFile:
        """The file in our store; fetched now if it never was, and once however many ask at the same time.

        Raises `SendFailed`: `file_gone`, `file_too_large`, `file_refused`, `file_unreachable`, or what the source
        says keeps it from answering.
        """
        if not media.origin:
            return await self._own(media)
        key = _key_of(media)
        async with self._turns.setdefault(key, asyncio.Lock()):
            known = await self._known(key)
            if known is not None:
                return known
            stored = await self._fetched(media)
            await self._remember(key, stored)
            return stored

    async def keep(self, incoming: Incoming) -> StoredFile:
        """A file that somebody hands over now (an upload), under the same limits. Raises `SendFailed`."""
        self._admit(incoming.size, incoming.name)
        async with self._arrival() as arriving:
            try:
                async with asyncio.timeout(self.limits.seconds):
                    await self._take(arriving, incoming)
            except TimeoutError:
                raise self._late() from None
            return await self._kept(arriving, incoming.name)

    def read(self, file: str) -> AsyncIterator[bytes]:
        """What the file holds, in chunks. Raises `FileGone`."""
        return self._files.read(file)

    @asynccontextmanager
    async def local(self, file: str, name: str = "") -> AsyncIterator[Path]:
        """A copy on disk, for libraries that want a path. It is called `name`, made safe, or as the file was called
        when it last came. Raises `FileGone`."""
        known = await self._known(_key(file)) if _FILE.fullmatch(file) else None
        if known is None:
            raise FileGone(f"there is no file {file[:64]!r} in the store of files")
        await self._prepare()
        called = names.safe_name(name, mime=known.mime) if name else known.name
        async with arrival.copy(self._folder, called, self._files.read(file)) as path:
            yield path

    async def media(self, stored: StoredFile, kind: MediaKind | None = None) -> Media:
        """The file as a part of a message; sent as what its content suggests, if `kind` does not say."""
        return Media(
            kind=kind or kinds.kind_of(stored.mime),
            ref=stored.file,
            name=stored.name,
            mime=stored.mime,
            size=stored.size,
        )

    # --- in ----------------------------------------------------------------------------------------

    async def _own(self, media: Media) -> StoredFile:
        known = await self._known(_key(media.ref)) if _FILE.fullmatch(media.ref) else None
        if known is None:
            raise failure("file_gone", self._language)
        if not media.name:
            return known
        # The same bytes may have come under another name from somebody else.
        return replace(known, name=names.safe_name(media.name, kind=media.kind, mime=known.mime))

    async def _fetched(self, media: Media) -> StoredFile:
        source = self.sources.get(media.origin)
        if source is None:
            raise failure(
                "file_unreachable",
                self._language,
                ru="канал, из которого он пришёл, не подключён",
                en="the channel that it came from is not connected",
            )
        self._admit(media.size, media.name)
        async with self._arrival() as arriving:
            try:
                async with asyncio.timeout(self.limits.seconds), source.fetch(media) as incoming:
                    self._admit(incoming.size, incoming.name)
                    await self._take(arriving, incoming)
            except TimeoutError:
                raise self._late() from None
            return await self._kept(arriving, media.name or incoming.name, media.kind)

    def _admit(self, size: int, name: str) -> None:
        """What is known beforehand to be too large, or a program by its name, is not asked for."""
        if size > self.limits.most:
            raise too_large(self._language, most=self.limits.most, size=size)
        self._refuse(names.ending(names.safe_name(name)))

    def _refuse(self, ending: str) -> None:
        if ending in self.limits.refused:
            raise failure("file_refused", self._language, ru=f"программы (.{ending})", en=f"programs (.{ending})")

    async def _take(self, arriving: Arrival, incoming: Incoming) -> None:
        try:
            await arriving.take(incoming.chunks, most=self.limits.most)
        except TooMuch:
            raise too_large(self._language, most=self.limits.most) from None

    async def _kept(self, arriving: Arrival, name: str, kind: MediaKind | None = None) -> StoredFile:
        if not arriving.size:
            raise failure("file_refused", self._language, ru="в нём ничего нет", en="there is nothing in it")
        seen = await asyncio.to_thread(kinds.look, arriving.path)
        self._refuse(seen.ending)
        stored = StoredFile(
            file=arriving.file,
            size=arriving.size,
            mime=seen.mime,
            name=names.safe_name(name, kind=kind or kinds.kind_of(seen.mime), mime=seen.mime),
        )
        await self._files.put(stored.file, arriving.path)
        # Last: what the store knows of is there.
        await self._remember(_key(stored.file), stored)
        return stored

    @asynccontextmanager
    async def _arrival(self) -> AsyncIterator[Arrival]:
        await self._prepare()
        async with arrival.arrival(self._folder) as arriving:
            yield arriving

    async def _prepare(self) -> None:
        if not self._prepared:
            await asyncio.to_thread(arrival.prepare, self._folder)
            self._prepared = True

    def _late(self) -> Exception:
        return failure(
            "file_unreachable",
            self._language,
            ru="он передавался слишком долго",
            en="it took too long",
            retry_after=_AGAIN_AFTER,
        )

    # --- what is known -------------------------------------------------------------------------------

    async def _known(self, key: str) -> StoredFile | None:
        """What was remembered, if the file is still there."""
        stored = _stored(await self._store.get(key))
        return stored if stored is not None and await self._files.has(stored.file) else None

    async def _remember(self, key: str, stored: StoredFile) -> None:
        await self._store.put(
            key,
            {
                "file": stored.file,
                "size": stored.size,
                "mime": stored.mime,
                "name": stored.name,
                "at": self._clock.now().isoformat(),
            },
        )


def _key(file: str) -> str:
    return f"file:{file}"


def _key_of(media: Media) -> str:
    """References are the messenger's, of any length and with anything in them."""
    named = f"{media.origin}\0{media.ref}".encode("utf-8", "surrogatepass")
    return f"file:from:{hashlib.sha256(named).hexdigest()}"


def _stored(value: Json) -> StoredFile | None:
    """None for nothing, and for what a later version may have written differently."""
    match value:
        case {"file": str(file), "size": int(size), "mime": str(mime), "name": str(name)}:
            return StoredFile(file=file, size=size, mime=mime, name=name)
        case _:
            return None
