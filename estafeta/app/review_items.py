"""What waits in the review inbox as it is shown: groups of messages that say about the same, with what they may mean.
For the command line and for pages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from estafeta.review import Noted
from nlu.data import Example
from nlu.review import grouped, key, likely

_UNSURE = 0.2
"""What a message costs that was answered, perhaps rightly, in handoffs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A group of messages to decide about. `texts` are shown, and become examples; `likely` the intents it may have,
    the likeliest first; `wanted` what operators said it was."""

    notes: tuple[Noted, ...]
    texts: tuple[str, ...]
    likely: tuple[str, ...]
    wanted: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(note.key for note in self.notes)

    @property
    def messages(self) -> int:
        return len({(note.conversation, note.seq) for note in self.notes})

    @property
    def handoffs(self) -> int:
        return sum(note.handed_over for note in self.notes)

    @property
    def whys(self) -> Counter[str]:
        return Counter(note.why for note in self.notes)

    @property
    def guess(self) -> str:
        """What the bot took most of it for."""
        return next((name for name, _ in Counter(note.intent for note in self.notes).most_common(1)), "")

    @property
    def plain(self) -> dict[str, Any]:
        """For programs."""
        return {
            "messages": self.messages, "handoffs": self.handoffs, "why": dict(self.whys), "texts": list(self.texts),
            "guess": self.guess, "likely": list(self.likely), "wanted": list(self.wanted),
            "since": min(note.at for note in self.notes).isoformat(), "keys": list(self.keys),
        }  # fmt: skip

    def without(self, texts: Sequence[str]) -> Item:
        """Those messages stay in the inbox."""
        gone = {key(text) for text in texts}
        kept = tuple(note for note in self.notes if key(note.text) not in gone)
        return replace(self, notes=kept, texts=tuple(text for text in self.texts if text not in texts))


def items_of(notes: Sequence[Noted], examples: Sequence[Example], attempts: int) -> list[Item]:
    """The messages in groups, the dearest first. `attempts`: so many in a row call a person."""
    costs = [_cost(note, attempts) for note in notes]
    groups = grouped([note.text for note in notes], costs)
    members = [tuple(notes[number] for number in group.members) for group in groups]
    guesses = [_guesses(one) for one in members]
    found = likely([group.texts for group in groups], guesses, examples)
    return [
        Item(notes=one, texts=group.texts, likely=tuple(intents), wanted=_wanted(one))
        for one, group, intents in zip(members, groups, found, strict=True)
    ]


def _cost(note: Noted, attempts: int) -> float:
    if note.handed_over or note.why in ("corrected", "thumbs_down"):
        return 1.0
    return 1 / max(1, attempts) if note.why == "not_understood" else _UNSURE


def _guesses(notes: Sequence[Noted]) -> dict[str, float]:
    """An operator knows best; of the model's guesses the first weighs what the model says, the others less."""
    weights: dict[str, float] = {}
    for note in notes:
        for place, name in enumerate(note.guesses, start=1):
            weights[name] = max(weights.get(name, 0.0), note.confidence / place)
    return weights | dict.fromkeys(_wanted(notes), 2.0)


def _wanted(notes: Sequence[Noted]) -> tuple[str, ...]:
    return tuple(name for name, _ in Counter(note.wanted for note in notes if note.wanted).most_common())


def taught_by(notes: Sequence[Noted], examples: Sequence[Example]) -> list[Noted]:
    """Those whose very words stand in the training data by now, though nobody complained of an answer."""
    known = {key(example.text) for example in examples}
    return [note for note in notes if note.why in ("not_understood", "unsure") and key(note.text) in known]
