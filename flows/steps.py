"""A file of flows/*.yml as it is written: the flow, its steps and its buttons.

A step is told by its key (`say`, `ask`, `call`, …). `walk` is the one way to go through all steps of
a flow, however deep; it yields each with its place in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, StrictBool, StrictStr, Tag, model_validator

from estafeta.kernel.model import Json, Reason
from flows.strict import LocalText, Strict, wrong

Place = tuple[str | int, ...]
"""Where something stands in a file: keys and list positions from the top."""

_SLOT = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_TAKEN = (
    "slots customer bot now open range vars secrets true false none True False None and or not in is if else loop self"
)
Kind = Literal["ask", "call", "choose", "set", "goto", "flow", "handoff", "end", "say"]
KINDS: tuple[Kind, ...] = ("ask", "call", "choose", "set", "goto", "flow", "handoff", "end", "say")
"""What a step may be. The order decides where keys of two kinds meet: an `ask` has a `say`."""


def _slot(given: Any) -> str:
    if not isinstance(given, str) or not _SLOT.fullmatch(given):
        raise wrong(f'"{given}" is no name for a slot; expected Latin letters, digits and _, like order_number')
    if given in _TAKEN.split():
        raise wrong(f'"{given}" means something else in templates; choose another name')
    return given


def _name(given: Any) -> str:
    if not isinstance(given, str) or not _NAME.fullmatch(given):
        raise wrong(f'"{given}" is no name; expected Latin letters, digits, - and _, like order-status')
    return given


def _command(given: Any) -> str:
    return _name(given.removeprefix("/") if isinstance(given, str) else given)


def _texts(given: Any) -> Any:
    return given if isinstance(given, list | tuple) else [given]


def _steps(given: Any) -> Any:
    if not isinstance(given, list | tuple):
        raise wrong('expected a list of steps, each on a line that begins with "- "')
    return given


def _reason(given: Any) -> Any:
    if not isinstance(given, Reason) and given not in {reason.value for reason in Reason}:
        raise wrong(f'"{given}" is no reason; expected one of {", ".join(reason.value for reason in Reason)}')
    return given


def _intents(given: Any) -> Any:
    return given if isinstance(given, list | tuple) else [given]


SlotName = Annotated[str, BeforeValidator(_slot, json_schema_input_type=str)]
Name = Annotated[str, BeforeValidator(_name, json_schema_input_type=str)]
Command = Annotated[str, BeforeValidator(_command, json_schema_input_type=str)]
Texts = Annotated[
    tuple[LocalText, ...],
    Field(min_length=1),
    BeforeValidator(_texts, json_schema_input_type=LocalText | list[LocalText]),
]
Why = Annotated[Reason, BeforeValidator(_reason, json_schema_input_type=Reason)]
Intents = Annotated[
    tuple[StrictStr, ...], BeforeValidator(_intents, json_schema_input_type=StrictStr | list[StrictStr])
]


class HandoffRule(Strict):
    """People take over. Without a `skill`: the first of bot.yml."""

    reason: Why = Reason.FLOW_RULE
    skill: StrictStr = ""
    summary: LocalText = LocalText("")


class ButtonHandoff(Strict):
    reason: Why = Reason.USER_REQUEST
    skill: StrictStr = ""
    summary: LocalText = LocalText("")


class ButtonRule(Strict):
    """A button: pressing it says its words, or starts a flow, or calls a person."""

    text: LocalText
    flow: StrictStr | None = None
    handoff: ButtonHandoff | None = None

    @model_validator(mode="after")
    def _one_meaning(self) -> ButtonRule:
        if self.flow is not None and self.handoff is not None:
            raise wrong("a button has either flow: or handoff:, not both")
        return self


def _button(given: Any) -> Any:
    """A string and a text by language are short for `text:`."""
    if isinstance(given, str) or (isinstance(given, dict) and not {"text", "flow", "handoff"} & set(given)):
        return {"text": given}
    if not isinstance(given, dict | ButtonRule):
        raise wrong('expected a button: its words, or {text: "…", flow: name}, or {text: "…", handoff: {}}')
    return given


def _buttons(given: Any) -> Any:
    if not isinstance(given, list | tuple):
        raise wrong("expected a list of buttons")
    return given


AnyButton = Annotated[ButtonRule, BeforeValidator(_button, json_schema_input_type=LocalText | ButtonRule)]
Buttons = Annotated[tuple[AnyButton, ...], BeforeValidator(_buttons, json_schema_input_type=list[AnyButton])]


class _Named(Strict):
    name: Name | None = None


class SayStep(_Named):
    say: Texts
    buttons: Buttons = ()


class AskStep(_Named):
    """A question. `expect`: an entity, or text, number, yes_no. `attempts`: how often it is asked again."""

    ask: SlotName
    say: Texts
    expect: StrictStr = "text"
    attempts: Annotated[int, Field(ge=0, le=20)] = 2
    again: Texts | None = None
    buttons: Buttons = ()
    otherwise: Steps | None = None


class CallStep(_Named):
    """An action of bot.yml; the reply's JSON is saved under a name."""

    call: StrictStr
    with_: Annotated[dict[SlotName, Json], Field(alias="with", default_factory=dict)]
    save: SlotName | None = None
    on_error: Steps | None = None


class When(Strict):
    when: StrictStr
    do: Steps


class Otherwise(Strict):
    otherwise: Steps


def _case(given: Any) -> str | None:
    if not isinstance(given, dict):
        return "case:when" if isinstance(given, When) else "case:otherwise" if isinstance(given, Otherwise) else None
    return "case:otherwise" if "otherwise" in given and "when" not in given else "case:when"


Case = Annotated[Annotated[When, Tag("case:when")] | Annotated[Otherwise, Tag("case:otherwise")], Discriminator(_case)]


class ChooseStep(_Named):
    choose: Annotated[tuple[Case, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _otherwise_is_last(self) -> ChooseStep:
        if any(isinstance(case, Otherwise) for case in self.choose[:-1]):
            raise wrong("otherwise: comes last, and once")
        return self


class SetStep(_Named):
    set: Annotated[dict[SlotName, Json], Field(min_length=1)]


class GotoStep(_Named):
    goto: StrictStr


class FlowStep(_Named):
    flow: StrictStr


class HandoffStep(_Named):
    handoff: HandoffRule


def _end(given: Any) -> Any:
    if given is not True and given != "all":
        raise wrong("expected end: true, or end: all to end the interrupted flows too")
    return given


class EndStep(_Named):
    """`all` ends every flow that waits below, too."""

    end: Annotated[Literal[True, "all"], BeforeValidator(_end)]


def _kind(given: Any) -> str | None:
    if isinstance(given, dict):
        return next((f"step:{kind}" for kind in KINDS if kind in given), None)
    return next((f"step:{kind}" for kind in KINDS if kind in getattr(type(given), "model_fields", {})), None)


Step = Annotated[
    Annotated[AskStep, Tag("step:ask")]
    | Annotated[CallStep, Tag("step:call")]
    | Annotated[ChooseStep, Tag("step:choose")]
    | Annotated[SetStep, Tag("step:set")]
    | Annotated[GotoStep, Tag("step:goto")]
    | Annotated[FlowStep, Tag("step:flow")]
    | Annotated[HandoffStep, Tag("step:handoff")]
    | Annotated[EndStep, Tag("step:end")]
    | Annotated[SayStep, Tag("step:say")],
    Discriminator(_kind),
]
Steps = Annotated[tuple[Step, ...], Field(min_length=1), BeforeValidator(_steps, json_schema_input_type=list[Step])]


class Start(Strict):
    intent: Intents = ()
    command: Command | None = None


class FlowFile(Strict):
    """One dialog."""

    flow: Name
    title: LocalText | None = None
    start: Start = Start()
    always: StrictBool = False
    public: StrictBool = False
    steps: Steps


for _model in (AskStep, CallStep, When, Otherwise, ChooseStep, FlowFile):
    _model.model_rebuild()

AnyStep = AskStep | CallStep | ChooseStep | SetStep | GotoStep | FlowStep | HandoffStep | EndStep | SayStep


def kind_of(step: AnyStep) -> Kind:
    return next(kind for kind in KINDS if kind in type(step).model_fields)


def name_of(step: AnyStep) -> str:
    """What `goto` calls it: its `name:`, or an ask's slot; "" when it has none."""
    return step.name or (step.ask if isinstance(step, AskStep) else "")


def blocks(step: AnyStep) -> Iterator[tuple[Place, tuple[AnyStep, ...]]]:
    """The lists of steps inside a step, each with its place below the step."""
    if isinstance(step, AskStep) and step.otherwise is not None:
        yield ("otherwise",), step.otherwise
    elif isinstance(step, CallStep) and step.on_error is not None:
        yield ("on_error",), step.on_error
    elif isinstance(step, ChooseStep):
        for number, case in enumerate(step.choose):
            if isinstance(case, When):
                yield ("choose", number, "do"), case.do
            else:
                yield ("choose", number, "otherwise"), case.otherwise


def walk(steps: tuple[AnyStep, ...], place: Place = ("steps",)) -> Iterator[tuple[Place, AnyStep]]:
    """Every step with its place, outer before inner, in the order of the file."""
    for number, step in enumerate(steps):
        here = (*place, number)
        yield here, step
        for below, inner in blocks(step):
            yield from walk(inner, (*here, *below))
