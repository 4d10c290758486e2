"""How a conversation looks in the group: the topic's name, its card, its buttons. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from functools import partial
from html import escape
from zlib import crc32

import orjson

from estafeta.kernel.model import Conversation, Intent, Json, Past, Stage, Ticket
from estafeta.kernel.ports import DeskView
from handoff.card import NO_DEADLINES, Card, TranscriptLine, card, waits_since
from handoff.desks.telegram_forum.texts import Language, channel, in_words, reason, text
from handoff.sla import Deadlines

Shorten = Callable[[str, int], str]

NAME_LIMIT = 128
"""https://core.telegram.org/bots/api#createforumtopic"""

CARD_LIMIT = 4096
COLOURS = (7322096, 16766590, 13338331, 9367192, 16749490, 16478047)
"""The icon colours createForumTopic takes; a channel always gets the same one."""

_LINES = 8
_SLOTS = 10
_PEOPLE = 10
CALLED = 3
"""Of more people whom a ticket is offered to, none is called by the card: it would call everybody every time."""
_ENDINGS = ("closed", "returned", "solved", "idle")
_SIGNS = {"queued": "🔴", "needs": "🟡", "answered": "🟢", "held": "🕒", "bot": "🤖", "closed": "✅"}
WHO = {"customer": "👤", "bot": "🤖", "operator": "💬", "system": "⚙️"}
# Line breaks and what turns the direction of writing: a name may not draw over what stands beside it.
_UNRULY = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """`icon` is that of the topic, by its id, or "". `card` is HTML; `moves` are the buttons under it, from left to
    right. `gist` is what of the card is worth a drawing of its own: all but what changes with every message. `until`
    is the time, if any, until which the card says that one may write; `calls`: it calls those by name whom the ticket
    is offered to."""

    name: str
    icon: str
    card: str
    moves: tuple[str, ...]
    gist: str
    until: datetime | None = None
    calls: bool = False


@dataclass(frozen=True, slots=True)
class Pen:
    """How to write: the operators' language and time zone, Telegram's way to shorten, skills and intents by their
    titles, people's names by their ids, the topics' icons by how things stand."""

    language: Language
    zone: tzinfo
    shorten: Shorten
    skills: Mapping[str, str]
    people: Mapping[str, str] = field(default_factory=dict)
    icons: Mapping[str, str] = field(default_factory=dict)
    matters: Mapping[str, str] = field(default_factory=dict)

    def line(self, key: str, value: str) -> str:
        return f"{text(key, self.language)}: {escape(value)}"

    def time(self, moment: datetime) -> str:
        return moment.astimezone(self.zone).strftime("%d.%m %H:%M %Z")


def draw(view: DeskView, pen: Pen, deadlines: Deadlines = NO_DEADLINES) -> Drawing:
    """The same view gives the same drawing."""
    say = partial(in_words, language=pen.language)
    facts = card(view.conversation, view.entries, view.now, say=say, deadlines=deadlines)
    state = state_of(view)
    ticket = view.conversation.ticket
    head = [*_facts(facts, state, ticket, tuple(_warnings(view, pen)), pen)]
    moves, until = moves_of(view.conversation), open_until(view)
    fleeting = [_counts(facts, pen)]
    fleeting += [escape(_writable(until, pen))] if until is not None else []
    fleeting += [_answer_by(facts.first_by, pen)] if facts.first_by is not None else []
    fleeting += [*_promise(facts, pen)] if state != "queued" else []
    return Drawing(
        name=_name(facts, state, pen), icon=pen.icons.get(state, ""), card=_card(facts, "\n".join(head), pen),
        moves=moves, gist="\n".join((*moves, *(line for line in head if line not in fleeting))),
        until=until, calls=state == "queued" and 0 < len(offered(ticket, pen)) <= CALLED,
    )  # fmt: skip


def colour(view: DeskView) -> int:
    return COLOURS[crc32(view.conversation.address.channel.encode()) % len(COLOURS)]


def open_until(view: DeskView) -> datetime | None:
    """Until when the customer may be written to freely; None: without a limit."""
    window = view.capabilities.window if view.capabilities else None
    if window is None:
        return None
    heard = view.conversation.heard_at
    return heard + timedelta(seconds=window) if heard else view.now


def _warnings(view: DeskView, pen: Pen) -> Iterator[str]:
    """What an operator must know before the first word."""
    can, language = view.capabilities, pen.language
    if not view.conversation.customer.reachable:
        yield text("unreachable", language)
    if view.conversation.blocked:
        yield text("is_blocked", language)
    if can is None:
        return
    if can.public:
        yield text("public", language)
        if can.private:
            yield text("private", language, where=pen.shorten(tame(can.private), 200))
    until = open_until(view)
    if until is not None and until > view.now:
        yield _writable(until, pen)
    elif until is not None:
        yield text("window_closed_templates" if can.templates else "window_closed", language)


def _answer_by(moment: datetime, pen: Pen) -> str:
    return pen.line("answer_by", pen.time(moment))


def _writable(until: datetime, pen: Pen) -> str:
    return text("window_until", pen.language, until=pen.time(until))


def waited_minutes(view: DeskView) -> int:
    ticket = view.conversation.ticket
    return max(1, round((view.now - ticket.opened_at).total_seconds() / 60)) if ticket else 1


def state_of(view: DeskView) -> str:
    """How things stand: "queued", "needs" (the customer waits for an answer), "answered", "held" (put off by people),
    "bot" or "closed"."""
    held = view.conversation
    if held.stage is not Stage.BOT:
        if held.ticket is not None and held.ticket.held_until is not None:
            return "held"
        if held.stage is Stage.QUEUED:
            return "queued"
        return "needs" if _is_asked(view) else "answered"
    for entry in reversed(view.entries):
        event = entry.data.get("event") if entry.kind == "event" else None
        if event in _ENDINGS:
            return "bot" if event == "returned" else "closed"
    return "closed" if held.past and held.past[-1].how != "returned" else "bot"


def _is_asked(view: DeskView) -> bool:
    """The ticket tells, or, before anybody of ours said a word, the latest entries do."""
    ticket = view.conversation.ticket
    if ticket is not None and (ticket.asked_at is not None or ticket.replied_at is not None):
        return ticket.asked_at is not None
    return waits_since(view.conversation, view.entries) is not None


def moves_of(conversation: Conversation) -> tuple[str, ...]:
    """The buttons that are of use now."""
    if conversation.ticket is not None and conversation.ticket.held_until is not None:
        return ("resume", "close")
    return {
        Stage.BOT: ("take",),
        Stage.QUEUED: ("take", "pass", "close"),
        Stage.HUMAN: ("pass", "return", "close"),
    }[conversation.stage]


def offered(ticket: Ticket | None, pen: Pen) -> list[tuple[str, str]]:
    """Whom the ticket is offered to, by id and name, as far as they are known."""
    people = ticket.offer.to if ticket is not None and ticket.offer is not None else ()
    return [(who, tame(pen.people[who])) for who in people[:_PEOPLE] if pen.people.get(who)]


def called(people: Iterable[tuple[str, str]]) -> str:
    """HTML that calls them (https://core.telegram.org/bots/api#html-style); an operator of another desk is named."""
    return ", ".join(
        f'<a href="tg://user?id={who}">{escape(name)}</a>' if who.isdecimal() else escape(name) for who, name in people
    )


def _name(facts: Card, state: str, pen: Pen) -> str:
    where = pen.shorten(channel(facts.channels[0].channel, pen.language), 30)
    who = tame(facts.name) or text("nameless", pen.language)
    named = f"{pen.shorten(who, NAME_LIMIT - 40)} · {where}"
    return named if pen.icons.get(state) else f"{_SIGNS[state]} {named}"


def _card(facts: Card, head: str, pen: Pen) -> str:
    """As much of the transcript as fits; the facts above it are bounded one by one."""
    for count in range(_LINES, 0, -1):
        lines = "\n".join(_line(line, pen) for line in facts.transcript[-count:])
        if not lines:
            break
        whole = f"{head}\n\n<blockquote expandable>{lines}</blockquote>"
        if pen.shorten(whole, CARD_LIMIT) == whole:
            return whole
    return head


def _counts(facts: Card, pen: Pen) -> str:
    return text("counts", pen.language, messages=facts.messages, tickets=facts.tickets)


def _facts(facts: Card, state: str, ticket: Ticket | None, warnings: tuple[str, ...], pen: Pen) -> Iterator[str]:
    yield _standing(facts, state, ticket, pen)
    asked = offered(ticket, pen)
    if asked and state == "queued":
        whom = called(asked) if len(asked) <= CALLED else escape(", ".join(name for _, name in asked))
        yield f"{text('offered', pen.language)}: {whom}"
    yield _counts(facts, pen)
    yield from map(escape, warnings)
    yield _channels(facts, pen)
    yield from _matter(facts, pen)
    yield from _remembered(facts, pen)
    if facts.reason and facts.first_by is not None:
        yield _answer_by(facts.first_by, pen)
    if facts.reason:
        yield from _promise(facts, pen)


def _standing(facts: Card, state: str, ticket: Ticket | None, pen: Pen) -> str:
    who = pen.shorten(tame(facts.name) or text("nameless", pen.language), 100)
    username = f" @{pen.shorten(tame(facts.username), 40)}" if facts.username else ""
    assignee = pen.shorten(tame(facts.assignee) or text("operator", pen.language), 60)
    until = pen.time(ticket.held_until) if ticket is not None and ticket.held_until is not None else ""
    standing = text(f"state_{state}", pen.language, name=assignee, until=until)
    sign = _SIGNS["answered" if state == "needs" else state]  # whose turn it is, the topic's icon tells
    return f"{sign} <b>{escape(who)}</b>{escape(username)}: {escape(standing)}"


def _channels(facts: Card, pen: Pen) -> str:
    several = len(facts.channels) > 1
    names = [
        ("● " if several and known.current else "") + channel(known.channel, pen.language)
        for known in facts.channels[:6]
    ]
    return pen.line("channels", ", ".join(names))


def _matter(facts: Card, pen: Pen) -> Iterator[str]:
    """What the customer is after."""
    if facts.skill:
        yield pen.line("skill", pen.shorten(pen.skills.get(facts.skill, facts.skill), 60))
    if facts.request:
        yield pen.line("request", pen.shorten(tame(facts.request), 300))
    if facts.reason:
        yield pen.line("reason", reason(facts.reason, pen.language))
    if facts.intents:
        yield pen.line("intents", ", ".join(_intent(intent, pen) for intent in facts.intents[:4]))
    slots = [f"{pen.shorten(tame(name), 40)} = {_value(value, pen)}" for name, value in facts.slots.items()]
    if slots:
        yield pen.line("slots", ", ".join(slots[:_SLOTS]))


def _remembered(facts: Card, pen: Pen) -> Iterator[str]:
    """What people noted, and what was before."""
    if facts.priority:
        yield pen.line("priority", f"{facts.priority:+d}")
    for key, tags in (("tags", facts.tags), ("customer_tags", facts.customer_tags)):
        if tags:
            yield pen.line(key, pen.shorten(", ".join(map(tame, tags)), 200))
    if facts.past:
        yield pen.line("before", _before(facts.past[0], pen))
    if facts.rating:
        rated = text("bot" if facts.rated == "bot" else "operator", pen.language)
        yield pen.line("rating", f"{text(f'rating_{facts.rating}', pen.language)} ({rated})")


def _promise(facts: Card, pen: Pen) -> Iterator[str]:
    """Only a time that was told is a promise."""
    if facts.promise is not None:
        yield pen.line("promise", pen.time(facts.promise))


def _before(past: Past, pen: Pen) -> str:
    ended = f"{pen.time(past.ended_at)}, {text(f'ended_{past.how}', pen.language)}"
    came_of_it = tame(past.resolution or past.request)
    return f"{ended}: {pen.shorten(came_of_it, 150)}" if came_of_it else ended


def _intent(intent: Intent, pen: Pen) -> str:
    return f"{pen.shorten(tame(pen.matters.get(intent.name, intent.name)), 60)} {intent.confidence:.0%}"


def _value(value: Json, pen: Pen) -> str:
    plain = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return pen.shorten(tame(plain), 80)


def _line(line: TranscriptLine, pen: Pen) -> str:
    words = escape(pen.shorten(tame(line.text), 200))
    return f"{WHO[line.author]} 🗑 <s>{words}</s>" if line.deleted else f"{WHO[line.author]} {words}"


def tame(untrusted: str) -> str:
    return _UNRULY.sub(" ", untrusted).strip()
