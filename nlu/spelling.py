"""Words as the model knows them: typed in the wrong keyboard layout ("ghbdtn"), in Latin letters ("gde moy
zakaz"), with letters of the other alphabet that look the same, with a stretched or a mistyped letter.

Only words that the training data do not have are touched, and only where that makes them words they do
have. A text's own words are never unknown to the model that was trained on it, so training needs no
repair. What is tried for one text is bounded, whatever the text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from nlu.normalise import EMOJI, LONGEST_WORD, MOST_WORDS, stem, words

Real = Callable[[str], bool | None]
"""Whether a word is one of the language's; None if that cannot be told."""
MOST_INDEXED = 20_000
"""Words, the commonest, to which mistyped ones are corrected."""
MOST_TRIED = 16
"""Words of a text by which it is found out how it was typed."""
MOST_CORRECTED = 20
"""Words of a text for which the nearest known one is looked for."""
_SHORTEST_CORRECTED = 5
_SHORTEST_JUDGED = 4
"""Where somebody knows the language's words: without, too many of four letters are other words ("move", "movie")."""
_SHORTEST_PROOF = 3
"""Letters of a word that may prove how the others were typed."""

_RUSSIAN = "йцукенгшщзхъфывапролджэячсмитьбюё"
_ENGLISH = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"
_to_russian_keys = str.maketrans(_ENGLISH, _RUSSIAN)
_to_english_keys = str.maketrans(_RUSSIAN, _ENGLISH)
_latin = re.compile("[a-z]+")
_both_alphabets = re.compile("[a-z][^a-z]*[а-я]|[а-я][^а-я]*[a-z]")
_LIKE_LATIN, _LIKE_CYRILLIC = "aceopxykmthb", "асеорхукмтнв"
"""Letters that look alike, small or capital."""
_looks_cyrillic = str.maketrans(_LIKE_LATIN, _LIKE_CYRILLIC)
_looks_latin = str.maketrans(_LIKE_CYRILLIC, _LIKE_LATIN)
_cyrillic_letter = re.compile("[а-я]")
_doubled = re.compile(r"(.)\1")
_ends = '.,:;!?&^%()"«»…'

_SOUNDS = (
    ("shch", "щ"), ("sch", "щ"), ("sh", "ш"), ("ch", "ч"), ("zh", "ж"), ("kh", "х"), ("ts", "ц"), ("yu", "ю"),
    ("ju", "ю"), ("iu", "ю"), ("ya", "я"), ("ja", "я"), ("ia", "я"), ("yo", "е"), ("jo", "е"), ("ye", "е"),
    ("je", "е"), ("iy", "ий"), ("yy", "ый"), ("ay", "ай"), ("oy", "ой"), ("ey", "ей"), ("uy", "уй"), ("aj", "ай"),
    ("oj", "ой"), ("ej", "ей"), ("ij", "ий"), ("yj", "ый"), ("x", "х"), ("w", "ш"), ("q", "к"), ("a", "а"), ("b", "б"),
    ("c", "ц"), ("d", "д"), ("e", "е"), ("f", "ф"), ("g", "г"), ("h", "х"), ("i", "и"), ("j", "й"), ("k", "к"),
    ("l", "л"), ("m", "м"), ("n", "н"), ("o", "о"), ("p", "п"), ("r", "р"), ("s", "с"), ("t", "т"), ("u", "у"),
    ("v", "в"), ("y", "ы"), ("z", "з"),
)  # fmt: skip
_sound = re.compile("|".join(latin for latin, _ in _SOUNDS))
_letters = dict(_SOUNDS)
_alike = str.maketrans({"щ": "ш", "ъ": "", "ь": "", "ы": "и", "й": "и", "э": "е", "ё": "е"})
"""Russian letters that people write alike in Latin ones."""


def _nobody(_: str) -> None:
    """Cannot tell."""


class Spelling:
    """`known`: the words of the training data (`normalise.words`), each with the number of its texts."""

    def __init__(self, known: Mapping[str, int]) -> None:
        self._known = dict(known)
        self._stems = {stem(word) for word in known}
        self._has_cyrillic = any(_cyrillic_letter.match(word) for word in known)
        self._has_latin = any(_latin.match(word) for word in known)
        common = sorted(known, key=lambda word: (-known[word], word))[:MOST_INDEXED]
        self._sounding: dict[str, str] = {}
        self._cut: dict[str, list[str]] = {}
        for word in common:
            if _cyrillic_letter.match(word):
                self._sounding.setdefault(word.translate(_alike), word)
            if len(word) >= _SHORTEST_CORRECTED - 1 and word.isalpha():
                for cut in _cuts(word):
                    self._cut.setdefault(cut, []).append(word)

    @classmethod
    def of(cls, texts: Sequence[Sequence[str]]) -> Spelling:
        return cls(Counter(word for text in texts for word in set(text)))

    @classmethod
    def from_plain(cls, plain: Any) -> Spelling:
        return cls({str(word): int(texts) for word, texts in plain.items() if word})

    def to_plain(self) -> dict[str, int]:
        """JSON values from which `from_plain` makes the same object."""
        return dict(self._known)

    def words(self, text: str, real: Real = _nobody) -> list[str]:
        """The words of a text that `read` returned. `real` knows words that are none of the training
        data's and yet no mistakes; they are left as they are. It says None where it cannot tell."""
        found = words(text)
        if self._all_known(found):
            return found
        if EMOJI.match(found[0]):
            return [sign for sign in found if sign in self._known]
        found = self._from_other_keys(text, found, real)
        found = [self._in_one_alphabet(word) if _both_alphabets.search(word) else word for word in found]
        found = self._from_latin(found, real)
        return self._corrected(found, real)

    def _knows(self, word: str) -> bool:
        return word in self._known or word.isdigit() or stem(word) in self._stems

    def _all_known(self, found: Sequence[str]) -> bool:
        return all(word in self._known or word.isdigit() for word in found)

    def _in_one_alphabet(self, word: str) -> str:
        if word in self._known:
            return word
        others = (word.translate(table) for table in (_looks_cyrillic, _looks_latin))
        return next(filter(self._knows, others), word)

    def _from_other_keys(self, text: str, found: list[str], real: Real) -> list[str]:
        """Token by token, because letters on the keys of punctuation are no part of a word yet. Where most were typed
        so, those that only `real` knows were too."""
        tokens = [token[: 2 * LONGEST_WORD] for token in text[: MOST_WORDS * LONGEST_WORD].lower().split()[:MOST_WORDS]]
        switched = [self._typed(token) for token in tokens[:MOST_TRIED]]
        unknown = [turned for turned in switched if turned is not None]
        turned = [words_of for words_of in unknown if words_of]
        if 2 * len(turned) < len(unknown) or not any(len(word) >= _SHORTEST_PROOF for part in turned for word in part):
            return found
        switched += [self._typed(token) for token in tokens[MOST_TRIED:]]
        parts = [
            words(token) if other is None else other or self._really_typed(token, real)
            for token, other in zip(tokens, switched, strict=True)
        ]
        return [word for part in parts for word in part][:MOST_WORDS]

    def _typed(self, token: str) -> list[str] | None:
        """What was typed in the other layout, empty if that is nothing the model knows; None for a token
        that it knows as it stands."""
        own = words(token)
        if all(self._knows(word) for word in own):
            return None
        return self._on_other_keys(token)

    def _really_typed(self, token: str, real: Real) -> list[str]:
        own, table = words(token), _to_english_keys if _cyrillic_letter.search(token) else _to_russian_keys
        other = words(token.translate(table))
        turned = bool(other) and all(map(real, other)) and not all(map(real, own))
        return other if turned else own

    def _on_other_keys(self, token: str) -> list[str]:
        """The token's words in the other layout, if the model knows them all."""
        cyrillic = _cyrillic_letter.search(token) is not None
        if (cyrillic and not self._has_latin) or (not cyrillic and not self._has_cyrillic):
            return []
        table = _to_english_keys if cyrillic else _to_russian_keys
        for typed in dict.fromkeys((token, token.rstrip(_ends))):
            other = words(typed.translate(table))
            if other and all(self._knows(word) for word in other):
                return other
        return []

    def _from_latin(self, found: list[str], real: Real) -> list[str]:
        if not self._has_cyrillic:
            return found
        strange = list(dict.fromkeys(word for word in found if _latin.fullmatch(word) and word not in self._known))
        tried = {word: self._by_sound(word) for word in strange[:MOST_TRIED] if not self._knows(word)}
        heard = [word for word, (_, known) in tried.items() if known and len(word) >= _SHORTEST_PROOF]
        doubtful = [word for word, (_, known) in tried.items() if not known and real(word)]
        if not heard or len(heard) * 2 < len(tried) or len(doubtful) >= len(heard):
            return found
        tried |= {word: self._by_sound(word) for word in strange[MOST_TRIED:] if not self._knows(word)}
        return [tried[word][0] if word in tried else word for word in found]

    def _by_sound(self, word: str) -> tuple[str, bool]:
        """A word of Latin letters in Cyrillic ones, and whether the model knows it."""
        cyrillic = _sound.sub(lambda sound: _letters[sound[0]], word)
        if self._knows(cyrillic):
            return cyrillic, True
        alike = self._sounding.get(cyrillic.translate(_alike))
        return (alike, True) if alike else (cyrillic, False)

    def _corrected(self, found: list[str], real: Real) -> list[str]:
        strange = dict.fromkeys(word for word in found if word not in self._known and word.isalpha())
        corrected = {
            word: self._nearest(word, _SHORTEST_CORRECTED if judged is None else _SHORTEST_JUDGED)
            for word in list(strange)[:MOST_CORRECTED]
            if not self._knows(word) and not (judged := real(word))
        }
        return [corrected.get(word, word) for word in found]

    def _nearest(self, word: str, shortest: int) -> str:
        """The known word that one mistake turns into this one; the commonest of several; else the word. One
        below `_SHORTEST_CORRECTED` lacks a letter or has two exchanged, and begins right."""
        single = _doubled.sub(r"\1", word)
        if single in self._known:
            return single
        if len(word) < shortest:
            return word
        near = {candidate for cut in (word, *_cuts(word)) for candidate in self._cut.get(cut, ())}
        near = {candidate for candidate in near if _one_mistake(word, candidate)}
        if len(word) < _SHORTEST_CORRECTED:
            near = {one for one in near if one[0] == word[0] and (len(one) > len(word) or sorted(one) == sorted(word))}
        return max(near, key=lambda candidate: (self._known[candidate], candidate), default=word)


def _cuts(word: str) -> Iterator[str]:
    """The word itself, and without each of its letters: two words that one mistake parts have one of
    these in common (https://wolfgarbe.medium.com/1000x-faster-spelling-correction-algorithm-2012-8701fcd87a5f)."""
    yield word
    for at in range(len(word)):
        yield word[:at] + word[at + 1 :]


def _one_mistake(one: str, other: str) -> bool:
    """One letter more, less or another, or two neighbours exchanged."""
    if abs(len(one) - len(other)) > 1:
        return False
    at = 0
    while at < min(len(one), len(other)) and one[at] == other[at]:
        at += 1
    if len(one) == len(other):
        exchanged = one[at : at + 2] == other[at : at + 2][::-1] and one[at + 2 :] == other[at + 2 :]
        return exchanged or one[at + 1 :] == other[at + 1 :]
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return longer[at + 1 :] == shorter[at:]
