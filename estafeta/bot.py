"""The bot's side of a decision: its answers, and calling people when it should not answer alone.

Pure, like all of a decision. What the flows say is carried out here; what people do is in `decide`. Why people are
called by what a customer wrote is in `handoff.triggers`; what a customer who waits for them is told besides is in
`waiting`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import lru_cache

from estafeta import waiting
from estafeta.calling import call_people
from estafeta.draft import Draft
from estafeta.kernel.model import ActionFinished, Button, GaveUp, Reason, Stage, ToAction, Understanding
from estafeta.rules import Rules, content, phrase, scope
from flows import ambiguity, interpreter, templates
from flows.interpreter import HandoffRequest, Outcome
from handoff import triggers
from handoff.triggers import Trigger

HUMAN_BUTTON = "human"
"""The id of the button that calls a person, whatever the dialog is at."""

_TWICE = timedelta(seconds=3)
"""Between two presses that are meant as one."""
_WISH = 6
"""Words: what is longer says more than that a person is wanted."""


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
    known = None
    if isinstance(given, interpreter.Said):
        known = triggers.as_meant(rules.workspace, text, given.understanding)
        given = replace(given, understanding=known)
    why = _reason(draft, rules, text if isinstance(given, interpreter.Said) else "", known)
    if draft.stage is Stage.QUEUED:
        _answer_while_waiting(draft, given, rules, text, why)
        return
    if why is not None and why.reason in triggers.AT_ONCE:
        call_for(draft, why.reason, rules)
        return
    outcome = interpreter.advance(content(draft, rules), draft.dialog, given, scope(draft, rules))
    if outcome.matched:
        carry_out(draft, outcome, rules, why)
    elif late:
        call_for(draft, Reason.BOT_DOWN, rules)
    elif why is not None:
        call_for(draft, why.reason, rules)
    elif isinstance(given, interpreter.Said) and interpreter.is_late(content(draft, rules), draft.dialog, given.button):
        _pressed_late(draft, rules)
    else:
        _fall_back(draft, given, rules)


def _pressed_late(draft: Draft, rules: Rules) -> None:
    """Two presses in a row are one; one on what is long over is not understood, which says nothing of the bot."""
    before = draft.before.heard_at
    if before is None or draft.cause.at - before > _TWICE:
        say_with_way_out(draft, rules, "fallback")


def _reason(draft: Draft, rules: Rules, text: str, known: Understanding | None) -> Trigger | None:
    return triggers.reason_to_call(
        rules.workspace, text=text, understanding=known, customer=draft.customer, past=draft.before.past,
        language=draft.language, now=draft.now,
    )  # fmt: skip


def call_for(draft: Draft, reason: Reason, rules: Rules, *, skill: str = "", summary: str = "") -> None:
    """Calls people, as the reason's rule in bot.yml says: what the customer is told of it, whom, how soon. `skill`
    is for a rule that names none. Who waits already hears where they stand."""
    why = triggers.trigger(rules.workspace, reason, draft.customer)
    if draft.stage is Stage.QUEUED:
        _raise(draft, why)
        waiting.tell_place(draft, rules, _say(draft, rules, why))
        return
    call_people(
        draft,
        HandoffRequest(
            reason=reason, skill=why.skill or skill, summary=summary, priority=why.priority, say=_say(draft, rules, why)
        ),
        rules,
    )
    waiting.invited(draft, rules)


def _raise(draft: Draft, why: Trigger) -> None:
    """A second reason brings the ticket forward, and never back."""
    held = draft.ticket
    if held is not None and why.priority > held.priority:
        draft.ticket = replace(held, priority=why.priority)


_compiled = lru_cache(maxsize=256)(templates.text)


def _say(draft: Draft, rules: Rules, why: Trigger) -> str:
    """What the customer is told of the reason; nothing where strangers read along."""
    if why.say is None or (draft.channel is not None and draft.channel.public):
        return ""
    words = _compiled(why.say.pick(draft.language, rules.workspace.default_language))
    customer = {"name": draft.customer.name, "language": draft.language}
    try:
        return templates.render_markdown(words, {"customer": customer, "now": draft.now})
    except templates.TemplateFailed:
        return templates.unrendered(words)


def _answer_while_waiting(
    draft: Draft, given: interpreter.Said | interpreter.Pressed, rules: Rules, text: str, why: Trigger | None
) -> None:
    """A customer who waits for people keeps their place, and the bot goes on with what it can do: its flows ask and
    answer as ever, beside what people were called for. What it does not understand is for the people who come."""
    at_once = why if why is not None and why.reason in triggers.AT_ONCE else None
    said = isinstance(given, interpreter.Said)
    wanted = at_once is not None and at_once.reason is Reason.USER_REQUEST
    if wanted and said and len(text.split()) > _WISH and waiting.takes_message(draft, text, rules):
        return  # a message may well speak of people
    if wanted or (said and triggers.asks_for_news(text)):
        call_for(draft, Reason.USER_REQUEST, rules)
    elif not said:
        waiting.message_done(draft)
        _go_on_while_waiting(draft, given, rules, "")
    elif waiting.takes_message(draft, text, rules):
        if at_once is not None:
            _raise(draft, at_once)
    elif at_once is None:
        _go_on_while_waiting(draft, given, rules, text)
    elif draft.ticket is None or draft.ticket.priority < at_once.priority:
        call_for(draft, at_once.reason, rules)
    # else: further anger people hear; one more answer of a bot's would feed it


def _go_on_while_waiting(draft: Draft, given: interpreter.Said | interpreter.Pressed, rules: Rules, text: str) -> None:
    outcome = interpreter.advance(content(draft, rules), draft.dialog, given, scope(draft, rules))
    if outcome.matched:
        carry_out(draft, outcome, rules)
    else:
        waiting.left_to_people(draft, text, rules)


def answer_in_public(draft: Draft, given: interpreter.Said | interpreter.Pressed, rules: Rules) -> None:
    """Where strangers read along only what the editors marked as `public` is answered, if a flow says it at
    once. For all else the customer is invited to where nobody reads along; what was not understood at all
    people see, who may answer in public themselves."""
    blank = replace(draft.dialog, frames=(), slots={})
    outcome = interpreter.advance(content(draft, rules), blank, given, scope(draft, rules))
    flows = content(draft, rules).library.flows
    whole = not (outcome.error or outcome.handoff or outcome.call or outcome.dialog.frames)
    if outcome.matched and whole and outcome.started and all(flows[name].public for name in outcome.started):
        for reply in outcome.replies:
            draft.say(reply.text, reply.buttons)
        return
    private = draft.channel.private if draft.channel else ""
    link = Button(id="private", text=phrase(draft, rules, "write_in_private"), url=private)
    draft.say(phrase(draft, rules, "in_private"), (link,) if private else ())
    if not outcome.matched and draft.stage is Stage.BOT:
        call_for(draft, Reason.LOW_CONFIDENCE, rules)


def carry_out(draft: Draft, outcome: Outcome, rules: Rules, why: Trigger | None = None) -> None:
    """Does what the flows said, and calls people besides if there is a reason to: `why` is that of the message that
    is answered; what an action brought answers an earlier one. Where people are called, the flow asks nothing."""
    draft.dialog = replace(outcome.dialog, fallbacks=0)
    draft.knows(outcome.known)
    for flow in outcome.started:
        draft.happened_by("flow", flow=flow)
    goes_on = outcome.error or outcome.handoff is not None or outcome.call is not None
    besides = None if goes_on else _besides(draft, why, rules)
    if besides is None or not outcome.dialog.frames:
        for reply in outcome.replies:
            draft.say(reply.text, reply.buttons, media=reply.media, delay=reply.delay, flow=reply.flow, step=reply.step)
    if outcome.error:
        _broke_off(draft, outcome.error, rules)
    elif outcome.handoff is not None:
        wanted = outcome.handoff
        if draft.stage is Stage.QUEUED:
            draft.dialog = interpreter.put_aside(draft.dialog)  # behind the step the flow goes on after people
        call_for(draft, wanted.reason, rules, skill=wanted.skill, summary=wanted.summary)
    elif outcome.call is not None:
        call = outcome.call
        draft.post(ToAction(action=call.action, arguments=call.arguments, release=draft.release))
    elif besides is not None:
        call_for(draft, besides.reason, rules)


def _broke_off(draft: Draft, why: str, rules: Rules) -> None:
    draft.happened("stuck", why=why)
    if draft.stage is Stage.QUEUED:
        waiting.left_to_people(draft, "", rules)
        return
    draft.say(phrase(draft, rules, "stuck"))
    call_for(draft, Reason.ACTION_ERROR, rules)


def _besides(draft: Draft, why: Trigger | None, rules: Rules) -> Trigger | None:
    """The reason for which people are called although the bot has an answer."""
    if isinstance(draft.cause.event, ActionFinished | GaveUp):
        why = triggers.reason_besides(
            rules.workspace, understanding=next(reversed(draft.understandings), None), customer=draft.customer,
            past=draft.before.past, now=draft.now,
        )  # fmt: skip
    calls = why is not None and why.reason in triggers.BESIDES and draft.stage is Stage.BOT
    return why if calls else None


def _fall_back(draft: Draft, given: interpreter.Said | interpreter.Pressed, rules: Rules) -> None:
    fallbacks = draft.dialog.fallbacks + 1
    draft.dialog = replace(draft.dialog, fallbacks=fallbacks)
    wearied = rules.workspace.bot.handoff.reasons.repeated_fallback.on
    if wearied and fallbacks >= rules.workspace.bot.fallback.attempts:
        draft.happened_by("fallback", times=fallbacks)
        call_for(draft, Reason.REPEATED_FALLBACK, rules)
        return
    choice: tuple[Button, ...] = ()
    if isinstance(given, interpreter.Said):
        draft.dialog, choice = ambiguity.question(content(draft, rules), draft.dialog, given, draft.language)
    if choice:
        draft.happened_by("unsure", between=[button.text for button in choice])
        draft.say(phrase(draft, rules, "did_you_mean"), choice)
    else:
        draft.happened_by("fallback", times=fallbacks)
        say_with_way_out(draft, rules, "fallback")
