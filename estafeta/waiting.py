"""A customer who waits for people: where they stand, what they leave for the people to read, and what the bot makes of
words that no flow answers. Pure, like all of a decision.

Where people are away and the customer was asked to leave a message (`off_hours: message`), their words are that
message for as long as they go on: until they say that it is all, press or command something else, or are silent for a
while. Then the bot answers questions again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from estafeta import calling
from estafeta.draft import Draft
from estafeta.kernel.model import Button, Notice, Stage, Ticket, Timer
from estafeta.rules import Rules, open_now, phrase
from handoff import closing, hours, policy, routing, triggers

TOLD = "told"
"""While this timer runs the customer is not told again that people will read their words."""
MESSAGE = "message"
"""While this timer runs the customer's words are the message that they were asked to leave."""
DONE = "message:done"
"""The id of the button by which the message is all that it is to be."""

_A_WHILE = timedelta(minutes=15)
_SILENCE = timedelta(minutes=5)
"""Without a word for so long, a message is all that it is to be."""
_LINE = 160


def tell_place(draft: Draft, rules: Rules, say: str = "") -> None:
    """What there is to say to "where are you?": the place in the queue and how long it may take, or the time that was
    promised. `say` goes before it."""
    held = draft.ticket
    if held is None or draft.stage is not Stage.QUEUED or _strangers_read(draft):
        return
    until = _promised(draft, held)
    if until is None or (open_now(draft, held.skill, rules) and _wait_is_known(draft, held, rules)):
        calling.asked_again(draft, rules, say)
        return
    told = phrase(draft, rules, "people_answer", opens_at=_in_words(draft, until, rules))
    draft.say("\n\n".join(words for words in (say, phrase(draft, rules, "already_waiting"), told) if words))


def left_to_people(draft: Draft, text: str, rules: Rules) -> None:
    """No flow answers this, and people read it: that is told once in a while, and never to a mere "thanks"."""
    if closing.asks_nothing(text) or draft.runs(TOLD) or _strangers_read(draft):
        return
    _tell_that_it_is_kept(draft, draft.now + _A_WHILE, rules)


def _tell_that_it_is_kept(draft: Draft, until: datetime, rules: Rules, *buttons: Button) -> None:
    held = draft.ticket
    promised = _promised(draft, held) if held and not open_now(draft, held.skill, rules) else None
    opens = _in_words(draft, promised, rules) if promised else ""
    draft.timer(TOLD, Timer(name=TOLD, at=until))
    draft.say(phrase(draft, rules, "kept_for_people", opens_at=opens), buttons)


# --- a message for when people are back ----------------------------------------------------------


def invited(draft: Draft, rules: Rules) -> None:
    """A ticket was opened: if the customer was asked to leave a message, it begins now."""
    held = draft.ticket
    if held is None or draft.stage is not Stage.QUEUED or held.promise is None:
        return
    promise = policy.promise(
        rules.workspace, draft.before.told_closed_until, held.skill, draft.now, channel=draft.address.channel,
        closures=rules.floor.closures,
    )  # fmt: skip
    if promise.phrase == "message_taken":
        draft.timer(MESSAGE, Timer(name=MESSAGE, at=draft.now + _SILENCE))


def takes_message(draft: Draft, text: str, rules: Rules) -> bool:
    """Whether these words, or a file without any (""), belong to the message: then they are kept, which is confirmed
    once, and stand in the ticket's line."""
    held = draft.ticket
    if held is None or draft.stage is not Stage.QUEUED or not draft.runs(MESSAGE):
        return False
    until = _promised(draft, held)
    if until is None or text.startswith("/") or open_now(draft, held.skill, rules):
        message_done(draft)
        return False
    draft.timer(MESSAGE, Timer(name=MESSAGE, at=draft.now + _SILENCE))
    request = _line(rules, held.request, text)
    if request != held.request:
        draft.ticket = replace(held, request=request)
        draft.tell_desks(Notice(kind="state"))
    if not draft.runs(TOLD):
        _tell_that_it_is_kept(draft, until, rules, Button(id=DONE, text=phrase(draft, rules, "message_done")))
    return True


def message_done(draft: Draft) -> bool:
    """The message is all that it is to be. Whether there was one."""
    had = draft.runs(MESSAGE)
    draft.timer(MESSAGE, None)
    return had


def pressed_done(draft: Draft, rules: Rules) -> None:
    """Says that the bot is there again. An old button says nothing."""
    if message_done(draft):
        draft.say(phrase(draft, rules, "still_here"))


def _line(rules: Rules, before: str, text: str) -> str:
    """The ticket's line with these words: a wish for a person gives way to what it is about."""
    kept = "" if triggers.asked_for_person(rules.workspace, before, None) else before
    words = " ".join(f"{kept} / {text}".split() if kept and text else (kept or text or before).split())
    return words if len(words) <= _LINE else words[: _LINE - 1].rsplit(" ", 1)[0] + "…"


# --- what is known -------------------------------------------------------------------------------


def _strangers_read(draft: Draft) -> bool:
    return draft.channel is not None and draft.channel.public


def _promised(draft: Draft, held: Ticket) -> datetime | None:
    """The time that was told, if it is still to come."""
    return held.promise if held.promise and held.promise > draft.now else None


def _wait_is_known(draft: Draft, held: Ticket, rules: Rules) -> bool:
    place = routing.position(held, draft.before.id, rules.floor)
    return routing.expected_wait(rules.workspace, held.skill, place, rules.floor) is not None


def _in_words(draft: Draft, moment: datetime, rules: Rules) -> str:
    return hours.in_words(rules.workspace.hours, moment, draft.now, draft.language)
