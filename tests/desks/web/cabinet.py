"""Where the office keeps files, and the messenger that hands over what lies with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from estafeta.attachments import Attachments, Limits
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import Media
from estafeta.kernel.ports import Clock, Incoming, Store, StoredFile
from storage.files.folder import FolderFiles

LIMIT = 3_000_000


class Cabinet:
    """`elsewhere`: what the messenger hands over by `Media.ref`, or why it does not."""

    origin = "telegram:main"

    def __init__(self, folder: Path, *, store: Store, clock: Clock) -> None:
        self.files = FolderFiles(folder / "files")
        self.attachments = Attachments(
            files=self.files,
            store=store,
            clock=clock,
            limits=Limits(most=LIMIT),
            folder=folder / "arriving",
            language="en",
        )
        self.attachments.sources[self.origin] = self
        self.elsewhere: dict[str, bytes | SendFailed] = {}
        self.folder = folder

    async def hold(self, data: bytes, name: str = "") -> StoredFile:
        async def chunks() -> AsyncIterator[bytes]:
            yield data

        return await self.attachments.keep(Incoming(chunks=chunks(), name=name))

    @asynccontextmanager
    async def fetch(self, media: Media) -> AsyncIterator[Incoming]:
        found = self.elsewhere[media.ref]
        if isinstance(found, SendFailed):
            raise found

        async def chunks() -> AsyncIterator[bytes]:
            yield found

        yield Incoming(chunks=chunks())

    @property
    def empty(self) -> bool:
        return not [path for path in self.folder.rglob("*") if path.is_file()]
