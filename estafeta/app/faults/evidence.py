"""A ledger laid out for the judge: by token, by customer, by time."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TypeVar

from estafeta.app.faults.ledger import (
    Acknowledged,
    Called,
    Echoed,
    Fault,
    GaveBack,
    Ledger,
    OperatorDid,
    Overheard,
    Refused,
    Said,
    Seen,
    Took,
    Tried,
)

Key = tuple[int, str]
"""A customer and a token."""

Place = tuple[int, int]
"""Where in the ledger, and where in that line's text: what came first."""

Appearance = TypeVar("Appearance", Seen, Overheard)


def _note(line: Appearance, number: int, lines: dict[Key, list[Appearance]], first: dict[Key, Place]) -> None:
    for place, token in enumerate(dict.fromkeys(line.tokens)):
        lines[line.customer, token].append(line)
        first.setdefault((line.customer, token), (number, place))


class Evidence:
    """What the ledger holds about each token. Keys without a customer are tokens, those with one are `Key`.

    `handed`: when the product had it, at the latest: when that was acknowledged or, for an acknowledgement can be lost
    on its way, when something that came of it was seen. `tried`: when the messenger's first attempt failed.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.said: dict[str, Said] = {}
        self.channels: dict[int, str] = {}
        self.did: dict[str, OperatorDid] = {}
        self.handed: dict[str, float] = {}
        self.queued: set[str] = set()
        self.times: Counter[str] = Counter()
        self.tried: dict[str, float] = {}
        self.refused: set[str] = set()
        self.seen: list[Seen] = []
        self.overheard: list[Overheard] = []
        self.shown: dict[Key, list[Seen]] = defaultdict(list)
        self.told: dict[Key, list[Overheard]] = defaultdict(list)
        self.first_shown: dict[Key, Place] = {}
        self.first_told: dict[Key, Place] = {}
        self.echoed: dict[str, set[str]] = defaultdict(set)
        self.called: dict[int, list[float]] = defaultdict(list)
        self.owned: dict[int, list[Took | GaveBack]] = defaultdict(list)
        self.faults: list[Fault] = []
        for number, line in enumerate(ledger.lines):
            self._take(number, line)

    def _take(self, number: int, line: object) -> None:
        match line:
            case Said():
                self.said[line.token] = line
                self.channels[line.customer] = line.channel
            case OperatorDid():
                self.did.setdefault(line.token, line)
            case Tried():
                self.tried.setdefault(line.token, line.at)
            case Acknowledged():
                self.handed.setdefault(line.token, line.at)
                self.times[line.token] += 1
                if line.queued:
                    self.queued.add(line.token)
            case Seen():
                self.seen.append(line)
                _note(line, number, self.shown, self.first_shown)
                self._came_of(line.tokens, line.at)
            case Overheard():
                self.overheard.append(line)
                if not line.card:
                    _note(line, number, self.told, self.first_told)
                self._came_of(line.tokens, line.at)
            case _:
                self._take_other(line)

    def _take_other(self, line: object) -> None:
        match line:
            case Echoed():
                self.echoed[line.token].add(line.message)
                self._came_of((line.token,), line.at)
            case Called():
                self.called[line.customer].append(line.at)
            case Took() | GaveBack():
                self.owned[line.customer].append(line)
            case Refused():
                self.refused.add(line.token)
            case Fault():
                self.faults.append(line)

    def _came_of(self, tokens: tuple[str, ...], at: float) -> None:
        for token in tokens:
            self.handed.setdefault(token, at)

    def channel(self, customer: int) -> str:
        return self.channels.get(customer, "")
