"""Who is at work: a lease in the store on this worker's own name, renewed for as long as it lives.

What a worker holds in conversations' outboxes is its own business while its lease lasts. Once it has run
out, another may take the name's lease for itself, and then whatever the name holds is anybody's: the
worker cannot renew it any more, and so learns that it was taken for dead. Until somebody did that, it
goes on as if nothing had been.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable

import structlog

from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.ports import Clock, Store

_log = structlog.get_logger("presence")

_BREAK = 0.5
"""Seconds by which an answer may come later than usual before the store counts as having been away."""
_BURIED = 30 * 86_400.0
"""Seconds for which the name of a worker that was taken for dead cannot be renewed: longer than any hangs."""


class Presence:
    """This worker's name, and whether it is still good.

    `lasts`: seconds of the lease. `every`: seconds between renewals. `settles`: for how many seconds
    this worker must have seen the store without a break before it takes another for dead: after an
    outage of the store the living need that long to renew (0: nobody else can work on this store).
    `on_lapse` is called when the name was lost and a new one was taken.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        name: str = "worker",
        lasts: float = 3.0,
        every: float = 0.75,
        settles: float = 3.0,
    ) -> None:
        self._store = store
        self._clock = clock
        self._kind = name
        self._lasts = lasts
        self._every = every
        self._settles = settles
        self._good_until = float("-inf")
        self._since = float("inf")
        self._answered = float("-inf")
        self._renewed = asyncio.Event()
        self._former: set[str] = {""}
        self._dead: set[str] = set()
        self._burying = asyncio.Lock()
        self.name = self._new_name()
        self.on_lapse: Callable[[], None] = lambda: None

    @property
    def sure(self) -> bool:
        """Whether nobody can have taken this worker for dead: only then it may begin to send.

        The lease counts from before it was asked for, so it ends here before it ends in the store.
        """
        return self._clock.monotonic() < self._good_until

    async def assured(self) -> None:
        """Returns once this worker is `sure`, perhaps under another name."""
        while not self.sure:
            self._renewed.clear()
            await self._renewed.wait()

    async def gone(self, holders: Iterable[str]) -> frozenset[str]:
        """Which of `holders` will not act any more: nobody (""), this worker under names that it lost, others
        that were, or hereby are, taken for dead. Raises `StoreUnavailable`."""
        gone = {holder for holder in holders if holder in self._former}
        others = {holder for holder in holders if holder != self.name} - gone
        if others - self._dead:
            leases = await self._store.leases()
            for other in others - self._dead:
                if await self._is_dead(other, leases.get(other)):
                    self._dead.add(other)
        return frozenset(gone | (others & self._dead))

    async def _is_dead(self, other: str, holder: str | None) -> bool:
        """Takes the lease on the name of one that has none, so that it stays dead. All that a dead worker
        held is asked about at once: one asks for the lease, and the others wait for what comes of it."""
        if holder is not None:
            return holder != other
        if not self.settled:
            return False
        async with self._burying:
            return other in self._dead or await self._store.lease(other, self.name, _BURIED)

    @property
    def settled(self) -> bool:
        """Whether this worker has seen the store for long enough, and lately, to take others for dead: what
        comes back from an outage may be seen here before the renewal that notices there was one."""
        now = self._clock.monotonic()
        lately = now - self._answered <= self._every + _BREAK
        return self._settles == 0 or (lately and now - self._since >= self._settles)

    async def begin(self) -> None:
        """Comes to work. Raises `StoreUnavailable`."""
        await self._renew()

    async def run(self) -> None:
        """Renews until cancelled."""
        while True:
            await self._clock.sleep(self._every)
            try:
                await self._renew()
            except StoreUnavailable as error:
                _log.warning("not_renewed", worker=self.name, error=str(error))

    async def end(self) -> None:
        """Leaves: what it still holds is anybody's from now on."""
        self._good_until = float("-inf")
        try:
            await self._store.release(self.name, self.name)
        except StoreUnavailable as error:  # the lease runs out by itself
            _log.warning("not_released", worker=self.name, error=str(error))

    async def _renew(self) -> None:
        asked = self._clock.monotonic()
        alive = self._good_until - self._lasts  # when what was answered last had been asked
        name, before = self.name, self.name
        if not await self._store.lease(name, name, self._lasts):
            self._good_until = float("-inf")
            name = self._new_name()
            asked = self._clock.monotonic()
            await self._store.lease(name, name, self._lasts)
        answered = self._clock.monotonic()
        if answered - self._answered > self._every + _BREAK:
            self._since = answered
        self._answered = answered
        self._good_until = asked + self._lasts
        self.name = name
        self._renewed.set()
        if name != before:
            self._former.add(before)
            _log.warning("taken_for_dead", worker=before, now=name, silent=round(answered - alive, 2))
            self.on_lapse()

    def _new_name(self) -> str:
        return f"{self._kind}-{secrets.token_hex(6)}"
