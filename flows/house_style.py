"""Whether words to a customer sound as the house writes (tone.yml), whoever wrote them. Pure.

Each rule is hard to trip over by accident.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from flows.tone_file import ToneFile
from flows.wording import any_of, spaced, words_of

_WORDS = re.compile(r"[^\W\d_]+")
_VOWELS = re.compile(r"[aeiouyаеёиоуыэюя]", re.IGNORECASE)
_SHOUTED = 12
_QUOTED = re.compile(r"«[^«»]*»|“[^“”]*”|„[^„“”]*[“”]|\"[^\"\n]*\"|^[ \t]*>.*$", re.MULTILINE)
"""Words of others: the customer's own, a button's, an inscription's."""
_THOU = re.compile(
    r"(?<![\w-])(?:ты|тебя|тебе|тобой|тобою|тво[йяеёи]|твоего|твоему|твоей|твоих|твоим|твоими|твою|"
    r"можешь|сможешь|хочешь|знаешь|видишь|понимаешь|будешь|пишешь|"
    r"напиши|подожди|погоди|жди|скажи|подскажи|расскажи|посмотри|смотри|проверь|попробуй|отправь|позвони|нажми|выбери|"
    r"зайди|открой|ответь|уточни|давай|держи|иди|извини|прости|не переживай|не волнуйся|не беспокойся|успокойся)"
    r"(?![\w-])",
    re.IGNORECASE,
)
"""Nothing that is also another word: «пришли» is what parcels did, «привет» is said to many."""
_YOU = re.compile(
    r"(?<![\w-])(?:вы|вас|вам|вами|ваш(?:а|е|и|его|ему|ей|их|им|ими|у|ем)?|напишите|подождите|скажите|посмотрите|"
    r"попробуйте|пришлите|отправьте)(?![\w-])",
    re.IGNORECASE,
)
_EMOJI = re.compile("[☹☺❤\U0001f300-\U0001faff]")
"""Pictures, and none of the signs that only mark a line, like ✓ ☎ →: https://unicode.org/charts/PDF/U1F300.pdf."""
_SMILE = re.compile(r"(?<![\w/:])[:;]-?[)D]|\){3,}|(?<!\w)xD(?!\w)")


def own(text: str) -> str:
    """The text without what is quoted in it: that is somebody else's."""
    return _QUOTED.sub(" ", text)


def shouts(text: str) -> bool:
    """Several words, all in capitals: no "ОК", no number of an order, no list of sizes."""
    words = _WORDS.findall(text)
    spoken = [word for word in words if _VOWELS.search(word)]
    return len(spoken) > 1 and sum(map(len, spoken)) >= _SHOUTED and all(map(str.isupper, words))


def thou(text: str) -> str:
    """The first word that speaks to a friend; "" when there is none."""
    return _first(_THOU, text)


def you(text: str) -> str:
    """The first word that speaks to a stranger."""
    return _first(_YOU, text)


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[0] if found else ""


def banned(text: str, style: ToneFile) -> list[str]:
    """The words of the list that stand in the text, of all languages, as they stand there but for capitals."""
    return _named(text, style.banned.values())


def joking(text: str, style: ToneFile) -> list[str]:
    """What makes light of a complaint: a picture, a smile, a word of the list."""
    pictures = (match[0] for pattern in (_EMOJI, _SMILE) for match in pattern.finditer(text))
    return list(dict.fromkeys([*pictures, *_named(text, style.complaints.joking.values())]))


def _named(text: str, lists: Iterable[tuple[str, ...]]) -> list[str]:
    said = spaced(words_of(text))
    found = (match[0] for words in lists if words for match in any_of(words).finditer(said))
    return list(dict.fromkeys(found))
