"""What a turn of the bot is given besides the dialog, and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from estafeta.kernel.errors import EstafetaError
from estafeta.kernel.model import Button, Dialog, Frame, Habit, Json, Media, Reason, Remembered
from flows.model import Flow, Step, Workspace


class Stuck(EstafetaError):
    """A flow cannot go on; says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is kept of a customer from one talk to the next."""

    tags: tuple[str, ...] = ()
    memory: Mapping[str, Remembered] = field(default_factory=dict)
    habits: Mapping[str, Habit] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a turn knows of the world. `seed` chooses among variants: the same seed, the same one.
    `now` is aware; texts show it in the time zone of hours.yml. `channel` is where the answer goes."""

    language: str
    customer_name: str
    now: datetime
    open: bool
    seed: str
    channel: str = ""
    known: Known = field(default_factory=Known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """`text` is Markdown, for `flows.markdown.parse`; the buttons' words are plain. Before it `delay` seconds of
    typing. `flow` and `step` (its pointer) say where it comes from."""

    text: str
    buttons: tuple[Button, ...] = ()
    media: tuple[Media, ...] = ()
    delay: float = 0.0
    flow: str = ""
    step: str = ""


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


_ASIDE = "!"
"""Before the step of a stored frame that is put aside."""


@dataclass(slots=True)
class Open:
    """A frame being worked on. `answered` are slots that the starting message has answered already and
    that no question has passed yet; a stored frame keeps them behind its step's pointer. One that is put
    `aside` is where people were called: until the bot has the conversation back nothing moves it."""

    flow: Flow
    index: int
    attempts: int = 0
    phase: str = ""
    answered: tuple[str, ...] = ()
    aside: bool = False

    @property
    def step(self) -> Step:
        return self.flow.steps[self.index]

    @classmethod
    def restore(cls, workspace: Workspace, frame: Frame) -> Open | None:
        """None when the flow, or a step of that kind and name at that place, is gone."""
        flow = workspace.library.flows.get(frame.flow)
        place, _, answered = frame.step.removeprefix(_ASIDE).partition("?")
        index = None if flow is None else flow.places.get(place)
        if flow is None or index is None:
            return None
        slots = tuple(answered.split(",")) if answered else ()
        return cls(flow, index, frame.attempts, frame.phase, slots, is_aside(frame))

    def store(self) -> Frame:
        step = _ASIDE * self.aside + self.step.place + ("?" + ",".join(self.answered) if self.answered else "")
        return Frame(
            flow=self.flow.name, version=self.flow.version, step=step, attempts=self.attempts,
            phase=self.phase,  # type: ignore[arg-type]
        )  # fmt: skip


def is_aside(frame: Frame) -> bool:
    return frame.step.startswith(_ASIDE)


def put_aside(dialog: Dialog) -> Dialog:
    """The dialog when people are called: what is open waits until the bot has the conversation back."""
    frames = (frame if is_aside(frame) else replace(frame, step=_ASIDE + frame.step) for frame in dialog.frames)
    return replace(dialog, frames=tuple(frames))


def only_aside(dialog: Dialog) -> Dialog:
    """Without what was begun since people were called."""
    return replace(dialog, frames=tuple(frame for frame in dialog.frames if is_aside(frame)))
