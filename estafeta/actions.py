"""HTTP actions of flows: declared in `bot.yml`, run here, outside of any decision.

A JSON answer is an answer, 404 and 422 included ("no such order" is one); refusals (401, 403, 429),
5xx, anything that is not JSON, and silence are failures, tried again while that may help.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import aiohttp
import orjson
import structlog
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from estafeta.kernel.model import Json, OutboxId
from estafeta.outbox import ActionFailed
from flows import interpreter
from flows.interpreter import PreparedRequest, RequestNotPrepared
from flows.model import Workspace

_log = structlog.get_logger("actions")

_LARGEST_REPLY = 256 * 1024
_DEEPEST_REPLY = 100
"""Levels of lists and objects. The store's JSON ends at 254 (https://github.com/ijl/orjson#serialize),
and a conversation holds a reply some levels down."""
_REFUSALS = frozenset({401, 403, 407, 429})


class _TryAgain(Exception):
    """A failure that may pass."""


class HttpActions:
    """`secrets` and `variables` are what templates of actions see; secrets are never logged. `content` brings that
    of a release whose actions these are; without it they are the `workspace`'s."""

    def __init__(
        self, workspace: Workspace, *, secrets: Mapping[str, str], variables: Mapping[str, str], pause: float = 0.2,
        content: Callable[[str], Awaitable[Workspace]] | None = None,
    ) -> None:  # fmt: skip
        self._workspace = workspace
        self._content = content
        self._secrets = secrets
        self._variables = variables
        self._pause = pause
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def run(self, item: OutboxId, action: str, arguments: Mapping[str, Json], release: str = "") -> Json:
        workspace = self._workspace if self._content is None else await self._content(release)
        try:
            request = interpreter.render_action(
                workspace, action, arguments, secrets=self._secrets, vars={**workspace.bot.vars, **self._variables}
            )
        except RequestNotPrepared as error:
            raise ActionFailed(str(error)) from error
        tries = AsyncRetrying(
            stop=stop_after_attempt(1 + request.retries),
            wait=wait_exponential_jitter(multiplier=self._pause, max=2.0, jitter=self._pause),
            retry=retry_if_exception_type(_TryAgain),
            reraise=True,
        )
        try:
            async for attempt in tries:
                with attempt:
                    return await self._once(item, action, request)
        except _TryAgain as failure:
            raise ActionFailed(f"action {action}: {failure}") from failure
        raise ActionFailed(f"action {action}: it was not tried")

    async def _once(self, item: OutboxId, action: str, request: PreparedRequest) -> Json:
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        # The key lets a service see that a call is the same one, repeated after a crash or a time-out.
        headers = {**request.headers, "Idempotency-Key": str(item)}
        try:
            async with self._session.request(
                request.method,
                request.url,
                headers=headers,
                json=request.body,
                timeout=aiohttp.ClientTimeout(total=request.timeout),
                allow_redirects=False,
            ) as answer:
                body = await _body(answer.content)
                status = answer.status
        except TimeoutError as error:
            raise _TryAgain(f"no answer within {request.timeout:g} s") from error
        except aiohttp.InvalidURL as error:
            raise ActionFailed(f"action {action}: its url is not an address; check it in bot.yml") from error
        except aiohttp.ClientError as error:
            raise _TryAgain(f"the connection failed ({type(error).__name__})") from error
        _log.info("action", action=action, item=item, status=status, bytes=len(body))
        return _read(action, status, body)


async def _body(stream: aiohttp.StreamReader) -> bytes:
    """All of the answer, or as much of it as shows that it is too large."""
    body = bytearray()
    async for piece in stream.iter_any():
        body += piece
        if len(body) > _LARGEST_REPLY:
            break
    return bytes(body)


def _read(action: str, status: int, body: bytes) -> Json:
    if status >= 500 or status == 429:
        raise _TryAgain(f"the service answered {status}")
    if status in _REFUSALS or 300 <= status < 400:
        raise ActionFailed(f"action {action}: the service answered {status}")
    if len(body) > _LARGEST_REPLY:
        raise ActionFailed(f"action {action}: the answer is larger than {_LARGEST_REPLY // 1024} KB")
    if not body and status < 300:
        return None
    try:
        data: Json = orjson.loads(body)  # unlike the standard library's it takes no NaN and no half a character
    except ValueError:
        # Not `from` the error: it holds the answer.
        raise ActionFailed(f"action {action}: the answer ({status}) is not JSON") from None
    if _deep(data, _DEEPEST_REPLY):
        raise ActionFailed(f"action {action}: the answer is nested deeper than {_DEEPEST_REPLY} levels")
    return data


def _deep(data: Json, levels: int) -> bool:
    """Whether lists and objects lie in one another more than so many times."""
    inner = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    if isinstance(data, dict | list) and not levels:
        return True
    return any(_deep(item, levels - 1) for item in inner)
