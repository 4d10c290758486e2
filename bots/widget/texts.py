"""What the server's side of the chat says to a customer by itself, in Russian and English.

The words of the page are in static/words.js; the bot's words are the workspace's.
"""

from __future__ import annotations

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
    "gone": {
        "ru": "Этого сообщения больше нет, или изменить его уже нельзя.",
        "en": "This message is not there any more, or it can't be changed now.",
    },
    "forbidden": {
        "ru": "Этот чат здесь не работает. Обновите страницу.",
        "en": "This chat does not work here. Please reload the page.",
    },
    "identity": {
        "ru": "Сайт не подтвердил, что это вы. Обновите страницу или войдите ещё раз.",
        "en": "The site did not confirm who you are. Please reload the page or sign in again.",
    },
    "consent": {
        "ru": "Чтобы написать нам, примите условия.",
        "en": "To write to us, please accept the terms.",
    },
    "unavailable": {
        "ru": "Сообщение пока не отправлено. Мы попробуем ещё раз сами.",
        "en": "The message is not sent yet. We will try again by ourselves.",
    },
    "file_too_large": {
        "ru": "Файл слишком большой.",
        "en": "The file is too large.",
    },
    "file_refused": {
        "ru": "Файлы такого вида мы не принимаем.",
        "en": "Files of this kind are not accepted.",
    },
    "file_gone": {
        "ru": "Этого файла у нас больше нет.",
        "en": "This file is not there any more.",
    },
}

_UNSUPPORTED = {"ru": "[Вложение]", "en": "[Attachment]"}


def error(code: str, language: str) -> str:
    return _ERRORS[code].get(language) or _ERRORS[code]["en"]


def unsupported(language: str) -> str:
    return _UNSUPPORTED.get(language) or _UNSUPPORTED["en"]
