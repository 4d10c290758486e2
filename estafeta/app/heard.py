"""What customers said and the bot did not understand, read from the store: for suggestions what to teach it next.

Only counts of intents leave this module, never a word that a customer wrote.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime

from estafeta.kernel.model import Entry, Stage, Understanding
from estafeta.kernel.ports import Store
from estafeta.publications import all_events
from estafeta.review import NOT_UNDERSTOOD
from nlu.suggest import Heard

MOST_HANDOFFS = 2_000
"""The latest that are looked at."""
MOST_CONVERSATIONS = 1_000
"""The latest that are looked at for messages nobody was called for."""
_BEFORE = 40
"""Entries before a handoff among which the customer's words are looked for."""
_A_GUESS = 0.1
"""An intent less likely than that says nothing about what was meant."""


async def heard(store: Store, since: datetime, until: datetime, confidence: float) -> list[Heard]:
    """The messages that were understood with less than `confidence`: those that people were called for within the
    time, and those in conversations that the bot has now."""
    opened: deque[Entry] = deque(maxlen=MOST_HANDOFFS)
    async for entry in all_events(store, ("opened",), since, until):
        if entry.data.get("reason") in NOT_UNDERSTOOD:
            opened.append(entry)
    found: list[Heard] = []
    for event in opened:
        first = max(0, event.seq - 1 - _BEFORE)
        entries = await store.entries(event.conversation, after=first, limit=_BEFORE)
        found += before_handoff((entry for entry in entries if entry.seq < event.seq), confidence)
    seen = {event.conversation for event in opened}
    for conversation in await store.conversations(stages=[Stage.BOT], limit=MOST_CONVERSATIONS):
        if conversation.id not in seen:
            found += (_heard(one) for one in conversation.understandings if one.confidence < confidence)
    return found


def before_handoff(entries: Iterable[Entry], confidence: float) -> Iterator[Heard]:
    """The customer's messages right before people were called, up to the last one that was understood. The last of them
    is what people were called for."""
    unsure: list[Understanding] = []
    for entry in entries:
        if entry.kind == "said" and entry.author.kind == "customer" and entry.understanding is not None:
            unsure = [*unsure, entry.understanding] if entry.understanding.confidence < confidence else []
    for place, understanding in enumerate(unsure, start=1):
        yield _heard(understanding, handed_over=place == len(unsure))


def _heard(understanding: Understanding, *, handed_over: bool = False) -> Heard:
    known = understanding.intent if understanding.confidence >= _A_GUESS else ""
    second = understanding.ranking[1] if known and len(understanding.ranking) > 1 else None
    near = second is not None and 2 * second.confidence >= understanding.confidence
    return Heard(intent=known, rival=second.name if second and near else "", handed_over=handed_over)
