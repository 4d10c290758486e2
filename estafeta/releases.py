"""Releases: which content is in service, who put it there, when and why. A service over the store.

Content lies in the store under the name made of what it says; one small record tells which release serves and which
is tried with a share of new talks. Whoever changes the record holds a lease and writes it last, in one piece: a
publisher that dies before leaves everything as it was, and of two at the same time one comes after the other and
sees what the first did. Without any publication the workspace's folder serves; "" is its name here.

Refusals are `NotPublished` with a `code`; their text is the sentence. Every method raises `StoreUnavailable` when
the store cannot answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, TypeVar

from estafeta.kernel.codec import DecodingError, decode, encode
from estafeta.kernel.errors import EstafetaError
from estafeta.kernel.model import Entry, Json
from estafeta.kernel.ports import Clock, Store
from flows.publish_file import PublishRules
from flows.release import Content

T = TypeVar("T")

LARGEST = 12_000_000
"""Characters of one content; a document of MongoDB ends at 16 MiB
(https://www.mongodb.com/docs/manual/reference/limits/#bson-documents)."""
KEPT = 20
"""So many earlier releases can be gone back to."""
FRESH = timedelta(days=1)
"""So long a content is kept that nobody uses: somebody may be about to."""

_RECORD = "release"
_LEASE = "releases"
_LEASE_SECONDS = 30.0
_PATIENCE = 60.0
_PAUSE = 0.05
_PAGE = 1000
_EVENTS = 5000
_WHO, _WHY = 100, 500
"""So many characters of them are kept."""

Did = Literal["published", "staged", "promoted", "withdrawn", "rolled_back"]

_SENTENCES = {
    "unchanged": "Nothing differs from the release in service: there is nothing to publish.",
    "staged_already": "This release is staged with that share already.",
    "wrong_share": "The share is a whole number from 1 to 100, in percent of new talks.",
    "too_large": f"The content has more than {LARGEST // 1_000_000} million characters: make it smaller.",
    "nothing_staged": "No release is staged.",
    "unknown": "There is no such release here, or it is not kept any more: `estafeta flows list` names them.",
    "in_service": "This release is in service already, and nothing is staged.",
    "nothing_before": "There is no earlier release to go back to.",
    "moved_on": "Another release was published meanwhile: look at it, and try again.",
    "busy": "Somebody else is publishing now: try again in a minute.",
    "slow": "The store took too long: look with `estafeta flows list` what is in service, and try again.",
    "damaged": "The release in the store cannot be read: publish it again.",
}


class NotPublished(EstafetaError):
    """What was asked for was not done; `code` names why."""

    def __init__(self, code: str) -> None:
        super().__init__(_SENTENCES[code])
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the history: what was done to which release. `before` was in service then. `untested` tells why
    it was published without its conversations being gone through, "" when they held."""

    at: datetime
    did: Did
    release: str
    before: str = ""
    share: int = 100
    who: str = ""
    why: str = ""
    untested: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is in service. `earlier` were before, the latest last. `rules` are for the staged release, tried since
    `staged_at`. `latest` is what made it so."""

    release: str = ""
    since: datetime | None = None
    staged: str = ""
    share: int = 0
    staged_at: datetime | None = None
    rules: Json = None
    earlier: tuple[str, ...] = ()
    latest: Line | None = None

    @property
    def limits(self) -> PublishRules:
        return PublishRules.model_validate(self.rules or {})


class Releases:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._changing = asyncio.Lock()

    # --- reading

    async def standing(self) -> Standing:
        """Raises `NotPublished("damaged")` when the record cannot be read."""
        held = await self._store.get(_RECORD)
        return Standing() if held is None else _read(Standing, held)

    async def content(self, release: str) -> Content:
        """Raises `NotPublished`: unknown or damaged."""
        held = await self._store.get(f"content:{release}")
        if held is None:
            raise NotPublished("unknown")
        content = _read(Content, held)
        if content.release != release:
            raise NotPublished("damaged")
        return content

    async def history(self, limit: int = 100) -> tuple[Line, ...]:
        """The latest first."""
        lines = {line.at: line for line in [_read(Line, value) for _, value in await self._all("published:")]}
        latest = (await self.standing()).latest
        if latest is not None:
            lines[latest.at] = latest  # whoever did it may have died before it was written down
        return tuple(lines[at] for at in sorted(lines, reverse=True)[:limit])

    # --- changing

    async def keep(self, content: Content) -> str:
        """Content that can be loaded from now on, though nothing published it; its name."""
        release = content.release
        if sum(map(len, content.files.values())) > LARGEST:
            raise NotPublished("too_large")
        key, now = f"kept:{release}", self._clock.now().isoformat()
        held = await self._store.get(key)
        first = held.get("first", now) if isinstance(held, dict) else now
        await self._store.put(key, {"first": first, "at": now})  # before the content, which else nobody would remove
        await self._store.put(f"content:{release}", encode(content))
        return release

    async def publish(
        self, content: Content, *, who: str, why: str = "", untested: str = "", share: int = 100,
        rules: PublishRules | None = None,
    ) -> Line:  # fmt: skip
        """Puts the content into service, or with a `share` below 100 tries it with so many percent of new talks.
        What was staged before is not any more. Whoever calls has checked the content and gone through its
        conversations, or tells in `untested` why not."""
        if not 1 <= share <= 100:
            raise NotPublished("wrong_share")
        async with self._alone() as change:
            held = await self.standing()
            release = content.release
            if release == held.release and not (held.staged and share == 100):
                raise NotPublished("unchanged")
            if release == held.staged and share == held.share:
                raise NotPublished("staged_already")
            await self.keep(content)
            if share == 100:
                did: Did = "promoted" if release == held.staged else "published"
                standing = _in_service(held, release, self._clock.now())
                return await change(standing, did, release, who, why, untested)
            since = held.staged_at if release == held.staged else self._clock.now()
            limits = (rules or PublishRules()).model_dump(mode="json")
            staged = replace(held, staged=release, share=share, staged_at=since, rules=limits)
            return await change(staged, "staged", release, who, why, untested)

    async def promote(self, *, who: str, why: str = "") -> Line:
        """The staged release serves everybody from now on."""
        async with self._alone() as change:
            held = await self.standing()
            if not held.staged:
                raise NotPublished("nothing_staged")
            standing = _in_service(held, held.staged, self._clock.now())
            return await change(standing, "promoted", held.staged, who, why)

    async def roll_back(self, release: str | None = None, *, who: str, why: str = "") -> Line:
        """Back to that release ("": the workspace's folder); None: what is staged is withdrawn, else the one in
        service before serves again."""
        async with self._alone() as change:
            held = await self.standing()
            if release is None and held.staged:
                return await change(_unstaged(held), "withdrawn", held.staged, who, why)
            if release is None and not held.earlier:
                raise NotPublished("nothing_before")
            target = held.earlier[-1] if release is None else release
            if target == held.release and not held.staged:
                raise NotPublished("in_service")
            if target and await self._store.get(f"content:{target}") is None:
                raise NotPublished("unknown")
            return await change(_back(held, target, self._clock.now()), "rolled_back", target, who, why)

    async def withdraw(self, staged: str, *, who: str, why: str) -> Line:
        """The staged release is not tried any more. Raises `NotPublished("moved_on")` when another is by now."""
        async with self._alone() as change:
            held = await self.standing()
            if held.staged != staged:
                raise NotPublished("moved_on")
            return await change(_unstaged(held), "withdrawn", staged, who, why)

    # --- cleaning up

    async def tidy(self) -> tuple[str, ...]:
        """Removes the content that nothing needs: it does not serve, cannot be gone back to, and no talk runs on it.
        The names of what was removed."""
        removed = []
        for key, value in await self._all("kept:"):
            release, (first, latest) = key.removeprefix("kept:"), _kept(value)
            if latest > self._clock.now() - FRESH or await self._named(release):
                continue
            if not await self._in_use(release, first):
                async with self._alone():
                    if await self._store.get(key) == value and not await self._named(release):
                        await self._store.put(f"content:{release}", None)
                        await self._store.put(key, None)
                        removed.append(release)
        return tuple(removed)

    async def _named(self, release: str) -> bool:
        held = await self.standing()
        return release in (held.release, held.staged, *held.earlier)

    async def _in_use(self, release: str, since: datetime) -> bool:
        """Whether a talk runs on it, by the events that tell which ones ever did since it was there."""
        looked_at = set()
        async for entry in all_events(self._store, ("flow",), since, self._clock.now() + timedelta(minutes=1)):
            if entry.data.get("release") == release and entry.conversation not in looked_at:
                looked_at.add(entry.conversation)
                held = (await self._store.load(entry.conversation)).conversation
                if held is not None and held.dialog.release == release:
                    return True
        return False

    # --- the store

    async def _all(self, prefix: str) -> list[tuple[str, Json]]:
        found: list[tuple[str, Json]] = []
        while page := await self._store.items(prefix, after=found[-1][0] if found else "", limit=_PAGE):
            found += page
            if len(page) < _PAGE:
                break
        return found

    @contextlib.asynccontextmanager
    async def _alone(self) -> AsyncIterator[_Change]:
        """Nobody else publishes meanwhile, in whatever process."""
        holder = secrets.token_hex(8)
        async with self._changing:
            began = asked = self._clock.monotonic()
            while not await self._store.lease(_LEASE, holder, _LEASE_SECONDS):
                await self._clock.sleep(_PAUSE)
                asked = self._clock.monotonic()
                if asked - began > _PATIENCE:
                    raise NotPublished("busy")
            try:
                yield _Change(self._store, self._clock, asked + _LEASE_SECONDS)
            finally:
                await self._store.release(_LEASE, holder)


@dataclass(frozen=True, slots=True)
class _Change:
    """Writes the record, the one moment at which anything changes, and the history after it."""

    store: Store
    clock: Clock
    until: float

    async def __call__(
        self, standing: Standing, did: Did, release: str, who: str, why: str, untested: str = ""
    ) -> Line:  # fmt: skip
        before = await self.store.get(_RECORD)
        held = Standing() if before is None else _read(Standing, before)
        if held.latest is not None:
            await self._write_down(held.latest)
        line = Line(
            at=self.clock.now(), did=did, release=release, before=held.release, who=who[:_WHO], why=why[:_WHY],
            untested=untested[:_WHY], share=standing.share if did == "staged" else 100,
        )  # fmt: skip
        if self.clock.monotonic() >= self.until:
            raise NotPublished("slow")
        await self.store.put(_RECORD, encode(replace(standing, latest=line)))
        await self._write_down(line)
        return line

    async def _write_down(self, line: Line) -> None:
        key = f"published:{line.at.isoformat(timespec='microseconds')}"
        await self.store.put(key, encode(line))


async def all_events(store: Store, names: Sequence[str], since: datetime, until: datetime) -> AsyncIterator[Entry]:
    """All of them, the oldest first, each once, however many there are."""
    limit, there = _EVENTS, set[tuple[str, int]]()
    while True:
        page = await store.events(names, since=since, until=until, limit=limit)
        fresh = [entry for entry in page if (entry.conversation, entry.seq) not in there]
        for entry in fresh:
            yield entry
        if len(page) < limit:
            return
        if fresh:
            since = page[-1].at
            there = {(entry.conversation, entry.seq) for entry in page if entry.at == since}
        else:
            limit *= 2  # more of one moment than a page holds


def _unstaged(held: Standing) -> Standing:
    return replace(held, staged="", share=0, staged_at=None, rules=None)


def _in_service(held: Standing, release: str, now: datetime) -> Standing:
    if release == held.release:
        return _unstaged(held)
    return replace(_unstaged(held), release=release, since=now, earlier=(*held.earlier, held.release)[-KEPT:])


def _back(held: Standing, release: str, now: datetime) -> Standing:
    """Going back twice goes back by two."""
    if release == held.release:
        return _unstaged(held)
    earlier = held.earlier
    if release in earlier:
        earlier = earlier[: len(earlier) - 1 - earlier[::-1].index(release)]
    return replace(_unstaged(held), release=release, since=now, earlier=earlier)


def _kept(value: Json) -> tuple[datetime, datetime]:
    """Since when it is there, and when somebody last wanted it to be."""
    return datetime.fromisoformat(value["first"]), datetime.fromisoformat(value["at"])


def _read(kind: type[T], held: Json) -> T:
    try:
        return decode(kind, held)
    except DecodingError:
        raise NotPublished("damaged") from None
