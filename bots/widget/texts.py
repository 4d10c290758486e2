"""What the server's side of the chat says to a customer by itself, in Russian and English.

The words of the page are in static/words.js; the bot's words are the workspace's.
"""

from __future__ import annotations

from estafeta.kernel.model import Contact, Media, Part, Text

_ERRORS = {
    "too_long": {
        "ru": "Сообщение слишком длинное. Разделите его, пожалуйста, на части.",
        "en": "The message is too long. Please split it into parts.",
    },
    "too_fast": {
        "ru": "Слишком много сообщений подряд. Отправим через несколько секунд.",
        "en": "Too many messages at once. It will be sent in a few seconds.",
    },
    "bad_request": {
        "ru": "Сообщение не удалось прочитать. Напишите его, пожалуйста, иначе.",
        "en": "The message could not be read. Please write it differently.",
    },
    "forbidden": {
        "ru": "Этот чат здесь не работает. Обновите страницу.",
        "en": "This chat does not work here. Please reload the page.",
    },
    "unavailable": {
        "ru": "Сообщение пока не отправлено. Мы попробуем ещё раз сами.",
        "en": "The message is not sent yet. We will try again by ourselves.",
    },
}

_THINGS = {
    "photo": {"ru": "Фото", "en": "Photo"},
    "document": {"ru": "Файл", "en": "File"},
    "voice": {"ru": "Голосовое сообщение", "en": "Voice message"},
    "audio": {"ru": "Аудио", "en": "Audio"},
    "video": {"ru": "Видео", "en": "Video"},
    "sticker": {"ru": "Стикер", "en": "Sticker"},
    "location": {"ru": "Место на карте", "en": "Location"},
    "contact": {"ru": "Контакт", "en": "Contact"},
    "unsupported": {"ru": "Вложение", "en": "Attachment"},
}


def error(code: str, language: str) -> str:
    return _ERRORS[code].get(language) or _ERRORS[code]["en"]


def thing(part: Part, language: str) -> str:
    """A part that is not text, in words: `[Photo]`, `[File: terms.pdf]`."""
    if isinstance(part, Text):
        return part.text
    kind = part.kind if isinstance(part, Media) else type(part).__name__.lower()
    detail = part.name if isinstance(part, Media | Contact) else ""
    label = _THINGS[kind].get(language) or _THINGS[kind]["en"]
    return f"[{label}: {detail}]" if detail else f"[{label}]"
