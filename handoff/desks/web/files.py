"""Files of the desk: those that came in a message, served so that nothing in them can run here, and those that
operators send, kept before the message that carries them."""

from __future__ import annotations

import logging
import re
from typing import Final
from urllib.parse import quote

from aiohttp import web

from estafeta.attachments import Attachments
from estafeta.kernel.errors import FileGone, SendFailed, StoreUnavailable
from estafeta.kernel.model import Media
from estafeta.kernel.ports import Incoming, StoredFile
from handoff.desks.web import checks, wire
from handoff.desks.web.reception import Reception, place
from handoff.desks.web.refusals import Refused

log = logging.getLogger(__name__)

CHUNK = 64 * 1024

SHOWN: Final = frozenset(
    {
        *("image/bmp", "image/gif", "image/jpeg", "image/png", "image/webp"),
        *("audio/aac", "audio/flac", "audio/mp4", "audio/mpeg", "audio/ogg", "audio/wav"),
        *("video/mp4", "video/ogg", "video/quicktime", "video/webm"),
    }
)
"""What a browser only draws or plays: all else is saved. SVG is none of it: it may hold scripts."""

# https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Content-Security-Policy/sandbox
HEADERS: Final = {
    "Cache-Control": "private, no-cache",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

STATUSES: Final = {"file_gone": 410, "file_too_large": 413, "file_refused": 415}
"""Of an answer by the code of what went wrong; 502 for what keeps the messenger from handing it over."""

_UNSAFE = re.compile(r"[^A-Za-z0-9._ -]")


class FileRequests:
    """`attachments` is None where no files are kept: none are sent or shown then."""

    def __init__(self, *, reception: Reception, attachments: Attachments | None) -> None:
        self._reception = reception
        self._attachments = attachments

    async def file(self, request: web.Request) -> web.StreamResponse:
        await self._reception.session(request)
        conversation = await self._reception.conversation(request)
        entry = await self._reception.entry(request, conversation)
        number = place(request, "n")
        part = entry.parts[number] if number < len(entry.parts) else None
        if not isinstance(part, Media):
            raise Refused(404, "unknown_file")
        stored = await self._obtained(part)
        tag = f'"{stored.file}"'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={**HEADERS, "ETag": tag})
        return await self._stream(request, stored, stored.name or part.name, tag)

    async def upload(self, request: web.Request) -> web.Response:
        """The body is the file itself, so that it is read only as far as it may be kept."""
        session = await self._reception.session(request)
        incoming = Incoming(
            chunks=request.content.iter_chunked(CHUNK),
            size=request.content_length or 0,
            mime=request.content_type,
            name=request.query.get("name", "")[:255],
        )
        try:
            stored = await self._kept().keep(incoming)
            media = await self._kept().media(stored)
        except SendFailed as error:
            raise self._refused(error) from error
        log.info("operator %s uploaded a file of %d bytes", session.operator.id, stored.size)
        kept = wire.Kept(file=stored.file, kind=media.kind, name=media.name, mime=stored.mime, size=stored.size)
        return checks.answer(kept, status=201)

    async def media(self, file: str) -> Media:
        """An uploaded file as a part of a message. Raises `Refused`."""
        stored = await self._obtained(Media(kind="document", ref=file))
        return await self._kept().media(stored)

    async def _obtained(self, media: Media) -> StoredFile:
        try:
            return await self._kept().obtain(media)
        except SendFailed as error:
            raise self._refused(error) from error
        except FileGone as error:
            raise Refused(410, "file_gone") from error

    def _kept(self) -> Attachments:
        if self._attachments is None:
            raise Refused(409, "no_attachments")
        return self._attachments

    def _refused(self, error: SendFailed) -> Refused:
        return Refused(STATUSES.get(error.code, 502), "messenger_says", says=error.sentence)

    async def _stream(self, request: web.Request, stored: StoredFile, name: str, tag: str) -> web.StreamResponse:
        shown = stored.mime in SHOWN
        response = web.StreamResponse(
            headers={
                **HEADERS,
                "Content-Disposition": disposition("inline" if shown else "attachment", name),
                "Content-Type": stored.mime if shown else "application/octet-stream",
                "ETag": tag,
            }
        )
        response.content_length = stored.size
        chunks = self._kept().read(stored.file)
        try:
            # Before the answer begins, so that a file that is gone is told by a sentence.
            first = await anext(chunks, b"")
        except FileGone as error:
            raise Refused(410, "file_gone") from error
        await response.prepare(request)
        try:
            await response.write(first)
            async for chunk in chunks:
                await response.write(chunk)
            await response.write_eof()
        except (FileGone, StoreUnavailable) as error:
            # Too late for a sentence: an answer that ends early is how the browser learns that it is not whole.
            log.warning("a file broke off while it was served: %s", error)
            if request.transport is not None:
                request.transport.abort()
        return response


def disposition(kind: str, name: str) -> str:
    """The header's value for a file of any name: https://www.rfc-editor.org/rfc/rfc6266#section-4.3"""
    shown = name.encode("utf-8", "replace").decode().replace("/", "_").replace("\\", "_") or "file"
    plain = _UNSAFE.sub("_", shown)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(shown, safe='')}"
