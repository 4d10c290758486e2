"""From what editors wrote to what runs: flat steps, compiled templates, the ids of buttons.

Nothing is refused here by raising: every mistake goes to `tell` with its place, and something
harmless takes its part, so that one pass finds all mistakes of a file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from estafeta.kernel.model import Json, Reason
from flows import templates
from flows.files import Action, BotFile, Phrases
from flows.model import (
    END,
    Ask,
    Call,
    CallPeople,
    Choose,
    Copy,
    EndAll,
    Flow,
    Goto,
    HandOff,
    Library,
    PreparedAction,
    PressTo,
    Run,
    Say,
    Set,
    Step,
)
from flows.steps import (
    AnyStep,
    AskStep,
    ButtonHandoff,
    ButtonRule,
    CallStep,
    ChooseStep,
    EndStep,
    FlowFile,
    FlowStep,
    GotoStep,
    HandoffRule,
    HandoffStep,
    Place,
    SayStep,
    SetStep,
    When,
    kind_of,
    name_of,
    walk,
)
from flows.strict import LocalText
from flows.templates import Words

BUTTON_BYTES = 64
T = TypeVar("T")
Tell = Callable[[Place, str, str], None]
"""Takes a place, what is wrong there, and how to mend it."""


def version(file: FlowFile) -> str:
    """Changes with what the flow does, not with comments or spaces."""
    return hashlib.sha256(file.model_dump_json(by_alias=True).encode()).hexdigest()[:12]


def button_id(flow: str, path: Place, number: int) -> str:
    """The same for the same place in the content; fits every messenger's callback data."""
    found = f"{flow}:{'.'.join(map(str, path))}:{number}"
    if len(found) <= BUTTON_BYTES:
        return found
    return f"{flow[:24]}:{hashlib.sha256(found.encode()).hexdigest()[:32]}:{number}"


class _Templates:
    """Compiles, and tells what does not compile."""

    def __init__(self, languages: tuple[str, ...], tell: Tell) -> None:
        self._default = languages[0]
        self._tell = tell

    def compile(self, how: Callable[[str], T], source: str, place: Place, instead: T) -> T:
        """What `how` makes of the source, or `instead`."""
        try:
            return how(source)
        except templates.TemplateWrong as wrong:
            where = f" (line {wrong.line} of the text)" if wrong.line > 1 else ""
            self._tell(place, f"template: {wrong}{where}", "templates are Jinja2, like {{ slots.name }}")
            return instead

    def words(self, how: Callable[[str], Words], source: str, place: Place) -> Words:
        plain: Words = ""
        return self.compile(how, source, place, plain)

    def copy(self, text: LocalText, place: Place) -> Copy:
        if isinstance(text.root, str):
            return Copy(self.words(templates.text, text.root, place))
        found = {
            language: self.words(templates.text, words, (*place, language)) for language, words in text.root.items()
        }
        return Copy(found.get(self._default, next(iter(found.values()))), found)

    def copies(self, texts: Iterable[LocalText], place: Place) -> tuple[Copy, ...]:
        return tuple(self.copy(text, (*place, number)) for number, text in enumerate(texts))

    def value(self, given: Json, place: Place) -> templates.Value:
        if isinstance(given, dict):
            return {key: self.value(item, (*place, key)) for key, item in given.items()}
        if isinstance(given, list):
            return [self.value(item, (*place, number)) for number, item in enumerate(given)]
        return self.compile(templates.value, given, place, "") if isinstance(given, str) else given


def library(bot: BotFile, files: Mapping[str, FlowFile], tell_bot: Tell, tell_flow: Callable[[str], Tell]) -> Library:
    """Everything that runs. `tell_flow(name)` takes the mistakes of that flow's file."""
    own = _Templates(bot.languages, tell_bot)
    flows = {name: _FlowCompiler(file, bot.languages, tell_flow(name)).flow() for name, file in files.items()}
    buttons = {button.id: button for flow in flows.values() for button in _buttons_of(flow)}
    return Library(
        flows={name: replace(flow, asks=_all_asks(flow, flows)) for name, flow in flows.items()},
        by_intent={intent: name for name, flow in flows.items() for intent in flow.intents},
        by_command={flow.command: name for name, flow in flows.items() if flow.command},
        buttons=buttons,
        phrases={name: own.copy(getattr(bot.phrases, name), ("phrases", name)) for name in Phrases.model_fields},
        actions={name: _action(action, own, ("actions", name)) for name, action in bot.actions.items()},
        names=own.copy(bot.name, ("name",)),
    )


def _action(action: Action, own: _Templates, place: Place) -> PreparedAction:
    return PreparedAction(
        method=action.method,
        url=own.words(templates.url, action.url, (*place, "url")),
        headers=tuple(
            (name, own.words(templates.header, words, (*place, "headers", name)))
            for name, words in action.headers.items()
        ),
        timeout=action.timeout,
        retries=action.retries,
    )


def _buttons_of(flow: Flow) -> Iterable[PressTo]:
    for step in flow.steps:
        if isinstance(step, Say | Ask):
            yield from step.buttons


def _all_asks(flow: Flow, flows: Mapping[str, Flow]) -> tuple[tuple[str, str], ...]:
    """The questions of a flow and of those it runs, in order, each slot once."""
    found: dict[str, str] = {}
    pending, seen = [flow], set()
    while pending:
        flow = pending.pop(0)
        if flow.name in seen:
            continue
        seen.add(flow.name)
        for slot, entity in flow.asks:
            found.setdefault(slot, entity)
        pending += [flows[step.flow] for step in flow.steps if isinstance(step, Run) and step.flow in flows]
    return tuple(found.items())


class _FlowCompiler:
    """Lays the steps of one flow out in a row. First every step gets its index, in the order of
    `walk`, so that `goto` may go anywhere; then each is built."""

    def __init__(self, file: FlowFile, languages: tuple[str, ...], tell: Tell) -> None:
        self._file = file
        self._tell = tell
        self._templates = _Templates(languages, tell)
        self._steps: list[Step] = []
        self._places = [place for place, _ in walk(file.steps)]
        self._index = {place: number for number, place in enumerate(self._places)}
        self._count = len(self._places)
        self._extra: list[Step] = []
        self._named: dict[str, int] = {}
        for place, step in walk(file.steps):
            name = name_of(step)
            if name and name in self._named:
                mend = "give one of them a name: of its own"
                self._tell((*place, "name" if step.name else "ask"), f'two steps are called "{name}"', mend)
            elif name:
                self._named[name] = self._index[place]

    def flow(self) -> Flow:
        after: dict[Place, int] = {}
        self._order(self._file.steps, ("steps",), END, after)
        self._steps = [self._step(step, place, after[place]) for place, step in walk(self._file.steps)]
        steps = (*self._steps, *self._extra)
        return Flow(
            name=self._file.flow,
            title=self._file.title,
            version=version(self._file),
            intents=self._file.start.intent,
            command=(self._file.start.command or "").lower(),
            always=self._file.always,
            public=self._file.public,
            steps=steps,
            start=0,
            places={step.place: number for number, step in enumerate(steps)},
            asks=tuple({step.slot: step.expect for step in steps if isinstance(step, Ask)}.items()),
        )

    def _order(self, steps: tuple[AnyStep, ...], place: Place, end: int, after: dict[Place, int]) -> None:
        """Tells for every step what comes after it: the next of its block, or what the block leads to."""
        for number, step in enumerate(steps):
            here = (*place, number)
            last = number == len(steps) - 1
            after[here] = following = end if last else self._index[(*place, number + 1)]
            if isinstance(step, ChooseStep):
                for case, rule in enumerate(step.choose):
                    inside = ("choose", case, "do" if isinstance(rule, When) else "otherwise")
                    block = rule.do if isinstance(rule, When) else rule.otherwise
                    self._order(block, (*here, *inside), following, after)
            elif isinstance(step, AskStep) and step.otherwise is not None:
                goes_on = following if _sets(step.otherwise, step.ask) else END
                self._order(step.otherwise, (*here, "otherwise"), goes_on, after)
            elif isinstance(step, CallStep) and step.on_error is not None:
                goes_on = following if step.save is None or _sets(step.on_error, step.save) else END
                self._order(step.on_error, (*here, "on_error"), goes_on, after)

    def _first(self, place: Place) -> int:
        return self._index[(*place, 0)]

    def _default_handoff(self, place: Place, reason: Reason) -> int:
        """What `otherwise` and `on_error` are when they are not written."""
        where = (*place, "default")
        self._extra.append(
            CallPeople(
                place=_pointer(where, "handoff", ""),
                path=place,
                next=END,
                handoff=HandOff(reason=reason, skill="", summary=Copy("")),
            )
        )
        return self._count + len(self._extra) - 1

    def _step(self, step: AnyStep, place: Place, following: int) -> Step:
        pointer = _pointer(place, kind_of(step), _identity(step))
        match step:
            case SayStep():
                return Say(
                    place=pointer, path=place, next=following,
                    variants=self._templates.copies(step.say, (*place, "say")),
                    buttons=self._buttons(step.buttons, place),
                )  # fmt: skip
            case AskStep():
                return self._ask(step, place, following, pointer)
            case CallStep():
                on_error = (
                    self._default_handoff(place, Reason.ACTION_ERROR)
                    if step.on_error is None
                    else self._first((*place, "on_error"))
                )
                return Call(
                    place=pointer, path=place, next=following, action=step.call, save=step.save or "",
                    arguments=self._templates.value(step.with_, (*place, "with")), on_error=on_error,
                )  # fmt: skip
            case ChooseStep():
                return self._choose(step, place, following, pointer)
            case SetStep():
                values = self._templates.value(step.set, (*place, "set"))
                return Set(place=pointer, path=place, next=following, values=tuple(values.items()))
            case GotoStep():
                return Goto(place=pointer, path=place, next=self._named.get(step.goto, END))
            case EndStep(end="all"):
                return EndAll(place=pointer, path=place, next=END)
            case EndStep():
                return Goto(place=pointer, path=place, next=END)
            case FlowStep():
                return Run(place=pointer, path=place, next=following, flow=step.flow)
            case HandoffStep():
                return CallPeople(
                    place=pointer, path=place, next=following,
                    handoff=self._handoff(step.handoff, (*place, "handoff")),
                )  # fmt: skip

    def _ask(self, step: AskStep, place: Place, following: int, pointer: str) -> Ask:
        otherwise = (
            self._default_handoff(place, Reason.REPEATED_FALLBACK)
            if step.otherwise is None
            else self._first((*place, "otherwise"))
        )
        question = self._templates.copies(step.say, (*place, "say"))
        return Ask(
            place=pointer,
            path=place,
            next=following,
            slot=step.ask,
            expect=step.expect,
            variants=question,
            again=question if step.again is None else self._templates.copies(step.again, (*place, "again")),
            buttons=self._buttons(step.buttons, place),
            attempts=step.attempts,
            otherwise=otherwise,
        )

    def _choose(self, step: ChooseStep, place: Place, following: int, pointer: str) -> Choose:
        cases = []
        for number, rule in enumerate(step.choose):
            where = (*place, "choose", number)
            if isinstance(rule, When):
                never = templates.condition("false")
                condition = self._templates.compile(templates.condition, rule.when, (*where, "when"), never)
                cases.append((condition, self._first((*where, "do"))))
            else:
                following = self._first((*where, "otherwise"))
        return Choose(place=pointer, path=place, next=following, cases=tuple(cases))

    def _buttons(self, rules: tuple[ButtonRule, ...], place: Place) -> tuple[PressTo, ...]:
        found = []
        for number, rule in enumerate(rules):
            where = (*place, "buttons", number)
            found.append(
                PressTo(
                    id=button_id(self._file.flow, place, number),
                    text=self._templates.copy(rule.text, (*where, "text")),
                    flow=rule.flow or "",
                    handoff=None if rule.handoff is None else self._handoff(rule.handoff, (*where, "handoff")),
                )
            )
        return tuple(found)

    def _handoff(self, rule: HandoffRule | ButtonHandoff, place: Place) -> HandOff:
        summary = self._templates.copy(rule.summary, (*place, "summary"))
        return HandOff(reason=rule.reason, skill=rule.skill, summary=summary)


def _pointer(place: Place, kind: str, name: str) -> str:
    return f"{'.'.join(map(str, place[1:]))}:{kind}:{name}"


def _identity(step: AnyStep) -> str:
    """What a step is about, besides its kind."""
    match step:
        case AskStep():
            return step.ask
        case CallStep():
            return step.call
        case FlowStep():
            return step.flow
        case _:
            return step.name or ""


def _sets(block: tuple[AnyStep, ...], slot: str) -> bool:
    """Whether a block gives a slot a value, so that the flow may go on after it."""
    return any(
        (isinstance(step, SetStep) and slot in step.set)
        or (isinstance(step, AskStep) and step.ask == slot)
        or (isinstance(step, CallStep) and step.save == slot)
        for _, step in walk(block)
    )
