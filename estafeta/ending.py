"""How people's part of a conversation ends, and what follows: the bot goes on and knows what was done, and the
customer is asked how it was. Pure, like all of a decision.

Whatever ends a ticket (an operator, the customer's thanks, silence) goes through `end`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from estafeta import waiting
from estafeta.bot import call_for, carry_out
from estafeta.draft import Draft
from estafeta.kernel.model import (
    Button,
    Dialog,
    Ending,
    Notice,
    Operator,
    Past,
    Reason,
    Stage,
    Survey,
    Timer,
    ToCustomer,
    Understanding,
)
from estafeta.rules import Rules, announce, content, phrase, scope
from flows import interpreter
from flows.model import Workspace
from handoff import closing, csat, machine, policy, triggers
from handoff.closing import CLOSE, IDLE
from handoff.csat import SURVEY, SURVEY_BOT
from handoff.machine import Happened, Move

_OF_THE_TICKET = (
    policy.REMIND, policy.AWAY, policy.PROMISE, policy.SLA, policy.OWNER, "hold", IDLE, CLOSE, waiting.TOLD,
    waiting.MESSAGE,
)  # fmt: skip
"""Timers that mean nothing without a ticket."""
_TWICE = timedelta(seconds=60)
"""A button pressed again so soon is the same press."""


# --- the end -------------------------------------------------------------------------------------


def end(
    draft: Draft, rules: Rules, how: Ending, *, operator: Operator | None = None, resolution: str = "", flow: str = ""
) -> bool:
    """Ends the ticket, tells everybody, lets the bot go on. False: there was none, and nothing happened.

    `operator` is who ends it, None for the customer's thanks and for silence. `flow` is where the bot begins
    after "returned"; "" goes on with what was open.
    """
    held = draft.ticket
    moved = machine.move(draft.stage, held, Move.RETURN if how == "returned" else Move.CLOSE)
    if moved.happened is Happened.NOTHING or held is None:
        return False
    draft.owned(moved.stage, moved.ticket)
    for name in _OF_THE_TICKET:
        draft.timer(name, None)
    past = closing.over(rules.workspace, held, how, resolution, draft.now)
    draft.past = (*draft.past, past)[-closing.KEPT :]
    _recorded(draft, past, operator)
    if draft.customer.reachable and not draft.blocked:
        announce(draft, rules, "closed" if how == "solved" and held.assignee else closing.PHRASES[how])
    _asks_later(draft, rules, answered=held.first_reply_at is not None)
    told = closing.told_to_the_bot(past, named=rules.workspace.bot.handoff.names)
    if how == "returned":
        draft.dialog = replace(draft.dialog, slots={**draft.dialog.slots, "handoff": told})
        _goes_on(draft, rules, flow, operator)
    else:
        draft.dialog = replace(draft.dialog, frames=(), slots={"handoff": told})
    draft.tell_desks(Notice(kind="state"))
    return True


def _recorded(draft: Draft, past: Past, operator: Operator | None) -> None:
    """The timeline's line. `operator` and `name` are who ended it; after a silence whose it was; nobody of ours
    when the customer ended it. `lasted` in seconds."""
    who = past.assignee if past.how == "idle" else operator
    draft.happened(
        past.how, ticket=past.id, skill=past.skill, reason=past.reason.value, operator=who.id if who else "",
        name=who.name if who else "", resolution=past.resolution, tags=list(past.tags),
        lasted=(past.ended_at - past.opened_at).total_seconds(),
    )  # fmt: skip


def _goes_on(draft: Draft, rules: Rules, flow: str, operator: Operator | None) -> None:
    """The bot has the conversation back: it begins the flow that was chosen, or goes on where it was."""
    if draft.blocked or (draft.channel is not None and draft.channel.public):
        draft.dialog = replace(draft.dialog, frames=())
        return
    begins = interpreter.Begun(flow=flow) if flow in content(draft, rules).library.flows else None
    if flow and begins is None:
        desk = operator.desk if operator else ""
        draft.tell_desks(Notice(kind="info", text="no_such_flow", values={"flow": flow}), only=desk)
    dialog: Dialog = replace(draft.dialog, frames=()) if begins else draft.dialog
    outcome = interpreter.advance(content(draft, rules), dialog, begins or interpreter.Resumed(), scope(draft, rules))
    if outcome.matched:
        carry_out(draft, outcome, rules)


# --- what customers and people say ---------------------------------------------------------------


def customer_spoke(draft: Draft, rules: Rules) -> None:
    """The customer is there: nothing is closed for silence, and a new question is answered before anybody asks how
    the last answer was: that is asked once this talk is over too. Call it once the words of this turn are entries."""
    draft.timer(IDLE, None)
    draft.timer(CLOSE, None)
    said = [entry.text for entry in draft.entries if entry.author.kind == "customer" and entry.kind == "said"]
    waits = draft.runs(SURVEY)
    if waits and not (said and all(closing.asks_nothing(text) for text in said)):
        draft.timer(SURVEY, Timer(name=SURVEY, at=draft.now + csat.SILENCE))
    draft.timer(SURVEY_BOT, None)
    survey = rules.workspace.bot.handoff.survey
    if survey.bot and not waits and draft.stage is Stage.BOT and csat.may_ask(survey, draft.survey, draft.now):
        draft.timer(SURVEY_BOT, Timer(name=SURVEY_BOT, at=draft.now + csat.SILENCE))


def operator_spoke(draft: Draft, rules: Rules) -> None:
    """A person answered: from now on it is the customer's turn."""
    draft.timer(CLOSE, None)
    first = closing.after_answer(rules.workspace.bot.handoff.idle_on(draft.address.channel), draft.now)
    draft.timer(IDLE, None)
    if first is not None:
        draft.timer(first.name, first)


def said(draft: Draft, text: str, understanding: Understanding | None, rules: Rules) -> bool:
    """Whether the customer's words were for the end: thanks while waiting, or the reasons of a bad mark. Whoever
    asks for a person gives no reasons, and gets one."""
    held = draft.ticket
    over = draft.stage is Stage.QUEUED or (held is not None and held.replied_at is not None)
    if over and closing.solved(rules.workspace, text, understanding):
        return end(draft, rules, "solved")
    if draft.stage is not Stage.BOT or text.startswith("/") or not csat.waits_for_reasons(draft.survey, draft.now):
        return False
    if triggers.asked_for_person(rules.workspace, text, understanding, draft.language):
        return False
    if _asks_anew(rules.workspace, text, understanding):
        return False
    _reasons(draft, rules)
    return True


def _asks_anew(workspace: Workspace, text: str, understanding: Understanding | None) -> bool:
    """A question that the bot knows is no reason for a mark: it wants its answer."""
    sure = understanding is not None and understanding.confidence >= workspace.bot.fallback.confidence
    return sure and understanding is not None and understanding.intent in workspace.library.by_intent and "?" in text


def pressed(draft: Draft, button: str, rules: Rules) -> bool:
    """Whether the button belongs to a survey. A mark is counted once, however late and whoever has the conversation
    now; who presses another one has changed their mind. Any other button means that the customer is past giving
    reasons."""
    survey = draft.survey
    if not button.startswith(csat.BUTTONS):
        if survey is not None and survey.why_until is not None:
            draft.survey = replace(survey, why_until=None)
        return False
    if button == csat.REOPEN:
        _back_to_people(draft, rules)
        return True
    mark = csat.pressed(button, survey)
    settings = rules.workspace.bot.handoff.survey
    rated = csat.rated(settings, survey, mark, draft.now) if survey is not None and mark is not None else None
    if rated is None:
        return True
    draft.survey = rated
    draft.happened("rated", rating=rated.rating, about=rated.about, ticket=rated.ticket, operator=rated.operator)
    if mark == "bad":
        _bad(draft, rated, rules)
    elif survey is not None and survey.rating:
        _answer(draft, rules, "survey_changed")
    else:
        _answer(draft, rules, "survey_thanks")
    return True


# --- how it was ----------------------------------------------------------------------------------


def _asks_later(draft: Draft, rules: Rules, *, answered: bool) -> None:
    """Sets the time for asking how people's answer was, if a person said anything at all."""
    draft.timer(SURVEY_BOT, None)
    survey = rules.workspace.bot.handoff.survey
    asks = answered and not draft.blocked and csat.may_ask(survey, draft.survey, draft.now)
    draft.timer(SURVEY, Timer(name=SURVEY, at=draft.now + timedelta(seconds=survey.after)) if asks else None)


def _ask(draft: Draft, rules: Rules, survey: Survey) -> None:
    """Asks, where the customer can be asked now and nobody else reads along."""
    reached = draft.customer.reachable and not draft.blocked and draft.may_write
    alone = draft.channel is not None and not draft.channel.public
    free = draft.stage is Stage.BOT and not draft.dialog.frames
    if not (reached and alone and free and csat.may_ask(rules.workspace.bot.handoff.survey, draft.survey, draft.now)):
        return
    draft.survey = survey
    draft.happened("surveyed", about=survey.about, ticket=survey.ticket, operator=survey.operator)
    buttons = tuple(
        Button(id=csat.button(mark, survey), text=phrase(draft, rules, f"survey_{mark}")) for mark in csat.MARKS
    )
    draft.say(phrase(draft, rules, "survey"), buttons)


def _answer(draft: Draft, rules: Rules, name: str, *buttons: Button) -> None:
    """The bot's answer to a mark; while a person has the conversation the bot is silent."""
    if draft.stage is not Stage.HUMAN:
        draft.say(phrase(draft, rules, name), buttons)


def _bad(draft: Draft, survey: Survey, rules: Rules) -> None:
    """A bad mark: those in charge are told, and the customer is asked why unless people are there already."""
    past = _of(draft, survey)
    name = past.assignee.name if past and past.assignee else ""
    values = {"about": survey.about, "ticket": survey.ticket, "operator": survey.operator, "name": name}
    chiefs = tuple(member.id for member in rules.floor.members if member.role != "operator")
    draft.tell_desks(Notice(kind="info", text="csat_bad", values=values, people=chiefs))
    if draft.stage is Stage.BOT:
        reopens = rules.workspace.bot.handoff.reasons.csat_bad.on
        reopen = Button(id=csat.REOPEN, text=phrase(draft, rules, "survey_reopen"))
        _answer(draft, rules, "survey_why", *((reopen,) if reopens else ()))
    else:
        draft.survey = replace(survey, why_until=None)
        _answer(draft, rules, "survey_thanks")


def _reasons(draft: Draft, rules: Rules) -> None:
    """The customer's words about a bad mark: people read them where they read all else."""
    survey = draft.survey
    if survey is None:
        return
    draft.survey = replace(survey, why_until=None)
    draft.happened("rated_why", about=survey.about, ticket=survey.ticket, operator=survey.operator)
    words = tuple(entry.id for entry in draft.entries if entry.author.kind == "customer" and entry.kind == "said")
    draft.tell_desks(Notice(kind="said", entries=words))
    _answer(draft, rules, "survey_thanks")


def _back_to_people(draft: Draft, rules: Rules) -> None:
    """A customer who was not served well wants a person again. Nothing happens while one is there, nor for a second
    press a moment later."""
    held = draft.ticket
    if held is not None and held.reason is Reason.CSAT_BAD and draft.now - held.opened_at < _TWICE:
        return
    survey = draft.survey
    if survey is not None:
        draft.survey = replace(survey, why_until=None)
    past = _of(draft, survey)
    skill, request = (past.skill, past.request) if past else ("", "")
    call_for(draft, Reason.CSAT_BAD, rules, skill=skill, summary=request)


def _of(draft: Draft, survey: Survey | None) -> Past | None:
    """The ticket that a survey is about, as far back as they are kept."""
    return next((past for past in draft.past if survey is not None and past.id == survey.ticket), None)


# --- time ----------------------------------------------------------------------------------------


def timer(draft: Draft, name: str, rules: Rules) -> bool:
    """Whether the timer was one of these. It has been taken away already."""
    match name:
        case closing.IDLE:
            _remind_of_silence(draft, rules)
        case closing.CLOSE:
            if _silent(draft):
                end(draft, rules, "idle")
        case csat.SURVEY:
            _survey_of_people(draft, rules)
        case csat.SURVEY_BOT:
            if csat.served(rules.workspace, draft.dialog, draft.understandings, draft.before.last_words):
                _ask(draft, rules, Survey(about="bot", asked_at=draft.now))
        case _:
            return False
    return True


def _survey_of_people(draft: Draft, rules: Rules) -> None:
    """Asks, or puts it off while the bot waits for an answer of its own. Once people are called again it is dropped:
    the end of that ticket asks, and two questions about one afternoon would be one too many."""
    past = draft.past[-1] if draft.past else None
    if past is None or draft.stage is not Stage.BOT:
        return
    if draft.dialog.frames and draft.now - past.ended_at < csat.LATEST:
        draft.timer(SURVEY, Timer(name=SURVEY, at=draft.now + csat.SILENCE))
    else:
        operator = past.assignee.id if past.assignee else ""
        _ask(draft, rules, Survey(about="person", asked_at=draft.now, ticket=past.id, operator=operator))


def _silent(draft: Draft) -> bool:
    """Whether it is the customer who has nothing more to say: the answer arrived, as far as is known."""
    held = draft.ticket
    if draft.stage is not Stage.HUMAN or held is None or not closing.is_silent(held):
        return False
    lost = (item.body for item in draft.undelivered if isinstance(item.body, ToCustomer))
    return not any(body.message.author.kind == "operator" for body in lost)


def _remind_of_silence(draft: Draft, rules: Rules) -> None:
    if not _silent(draft):
        return
    if draft.customer.reachable:
        announce(draft, rules, "idle")
    idle = rules.workspace.bot.handoff.idle_on(draft.address.channel)
    draft.timer(CLOSE, closing.after_reminder(idle, draft.now))
