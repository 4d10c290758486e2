"""Callback API: a community's servers, their confirmation, and the delivery of events to them.

What is played is described at https://dev.vk.com/ru/api/callback/getting-started: the confirmation string, `ok` to
every event, repeats with the same `event_id` and `X-Retry-Counter`, 410, 429 and 503 with `Retry-After`, up to 10
servers. VK publishes neither how often it repeats nor when it gives a server up: both are settings here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson

from estafeta.fakes.common.errors import Json
from estafeta.fakes.common.faults import Faults
from estafeta.fakes.common.serving import loopback
from estafeta.fakes.vk.errors import Refused, invalid
from estafeta.fakes.vk.faults import Fault

POSTPONES = frozenset({410, 429, 503})
MOST_POSTPONED = 3 * 3600
MOST_SERVERS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackSettings:
    """`first_delay`: seconds until the first repeat, doubled each time, up to a minute. `repeats`: how often an event
    comes again before it is lost. `give_up`: after so many failures in a row a server is set to "failed" and gets no
    more. `answer_seconds`: how long an answer may take. `hosts`: names besides loopback; nobody else is called."""

    first_delay: float = 1
    repeats: int = 10
    give_up: int = 50
    answer_seconds: float = 8
    hosts: frozenset[str] = frozenset()


@dataclass(slots=True, kw_only=True)
class CallbackServer:
    id: int
    community: int
    title: str
    url: str
    secret: str
    creator: int
    status: str = "unconfigured"
    version: str = "5.199"
    events: set[str] = field(default_factory=set)
    failures: int = 0
    """In a row."""

    def wire(self) -> Json:
        return {
            "id": self.id,
            "title": self.title,
            "creator_id": self.creator,
            "url": self.url,
            "secret_key": self.secret,
            "status": self.status,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One request to a callback server, for tests. `status` 0: no answer. `ok`: it was acknowledged. `retry`: 0 the
    first time. `at`: seconds of the loop."""

    server: int
    event: Json
    status: int
    ok: bool
    retry: int
    at: float


@dataclass(slots=True, kw_only=True)
class Callback:
    """Events of one peer go out one after the other; one that must be repeated no longer holds up those behind it."""

    faults: Faults[Fault]
    settings: CallbackSettings
    changed: Callable[[], None]
    servers: dict[int, CallbackServer] = field(default_factory=dict)
    codes: dict[int, str] = field(default_factory=dict)
    """The confirmation string of each community."""
    deliveries: deque[Delivery] = field(default_factory=lambda: deque(maxlen=10_000))
    lost: deque[Json] = field(default_factory=lambda: deque(maxlen=1000))
    """Events given up after all repeats."""
    _lanes: dict[Any, deque[Json]] = field(default_factory=dict)
    _grown: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _session: aiohttp.ClientSession | None = None
    _last: int = 0

    # Servers

    def of(self, community: int) -> list[CallbackServer]:
        return [server for server in self.servers.values() if server.community == community]

    def add(self, community: int, creator: int, url: str, title: str, secret: str) -> CallbackServer:
        self._check_url(url)
        if len(self.of(community)) >= MOST_SERVERS:
            raise Refused(2000)
        self._last += 1
        server = CallbackServer(
            id=self._last, community=community, title=title, url=url, secret=secret, creator=creator
        )
        self.servers[server.id] = server
        self._start(self._confirm(server))
        return server

    def edit(self, server: CallbackServer, url: str, title: str, secret: str) -> None:
        self._check_url(url)
        server.url, server.title, server.secret = url, title, secret
        self._start(self._confirm(server))

    def _check_url(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError:
            raise invalid("url is invalid") from None
        if parts.scheme not in {"http", "https"} or not host:
            raise invalid("url is invalid")
        if host not in self.settings.hosts and not loopback(host):
            raise invalid("url is invalid: the stand-in delivers to loopback only")

    async def _confirm(self, server: CallbackServer) -> None:
        server.status = "wait"
        event: Json = {"type": "confirmation", "group_id": server.community, "v": server.version}
        status, answer, _ = await self._post(server, event, 0)
        confirmed = status == 200 and answer.strip() == self.codes[server.community].encode()
        server.status = "ok" if confirmed else "failed"
        server.failures = 0
        self._note(server, event, status, 0, ok=confirmed)

    # Delivery

    def put(self, event: Json, lane: object) -> None:
        for server in self.of(event["group_id"]):
            if server.status == "ok" and event["type"] in server.events:
                self._enqueue(server, event, lane)

    def _enqueue(self, server: CallbackServer, event: Json, lane: object) -> None:
        name = (server.id, lane)
        waiting = self._lanes.get(name)
        if waiting is None:
            waiting = self._lanes[name] = deque([event])
            self._start(self._drain(server, name, waiting))
        else:
            waiting.append(event)
            self._grown.set()

    async def _drain(self, server: CallbackServer, name: object, waiting: deque[Json]) -> None:
        while waiting:
            if self.faults.webhook.reorder and await self._has_second(waiting):
                self.faults.webhook.reorder -= 1
                waiting[0], waiting[1] = waiting[1], waiting[0]
            if self.faults.webhook.delay:
                await asyncio.sleep(self.faults.webhook.delay)
            if not self._active(server):
                break  # given up or deleted: what waits is lost
            event = waiting[0]
            delay = await self._deliver(server, event, 0)
            if delay is not None:
                self._start(self._repeat(server, event, delay))
            elif self.faults.webhook.duplicates:
                self.faults.webhook.duplicates -= 1
                await self._deliver(server, event, 0)
            waiting.popleft()
        del self._lanes[name]

    def _active(self, server: CallbackServer) -> bool:
        return server.status == "ok" and server.id in self.servers

    async def _has_second(self, waiting: deque[Json]) -> bool:
        """Waits a little for the event that is to overtake."""
        try:
            async with asyncio.timeout(2):
                while len(waiting) < 2:
                    self._grown.clear()
                    await self._grown.wait()
        except TimeoutError:
            return False
        return True

    async def _repeat(self, server: CallbackServer, event: Json, delay: float) -> None:
        for retry in range(1, self.settings.repeats + 1):
            await asyncio.sleep(delay)
            if not self._active(server):
                return
            wait = await self._deliver(server, event, retry)
            if wait is None:
                return
            delay = wait
        self.lost.append(event)
        self.changed()

    async def _deliver(self, server: CallbackServer, event: Json, retry: int) -> float | None:
        """None: acknowledged; otherwise the seconds until the next attempt."""
        status, answer, postponed = await self._post(server, event, retry)
        ok = status == 200 and answer.strip() == b"ok"
        if ok and self.faults.webhook.lost_answers:
            self.faults.webhook.lost_answers -= 1
            ok, status = False, 0
        server.failures = 0 if ok else server.failures + 1
        if server.failures >= self.settings.give_up:
            server.status = "failed"
        self._note(server, event, status, retry, ok=ok)
        if ok:
            return None
        if status in POSTPONES and 0 < postponed < MOST_POSTPONED:
            return postponed
        return min(self.settings.first_delay * float(2**retry), 60.0)

    async def _post(self, server: CallbackServer, event: Json, retry: int) -> tuple[int, bytes, float]:
        """The status (0: no answer), the body and the seconds of `Retry-After`."""
        body = event | {"secret": server.secret} if server.secret else event
        headers = {"Content-Type": "application/json"} | ({"X-Retry-Counter": str(retry)} if retry else {})
        try:
            async with self._client().post(server.url, data=orjson.dumps(body), headers=headers) as response:
                after = response.headers.get("Retry-After", "")
                return response.status, await response.read(), float(after) if after.isdecimal() else 0
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0, b"", 0

    def _note(self, server: CallbackServer, event: Json, status: int, retry: int, *, ok: bool) -> None:
        at = asyncio.get_running_loop().time()
        self.deliveries.append(Delivery(server=server.id, event=event, status=status, ok=ok, retry=retry, at=at))
        self.changed()

    # Inside

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=self.settings.answer_seconds),
            )
        return self._session

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
