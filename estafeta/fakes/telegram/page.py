"""The page at `/` and the control interface under `/fake/api/`: for people with a browser, and for programs.

Nothing here needs a token, so it trusts nobody else: a foreign page can neither post (JSON only, the origin is
checked) nor read (a foreign host name is refused, which stops DNS rebinding).
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import orjson
from aiohttp import web
from pydantic import ValidationError

from estafeta.fakes.common.errors import NotPossible
from estafeta.fakes.common.serving import Handler, loopback
from estafeta.fakes.telegram.acts import ACTS, journal
from estafeta.fakes.telegram.errors import Json, Refused
from estafeta.fakes.telegram.view import image_type, view

if TYPE_CHECKING:
    from estafeta.fakes.telegram.fake import FakeTelegram

STATIC = Path(__file__).parent / "static"
FILES = {
    "/fake/style.css": ("style.css", "text/css"),
    "/fake/page.js": ("page.js", "text/javascript"),
    "/fake/message.js": ("message.js", "text/javascript"),
    "/fake/signs.js": ("signs.js", "text/javascript"),
    "/fake/words.js": ("words.js", "text/javascript"),
    "/fake/icon.svg": ("icon.svg", "image/svg+xml"),
}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
TOGETHER = 0.05
"""Seconds in which changes are told as one."""
HEARTBEAT = 20


class Page:
    def __init__(self, fake: FakeTelegram) -> None:
        self._fake = fake
        self._reads: dict[str, Handler] = {
            "/": self._index,
            "/fake/api/view": self._view,
            "/fake/api/events": self._events,
            "/fake/api/calls": self._calls,
            "/fake/api/file": self._file,
        }

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if not self._trusted(request):
            return _error(403, "this page is for the machine it runs on")
        if request.method in {"GET", "HEAD"}:
            if request.path in FILES:
                name, kind = FILES[request.path]
                return _static(name, kind)
            reader = self._reads.get(request.path)
            return await reader(request) if reader else _error(404, "there is no such page")
        if request.method == "POST" and request.path.startswith("/fake/api/"):
            return await self._act(request, request.path.removeprefix("/fake/api/"))
        return _error(404, "there is no such page")

    def _trusted(self, request: web.BaseRequest) -> bool:
        host = request.headers.get("Host", "")
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return False
        return not loopback(self._fake.host) or loopback(urlsplit(f"//{host}").hostname or "")

    async def _index(self, request: web.BaseRequest) -> web.StreamResponse:
        language = "en" if _prefers_english(request.headers.get("Accept-Language", "")) else "ru"
        text = (STATIC / "index.html").read_text(encoding="utf-8").replace('lang="ru"', f'lang="{language}"', 1)
        return web.Response(text=text, content_type="text/html", headers=HEADERS | {"Vary": "Accept-Language"})

    async def _view(self, request: web.BaseRequest) -> web.StreamResponse:
        query = request.query
        try:
            wanted = [int(query.get(name, "0")) for name in ("customer", "group", "topic")]
        except ValueError:
            return _error(400, "customer, group and topic are numbers")
        return _json(view(self._fake, *wanted))

    async def _calls(self, request: web.BaseRequest) -> web.StreamResponse:
        last = request.query.get("last", "100")
        if not last.isdecimal():
            return _error(400, "last is a number")
        return _json({"calls": journal(self._fake, int(last)), "violations": self._fake.violations})

    async def _file(self, request: web.BaseRequest) -> web.StreamResponse:
        file = self._fake.world.files.get(request.query.get("id", ""))
        if file is None:
            return _error(404, "there is no such file")
        headers = HEADERS | {"Content-Security-Policy": "default-src 'none'; sandbox"}
        kind = image_type(file.content)
        if not kind:
            headers["Content-Disposition"] = f'attachment; filename="{file.path.rsplit("/", 1)[-1].encode().hex()}.bin"'
        return web.Response(body=file.content, content_type=kind or "application/octet-stream", headers=headers)

    async def _act(self, request: web.BaseRequest, name: str) -> web.StreamResponse:
        model = ACTS.get(name)
        if model is None:
            return _error(404, "there is no such act")
        if request.content_type != "application/json":
            return _error(415, "acts are JSON")
        try:
            act = model.model_validate_json(await request.read())
            return _json(act.play(self._fake))
        except ValidationError as problem:
            first = problem.errors(include_url=False, include_input=False)[0]
            return _error(400, f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
        except NotPossible as problem:
            return _error(409, str(problem))
        except Refused as refused:
            return _error(409, refused.description)

    async def _events(self, request: web.BaseRequest) -> web.StreamResponse:
        """Server-sent events: one `data: changed` after every change, whatever it was."""
        changed = asyncio.Event()
        stop_listening = self._fake.listen(changed.set)
        response = web.StreamResponse(headers=HEADERS | {"Content-Type": "text/event-stream"})
        try:
            await response.prepare(request)
            await response.write(b"retry: 500\ndata: changed\n\n")
            while self._fake.running:
                try:
                    async with asyncio.timeout(HEARTBEAT):
                        await changed.wait()
                except TimeoutError:
                    await response.write(b": here\n\n")
                    continue
                await asyncio.sleep(TOGETHER)
                changed.clear()
                await response.write(b"data: changed\n\n")
        except ConnectionError:
            pass  # the browser has gone: nothing to tell
        finally:
            stop_listening()
        return response


def _prefers_english(accepted: str) -> bool:
    """Russian unless the browser names English first (or another language and never Russian)."""
    wanted = [part.split(";")[0].strip().lower()[:2] for part in accepted.split(",") if part.strip()]
    known = [language for language in wanted if language in {"ru", "en"}]
    return known[0] == "en" if known else bool(wanted) and wanted != ["*"]


def _static(name: str, kind: str) -> web.Response:
    return web.Response(body=(STATIC / name).read_bytes(), content_type=kind, charset="utf-8", headers=HEADERS)


def _json(body: Json, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json", headers=HEADERS)


def _error(status: int, text: str) -> web.Response:
    return _json({"error": text}, status)
