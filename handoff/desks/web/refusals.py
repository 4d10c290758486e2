"""Refusals of the web desk as sentences for the operator, in Russian and English.

`Refused` is raised by whatever finds the reason and becomes the answer in one place (`api.py`).
Which language: the first of the request's `Accept-Language` that we have, English otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from estafeta.kernel.errors import EstafetaError

SENTENCES: dict[str, dict[str, str]] = {
    "not_logged_in": {
        "ru": "Вы не вошли. Откройте ссылку для входа: её печатают estafeta при запуске и estafeta login-link.",
        "en": "You are not logged in. Open a log-in link: estafeta prints one at start and on estafeta login-link.",
    },
    "code_refused": {
        "ru": "Эта ссылка для входа уже использована или устарела. Новую печатает команда estafeta login-link.",
        "en": "This log-in link has been used or is too old. The command estafeta login-link prints a new one.",
    },
    "too_many_attempts": {
        "ru": "Слишком много попыток входа. Подождите {seconds} с и попробуйте снова.",
        "en": "Too many log-in attempts. Wait {seconds} s and try again.",
    },
    "foreign_origin": {
        "ru": "Запрос пришёл со страницы другого сайта и отклонён.",
        "en": "The request came from a page of another site and was refused.",
    },
    "missing_header": {
        "ru": "В запросе нет заголовка X-Estafeta: 1, без него ничего менять нельзя.",
        "en": "The request lacks the header X-Estafeta: 1, without which nothing may be changed.",
    },
    "too_large": {
        "ru": "Запрос больше {kilobytes} КБ. Сократите текст.",
        "en": "The request is larger than {kilobytes} KB. Make the text shorter.",
    },
    "not_json": {
        "ru": "Тело запроса не читается как JSON в UTF-8.",
        "en": "The body of the request cannot be read as JSON in UTF-8.",
    },
    "unknown_conversation": {
        "ru": "Такого разговора нет. Обновите список.",
        "en": "There is no such conversation. Refresh the list.",
    },
    "store_unavailable": {
        "ru": "Хранилище сейчас не отвечает. Сообщение не принято, попробуйте ещё раз через минуту.",
        "en": "The store does not answer now. Nothing was accepted; try again in a minute.",
    },
    "field_missing": {"ru": "Нет поля «{field}».", "en": "The field “{field}” is missing."},
    "field_unknown": {"ru": "Поле «{field}» неизвестно.", "en": "The field “{field}” is unknown."},
    "field_not_text": {"ru": "Поле «{field}» должно быть строкой.", "en": "The field “{field}” must be a string."},
    "field_empty": {"ru": "Поле «{field}» пустое.", "en": "The field “{field}” is empty."},
    "field_too_long": {
        "ru": "Поле «{field}» длиннее {limit} знаков.",
        "en": "The field “{field}” is longer than {limit} characters.",
    },
    "field_choice": {
        "ru": "Поле «{field}» должно быть одним из: {choices}.",
        "en": "The field “{field}” must be one of: {choices}.",
    },
    "field_wrong": {
        "ru": "Поле «{field}» записано неверно.",
        "en": "The field “{field}” is not in the expected form.",
    },
    "field_number": {
        "ru": "Поле «{field}» должно быть целым числом от {low} до {high}.",
        "en": "The field “{field}” must be a whole number from {low} to {high}.",
    },
}

LANGUAGES = ("ru", "en")


class Refused(EstafetaError):
    """A request that is not done. `code` is for programs, the sentence for people."""

    def __init__(self, status: int, code: str, *, headers: Mapping[str, str] | None = None, **values: Any) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.values = values
        self.headers = dict(headers or {})

    def sentence(self, language: str) -> str:
        return SENTENCES[self.code][language].format(**self.values)


def language_of(accept_language: str) -> str:
    """The first language of an `Accept-Language` header that we speak; weights are taken as order,
    which is how browsers send them."""
    for item in accept_language[:200].split(","):
        tag = item.split(";", 1)[0].strip().lower().split("-", 1)[0]
        if tag in LANGUAGES:
            return tag
    return "en"


_FIELD_CODES = {
    "missing": "field_missing",
    "extra_forbidden": "field_unknown",
    "string_type": "field_not_text",
    "string_too_short": "field_empty",
    "string_too_long": "field_too_long",
    "literal_error": "field_choice",
}


def wrong_field(error: Mapping[str, Any]) -> Refused:
    """A pydantic error (https://docs.pydantic.dev/latest/errors/validation_errors/) as a refusal that
    names the field and never repeats its value."""
    field = ".".join(str(step) for step in error["loc"])[:80]
    if not field:
        return Refused(400, "not_json")
    context = error.get("ctx", {})
    code = _FIELD_CODES.get(error["type"], "field_wrong")
    return Refused(400, code, field=field, limit=context.get("max_length"), choices=context.get("expected"))
