"""What operators read in the group, in Russian and in English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from estafeta.kernel.model import Contact, Location, Media, Part, Reason, Template, Text
from handoff.desks.telegram_forum.answers import ANSWERS, NEWS

Language = Literal["ru", "en"]

_TEXTS: dict[str, tuple[str, str]] = {
    "nameless": ("Без имени", "No name"),
    "state_queued": ("ждёт человека", "waiting for a person"),
    "state_needs": ("отвечает {name}", "{name} answers"),
    "state_answered": ("отвечает {name}", "{name} answers"),
    "state_held": ("отложено до {until}, {name}", "put off until {until}, {name}"),
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
    "deletion": ("{name}, удалённое сообщение: {words}", "{name} deleted: {words}"),
    "deletion_by": ("{name}: удалено у клиента: {words}", "{name} deleted at the customer's: {words}"),
    "reaction": ("{emoji} {name} на: {words}", "{emoji} {name} to: {words}"),
    "no_reaction": ("{name}: реакция снята с: {words}", "{name} took the reaction back from: {words}"),
    "unknown_words": ("(слова давние)", "(words of long ago)"),
    "elsewhere": ("{name}, в самом приложении ({where})", "{name}, in the messenger itself ({where})"),
    "own_contact": ("свой номер", "their own number"),
    "file_lost": ("⚠️ {file}: {sentence}", "⚠️ {file}: {sentence}"),
    "file_size": ("{size} МБ", "{size} MB"),
    "file_too_large": (
        "больше {most} МБ, в Telegram его не показать.",
        "larger than {most} MB, Telegram does not take it.",
    ),
    "file_not_shown": ("Telegram его не принял.", "Telegram did not take it."),
    "see_desk": ("Посмотреть: {where}", "See it at {where}"),
    "public": (
        "⚠️ Это видят посторонние: без личных данных.",
        "⚠️ Strangers read along: no personal data.",
    ),
    "private": ("Продолжить наедине: {where}", "To go on in private: {where}"),
    "window_until": ("✍️ Писать можно до {until}", "✍️ You may write until {until}"),
    "window_closed_templates": (
        "🔒 Время для ответов вышло: только шаблоны (/templates), пока клиент не напишет.",
        "🔒 The time for answers is over: only templates (/templates) until the customer writes.",
    ),
    "window_closed": (
        "🔒 Время для ответов вышло: писать нельзя, пока клиент не напишет сам.",
        "🔒 The time for answers is over: nothing can be sent until the customer writes.",
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
    "unsupported": (
        "Такое клиенту не передать. Сообщение не отправлено.",
        "This cannot be passed on to the customer. The message was not sent.",
    ),
    "edited_note": (
        "Клиент видит прежние слова: правка не делает их заметкой. Убрать их: ответьте на них командой /delete.",
        "The customer sees the earlier words: an edit makes no note of them. To remove them, reply with /delete.",
    ),
    "edited_command": (
        "Команда в правке не выполняется: отправьте её новым сообщением.",
        "A command in an edit is not carried out: send it as a new message.",
    ),
    "album_note": (
        "С // должна начинаться подпись первого файла альбома. Файлы до этого уже переданы клиенту, этот нет.",
        "The caption of an album's first file must begin with //. The files before went to the customer, this did not.",
    ),
    "delete_how": (
        "Ответьте командой /delete на своё сообщение клиенту: оно удалится и у него.",
        "Reply with /delete to your own message to the customer: it is deleted there too.",
    ),
    "too_old_to_change": (
        "Этого сообщения клиенту уже не поменять: оно слишком давнее или ему не уходило.",
        "This cannot be changed for the customer any more: it is too old, or never went there.",
    ),
    "no_edits": (
        "В этом канале правок нет: клиент видит прежний текст. Напишите новое сообщение.",
        "This channel has no edits: the customer sees the earlier text. Write a new message.",
    ),
    "no_deletes": (
        "В этом канале сообщения не удаляются: клиент его видит.",
        "This channel deletes no messages: the customer still sees it.",
    ),
    "no_reactions": (
        "В этом канале реакций нет: клиент её не увидит.",
        "This channel has no reactions: the customer does not see it.",
    ),
    "not_sent_yet": (
        "Сообщение ещё не ушло клиенту: попробуйте позже.",
        "The message has not gone to the customer yet: try again later.",
    ),
    "no_templates": ("Для этого клиента нет шаблонов.", "There are no templates for this customer."),
    "templates": (
        "Шаблоны, отправить: /template НОМЕР значение | значение",
        "Templates, to send one: /template NUMBER value | value",
    ),
    "template_how": (
        "Напишите /template НОМЕР значение | значение. Номера покажет /templates.",
        "Write /template NUMBER value | value. /templates shows the numbers.",
    ),
    "template_unknown": (
        "Шаблона {name} нет. Все шаблоны: /templates",
        "There is no template {name}. All templates: /templates",
    ),
    "template_values": (
        "Шаблону {name} нужно значений: {places}, а дано: {given}. Ничего не отправлено.",
        "The template {name} takes {places} values, {given} were given. Nothing was sent.",
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
        "Такой команды нет, клиенту она не ушла. Все команды покажет /help; заметка начинается с //.",
        "No such command; it did not go to the customer. /help shows all commands; a note begins with //.",
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

_ALL = {**_TEXTS, **ANSWERS, **NEWS}

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

_KINDS: dict[str, tuple[str, str]] = {
    "photo": ("фото", "photo"),
    "document": ("файл", "file"),
    "voice": ("голосовое", "voice message"),
    "audio": ("аудио", "audio"),
    "video": ("видео", "video"),
    "sticker": ("стикер", "sticker"),
    "template": ("шаблон", "template"),
    "poll": ("опрос", "poll"),
    "quiz": ("викторина", "quiz"),
    "dice": ("кубик", "dice"),
    "game": ("игра", "game"),
    "story": ("история", "story"),
    "wall": ("запись со стены", "wall post"),
    "wall_reply": ("комментарий", "comment"),
    "market": ("товар", "goods"),
    "link": ("ссылка", "link"),
    "gift": ("подарок", "gift"),
    "graffiti": ("граффити", "graffiti"),
    "invoice": ("счёт", "invoice"),
    "checklist": ("список дел", "checklist"),
    "location": ("место", "location"),
    "contact": ("контакт", "contact"),
    "contacts": ("контакты", "contacts"),
    "order": ("заказ", "order"),
    "call": ("звонок", "call"),
    "message": ("сообщение", "message"),
}
"""What people call what has no words, by the messengers' names for it."""

_SIGNS = {"photo": "🖼", "document": "📎", "voice": "🎤", "audio": "🎵", "video": "🎬", "sticker": "🙂"}

_CHANNELS: dict[str, tuple[str, str]] = {
    "telegram": ("Telegram", "Telegram"),
    "vk": ("ВКонтакте", "VK"),
    "vk_wall": ("Стена ВКонтакте", "VK wall"),
    "whatsapp": ("WhatsApp", "WhatsApp"),
    "widget": ("Сайт", "Website"),
}


def text(key: str, language: Language, **values: object) -> str:
    """The sentence called `key`. Values are put in as they are: escape the result, not them."""
    return _in(_ALL[key], language).format(**values)


def known(key: str) -> bool:
    return key in _ALL


def reason(code: Reason, language: Language) -> str:
    return _in(_REASONS[code], language)


def channel(name: str, language: Language) -> str:
    found = _CHANNELS.get(name)
    return _in(found, language) if found else name


def sentence(key: str, language: Language, values: Mapping[str, str] | None = None) -> str:
    """The sentence called so, if the engine may name it; otherwise the words themselves. Values that are missing
    leave a gap."""
    if key not in _NAMED:
        return key
    return " ".join(_in(_ALL[key], language).format_map(_Gaps(values or {})).split())


class _Gaps(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


_NAMED = frozenset(
    (
        *("reachable", "unreachable", "too_old_to_change", "no_edits", "no_deletes", "no_reactions", "not_sent_yet"),
        *("window_closed", "window_closed_templates"),
        *NEWS,
    )
)


def kind(name: str, language: Language) -> str:
    found = _KINDS.get(name)
    return _in(found, language) if found else name


def in_words(part: Part, language: Language) -> str:
    """A part as text; how its words are drawn is left out."""
    match part:
        case Text():
            return part.text
        case Media():
            named = f"{kind(part.kind, language)} {part.name}".strip()
            return f"{_SIGNS[part.kind]} [{named}]"
        case Location():
            place = f"{part.latitude:.5f}, {part.longitude:.5f}"
            return f"📍 {part.title}, {place}" if part.title else f"📍 {place}"
        case Contact():
            own = f" ({text('own_contact', language)})" if part.own else ""
            return f"☎️ {part.name} {part.phone}{own}" if part.name else f"☎️ {part.phone}{own}"
        case Template():
            return part.text or f"[{kind('template', language)} {part.name}]"
        case _:
            return f"[{kind(part.kind, language)}]"


def _in(pair: tuple[str, str], language: Language) -> str:
    return pair[0] if language == "ru" else pair[1]
