"""While the customer waits for an answer: by when people are to give it, and who is called when they do not. Pure, like
all of a decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from estafeta.draft import Draft
from estafeta.kernel.model import Notice, Stage, Ticket, Timer
from estafeta.rules import Rules, open_now
from handoff import hours, policy, routing, sla


def timer(draft: Draft, name: str, rules: Rules) -> bool:
    """Whether the timer was one of these. It has been taken away already."""
    match name:
        case policy.SLA:
            _overdue_soon(draft, rules)
        case policy.OWNER:
            _unanswered(draft, rules)
        case _:
            return False
    return True


def watch_deadline(draft: Draft, rules: Rules) -> None:
    """Sets the timer for what people are to answer next, by what the skill aims at; without anything to answer
    there is none. To be called whenever that may have changed; the same state gives the same timer."""
    soon = None if draft.ticket is None else _deadline(draft, draft.ticket, rules)
    draft.timer(policy.SLA, soon[1] if soon else None)


def _deadline(draft: Draft, held: Ticket, rules: Rules) -> tuple[datetime, Timer | None] | None:
    """By when people are to answer, and when they are called before that (None: that is over)."""
    found = sla.deadlines(rules.workspace, held, channel=draft.address.channel, closures=rules.floor.closures)
    skill = rules.workspace.skills.get(held.skill)
    if found.soonest is None or skill is None:
        return None
    aim = skill.first_answer if found.first is not None else skill.next_answer
    return found.soonest, policy.overdue_soon(found.soonest, aim or 0, draft.now)


def _overdue_soon(draft: Draft, rules: Rules) -> None:
    """The timer may be an earlier question's: then it is set for the one that waits now."""
    held = draft.ticket
    soon = None if held is None else _deadline(draft, held, rules)
    if held is None or soon is None:
        return
    deadline, timer = soon
    draft.timer(policy.SLA, timer)
    if timer is None:
        call(draft, held, "answer_due", deadline)


def watch_owner(draft: Draft, rules: Rules) -> None:
    """While a person has the conversation and the customer waits, that person is called, then the others of the
    ladder too. To be called whenever that may have changed; what was begun goes on."""
    held = draft.ticket
    if held is None or draft.stage is not Stage.HUMAN:
        draft.timer(policy.OWNER, None)
    elif held.asked_at is None or held.held_until is not None:
        draft.ticket = replace(held, offer=None)
        draft.timer(policy.OWNER, None)
    elif held.offer is None:
        offer = routing.first_offer(rules.workspace, held, rules.floor, draft.now)
        draft.ticket = replace(held, offer=offer)
        draft.timer(policy.OWNER, Timer(name=policy.OWNER, at=offer.until))


def _unanswered(draft: Draft, rules: Rules) -> None:
    """Out of hours it waits for the opening: nobody is called at night for what can wait."""
    held = draft.ticket
    if held is None or draft.stage is not Stage.HUMAN or held.asked_at is None or held.offer is None:
        return
    if not open_now(draft, held.skill, rules):
        opens_at = hours.opens_at(
            rules.workspace.hours, held.skill, draft.now, channel=draft.address.channel, closures=rules.floor.closures
        )
        draft.timer(policy.OWNER, Timer(name=policy.OWNER, at=opens_at) if opens_at else None)
        return
    offer = routing.next_offer(rules.workspace, held, rules.floor, draft.now)
    draft.ticket = replace(held, offer=offer)
    draft.timer(policy.OWNER, Timer(name=policy.OWNER, at=offer.until))
    owner = (held.assignee.id,) if held.assignee else ()
    others = offer.to if offer.rung >= routing.SUPERVISOR else ()
    people = tuple(dict.fromkeys((*owner, *others)))
    values = {"since": held.asked_at.isoformat()}
    draft.tell_desks(Notice(kind="reminder", text="unanswered", people=people, values=values))


def call(draft: Draft, held: Ticket, why: str, until: datetime) -> None:
    """Calls whoever has the ticket, or was asked to take it."""
    people = (held.assignee.id,) if held.assignee else held.offer.to if held.offer else ()
    draft.tell_desks(Notice(kind="reminder", text=why, people=people, values={"until": until.isoformat()}))
