"""VK over HTTP: `/method/<name>`, `/longpoll/<community>`, `/upload/…` and `/files/…`."""

from __future__ import annotations

from urllib.parse import parse_qsl

import orjson
from aiohttp import web

from estafeta.fakes.common.errors import Json
from estafeta.fakes.vk import uploads
from estafeta.fakes.vk.calls import VkApi, method_name


class Front:
    def __init__(self, api: VkApi) -> None:
        self._api = api

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        section, _, rest = request.path.lstrip("/").partition("/")
        match section:
            case "method":
                return await self._call(request, rest)
            case "longpoll":
                return await self._poll(request, rest)
            case "upload":
                return await self._upload(request, rest)
            case "files":
                return self._download(request.path)
            case _:
                return web.Response(status=404, text="404 Not Found")

    async def _call(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        try:
            raw = await _parameters(request)
        except (ValueError, web.HTTPRequestEntityTooLarge):
            return web.Response(status=400, text="400 Bad Request")
        answer = await self._api.call(method_name(path) or "unknown", raw)
        if answer.dropped:
            return _broken(request)
        kind = "application/json" if answer.status == 200 else "text/html"
        return web.Response(body=answer.body, status=answer.status, content_type=kind)

    async def _poll(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        """The journal knows a poll as `a_check`; so may faults."""
        poll = self._api.scene.polls.get(int(path) if path.isdecimal() else 0)
        query = dict(request.query)
        if poll is None or query.get("act") != "a_check":
            return web.Response(status=404, text="404 Not Found")
        fault = self._api.faults.take("a_check", None)
        if fault is not None and fault.kind == "answer":
            return web.Response(status=fault.status if fault.status != 200 else 502, text="502 Bad Gateway")
        body = orjson.dumps(await poll.check(query))
        if fault is not None and fault.kind in {"drop_before", "drop_after"}:
            return _broken(request)
        if fault is not None and fault.kind == "broken_json":
            body = body[: len(body) // 2]
        return web.Response(body=body, content_type="application/json")

    async def _upload(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        name, content = "", None
        try:
            fields = await request.post()
        except (ValueError, web.HTTPRequestEntityTooLarge):
            return web.Response(status=400, text="400 Bad Request")
        value = fields.get(uploads.FIELDS.get(path.partition("/")[0], ""))
        if isinstance(value, web.FileField):
            with value.file:
                name, content = value.filename, value.file.read()
        answer = uploads.receive(self._api.scene, path, name, content)
        return web.Response(body=orjson.dumps(answer), content_type="application/json")

    def _download(self, path: str) -> web.StreamResponse:
        for file in self._api.scene.world.files.values():
            if file.path == path:
                return web.Response(body=file.content, content_type="application/octet-stream")
        return web.Response(status=404, text="404 Not Found")


def _broken(request: web.BaseRequest) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _parameters(request: web.BaseRequest) -> Json:
    """From the query and from a form; VK takes no JSON (https://dev.vk.com/ru/api/api-requests)."""
    raw: Json = dict(request.query)
    kind = request.content_type
    if request.can_read_body and kind == "application/x-www-form-urlencoded":
        body = (await request.read()).decode()
        raw.update(parse_qsl(body, keep_blank_values=True, errors="strict"))
    elif request.can_read_body and kind == "multipart/form-data":
        raw.update({name: value for name, value in (await request.post()).items() if isinstance(value, str)})
    return raw
