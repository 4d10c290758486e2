"""The people's side of a decision: what operators say and do. Pure, like all of a decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from estafeta import calling, deadlines, ending, messages, waiting
from estafeta.draft import Draft
from estafeta.kernel.model import (
    Button,
    Ending,
    Json,
    Link,
    Notice,
    Operator,
    OperatorSaid,
    OperatorUndid,
    OutboxId,
    Reason,
    SaidElsewhere,
    Signal,
    Stage,
    Template,
    TicketMoved,
    Timer,
)
from estafeta.rules import Rules, announce, phrase
from handoff import hours, policy, triggers
from handoff.machine import Happened, Move

HOLD = "hold"
"""The timer that brings back what was put off."""

_AT_ONCE = timedelta(seconds=10)
"""Who presses "take" so soon after a colleague did it has not seen that yet."""
_OWNERS = ("return", "close", "transfer", "hold", "block", "ask_contact")
"""What a colleague's conversation is kept from until one is sure."""
_UNDO_GRACE = timedelta(seconds=2)
"""On top of the time for taking an answer back: the wish needs a moment to arrive."""


# --- speaking ------------------------------------------------------------------------------------


def operator_said(draft: Draft, group: Sequence[Signal], rules: Rules) -> None:
    said = [signal.event for signal in group if isinstance(signal.event, OperatorSaid)]
    event, parts = said[0], tuple(part for one in said for part in one.parts)
    ids = " ".join(one.message for one in said if one.message)
    held = draft.ticket.assignee if draft.ticket else None
    if held is not None and held.id != event.operator.id and not event.sure:
        conflict = Notice(kind="conflict", text=held.name, message=event.message)
        draft.tell_desks(conflict, only=event.operator.desk)
        return
    why = "blocked" if draft.blocked else "window_closed"
    if draft.blocked or (not draft.may_write and not any(isinstance(part, Template) for part in parts)):
        draft.happened("not_said", why=why, name=event.operator.name)
        refused = Notice(kind="receipt", text=f"failed: {why}", message=event.message)
        draft.tell_desks(refused, only=event.operator.desk)
        return
    if held is None:
        _take(draft, event.operator, Move.SPEAK, rules)
    answered(draft, event.operator, rules)
    desk, signed = event.operator.desk, _signature(draft, event.operator, rules)
    entry = draft.say_as(
        messages.operator_author(event.operator), parts, receipt=event.message, desk=desk, there=ids, signed=signed,
        reply_to=draft.links.there(desk, event.reply_to), not_before=_not_before(draft, rules),
    )  # fmt: skip
    draft.fetch(parts)
    draft.tell_desks(Notice(kind="said", entries=(entry.id,)), but=event.operator.desk)
    ending.operator_spoke(draft, rules)


def answered(draft: Draft, operator: Operator, rules: Rules) -> None:
    """A person's words: the customer waits no longer, and what was promised is kept."""
    held = draft.ticket
    if held is None:
        return
    calling.kept_promise(draft)
    if held.asked_at is not None:
        draft.happened("answered", ticket=held.id, operator=operator.id, waited=_waited(draft, held.asked_at, rules),
                       first=held.first_reply_at is None)  # fmt: skip
        draft.tell_desks(Notice(kind="state"))
    draft.replied()
    _resume(draft)
    deadlines.watch_deadline(draft, rules)
    deadlines.watch_owner(draft, rules)


def _waited(draft: Draft, since: datetime, rules: Rules) -> float:
    """In seconds of business time: a night is no waiting."""
    skill = draft.ticket.skill if draft.ticket else ""
    waited = hours.business_seconds(
        rules.workspace.hours, skill, since, draft.now, channel=draft.address.channel, closures=rules.floor.closures
    )
    return round(waited, 3)


def _signature(draft: Draft, operator: Operator, rules: Rules) -> str:
    named = rules.workspace.bot.handoff.names and bool(operator.name)
    return phrase(draft, rules, "signed", operator=operator.name) if named else ""


def _not_before(draft: Draft, rules: Rules) -> datetime | None:
    """Where nothing can be deleted, an answer that may be taken back is not sent before that time is over."""
    undo = rules.workspace.bot.handoff.undo
    if not undo or (draft.channel is not None and draft.channel.deletes):
        return None
    return draft.now + timedelta(seconds=undo)


def operator_undid(draft: Draft, event: OperatorUndid, rules: Rules) -> None:
    """Takes back what was said a moment ago: before it is sent, or at the customer's."""
    operator = event.operator
    link = draft.links.there(operator.desk, event.message) if event.message else draft.links.latest_of(operator.id)
    if link is None or link.by != "operator" or link.who != operator.id:
        draft.tell_desks(Notice(kind="info", text="nothing_to_undo"), only=operator.desk)
        return
    if not _taken_back(draft, link, rules):
        draft.tell_desks(Notice(kind="info", text="undo_late", message=event.message), only=operator.desk)
        return
    draft.happened("undone", of=link.entry, name=operator.name)
    if draft.stage is not Stage.BOT:  # the customer waits for an answer again
        draft.asks()
        ending.customer_spoke(draft, rules)
        deadlines.watch_deadline(draft, rules)
        deadlines.watch_owner(draft, rules)
    entry = draft.entry("deletion", messages.operator_author(operator), data={"of": link.entry})
    draft.tell_desks(Notice(kind="said", entries=(entry.id,)), but=operator.desk)
    message = event.message or link.there.partition(" ")[0]
    draft.tell_desks(Notice(kind="info", text="undone", message=message), only=operator.desk)


def _taken_back(draft: Draft, link: Link, rules: Rules) -> bool:
    if draft.waits(link.entry) is not None:
        draft.take_message(OutboxId(link.entry))
        return True
    undo = timedelta(seconds=rules.workspace.bot.handoff.undo)
    fresh = link.said_at is not None and draft.cause.at - link.said_at <= undo + _UNDO_GRACE
    channel = draft.can(link.at)
    if not (undo and fresh and link.here and channel is not None and channel.deletes):
        return False
    draft.change(link, "delete", desk=link.desk)
    return True


def said_elsewhere(draft: Draft, event: SaidElsewhere, rules: Rules) -> None:
    """Somebody of ours answered past the platform: the bot is silent from now on, and everybody sees why."""
    before = draft.stage
    if taken := _moved(draft, event.operator, Move.SPEAK, rules):
        _taken(draft, event.operator, rules, where=event.operator.desk)
    answered(draft, event.operator, rules)
    author = messages.operator_author(event.operator)
    data: dict[str, Json] = {"message": event.message, "where": event.operator.desk}
    entry = draft.entry("said", author, parts=event.parts, data=data)
    draft.linked(entry, here=event.message, at=draft.cause.address)
    draft.fetch(event.parts)
    if taken:
        draft.tell_desks(Notice(kind="card" if before is Stage.BOT else "state"))
    draft.tell_desks(Notice(kind="said", entries=(entry.id,)))
    ending.operator_spoke(draft, rules)


# --- moving the ticket ---------------------------------------------------------------------------


def ticket_moved(draft: Draft, event: TicketMoved, rules: Rules) -> None:
    if event.text:
        noted(draft, event.operator, event.text)
    if _barges_in(draft, event):
        return
    match event.move:
        case "take":
            _press_take(draft, event.operator, rules, sure=event.sure)
        case "return" | "close":
            _end(draft, event, rules)
        case "transfer":
            draft.timer(HOLD, None)
            calling.pass_on(draft, rules, by=event.operator, skill=event.skill, to=event.to)
        case "hold":
            _hold(draft, event, rules)
        case "resume":
            if _resume(draft):
                draft.tell_desks(Notice(kind="state"))
        case "tag" | "untag" | "priority":
            _label(draft, event, rules)
        case "block" | "unblock":
            _block(draft, event, rules)
        case "ask_contact":
            _take(draft, event.operator, Move.TAKE, rules)
            button = Button(id="contact", text=phrase(draft, rules, "share_contact"), asks="contact")
            announce(draft, rules, "ask_contact", button)


def noted(draft: Draft, operator: Operator, words: str) -> None:
    """Words for colleagues."""
    entry = draft.entry("note", messages.operator_author(operator), parts=messages.plain(words))
    draft.tell_desks(Notice(kind="said", entries=(entry.id,)), but=operator.desk)


def _end(draft: Draft, event: TicketMoved, rules: Rules) -> None:
    how: Ending = "returned" if event.move == "return" else "closed"
    if not ending.end(draft, rules, how, operator=event.operator, resolution=event.resolution, flow=event.flow):
        draft.tell_desks(Notice(kind="state"))  # the button that was pressed is out of date


def _barges_in(draft: Draft, event: TicketMoved) -> bool:
    """Whether it is a colleague's conversation, and the operator does not know: then that is said, and no more."""
    held = draft.ticket.assignee if draft.ticket else None
    if held is None or held.id == event.operator.id or event.sure or event.move not in _OWNERS:
        return False
    draft.tell_desks(Notice(kind="info", text="owned", values={"name": held.name}), only=event.operator.desk)
    return True


def _press_take(draft: Draft, operator: Operator, rules: Rules, *, sure: bool) -> None:
    held = draft.ticket
    if held is not None and held.assignee is not None and held.assignee.id != operator.id:
        if not sure and held.taken_at is not None and draft.now - held.taken_at < _AT_ONCE:
            taken = Notice(kind="info", text="already_taken", values={"name": held.assignee.name})
            draft.tell_desks(taken, only=operator.desk)
            return
        lost = Notice(
            kind="info", text="taken_over", values={"name": operator.name, "from": held.assignee.name},
            people=(held.assignee.id,),
        )  # fmt: skip
        draft.tell_desks(lost)
    _take(draft, operator, Move.TAKE, rules)


def _take(draft: Draft, operator: Operator, what: Move, rules: Rules) -> None:
    before = draft.stage
    if not _moved(draft, operator, what, rules):
        return
    _taken(draft, operator, rules)
    if before is not Stage.HUMAN:
        announce(draft, rules, "taken")
    draft.tell_desks(Notice(kind="card" if before is Stage.BOT else "state"))


def _moved(draft: Draft, operator: Operator, what: Move, rules: Rules) -> bool:
    """Whether it is the operator's now and was not before; a ticket that is opened by that is told of."""
    before = draft.stage
    why = triggers.trigger(rules.workspace, Reason.OPERATOR_TAKEOVER, draft.customer)
    happened = calling.move(
        draft, what, rules, reason=Reason.OPERATOR_TAKEOVER, skill=why.skill, priority=why.priority, operator=operator
    )
    if before is Stage.BOT and draft.ticket is not None:
        calling.opened(draft, draft.ticket, rules)
    return happened is Happened.TAKEN


def _taken(draft: Draft, operator: Operator, rules: Rules, **where: Json) -> None:
    held = draft.ticket
    if held is None:
        return
    draft.ticket = replace(held, taken_at=draft.now)
    for name in (policy.REMIND, HOLD, waiting.TOLD, waiting.MESSAGE):
        draft.timer(name, None)
    deadlines.watch_owner(draft, rules)
    waited = _waited(draft, held.asked_at or held.opened_at, rules)
    draft.happened("taken", ticket=held.id, operator=operator.id, name=operator.name, waited=waited, **where)


def _hold(draft: Draft, event: TicketMoved, rules: Rules) -> None:
    if event.until is None or event.until <= draft.now:
        draft.tell_desks(Notice(kind="info", text="hold_when"), only=event.operator.desk)
        return
    if draft.stage is not Stage.HUMAN:
        _take(draft, event.operator, Move.TAKE, rules)
    if draft.ticket is None:
        return
    draft.ticket = replace(draft.ticket, held_until=event.until)
    draft.timer(HOLD, Timer(name=HOLD, at=event.until))
    ending.customer_spoke(draft, rules)  # whoever put it off is not waiting for the customer
    draft.happened("held", ticket=draft.ticket.id, until=event.until.isoformat(), name=event.operator.name)
    draft.tell_desks(Notice(kind="state"))


def _resume(draft: Draft) -> bool:
    """What was put off is there again. Whether it was put off."""
    held = draft.ticket
    draft.timer(HOLD, None)
    if held is None or held.held_until is None:
        return False
    draft.ticket = replace(held, held_until=None)
    draft.happened("resumed", ticket=held.id)
    return True


def customer_spoke(draft: Draft, rules: Rules, *, thanks: bool = False) -> None:
    """The customer's words bring back what was put off, and wait for an answer unless they are bare thanks."""
    if thanks and draft.ticket is not None and draft.ticket.asked_at is None:
        return
    if _resume(draft):
        draft.tell_desks(Notice(kind="state"))
    ending.customer_spoke(draft, rules)
    if draft.stage is not Stage.BOT:
        draft.asks()
        deadlines.watch_deadline(draft, rules)
        deadlines.watch_owner(draft, rules)


def hold_over(draft: Draft, rules: Rules) -> None:
    """The time until which it was put off has come: whoever has it is called."""
    held = draft.ticket
    if held is None or not _resume(draft):
        return
    draft.tell_desks(Notice(kind="state"))
    people = (held.assignee.id,) if held.assignee else ()
    draft.tell_desks(Notice(kind="offer", text="held_over", people=people))
    deadlines.watch_owner(draft, rules)


def _label(draft: Draft, event: TicketMoved, rules: Rules) -> None:
    """Tags and priority of the ticket; the tags that make a customer important stay with the customer."""
    held = draft.ticket
    lasting = tuple(tag for tag in event.tags if tag in rules.workspace.bot.handoff.reasons.vip.tags)
    known = draft.customer.tags
    if event.move == "tag":
        draft.customer = replace(draft.customer, tags=tuple(dict.fromkeys((*known, *lasting))))
        draft.happened("tagged", tags=list(event.tags), name=event.operator.name)
    elif event.move == "untag":
        draft.customer = replace(draft.customer, tags=tuple(tag for tag in known if tag not in event.tags))
        draft.happened("untagged", tags=list(event.tags), name=event.operator.name)
    if held is None:
        draft.tell_desks(Notice(kind="state"))
        return
    if event.move == "priority":
        draft.ticket = replace(held, priority=max(-10, min(10, event.priority)))
        draft.happened("priority", ticket=held.id, priority=draft.ticket.priority, name=event.operator.name)
    else:
        kept = (*held.tags, *event.tags) if event.move == "tag" else (t for t in held.tags if t not in event.tags)
        draft.ticket = replace(held, tags=tuple(dict.fromkeys(kept)))
    draft.tell_desks(Notice(kind="state"))


def _block(draft: Draft, event: TicketMoved, rules: Rules) -> None:
    blocks = event.move == "block"
    if draft.blocked == blocks:
        return
    draft.blocked = blocks
    draft.happened("blocked" if blocks else "unblocked", name=event.operator.name)
    if blocks:
        ending.end(draft, rules, "closed", operator=event.operator, resolution="blocked")
    draft.tell_desks(Notice(kind="state"))
