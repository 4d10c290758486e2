"""Commands as they were meant: capitals do not count, and a slip of the fingers is answered with the command that it
is most like. Pure; what is guessed is never carried out.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any

from handoff.desks.telegram_forum.read import ANYWHERE, IN_TOPIC

_NAME = re.compile(r"\s*/[A-Za-z0-9_]{1,64}(?![A-Za-z0-9_])")
_TYPED = re.compile(r"\s*/([^\s@]{1,32})")
_LIKE = 0.6
NOTE = "//"
_KEYS = str.maketrans("йцукенгшщзфывапролдячсмить", "qwertyuiopasdfghjklzxcvbnm")
"""The keys of a Russian keyboard that was meant to be a Latin one."""

_OTHERS = {
    "take": "взять беру возьму assign claim accept",
    "close": "закрыть закрой готово решено done end finish resolve stop",
    "return": "вернуть верни бот боту bot release",
    "to": "передать передай кому pass transfer forward",
    "hold": "отложить отложи пауза snooze sleep later wait pause postpone",
    "resume": "продолжить возобновить continue unhold",
    "tag": "метка метки тег label tags",
    "r": "ответ ответы готовые reply replies canned macro",
    "s": "подсказки подсказка suggest suggestions",
    "templates": "шаблон шаблоны",
    "history": "история переписка transcript log",
    "why": "почему отчего explain reason",
    "intent": "намерение интент смысл исправить correct meaning understood",
    "find": "найти найди поиск искать search",
    "undo": "отмена отменить cancel revert",
    "delete": "удалить удали remove del",
    "contact": "телефон контакт phone number",
    "block": "заблокировать блок бан ban spam",
    "unblock": "разблокировать unban",
    "me": "я мои мое my mine whoami",
    "who": "кто смена team online",
    "load": "загрузка нагрузка status stats",
    "away": "отошел отошла перерыв break lunch",
    "help": "помощь справка команды start commands menu",
    "priority": "приоритет важно urgent",
    "untag": "снять",
}
"""What else the commands are called, in other desks and in Russian."""
_BY_OTHER = {other: f"/{name}" for name, others in _OTHERS.items() for other in others.split()}
_BY_OTHER |= dict.fromkeys(("note", "n", "comment", "заметка", "заметку"), NOTE)


def tidied(raw: Any) -> Any:
    """The update with its command in small letters; of as many characters as before, so that marks stay in place."""
    text = _text(raw)
    found = _NAME.match(text)
    if found is None or found[0].islower():
        return raw
    return {**raw, "message": {**raw["message"], "text": found[0].lower() + text[found.end() :]}}


def meant(raw: Any) -> tuple[str, str]:
    """The word behind the slash of a message that is no command, and what was meant by it ("/close", "//"), or ""
    each."""
    found = _TYPED.match(_text(raw))
    if found is None:
        return "", ""
    word = found[1].casefold().replace("ё", "е")
    if word in _BY_OTHER:
        return found[1], _BY_OTHER[word]
    known = sorted(IN_TOPIC | ANYWHERE)
    typed = (word, word.translate(_KEYS))
    like = (f"/{match}" for one in typed for match in get_close_matches(one, known, n=1, cutoff=_LIKE))
    other = (_BY_OTHER[match] for match in get_close_matches(word, sorted(_BY_OTHER), n=1, cutoff=_LIKE + 0.1))
    return found[1], next(like, "") or next(other, "")


def _text(raw: Any) -> str:
    message = raw.get("message") if isinstance(raw, dict) else None
    text = message.get("text") if isinstance(message, dict) else None
    return text if isinstance(text, str) else ""
