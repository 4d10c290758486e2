"""The judge: from what people did and saw to whether the product kept its promises. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from estafeta.app.faults.evidence import Appearance, Evidence, Key, Place
from estafeta.app.faults.ledger import (
    Ledger,
    OperatorDid,
    Overheard,
    Said,
    Seen,
    Took,
    owner,
)

WINDOW = 5.0
"""Seconds between a send and the record of it: who is stopped in them may leave a message that another sends again. On
an idle machine they are milliseconds; longer than these they are only where a log tells of longer turns."""
SLACK = 2.0
"""Seconds after a kill in which what the killed process had written to its socket may still arrive."""
_EXAMPLES = 5
_NO_ANSWER = ("fallback", "already_waiting")
"""Phrases that show that the words were not taken for what they were."""
_CALLING = "waiting"

_MOVES = ("return", "close")


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariant:
    """One promise: how often it was put to the test, how often it was broken.

    `allowed`: breaks that the documented window explains (doubled: where the messenger takes no idempotency key;
    lost: operators' words of which they were told that they did not arrive). `examples`: sentences about the first
    breaks, with times of the ledger.
    """

    name: str
    checked: int
    broken: int
    allowed: int = 0
    examples: tuple[str, ...] = ()


def judge(ledger: Ledger) -> list[Invariant]:
    """Every invariant, in the order they are printed."""
    run = Evidence(ledger)
    return [
        _lost(run),
        _doubled(run),
        _delivered_twice(run),
        _out_of_order(run),
        _wrong_recipient(run),
        _note_reached_a_customer(run),
        _bot_after_takeover(run),
        _unnoticed_handoff(run),
    ]


def waits(ledger: Ledger) -> list[tuple[float, float]]:
    """For each answered message: when it was handed over, and after how many seconds its answer stood there."""
    run = Evidence(ledger)
    return [
        (run.handed[token], run.shown[said.customer, token][0].at - run.handed[token])
        for token, said in run.said.items()
        if token in run.handed and (said.customer, token) in run.shown
    ]


@dataclass(slots=True)
class _Count:
    """An invariant while it is counted."""

    name: str
    checked: int = 0
    broken: int = 0
    allowed: int = 0
    examples: list[str] = field(default_factory=list)

    def breaks(self, sentence: str) -> None:
        self.broken += 1
        if len(self.examples) < _EXAMPLES:
            self.examples.append(sentence)

    def result(self) -> Invariant:
        return Invariant(
            name=self.name, checked=self.checked, broken=self.broken, allowed=self.allowed,
            examples=tuple(self.examples),
        )  # fmt: skip


# --- nothing is lost


def _lost(run: Evidence) -> Invariant:
    """Whatever was handed over has what it wants; what never was is still the messenger's."""
    count = _Count("lost")
    heard = {(line.customer, token) for line in run.overheard for token in line.tokens}
    for token, said in run.said.items():
        if token not in run.handed:
            continue
        count.checked += 1
        key = (said.customer, token)
        answered = any(line.phrase not in _NO_ANSWER for line in run.shown.get(key, ()))
        found = {"ears": key in heard, "either": answered or key in heard}.get(said.wants, answered)
        if not found:
            instead = "".join(f", heard [{line.phrase}]" for line in run.shown.get(key, ()) if line.phrase)
            at = run.handed[token]
            count.breaks(f"{token}, handed over at {at:.2f} ({said.channel}), wants {said.wants}{instead}")
    for token, did in run.did.items():
        if token not in run.handed or did.deed == "note":
            continue
        count.checked += 1
        if (did.customer, token) in run.shown:
            continue
        if token in run.refused:
            count.allowed += 1
        else:
            count.breaks(f"{token}, {did.operator} {did.deed} at {did.at:.2f}: the customer saw nothing of it")
    return count.result()


# --- nothing is doubled


def _doubled(run: Evidence) -> Invariant:
    count = _Count("doubled")
    for (customer, token), lines in run.shown.items():
        count.checked += 1
        for before, again in _repeats(lines):
            if run.channel(customer) != "widget" and _explained(run, before, again):
                count.allowed += 1
            else:
                count.breaks(_twice(token, before, again, run.channel(customer)))
    for (_, token), overheard in run.told.items():
        count.checked += 1
        for one, other in _repeats(overheard):
            if _explained(run, one, other):
                count.allowed += 1
            else:
                count.breaks(_twice(token, one, other, "operators"))
    return count.result()


def _repeats(lines: Sequence[Appearance]) -> Iterator[tuple[Appearance, Appearance]]:
    """Each appearance after the first, with the one before it."""
    return pairwise(lines)


def _explained(run: Evidence, before: Seen | Overheard, again: Seen | Overheard) -> bool:
    """Whether a message may have been sent again because nobody could know that it had been sent: the messenger's
    answer was withheld, or a sender or its store was stopped in the window after it."""
    if before.withheld or again.withheld == "hang":  # what hung may come out after what was sent instead of it
        return True
    return any(
        fault.repeats
        and fault.at <= min(again.at, before.at + max(WINDOW, fault.window))
        and fault.until >= before.at - SLACK
        for fault in run.faults
    )


def _twice(token: str, before: Seen | Overheard, again: Seen | Overheard, where: str) -> str:
    return f"{token} ({where}) at {before.at:.2f} as {before.message} and at {again.at:.2f} as {again.message}"


def _delivered_twice(run: Evidence) -> Invariant:
    """What the messenger delivers again is the same message: it is answered, told and shown once."""
    count = _Count("a message delivered twice is one message")
    for token, times in run.times.items():
        if times < 2:
            continue
        count.checked += 1
        key = (owner(token), token)
        repeats: list[tuple[Seen | Overheard, Seen | Overheard]] = [
            *_repeats(run.shown.get(key, ())),
            *_repeats(run.told.get(key, ())),
        ]
        if not all(_explained(run, before, again) for before, again in repeats):
            count.breaks(f"{token} was delivered {times} times and had several answers")
    for token, messages in run.echoed.items():
        count.checked += 1
        if len(messages) > 1:
            count.breaks(f"{token} stands {len(messages)} times among the customer's own words")
    return count.result()


# --- order


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cause:
    """Something handed to the product. `shows`: in the customer's chat. `lane`: within one the messenger hands over
    one after the other."""

    token: str
    shows: bool
    lane: str
    at: float
    tried: float
    handed: float
    queued: bool


def _out_of_order(run: Evidence) -> Invariant:
    """What was handed over after something else shows after it."""
    count = _Count("out of order")
    causes = _causes(run)
    for customer, mine in causes.items():
        answered = [cause for cause in mine if cause.shows]
        _check_order(count, customer, answered, run.first_shown, "the customer")
        _check_order(count, customer, mine, run.first_told, "the operators")
    return count.result()


def _causes(run: Evidence) -> dict[int, list[_Cause]]:
    causes: dict[int, list[_Cause]] = defaultdict(list)
    lines: list[Said | OperatorDid] = [*run.said.values(), *run.did.values()]
    for line in lines:
        at = run.handed.get(line.token)
        if at is None:
            continue
        cause = _Cause(
            token=line.token,
            shows=line.wants != "ears" if isinstance(line, Said) else line.deed != "note",
            lane=_lane(run, line),
            at=line.at,
            tried=min(run.tried.get(line.token, at), at),
            handed=at,
            queued=line.token in run.queued,
        )
        causes[line.customer].append(cause)
    return causes


def _lane(run: Evidence, line: Said | OperatorDid) -> str:
    """Telegram hands over what was written and what was pressed side by side."""
    if isinstance(line, Said):
        return "pressed" if "!" in line.token and run.channel(line.customer) == "telegram" else "said"
    return "moved" if line.deed in _MOVES else "typed"


def _check_order(
    count: _Count, customer: int, causes: Sequence[_Cause], places: Mapping[Key, Place], whom: str
) -> None:
    shown = [(places[customer, cause.token], cause) for cause in causes if (customer, cause.token) in places]
    shown.sort(key=lambda pair: pair[0])
    count.checked += len(shown)
    for number, (_, later) in enumerate(shown):
        early = next((one for _, one in shown[:number] if _follows(one, later)), None)
        if early is not None:
            count.breaks(
                f"{early.token} shows to {whom} before {later.token}, which was handed over at "
                f"{later.handed:.2f}, before the other was"
            )


def _follows(cause: _Cause, other: _Cause) -> bool:
    """Whether `cause` was handed over when `other` had been."""
    if cause.lane != other.lane:
        return other.handed < cause.at
    if cause.queued and other.queued:
        return other.at < cause.at
    return other.handed < cause.tried


# --- who sees what


def _wrong_recipient(run: Evidence) -> Invariant:
    count = _Count("wrong recipient")
    lines: list[Seen | Overheard] = [*run.seen, *run.overheard]
    for line in lines:
        count.checked += 1
        strange = [token for token in line.tokens if owner(token) != line.customer]
        if strange:
            where = "chat" if isinstance(line, Seen) else "topic"
            count.breaks(f"{', '.join(strange)} at {line.at:.2f} in the {where} of {line.customer}")
    return count.result()


def _note_reached_a_customer(run: Evidence) -> Invariant:
    count = _Count("a note reached a customer")
    seen = {token: line for line in run.seen for token in line.tokens}
    for token, did in run.did.items():
        if did.deed == "note":
            count.checked += 1
            if token in seen:
                count.breaks(f"{token} by {did.operator}, at {seen[token].at:.2f} to {seen[token].customer}")
    return count.result()


# --- one owner


def _bot_after_takeover(run: Evidence) -> Invariant:
    """What a customer says after a person was shown to have the conversation is not the bot's to answer."""
    count = _Count("bot after takeover")
    for token, said in run.said.items():
        at = run.handed.get(token)
        if at is None or not any(start < said.at and at < end for start, end in _with_people(run, said.customer)):
            continue
        count.checked += 1
        answers = run.shown.get((said.customer, token), ())
        if answers:
            count.breaks(f"{token}, said at {said.at:.2f} to a person, was answered by the bot at {answers[0].at:.2f}")
    return count.result()


def _with_people(run: Evidence, customer: int) -> Iterator[tuple[float, float]]:
    took: float | None = None
    for line in run.owned.get(customer, ()):
        if isinstance(line, Took):
            took = line.at if took is None else took
        elif took is not None:
            yield took, line.at
            took = None
    if took is not None:
        yield took, float("inf")


def _unnoticed_handoff(run: Evidence) -> Invariant:
    """Whoever was promised a person, or asked for one, was shown to the operators by a card or a reminder."""
    count = _Count("unnoticed handoff")
    promised = {line.tokens[0]: line for line in run.seen if line.phrase == _CALLING and line.tokens}
    wishes: dict[int, list[Said]] = defaultdict(list)
    for token, said in run.said.items():
        if (said.wants == "person" and token in run.handed) or token in promised:
            wishes[said.customer].append(said)
    for customer, mine in wishes.items():
        ends = [*(wish.at for wish in mine[1:]), float("inf")]
        for wish, end in zip(mine, ends, strict=True):
            count.checked += 1
            if not any(wish.at < at < end for at in run.called.get(customer, ())):
                count.breaks(f"{wish.token}, said at {wish.at:.2f}: nobody was called")
    return count.result()
