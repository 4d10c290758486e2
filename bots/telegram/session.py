"""How calls of the Bot API travel: methods by name, files as a form, answers as plain JSON.

aiogram's models stay out of it where thousands are sent: building and validating them costs more than the request.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import aiohttp
import orjson
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import ClientDecodeError
from aiogram.methods import Response, TelegramMethod
from aiogram.types import InputFile
from yarl import URL

from bots.wire import loads

REQUEST_SECONDS = 15.0
_UPLOAD_BYTES_PER_SECOND = 128 * 1024
"""Whoever uploads more slowly than that is cut off."""
_NO_NAME = re.compile(r'[\x00-\x1f\x7f"\\/]+')

_T = TypeVar("_T")
_PLAIN = (str, int, float)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file on its way to Telegram: what lies at `path`, under a name that people may see."""

    path: Path
    name: str
    mime: str = "application/octet-stream"
    size: int = 0

    @property
    def safe_name(self) -> str:
        """Fit for a header."""
        return _NO_NAME.sub("_", self.name).strip()[-128:] or "file"


class RawMethod:
    """A method of the Bot API by name with values that are plain JSON already.

    `files` go along with it: a value calls one "attach://" and its name
    (https://core.telegram.org/bots/api#sending-files).
    """

    __slots__ = ("__api_method__", "files", "values")
    __returning__ = Any

    def __init__(self, name: str, values: dict[str, Any], files: Mapping[str, Upload] | None = None) -> None:
        self.__api_method__ = name
        self.values = values
        self.files = files or {}

    def __getattr__(self, name: str) -> Any:
        return self.values.get(name)

    def model_copy(self, *, update: dict[str, Any]) -> RawMethod:
        return RawMethod(self.__api_method__, {**self.values, **update}, self.files)


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
        if isinstance(method, RawMethod) and method.files:
            return await self._upload(bot, method, body, timeout)
        headers = {"Content-Type": "application/json"}
        return await self._post(bot, method, orjson.dumps(body), timeout, headers)

    async def _post(
        self, bot: Bot, method: Method, data: Any, timeout: float | None, headers: Mapping[str, str] | None = None
    ) -> Any:
        session = await self.create_session()
        url = self._url(bot.token, method.__api_method__)
        async with session.post(url, data=data, headers=headers, timeout=self._limit(timeout)) as answer:
            content = await answer.read()
            status = answer.status
        return self._result(bot, method, status, content)

    async def _upload(self, bot: Bot, method: RawMethod, body: dict[str, Any], timeout: float | None) -> Any:
        """Names go as they are, in UTF-8, as Telegram reads them: https://core.telegram.org/bots/api#sending-files"""
        form = aiohttp.FormData(quote_fields=False)
        for name, value in body.items():
            form.add_field(name, value if isinstance(value, str) else orjson.dumps(value).decode())
        with ExitStack() as opened:
            for name, upload in method.files.items():
                file = opened.enter_context(await asyncio.to_thread(upload.path.open, "rb"))
                form.add_field(name, file, filename=upload.safe_name, content_type=upload.mime)
            size = sum(upload.size for upload in method.files.values())
            slowest = REQUEST_SECONDS + size / _UPLOAD_BYTES_PER_SECOND
            return await self._post(bot, method, form, slowest if timeout is None else timeout)

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
