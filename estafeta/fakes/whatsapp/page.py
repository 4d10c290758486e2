"""The page at `/` and the control interface under `/fake/api/`: for people with a browser, and for programs.

Nothing here needs a token, so it trusts nobody else: a foreign page can neither post (JSON only, the origin is
checked) nor read (a foreign host name is refused, which stops DNS rebinding).
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import orjson
from aiohttp import web
from pydantic import ValidationError

from estafeta.fakes.common.errors import NotPossible
from estafeta.fakes.common.serving import loopback
from estafeta.fakes.whatsapp.acts import ACTS, participant
from estafeta.fakes.whatsapp.errors import Json, Refused

if TYPE_CHECKING:
    from estafeta.fakes.whatsapp.fake import FakeWhatsApp

STATIC = Path(__file__).parent / "static"
FILES = {
    "/": ("index.html", "text/html"),
    "/fake/style.css": ("style.css", "text/css"),
    "/fake/page.js": ("page.js", "text/javascript"),
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
LAST_CALLS = 100


class Page:
    def __init__(self, fake: FakeWhatsApp) -> None:
        self._fake = fake

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if not self._trusted(request):
            return _error(403, "this page is for the machine it runs on")
        path = request.path
        if request.method == "POST" and path.startswith("/fake/api/"):
            return await self._act(request, path.removeprefix("/fake/api/"))
        if request.method != "GET":
            return _error(404, "there is no such page")
        if path in FILES:
            name, kind = FILES[path]
            return web.Response(body=(STATIC / name).read_bytes(), content_type=kind, charset="utf-8", headers=HEADERS)
        match path:
            case "/fake/api/view":
                return self._view(request)
            case "/fake/api/calls":
                return _json(self._calls())
            case "/fake/api/events":
                return await self._events(request)
        return _error(404, "there is no such page")

    def _trusted(self, request: web.BaseRequest) -> bool:
        host = request.headers.get("Host", "")
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return False
        return not loopback(self._fake.host) or loopback(urlsplit(f"//{host}").hostname or "")

    def _view(self, request: web.BaseRequest) -> web.StreamResponse:
        """Everybody, and the chat of the query's `person` with its `number`."""
        fake, person = self._fake, request.query.get("person", "")
        view: Json = {
            "now": fake.clock.now(),
            "numbers": [{"id": n.id, "name": n.verified_name, "phone": n.phone} for n in fake.world.numbers.values()],
            "people": [{"id": p.id, "name": p.user.name, "phone": p.phone} for p in fake.people()],
        }
        if person:
            try:
                who = participant(fake, person, request.query.get("number", ""))
            except NotPossible as problem:
                return _error(404, str(problem))
            view["chat"] = {
                "messages": [asdict(message) for message in fake.messages(who)],
                "typing": fake.typing(who),
                "open_until": who.chat.open_until,
                "blocked": who.chat.blocked,
                "online": who.user.online,
            }
        return _json(view)

    def _calls(self) -> Json:
        calls = [
            {
                "operation": call.operation,
                "status": call.status,
                "code": call.code,
                "params": call.params,
                "at": call.at,
            }
            for call in list(self._fake.calls)[-LAST_CALLS:]
        ]
        return {"calls": calls, "violations": self._fake.violations}

    async def _act(self, request: web.BaseRequest, name: str) -> web.StreamResponse:
        model = ACTS.get(name)
        if model is None:
            return _error(404, "there is no such act")
        if request.content_type != "application/json":
            return _error(415, "acts are JSON")
        try:
            act = model.model_validate_json(await request.read())
            return _json(await act.play(self._fake))
        except ValidationError as problem:
            first = problem.errors(include_url=False, include_input=False)[0]
            return _error(400, f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
        except (NotPossible, Refused) as problem:
            return _error(409, str(problem))

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


def _json(body: Json, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json", headers=HEADERS)


def _error(status: int, text: str) -> web.Response:
    return _json({"error": text}, status)
