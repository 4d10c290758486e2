"""Fills the review inbox: as messages are decided, and from conversations that are there already."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta

import structlog

from estafeta.kernel.errors import EstafetaError
from estafeta.kernel.model import ConversationId, Entry
from estafeta.kernel.ports import Clock, Store
from estafeta.publications import all_events
from estafeta.review import Inbox, looks_back, names_in, worth_a_look

_log = structlog.get_logger("review")

EVENTS = ("flow", "fallback", "unsure", "opened", "rated")
"""Whatever the bot makes of a message, one of these tells of it."""
_BEFORE = 40
"""Entries before an event among which the words that it is about are looked for."""
_BATCH = 500


async def fill(inbox: Inbox, store: Store, enough: float, since: datetime, until: datetime) -> int:
    """Notes what conversations hold around the events of that time, one conversation at a time; how many messages were
    new."""
    first: dict[ConversationId, int] = {}
    async for event in all_events(store, EVENTS, since, until):
        first.setdefault(event.conversation, event.seq)
    new = 0
    for conversation, seq in first.items():
        kept: list[Entry] = []
        async for page in _pages(store, conversation, max(0, seq - 1 - _BEFORE), until):
            entries = [*kept, *page]
            # What came of the last words may stand on the next page: they are looked at with it.
            kept = page[-_BEFORE:] if len(page) == _BATCH else []
            sure = kept[0].seq if kept else page[-1].seq + 1
            found = (one for one in worth_a_look(entries, enough) if one.seq < sure)
            new += await inbox.note(found, names_in(entries))
    return new


async def _pages(store: Store, conversation: ConversationId, after: int, until: datetime) -> AsyncIterator[list[Entry]]:
    """To the end of the first page that reaches the time, and one more."""
    enough = False
    while page := await store.entries(conversation, after=after, limit=_BATCH):
        yield page
        if len(page) < _BATCH or enough:
            return
        after, enough = page[-1].seq, page[-1].at >= until


_KEPT = 10_000
_AGAIN = 5.0
_LEASE, _LEASE_SECONDS = "review", 600.0


class ReviewWatch:
    """Notes messages as they are decided. `decided` is for who commits: it returns at once. What a process that died
    had not noted yet is found when one begins: it looks `back`, one process at a time. `missed` counts turns that were
    dropped because the store could not keep up; `fill` finds them."""

    def __init__(
        self, *, inbox: Inbox, store: Store, clock: Clock, name: str, enough: Callable[[], float],
        back: timedelta = timedelta(days=1),
    ) -> None:  # fmt: skip
        self._inbox = inbox
        self._store = store
        self._clock = clock
        self._name = name
        self._enough = enough
        self._back = back
        self._turns: asyncio.Queue[Sequence[Entry]] = asyncio.Queue(_KEPT)
        self.missed = 0

    def decided(self, entries: Sequence[Entry]) -> None:
        """The lines of a turn that was committed."""
        if not any(map(looks_back, entries)) and next(worth_a_look(entries, self._enough()), None) is None:
            return
        try:
            self._turns.put_nowait(tuple(entries))
        except asyncio.QueueFull:
            self.missed += 1

    async def run(self) -> None:
        """Until cancelled. Survives that the store is away, or holds what it cannot read."""
        try:
            await self._look_back()
        except EstafetaError as error:
            _log.warning("review_not_filled", error=str(error))
        except Exception:  # a worker is not to die of what was said yesterday
            _log.exception("review_not_filled")
        while True:
            entries = await self._turns.get()
            while not await self._noted(entries):
                await self._clock.sleep(_AGAIN)
            self._turns.task_done()

    async def idle(self) -> None:
        """Returns once all that was decided until now is noted."""
        await self._turns.join()

    async def _look_back(self) -> None:
        if not await self._store.lease(_LEASE, self._name, _LEASE_SECONDS):
            return
        try:
            now = self._clock.now()
            await fill(self._inbox, self._store, self._enough(), now - self._back, now + timedelta(seconds=1))
        finally:
            await self._store.release(_LEASE, self._name)

    async def _noted(self, entries: Sequence[Entry]) -> bool:
        try:
            await self._inbox.note_turn(entries, self._enough())
        except EstafetaError as error:
            _log.warning("review_not_noted", error=str(error))
            return False
        except Exception:  # one message is not worth the others
            _log.exception("review_broke")
        return True
