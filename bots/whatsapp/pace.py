"""How often one customer may be written to.

WhatsApp counts by pairs, a number and a customer: one message in six seconds. More of them, up to 45, may go out
within six seconds; after that nothing may until as much time has passed as they would have taken one by one
(https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes, 131056). That is no
token bucket, hence this. A customer's messages are sent by one process at a time, so nothing is shared; should two
meet all the same, WhatsApp's refusal blocks the pair.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bots.pacing import TooBusy
from bots.whatsapp.config import WhatsAppLimits
from estafeta.kernel.ports import Clock

_KEPT = 10_000
_UNDERWAY = 0.5
"""Seconds that a request may take longer than the next one: WhatsApp counts from when it has them."""


@dataclass(slots=True)
class _Pair:
    """`debt_until`: when what was sent is paid for. Until `burst_until` more may be borrowed."""

    debt_until: float
    burst_until: float
    burst: int
    blocked_until: float


class Pairs:
    def __init__(self, clock: Clock, limits: WhatsAppLimits) -> None:
        self._clock = clock
        self._seconds = limits.pair_seconds
        self._most = limits.pair_burst
        self._underway = min(_UNDERWAY, limits.pair_seconds / 10)
        self._pairs: dict[str, _Pair] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    async def wait(self, chat: str, *, patience: float) -> None:
        """Returns when it is this caller's turn, in the order of coming. Raises `TooBusy` when that would take more
        than `patience` seconds."""
        until = self._clock.monotonic() + patience
        turn = self._turns.setdefault(chat, asyncio.Lock())
        try:
            async with turn:
                while (delay := self._delay(chat)) > 0:
                    if self._clock.monotonic() + delay > until:
                        raise TooBusy(delay)
                    await self._clock.sleep(delay)
                self._take(chat)
        finally:
            if not turn.locked():
                self._turns.pop(chat, None)

    def give_back(self, chat: str) -> None:
        """A turn that was waited for and not used."""
        pair = self._pairs.get(chat)
        if pair is not None and pair.burst > 0:
            pair.burst -= 1
            pair.debt_until -= self._seconds

    def block(self, chat: str, seconds: float) -> None:
        """WhatsApp knows of messages to this customer that we do not."""
        now = self._clock.monotonic()
        pair = self._pairs.setdefault(chat, _Pair(now, now, 0, now))
        pair.blocked_until = max(pair.blocked_until, now + seconds)

    def _delay(self, chat: str) -> float:
        now, pair = self._clock.monotonic(), self._pairs.get(chat)
        if pair is None:
            return 0.0
        if now < pair.blocked_until:
            return pair.blocked_until - now
        may_borrow = now < pair.burst_until and pair.burst < self._most
        return 0.0 if may_borrow else max(0.0, pair.debt_until - now)

    def _take(self, chat: str) -> None:
        now, pair = self._clock.monotonic(), self._pairs.get(chat)
        if pair is None:
            if len(self._pairs) >= _KEPT:
                self._forget_idle(now)
            pair = self._pairs[chat] = _Pair(now, now, 0, now)
        if now >= pair.debt_until:
            pair.debt_until, pair.burst_until, pair.burst = (
                now + self._underway,
                now + self._seconds - self._underway,
                0,
            )
        pair.burst += 1
        pair.debt_until += self._seconds

    def _forget_idle(self, now: float) -> None:
        self._pairs = {
            chat: pair for chat, pair in self._pairs.items() if max(pair.debt_until, pair.blocked_until) > now
        }
