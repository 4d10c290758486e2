"""What everybody is going to do in a run, made from a seed: pure data, the same for the same seed.

A customer mostly waits for the answer before writing on, for the engine takes messages that wait together as one turn.
What a customer writes without waiting are commands, which stand alone, and never the same one twice in a burst, for
at the site an answer to a command does not tell which one it answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Literal

from estafeta.app.faults.ledger import Channel

FIRST_CUSTOMER = 10001
MESSAGES_EACH = 40
"""Messages of one customer, about."""

COMMANDS = ("hours", "address", "phone", "terms")
SPARE = 9001
"""Tokens of a customer from here on are for what has to be said again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Words that the bot answers with the token, or with the phrase called `answer`."""

    token: str
    text: str
    answer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """The button with this label under the answer to what was said last."""

    token: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The second makes sense only after the bot's own answer to the first."""

    first: Say
    second: Say | Press


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """Said one right after the other, without waiting."""

    says: tuple[Say, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    by: Literal["operator", "note", "customer"]
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """People have the conversation for a while.

    `wish`: the customer asks for it; without one the operator steps in, which needs a topic from before.
    `alongside`: said at the very moment the operator begins to type. The first of `turns` is the operator's.
    """

    wish: Say | None
    alongside: Say | None
    turns: tuple[Turn, ...]
    move: Literal["return", "close"]
    token: str


Act = Say | Pair | Burst | Episode


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One customer's part. `messages`: how many the customer says in it."""

    customer: int
    channel: Channel
    acts: tuple[Act, ...]
    messages: int


def write(seed: int, messages: int) -> list[Role]:
    """The script for `messages` messages of customers, all together."""
    customers = max(1, min(messages, max(6, messages // MESSAGES_EACH)))
    share, rest = divmod(messages, customers)
    return [_role(seed, FIRST_CUSTOMER + n, share + (n < rest)) for n in range(customers)]


def said(act: Act) -> int:
    """How many messages of the customer an act is."""
    match act:
        case Say():
            return 1
        case Pair():
            return 2
        case Burst():
            return len(act.says)
        case Episode():
            asked = (act.wish is not None) + (act.alongside is not None)
            return asked + sum(turn.by == "customer" for turn in act.turns)


def spare_turns(token: Iterator[str]) -> tuple[Turn, ...]:
    """What an operator does who was called without the script's knowing: a word, and done."""
    return (Turn(by="operator", token=next(token)),)


def tokens_of(customer: int, start: int = 1) -> Iterator[str]:
    return (f"{customer}-{number:04d}" for number in count(start))


def _role(seed: int, customer: int, messages: int) -> Role:
    random = Random(f"{seed}/{customer}")  # noqa: S311
    token = tokens_of(customer)
    acts: list[Act] = [Say(token=next(token), text="/start", answer="greeting")]
    left, topic = messages - 1, False
    while left:
        act = _act(random, token, left, topic=topic)
        topic = topic or isinstance(act, Episode)
        left -= said(act)
        acts.append(act)
    channel: Channel = "widget" if customer % 5 in (0, 3) else "telegram"
    return Role(customer=customer, channel=channel, acts=tuple(acts), messages=messages)


def _act(random: Random, token: Iterator[str], left: int, *, topic: bool) -> Act:
    kind = random.random()
    if left >= 4 and kind < 0.09:
        return _episode(random, token, wish=not topic or random.random() < 0.7)
    if left >= 2 and kind < 0.34:
        return _pair(random, token)
    if left >= 4 and kind < 0.44:
        commands = random.sample(COMMANDS, random.randint(2, 4))
        return Burst(says=tuple(_command(next(token), name) for name in commands))
    if kind < 0.54:
        return _command(next(token), random.choice(COMMANDS))
    return _ask(next(token)) if kind < 0.8 else _stock(next(token))


def _pair(random: Random, token: Iterator[str]) -> Pair:
    kind = random.random()
    one = next(token)
    if kind < 0.35:
        return Pair(first=_ask(one), second=Press(token=f"{one}!details", label="Details"))
    two = next(token)
    if kind < 0.7:
        first = Say(token=one, text=f"Please change my order {one}.")
        return Pair(first=first, second=Say(token=two, text=f"Leave it at the door, {two}."))
    return Pair(first=Say(token=one, text="/parcel", answer="which"), second=Say(token=two, text=two))


def _episode(random: Random, token: Iterator[str], *, wish: bool) -> Episode:
    """At most four messages of the customer's."""
    asked = _wish(next(token)) if wish else None
    alongside = _ask(next(token)) if not wish or random.random() < 0.3 else None
    turns = [Turn(by="operator", token=next(token))]
    for _ in range(random.randint(1, 2)):
        turns.append(Turn(by="customer", token=next(token)))
        if random.random() < 0.5:
            turns.append(Turn(by="note", token=next(token)))
        turns.append(Turn(by="operator", token=next(token)))
    move: Literal["return", "close"] = "return" if random.random() < 0.5 else "close"
    return Episode(wish=asked, alongside=alongside, turns=tuple(turns), move=move, token=next(token))


def _wish(token: str) -> Say:
    return Say(token=token, text=f"Call a person about {token}, please.")


def _ask(token: str) -> Say:
    return Say(token=token, text=f"Where is my order {token}?")


def _stock(token: str) -> Say:
    return Say(token=token, text=f"How many of {token} are left in stock?")


def _command(token: str, name: str) -> Say:
    return Say(token=token, text=f"/{name}", answer=name)
