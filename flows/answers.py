"""Whether a text answers a question, and with what value."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from estafeta.kernel.model import Understanding
from estafeta.kernel.patterns import WINDOW, compile_pattern
from flows.model import Ask, Copy, Workspace
from flows.reading import Read, without
from flows.sandbox import TEXT_LIMIT
from flows.templates import Words, unrendered
from flows.typed import TYPED

BUILT_IN = ("text", "number", "yes_no", "choice", "date", "time", "phone", "email")
"""What `expect` may be besides an entity."""
WHOLE = ("text", "number", "yes_no", "choice")
"""Those that are read from the words alone."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_NUMBER = re.compile(r"(?:(?<!\S)-)?(?:\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)|\d+)(?:[.,]\d+)?", re.ASCII)
_DIGITS = 15
_START = re.compile(r"(?<!\w)\S|(?<=\w)[^\w\s]")
_FEW = 3
"""Words: in a longer text "one" may be anything."""
_IN_WORDS = {
    word: number
    for number, words in enumerate(
        (
            "ноль нисколько zero none", "один одна одно одну one", "два две пара пару two", "три three", "четыре four",
            "пять five", "шесть six", "семь seven", "восемь eight", "девять nine", "десять ten", "одиннадцать eleven",
            "двенадцать twelve",
        )
    )
    for word in words.split()
}  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|[👍👎👌✅❌]")
_LEADING = re.compile(r"\s*([^\W\d_]+)\s*(?:[,.!;]|$)")
_SHORT, _LONG = 6, 15
_YES = _set(
    "да ага угу д конечно верно точно подтверждаю согласен согласна ок окей хорошо давай давайте правильно так хочу "
    "надо нужно нужен нужна можно отлично "
    "yes yeah yep yup y sure ok okay right correct course certainly absolutely confirm 👍 👌 ✅"
)
_NO = _set("нет не неа н неверно неправильно ни нельзя no nope nah n not never wrong incorrect dont don't 👎 ❌")
_CONSENT = re.compile(
    r"\b(?:не против|не возражаю|нет проблем|без проблем|почему бы (?:и )?нет|почему нет|"
    r"no problem|no worries|why not|don[’']?t mind)\b",
    re.IGNORECASE,
)
"""Yes, whatever words are in it."""
_SOFT = _set(
    "так хорошо верно правильно согласен согласна конечно точно хочу надо нужно нужен нужна можно отлично давай "
    "давайте right correct course certainly absolutely ok okay"
)
"""Words that say yes alone, but not beside a no: "не так", "конечно нет", "not right"."""
_UNSURE = _set("знаю уверен уверена помню понял поняла понимаю понятно know idea remember understand maybe может")
_HANDING = _set(
    "вот это мой моя моё мои номер телефон почта почту адрес дата пожалуйста "
    "the this that here's here its it's number phone email mail address date please"
)
"""Words that only hand a value over."""
_OWN, _STEM = 3, 5
"""Letters: what is shorter says nothing of its own; what begins with the same is the same word."""
_SIGNS = {"+": True, "-": False}


def answer(workspace: Workspace, ask: Ask, text: str, understanding: Understanding | None, today: date) -> Read | None:
    """The value the text gives to what is asked, and what it says besides; None when it gives none. Words, numbers,
    yes and no are read from the whole: they leave nothing."""
    short = text.strip()[:TEXT_LIMIT]
    if ask.expect in WHOLE:
        value = short or None if ask.expect == "text" else _number(short) if ask.expect == "number" else yes_no(short)
        return None if value is None else Read(value, "")
    heard = entities(understanding, ask.expect)
    if understanding is not None and heard:
        return Read(heard[0], _besides(short, understanding))
    if ask.expect in TYPED:
        return TYPED[ask.expect](" ".join(short.split()), today)
    return _in_training(workspace, ask.expect, short)


def _besides(text: str, understanding: Understanding) -> str:
    """The words that are in no entity."""
    for entity in sorted(understanding.entities, key=lambda item: item.start, reverse=True):
        text = f"{text[: entity.start]} {text[entity.end :]}"
    return text


def says_more(ask: Ask, rest: str) -> bool:
    """Whether what stands besides the answer are words of its own. Words of the question itself ("order 100272") and
    very short ones ("to Moscow") only hand the value over."""
    asked = stems(
        " ".join(unrendered(words) for copy in (*ask.words.variants, *ask.again.variants) for words in _all_words(copy))
    )
    return not stems(rest) <= asked


def _all_words(copy: Copy) -> tuple[Words, ...]:
    return (copy.default, *copy.by_language.values())


def stems(text: str) -> set[str]:
    """The beginnings of the words, so that "заказа" is the word "заказ"."""
    words = (word.casefold() for word in _WORD.findall(text))
    return {word[:_STEM] for word in words if len(word) >= _OWN and word not in _HANDING}


def entities(understanding: Understanding | None, name: str) -> list[str]:
    """The values of an entity that were heard, in the order of the text."""
    if understanding is None:
        return []
    found = sorted((entity for entity in understanding.entities if entity.name == name), key=lambda item: item.start)
    return [entity.value[:TEXT_LIMIT] for entity in found if entity.value]


def _in_training(workspace: Workspace, name: str, text: str) -> Read | None:
    """By what the training data tells of the entity: the understanding was late, or these are a button's words."""
    known = workspace.training.entities.get(name)
    if known is None:
        return None
    for pattern in known.patterns:
        match = _matched(_compiled(pattern), text)
        if match is not None:
            return Read(match[0], without(text, match))
    value = known.values.get(text.casefold())
    return None if value is None else Read(value, "")


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    return compile_pattern(pattern)


def _matched(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The first whole words that match: tried on windows, for that is what is safe (`estafeta.kernel.patterns`)."""
    for start in _START.finditer(text):
        match = pattern.match(text, start.start(), start.start() + WINDOW)
        if match and match[0]:
            return match
    return None


def _number(text: str) -> int | float | None:
    match = _NUMBER.search(text)
    if match is None:
        said = [_IN_WORDS[word.casefold()] for word in _WORD.findall(text) if word.casefold() in _IN_WORDS]
        return said[0] if len(said) == 1 and len(text.split()) <= _FEW else None
    digits = re.sub(r"[ \u00a0\u202f]", "", match[0]).replace(",", ".")
    if len(digits) > _DIGITS:
        return None
    found = float(digits)
    return int(found) if found.is_integer() else found


def yes_no(text: str) -> bool | None:
    """A short text with yes words or no words, not both; or a longer one that begins with "yes," and
    asks nothing. "I don't know" is neither."""
    short = text[:TEXT_LIMIT]
    words = [word.casefold().replace("’", "'") for word in _WORD.findall(short)]
    if not words:
        return _SIGNS.get(short.strip())
    if len(words) > _LONG or "?" in short or not _UNSURE.isdisjoint(words):
        return None
    if _CONSENT.search(short):
        return True
    leading = _LEADING.match(short)
    first = leading[1].casefold() if leading else ""
    if first in _YES or first in _NO:
        return first in _YES
    if len(words) > _SHORT:
        return None
    yes, no = _YES.intersection(words), _NO.intersection(words)
    if yes and no:
        return False if yes <= _SOFT else None
    return bool(yes) if yes or no else None
