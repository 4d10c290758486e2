"""The menus of commands that operators see in the group, in each language; supervisors, as its administrators, see
theirs too. Setting them takes nothing from the group's budget.

Of the menus that fit, Telegram shows the narrowest one, and of those the one in the person's language
(https://core.telegram.org/bots/api#determining-list-of-commands).
"""

from __future__ import annotations

from collections.abc import Iterator

from aiogram.methods import SetMyCommands
from aiogram.types import BotCommand, BotCommandScopeChat, BotCommandScopeChatAdministrators

from handoff.desks.telegram_forum.texts import Language

_OPERATORS: dict[str, tuple[str, str]] = {
    "take": ("взять обращение", "take the ticket"),
    "r": ("готовые ответы: /r слова", "canned replies: /r words"),
    "s": ("подсказки", "suggestions"),
    "to": ("передать: /to отдел или имя", "pass on: /to department or name"),
    "hold": ("отложить: /hold 30m, завтра 9:00", "put off: /hold 30m, tomorrow 9:00"),
    "resume": ("вернуть в работу", "resume what was put off"),
    "return": ("вернуть боту", "return to the bot"),
    "close": ("закрыть: /close итог", "close: /close resolution"),
    "undo": ("отменить отправленное", "take back what was just sent"),
    "delete": ("удалить у клиента (ответом)", "delete at the customer's (as a reply)"),
    "tag": ("поставить метки", "add tags"),
    "untag": ("снять метки", "remove tags"),
    "priority": ("приоритет: /priority 5", "priority: /priority 5"),
    "contact": ("попросить телефон", "ask for the phone number"),
    "history": ("переписка файлом", "the transcript as a file"),
    "find": ("искать в переписке", "search the transcript"),
    "why": ("почему бот так ответил", "why the bot answered so"),
    "intent": ("что бот должен был понять", "what the bot should have understood"),
    "templates": ("шаблоны мессенджера", "the messenger's templates"),
    "template": ("отправить шаблон", "send a template"),
    "block": ("заблокировать клиента", "block the customer"),
    "unblock": ("разблокировать клиента", "unblock the customer"),
    "me": ("мои обращения", "my tickets"),
    "who": ("кто на смене", "who is on"),
    "load": ("загрузка группы", "the group's load"),
    "on": ("я на смене", "I am on"),
    "off": ("я не на смене", "I am off"),
    "away": ("отошёл: /away 30m", "away: /away 30m"),
    "help": ("что здесь можно", "what one can do here"),
}
_SUPERVISORS: dict[str, tuple[str, str]] = {
    "closed": ("закрыть приём: /closed until 14:00", "nobody is there: /closed until 14:00"),
    "open": ("открыть приём", "people are there again"),
    "invite": ("пригласить оператора", "invite an operator"),
}


def menus(group: int, default: Language) -> Iterator[SetMyCommands]:
    """The calls; the first of each scope is for people of other languages."""
    for scope, commands in (
        (BotCommandScopeChat(chat_id=group), _OPERATORS),
        (BotCommandScopeChatAdministrators(chat_id=group), {**_OPERATORS, **_SUPERVISORS}),
    ):
        for language, code in ((default, None), ("ru", "ru"), ("en", "en")):
            entries = [
                BotCommand(command=name, description=text[0 if language == "ru" else 1])
                for name, text in commands.items()
            ]
            yield SetMyCommands(commands=entries, scope=scope, language_code=code)
