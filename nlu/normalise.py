"""From what a customer typed to the words a model counts.

Training and serving call the same functions, so a text means the same to both. A text comes from
outside: whatever its length and characters, the work done here is bounded by the three limits below.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from snowballstemmer.english_stemmer import EnglishStemmer
from snowballstemmer.russian_stemmer import RussianStemmer

LONGEST_TEXT = 2_000
"""Characters read of a text; what follows is ignored. Cut before anything else is done."""
MOST_WORDS = 100
"""Words read of a text."""
LONGEST_WORD = 32
"""Characters read of a word."""

_INVISIBLE = (
    "\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
)
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_unclean = re.compile(f"[{_INVISIBLE}{_MARKS}]")
_invisible = re.compile(f"[{_INVISIBLE}]")
_mark = re.compile(f"[{_MARKS}]")
_dressed = re.compile("[\uff01-\uff5e\U0001d400-\U0001d7ff]")
"""Letters and digits of another look, of full width or mathematical: ｇ, 𝐰."""
_stretched = re.compile(r"(\D)\1{2,}")
_number = re.compile(r"\d+")
_word = re.compile(r"\w+")
EMOJI = re.compile("[\u2600-\u27bf\u2b50\u2b55\U0001f300-\U0001f3fa\U0001f400-\U0001faff]")
_latin = re.compile("[a-z\u00e0-\u024f]")
_cyrillic = re.compile("[\u0430-\u045f\u0491]")


@dataclass(frozen=True, slots=True)
class Reading:
    """A text without what nobody sees. `starts[i]` and `ends[i]` tell where its character `i` stands
    in the text it was made from; None when nothing was taken out."""

    text: str
    starts: Sequence[int] | None = None
    ends: Sequence[int] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in the original text for a non-empty piece of this one."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


def read(text: str) -> Reading:
    """Cuts the text, drops invisible characters, joins a letter and its accent into one letter
    (й typed as и and a breve), drops the accents that make no letter (stress marks, decoration), and takes dressed
    letters for plain ones."""
    head = _dressed.sub(_plain, text[:LONGEST_TEXT])
    if not _unclean.search(head):
        return Reading(head)
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for index, letter in enumerate(head):
        if _invisible.match(letter):
            continue
        if _mark.match(letter):
            joined = unicodedata.normalize("NFC", letters[-1] + letter) if letters else ""
            if len(joined) == 1:
                letters[-1] = joined
                ends[-1] = index + 1
            continue
        letters.append(letter)
        starts.append(index)
        ends.append(index + 1)
    return Reading("".join(letters), starts, ends)


def words(text: str) -> list[str]:
    """The words of a text that `read` returned: lower case, ё as е, digits as zeros (at most four:
    the length of a number tells something, its digits nothing), no letter more than twice in a row.
    Emoji are words only where there are no others: beside words they tell a mood, alone (👍) an answer."""
    plain = text.lower().replace("ё", "е")
    plain = _stretched.sub(r"\1\1", plain)
    plain = _number.sub(_zeros, plain)
    found = [word[:LONGEST_WORD] for word in _word.findall(plain)[:MOST_WORDS]]
    return found or list(dict.fromkeys(EMOJI.findall(plain)))[:MOST_WORDS]


def _plain(dressed: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", dressed[0])


def _zeros(number: re.Match[str]) -> str:
    return "0" * min(4, number.end() - number.start())


def script(words: Sequence[str]) -> str:
    """`latin` or `cyrillic`, whichever most letters are of; "" for neither."""
    text = "".join(words)
    latin, cyrillic = len(_latin.findall(text)), len(_cyrillic.findall(text))
    if not latin and not cyrillic:
        return ""
    return "latin" if latin >= cyrillic else "cyrillic"


def scripts(texts: Iterable[str]) -> tuple[str, ...]:
    """Those of the texts, each once, sorted; "" among them when some have neither."""
    return tuple(sorted({script(words(read(text).text)) for text in texts}))


# The stemmers keep the word they work on in themselves, so two threads may not share one.
_stemming = threading.Lock()
_russian = RussianStemmer()
_english = EnglishStemmer()


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """The Snowball stem by the script of the word's first letter; other scripts stay as they are."""
    first = word[0]
    if "а" <= first <= "я":
        with _stemming:
            return str(_russian.stemWord(word))
    if "a" <= first <= "z":
        with _stemming:
            return str(_english.stemWord(word))
    return word
