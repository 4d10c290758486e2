"""The way in: what channels and desks call with what they heard."""

from __future__ import annotations

from collections.abc import Sequence

from estafeta.kernel.model import Signal
from estafeta.kernel.ports import Accepted, Bus, Store


class Intake:
    """Stores signals and wakes whoever works on their conversations."""

    def __init__(self, *, store: Store, bus: Bus) -> None:
        self._store = store
        self._bus = bus

    async def accept(self, signals: Sequence[Signal]) -> list[Accepted]:
        """Returns when they are durable. Raises `StoreUnavailable`."""
        accepted = await self._store.accept(signals)
        for conversation in {item.conversation for item in accepted if item.conversation and item.fresh}:
            await self._bus.wake(conversation)
        return accepted
