"""One turn of the interpreter: the stack while it is worked on, and the steps.

A `Turn` is made for one call of `flows.interpreter.advance` and thrown away; what it was given stays
as it was. How questions are asked and answered is in `flows.questions`.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from estafeta.kernel.model import Button, Dialog, Json, Parked, Remembered, Understanding
from flows import model, questions, templates
from flows.answers import BUILT_IN, entities
from flows.model import END, Copy, Flow, HandOff, PressTo, Spoken, Step, Workspace
from flows.scope import Call, HandoffRequest, Open, Reply, Scope, Stuck

STEP_LIMIT = 200
FRAME_LIMIT = 16
PARKED_LIMIT = 16
MEMORY_LIMIT = 100


class Turn:
    def __init__(self, workspace: Workspace, dialog: Dialog, scope: Scope) -> None:
        self.workspace = workspace
        self.scope = scope
        self.replies: list[Reply] = []
        self.call: Call | None = None
        self.handoff: HandoffRequest | None = None
        self.started: list[str] = []
        self.known = scope.known
        self._dialog = dialog
        self._slots: dict[str, Json] = dict(dialog.slots)
        restored = (Open.restore(workspace, frame) for frame in dialog.frames)
        self._stack = [frame for frame in restored if frame is not None]
        self._parked = list(dialog.parked)
        self._steps = 0
        self._returned = False
        self._values: dict[str, Any] | None = None

    @property
    def top(self) -> Open | None:
        """The frame that may go on, if there is one."""
        return self._stack[-1] if self._stack and not self._stack[-1].aside else None

    @property
    def question(self) -> model.Ask | model.Menu | None:
        """The open one, if the top frame waits for an answer."""
        step = self.top.step if self.top else None
        return step if isinstance(step, model.Ask | model.Menu) else None

    @property
    def waits_for_call(self) -> bool:
        return self.top is not None and isinstance(self.top.step, model.Call)

    @property
    def running(self) -> set[str]:
        """The flow on top and those that run it: what the customer is in the middle of."""
        return {frame.flow.name for frame in self._stack[len(self._stack) - self._talking() :]}

    def _talking(self) -> int:
        """How many frames on top belong together: the one on top and those that run it."""
        count = 0
        for frame in reversed(self._stack):
            if frame.aside or (count and not isinstance(frame.step, model.Run)):
                break
            count += 1
        return count

    def dialog(self) -> Dialog:
        """Where the conversation stands after this turn."""
        frames = tuple(frame.store() for frame in self._stack)
        parked = tuple(self._parked)
        return Dialog(frames=frames, slots=self._slots, parked=parked, release=self._dialog.release)

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

    def called(self, step: model.Call, *, ok: bool, data: Json) -> None:
        if not ok:
            self.go_on(step.on_error)
            return
        if step.save:
            self.keep(step.save, data)
        for slot, value in step.parts:
            self.keep(slot, templates.evaluate(value, self.seen(reply=data)))
        self.go_on(step.next)

    def call_again(self, step: model.Call) -> None:
        """People had the conversation when the reply came, so it was not heard. Only what reads may be
        asked a second time."""
        action = self.workspace.library.actions.get(step.action)
        if action is not None and action.method == "GET":
            self._call(step)
        else:
            self.go_on(step.on_error)

    def call_people(self, rule: HandOff) -> None:
        self.handoff = HandoffRequest(reason=rule.reason, skill=rule.skill, summary=self.rendered(rule.summary))

    def resume(self) -> None:
        """The bot has the conversation back: what was put aside may go on."""
        self._returned = True
        for frame in self._stack:
            frame.aside = False
        if self._stack:
            self.come_back()

    def come_back(self) -> None:
        """The top frame is free to go on: its question is asked again; a `flow` step, or people's part, is over;
        what it called for is asked for once more."""
        frame = self._stack[-1]
        step = frame.step
        if isinstance(step, model.Ask | model.Menu):
            questions.ask(self, frame, step)
        elif isinstance(step, model.Run | model.CallPeople):
            self.go_on(step.next)
        elif isinstance(step, model.Call) and self._returned:  # else its reply is still to come
            self.call_again(step)

    def happened(self, event: str, data: Json, flow: str) -> bool:
        """What waits for the event goes on; else the flow that it starts begins. False when it concerns none."""
        waiting = None if flow else next((one for one in self._parked if one.event == event), None)
        flow = flow or self.workspace.library.by_event.get(event, "")
        if waiting is None and flow not in self.workspace.library.flows:
            return False
        self.keep("event", data)
        if waiting is None:
            self.start(flow, None)
        else:
            self._unpark(waiting, data, happened=True)
        return True

    def wake(self) -> bool:
        """Whatever waited until now goes on, the longest due first; behind one that calls an action, or people, the
        others wait on. False when nothing did."""
        due = sorted((one for one in self._parked if one.until <= self.scope.now), key=lambda one: one.until)
        for one in due:
            if self.call is not None or self.handoff is not None:
                break
            data = one.happened[0] if one.happened else None
            if one.happened:
                self.keep("event", data)
            self._unpark(one, data, happened=bool(one.happened))
        return bool(due)

    def go_on(self, index: int) -> None:
        """Runs from a step of the top frame until something must be waited for."""
        while True:
            frame = self._stack[-1]
            frame.attempts, frame.phase = 0, ""
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
                self.speak(step, step.words, self.buttons(step.buttons))
            case model.Ask() | model.Menu():
                return questions.begin(self, frame, step)
            case model.Choose():
                return self._choose(step)
            case model.EndAll():
                self._end_all()
                return None
            case model.Run():
                return self._run(frame, step)
            case model.Call():
                self._call(step)
                return None
            case model.Wait():
                self._park(step)
                return None
            case model.CallPeople():
                self.call_people(step.handoff)
                return None
            case _:
                self._change(frame, step)
        return step.next

    def _change(self, frame: Open, step: Step) -> None:
        """What a step that never waits keeps, of this talk and of the customer."""
        match step:
            case model.Set():
                for slot, value in step.values:
                    self.keep(slot, templates.evaluate(value, self.seen()))
            case model.Remember():
                for name, value in step.values:
                    self.remember(name, templates.evaluate(value, self.seen()), step.seconds, frame.flow)
            case model.Forget():
                self._forget(step)
            case model.Label():
                self._label(step)

    def _end_all(self) -> None:
        while self.top:
            self._stack.pop()

    def _choose(self, step: model.Choose) -> int:
        for condition, index in step.cases:
            if condition.holds(self.seen()):
                return index
        return step.next

    def _run(self, frame: Open, step: model.Run) -> int:
        flow = self.workspace.library.flows.get(step.flow)
        if flow is None:
            raise Stuck(f'flow "{frame.flow.name}" runs "{step.flow}", which is not there')
        if len(self._stack) >= FRAME_LIMIT:
            raise Stuck(f'flow "{frame.flow.name}" is {FRAME_LIMIT} deep; do flows run each other in a circle?')
        self._push(flow, frame.answered)
        return flow.start

    def _call(self, step: model.Call) -> None:
        self.call = Call(action=step.action, arguments=templates.evaluate(step.arguments, self.seen()))

    def _park(self, step: model.Wait) -> None:
        """Puts the flow, with those that run it, aside until its time; what it interrupted goes on."""
        if len(self._parked) >= PARKED_LIMIT:
            raise Stuck(f"{PARKED_LIMIT} flows wait for their time already; this one cannot")
        group = self._talking()
        frames = tuple(frame.store() for frame in self._stack[-group:])
        del self._stack[-group:]
        self._parked.append(Parked(frames=frames, until=self._until(step), event=step.event))
        if self.top:
            self.come_back()

    def _until(self, step: model.Wait) -> datetime:
        if step.until is None:
            return self.scope.now + timedelta(seconds=step.seconds)
        found = templates.evaluate(step.until, self.seen())
        try:
            at = datetime.fromisoformat(found) if isinstance(found, str) else None
        except ValueError:
            at = None
        if at is None:
            raise Stuck(f'"{found}" is no time to wait until; expected one like 2026-12-31T10:00')
        zone = self.workspace.hours.zone
        try:
            return max(self.scope.now, (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC))
        except OverflowError:
            raise Stuck(f'"{found}" is too far away to wait until') from None

    def _unpark(self, parked: Parked, data: Json, *, happened: bool) -> None:
        self._parked.remove(parked)
        restored = [Open.restore(self.workspace, frame) for frame in parked.frames]
        if restored[-1] is None:
            return  # the content has changed meanwhile, and what waited is no more
        frames = [frame for frame in restored if frame is not None]
        step = frames[-1].step
        del self._stack[: max(0, len(self._stack) + len(frames) - FRAME_LIMIT)]
        self._stack += frames
        if not isinstance(step, model.Wait):  # it has not begun yet
            self.started.append(frames[-1].flow.name)
            self.go_on(frames[-1].index)
            return
        if happened and step.save:
            self.keep(step.save, data)
        self.go_on(step.next if happened or not step.event else step.otherwise)

    # --- what is kept of the customer ---

    def remember(self, name: str, value: Json, seconds: int, flow: Flow) -> None:
        until = self.scope.now + timedelta(seconds=seconds) if seconds else None
        memory = {**self.known.memory, name: Remembered(value=value, source=flow.name, at=self.scope.now, until=until)}
        while len(memory) > MEMORY_LIMIT:
            del memory[min(memory, key=lambda one: memory[one].at)]
        self.known = replace(self.known, memory=memory)
        self._values = None

    def _forget(self, step: model.Forget) -> None:
        """What this talk knows by the same names goes too: else it would be offered as known the next time."""
        gone = step.names or tuple(self.known.memory)
        self.known = replace(
            self.known, memory={name: one for name, one in self.known.memory.items() if name not in gone}
        )
        for name in gone:
            self._slots.pop(name, None)
        self._values = None

    def _label(self, step: model.Label) -> None:
        tags = tuple(tag for tag in self.known.tags if tag not in step.tags)
        self.known = replace(self.known, tags=tags if step.off else (*tags, *step.tags))
        self._values = None

    # --- what is said ---

    def speak(self, step: Step, words: Spoken, buttons: tuple[Button, ...], /, **values: Json) -> None:
        variants = words.channels.get(self.scope.channel) or words.variants
        chosen = 0
        if len(variants) > 1:
            chosen = zlib.crc32(f"{self.scope.seed}:{step.place}".encode("utf-8", "replace")) % len(variants)
        self.say(variants[chosen], buttons, words, **values)

    def say(self, copy: Copy, buttons: tuple[Button, ...], spoken: Spoken | None = None, /, **values: Json) -> None:
        words = copy.words(self.scope.language)
        text = words if isinstance(words, str) else templates.render_markdown(words, self.seen(**values))
        media, delay = (spoken.media, spoken.delay) if spoken is not None else ((), 0.0)
        if text or media:
            frame = self._stack[-1]
            self.replies.append(
                Reply(
                    text=text, buttons=buttons, media=media, delay=delay, flow=frame.flow.name, step=frame.step.place
                )
            )  # fmt: skip

    def buttons(self, rules: Iterable[PressTo]) -> tuple[Button, ...]:
        return tuple(Button(id=button.id, text=self.rendered(button.text)) for button in rules)

    def rendered(self, copy: Copy) -> str:
        words = copy.words(self.scope.language)
        return words if isinstance(words, str) else templates.render(words, self.seen())

    # --- what templates see ---

    def keep(self, slot: str, value: Json) -> None:
        self._slots[slot] = value
        self._values = None

    def slot(self, name: str) -> Json:
        return self._slots.get(name)

    def remembered(self, name: str) -> Json:
        """What is known from earlier talks, if that still counts."""
        found = self.known.memory.get(name)
        return None if found is None or (found.until and found.until <= self.scope.now) else found.value

    def seen(self, **more: Json) -> Mapping[str, Any]:
        if self._values is None:
            scope = self.scope
            name = self.workspace.library.names.words(scope.language)
            self._values = {
                **self._slots,
                "slots": self._slots,
                "customer": {"name": scope.customer_name, "language": scope.language, "tags": list(self.known.tags)},
                "memory": {name: self.remembered(name) for name in self.known.memory},
                "bot": {"name": name if isinstance(name, str) else templates.unrendered(name)},
                "now": scope.now.astimezone(self.workspace.hours.zone),
                "open": scope.open,
            }
        return {**self._values, **more} if more else self._values

    def _push(self, flow: Flow, answered: Iterable[str]) -> None:
        self._stack.append(Open(flow, flow.start, answered=tuple(answered)))
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
                self.keep(slot, heard[number])
                found.append(slot)
        return found
