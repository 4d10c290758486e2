"""What the bot should have understood: /intent and a name, as an answer to the customer's words, or alone about the
latest that the bot tried to understand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from estafeta.kernel.model import Conversation
from handoff.correcting import Meaning, meanings, named, nearest, turn_of
from handoff.desks.telegram_forum.read import Asked
from handoff.desks.telegram_forum.room import Room
from handoff.desks.telegram_forum.topic import tame

_LATELY = 500
_LISTED = 3300
"""Characters of a list; the rest of a message is for what stands above it."""
_TITLE = 80
_TYPED = 60


async def correct(room: Room, asked: Asked, conversation: Conversation) -> str:
    """HTML; "" when it was kept. Raises `StoreUnavailable`."""
    space = room.workspace()
    known = meanings(space, room.language) if space is not None and room.correct is not None else []
    if room.correct is None or not known:
        return room.say("intent_off")
    if not asked.rest:
        return "\n".join((escape(room.say("intent_how")), *_list(room, known)))
    meant = named(asked.rest, known)
    if meant is None:
        return "\n".join(_unknown(room, asked.rest, known))
    seq = await _heard(room, asked, conversation) if asked.of else 0
    kept = seq is not None and await room.correct(conversation.id, meant.name, asked.operator, seq)
    return "" if kept else escape(room.say("intent_nothing"))


async def _heard(room: Room, asked: Asked, conversation: Conversation) -> int | None:
    """By which entry the words were understood that the command answers. None also for what is no message of the
    customer, or too old to be found: a correction must not go to other words."""
    links = (link for link in conversation.links if link.desk == room.desk and str(asked.of) in link.there.split())
    about = {link.entry for link in links}
    return turn_of(await room.store.entries(conversation.id, limit=_LATELY, newest=True), about) if about else None


def _unknown(room: Room, words: str, known: Sequence[Meaning]) -> Iterator[str]:
    yield escape(room.say("intent_unknown", name=room.short(tame(words), _TYPED)))
    near = nearest(words, known)
    if near:
        yield escape(room.say("intent_near"))
        yield from map(_line, near)
    yield escape(room.say("intent_all"))
    yield from _list(room, known)


def _list(room: Room, known: Sequence[Meaning]) -> Iterator[str]:
    """As many as one message takes."""
    left = _LISTED
    for number, one in enumerate(known):
        left -= len(one.name) + min(len(one.title), _TITLE) + 2
        if left < 0:
            yield escape(room.say("intent_more", count=len(known) - number))
            return
        yield _line(one)


def _line(one: Meaning) -> str:
    """A tap on the name copies it (https://core.telegram.org/bots/api#html-style)."""
    return f"{escape(tame(one.title)[:_TITLE])}: <code>{escape(one.name)}</code>"
