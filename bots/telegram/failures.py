"""What Telegram's refusals mean, told once, for the engine and for the operator.

Descriptions are matched by substring, in any case: Telegram documents none of them
(https://github.com/tdlib/telegram-bot-api/issues/854, https://core.telegram.org/method/messages.sendMessage).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import aiohttp
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramConflictError,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)

from estafeta.kernel.errors import SendFailed

Language = Literal["ru", "en"]
Fault = Literal["customer", "content", "messenger", "settings"]


@dataclass(frozen=True, slots=True)
class _Failure:
    """`code` where it is another's: several sentences may stand for what is one thing to the engine."""

    fault: Fault
    ru: str
    en: str
    retry_after: float | None = None
    code: str = ""


_FAILURES: dict[str, _Failure] = {
    "blocked": _Failure(
        "customer", "Клиент заблокировал бота в Telegram.", "The customer blocked the bot in Telegram."
    ),
    "deactivated": _Failure(
        "customer",
        "Клиент удалил свой аккаунт Telegram.",
        "The customer deleted their Telegram account.",
        code="undeliverable",
    ),
    "not_allowed": _Failure(
        "customer",
        "Клиент ещё не писал этому боту, а первым бот писать не может.",
        "The customer has not written to this bot yet, and a bot cannot write first.",
    ),
    "chat_not_found": _Failure(
        "customer",
        "Такого чата в Telegram больше нет.",
        "There is no such chat in Telegram.",
        code="undeliverable",
    ),
    "business_gone": _Failure(
        "settings",
        "Бот больше не подключён к этому бизнес-аккаунту Telegram: подключите его снова в настройках аккаунта.",
        "The bot is not connected to that Telegram business account any more: connect it in the account's settings.",
        code="no_rights",
    ),
    "business_quiet": _Failure(
        "customer",
        "От имени бизнес-аккаунта можно писать, пока клиент писал в последние 24 часа.",
        "A business account's bot may write only within 24 hours of the customer's last message.",
        code="window_closed",
    ),
    "kicked": _Failure(
        "settings",
        "Бота удалили из группы операторов: добавьте его снова администратором.",
        "The bot was removed from the operators' group: add it again as an administrator.",
    ),
    "no_rights": _Failure(
        "settings",
        "Боту не хватает прав в группе: сделайте его администратором с правом управлять темами.",
        "The bot lacks rights in the group: make it an administrator that may manage topics.",
    ),
    "not_a_forum": _Failure(
        "settings", "В группе операторов не включены темы.", "Topics are not enabled in the operators' group."
    ),
    "topic_missing": _Failure("messenger", "Тему в группе удалили.", "The topic in the group was deleted.", 0.0),
    "topic_closed": _Failure("messenger", "Тема в группе закрыта.", "The topic in the group is closed.", 0.0),
    "no_text_there": _Failure(
        "content",
        "Это сообщение нельзя поменять: Telegram правит только слова, а не то, чем они были.",
        "That message cannot be changed: Telegram edits words alone, not what kind of message they were.",
        code="not_possible",
    ),
    "message_missing": _Failure("content", "Этого сообщения уже нет.", "That message is not there any more."),
    "not_editable": _Failure(
        "content",
        "Это сообщение есть, но менять его Telegram не даёт: оно не этого бота, с клавиатурой или слишком давнее.",
        "That message is there, but Telegram does not let it be changed: it is not this bot's, has a keyboard or is "
        "too old.",
        code="not_possible",
    ),
    "query_expired": _Failure("messenger", "На нажатие отвечать поздно.", "It is too late to answer that press."),
    "reaction_refused": _Failure(
        "settings", "В группе нельзя ставить такую реакцию.", "The group does not allow that reaction."
    ),
    "reaction_unknown": _Failure(
        "content",
        "Такой реакции в Telegram нет: поставьте одну из тех, что он предлагает.",
        "Telegram has no such reaction: choose one of those that it offers.",
        code="not_possible",
    ),
    "not_possible": _Failure("content", "Telegram так не умеет.", "Telegram cannot do that."),
    "too_old": _Failure(
        "content",
        "Telegram удаляет и меняет только недавние сообщения (не старше 48 часов).",
        "Telegram deletes and changes only what is recent (48 hours at most).",
        code="not_possible",
    ),
    "file_too_large": _Failure(
        "content",
        "Файл слишком велик: боту Telegram отдаёт файлы до 20 МБ, а принимает от него до 50 МБ.",
        "The file is too large: Telegram gives a bot files of at most 20 MB, and takes from it at most 50 MB.",
    ),
    "file_gone": _Failure("content", "Файла в Telegram больше нет.", "Telegram has that file no more."),
    "file_refused": _Failure("content", "Telegram не принял файл.", "Telegram did not take the file."),
    "too_long": _Failure("content", "Сообщение длиннее, чем берёт Telegram.", "Telegram takes no message that long."),
    "empty": _Failure("content", "В сообщении нет ни слова.", "There is not a word in the message."),
    "bad_markup": _Failure("content", "Telegram не разобрал разметку.", "Telegram could not read the formatting."),
    "unauthorized": _Failure(
        "settings",
        "Telegram не принимает токен бота: возьмите новый у @BotFather и запишите в настройки.",
        "Telegram refuses the bot's token: get a new one from @BotFather and put it into the settings.",
        300.0,
    ),
    "conflict": _Failure(
        "settings",
        "Сообщения этого бота забирает кто-то ещё (другая программа или вебхук): у бота может быть один получатель.",
        "Somebody else takes this bot's messages (another program or a webhook): a bot can have one receiver.",
        30.0,
    ),
    "too_many_requests": _Failure(
        "messenger", "Telegram просит писать реже; отправим позже.", "Telegram asks for fewer messages; sent later."
    ),
    "paced": _Failure(
        "messenger", "Очередь на отправку в Telegram; отправим позже.", "There is a queue to Telegram; sent later."
    ),
    "unreachable": _Failure("messenger", "До Telegram не достучаться.", "Telegram cannot be reached.", 3.0),
    "no_answer": _Failure(
        "messenger",
        "Telegram не ответил: сообщение могло дойти, а могло и нет.",
        "Telegram did not answer: the message may have arrived or not.",
        5.0,
    ),
    "messenger_down": _Failure("messenger", "У Telegram неполадки.", "Telegram has trouble of its own.", 5.0),
    "refused": _Failure("content", "Telegram не взял сообщение", "Telegram refused the message"),
}

# The first that is found in the description decides.
_DESCRIPTIONS = (
    ("message thread not found", "topic_missing"),
    ("topic_deleted", "topic_missing"),
    ("topic_id_invalid", "topic_missing"),
    ("topic_closed", "topic_closed"),
    ("topic is closed", "topic_closed"),
    ("can't parse entities", "bad_markup"),
    ("can't find end of the entity", "bad_markup"),
    ("entity url", "bad_markup"),
    ("entity beginning at", "bad_markup"),
    ("caption is too long", "too_long"),
    ("message is too long", "too_long"),
    ("message_too_long", "too_long"),
    ("text is empty", "empty"),
    ("text must be non-empty", "empty"),
    ("file is too big", "file_too_large"),
    ("request entity too large", "file_too_large"),
    ("wrong file_id", "file_gone"),
    ("invalid file_id", "file_gone"),
    ("file_reference", "file_gone"),
    ("file is temporarily unavailable", "file_gone"),
    *(
        (text, "file_refused")
        for text in (
            "wrong file identifier",
            "wrong remote file identifier",
            "can't use file of type",
            "type of file mismatch",
            "photo_invalid_dimensions",
            "photo_invalid",
            "photo_save_file_invalid",
            "image_process_failed",
            "media_invalid",
            "file must be non-empty",
            "voice_messages_forbidden",
            "wrong type of the web page content",
            "video_content_type_invalid",
            "sticker_invalid",
            "wrong file type",
            "unsupported file type",
        )
    ),
    ("message to edit not found", "message_missing"),
    ("message to delete not found", "message_missing"),
    ("message can't be edited", "not_editable"),  # it is there: https://core.telegram.org/bots/api#updating-messages
    ("message_author_required", "not_editable"),  # https://core.telegram.org/method/messages.editMessage
    ("message_edit_time_expired", "not_editable"),
    ("message can't be deleted", "too_old"),
    ("there is no text in the message to edit", "no_text_there"),
    ("there is no caption in the message to edit", "no_text_there"),
    ("message to react not found", "message_missing"),
    ("message to be replied not found", "message_missing"),
    ("message_id_invalid", "message_missing"),
    ("reaction_invalid", "reaction_refused"),
    ("reactions_too_many", "reaction_refused"),
    ("query is too old", "query_expired"),
    ("query_id_invalid", "query_expired"),
    ("bot was blocked", "blocked"),
    ("user is deactivated", "deactivated"),
    ("business_peer", "business_quiet"),
    ("business connection not found", "business_gone"),
    ("business_connection", "business_gone"),
    ("can't initiate conversation", "not_allowed"),
    ("peer_id_invalid", "not_allowed"),
    ("chat is not a forum", "not_a_forum"),
    ("bot was kicked", "kicked"),
    ("bot is not a member", "kicked"),
    ("not enough rights", "no_rights"),
    ("have no rights", "no_rights"),
    ("chat_admin_required", "no_rights"),
    ("chat not found", "chat_not_found"),
)

_UNCHANGED = ("message is not modified", "topic_not_modified")


def is_unchanged(error: BaseException) -> bool:
    """Telegram refuses an edit that changes nothing; what was wanted is so."""
    return isinstance(error, TelegramAPIError) and any(text in error.message.lower() for text in _UNCHANGED)


def failure(code: str, language: Language, *, retry_after: float | None = None, detail: str = "") -> SendFailed:
    """The failure called `code`; `retry_after` overrides its own."""
    known = _FAILURES[code]
    sentence = known.ru if language == "ru" else known.en
    if detail:
        sentence = f"{sentence}: {detail}"
    return SendFailed(
        known.code or code,
        sentence,
        fault=known.fault,
        retry_after=known.retry_after if retry_after is None else retry_after,
        maybe_sent=code == "no_answer",
    )


# The first class that fits decides. A token that never was gives 404.
_CLASSES: tuple[tuple[type[Exception], str], ...] = (
    (aiohttp.ClientConnectorError, "unreachable"),
    (aiohttp.ConnectionTimeoutError, "unreachable"),
    (aiohttp.InvalidURL, "unreachable"),
    (TelegramUnauthorizedError, "unauthorized"),
    (TelegramNotFound, "unauthorized"),
    (TelegramConflictError, "conflict"),
    (TelegramEntityTooLarge, "file_too_large"),
    (ClientDecodeError, "no_answer"),
)
_LATE = ("gateway", "timeout", "timed out")


def translate(error: Exception, language: Language) -> SendFailed:
    """Any failure of aiogram or aiohttp. Nothing of a URL, so of the token, gets into the sentence."""
    if isinstance(error, TelegramRetryAfter):
        return failure("too_many_requests", language, retry_after=float(error.retry_after))
    for kind, code in _CLASSES:
        if isinstance(error, kind):
            return failure(code, language)
    if isinstance(error, TelegramServerError):
        late = any(text in error.message.lower() for text in _LATE)
        return failure("no_answer" if late else "messenger_down", language)
    if isinstance(error, TelegramAPIError):
        return _described(error, language)
    return failure("no_answer", language)


def _described(error: TelegramAPIError, language: Language) -> SendFailed:
    description = error.message.lower()
    for text, code in _DESCRIPTIONS:
        if text in description:
            return failure(code, language)
    if isinstance(error, TelegramForbiddenError):
        return failure("blocked", language)
    return failure("refused", language, detail=error.message.partition(": ")[2][:200] or error.message[:200])
