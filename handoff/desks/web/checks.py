"""What every request of the web desk must pass, and how its answer is written."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import BaseModel, ValidationError

from estafeta.kernel.errors import StoreUnavailable
from estafeta.roster import NotAllowed
from handoff.desks.web.refusals import Refused, language_of, not_allowed, wrong_field
from handoff.desks.web.wire import Asked, ErrorBody, Failure

COOKIE: Final = "estafeta_desk"
BODY_LIMIT = 64 * 1024

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
A = TypeVar("A", bound=Asked)


def guarded(handler: Handler) -> Handler:
    """Refuses a changing request that a foreign page could have made, and turns refusals, rights that lack and a
    store that is out into answers with a sentence."""

    async def run(request: web.Request) -> web.StreamResponse:
        try:
            if request.method not in ("GET", "HEAD"):
                _check_changing(request)
            return await handler(request)
        except Refused as refused:
            return failure(request, refused)
        except NotAllowed as refused:
            return failure(request, not_allowed(refused))
        except StoreUnavailable:
            return failure(request, Refused(503, "store_unavailable", headers={"Retry-After": "5"}))

    return run


def _check_changing(request: web.Request) -> None:
    """A page of another site can neither set this header nor read our answers without our leave."""
    check_same_origin(request)
    if request.headers.get("X-Estafeta") != "1":
        raise Refused(403, "missing_header")


def check_same_origin(request: web.Request) -> None:
    """Only the host is compared: behind a proxy that ends TLS the scheme seen here is not the
    browser's. Browsers send `Origin` with every request that may change something; programs do not."""
    origin = request.headers.get("Origin")
    if origin is not None and not _same_host(origin, request.host):
        raise Refused(403, "foreign_origin")


def _same_host(origin: str, host: str) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()


def by_https(request: web.Request) -> bool:
    """Whether the browser came by https, also when a proxy in front of us ended it: the page's own
    origin tells."""
    return request.secure or request.headers.get("Origin", "").startswith("https://")


async def body(request: web.Request, model: type[A]) -> A:
    """The request's body as `model`. Raises `Refused` with a sentence that names the field."""
    too_large = Refused(413, "too_large", kilobytes=BODY_LIMIT // 1024)
    if (request.content_length or 0) > BODY_LIMIT:
        raise too_large
    try:
        raw = await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise too_large from error
    if len(raw) > BODY_LIMIT:
        raise too_large
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise wrong_field(error.errors(include_url=False, include_input=False)[0]) from None


def number(request: web.Request, name: str, *, default: int, low: int, high: int) -> int:
    """A whole number of the query. Raises `Refused`."""
    raw = request.query.get(name)
    if raw is None:
        return default
    if raw.isascii() and raw.isdigit() and len(raw) < 12 and low <= int(raw) <= high:
        return int(raw)
    raise Refused(400, "field_number", field=name, low=low, high=high)


def language(request: web.Request) -> str:
    return language_of(request.headers.get("Accept-Language", ""))


def failure(request: web.Request, refused: Refused) -> web.Response:
    error = ErrorBody(code=refused.code, text=refused.sentence(language(request)))
    return answer(Failure(error=error), status=refused.status, headers=refused.headers)


def answer(model: BaseModel, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """A customer's text may hold a half of a surrogate pair, which no UTF-8 can carry: it goes out
    as a question mark rather than failing the whole answer."""
    return web.Response(
        status=status,
        body=json.dumps(model.model_dump(mode="json"), ensure_ascii=False).encode("utf-8", "replace"),
        content_type="application/json",
        charset="utf-8",
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **(headers or {})},
    )


def nothing(status: int = 204) -> web.Response:
    return web.Response(status=status, headers={"Cache-Control": "no-store"})
