"""Messages that wait to be labelled, put together by likeness, and what each group may mean. Pure.

A page of the inbox is worked on at once (`MOST` messages); what says the same word for word counts as one text.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches

from nlu import likeness
from nlu.data import Example
from nlu.normalise import read, words

MOST = 3_000
"""Messages that are grouped at once."""
ALIKE = 0.5
"""Texts from this likeness on to the one that a group is named after are in it."""
SHOWN = 5
"""Different texts of a group that are shown, and that become examples."""
LIKELY = 9
"""Intents that a group may have."""
_NEIGHBOURS = 20
"""Examples like a text that are looked at."""
_NEAR = 0.2
"""An example less alike than that says nothing about what was meant."""

Key = tuple[str, ...]
"""What a text says: its words, whatever their case, punctuation and digits."""


def key(text: str) -> Key:
    return tuple(words(read(text).text))


@dataclass(frozen=True, slots=True)
class Group:
    """Numbers of the messages, those of the text that most of them say first; `texts`: different ones, the most usual
    first, `SHOWN` of them."""

    members: tuple[int, ...]
    texts: tuple[str, ...]


def grouped(texts: Sequence[str], costs: Sequence[float]) -> list[Group]:
    """The groups, the dearest first. `costs` say what each message cost. Texts without a word are one group. The
    same for the same texts, whatever their order of equals; no chains: all of a group are like one text of it."""
    members: dict[Key, list[int]] = defaultdict(list)
    for number, text in enumerate(texts):
        members[key(text)].append(number)
    # The most usual text leads; of two as usual, the one that comes first in the alphabet.
    keys = sorted(members, key=lambda one: (-len(members[one]), one))
    leader = _led(keys)
    groups: dict[int, list[int]] = defaultdict(list)
    for place in range(len(keys)):
        groups[leader[place]].append(place)
    found = []
    for places in groups.values():
        numbers = tuple(number for place in places for number in members[keys[place]])
        found.append(Group(numbers, tuple(_usual(texts, members[keys[place]]) for place in places[:SHOWN])))
    return sorted(found, key=lambda group: (-sum(costs[number] for number in group.members), group.members[0]))


def _usual(texts: Sequence[str], numbers: Sequence[int]) -> str:
    counts = Counter(texts[number] for number in numbers)
    return min(counts, key=lambda text: (-counts[text], text))


def _led(keys: Sequence[Key]) -> list[int]:
    """For each text the one that it follows: itself, or the most alike of those before it that follow themselves."""
    near: dict[int, list[int]] = defaultdict(list)
    for pair in likeness.alike(keys, range(len(keys)), ALIKE, lambda share: None)[0]:
        near[pair.second].append(pair.first)  # the most alike first
    leader = list(range(len(keys)))
    for place in range(len(keys)):
        leader[place] = next((other for other in near[place] if leader[other] == other), place)
    return leader


def likely(
    groups: Sequence[Sequence[str]], guesses: Sequence[Mapping[str, float]], examples: Sequence[Example]
) -> list[list[str]]:
    """For each group of texts the intents it may have, the likeliest first, `LIKELY` at most: by the examples nearest
    to its first text and by what was guessed (intents with weights, 0 to 1)."""
    asked = [(number, key(texts[0])) for number, texts in enumerate(groups) if texts]
    weights = [defaultdict(float, one) for one in guesses]
    known = {example.intent for example in examples}
    found = likeness.nearest([one for _, one in asked], [key(example.text) for example in examples], _NEIGHBOURS)
    for (number, _), near in zip(asked, found, strict=True):
        for place, alike in near:
            intent = examples[place].intent
            weights[number][intent] = max(weights[number][intent], alike if alike >= _NEAR else 0.0)
    return [_best(one, known) for one in weights]


def _best(weights: Mapping[str, float], known: AbstractSet[str]) -> list[str]:
    named = ((name, weight) for name, weight in weights.items() if weight and name in known)
    return [name for name, _ in sorted(named, key=lambda one: (-one[1], one[0]))[:LIKELY]]


def nearest(texts: Sequence[str], examples: Sequence[Example]) -> list[tuple[str, float]]:
    """For each text the intent of the most alike example, and how alike that is; ("", 0) where none is."""
    found = likeness.nearest([key(text) for text in texts], [key(example.text) for example in examples], 1)
    return [(examples[near[0][0]].intent, near[0][1]) if near else ("", 0.0) for near in found]


def intents_like(typed: str, known: Sequence[str]) -> list[str]:
    """The intents that somebody may mean by what they typed, the likeliest first; only the one if it is that very
    name."""
    wanted = "_".join(typed.casefold().replace("-", "_").split())
    names = {name.casefold(): name for name in known}
    if wanted in names:
        return [names[wanted]]
    begin = [name for low, name in names.items() if low.startswith(wanted)]
    within = [name for low, name in names.items() if wanted in low and name not in begin]
    parts = [part for part in wanted.split("_") if part]
    pieces = [name for low, name in names.items() if parts and all(part in low for part in parts)]
    close = [names[low] for low in get_close_matches(wanted, names, n=5, cutoff=0.6)]
    rest = [*pieces, *close]
    ranked = sorted(rest, key=lambda name: -SequenceMatcher(None, wanted, name.casefold()).ratio())
    return list(dict.fromkeys([*sorted(begin), *sorted(within), *ranked]))[:LIKELY]
