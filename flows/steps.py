"""The steps of flows/*.yml as they are written.

A step is told by its key (`say`, `ask`, `call`, …). `walk` is the one way to go through all steps of
a flow, however deep; it yields each with its place in the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from difflib import SequenceMatcher, get_close_matches
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Discriminator, Field, StrictStr, Tag, ValidationInfo, model_validator

from estafeta.kernel.model import Json
from flows.strict import Duration, LocalText, Strict, wrong
from flows.written import ButtonHandoff, Buttons, HandoffRule, Name, Names, Place, SlotName, Texts

__all__ = [
    "KINDS", "AnyStep", "AskStep", "CallStep", "ChooseStep", "EndStep", "FlowStep", "ForgetStep", "GotoStep",
    "HandoffStep", "Kind", "MenuOption", "MenuStep", "Otherwise", "Place", "RememberStep", "SayStep", "SetStep",
    "Steps", "TagStep", "UntagStep", "WaitRule", "WaitStep", "When", "blocks", "kind_of", "name_of", "walk",
]  # fmt: skip

Kind = Literal[
    "ask", "menu", "call", "choose", "set", "goto", "flow", "handoff", "wait", "remember", "forget", "tag", "untag",
    "end", "say",
]  # fmt: skip
KINDS: tuple[Kind, ...] = (
    "ask", "menu", "call", "choose", "set", "goto", "flow", "handoff", "wait", "remember", "forget", "tag", "untag",
    "end", "say",
)  # fmt: skip
"""What a step may be. The order decides where keys of two kinds meet: an `ask` has a `say`."""


def _steps(given: Any) -> Any:
    if not isinstance(given, list | tuple):
        raise wrong('expected a list of steps, each on a line that begins with "- "')
    return given


class _Named(Strict):
    name: Name | None = None


Channels = Annotated[dict[StrictStr, Texts], Field(min_length=1)]


class SayStep(_Named):
    """Something is said. `channels` says it otherwise in some of them; `media` are files of the workspace's folder
    media/ that go with it; before it the bot is seen typing for `delay` seconds."""

    say: Texts
    channels: Channels | None = None
    media: Names | None = None
    delay: Annotated[float, Field(ge=0, le=30)] = 0.0
    buttons: Buttons = ()


class AskStep(_Named):
    """A question. `expect`: an entity, or text, number, yes_no, choice (among the buttons), date, time, phone, email.
    `valid` is a condition that the `value` must meet, `invalid` what is said else. `confirm` asks whether it is right;
    `still` asks whether what is known from before still holds. `remember` keeps the answer for later talks.
    `attempts`: how often it is asked again."""

    ask: SlotName
    say: Texts
    channels: Channels | None = None
    expect: StrictStr = "text"
    valid: StrictStr | None = None
    invalid: Texts | None = None
    confirm: LocalText | None = None
    still: LocalText | None = None
    remember: Duration | Literal[True] | None = None
    attempts: Annotated[int, Field(ge=0, le=20)] = 2
    again: Texts | None = None
    buttons: Buttons = ()
    otherwise: Steps | None = None

    @model_validator(mode="after")
    def _together(self) -> AskStep:
        if self.invalid is not None and self.valid is None:
            raise wrong("invalid: is said when valid: does not hold; add valid: with a condition")
        if self.expect == "choice" and not self.buttons:
            raise wrong("expect: choice needs buttons: to choose among")
        return self


class MenuOption(Strict):
    """What can be chosen: it goes to a flow and comes back, or calls a person, or does steps. `when` is a condition
    for showing it."""

    text: LocalText
    when: StrictStr | None = None
    flow: StrictStr | None = None
    handoff: ButtonHandoff | None = None
    do: Steps | None = None

    @model_validator(mode="after")
    def _one_meaning(self) -> MenuOption:
        if sum(given is not None for given in (self.flow, self.handoff, self.do)) > 1:
            raise wrong("a choice has one of flow:, handoff: and do:, not several")
        return self

    @property
    def steps(self) -> tuple[AnyStep, ...]:
        """What choosing it does, as steps."""
        if self.flow is not None:
            return (FlowStep(flow=self.flow),)
        if self.handoff is not None:
            plain = HandoffRule(reason=self.handoff.reason, skill=self.handoff.skill, summary=self.handoff.summary)
            return (HandoffStep(handoff=plain),)
        return self.do or ()


class MenuStep(_Named):
    """A choice among buttons, each with what it leads to. `order: habit` puts first what this customer chose often
    and lately."""

    menu: Annotated[tuple[MenuOption, ...], Field(min_length=1)]
    say: Texts
    channels: Channels | None = None
    order: Literal["fixed", "habit"] = "fixed"
    attempts: Annotated[int, Field(ge=0, le=20)] = 2
    again: Texts | None = None
    otherwise: Steps | None = None


class CallStep(_Named):
    """An action of bot.yml; the `reply`'s JSON is saved under a name, `map` keeps parts of it."""

    call: StrictStr
    with_: Annotated[dict[SlotName, Json], Field(alias="with", default_factory=dict)]
    save: SlotName | None = None
    map: Annotated[dict[SlotName, Json], Field(default_factory=dict)]
    on_error: Steps | None = None


class When(Strict):
    when: StrictStr
    do: Steps


class Otherwise(Strict):
    otherwise: Steps


def _case(given: Any) -> str | None:
    if not isinstance(given, dict):
        return "case:when" if isinstance(given, When) else "case:otherwise" if isinstance(given, Otherwise) else None
    if "when" in given or get_close_matches("when", map(str, given), n=1):
        return "case:when"
    return "case:otherwise" if get_close_matches("otherwise", map(str, given), n=1) else "case:when"


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


class WaitRule(Strict):
    """Until an event, or for a while, or until a time; an event at most for so long."""

    for_: Annotated[Duration | None, Field(alias="for")] = None
    until: StrictStr | None = None
    event: Name | None = None

    @model_validator(mode="after")
    def _for_something(self) -> WaitRule:
        if self.for_ is not None and self.until is not None:
            raise wrong("a wait has either for: or until:, not both")
        if self.for_ is None and self.until is None:
            raise wrong("a wait ends some time; add for: with a length of time like 3d, or until:")
        return self


def _wait(given: Any) -> Any:
    """A length of time is short for `for:`."""
    return {"for": given} if isinstance(given, str | int) and not isinstance(given, bool) else given


class WaitStep(_Named):
    """The flow goes on later; meanwhile the customer may talk of other things. What an event brings is saved under a
    name; `otherwise` is done when it did not happen in time."""

    wait: Annotated[WaitRule, BeforeValidator(_wait, json_schema_input_type=str | WaitRule)]
    save: SlotName | None = None
    otherwise: Steps | None = None

    @model_validator(mode="after")
    def _only_with_events(self) -> WaitStep:
        if self.wait.event is None and (self.save or self.otherwise):
            raise wrong("save: and otherwise: belong to a wait for an event")
        return self


class RememberStep(_Named):
    """Kept with the customer for later talks, as memory.NAME; for good, or `for` a while."""

    remember: Annotated[dict[SlotName, Json], Field(min_length=1)]
    for_: Annotated[Duration | None, Field(alias="for")] = None


class ForgetStep(_Named):
    """Names of what was remembered, or all of it."""

    forget: Names


class TagStep(_Named):
    tag: Names


class UntagStep(_Named):
    untag: Names


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


def _misspelt(given: dict[Any, Any]) -> tuple[str, Kind] | None:
    """A key of a step that is its kind, misspelt, and that kind: the one that the other keys go with best."""
    kind = next((kind for kind in KINDS if kind in given), None)
    own = _KEYS[kind] if kind is not None else ()
    found: list[tuple[int, float, str, Kind]] = []
    for key in given:
        if not isinstance(key, str) or any(key in keys for keys in _KEYS.values()):
            continue
        for meant in get_close_matches(key, KINDS, n=3, cutoff=0.6):
            keys = _KEYS[meant]  # type: ignore[index]
            if meant not in given and meant not in own and (kind is None or kind in keys):
                likeness = SequenceMatcher(None, key, meant).ratio()
                found.append((sum(other in keys for other in given), likeness, key, meant))  # type: ignore[arg-type]
    best = max(found, default=None)
    return best and (best[2], best[3])


def _mended(given: Any, info: ValidationInfo) -> Any:
    """A step with its kind written right; that it was not is told to the loader. Without one it stays as it is."""
    told = info.context.get("misspelt") if isinstance(info.context, dict) else None
    found = _misspelt(given) if told is not None and isinstance(given, dict) else None
    if told is None or found is None:
        return given
    told(given, *found)
    mended = copy(given)
    mended[found[1]] = mended.pop(found[0])
    return mended


Step = Annotated[
    Annotated[AskStep, Tag("step:ask")]
    | Annotated[MenuStep, Tag("step:menu")]
    | Annotated[CallStep, Tag("step:call")]
    | Annotated[ChooseStep, Tag("step:choose")]
    | Annotated[SetStep, Tag("step:set")]
    | Annotated[GotoStep, Tag("step:goto")]
    | Annotated[FlowStep, Tag("step:flow")]
    | Annotated[HandoffStep, Tag("step:handoff")]
    | Annotated[WaitStep, Tag("step:wait")]
    | Annotated[RememberStep, Tag("step:remember")]
    | Annotated[ForgetStep, Tag("step:forget")]
    | Annotated[TagStep, Tag("step:tag")]
    | Annotated[UntagStep, Tag("step:untag")]
    | Annotated[EndStep, Tag("step:end")]
    | Annotated[SayStep, Tag("step:say")],
    Discriminator(_kind),
    BeforeValidator(_mended),
]
Steps = Annotated[tuple[Step, ...], Field(min_length=1), BeforeValidator(_steps, json_schema_input_type=list[Step])]
for _model in (AskStep, MenuOption, MenuStep, CallStep, When, Otherwise, ChooseStep, WaitStep):
    _model.model_rebuild()

AnyStep = (
    AskStep | MenuStep | CallStep | ChooseStep | SetStep | GotoStep | FlowStep | HandoffStep | WaitStep | RememberStep
    | ForgetStep | TagStep | UntagStep | EndStep | SayStep
)  # fmt: skip
_KEYS: dict[Kind, tuple[str, ...]] = {
    next(kind for kind in KINDS if kind in model.model_fields): model.keys() for model in get_args(AnyStep)
}
"""The keys of each kind of step."""


def kind_of(step: AnyStep) -> Kind:
    return next(kind for kind in KINDS if kind in type(step).model_fields)


def name_of(step: AnyStep) -> str:
    """What `goto` calls it: its `name:`, or an ask's slot; "" when it has none."""
    return step.name or (step.ask if isinstance(step, AskStep) else "")


def blocks(step: AnyStep) -> Iterator[tuple[Place, tuple[AnyStep, ...]]]:
    """The lists of steps inside a step, each with its place below the step."""
    if isinstance(step, AskStep | WaitStep | MenuStep) and step.otherwise is not None:
        yield ("otherwise",), step.otherwise
    if isinstance(step, CallStep) and step.on_error is not None:
        yield ("on_error",), step.on_error
    elif isinstance(step, MenuStep):
        for number, option in enumerate(step.menu):
            if option.steps:
                yield ("menu", number, "do"), option.steps
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
