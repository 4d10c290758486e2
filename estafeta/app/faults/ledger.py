"""What people did and saw in a run, line by line, in the order it happened: all that the judge needs.

A *token* ("10007-0042") is in every text that matters and in no two of them. It begins with the number of the
customer it is about. What an answer repeats, and what an operator's words carry, is how a line is matched to what
caused it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import orjson

TOKEN = re.compile(r"\b[1-9]\d{4}-\d{4}(?:!\w+)?")
"""A token in a text. What follows "!" tells the answer to a pressed button from the answer to the words before it."""

Channel = Literal["telegram", "widget"]
Wants = Literal["answer", "person", "ears", "either"]
Deed = Literal["says", "note", "return", "close"]


def tokens(text: str) -> tuple[str, ...]:
    return tuple(TOKEN.findall(text))


def owner(token: str) -> int:
    """The number of the customer that a token is about."""
    return int(token[:5])


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A customer gave words to the messenger (or pressed a button).

    `wants`: answer: the bot's, with the token; person: people must be called; ears: a person has the conversation
    and must see the words, the bot must not answer; either: the bot or a person, who is just taking over.
    """

    at: float
    customer: int
    token: str
    channel: Channel
    wants: Wants


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorDid:
    """An operator typed or pressed something in the topic of a customer. `note`: it must never reach one."""

    at: float
    operator: str
    customer: int
    token: str
    deed: Deed


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """The messenger's attempt to hand this over failed."""

    at: float
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """The product told the messenger (or the page) that it has this. More than once: it was told again.

    `queued`: it was taken from a queue in which nothing overtakes (updates that are polled for, the page's outbox), so
    that the order of what was said is the order in which it was handed over.
    """

    at: float
    token: str
    queued: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Something new stood in a customer's chat.

    `message` names it there. `phrase` is a sentence without a token of its own: then `tokens` holds what it answers.
    `withheld`: the fault by which the messenger took it and the product did not get to know, or late ("hang").
    """

    at: float
    customer: int
    message: str
    tokens: tuple[str, ...]
    by: str = ""
    phrase: str = ""
    withheld: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Echoed:
    """The site's chat showed a customer's own words as stored."""

    at: float
    customer: int
    token: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """The site's chat was sent an entry again that it has; the page does not show it twice."""

    at: float
    customer: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overheard:
    """Words stood in a topic of the operators' group. `card`: in a card, which quotes what was said before."""

    at: float
    customer: int
    message: str
    tokens: tuple[str, ...]
    card: bool = False
    withheld: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """The operators were called to a customer: by a new card, or by a reminder."""

    at: float
    customer: int
    message: str
    reminder: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """The customer or the operator was shown that a person has the conversation."""

    at: float
    customer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GaveBack:
    """An operator is about to return or close: from here on the bot may answer again."""

    at: float
    customer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The product told the operator that these words did not reach the customer; they are said anew."""

    at: float
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something was done to the product or around it, from `at` until `until`.

    `repeats`: a send may be repeated on account of it, for it stopped a sender or the store that it records in.
    `window`: for how many seconds, by the logs, a message may have been sent and not recorded when it came.
    """

    at: float
    until: float
    kind: str
    repeats: bool = False
    window: float = 0.0
    data: dict[str, Any] = field(default_factory=dict)


Line = (
    Said | OperatorDid | Tried | Acknowledged | Seen | Echoed | Repeated | Overheard | Called | Took | GaveBack
    | Refused | Fault
)  # fmt: skip

_KINDS: dict[str, type[Line]] = {kind.__name__: kind for kind in get_args(Line)}


class Ledger:
    """Append-only. All times are seconds of `now`, which begins at 0 and never goes back."""

    def __init__(self, lines: Iterable[Line] = (), *, clock: Callable[[], float] = time.monotonic) -> None:
        self.lines: list[Line] = list(lines)
        self._clock = clock
        self._began = clock()

    def now(self) -> float:
        return self._clock() - self._began

    def add(self, line: Line) -> None:
        self.lines.append(line)

    def fault(self, kind: str, at: float, until: float, *, repeats: bool = False, **data: Any) -> None:
        """Notes a fault that was done. `at`, `until`: of `now`; the same twice for a kill. `repeats`: see `Fault`."""
        self.add(Fault(at=at, until=until, kind=kind, repeats=repeats, data=data))

    def write(self, path: Path) -> None:
        """As JSON lines, which `read` reads."""
        with path.open("wb") as file:
            for line in self.lines:
                file.write(orjson.dumps({"line": type(line).__name__, **asdict(line)}) + b"\n")

    @classmethod
    def read(cls, path: Path) -> Ledger:
        return cls(_line(orjson.loads(raw)) for raw in path.read_bytes().splitlines())

    def of(self, *kinds: type[Line]) -> Sequence[Line]:
        return [line for line in self.lines if isinstance(line, kinds)]


def _line(plain: dict[str, Any]) -> Line:
    kind = _KINDS[plain.pop("line")]
    if "tokens" in plain:
        plain["tokens"] = tuple(plain["tokens"])
    return kind(**plain)
