"""One turn of the interpreter: the stack while it is worked on, and the steps.

A `Turn` is made for one call of `flows.interpreter.advance` and thrown away; what it was given stays
as it was.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from estafeta.kernel.errors import EstafetaError
from estafeta.kernel.model import Button, Dialog, Frame, Json, Reason, Understanding
from flows import model, templates
from flows.answers import BUILT_IN, entities
from flows.model import END, Copy, Flow, HandOff, PressTo, Step, Workspace

STEP_LIMIT = 200
FRAME_LIMIT = 16
_ASIDE = "!"
"""Before the step of a stored frame that is put aside."""


class Stuck(EstafetaError):
    """A flow cannot go on; says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a turn knows of the world. `seed` chooses among variants: the same seed, the same one.
    `now` is aware; texts show it in the time zone of hours.yml."""

    language: str
    customer_name: str
    now: datetime
    open: bool
    seed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """`text` is Markdown, for `flows.markdown.parse`; the buttons' words are plain."""

    text: str
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    action: str
    arguments: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffRequest:
    """`skill` is "" for whichever the matter belongs to. `say` is why, in the customer's language and in Markdown:
    told before the words about waiting. `priority` is the ticket's."""

    reason: Reason
    skill: str
    summary: str
    priority: int = 0
    say: str = ""


@dataclass(slots=True)
class Open:
    """A frame being worked on. `known` are slots that the starting message has answered already and
    that no question has passed yet; a stored frame keeps them behind its step's pointer. One that is put
    `aside` is where people were called: until the bot has the conversation back nothing moves it."""

    flow: Flow
    index: int
    attempts: int
    known: tuple[str, ...]
    aside: bool = False

    @property
    def step(self) -> Step:
        return self.flow.steps[self.index]

    @classmethod
    def restore(cls, workspace: Workspace, frame: Frame) -> Open | None:
        """None when the flow, or a step of that kind and name at that place, is gone."""
        flow = workspace.library.flows.get(frame.flow)
        place, _, known = frame.step.removeprefix(_ASIDE).partition("?")
        index = None if flow is None else flow.places.get(place)
        if flow is None or index is None:
            return None
        return cls(flow, index, frame.attempts, tuple(known.split(",")) if known else (), is_aside(frame))

    def store(self) -> Frame:
        step = _ASIDE * self.aside + self.step.place + ("?" + ",".join(self.known) if self.known else "")
        return Frame(flow=self.flow.name, version=self.flow.version, step=step, attempts=self.attempts)


def is_aside(frame: Frame) -> bool:
    return frame.step.startswith(_ASIDE)


def put_aside(dialog: Dialog) -> Dialog:
    """The dialog when people are called: what is open waits until the bot has the conversation back."""
    frames = (f if is_aside(f) else replace(f, step=_ASIDE + f.step) for f in dialog.frames)
    return replace(dialog, frames=tuple(frames))


def only_aside(dialog: Dialog) -> Dialog:
    """Without what was begun since people were called."""
    return replace(dialog, frames=tuple(frame for frame in dialog.frames if is_aside(frame)))


class Turn:
    def __init__(self, workspace: Workspace, dialog: Dialog, scope: Scope) -> None:
        self.workspace = workspace
        self.replies: list[Reply] = []
        self.call: Call | None = None
        self.handoff: HandoffRequest | None = None
        self.started: list[str] = []
        self._scope = scope
        self._slots: dict[str, Json] = dict(dialog.slots)
        restored = (Open.restore(workspace, frame) for frame in dialog.frames)
        self._stack = [frame for frame in restored if frame is not None]
        self._steps = 0
        self._woken = False
        self._values: dict[str, Any] | None = None

    @property
    def top(self) -> Open | None:
        """The frame that may go on, if there is one."""
        return self._stack[-1] if self._stack and not self._stack[-1].aside else None

    @property
    def question(self) -> model.Ask | None:
        """The open one, if the top frame waits for an answer."""
        step = self.top.step if self.top else None
        return step if isinstance(step, model.Ask) else None

    @property
    def waits_for_call(self) -> bool:
        return self.top is not None and isinstance(self.top.step, model.Call)

    @property
    def running(self) -> set[str]:
        """The flow on top and those that run it: what the customer is in the middle of."""
        found: set[str] = set()
        for frame in reversed(self._stack):
            if frame.aside or (found and not isinstance(frame.step, model.Run)):
                break
            found.add(frame.flow.name)
        return found

    def dialog(self) -> Dialog:
        """Where the conversation stands after this turn."""
        return Dialog(frames=tuple(frame.store() for frame in self._stack), slots=self._slots, fallbacks=0)

    def drop_failed(self) -> None:
        """Drops the flow that broke off, and those that ran it and wanted its outcome."""
        if self.top:
            self._stack.pop()
        while self.top and isinstance(self.top.step, model.Run):
            self._stack.pop()

    # --- what the interpreter asks for ---

    def start(self, name: str, understanding: Understanding | None) -> None:
        """Starts a flow on top of what waits. If it waits somewhere in the stack it starts over there,
        and what was above it is let go."""
        flow = self.workspace.library.flows[name]
        for depth, frame in enumerate(self._stack):
            if frame.flow.name == name and not frame.aside:
                del self._stack[depth:]
                break
        if len(self._stack) >= FRAME_LIMIT:
            del self._stack[0]
        self._push(flow, self._prefill(flow, understanding))
        self.go_on(flow.start)

    def answered(self, question: model.Ask, found: Json) -> None:
        self._keep(question.slot, found)
        self.go_on(question.next)

    def ask_again(self) -> None:
        """The text did not answer the open question."""
        frame, question = self._stack[-1], self.question
        if question is None:
            return
        if frame.attempts < question.attempts:
            frame.attempts += 1
            self._say(question, question.again, question.buttons)
        else:
            self.go_on(question.otherwise)

    def called(self, step: model.Call, *, ok: bool, data: Json) -> None:
        if ok and step.save:
            self._keep(step.save, data)
        self.go_on(step.next if ok else step.on_error)

    def call_again(self, step: model.Call) -> None:
        """People had the conversation when the reply came, so it was not heard. Only what reads may be
        asked a second time."""
        action = self.workspace.library.actions.get(step.action)
        if action is not None and action.method == "GET":
            self._call(step)
        else:
            self.go_on(step.on_error)

    def call_people(self, rule: HandOff) -> None:
        self.handoff = HandoffRequest(reason=rule.reason, skill=rule.skill, summary=self._rendered(rule.summary))

    def wake(self) -> None:
        """The bot has the conversation back: what was put aside may go on."""
        self._woken = True
        for frame in self._stack:
            frame.aside = False

    def come_back(self) -> None:
        """The top frame is free to go on: its question is asked again; a `flow` step, or people's part, is over;
        what it called for is asked for once more."""
        step = self._stack[-1].step
        if isinstance(step, model.Ask):
            self._say(step, step.variants, step.buttons)
        elif isinstance(step, model.Run | model.CallPeople):
            self.go_on(step.next)
        elif isinstance(step, model.Call) and self._woken:  # else its reply is still to come
            self.call_again(step)

    def go_on(self, index: int) -> None:
        """Runs from a step of the top frame until something must be waited for."""
        while True:
            frame = self._stack[-1]
            frame.attempts = 0
            if index == END:
                self._stack.pop()
                if self.top is None:
                    return
                below = self.top.step
                if not isinstance(below, model.Run):
                    self.come_back()
                    return
                index = below.next
                continue
            self._steps += 1
            if self._steps > STEP_LIMIT:
                raise Stuck(f'flow "{frame.flow.name}" went on for {STEP_LIMIT} steps without waiting for anything')
            frame.index = index
            following = self._do(frame, frame.step)
            if following is None:
                return
            index = following

    # --- the steps ---

    def _do(self, frame: Open, step: Step) -> int | None:
        """Does one step; the index of the next, or None when it must be waited."""
        match step:
            case model.Say():
                self._say(step, step.variants, step.buttons)
                return step.next
            case model.Ask():
                if step.slot in frame.known:
                    frame.known = tuple(slot for slot in frame.known if slot != step.slot)
                    return step.next
                self._say(step, step.variants, step.buttons)
                return None
            case model.Choose():
                return self._choose(step)
            case model.Set():
                for slot, value in step.values:
                    self._keep(slot, templates.evaluate(value, self._seen()))
                return step.next
            case model.Goto():
                return step.next
            case model.EndAll():
                self._end_all()
                return None
            case model.Run():
                return self._run(frame, step)
            case model.Call():
                self._call(step)
                return None
            case model.CallPeople():
                self.call_people(step.handoff)
                return None
        raise Stuck(f"a step of an unknown kind: {type(step).__name__}")

    def _end_all(self) -> None:
        while self.top:
            self._stack.pop()

    def _choose(self, step: model.Choose) -> int:
        for condition, index in step.cases:
            if condition.holds(self._seen()):
                return index
        return step.next

    def _run(self, frame: Open, step: model.Run) -> int:
        flow = self.workspace.library.flows.get(step.flow)
        if flow is None:
            raise Stuck(f'flow "{frame.flow.name}" runs "{step.flow}", which is not there')
        if len(self._stack) >= FRAME_LIMIT:
            raise Stuck(f'flow "{frame.flow.name}" is {FRAME_LIMIT} deep; do flows run each other in a circle?')
        self._push(flow, frame.known)
        return flow.start

    def _call(self, step: model.Call) -> None:
        self.call = Call(action=step.action, arguments=templates.evaluate(step.arguments, self._seen()))

    def _say(self, step: Step, variants: tuple[Copy, ...], buttons: tuple[PressTo, ...]) -> None:
        chosen = 0
        if len(variants) > 1:
            chosen = zlib.crc32(f"{self._scope.seed}:{step.place}".encode("utf-8", "replace")) % len(variants)
        words = variants[chosen].words(self._scope.language)
        text = words if isinstance(words, str) else templates.render_markdown(words, self._seen())
        if text:
            self.replies.append(Reply(text=text, buttons=tuple(self._button(button) for button in buttons)))

    def _button(self, button: PressTo) -> Button:
        return Button(id=button.id, text=self._rendered(button.text))

    # --- what templates see ---

    def _rendered(self, copy: Copy) -> str:
        words = copy.words(self._scope.language)
        return words if isinstance(words, str) else templates.render(words, self._seen())

    def _keep(self, slot: str, value: Json) -> None:
        self._slots[slot] = value
        self._values = None

    def _seen(self) -> dict[str, Any]:
        if self._values is None:
            scope = self._scope
            name = self.workspace.library.names.words(scope.language)
            self._values = {
                **self._slots,
                "slots": self._slots,
                "customer": {"name": scope.customer_name, "language": scope.language},
                "bot": {"name": name if isinstance(name, str) else templates.unrendered(name)},
                "now": scope.now.astimezone(self.workspace.hours.zone),
                "open": scope.open,
            }
        return self._values

    def _push(self, flow: Flow, known: Iterable[str]) -> None:
        self._stack.append(Open(flow, flow.start, 0, tuple(known)))
        self.started.append(flow.name)

    def _prefill(self, flow: Flow, understanding: Understanding | None) -> list[str]:
        """Keeps what the starting message answers already: the first question about an entity gets its
        first mention, the second its second."""
        if understanding is None or not understanding.entities:
            return []
        taken: dict[str, int] = {}
        found = []
        for slot, entity in flow.asks:
            if entity in BUILT_IN:
                continue
            heard = entities(understanding, entity)
            number = taken.get(entity, 0)
            if number < len(heard):
                taken[entity] = number + 1
                self._keep(slot, heard[number])
                found.append(slot)
        return found
