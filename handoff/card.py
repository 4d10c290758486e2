"""What an operator must know at a glance when a conversation reaches people.

One value for every desk: the web desk serves it as JSON, the forum desk draws it as a message.
Pure: the same conversation and entries always give the same card. Nothing here is escaped or
translated; how it is drawn is the desk's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from estafeta.kernel.model import (
    Contact,
    Conversation,
    Entry,
    Intent,
    Json,
    Location,
    Media,
    Offer,
    Part,
    Past,
    Rating,
    Reason,
    Template,
    Text,
    Understanding,
)
from handoff.sla import Deadlines

NO_DEADLINES = Deadlines()

INTENTS = 5
"""So many intents tell what the customer is after; more only tell how the model works."""

WORTH_TELLING = 0.01
"""A runner-up that the model gives less than this was no candidate."""

TRANSCRIPT_LINES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class CardChannel:
    """A channel the customer is known in. `current` marks where answers go now."""

    channel: str
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptLine:
    """What somebody said, in one line of the transcript. `text` may hold line breaks; things that
    are no words stand in it as `[photo]`, `[document invoice.pdf]` and the like. `deleted`: taken back since."""

    author: Literal["customer", "bot", "operator", "system"]
    name: str
    text: str
    at: datetime
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """`reason`, `skill`, `request` and `assignee` are "" and `opened_at` is None without a ticket.

    `promise` is when the customer was told that people will answer, None if no time was told: a desk names no other.
    `waits` how many seconds the
    customer has waited for people (None: nobody is waited for). `tickets` counts them all, this one
    included; `messages` counts the customer's own. `slots` are what people can read at a glance: not the
    whole replies of actions. `intents`: what the latest messages meant,
    newest first, then the runners-up of the newest.

    `first_by` and `next_by` are until when people aim at their first and their next answer (None: no aim, or it
    is not their turn). `offer` is who was asked to take it; `past` are the tickets that are over, the latest
    first. `rating` is the customer's latest mark, of `rated` ("" for none). `customer_tags` are people's words
    for the customer, `tags` those for the ticket.
    """

    name: str
    username: str
    channels: tuple[CardChannel, ...]
    language: str
    first_seen: datetime | None
    messages: int
    tickets: int
    reason: Reason | Literal[""]
    skill: str
    request: str
    intents: tuple[Intent, ...]
    slots: Mapping[str, Json] = field(default_factory=dict)
    promise: datetime | None = None
    opened_at: datetime | None = None
    assignee: str = ""
    waits: float | None = None
    transcript: tuple[TranscriptLine, ...] = ()
    tags: tuple[str, ...] = ()
    customer_tags: tuple[str, ...] = ()
    priority: int = 0
    first_by: datetime | None = None
    next_by: datetime | None = None
    held_until: datetime | None = None
    offer: Offer | None = None
    past: tuple[Past, ...] = ()
    rating: Rating = ""
    rated: Literal["", "bot", "person"] = ""
    blocked: bool = False

    @property
    def resolution(self) -> str:
        """What came of the latest ticket that is over, "" when nobody said."""
        return self.past[0].resolution if self.past else ""


def words(part: Part) -> str:
    """A part as it stands in a transcript of plain text: how it is drawn is left out."""
    match part:
        case Text():
            return part.text
        case Media():
            return f"[{part.kind} {part.name}]" if part.name else f"[{part.kind}]"
        case Location():
            place = f"{part.latitude:.5f}, {part.longitude:.5f}"
            return f"[location {part.title}, {place}]" if part.title else f"[location {place}]"
        case Contact():
            return f"[contact {part.name} {part.phone}]" if part.name else f"[contact {part.phone}]"
        case Template():
            return part.text or f"[template {part.name}]"
        case _:
            return f"[{part.kind}]"


def card(
    conversation: Conversation,
    entries: Sequence[Entry],
    now: datetime,
    *,
    say: Callable[[Part], str] = words,
    deadlines: Deadlines = NO_DEADLINES,
) -> Card:
    """`entries` are the latest ones, oldest first; the transcript is made of those that hold words
    the customer may have seen, never of notes. `say` puts a part into words. `deadlines` are the
    ticket's (`handoff.sla.deadlines`), which take a schedule to tell."""
    customer, ticket, survey = conversation.customer, conversation.ticket, conversation.survey
    return Card(
        name=customer.name,
        username=customer.username,
        channels=_channels(conversation),
        language=customer.language,
        first_seen=customer.first_seen,
        messages=customer.messages,
        tickets=conversation.tickets,
        reason=ticket.reason if ticket else "",
        skill=ticket.skill if ticket else "",
        request=ticket.request if ticket else "",
        intents=_intents((ticket and ticket.understandings) or conversation.understandings),
        slots={name: value for name, value in conversation.dialog.slots.items() if not isinstance(value, dict | list)},
        promise=ticket.promise if ticket else None,
        opened_at=ticket.opened_at if ticket else None,
        assignee=ticket.assignee.name if ticket and ticket.assignee else "",
        waits=_waits(conversation, entries, now),
        transcript=tuple(_lines(entries, say))[-TRANSCRIPT_LINES:],
        tags=ticket.tags if ticket else (),
        customer_tags=customer.tags,
        priority=ticket.priority if ticket else 0,
        first_by=deadlines.first if ticket else None,
        next_by=deadlines.next if ticket else None,
        held_until=ticket.held_until if ticket else None,
        offer=ticket.offer if ticket else None,
        past=tuple(reversed(conversation.past)),
        rating=survey.rating if survey else "",
        rated=survey.about if survey and survey.rating else "",
        blocked=conversation.blocked,
    )


def waits_since(conversation: Conversation, entries: Sequence[Entry]) -> datetime | None:
    """Since when the customer waits for a person: the oldest of the customer's words that nobody
    answered yet, as far back as `entries` go. None while the bot has the conversation or a person's
    words are the last."""
    ticket = conversation.ticket
    if ticket is None:
        return None
    if ticket.assignee is None:
        return ticket.opened_at
    since = None
    for entry in entries:
        if entry.kind != "said":
            continue
        if entry.author.kind == "customer":
            since = since or entry.at
        elif entry.author.kind == "operator":
            since = None
    return max(since, ticket.opened_at) if since else None


def _waits(conversation: Conversation, entries: Sequence[Entry], now: datetime) -> float | None:
    since = waits_since(conversation, entries)
    return None if since is None else max(0.0, (now - since).total_seconds())


def _channels(conversation: Conversation) -> tuple[CardChannel, ...]:
    """The current one first, each once, the others in the order they became known."""
    current = conversation.address.channel
    known = dict.fromkeys((current, *(address.channel for address in conversation.customer.addresses)))
    return tuple(CardChannel(channel=channel, current=channel == current) for channel in known)


def _intents(understandings: Sequence[Understanding]) -> tuple[Intent, ...]:
    best: dict[str, Intent] = {}
    for understanding in reversed(understandings):
        if understanding.intent:
            decided = Intent(name=understanding.intent, confidence=understanding.confidence)
            best.setdefault(decided.name, decided)
    if understandings:
        for intent in understandings[-1].ranking:
            if intent.confidence >= WORTH_TELLING:
                best.setdefault(intent.name, intent)
    return tuple(best.values())[:INTENTS]


def _lines(entries: Sequence[Entry], say: Callable[[Part], str]) -> Iterator[TranscriptLine]:
    """An edit stands in the place of the words it changes, or on its own when they are further back."""
    shown: dict[str, tuple[Entry, Entry]] = {}
    places: dict[tuple[str, Json], str] = {}
    deleted: set[str] = set()
    for entry in entries:
        if entry.kind == "said":
            shown[entry.id] = (entry, entry)
            if entry.data.get("message"):
                places[entry.author.kind, entry.data["message"]] = entry.id
        elif entry.kind in ("edit", "deletion"):
            place = entry.data.get("of") or places.get((entry.author.kind, entry.data.get("message")))
            if entry.kind == "deletion":
                deleted.add(str(place))
                continue
            said, _ = shown.get(place or entry.id, (entry, entry))
            shown[said.id] = (said, entry)
    for said, latest in shown.values():
        text = "\n".join(say(part) for part in latest.parts)
        yield TranscriptLine(
            author=said.author.kind, name=said.author.name, text=text, at=said.at, deleted=said.id in deleted
        )
