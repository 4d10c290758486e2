"""The page at `/` of every stand-in and its control interface under `/fake/api/`: for people with a browser, and for
programs.

Nothing here needs a token, so it trusts nobody else: a foreign page can neither post (JSON only, the origin is
checked) nor read (a foreign host name is refused, which stops DNS rebinding), and only a page of the same host may
show this one in a frame.
"""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import orjson
from aiohttp import web
from pydantic import BaseModel, ValidationError

from estafeta.fakes.common.errors import Json, NotPossible
from estafeta.fakes.common.pictures import image_type
from estafeta.fakes.common.serving import Handler, loopback

SHARED = Path(__file__).parent / "static"
"""What the pages of all stand-ins are made of; a file of the same name among a stand-in's own comes before it."""
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
TOGETHER = 0.05
"""Seconds in which changes are told as one."""
HEARTBEAT = 20
LAST_CALLS = 100
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}")


class Messenger(Protocol):
    """What a page asks of its stand-in."""

    @property
    def host(self) -> str: ...

    @property
    def running(self) -> bool: ...

    @property
    def violations(self) -> list[str]: ...

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]: ...


class Act(Protocol):
    """What may be done through `POST /fake/api/<name>`: a checked model with its deed."""

    def play(self, fake: Any) -> Json | Awaitable[Json]: ...


class Page:
    """`static`: the stand-in's own files. `acts`: models with a deed, by name. `refused`: what the messenger's own
    refusals are. `view`: what is on the screen, for a query; raises ValueError for a query that makes no sense.
    `journal`: the last so many calls of the bot. `file`: content and name of a file, None when there is none."""

    def __init__(
        self,
        fake: Messenger,
        *,
        static: Path,
        acts: Mapping[str, type[BaseModel]],
        refused: type[Exception],
        view: Callable[[Mapping[str, str]], Json],
        journal: Callable[[int], list[Json]],
        file: Callable[[str], tuple[bytes, str] | None],
    ) -> None:
        self._fake = fake
        self._acts = acts
        self._refused = refused
        self._view, self._journal, self._content = view, journal, file
        self._files = {f"/fake/{path.name}": path for folder in (SHARED, static) for path in folder.iterdir()}
        self._reads: dict[str, Handler] = {
            "/": self._index,
            "/fake/api/view": self._show,
            "/fake/api/events": self._events,
            "/fake/api/calls": self._calls,
            "/fake/api/file": self._file,
        }

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if not trusted(request, self._fake.host):
            return error(request, 403, "this page is for the machine it runs on")
        path = request.path
        if request.method in {"GET", "HEAD"}:
            if path in self._files:
                return static_file(request, self._files[path])
            reader = self._reads.get(path)
            return await reader(request) if reader else error(request, 404, "there is no such page")
        if request.method == "POST" and path.startswith("/fake/api/"):
            return await self._act(request, path.removeprefix("/fake/api/"))
        return error(request, 404, "there is no such page")

    async def _index(self, request: web.BaseRequest) -> web.StreamResponse:
        return index(request, self._files["/fake/index.html"])

    async def _show(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return json_answer(request, self._view(request.query))
        except NotPossible as problem:
            return error(request, 404, str(problem))
        except ValueError:
            return error(request, 400, "ids in the query are numbers")

    async def _calls(self, request: web.BaseRequest) -> web.StreamResponse:
        last = request.query.get("last", str(LAST_CALLS))
        if not last.isdecimal():
            return error(request, 400, "last is a number")
        return json_answer(request, {"calls": self._journal(int(last)), "violations": self._fake.violations})

    async def _file(self, request: web.BaseRequest) -> web.StreamResponse:
        found = self._content(request.query.get("id", ""))
        if found is None:
            return error(request, 404, "there is no such file")
        content, name = found
        headers = headers_for(request) | {"Content-Security-Policy": "default-src 'none'; sandbox"}
        kind = image_type(content)
        if not kind:
            headers["Content-Disposition"] = f'attachment; filename="{name.encode().hex()}.bin"'
        return web.Response(body=content, content_type=kind or "application/octet-stream", headers=headers)

    async def _act(self, request: web.BaseRequest, name: str) -> web.StreamResponse:
        model: Any = self._acts.get(name)
        if model is None:
            return error(request, 404, "there is no such act")
        if request.content_type != "application/json":
            return error(request, 415, "acts are JSON")
        try:
            act: Act = model.model_validate_json(await request.read())
            done = act.play(self._fake)
            return json_answer(request, await done if inspect.isawaitable(done) else done)
        except ValidationError as problem:
            first = problem.errors(include_url=False, include_input=False)[0]
            return error(request, 400, f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
        except (NotPossible, self._refused) as problem:
            return error(request, 409, str(problem))

    async def _events(self, request: web.BaseRequest) -> web.StreamResponse:
        """Server-sent events: one `data: changed` after every change, whatever it was."""
        changed = asyncio.Event()
        stop_listening = self._fake.listen(changed.set)
        response = web.StreamResponse(headers=headers_for(request) | {"Content-Type": "text/event-stream"})
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


def trusted(request: web.BaseRequest, served_on: str) -> bool:
    """Whether a page of this very host asks, or a program of this machine."""
    host = request.headers.get("Host", "")
    origin = request.headers.get("Origin")
    if origin is not None and origin.partition("://")[2] != host:
        return False
    return not loopback(served_on) or loopback(_name_of(host))


def headers_for(request: web.BaseRequest, *, frames: bool = False) -> dict[str, str]:
    """`frames`: pages of the same host, whatever their port, may be shown in frames here."""
    host = _name_of(request.headers.get("Host", ""))
    same_host = f"http://{host}:*" if _HOST.fullmatch(host) else "'none'"
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        f"base-uri 'none'; form-action 'none'; frame-ancestors {same_host}"
    )
    return {
        "Content-Security-Policy": f"{policy}; frame-src {same_host}" if frames else policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }


def index(request: web.BaseRequest, path: Path, *, frames: bool = False) -> web.Response:
    """A page in the browser's language."""
    language = "en" if _prefers_english(request.headers.get("Accept-Language", "")) else "ru"
    text = path.read_text(encoding="utf-8").replace('lang="ru"', f'lang="{language}"', 1)
    headers = headers_for(request, frames=frames) | {"Vary": "Accept-Language"}
    return web.Response(text=text, content_type="text/html", headers=headers)


def static_file(request: web.BaseRequest, path: Path) -> web.Response:
    kind = KINDS[path.suffix]
    return web.Response(body=path.read_bytes(), content_type=kind, charset="utf-8", headers=headers_for(request))


def _name_of(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _prefers_english(accepted: str) -> bool:
    """Russian unless the browser names English first (or another language and never Russian)."""
    wanted = [part.split(";")[0].strip().lower()[:2] for part in accepted.split(",") if part.strip()]
    known = [language for language in wanted if language in {"ru", "en"}]
    return known[0] == "en" if known else bool(wanted) and wanted != ["*"]


def json_answer(request: web.BaseRequest, body: Json, status: int = 200) -> web.Response:
    content = orjson.dumps(body)
    return web.Response(body=content, status=status, content_type="application/json", headers=headers_for(request))


def error(request: web.BaseRequest, status: int, text: str) -> web.Response:
    return json_answer(request, {"error": text}, status)
