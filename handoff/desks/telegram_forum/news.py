"""What operators are told in a topic besides words of the customer: whom a ticket is offered to, that nobody took it,
what the engine has to say by a code. One post each, or none where the card says it already.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from html import escape

from estafeta.kernel.model import Json, Notice, Stage
from estafeta.kernel.ports import DeskView
from handoff.desks.telegram_forum.texts import sentence, text
from handoff.desks.telegram_forum.topic import Pen, called, offered, tame, waited_minutes

_AFTER_A_HOLD = "held_over"
_VALUE = 500
_MOST = 3000


def html(notice: Notice, view: DeskView, pen: Pen) -> str:
    """The notice as Telegram's HTML, its people called by name."""
    language, minutes = pen.language, waited_minutes(view)
    people = [(who, tame(pen.people[who])) for who in notice.people if pen.people.get(who)]
    if notice.kind == "offer":
        people = people or offered(view.conversation.ticket, pen)
    words = sentence(notice.text, language, _values(notice, pen)) if notice.text else ""
    if not words:
        words = text("offer" if notice.kind == "offer" else "reminder", language, minutes=minutes)
    words = escape(pen.shorten(words, _MOST))
    return f"{called(people)}\n{words}" if people else words


def goes_stale(notice: Notice) -> bool:
    """Whether it asks for something that somebody may do before it is shown."""
    return notice.kind in ("reminder", "offer")


def is_stale(notice: Notice, view: DeskView) -> bool:
    """Whether it is not true any more: it may have waited long for its turn. A reminder that nobody took a ticket, or
    an offer of it, is over once somebody has it or it was put off; that an answer is due, once it was given or
    the ticket is somebody's whom it does not call; an offer, too, when it stands for others by now, who are told by a
    notice of their own."""
    if not goes_stale(notice):
        return False
    held, ticket = view.conversation, view.conversation.ticket
    if ticket is None or ticket.held_until is not None:
        return True
    if notice.text == _AFTER_A_HOLD:
        return False
    if notice.text:
        owner = ticket.assignee
        answered = ticket.asked_at is None and ticket.replied_at is not None
        return answered or (owner is not None and bool(notice.people) and owner.id not in notice.people)
    offered = ticket.offer
    others = notice.kind == "offer" and offered is not None and bool(notice.people) and offered.to != notice.people
    return held.stage is not Stage.QUEUED or others


def _values(notice: Notice, pen: Pen) -> Mapping[str, str]:
    """As people read them: times in the operators' zone, untrusted words on one line."""
    found = {name: _in_words(value, pen) for name, value in notice.values.items()}
    person = notice.values.get("to")
    if isinstance(person, str):
        found["to"] = tame(pen.people.get(person) or text("colleague", pen.language))
    about = notice.values.get("about")
    if about in ("bot", "person"):
        found["whose"] = found.get("name") or text("bot" if about == "bot" else "operator", pen.language)
    return found


def _in_words(value: Json, pen: Pen) -> str:
    if isinstance(value, list):
        return ", ".join(_in_words(one, pen) for one in value[:20])
    if not isinstance(value, str):
        return "" if value is None else str(value)[:_VALUE]
    try:
        moment = datetime.fromisoformat(value) if value[4:5] == "-" and "T" in value else None
    except ValueError:
        moment = None
    return pen.time(moment) if moment is not None and moment.tzinfo is not None else pen.shorten(tame(value), _VALUE)
