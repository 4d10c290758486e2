"""From the model's values to what the wire says. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from estafeta.kernel.model import Contact, Conversation, Entry, Location, Media, Operator, Part, Text
from handoff.card import card, waits_since, words
from handoff.desks.web import wire

PREVIEW = 200
"""Characters of the last words in the list."""


def row(conversation: Conversation, entries: Sequence[Entry], reader: Operator) -> wire.Row:
    """The conversation as `reader` sees it in the list. `entries` are its latest ones, oldest first."""
    ticket = conversation.ticket
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
    )


def card_view(conversation: Conversation, entries: Sequence[Entry], now: datetime) -> wire.CardView:
    known = card(conversation, entries, now)
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
    )


def entry_view(entry: Entry) -> wire.EntryView:
    understood = entry.understanding
    return wire.EntryView(
        id=entry.id,
        seq=entry.seq,
        at=entry.at,
        kind=entry.kind,
        author=wire.Speaker(kind=entry.author.kind, name=entry.author.name),
        text=entry.text,
        buttons=[wire.ShownButton(id=button.id, text=button.text) for button in entry.buttons],
        channel=entry.channel,
        intent=_score(understood.intent, understood.confidence) if understood and understood.intent else None,
        data=_data(entry),
    )


def replies_view(replies: Mapping[str, Mapping[str, str]]) -> wire.CannedReplies:
    return wire.CannedReplies(
        replies=[wire.CannedReply(name=name, text=dict(texts)) for name, texts in replies.items()]
    )


def _last_words(entry: Entry | None) -> wire.LastWords | None:
    if entry is None:
        return None
    text = " ".join(" ".join(words(part) for part in entry.parts).split())
    return wire.LastWords(author=entry.author.kind, text=text[:PREVIEW], at=entry.at)


def _score(name: str, confidence: float) -> wire.IntentScore:
    """A confidence of an outside model may be anything; a bar is between nothing and full."""
    shown = min(max(confidence, 0.0), 1.0) if math.isfinite(confidence) else 0.0
    return wire.IntentScore(name=name, confidence=round(shown, 4))


def _data(entry: Entry) -> dict[str, Any]:
    attachments = [_attachment(part) for part in entry.parts if not isinstance(part, Text)]
    return {**entry.data, **({"attachments": attachments} if attachments else {})}


def _attachment(part: Part) -> dict[str, Any]:
    match part:
        case Media():
            return {"kind": part.kind, "name": part.name, "size": part.size}
        case Location():
            return {"kind": "location", "latitude": part.latitude, "longitude": part.longitude}
        case Contact():
            return {"kind": "contact", "name": part.name, "phone": part.phone}
        case Text():
            return {"kind": "text"}
        case _:
            return {"kind": "unsupported", "name": part.kind}
