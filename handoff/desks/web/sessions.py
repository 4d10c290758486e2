"""Who may use the desk: one-time codes, sessions, and how often a code may be tried.

The store holds only hashes of codes and session tokens, so that a copy of the store opens nothing.
Both are long random strings, for which a plain SHA-256 is enough: there is nothing to guess.

Everything is in the store, so a session holds at every process, and ends at all of them. Only failed
tries are counted by each process for itself.
"""

from __future__ import annotations

import hashlib
import math
import secrets
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from estafeta.kernel.model import Operator
from estafeta.kernel.ports import Clock, Store
from handoff.desks.web.refusals import Refused

CODE_LIVES = timedelta(minutes=10)
SESSION_IDLE = timedelta(hours=12)
SESSION_LIVES = timedelta(days=7)
SEEN_EVERY = timedelta(minutes=5)
"""How exactly the idle time is kept: a session is not written at every request."""

ATTEMPTS = 10
ATTEMPTS_WITHIN = timedelta(minutes=1)
ADDRESSES = 2_000

DESK = "web"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """`key` is where the store keeps it; it is made of the token's hash and may be logged."""

    key: str
    operator: Operator
    language: str


def operator_named(name: str) -> Operator:
    """The same name is the same operator, after a new log-in too: tickets stay theirs."""
    digest = hashlib.sha256(" ".join(name.casefold().split()).encode("utf-8", "replace")).hexdigest()
    return Operator(id=f"o{digest[:16]}", name=name, desk=DESK)


class Sessions:
    """When a session was last used stands apart from it: a process that notes it just after another one
    has ended the session does not bring it back."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._failures: OrderedDict[str, deque[datetime]] = OrderedDict()

    async def new_code(self) -> str:
        code = secrets.token_urlsafe(24)
        await self._store.put(_key("code", code), {"expires": (self._clock.now() + CODE_LIVES).isoformat()})
        return code

    async def log_in(self, *, code: str, name: str, language: str, client: str) -> tuple[str, Operator]:
        """The new session's token and its operator. `client` is the network address that asks.
        Raises `Refused`."""
        self._allow_attempt(client)
        if not await self._valid(code):
            raise self._failed(client)
        operator, now, token = operator_named(name), self._clock.now().isoformat(), secrets.token_urlsafe(32)
        session = {"id": operator.id, "name": name, "language": language, "created": now}
        await self._store.put(_key("session", token), session)
        # Last, so that a store that fails here costs the operator another try and not the code.
        if await self._store.take(_key("code", code)) is None:
            await self._store.put(_key("session", token), None)
            raise self._failed(client)
        return token, operator

    async def find(self, token: str) -> Session | None:
        """The session of a cookie, None when it is unknown or over. Using it keeps it alive."""
        if not token or len(token) > 200:
            return None
        key = _key("session", token)
        kept = await self._store.get(key)
        if not isinstance(kept, dict):
            return None
        now, seen = self._clock.now(), await self._seen(key, kept)
        if _over(kept, seen, now):
            await self._end(key)
            return None
        if now - seen > SEEN_EVERY:
            await self._store.put(_seen_key(key), now.isoformat())
        operator = Operator(id=kept["id"], name=kept["name"], desk=DESK)
        return Session(key=key, operator=operator, language=kept["language"])

    async def still_open(self, session: Session) -> bool:
        """Whether a session that was found before still holds; does not keep it alive."""
        kept = await self._store.get(session.key)
        if not isinstance(kept, dict):
            return False
        return not _over(kept, await self._seen(session.key, kept), self._clock.now())

    async def log_out(self, session: Session) -> None:
        await self._end(session.key)

    async def _end(self, key: str) -> None:
        await self._store.put(key, None)
        await self._store.put(_seen_key(key), None)

    async def _seen(self, key: str, kept: dict[str, Any]) -> datetime:
        """When it was last used, as exactly as SEEN_EVERY; at first, when it was made."""
        seen = await self._store.get(_seen_key(key))
        return datetime.fromisoformat(seen if isinstance(seen, str) else kept["created"])

    async def _valid(self, code: str) -> bool:
        kept = await self._store.get(_key("code", code))
        if not isinstance(kept, dict):
            return False
        if self._clock.now() < datetime.fromisoformat(kept["expires"]):
            return True
        await self._store.put(_key("code", code), None)
        return False

    def _allow_attempt(self, client: str) -> None:
        failures, now = self._failures.get(client), self._clock.now()
        while failures and now - failures[0] >= ATTEMPTS_WITHIN:
            failures.popleft()
        if failures and len(failures) >= ATTEMPTS:
            seconds = math.ceil((failures[0] + ATTEMPTS_WITHIN - now).total_seconds())
            raise Refused(429, "too_many_attempts", headers={"Retry-After": str(seconds)}, seconds=seconds)

    def _failed(self, client: str) -> Refused:
        """Counts it."""
        self._failures.setdefault(client, deque(maxlen=ATTEMPTS)).append(self._clock.now())
        self._failures.move_to_end(client)
        while len(self._failures) > ADDRESSES:
            self._failures.popitem(last=False)
        return Refused(403, "code_refused")


def _key(kind: str, secret: str) -> str:
    return f"desk.{kind}.{hashlib.sha256(secret.encode('utf-8', 'replace')).hexdigest()}"


def _seen_key(key: str) -> str:
    return key.replace("desk.session.", "desk.seen.", 1)


def _over(kept: dict[str, Any], seen: datetime, now: datetime) -> bool:
    return now - seen >= SESSION_IDLE or now - datetime.fromisoformat(kept["created"]) >= SESSION_LIVES
