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
    "unknown_entry": {
        "ru": "Такого сообщения в разговоре нет.",
        "en": "There is no such message in the conversation.",
    },
    "unknown_file": {"ru": "Такого файла в сообщении нет.", "en": "There is no such file in the message."},
    "unknown_undelivered": {
        "ru": "Этого сообщения среди недоставленных уже нет: с ним разобрались.",
        "en": "This message is not among the undelivered any more: somebody dealt with it.",
    },
    "file_gone": {"ru": "Файла больше нет.", "en": "The file is gone."},
    "no_attachments": {
        "ru": "Файлы здесь не хранятся: отправить или показать их нельзя.",
        "en": "No files are kept here: none can be sent or shown.",
    },
    "not_connected": {
        "ru": "Канал клиента сейчас не подключён: можно отправить только текст, он подождёт.",
        "en": "The customer's channel is not connected now: only words can be sent, and they will wait.",
    },
    "too_old_to_change": {
        "ru": "Это сообщение слишком старое: изменить его или ответить на него реакцией уже нельзя.",
        "en": "This message is too old: it can neither be changed nor reacted to any more.",
    },
    "not_sent_yet": {
        "ru": "Сообщение ещё не отправлено клиенту. Попробуйте через несколько секунд.",
        "en": "The message has not been sent to the customer yet. Try again in a few seconds.",
    },
    "window_closed": {
        "ru": "Срок для свободного ответа истёк: писать можно, когда клиент напишет снова.",
        "en": "The time to answer freely is over: one may write when the customer has written again.",
    },
    "window_closed_templates": {
        "ru": "Срок для свободного ответа истёк: отправить можно только одобренный шаблон.",
        "en": "The time to answer freely is over: only an approved template can be sent.",
    },
    "no_files": {"ru": "Этот канал не принимает файлы.", "en": "This channel takes no files."},
    "no_replies": {
        "ru": "В этом канале нельзя ответить на отдельное сообщение. Отправьте просто текст.",
        "en": "On this channel no single message can be answered. Send the words alone.",
    },
    "no_edits": {
        "ru": "Это сообщение изменить нельзя. Напишите новое.",
        "en": "This message cannot be edited. Write a new one.",
    },
    "no_deletes": {
        "ru": "В этом канале отправленное сообщение удалить нельзя.",
        "en": "On this channel a message cannot be deleted once it is sent.",
    },
    "no_reactions": {"ru": "В этом канале нет реакций.", "en": "This channel has no reactions."},
    "not_own": {
        "ru": "Изменить и удалить можно только собственное сообщение.",
        "en": "Only a message of your own can be edited or deleted.",
    },
    "not_customers": {
        "ru": "Реакцию можно поставить только на сообщение клиента.",
        "en": "One can react to a customer's message only.",
    },
    "no_templates": {"ru": "В этом канале нет шаблонов.", "en": "This channel has no templates."},
    "unknown_template": {
        "ru": "Такого шаблона больше нет среди одобренных. Выберите другой.",
        "en": "This template is not among the approved ones any more. Choose another.",
    },
    "template_places": {
        "ru": "Значений должно быть столько, сколько мест в шаблоне: {places}.",
        "en": "There must be a value for each place of the template: {places}.",
    },
    "templates_late": {
        "ru": "Мессенджер не ответил вовремя. Попробуйте ещё раз.",
        "en": "The messenger did not answer in time. Try again.",
    },
    "messenger_says": {"ru": "{says}", "en": "{says}"},
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
    "field_too_many": {
        "ru": "В поле «{field}» больше значений, чем можно: {limit}.",
        "en": "The field “{field}” holds more values than it may: {limit}.",
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
    "too_long": "field_too_many",
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
