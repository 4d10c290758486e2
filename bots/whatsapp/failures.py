"""What WhatsApp's refusals mean, told once, for the engine and for the operator.

By the error's `code`, as Meta advises: titles and HTTP statuses change
(https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes). The same codes come in
the answer to a request and, later, in a status `failed`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import aiohttp

from estafeta.kernel.errors import SendFailed

Language = Literal["ru", "en"]
Fault = Literal["customer", "content", "messenger", "settings"]


@dataclass(frozen=True, slots=True)
class _Failure:
    """`code` is what `SendFailed` says; None: the name in the table."""

    fault: Fault
    ru: str
    en: str
    retry_after: float | None = None
    code: str | None = None


_FAILURES: dict[str, _Failure] = {
    "window_closed": _Failure(
        "messenger",
        "С последнего сообщения клиента прошло больше 24 часов: WhatsApp возьмёт только одобренный шаблон.",
        "More than 24 hours have passed since the customer's last message: WhatsApp takes an approved template alone.",
    ),
    "undeliverable": _Failure(
        "customer",
        "WhatsApp не может доставить сообщение: номера нет в WhatsApp, клиент вас заблокировал или давно не обновлял "
        "приложение.",
        "WhatsApp cannot deliver the message: the number is not on WhatsApp, the customer blocked you, or has an app "
        "that is too old.",
    ),
    "nobody": _Failure(
        "customer",
        "Такого адресата в WhatsApp нет.",
        "There is nobody of that address on WhatsApp.",
        None,
        "undeliverable",
    ),
    "marketing_refused": _Failure(
        "customer",
        "WhatsApp не доставил рекламное сообщение: клиент отказался от них, получил их уже много или входит в "
        "контрольную группу.",
        "WhatsApp did not deliver the marketing message: the customer opted out, got many already, or is in a control "
        "group.",
        None,
        "undeliverable",
    ),
    "country_refused": _Failure(
        "settings",
        "Аккаунту нельзя писать в эту страну.",
        "The account may not write to this country.",
        None,
        "undeliverable",
    ),
    "phone_needed": _Failure(
        "content",
        "Это сообщение WhatsApp доставляет только по номеру телефона, а клиент свой скрыл.",
        "WhatsApp delivers this message by phone number alone, and the customer hides theirs.",
        None,
        "undeliverable",
    ),
    "not_a_tester": _Failure(
        "settings",
        "Тестовый номер пишет только тем, кто внесён в его список: добавьте клиента в Meta (WhatsApp, API Setup).",
        "A test number writes only to those in its list: add the customer in Meta (WhatsApp, API Setup).",
        None,
        "undeliverable",
    ),
    "too_many_requests": _Failure(
        "messenger",
        "WhatsApp просит писать реже; отправим позже.",
        "WhatsApp asks for fewer messages; sent later.",
        2.0,
    ),
    "pair_limit": _Failure(
        "messenger",
        "WhatsApp берёт одному клиенту примерно одно сообщение в 6 секунд; отправим позже.",
        "WhatsApp takes about one message in 6 seconds to one customer; sent later.",
        6.0,
        "too_many_requests",
    ),
    "account_limit": _Failure(
        "messenger",
        "Исчерпан лимит запросов к WhatsApp; отправим позже.",
        "The limit of requests to WhatsApp is used up; sent later.",
        60.0,
        "too_many_requests",
    ),
    "spam_limit": _Failure(
        "settings",
        "WhatsApp ограничил этот номер: на его сообщения много жалоб. Посмотрите качество номера в WhatsApp Manager.",
        "WhatsApp restricts this number: many complained of its messages. See its quality in WhatsApp Manager.",
        None,
        "too_many_requests",
    ),
    "unauthorized": _Failure(
        "settings",
        "WhatsApp не принимает токен доступа: выпустите новый у системного пользователя и запишите в настройки.",
        "WhatsApp refuses the access token: issue a new one for the system user and put it into the settings.",
        300.0,
    ),
    "no_rights": _Failure(
        "settings",
        "Токену доступа WhatsApp не хватает прав (whatsapp_business_messaging, whatsapp_business_management).",
        "WhatsApp's access token lacks rights (whatsapp_business_messaging, whatsapp_business_management).",
        300.0,
    ),
    "restricted": _Failure(
        "settings",
        "WhatsApp заблокировал или ограничил аккаунт компании: причина указана в WhatsApp Manager.",
        "WhatsApp has locked or restricted the business's account: WhatsApp Manager tells why.",
        None,
        "no_rights",
    ),
    "unpaid": _Failure(
        "settings",
        "WhatsApp не отправляет сообщения из-за оплаты: проверьте способ оплаты в WhatsApp Manager.",
        "WhatsApp sends nothing because of the payment: check the payment method in WhatsApp Manager.",
        None,
        "no_rights",
    ),
    "not_registered": _Failure(
        "settings",
        "Номер не зарегистрирован в Cloud API, его имя не одобрено или его удалили: проверьте его в WhatsApp Manager.",
        "The number is not registered with the Cloud API, its name is not approved, or it was deleted: check it in "
        "WhatsApp Manager.",
        None,
        "no_rights",
    ),
    "template_refused": _Failure(
        "content",
        "WhatsApp не взял шаблон: его нет, он приостановлен, или число либо вид переменных не те",
        "WhatsApp refused the template: it is not there, is paused, or its variables do not fit",
        None,
        "refused",
    ),
    "no_template": _Failure(
        "content",
        "Такого одобренного шаблона нет, или переменных не столько, сколько в нём мест.",
        "There is no such approved template, or not as many values as it has places.",
        None,
        "refused",
    ),
    "file_refused": _Failure("content", "WhatsApp не взял файл", "WhatsApp refused the file"),
    "file_too_large": _Failure("content", "Файл больше, чем берёт WhatsApp", "The file is larger than WhatsApp takes"),
    "file_gone": _Failure("messenger", "Файла в WhatsApp больше нет.", "WhatsApp does not have the file any more."),
    "file_unreachable": _Failure(
        "messenger", "Файл из WhatsApp пришёл повреждённым.", "The file came damaged from WhatsApp.", 5.0
    ),
    "object_missing": _Failure(
        "content",
        "WhatsApp не знает такого номера, сообщения или файла: его нет, срок хранения истёк или токен его не открывает",
        "WhatsApp knows no such number, message or file: it is not there, expired, or the token does not open it",
        None,
        "message_missing",
    ),
    "not_possible": _Failure(
        "content",
        "В WhatsApp компания не может изменить или удалить отправленное.",
        "On WhatsApp a business can neither change nor delete what it has sent.",
    ),
    "empty": _Failure("content", "В сообщении нет ни слова.", "There is not a word in the message."),
    "paced": _Failure(
        "messenger", "Очередь на отправку в WhatsApp; отправим позже.", "There is a queue to WhatsApp; sent later."
    ),
    "unreachable": _Failure("messenger", "До WhatsApp не достучаться.", "WhatsApp cannot be reached.", 3.0),
    "no_answer": _Failure(
        "messenger",
        "WhatsApp не ответил: сообщение могло дойти, а могло и нет.",
        "WhatsApp did not answer: the message may have arrived or not.",
        5.0,
    ),
    "messenger_down": _Failure("messenger", "У WhatsApp неполадки.", "WhatsApp has trouble of its own.", 5.0),
    "refused": _Failure("content", "WhatsApp не взял сообщение", "WhatsApp refused the message"),
}

_CODES: dict[int, str] = {
    **dict.fromkeys((0, 190), "unauthorized"),
    **dict.fromkeys((3, 10, *range(200, 300), 131005), "no_rights"),
    **dict.fromkeys((1, 2, 131000, 131016, 131057, 133004), "messenger_down"),
    **dict.fromkeys((4, 80007), "account_limit"),
    33: "not_registered",
    **dict.fromkeys((368, 131031, 131064), "restricted"),
    **dict.fromkeys((130472, 131049, 131050), "marketing_refused"),
    130429: "too_many_requests",
    130497: "country_refused",
    131026: "undeliverable",
    131030: "not_a_tester",
    **dict.fromkeys((131037, 131045, 133000, 133006, 133010), "not_registered"),
    131042: "unpaid",
    131047: "window_closed",
    131048: "spam_limit",
    **dict.fromkeys((131052, 131053), "file_refused"),
    131056: "pair_limit",
    131062: "phone_needed",
    **dict.fromkeys(
        (132000, 132001, 132005, 132007, 132012, 132015, 132016, 132018, 132068, 132069), "template_refused"
    ),
}
_MISSING = 33
"""As a subcode of 100: an object that is not there (https://developers.facebook.com/docs/graph-api/guides/error-handling)."""
_SAYS_MORE = frozenset(("refused", "file_refused", "template_refused", "object_missing", "file_too_large"))


class Failed(SendFailed):
    """`name` is what this module's table calls it."""

    name = ""


def failure(name: str, language: Language, *, retry_after: float | None = None, detail: str = "") -> Failed:
    """The failure called `name` here; `retry_after` overrides its own. `detail` is the messenger's, untrusted."""
    known = _FAILURES[name]
    sentence = known.ru if language == "ru" else known.en
    if name in _SAYS_MORE:
        sentence = f"{sentence}: {_plain(detail)}." if detail else f"{sentence}."
    failed = Failed(
        known.code or name,
        sentence,
        fault=known.fault,
        retry_after=known.retry_after if retry_after is None else retry_after,
        maybe_sent=name == "no_answer",
    )
    failed.name = name
    return failed


def refusal(status: int, error: Any, language: Language, *, regained: float | None = None, token: str = "") -> Failed:
    """What an answer of Graph means that is no success. `error` is what it has under that name; `regained`: in how many
    seconds requests are taken again; `token` is ours, which some titles repeat."""
    if not isinstance(error, dict):
        return failure("too_many_requests" if status == 429 else _by_status(status), language)
    code, detail = error.get("code"), _detail(error)
    if token:
        detail = detail.replace(token, "…")
    name = named(code, error.get("error_subcode"), status)
    wait = regained if name == "account_limit" else None
    return failure(name, language, retry_after=wait, detail=f"{detail} ({code})" if detail else str(code))


def of_status(errors: Any, language: Language) -> Failed:
    """Why a message failed after it was taken."""
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    code, detail = first.get("code"), _detail(first)
    name = named(code, None, 400)
    return failure(name, language, detail=f"{detail} ({code})" if detail and code is not None else detail)


def named(code: Any, subcode: Any, status: int) -> str:
    """What the table here calls an error."""
    if type(code) is int:
        if code == 100 and subcode == _MISSING:
            return "object_missing"
        if code in _CODES:
            return _CODES[code]
    return "refused" if status < 500 else _by_status(status)


def broken(error: Exception, language: Language) -> Failed:
    """The connection failed. Nothing of the request gets into the sentence."""
    never = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
    return failure("unreachable" if isinstance(error, never) else "no_answer", language)


def _by_status(status: int) -> str:
    if status in (502, 504) or status < 400:
        return "no_answer"
    return "unauthorized" if status == 401 else "messenger_down" if status >= 500 else "refused"


def _detail(error: dict[str, Any]) -> str:
    data = error.get("error_data")
    for place, name in ((data if isinstance(data, dict) else {}, "details"), (error, "message"), (error, "title")):
        text = place.get(name)
        if isinstance(text, str) and text:
            return text
    return ""


def _plain(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)[:300]
