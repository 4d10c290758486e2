"""Whether an operator's words sound as the house writes (tone.yml). Pure.

Remarks only: whatever they say, the words may be sent. Each rule is hard to trip over by accident.
"""

from __future__ import annotations

import re

from flows.tone_file import ToneFile
from handoff.wording import any_of, spaced, words_of

TOLD = 3
"""Banned words that one remark names at most."""

_WORDS = re.compile(r"[^\W\d_]+")
_VOWELS = re.compile(r"[aeiouyаеёиоуыэюя]", re.IGNORECASE)
_SHOUTED = 12
_PILED = re.compile(r"!{3,}|\?{3,}|(?:!\?|\?!){2,}")
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
_REMARKS = {
    "capitals": ("всё прописными читается как крик", "capitals throughout read as shouting"),
    "piled": ("знаки !!! и ??? читаются как раздражение", "!!! and ??? read as irritation"),
    "thou": ("похоже на «ты», а мы пишем на «Вы»", "familiar words; the house writes «Вы»"),
    "you": ("похоже на «Вы», а мы пишем на «ты»", "formal words; the house writes «ты»"),
    "banned": ("у нас так не пишут: {words}", "the house does not write this: {words}"),
}


def tone(text: str, language: str, style: ToneFile) -> list[str]:
    """Remarks on a text to a customer, in the reader's `language` ("ru", or else English); [] when there is nothing
    to say. The text may be in any language: banned words of all of them are looked for. What is quoted is somebody
    else's."""
    found, text = [], _QUOTED.sub(" ", text)
    if style.capitals and _shouts(text):
        found.append("capitals")
    if style.piled and _PILED.search(text):
        found.append("piled")
    if style.address == "вы" and _THOU.search(text):
        found.append("thou")
    if style.address == "ты" and _YOU.search(text):
        found.append("you")
    banned = _banned(text, style)
    if banned:
        found.append("banned")
    at = 0 if language == "ru" else 1
    words = ", ".join(("«{}»", "“{}”")[at].format(word) for word in banned)
    return [_REMARKS[code][at].format(words=words) for code in found]


def _shouts(text: str) -> bool:
    """Several words, all in capitals: no "ОК", no number of an order, no list of sizes."""
    words = _WORDS.findall(text)
    spoken = [word for word in words if _VOWELS.search(word)]
    return len(spoken) > 1 and sum(map(len, spoken)) >= _SHOUTED and all(map(str.isupper, words))


def _banned(text: str, style: ToneFile) -> list[str]:
    """The first of them, as they stand in the text but for capitals."""
    said = spaced(words_of(text))
    found = (match[0] for words in style.banned.values() if words for match in any_of(words).finditer(said))
    return list(dict.fromkeys(found))[:TOLD]
