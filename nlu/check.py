"""What is doubtful in training data that can be read: texts that teach two things at once, too little or too much of
something, names that lead nowhere. Pure, and fast enough to be run at every change.

What cannot be read at all is told by `nlu.data` before anything comes here.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher, get_close_matches
from statistics import median

from estafeta.kernel.patterns import WINDOW
from nlu.data import Example, TrainingData
from nlu.findings import Finding, nearest, shown
from nlu.likeness import alike
from nlu.normalise import LONGEST_TEXT, MOST_WORDS, read, stem, words
from nlu.ready import NAMES as READY_MADE

FEW_EXAMPLES = 5
"""Fewer different examples than that teach an intent badly; 10 and more are usual."""
_MISSPELT = 0.8
"""How like a ready-made name (of 1) one of the trainer's own has to be to be taken for it: order_number is not
phone-number."""
FEW_MARKS = 3
"""Fewer marked examples than that teach an entity nothing, unless a lookup or a regular expression finds it."""
LOPSIDED = 10
"""An intent with so many times the examples of the middle one draws texts of others."""
ALIKE = 0.85
"""Texts of two intents from this likeness on are looked at; see `_teaches`."""
MOST_ALIKE = 100
"""Pairs of such texts that are told."""
NOBODYS = frozenset(["out_of_scope", "nlu_fallback"])
"""Intents that mean "not understood": no dialog answers them."""

Place = tuple[str, int, int]
"""File, line and column."""
Text = tuple[str, ...]
"""An example as the model sees it."""
_written_word = re.compile(r"\w+")
_nearly_marked = re.compile(r"\[[^\[\]]++\]\s++(?:\(\s*+([\w.-]++)[^()]*+\)|\{([^{}]*+)\})")
_entity = re.compile(r"\"entity\"\s*+:\s*+\"([\w.-]++)\"")
_letters = re.compile(r"[^\W\d_]+")
_latin, _cyrillic = re.compile("[A-Za-z]"), re.compile("[А-Яа-яЁё]")
_LATIN, _CYRILLIC = "aceopxyABCEHKMOPTX", "асеорхуАВСЕНКМОРТХ"
"""Letters that look the same in the two alphabets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogs:
    """What the dialogs of a workspace need: the intents that something answers, and the entities that a question
    expects, with the places where they do."""

    answered: Collection[str]
    expected: Mapping[str, Place]


@dataclass(slots=True)
class _Corpus:
    """Each text with its first example; a text that two intents have counts for the first. `again` are examples that
    differ from an earlier one of their intent in nothing but case and punctuation, with that one."""

    data: TrainingData
    first: dict[Text, Example] = field(default_factory=dict)
    again: dict[str, list[tuple[Example, Example]]] = field(default_factory=lambda: defaultdict(list))
    _exact: dict[Text, Example] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for example in self.data.examples:
            key = tuple(words(read(example.text).text))
            self.first.setdefault(key, example)
            exact = (example.intent, *_written_word.findall(example.text.lower()))
            earlier = self._exact.setdefault(exact, example)
            if key and earlier is not example:
                self.again[example.intent].append((earlier, example))


def check(
    data: TrainingData, dialogs: Dialogs | None, progress: Callable[[str, float], None] = lambda what, share: None
) -> list[Finding]:
    """Everything found, the doubts of the reader too, in order of place. Without `dialogs` what they need is not
    looked at."""
    progress("looking at the names", 0.0)
    corpus = _Corpus(data)
    findings = [
        *data.doubts,
        *_amounts(corpus),
        *_entities(data),
        *_synonyms(data),
        *_too_long(data),
        *_two_alphabets(data),
    ]
    if dialogs is not None:
        findings += _needs(data, dialogs)
    findings += _alike(corpus, lambda share: progress("comparing the examples", 0.1 + 0.9 * share))
    progress("done", 1.0)
    return sorted(set(findings))


def _at(example: Example, text: str, mend: str, rule: str, *, note: bool = False) -> Finding:
    return Finding(example.file, example.line, example.column, text, mend, "note" if note else "warning", rule)


def _named(data: TrainingData, kind: str, name: str, text: str, mend: str, rule: str, *, note: bool = False) -> Finding:
    file, line, column = data.places.get((kind, name), ("nlu", 1, 1))
    return Finding(file, line, column, text, mend, "note" if note else "warning", rule)


# --- how many ------------------------------------------------------------------------------------


def _amounts(corpus: _Corpus) -> Iterator[Finding]:
    counts = Counter(example.intent for key, example in corpus.first.items() if key)
    usual = median(counts.values()) if counts else 0
    for intent in corpus.data.intents:
        count = counts[intent]
        if count < FEW_EXAMPLES:
            text = f"{intent} has {count} different example{'s' * (count != 1)}"
            mend = f"write {FEW_EXAMPLES} at least, better {FEW_EXAMPLES * 4}, as customers would say it"
            yield _named(corpus.data, "intent", intent, text, mend, "few-examples")
        elif count > LOPSIDED * max(usual, FEW_EXAMPLES):
            text = f"{intent} has {count} examples, half of the intents have {usual:g} or fewer"
            mend = "what is like it in any way will be taken for it: add to the others, or leave out what says the same"
            yield _named(corpus.data, "intent", intent, text, mend, "lopsided")
    for intent, pairs in corpus.again.items():
        earlier, example = pairs[0]
        text = f"{shown(example.text)} says the same as {shown(earlier.text)} in {earlier.file}:{earlier.line}"
        more = f"; so do {len(pairs) - 1} more of {intent}" if len(pairs) > 1 else ""
        yield _at(example, text + more, "case and punctuation teach nothing: leave it out", "repeated", note=True)


def _too_long(data: TrainingData) -> Iterator[Finding]:
    for example in data.examples:
        if len(example.text) > LONGEST_TEXT or len(example.text.split()) > MOST_WORDS:
            text = f"{shown(example.text)} is longer than what is read of a message: {MOST_WORDS} words"
            yield _at(example, text, "leave out what does not tell the intent", "too-long")


def _two_alphabets(data: TrainingData) -> Iterator[Finding]:
    """Words in which a letter was typed on the wrong keyboard: nobody sees it, and no customer types it so."""
    for example in data.examples:
        if _latin.search(example.text) and _cyrillic.search(example.text):
            for word in _letters.findall(example.text):
                latin, cyrillic = _latin.findall(word), _cyrillic.findall(word)
                meant = ""
                if latin and cyrillic and set(latin) <= set(_LATIN):
                    meant = word.translate(str.maketrans(_LATIN, _CYRILLIC))
                elif latin and cyrillic and set(cyrillic) <= set(_CYRILLIC):
                    meant = word.translate(str.maketrans(_CYRILLIC, _LATIN))
                if meant:
                    letters = ", ".join(dict.fromkeys(cyrillic if meant.isascii() else latin))
                    text = f"{shown(word)} has letters of two alphabets that look the same: {letters}"
                    yield _at(example, text, f"write {meant}", "two-alphabets")


# --- names ---------------------------------------------------------------------------------------


def _entities(data: TrainingData) -> Iterator[Finding]:
    marked: dict[str, list[Example]] = defaultdict(list)
    for example in data.examples:
        for name in {mark.name for mark in example.entities}:
            marked[name].append(example)
    by_rule = data.lookups.keys() | data.regexes.keys() | set(READY_MADE)
    yield from _declared(data, marked.keys() | by_rule)
    for name, examples in marked.items():
        if len(examples) < FEW_MARKS and name not in by_rule:
            text = f"{name} is marked in {len(examples)} example{'s' * (len(examples) != 1)}"
            own = (marked.keys() | data.lookups.keys() | data.regexes.keys()) - {name}
            near = nearest(name, own.union(get_close_matches(name, READY_MADE, cutoff=_MISSPELT)))
            mend = f"mark it in {FEW_MARKS} at least, or list its values in a lookup: {name}"
            yield _at(examples[0], text, f"{near} or {mend}" if near else mend, "few-marks")
    known = marked.keys() | by_rule
    for example in data.examples:
        for match in _nearly_marked.finditer(example.text):
            braces = _entity.search(match[2] or "")
            name = match[1] or (braces[1] if braces else "")
            if name in known:
                text = f"{shown(match[0])} marks nothing: a space stands between the words and {name}"
                yield _at(example, text, "take the space out", "nearly-marked")


def _declared(data: TrainingData, known: Collection[str]) -> Iterator[Finding]:
    for name in data.declared:
        if name not in known:
            mend = nearest(name, known, f"ready-made are {', '.join(READY_MADE)}; others need examples or a lookup")
            yield _named(data, "entity", name, f"nothing finds the entity {name}", mend, "undefined-entity")


def _synonyms(data: TrainingData) -> Iterator[Finding]:
    places: dict[str, Place] = {name: place for (kind, name), place in data.places.items() if kind == "synonym"}
    spoken: set[str] = {phrase.lower() for phrases in data.lookups.values() for phrase in phrases}
    for example in data.examples:
        for mark in example.entities:
            spoken |= {mark.value.lower(), example.text[mark.start : mark.end].lower()}
            places.setdefault(mark.value, (example.file, example.line, example.column))
    phrases: dict[str, list[str]] = defaultdict(list)
    for phrase, value in data.synonyms.items():
        phrases[value].append(phrase)
    patterns = [re.compile(pattern, re.IGNORECASE) for every in data.regexes.values() for pattern in every]
    for value, theirs in phrases.items():
        place = places.get(value, ("nlu", 1, 1))
        further = data.synonyms.get(value.lower(), value)
        if further != value:
            text = f"{shown(value)} is what {shown(theirs[0])} stands for, and stands for {shown(further)} itself"
            mend = f"a phrase is replaced once only: let {shown(theirs[0])} stand for {shown(further)}"
            yield Finding(*place, text, mend, "warning", "synonym-of-synonym")
        if spoken.isdisjoint([value.lower(), *theirs]) and not any(
            pattern.fullmatch(phrase[:WINDOW]) for pattern in patterns for phrase in theirs
        ):
            text = f"no entity ever says {shown(value)} or one of its {len(theirs)} synonyms"
            mend = "mark one of them in an example, or list the value in a lookup; or leave the synonym out"
            yield Finding(*place, text, mend, "warning", "unused-synonym")


def _needs(data: TrainingData, dialogs: Dialogs) -> Iterator[Finding]:
    for intent in data.intents:
        if intent not in dialogs.answered and intent not in NOBODYS:
            base = intent.partition("/")[0]
            mend = f"add a flow with start: {{intent: {intent}}}"
            if base != intent and base in dialogs.answered:
                mend += f"; one with {base} alone answers none of its responses"
            yield _named(data, "intent", intent, f"no flow answers {intent}", mend, "unanswered")
    entities = {mark.name: example for example in reversed(data.examples) for mark in example.entities}
    known = entities.keys() | data.lookups.keys() | data.regexes.keys()
    for name in sorted(known - dialogs.expected.keys()):
        text = f"no flow expects the entity {name}"
        mend = nearest(name, dialogs.expected.keys() - known, f"a question with expect: {name} would use it")
        if name in entities:
            yield _at(entities[name], text, mend, "unused-entity", note=True)
        else:
            kind = "lookup" if name in data.lookups else "regex"
            yield _named(data, kind, name, text, mend, "unused-entity", note=True)
    for name in sorted(dialogs.expected.keys() - known - (set(READY_MADE) & set(data.declared))):
        mend = nearest(name, known, "mark it in examples, or add a lookup or a regex of that name")
        mend = f"switch it on: entities: [{name}] in nlu/*.yml" if name in READY_MADE else mend
        text = f"a question expects the entity {name}, of which the training data know nothing"
        yield Finding(*dialogs.expected[name], text, mend, "error", "undefined-entity")


# --- texts that are nearly the same --------------------------------------------------------------


def _alike(corpus: _Corpus, done: Callable[[float], None]) -> Iterator[Finding]:
    texts = [text for text in corpus.first if text]
    intents = [corpus.first[text].intent for text in texts]
    number = {intent: at for at, intent in enumerate(corpus.data.intents)}
    pairs, whole = alike(texts, [number[intent] for intent in intents], ALIKE, done)
    lessons = _Lessons(texts, intents)
    found = [pair for pair in pairs if not lessons.taught(pair.first, pair.second)]
    for pair in found[:MOST_ALIKE]:
        earlier, example = corpus.first[texts[pair.first]], corpus.first[texts[pair.second]]
        text = (
            f"{shown(example.text)} is an example of {example.intent}, but nearly the same as {shown(earlier.text)} "
            f"of {earlier.intent} in {earlier.file}:{earlier.line}"
        )
        yield _at(example, text, "leave one out, or say in both what makes the difference", "nearly-the-same")
    if len(found) > MOST_ALIKE:
        text = f"{len(found) - MOST_ALIKE} more pairs of examples of two intents are nearly the same"
        yield Finding("nlu", 1, 1, text, "mend those that are told, then look again", "warning", "nearly-the-same")
    if not whole:
        text = "so many examples are like each other that not all of them were compared"
        yield Finding("nlu", 1, 1, text, "leave out those that were made from one pattern", "note", "not-compared")


class _Lessons:
    """Whether the difference of two texts is one that the other examples teach. “Not agreed” is nearly “agreed”, but
    examples with “not” abound in the one intent and are rare in the other: nobody needs to look at that."""

    def __init__(self, texts: Sequence[Text], intents: Sequence[str]) -> None:
        self._texts, self._intents = texts, intents
        self._size = Counter(intents)
        self._with: dict[str, Counter[str]] = defaultdict(Counter)
        for text, intent in zip(texts, intents, strict=True):
            self._with[intent].update(set(text))

    def taught(self, first: int, second: int) -> bool:
        left, right = set(self._texts[first]), set(self._texts[second])
        left, right = left - right, right - left
        for word in sorted(left):
            same = {other for other in right if _one_word(word, other)}
            if same:
                left.discard(word)
                right -= same
        mine, theirs = self._intents[first], self._intents[second]
        return any(self._tells(word, mine, theirs) for word in left) or any(
            self._tells(word, theirs, mine) for word in right
        )

    def _tells(self, word: str, mine: str, theirs: str) -> bool:
        """In another text of its intent too, and there three times as often as in the other intent."""
        others = self._with[mine][word] - 1
        return others > 0 and others / self._size[mine] > 3 * self._with[theirs][word] / self._size[theirs]


def _one_word(word: str, other: str) -> bool:
    """The same word in another form, or mistyped."""
    return stem(word) == stem(other) or SequenceMatcher(None, word, other).ratio() >= 0.8
