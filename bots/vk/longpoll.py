"""Events as they are asked for: Bots Long Poll.

https://dev.vk.com/ru/api/bots-long-poll/getting-started: a server, a key and a position are got from the API; the
server answers when something happened, or after `wait` seconds with nothing. `failed` 1: events were lost, go on from
the position it names. 2: the key is over. 3: key and position are.

The position is kept by whoever asks, and what lies behind it is acknowledged by asking further. So it is stored after
the events are, and the next process goes on from there: what it gets twice is known by its id.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import structlog

from bots.vk.client import VkClient
from bots.vk.failures import failure
from bots.vk.receive import Receiver
from bots.vk.wire import obj, string
from bots.wire import loads
from estafeta.kernel.errors import SendFailed, StoreUnavailable
from estafeta.kernel.ports import Accept, Clock

WAIT_SECONDS = 25
_MOST_PAUSE = 60.0
_ANSWER_BYTES = 64 * 1024 * 1024
_HOSTS = (".vk.com", ".vk.ru", ".vk.me", ".userapi.com", ".vkuser.net")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Position:
    """Until where events were stored, and what keeps that."""

    load: Callable[[], Awaitable[str]]
    save: Callable[[str], Awaitable[None]]


@dataclass(slots=True)
class _Line:
    """`renewed`: how often in a row VK said that something of it is over."""

    server: str
    key: str
    ts: str
    renewed: int = 0


class LongPoll:
    """Asks for one community's events. Two that ask at once get the same events, which harms nobody."""

    def __init__(
        self,
        client: VkClient,
        receiver: Receiver,
        *,
        account: str,
        clock: Clock,
        base_url: str | None,
        position: Position,
    ) -> None:
        self._client = client
        self._receiver = receiver
        self._account = account
        self._clock = clock
        self._base = base_url
        self._position = position
        self._failures = 0

    async def run(self, accept: Accept) -> None:
        """Until cancelled."""
        limits = aiohttp.ClientTimeout(total=WAIT_SECONDS + 15.0, sock_connect=10.0)
        async with aiohttp.ClientSession(timeout=limits, cookie_jar=aiohttp.DummyCookieJar()) as session:
            line: _Line | None = None
            while True:
                try:
                    line = line or await self._opened()
                    line = await self._step(session, line, accept)
                except (SendFailed, StoreUnavailable) as error:
                    await self._pause(error)
                else:
                    self._over()

    async def _opened(self, ts: str = "") -> _Line:
        """`ts`: go on from there; "" from what was stored, or from now."""
        answer = obj(await self._client.call("groups.getLongPollServer", group_id=self._client.group_id))
        server, key = string(answer.get("server")), string(answer.get("key"))
        if not self._is_home(server) or not key:
            raise failure("no_answer", self._client.language)
        return _Line(server, key, ts or await self._position.load() or _position(answer.get("ts")))

    async def _step(self, session: aiohttp.ClientSession, line: _Line, accept: Accept) -> _Line | None:
        """One question. None: all has to be got anew."""
        answer = await self._asked(session, line)
        match answer.get("failed"):
            case 1:
                self._lost()
                return await self._at(line, _position(answer.get("ts")))
            case 2 | 3 as over:
                return await self._renewed(line, over)
        ts = _position(answer.get("ts"))
        updates = answer.get("updates")
        if not ts or not isinstance(updates, list):
            raise failure("no_answer", self._client.language)
        if not updates and ts == line.ts:
            return line
        await self._receiver.take(updates, accept)
        return await self._at(line, ts)

    async def _renewed(self, line: _Line, over: int) -> _Line | None:
        """With the old position, even where VK says that it is over too: a new key may still open it."""
        if line.renewed:
            await self._clock.sleep(1.0)
        if over == 3 and line.renewed:
            await self._position.save("")
            self._lost()
            return None
        opened = await self._opened(line.ts)
        opened.renewed = line.renewed + 1
        return opened

    def _lost(self) -> None:
        _log.error(
            "vk_events_lost",
            account=self._account,
            what_to_do="The platform was away for so long that VK has forgotten events: look for customers' messages "
            "without an answer in the community's own messages.",
        )

    async def _at(self, line: _Line, ts: str) -> _Line:
        await self._position.save(ts)
        return _Line(line.server, line.key, ts)

    async def _asked(self, session: aiohttp.ClientSession, line: _Line) -> dict[str, Any]:
        query = {"act": "a_check", "key": line.key, "ts": line.ts, "wait": str(WAIT_SECONDS)}
        try:
            async with session.get(line.server, params=query, allow_redirects=False) as answer:
                if answer.status != 200:
                    raise failure("messenger_down", self._client.language)
                body = bytearray()
                async for chunk in answer.content.iter_any():
                    body += chunk
                    if len(body) > _ANSWER_BYTES:
                        raise failure("no_answer", self._client.language)
        except (aiohttp.ClientError, OSError) as error:
            away = isinstance(error, aiohttp.ClientConnectorError)
            raise failure("unreachable" if away else "no_answer", self._client.language) from None
        try:
            return obj(loads(bytes(body)))
        except ValueError:
            raise failure("no_answer", self._client.language) from None

    def _is_home(self, server: str) -> bool:
        try:
            parts = urlsplit(server)
            host = (parts.hostname or "").lower()
        except ValueError:
            return False
        if self._base is not None and server.startswith(self._base + "/"):
            return True
        return parts.scheme == "https" and any(f".{host}".endswith(name) for name in _HOSTS)

    async def _pause(self, error: SendFailed | StoreUnavailable) -> None:
        """Longer and longer while something keeps failing; the first failure of a row is told."""
        self._failures += 1
        wait = min(0.5 * 2 ** min(self._failures - 1, 10), _MOST_PAUSE)
        if isinstance(error, SendFailed) and error.code in ("unauthorized", "no_rights", "captcha"):
            wait = _MOST_PAUSE
        if self._failures in (1, 10) or self._failures % 100 == 0:
            _log.warning("vk_receiving_paused", account=self._account, reason=str(error), seconds=wait)
        await self._clock.sleep(wait)

    def _over(self) -> None:
        if self._failures:
            _log.info("vk_receiving_again", account=self._account)
        self._failures = 0


def _position(value: Any) -> str:
    """VK sends it as text here and as a number there."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if text.isascii() and text.isdecimal() and len(text) < 20 else ""
