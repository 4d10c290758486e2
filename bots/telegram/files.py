"""A bot's files, both ways: as the source of those that its chats named, and as what is sent into them.

What Telegram has is sent by its id, without an upload; an id is one bot's own, and fits the kind of file that it was
told with (https://core.telegram.org/bots/api#sending-files). Everything else comes from our own store.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from bots.download import Hosts, download
from bots.telegram.capabilities import DOWNLOAD_BYTES, PHOTO_BYTES, UPLOAD_BYTES
from bots.telegram.client import FileKind, TelegramClient, Upload
from bots.telegram.content import entities_of, integer, mapping, origin
from bots.telegram.failures import failure
from estafeta.attachments.failures import too_large
from estafeta.kernel.errors import FileGone, SendFailed
from estafeta.kernel.model import Json, Mark, Media, MediaKind
from estafeta.kernel.ports import Incoming, StoredFile

if TYPE_CHECKING:
    from estafeta.attachments import Attachments

_HOST = "api.telegram.org"
_FETCH_SECONDS = 120.0
_REMEMBERED = 2000
_ALBUM = 10
_K = TypeVar("_K")
_REFUSED = ("file_refused", "file_gone")

_TOGETHER: Mapping[str, str] = {"photo": "seen", "video": "seen", "document": "document", "audio": "audio"}
"""What may stand in one album: https://core.telegram.org/bots/api#sendmediagroup"""

_TAKEN_AS: Mapping[FileKind, frozenset[str]] = {
    "photo": frozenset(("image/jpeg", "image/png", "image/webp")),
    "animation": frozenset(("image/gif",)),
    "voice": frozenset(("audio/ogg", "application/ogg", "audio/opus", "audio/mpeg", "audio/mp4", "audio/x-m4a")),
    "audio": frozenset(("audio/mpeg", "audio/mp4", "audio/x-m4a")),
    "video": frozenset(("video/mp4",)),
    "sticker": frozenset(
        ("image/webp", "video/webm", "application/gzip")
    ),  # the last is what an animated one is packed with
}
"""What each method shows as what it is for, by the file's content: https://core.telegram.org/bots/api#sendphoto,
#sendanimation, #sendvoice, #sendaudio, #sendvideo, #sendsticker. Everything else is a document."""
_INSTEAD: Mapping[MediaKind, Sequence[FileKind]] = {
    "photo": ("photo", "animation"),
    "voice": ("voice",),
    "audio": ("audio",),
    "video": ("video", "animation"),
    "sticker": ("sticker", "photo"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A file as it will be sent. `id` is Telegram's, "" where it has to be uploaded; then it is `stored`."""

    media: Media
    kind: FileKind
    id: str = ""
    stored: StoredFile | None = None


Run = tuple[Ready, ...]
"""One file, or an album: what one request sends."""


class AlbumRefused(Exception):
    """Telegram does not take these files together. `runs` has each of them alone from now on."""


class TelegramFiles:
    """One bot's. `account` names it in `Media.origin`. Without `attachments` only what Telegram has can be sent."""

    def __init__(
        self,
        client: TelegramClient,
        account: str,
        *,
        attachments: Attachments | None = None,
        base_url: str | None = None,
    ) -> None:
        self.origin = origin(account)
        self._client = client
        self._attachments = attachments
        self._hosts = Hosts(allow=(_HOST,), base=base_url or "")
        self._known: OrderedDict[tuple[str, FileKind], str] = OrderedDict()
        self._alone: OrderedDict[tuple[str, str], str] = OrderedDict()

    @asynccontextmanager
    async def fetch(self, media: Media) -> AsyncIterator[Incoming]:
        """As `Source.fetch`. Telegram hands a bot at most 20 MB (https://core.telegram.org/bots/api#getfile)."""
        language = self._client.language
        if media.size > DOWNLOAD_BYTES:
            raise too_large(language, most=DOWNLOAD_BYTES, size=media.size)
        url = await self._client.file_url(media.ref)
        opening = download(url, self._hosts, most=DOWNLOAD_BYTES, seconds=_FETCH_SECONDS, language=language)
        async with opening as incoming:
            yield Incoming(
                chunks=incoming.chunks,
                size=incoming.size,
                mime=media.mime or incoming.mime,
                name=media.name or incoming.name,
            )

    async def runs(self, files: Sequence[Media]) -> list[Run]:
        """The files in their order, as many together as Telegram shows together."""
        runs: list[list[Ready]] = []
        for media in files:
            ready = await self._ready(media)
            last = runs[-1] if runs else []
            if last and len(last) < _ALBUM and self._shown(ready) and self._shown(ready) == self._shown(last[0]):
                last.append(ready)
            else:
                runs.append([ready])
        return [tuple(run) for run in runs]

    async def send_run(
        self,
        chat_id: int,
        run: Run,
        *,
        text: str = "",
        marks: Sequence[Mark] = (),
        values: Mapping[str, Any] | None = None,
        priority: int = 0,
    ) -> list[int]:
        """The numbers of the messages that hold the files, one each. `text` is the caption of the first of them;
        `values` are further parameters of the methods.

        A file that Telegram refuses as what it was meant to be goes as something else, at worst as a document.
        Raises `SendFailed`, those of `Attachments.obtain` too, and `AlbumRefused`.
        """
        values = dict(values or {})
        caption: dict[str, Any] = {"caption": text, "caption_entities": entities_of(text, marks)} if text else {}
        if len(run) > 1:
            return await self._album(chat_id, run, caption, values, priority)

        async def send(kind: FileKind, file: str | Upload, given: dict[str, Any]) -> Json:
            return await self._client.send_file(kind, chat_id, file, values=given, priority=priority)

        [ready] = run
        return _numbers(await self._one(ready, send, {**caption, **_lasting(ready), **values}))

    def _shown(self, ready: Ready) -> str | None:
        """What may stand beside it; None: nothing."""
        return None if _named(ready.media) in self._alone else _TOGETHER.get(ready.kind)

    async def _album(
        self, chat_id: int, run: Run, caption: Mapping[str, Any], values: dict[str, Any], priority: int
    ) -> list[int]:
        try:
            async with self._opened(run) as files:
                items = [(ready.kind, file) for ready, file in zip(run, files, strict=True)]
                answer = await self._client.send_album(
                    chat_id, items, caption=caption, values=values, priority=priority
                )
        except SendFailed as failed:
            if failed.code not in _REFUSED:
                raise
            for ready in run:
                _keep(self._alone, _named(ready.media), "")
            raise AlbumRefused from None
        for ready, message in zip(run, answer if isinstance(answer, list) else (), strict=False):
            self._remember(ready, message)
        return _numbers(answer)

    async def _one(
        self,
        ready: Ready,
        send: Callable[[FileKind, str | Upload, dict[str, Any]], Awaitable[Json]],
        values: dict[str, Any],
    ) -> Json:
        while True:
            try:
                async with self._opened((ready,)) as [file]:
                    answer = await send(ready.kind, file, values)
            except SendFailed as failed:
                instead = await self._instead(ready) if failed.code in _REFUSED else None
                if instead is None:
                    raise
                ready = instead
            else:
                self._remember(ready, answer)
                return answer

    async def _instead(self, refused: Ready) -> Ready | None:
        """What to try now: an upload after an id, a document after an upload."""
        if refused.id:
            if refused.stored is not None:
                self._known.pop((refused.stored.file, refused.kind), None)
            stored = refused.stored or await self._stored(refused.media)
            if stored is None:
                return None
            return Ready(media=refused.media, kind=_kind(refused.media.kind, stored), stored=stored)
        if refused.kind == "document":
            return None
        return Ready(media=refused.media, kind="document", stored=refused.stored)

    async def _ready(self, media: Media) -> Ready:
        if media.origin == self.origin:
            return Ready(media=media, kind=media.kind, id=media.ref)
        stored = await self._stored(media)
        if stored is None:
            raise failure("file_refused", self._client.language)
        if stored.size > UPLOAD_BYTES:
            raise too_large(self._client.language, most=UPLOAD_BYTES, size=stored.size)
        kind = _kind(media.kind, stored)
        return Ready(media=media, kind=kind, id=self._known.get((stored.file, kind), ""), stored=stored)

    async def _stored(self, media: Media) -> StoredFile | None:
        return await self._attachments.obtain(media) if self._attachments is not None else None

    @asynccontextmanager
    async def _opened(self, run: Run) -> AsyncIterator[list[str | Upload]]:
        """Each file by its id, or where it lies meanwhile."""
        async with AsyncExitStack() as stack:
            files: list[str | Upload] = []
            for ready in run:
                stored = ready.stored
                if ready.id or stored is None or self._attachments is None:
                    files.append(ready.id)
                    continue
                try:
                    path = await stack.enter_async_context(self._attachments.local(stored.file))
                except FileGone:
                    raise failure("file_gone", self._client.language) from None
                files.append(Upload(path=path, name=stored.name, mime=stored.mime, size=stored.size))
            yield files

    def _remember(self, sent: Ready, message: Any) -> None:
        """The id of what was uploaded, so that the next one is spared."""
        shown = mapping(message).get(sent.kind)
        file_id = mapping(shown[-1] if isinstance(shown, list) and shown else shown).get("file_id")
        if sent.stored is None or sent.id or not isinstance(file_id, str):
            return
        _keep(self._known, (sent.stored.file, sent.kind), file_id)


def _keep(kept: OrderedDict[_K, str], key: _K, value: str) -> None:
    kept[key] = value
    if len(kept) > _REMEMBERED:
        kept.popitem(last=False)


def _named(media: Media) -> tuple[str, str]:
    return media.origin, media.ref


def _kind(meant: MediaKind, stored: StoredFile) -> FileKind:
    """What a file can be sent as, by what it really is."""
    for kind in _INSTEAD.get(meant, ()):
        if stored.mime in _TAKEN_AS[kind] and (kind != "photo" or stored.size <= PHOTO_BYTES):
            return kind
    return "document"


def _lasting(ready: Ready) -> dict[str, Any]:
    known = ready.kind in ("voice", "audio", "video") and not ready.id and ready.media.duration > 0
    return {"duration": round(ready.media.duration)} if known else {}


def _numbers(answer: Any) -> list[int]:
    messages = answer if isinstance(answer, list) else [answer]
    return [number for message in messages if (number := integer(mapping(message).get("message_id"))) is not None]
