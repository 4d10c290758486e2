"""Webhooks as Meta posts them: the signature over the bytes as they came, then the store, then the answer.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/create-webhook-endpoint. What is not
answered with 200 is sent again for up to seven days, more and more rarely. So 503 is for a store that is away, and for
nothing else: what can never be read is set aside and acknowledged.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from aiohttp import web
from pydantic import SecretStr

from bots.whatsapp.receive import Receiver
from bots.wire import loads
from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.ports import Accept

BODY_BYTES = 4 * 1024 * 1024
"""Meta's webhooks have at most 3 MB."""

_HEADER = "X-Hub-Signature-256"
_CHALLENGE = re.compile(r"[!-~]{1,256}")


def path(account: str) -> str:
    return f"/webhooks/whatsapp/{account}"


def sign(secret: SecretStr, body: bytes) -> str:
    """The header's value for these bytes."""
    return "sha256=" + hmac.new(secret.get_secret_value().encode(), body, hashlib.sha256).hexdigest()


def mount(
    app: web.Application,
    receiver: Receiver,
    account: str,
    *,
    app_secret: SecretStr,
    verify_token: SecretStr,
    accept: Accept,
) -> None:
    async def verify(request: web.Request) -> web.Response:
        """Meta asks whether it was us who gave it this address."""
        challenge = request.query.get("hub.challenge", "")
        known = _same(request.query.get("hub.verify_token", ""), verify_token.get_secret_value())
        if not known or request.query.get("hub.mode") != "subscribe" or not _CHALLENGE.fullmatch(challenge):
            return web.Response(status=403, text="wrong verify token")
        return web.Response(text=challenge, headers={"X-Content-Type-Options": "nosniff"})

    async def handle(request: web.Request) -> web.Response:
        body = await _body(request)
        if body is None:
            return web.Response(status=413, text="larger than any webhook of Meta's")
        if not _same(request.headers.get(_HEADER, ""), sign(app_secret, body)):
            return web.Response(status=401, text="wrong signature")
        try:
            webhook = loads(body)
        except ValueError:
            await receiver.aside(body, "the body is no JSON")
            return web.Response()
        try:
            await receiver.take(webhook, accept)
        except StoreUnavailable:
            return web.Response(status=503, headers={"Retry-After": "1"}, text="not stored, send it again")
        return web.Response()

    app.router.add_get(path(account), verify, allow_head=False)
    app.router.add_post(path(account), handle)


def _same(given: str, expected: str) -> bool:
    """In constant time."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode("utf-8", "surrogateescape"))


async def _body(request: web.Request) -> bytes | None:
    """None: it is too large. Read here because the application's own limit may be lower than Meta's."""
    chunks = []
    size = 0
    async for chunk in request.content.iter_any():
        size += len(chunk)
        if size > BODY_BYTES:
            return None
        chunks.append(chunk)
    return b"".join(chunks)
