"""A trainer's session at a terminal: what is typed about each group of messages, done and, if wanted, undone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from estafeta.app import report
from estafeta.app.nlu_labels import OUT_OF_SCOPE, Labelled, Labels
from estafeta.app.review_items import Item
from estafeta.app.reviewing import Review
from estafeta.kernel.errors import EstafetaError
from estafeta.review import Decision, Did
from nlu.review import intents_like

_WIDE = 200
"""Characters of a message that are shown."""
NAME = re.compile(r"[\w.-]{1,60}(/[\w.-]{1,60})?")
"""What a new intent may be called."""


class Quit(Exception):
    """Enough for now."""


@dataclass(slots=True)
class _Past:
    place: int
    item: Item
    decision: Decision
    labelled: Labelled | None


@dataclass(slots=True)
class Session:
    """What a trainer types, done. `tell` prints a line. What was decided is written at once, and can be undone."""

    items: list[Item]
    labels: Labels
    review: Review
    who: str
    intents: list[str]
    tell: Callable[[str], None]
    words: Callable[..., str]
    place: int = 0
    choices: tuple[str, ...] = ()
    past: list[_Past] = field(default_factory=list)

    @property
    def item(self) -> Item | None:
        return self.items[self.place] if self.place < len(self.items) else None

    def show(self) -> None:
        """What is to be decided now, with the intents that can be chosen by number. What somebody else decided
        meanwhile is passed over."""
        while self._is_settled():
            self.tell(self.words("settled", self.place + 1, len(self.items)))
            self.place += 1
        item = self.item
        if item is None:
            return
        self.choices = item.likely
        why = ", ".join(self.words(name) for name in item.whys)
        handoffs = self.words("handoffs", item.handoffs) if item.handoffs else ""
        head = self.words("head", self.place + 1, len(self.items), item.messages)
        self.tell(f"\n{head}{handoffs}: {why}")
        for number, text in enumerate(item.texts, start=1):
            self.tell(f"  {number}) {line(text)}")
        if item.guess:
            self.tell(self.words("guess", item.guess))
        if item.wanted:
            self.tell(self.words("wanted", ", ".join(item.wanted)))
        self._list_choices()

    def _is_settled(self) -> bool:
        return self.item is not None and not self.review.still_waiting(self.item.keys)

    def _list_choices(self) -> None:
        if self.choices:
            self.tell(
                "  " + "   ".join(f"[{number}] {line(name)}" for number, name in enumerate(self.choices, start=1))
            )

    def do(self, typed: str) -> None:
        """One line. Raises `Quit`."""
        command, _, rest = typed.strip().partition(" ")
        act = _COMMANDS.get(command.casefold())
        if act in ("new", "leave_out") or (act is not None and not rest):
            getattr(self, f"_{act}")(rest.strip())
        elif typed.strip().isdecimal():
            self._number(int(typed))
        elif typed.strip():
            self._name(typed.strip())

    # --- what can be typed

    def _help(self, _: str) -> None:
        self.tell(self.words("help"))

    def _quit(self, _: str) -> None:
        raise Quit

    def _number(self, number: int) -> None:
        if number == 0:
            self._not_for_the_bot("")
        elif number <= len(self.choices):
            self._label(self.choices[number - 1])
        else:
            self.tell(self.words("no_number", number))

    def _name(self, typed: str) -> None:
        found = intents_like(typed, self.intents)
        if len(found) == 1:
            self._label(found[0])
        elif found:
            self.choices = tuple(found)
            self._list_choices()
        else:
            self.tell(self.words("no_intent", line(typed)))

    def _new(self, name: str) -> None:
        if not NAME.fullmatch(name):
            self.tell(self.words("new_how"))
        elif name in self.intents:
            self._label(name)
        else:
            self._label(name, new=True)

    def _not_for_the_bot(self, _: str) -> None:
        self._label(OUT_OF_SCOPE)

    def _leave_out(self, numbers: str) -> None:
        item = self.item
        if item is None:
            return
        places = {int(each) for each in numbers.replace(",", " ").split() if each.isdecimal()}
        gone = [text for number, text in enumerate(item.texts, start=1) if number in places]
        if not gone or len(gone) == len(item.texts):
            self.tell(self.words("leave_out_how"))
            return
        self.items[self.place] = item.without(gone)
        self.show()

    def _skip(self, _: str) -> None:
        if self._is_settled():
            self.show()
        else:
            self._decided("skipped", "", None)

    def _label(self, intent: str, *, new: bool = False) -> None:
        if self.item is None or self._is_settled():
            self.show()
            return
        try:
            labelled = self.labels.label(intent, self.item.texts, new=new)
        except EstafetaError as error:
            self.tell(report.plain(str(error)))
            return
        if new:
            self.intents.append(intent)
        for each in [*labelled.left_out, *labelled.diff.splitlines()]:
            self.tell(report.plain(each))
        if not labelled.texts:
            self.tell(self.words("there_already", intent))
        self._decided(labelled.did, intent, labelled)

    def _decided(self, did: Did, intent: str, labelled: Labelled | None) -> None:
        item = self.item
        if item is None:
            return
        decision = Decision(
            at=self.review.now(), who=self.who, did=did, intent=intent,
            examples=labelled.texts if labelled else (), messages=item.messages,
        )  # fmt: skip
        self.review.settle(decision, item.keys)
        self.past.append(_Past(self.place, item, decision, labelled))
        self.place += 1
        self.show()

    def _undo(self, _: str) -> None:
        if not self.past:
            self.tell(self.words("nothing_to_undo"))
            return
        past = self.past[-1]
        try:
            if past.labelled is not None:
                self.labels.undo(past.labelled)
        except EstafetaError as error:
            self.tell(str(error))
            return
        self.past.pop()
        self.review.reopen(past.decision, past.item.keys)
        if past.decision.did == "created":
            self.intents.remove(past.decision.intent)
        self.tell(self.words("undone"))
        self.place = past.place
        self.show()


_COMMANDS = {
    "?": "help", "h": "help", "help": "help", "помощь": "help", "р": "help",
    "q": "quit", "quit": "quit", "й": "quit", "выход": "quit",
    "s": "skip", "skip": "skip", "ы": "skip", "пропустить": "skip",
    "u": "undo", "undo": "undo", "г": "undo", "отмена": "undo",
    "b": "not_for_the_bot", "и": "not_for_the_bot",
    "n": "new", "new": "new", "т": "new", "новый": "new",
    "x": "leave_out", "ч": "leave_out",
}  # fmt: skip
"""By letter, the Russian one of the same key, or word."""


def line(text: str) -> str:
    """Somebody's words on one line of a terminal that they cannot steer."""
    shown = report.plain(" ".join(text.split()))
    return shown if len(shown) <= _WIDE else f"{shown[: _WIDE - 1]}…"


_SENTENCES = {
    "begin": (
        "Номер или имя намерения учит бота, n ИМЯ создаёт новое, 0 значит «не для бота», s пропускает, "
        "u отменяет, q выходит, ? помогает.",
        "A number or an intent's name teaches the bot, n NAME makes a new one, 0 is \"not for the bot\", s skips, "
        "u undoes, q quits, ? helps.",
    ),
    "help": (
        "  1…9      намерение из списка\n"
        "  имя      намерение по имени; хватит части имени\n"
        "  n ИМЯ    новое намерение с таким именем (например, n gift_wrap)\n"
        "  0 или b  не для бота: пример для out_of_scope\n"
        "  x 2 3    сообщения 2 и 3 сюда не относятся: останутся на потом\n"
        "  s        пропустить: больше не спрашивать\n"
        "  u        отменить последнее решение\n"
        "  q        выйти; решённое уже записано",
        "  1…9      the intent of that number\n"
        "  name     an intent by its name; a part of it will do\n"
        "  n NAME   a new intent of that name (such as n gift_wrap)\n"
        "  0 or b   not for the bot: an example of out_of_scope\n"
        "  x 2 3    messages 2 and 3 do not belong here: they stay for later\n"
        "  s        skip: don't ask again\n"
        "  u        undo the latest decision\n"
        "  q        quit; what is decided is written already",
    ),
    "head": ("{} из {}, сообщений: {}", "{} of {}, messages: {}"),
    "handoffs": (", из них переданы людям: {}", ", handed over: {}"),
    "not_understood": ("не понято", "not understood"),
    "unsure": ("бот не уверен", "the bot was unsure"),
    "corrected": ("исправил оператор", "corrected by an operator"),
    "thumbs_down": ("плохая оценка", "thumbs down"),
    "guess": ("  бот решил: {}", "  the bot took it for {}"),
    "wanted": ("  оператор говорит: {}", "  an operator says: {}"),
    "no_number": ("Номера {} в списке нет.", "There is no number {} in the list."),
    "no_intent": (
        "Похожего намерения нет: {}. Новое создаёт n ИМЯ.", "No intent is like {}. n NAME makes a new one."
    ),
    "new_how": ("Напишите имя: n gift_wrap", "Write the name: n gift_wrap"),
    "leave_out_how": (
        "Напишите номера сообщений, которые сюда не относятся: x 2 3. Одно должно остаться.",
        "Write the numbers of the messages that do not belong here: x 2 3. One must stay.",
    ),
    "there_already": ("Всё это уже есть в примерах {}.", "All of it is among the examples of {} already."),
    "settled": ("\n{} из {}: это уже разобрал кто-то другой.", "\n{} of {}: somebody else has dealt with it."),
    "nothing_to_undo": ("Отменять нечего.", "There is nothing to undo."),
    "undone": ("Отменено.", "Undone."),
    "taught": (
        "Сообщений, которым бота уже научили: {}. Они разобраны.",
        "Messages that the bot has been taught since: {}. They are settled.",
    ),
    "empty": (
        "Разбирать нечего. Заглянуть в прошлые разговоры: estafeta nlu review --since 30d",
        "Nothing waits. To look into earlier conversations: estafeta nlu review --since 30d",
    ),
    "end": ("Решено: {}, осталось: {}.", "Decided: {}, left: {}."),
    "more": ("Дальше ждут ещё сообщения: запустите снова.", "More messages wait behind these: run it again."),
}  # fmt: skip
"""Russian and English."""


def said_in(language: str) -> Callable[..., str]:
    place = 0 if language == "ru" else 1

    def said(name: str, *values: object) -> str:
        return _SENTENCES[name][place].format(*(line(str(value)) for value in values))

    return said
