"""Lays the steps of one flow out in a row, each knowing where to go on; gives buttons their ids."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from estafeta.kernel.model import Media, Reason
from flows.compile_texts import Tell, Texts
from flows.flow_file import FlowFile
from flows.model import (
    END,
    Ask,
    Call,
    CallPeople,
    Choose,
    Copy,
    EndAll,
    Flow,
    Forget,
    Goto,
    HandOff,
    Label,
    Menu,
    Option,
    PressTo,
    Remember,
    Run,
    Say,
    Set,
    Spoken,
    Step,
    Wait,
)
from flows.steps import (
    AnyStep,
    AskStep,
    CallStep,
    ChooseStep,
    EndStep,
    FlowStep,
    ForgetStep,
    GotoStep,
    HandoffStep,
    MenuStep,
    RememberStep,
    SayStep,
    SetStep,
    TagStep,
    UntagStep,
    WaitStep,
    When,
    blocks,
    kind_of,
    name_of,
    walk,
)
from flows.strict import LocalText
from flows.written import ButtonHandoff, ButtonRule, HandoffRule, Place

BUTTON_BYTES = 64


def version(file: FlowFile) -> str:
    """Changes with what the flow does, not with comments or spaces."""
    return hashlib.sha256(file.model_dump_json(by_alias=True).encode()).hexdigest()[:12]


def button_id(flow: str, path: Place, number: int) -> str:
    """The same for the same place in the content; fits every messenger's callback data."""
    found = f"{flow}:{'.'.join(map(str, path))}:{number}"
    if len(found) <= BUTTON_BYTES:
        return found
    return f"{flow[:24]}:{hashlib.sha256(found.encode()).hexdigest()[:32]}:{number}"


class FlowCompiler:
    """First every step gets its index, in the order of `walk`, so that `goto` may go anywhere; then each is built."""

    def __init__(self, file: FlowFile, languages: tuple[str, ...], media: Mapping[str, Media], tell: Tell) -> None:
        self._file = file
        self._tell = tell
        self._texts = Texts(languages, tell)
        self._media = media
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
            for below, block in blocks(step):
                goes_on = following if _may_go_on(step, below, block) else END
                self._order(block, (*here, *below), goes_on, after)

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
                words, buttons = self._spoken(step, place), self._buttons(step.buttons, place)
                return Say(place=pointer, path=place, next=following, words=words, buttons=buttons)
            case AskStep():
                return self._ask(step, place, following, pointer)
            case MenuStep():
                return self._menu(step, place, following, pointer)
            case CallStep():
                return self._call(step, place, following, pointer)
            case ChooseStep():
                return self._choose(step, place, following, pointer)
            case WaitStep():
                return self._wait(step, place, following, pointer)
            case HandoffStep():
                handoff = self._handoff(step.handoff, (*place, "handoff"))
                return CallPeople(place=pointer, path=place, next=following, handoff=handoff)
            case _:
                return self._swift(step, place, following, pointer)

    def _swift(self, step: AnyStep, place: Place, following: int, pointer: str) -> Step:
        """Steps that change something, or where it goes on, and never wait."""
        match step:
            case SetStep():
                values = self._texts.value(step.set, (*place, "set"))
                return Set(place=pointer, path=place, next=following, values=tuple(values.items()))
            case RememberStep():
                values = self._texts.value(step.remember, (*place, "remember"))
                return Remember(
                    place=pointer, path=place, next=following, values=tuple(values.items()), seconds=step.for_ or 0
                )
            case ForgetStep():
                names = () if step.forget == ("all",) else step.forget
                return Forget(place=pointer, path=place, next=following, names=names)
            case TagStep():
                return Label(place=pointer, path=place, next=following, tags=step.tag, off=False)
            case UntagStep():
                return Label(place=pointer, path=place, next=following, tags=step.untag, off=True)
            case GotoStep():
                return Goto(place=pointer, path=place, next=self._named.get(step.goto, END))
            case FlowStep():
                return Run(place=pointer, path=place, next=following, flow=step.flow)
            case EndStep(end="all"):
                return EndAll(place=pointer, path=place, next=END)
            case EndStep():
                return Goto(place=pointer, path=place, next=END)
            case _:
                raise TypeError(f"{type(step).__name__} is compiled elsewhere")

    # --- what is said

    def _spoken(self, step: SayStep | AskStep | MenuStep, place: Place) -> Spoken:
        channels = {
            channel: self._texts.copies(texts, (*place, "channels", channel))
            for channel, texts in (step.channels or {}).items()
        }
        media = tuple(self._file_of(step, place)) if isinstance(step, SayStep) else ()
        return Spoken(
            variants=self._texts.copies(step.say, (*place, "say")),
            channels=channels,
            media=media,
            delay=step.delay if isinstance(step, SayStep) else 0.0,
        )

    def _file_of(self, step: SayStep, place: Place) -> list[Media]:
        found = []
        for number, name in enumerate(step.media or ()):
            media = self._media.get(name.removeprefix("media/"))
            if media is None:
                known = ", ".join(sorted(self._media)[:12])
                mend = f"the folder media/ has {known}" if known else "put the file into the workspace's folder media/"
                self._tell((*place, "media", number), f'there is no file "{name}" in media/', mend)
            else:
                found.append(media)
        return found

    def _again(self, step: AskStep | MenuStep, place: Place, first: Spoken) -> Spoken:
        return first if step.again is None else Spoken(variants=self._texts.copies(step.again, (*place, "again")))

    # --- what waits

    def _otherwise(self, step: AskStep | MenuStep | WaitStep, place: Place) -> int:
        if step.otherwise is None:
            return self._default_handoff(place, Reason.REPEATED_FALLBACK)
        return self._first((*place, "otherwise"))

    def _ask(self, step: AskStep, place: Place, following: int, pointer: str) -> Ask:
        words = self._spoken(step, place)
        invalid = step.invalid and Spoken(variants=self._texts.copies(step.invalid, (*place, "invalid")))
        return Ask(
            place=pointer,
            path=place,
            next=following,
            slot=step.ask,
            expect=step.expect,
            words=words,
            again=self._again(step, place, words),
            buttons=self._buttons(step.buttons, place),
            attempts=step.attempts,
            otherwise=self._otherwise(step, place),
            valid=None if step.valid is None else self._texts.condition(step.valid, (*place, "valid")),
            invalid=invalid or None,
            confirm=self._perhaps(step.confirm, (*place, "confirm")),
            still=self._perhaps(step.still, (*place, "still")),
            remember=0 if step.remember is True else step.remember,
        )

    def _perhaps(self, text: LocalText | None, place: Place) -> Copy | None:
        return None if text is None else self._texts.copy(text, place)

    def _menu(self, step: MenuStep, place: Place, following: int, pointer: str) -> Menu:
        words = self._spoken(step, place)
        options = []
        for number, option in enumerate(step.menu):
            where = (*place, "menu", number)
            text = self._texts.copy(option.text, (*where, "text"))
            first = option.text.root if isinstance(option.text.root, str) else next(iter(option.text.root.values()))
            options.append(
                Option(
                    button=PressTo(id=button_id(self._file.flow, where, 0), text=text),
                    when=None if option.when is None else self._texts.condition(option.when, (*where, "when")),
                    leads_to=self._first((*where, "do")) if option.steps else following,
                    habit=f"{self._file.flow}:{first[:40]}",
                )
            )
        return Menu(
            place=pointer, path=place, next=following, words=words, again=self._again(step, place, words),
            options=tuple(options), by_habit=step.order == "habit", attempts=step.attempts,
            otherwise=self._otherwise(step, place),
        )  # fmt: skip

    def _wait(self, step: WaitStep, place: Place, following: int, pointer: str) -> Wait:
        rule = step.wait
        until = None if rule.until is None else self._texts.value(rule.until, (*place, "wait", "until"))
        return Wait(
            place=pointer, path=place, next=following, seconds=rule.for_ or 0, until=until, event=rule.event or "",
            save=step.save or "", otherwise=following if step.otherwise is None else self._first((*place, "otherwise")),
        )  # fmt: skip

    # --- what is done

    def _call(self, step: CallStep, place: Place, following: int, pointer: str) -> Call:
        on_error = (
            self._default_handoff(place, Reason.ACTION_ERROR)
            if step.on_error is None
            else self._first((*place, "on_error"))
        )
        return Call(
            place=pointer, path=place, next=following, action=step.call, save=step.save or "",
            arguments=self._texts.value(step.with_, (*place, "with")),
            parts=tuple(self._texts.value(step.map, (*place, "map")).items()), on_error=on_error,
        )  # fmt: skip

    def _choose(self, step: ChooseStep, place: Place, following: int, pointer: str) -> Choose:
        cases = []
        for number, rule in enumerate(step.choose):
            where = (*place, "choose", number)
            if isinstance(rule, When):
                condition = self._texts.condition(rule.when, (*where, "when"))
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
                    text=self._texts.copy(rule.text, (*where, "text")),
                    flow=rule.flow or "",
                    handoff=None if rule.handoff is None else self._handoff(rule.handoff, (*where, "handoff")),
                    value=rule.value or "",
                )
            )
        return tuple(found)

    def _handoff(self, rule: HandoffRule | ButtonHandoff, place: Place) -> HandOff:
        summary = self._texts.copy(rule.summary, (*place, "summary"))
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


def _may_go_on(step: AnyStep, below: Place, block: tuple[AnyStep, ...]) -> bool:
    """Whether the flow goes on after what is done instead: not without the answer that was asked for."""
    if isinstance(step, AskStep):
        return _sets(block, step.ask)
    if isinstance(step, CallStep):
        return all(_sets(block, slot) for slot in (*([step.save] if step.save else ()), *step.map))
    return not (isinstance(step, MenuStep) and below == ("otherwise",))


def _sets(block: tuple[AnyStep, ...], slot: str) -> bool:
    """Whether a block gives a slot a value, so that the flow may go on after it."""
    return any(
        (isinstance(step, SetStep) and slot in step.set)
        or (isinstance(step, AskStep) and step.ask == slot)
        or (isinstance(step, CallStep) and (step.save == slot or slot in step.map))
        or (isinstance(step, WaitStep) and step.save == slot)
        for _, step in walk(block)
    )
