"""A workspace ready to run: its files as they were read, and its flows compiled.

A compiled flow is one flat tuple of steps. Every step knows the index of the one after it (`END`
when the flow is over), and blocks inside of steps lie in the same tuple, so that running is walking
an array. What people write is in `flows.files` and `flows.steps`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from estafeta.kernel.model import Media, Reason
from flows import flow_file
from flows.files import Action, BotFile, CannedReply, Fallback, Phrases, RepliesFile
from flows.flow_file import FlowFile
from flows.handoff_file import HandoffRules, Skill
from flows.hours_file import HoursFile, Interval, Schedule
from flows.sentiment_file import SentimentFile
from flows.strict import LocalText
from flows.templates import Expression, Value, Words
from flows.tone_file import ToneFile

__all__ = [
    "END",
    "Action",
    "Ask",
    "BotFile",
    "Call",
    "CallPeople",
    "CannedReply",
    "Choose",
    "Copy",
    "EndAll",
    "Entity",
    "Fallback",
    "Flow",
    "FlowFile",
    "Forget",
    "Goto",
    "HandOff",
    "HandoffRules",
    "HoursFile",
    "Interval",
    "Label",
    "Library",
    "LocalText",
    "Menu",
    "Option",
    "Phrases",
    "PreparedAction",
    "PressTo",
    "Remember",
    "RepliesFile",
    "Run",
    "Say",
    "Schedule",
    "SentimentFile",
    "Set",
    "Skill",
    "Spoken",
    "Step",
    "ToneFile",
    "Training",
    "Wait",
    "Workspace",
]

END = -1


@dataclass(frozen=True, slots=True)
class Copy:
    """A compiled text; `default` is for a language that it is not written in, and for all when it has none."""

    default: Words
    by_language: Mapping[str, Words] = field(default_factory=dict)

    def words(self, language: str) -> Words:
        return self.by_language.get(language, self.default)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOff:
    reason: Reason
    skill: str
    summary: Copy


@dataclass(frozen=True, slots=True, kw_only=True)
class PressTo:
    """A button, and what pressing it does: at most one of `flow` and `handoff`; with neither it says
    its words. `value` is what choosing it means."""

    id: str
    text: Copy
    flow: str = ""
    handoff: HandOff | None = None
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What a step says: one of `variants`, or of those for the channel; with files, after some seconds of typing."""

    variants: tuple[Copy, ...]
    channels: Mapping[str, tuple[Copy, ...]] = field(default_factory=dict)
    media: tuple[Media, ...] = ()
    delay: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`place` is the pointer that a `Frame` keeps: path, kind and name, so that after a change of the
    content it is known whether the same step still stands there. `path` is the place in the file."""

    place: str
    path: tuple[str | int, ...]
    next: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Say(Step):
    words: Spoken
    buttons: tuple[PressTo, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(Step):
    """`otherwise` is where to go when `attempts` further questions brought nothing. `remember` is for how many
    seconds the answer is kept for later talks (0: for good); None: not at all."""

    slot: str
    expect: str
    words: Spoken
    again: Spoken
    buttons: tuple[PressTo, ...]
    attempts: int
    otherwise: int
    valid: Expression | None = None
    invalid: Spoken | None = None
    confirm: Copy | None = None
    still: Copy | None = None
    remember: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """What can be chosen in a menu, and the step it leads to. `habit` is what the customer's choices are counted by."""

    button: PressTo
    when: Expression | None
    leads_to: int
    habit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu(Step):
    words: Spoken
    again: Spoken
    options: tuple[Option, ...]
    by_habit: bool
    attempts: int
    otherwise: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Step):
    """`save` is "" when the reply is not kept; `parts` are what is kept of it by name; `on_error` is where to go
    when the call failed."""

    action: str
    arguments: Mapping[str, Value]
    save: str
    parts: tuple[tuple[str, Value], ...]
    on_error: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait(Step):
    """For `seconds`, or until a time; with an `event` at most that long, then `otherwise`. `save` is "" when what
    the event brings is not kept."""

    seconds: int
    until: Value | None
    event: str
    save: str
    otherwise: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Remember(Step):
    """`seconds` is 0 for good."""

    values: tuple[tuple[str, Value], ...]
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget(Step):
    """() is everything."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Label(Step):
    """Words for who the customer is, added or taken away."""

    tags: tuple[str, ...]
    off: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Choose(Step):
    """The first condition that holds tells where to go; none: `next`."""

    cases: tuple[tuple[Expression, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Set(Step):
    values: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Goto(Step):
    """Goes to `next`; also what `end: true` becomes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndAll(Step):
    """Ends this flow and all that wait below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Step):
    flow: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPeople(Step):
    handoff: HandOff


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """`version` is the content's hash. `places` finds a step by its pointer. `asks` are the slot and
    the entity of every question, in order: what a starting message may answer at once. `public`: it may
    answer where strangers read along. `title` is what it is for, in menus of commands."""

    name: str
    title: LocalText | None
    version: str
    intents: tuple[str, ...]
    command: str
    always: bool
    public: bool
    steps: tuple[Step, ...]
    start: int
    places: Mapping[str, int]
    asks: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedAction:
    """An action of bot.yml with its templates compiled."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    url: Words
    headers: tuple[tuple[str, Words], ...]
    timeout: float
    retries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """What the training data tells of an entity: its regular expressions, and words with their value
    (casefolded)."""

    patterns: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """The names in nlu/*.yml."""

    intents: frozenset[str] = frozenset()
    entities: Mapping[str, Entity] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """Everything that may run, found by what starts it."""

    flows: Mapping[str, Flow]
    by_intent: Mapping[str, str]
    by_command: Mapping[str, str]
    by_words: Mapping[str, str]
    """Words of a button (casefolded) to the flow that they start."""
    by_link: Mapping[str, str]
    """What a link carries, or how it begins, with a * behind it."""
    by_event: Mapping[str, str]
    scheduled: Mapping[str, flow_file.Schedule]
    buttons: Mapping[str, PressTo]
    answers: frozenset[str]
    """The ids of those that answer a question."""
    phrases: Mapping[str, Copy]
    actions: Mapping[str, PreparedAction]
    names: Copy
    """The bot's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    path: Path
    bot: BotFile
    hours: HoursFile
    replies: tuple[CannedReply, ...]
    library: Library
    training: Training
    media: Mapping[str, Media] = field(default_factory=dict)
    sentiment: SentimentFile = field(default_factory=SentimentFile)
    tone: ToneFile = field(default_factory=ToneFile)

    @property
    def languages(self) -> tuple[str, ...]:
        return self.bot.languages

    @property
    def default_language(self) -> str:
        return self.bot.languages[0]

    @property
    def skills(self) -> Mapping[str, Skill]:
        return self.bot.skills

    @property
    def default_skill(self) -> str:
        return next(iter(self.bot.skills))

    def matters(self, language: str) -> Mapping[str, str]:
        """What intents are about, for people: the titles of the flows that answer them, where they have one."""
        flows = self.library.flows
        titles = {intent: flows[name].title for intent, name in self.library.by_intent.items()}
        default = self.default_language
        return {name: title.pick(language, default) for name, title in titles.items() if title is not None}
