"""Questions and menus: how they are asked, what a text or a press answers, what comes of the answer.

An `ask` may go through three phases: whether what is known still holds ("still"), the question itself (""), whether
the answer is right ("confirm").
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from estafeta.kernel.model import Button, Habit, Json, Understanding
from flows import templates
from flows.answers import WHOLE, answer, says_more, yes_no
from flows.choices import Chosen, choose
from flows.model import Ask, Menu, Option, PressTo, Workspace
from flows.reading import Read
from flows.scope import Open

if TYPE_CHECKING:
    from flows.turn import Turn

_YES, _NO = "answer:yes", "answer:no"
_HALF_LIFE = 30 * 86400.0
"""Seconds after which a choice counts half."""
_HABITS_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Heard:
    """What an answer says: a value; yes or no to "is it right?"; a choice of a menu (its number). `sure` is False for
    a text that may as well be a wish for something else."""

    kind: Literal["value", "yes", "no", "option"]
    value: Json = None
    sure: bool = True


# --- asking --------------------------------------------------------------------------------------


def begin(turn: Turn, frame: Open, step: Ask | Menu) -> int | None:
    """Comes to a question: the index of the step after it when nothing needs to be asked, else None."""
    if isinstance(step, Ask) and step.slot in frame.answered:
        frame.answered = tuple(slot for slot in frame.answered if slot != step.slot)
        return _taken(turn, frame, step, turn.slot(step.slot), asked=False)
    if isinstance(step, Menu) and not _shown(turn, step):
        return step.otherwise
    if isinstance(step, Ask) and step.still is not None and _known(turn, step) is not None:
        frame.phase = "still"
    ask(turn, frame, step)
    return None


def ask(turn: Turn, frame: Open, step: Ask | Menu) -> None:
    """Asks what is open now, in the words of its first time."""
    if isinstance(step, Menu):
        turn.speak(step, step.words, _options(turn, step))
    elif frame.phase == "still" and step.still is not None:
        turn.say(step.still, _yes_no(turn, frame), value=_known(turn, step))
    elif frame.phase == "confirm" and step.confirm is not None:
        turn.say(step.confirm, _yes_no(turn, frame), value=turn.slot(step.slot))
    else:
        turn.speak(step, step.words, turn.buttons(step.buttons))


def ask_again(turn: Turn, frame: Open, step: Ask | Menu) -> None:
    """The text did not answer the open question."""
    if frame.attempts >= step.attempts:
        turn.go_on(step.otherwise)
        return
    frame.attempts += 1
    if frame.phase:
        ask(turn, frame, step)
    elif isinstance(step, Menu):
        turn.speak(step, step.again, _options(turn, step))
    else:
        turn.speak(step, step.again, turn.buttons(step.buttons))


def _known(turn: Turn, step: Ask) -> Json:
    """What was remembered, if that still counts; of what never was, what this talk knows."""
    remembered = step.slot in turn.known.memory
    return turn.remembered(step.slot) if remembered else turn.slot(step.slot)


def _yes_no(turn: Turn, frame: Open) -> tuple[Button, ...]:
    phrases = turn.workspace.library.phrases
    yes, no = _yes_no_ids(frame)
    return (Button(id=yes, text=turn.rendered(phrases["yes"])), Button(id=no, text=turn.rendered(phrases["no"])))


def _yes_no_ids(frame: Open) -> tuple[str, str]:
    """Of this very question: a second press on "yes" answers no other one."""
    which = zlib.crc32(f"{frame.flow.name}:{frame.step.place}:{frame.phase}".encode())
    return f"{_YES}:{which:08x}", f"{_NO}:{which:08x}"


# --- what an answer says -------------------------------------------------------------------------


def hear(turn: Turn, text: str, understanding: Understanding | None) -> Heard | None:
    """What a text says to the open question; None when nothing."""
    frame, step = turn.top, turn.question
    if frame is None or step is None:
        return None
    named = [entity.value for entity in understanding.entities] if understanding is not None else []
    if isinstance(step, Menu):
        options = _shown(turn, step)
        found = choose([_words(turn, option.button) for option in options], text, named)
        return None if found is None else Heard("option", step.options.index(options[found.number]), found.sure)
    read = _read(turn, step, text, understanding, named)
    said = yes_no(text) if frame.phase else None
    if said is not None and (said or not _corrects(turn, frame, step, read)):
        return Heard("yes" if said else "no")
    if isinstance(read, Chosen):
        return Heard("value", _value(turn, step.buttons[read.number]), read.sure)
    if read is None:
        return None
    return Heard("value", read.value, sure=not says_more(step, read.rest))


def _read(
    turn: Turn, step: Ask, text: str, understanding: Understanding | None, named: list[str]
) -> Read | Chosen | None:
    if step.expect == "choice":
        choices = [(*_words(turn, one), *([one.value] if one.value else [])) for one in step.buttons]
        return choose(choices, text, named)
    today = turn.scope.now.astimezone(turn.workspace.hours.zone).date()
    return answer(turn.workspace, step, text, understanding, today)


def _corrects(turn: Turn, frame: Open, step: Ask, read: Read | Chosen | None) -> bool:
    """Whether a "no" tells the right value with it: "no, 100273"."""
    known = _known(turn, step) if frame.phase == "still" else turn.slot(step.slot)
    return isinstance(read, Read) and step.expect not in WHOLE and read.value != known


def press(turn: Turn, button: str) -> Heard | None:
    """What a press says to the open question, by the button's id."""
    frame, step = turn.top, turn.question
    if frame is None or step is None or button not in answers(frame):
        return None
    number = answers(frame).index(button)
    if isinstance(step, Menu):
        return Heard("option", number)
    if frame.phase:
        return Heard("no" if number else "yes")
    return Heard("value", _value(turn, step.buttons[number]))


def answers(frame: Open) -> tuple[str, ...]:
    """The ids of the buttons that answer what is open."""
    match frame.step:
        case Menu() as menu:
            return tuple(option.button.id for option in menu.options)
        case Ask() if frame.phase:
            return _yes_no_ids(frame)
        case Ask(expect="choice") as step:
            return tuple(button.id for button in step.buttons)
        case _:
            return ()


def of_question(workspace: Workspace, button: str) -> bool:
    """Whether a button means an answer to one question, be it open or not."""
    return button in workspace.library.answers or button.startswith((f"{_YES}:", f"{_NO}:"))


def _value(turn: Turn, button: PressTo) -> str:
    """What is kept: the same in whatever language it was chosen."""
    return button.value or templates.render(button.text.words(turn.workspace.default_language), turn.seen())


def _words(turn: Turn, button: PressTo) -> set[str]:
    every = (button.text.default, *button.text.by_language.values())
    return {templates.render(words, turn.seen()) for words in every}


# --- what comes of it ----------------------------------------------------------------------------


def take(turn: Turn, heard: Heard) -> None:
    """Goes on with an answer to the open question."""
    frame, step = turn.top, turn.question
    if frame is None or step is None:
        return
    if isinstance(step, Menu):
        option = step.options[heard.value if isinstance(heard.value, int) else 0]
        turn.known = replace(turn.known, habits=chosen(turn.known.habits, option.habit, turn.scope.now))
        turn.go_on(option.leads_to)
        return
    if heard.kind == "no":
        frame.phase = ""
        _counted(turn, frame, step)
        return
    if heard.kind == "yes" and frame.phase == "still":
        turn.keep(step.slot, _known(turn, step))
    following = (
        _accepted(turn, frame, step) if heard.kind == "yes" else _taken(turn, frame, step, heard.value, asked=True)
    )
    if following is not None:
        turn.go_on(following)


def _taken(turn: Turn, frame: Open, step: Ask, value: Json, *, asked: bool) -> int | None:
    """A value was given: is it one that holds, and is it right? The index of what follows, or None to wait."""
    if step.valid is not None and not step.valid.holds(turn.seen(value=value, **{step.slot: value})):
        if not asked:
            ask(turn, frame, step)
        elif frame.attempts >= step.attempts:
            turn.go_on(step.otherwise)
        else:
            frame.attempts, frame.phase = frame.attempts + 1, ""
            turn.speak(step, step.invalid or step.again, turn.buttons(step.buttons), value=value)
        return None
    turn.keep(step.slot, value)
    if step.confirm is not None:
        frame.phase = "confirm"
        ask(turn, frame, step)
        return None
    return _accepted(turn, frame, step)


def _accepted(turn: Turn, frame: Open, step: Ask) -> int:
    if step.remember is not None:
        turn.remember(step.slot, turn.slot(step.slot), step.remember, frame.flow)
    return step.next


def _counted(turn: Turn, frame: Open, step: Ask) -> None:
    """It is not right, so the question itself is asked, as often as it may be."""
    if frame.attempts >= max(1, step.attempts):
        turn.go_on(step.otherwise)
    else:
        frame.attempts += 1
        ask(turn, frame, step)


# --- menus by habit ------------------------------------------------------------------------------


def _options(turn: Turn, step: Menu) -> tuple[Button, ...]:
    return turn.buttons(option.button for option in _shown(turn, step))


def _shown(turn: Turn, step: Menu) -> list[Option]:
    """Those that may be chosen, as they are numbered."""
    options = [option for option in step.options if _open(turn, option)]
    if step.by_habit:
        habits, now = turn.known.habits, turn.scope.now
        options.sort(key=lambda option: -weight(habits.get(option.habit), now))  # stable: ties stay as written
    return options


def _open(turn: Turn, option: Option) -> bool:
    return option.when is None or option.when.holds(turn.seen())


def weight(habit: Habit | None, now: datetime) -> float:
    """What past choices count now: each one, halved every thirty days."""
    if habit is None:
        return 0.0
    age = max(0.0, (now - habit.at).total_seconds())
    return float(habit.weight * 0.5 ** (age / _HALF_LIFE))


def chosen(habits: Mapping[str, Habit], name: str, now: datetime) -> dict[str, Habit]:
    """The habits after one more choice; the faintest are forgotten."""
    known = dict(habits)
    known[name] = Habit(weight=weight(known.get(name), now) + 1.0, at=now)
    while len(known) > _HABITS_LIMIT:
        del known[min(known, key=lambda one: weight(known[one], now))]
    return known
