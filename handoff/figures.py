"""What a report tells: its rows, and how they are made of what was counted. Pure.

Durations are in seconds; waiting is in business time, as the events have it. Shares are from 0 to 1, None where there
is nothing to have a share of.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Of so many durations, those that half and 95 of 100 of them do not exceed; None of none."""

    count: int = 0
    median: float | None = None
    p95: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Promises:
    """Times that were told to customers. `moved`: another time was told before the first one broke. `ended`: the
    ticket was over before the time came, and nobody answered by then. `share` is that of the kept among those that
    were kept or broken."""

    skill: str
    made: int = 0
    kept: int = 0
    moved: int = 0
    broken: int = 0
    ended: int = 0
    share: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoffs:
    """Tickets that opened for the reason, or with the skill, `of`; how many somebody took for the first time, and
    how long customers waited for that: whoever was taken over from the bot did not."""

    of: str
    opened: int
    waits: Times
    taken: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """`within`: answers that took no longer than the aim. `missed`: the aim passed and there was no answer, by the end
    of the ticket or of the report. Both are None without an aim, `missed` also where nothing tells of it. `share` is
    that of those within among all."""

    aim: int | None
    times: Times
    within: int | None
    share: float | None
    missed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sla:
    """Answers by people of a skill to words that waited: the first of a ticket, and the others. `unanswered`: tickets
    that ended without any, the aim passed or not."""

    skill: str
    first: Answers
    next: Answers
    unanswered: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Csat:
    """`asked` surveys, of which `rate` were answered. The marks are those that came in the time of the report;
    `score` is the share of those that are not bad."""

    of: str
    asked: int = 0
    rate: float | None = None
    excellent: int = 0
    fine: int = 0
    bad: int = 0
    score: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorWork:
    """`taken` and `ended` count tickets; `answers` are those to words that waited."""

    operator: str
    name: str
    taken: int
    ended: int
    answers: Times
    marks: Csat


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    how: str
    tickets: int
    lasted: Times


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`promises` and `handoffs` are of all, and called "". Of rows of one kind that with the most comes first."""

    since: datetime
    until: datetime
    promises: Promises
    promises_by_skill: tuple[Promises, ...]
    handoffs: Handoffs
    handoffs_by_reason: tuple[Handoffs, ...]
    handoffs_by_skill: tuple[Handoffs, ...]
    endings: tuple[Ended, ...]
    sla: tuple[Sla, ...]
    csat: tuple[Csat, ...]
    operators: tuple[OperatorWork, ...]


# --- how they are made -----------------------------------------------------------------------------


def times(seconds: Iterable[float]) -> Times:
    ordered = sorted(seconds)
    if not ordered:
        return Times()
    return Times(
        count=len(ordered), median=statistics.median(ordered), p95=ordered[math.ceil(0.95 * len(ordered)) - 1]
    )  # fmt: skip


def most_first(rows: Iterable[tuple[Row, int]]) -> tuple[Row, ...]:
    """`rows` come with how much there is of each."""
    return tuple(row for row, _ in sorted(rows, key=lambda row: -row[1]))


def share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def promises(skill: str, counts: Mapping[str, int]) -> Promises:
    kept, broken = counts.get("promise_kept", 0), counts.get("promise_broken", 0)
    return Promises(
        skill=skill, made=counts.get("promised", 0), kept=kept, moved=counts.get("promise_moved", 0), broken=broken,
        ended=counts.get("ended", 0), share=share(kept, kept + broken),
    )  # fmt: skip


def handoffs(opened: Sequence[str], taken: Sequence[str], waits: Sequence[tuple[str, float]]) -> tuple[Handoffs, ...]:
    """By what they are called, a name for each ticket."""
    counts, takes = Counter(opened), Counter(taken)
    waited: dict[str, list[float]] = defaultdict(list)
    for name, wait in waits:
        waited[name].append(wait)
    return most_first(
        (Handoffs(of=name, opened=counts[name], waits=times(waited.get(name, [])), taken=takes[name]), counts[name])
        for name in dict.fromkeys((*counts, *takes))
    )


def answers(seconds: Sequence[float], aim: int | None, missed: int | None = None) -> Answers:
    """`missed`: None where nothing tells of it."""
    if aim is None:
        return Answers(aim=None, times=times(seconds), within=None, share=None)
    within = sum(one <= aim for one in seconds)
    return Answers(
        aim=aim, times=times(seconds), within=within, share=share(within, len(seconds) + (missed or 0)), missed=missed
    )
