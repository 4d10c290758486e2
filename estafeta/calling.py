"""People are called: the ticket, whom it is offered to, what the customer is promised, and what happens while nobody
comes. Pure, like all of a decision.

A ticket that waits always has an offer (`handoff.routing`) or a promise (`handoff.policy`), and a timer that leads
on: to the next rung of the ladder, to the opening, to the moment before a promise breaks.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from estafeta import deadlines
from estafeta.draft import Draft
from estafeta.kernel.model import Button, Notice, Offer, Operator, Reason, Stage, Ticket, Timer
from estafeta.rules import Rules, open_now, phrase
from flows.interpreter import HandoffRequest
from handoff import hours, machine, policy, routing
from handoff.machine import Happened, Move


def move(draft: Draft, what: Move, rules: Rules, *, reason: Reason, skill: str = "", request: str = "",
         priority: int = 0, operator: Operator | None = None) -> Happened:  # fmt: skip
    """Applies a move of the table; a ticket that it opens belongs to `skill`, else to what the customer is after."""
    fresh = None
    if draft.ticket is None:
        skill = _skill(draft, rules, skill)
        fresh = policy.ticket(
            draft.before.id, draft.tickets + 1, reason=reason, skill=skill,
            request=request or draft.request(asked=reason is Reason.USER_REQUEST), now=draft.now,
            understandings=draft.understandings, language=draft.language,
            priority=policy.priority(rules.workspace, skill, priority),
        )  # fmt: skip
    moved = machine.move(draft.stage, draft.ticket, what, fresh=fresh, operator=operator)
    draft.owned(moved.stage, moved.ticket)
    return moved.happened


def _skill(draft: Draft, rules: Rules, wanted: str) -> str:
    """Who asks for a person after asking for a parcel is after the parcel."""
    meant = (one for one in reversed(draft.understandings) if routing.skill_of_intent(rules.workspace, one))
    return routing.skill_for(rules.workspace, wanted, next(meant, None))


# --- calling -------------------------------------------------------------------------------------


def call_people(draft: Draft, request: HandoffRequest, rules: Rules) -> None:
    """Opens a ticket, tells the customer and the operators. Who waits already hears where they stand; while a
    person has the conversation nothing happens."""
    happened = move(
        draft, Move.REQUEST, rules, reason=request.reason, skill=request.skill, request=request.summary,
        priority=request.priority,
    )  # fmt: skip
    held = draft.ticket
    if held is None or draft.stage is not Stage.QUEUED:
        return
    if happened is not Happened.OPENED:
        draft.ticket = replace(held, priority=max(held.priority, request.priority))
        asked_again(draft, rules, request.say)
        return
    draft.dialog = replace(draft.dialog, fallbacks=0)
    opened(draft, held, rules)
    draft.tell_desks(Notice(kind="card"))
    _queue(draft, rules, request.say)


def asked_again(draft: Draft, rules: Rules, say: str = "") -> None:
    """The customer asks for people who are called already: they hear that, and their place in the queue."""
    held = draft.ticket
    if held is None or draft.stage is not Stage.QUEUED:
        return
    words, until = _place(draft, held, rules) if open_now(draft, held.skill, rules) else ("", None)
    if _tell(draft, say, phrase(draft, rules, "already_waiting"), words) and until is not None:
        _promise_at_least(draft, until, rules)


def pass_on(draft: Draft, rules: Rules, *, by: Operator, skill: str = "", to: str = "") -> bool:
    """An operator passes the conversation on: to the people of `skill`, or to the operator with the id `to`, who are
    asked first. False: there is no such skill, and nothing happened."""
    if skill and skill not in rules.workspace.skills:
        draft.tell_desks(Notice(kind="info", text="no_such_skill", values={"skill": skill}), only=by.desk)
        return False
    before = draft.stage
    happened = move(draft, Move.TRANSFER, rules, reason=Reason.OPERATOR_TAKEOVER, skill=skill, operator=by)
    held = draft.ticket
    if held is None:
        return False
    held = draft.ticket = replace(held, skill=skill or held.skill, wanted=to)
    if happened is Happened.OPENED:
        opened(draft, held, rules)
        draft.tell_desks(Notice(kind="card"))
    draft.happened("passed_on", ticket=held.id, by=by.name, skill=held.skill, to=to)
    draft.tell_desks(Notice(kind="state"))
    _queue(draft, rules, phrase(draft, rules, "passed_on") if before is not Stage.QUEUED else "", by=by.id)
    offer = draft.ticket.offer if draft.ticket else None
    if to and rules.floor.members and (offer is None or offer.to != (to,)):
        draft.tell_desks(Notice(kind="info", text="not_there", values={"to": to}), only=by.desk)
    return True


def opened(draft: Draft, held: Ticket, rules: Rules) -> None:
    draft.happened_by(
        "opened", ticket=held.id, reason=held.reason.value, skill=held.skill, priority=held.priority,
        language=held.language, place=routing.position(held, draft.before.id, rules.floor),
    )  # fmt: skip


def _queue(draft: Draft, rules: Rules, say: str = "", by: str = "") -> None:
    """A ticket begins to wait: offered now, or promised for later. `say` goes before what the customer is told of
    that; `by` is the operator who passed it on, after which it is only told what is new."""
    held = draft.ticket
    if held is None:
        return
    promise = _promised_now(draft, held, rules)
    if by and _waits_at_work(draft, held, rules):
        promise = policy.Promise(phrase="waiting", opens_at=None)
    if by and promise.phrase == "message_taken":
        promise = replace(promise, phrase="waiting_closed")
    words, until = [], promise.opens_at
    if promise.phrase == "waiting" and not by:
        place, until = _place(draft, held, rules)
        words = [phrase(draft, rules, "waiting"), place]
    elif promise.phrase != "waiting" and not (by and promise.phrase == "already_waiting"):
        opens = hours.in_words(rules.workspace.hours, promise.opens_at, draft.now, draft.language)
        words = [phrase(draft, rules, promise.phrase, opens_at=opens)]
    if _tell(draft, say, *words) and until is not None:
        _promise(draft, until, rules, was=held.promise, closed=promise.opens_at is not None)
    if promise.opens_at is None or promise.at_once:
        _offer_first(draft, rules, by)
    else:
        _wait_for(draft, promise.opens_at, rules)
    deadlines.watch_deadline(draft, rules)


def _promised_now(draft: Draft, held: Ticket, rules: Rules) -> policy.Promise:
    return policy.promise(
        rules.workspace, draft.told_closed_until, held.skill, draft.now, channel=draft.address.channel,
        closures=rules.floor.closures,
    )  # fmt: skip


def _waits_at_work(draft: Draft, held: Ticket, rules: Rules) -> bool:
    """Whether the colleague who is asked by name is there, whatever the hour."""
    colleague = rules.floor.member(held.wanted)
    return colleague is not None and routing.there(rules.workspace, colleague, draft.now)


def _tell(draft: Draft, *words: str, buttons: tuple[Button, ...] = ()) -> bool:
    """Says this in one message; whether the customer can read it. Where strangers read along it is nobody else's
    business who has the conversation."""
    if draft.blocked or (draft.channel is not None and draft.channel.public):
        return False
    draft.say("\n\n".join(word for word in words if word), buttons)
    return draft.may_write


def _place(draft: Draft, held: Ticket, rules: Rules) -> tuple[str, datetime | None]:
    """The customer's place in the queue and how long it may take, as far as anything is known of that; and until
    when that promises an answer."""
    place = routing.position(held, draft.before.id, rules.floor)
    wait = routing.expected_wait(rules.workspace, held.skill, place, rules.floor)
    stated = None if wait is None else policy.stated_wait(
        rules.workspace, held.skill, draft.now, wait, channel=draft.address.channel, closures=rules.floor.closures
    )  # fmt: skip
    if stated is None:
        return (phrase(draft, rules, "in_queue", position=place, wait="") if place > 1 else ""), None
    told, until = stated
    return phrase(draft, rules, "in_queue", position=place, wait=hours.in_minutes(told, draft.language)), until


# --- the ladder ----------------------------------------------------------------------------------


def _offer_first(draft: Draft, rules: Rules, by: str = "") -> None:
    held = draft.ticket
    if held is None:
        return
    if not held.wanted:
        known = routing.same_as_before(rules.workspace, held, draft.before.past, rules.floor, draft.now)
        held = draft.ticket = replace(held, wanted="" if known == by else known)
    offer = routing.first_offer(rules.workspace, held, rules.floor, draft.now, but=by)
    fresh = held.opened_at == draft.now and not by
    _offer(draft, offer, silent=fresh and _called_by_the_card(held, offer, rules))


def _called_by_the_card(held: Ticket, offer: Offer, rules: Rules) -> bool:
    """Whether those who are asked need no call by name: the card of a new ticket calls all of its skill."""
    skill = rules.workspace.skills.get(held.skill)
    if held.wanted or (skill is not None and skill.mode != "everyone"):
        return not offer.to
    asked = [member for member in rules.floor.members if member.id in offer.to]
    return all(routing.answers(member, held.skill) for member in asked)


def _offer(draft: Draft, offer: Offer, *, silent: bool = False) -> None:
    held = draft.ticket
    if held is None:
        return
    draft.ticket = replace(held, offer=offer)
    draft.timer(policy.REMIND, Timer(name=policy.REMIND, at=offer.until))
    draft.happened("offered", ticket=held.id, to=list(offer.to), rung=offer.rung)
    if offer.rung and not offer.to:
        draft.tell_desks(Notice(kind="reminder"))
    elif not silent:
        draft.tell_desks(Notice(kind="offer", people=offer.to))


def _wait_for(draft: Draft, opens_at: datetime, rules: Rules) -> None:
    """Nobody is asked before people are back. Where the customer could not be told when that is, everybody who sees
    the ticket may take it until then."""
    held = draft.ticket
    if held is None:
        return
    untold = held.promise is None
    offer = Offer(at=draft.now, until=opens_at) if untold else None
    draft.ticket = replace(held, offer=offer)
    ahead = routing.position(held, draft.before.id, rules.floor) - 1
    draft.timer(policy.REMIND, policy.at_opening(opens_at, ahead))


def timer(draft: Draft, name: str, rules: Rules) -> bool:
    """Whether the timer was one of these. It has been taken away already."""
    match name:
        case policy.REMIND:
            reminder_due(draft, rules)
        case policy.AWAY:
            _people_left(draft, rules)
        case policy.PROMISE:
            _promise_due(draft, rules)
        case _:
            return deadlines.timer(draft, name, rules)
    return True


def reminder_due(draft: Draft, rules: Rules) -> None:
    """Nobody took the ticket in time: others are asked, and the customer hears of it now and then. Out of hours all
    that waits for the opening, unless people are called at any hour; the customer hears when that is."""
    held = draft.ticket
    if draft.stage is not Stage.QUEUED or held is None:
        return
    promise = _promised_now(draft, held, rules)
    if promise.opens_at is not None:
        _tell_away(draft, held, promise.opens_at, rules)
    if promise.opens_at is not None and not promise.at_once:
        _wait_for(draft, promise.opens_at, rules)
    elif held.offer is None:
        _offer_first(draft, rules)
    else:
        offer = routing.next_offer(rules.workspace, held, rules.floor, draft.now)
        if promise.opens_at is None and held.promise is None:
            _tell_again(draft, held, offer.rung, rules)
        _offer(draft, offer)


def _tell_again(draft: Draft, held: Ticket, rung: int, rules: Rules) -> None:
    """Still nobody came. The last time that the customer hears it, they may leave their number."""
    most = rules.workspace.bot.handoff.updates
    number = policy.update(rung, most)
    if not number:
        return
    place, until = _place(draft, held, rules)
    last = 1 < number == most and until is None
    name = "still_waiting" if number == 1 else "leave_contact" if last else "called_again"
    button = Button(id="contact", text=phrase(draft, rules, "share_contact"), asks="contact")
    told = _tell(draft, phrase(draft, rules, name), place, buttons=(button,) if last else ())
    if told and until is not None:
        _promise(draft, until, rules, closed=False)


def _people_left(draft: Draft, rules: Rules) -> None:
    """People went away while the customer waits. Those who are called at any hour are called as before, and so is a
    colleague who was asked by name and is there."""
    held = draft.ticket
    if draft.stage is not Stage.QUEUED or held is None or _waits_at_work(draft, held, rules):
        return
    promise = _promised_now(draft, held, rules)
    if promise.opens_at is None:
        return
    _tell_away(draft, held, promise.opens_at, rules)
    if not promise.at_once:
        _wait_for(draft, promise.opens_at, rules)


def _tell_away(draft: Draft, held: Ticket, opens_at: datetime, rules: Rules) -> None:
    """When people are back, the customer hears unless they know."""
    was = held.promise
    if was is not None and was >= opens_at:
        return
    opens = hours.in_words(rules.workspace.hours, opens_at, draft.now, draft.language)
    if _tell(draft, phrase(draft, rules, "waiting_closed" if was is None else "promise_late", opens_at=opens)):
        _promise(draft, opens_at, rules, was=was, closed=True)


# --- promises ------------------------------------------------------------------------------------


def _promise(draft: Draft, until: datetime, rules: Rules, *, was: datetime | None = None, closed: bool) -> None:
    """Stores what the customer was just told. `closed`: as the time when people are back."""
    held = draft.ticket
    if held is None:
        return
    if closed:
        draft.promised(until)
    else:
        draft.ticket = replace(held, promise=until)
    if was is None:
        draft.happened("promised", ticket=held.id, until=until.isoformat())
    elif was != until:
        draft.happened("promise_moved", ticket=held.id, was=was.isoformat(), until=until.isoformat())
    draft.timer(policy.PROMISE, policy.warning(_breaks(draft, held, until, rules), draft.now))


def _promise_at_least(draft: Draft, until: datetime, rules: Rules) -> None:
    """A time told again: later than before it is what holds now."""
    was = draft.ticket.promise if draft.ticket else None
    if was is None or was < until:
        _promise(draft, until, rules, was=was, closed=False)


def _breaks(draft: Draft, held: Ticket, until: datetime, rules: Rules) -> datetime:
    return policy.breaks_at(
        rules.workspace, held.skill, until, channel=draft.address.channel, closures=rules.floor.closures
    )


def kept_promise(draft: Draft) -> None:
    """A person answers: if that was promised, whether it was in time is written down. Otherwise nothing happens."""
    held = draft.ticket
    if held is None or held.promise is None:
        return
    due = next((timer.at for timer in draft.before.timers if timer.name == policy.PROMISE), None)
    late = due is not None and draft.now > due + policy.WARNING
    draft.happened("promise_broken" if late else "promise_kept", ticket=held.id, until=held.promise.isoformat())
    draft.ticket = replace(held, promise=None)
    draft.timer(policy.PROMISE, None)


def _promise_due(draft: Draft, rules: Rules) -> None:
    """What was promised breaks soon, or breaks now. While nobody has the conversation the customer is told the next
    time that can be promised; whoever has it is called."""
    held = draft.ticket
    if held is None or held.promise is None:
        return
    breaks = _breaks(draft, held, held.promise, rules)
    if draft.now >= breaks:
        draft.happened("promise_broken", ticket=held.id, until=held.promise.isoformat())
        draft.ticket = replace(held, promise=None)
        if draft.stage is Stage.QUEUED and held.offer is None:
            _offer_first(draft, rules)
        return
    draft.timer(policy.PROMISE, policy.warning(breaks, draft.now))
    if draft.stage is Stage.HUMAN:
        deadlines.call(draft, held, "promise_near", breaks)
    elif (until := _next_promise(draft, held, rules)) is not None:
        words = hours.in_words(rules.workspace.hours, until, draft.now, draft.language)
        if _tell(draft, phrase(draft, rules, "promise_late", opens_at=words)):
            _promise(draft, until, rules, was=held.promise, closed=False)
            deadlines.call(draft, held, "promise_moved", until)


def _next_promise(draft: Draft, held: Ticket, rules: Rules) -> datetime | None:
    place = routing.position(held, draft.before.id, rules.floor)
    wait = routing.expected_wait(rules.workspace, held.skill, place, rules.floor)
    waited = hours.business_seconds(
        rules.workspace.hours, held.skill, held.opened_at, draft.now, channel=draft.address.channel,
        closures=rules.floor.closures,
    )  # fmt: skip
    return policy.new_promise(
        rules.workspace, held.skill, draft.now, wait=wait[1] if wait else 0.0, waited=waited,
        channel=draft.address.channel, closures=rules.floor.closures,
    )  # fmt: skip
