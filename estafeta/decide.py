"""One decision: a conversation and what happened to it in, the conversation afterwards and the new
lines of its timeline out. Pure: no I/O, no clock, no randomness. Ids of what it creates derive from
the signal that caused it, so deciding again gives the same bytes.

The bot's side is `flows`, the people's side is `handoff`; this module joins them and nothing else
moves a conversation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from estafeta.draft import Draft
from estafeta.kernel.model import (
    ActionFinished,
    Author,
    Button,
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
    ToAction,
    ToCustomer,
    ToDesk,
    Understanding,
)
from estafeta.language import language_of
from flows import interpreter
from flows.interpreter import HandoffRequest, Outcome
from flows.model import Workspace
from handoff import hours, machine, policy
from handoff.hours import Timetable
from handoff.machine import Happened, Move

HUMAN_BUTTON = "human"
"""The id of the button that calls a person, whatever the dialog is at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    conversation: Conversation
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What deciding needs besides the conversation. `lease`: how long what a decision wants done is
    the business of the worker that committed it."""

    workspace: Workspace
    desks: tuple[str, ...]
    lease: timedelta = timedelta(seconds=15)
    timetable: Timetable = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "timetable", Timetable(self.workspace.hours))


class NotUnderstood:
    """Stands for an understanding that could not be had: the engine was late or down."""


Meaning = Understanding | NotUnderstood | None


def needs_understanding(conversation: Conversation | None, group: Sequence[Signal]) -> str:
    """The text to understand before deciding, or "" when the bot has no say or there are no words."""
    if conversation is not None and conversation.stage is Stage.HUMAN:
        return ""
    first = group[0].event
    if isinstance(first, CustomerPressed):
        return "" if first.button == HUMAN_BUTTON else first.label
    if isinstance(first, CustomerSaid):
        text = _words(group)
        return "" if text.startswith("/") else text
    return ""


def decide(
    conversation: Conversation, group: Sequence[Signal], meaning: Meaning, now: datetime, rules: Rules
) -> Decision:
    """Applies `group`: one signal, or several messages of the customer that waited together."""
    draft = Draft(conversation, group[0], now, rules.desks, rules.lease)
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
    draft = Draft(conversation, group[0], now, rules.desks, rules.lease)
    for signal in group:
        if isinstance(signal.event, CustomerSaid):
            message = {"message": signal.event.message}
            draft.entry("said", draft.customer_author(), parts=signal.event.parts, data=message)
    draft.happened("failed", signals=[str(signal.id) for signal in group])
    if draft.stage is Stage.BOT:
        draft.dialog = replace(draft.dialog, frames=())
        _call_people(draft, HandoffRequest(reason=Reason.BOT_DOWN, skill="", summary=""), rules)
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
    if text and not text.startswith("/"):
        draft.words(text)
    draft.tell_people(Notice(kind="said", entries=tuple(ids)))
    if draft.stage is Stage.HUMAN:
        return
    if text.startswith("/start"):
        if draft.stage is Stage.BOT:
            _say_with_way_out(draft, rules, "greeting")
    elif not text:
        if draft.stage is Stage.BOT:
            _say_with_way_out(draft, rules, "unsupported")
    else:
        known = meaning if isinstance(meaning, Understanding) else None
        late = isinstance(meaning, NotUnderstood)
        _bot_turn(draft, interpreter.Said(text=text, understanding=known), rules, text, late=late)


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
    if event.button == HUMAN_BUTTON:
        _call_people(draft, HandoffRequest(reason=Reason.USER_REQUEST, skill="", summary=""), rules)
    elif interpreter.starts_something(workspace, event.button):
        given = interpreter.Pressed(button=event.button, label=event.label)
        _bot_turn(draft, given, rules, event.label, late=False)
    elif event.label:
        late = isinstance(meaning, NotUnderstood)
        _bot_turn(draft, interpreter.Said(text=event.label, understanding=known), rules, event.label, late=late)


def _customer_edited(draft: Draft, event: CustomerEdited) -> None:
    entry = draft.entry("edit", draft.customer_author(), parts=event.parts, data={"message": event.message})
    draft.tell_people(Notice(kind="said", entries=(entry.id,)))


def _reachability(draft: Draft, event: ReachabilityChanged) -> None:
    if draft.customer.reachable == event.reachable:
        return
    draft.reachable(event.reachable)
    draft.happened("reachable" if event.reachable else "unreachable")
    draft.tell_people(Notice(kind="state"))


# --- the bot -------------------------------------------------------------------------------------


def _phrase(draft: Draft, rules: Rules, name: str, **values: object) -> str:
    customer = {"name": draft.customer.name, "language": draft.language}
    return interpreter.phrase(rules.workspace, name, draft.language, customer=customer, now=draft.now, **values)


def _scope(draft: Draft, rules: Rules) -> interpreter.Scope:
    skill = policy.skill_or_default(rules.workspace, "")
    return interpreter.Scope(
        language=draft.language,
        customer_name=draft.customer.name,
        now=draft.now,
        open=rules.timetable.is_open(skill, draft.now),
        seed=draft.cause.id,
    )


def _say_with_way_out(draft: Draft, rules: Rules, phrase: str) -> None:
    """A phrase with the button that calls a person under it."""
    draft.say(_phrase(draft, rules, phrase), (Button(id=HUMAN_BUTTON, text=_phrase(draft, rules, "human")),))


def _bot_turn(
    draft: Draft, given: interpreter.Said | interpreter.Pressed, rules: Rules, text: str, *, late: bool
) -> None:
    """The bot's answer to the customer, while no person has the conversation."""
    if draft.stage is Stage.QUEUED:
        _answer_while_waiting(draft, given, rules)
        return
    outcome = interpreter.advance(rules.workspace, draft.dialog, given, _scope(draft, rules))
    if outcome.matched:
        _carry_out(draft, outcome, rules)
    elif text == "/human":
        _call_people(draft, HandoffRequest(reason=Reason.USER_REQUEST, skill="", summary=""), rules)
    elif late:
        _call_people(draft, HandoffRequest(reason=Reason.BOT_DOWN, skill="", summary=""), rules)
    else:
        _fall_back(draft, rules)


def _answer_while_waiting(draft: Draft, given: interpreter.Said | interpreter.Pressed, rules: Rules) -> None:
    """A customer who waits for people still gets answers to typical questions: those that a flow
    answers at once. What people were called for stays where it was."""
    blank = replace(draft.dialog, frames=())
    outcome = interpreter.advance(rules.workspace, blank, given, _scope(draft, rules))
    if not outcome.matched or outcome.error:
        return
    if outcome.handoff is not None:
        draft.say(_phrase(draft, rules, "already_waiting"))
    elif outcome.call is None and not outcome.dialog.frames:
        for reply in outcome.replies:
            draft.say(reply.text, reply.buttons)


def _carry_out(draft: Draft, outcome: Outcome, rules: Rules) -> None:
    draft.dialog = replace(outcome.dialog, fallbacks=0)
    for flow in outcome.started:
        draft.happened("flow", flow=flow)
    for reply in outcome.replies:
        draft.say(reply.text, reply.buttons)
    if outcome.error:
        draft.happened("stuck", why=outcome.error)
        draft.say(_phrase(draft, rules, "stuck"))
        _call_people(draft, HandoffRequest(reason=Reason.ACTION_ERROR, skill="", summary=""), rules)
    elif outcome.handoff is not None:
        _call_people(draft, outcome.handoff, rules)
    elif outcome.call is not None:
        draft.post(ToAction(action=outcome.call.action, arguments=outcome.call.arguments))


def _fall_back(draft: Draft, rules: Rules) -> None:
    fallbacks = draft.dialog.fallbacks + 1
    draft.dialog = replace(draft.dialog, fallbacks=fallbacks)
    if fallbacks >= rules.workspace.bot.fallback.attempts:
        _call_people(draft, HandoffRequest(reason=Reason.REPEATED_FALLBACK, skill="", summary=""), rules)
    else:
        _say_with_way_out(draft, rules, "fallback")


# --- people --------------------------------------------------------------------------------------


def _operator_author(operator: Operator) -> Author:
    return Author(kind="operator", name=operator.name, id=operator.id)


def _move(draft: Draft, what: Move, rules: Rules, *, reason: Reason, skill: str = "", request: str = "",
          operator: Operator | None = None) -> Happened:  # fmt: skip
    fresh = None
    if draft.ticket is None:
        fresh = policy.ticket(
            draft.before.id, draft.tickets + 1, reason=reason, skill=policy.skill_or_default(rules.workspace, skill),
            request=request or draft.request(asked=reason is Reason.USER_REQUEST), now=draft.now,
            understandings=draft.understandings,
        )  # fmt: skip
    moved = machine.move(draft.stage, draft.ticket, what, fresh=fresh, operator=operator)
    draft.owned(moved.stage, moved.ticket)
    return moved.happened


def _call_people(draft: Draft, request: HandoffRequest, rules: Rules) -> None:
    happened = _move(draft, Move.REQUEST, rules, reason=request.reason, skill=request.skill, request=request.summary)
    held = draft.ticket
    if happened is not Happened.OPENED or held is None:
        draft.say(_phrase(draft, rules, "already_waiting"))
        return
    promise = policy.promise(rules.workspace, draft.told_closed_until, held.skill, draft.now)
    draft.promised(promise.opens_at)
    draft.timer(policy.REMIND, policy.reminder(rules.workspace, held.skill, draft.now))
    draft.dialog = replace(draft.dialog, fallbacks=0)
    draft.happened("opened", reason=held.reason.value, skill=held.skill)
    opens = hours.in_words(rules.workspace.hours, promise.opens_at, draft.now, draft.language)
    draft.say(_phrase(draft, rules, promise.phrase, opens_at=opens))
    draft.tell_desks(Notice(kind="card"))


def _take(draft: Draft, event: OperatorSaid | TicketMoved, what: Move, rules: Rules) -> None:
    before = draft.stage
    happened = _move(draft, what, rules, reason=Reason.OPERATOR_TAKEOVER, operator=event.operator)
    if happened is not Happened.TAKEN:
        return
    draft.timer(policy.REMIND, None)
    draft.happened("taken", name=event.operator.name)
    if before is not Stage.HUMAN:
        draft.say(_phrase(draft, rules, "taken"))
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
    happened = _move(draft, what, rules, reason=Reason.OPERATOR_TAKEOVER, operator=event.operator)
    if happened is Happened.NOTHING:
        draft.tell_desks(Notice(kind="state"))  # the button that was pressed is out of date
        return
    draft.timer(policy.REMIND, None)
    draft.happened(happened.value, name=event.operator.name)
    draft.say(_phrase(draft, rules, happened.value))
    if happened is Happened.RETURNED:
        outcome = interpreter.advance(rules.workspace, draft.dialog, interpreter.Resumed(), _scope(draft, rules))
        if outcome.matched:
            _carry_out(draft, outcome, rules)
    else:
        draft.dialog = replace(draft.dialog, frames=(), slots={})
    draft.tell_desks(Notice(kind="state"))


def _timer_fired(draft: Draft, event: TimerFired, rules: Rules) -> None:
    draft.timer(event.timer, None)
    held = draft.ticket
    if event.timer != policy.REMIND or draft.stage is not Stage.QUEUED or held is None:
        return
    if not held.reminders and held.promise is None:
        draft.say(_phrase(draft, rules, "still_waiting"))
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
        outcome = interpreter.advance(rules.workspace, draft.dialog, given, _scope(draft, rules))
        _carry_out(draft, outcome, rules)


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
        _carry_out(draft, interpreter.advance(rules.workspace, draft.dialog, given, _scope(draft, rules)), rules)


def _record_delivery(draft: Draft, item: OutboxItem, body: ToCustomer, status: str, sentence: str) -> None:
    entry = draft.entry(
        "delivery", Author(kind="system"), data={"of": str(item.id), "status": status, "sentence": sentence}
    )
    if body.desk:
        draft.tell_desks(Notice(kind="receipt", text=status, message=body.receipt, entries=(entry.id,)), only=body.desk)
