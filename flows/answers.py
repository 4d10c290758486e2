"""Whether a text answers a question, and with what value."""

from __future__ import annotations

import re
from functools import lru_cache

from estafeta.kernel.model import Json, Understanding
from flows.model import Ask, Copy, Workspace
from flows.sandbox import TEXT_LIMIT
from flows.templates import Words, unrendered

BUILT_IN = ("text", "number", "yes_no")
"""What `expect` may be besides an entity."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_NUMBER = re.compile(r"(?:(?<!\S)-)?(?:\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)|\d+)(?:[.,]\d+)?", re.ASCII)
_DIGITS = 15
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|[👍👎]")
_LEADING = re.compile(r"\s*([^\W\d_]+)\s*(?:[,.!;]|$)")
_SHORT, _LONG = 6, 15
_YES = _set(
    "да ага угу конечно верно точно подтверждаю согласен согласна ок окей хорошо давай давайте правильно так "
    "yes yeah yep yup sure ok okay right correct certainly absolutely confirm 👍"
)
_NO = _set("нет не неа неверно неправильно ни no nope not never wrong incorrect dont don't 👎")
_SOFT = _set("так хорошо верно правильно согласен согласна right correct ok okay")
"""Words that say yes alone, but not beside a no: "не так", "not right"."""
_UNSURE = _set("знаю уверен уверена помню понял поняла понимаю понятно know idea remember understand maybe может")
_HANDING = _set("вот это мой моя моё мои номер пожалуйста the this that here's here its it's number please")
"""Words that only hand a value over."""
_OWN, _STEM = 3, 5
"""Letters: what is shorter says nothing of its own; what begins with the same is the same word."""
_SIGNS = {"+": True, "-": False}


def answer(workspace: Workspace, ask: Ask, text: str, understanding: Understanding | None) -> Json:
    """The value the text gives to what is asked; None when it gives none."""
    if ask.expect == "text":
        return text.strip()[:TEXT_LIMIT] or None
    if ask.expect == "number":
        return _number(text)
    if ask.expect == "yes_no":
        return _yes_no(text)
    return _entity(workspace, ask.expect, text, understanding)


def says_more(ask: Ask, text: str, understanding: Understanding | None) -> bool:
    """Whether a text that has the asked entity in it has words of its own besides. Words of the question
    itself ("order 100272") and very short ones ("to Moscow") only hand the value over."""
    if ask.expect in BUILT_IN or understanding is None:
        return False
    rest = text[:TEXT_LIMIT]
    for entity in sorted(understanding.entities, key=lambda item: item.start, reverse=True):
        rest = f"{rest[: entity.start]} {rest[entity.end :]}"
    asked = _stems(" ".join(unrendered(words) for copy in (*ask.variants, *ask.again) for words in _all_words(copy)))
    return not _stems(rest) <= asked


def _all_words(copy: Copy) -> tuple[Words, ...]:
    return (copy.default, *copy.by_language.values())


def _stems(text: str) -> set[str]:
    """The beginnings of the words, so that "заказа" is the word "заказ"."""
    words = (word.casefold() for word in _WORD.findall(text))
    return {word[:_STEM] for word in words if len(word) >= _OWN and word not in _HANDING}


def entities(understanding: Understanding | None, name: str) -> list[str]:
    """The values of an entity that were heard, in the order of the text."""
    if understanding is None:
        return []
    found = sorted((entity for entity in understanding.entities if entity.name == name), key=lambda item: item.start)
    return [entity.value[:TEXT_LIMIT] for entity in found if entity.value]


def _entity(workspace: Workspace, name: str, text: str, understanding: Understanding | None) -> str | None:
    """From the understanding; without one (it was late, or a button's words) from what the training
    data tells of the entity."""
    heard = entities(understanding, name)
    if heard:
        return heard[0]
    known = workspace.training.entities.get(name)
    if known is None:
        return None
    short = text.strip()[:TEXT_LIMIT]
    for pattern in known.patterns:
        match = _compiled(pattern).search(short)
        if match is not None and match[0]:
            return match[0]
    return known.values.get(short.casefold())


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _number(text: str) -> int | float | None:
    match = _NUMBER.search(text[:TEXT_LIMIT])
    if match is None:
        return None
    digits = re.sub(r"[ \u00a0\u202f]", "", match[0]).replace(",", ".")
    if len(digits) > _DIGITS:
        return None
    found = float(digits)
    return int(found) if found.is_integer() else found


def _yes_no(text: str) -> bool | None:
    """A short text with yes words or no words, not both; or a longer one that begins with "yes," and
    asks nothing. "I don't know" is neither."""
    short = text[:TEXT_LIMIT]
    words = [word.casefold().replace("’", "'") for word in _WORD.findall(short)]
    if not words:
        return _SIGNS.get(short.strip())
    if len(words) > _LONG or "?" in short or not _UNSURE.isdisjoint(words):
        return None
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
