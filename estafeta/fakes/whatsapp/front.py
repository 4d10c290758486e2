"""The Graph API over HTTP: `/<version>/<node>[/<edge>]`, and the addresses of files; the rest goes to the page."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import parse_qsl

import orjson
from aiohttp import web

from estafeta.fakes.common.serving import Handler
from estafeta.fakes.whatsapp.calls import Answer, CloudApi
from estafeta.fakes.whatsapp.errors import Json, Refused
from estafeta.fakes.whatsapp.graph import Request
from estafeta.fakes.whatsapp.media import ATTACHMENTS, Upload, behind

VERSION = re.compile(r"v\d{1,2}\.\d")
NODE = re.compile(r"[0-9]{1,32}")


class Front:
    def __init__(self, api: CloudApi, elsewhere: Handler) -> None:
        self._api = api
        self._elsewhere = elsewhere

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == ATTACHMENTS:
            return await self._download(request)
        parts = tuple(part for part in request.path.split("/") if part)
        version = parts[0] if parts and VERSION.fullmatch(parts[0]) else ""
        path = parts[1:] if version else parts
        if not version and not (path and (NODE.fullmatch(path[0]) or path == ("debug_token",))):
            return await self._elsewhere(request)
        try:
            read = await _read(request, version, path)
        except Refused as refused:
            return _response(Answer(refused.status, orjson.dumps(refused.body())), version)
        answer = await self._api.call(read)
        if answer.dropped:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        return _response(answer, version)

    async def _download(self, request: web.BaseRequest) -> web.StreamResponse:
        """The bytes of a file: only for who has a token, and only while its address lives."""
        fault = self._api.faults.take("download", set()) if self._api.faults.planned else None
        query = dict(request.rel_url.query)
        bare = Request(method="GET", path=("download",), version="", query={}, token=_token(request, {}), body={})
        try:
            if fault is not None and fault.kind == "answer":
                raise fault.refusal()
            self._api.graph.check_token(bare)
            media = behind(self._api.graph.scene.world, query.get("hash", ""))
        except Refused as refused:
            return _response(Answer(refused.status, orjson.dumps(refused.body())), "")
        if fault is not None and fault.kind == "hang":
            await asyncio.sleep(fault.seconds)
        if fault is not None and fault.kind in {"drop_before", "drop_after"} and request.transport is not None:
            request.transport.abort()
            return web.Response()
        return web.Response(body=media.content, headers={"Content-Type": media.mime})


def _response(answer: Answer, version: str) -> web.Response:
    headers = {"Content-Type": "application/json; charset=UTF-8"}
    if version:
        headers["facebook-api-version"] = version
    if answer.status == 401:
        headers["WWW-Authenticate"] = 'OAuth "Facebook Platform" "invalid_token" "Invalid OAuth access token."'
    return web.Response(body=answer.body, status=answer.status, headers=headers)


def _token(request: web.BaseRequest, query: dict[str, str]) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() in {"bearer", "oauth"}:
        return token.strip()
    return query.get("access_token", "")


async def _read(request: web.BaseRequest, version: str, path: tuple[str, ...]) -> Request:
    query = dict(request.rel_url.query)
    token = _token(request, query)
    query.pop("access_token", None)
    body: Json = {}
    file: Upload | None = None
    try:
        if request.can_read_body:
            body, file = await _body(request)
    except web.HTTPRequestEntityTooLarge:
        raise Refused(131053, "The file is larger than the stand-in takes", status=413) from None
    except UnicodeDecodeError:
        raise Refused(100, "The body is not UTF-8") from None
    token = token or str(body.pop("access_token", ""))
    return Request(method=request.method, path=path, version=version, query=query, token=token, body=body, file=file)


async def _body(request: web.BaseRequest) -> tuple[Json, Upload | None]:
    if request.content_type == "multipart/form-data":
        return await _multipart(request)
    raw = await request.read()
    if request.content_type == "application/x-www-form-urlencoded":
        return dict(parse_qsl(raw.decode(), keep_blank_values=True)), None
    if not raw:
        return {}, None
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Refused(100, message="(#100) Invalid parameter: the body is not JSON") from None
    if not isinstance(value, dict):
        raise Refused(100, message="(#100) Invalid parameter: the body is not a JSON object")
    return value, None


async def _multipart(request: web.BaseRequest) -> tuple[Json, Upload | None]:
    body: Json = {}
    file: Upload | None = None
    try:
        fields = await request.post()
    except ValueError:
        raise Refused(100, message="(#100) Invalid parameter: the form cannot be read") from None
    for name, value in fields.items():
        if isinstance(value, web.FileField):
            with value.file:
                upload = Upload(value.filename, value.content_type, value.file.read())
            file = upload if name == "file" else file
        else:
            body[name] = value.decode() if isinstance(value, bytes | bytearray) else str(value)
    return body, file
