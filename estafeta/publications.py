"""What is in service, who put it there, when and why: the record of everything that is published. A service over the
store, for the content of dialogs (`estafeta.releases`) and for language models (`estafeta.models`).

What is published lies in the store under its own name; one small record tells which serves and which is tried with a
share. Whoever changes the record holds a lease and writes it last, in one piece: a publisher that dies before leaves
everything as it was, and of two at the same time one comes after the other and sees what the first did. Without any
publication what the workspace's folder holds serves; "" is its name here.

Refusals are `NotPublished` with a `code`; their text is the sentence. Every method raises `StoreUnavailable` when
the store cannot answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeVar

from estafeta.kernel.codec import DecodingError, decode, encode
from estafeta.kernel.errors import EstafetaError
from estafeta.kernel.model import Entry, Json
from estafeta.kernel.ports import Clock, Store
from flows.publish_file import PublishRules

T = TypeVar("T")

_LEASE_SECONDS = 30.0
_PATIENCE = 60.0
_PAUSE = 0.05
_PAGE = 1000
_EVENTS = 5000
_WHO, _WHY, _GATE = 100, 500, 1000
"""So many characters of them are kept."""

Did = Literal["published", "staged", "promoted", "withdrawn", "rolled_back"]


@dataclass(frozen=True, slots=True)
class Kind:
    """What is published. The store's keys: `record` tells what serves, `history` begins each line of the history.
    `sentences` by the code of a refusal. So many earlier ones can be gone back to as are `kept`."""

    record: str
    lease: str
    history: str
    sentences: Mapping[str, str]
    kept: int = 20


class NotPublished(EstafetaError):
    """What was asked for was not done; `code` names why."""

    def __init__(self, code: str, kind: Kind) -> None:
        super().__init__(kind.sentences[code])
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the history: what was done to which release. `before` was in service then. `gate`: what the tests
    before it said, "" where there were none. `untested` tells why it was published without being gone through, "" when
    that was done."""

    at: datetime
    did: Did
    release: str
    before: str = ""
    share: int = 100
    who: str = ""
    why: str = ""
    gate: str = ""
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


class Publications:
    """`kept` tells whether that one is in the store, so that it can be gone back to."""

    def __init__(self, store: Store, clock: Clock, kind: Kind, kept: Callable[[str], Awaitable[bool]]) -> None:
        self._store = store
        self._clock = clock
        self._kind = kind
        self._kept = kept
        self._changing = asyncio.Lock()

    # --- reading

    async def standing(self) -> Standing:
        """Raises `NotPublished("damaged")` when the record cannot be read."""
        held = await self._store.get(self._kind.record)
        return Standing() if held is None else self.read(Standing, held)

    async def history(self, limit: int = 100) -> tuple[Line, ...]:
        """The latest first."""
        lines = {line.at: line for line in [self.read(Line, value) for _, value in await self.all(self._kind.history)]}
        latest = (await self.standing()).latest
        if latest is not None:
            lines[latest.at] = latest  # whoever did it may have died before it was written down
        return tuple(lines[at] for at in sorted(lines, reverse=True)[:limit])

    async def named(self, release: str) -> bool:
        """Whether it serves, is tried, or can be gone back to."""
        held = await self.standing()
        return release in (held.release, held.staged, *held.earlier)

    # --- changing

    async def put_into_service(
        self, release: str, keep: Callable[[], Awaitable[object]], *, who: str, why: str = "", share: int = 100,
        rules: PublishRules | None = None, gate: str = "", untested: str = "",
    ) -> Line:  # fmt: skip
        """Puts it into service, or with a `share` below 100 tries it with so many percent. What was staged before is
        not any more. Once that is found allowed, `keep` brings it into the store. Whoever calls has checked it."""
        if not 1 <= share <= 100:
            raise self.refused("wrong_share")
        async with self.alone() as change:
            held = await self.standing()
            if release == held.release and not (held.staged and share == 100):
                raise self.refused("unchanged")
            if release == held.staged and share == held.share:
                raise self.refused("staged_already")
            await keep()
            if share == 100:
                did: Did = "promoted" if release == held.staged else "published"
                return await change(self._serving(held, release), did, release, who, why, gate, untested)
            since = held.staged_at if release == held.staged else self._clock.now()
            limits = (rules or PublishRules()).model_dump(mode="json")
            staged = replace(held, staged=release, share=share, staged_at=since, rules=limits)
            return await change(staged, "staged", release, who, why, gate, untested)

    async def promote(self, *, who: str, why: str = "") -> Line:
        """The staged release serves everybody from now on."""
        async with self.alone() as change:
            held = await self.standing()
            if not held.staged:
                raise self.refused("nothing_staged")
            standing = self._serving(held, held.staged)
            return await change(standing, "promoted", held.staged, who, why)

    async def roll_back(self, release: str | None = None, *, who: str, why: str = "") -> Line:
        """Back to that release ("": what the folder holds); None: what is staged is withdrawn, else the one in
        service before serves again."""
        async with self.alone() as change:
            held = await self.standing()
            if release is None and held.staged:
                return await change(_unstaged(held), "withdrawn", held.staged, who, why)
            if release is None and not held.earlier:
                raise self.refused("nothing_before")
            target = held.earlier[-1] if release is None else release
            if target == held.release and not held.staged:
                raise self.refused("in_service")
            if target and not await self._kept(target):
                raise self.refused("unknown")
            return await change(_back(held, target, self._clock.now()), "rolled_back", target, who, why)

    async def withdraw(self, staged: str, *, who: str, why: str) -> Line:
        """The staged release is not tried any more. Raises `NotPublished("moved_on")` when another is by now."""
        async with self.alone() as change:
            held = await self.standing()
            if held.staged != staged:
                raise self.refused("moved_on")
            return await change(_unstaged(held), "withdrawn", staged, who, why)

    def _serving(self, held: Standing, release: str) -> Standing:
        if release == held.release:
            return _unstaged(held)
        earlier = (*held.earlier, held.release)[-self._kind.kept :]
        return replace(_unstaged(held), release=release, since=self._clock.now(), earlier=earlier)

    # --- the store

    def refused(self, code: str) -> NotPublished:
        return NotPublished(code, self._kind)

    def read(self, kind: type[T], held: Json) -> T:
        """Raises `NotPublished("damaged")`."""
        try:
            return decode(kind, held)
        except DecodingError:
            raise self.refused("damaged") from None

    async def all(self, prefix: str) -> list[tuple[str, Json]]:
        """All small values whose keys begin so."""
        found: list[tuple[str, Json]] = []
        while page := await self._store.items(prefix, after=found[-1][0] if found else "", limit=_PAGE):
            found += page
            if len(page) < _PAGE:
                break
        return found

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[_Change]:
        """Nobody else publishes meanwhile, in whatever process."""
        holder = secrets.token_hex(8)
        async with self._changing:
            began = asked = self._clock.monotonic()
            while not await self._store.lease(self._kind.lease, holder, _LEASE_SECONDS):
                await self._clock.sleep(_PAUSE)
                asked = self._clock.monotonic()
                if asked - began > _PATIENCE:
                    raise self.refused("busy")
            try:
                yield _Change(self, self._store, self._clock, self._kind, asked + _LEASE_SECONDS)
            finally:
                await self._store.release(self._kind.lease, holder)


@dataclass(frozen=True, slots=True)
class _Change:
    """Writes the record, the one moment at which anything changes, and the history after it."""

    published: Publications
    store: Store
    clock: Clock
    kind: Kind
    until: float

    async def __call__(
        self, standing: Standing, did: Did, release: str, who: str, why: str, gate: str = "", untested: str = ""
    ) -> Line:
        held = await self.published.standing()
        if held.latest is not None:
            await self._write_down(held.latest)
        line = Line(
            at=self.clock.now(), did=did, release=release, before=held.release, who=who[:_WHO], why=why[:_WHY],
            share=standing.share if did == "staged" else 100, gate=gate[:_GATE], untested=untested[:_WHY],
        )  # fmt: skip
        if self.clock.monotonic() >= self.until:
            raise self.published.refused("slow")
        await self.store.put(self.kind.record, encode(replace(standing, latest=line)))
        await self._write_down(line)
        return line

    async def _write_down(self, line: Line) -> None:
        key = f"{self.kind.history}{line.at.isoformat(timespec='microseconds')}"
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


def _back(held: Standing, release: str, now: datetime) -> Standing:
    """Going back twice goes back by two."""
    if release == held.release:
        return _unstaged(held)
    earlier = held.earlier
    if release in earlier:
        earlier = earlier[: len(earlier) - 1 - earlier[::-1].index(release)]
    return replace(_unstaged(held), release=release, since=now, earlier=earlier)
