"""A store's ear for contract tests: what channels and desks hand to `accept`, remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import ConversationId, ProfileLearned, Signal
from estafeta.kernel.ports import Accepted


class Inbox:
    """Call it as `accept`. `away`: so many of the next calls find no store. `nobodys`: addresses (by
    their key) that lead to no conversation. `attempts`: every signal offered, stored or not. `learned`: those that
    tell who somebody is, apart from the others, for they come behind them whenever there is time."""

    def __init__(self) -> None:
        self.signals: list[Signal] = []
        self.attempts: list[Signal] = []
        self.learned: list[Signal] = []
        self.away = 0
        self.nobodys: set[str] = set()
        self.gate = asyncio.Event()
        self.gate.set()
        self._changed = asyncio.Event()

    async def __call__(self, signals: Sequence[Signal]) -> list[Accepted]:
        self.attempts += signals
        self._changed.set()
        await self.gate.wait()
        if self.away:
            self.away -= 1
            raise StoreUnavailable("the test's store is away")
        return [self._accept(signal) for signal in signals]

    async def until(self, condition: Callable[[], bool], seconds: float = 10.0) -> None:
        """Returns once `condition()` holds; looked at whenever something was offered or stored."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def have(self, count: int = 1) -> list[Signal]:
        """The signals, once there are so many different ones."""
        await self.until(lambda: len(self.signals) >= count)
        return self.signals

    def _accept(self, signal: Signal) -> Accepted:
        kept = self.learned if isinstance(signal.event, ProfileLearned) else self.signals
        fresh = all(known.id != signal.id for known in kept)
        address = signal.address
        if address is not None and address.key in self.nobodys:
            return Accepted(conversation=None, fresh=True)
        if fresh:
            kept.append(signal)
        self._changed.set()
        conversation = signal.conversation or (address.conversation if address else ConversationId("c"))
        return Accepted(conversation=conversation, fresh=fresh)
