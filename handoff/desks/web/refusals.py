"""Refusals of the web desk as sentences for the operator, in Russian and English.

`Refused` is raised by whatever finds the reason and becomes the answer in one place (`api.py`).
Which language: the first of the request's `Accept-Language` that we have, English otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from estafeta.kernel.errors import EstafetaError
from estafeta.roster import NotAllowed

SENTENCES: dict[str, dict[str, str]] = {
    "not_logged_in": {
        "ru": "Вы не вошли. Откройте свою ссылку для входа: её даёт руководитель.",
        "en": "You are not logged in. Open a log-in link of your own: a supervisor makes it.",
    },
    "code_refused": {
        "ru": "Эта ссылка для входа уже использована или устарела. Попросите новую у руководителя.",
        "en": "This log-in link has been used or is too old. Ask a supervisor for a new one.",
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
    "unknown_turn": {
        "ru": "Почему бот так ответил, здесь не узнать: перед этим сообщением нет слов клиента.",
        "en": "Why the bot answered so cannot be told here: there are no words of the customer before this message.",
    },
    "unknown_intent": {
        "ru": "Такого бот не различает: «{name}». Есть: {known}.",
        "en": "The bot knows nothing called “{name}”. There are: {known}.",
    },
    "unknown_intent_near": {
        "ru": "Такого бот не различает: «{name}». Может быть: {near}? Есть: {known}.",
        "en": "The bot knows nothing called “{name}”. Did you mean {near}? There are: {known}.",
    },
    "not_heard": {
        "ru": "Этого сообщения бот понять не пытался: исправлять здесь нечего.",
        "en": "The bot did not try to understand this message: there is nothing to correct.",
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
    "no_ticket": {
        "ru": "Обращения нет: разговор ведёт бот. Сначала заберите разговор.",
        "en": "There is no ticket: the bot has the conversation. Take it first.",
    },
    "transfer_where": {
        "ru": "Передать можно в один отдел или одному человеку: назовите «skill» или «to».",
        "en": "One passes on to one department or one person: name “skill” or “to”.",
    },
    "unknown_skill": {"ru": "Такого отдела нет.", "en": "There is no such department."},
    "unknown_language": {
        "ru": "На языке «{name}» бот не говорит. Есть: {names}.",
        "en": "The bot does not speak “{name}”. There are: {names}.",
    },
    "unknown_shift": {
        "ru": "Смены «{name}» нет. В hours.yml есть: {names}.",
        "en": "There is no shift “{name}”. hours.yml has: {names}.",
    },
    "wrong_name": {"ru": "В имени от 1 до 100 знаков.", "en": "A name has 1 to 100 characters."},
    "unknown_flow": {"ru": "Такого сценария у бота нет.", "en": "The bot has no such flow."},
    "hold_until": {
        "ru": "Отложить можно на время в будущем, не дальше {days} дней.",
        "en": "One puts off until a time to come, at most {days} days away.",
    },
    "search_length": {
        "ru": "Искать можно по словам длиной от {low} до {high} знаков.",
        "en": "One searches for {low} to {high} characters.",
    },
    "unknown_report": {"ru": "Такого отчёта нет.", "en": "There is no such report."},
    "report_time": {
        "ru": "Отчёт строится по времени от «since» до «until», не длиннее {days} дней.",
        "en": "A report is over the time from “since” to “until”, of at most {days} days.",
    },
    "name_taken": {
        "ru": "Это имя уже занято. Назовитесь иначе или попросите руководителя о личной ссылке для входа.",
        "en": "This name is taken. Choose another, or ask a supervisor for a log-in link of your own.",
    },
    "not_enrolled": {
        "ru": "Вас нет в списке сотрудников. Попросите приглашение у руководителя.",
        "en": "You are not on the roster. Ask a supervisor for an invitation.",
    },
    "removed": {
        "ru": "Вас убрали из списка сотрудников. Попросите приглашение у руководителя.",
        "en": "You were taken off the roster. Ask a supervisor for an invitation.",
    },
    "needs_supervisor": {
        "ru": "Это может сделать только руководитель или администратор.",
        "en": "Only a supervisor or an admin may do this.",
    },
    "needs_admin": {"ru": "Это может сделать только администратор.", "en": "Only an admin may do this."},
    "no_supervisor_yet": {
        "ru": "Это может только руководитель, а его ещё нет. Первого зовут: estafeta team invite --role admin.",
        "en": "Only a supervisor may do this, and there is none yet. First: estafeta team invite --role admin.",
    },
    "unknown_member": {"ru": "Такого сотрудника нет.", "en": "Nobody of this name is on the roster."},
    "until_past": {
        "ru": "Это время уже прошло. Назовите время в будущем.",
        "en": "This time is over already. Name one to come.",
    },
    "unknown_role": {
        "ru": "Роли бывают такие: operator, supervisor, admin.",
        "en": "There are the roles operator, supervisor and admin.",
    },
    "wrong_capacity": {
        "ru": "Сколько обращений сразу: число от 1 до 100.",
        "en": "How many tickets at once: a number from 1 to 100.",
    },
    "wrong_hours": {
        "ru": "Срок приглашения не подходит: слишком короткий или слишком длинный.",
        "en": "The invitation's time is too short or too long.",
    },
    "invite_expired": {
        "ru": "Приглашение устарело. Попросите новое.",
        "en": "This invitation has expired. Ask for a new one.",
    },
    "invite_elsewhere": {
        "ru": "Это приглашение для другого рабочего места.",
        "en": "This invitation is for another desk.",
    },
    "invite_revoked": {
        "ru": "Тот, кто пригласил, больше не может приглашать. Попросите новое приглашение.",
        "en": "Whoever invited you may not do so any more. Ask for a new invitation.",
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
    "field_zone": {
        "ru": "Во времени «{field}» не хватает пояса.",
        "en": "The time “{field}” lacks its time zone.",
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


def not_allowed(refused: NotAllowed) -> Refused:
    """What the roster refused, in the operator's language as far as its reason has a sentence here."""
    if refused.code in SENTENCES:
        return Refused(403, refused.code, **dict[str, Any](refused.values))
    return Refused(403, "messenger_says", says=str(refused))


_FIELD_CODES = {
    "missing": "field_missing",
    "extra_forbidden": "field_unknown",
    "string_type": "field_not_text",
    "string_too_short": "field_empty",
    "string_too_long": "field_too_long",
    "too_long": "field_too_many",
    "literal_error": "field_choice",
    "timezone_aware": "field_zone",
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
