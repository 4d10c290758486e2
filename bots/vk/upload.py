"""Files into VK: an address for the upload, the upload, the saving; once for each file and conversation.

https://dev.vk.com/ru/api/upload/photo-in-message, https://dev.vk.com/ru/api/upload/document-in-message,
https://dev.vk.com/ru/api/upload/audio-record.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import urlsplit

import aiohttp

from bots.vk.client import VkClient
from bots.vk.failures import failure
from bots.vk.wire import integer, obj, string
from bots.wire import loads
from estafeta.attachments.failures import failure as file_failure
from estafeta.kernel.errors import FileGone, SendFailed
from estafeta.kernel.model import Media
from estafeta.kernel.ports import StoredFile

UPLOAD_SECONDS = 120.0
_REMEMBERED = 5_000
_HOSTS = (".vk.com", ".vk.ru", ".userapi.com", ".vkuser.net", ".vk-apps.com", ".vkuserphoto.ru")
_ANSWER_BYTES = 1024 * 1024


class Stock(Protocol):
    """What is needed of our own store of files."""

    async def obtain(self, media: Media) -> StoredFile: ...

    def local(self, file: str) -> AbstractAsyncContextManager[Path]: ...


class Uploads:
    """Files of one community. `close` it."""

    def __init__(self, client: VkClient, stock: Stock, *, base_url: str | None) -> None:
        self._client = client
        self._stock = stock
        self._base = base_url
        self._known: OrderedDict[tuple[str, str, int], str] = OrderedDict()
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def attachment(self, media: Media, peer: int) -> str:
        """The file as messages.send names it. Raises `SendFailed`, or `StoreUnavailable`."""
        stored = await self._stock.obtain(media)
        kind = _kind(media, stored)
        key = (stored.file, kind, peer)
        if key not in self._known:
            self._known[key] = await self._uploaded(stored, kind, peer)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]

    def forget(self, media_files: tuple[Media, ...], peer: int) -> bool:
        """VK does not know what it was sent before: whether anything was forgotten, so that it is worth sending
        again."""
        refs = {media.ref for media in media_files}
        gone = [key for key in self._known if key[0] in refs and key[2] == peer]
        for key in gone:
            del self._known[key]
        return bool(gone)

    async def _uploaded(self, stored: StoredFile, kind: str, peer: int) -> str:
        try:
            async with self._stock.local(stored.file) as path:
                if kind == "photo":
                    return await self._photo(path, stored, peer)
                return await self._document(path, stored, kind, peer)
        except FileGone:
            raise file_failure("file_gone", self._client.language) from None

    async def _photo(self, path: Path, stored: StoredFile, peer: int) -> str:
        server = obj(await self._client.call("photos.getMessagesUploadServer", peer_id=peer))
        receipt = await self._post(string(server.get("upload_url")), "photo", path, stored)
        if string(receipt.get("photo")) in ("", "[]"):
            raise failure("file_refused", self._client.language)
        saved = await self._client.call(
            "photos.saveMessagesPhoto",
            photo=receipt["photo"],
            server=integer(receipt.get("server")),
            hash=string(receipt.get("hash")),
        )
        return self._name("photo", obj(saved[0] if isinstance(saved, list) and saved else None))

    async def _document(self, path: Path, stored: StoredFile, kind: str, peer: int) -> str:
        server = obj(await self._client.call("docs.getMessagesUploadServer", type=kind, peer_id=peer))
        receipt = await self._post(string(server.get("upload_url")), "file", path, stored)
        if not string(receipt.get("file")):
            raise failure("file_refused", self._client.language)
        saved = obj(await self._client.call("docs.save", file=receipt["file"], title=stored.name or None))
        saved_kind = string(saved.get("type"))
        return self._name(saved_kind or "doc", obj(saved.get(saved_kind)))

    def _name(self, kind: str, about: dict[str, Any]) -> str:
        owner, number, key = integer(about.get("owner_id")), integer(about.get("id")), string(about.get("access_key"))
        if owner is None or number is None:
            raise failure("no_answer", self._client.language)
        return f"{kind}{owner}_{number}" + (f"_{key}" if key else "")

    async def _post(self, url: str, field: str, path: Path, stored: StoredFile) -> dict[str, Any]:
        """What the upload server answers. It is VK's own, wherever VK says it is."""
        if not self._is_home(url):
            raise failure("messenger_down", self._client.language)
        try:
            file = await asyncio.to_thread(path.open, "rb")
            try:
                form = aiohttp.FormData(quote_fields=False)  # quoted, it would be shown so
                form.add_field(field, _chunks(file), filename=_header(stored.name), content_type=stored.mime)
                async with self._web().post(url, data=form, allow_redirects=False) as answer:
                    body = await answer.content.read(_ANSWER_BYTES)
                    status = answer.status
            finally:
                await asyncio.to_thread(file.close)
        except (aiohttp.ClientError, OSError) as error:
            raise self._lost(error) from None
        if status == 413:
            raise failure("file_too_large", self._client.language)
        try:
            receipt = obj(loads(body))
        except ValueError:
            receipt = {}
        if status != 200 or not receipt:
            raise failure("messenger_down", self._client.language)
        return receipt

    def _lost(self, error: Exception) -> SendFailed:
        """Nothing was said yet, so nothing is in doubt."""
        away = isinstance(error, aiohttp.ClientConnectorError)
        return failure("unreachable" if away else "messenger_down", self._client.language)

    def _is_home(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
            host = (parts.hostname or "").lower()
        except ValueError:
            return False
        if self._base is not None and url.startswith(self._base + "/"):
            return True
        return parts.scheme == "https" and any(f".{host}".endswith(name) for name in _HOSTS)

    def _web(self) -> aiohttp.ClientSession:
        if self._session is None:
            limits = aiohttp.ClientTimeout(total=UPLOAD_SECONDS, sock_connect=10.0)
            self._session = aiohttp.ClientSession(timeout=limits, cookie_jar=aiohttp.DummyCookieJar())
        return self._session


def _kind(media: Media, stored: StoredFile) -> str:
    """photo, audio_message or doc: VK shows a voice message of Ogg alone as one."""
    if media.kind == "photo" and stored.mime in ("image/jpeg", "image/png", "image/gif"):
        return "photo"
    return "audio_message" if media.kind == "voice" and stored.mime == "audio/ogg" else "doc"


def _header(name: str) -> str:
    return "".join(sign for sign in name if sign.isprintable() and sign not in '"\\') or "file"


async def _chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    while chunk := await asyncio.to_thread(file.read, 256 * 1024):
        yield chunk
