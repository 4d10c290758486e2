"""The Bot API over HTTP: `/bot<TOKEN>/<method>` and `/file/bot<TOKEN>/<path>`; everything else goes to the page.

A bare `aiohttp.web.Server` without the application's routing, for benchmarks measure the bot and not its stand-in.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson
from aiohttp import web

from estafeta.fakes.common.serving import Handler
from estafeta.fakes.telegram.calls import BotApi
from estafeta.fakes.telegram.errors import Json, Refused, bad
from estafeta.fakes.telegram.scene import Upload, Uploads


class Front:
    """`bots` are the bots' APIs by their tokens; it may grow."""

    def __init__(self, bots: Mapping[str, BotApi], elsewhere: Handler) -> None:
        self._bots = bots
        self._elsewhere = elsewhere

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if path.startswith("/bot"):
            return await self._call(request, path[4:])
        if path.startswith("/file/bot"):
            return self._download(path[9:])
        return await self._elsewhere(request)

    def _bot(self, token: str) -> BotApi | None:
        found = None
        for known, api in self._bots.items():
            if hmac.compare_digest(token.encode(), known.encode()):
                found = api
        return found

    async def _call(self, request: web.BaseRequest, rest: str) -> web.StreamResponse:
        token, _, method = rest.partition("/")
        api = self._bot(token)
        if api is None:
            return _refusal(Refused(401))
        try:
            raw, uploads = await _parameters(request)
        except Refused as refused:
            return _refusal(refused)
        answer = await api.call(method, raw, uploads)
        if answer.dropped:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        return web.Response(body=answer.body, status=answer.status, content_type="application/json")

    def _download(self, rest: str) -> web.StreamResponse:
        token, _, path = rest.partition("/")
        api = self._bot(token)
        if api is None:
            return _refusal(Refused(401))
        for file in api.scene.world.files.values():
            if file.path == path:
                return web.Response(body=file.content, content_type="application/octet-stream")
        return _refusal(Refused(404))


def _refusal(refused: Refused) -> web.Response:
    return web.Response(body=orjson.dumps(refused.body()), status=refused.status, content_type="application/json")


async def _parameters(request: web.BaseRequest) -> tuple[Json, Uploads]:
    """Parameters from the query and from the body in any of the forms the Bot API takes."""
    raw: Json = {}
    try:
        if request.query_string:
            raw.update(parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True, errors="strict"))
        if not request.can_read_body:
            return raw, {}
        kind = request.content_type
        if kind == "multipart/form-data":
            return await _multipart(request, raw)
        body = await request.read()
        if kind == "application/json":
            raw.update(_json_object(body))
        else:
            raw.update(parse_qsl(body.decode(), keep_blank_values=True, errors="strict"))
    except UnicodeDecodeError:
        raise bad("strings must be encoded in UTF-8") from None
    except web.HTTPRequestEntityTooLarge:
        raise Refused(413, "Request Entity Too Large") from None
    return raw, {}


def _json_object(body: bytes) -> Json:
    try:
        value = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        raise bad("can't parse request body as JSON object") from None
    if not isinstance(value, dict):
        raise bad("can't parse request body as JSON object")
    return {key: item for key, item in value.items() if item is not None}


async def _multipart(request: web.BaseRequest, raw: Json) -> tuple[Json, Uploads]:
    uploads: Uploads = {}
    try:
        fields = await request.post()
    except ValueError:
        raise bad("can't parse multipart body") from None
    for name, value in fields.items():
        if isinstance(value, web.FileField):
            with value.file:
                uploads[name] = Upload(value.filename, value.content_type, value.file.read())
        else:
            raw[name] = _text(value)
    return raw, uploads


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes | bytearray) else str(value)
