"""Files on their way to WhatsApp and from it.

https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media: which types and
sizes each kind of message takes, how long ids live (30 days for what we upload, 7 for what customers send), and that a
file's address lives for minutes and opens with the token.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bots.download import Hosts, download
from bots.whatsapp.capabilities import CAPABILITIES
from bots.whatsapp.client import WhatsAppClient
from bots.whatsapp.failures import Failed, failure
from bots.whatsapp.fields import identifier, short, string
from bots.whatsapp.people import Notes
from estafeta.kernel.errors import FileGone
from estafeta.kernel.model import Media, MediaKind
from estafeta.kernel.ports import Clock, Incoming, StoredFile

KEPT_SECONDS = 29 * 86400.0
_LARGEST = 100 * 1024 * 1024
_SECONDS = 300.0
_HOSTS = (".fbsbx.com", ".fbcdn.net", ".whatsapp.net")

_TYPES: Mapping[str, frozenset[str]] = {
    "image": frozenset(("image/jpeg", "image/png")),
    "video": frozenset(("video/mp4", "video/3gpp")),
    "audio": frozenset(("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg")),
    "document": frozenset(
        (
            "text/plain",
            "text/csv",
            "application/pdf",
            "application/msword",
            "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        )
    ),
    "sticker": frozenset(("image/webp",)),
}
_SIZES: Mapping[str, MediaKind] = {
    "image": "photo", "video": "video", "audio": "audio", "document": "document", "sticker": "sticker",
}  # fmt: skip
_FIRST: Mapping[MediaKind, str] = {
    "photo": "image", "video": "video", "audio": "audio", "voice": "audio", "document": "document",
    "sticker": "sticker",
}  # fmt: skip
_TOLD = "JPEG, PNG, WebP, MP4, 3GP, AAC, AMR, MP3, M4A, OGG, TXT, CSV, PDF, Word, Excel, PowerPoint"


class Library(Protocol):
    """Our own store of files."""

    async def obtain(self, media: Media) -> StoredFile: ...

    def local(self, file: str) -> AbstractAsyncContextManager[Path]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """A file that WhatsApp has, and as which kind of message it can be sent."""

    kind: str
    id: str
    file: str
    name: str
    voice: bool = False

    @property
    def captioned(self) -> bool:
        """Whether words can stand under it."""
        return self.kind in ("image", "video", "document")


class Uploads:
    """Files are uploaded once: the id is remembered by the file's hash for as long as it lives."""

    def __init__(self, client: WhatsAppClient, library: Library, notes: Notes, account: str, clock: Clock) -> None:
        self._client = client
        self._library = library
        self._notes = notes
        self._prefix = f"whatsapp.{account}.media"
        self._clock = clock

    async def ready(self, media: Media) -> Uploaded:
        """Raises `SendFailed`: `file_refused`, `file_too_large`, or whatever keeps the file from being had."""
        stored = await self._library.obtain(media)
        kind = self._kind(media, stored)
        id_ = await self._remembered(stored.file)
        if not id_:
            try:
                async with self._library.local(stored.file) as path:
                    id_ = await self._client.upload(path, name=stored.name or "file", mime=stored.mime)
            except FileGone:
                raise failure("file_gone", self._client.language) from None
            until = self._clock.now().timestamp() + KEPT_SECONDS
            await self._notes.put(f"{self._prefix}.{stored.file}", {"id": id_, "until": until})
        voice = media.kind == "voice" and stored.mime.partition(";")[0] == "audio/ogg"
        return Uploaded(kind=kind, id=id_, file=stored.file, name=media.name or stored.name, voice=voice)

    async def forget(self, uploaded: Uploaded) -> None:
        """WhatsApp does not know the id any more."""
        await self._notes.put(f"{self._prefix}.{uploaded.file}", None)

    async def _remembered(self, file: str) -> str:
        noted = await self._notes.get(f"{self._prefix}.{file}")
        if not isinstance(noted, dict):
            return ""
        until = noted.get("until")
        alive = isinstance(until, int | float) and until > self._clock.now().timestamp()
        return identifier(noted.get("id")) if alive else ""

    def _kind(self, media: Media, stored: StoredFile) -> str:
        """As what it goes: as what it is meant to be, else as whatever takes its type."""
        mime = stored.mime.partition(";")[0].strip().lower()
        wanted = _FIRST[media.kind]
        kind = next((kind for kind in (wanted, *_TYPES) if mime in _TYPES[kind]), None)
        language = self._client.language
        if kind is None:
            detail = f"{_name(stored)} ({mime}); {_TOLD}"
            raise failure("file_refused", language, detail=detail)
        most = CAPABILITIES.media[_SIZES[kind]]
        if stored.size > most:
            raise failure("file_too_large", language, detail=f"{_name(stored)}, {most // 1024} KB")
        return kind


def _name(stored: StoredFile) -> str:
    return short(stored.name) or "file"


class CustomerFiles:
    """Files that customers sent: the channel's side of `ports.Source`."""

    def __init__(self, client: WhatsAppClient, account: str, base_url: str | None) -> None:
        self._client = client
        self.origin = f"whatsapp:{account}"
        self._hosts = Hosts(allow=_HOSTS, base=base_url or "")

    @asynccontextmanager
    async def fetch(self, media: Media) -> AsyncIterator[Incoming]:
        """Raises `SendFailed`, also while it is read: `file_unreachable` if it is not what WhatsApp says it is."""
        language = self._client.language
        node = await self._node(media)
        digest = string(node.get("sha256"))
        async with download(
            string(node.get("url")),
            self._hosts,
            headers=self._client.authorization,
            most=_LARGEST,
            seconds=_SECONDS,
            language=language,
        ) as incoming:
            size = string(node.get("file_size"))
            yield Incoming(
                chunks=self._checked(incoming.chunks, digest),
                size=incoming.size or (int(size) if size.isascii() and size.isdigit() else 0),
                mime=short(node.get("mime_type")) or incoming.mime,
                name=media.name,
            )

    async def _node(self, media: Media) -> dict[str, object]:
        ref = identifier(media.ref)
        if not ref.isdigit():
            raise failure("file_gone", self._client.language)
        try:
            return await self._client.call("GET", ref, query={"phone_number_id": self._client.number})
        except Failed as failed:
            if failed.name == "object_missing":
                raise failure("file_gone", self._client.language) from None
            raise

    async def _checked(self, chunks: AsyncIterator[bytes], expected: str) -> AsyncIterator[bytes]:
        digest = hashlib.sha256()
        async for chunk in chunks:
            digest.update(chunk)
            yield chunk
        if expected and expected not in (base64.b64encode(digest.digest()).decode(), digest.hexdigest()):
            raise failure("file_unreachable", self._client.language)
