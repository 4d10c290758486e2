"""Putting texts to an understander and keeping what it said, for figures, comparisons and the gate.

Works with whatever implements the port: the engine in this process, or a server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from estafeta.kernel.errors import UnderstandingFailed
from estafeta.kernel.model import Understanding
from estafeta.kernel.ports import REGION, Understander
from nlu.cases import NOBODYS, Case

DEADLINE = 20.0
"""Seconds for one text."""
AT_ONCE = 4
"""Texts asked about at once: a server has other things to do."""
_TRIES = 3

Asks = Callable[[Understanding], tuple[str, ...]]
"""The two intents between which the bot would ask its customer to choose; none where it would not ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a model said to a text. `said` is the likeliest intent, also where it is not believed. `entities` are the
    values found, by name. `asks`: the two intents that the bot would ask about ("did you mean …?"), none where it
    would not. `failed` says why nothing could be had, "" when all is well."""

    case: Case
    said: str
    confidence: float
    second: str = ""
    entities: Mapping[str, tuple[str, ...]] | None = None
    asks: tuple[str, ...] = ()
    failed: str = ""

    def decision(self, enough: float) -> str:
        """What the bot would go by: an intent, or "" for not understood."""
        return "" if self.confidence < enough or self.said in NOBODYS else self.said

    def worth(self, enough: float) -> int:
        """To whoever wrote it: 2 for what they meant, or for silence about what is not for the bot; 1 for a question
        that has it to choose from."""
        if self.asks:
            return int(self.case.intent in self.asks)
        return 2 * (self.decision(enough) == self.case.intent)

    def right(self, enough: float) -> bool:
        return not self.failed and self.decision(enough) == self.case.intent

    @property
    def entities_right(self) -> bool:
        """Whether exactly those were found that the case names; True where it names none."""
        return self.case.entities is None or dict(self.entities or {}) == dict(self.case.entities)


async def judge(
    understander: Understander,
    cases: Sequence[Case],
    told: Callable[[float], None] = lambda share: None,
    *,
    asks: Asks = lambda understanding: (),
    region: str = REGION,
    deadline: float = DEADLINE,
    at_once: int = AT_ONCE,
) -> list[Outcome]:
    """In the order of the cases. A text is asked about three times before it counts as failed. `told` is told the
    share that is done. `asks` tells when the bot would ask what is meant; `region` is the workspace's."""
    found: list[Outcome | None] = [None] * len(cases)
    waiting = iter(range(len(cases)))
    done = 0

    async def work() -> None:
        nonlocal done
        for at in waiting:
            found[at] = await _asked(understander, cases[at], deadline, asks, region)
            done += 1
            told(done / len(cases))

    async with asyncio.TaskGroup() as tasks:
        for _ in range(min(at_once, len(cases))):
            tasks.create_task(work())
    return [outcome for outcome in found if outcome is not None]


async def _asked(understander: Understander, case: Case, deadline: float, asks: Asks, region: str) -> Outcome:
    why = ""
    for _ in range(_TRIES):
        try:
            found = await understander.understand(case.text, deadline=deadline, at=case.at, region=region)
            return outcome(case, found, asks)
        except UnderstandingFailed as error:
            why = str(error)
    return Outcome(case=case, said="", confidence=0.0, failed=why or "no answer")


def outcome(case: Case, found: Understanding, asks: Asks = lambda understanding: ()) -> Outcome:
    entities: dict[str, list[str]] = {}
    for entity in found.entities:
        entities.setdefault(entity.name, []).append(entity.value)
    return Outcome(
        case=case,
        said=found.intent,
        confidence=found.confidence,
        second=found.ranking[1].name if len(found.ranking) > 1 else "",
        entities={name: tuple(sorted(values)) for name, values in entities.items()},
        asks=asks(found),
    )
