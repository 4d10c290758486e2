"""What reaches the bot from outside of the talk: an event, the time that a flow waits for, what a link carried.

While people have the conversation, or are called, none of it speaks: it waits until the bot has the conversation back.
"""

from __future__ import annotations

from datetime import timedelta

from estafeta.bot import carry_out
from estafeta.draft import WAIT, Draft
from estafeta.kernel.model import EventHappened, Stage, Timer
from estafeta.rules import Rules, content, scope
from flows import interpreter

_AGAIN = timedelta(seconds=5)
"""After which it is tried again, when an action's reply was waited for."""


def happened(draft: Draft, event: EventHappened, rules: Rules) -> None:
    """Goes on with what waits for it, or starts its flow; else it is only kept in the timeline."""
    draft.happened("event", name=event.name, flow=event.flow, data=event.data)
    if draft.blocked:
        return
    given = interpreter.Happened(event=event.name, data=event.data, flow=event.flow)
    workspace = content(draft, rules)
    if draft.stage is Stage.BOT and not interpreter.waits_for_call(workspace, draft.dialog):
        outcome = interpreter.advance(workspace, draft.dialog, given, scope(draft, rules))
        if outcome.matched:
            carry_out(draft, outcome, rules)
    else:
        draft.dialog = interpreter.postponed(workspace, draft.dialog, given, draft.now)


def woken(draft: Draft, rules: Rules) -> None:
    """The time came that a flow waits for."""
    if draft.stage is not Stage.BOT or draft.blocked:
        return
    outcome = interpreter.advance(content(draft, rules), draft.dialog, interpreter.Woken(), scope(draft, rules))
    if outcome.matched:
        carry_out(draft, outcome, rules)
    else:
        draft.timer(WAIT, Timer(name=WAIT, at=draft.now + _AGAIN))


def linked(draft: Draft, payload: str, rules: Rules) -> bool:
    """Whether a flow is for what the link carried; it has begun then."""
    if not payload or draft.stage is not Stage.BOT:
        return False
    given = interpreter.Linked(payload=payload)
    outcome = interpreter.advance(content(draft, rules), draft.dialog, given, scope(draft, rules))
    if outcome.matched:
        carry_out(draft, outcome, rules)
    return outcome.matched
