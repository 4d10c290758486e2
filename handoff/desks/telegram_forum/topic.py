"""How a conversation looks in the group: the topic's name, its card, its buttons, its messages. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from html import escape
from zlib import crc32

import orjson

from estafeta.kernel.model import Entry, Intent, Json, Media, Part, Stage
from estafeta.kernel.ports import DeskView
from handoff.card import Card, TranscriptLine, card, words
from handoff.desks.telegram_forum.texts import Language, channel, reason, text

Shorten = Callable[[str, int], str]

NAME_LIMIT = 128
"""https://core.telegram.org/bots/api#createforumtopic"""

CARD_LIMIT = 4096
COLOURS = (7322096, 16766590, 13338331, 9367192, 16749490, 16478047)
"""The icon colours createForumTopic takes; a channel always gets the same one."""

_LINES = 8
_WAS = 200
_SLOTS = 10
_SIGNS = {"queued": "🔴", "human": "🟢", "bot": "🤖", "closed": "✅"}
_WHO = {"customer": "👤", "bot": "🤖", "operator": "💬", "system": "⚙️"}
_MEDIA = {"photo": "🖼", "document": "📎", "voice": "🎤", "audio": "🎵", "video": "🎬", "sticker": "🙂"}
# Line breaks and what turns the direction of writing: a name may not draw over what stands beside it.
_UNRULY = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """`card` is HTML; `moves` are the buttons under it, from left to right."""

    name: str
    card: str
    moves: tuple[str, ...]


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
    facts = card(view.conversation, view.entries, view.now)
    state = _state(view)
    body = _card(facts, state, view.conversation.customer.reachable, pen)
    name = _name(facts, state, pen.language, pen.shorten)
    return Drawing(name=name, card=body, moves=_moves(view.conversation.stage))


def colour(view: DeskView) -> int:
    return COLOURS[crc32(view.conversation.address.channel.encode()) % len(COLOURS)]


def said(entries: Sequence[Entry], language: Language, known: Sequence[Entry] = ()) -> str:
    """Several entries as one message of plain text; neighbours of one author share a heading.

    `known` are the latest entries, oldest first: an edit stands beside the words it changes, and one that
    changes none (Telegram tells of those too) is left out. "" when nothing is left.
    """
    lines: list[str] = []
    heading = ""
    for entry in entries:
        changed = _changed(entry, known)
        if changed is not None and changed.parts == entry.parts:
            continue
        own = _heading(entry, language)
        if own != heading:
            lines += ["", own] if lines else [own]
            heading = own
        if entry.kind == "edit":
            lines += _edit(entry, changed, language)
            continue
        lines += [_in_words(part) for part in entry.parts]
        if entry.buttons:
            lines.append(" · ".join(f"[{button.text}]" for button in entry.buttons))
    return "\n".join(lines)


def _changed(edit: Entry, known: Sequence[Entry]) -> Entry | None:
    """What the message said before this edit, if that is known."""
    if edit.kind != "edit":
        return None
    message = edit.data.get("message")
    return next(
        (
            entry
            for entry in reversed(known)
            if entry.seq < edit.seq
            and entry.kind in ("said", "edit")
            and entry.author.kind == edit.author.kind
            and message
            and entry.data.get("message") == message
        ),
        None,
    )


def _edit(entry: Entry, changed: Entry | None, language: Language) -> Iterator[str]:
    if changed is not None:
        was = _tame("\n".join(_in_words(part) for part in changed.parts))
        yield text("was", language, words=was if len(was) <= _WAS else f"{was[:_WAS]}…")
    yield text("now", language, words="\n".join(_in_words(part) for part in entry.parts))


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
    who = _tame(facts.name) or text("nameless", language)
    room = NAME_LIMIT - 40
    return f"{_SIGNS[state]} {shorten(who, room)} · {where}"


def _card(facts: Card, state: str, reachable: bool, pen: Pen) -> str:
    """As much of the transcript as fits; the facts above it are bounded one by one."""
    head = "\n".join(_facts(facts, state, reachable, pen))
    for count in range(_LINES, 0, -1):
        lines = "\n".join(_line(line, pen) for line in facts.transcript[-count:])
        if not lines:
            break
        whole = f"{head}\n\n<blockquote expandable>{lines}</blockquote>"
        if pen.shorten(whole, CARD_LIMIT) == whole:
            return whole
    return head


def _facts(facts: Card, state: str, reachable: bool, pen: Pen) -> Iterator[str]:
    language = pen.language
    who = pen.shorten(_tame(facts.name) or text("nameless", language), 100)
    username = f" @{pen.shorten(_tame(facts.username), 40)}" if facts.username else ""
    assignee = pen.shorten(_tame(facts.assignee) or text("operator", language), 60)
    standing = text(f"state_{state}", language, name=assignee)
    yield f"{_SIGNS[state]} <b>{escape(who)}</b>{escape(username)}: {escape(standing)}"
    yield text("counts", language, messages=facts.messages, tickets=facts.tickets)
    if not reachable:
        yield text("unreachable", language)
    several = len(facts.channels) > 1
    names = [
        ("● " if several and known.current else "") + channel(known.channel, language) for known in facts.channels[:6]
    ]
    yield pen.line("channels", ", ".join(names))
    if facts.skill:
        yield pen.line("skill", pen.shorten(pen.skills.get(facts.skill, facts.skill), 60))
    if facts.request:
        yield pen.line("request", pen.shorten(_tame(facts.request), 300))
    if facts.reason:
        yield pen.line("reason", reason(facts.reason, language))
    if facts.intents:
        yield pen.line("intents", ", ".join(_intent(intent, pen) for intent in facts.intents[:4]))
    slots = [f"{pen.shorten(_tame(name), 40)} = {_value(value, pen)}" for name, value in facts.slots.items()]
    if slots:
        yield pen.line("slots", ", ".join(slots[:_SLOTS]))
    if facts.reason:
        yield pen.line("promise", pen.time(facts.promise) if facts.promise else text("promise_soon", language))


def _intent(intent: Intent, pen: Pen) -> str:
    return f"{pen.shorten(_tame(intent.name), 60)} {intent.confidence:.0%}"


def _value(value: Json, pen: Pen) -> str:
    plain = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return pen.shorten(_tame(plain), 80)


def _line(line: TranscriptLine, pen: Pen) -> str:
    return f"{_WHO[line.author]} {escape(pen.shorten(_tame(line.text), 200))}"


def _heading(entry: Entry, language: Language) -> str:
    sign = {"note": "📝", "edit": "✏️"}.get(entry.kind, _WHO[entry.author.kind])
    who = _tame(entry.author.name) or text(entry.author.kind, language)
    return f"{sign} {text('edit', language, name=who)}" if entry.kind == "edit" else f"{sign} {who}"


def _in_words(part: Part) -> str:
    return f"{_MEDIA[part.kind]} {words(part)}" if isinstance(part, Media) else words(part)


def _tame(untrusted: str) -> str:
    return _UNRULY.sub(" ", untrusted).strip()
