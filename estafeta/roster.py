"""The roster: who answers, what they may do, and who let them. A service over the store.

Every desk asks here, so that the same rules hold in all of them: an operator speaks for themselves, a
supervisor for the operators and the hours, an admin for everybody. People come in by an invitation, a secret of
256 random bits that is good once and for a while and of which only the SHA-256 is kept. Being in a desk's group is
no right: only where the administrator says so (and in the demo) is the roster open to whoever is there. What changes
rights is in the audit log, and so is every invitation that was shown in vain.

Every method raises `StoreUnavailable` when the store cannot answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import secrets
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from estafeta.kernel.codec import decode, encode
from estafeta.kernel.model import Json, Operator
from estafeta.kernel.ports import Clock, Store
from estafeta.rights import (
    CHANGEABLE,
    CONSOLE,
    LONGEST_NAME,
    MOST_HOURS,
    PLATFORM,
    ROLES,
    Known,
    NotAllowed,
    NotInvited,
    check,
    rank,
)
from handoff.floor import Closure, Member, Presence, Role

__all__ = ["CONSOLE", "PLATFORM", "ROLES", "Invitation", "Known", "NotAllowed", "NotInvited", "Roster"]

_WHY = 300
"""So much of a reason is kept, in characters."""
_PAGE = 1000
_LOCK_SECONDS = 5.0
_LOCK_PAUSE = 0.05
_AUDIT_DAYS = (30, 400, 40_000)
"""How far back the audit log is looked through, until there is enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What somebody becomes who shows its token. `desk` "" is good at every desk."""

    by: Operator
    until: datetime
    role: Role = "operator"
    skills: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    capacity: int = 5
    desk: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """A member as stored. Who was removed stays known, so that being in the group does not let them in again."""

    member: Member
    removed: bool = False


class Roster:
    """`open_to_members`: whoever the desk vouches for (a member of its group) may answer customers without an
    invitation, as an operator, until they are removed. `known`: what members may be given; None: anything."""

    def __init__(
        self, store: Store, clock: Clock, *, open_to_members: bool = False, known: Known | None = None
    ) -> None:
        self._store = store
        self._clock = clock
        self._lines = itertools.count()
        self._known = known
        self._changing = asyncio.Lock()
        self.open_to_members = open_to_members

    # --- who is there

    async def members(self) -> tuple[Member, ...]:
        records = [decode(_Record, value) for _, value in await self._all("team:")]
        return tuple(record.member for record in records if not record.removed)

    async def gone(self) -> frozenset[str]:
        """The ids of those who were here and left, or were removed."""
        records = [decode(_Record, value) for _, value in await self._all("team:")]
        here = {record.member.id for record in records if not record.removed}
        return frozenset(record.member.id for record in records if record.removed) - here

    async def member(self, desk: str, id: str) -> Member | None:  # noqa: A002 - as in `Member`
        record = await self._record(desk, id)
        return record.member if record is not None and not record.removed else None

    async def require(self, who: Operator, role: Role = "operator") -> Member | None:
        """Raises `NotAllowed` unless `who` has that role. Returns None for the platform's own, and for those of a
        group who are not on the roster and may answer all the same."""
        if not who.desk and who.id in (CONSOLE.id, PLATFORM.id):
            return None
        record = await self._record(who.desk, who.id)
        if record is not None and record.removed:
            raise NotAllowed("removed")
        if record is None and not self.open_to_members:
            raise NotAllowed("not_enrolled")
        held = record.member.role if record is not None else "operator"
        if rank(held) < rank(role):
            raise NotAllowed(await self._what_is_missing(role))
        return record.member if record is not None else None

    async def _what_is_missing(self, role: Role) -> str:
        if role == "admin":
            return "needs_admin"
        led = any(member.role != "operator" for member in await self.members())
        return "needs_supervisor" if led else "no_supervisor_yet"

    # --- coming and going

    async def invite(
        self, *, by: Operator, role: Role = "operator", skills: Sequence[str] = (), languages: Sequence[str] = (),
        capacity: int = 5, desk: str = "", hours: int = 24,
    ) -> str:  # fmt: skip
        """A token, good once within `hours`, of at most 64 letters, digits, "-" and "_": as much as fits behind a
        link to a Telegram bot (https://core.telegram.org/bots/features#deep-linking). Nobody can read it again."""
        check({"role": role, "capacity": capacity, "skills": skills, "languages": languages}, self._known)
        if not 1 <= hours <= MOST_HOURS:
            raise NotAllowed("wrong_hours")
        await self.require(by, "supervisor" if role == "operator" else "admin")
        token = secrets.token_urlsafe(32)
        until = self._clock.now() + timedelta(hours=hours)
        invitation = Invitation(
            by=by, until=until, role=role, skills=tuple(skills), languages=tuple(languages), capacity=capacity,
            desk=desk,
        )  # fmt: skip
        await self._store.put(_key_of("invite", token), encode(invitation))
        await self.audit(
            "invited", by=by, role=role, skills=list(skills), languages=list(languages), capacity=capacity,
            to=desk, until=until.isoformat(), invitation=_mark(token),
        )  # fmt: skip
        return token

    async def enrol(self, token: str, operator: Operator) -> Member:
        """Uses up the invitation. Raises `NotInvited`. A member of before keeps the higher role."""
        key = _key_of("invite", token)
        shown = await self._invitation(await self._store.get(key), token, operator)
        if await self._store.take(key) is None:  # of two who show one token, one gets it
            raise await self._not_invited("invite_unknown", token, operator, why="used")
        await self._store.put(_key_of("invite-used", token), True)
        async with self._alone(operator.desk, operator.id):
            before = await self.member(operator.desk, operator.id)
            role = max(shown.role, before.role, key=rank) if before is not None else shown.role
            member = Member(
                id=operator.id, desk=operator.desk, name=operator.name[:LONGEST_NAME], role=role, skills=shown.skills,
                languages=shown.languages, capacity=shown.capacity, shift=before.shift if before else "",
                on_call=before.on_call if before else False,
            )  # fmt: skip
            await self._keep(_Record(member=member))
        await self.audit("enrolled", by=operator, role=role, invited_by=_who(shown.by), invitation=_mark(token))
        return member

    async def _invitation(self, held: Json, token: str, operator: Operator) -> Invitation:
        """The invitation if it lets `operator` in; it is not used up yet."""
        if held is None:
            used = await self._store.get(_key_of("invite-used", token)) is not None
            raise await self._not_invited("invite_unknown", token, operator, why="used" if used else "")
        invitation = decode(Invitation, held)
        if invitation.until <= self._clock.now():
            raise await self._not_invited("invite_expired", token, operator, why="expired")
        if invitation.desk and invitation.desk != operator.desk:
            raise await self._not_invited("invite_elsewhere", token, operator, why="elsewhere")
        try:
            await self.require(invitation.by, "supervisor" if invitation.role == "operator" else "admin")
        except NotAllowed:
            raise await self._not_invited("invite_revoked", token, operator, why="revoked") from None
        return invitation

    async def _not_invited(self, code: str, token: str, operator: Operator, *, why: str) -> NotInvited:
        """In the log stands who showed an invitation of ours in vain. A token that never was one is a guess or a slip,
        and as many of those as somebody likes to send would bury the rest."""
        if why:
            await self.audit("invitation_refused", by=operator, why=why, invitation=_mark(token))
        return NotInvited(code)

    async def remove(self, desk: str, id: str, *, by: Operator, why: str = "") -> None:  # noqa: A002
        """At once: whatever `require` is asked from now on, they may not. `why` is for the audit log, such as
        "left" or "by_hand". In an open group somebody unknown is removed too, and so not let in by being there."""
        held = await self.member(desk, id)
        if held is None and not self.open_to_members:
            return
        if not (by.desk == desk and by.id == id):
            await self.require(by, "supervisor" if held is None or held.role == "operator" else "admin")
        async with self._alone(desk, id):
            held = await self.member(desk, id)
            gone = held or Member(id=id, desk=desk, name="")
            await self._keep(_Record(member=replace(gone, role="operator", on_call=False), removed=True))
        role = held.role if held is not None else ""
        await self.audit("removed", by=by, desk=desk, id=id, name=gone.name, role=role, why=why[:_WHY])

    # --- what holds for them

    async def set_presence(
        self, operator: Operator, presence: Presence | None, until: datetime | None = None, *, by: Operator
    ) -> Member:
        """Somebody is there, or is not, until a time (None: until further notice); presence None leaves it to
        their shift again. One says it of oneself, a supervisor of everybody. Who does so for the first time in an
        open group comes onto the roster by it."""
        if until is not None and until <= self._clock.now():
            raise NotAllowed("until_past")
        itself = by.desk == operator.desk and by.id == operator.id
        await self.require(by, "operator" if itself else "supervisor")
        async with self._alone(operator.desk, operator.id):
            record = await self._record(operator.desk, operator.id)
            if record is not None and record.removed:
                raise NotAllowed("removed" if itself else "unknown_member")
            if record is None and not (itself and self.open_to_members):
                raise NotAllowed("unknown_member")
            held = record.member if record else Member(id=operator.id, desk=operator.desk, name="")
            member = replace(held, name=operator.name[:LONGEST_NAME] or held.name, presence=presence, until=until)
            await self._keep(_Record(member=member))
        if record is None:
            await self.audit("joined", by=by, role=member.role)
        if not itself:
            ends = until.isoformat() if until else ""
            await self.audit(
                "presence", by=by, desk=member.desk, id=member.id, name=member.name, presence=presence or "", until=ends
            )  # fmt: skip
        return member

    async def change(self, desk: str, id: str, *, by: Operator, **fields: Any) -> Member:  # noqa: A002
        """Changes any of `CHANGEABLE`. A role, and anything of a supervisor or admin, is an admin's to change."""
        if not fields.keys() <= CHANGEABLE:
            raise NotAllowed("unknown_field")
        check(fields, self._known)
        async with self._alone(desk, id):
            held = await self.member(desk, id)
            if held is None:
                raise NotAllowed("unknown_member")
            above = held.role != "operator" or fields.get("role", "operator") != "operator"
            await self.require(by, "admin" if above else "supervisor")
            lists = {name: tuple(value) for name, value in fields.items() if name in ("skills", "languages")}
            member: Member = replace(held, **{**fields, **lists})
            await self._keep(_Record(member=member))
        was, now = _changes(held, member, fields), _changes(member, held, fields)
        if now:
            await self.audit("changed", by=by, desk=desk, id=id, name=held.name, was=was, now=now)
        return member

    # --- closures

    async def closures(self, *, over: timedelta = timedelta()) -> tuple[Closure, ...]:
        """Those that are not over, or not for longer than `over`: what was promised, and how long people took, is
        reckoned with those too."""
        since = self._clock.now() - over
        held = [decode(Closure, value) for _, value in await self._all("closure:")]
        return tuple(closure for closure in held if closure.until > since)

    async def close(self, skill: str, until: datetime, *, by: Operator) -> Closure:
        """People of `skill` ("": all) are away from now until then."""
        await self.require(by, "supervisor")
        now = self._clock.now()
        if until <= now:
            raise NotAllowed("until_past")
        closure = Closure(skill=skill, since=now, until=until, by=by.name)
        await self._store.put(f"closure:{skill}", encode(closure))
        await self.audit("closed", by=by, skill=skill, until=until.isoformat())
        return closure

    async def reopen(self, skill: str, *, by: Operator) -> bool:
        """Ends the closure of `skill`; whether there was one."""
        await self.require(by, "supervisor")
        held = next((closure for closure in await self.closures() if closure.skill == skill), None)
        if held is None:
            return False
        await self._store.put(f"closure:{skill}", encode(replace(held, until=self._clock.now())))
        await self.audit("reopened", by=by, skill=skill)
        return True

    # --- the audit log

    async def audit(self, what: str, *, by: Operator, **data: Json) -> None:
        """Writes down who did what, when. Never anything that customers said."""
        now = self._clock.now()
        line = {"at": now.isoformat(), "what": what, "by": _who(by), **({"data": data} if data else {})}
        # Lines of one moment stay in order, and those of two processes apart.
        order = f"{now.isoformat(timespec='microseconds')}:{next(self._lines):08}"
        await self._store.put(f"audit:{order}{secrets.token_hex(4)}", line)

    async def audited(self, limit: int = 100) -> list[dict[str, Json]]:
        """The latest lines, the newest first."""
        found: list[tuple[str, Json]] = []
        for days in _AUDIT_DAYS:
            since = self._clock.now() - timedelta(days=days)
            found = await self._all("audit:", after=f"audit:{since.isoformat(timespec='microseconds')}")
            if len(found) >= limit:
                break
        lines = [dict(value) for _, value in reversed(found) if isinstance(value, Mapping)]
        return lines[:limit]

    # --- the store

    async def _all(self, prefix: str, *, after: str = "") -> list[tuple[str, Json]]:
        found: list[tuple[str, Json]] = []
        while page := await self._store.items(prefix, after=after, limit=_PAGE):
            found += page
            if len(page) < _PAGE:
                break
            after = page[-1][0]
        return found

    async def _record(self, desk: str, id: str) -> _Record | None:  # noqa: A002
        held = await self._store.get(_key(desk, id))
        return None if held is None else decode(_Record, held)

    async def _keep(self, record: _Record) -> None:
        await self._store.put(_key(record.member.desk, record.member.id), encode(record))

    @contextlib.asynccontextmanager
    async def _alone(self, desk: str, id: str) -> AsyncIterator[None]:  # noqa: A002
        """Nobody else, in whatever process, changes this member meanwhile: a removal is never undone by a change
        that was on its way."""
        holder = secrets.token_hex(8)
        name = f"roster:{desk}:{id}"
        async with self._changing:
            while not await self._store.lease(name, holder, _LOCK_SECONDS):
                await self._clock.sleep(_LOCK_PAUSE)
            try:
                yield
            finally:
                await self._store.release(name, holder)


def _changes(member: Member, other: Member, fields: Collection[str]) -> dict[str, Json]:
    """What `member` has of the fields in which the other one differs, as JSON."""
    mine = {name: getattr(member, name) for name in fields if getattr(member, name) != getattr(other, name)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in mine.items()}


def _key(desk: str, id: str) -> str:  # noqa: A002
    return f"team:{desk}:{id}"


def _key_of(kind: str, token: str) -> str:
    return f"{kind}:{_digest(token)}"


def _mark(token: str) -> str:
    """By which lines of the audit log about one invitation are known; nobody gets in by it."""
    return _digest(token)[:8]


def _digest(token: str) -> str:
    """Of whatever was sent as a token: half of a letter in it is no reason to break."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _who(operator: Operator) -> dict[str, Json]:
    return {"desk": operator.desk, "id": operator.id, "name": operator.name}
