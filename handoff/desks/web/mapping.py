"""From the model's values to what the wire says. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from estafeta.kernel.model import (
    Button,
    Contact,
    Conversation,
    Entry,
    Location,
    Mark,
    Media,
    Operator,
    OutboxItem,
    Part,
    Past,
    Stage,
    Template,
    Text,
    Ticket,
    ToCustomer,
)
from flows.model import CannedReply, Workspace
from handoff.card import NO_DEADLINES, card, waits_since, words
from handoff.correcting import was_heard
from handoff.desks.web import wire, wire_entries, wire_help
from handoff.sla import Deadlines

NOBODY: Mapping[str, str] = MappingProxyType({})

PREVIEW = 200
"""Characters of the last words in the list."""
_NOT_SHOWN = ("dialog", "release")
"""Where the talk was: for those who ask why, not for who reads along."""


def row(
    conversation: Conversation,
    entries: Sequence[Entry],
    reader: Operator,
    *,
    deadlines: Deadlines = NO_DEADLINES,
) -> wire.Row:
    """The conversation as `reader` sees it in the list. `entries` are its latest ones, oldest first."""
    ticket, past = conversation.ticket, conversation.past[-1] if conversation.past else None
    last = next((entry for entry in reversed(entries) if entry.kind == "said"), None)
    assignee = ticket.assignee if ticket else None
    return wire.Row(
        id=conversation.id,
        name=conversation.customer.name,
        channel=conversation.address.channel,
        language=conversation.customer.language,
        stage=conversation.stage.value,
        skill=ticket.skill if ticket else "",
        reason=ticket.reason.value if ticket else "",
        request=ticket.request if ticket else "",
        assignee=assignee.name if assignee else "",
        opened_at=ticket.opened_at if ticket else None,
        updated_at=conversation.updated_at,
        last=_last_words(last),
        waiting=last is not None and last.author.kind == "customer",
        promise=ticket.promise if ticket else None,
        unreachable=not conversation.customer.reachable,
        since=waits_since(conversation, entries),
        mine=assignee is not None and (assignee.desk, assignee.id) == (reader.desk, reader.id),
        undelivered=len(waiting(conversation)),
        state=_state(conversation, last),
        priority=ticket.priority if ticket else 0,
        tags=list(ticket.tags) if ticket else [],
        answer_by=deadlines.soonest,
        held_until=ticket.held_until if ticket else None,
        offered=_offered(ticket, reader),
        blocked=conversation.blocked,
        ended_at=past.ended_at if past else None,
        resolution=past.resolution if past else "",
    )


def _state(conversation: Conversation, last: Entry | None) -> wire.State:
    ticket = conversation.ticket
    if ticket is None:
        return "bot"
    if ticket.held_until is not None:
        return "held"
    asked = ticket.asked_at is not None or (last is not None and last.author.kind == "customer")
    return "waiting" if conversation.stage is Stage.QUEUED or asked else "answered"


def _offered(ticket: Ticket | None, reader: Operator) -> bool:
    return ticket is not None and ticket.offer is not None and reader.id in ticket.offer.to


def waiting(conversation: Conversation) -> list[wire.Waiting]:
    """What could not be delivered to the customer and waits for somebody to decide."""
    return [
        wire.Waiting(item=item.id, seq=item.body.message.seq)
        for item in conversation.undelivered
        if isinstance(item.body, ToCustomer)
    ]


def card_view(
    conversation: Conversation,
    entries: Sequence[Entry],
    now: datetime,
    *,
    deadlines: Deadlines = NO_DEADLINES,
    names: Mapping[str, str] = NOBODY,
) -> wire.CardView:
    """`names` are those of the team, by their ids."""
    known = card(conversation, entries, now, deadlines=deadlines)
    offer = known.offer
    return wire.CardView(
        name=known.name,
        username=known.username,
        channels=[wire.CardChannel(channel=item.channel, current=item.current) for item in known.channels],
        language=known.language,
        first_seen=known.first_seen,
        messages=known.messages,
        tickets=known.tickets,
        reason=str(known.reason),
        skill=known.skill,
        request=known.request,
        intents=[_score(item.name, item.confidence) for item in known.intents],
        slots=dict(known.slots),
        promise=known.promise,
        opened_at=known.opened_at,
        assignee=known.assignee,
        tags=list(known.tags),
        customer_tags=list(known.customer_tags),
        priority=known.priority,
        first_by=known.first_by,
        next_by=known.next_by,
        held_until=known.held_until,
        offer=None
        if offer is None
        else wire.OfferView(to=[names.get(who, who) for who in offer.to], until=offer.until, rung=offer.rung),
        past=[past_view(past) for past in known.past],
        rating=known.rating,
        rated=known.rated,
        blocked=known.blocked,
    )


def past_view(past: Past) -> wire.PastView:
    return wire.PastView(
        id=past.id,
        reason=past.reason.value,
        skill=past.skill,
        opened_at=past.opened_at,
        ended_at=past.ended_at,
        how=past.how,
        assignee=past.assignee.name if past.assignee else "",
        request=past.request,
        resolution=past.resolution,
        tags=list(past.tags),
    )


def entry_view(entry: Entry) -> wire_entries.EntryView:
    understood = entry.understanding
    return wire_entries.EntryView(
        id=entry.id,
        seq=entry.seq,
        at=entry.at,
        kind=entry.kind,
        author=wire_entries.Speaker(kind=entry.author.kind, name=entry.author.name),
        text=entry.text,
        parts=[_part(place, part) for place, part in enumerate(entry.parts)],
        buttons=[_button(button) for button in entry.buttons],
        channel=entry.channel,
        intent=_score(understood.intent, understood.confidence) if understood and understood.intent else None,
        heard=was_heard(entry),
        data={name: value for name, value in entry.data.items() if name not in _NOT_SHOWN},
    )


def undelivered_view(
    conversation: Conversation, item: OutboxItem, entries: Sequence[Entry]
) -> wire.UndeliveredView | None:
    """`entries` hold the failed delivery, as far as it is still at hand. None for what was not for the customer."""
    if not isinstance(item.body, ToCustomer):
        return None
    message = item.body.message
    failed = [entry for entry in entries if _tells_failure(entry, item)]
    return wire.UndeliveredView(
        item=item.id,
        conversation=conversation.id,
        name=conversation.customer.name,
        channel=message.to.channel,
        does=message.does,
        author=message.author.kind,
        what=_preview(message.parts) or message.emoji,
        why=str(failed[-1].data.get("sentence", "")) if failed else "",
        seq=message.seq,
        at=failed[-1].at if failed else None,
    )


def reply_view(reply: CannedReply, content: Workspace) -> wire_help.CannedReply:
    """In each language of the content."""
    default = content.default_language
    texts = {language: reply.text.pick(language, default) for language in content.languages}
    return wire_help.CannedReply(name=reply.name, text=texts)


def _last_words(entry: Entry | None) -> wire.LastWords | None:
    if entry is None:
        return None
    return wire.LastWords(author=entry.author.kind, text=_preview(entry.parts), at=entry.at)


def _preview(parts: Sequence[Part]) -> str:
    return " ".join(" ".join(words(part) for part in parts).split())[:PREVIEW]


def _tells_failure(entry: Entry, item: OutboxItem) -> bool:
    about = item.body.message.id if isinstance(item.body, ToCustomer) else ""
    return entry.kind == "delivery" and entry.data.get("of") == about and entry.data.get("status") == "failed"


def _score(name: str, confidence: float) -> wire.IntentScore:
    """A confidence of an outside model may be anything; a bar is between nothing and full."""
    shown = min(max(confidence, 0.0), 1.0) if math.isfinite(confidence) else 0.0
    return wire.IntentScore(name=name, confidence=round(shown, 4))


def _button(button: Button) -> wire_entries.ShownButton:
    return wire_entries.ShownButton(id=button.id, text=button.text, url=button.url)


def _mark(mark: Mark) -> wire_entries.ShownMark:
    return wire_entries.ShownMark(kind=mark.kind, start=mark.start, end=mark.end, url=mark.url)


def _part(place: int, part: Part) -> wire_entries.PartView:
    match part:
        case Text():
            return wire_entries.PartView(kind="text", text=part.text, marks=[_mark(mark) for mark in part.marks])
        case Media():
            return wire_entries.PartView(
                kind=part.kind,
                file=place,
                name=part.name,
                mime=part.mime,
                size=max(part.size, 0),
                duration=_finite(part.duration),
            )
        case Location():
            latitude, longitude = _finite(part.latitude), _finite(part.longitude)
            return wire_entries.PartView(kind="location", name=part.title, latitude=latitude, longitude=longitude)
        case Contact():
            return wire_entries.PartView(kind="contact", name=part.name, phone=part.phone, own=part.own)
        case Template():
            return wire_entries.PartView(kind="template", name=part.name, text=part.text)
        case _:
            return wire_entries.PartView(kind="unsupported", name=part.kind)


def _finite(value: float) -> float:
    """JSON knows neither infinity nor what is no number."""
    return value if math.isfinite(value) else 0.0
