"""The Graph API over aiohttp, paced and translated.

One translation of every failure into `SendFailed`, and a token that gets nowhere: it travels in a header, redirects
are not followed, and no sentence or log has it. Requests are those of
https://developers.facebook.com/documentation/business-messaging/whatsapp/reference.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import aiohttp
import orjson
import structlog
from pydantic import SecretStr

from bots.pacing import Buckets, Pacer, Rate, TooBusy
from bots.whatsapp.config import WhatsAppConfig
from bots.whatsapp.failures import Failed, Language, broken, failure, refusal
from bots.whatsapp.pace import Pairs
from bots.wire import loads
from estafeta.kernel.model import Json
from estafeta.kernel.ports import Clock

GRAPH_URL = "https://graph.facebook.com"
GRAPH_VERSION = "v23.0"
"""The one place that names it; the stand-in's schema is of the same version. Meta serves a version for two years
(https://developers.facebook.com/docs/graph-api/changelog/versions)."""

REQUEST_SECONDS = 15.0
UPLOAD_SECONDS = 300.0
PATIENCE_SECONDS = 20.0
_USAGE = "X-Business-Use-Case-Usage"
_LONGEST_WAIT = 3600.0
_LONGEST_PENALTY = 60.0
"""Seconds of silence for the whole number after a refusal; who is refused again is silent again."""
_log = structlog.get_logger(__name__)

Method = Literal["GET", "POST", "DELETE"]


class WhatsAppClient:
    """One number's side of the Graph API. Start nothing with it before an event loop runs; `close` it.

    `buckets`: through them all processes that send from this number keep its limit together. `worker` says under
    which name this process works, "" while it may have been taken for dead: what waits for its turn when that changes
    is not sent, for another process may have sent it meanwhile.
    """

    def __init__(
        self,
        config: WhatsAppConfig,
        *,
        clock: Clock,
        buckets: Buckets | None = None,
        worker: Callable[[], str] = lambda: "alone",
    ) -> None:
        self.number = config.phone_number_id
        self.language: Language = config.language
        self._base = config.base_url or GRAPH_URL
        self._token = config.token
        self._worker = worker
        self._pairs = Pairs(clock, config.limits)
        rate = Rate.within(config.limits.per_second, 1.0)
        self._pacer = Pacer(clock, lambda _: rate, buckets=buckets, scope=f"whatsapp:{self.number}")
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return f"WhatsAppClient(number {self.number})"

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    @property
    def authorization(self) -> Mapping[str, str]:
        """The header that opens files, for their addresses alone."""
        return _authorization(self._token)

    async def message(self, body: Mapping[str, Json], *, chat: str, patience: float = PATIENCE_SECONDS) -> str:
        """Sends one message, after waiting for the customer's turn and the number's; its id. Raises `SendFailed`:
        `paced` when the turn does not come within `patience` seconds."""
        asking = self._worker()
        await self._turn(chat, patience)
        if not (asking and self._worker() == asking):
            self._give_back(chat)
            raise failure("paced", self.language, retry_after=0.0)
        try:
            answer = await self._request("POST", f"{self.number}/messages", body=body)
        except Failed as failed:
            self._slow_down(failed, chat)
            raise
        wamid = _first(answer, "messages").get("id")
        if not isinstance(wamid, str) or not wamid:
            raise failure("no_answer", self.language)
        return wamid

    async def call(
        self,
        method: Method,
        path: str,
        *,
        body: Mapping[str, Json] | None = None,
        query: Mapping[str, str] | None = None,
        token: SecretStr | None = None,
    ) -> dict[str, Any]:
        """What Graph answers, unpaced. `token` is another than the number's own (an app's). Raises `SendFailed` and
        nothing else."""
        try:
            return await self._request(method, path, query=query, body=body, token=token)
        except Failed as failed:
            failed.maybe_sent = False  # nothing but a message is seen twice
            raise

    async def upload(self, path: Path, *, name: str, mime: str) -> str:
        """The file's id, which lives for 30 days
        (https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media)."""
        with await asyncio.to_thread(path.open, "rb") as file:
            form = aiohttp.FormData()
            form.add_field("messaging_product", "whatsapp")
            form.add_field("type", mime)
            form.add_field("file", file, filename=name, content_type=mime)
            try:
                answer = await self._request("POST", f"{self.number}/media", form=form, timeout=UPLOAD_SECONDS)
            except Failed as failed:
                failed.maybe_sent = False
                raise
        media = answer.get("id")
        if not isinstance(media, str) or not media:
            raise failure("messenger_down", self.language)
        return media

    async def _request(
        self,
        method: Method,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Json] | None = None,
        form: aiohttp.FormData | None = None,
        token: SecretStr | None = None,
        timeout: float = REQUEST_SECONDS,
    ) -> dict[str, Any]:
        headers = _authorization(token or self._token)
        if body is not None:
            headers["Content-Type"] = "application/json"
        problem: Exception
        try:
            async with self._opened().request(
                method,
                f"{self._base}/{GRAPH_VERSION}/{path}",
                params=query,
                data=orjson.dumps(body) if body is not None else form,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=timeout, connect=10.0),
                allow_redirects=False,
            ) as answer:
                content, status, usage = await answer.read(), answer.status, answer.headers.get(_USAGE, "")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            problem = error
        else:
            return self._read(status, content, usage)
        raise broken(problem, self.language)  # here, so that it has no trace of the request

    def _read(self, status: int, content: bytes, usage: str) -> dict[str, Any]:
        try:
            answer = loads(content)
        except ValueError:
            answer = None
        error = answer.get("error") if isinstance(answer, dict) else None
        if status == 200 and isinstance(answer, dict) and error is None:
            return answer
        token = self._token.get_secret_value()
        failed = refusal(status, error, self.language, regained=_regained(usage), token=token)
        code = error.get("code") if isinstance(error, dict) else None
        _log.info("whatsapp_refused", number=self.number, status=status, error=code, code=failed.code)
        raise failed

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)
        return self._session

    async def _turn(self, chat: str, patience: float) -> None:
        try:
            await self._pairs.wait(chat, patience=patience)
        except TooBusy as error:
            raise failure("paced", self.language, retry_after=error.retry_after) from None
        try:
            await self._pacer.wait("number", patience=patience)
        except TooBusy as error:
            self._pairs.give_back(chat)
            raise failure("paced", self.language, retry_after=error.retry_after) from None
        except BaseException:
            self._pairs.give_back(chat)
            raise

    def _give_back(self, chat: str) -> None:
        self._pairs.give_back(chat)
        self._pacer.give_back("number")

    def _slow_down(self, failed: Failed, chat: str) -> None:
        if failed.name == "pair_limit":
            self._pairs.block(chat, failed.retry_after or 0.0)
        elif failed.name in ("too_many_requests", "account_limit"):
            self._pacer.penalise("number", min(failed.retry_after or 0.0, _LONGEST_PENALTY))


def _authorization(token: SecretStr) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.get_secret_value()}"}


def _first(answer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = answer.get(name)
    return found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else {}


def _regained(usage: str) -> float | None:
    """Seconds until requests are taken again, if Meta says so
    (https://developers.facebook.com/docs/graph-api/overview/rate-limiting#headers-2); the header has minutes."""
    try:
        accounts = loads(usage.encode()) if usage else {}
    except ValueError:
        return None
    minutes = [
        minutes
        for uses in (accounts.values() if isinstance(accounts, dict) else ())
        for use in (uses if isinstance(uses, list) else ())
        if isinstance(use, dict) and type(minutes := use.get("estimated_time_to_regain_access")) is int
    ]
    longest = max(minutes, default=0)
    return min(longest * 60.0, _LONGEST_WAIT) if longest > 0 else None
