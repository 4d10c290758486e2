"""A conversation of flows/tests/*.yml while it goes on: what each act brings, and what is known after it.

What is tried is the bot's side: the flows as `flows.interpreter` runs them, with the words of bot.yml when nothing is
understood and the call for people after several such. What surrounds the flows in the product (how a message is
understood, whether it calls people by its words, who is at work) is asked of `Around`. What people do is told by the
test itself. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from estafeta.kernel.model import Button, Dialog, Entity, Json, Reason, Remembered, Understanding
from flows import ambiguity, interpreter, markdown, model
from flows.interpreter import Given, Known, Outcome
from flows.model import Workspace
from flows.scope import Open
from flows.talk_around import Around, Spoken, Why
from flows.talk_match import Got, Row, in_words, same
from flows.talks_file import (
    NOTHING,
    Act,
    AfterLine,
    AskedLine,
    CustomerLine,
    EventLine,
    Expectation,
    LinkLine,
    PeopleLine,
    PressLine,
    ScheduledLine,
    StoredLine,
    Stub,
    Talk,
    Who,
)

HUMAN = "human"
"""The button under "not understood" that calls people, and the phrase on it."""
_MONDAY_NOON = "2026-01-12T12:00"
_CALLS_LIMIT = 50
_WAKES_LIMIT = 200


# --- a conversation while it goes on -------------------------------------------------------------


@dataclass
class Running:
    """Keeps between the acts what the platform would keep."""

    workspace: Workspace
    talk: Talk
    language: str
    around: Around
    hint: str = ""
    _dialog: Dialog = field(default_factory=Dialog)
    _with_people: bool = False
    _offered: tuple[Button, ...] = ()
    _shown: list[Button] = field(default_factory=list)
    _used: set[int] = field(default_factory=set)
    _act: int = 0

    def __post_init__(self) -> None:
        self._who = self.talk.customer or Who()
        at = datetime.fromisoformat(self.talk.now or _MONDAY_NOON)
        self._now = at if at.tzinfo else at.replace(tzinfo=self.workspace.hours.zone)
        memory = {name: Remembered(value=value, source="", at=self._now) for name, value in self._who.memory.items()}
        self._known = Known(tags=self._who.tags, memory=memory)
        self._shown.append(Button(id=HUMAN, text=interpreter.phrase(self.workspace, HUMAN, self.language)))
        self._got: list[Got] = []

    def do(self, act: Act, number: int) -> tuple[str, tuple[Got, ...]]:
        """What happened in words, and what the bot did."""
        self._act, self.hint, self._got = number, "", []
        words = self._happens(act)
        return words, tuple(self._got)

    def _happens(self, act: Act) -> str:
        if self._with_people and isinstance(act, CustomerLine | PressLine | LinkLine):
            self.hint = "people have the conversation here; go on with - people: return, or people: close"
        match act:
            case CustomerLine():
                text = act.customer.pick(self.language, self.workspace.default_language)
                self._says(text, act)
                return f"customer: {text}"
            case PressLine():
                label = act.press.pick(self.language, self.workspace.default_language)
                self._presses(label, act)
                return f"press: {label}"
            case LinkLine():
                if not self._advance(interpreter.Linked(payload=act.link)):
                    self._greets()
                return f"link: {act.link}"
            case EventLine():
                self._occurs(interpreter.Happened(event=act.event, data=act.with_))
                more = "" if act.with_ is None else f" with {in_words(act.with_)}"
                return f"event: {act.event}{more}"
            case ScheduledLine():
                self._occurs(interpreter.Happened(event="schedule", flow=act.scheduled))
                return f"scheduled: {act.scheduled}"
            case AfterLine():
                self._passes(timedelta(seconds=act.after))
                return f"after: {_length(act.after)}"
            case PeopleLine():
                self._people(act)
                return f"people: {act.people}"

    # --- what the customer does ---

    def _says(self, text: str, line: CustomerLine | PressLine) -> None:
        if self._with_people:
            return
        for button in self._offered:
            if text.casefold() == button.text.casefold():
                self._chooses(button, line)
                return
        self._offered = ()
        if text == "/start":
            self._greets()
        elif text.startswith("/start "):
            if not self._advance(interpreter.Linked(payload=text.removeprefix("/start ").strip())):
                self._greets()
        else:
            self._means(text, line)

    def _presses(self, label: str, line: PressLine) -> None:
        found = next((one for one in reversed(self._shown) if one.text.casefold() == label.casefold()), None)
        if found is None:
            shown = ", ".join(dict.fromkeys(f'"{one.text}"' for one in self._shown))
            self._stops(f'there is no button "{label}" here' + (f"; there are {shown}" if shown else ""))
        elif not self._with_people:
            self._chooses(found, line)

    def _offers(self, buttons: tuple[Button, ...]) -> None:
        """Typed words mean the latest buttons; pressed is also what stands further up."""
        self._offered = buttons or self._offered
        self._shown += buttons

    def _chooses(self, button: Button, line: CustomerLine | PressLine) -> None:
        """What is not for the flows by itself says its words."""
        self._offered = ()
        if button.id == HUMAN:
            self._call_people(Got(kind="handoff", name=Reason.USER_REQUEST.value))
        elif interpreter.acts(self.workspace, self._dialog, button.id):
            self._turn(interpreter.Pressed(button=button.id, label=button.text), "", None, line)
        elif (settled := ambiguity.settled(self._dialog, button.id)) is not None:
            self._dialog, said = settled
            self._turn(said, button.text, said.understanding, line)
        else:
            self._means(button.text, line)

    def _means(self, text: str, line: CustomerLine | PressLine) -> None:
        self.language = self.around.language(text, self.language)
        self._turn(interpreter.Said(text=text), text, self._understood(text, line), line)

    def _turn(
        self,
        given: interpreter.Said | interpreter.Pressed,
        text: str,
        known: Understanding | None,
        line: CustomerLine | PressLine,
    ) -> None:
        """Reasons to call people come before an answer, besides it, or instead of it."""
        spoken = Spoken(
            text=text, understanding=known, who=self._who, tags=self._known.tags, language=self.language,
            now=self._now,
        )  # fmt: skip
        known, why = self.around.heard(spoken)
        if isinstance(given, interpreter.Said):
            given = replace(given, understanding=known)
        if why is not None and why.when == "at_once":
            self._call_for(why)
        elif self._advance(given, why if why is not None and why.when == "besides" else None):
            return
        elif why is not None:
            self._call_for(why)
        else:
            self._falls_back(given, line)

    def _call_for(self, why: Why) -> None:
        self._call_people(Got(kind="handoff", name=why.reason.value, skill=why.skill))

    def _understood(self, text: str, line: CustomerLine | PressLine) -> Understanding:
        """As the line says, else as the model does; without one it is known only what stands in the words."""
        found = {name: _written(name, values, text) for name, values in line.entities.items()}
        meant = None if line.means is not None else self.around.understand(text)
        if meant is None:
            intent = "" if line.means in (None, NOTHING) else line.means or ""
            confidence = line.confidence if intent else 0.0
            meant = Understanding(intent=intent, confidence=confidence, entities=self.around.entities(text))
        others = tuple(one for one in meant.entities if one.name not in found)
        return replace(meant, entities=(*others, *(one for several in found.values() for one in several)))

    def _falls_back(self, given: interpreter.Said | interpreter.Pressed, line: CustomerLine | PressLine) -> None:
        fallbacks = self._dialog.fallbacks + 1
        self._dialog = replace(self._dialog, fallbacks=fallbacks)
        bot = self.workspace.bot
        if bot.handoff.reasons.repeated_fallback.on and fallbacks >= bot.fallback.attempts:
            skill = bot.handoff.reasons.repeated_fallback.skill
            self._call_people(Got(kind="handoff", name=Reason.REPEATED_FALLBACK.value, skill=skill))
        elif not self._asks_which(given):
            self._says_phrase("fallback")
        if line.means is None and not self.hint:
            self.hint = "nothing knew what to do with these words; say what they mean with means: and the intent"

    def _asks_which(self, given: interpreter.Said | interpreter.Pressed) -> bool:
        """Whether the customer is asked which of two things was meant."""
        if isinstance(given, interpreter.Pressed):
            return False
        self._dialog, choice = ambiguity.question(self.workspace, self._dialog, given, self.language)
        if choice:
            self._says_phrase("did_you_mean", choice)
        return bool(choice)

    def _greets(self) -> None:
        self._says_phrase("greeting")

    def _says_phrase(self, name: str, buttons: tuple[Button, ...] = ()) -> None:
        customer = {"name": self._who.name, "language": self.language}
        said, human = (
            interpreter.phrase(self.workspace, one, self.language, customer=customer, now=self._now)
            for one in (name, HUMAN)
        )
        shown = buttons or (Button(id=HUMAN, text=human),)
        self._offers(shown)
        self._got.append(Got(kind="bot", text=markdown.parse(said).text, buttons=tuple(one.text for one in shown)))

    # --- what happens besides ---

    def _occurs(self, given: interpreter.Happened) -> None:
        if self._with_people:  # whom the bot must not interrupt
            self._dialog = interpreter.postponed(self.workspace, self._dialog, given, self._now)
        elif not self._advance(given):
            self.hint = "no flow waits for this, and none starts by it"

    def _passes(self, time: timedelta) -> None:
        """Each flow that waits goes on at its own time."""
        end = self._now + time
        for _ in range(_WAKES_LIMIT):
            due = min((parked.until for parked in self._dialog.parked), default=end)
            if due > end or self._with_people:
                break
            self._now = max(self._now, due)
            if not self._advance(interpreter.Woken()):
                break
        else:
            self._stops(f"flows went on {_WAKES_LIMIT} times within this while; a test goes no further")
        self._now = max(self._now, end)

    def _people(self, act: PeopleLine) -> None:
        if not self._with_people:
            self._stops("nobody was called here, so people have nothing to give back")
            return
        self._with_people = False
        told: Mapping[str, Json] = {"how": "returned" if act.people == "return" else "closed"}
        if act.people == "close":
            self._dialog = replace(self._dialog, frames=(), slots={"handoff": told})
        else:
            self._dialog = replace(self._dialog, slots={**self._dialog.slots, "handoff": told})
            self._advance(interpreter.Resumed())
        self._passes(timedelta())  # what was put off meanwhile

    # --- the flows ---

    def _advance(self, given: Given, besides: Why | None = None) -> bool:
        """Goes on until the bot waits for the customer; False when the flows knew nothing to do. `besides`: why people
        are called in the end."""
        for _ in range(_CALLS_LIMIT):
            outcome = interpreter.advance(self.workspace, self._dialog, given, self._scope())
            if not outcome.matched:
                return False
            result = self._came(outcome, besides)
            if result is None:
                return True
            given = result
        self._stops(f"{_CALLS_LIMIT} calls of actions, one after the other; a test goes no further")
        return True

    def _stops(self, why: str) -> None:
        """The test itself cannot go on here: a difference, whatever is expected."""
        self.hint = why
        self._got.append(Got(kind="stuck", text=why))

    def _scope(self) -> interpreter.Scope:
        is_open = self.around.is_open(self._now) if self.talk.open is None else self.talk.open
        return interpreter.Scope(
            language=self.language, customer_name=self._who.name, now=self._now, open=is_open,
            seed=f"test.{self._act}", channel=self.talk.channel or "", known=self._known,
        )  # fmt: skip

    def _came(self, outcome: Outcome, besides: Why | None) -> interpreter.Resulted | None:
        """Notes what an outcome holds; the result of the action that it calls. Where people are called besides, the
        flow asks nothing."""
        self._dialog = replace(outcome.dialog, fallbacks=0)
        self._known = outcome.known
        goes_on = bool(outcome.error) or outcome.handoff is not None or outcome.call is not None
        if goes_on or besides is None or not outcome.dialog.frames:
            for reply in outcome.replies:
                self._replies(reply)
        if outcome.error:
            self._call_people(Got(kind="stuck", text=outcome.error))
        elif outcome.handoff is not None:
            wanted = outcome.handoff
            self._call_people(Got(kind="handoff", name=wanted.reason.value, skill=wanted.skill, text=wanted.summary))
        elif outcome.call is not None:
            return self._answered(outcome.call)
        elif besides is not None:
            self._call_for(besides)
        return None

    def _replies(self, reply: interpreter.Reply) -> None:
        self._offers(reply.buttons)
        self._got.append(
            Got(
                kind="bot", text=markdown.parse(reply.text).text, flow=reply.flow,
                buttons=tuple(button.text for button in reply.buttons),
                media=tuple(media.name for media in reply.media),
            )
        )  # fmt: skip

    def _call_people(self, got: Got) -> None:
        self._got.append(got)
        self._with_people = True
        self._dialog = replace(self._dialog, fallbacks=0)

    def _answered(self, call: interpreter.Call) -> interpreter.Resulted | None:
        self._got.append(Got(kind="called", name=call.action, arguments=call.arguments))
        for number, stub in enumerate(self.talk.actions):
            fits = all(
                name in call.arguments and same(given, call.arguments[name]) for name, given in stub.with_.items()
            )
            if stub.call == call.action and fits and number not in self._used:
                if stub.once:
                    self._used.add(number)
                return interpreter.Resulted(ok=not stub.fails, data=stub.reply, error="fails" if stub.fails else "")
        self._stops(
            f"nothing answers the action {call.action} with {in_words(call.arguments)}; "
            f"add to actions: {{call: {call.action}, reply: …}}"
        )
        return None

    # --- what is known now ---

    def state(self, line: Expectation) -> list[Row]:
        """What a line about the state says, beside how it is."""
        if isinstance(line, AskedLine):
            asked = self._asked()
            return [Row(f"asked: {line.asked}", f"asked: {asked}", line.asked == asked)]
        if not isinstance(line, StoredLine):
            return []
        kept = line.stored
        memory = {name: one.value for name, one in self._known.memory.items() if not one.until or one.until > self._now}
        rows = [self._value("slots", name, given, self._dialog.slots) for name, given in kept.slots.items()]
        rows += [self._value("memory", name, given, memory) for name, given in kept.memory.items()]
        if kept.tags is not None:
            holds = set(kept.tags) == set(self._known.tags)
            rows.append(Row(f"tags: {in_words(kept.tags)}", f"tags: {in_words(self._known.tags)}", holds))
        return rows

    def _value(self, where: str, name: str, given: Json, known: Mapping[str, Json]) -> Row:
        expected, got = (f"{where}.{name}: {in_words(value)}" for value in (given, known.get(name)))
        return Row(expected, got, same(given, known.get(name)))

    def _asked(self) -> str:
        frames = self._dialog.frames
        found = Open.restore(self.workspace, frames[-1]) if frames and not self._with_people else None
        match found.step if found is not None else None:
            case model.Ask() as ask:
                return ask.slot
            case model.Menu() as menu:
                return menu.place.rpartition(":")[2] or "menu"
            case _:
                return NOTHING


def _for(stub: Stub, call: interpreter.Call) -> bool:
    given = call.arguments
    return stub.call == call.action and all(
        name in given and same(value, given[name]) for name, value in stub.with_.items()
    )


def _written(name: str, values: tuple[str, ...], text: str) -> list[Entity]:
    """Entities that a test names, where they stand in the text; at its beginning when they do not."""
    found = []
    for value in values:
        start = max(text.casefold().find(value.casefold()), 0)
        end = start + len(value) if value.casefold() in text.casefold() else start
        found.append(Entity(name=name, value=value, start=start, end=end))
    return found


def _length(seconds: int) -> str:
    for unit, size in (("w", 7 * 86400), ("d", 86400), ("h", 3600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
