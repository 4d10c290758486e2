"""How words are found in what people write. Pure.

Words match whole words; capitals, punctuation and ё do not matter. A `*` at the end of a word stands for any ending
(`адвокат*`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

WORD = re.compile(r"\w+(?:[-']\w+)*")
_STARRED = re.compile(r"\w+(?:[-']\w+)*\*?")


def plain(text: str) -> str:
    """Comparable: one form of letters, quotes and capitals."""
    return unicodedata.normalize("NFKC", text).casefold().replace("ё", "е").replace("’", "'")


def words_of(text: str, *, stars: bool = False) -> list[str]:
    """The words of a text, comparable; of what an editor wrote with their `stars`."""
    return (_STARRED if stars else WORD).findall(plain(text))


def spaced(words: Iterable[str]) -> str:
    """Words with a space before, between and behind them: what patterns are searched in."""
    return " ".join(("", *words, ""))


def pattern(words: Iterable[str], between: str = " ") -> str:
    return between.join(re.escape(word[:-1]) + "[^ ]*" if word.endswith("*") else re.escape(word) for word in words)


@lru_cache(maxsize=64)
def any_of(sources: tuple[str, ...]) -> re.Pattern[str]:
    """Finds any of these words and phrases in `spaced` words."""
    return re.compile(f"(?<= )(?:{'|'.join(pattern(words_of(source, stars=True)) for source in sources)})(?= )")
