"""Who may use the desk: one-time codes, sessions, and how often a code may be tried.

A session is a member of the roster. There are three ways in: a code of the command line, which carries a role and
makes a member of whoever uses it under a new name; a code for one member, made at the desk; and an invitation of the
roster, for somebody new. Whoever is taken off the roster is out at the next request.

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
from estafeta.roster import CONSOLE, ROLES, NotAllowed, NotInvited, Roster
from handoff.desks.web.refusals import Refused
from handoff.floor import Member, Role

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
    role: Role = "operator"


def operator_named(name: str) -> Operator:
    """The same name is the same operator, after a new log-in too: tickets stay theirs."""
    digest = hashlib.sha256(" ".join(name.casefold().split()).encode("utf-8", "replace")).hexdigest()
    return Operator(id=f"o{digest[:16]}", name=name, desk=DESK)


class Sessions:
    """When a session was last used stands apart from it: a process that notes it just after another one
    has ended the session does not bring it back."""

    def __init__(self, *, store: Store, clock: Clock, roster: Roster) -> None:
        self._store = store
        self._clock = clock
        self._roster = roster
        self._failures: OrderedDict[str, deque[datetime]] = OrderedDict()

    async def new_code(self, role: Role = "admin") -> str:
        """For whoever may run commands on this machine, or whom they give it to."""
        await self._roster.audit("login_link", by=CONSOLE, role=role)
        return await self._new_code({"role": role})

    async def code_for(self, member: Member, *, by: Operator) -> str:
        """For one's own, or somebody else's, next log-in under the same name. Raises `NotAllowed`."""
        if (member.desk, member.id) != (by.desk, by.id):
            await self._roster.require(by, "supervisor" if member.role == "operator" else "admin")
        await self._roster.audit("login_link", by=by, desk=member.desk, id=member.id, name=member.name)
        return await self._new_code({"member": member.id})

    async def _new_code(self, carries: dict[str, str]) -> str:
        code = secrets.token_urlsafe(24)
        expires = (self._clock.now() + CODE_LIVES).isoformat()
        await self._store.put(_key("code", code), {"expires": expires, **carries})
        return code

    async def log_in(self, *, code: str, name: str, language: str, client: str) -> tuple[str, Operator]:
        """The new session's token and its operator. `name` may be "" with a code for one member. `client` is the
        network address that asks. Raises `Refused`."""
        self._allow_attempt(client)
        kept = await self._code(code)
        if kept is None:
            if await self._store.get(_used_key(code)) is not None:
                raise await self._seen_before(name, client)
            operator = await self._invited(code, name, client)
            return await self._begin(operator, language), operator
        operator = await self._named(kept, name, client)
        token = await self._begin(operator, language)
        # Last, so that a store that fails here costs the operator another try and not the code.
        if await self._store.take(_key("code", code)) is None:
            await self._store.put(_key("session", token), None)
            raise await self._seen_before(operator.name, client)
        await self._store.put(_used_key(code), True)
        if "role" in kept:
            await self._let_in(operator, kept["role"])
        member = await self._roster.member(DESK, operator.id)
        await self._roster.audit("logged_in", by=operator, role=member.role if member is not None else "")
        return token, operator

    async def _seen_before(self, name: str, client: str) -> Refused:
        """Who opens a link a second time may be whom it was meant for, after somebody else was in: the log tells."""
        await self._roster.audit("login_refused", by=Operator(id="", name=name, desk=DESK))
        return self._failed(client)

    async def _begin(self, operator: Operator, language: str) -> str:
        token = secrets.token_urlsafe(32)
        session = {
            "id": operator.id, "name": operator.name, "language": language, "created": self._clock.now().isoformat()
        }  # fmt: skip
        await self._store.put(_key("session", token), session)
        return token

    async def _named(self, kept: dict[str, Any], name: str, client: str) -> Operator:
        """Whom a code lets in. A name that is somebody's with a higher role is not to be had by it."""
        if "member" in kept:
            member = await self._roster.member(DESK, kept["member"])
            if member is None:
                raise self._failed(client)
            return Operator(id=member.id, name=member.name, desk=DESK)
        if not name:
            raise Refused(400, "field_empty", field="name")
        operator = operator_named(name)
        held = await self._roster.member(DESK, operator.id)
        if held is not None and ROLES.index(held.role) > ROLES.index(kept.get("role", "operator")):
            raise Refused(409, "name_taken")
        return operator

    async def _let_in(self, operator: Operator, role: Role) -> None:
        """Puts who came by a code of the command line on the roster, with the role that it carries."""
        held = await self._roster.member(DESK, operator.id)
        if held is None:
            token = await self._roster.invite(by=CONSOLE, role=role, desk=DESK, hours=1)
            await self._roster.enrol(token, operator)
        elif held.role != role or held.name != operator.name:
            await self._roster.change(DESK, operator.id, by=CONSOLE, role=role, name=operator.name)

    async def _invited(self, token: str, name: str, client: str) -> Operator:
        """Somebody new. Nobody gets in as a member who is there already: the name is how one is known here. That it
        is somebody's is told to those alone who hold an invitation."""
        if not name or not token.isascii():
            raise self._failed(client)
        operator = operator_named(name)
        if await self._roster.member(DESK, operator.id) is not None:
            if await self._store.get(_invitation_key(token)) is None:
                raise self._failed(client)
            raise Refused(409, "name_taken")
        try:
            await self._roster.enrol(token, operator)
        except NotInvited as refused:
            raise self._failed(client, refused) from refused
        return operator

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
        member = await self._roster.member(DESK, kept["id"])
        if member is None:
            await self._end(key)
            return None
        operator = Operator(id=member.id, name=member.name, desk=DESK)
        return Session(key=key, operator=operator, language=kept["language"], role=member.role)

    async def still_open(self, session: Session) -> bool:
        """Whether a session that was found before still holds; does not keep it alive."""
        kept = await self._store.get(session.key)
        if not isinstance(kept, dict) or await self._roster.member(DESK, session.operator.id) is None:
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

    async def _code(self, code: str) -> dict[str, Any] | None:
        """What a code that is good carries."""
        kept = await self._store.get(_key("code", code))
        if not isinstance(kept, dict):
            return None
        if self._clock.now() < datetime.fromisoformat(kept["expires"]):
            return kept
        await self._store.put(_key("code", code), None)
        return None

    def _allow_attempt(self, client: str) -> None:
        failures, now = self._failures.get(client), self._clock.now()
        while failures and now - failures[0] >= ATTEMPTS_WITHIN:
            failures.popleft()
        if failures and len(failures) >= ATTEMPTS:
            seconds = math.ceil((failures[0] + ATTEMPTS_WITHIN - now).total_seconds())
            raise Refused(429, "too_many_attempts", headers={"Retry-After": str(seconds)}, seconds=seconds)

    def _failed(self, client: str, why: NotAllowed | None = None) -> Refused:
        """Counts it. Of an invitation that is known the sentence tells what is wrong with it."""
        self._failures.setdefault(client, deque(maxlen=ATTEMPTS)).append(self._clock.now())
        self._failures.move_to_end(client)
        while len(self._failures) > ADDRESSES:
            self._failures.popitem(last=False)
        return Refused(403, "code_refused" if why is None or why.code == "invite_unknown" else why.code)


def _key(kind: str, secret: str) -> str:
    return f"desk.{kind}.{hashlib.sha256(secret.encode('utf-8', 'replace')).hexdigest()}"


def _used_key(code: str) -> str:
    """Of a code of the command line or for one member, once somebody is in by it."""
    return "login-used:" + hashlib.sha256(code.encode("utf-8", "replace")).hexdigest()


def _invitation_key(token: str) -> str:
    """As the roster keeps it: of use only to see whether it is there."""
    return "invite:" + hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _seen_key(key: str) -> str:
    return key.replace("desk.session.", "desk.seen.", 1)


def _over(kept: dict[str, Any], seen: datetime, now: datetime) -> bool:
    return now - seen >= SESSION_IDLE or now - datetime.fromisoformat(kept["created"]) >= SESSION_LIVES
