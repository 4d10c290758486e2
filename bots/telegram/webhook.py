"""Updates as Telegram posts them: the secret, then the store, then the answer.

Telegram repeats what is not answered with 2xx, and slows down when that goes on
(https://core.telegram.org/bots/api#setwebhook). So 503 is for a store that is away, and for nothing
else: what can never be read is set aside and acknowledged.
"""

from __future__ import annotations

import hmac

from aiohttp import web
from pydantic import SecretStr

from bots.telegram.receive import Receiver
from bots.wire import loads
from estafeta.kernel.errors import ConfigurationError, StoreUnavailable
from estafeta.kernel.ports import Accept

BODY_BYTES = 4 * 1024 * 1024
"""Far above what Telegram sends: an update is some kilobytes."""

_HEADER = "X-Telegram-Bot-Api-Secret-Token"


def path(account: str) -> str:
    return f"/webhooks/telegram/{account}"


def mount(app: web.Application, receiver: Receiver, account: str, secret: SecretStr | None, accept: Accept) -> None:
    """Raises `ConfigurationError` without a secret: anybody could write as any customer."""
    if secret is None or not secret.get_secret_value():
        raise ConfigurationError(
            f"The Telegram webhook of account {account} has no secret: set `secret` to 1 to 256 characters "
            "out of A-Z, a-z, 0-9, _ and -, or use mode: polling."
        )
    expected = secret.get_secret_value().encode()

    async def handle(request: web.Request) -> web.Response:
        given = request.headers.get(_HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, expected):
            return web.Response(status=401, text="wrong secret")
        body = await _body(request)
        if body is None:
            await receiver.aside(b"", f"a body above {BODY_BYTES} bytes")
            return web.Response()
        try:
            update = loads(body)
        except ValueError:
            await receiver.aside(body, "the body is no JSON")
            return web.Response()
        try:
            await receiver.take((update,), accept)
        except StoreUnavailable:
            return web.Response(status=503, headers={"Retry-After": "1"}, text="not stored, send it again")
        return web.Response()

    app.router.add_post(path(account), handle)


async def _body(request: web.Request) -> bytes | None:
    """None: it is too large. Read here because the application's own limit would answer 413, for ever."""
    chunks = []
    size = 0
    async for chunk in request.content.iter_any():
        size += len(chunk)
        if size > BODY_BYTES:
            return None
        chunks.append(chunk)
    return b"".join(chunks)
