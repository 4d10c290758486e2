"""Delivery of updates to the bot's webhook: in order within a lane, lanes side by side, again until acknowledged.

What is played is described at https://core.telegram.org/bots/api#setwebhook: the secret token's header, up to
`max_connections` requests at once, repeats with a growing delay after anything but a 2xx, an answer that is itself
the call of a method.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson

from estafeta.fakes.common.faults import Faults
from estafeta.fakes.common.serving import loopback
from estafeta.fakes.telegram.errors import Json, bad
from estafeta.fakes.telegram.faults import Fault
from estafeta.fakes.telegram.updates import SET_WEBHOOK, Updates, lane_of

ANSWER_SECONDS = 60
Reply = Callable[[str, Json], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One request to the webhook, for tests: which update, the status (0: no answer), when (seconds of the loop)."""

    update: Json
    status: int
    at: float


@dataclass(slots=True, kw_only=True)
class Webhook:
    """`reply` plays a method that the bot put into its acknowledgement."""

    updates: Updates
    faults: Faults[Fault]
    now: Callable[[], float]
    reply: Reply
    hosts: frozenset[str] = frozenset()
    """Host names allowed besides loopback: the stand-in calls nobody else."""
    first_delay: float = 1.0
    """Seconds until the first repeat; doubled each time, up to a minute."""
    url: str = ""
    secret: str = ""
    max_connections: int = 40
    deliveries: deque[Delivery] = field(default_factory=lambda: deque(maxlen=10_000))
    last_error: tuple[int, str] | None = None
    _lanes: dict[Any, deque[Json]] = field(default_factory=dict)
    _grown: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _slots: asyncio.Semaphore | None = None
    _session: aiohttp.ClientSession | None = None

    # The three methods

    def set(self, p: Json) -> bool:
        if not p["url"]:
            return self.remove(p)
        self._check_url(p["url"])
        secret = p.get("secret_token", "")
        if len(secret) > 256:
            raise bad("secret token is too long")
        if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
            raise bad("secret token contains unallowed characters")
        self._take_back()
        self.updates.end_poll(SET_WEBHOOK)
        self.updates.allow(p.get("allowed_updates"))
        self.start(p["url"], secret, min(max(p.get("max_connections", 40), 1), 100))
        if p.get("drop_pending_updates"):
            self.updates.clear()
        self._put_waiting()
        return True

    def start(self, url: str, secret: str, max_connections: int) -> None:
        self.url, self.secret, self.max_connections = url, secret, max_connections
        self.last_error = None
        self._slots = asyncio.Semaphore(max_connections)
        self.updates.webhook = self.put

    def resume(self) -> None:
        """Delivers what waits, after a restart."""
        if self.url:
            self.start(self.url, self.secret, self.max_connections)
            self._put_waiting()

    def remove(self, p: Json) -> bool:
        self._take_back()
        self.url = self.secret = ""
        self.updates.webhook = None
        if p.get("drop_pending_updates"):
            self.updates.clear()
        return True

    def info(self) -> Json:
        info: Json = {"url": self.url, "has_custom_certificate": False, "pending_update_count": self.waiting}
        if self.url:
            info["max_connections"] = self.max_connections
        if self.updates.allowed:
            info["allowed_updates"] = self.updates.allowed
        if self.last_error:
            info["last_error_date"], info["last_error_message"] = self.last_error
        return info

    def _check_url(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError:
            raise bad("invalid webhook URL specified") from None
        if parts.scheme not in {"http", "https"} or not host:
            raise bad("bad webhook: HTTPS url must be provided for webhook")
        if host not in self.hosts and not loopback(host):
            raise bad("bad webhook: the stand-in delivers to loopback only")

    # Delivery

    @property
    def waiting(self) -> int:
        return len(self.updates.pending) + sum(len(lane) for lane in self._lanes.values())

    def undelivered(self) -> list[Json]:
        waiting = [*self.updates.pending, *(update for lane in self._lanes.values() for update in lane)]
        return sorted(waiting, key=lambda update: int(update["update_id"]))

    def put(self, update: Json) -> None:
        name = lane_of(update)
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = deque([update])
            task = asyncio.create_task(self._drain(name, lane))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            lane.append(update)
            self._grown.set()

    def _put_waiting(self) -> None:
        waiting = list(self.updates.pending)
        self.updates.clear()
        for update in waiting:
            self.put(update)

    def _take_back(self) -> None:
        """What was not delivered waits again for whoever asks next."""
        waiting = self.undelivered()
        for task in self._tasks:
            task.cancel()
        self._lanes.clear()
        self.updates.clear()
        self.updates.pending.extend(waiting)

    async def _drain(self, name: Any, lane: deque[Json]) -> None:
        delay = self.first_delay
        while lane:
            if self.faults.webhook.reorder and await self._has_second(lane):
                self.faults.webhook.reorder -= 1
                lane[0], lane[1] = lane[1], lane[0]
            if self.faults.webhook.delay:
                await asyncio.sleep(self.faults.webhook.delay)
            update = lane[0]
            if not await self._deliver(update):
                await asyncio.sleep(delay)
                delay = min(delay * 2, 60)
                continue
            delay = self.first_delay
            if self.faults.webhook.duplicates:
                self.faults.webhook.duplicates -= 1
                await self._deliver(update)
            lane.popleft()
        del self._lanes[name]

    async def _has_second(self, lane: deque[Json]) -> bool:
        """Waits a little for the update that is to overtake."""
        try:
            async with asyncio.timeout(2):
                while len(lane) < 2:
                    self._grown.clear()
                    await self._grown.wait()
        except TimeoutError:
            return False
        return True

    async def _deliver(self, update: Json) -> bool:
        assert self._slots is not None  # noqa: S101  set together with the url
        headers = {"Content-Type": "application/json"}
        if self.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self.secret
        status, problem, answer, kind = 0, "", b"", ""
        async with self._slots:
            try:
                async with self._client().post(self.url, data=orjson.dumps(update), headers=headers) as response:
                    status, answer, kind = response.status, await response.read(), response.content_type
                    reason = response.reason
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                problem = f"Connection failed: {type(error).__name__}"
        self.deliveries.append(Delivery(update=update, status=status, at=asyncio.get_running_loop().time()))
        if not problem and not 200 <= status < 300:
            problem = f"Wrong response from the webhook: {status} {reason}"
        if problem:
            self.last_error = (int(self.now()), problem)
            return False
        if self.faults.webhook.lost_answers:
            self.faults.webhook.lost_answers -= 1
            self.last_error = (int(self.now()), "Connection failed: the answer was lost")
            return False
        await self._answered(answer, kind)
        return True

    async def _answered(self, answer: bytes, kind: str) -> None:
        """An acknowledgement may carry one call; its result is not reported to the bot."""
        if kind != "application/json" or b'"method"' not in answer:
            return
        try:
            call = json.loads(answer)
        except ValueError:
            return
        if isinstance(call, dict) and isinstance(call.get("method"), str):
            await self.reply(call.pop("method"), call)

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS)
            )
        return self._session

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
