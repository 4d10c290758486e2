"""Watches what is staged, a release of dialogs or a language model: when its conversations go worse than those of the
one in service by more than the rules allow (`flows.trial`), it is withdrawn, and written down why. For one process at
a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from estafeta.kernel.errors import EstafetaError
from estafeta.kernel.ports import Clock, Store
from estafeta.publications import NotPublished, Publications, Standing, all_events
from estafeta.releases import Releases
from flows import trial
from flows.trial import Tally

_log = structlog.get_logger("trial")

EVERY = 10.0
"""Seconds between two looks."""
RULE = "rule"
"""Who withdrew it, in the history."""
_LATE = timedelta(minutes=1)
"""An event may be stored so long after its time."""


class TrialWatch:
    """`releases` are those of dialogs, or language models; `key` is what events name them by. `own` tells the one of
    the workspace's folder, which serves while nothing is published. `withdrawn` counts what this process withdrew
    since it started."""

    def __init__(
        self, *, store: Store, clock: Clock, own: Callable[[], str] = str, every: float = EVERY,
        releases: Publications | None = None, key: str = "release",
    ) -> None:  # fmt: skip
        self._store = store
        self._clock = clock
        self._releases = releases or Releases(store, clock)
        self._key = key
        self._own = own
        self._every = every
        self._trial: tuple[str, datetime | None] = ("", None)
        self._counting = _Counting(key)
        self.withdrawn = 0

    async def run(self) -> None:
        """Until cancelled. Survives that the store is away, or holds what it cannot read."""
        while True:
            try:
                await self.look()
            except EstafetaError as error:
                _log.warning("trial_not_watched", error=str(error))
            await self._clock.sleep(self._every)

    async def look(self) -> str:
        """Why the staged release was withdrawn now; "" when it was not, or when there is none."""
        standing = await self._releases.standing()
        if self._trial != (standing.staged, standing.staged_at):
            self._trial, self._counting = (standing.staged, standing.staged_at), _Counting(self._key)
        if not standing.staged or standing.staged_at is None or not standing.limits.watch:
            return ""
        await self._counting.go_on(self._store, standing.staged_at, self._clock.now())
        tally = self._counting.tally
        current = standing.release or self._own()
        why = trial.worse(tally.of(current), tally.of(standing.staged), standing.limits)
        return await self._withdraw(standing, why) if why else ""

    async def _withdraw(self, standing: Standing, why: str) -> str:
        try:
            await self._releases.withdraw(standing.staged, who=RULE, why=why)
        except NotPublished as refused:  # somebody was quicker
            _log.info("not_withdrawn", release=standing.staged, why=refused.code)
            return ""
        self.withdrawn += 1
        _log.warning(f"{self._key}_withdrawn", release=standing.staged, why=why)
        return why


class _Counting:
    """Events counted once each, a look at a time."""

    def __init__(self, key: str) -> None:
        self.tally = Tally(key)
        self._until: datetime | None = None
        self._lately: dict[tuple[str, int], datetime] = {}

    async def go_on(self, store: Store, since: datetime, now: datetime) -> None:
        begin = max(since, self._until - _LATE) if self._until is not None else since
        async for entry in all_events(store, trial.EVENTS, begin, now + timedelta(seconds=1)):
            key = (entry.conversation, entry.seq)
            if key not in self._lately:
                self._lately[key] = entry.at
                self.tally.add(entry)
        self._until = now
        self._lately = {key: at for key, at in self._lately.items() if at >= now - _LATE}


async def tally(store: Store, since: datetime, until: datetime, key: str = "release") -> Tally:
    """The figures of every release in that time, or with "model" of every language model."""
    found = Tally(key)
    async for entry in all_events(store, trial.EVENTS, since, until):
        found.add(entry)
    return found
