"""Files of the chat: up from a visitor, down to the one whose conversation they are in.

An upload is kept in our own store and answered with a sealed handle, good for this visitor alone; a message
names handles. A download names a message by its `seq` and the file by its place there, so that
what is outside the visitor's own conversation has no name at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, unquote

from aiohttp import ClientPayloadError, hdrs, web

from bots.widget import texts
from bots.widget.config import WidgetConfig
from bots.widget.frames import Message, Refused, printable
from bots.widget.pace import Pace
from bots.widget.reception import Reception
from bots.widget.seals import Seals
from estafeta.attachments import Attachments
from estafeta.kernel.errors import FileGone, SendFailed, StoreUnavailable
from estafeta.kernel.model import Address, ConversationId, Entry, Media
from estafeta.kernel.ports import Clock, Incoming, Store

HANDLE_LASTS = 7 * 86400.0
"""Seconds in which an uploaded file can be sent: a message may wait for the network."""
_BURST = 20
_RATE = 0.5
"""Files of one visitor: at once, and a second after that."""
_AT_ONCE = 64
"""Files on their way up at the same time, of everybody."""
_CHUNK = 64 * 1024
_SILENCE = 30.0
"""Seconds in which nothing of an upload comes, until it is given up."""
_NAME_LIMIT = 120
_LATER = 1000
"""Entries after a message that are looked through for its deletion."""

_INERT = frozenset(
    [
        *(f"image/{kind}" for kind in ("png", "jpeg", "gif", "webp", "avif", "bmp")),
        *(f"audio/{kind}" for kind in ("mpeg", "mp4", "x-m4a", "aac", "ogg", "opus", "webm", "wav", "x-wav", "flac")),
        *(f"video/{kind}" for kind in ("mp4", "webm", "ogg", "quicktime")),
    ]
)
"""Types a browser only shows or plays. SVG is not among them: it may hold scripts."""

_STATUS = {"file_too_large": 413, "file_refused": 415, "file_gone": 404, "too_fast": 429, "unavailable": 503}


class FileTraffic:
    """`POST /widget/files` and `GET /widget/files/SEQ/N`. The visitor's token or pass comes as a bearer's."""

    def __init__(
        self, config: WidgetConfig, *, store: Store, clock: Clock, attachments: Attachments, reception: Reception,
        seals: Seals, channel: str,
    ) -> None:  # fmt: skip
        self._config = config
        self._store = store
        self._clock = clock
        self._attachments = attachments
        self._reception = reception
        self._seals = seals
        self._channel = channel
        self._pace = Pace(burst=_BURST, rate=_RATE)
        self._all = Pace(burst=_AT_ONCE, rate=config.uploads)
        self._coming = 0

    def mount(self, app: web.Application) -> None:
        app.router.add_post("/widget/files", self.upload)
        app.router.add_get(r"/widget/files/{seq:\d{1,15}}/{place:\d{1,3}}", self.download)

    async def sent(self, chat: str, message: Message) -> tuple[Media, ...]:
        """The files that the visitor's message names. Raises `Refused` ("file_gone") and `StoreUnavailable`."""
        files = []
        for handle in message.files:
            claims = await self._seals.opened("upload", handle)
            if claims is None or claims["chat"] != chat:
                raise Refused("file_gone", message.id)
            files.append(
                Media(kind=claims["kind"], ref=claims["ref"], name=claims["name"], mime=claims["mime"],
                      size=claims["size"], duration=claims["duration"])
            )  # fmt: skip
        return tuple(files)

    # --- up

    async def upload(self, request: web.Request) -> web.Response:
        if not self._reception.own_origin(request):
            raise web.HTTPForbidden(text="Files are taken from the chat's own page only.")
        if not self._config.files:
            return self._refusal(request, "file_refused")
        try:
            chat = await self._holder(request)
            now = self._clock.monotonic()
            if self._coming >= _AT_ONCE or not self._pace.take(chat, now) or not self._all.take("", now):
                return self._refusal(request, "too_fast")
            if (request.content_length or 0) > self._config.file_limit:
                return self._refusal(request, "file_too_large")
            self._coming += 1
            try:
                return await self._kept(request, chat)
            finally:
                self._coming -= 1
        except SendFailed as failed:
            return self._refusal(request, failed.code if failed.code in _STATUS else "unavailable")
        except StoreUnavailable:
            return self._refusal(request, "unavailable")
        except (ConnectionError, ClientPayloadError, TimeoutError):
            raise web.HTTPBadRequest(text="The upload broke off.") from None

    async def _kept(self, request: web.Request, chat: str) -> web.Response:
        incoming = Incoming(
            chunks=self._chunks(request),
            size=request.content_length or 0,
            mime=request.content_type,
            name=printable(unquote(request.headers.get("X-File-Name", "")))[-_NAME_LIMIT:],
        )
        stored = await self._attachments.keep(incoming)
        media = await self._attachments.media(stored)
        about: dict[str, Any] = {
            "kind": media.kind, "name": media.name[-_NAME_LIMIT:], "mime": media.mime, "size": media.size,
            "duration": media.duration,
        }  # fmt: skip
        claims = {"chat": chat, "ref": media.ref, **about}
        handle = await self._seals.sealed("upload", claims, seconds=HANDLE_LASTS)
        return web.json_response({"file": handle, **about})

    async def _chunks(self, request: web.Request) -> AsyncIterator[bytes]:
        size = 0
        chunks = request.content.iter_chunked(_CHUNK)
        while True:
            async with asyncio.timeout(_SILENCE):
                chunk = await anext(chunks, b"")
            if not chunk:
                return
            size += len(chunk)
            if size > self._config.file_limit:
                raise SendFailed("file_too_large", "The file is larger than the chat takes.", fault="customer")
            yield chunk

    # --- down

    async def download(self, request: web.Request) -> web.StreamResponse:
        try:
            address = Address(channel=self._channel, account=self._config.key, chat=await self._holder(request))
            conversation = await self._store.resolve(address) or address.conversation
            media = await self._named(conversation, int(request.match_info["seq"]), int(request.match_info["place"]))
            stored = await self._attachments.obtain(media)
            chunks = self._attachments.read(stored.file)
            first = await anext(chunks, b"")
        except FileGone:
            return self._refusal(request, "file_gone")
        except SendFailed as failed:
            return self._refusal(request, failed.code if failed.code in _STATUS else "unavailable")
        except StoreUnavailable:
            return self._refusal(request, "unavailable")
        response = web.StreamResponse(headers=_headers(stored.mime, stored.name))
        response.content_length = stored.size
        try:
            await response.prepare(request)
            await response.write(first)
            async for chunk in chunks:
                await response.write(chunk)
            await response.write_eof()
        except ConnectionError:
            pass  # the page has gone; nothing is owed to it
        return response

    async def _named(self, conversation: ConversationId, seq: int, place: int) -> Media:
        """The file, unless it is none or its message was taken back. Raises `SendFailed` ("file_gone")."""
        entries = await self._store.entries(conversation, after=seq - 1, limit=_LATER) if seq else []
        entry = entries[0] if entries and entries[0].seq == seq else None
        if entry is not None and entry.for_customer and place < len(entry.parts):
            part = entry.parts[place]
            if isinstance(part, Media) and not any(_withdraws(later, entry) for later in entries[1:]):
                return part
        raise SendFailed("file_gone", "There is no such file in this conversation.", fault="customer")

    async def _holder(self, request: web.Request) -> str:
        scheme, _, key = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        chat = await self._reception.holder(key) if scheme == "Bearer" and key else None
        if chat is None:
            raise web.HTTPUnauthorized(text="The chat's token or pass is missing or has run out.")
        return chat

    def _refusal(self, request: web.Request, code: str) -> web.Response:
        language = self._config.language(request.query.get("language", ""))
        headers = {hdrs.RETRY_AFTER: "5"} if code in ("too_fast", "unavailable") else {}
        body = {"error": {"code": code, "text": texts.error(code, language)}}
        return web.json_response(body, status=_STATUS[code], headers=headers)


def _withdraws(later: Entry, entry: Entry) -> bool:
    """A deletion of the message, or of the message that the edit with this file is about."""
    about = entry.data.get("of") if entry.kind == "edit" else entry.id
    return later.kind == "deletion" and "of" in later.data and later.data["of"] == about


def _headers(mime: str, name: str) -> dict[str, str]:
    """What is not inert is only ever saved, and even then runs nothing of ours."""
    inert = mime in _INERT
    return {
        hdrs.CONTENT_TYPE: mime if inert else "application/octet-stream",
        hdrs.CONTENT_DISPOSITION: f"{'inline' if inert else 'attachment'}; filename*=UTF-8''{quote(name, safe='')}",
        hdrs.CACHE_CONTROL: "no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
