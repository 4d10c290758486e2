"""The bot's side of a decision: its answers, and calling people when it should not answer alone.

Pure, like all of a decision. What the flows say is carried out here; what people do is in `decide`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from estafeta.draft import Draft
from estafeta.kernel.model import Address, Button, Capabilities, Notice, Operator, Reason, Stage, ToAction
from flows import interpreter
from flows.interpreter import HandoffRequest, Outcome
from flows.model import Workspace
from handoff import hours, machine, policy
from handoff.hours import Timetable
from handoff.machine import Happened, Move

HUMAN_BUTTON = "human"
"""The id of the button that calls a person, whatever the dialog is at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What deciding needs besides the conversation. `channels` are what the connected ones can do, by
    their name and account."""

    workspace: Workspace
    desks: tuple[str, ...]
    channels: Mapping[tuple[str, str], Capabilities] = field(default_factory=dict)
    timetable: Timetable = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "timetable", Timetable(self.workspace.hours))

    def can(self, address: Address) -> Capabilities | None:
        return self.channels.get((address.channel, address.account))


def phrase(draft: Draft, rules: Rules, name: str, **values: object) -> str:
    customer = {"name": draft.customer.name, "language": draft.language}
    return interpreter.phrase(rules.workspace, name, draft.language, customer=customer, now=draft.now, **values)


def scope(draft: Draft, rules: Rules) -> interpreter.Scope:
    skill = policy.skill_or_default(rules.workspace, "")
    return interpreter.Scope(
        language=draft.language,
        customer_name=draft.customer.name,
        now=draft.now,
        open=rules.timetable.is_open(skill, draft.now),
        seed=draft.cause.id,
    )


def announce(draft: Draft, rules: Rules, name: str, **values: object) -> None:
    """Says who has the conversation now; where strangers read along that is nobody else's business."""
    if draft.channel is None or not draft.channel.public:
        draft.say(phrase(draft, rules, name, **values))


def say_with_way_out(draft: Draft, rules: Rules, name: str) -> None:
    """A phrase with the button that calls a person under it."""
    draft.say(phrase(draft, rules, name), (Button(id=HUMAN_BUTTON, text=phrase(draft, rules, "human")),))


def bot_turn(
    draft: Draft, given: interpreter.Said | interpreter.Pressed, rules: Rules, text: str, *, late: bool
) -> None:
    """The bot's answer to the customer, while no person has the conversation."""
    if draft.channel is not None and draft.channel.public:
        answer_in_public(draft, given, rules)
        return
    if draft.stage is Stage.QUEUED:
        _answer_while_waiting(draft, given, rules)
        return
    outcome = interpreter.advance(rules.workspace, draft.dialog, given, scope(draft, rules))
    if outcome.matched:
        carry_out(draft, outcome, rules)
    elif text == "/human":
        call_people(draft, HandoffRequest(reason=Reason.USER_REQUEST, skill="", summary=""), rules)
    elif late:
        call_people(draft, HandoffRequest(reason=Reason.BOT_DOWN, skill="", summary=""), rules)
    else:
        _fall_back(draft, rules)


def _answer_while_waiting(draft: Draft, given: interpreter.Said | interpreter.Pressed, rules: Rules) -> None:
    """A customer who waits for people still gets answers to typical questions: those that a flow
    answers at once. What would begin a dialog is for the people who come, and that is said. What people
    were called for stays where it was."""
    blank = replace(draft.dialog, frames=())
    outcome = interpreter.advance(rules.workspace, blank, given, scope(draft, rules))
    if not outcome.matched or outcome.error:
        return
    if outcome.handoff is not None or outcome.call is not None or outcome.dialog.frames:
        draft.say(phrase(draft, rules, "already_waiting"))
        return
    for reply in outcome.replies:
        draft.say(reply.text, reply.buttons)


def answer_in_public(draft: Draft, given: interpreter.Said | interpreter.Pressed, rules: Rules) -> None:
    """Where strangers read along only what the editors marked as `public` is answered, if a flow says it at
    once. For all else the customer is invited to where nobody reads along; what was not understood at all
    people see, who may answer in public themselves."""
    blank = replace(draft.dialog, frames=(), slots={})
    outcome = interpreter.advance(rules.workspace, blank, given, scope(draft, rules))
    flows = rules.workspace.library.flows
    whole = not (outcome.error or outcome.handoff or outcome.call or outcome.dialog.frames)
    if outcome.matched and whole and outcome.started and all(flows[name].public for name in outcome.started):
        for reply in outcome.replies:
            draft.say(reply.text, reply.buttons)
        return
    private = draft.channel.private if draft.channel else ""
    link = Button(id="private", text=phrase(draft, rules, "write_in_private"), url=private)
    draft.say(phrase(draft, rules, "in_private"), (link,) if private else ())
    if not outcome.matched and draft.stage is Stage.BOT:
        move(draft, Move.REQUEST, rules, reason=Reason.LOW_CONFIDENCE)
        if draft.ticket is not None:
            draft.happened("opened", reason=Reason.LOW_CONFIDENCE.value, skill=draft.ticket.skill)
            draft.timer(policy.REMIND, policy.reminder(rules.workspace, draft.ticket.skill, draft.now))
        draft.tell_desks(Notice(kind="card"))


def carry_out(draft: Draft, outcome: Outcome, rules: Rules) -> None:
    draft.dialog = replace(outcome.dialog, fallbacks=0)
    for flow in outcome.started:
        draft.happened("flow", flow=flow)
    for reply in outcome.replies:
        draft.say(reply.text, reply.buttons)
    if outcome.error:
        draft.happened("stuck", why=outcome.error)
        draft.say(phrase(draft, rules, "stuck"))
        call_people(draft, HandoffRequest(reason=Reason.ACTION_ERROR, skill="", summary=""), rules)
    elif outcome.handoff is not None:
        call_people(draft, outcome.handoff, rules)
    elif outcome.call is not None:
        draft.post(ToAction(action=outcome.call.action, arguments=outcome.call.arguments))


def _fall_back(draft: Draft, rules: Rules) -> None:
    fallbacks = draft.dialog.fallbacks + 1
    draft.dialog = replace(draft.dialog, fallbacks=fallbacks)
    if fallbacks >= rules.workspace.bot.fallback.attempts:
        call_people(draft, HandoffRequest(reason=Reason.REPEATED_FALLBACK, skill="", summary=""), rules)
    else:
        say_with_way_out(draft, rules, "fallback")


def move(draft: Draft, what: Move, rules: Rules, *, reason: Reason, skill: str = "", request: str = "",
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


def call_people(draft: Draft, request: HandoffRequest, rules: Rules) -> None:
    happened = move(draft, Move.REQUEST, rules, reason=request.reason, skill=request.skill, request=request.summary)
    held = draft.ticket
    if happened is not Happened.OPENED or held is None:
        announce(draft, rules, "already_waiting")
        return
    promise = policy.promise(rules.workspace, draft.told_closed_until, held.skill, draft.now)
    draft.promised(promise.opens_at)
    draft.timer(policy.REMIND, policy.reminder(rules.workspace, held.skill, draft.now))
    draft.dialog = replace(draft.dialog, fallbacks=0)
    draft.happened("opened", reason=held.reason.value, skill=held.skill)
    opens = hours.in_words(rules.workspace.hours, promise.opens_at, draft.now, draft.language)
    announce(draft, rules, promise.phrase, opens_at=opens)
    draft.tell_desks(Notice(kind="card"))
