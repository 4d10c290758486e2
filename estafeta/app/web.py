"""The web application: what is common to all routes, health, and a way in from the command line."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from estafeta.app import control
from estafeta.kernel.errors import StoreUnavailable

_log = structlog.get_logger("web")

_LARGEST_BODY = 4 * 1024 * 1024
_PAGE = """<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>Estafeta</title>
<p>Estafeta работает · is running. <a href="/desk">Рабочее место оператора · Operator's desk</a></p>"""


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """An exception on our side becomes an answer in words, and a log line without the request's content."""
    try:
        answer = await handler(request)
    except web.HTTPException:
        raise
    except StoreUnavailable as error:
        _log.warning("store_unavailable", path=request.path, error=str(error))
        return web.json_response({"error": {"code": "unavailable", "text": str(error)}}, status=503)
    except Exception:
        _log.exception("request_failed", method=request.method, path=request.path)
        text = "Ошибка на нашей стороне, она записана в журнал. Something failed on our side; it is in the log."
        return web.json_response({"error": {"code": "internal", "text": text}}, status=500)
    if not answer.prepared:
        answer.headers.setdefault("X-Content-Type-Options", "nosniff")
        answer.headers.setdefault("Referrer-Policy", "no-referrer")
    return answer


def make_app(*, ready: Callable[[], Awaitable[bool]], login_link: Callable[[], Awaitable[str]] | None,
             control_token: str) -> web.Application:  # fmt: skip
    """`login_link` makes a one-time link for the desk; `control_token` is what the command line on
    this machine proves itself with (it reads it from a file only the owner can read)."""
    app = web.Application(client_max_size=_LARGEST_BODY, middlewares=[_guard])

    async def index(request: web.Request) -> web.Response:
        return web.Response(
            text=_PAGE, content_type="text/html", headers={"Content-Security-Policy": "default-src 'none'"}
        )

    async def healthz(request: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async def readyz(request: web.Request) -> web.Response:
        return web.json_response({"ok": True}) if await ready() else web.json_response({"ok": False}, status=503)

    async def control_login(request: web.Request) -> web.Response:
        control.require(request, control_token)
        if login_link is None:
            raise web.HTTPForbidden
        return web.json_response({"link": await login_link()})

    app.router.add_get("/", index)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_post("/control/login-link", control_login)
    return app
