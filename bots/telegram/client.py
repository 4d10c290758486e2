"""The Bot API, paced and translated.

aiogram makes the requests and knows the methods; this adds what a platform needs around it: a lean
wire (a JSON body, an answer that is read but not modelled: half the cost of a form and a model), the
limits of Telegram, one translation of every failure into `SendFailed`, and a token that gets nowhere.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import aiohttp
import orjson
import structlog
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import PRODUCTION, TelegramAPIServer
from aiogram.exceptions import (
    AiogramError,
    ClientDecodeError,
    TelegramBadRequest,
    TelegramMigrateToChat,
    TelegramRetryAfter,
)
from aiogram.methods import Response, TelegramMethod
from aiogram.types import InputFile
from pydantic import SecretStr
from yarl import URL

from bots.pacing import Buckets, Pacer, Rate, TooBusy
from bots.splitting import shorten, split
from bots.telegram.config import TelegramLimits
from bots.telegram.failures import Language, failure, is_unchanged, translate
from bots.telegram.wire import loads
from estafeta.kernel.model import Json
from estafeta.kernel.ports import Clock

TEXT_LIMIT = 4096
"""UTF-16 code units of a message's text (https://core.telegram.org/bots/api#sendmessage)."""

REQUEST_SECONDS = 15.0
PATIENCE_SECONDS = 20.0

_T = TypeVar("_T")
# What posts and edits nothing takes nothing from a chat's budget (https://github.com/tdlib/td/issues/2592).
_CHATLESS = frozenset(("getMe", "getUpdates", "getChat", "getChatMember", "sendChatAction"))
_FREE = frozenset(("getMe", "getUpdates", "deleteWebhook", "setWebhook"))
_PLAIN = (str, int, float)
_log = structlog.get_logger(__name__)


class RawMethod:
    """A method of the Bot API by name with values that are plain JSON already.

    Stands for aiogram's model where thousands are sent: building and validating the model costs more
    than the request.
    """

    __slots__ = ("__api_method__", "values")
    __returning__ = Any

    def __init__(self, name: str, values: dict[str, Any]) -> None:
        self.__api_method__ = name
        self.values = values

    def __getattr__(self, name: str) -> Any:
        return self.values.get(name)

    def model_copy(self, *, update: dict[str, Any]) -> RawMethod:
        return RawMethod(self.__api_method__, {**self.values, **update})


Method = TelegramMethod[Any] | RawMethod


class LeanSession(AiohttpSession):
    """aiogram's session with JSON bodies and unmodelled answers: methods return plain JSON values."""

    def __init__(self, *, api: TelegramAPIServer) -> None:
        super().__init__(api=api, timeout=REQUEST_SECONDS)
        self._urls: dict[str, URL] = {}
        self._timeouts: dict[float | None, aiohttp.ClientTimeout] = {}

    async def make_request(self, bot: Bot, method: Any, timeout: float | None = None) -> Any:
        files: dict[str, InputFile] = {}
        body = self._body(bot, method, files)
        if files:
            return await super().make_request(bot, method, cast(int | None, timeout))
        session = await self.create_session()
        async with session.post(
            self._url(bot.token, method.__api_method__),
            data=orjson.dumps(body),
            headers={"Content-Type": "application/json"},
            timeout=self._limit(timeout),
        ) as answer:
            content = await answer.read()
            status = answer.status
        return self._result(bot, method, status, content)

    def check_response(self, bot: Bot, method: TelegramMethod[_T], status_code: int, content: str) -> Response[_T]:
        """aiogram's own way here, for requests with files."""
        result = self._result(bot, method, status_code, content.encode())
        return Response[Any].model_construct(ok=True, result=result)

    def _result(self, bot: Bot, method: Method, status_code: int, content: bytes) -> Any:
        """What the method returned, or aiogram's exception for the refusal."""
        try:
            answer = loads(content)
        except ValueError as error:
            raise ClientDecodeError("no JSON", error, "") from None
        if not isinstance(answer, dict) or (answer.get("ok") is not True and not answer.get("description")):
            raise ClientDecodeError("no answer of the Bot API", ValueError(f"status {status_code}"), "")
        if answer.get("ok") is True:
            return answer.get("result")
        text = orjson.dumps(answer).decode()
        return super().check_response(bot, cast(TelegramMethod[Any], method), status_code, text).result

    def _body(self, bot: Bot, method: Method, files: dict[str, InputFile]) -> dict[str, Any]:
        """What was given to the method; files in it are collected in `files`."""
        if isinstance(method, RawMethod):
            return {name: value for name, value in method.values.items() if value is not None}
        body = {}
        for name in method.model_fields_set:
            value = getattr(method, name)
            if not isinstance(value, _PLAIN):
                value = self.prepare_value(value, bot=bot, files=files, _dumps_json=False)
            if value is not None:
                body[name] = value
        return body

    def _url(self, token: str, method: str) -> URL:
        url = self._urls.get(method)
        if url is None:
            url = self._urls[method] = URL(self.api.api_url(token=token, method=method))
        return url

    def _limit(self, timeout: float | None) -> aiohttp.ClientTimeout:
        limit = self._timeouts.get(timeout)
        if limit is None:
            limit = aiohttp.ClientTimeout(total=self.timeout if timeout is None else timeout, connect=10.0)
            self._timeouts[timeout] = limit
        return limit


@dataclass(frozen=True, slots=True)
class _Keys:
    """Whose budgets a call takes from: the chat's, the bot's."""

    chat: Hashable | None
    bot: Hashable | None

    @property
    def all(self) -> list[Hashable]:
        return [key for key in (self.chat, self.bot) if key is not None]


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
            clock, self._rate_of, buckets=buckets, scope=f"telegram:{self.bot_id}", is_shared=_has_many_senders
        )
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
            keys = self._keys(method)
            asking = self._worker()
            await self._turn(keys, priority, patience)
            if keys.chat is not None and not (asking and self._worker() == asking):
                self._give_back(keys.all)
                raise failure("paced", self.language, retry_after=0.0)
            if unless is not None and unless():
                self._give_back(keys.all)
                return None
            answer = await self._attempt(method, timeout)
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

    async def _attempt(self, method: Method, timeout: float | None) -> _Answer | Exception:
        """Failures are returned, so that what is raised for them later has no trace of the request."""
        try:
            return _Answer(await self._session.make_request(self._bot, method, timeout))
        except (AiogramError, aiohttp.ClientError, OSError, ValueError) as error:
            return error

    def _mended(self, method: Method, error: Exception, keys: _Keys, patience: float) -> Method | None:
        """What to call now that this failed; None: nothing helps."""
        if isinstance(error, TelegramMigrateToChat):
            self.follow(cast(int, getattr(method, "chat_id", 0)), error.migrate_to_chat_id)
            return method
        if isinstance(error, TelegramRetryAfter) and keys.all:
            self._pacer.penalise(keys.all[0], error.retry_after)
            return method if error.retry_after <= patience else None
        if isinstance(error, TelegramBadRequest) and getattr(method, "parse_mode", None):
            return _without_markup(method) if translate(error, self.language).code == "bad_markup" else None
        return None

    async def _turn(self, keys: _Keys, priority: int, patience: float) -> None:
        taken: list[Hashable] = []
        busy: float | None = None
        try:
            for key in keys.all:
                await self._pacer.wait(key, 1.0, priority, patience=patience)
                taken.append(key)
        except TooBusy as error:
            busy = error.retry_after
        if busy is not None:
            self._give_back(taken)
            raise failure("paced", self.language, retry_after=busy)

    def _give_back(self, keys: Sequence[Hashable]) -> None:
        for key in keys:
            self._pacer.give_back(key)

    def _keys(self, method: Method) -> _Keys:
        name = method.__api_method__
        return _Keys(
            chat=None if name in _CHATLESS else getattr(method, "chat_id", None), bot=None if name in _FREE else "bot"
        )

    def _rate_of(self, key: Hashable) -> Rate:
        if key == "bot":
            return Rate.within(self._limits.bot_per_second, 1.0)
        if isinstance(key, int) and key < 0:
            return Rate.within(self._limits.group_per_minute, 60.0)
        return Rate(burst=self._limits.chat_burst, per_second=self._limits.chat_per_second)

    def _at_home(self, method: Method) -> Method:
        moved = self._moved.get(getattr(method, "chat_id", 0)) if self._moved else None
        return method if moved is None else method.model_copy(update={"chat_id": moved})


@dataclass(frozen=True, slots=True)
class _Answer:
    value: Json


def _has_many_senders(key: Hashable) -> bool:
    """The bot's budget and the group's are everybody's. One customer's chat has one sender at a time, and
    asking elsewhere before each message would cost a round trip."""
    return key == "bot" or (isinstance(key, int) and key < 0)


def _without_markup(method: Method) -> Method:
    text = html.unescape(re.sub(r"<[^<>]*>", "", getattr(method, "text", "")))
    return method.model_copy(update={"parse_mode": None, "text": text})
