"""One decision: a conversation and what happened to it in, the conversation afterwards and the new
lines of its timeline out. Pure: no I/O, no clock, no randomness. Ids of what it creates derive from
the signal that caused it, so deciding again gives the same bytes.

The bot's side is `flows`, the people's side is `handoff`; this module joins them and nothing else
moves a conversation.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from estafeta import bot, calling, ending, messages, outside, people, waiting
from estafeta.draft import WAIT, Draft
from estafeta.kernel.model import (
    ActionFinished,
    Button,
    Contact,
    Conversation,
    CustomerPressed,
    CustomerSaid,
    Entry,
    EventHappened,
    GaveUp,
    Json,
    Notice,
    OperatorNoted,
    OperatorSaid,
    OperatorUndid,
    ReachabilityChanged,
    Reason,
    SaidElsewhere,
    Signal,
    Stage,
    Text,
    TicketMoved,
    TimerFired,
    ToAction,
    ToDesk,
    Understanding,
)
from estafeta.language import language_of
from estafeta.retelling import place
from estafeta.rules import Rules, content, scope
from flows import ambiguity, interpreter
from handoff import closing


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    conversation: Conversation
    entries: tuple[Entry, ...]


_LONGEST_REPLY = 4000
"""Characters of an action's reply that the timeline keeps whole."""
_WISH_WORDS = 4


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """Stands for an understanding that could not be had: the engine was late or down. `model`: whose it would have
    been, where that is known."""

    model: str = ""


Meaning = Understanding | NotUnderstood | None


def needs_understanding(conversation: Conversation | None, group: Sequence[Signal], rules: Rules) -> str:
    """The text to understand before deciding, or "" when the bot has no say or there are no words."""
    if conversation is not None and conversation.stage is Stage.HUMAN:
        return ""
    first = group[0].event
    if isinstance(first, CustomerPressed):
        return "" if first.button in (bot.HUMAN_BUTTON, waiting.DONE) else first.label
    if isinstance(first, CustomerSaid):
        text = _words(group)
        button = _chosen(conversation, text, rules) if conversation else None
        if button is not None:
            return "" if button.id == bot.HUMAN_BUTTON else button.text
        return "" if text.startswith("/") else text
    return ""


def decide(
    conversation: Conversation, group: Sequence[Signal], meaning: Meaning, now: datetime, rules: Rules
) -> Decision:
    """Applies `group`: one signal, or several messages of the customer or of one album that waited together."""
    draft = Draft(conversation, group[0], now, rules.desks, rules.can, rules.talks(conversation)[0])
    draft.model = meaning.model if meaning is not None else ""
    match group[0].event:
        case CustomerSaid():
            _customer_said(draft, group, meaning, rules)
        case CustomerPressed() as event:
            _customer_pressed(draft, group[0], event, meaning, rules)
        case ReachabilityChanged() as event:
            _reachability(draft, event)
        case SaidElsewhere() as event:
            people.said_elsewhere(draft, event, rules)
        case OperatorSaid():
            people.operator_said(draft, group, rules)
        case OperatorNoted() as event:
            people.noted(draft, event.operator, event.text)
        case OperatorUndid() as event:
            people.operator_undid(draft, event, rules)
        case TicketMoved() as event:
            people.ticket_moved(draft, event, rules)
        case EventHappened() | TimerFired() | ActionFinished() | GaveUp() as event:
            _from_outside(draft, event, rules)
        case event:
            messages.apply(draft, event)
    return Decision(conversation=draft.finish(), entries=tuple(draft.entries))


def _from_outside(draft: Draft, event: EventHappened | TimerFired | ActionFinished | GaveUp, rules: Rules) -> None:
    """What nobody says: events, times, what became of things."""
    match event:
        case EventHappened():
            outside.happened(draft, event, rules)
        case TimerFired():
            _timer_fired(draft, event, rules)
        case ActionFinished():
            _action_finished(draft, event, rules)
        case GaveUp():
            _gave_up(draft, event, rules)


def decide_broken(conversation: Conversation, group: Sequence[Signal], now: datetime, rules: Rules) -> Decision:
    """What to do with signals that `decide` failed on: keep the words, call people, go on."""
    draft = Draft(conversation, group[0], now, rules.desks, rules.can, rules.talks(conversation)[0])
    for signal in group:
        _kept(draft, signal)
    draft.happened("failed", signals=[str(signal.id) for signal in group])
    if draft.stage is Stage.BOT:
        draft.dialog = replace(draft.dialog, frames=())
        bot.call_for(draft, Reason.BOT_DOWN, rules)
    return Decision(conversation=draft.finish(), entries=tuple(draft.entries))


def _kept(draft: Draft, signal: Signal) -> None:
    """Whatever was said is there to be read, and nobody believes that it was sent."""
    event = signal.event
    if isinstance(event, CustomerSaid):
        draft.entry("said", draft.customer_author(), parts=event.parts, data={"message": event.message})
    elif isinstance(event, CustomerPressed):
        draft.entry("said", draft.customer_author(), parts=(Text(text=event.label),), data={"button": event.button})
    elif isinstance(event, OperatorSaid | SaidElsewhere):
        draft.entry("note", messages.operator_author(event.operator), parts=event.parts)
        refused = Notice(kind="receipt", text="failed: internal", message=event.message)
        draft.tell_desks(refused, only=event.operator.desk)


# --- the customer --------------------------------------------------------------------------------


def _words(group: Sequence[Signal]) -> str:
    """What the customer wrote; when nothing was written, the customer's own number that was shared."""
    parts = [part for signal in group if isinstance(signal.event, CustomerSaid) for part in signal.event.parts]
    words = "\n".join(part.text for part in parts if isinstance(part, Text) and part.text.strip()).strip()
    return words or "".join(part.phone for part in parts[:1] if isinstance(part, Contact) and part.own)


def _chosen(conversation: Conversation, text: str, rules: Rules) -> Button | None:
    """The button whose words, or whose number where they were shown as numbered lines, the customer typed."""
    for button in (one for one in conversation.offered if not one.url and not one.asks):
        if text.casefold() == button.text.casefold():
            return button
    channel = rules.can(conversation.address)
    number = text.rstrip(".)")
    if channel is None or channel.choice(conversation.offered) != "numbers" or not number.isdecimal():
        return None
    shown = channel.shown(conversation.offered)
    if len(number) > 3 or not 1 <= int(number) <= len(shown):
        return None
    button = shown[int(number) - 1]
    return None if button.url else button


def _tells_something(draft: Draft, text: str) -> bool:
    """Whether these words say what the customer is after: no command, no bare answer to a question."""
    bare = bool(draft.dialog.frames) and len(text.split()) < _WISH_WORDS
    return bool(text) and not text.startswith("/") and not bare


def _customer_said(draft: Draft, group: Sequence[Signal], meaning: Meaning, rules: Rules) -> None:
    text = _words(group)
    button = _chosen(draft.before, text, rules)
    draft.offered = ()
    ids = []
    for number, messages_ in enumerate(_albums(group)):
        last = number == len(_albums(group)) - 1
        entry = _heard(draft, messages_, text, meaning if last else None, rules)
        ids.append(entry.id)
    if isinstance(meaning, Understanding):
        draft.understood(meaning)
    if _tells_something(draft, text):
        draft.words(text)
    known = meaning if isinstance(meaning, Understanding) else None
    if draft.blocked:
        return
    if button is not None and ending.pressed(draft, button.id, rules):
        return
    people.customer_spoke(draft, rules, thanks=draft.stage is Stage.HUMAN and closing.only_thanks(text))
    draft.tell_people(Notice(kind="said", entries=tuple(ids)))
    if outside.linked(draft, _payload(group), rules):
        return
    if not ending.said(draft, text, known, rules) and draft.stage is not Stage.HUMAN:
        _answered(draft, text, button, meaning, rules)


def _payload(group: Sequence[Signal]) -> str:
    """What a link carried into the chat with these messages."""
    payloads = (signal.event.payload for signal in group if isinstance(signal.event, CustomerSaid))
    return next((payload for payload in payloads if payload), "")


def _answered(draft: Draft, text: str, button: Button | None, meaning: Meaning, rules: Rules) -> None:
    """What the bot says to it."""
    known = meaning if isinstance(meaning, Understanding) else None
    if draft.channel is not None and draft.channel.public:
        bot.answer_in_public(draft, _given(draft, button, text, known, rules), rules)
    elif button is not None:
        _chose(draft, button.id, button.text, meaning, rules)
    elif text.startswith("/start"):
        if draft.stage is Stage.BOT:
            bot.say_with_way_out(draft, rules, "greeting")
        else:
            waiting.tell_place(draft, rules)
    elif not text:
        if draft.stage is Stage.BOT:
            bot.say_with_way_out(draft, rules, "unsupported")
        elif not waiting.takes_message(draft, "", rules):
            waiting.left_to_people(draft, "", rules)
    else:
        late = isinstance(meaning, NotUnderstood)
        bot.bot_turn(draft, interpreter.Said(text=text, understanding=known), rules, text, late=late)


def _given(
    draft: Draft, button: Button | None, text: str, known: Understanding | None, rules: Rules
) -> interpreter.Said | interpreter.Pressed:
    if button is not None and interpreter.acts(content(draft, rules), draft.dialog, button.id):
        return interpreter.Pressed(button=button.id, label=button.text)
    return interpreter.Said(text=button.text if button else text, understanding=known)


def _albums(group: Sequence[Signal]) -> list[list[tuple[Signal, CustomerSaid]]]:
    """The messages; those of one album together."""
    albums: list[list[tuple[Signal, CustomerSaid]]] = []
    for signal in group:
        event = signal.event
        if not isinstance(event, CustomerSaid):  # the engine groups nothing else
            raise TypeError(f"{type(event).__name__} in a group of the customer's messages")
        if albums and event.group and albums[-1][0][1].group == event.group:
            albums[-1].append((signal, event))
        else:
            albums.append([(signal, event)])
    return albums


def _heard(
    draft: Draft, album: Sequence[tuple[Signal, CustomerSaid]], text: str, meaning: Meaning, rules: Rules
) -> Entry:
    """One entry for a message, or for the several of an album."""
    for signal, event in album:
        languages = rules.workspace.languages
        draft.heard(signal, event.profile, language_of(text, event.profile.language, draft.language, languages))
    parts = tuple(part for _, event in album for part in event.parts)
    first = album[0][1]
    data: dict[str, Json] = {"message": first.message, **place(draft.dialog)}
    quoted = draft.links.here(first.reply_to)
    if quoted is not None:
        data["reply_to"] = quoted.entry
    elif first.quote:
        data["quote"] = first.quote
    if first.payload:
        data["payload"] = first.payload
    understanding = meaning if isinstance(meaning, Understanding) else None
    entry = draft.entry("said", draft.customer_author(), parts=parts, understanding=understanding, data=data)
    draft.linked(entry, here=" ".join(event.message for _, event in album))
    draft.fetch(parts)
    return entry


def _customer_pressed(draft: Draft, signal: Signal, event: CustomerPressed, meaning: Meaning, rules: Rules) -> None:
    language = language_of("", event.profile.language, draft.language, rules.workspace.languages)
    draft.heard(signal, event.profile, language)
    draft.offered = ()
    known = meaning if isinstance(meaning, Understanding) else None
    words = (Text(text=event.label),) if event.label else ()
    entry = draft.entry(
        "said", draft.customer_author(), parts=words, understanding=known,
        data={"button": event.button, **place(draft.dialog)},
    )  # fmt: skip
    if draft.blocked:
        return
    if ending.pressed(draft, event.button, rules):
        return
    people.customer_spoke(draft, rules)
    draft.tell_people(Notice(kind="said", entries=(entry.id,)))
    if draft.stage is not Stage.HUMAN:
        _chose(draft, event.button, event.label, meaning, rules)


def _chose(draft: Draft, button: str, label: str, meaning: Meaning, rules: Rules) -> None:
    """The button does what it is for; one that is for nothing now says its words."""
    if button == bot.HUMAN_BUTTON:
        bot.call_for(draft, Reason.USER_REQUEST, rules)
    elif button == waiting.DONE:
        waiting.pressed_done(draft, rules)
    elif interpreter.acts(content(draft, rules), draft.dialog, button):
        bot.bot_turn(draft, interpreter.Pressed(button=button, label=label), rules, label, late=False)
    elif (settled := ambiguity.settled(draft.dialog, button)) is not None:
        draft.dialog, said = settled
        bot.bot_turn(draft, said, rules, label, late=False)
    elif label:
        known = meaning if isinstance(meaning, Understanding) else None
        late = isinstance(meaning, NotUnderstood)
        said = interpreter.Said(text=label, understanding=known, button=button)
        bot.bot_turn(draft, said, rules, label, late=late)


def _reachability(draft: Draft, event: ReachabilityChanged) -> None:
    if draft.customer.reachable == event.reachable:
        return
    draft.reachable(event.reachable)
    draft.happened("reachable" if event.reachable else "unreachable")
    draft.tell_people(Notice(kind="state"))


# --- time ----------------------------------------------------------------------------------------


def _timer_fired(draft: Draft, event: TimerFired, rules: Rules) -> None:
    draft.timer(event.timer, None)
    if event.timer == WAIT:
        outside.woken(draft, rules)
    elif event.timer == people.HOLD:
        people.hold_over(draft, rules)
    elif not ending.timer(draft, event.timer, rules):
        calling.timer(draft, event.timer, rules)


# --- what became of things -----------------------------------------------------------------------


def _action_finished(draft: Draft, event: ActionFinished, rules: Rules) -> None:
    item = draft.take_item(event.item)
    if item is not None and isinstance(item.body, ToAction):
        reply = event.data if len(json.dumps(event.data, ensure_ascii=False)) <= _LONGEST_REPLY else None
        draft.happened("called", action=item.body.action, arguments=dict(item.body.arguments), ok=event.ok, reply=reply)
        _resulted(draft, interpreter.Resulted(ok=event.ok, data=event.data, error=event.error), rules)


def _resulted(draft: Draft, given: interpreter.Resulted, rules: Rules) -> None:
    """An action's reply is the bot's to answer with, unless a person has the conversation by now. One whose flow was
    let go meanwhile, so that another reply is waited for, is nobody's."""
    if (
        draft.stage is Stage.HUMAN
        or draft.calls()
        or not interpreter.waits_for_call(content(draft, rules), draft.dialog)
    ):
        return
    outcome = interpreter.advance(content(draft, rules), draft.dialog, given, scope(draft, rules))
    bot.carry_out(draft, outcome, rules)


def _gave_up(draft: Draft, event: GaveUp, rules: Rules) -> None:
    item = draft.take_item(event.item)
    if item is None:
        return
    if isinstance(item.body, ToDesk):
        draft.happened("desk_failed", desk=item.body.desk, why=event.sentence)
    elif not isinstance(item.body, ToAction):
        messages.gave_up(draft, item, event)
    else:
        _resulted(draft, interpreter.Resulted(ok=False, data=None, error=event.sentence), rules)
