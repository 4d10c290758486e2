"""A file of flows/tests/*.yml as it is written: conversations that must hold.

A conversation is a list of lines. Some say what happens (the customer says, presses, follows a link; an event; time
passes; people give the conversation back), the others what must come of it, in that order.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, StrictBool, StrictStr, Tag, field_validator, model_validator

from estafeta.kernel.model import Json
from flows.strict import Duration, LocalText, Strict, wrong
from flows.written import Name, Names, Texts, Why

NOTHING = "nothing"
"""What `means` and `asked` hold when it is none of all."""
Heard = dict[StrictStr, Names]
"""Entities by name, each with its value or values."""


class _Meaning(Strict):
    """How the words are understood. Without `means` the trained model says, if there is one."""

    means: StrictStr | None = None
    confidence: Annotated[float, Field(ge=0, le=1)] = 1.0
    entities: Heard = {}


# --- what happens --------------------------------------------------------------------------------


class CustomerLine(_Meaning):
    """What the customer writes."""

    customer: LocalText


class PressLine(_Meaning):
    """A button under something that the bot said, by the button's words."""

    press: LocalText


class LinkLine(Strict):
    """A link led into the chat and carried that."""

    link: StrictStr


class EventLine(Strict):
    """Something outside happened; `with` is what it brings."""

    event: Name
    with_: Annotated[Json, Field(alias="with")] = None


class ScheduledLine(Strict):
    """The time of a flow that starts by `schedule` has come."""

    scheduled: Name


class AfterLine(Strict):
    """Time passes; what waits for it goes on."""

    after: Duration


class PeopleLine(Strict):
    """What people do with a conversation that they were called into: give it back to the bot, or close it."""

    people: Literal["return", "close"]


# --- what must come of it ------------------------------------------------------------------------


class BotLine(Strict):
    """What is said: the whole text, with * for anything; of several texts one. `buttons` are all of them, in order;
    `media` the names of the files."""

    bot: Texts
    buttons: tuple[LocalText, ...] | None = None
    media: Names | None = None


class SilentLine(Strict):
    """Nothing is said."""

    silent: Literal[True]


class CalledLine(Strict):
    """An action is called; `with` are all its arguments."""

    called: StrictStr
    with_: Annotated[dict[StrictStr, Json] | None, Field(alias="with")] = None


class Handoff(Strict):
    """What is left out may be anything."""

    reason: Why | None = None
    skill: StrictStr | None = None
    summary: LocalText | None = None


def _handoff(given: Any) -> Any:
    """A reason is short for `reason:`."""
    return {"reason": given} if isinstance(given, str) else given


class HandoffLine(Strict):
    """People are called."""

    handoff: Annotated[Handoff, BeforeValidator(_handoff, json_schema_input_type=StrictStr | Handoff)]


class StuckLine(Strict):
    """The flow breaks off; the sentence says why."""

    stuck: LocalText


class AskedLine(Strict):
    """The slot (of a menu: its name, or "menu") that is asked for now; "nothing" when no question is open."""

    asked: StrictStr


class Stored(Strict):
    """What is known now. Names that are not listed may hold anything; null is for a name without a value. `tags` are
    all of them."""

    slots: dict[StrictStr, Json] = {}
    memory: dict[StrictStr, Json] = {}
    tags: tuple[StrictStr, ...] | None = None


class StoredLine(Strict):
    stored: Stored


ACTS = ("customer", "press", "link", "event", "scheduled", "after", "people")
EXPECTATIONS = ("bot", "silent", "called", "handoff", "stuck", "asked", "stored")
_KINDS = (*ACTS, *EXPECTATIONS)


def _kind(given: Any) -> str | None:
    keys = given if isinstance(given, dict) else type(given).model_fields
    return next((f"line:{kind}" for kind in _KINDS if kind in keys), None)


def _line(given: Any) -> Any:
    if isinstance(given, Strict) or (isinstance(given, dict) and _kind(given)):
        return given
    kinds = ", ".join(_KINDS)
    if not isinstance(given, dict):
        raise wrong(f"expected a line of a conversation; a line has one of {kinds}, like - customer: …")
    close = [name for key in given for name in get_close_matches(str(key), _KINDS, n=1, cutoff=0.6)]
    mend = f'did you mean "{close[0]}"?' if close else f"a line has one of {kinds}"
    raise wrong(f'"{next(iter(given), "")}" makes no line of a conversation; {mend}')


Line = Annotated[
    Annotated[CustomerLine, Tag("line:customer")]
    | Annotated[PressLine, Tag("line:press")]
    | Annotated[LinkLine, Tag("line:link")]
    | Annotated[EventLine, Tag("line:event")]
    | Annotated[ScheduledLine, Tag("line:scheduled")]
    | Annotated[AfterLine, Tag("line:after")]
    | Annotated[PeopleLine, Tag("line:people")]
    | Annotated[BotLine, Tag("line:bot")]
    | Annotated[SilentLine, Tag("line:silent")]
    | Annotated[CalledLine, Tag("line:called")]
    | Annotated[HandoffLine, Tag("line:handoff")]
    | Annotated[StuckLine, Tag("line:stuck")]
    | Annotated[AskedLine, Tag("line:asked")]
    | Annotated[StoredLine, Tag("line:stored")],
    Discriminator(_kind),
    BeforeValidator(_line),
]
AnyLine = (
    CustomerLine | PressLine | LinkLine | EventLine | ScheduledLine | AfterLine | PeopleLine | BotLine | SilentLine
    | CalledLine | HandoffLine | StuckLine | AskedLine | StoredLine
)  # fmt: skip
Act = CustomerLine | PressLine | LinkLine | EventLine | ScheduledLine | AfterLine | PeopleLine
Expectation = BotLine | SilentLine | CalledLine | HandoffLine | StuckLine | AskedLine | StoredLine


# --- a conversation ------------------------------------------------------------------------------


class Stub(Strict):
    """Answers an action in the place of the service behind it. `with` are the arguments it is for; those that are not
    listed may be anything. `once`: a further call is for the stubs below."""

    call: StrictStr
    with_: Annotated[dict[StrictStr, Json], Field(alias="with", default_factory=dict)]
    reply: Json = None
    fails: StrictBool = False
    once: StrictBool = False

    @model_validator(mode="after")
    def _one_outcome(self) -> Stub:
        if self.fails and self.reply is not None:
            raise wrong("an action either has a reply: or fails:, not both")
        return self


class Who(Strict):
    """The customer, as known when the conversation begins."""

    name: StrictStr = ""
    language: StrictStr | None = None
    tags: tuple[StrictStr, ...] = ()
    memory: dict[StrictStr, Json] = {}


class _Given(Strict):
    """What a conversation begins with; in a file, what all of its conversations begin with. `now` is a time in the
    time zone of hours.yml; `open`: whether people are at work then (else the hours tell)."""

    customer: Who | None = None
    languages: Annotated[tuple[StrictStr, ...], Field(min_length=1)] | None = None
    channel: StrictStr | None = None
    now: StrictStr | None = None
    open: StrictBool | None = None
    actions: tuple[Stub, ...] = ()

    @field_validator("now")
    @classmethod
    def _time(cls, given: str | None) -> str | None:
        try:
            datetime.fromisoformat(given or "2026-01-01")
        except ValueError:
            raise wrong(f'"{given}" is no time; expected one like "2026-11-23T12:00"') from None
        return given


class Talk(_Given):
    """One conversation. It goes through once in each of `languages`."""

    test: StrictStr
    talk: Annotated[tuple[Line, ...], Field(min_length=1)]

    @field_validator("talk", mode="after")
    @classmethod
    def _begins_with_an_act(cls, given: tuple[AnyLine, ...]) -> tuple[AnyLine, ...]:
        if not isinstance(given[0], Act):
            raise wrong(f"a conversation begins with what happens; put one of {', '.join(ACTS)} first")
        return given

    def acts(self) -> Iterator[tuple[int, Act, list[tuple[int, Expectation]]]]:
        """Each act with the expectations up to the next one; all with their numbers in the list."""
        current: tuple[int, Act] | None = None
        expected: list[tuple[int, Expectation]] = []
        for number, line in enumerate(self.talk):
            if isinstance(line, Act):
                if current is not None:
                    yield (*current, expected)
                current, expected = (number, line), []
            else:
                expected.append((number, line))
        if current is not None:
            yield (*current, expected)


class TalksFile(_Given):
    """Conversations that must hold."""

    tests: Annotated[tuple[Talk, ...], Field(min_length=1)]

    def of(self, talk: Talk) -> Talk:
        """The conversation with what the file says for all of them."""
        own = {name: getattr(talk, name) for name in _Given.model_fields if name != "actions"}
        shared = {name: getattr(self, name) for name, value in own.items() if value is None}
        return talk.model_copy(update={**shared, "actions": (*talk.actions, *self.actions)})
