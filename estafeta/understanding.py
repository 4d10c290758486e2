"""Having a message understood by an understander that may be late, down or broken.

A message gets a few tries, each within the deadline. When several messages in a row were not understood, asking
is given up for a while, so that nobody waits for what does not come; then one message at a time is a trial, until
one succeeds. What the rule says is `handoff.reasons.bot_down` of bot.yml. One slow answer is one message's
misfortune and changes nothing for the others.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog

from estafeta.kernel.errors import UnderstandingFailed
from estafeta.kernel.model import Understanding
from estafeta.kernel.ports import REGION, Clock, Understander
from flows.handoff_file import BotDown

_log = structlog.get_logger("understanding")


@dataclass(slots=True)
class Asked:
    """What became of asking since the start. `failed` are messages that were asked about in vain, `spared` those
    that were not asked about while it was given up; `opened` is how often it was."""

    tries: int = 0
    retries: int = 0
    failed: int = 0
    spared: int = 0
    opened: int = 0


class Asking:
    """One process's way to its understander. `deadline`: seconds for one try."""

    def __init__(self, understander: Understander, clock: Clock, deadline: float) -> None:
        self._understander = understander
        self._clock = clock
        self._deadline = deadline
        self._in_vain = 0
        self._rests_until: float | None = None
        self._trying = False
        self.tally = Asked()

    @property
    def given_up(self) -> bool:
        """Whether asking rests, or is only tried out."""
        return self._rests_until is not None

    async def ask(
        self,
        text: str,
        rule: BotDown,
        *,
        once: bool = False,
        at: datetime | None = None,
        region: str = REGION,
        by: Understander | None = None,
    ) -> Understanding | None:
        """What the text means; None when that cannot be had in time. Never raises for what the understander does.
        `once`: it is not worth a second try. `at`, `region`: as in the port. `by`: who is asked instead of the
        usual understander."""
        asked = partial((by or self._understander).understand, text, deadline=self._deadline, at=at, region=region)
        if self._rests_until is None:
            return await self._ask(asked, rule, 1 if once else rule.tries)
        if self._trying or self._clock.monotonic() < self._rests_until:
            self.tally.spared += 1
            return None
        self._trying = True
        try:
            return await self._ask(asked, rule, 1, trial=True)
        finally:
            self._trying = False

    async def _ask(
        self, asked: Callable[[], Awaitable[Understanding]], rule: BotDown, tries: int, *, trial: bool = False
    ) -> Understanding | None:
        for number in range(tries):
            self.tally.tries += 1
            self.tally.retries += number > 0
            try:
                found = await asked()
            except UnderstandingFailed as error:
                _log.warning("understanding_failed", error=str(error), attempt=number + 1)
                continue
            except Exception:
                # A mistake in the understander, on this text: asking again would not help, and says nothing of others.
                _log.exception("understanding_broke")
                self.tally.failed += 1
                return None
            self._in_vain, self._rests_until = 0, None
            return found
        self.tally.failed += 1
        self._in_vain += 1
        if trial or (self._rests_until is None and self._in_vain >= rule.opens_after):
            self._rests_until = self._clock.monotonic() + rule.rests
            self.tally.opened += not trial
            _log.warning("understanding_given_up", in_vain=self._in_vain, seconds=rule.rests)
        return None
