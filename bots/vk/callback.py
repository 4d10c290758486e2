"""Events as VK posts them: the secret, then the store, then `ok`.

https://dev.vk.com/ru/api/callback/getting-started: the server's address is confirmed by answering with a string,
every event is answered with `ok` and nothing else, and what is not comes again. 503 with `Retry-After` asks VK to wait;
it is for a store that is away, and for nothing else: what can never be read is set aside and acknowledged.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from pydantic import SecretStr

from bots.vk.receive import Receiver
from bots.vk.wire import integer, obj, string
from bots.wire import loads
from estafeta.kernel.errors import ConfigurationError, SendFailed, StoreUnavailable
from estafeta.kernel.ports import Accept

BODY_BYTES = 4 * 1024 * 1024
"""Far above what VK sends: an event is some kilobytes."""

Confirmation = Callable[[], Awaitable[str]]


def path(account: str) -> str:
    return f"/webhooks/vk/{account}"


def mount(
    app: web.Application,
    receiver: Receiver,
    *,
    account: str,
    group_id: int,
    secret: SecretStr | None,
    confirmation: Confirmation,
    accept: Accept,
) -> None:
    """Raises `ConfigurationError` without a secret: anybody could write as any customer."""
    if secret is None or not secret.get_secret_value():
        raise ConfigurationError(
            f"The VK callback of account {account} has no secret: set `secret` to 1 to 50 characters out of A-Z, a-z, "
            "0-9, _ and -, the same as the secret key in the community's Manage, API usage, Callback API; or use "
            "mode: longpoll."
        )
    callback = _Callback(receiver, group_id, secret.get_secret_value().encode(), confirmation, accept)
    app.router.add_post(path(account), callback.handle)


class _Callback:
    def __init__(
        self, receiver: Receiver, group_id: int, secret: bytes, confirmation: Confirmation, accept: Accept
    ) -> None:
        self._receiver = receiver
        self._group_id = group_id
        self._secret = secret
        self._confirmation = confirmation
        self._accept = accept

    async def handle(self, request: web.Request) -> web.Response:
        body = await _body(request)
        if body is None:
            return web.Response(status=413, text=f"more than {BODY_BYTES} bytes")
        try:
            event = loads(body)
        except ValueError:
            return web.Response(status=400, text="no JSON")
        # The secret is in the body, so what cannot be read has proven nothing and is not kept.
        if not self._is_genuine(event):
            return web.Response(status=403, text="wrong secret or community")
        if event.get("type") == "confirmation":
            return await self._confirmed()
        event.pop("secret")
        try:
            await self._receiver.take((event,), self._accept)
        except StoreUnavailable:
            return web.Response(status=503, headers={"Retry-After": "1"}, text="not stored, send it again")
        return web.Response(text="ok")

    def _is_genuine(self, event: Any) -> bool:
        given = string(obj(event).get("secret")).encode("utf-8", "replace")
        right = hmac.compare_digest(given, self._secret)
        return right and integer(obj(event).get("group_id")) == self._group_id

    async def _confirmed(self) -> web.Response:
        try:
            return web.Response(text=await self._confirmation())
        except SendFailed as failed:
            return web.Response(status=503, headers={"Retry-After": "5"}, text=f"VK was asked in vain: {failed.code}")


async def _body(request: web.Request) -> bytes | None:
    """None: it is too large."""
    chunks = []
    size = 0
    async for chunk in request.content.iter_any():
        size += len(chunk)
        if size > BODY_BYTES:
            return None
        chunks.append(chunk)
    return b"".join(chunks)
