"""How a conversation looks in the group: the topic's name, its card, its buttons. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import partial
from html import escape
from zlib import crc32

import orjson

from estafeta.kernel.model import Intent, Json, Stage
from estafeta.kernel.ports import DeskView
from handoff.card import Card, TranscriptLine, card
from handoff.desks.telegram_forum.texts import Language, channel, in_words, reason, text

Shorten = Callable[[str, int], str]

NAME_LIMIT = 128
"""https://core.telegram.org/bots/api#createforumtopic"""

CARD_LIMIT = 4096
COLOURS = (7322096, 16766590, 13338331, 9367192, 16749490, 16478047)
"""The icon colours createForumTopic takes; a channel always gets the same one."""

_LINES = 8
_SLOTS = 10
_SIGNS = {"queued": "🔴", "human": "🟢", "bot": "🤖", "closed": "✅"}
WHO = {"customer": "👤", "bot": "🤖", "operator": "💬", "system": "⚙️"}
# Line breaks and what turns the direction of writing: a name may not draw over what stands beside it.
_UNRULY = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """`card` is HTML; `moves` are the buttons under it, from left to right. `until` is the time, if any, until
    which the card says that one may write."""

    name: str
    card: str
    moves: tuple[str, ...]
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pen:
    """How to write: the operators' language and time zone, Telegram's way to shorten, skills by their titles."""

    language: Language
    zone: tzinfo
    shorten: Shorten
    skills: Mapping[str, str]

    def line(self, key: str, value: str) -> str:
        return f"{text(key, self.language)}: {escape(value)}"

    def time(self, moment: datetime) -> str:
        return moment.astimezone(self.zone).strftime("%d.%m %H:%M %Z")


def draw(view: DeskView, pen: Pen) -> Drawing:
    """The same view gives the same drawing."""
    facts = card(view.conversation, view.entries, view.now, say=partial(in_words, language=pen.language))
    state = _state(view)
    body = _card(facts, state, tuple(_warnings(view, pen)), pen)
    name = _name(facts, state, pen.language, pen.shorten)
    return Drawing(name=name, card=body, moves=_moves(view.conversation.stage), until=open_until(view))


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
    if can is None:
        return
    if can.public:
        yield text("public", language)
        if can.private:
            yield text("private", language, where=pen.shorten(tame(can.private), 200))
    until = open_until(view)
    if until is not None and until > view.now:
        yield text("window_until", language, until=pen.time(until))
    elif until is not None:
        yield text("window_closed_templates" if can.templates else "window_closed", language)


def waited_minutes(view: DeskView) -> int:
    ticket = view.conversation.ticket
    return max(1, round((view.now - ticket.opened_at).total_seconds() / 60)) if ticket else 1


def _state(view: DeskView) -> str:
    if view.conversation.stage is not Stage.BOT:
        return view.conversation.stage.value
    for entry in reversed(view.entries):
        event = entry.data.get("event") if entry.kind == "event" else None
        if event in ("closed", "returned"):
            return "closed" if event == "closed" else "bot"
    return "bot"


def _moves(stage: Stage) -> tuple[str, ...]:
    return {
        Stage.BOT: ("take",),
        Stage.QUEUED: ("take", "return", "close"),
        Stage.HUMAN: ("return", "close"),
    }[stage]


def _name(facts: Card, state: str, language: Language, shorten: Shorten) -> str:
    where = shorten(channel(facts.channels[0].channel, language), 30)
    who = tame(facts.name) or text("nameless", language)
    room = NAME_LIMIT - 40
    return f"{_SIGNS[state]} {shorten(who, room)} · {where}"


def _card(facts: Card, state: str, warnings: tuple[str, ...], pen: Pen) -> str:
    """As much of the transcript as fits; the facts above it are bounded one by one."""
    head = "\n".join(_facts(facts, state, warnings, pen))
    for count in range(_LINES, 0, -1):
        lines = "\n".join(_line(line, pen) for line in facts.transcript[-count:])
        if not lines:
            break
        whole = f"{head}\n\n<blockquote expandable>{lines}</blockquote>"
        if pen.shorten(whole, CARD_LIMIT) == whole:
            return whole
    return head


def _facts(facts: Card, state: str, warnings: tuple[str, ...], pen: Pen) -> Iterator[str]:
    language = pen.language
    who = pen.shorten(tame(facts.name) or text("nameless", language), 100)
    username = f" @{pen.shorten(tame(facts.username), 40)}" if facts.username else ""
    assignee = pen.shorten(tame(facts.assignee) or text("operator", language), 60)
    standing = text(f"state_{state}", language, name=assignee)
    yield f"{_SIGNS[state]} <b>{escape(who)}</b>{escape(username)}: {escape(standing)}"
    yield text("counts", language, messages=facts.messages, tickets=facts.tickets)
    yield from map(escape, warnings)
    several = len(facts.channels) > 1
    names = [
        ("● " if several and known.current else "") + channel(known.channel, language) for known in facts.channels[:6]
    ]
    yield pen.line("channels", ", ".join(names))
    if facts.skill:
        yield pen.line("skill", pen.shorten(pen.skills.get(facts.skill, facts.skill), 60))
    if facts.request:
        yield pen.line("request", pen.shorten(tame(facts.request), 300))
    if facts.reason:
        yield pen.line("reason", reason(facts.reason, language))
    if facts.intents:
        yield pen.line("intents", ", ".join(_intent(intent, pen) for intent in facts.intents[:4]))
    slots = [f"{pen.shorten(tame(name), 40)} = {_value(value, pen)}" for name, value in facts.slots.items()]
    if slots:
        yield pen.line("slots", ", ".join(slots[:_SLOTS]))
    if facts.reason:
        yield pen.line("promise", pen.time(facts.promise) if facts.promise else text("promise_soon", language))


def _intent(intent: Intent, pen: Pen) -> str:
    return f"{pen.shorten(tame(intent.name), 60)} {intent.confidence:.0%}"


def _value(value: Json, pen: Pen) -> str:
    plain = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return pen.shorten(tame(plain), 80)


def _line(line: TranscriptLine, pen: Pen) -> str:
    words = escape(pen.shorten(tame(line.text), 200))
    return f"{WHO[line.author]} 🗑 <s>{words}</s>" if line.deleted else f"{WHO[line.author]} {words}"


def tame(untrusted: str) -> str:
    return _UNRULY.sub(" ", untrusted).strip()
