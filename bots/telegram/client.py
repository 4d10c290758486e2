"""The Bot API, paced and translated.

aiogram makes the requests and knows the methods; this adds what a platform needs around it: a lean
wire (a JSON body, an answer that is read but not modelled: half the cost of a form and a model), the
limits of Telegram, one translation of every failure into `SendFailed`, and a token that gets nowhere.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast
from urllib.parse import quote

import aiohttp
import structlog
from aiogram import Bot
from aiogram.client.telegram import PRODUCTION, TelegramAPIServer
from aiogram.exceptions import (
    AiogramError,
    TelegramBadRequest,
    TelegramMigrateToChat,
    TelegramRetryAfter,
)
from pydantic import SecretStr

from bots.pacing import Buckets, Load, Pacer, TooBusy
from bots.splitting import shorten, split
from bots.telegram.budget import Ahead, Keys, is_shared, keys_of, rank, rates
from bots.telegram.config import TelegramLimits
from bots.telegram.failures import Language, failure, is_unchanged, translate
from bots.telegram.session import LeanSession, Method, RawMethod, Upload
from estafeta.kernel.model import Json
from estafeta.kernel.ports import Clock

__all__ = ["PATIENCE_SECONDS", "TEXT_LIMIT", "FileKind", "Method", "RawMethod", "TelegramClient", "Upload"]

TEXT_LIMIT = 4096
"""UTF-16 code units of a message's text (https://core.telegram.org/bots/api#sendmessage)."""

PATIENCE_SECONDS = 20.0

CARD_PATIENCE_SECONDS = 300.0
"""A new card waits in the queue rather than elsewhere: nothing can be folded into it meanwhile."""

FileKind = Literal["photo", "document", "voice", "audio", "video", "animation", "sticker"]
"""What a file is sent as: the field of the message that it comes back in."""

_MARKUP = ("parse_mode", "entities", "caption_entities")
_log = structlog.get_logger(__name__)


class TelegramClient:
    """One bot's side of the Bot API. Start nothing with it before an event loop runs; `close` it.

    `buckets`: through them all processes that send as this bot keep its limits together. `worker` says
    under which name this process works, "" while it may have been taken for dead: what waits for its turn
    when that changes is not sent, for another process may have sent it meanwhile.
    """

    def __init__(
        self,
        token: SecretStr,
        *,
        clock: Clock,
        base_url: str | None = None,
        language: Language = "ru",
        limits: TelegramLimits | None = None,
        buckets: Buckets | None = None,
        worker: Callable[[], str] = lambda: "alone",
    ) -> None:
        server = TelegramAPIServer.from_base(base_url) if base_url else PRODUCTION
        self._session = LeanSession(api=server)
        self._bot = Bot(token.get_secret_value(), session=self._session)
        self.bot_id = self._bot.id
        self.language: Language = language
        self._limits = limits or TelegramLimits()
        self._pacer = Pacer(
            clock, rates(self._limits), buckets=buckets, scope=f"telegram:{self.bot_id}", is_shared=is_shared
        )
        self._ahead = Ahead(clock)
        self._moved: dict[int, int] = {}
        self._worker = worker

    def __repr__(self) -> str:
        return f"TelegramClient(bot {self.bot_id})"

    async def close(self) -> None:
        await self._session.close()

    async def call(
        self,
        method: Method,
        *,
        priority: int = 0,
        patience: float = PATIENCE_SECONDS,
        timeout: float | None = None,
        unless: Callable[[], bool] | None = None,
    ) -> Json:
        """The method's result as plain JSON, after waiting for the chat's turn and the bot's.

        Raises `SendFailed` and nothing else; `paced` when the turn does not come within `patience`
        seconds. Lower `priority` goes first. An edit that changes nothing is a success. Formatting that
        Telegram cannot read is sent again as plain text. A group that moved is followed. `unless` is
        asked when the turn comes: if it says so, nothing is sent and the result is None.
        """
        tried: set[type[Exception]] = set()
        while True:
            method = self._at_home(method)
            keys = keys_of(method, self._limits)
            asking = self._worker()
            await self._turn(method, keys, priority, patience)
            if keys.chat is not None and not (asking and self._worker() == asking):
                self._give_back(keys)
                raise failure("paced", self.language, retry_after=0.0)
            if unless is not None and unless():
                self._give_back(keys)
                return None
            if keys.chat is not None:
                self._pacer.begin(keys.chat, keys.cost)
            answer = await self._attempt(method, timeout)
            self._look_ahead(keys, answer)
            if not isinstance(answer, Exception):
                return answer.value
            if is_unchanged(answer):
                return True
            mended = self._mended(method, answer, keys, patience)
            if mended is None or type(answer) in tried:
                break
            tried.add(type(answer))
            method = mended
        raise translate(answer, self.language)

    async def send_file(
        self,
        kind: FileKind,
        chat_id: int,
        file: str | Upload,
        *,
        values: Mapping[str, Any] | None = None,
        priority: int = 0,
    ) -> Json:
        """The message with the file: one that Telegram has, by its id, or an upload. `values` are the method's
        other parameters (caption, message_thread_id, …). Raises as `call` does; `file_refused` when Telegram does
        not take this file as this kind."""
        files = {"file": file} if isinstance(file, Upload) else {}
        given = {"chat_id": chat_id, kind: _named(file, "file"), **(values or {})}
        method = RawMethod(f"send{kind.capitalize()}", given, files)
        return await self.call(method, priority=priority)

    async def send_album(
        self,
        chat_id: int,
        items: Sequence[tuple[FileKind, str | Upload]],
        *,
        caption: Mapping[str, Any] | None = None,
        values: Mapping[str, Any] | None = None,
        priority: int = 0,
    ) -> Json:
        """The messages of an album of 2 to 10 files: photos and videos, or documents, or audio
        (https://core.telegram.org/bots/api#sendmediagroup). `caption` are the fields `caption` and
        `caption_entities`; with the first file they are the album's."""
        files = {f"file{n}": file for n, (_, file) in enumerate(items) if isinstance(file, Upload)}
        media: list[dict[str, Any]] = [
            {"type": kind, "media": _named(file, f"file{n}")} for n, (kind, file) in enumerate(items)
        ]
        if caption:
            media[0] |= caption
        method = RawMethod("sendMediaGroup", {"chat_id": chat_id, "media": media, **(values or {})}, files)
        return await self.call(method, priority=priority)

    async def file_url(self, file_id: str) -> str:
        """Where the file can be fetched for an hour at least; it holds the token, so it goes nowhere but there.
        Raises `file_too_large` above 20 MB (https://core.telegram.org/bots/api#getfile)."""
        answer = await self.call(RawMethod("getFile", {"file_id": file_id}))
        path = answer.get("file_path") if isinstance(answer, dict) else None
        if not isinstance(path, str) or not path:
            raise failure("file_gone", self.language)
        return self._session.api.file_url(self._bot.token, quote(path))

    def pieces(self, text: str, *, room: int = 0) -> list[str]:
        """The text as so many messages; `room` is kept free in each."""
        return split(text, TEXT_LIMIT - room, "utf16")

    def shorten(self, text: str, limit: int) -> str:
        """The text within `limit` as Telegram counts, cut with an ellipsis between characters."""
        return shorten(text, limit, "utf16")

    def follow(self, old: int, new: int) -> None:
        """From now on calls to the chat `old` go to `new`."""
        if self._moved.get(old) != new:
            self._moved[old] = new
            _log.warning("telegram_group_moved", old=old, new=new)

    def known_as(self, chat: int) -> int:
        """The id a chat had before it moved, by the one it has now."""
        return next((old for old, new in self._moved.items() if new == chat), chat)

    def load(self, chat: int) -> Load | None:
        """How the budget of a group stands, as far as this process knows; None: the chat has none of its own."""
        return self._pacer.load(self._moved.get(chat, chat))

    async def _attempt(self, method: Method, timeout: float | None) -> _Answer | Exception:
        """Failures are returned, so that what is raised for them later has no trace of the request."""
        try:
            return _Answer(await self._session.make_request(self._bot, method, timeout))
        except (AiogramError, aiohttp.ClientError, OSError, ValueError) as error:
            return error

    def _mended(self, method: Method, error: Exception, keys: Keys, patience: float) -> Method | None:
        """What to call now that this failed; None: nothing helps."""
        if isinstance(error, TelegramMigrateToChat):
            self.follow(cast(int, getattr(method, "chat_id", 0)), error.migrate_to_chat_id)
            return method
        if isinstance(error, TelegramRetryAfter) and keys.all:
            self._pacer.penalise(keys.all[0], error.retry_after)
            return method if error.retry_after <= patience else None
        if isinstance(error, TelegramBadRequest) and any(getattr(method, name, None) for name in _MARKUP):
            return _without_markup(method) if translate(error, self.language).code == "bad_markup" else None
        return None

    async def _turn(self, method: Method, keys: Keys, priority: int, patience: float) -> None:
        for chat in self._ahead.unused():
            self._pacer.give_back(chat)
        has_place = self._ahead.taken(keys, method)
        taken: list[tuple[Hashable, float]] = [(keys.chat, keys.cost)] if has_place else []
        busy: float | None = None
        urgency = rank(method, priority)
        if keys.place is not None and urgency <= 1:
            patience = max(patience, CARD_PATIENCE_SECONDS)
        try:
            for key, cost in keys.costs[len(taken) :]:
                await self._pacer.wait(key, cost, urgency, patience=patience, place=keys.place)
                taken.append((key, cost))
        except TooBusy as error:
            busy = error.retry_after
        if busy is not None:
            for key, cost in taken:
                self._pacer.give_back(key, cost)
            raise failure("paced", self.language, retry_after=busy)

    def _give_back(self, keys: Keys) -> None:
        for key, cost in keys.costs:
            self._pacer.give_back(key, cost)

    def _look_ahead(self, keys: Keys, answer: _Answer | Exception) -> None:
        """Keeps the place for what is sent into the new topic, if it is there."""
        if not keys.ahead or keys.chat is None:
            return
        told = answer.value if isinstance(answer, _Answer) else None
        thread = told.get("message_thread_id") if isinstance(told, dict) else None
        if isinstance(thread, int):
            self._ahead.keep(keys.chat, thread)
        else:
            self._pacer.give_back(keys.chat, keys.ahead)

    def _at_home(self, method: Method) -> Method:
        moved = self._moved.get(getattr(method, "chat_id", 0)) if self._moved else None
        return method if moved is None else method.model_copy(update={"chat_id": moved})


@dataclass(frozen=True, slots=True)
class _Answer:
    value: Json


def _named(file: str | Upload, name: str) -> str:
    """https://core.telegram.org/bots/api#sending-files"""
    return f"attach://{name}" if isinstance(file, Upload) else file


def _without_markup(method: Method) -> Method:
    if not getattr(method, "parse_mode", None):
        return method.model_copy(update=dict.fromkeys(name for name in _MARKUP if getattr(method, name, None)))
    text = html.unescape(re.sub(r"<[^<>]*>", "", getattr(method, "text", "")))
    return method.model_copy(update={"parse_mode": None, "text": text})
