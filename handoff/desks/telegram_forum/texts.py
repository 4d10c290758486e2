"""What operators read in the group, in Russian and in English."""

from __future__ import annotations

from typing import Literal

from estafeta.kernel.model import Reason

Language = Literal["ru", "en"]

_TEXTS: dict[str, tuple[str, str]] = {
    "nameless": ("Без имени", "No name"),
    "state_queued": ("ждёт человека", "waiting for a person"),
    "state_human": ("отвечает {name}", "{name} answers"),
    "state_bot": ("отвечает бот", "the bot answers"),
    "state_closed": ("закрыто", "closed"),
    "counts": (
        "Сообщений: {messages} · обращений к людям: {tickets}",
        "Messages: {messages} · requests to people: {tickets}",
    ),
    "unreachable": (
        "⚠️ Клиент заблокировал бота: ответ не дойдёт.",
        "⚠️ The customer blocked the bot: answers will not arrive.",
    ),
    "reachable": ("Клиент снова принимает сообщения.", "The customer takes messages again."),
    "channels": ("Каналы", "Channels"),
    "skill": ("Отдел", "Department"),
    "request": ("Запрос", "Request"),
    "reason": ("Причина", "Reason"),
    "intents": ("Похоже на", "Looks like"),
    "slots": ("Собрано ботом", "Collected by the bot"),
    "promise": ("Клиенту обещан ответ", "The customer was promised an answer"),
    "promise_soon": ("в ближайшее время", "shortly"),
    "take": ("Взять", "Take"),
    "return": ("Вернуть боту", "Return to bot"),
    "close": ("Закрыть", "Close"),
    "customer": ("Клиент", "Customer"),
    "bot": ("Бот", "Bot"),
    "operator": ("Оператор", "Operator"),
    "system": ("Система", "System"),
    "edit": ("{name}, правка сообщения", "{name}, an edited message"),
    "was": ("Было: {words}", "Was: {words}"),
    "now": ("Стало: {words}", "Now: {words}"),
    "reminder": (
        "⏰ Клиента ещё никто не взял, он ждёт {minutes} мин.",
        "⏰ Nobody has taken this customer yet: waiting for {minutes} min.",
    ),
    "entries_gone": (
        "Клиент написал, но слова уже не в последних записях.",
        "The customer wrote, but the words are no longer among the latest entries.",
    ),
    "not_delivered": ("Не доставлено. {sentence}", "Not delivered. {sentence}"),
    "topic_gone": ("Тема в группе удалена.", "The topic in the group was deleted."),
    "not_linked": (
        "Хранилище сейчас недоступно: в группу это попадёт позже.",
        "The store is not available now: the group is told later.",
    ),
    "nobodys": (
        "Эта тема не принадлежит ни одному клиенту: сообщение никуда не ушло.",
        "This topic belongs to no customer: the message went nowhere.",
    ),
    "not_stored": (
        "Сообщение не удалось сохранить, клиенту оно не ушло. Отправьте его ещё раз.",
        "The message could not be stored and did not go to the customer. Send it again.",
    ),
    "only_text": (
        "Клиенту уходит только текст. Это сообщение не отправлено.",
        "Only text goes to the customer. This message was not sent.",
    ),
    "edited": (
        "Правка клиенту не уходит: он видит прежний текст. Напишите новое сообщение.",
        "The edit does not reach the customer, who sees the earlier text. Write a new message.",
    ),
    "anonymous": (
        "Анонимно отвечать нельзя: отключите анонимность в правах администратора. Сообщение не отправлено.",
        "Nobody answers anonymously: switch anonymity off in the administrator's rights. The message was not sent.",
    ),
    "stranger": (
        "Отвечать клиентам могут только участники группы. Сообщение не отправлено.",
        "Only members of the group may answer customers. The message was not sent.",
    ),
    "unsure": (
        "Не удалось проверить, что вы в группе. Ничего не отправлено, попробуйте ещё раз.",
        "Could not check that you are a member of the group. Nothing was sent, try again.",
    ),
    "command": (
        "Такой команды нет, клиенту она не ушла. Есть /take, /return, /close; заметка начинается с //.",
        "No such command; it did not go to the customer. There are /take, /return, /close; a note begins with //.",
    ),
    "empty_note": ("После // нет ни слова.", "There is not a word after //."),
    "check_forum": (
        "В группе {group} не включены темы: включите их в настройках группы.",
        "Topics are not enabled in the group {group}: enable them in its settings.",
    ),
    "check_rights": (
        "В группе {group} у бота нет права управлять темами: сделайте его администратором с этим правом.",
        "In the group {group} the bot may not manage topics: make it an administrator with that right.",
    ),
}

_REASONS: dict[Reason, tuple[str, str]] = {
    Reason.USER_REQUEST: ("клиент просит человека", "the customer asks for a person"),
    Reason.LOW_CONFIDENCE: ("бот не уверен, что понял", "the bot is not sure it understood"),
    Reason.REPEATED_FALLBACK: ("бот несколько раз не понял", "the bot did not understand several times"),
    Reason.NEGATIVE_SENTIMENT: ("клиент недоволен", "the customer is unhappy"),
    Reason.FLOW_RULE: ("так решил сценарий", "a rule of the dialog"),
    Reason.SENSITIVE_TOPIC: ("деликатная тема", "a sensitive topic"),
    Reason.VIP: ("важный клиент", "an important customer"),
    Reason.ACTION_ERROR: ("ошибка на нашей стороне", "an error on our side"),
    Reason.BOT_DOWN: ("бот не работает", "the bot is down"),
    Reason.CSAT_BAD: ("низкая оценка", "a bad rating"),
    Reason.RECONTACT: ("пишет снова о том же", "writes about the same again"),
    Reason.OPERATOR_TAKEOVER: ("оператор вступил сам", "an operator stepped in"),
}

_CHANNELS: dict[str, tuple[str, str]] = {
    "telegram": ("Telegram", "Telegram"),
    "vk": ("ВКонтакте", "VK"),
    "whatsapp": ("WhatsApp", "WhatsApp"),
    "widget": ("Сайт", "Website"),
}


def text(key: str, language: Language, **values: object) -> str:
    """The sentence called `key`. Values are put in as they are: escape the result, not them."""
    return _in(_TEXTS[key], language).format(**values)


def reason(code: Reason, language: Language) -> str:
    return _in(_REASONS[code], language)


def channel(name: str, language: Language) -> str:
    known = _CHANNELS.get(name)
    return _in(known, language) if known else name


def _in(pair: tuple[str, str], language: Language) -> str:
    return pair[0] if language == "ru" else pair[1]
