"""Entities: named regular expressions, lookup tables, synonyms, those learnt from marked examples
(`nlu.slots`), and ready-made ones (`nlu.ready`).

What a table's words look like in a sentence differs by their endings, so phrases are compared by
stems: “в Москве” finds “Москва”. What the trainer wrote down goes before what is ready-made, and that before
what was learnt: of two spans of one name that overlap, the former is kept, and takes the role and group of
the learnt one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from numpy.typing import NDArray

from estafeta.kernel.model import Entity
from estafeta.kernel.patterns import WINDOW, compile_pattern
from estafeta.kernel.ports import REGION
from nlu import ready
from nlu.normalise import LONGEST_WORD, MOST_WORDS, Reading, stem
from nlu.slot_features import Hit
from nlu.slots import Slots

if TYPE_CHECKING:  # reading YAML is for training only
    from nlu.data import TrainingData

_word = re.compile(r"\w+")
_start = re.compile(r"(?<!\w)\S|(?<=\w)[^\w\s]")
_MOST_STARTS = 2 * MOST_WORDS
_Phrases = Mapping[tuple[str, ...], str]


class Span(NamedTuple):
    """An entity, with its role and group ("" for none)."""

    name: str
    value: str
    start: int
    end: int
    role: str = ""
    group: str = ""


_Found = TypeVar("_Found", Span, Entity)


class EntityFinder:
    """Finds entities in a text. One name's entities never overlap; of the rules' the longest wins. Of one pattern
    or table it finds `ready.MOST_FOUND` in a text at the most."""

    def __init__(
        self,
        *,
        regexes: Mapping[str, Sequence[str]],
        phrases: Mapping[str, Mapping[str, str]],
        synonyms: Mapping[str, str],
        ready_made: Sequence[str] = (),
        slots: Slots | None = None,
    ) -> None:
        """`phrases`: by entity, from a phrase to the value it stands for. `ready_made`: names among
        `nlu.ready.NAMES`. Raises `UnsafePattern`, and `KeyError` for an unknown ready-made name."""
        self._plain: dict[str, Any] = {
            "regexes": {name: list(patterns) for name, patterns in regexes.items()},
            "phrases": {name: _texts(values) for name, values in phrases.items()},
            "synonyms": _texts(synonyms),
            "ready_made": list(ready_made),
        }
        self._regexes = [(name, compile_pattern(p)) for name, patterns in regexes.items() for p in patterns]
        self._tables: list[tuple[str, int, _Phrases]] = []
        for name, values in phrases.items():
            table = _table(values)
            self._tables.append((name, max(map(len, table), default=0), table))
        self._synonyms = dict(synonyms)
        self._inflected = _table(synonyms)
        self._ready_made = tuple(ready_made)
        self._slots = slots
        ready.load(self._ready_made)

    @classmethod
    def of(cls, data: TrainingData, *, ready_made: Sequence[str] = ()) -> EntityFinder:
        """A table's phrases, the synonyms that stand for one of them, and the ready-made entities that the data
        declare; nothing learnt yet."""
        phrases: dict[str, dict[str, str]] = {}
        for name, items in data.lookups.items():
            values = {item: data.synonyms.get(item.lower(), item) for item in items}
            known = {value.lower() for value in values.values()}
            values.update({phrase: value for phrase, value in data.synonyms.items() if value.lower() in known})
            phrases[name] = values
        wanted = [name for name in (*data.declared, *ready_made) if name in ready.NAMES]
        return cls(
            regexes=data.regexes, phrases=phrases, synonyms=data.synonyms, ready_made=tuple(dict.fromkeys(wanted)),
        )  # fmt: skip

    def learnt(self, slots: Slots | None) -> EntityFinder:
        """The same finder with entities that were learnt (`nlu.slot_training.train_slots`)."""
        return EntityFinder(**self._plain, slots=slots)

    @classmethod
    def from_plain(cls, plain: Any, arrays: Mapping[str, NDArray[Any]] | None = None) -> EntityFinder:
        """Raises `UnsafePattern`, `ValueError`, `KeyError`, `TypeError` or `AttributeError` for what makes
        no finder."""
        told = dict(plain)
        slots = told.pop("slots", None)
        return cls(**told, slots=Slots.from_plain(slots, arrays or {}) if slots is not None else None)

    def to_plain(self) -> dict[str, Any]:
        """JSON values from which `from_plain` makes the same finder, together with `arrays`."""
        return self._plain | {"slots": self._slots.to_plain() if self._slots else None}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What was learnt, under the names in `nlu.slots.ARRAYS`; empty when nothing was."""
        return self._slots.arrays() if self._slots else {}

    def find(self, reading: Reading, at: datetime | None = None, region: str = REGION) -> tuple[Entity, ...]:
        """In the order of the text; offsets are those of the text the reading was made from. `at`: when
        the message was sent, aware, in the zone it is meant in; without it no `time` is found. `region`: see
        `nlu.ready.Setting`."""
        return tuple(Entity(**span._asdict()) for span in self.spans(reading, at, region))

    def spans(self, reading: Reading, at: datetime | None = None, region: str = REGION) -> tuple[Span, ...]:
        """As `find`, with roles and groups."""
        kept = self._by_rule(reading.text)
        hits = _hits(kept)
        if self._ready_made:
            found = ready.find(reading.text, self._ready_made, ready.Setting(at=at, region=region))
            kept = beside(kept, [Span(*each) for each in found])
        if self._slots is not None:
            kept = self._with_learnt(reading.text, kept, hits, self._slots)
        kept.sort(key=lambda span: (span.start, span.end, span.name))
        return tuple(_moved(span, reading) for span in kept)

    def hits(self, reading: Reading) -> list[Hit]:
        """What patterns and tables find, in the reading's text: features of the learnt entities."""
        return _hits(self._by_rule(reading.text))

    def _by_rule(self, text: str) -> list[Span]:
        found = [*self._by_pattern(text), *self._by_phrase(text)]
        found.sort(key=lambda span: (span.start - span.end, span.start, span.name))
        kept: list[Span] = []
        taken: dict[str, bytearray] = defaultdict(lambda: bytearray(len(text)))
        for span in found:
            if not any(taken[span.name][span.start : span.end]):
                kept.append(span)
                taken[span.name][span.start : span.end] = b"\x01" * (span.end - span.start)
        return kept

    def _with_learnt(self, text: str, ruled: Sequence[Span], hits: Sequence[Hit], slots: Slots) -> list[Span]:
        kept = list(ruled)
        for kind, start, end in slots.find(text, hits):
            clashing = [at for at, span in enumerate(kept) if _clash(kind.name, start, end, span)]
            for at in clashing:
                if not kept[at].role and not kept[at].group:
                    kept[at] = kept[at]._replace(role=kind.role, group=kind.group)
            if not clashing:
                kept.append(Span(kind.name, self._value(text[start:end]), start, end, kind.role, kind.group))
        return kept

    def _value(self, words: str) -> str:
        """What the words stand for, also with other endings."""
        exact = self._synonyms.get(words.lower())
        if exact is not None or not self._inflected:
            return exact or words
        return self._inflected.get(_key(words), words)

    def _by_pattern(self, text: str) -> Iterator[Span]:
        if not self._regexes:
            return
        starts = [match.start() for match, _ in zip(_start.finditer(text), range(_MOST_STARTS), strict=False)]
        for name, pattern in self._regexes:
            yield from islice(self._matches(name, pattern, text, starts), ready.MOST_FOUND)

    def _matches(self, name: str, pattern: re.Pattern[str], text: str, starts: Sequence[int]) -> Iterator[Span]:
        behind = 0
        for start in starts:
            if start < behind:
                continue
            match = pattern.match(text, start, start + WINDOW)
            # The pattern's own "no letter follows" cannot see past the window.
            if match and match.end() > start and not _word.match(text, match.end()):
                behind = match.end()
                value = match[0]
                yield Span(name, self._synonyms.get(value.lower(), value), start, behind)

    def _by_phrase(self, text: str) -> Iterator[Span]:
        if not self._tables:
            return
        stems = _stems(text)
        for name, longest, table in self._tables:
            yield from islice(self._entries(name, longest, table, stems), ready.MOST_FOUND)

    def _entries(
        self, name: str, longest: int, table: _Phrases, stems: Sequence[tuple[str, int, int]]
    ) -> Iterator[Span]:
        at = 0
        while at < len(stems):
            size = self._longest_at(stems, at, longest, table)
            if size:
                value = table[tuple(stemmed for stemmed, _, _ in stems[at : at + size])]
                yield Span(name, value, stems[at][1], stems[at + size - 1][2])
            at += size or 1

    @staticmethod
    def _longest_at(stems: Sequence[tuple[str, int, int]], at: int, longest: int, table: _Phrases) -> int:
        for size in range(min(longest, len(stems) - at), 0, -1):
            if tuple(stemmed for stemmed, _, _ in stems[at : at + size]) in table:
                return size
        return 0


def _texts(values: Mapping[str, str]) -> dict[str, str]:
    """A copy. Raises `TypeError` where a value is no text: a model file may be forged."""
    if not all(isinstance(value, str) for value in values.values()):
        raise TypeError("a value that is no text")
    return dict(values)


def _stems(text: str) -> list[tuple[str, int, int]]:
    """The stem, start and end of the first words."""
    found = []
    for match, _ in zip(_word.finditer(text), range(MOST_WORDS), strict=False):
        word = match[0][:LONGEST_WORD].lower().replace("ё", "е")
        found.append((stem(word), match.start(), match.end()))
    return found


def _hits(spans: Sequence[Span]) -> list[Hit]:
    return [Hit(span.name, span.start, span.end) for span in spans]


def _key(phrase: str) -> tuple[str, ...]:
    return tuple(stemmed for stemmed, _, _ in _stems(phrase))


def _table(values: Mapping[str, str]) -> _Phrases:
    """By the stems of a phrase, the value of the first that has them."""
    table: dict[tuple[str, ...], str] = {}
    for phrase, value in values.items():
        if key := _key(phrase):
            table.setdefault(key, value)
    return table


def beside(own: Sequence[_Found], made: Sequence[_Found]) -> list[_Found]:
    """The workspace's own entities, by whichever engine, with the ready-made ones of the same text. Of one name the
    own go first. The digits inside of an order's number are no `number`, and those inside of a phone no order's
    number."""
    phones = [each for each in made if each.name == "phone-number"]
    named: dict[str, list[_Found]] = defaultdict(list)
    for one in own:
        named[one.name].append(one)

    def beaten(each: _Found) -> bool:
        if any(_clash(each.name, each.start, each.end, one) for one in named.get(each.name, ())):
            return True
        return each.name == "number" and any(_inside(each, one) for one in own)

    kept = [one for one in own if not any(_inside(one, phone) for phone in phones)]
    return kept + [each for each in made if not beaten(each)]


def _inside(one: Span | Entity, other: Span | Entity) -> bool:
    return other.start <= one.start and one.end <= other.end and one.end - one.start < other.end - other.start


def _clash(name: str, start: int, end: int, span: Span | Entity) -> bool:
    return span.name == name and span.start < end and start < span.end


def _moved(span: Span, reading: Reading) -> Span:
    if reading.starts is None:
        return span
    start, end = reading.span(span.start, span.end)
    return span._replace(start=start, end=end)
