"""What to add to the training data next: what costs people the most comes first. Pure.

A person who is called because the bot did not understand costs a handoff. A message that is answered with "I did not
understand" costs a part of one: after so many of them in a row a person is called.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from nlu.data import TrainingData

ENOUGH = 20
"""Different examples from which on it is rather the others that an intent is confused with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message of a customer that was not understood well: the likeliest intent ("" when nothing was known of it), the
    second one, and whether people were called because of it."""

    intent: str
    rival: str = ""
    handed_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """`cost` is in handoffs. `examples` is how many the intent has; `rival` the intent that it was most often confused
    with, "" if with none in particular."""

    intent: str
    cost: float
    handoffs: int
    messages: int
    examples: int
    rival: str
    text: str


@dataclass(slots=True)
class _Tally:
    messages: int = 0
    handoffs: int = 0
    rivals: Counter[str] = field(default_factory=Counter)


def suggest(data: TrainingData, heard: Iterable[Heard], *, attempts: int = 2, most: int = 10) -> list[Suggestion]:
    """The dearest first. `attempts`: so many messages in a row that are not understood call a person."""
    tallies: dict[str, _Tally] = {}
    for one in heard:
        tally = tallies.setdefault(one.intent, _Tally())
        tally.messages += 1
        tally.handoffs += one.handed_over
        if one.rival:
            tally.rivals[one.rival] += 1
    sizes = Counter(example.intent for example in data.examples)
    found = [_suggestion(intent, tally, sizes, max(1, attempts)) for intent, tally in tallies.items()]
    return sorted(found, key=lambda one: (-one.cost, -one.messages, one.intent))[:most]


def _suggestion(intent: str, tally: _Tally, sizes: Counter[str], attempts: int) -> Suggestion:
    fallbacks = tally.messages - tally.handoffs
    rival, times = next(iter(tally.rivals.most_common(1)), ("", 0))
    if 2 * times <= tally.messages:
        rival = ""
    if not intent:
        text = "The model knew nothing of these messages: they are about something that no intent is for."
    elif intent not in sizes:
        text = f"{intent} is not in the training data any more."
    elif sizes[intent] < ENOUGH:
        text = f"Add examples to {intent}: it has {sizes[intent]}."
    elif rival:
        text = f"Add examples that tell {intent} from {rival}, to both."
    else:
        text = f"Add to {intent} what customers really write; if it is not what they meant, it is a new intent."
    return Suggestion(
        intent=intent,
        cost=round(tally.handoffs + fallbacks / attempts, 2),
        handoffs=tally.handoffs,
        messages=tally.messages,
        examples=sizes[intent],
        rival=rival,
        text=text,
    )
