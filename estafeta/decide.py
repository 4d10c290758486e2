"""One decision: a conversation and what happened to it in, the conversation afterwards and the new
lines of its timeline out. Pure: no I/O, no clock, no randomness. Ids of what it creates derive from
the signal that caused it, so deciding again gives the same bytes.

The bot's side is `flows`, the people's side is `handoff`; this module joins them and nothing else
moves a conversation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from estafeta import bot
from estafeta.bot import Rules
from estafeta.draft import Draft
from estafeta.kernel.model import (
    ActionFinished,
    Author,
    Conversation,
    CustomerEdited,
    CustomerPressed,
    CustomerSaid,
    Delivered,
    DeskThread,
    Entry,
    GaveUp,
    Notice,
    Operator,
    OperatorNoted,
    OperatorSaid,
    OutboxItem,
    ReachabilityChanged,
    Reason,
    Signal,
    Stage,
    Text,
    TicketMoved,
    TimerFired,
    ToCustomer,
    ToDesk,
    Understanding,
)
from estafeta.language import language_of
from flows import interpreter
from flows.interpreter import HandoffRequest
from handoff import policy
from handoff.machine import Happened, Move


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    conversation: Conversation
    entries: tuple[Entry, ...]


_WISH_WORDS = 4


class NotUnderstood:
    """Stands for an understanding that could not be had: the engine was late or down."""


Meaning = Understanding | NotUnderstood | None


def needs_understanding(conversation: Conversation | None, group: Sequence[Signal]) -> str:
    """The text to understand before deciding, or "" when the bot has no say or there are no words."""
    if conversation is not None and conversation.stage is Stage.HUMAN:
        return ""
    first = group[0].event
    if isinstance(first, CustomerPressed):
        return "" if first.button == bot.HUMAN_BUTTON else first.label
    if isinstance(first, CustomerSaid):
        text = _words(group)
        return "" if text.startswith("/") else text
    return ""


def decide(
    conversation: Conversation, group: Sequence[Signal], meaning: Meaning, now: datetime, rules: Rules
) -> Decision:
    """Applies `group`: one signal, or several messages of the customer that waited together."""
    draft = Draft(conversation, group[0], now, rules.desks)
    event = group[0].event
    if isinstance(event, CustomerSaid):
        _customer_said(draft, group, meaning, rules)
    elif isinstance(event, CustomerPressed):
        _customer_pressed(draft, group[0], event, meaning, rules)
    elif isinstance(event, CustomerEdited):
        _customer_edited(draft, event)
    elif isinstance(event, ReachabilityChanged):
        _reachability(draft, event)
    elif isinstance(event, OperatorSaid):
        _operator_said(draft, event, rules)
    elif isinstance(event, OperatorNoted):
        entry = draft.entry("note", _operator_author(event.operator), parts=(Text(text=event.text),))
        draft.tell_desks(Notice(kind="said", entries=(entry.id,)), but=event.operator.desk)
    elif isinstance(event, TicketMoved):
        _ticket_moved(draft, event, rules)
    elif isinstance(event, TimerFired):
        _timer_fired(draft, event, rules)
    elif isinstance(event, ActionFinished):
        _action_finished(draft, event, rules)
    elif isinstance(event, Delivered):
        _delivered(draft, event)
    else:
        _gave_up(draft, event, rules)
    return Decision(conversation=draft.finish(), entries=tuple(draft.entries))


def decide_broken(conversation: Conversation, group: Sequence[Signal], now: datetime, rules: Rules) -> Decision:
    """What to do with signals that `decide` failed on: keep the words, call people, go on."""
    draft = Draft(conversation, group[0], now, rules.desks)
    for signal in group:
        if isinstance(signal.event, CustomerSaid):
            message = {"message": signal.event.message}
            draft.entry("said", draft.customer_author(), parts=signal.event.parts, data=message)
    draft.happened("failed", signals=[str(signal.id) for signal in group])
    if draft.stage is Stage.BOT:
        draft.dialog = replace(draft.dialog, frames=())
        bot.call_people(draft, HandoffRequest(reason=Reason.BOT_DOWN, skill="", summary=""), rules)
    return Decision(conversation=draft.finish(), entries=tuple(draft.entries))


# --- the customer --------------------------------------------------------------------------------


def _words(group: Sequence[Signal]) -> str:
    return "\n".join(
        part.text
        for signal in group
        if isinstance(signal.event, CustomerSaid)
        for part in signal.event.parts
        if isinstance(part, Text) and part.text.strip()
    ).strip()


def _tells_something(draft: Draft, text: str) -> bool:
    """Whether these words say what the customer is after: no command, no bare answer to a question."""
    bare = bool(draft.dialog.frames) and len(text.split()) < _WISH_WORDS
    return bool(text) and not text.startswith("/") and not bare


def _customer_said(draft: Draft, group: Sequence[Signal], meaning: Meaning, rules: Rules) -> None:
    languages = rules.workspace.languages
    text = _words(group)
    ids = []
    for number, signal in enumerate(group):
        event = signal.event
        if not isinstance(event, CustomerSaid):  # the engine groups nothing else
            raise TypeError(f"{type(event).__name__} in a group of the customer's messages")
        draft.heard(signal, event.profile, language_of(text, event.profile.language, draft.language, languages))
        last = number == len(group) - 1
        understanding = meaning if last and isinstance(meaning, Understanding) else None
        entry = draft.entry(
            "said", draft.customer_author(), parts=event.parts, understanding=understanding,
            data={"message": event.message},
        )  # fmt: skip
        ids.append(entry.id)
    if isinstance(meaning, Understanding):
        draft.understood(meaning)
    if _tells_something(draft, text):
        draft.words(text)
    draft.tell_people(Notice(kind="said", entries=tuple(ids)))
    if draft.stage is Stage.HUMAN:
        return
    if text.startswith("/start"):
        if draft.stage is Stage.BOT:
            bot.say_with_way_out(draft, rules, "greeting")
        else:
            draft.say(bot.phrase(draft, rules, "already_waiting"))
    elif not text:
        if draft.stage is Stage.BOT:
            bot.say_with_way_out(draft, rules, "unsupported")
    else:
        known = meaning if isinstance(meaning, Understanding) else None
        late = isinstance(meaning, NotUnderstood)
        bot.bot_turn(draft, interpreter.Said(text=text, understanding=known), rules, text, late=late)


def _customer_pressed(draft: Draft, signal: Signal, event: CustomerPressed, meaning: Meaning, rules: Rules) -> None:
    workspace = rules.workspace
    language = language_of("", event.profile.language, draft.language, workspace.languages)
    draft.heard(signal, event.profile, language)
    known = meaning if isinstance(meaning, Understanding) else None
    words = (Text(text=event.label),) if event.label else ()
    entry = draft.entry(
        "said", draft.customer_author(), parts=words, understanding=known, data={"button": event.button}
    )
    draft.tell_people(Notice(kind="said", entries=(entry.id,)))
    if draft.stage is Stage.HUMAN:
        return
    if event.button == bot.HUMAN_BUTTON:
        bot.call_people(draft, HandoffRequest(reason=Reason.USER_REQUEST, skill="", summary=""), rules)
    elif interpreter.starts_something(workspace, event.button):
        given = interpreter.Pressed(button=event.button, label=event.label)
        bot.bot_turn(draft, given, rules, event.label, late=False)
    elif event.label:
        late = isinstance(meaning, NotUnderstood)
        bot.bot_turn(draft, interpreter.Said(text=event.label, understanding=known), rules, event.label, late=late)


def _customer_edited(draft: Draft, event: CustomerEdited) -> None:
    entry = draft.entry("edit", draft.customer_author(), parts=event.parts, data={"message": event.message})
    draft.tell_people(Notice(kind="said", entries=(entry.id,)))


def _reachability(draft: Draft, event: ReachabilityChanged) -> None:
    if draft.customer.reachable == event.reachable:
        return
    draft.reachable(event.reachable)
    draft.happened("reachable" if event.reachable else "unreachable")
    draft.tell_people(Notice(kind="state"))


# --- people --------------------------------------------------------------------------------------


def _operator_author(operator: Operator) -> Author:
    return Author(kind="operator", name=operator.name, id=operator.id)


def _take(draft: Draft, event: OperatorSaid | TicketMoved, what: Move, rules: Rules) -> None:
    before = draft.stage
    happened = bot.move(draft, what, rules, reason=Reason.OPERATOR_TAKEOVER, operator=event.operator)
    if happened is not Happened.TAKEN:
        return
    draft.timer(policy.REMIND, None)
    draft.happened("taken", name=event.operator.name)
    if before is not Stage.HUMAN:
        draft.say(bot.phrase(draft, rules, "taken"))
    draft.tell_desks(Notice(kind="card" if before is Stage.BOT else "state"))


def _operator_said(draft: Draft, event: OperatorSaid, rules: Rules) -> None:
    _take(draft, event, Move.SPEAK, rules)
    draft.first_reply()
    entry = draft.say_as(_operator_author(event.operator), event.parts, receipt=event.message, desk=event.operator.desk)
    draft.tell_desks(Notice(kind="said", entries=(entry.id,)), but=event.operator.desk)


def _ticket_moved(draft: Draft, event: TicketMoved, rules: Rules) -> None:
    if event.move == "take":
        _take(draft, event, Move.TAKE, rules)
        return
    what = Move.RETURN if event.move == "return" else Move.CLOSE
    happened = bot.move(draft, what, rules, reason=Reason.OPERATOR_TAKEOVER, operator=event.operator)
    if happened is Happened.NOTHING:
        draft.tell_desks(Notice(kind="state"))  # the button that was pressed is out of date
        return
    draft.timer(policy.REMIND, None)
    draft.happened(happened.value, name=event.operator.name)
    draft.say(bot.phrase(draft, rules, happened.value))
    if happened is Happened.RETURNED:
        outcome = interpreter.advance(rules.workspace, draft.dialog, interpreter.Resumed(), bot.scope(draft, rules))
        if outcome.matched:
            bot.carry_out(draft, outcome, rules)
    else:
        draft.dialog = replace(draft.dialog, frames=(), slots={})
    draft.tell_desks(Notice(kind="state"))


def _timer_fired(draft: Draft, event: TimerFired, rules: Rules) -> None:
    draft.timer(event.timer, None)
    held = draft.ticket
    if event.timer != policy.REMIND or draft.stage is not Stage.QUEUED or held is None:
        return
    if not held.reminders and held.promise is None:
        draft.say(bot.phrase(draft, rules, "still_waiting"))
    held = policy.reminded(held)
    draft.owned(draft.stage, held)
    draft.happened("reminded", times=held.reminders)
    draft.tell_desks(Notice(kind="reminder"))
    if held.reminders < rules.workspace.bot.handoff.reminders:
        draft.timer(policy.REMIND, policy.reminder(rules.workspace, held.skill, draft.now))


# --- what became of things -----------------------------------------------------------------------


def _action_finished(draft: Draft, event: ActionFinished, rules: Rules) -> None:
    if draft.take_item(event.item) is None or draft.stage is not Stage.BOT:
        return
    if interpreter.waits_for_call(rules.workspace, draft.dialog):
        given = interpreter.Resulted(ok=event.ok, data=event.data, error=event.error)
        outcome = interpreter.advance(rules.workspace, draft.dialog, given, bot.scope(draft, rules))
        bot.carry_out(draft, outcome, rules)


def _delivered(draft: Draft, event: Delivered) -> None:
    item = draft.take_item(event.item)
    if item is None:
        return
    if isinstance(item.body, ToDesk) and event.thread is not None:
        draft.thread(item.body.desk, DeskThread(address=event.thread, card=event.card))
    if isinstance(item.body, ToCustomer) and item.body.message.author.kind == "operator":
        _record_delivery(draft, item, item.body, "sent", "")


def _gave_up(draft: Draft, event: GaveUp, rules: Rules) -> None:
    item = draft.take_item(event.item)
    if item is None:
        return
    if isinstance(item.body, ToCustomer):
        _record_delivery(draft, item, item.body, "failed", event.sentence)
        if event.code == "blocked":
            draft.reachable(False)
        if item.body.message.author.kind != "operator":
            draft.tell_people(Notice(kind="info", text=event.sentence))
    elif isinstance(item.body, ToDesk):
        draft.happened("desk_failed", desk=item.body.desk, why=event.sentence)
    elif interpreter.waits_for_call(rules.workspace, draft.dialog) and draft.stage is Stage.BOT:
        given = interpreter.Resulted(ok=False, data=None, error=event.sentence)
        bot.carry_out(draft, interpreter.advance(rules.workspace, draft.dialog, given, bot.scope(draft, rules)), rules)


def _record_delivery(draft: Draft, item: OutboxItem, body: ToCustomer, status: str, sentence: str) -> None:
    entry = draft.entry(
        "delivery", Author(kind="system"), data={"of": str(item.id), "status": status, "sentence": sentence}
    )
    if body.desk:
        draft.tell_desks(Notice(kind="receipt", text=status, message=body.receipt, entries=(entry.id,)), only=body.desk)
