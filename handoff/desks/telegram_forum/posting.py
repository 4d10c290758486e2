"""Posts put into a topic: texts, albums and files, places, contacts. Files of the same bot go by Telegram's id of
them, all others through our own store.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import structlog
from aiogram.methods import SendContact, SendLocation, SendMessage
from aiogram.types import LinkPreviewOptions, MessageEntity, ReplyParameters

from estafeta.kernel.errors import FileGone, SendFailed
from estafeta.kernel.model import Contact, Json, Location, Media, Text
from estafeta.kernel.ports import StoredFile
from handoff.desks.telegram_forum.client import WORDS, Telegram
from handoff.desks.telegram_forum.posts import File, Post, fits
from handoff.desks.telegram_forum.texts import Language, in_words, text
from handoff.desks.telegram_forum.topic import tame
from handoff.desks.telegram_forum.words import cut, entities, joined

UPLOAD = 50_000_000
"""Bytes of a file that Telegram takes from a bot (https://core.telegram.org/bots/api#sending-files)."""

PHOTO = 10_000_000
"""Bytes of a photo (https://core.telegram.org/bots/api#sendphoto)."""

_MUSIC = ("audio/mpeg", "audio/mp4", "audio/x-m4a")
_TAKEN = {
    "photo": ("image/jpeg", "image/png", "image/webp"),
    "voice": ("audio/ogg", "audio/opus", "application/ogg", *_MUSIC),
    "audio": _MUSIC,
    "video": ("video/mp4",),
    "sticker": ("image/webp", "application/x-tgsticker", "video/webm"),
}
"""What Telegram shows as such; the rest is a document (https://core.telegram.org/bots/api#sendvoice and its
neighbours)."""

_REFUSED = ("file_refused", "file_gone", "file_too_large", "refused")
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_log = structlog.get_logger(__name__)


class Attachments(Protocol):
    """Our own files, as `estafeta.attachments` has them."""

    async def obtain(self, media: Media) -> StoredFile: ...

    def local(self, file: str) -> AbstractAsyncContextManager[Path]: ...


class Upload(Protocol):
    """Makes what the client takes for a file to be uploaded."""

    def __call__(self, *, path: Path, name: str, mime: str, size: int) -> Any: ...


class Posting:
    """Into one group. `origin` is what `Media.origin` says of files that this bot can send by their id, `web_desk`
    the address where operators see files that Telegram does not take, or ""."""

    def __init__(
        self,
        client: Telegram,
        *,
        group_id: int,
        language: Language,
        attachments: Attachments,
        upload: Upload,
        origin: str,
        web_desk: str = "",
    ) -> None:
        self._client = client
        self._group = group_id
        self._language: Language = language
        self._attachments = attachments
        self._upload = upload
        self._origin = origin
        self._web_desk = web_desk

    async def have(self, media: Media, *, patient: bool) -> File | str:
        """The file, or a line that says why it is not shown. Raises `SendFailed` for what may pass, if `patient`."""
        if media.origin == self._origin:
            return File(kind=media.kind, media=media, ref=media.ref)
        try:
            return await self._stored(media)
        except SendFailed as failed:
            if patient and failed.retry_after is not None:
                raise
            return self._lost(media, failed.sentence)

    async def send(self, thread: int, post: Post) -> list[Json]:
        """The messages that it became. Words whose marks Telegram cannot read are shown without them. Raises
        `SendFailed`."""
        try:
            return await self._send(thread, post)
        except SendFailed as failed:
            if failed.code != "bad_markup" or not post.words.marks:
                raise
        return await self._send(thread, replace(post, words=Text(text=post.words.text)))

    async def _send(self, thread: int, post: Post) -> list[Json]:
        if post.place is not None:
            return await self._place(thread, post, post.place)
        if not post.files:
            return [await self._words(thread, post)]
        sentence = ""
        async for files in self._ways(post.files):
            try:
                return await self._files(thread, replace(post, files=files))
            except SendFailed as failed:
                if failed.code not in _REFUSED:
                    raise
                _log.info("file_not_shown", code=failed.code, kinds=[file.kind for file in files])
                sentence = failed.sentence
        words = post.words
        for file in post.files:
            words = joined(words, Text(text=self._lost(file.media, sentence)))
        return [
            await self._words(thread, replace(post, words=piece))
            for piece in cut(words, self._client.pieces(words.text))
        ]

    # --- files -------------------------------------------------------------------------------------

    async def _stored(self, media: Media) -> File:
        if media.size > UPLOAD:
            raise self._too_large()
        stored = await self._attachments.obtain(media)
        if stored.size > UPLOAD:
            raise self._too_large()
        return File(kind=_shown_as(media.kind, stored), media=media, stored=stored)

    async def _ways(self, files: Sequence[File]) -> AsyncIterator[tuple[File, ...]]:
        """As they are; then uploaded anew, for an id is good for one kind alone; then as documents."""
        yield tuple(files)
        stored: list[File] = []
        for file in files:
            try:
                stored.append(file if file.stored else await self._stored(file.media))
            except SendFailed as failed:
                _log.info("file_not_had", code=failed.code)
                return
        if any(file.ref for file in files) and all(fits(stored[:n], file) for n, file in enumerate(stored) if n):
            yield tuple(stored)
        documents = tuple(replace(file, kind="document", ref="") for file in stored)
        if documents != tuple(files):
            yield documents

    async def _files(self, thread: int, post: Post) -> list[Json]:
        values = self._values(thread, post)
        marks = entities(post.words)
        caption: dict[str, Any] = {"caption": post.words.text} if post.words.text else {}
        if marks:
            caption["caption_entities"] = marks
        async with AsyncExitStack() as opened:
            given = [(file.kind, await self._given(file, opened)) for file in post.files]
            if len(given) > 1:
                answer = await self._client.send_album(
                    self._group, given, caption=caption, values=values, priority=WORDS
                )
                return answer if isinstance(answer, list) else [answer]
            [(kind, file)] = given
            duration = round(post.files[0].media.duration)
            if duration > 0 and kind in ("voice", "audio", "video"):
                values["duration"] = duration
            return [await self._client.send_file(kind, self._group, file, values={**values, **caption}, priority=WORDS)]

    async def _given(self, file: File, opened: AsyncExitStack) -> Any:
        """What the client takes for a file; its path is there until `opened` is closed."""
        if file.stored is None or file.ref:
            return file.ref
        stored = file.stored
        try:
            path = await opened.enter_async_context(self._attachments.local(stored.file))
        except FileGone as error:
            raise SendFailed("file_gone", str(error), fault="settings") from error
        return self._upload(path=path, name=stored.name, mime=stored.mime, size=stored.size)

    def _lost(self, media: Media, sentence: str) -> str:
        megabytes = f"{media.size / 1_000_000:.1f}".removesuffix(".0")
        if self._language == "ru":
            megabytes = megabytes.replace(".", ",")
        size = f", {text('file_size', self._language, size=megabytes)}" if media.size > 50_000 else ""
        file = tame(in_words(media, self._language)) + size
        line = text("file_lost", self._language, file=file, sentence=sentence)
        where = text("see_desk", self._language, where=self._web_desk) if self._web_desk else ""
        return f"{line} {where}".strip()

    def _too_large(self) -> SendFailed:
        sentence = text("file_too_large", self._language, most=UPLOAD // 1_000_000)
        return SendFailed("file_too_large", sentence, fault="content")

    # --- the rest ----------------------------------------------------------------------------------

    async def _words(self, thread: int, post: Post) -> Json:
        marks = entities(post.words)
        method = SendMessage(
            chat_id=self._group,
            message_thread_id=thread,
            text=post.words.text,
            entities=[MessageEntity(**mark) for mark in marks] or None,
            link_preview_options=_NO_PREVIEW,
            reply_parameters=_reply(post),
        )
        return await self._client.call(method, priority=WORDS)

    async def _place(self, thread: int, post: Post, place: Location | Contact) -> list[Json]:
        """What Telegram does not take as a place stands in words before it already."""
        method: SendLocation | SendContact
        if isinstance(place, Location):
            method = SendLocation(
                chat_id=self._group, message_thread_id=thread, latitude=place.latitude, longitude=place.longitude
            )
        else:
            name = self._client.shorten(tame(place.name), 64) or place.phone
            method = SendContact(
                chat_id=self._group, message_thread_id=thread, phone_number=place.phone, first_name=name
            )
        try:
            return [await self._client.call(method, priority=WORDS)]
        except SendFailed as failed:
            if failed.code != "refused":
                raise
            _log.info("place_not_shown", sentence=failed.sentence)
            return []

    def _values(self, thread: int, post: Post) -> dict[str, Any]:
        values: dict[str, Any] = {"message_thread_id": thread}
        if post.reply_to:
            values["reply_parameters"] = {"message_id": int(post.reply_to), "allow_sending_without_reply": True}
        return values


def _reply(post: Post) -> ReplyParameters | None:
    if not post.reply_to:
        return None
    return ReplyParameters(message_id=int(post.reply_to), allow_sending_without_reply=True)


def _shown_as(kind: str, stored: StoredFile) -> str:
    """As what was sent, if the file really is that."""
    if kind == "photo" and stored.size > PHOTO:
        return "document"
    if stored.mime in _TAKEN.get(kind, ()):
        return kind
    picture = kind == "sticker" and stored.mime in _TAKEN["photo"] and stored.size <= PHOTO
    return "photo" if picture else "document"
