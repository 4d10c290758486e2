"""Delivery of webhooks: verified, signed, batched, again until acknowledged, out of order when something failed.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview and
.../webhooks/create-webhook-endpoint: the verification request, `X-Hub-Signature-256` over the bytes as sent (in which
everything beyond ASCII is escaped), repeats with a growing delay after anything but a 200.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from pydantic import SecretStr

from estafeta.fakes.common.serving import loopback
from estafeta.fakes.whatsapp.errors import Json, Refused
from estafeta.fakes.whatsapp.faults import Faults
from estafeta.fakes.whatsapp.shapes import misfits
from estafeta.fakes.whatsapp.world import Account

ANSWER_SECONDS = 30
LONGEST_DELAY = 3600
FIELDS = frozenset({"messages", "smb_message_echoes"})


class Misfit(RuntimeError):
    """The stand-in was about to tell what Meta never would: a mistake of its own, not of the business."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One request to the webhook, for tests. `status` 0: no answer. `at`: seconds of the loop; `attempt` from 1."""

    payload: Json
    body: bytes
    signature: str
    status: int
    at: float
    attempt: int


@dataclass(slots=True)
class _Post:
    url: str
    payload: Json
    body: bytes
    attempt: int = 0


@dataclass(slots=True, kw_only=True)
class Webhook:
    """`attempts`: how often a request is tried in all (None: until it is acknowledged)."""

    app_secret: SecretStr
    faults: Faults
    changed: Callable[[], None]
    """Told after every delivery."""
    hosts: frozenset[str] = frozenset()
    """Host names allowed besides loopback: the stand-in calls nobody else."""
    first_delay: float = 1.0
    """Seconds until the first repeat; doubled each time, up to an hour."""
    attempts: int | None = None
    url: str = ""
    fields: frozenset[str] = FIELDS
    deliveries: deque[Delivery] = field(default_factory=lambda: deque(maxlen=10_000))
    given_up: list[Json] = field(default_factory=list)
    """What was not acknowledged in the last attempt."""
    untold: int = 0
    """Changes that nobody had subscribed to: as with Meta, they are gone."""
    _held: list[tuple[str, str, Json]] | None = None
    _lanes: dict[Any, deque[_Post]] = field(default_factory=dict)
    _grown: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _session: aiohttp.ClientSession | None = None

    # Subscription

    async def verify(self, url: str, verify_token: str) -> None:
        """Asks for the challenge back; raises Refused (2200) when the answer is another."""
        self.check_url(url)
        challenge = str(secrets.randbelow(2_000_000_000))
        query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
        try:
            async with self._client().get(url, params=query, allow_redirects=False) as response:
                answer, status, reason = await response.read(), response.status, response.reason
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unverified(f"the connection failed ({type(error).__name__})") from None
        if status != 200:
            raise _unverified(f"HTTP Status Code = {status}; HTTP Message = {reason}")
        if answer != challenge.encode():
            raise _unverified("the challenge did not come back")

    def check_url(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError:
            raise _unverified("the address cannot be read") from None
        if parts.scheme not in {"http", "https"} or not (host in self.hosts or loopback(host)):
            raise _unverified("the stand-in delivers to loopback only")

    # Telling

    def tell(self, account: Account, name: str, value: Json, *, lane: object = None) -> None:
        """A change of the field `name`. Changes of one lane are told in order, as long as they are acknowledged."""
        if problems := misfits(name, value):
            raise Misfit(f"{name}: {'; '.join(problems)} in {json.dumps(value, ensure_ascii=False)}")
        url = account.override_url or self.url
        if not url or not account.subscribed or name not in self.fields:
            self.untold += 1
            return
        change: Json = {"value": value, "field": name}
        if self._held is not None:
            self._held.append((url, account.id, change))
        else:
            self._put(lane, _post(url, [(account.id, change)]))

    async def deliver(self, body: bytes) -> int:
        """One attempt to post these bytes, which need not be anything Meta would send."""
        return await self._attempt(_Post(self.url, {}, body))

    @contextmanager
    def batched(self) -> Iterator[None]:
        """What is told inside goes out in one request at the end: an entry per account, its changes in order."""
        held: list[tuple[str, str, Json]] = []
        self._held = held
        try:
            yield
        finally:
            self._held = None
        for url in dict.fromkeys(url for url, _, _ in held):
            self._put(None, _post(url, [(account, change) for to, account, change in held if to == url]))

    @property
    def waiting(self) -> int:
        """How many requests are under way or will be repeated."""
        return len(self._tasks)

    def _put(self, lane: object, post: _Post) -> None:
        posts = self._lanes.get(lane)
        if posts is None:
            self._lanes[lane] = deque([post])
            self._start(self._drain(lane))
        else:
            posts.append(post)
            self._grown.set()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self.changed()

    # Delivering

    async def _drain(self, lane: object) -> None:
        """First attempts, in order. What fails is tried again by itself, and the next does not wait for it."""
        posts = self._lanes[lane]
        while posts:
            plan = self.faults.webhook
            if plan.reorder and await self._has_second(posts):
                plan.reorder -= 1
                posts[0], posts[1] = posts[1], posts[0]
            if plan.delay:
                await asyncio.sleep(plan.delay)
            post = posts[0]
            if not await self._deliver(post):
                self._start(self._repeat(post))
            elif plan.duplicates:
                plan.duplicates -= 1
                await self._deliver(post)
            posts.popleft()
        del self._lanes[lane]

    async def _has_second(self, posts: deque[_Post]) -> bool:
        """Waits a little for the one that is to overtake."""
        try:
            async with asyncio.timeout(2):
                while len(posts) < 2:
                    self._grown.clear()
                    await self._grown.wait()
        except TimeoutError:
            return False
        return True

    async def _repeat(self, post: _Post) -> None:
        delay = self.first_delay
        while self.attempts is None or post.attempt < self.attempts:
            await asyncio.sleep(delay)
            if await self._deliver(post):
                return
            delay = min(delay * 2, LONGEST_DELAY)
        self.given_up.append(post.payload)

    async def _deliver(self, post: _Post) -> bool:
        status = await self._attempt(post)
        if status == 200 and self.faults.webhook.lost_answers:
            self.faults.webhook.lost_answers -= 1
            return False
        return status == 200

    async def _attempt(self, post: _Post) -> int:
        post.attempt += 1
        signature = "sha256=" + sign(self.app_secret, post.body)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "facebookexternalua",
            "X-Hub-Signature-256": signature,
        }
        status = 0
        try:
            async with self._client().post(
                post.url, data=post.body, headers=headers, allow_redirects=False
            ) as response:
                status = response.status
                await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError):
            status = 0
        self.deliveries.append(
            Delivery(
                payload=post.payload,
                body=post.body,
                signature=signature,
                status=status,
                at=asyncio.get_running_loop().time(),
                attempt=post.attempt,
            )
        )
        self.changed()
        return status

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
        self._lanes.clear()
        if self._session is not None:
            await self._session.close()
            self._session = None


def sign(secret: SecretStr, body: bytes) -> str:
    return hmac.new(secret.get_secret_value().encode(), body, hashlib.sha256).hexdigest()


def escaped(payload: Json) -> bytes:
    """JSON as Meta writes it: ASCII only, and `/` escaped. Other writers of JSON make other bytes of it."""
    return json.dumps(payload, separators=(",", ":")).replace("/", "\\/").encode()


def _post(url: str, changes: list[tuple[str, Json]]) -> _Post:
    entries: dict[str, list[Json]] = {}
    for account, change in changes:
        entries.setdefault(account, []).append(change)
    payload: Json = {
        "object": "whatsapp_business_account",
        "entry": [{"id": account, "changes": told} for account, told in entries.items()],
    }
    return _Post(url, payload, escaped(payload))


def _unverified(why: str) -> Refused:
    return Refused(2200, message=f"(#2200) Callback verification failed with the following errors: {why}")
