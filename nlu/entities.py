"""Entities by rule: named regular expressions, lookup tables, synonyms.

What a table's words look like in a sentence differs by their endings, so phrases are compared by
stems: “в Москве” finds “Москва”. Entities learnt from marked examples need a trained model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from estafeta.kernel.model import Entity
from nlu.normalise import LONGEST_WORD, MOST_WORDS, Reading, stem
from nlu.patterns import WINDOW, compile_pattern

if TYPE_CHECKING:  # reading YAML is for training only
    from nlu.data import TrainingData

_word = re.compile(r"\w+")
_start = re.compile(r"(?<!\w)\S|(?<=\w)[^\w\s]")
_MOST_STARTS = 2 * MOST_WORDS
_Phrases = Mapping[tuple[str, ...], str]


class EntityFinder:
    """Finds entities in a text. One name's entities never overlap: the longest wins."""

    def __init__(
        self,
        *,
        regexes: Mapping[str, Sequence[str]],
        phrases: Mapping[str, Mapping[str, str]],
        synonyms: Mapping[str, str],
    ) -> None:
        """`phrases`: by entity, from a phrase to the value it stands for. Raises `UnsafePattern`."""
        self._plain = {
            "regexes": {name: list(patterns) for name, patterns in regexes.items()},
            "phrases": {name: dict(values) for name, values in phrases.items()},
            "synonyms": dict(synonyms),
        }
        self._regexes = [(name, compile_pattern(p)) for name, patterns in regexes.items() for p in patterns]
        self._tables: list[tuple[str, int, _Phrases]] = []
        for name, values in phrases.items():
            table: dict[tuple[str, ...], str] = {}
            for phrase, value in values.items():
                if key := tuple(stemmed for stemmed, _, _ in _stems(phrase)):
                    table.setdefault(key, value)
            self._tables.append((name, max(map(len, table), default=0), table))
        self._synonyms = dict(synonyms)

    @classmethod
    def of(cls, data: TrainingData) -> EntityFinder:
        """A table's phrases, and the synonyms that stand for one of them."""
        phrases: dict[str, dict[str, str]] = {}
        for name, items in data.lookups.items():
            values = {item: data.synonyms.get(item.lower(), item) for item in items}
            known = {value.lower() for value in values.values()}
            values.update({phrase: value for phrase, value in data.synonyms.items() if value.lower() in known})
            phrases[name] = values
        return cls(regexes=data.regexes, phrases=phrases, synonyms=data.synonyms)

    @classmethod
    def from_plain(cls, plain: Any) -> EntityFinder:
        return cls(regexes=plain["regexes"], phrases=plain["phrases"], synonyms=plain["synonyms"])

    def to_plain(self) -> dict[str, Any]:
        """JSON values from which `from_plain` makes the same finder."""
        return dict(self._plain)

    def find(self, reading: Reading) -> tuple[Entity, ...]:
        """In the order of the text; offsets are those of the text the reading was made from."""
        found = [*self._by_pattern(reading.text), *self._by_phrase(reading.text)]
        found.sort(key=lambda entity: (entity.start - entity.end, entity.start, entity.name))
        kept: list[Entity] = []
        for entity in found:
            if not any(k.name == entity.name and k.start < entity.end and entity.start < k.end for k in kept):
                kept.append(entity)
        kept.sort(key=lambda entity: (entity.start, entity.end, entity.name))
        return tuple(_moved(entity, reading) for entity in kept)

    def _by_pattern(self, text: str) -> Iterable[Entity]:
        if not self._regexes:
            return
        starts = [match.start() for match, _ in zip(_start.finditer(text), range(_MOST_STARTS), strict=False)]
        for name, pattern in self._regexes:
            behind = 0
            for start in starts:
                if start < behind:
                    continue
                match = pattern.match(text, start, start + WINDOW)
                # The pattern's own "no letter follows" cannot see past the window.
                if match and match.end() > start and not _word.match(text, match.end()):
                    behind = match.end()
                    value = match[0]
                    yield Entity(name=name, value=self._synonyms.get(value.lower(), value), start=start, end=behind)

    def _by_phrase(self, text: str) -> Iterable[Entity]:
        if not self._tables:
            return
        stems = _stems(text)
        for name, longest, table in self._tables:
            at = 0
            while at < len(stems):
                size = self._longest_at(stems, at, longest, table)
                if size:
                    value = table[tuple(stemmed for stemmed, _, _ in stems[at : at + size])]
                    yield Entity(name=name, value=value, start=stems[at][1], end=stems[at + size - 1][2])
                at += size or 1

    @staticmethod
    def _longest_at(stems: Sequence[tuple[str, int, int]], at: int, longest: int, table: _Phrases) -> int:
        for size in range(min(longest, len(stems) - at), 0, -1):
            if tuple(stemmed for stemmed, _, _ in stems[at : at + size]) in table:
                return size
        return 0


def _stems(text: str) -> list[tuple[str, int, int]]:
    """The stem, start and end of the first words."""
    found = []
    for match, _ in zip(_word.finditer(text), range(MOST_WORDS), strict=False):
        word = match[0][:LONGEST_WORD].lower().replace("ё", "е")
        found.append((stem(word), match.start(), match.end()))
    return found


def _moved(entity: Entity, reading: Reading) -> Entity:
    if reading.starts is None:
        return entity
    start, end = reading.span(entity.start, entity.end)
    return Entity(name=entity.name, value=entity.value, start=start, end=end)
