"""Why the bot answered as it did: of the message that /why answers, or alone the latest turn of the bot."""

from __future__ import annotations

from collections.abc import Iterator

from estafeta.explaining import Why
from estafeta.kernel.model import Conversation
from handoff.desks.telegram_forum.read import Asked
from handoff.desks.telegram_forum.room import Room
from handoff.desks.telegram_forum.topic import tame

_WORDS = 200
_SHOWN = 5
"""Intents; the others are far behind."""


async def why(room: Room, asked: Asked, conversation: Conversation) -> str:
    """In words. Raises `StoreUnavailable`."""
    seq = await _answered(room, asked, conversation) if asked.of else 0
    found = None if room.why is None or seq is None else await room.why(conversation, seq)
    return "\n".join(_lines(room, found)) if found is not None else room.say("why_unknown")


async def _answered(room: Room, asked: Asked, conversation: Conversation) -> int | None:
    """The place in the timeline of the message that the command answers; 0 for the desk's own posts, None for what
    nobody finds any more."""
    names = (link for link in conversation.links if link.desk == room.desk and str(asked.of) in link.there.split())
    link = next(names, None)
    if link is None:
        return 0
    lately = await room.store.entries(conversation.id, limit=500, newest=True)
    return next((entry.seq for entry in lately if entry.id == link.entry), None)


def _lines(room: Room, why: Why) -> Iterator[str]:
    yield room.say("why_of", words=room.short(tame(why.text), _WORDS))
    if why.waited_at:
        yield room.say("why_at", where=why.waited_at)
    if why.intents:
        intents = ", ".join(f"{name} {confidence:.0%}" for name, confidence in why.intents[:_SHOWN])
        yield room.say("why_understood", intents=intents, model=why.model or "?")
    if why.fallback:
        yield room.say("why_nothing")
    yield from (room.say("why_flow", flow=flow) for flow in why.flows)
    yield from (room.say("why_called", call=room.short(tame(call), _WORDS)) for call in why.called)
    for word in why.said:
        where = " ".join(filter(None, (word.flow, word.where))) or room.say("why_phrase")
        yield room.say("why_said", words=room.short(tame(word.text), _WORDS), where=where)
    yield from (room.say("why_people", rule=rule) for rule in why.people)
    if why.release:
        yield room.say("why_release", release=why.release)
