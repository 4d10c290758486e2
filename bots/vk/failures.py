"""What VK's refusals mean, told once, for the engine and for the operator.

Codes are those of https://dev.vk.com/ru/reference/errors and of the methods' own pages. The service answers refusals
with HTTP 200 and `error`; which of them pass by themselves is said by `retry_after`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from estafeta.kernel.errors import SendFailed

Language = Literal["ru", "en"]
Fault = Literal["customer", "content", "messenger", "settings"]


@dataclass(frozen=True, slots=True)
class _Failure:
    fault: Fault
    ru: str
    en: str
    retry_after: float | None = None


_FAILURES: dict[str, _Failure] = {
    "blocked": _Failure(
        "customer",
        "Клиент в чёрном списке сообщества ВКонтакте: пока его не уберут оттуда, писать ему нельзя.",
        "The customer is on the VK community's blacklist: nothing can be written until they are taken off it.",
    ),
    "not_allowed": _Failure(
        "customer",
        "Клиент не разрешал сообществу писать ему (или запретил): он должен написать первым.",
        "The customer has not allowed the community to write (or has forbidden it): they have to write first.",
    ),
    "deactivated": _Failure(
        "customer",
        "Страница клиента ВКонтакте удалена или заблокирована.",
        "The customer's VK page is deleted or banned.",
    ),
    "chat_not_found": _Failure(
        "customer", "Такого собеседника ВКонтакте больше нет.", "There is no such person in VK any more."
    ),
    "window_closed": _Failure(
        "customer",
        "ВКонтакте больше не даёт ответить на это сообщение: время вышло.",
        "VK takes no answer to that message any more: the time is over.",
    ),
    "too_long": _Failure("content", "Сообщение длиннее, чем берёт ВКонтакте.", "VK takes no message that long."),
    "empty": _Failure("content", "В сообщении нет ни слова.", "There is not a word in the message."),
    "file_too_large": _Failure("content", "Файл больше, чем берёт ВКонтакте.", "The file is larger than VK takes."),
    "file_refused": _Failure(
        "content",
        "ВКонтакте не взял файл: такие (например, MP3 и программы) он не принимает.",
        "VK did not take the file: it takes no such files (MP3 and programs, for example).",
    ),
    "message_missing": _Failure(
        "content",
        "Этого сообщения уже нет, или его поздно менять.",
        "That message is not there any more, or it is too late to change it.",
    ),
    "comments_closed": _Failure(
        "settings",
        "Комментарии к этой записи закрыты: откройте их или напишите клиенту лично.",
        "Comments on this post are closed: open them, or write to the customer in private.",
    ),
    "links_forbidden": _Failure(
        "content",
        "Под этой записью нельзя оставлять ссылки: уберите ссылку из ответа.",
        "Links are forbidden under this post: take the link out of the answer.",
    ),
    "not_possible": _Failure("content", "ВКонтакте так не умеет.", "VK cannot do that."),
    "too_many_requests": _Failure(
        "messenger", "ВКонтакте просит писать реже; отправим позже.", "VK asks for fewer messages; sent later.", 1.0
    ),
    "paced": _Failure(
        "messenger", "Очередь на отправку во ВКонтакте; отправим позже.", "There is a queue to VK; sent later."
    ),
    "captcha": _Failure(
        "settings",
        "ВКонтакте требует капчу: откройте сообщество на сайте и проверьте, нет ли на нём ограничений.",
        "VK asks for a captcha: open the community on the site and see whether it is restricted.",
        300.0,
    ),
    "unauthorized": _Failure(
        "settings",
        "ВКонтакте не принимает ключ доступа: создайте новый в «Управление → Работа с API» и запишите в настройки.",
        "VK refuses the access token: make a new one in Manage, API usage, and put it into the settings.",
        300.0,
    ),
    "no_rights": _Failure(
        "settings",
        "Ключу доступа ВКонтакте не хватает прав: создайте ключ с сообщениями, фото, файлами, стеной и управлением.",
        "The VK access token lacks rights: make one with messages, photos, files, wall and management.",
        300.0,
    ),
    "bot_off": _Failure(
        "settings",
        "Кнопки выключены: включите «Управление → Сообщения → Настройки для бота → Возможности ботов».",
        "Buttons are off: switch on Manage, Messages, Bot settings, Bot features.",
        300.0,
    ),
    "unreachable": _Failure("messenger", "До ВКонтакте не достучаться.", "VK cannot be reached.", 3.0),
    "no_answer": _Failure(
        "messenger",
        "ВКонтакте не ответил: сообщение могло дойти, а могло и нет.",
        "VK did not answer: the message may have arrived or not.",
        3.0,
    ),
    "messenger_down": _Failure("messenger", "У ВКонтакте неполадки.", "VK has trouble of its own.", 5.0),
    "undeliverable": _Failure("content", "Сюда ВКонтакте писать не даёт.", "VK lets nobody write there."),
    "refused": _Failure("content", "ВКонтакте не взял сообщение", "VK refused the message"),
}

_CODES = {
    1: "messenger_down",
    5: "unauthorized",
    6: "too_many_requests",
    7: "no_rights",
    8: "refused",
    9: "too_many_requests",
    10: "messenger_down",
    14: "captcha",
    15: "no_rights",
    17: "unauthorized",
    18: "deactivated",
    27: "no_rights",
    28: "no_rights",
    29: "too_many_requests",
    100: "refused",
    105: "file_refused",
    113: "chat_not_found",
    118: "file_refused",
    121: "file_refused",
    211: "message_missing",
    212: "message_missing",
    213: "comments_closed",
    222: "links_forbidden",
    900: "blocked",
    901: "not_allowed",
    902: "not_allowed",
    909: "message_missing",
    910: "too_long",
    911: "refused",
    912: "bot_off",
    913: "refused",
    914: "too_long",
    917: "chat_not_found",
    920: "message_missing",
    921: "message_missing",
    922: "chat_not_found",
    924: "message_missing",
    925: "no_rights",
    927: "chat_not_found",
    932: "undeliverable",
    936: "chat_not_found",
    945: "undeliverable",
    946: "undeliverable",
    950: "window_closed",
    985: "undeliverable",
    1009: "not_possible",
    1010: "not_possible",
    1012: "undeliverable",
}

_PAUSES = {6: 1.0, 9: 60.0, 29: 3600.0}
"""Seconds. 9 is flood control and 29 a daily limit of one method; VK says of neither when it is over."""


def failure(code: str, language: Language, *, retry_after: float | None = None, detail: str = "") -> SendFailed:
    """The failure called `code`; `retry_after` overrides its own."""
    known = _FAILURES[code]
    sentence = known.ru if language == "ru" else known.en
    if code == "refused":
        sentence = f"{sentence}: {_shown(detail)}" if detail else f"{sentence}."
    return SendFailed(
        code,
        sentence,
        fault=known.fault,
        retry_after=known.retry_after if retry_after is None else retry_after,
        maybe_sent=code == "no_answer",
    )


def refusal(code: int, text: str, language: Language) -> SendFailed:
    """VK's answer with `error`: its number and its text."""
    return failure(
        _CODES.get(code, "refused"), language, retry_after=_PAUSES.get(code), detail=f"{text} [{code}]" if text else ""
    )


def _shown(detail: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in detail)[:200]
